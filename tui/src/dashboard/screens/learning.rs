//! How the network learns: loss and accuracy over the steps with stages and events, and the log.

use tui::buffer::Buffer;
use tui::layout::{Constraint, Layout, Rect};
use tui::style::{Modifier, Style};
use tui::text::Line;
use tui::widgets::{Paragraph, Widget as _};

use crate::dashboard::curves::{self, Axis, GUTTER};
use crate::dashboard::data::StepGlance;
use crate::dashboard::keys::{Action, Binding, row};
use crate::dashboard::plot::{Dash, Plot};
use crate::dashboard::screen::{Class, Desk, Effect, Mouse, Pane, Screen, at_right, message};
use crate::dashboard::theme::{Ink, counted, short_number};
use crate::dashboard::timeline::Stop;

const LOSS: usize = 0;
const ACCURACY: usize = 1;
const LOG: usize = 2;

/// What the lower curve shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Lower {
    #[default]
    Accuracy,
    GradNorm,
}

/// The screen.
#[derive(Debug, Default)]
pub(super) struct Learning {
    log_loss: bool,
    lower: Lower,
    /// Lines of the log scrolled back.
    scroll: usize,
}

const KEYS: &[Binding] = &[
    row(
        &["y"],
        Action::Own("log"),
        "logarithmic loss on, off",
        Some("log"),
    ),
    row(
        &["v"],
        Action::Own("lower"),
        "accuracy or gradient norm below",
        Some("below"),
    ),
    row(
        &["k", "<up>"],
        Action::Select(-1),
        "earlier lines of the log",
        None,
    ),
    row(
        &["j", "<down>"],
        Action::Select(1),
        "later lines of the log",
        None,
    ),
];

impl Learning {
    /// The steps in view.
    fn samples(desk: &Desk) -> &[StepGlance] {
        let steps = &desk.data.steps;
        let (from, to) = desk.timeline.bounds();
        let first = steps.partition_point(|sample| (sample.step as f64) < from);
        let after = steps.partition_point(|sample| sample.step as f64 <= to);
        &steps[first.saturating_sub(1)..(after + 1).min(steps.len())]
    }

    fn loss(&self, pane: Pane, desk: &Desk, buffer: &mut Buffer) {
        let scale = if self.log_loss { " (log)" } else { "" };
        let here = sample_here(desk).map_or_else(String::new, |sample| {
            format!(" {}", short_number(sample.loss))
        });
        let inner = pane.frame(desk, format!("loss{scale}{here}"), buffer);
        let log = |x: f64| if x > 0.0 { x.log10() } else { f64::NAN };
        let loss = |x: f64| if self.log_loss { log(x) } else { x };
        let Some(inner) = steps_message(desk, inner, buffer) else {
            return;
        };
        let all = desk.data.steps.iter().map(|sample| loss(sample.loss));
        let Some(mut axis) = Axis::around(all, Ink::Loss) else {
            let text = "no loss is finite";
            return message(inner, text, desk.theme.style(Ink::Warning), buffer);
        };
        axis.power = self.log_loss;
        if !self.log_loss {
            axis.low = axis.low.min(0.0);
        }
        let rows = [
            Constraint::Length(1),
            Constraint::Min(0),
            Constraint::Length(1),
        ];
        let [stages, picture, events] = Layout::vertical(rows).areas(inner);
        Self::curve(desk, axis, picture, |sample| loss(sample.loss), buffer);
        draw_stages(desk, right_of_gutter(stages), buffer);
        curves::events(desk, right_of_gutter(events), buffer);
    }

