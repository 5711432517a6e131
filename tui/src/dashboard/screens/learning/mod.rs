//! How the network learns: loss and accuracy over the steps with stages and events, and the log.

mod beside;
mod log;
mod over_steps;
mod several;

use tui::buffer::Buffer;
use tui::layout::{Constraint, Layout, Rect};

use self::over_steps::draw_stages;
pub(super) use self::over_steps::step_axis;
use crate::dashboard::curves::{self, Axis, GUTTER};
use crate::dashboard::data::StepGlance;
use crate::dashboard::keys::{Action, Binding, row};
use crate::dashboard::screen::{Class, Desk, Effect, Mouse, Pane, Screen, message};
use crate::dashboard::theme::{Ink, short_number};

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
    /// The loss, or in a world, whose loss follows the actions that were drawn, the return.
    fn upper(&self, pane: Pane, desk: &Desk, buffer: &mut Buffer) {
        let last = desk.run.data.steps.last();
        let is_world = last.is_some_and(|sample| sample.mean_return.is_some());
        let of = move |sample: &StepGlance| match sample.mean_return {
            Some(mean_return) if is_world => mean_return,
            _ => sample.loss,
        };
        let is_log = self.log_loss && !is_world;
        let name = match (is_world, is_log) {
            (true, _) => "return",
            (false, true) => "loss (log)",
            (false, false) => "loss",
        };
        let here = desk.run.sample_here().map_or_else(String::new, |sample| {
            format!(" {}", short_number(of(sample)))
        });
        let inner = pane.frame(desk, format!("{name}{here}"), buffer);
        let log = |x: f64| if x > 0.0 { x.log10() } else { f64::NAN };
        let scaled = |sample: &StepGlance| {
            let value = of(sample);
            if is_log { log(value) } else { value }
        };
        let Some(inner) = steps_message(desk, inner, buffer) else {
            return;
        };
        let all = several::values(desk, scaled);
        let Some(mut axis) = Axis::around(all, Ink::Loss) else {
            let text = format!("no {name} is finite");
            return message(inner, &text, desk.theme.style(Ink::Warning), buffer);
        };
        axis.power = is_log;
        if !is_log {
            axis.low = axis.low.min(0.0);
        }
        let rows = [
            Constraint::Length(1),
            Constraint::Min(0),
            Constraint::Length(1),
        ];
        let [stages, picture, events] = Layout::vertical(rows).areas(inner);
        several::curves(desk, axis, picture, scaled, buffer);
        draw_stages(desk, right_of_gutter(stages), buffer);
        curves::events(desk, right_of_gutter(events), buffer);
        let value = |sample: &StepGlance| short_number(of(sample));
        several::legend(desk, pane.area, value, buffer);
    }

    fn lower(&self, pane: Pane, desk: &Desk, buffer: &mut Buffer) {
        let (name, of): (_, fn(&StepGlance) -> f64) = match self.lower {
            Lower::Accuracy => ("accuracy", |sample| sample.accuracy),
            Lower::GradNorm => ("gradient norm", |sample| sample.grad_norm),
        };
        let is_followed = desk.run.data.followed.is_some();
        let here = desk.run.sample_here();
        let here = here.filter(|sample| !is_followed || of(sample).is_finite());
        let value = here.map_or_else(String::new, |sample| format!(" {:.3}", of(sample)));
        let inner = pane.frame(desk, format!("{name}{value}"), buffer);
        if desk.run.data.steps.is_empty() {
            let text = no_steps(desk);
            return message(inner, &text, desk.theme.style(Ink::Faint), buffer);
        }
        if is_followed
            && !desk
                .run
                .data
                .steps
                .iter()
                .any(|sample| of(sample).is_finite())
        {
            let text = format!("what the other program writes tells of no {name}");
            return message(inner, &text, desk.theme.style(Ink::Faint), buffer);
        }
        let axis = match self.lower {
            Lower::Accuracy => Some(Axis {
                // Who finds no way scores less than nothing.
                low: beside::least(desk).min(0.0),
                high: 1.0,
                power: false,
                ink: Ink::Accuracy,
            }),
            Lower::GradNorm => Axis::around(several::values(desk, of), Ink::Accuracy),
        };
        let Some(axis) = axis else {
            return;
        };
        let [picture, steps] =
            Layout::vertical([Constraint::Min(0), Constraint::Length(1)]).areas(inner);
        several::curves(desk, axis, picture, of, buffer);
        if self.lower == Lower::Accuracy {
            beside::draw(desk, axis, picture, buffer);
        }
        step_axis(desk, right_of_gutter(steps), buffer);
        let value = |sample: &StepGlance| format!("{:.3}", of(sample));
        several::legend(desk, pane.area, value, buffer);
    }
}

/// Why there are no training steps to show.
fn no_steps(desk: &Desk) -> String {
    if desk.run.data.followed.is_some() {
        "another program trains this network: its losses and accuracies are not in the run; `creode analyze FOLDER --follow \
         --metrics FILE` takes them from a file"
            .into()
    } else if desk.run.timeline.frames.is_empty() {
        desk.run.waiting()
    } else {
        "no training steps yet".into()
    }
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
    let steps = &desk.run.data.steps;
    if let Some(problem) = desk.run.data.steps_problems.first() {
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

impl Screen for Learning {
    fn name(&self) -> &'static str {
        super::LEARNING
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
        let has_positive = || desk.run.data.steps.iter().any(|sample| sample.loss > 0.0);
        match action {
            Action::Own("log") if !self.log_loss && !has_positive() => {
                Some("a logarithmic axis needs a loss above zero".into())
            }
            _ => None,
        }
    }

    fn act(&mut self, action: Action, desk: &mut Desk) -> Option<Effect> {
        match action {
            Action::Zoom(direction) => desk.run.timeline.zoom(direction),
            Action::ZoomReset => desk.run.timeline.window = None,
            Action::Pan(direction) => {
                desk.run.timeline.pan(direction);
            }
            Action::Own("log") => self.log_loss = !self.log_loss,
            Action::Own("lower") => {
                self.lower = match self.lower {
                    Lower::Accuracy => Lower::GradNorm,
                    Lower::GradNorm => Lower::Accuracy,
                };
            }
            Action::Select(by) => {
                let most = log::lines(desk);
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
                let place = curves::place_of(desk, picture, column);
                desk.run.timeline.zoom_at(by, place);
            }
            (LOSS | ACCURACY, Mouse::Down { column, .. }) => {
                let place = curves::place_of(desk, picture, column);
                desk.run.timeline.go_to_place(place);
            }
            _ => {}
        }
        None
    }

    fn draw(&self, pane: Pane, desk: &Desk, buffer: &mut Buffer) {
        match pane.number {
            LOSS => self.upper(pane, desk, buffer),
            ACCURACY => self.lower(pane, desk, buffer),
            _ => log::draw(pane, desk, self.scroll, buffer),
        }
    }
}
