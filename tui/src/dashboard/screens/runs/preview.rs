//! What a run is, and how its loss fell beside that of others.

use tui::buffer::Buffer;
use tui::layout::{Constraint, Layout, Rect};
use tui::text::Line;
use tui::widgets::Widget as _;

use crate::dashboard::data::RunState;
use crate::dashboard::data::runs::Brief;
use crate::dashboard::plot::{Dash, Plot};
use crate::dashboard::screen::{at_right, message};
use crate::dashboard::theme::{Ink, Theme, short_number};

/// A line on what a run is.
pub(super) fn about(brief: &Brief) -> String {
    let units = brief
        .units
        .map_or_else(String::new, |units| format!("{units} "));
    let seed = brief
        .seed
        .map_or_else(String::new, |seed| format!(" · seed {seed}"));
    let points = brief.points.map_or_else(String::new, |(all, stable)| {
        format!(" · {all} fixed points, {stable} stable")
    });
    let why = match &brief.state {
        RunState::Diverged(why) => format!(" · {why}"),
        _ => String::new(),
    };
    format!(
        "{} · {units}{} units{seed}{points}{why}",
        brief.curriculum, brief.cell
    )
}

/// The losses of some runs over their steps, on a logarithmic axis; that of `selected` is the brightest.
pub(super) fn losses(
    theme: Theme,
    curves: &[(&str, &Brief)],
    selected: &str,
    area: Rect,
    buffer: &mut Buffer,
) {
    let logs: Vec<(&str, Vec<(f64, f64)>)> = curves
        .iter()
        .map(|(name, brief)| {
            let finite = brief
                .curve
                .iter()
                .filter(|(_, loss)| *loss > 0.0 && loss.is_finite());
            (
                *name,
                finite
                    .map(|&(step, loss)| (step as f64, loss.log10()))
                    .collect(),
            )
        })
        .collect();
    let all = logs.iter().flat_map(|(_, curve)| curve);
    let (mut steps, mut low, mut high) =
        ((f64::INFINITY, 1.0_f64), f64::INFINITY, f64::NEG_INFINITY);
    for &(step, loss) in all {
        steps = (steps.0.min(step), steps.1.max(step));
        (low, high) = (low.min(loss), high.max(loss));
    }
    if low >= high || area.height < 3 {
        return message(area, "no loss yet", theme.style(Ink::Faint), buffer);
    }
    let [gutter, picture] =
        Layout::horizontal([Constraint::Length(8), Constraint::Min(0)]).areas(area);
    let faint = theme.style(Ink::Faint);
    for (y, value) in [(gutter.y, high), (gutter.bottom() - 1, low)] {
        let place = Rect {
            y,
            height: 1,
            width: 7,
            ..gutter
        };
        Line::styled(short_number(10.0_f64.powf(value)), faint)
            .right_aligned()
            .render(place, buffer);
    }
    let mut plot = Plot::new(theme, picture, steps, (low, high));
    let mut ordered: Vec<_> = logs.iter().collect();
    ordered.sort_by_key(|(name, _)| *name == selected);
    for (name, curve) in ordered {
        let is_selected = *name == selected;
        let (ink, dash) = if is_selected {
            (Ink::Loss, Dash::Solid)
        } else {
            (Ink::Trajectory, Dash::Dashed)
        };
        for pair in curve.windows(2) {
            plot.line(pair[0], pair[1], ink, dash);
        }
    }
    plot.render(buffer);
    let foot = format!("loss (log), steps {} to {}", steps.0, steps.1);
    let at = Rect {
        y: picture.y,
        height: 1,
        ..picture
    };
    at_right(at, &foot, faint, buffer);
}