    fn lower(&self, pane: Pane, desk: &Desk, buffer: &mut Buffer) {
        let here = sample_here(desk);
        let (name, of): (_, fn(&StepGlance) -> f64) = match self.lower {
            Lower::Accuracy => ("accuracy", |sample| sample.accuracy),
            Lower::GradNorm => ("gradient norm", |sample| sample.grad_norm),
        };
        let value = here.map_or_else(String::new, |sample| format!(" {:.3}", of(sample)));
        let inner = pane.frame(desk, format!("{name}{value}"), buffer);
        if desk.data.steps.is_empty() {
            let text = no_steps(desk);
            return message(inner, &text, desk.theme.style(Ink::Faint), buffer);
        }
        let axis = match self.lower {
            Lower::Accuracy => Some(Axis {
                low: 0.0,
                high: 1.0,
                power: false,
                ink: Ink::Accuracy,
            }),
            Lower::GradNorm => Axis::around(desk.data.steps.iter().map(of), Ink::Accuracy),
        };
        let Some(axis) = axis else {
            return;
        };
        let [picture, steps] =
            Layout::vertical([Constraint::Min(0), Constraint::Length(1)]).areas(inner);
        Self::curve(desk, axis, picture, of, buffer);
        if self.lower == Lower::Accuracy {
            evaluations(desk, axis, picture, buffer);
        }
        step_axis(desk, right_of_gutter(steps), buffer);
    }

    fn curve(
        desk: &Desk,
        axis: Axis,
        area: Rect,
        of: impl Fn(&StepGlance) -> f64,
        buffer: &mut Buffer,
    ) {
        let Some((mut plot, picture)) = curves::axes(desk, axis, area, buffer) else {
            return;
        };
        let samples = Self::samples(desk);
        let values = samples
            .iter()
            .map(|sample| (sample.step as f64, of(sample)));
        let columns = curves::decimate(values, plot.x_range(), usize::from(picture.width) * 2);
        curves::landmarks(desk, &mut plot);
        curves::curve(&mut plot, &columns, axis.ink);
        plot.render(buffer);
        let per_column = samples.len() / (usize::from(picture.width) * 2).max(1);
        if per_column >= 2 {
            let badge = format!("{per_column} steps a dot");
            let at = Rect {
                height: 1,
                ..picture
            };
            at_right(at, &badge, desk.theme.style(Ink::Faint), buffer);
        }
    }

    fn log(&self, pane: Pane, desk: &Desk, buffer: &mut Buffer) {
        let inner = pane.frame(desk, "log", buffer);
        let room = usize::from(inner.height);
        let notes = desk
            .data
            .damage
            .iter()
            .map(|text| Line::styled(format!("! {text}"), desk.theme.style(Ink::Warning)));
        let events = happened(desk).into_iter().map(Line::raw);
        let lines = desk.data.log.iter().map(|text| Line::raw(text.as_str()));
        let all: Vec<Line> = events.chain(lines).chain(notes).collect();
        if all.is_empty() {
            let text = "nothing has happened yet";
            return message(inner, text, desk.theme.style(Ink::Faint), buffer);
        }
        let most = all.len().saturating_sub(room);
        let first = most.saturating_sub(self.scroll);
        Paragraph::new(all.into_iter().skip(first).take(room).collect::<Vec<_>>())
            .render(inner, buffer);
    }
}

/// Why there are no training steps to show.
fn no_steps(desk: &Desk) -> String {
    if desk.data.followed.is_some() {
        "another program trains this network: its losses and accuracies are not in the run".into()
    } else if desk.timeline.frames.is_empty() {
        desk.waiting()
    } else {
        "no training steps yet".into()
    }
}

/// What happened between the checkpoints and how many fixed points there were then, a line each.
fn happened(desk: &Desk) -> Vec<String> {
    let condition = desk.condition().unwrap_or_default();
    let count = |stop: &Stop| {
        let frames = &desk.timeline.frames;
        let at = frames
            .binary_search_by_key(&stop.to_step, |frame| frame.step)
            .ok()?;
        let summary = desk.data.summaries.get(&frames[at].checkpoint)?;
        let scenes = summary.scenes.as_ref().ok()?;
        let scene = scenes.iter().find(|of| of.condition == condition)?;
        Some(format!(": {}", counted(scene.points.len(), "fixed point")))
    };
    let stops = desk.timeline.stops.iter().filter(|stop| stop.is_event());
    let line = |stop: &Stop| {
        let (from, to) = (stop.from_step, stop.to_step);
        let count = count(stop).unwrap_or_default();
        format!("({from}, {to}]  {}{count}", desk.theme.events(&stop.codes))
    };
    stops.map(line).collect()
}

