//! The curves of all open runs in one picture, as they are aligned, and which is which.

use tui::buffer::Buffer;
use tui::layout::Rect;
use tui::text::{Line, Span};
use tui::widgets::Widget as _;

use crate::dashboard::align::Link;
use crate::dashboard::axis::StepAxis;
use crate::dashboard::curves::{self, Axis, Column};
use crate::dashboard::data::StepGlance;
use crate::dashboard::open_run::OpenRun;
use crate::dashboard::plot::{Dash, Plot};
use crate::dashboard::screen::{Desk, at_right};
use crate::dashboard::theme::{Ink, fitted_name};

/// Times that the letter of a run stands on its curve.
const LETTERS: usize = 3;

/// The runs whose curves can be drawn, with the way to the steps of the run in focus, which is the last.
pub(super) fn drawn(desk: &Desk) -> Vec<(&OpenRun, Option<Link>)> {
    let others = desk.others.iter();
    let linked = others.filter_map(|run| Some((run, Some(desk.link(run)?))));
    linked.chain([(&desk.run, None)]).collect()
}

/// A quantity at all steps of all runs that are drawn.
pub(super) fn values<'a>(
    desk: &'a Desk,
    of: impl Fn(&StepGlance) -> f64 + 'a,
) -> impl Iterator<Item = f64> + 'a {
    let steps = drawn(desk).into_iter().flat_map(|(run, _)| &run.data.steps);
    steps.map(of)
}

/// Draws a quantity over the steps in view, of each run.
pub(super) fn curves(
    desk: &Desk,
    axis: Axis,
    area: Rect,
    of: impl Fn(&StepGlance) -> f64,
    buffer: &mut Buffer,
) {
    let Some((mut plot, picture)) = curves::axes(desk, axis, area, buffer) else {
        return;
    };
    curves::landmarks(desk, &mut plot);
    let count = usize::from(picture.width) * 2;
    for (run, link) in drawn(desk) {
        let columns = columns(desk, (run, link.as_ref()), count, &of);
        if !desk.has_several() {
            curves::curve(&mut plot, &columns, axis.ink, Dash::Solid);
            continue;
        }
        let dash = if link.is_none() {
            Dash::Solid
        } else {
            Dash::Dashed
        };
        curves::curve(&mut plot, &columns, Ink::Run(run.slot), dash);
        letters(desk, run, &columns, &mut plot);
    }
    plot.render(buffer);
    let in_view = in_view(&desk.run.data.steps, desk.run.timeline.bounds());
    let per_column = in_view.len() / count.max(1);
    // Elsewhere it differs from dot to dot.
    if per_column >= 2 && desk.axis() == StepAxis::Step {
        let badge = format!("{per_column} steps a dot");
        let at = Rect {
            height: 1,
            ..picture
        };
        at_right(at, &badge, desk.theme.style(Ink::Faint), buffer);
    }
}

/// The steps between two, and one more on either side.
fn in_view(steps: &[StepGlance], (from, to): (f64, f64)) -> &[StepGlance] {
    let first = steps.partition_point(|sample| (sample.step as f64) < from);
    let after = steps.partition_point(|sample| sample.step as f64 <= to);
    &steps[first.saturating_sub(1)..(after + 1).min(steps.len())]
}

/// The columns of a run, linked to the run in focus if it is not that run, over what is in view.
fn columns(
    desk: &Desk,
    (run, link): (&OpenRun, Option<&Link>),
    count: usize,
    of: impl Fn(&StepGlance) -> f64,
) -> Vec<Column> {
    let timeline = &desk.run.timeline;
    let (from, to) = timeline.bounds();
    let own = |step: f64| link.map_or(step, |link| link.back(step));
    let place = |step: f64| timeline.place_of(link.map_or(step, |link| link.there(step)));
    let samples = in_view(&run.data.steps, (own(from), own(to))).iter();
    let samples = samples.map(|sample| (sample.step as f64, of(sample)));
    // Another program tells of some quantities at some steps only: no gaps.
    let is_told = run.data.followed.is_some();
    let samples = samples.filter(|(_, value)| !is_told || value.is_finite());
    curves::decimate(samples, place, timeline.view(), count)
}

/// Writes the letter of a run on its curve, where the letters of others are not.
fn letters(desk: &Desk, run: &OpenRun, columns: &[Column], plot: &mut Plot) {
    let open = desk.open_runs();
    let rank = open.iter().position(|of| of.id == run.id).unwrap_or(0);
    let (places, count) = (LETTERS * open.len(), columns.len());
    for number in 0..LETTERS {
        let at = (2 * (number * open.len() + rank) + 1) * count / (2 * places);
        if let Some(column) = columns.get(at) {
            let style = desk.theme.bold(Ink::Run(run.slot));
            plot.text(column.x, column.last, run.letter().to_string(), style);
        }
    }
}

/// Writes letters, names and values at the playheads of several runs into the lower border of a pane.
pub(super) fn legend(
    desk: &Desk,
    pane: Rect,
    text_of: impl Fn(&StepGlance) -> String,
    buffer: &mut Buffer,
) {
    let open = desk.open_runs();
    if !desk.has_several() || pane.height < 2 || pane.width < 4 {
        return;
    }
    let border = Rect {
        x: pane.x + 1,
        y: pane.bottom() - 1,
        width: pane.width - 2,
        height: 1,
    };
    let room = border.width / open.len() as u16;
    let mut spans = Vec::new();
    for run in open {
        let value = match run.sample_here() {
            _ if desk.link(run).is_none() => desk.alignment.lacking().to_owned(),
            Some(sample) => text_of(sample),
            None => "·".to_owned(),
        };
        let taken = value.chars().count() as u16 + 6;
        let name = fitted_name(&run.name(), room.saturating_sub(taken));
        let (name, style) = (name + " ", desk.theme.style(Ink::Run(run.slot)));
        spans.push(Span::styled(
            format!(" {} ", run.letter()),
            desk.theme.bold(Ink::Run(run.slot)),
        ));
        spans.push(Span::styled(
            format!("{}{value} ", name.trim_start()),
            style,
        ));
        spans.push(Span::raw("─"));
    }
    spans.pop();
    Line::from(spans).render(border, buffer);
}