/// Accuracies on the probe tasks, checkpoint by checkpoint, each with its name where it ends.
fn evaluations(desk: &Desk, axis: Axis, area: Rect, buffer: &mut Buffer) {
    let picture = right_of_gutter(area);
    if picture.width < 2 || picture.height < 2 {
        return;
    }
    let mut plot = Plot::new(
        desk.theme,
        picture,
        desk.timeline.bounds(),
        (axis.low, axis.high),
    );
    for (number, (probe, curve)) in desk.data.evaluations().into_iter().enumerate() {
        for pair in curve.windows(2) {
            plot.line(pair[0], pair[1], Ink::Repeller, Dash::Dashed);
        }
        // Names take turns along the curves, so that they do not lie on each other.
        let at = curve.len() * (number + 1) / (desk.data.evaluations().len() + 1);
        if let Some(&(step, accuracy)) = curve.get(at) {
            plot.text(step, accuracy, probe, desk.theme.style(Ink::Repeller));
        }
    }
    plot.render(buffer);
}

fn right_of_gutter(area: Rect) -> Rect {
    Rect {
        x: area.x + GUTTER.min(area.width),
        width: area.width.saturating_sub(GUTTER),
        ..area
    }
}

/// Says what is wrong with the steps; returns the area that is left, none if nothing can be drawn.
fn steps_message(desk: &Desk, area: Rect, buffer: &mut Buffer) -> Option<Rect> {
    let steps = &desk.data.steps;
    if let Some(problem) = desk.data.steps_problems.first() {
        let rows = if steps.is_empty() {
            area.height
        } else {
            2.min(area.height)
        };
        let [top, rest] =
            Layout::vertical([Constraint::Length(rows), Constraint::Min(0)]).areas(area);
        message(top, problem, desk.theme.style(Ink::Warning), buffer);
        return (!steps.is_empty()).then_some(rest);
    }
    if steps.is_empty() {
        let text = no_steps(desk);
        message(area, &text, desk.theme.style(Ink::Faint), buffer);
        return None;
    }
    Some(area)
}

/// The training step of the checkpoint on screen; where it could not be read, others are no substitute.
fn sample_here(desk: &Desk) -> Option<&StepGlance> {
    let step = desk.timeline.frame()?.step;
    let steps = &desk.data.steps;
    let sample = steps.get(steps.partition_point(|sample| sample.step < step))?;
    (sample.step <= step + 1).then_some(sample)
}

/// Names of the stages above their steps.
fn draw_stages(desk: &Desk, area: Rect, buffer: &mut Buffer) {
    let Some(last) = desk.data.steps.last() else {
        return;
    };
    let (from, to) = desk.timeline.bounds();
    let mut begin_step = 0.0_f64;
    let ends = desk
        .data
        .stage_ends()
        .into_iter()
        .map(|(step, stage)| (step as f64, stage));
    for (end_step, stage) in ends.chain([(f64::INFINITY, last.stage as usize)]) {
        let columns = (
            curves::column_of(desk, area, begin_step.max(from)),
            curves::column_of(desk, area, end_step.min(to)),
        );
        if let (Some(begin), Some(end)) = columns {
            let width = end.saturating_sub(begin);
            let band = Rect {
                x: begin,
                width,
                ..area
            };
            if stage % 2 == 1 {
                buffer.set_style(band, Modifier::UNDERLINED);
            }
            let name = format!("│{}", desk.data.stage_name(stage));
            buffer.set_stringn(begin, area.y, name, usize::from(width), Style::new());
        }
        begin_step = end_step;
    }
}

/// The first and last step in view, and the one of the playhead.
pub(super) fn step_axis(desk: &Desk, area: Rect, buffer: &mut Buffer) {
    if area.is_empty() {
        return;
    }
    let (from, to) = desk.timeline.bounds();
    let faint = desk.theme.style(Ink::Faint);
    let frame = desk.timeline.frame();
    let column = frame.and_then(|frame| curves::column_of(desk, area, frame.step as f64));
    let here = desk.timeline.step().to_string();
    let last = area.right().saturating_sub(here.len() as u16).max(area.x);
    let begin = column.map(|column| {
        let centred = column.saturating_sub(here.len() as u16 / 2);
        centred.clamp(area.x, last)
    });
    // The playhead's label is worth more than that of an end it would lie on.
    let (first_label, last_label) = (format!("step {from:.0}"), format!("{to:.0}"));
    let first_end = area.x + first_label.len() as u16;
    if begin.is_none_or(|begin| begin > first_end) {
        Line::styled(first_label, faint).render(area, buffer);
    }
    let last_begin = area.right().saturating_sub(last_label.len() as u16 + 1);
    if begin.is_none_or(|begin| begin + (here.len() as u16) < last_begin) {
        at_right(area, &last_label, faint, buffer);
    }
    if let Some(begin) = begin {
        let room = usize::from(area.right() - begin);
        buffer.set_stringn(begin, area.y, here, room, Modifier::BOLD);
    }
}

impl Screen for Learning {
    fn name(&self) -> &'static str {
        "Learning"
    }

    fn about(&self) -> &'static str {
        "loss, accuracy, stages, log"
    }

    fn keys(&self) -> &'static [Binding] {
        KEYS
    }

    fn arrange(&self, class: Class, focus: usize, area: Rect) -> Vec<Rect> {
        let rows = match class {
            Class::Full => [
                Constraint::Percentage(50),
                Constraint::Percentage(30),
                Constraint::Min(0),
            ],
            Class::Compact if focus == LOG => [
                Constraint::Percentage(50),
                Constraint::Length(0),
                Constraint::Min(0),
            ],
            Class::Compact => [
                Constraint::Percentage(60),
                Constraint::Min(0),
                Constraint::Length(0),
            ],
        };
        Layout::vertical(rows).split(area).to_vec()
    }

    fn why_not(&self, action: Action, desk: &Desk) -> Option<String> {
        let has_positive = || desk.data.steps.iter().any(|sample| sample.loss > 0.0);
        match action {
            Action::Own("log") if !self.log_loss && !has_positive() => {
                Some("a logarithmic axis needs a loss above zero".into())
            }
            _ => None,
        }
    }

    fn act(&mut self, action: Action, desk: &mut Desk) -> Option<Effect> {
        match action {
            Action::Zoom(direction) => desk.timeline.zoom(direction),
            Action::ZoomReset => desk.timeline.window = None,
            Action::Pan(direction) => {
                desk.timeline.pan(direction);
            }
            Action::Own("log") => self.log_loss = !self.log_loss,
            Action::Own("lower") => {
                self.lower = match self.lower {
                    Lower::Accuracy => Lower::GradNorm,
                    Lower::GradNorm => Lower::Accuracy,
                };
            }
            Action::Select(by) => {
                let most = happened(desk).len() + desk.data.log.len() + desk.data.damage.len();
                self.scroll = self.scroll.saturating_add_signed(-by as isize).min(most);
            }
            _ => {}
        }
        None
    }

    fn mouse(&mut self, pane: usize, mouse: Mouse, area: Rect, desk: &mut Desk) -> Option<Effect> {
        let picture = right_of_gutter(area);
        match (pane, mouse) {
            (LOG, Mouse::Wheel { by, .. }) => return self.act(Action::Select(-by), desk),
            (_, Mouse::Wheel { by, column }) => {
                let step = curves::step_of(desk, picture, column);
                desk.timeline.zoom_at(by, step);
            }
            (LOSS | ACCURACY, Mouse::Down { column, .. }) => {
                let step = curves::step_of(desk, picture, column);
                desk.timeline.go_to_step(step);
            }
            _ => {}
        }
        None
    }

    fn draw(&self, pane: Pane, desk: &Desk, buffer: &mut Buffer) {
        match pane.number {
            LOSS => self.loss(pane, desk, buffer),
            ACCURACY => self.lower(pane, desk, buffer),
            _ => self.log(pane, desk, buffer),
        }
    }
}
