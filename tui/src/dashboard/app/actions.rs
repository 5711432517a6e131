//! What the actions of the table of keys do, and why they may be able to do nothing.

use tui::layout::Rect;

use super::App;
use crate::dashboard::keys::Action;
use crate::dashboard::overlay::{Overlay, Purpose, Question};
use crate::dashboard::screen::{Class, Effect};
use crate::dashboard::timeline::Loop;

impl App {
    /// Why an action can do nothing now.
    pub(crate) fn why_not(&self, action: Action) -> Option<String> {
        let desk = &self.desk;
        let no_frame = desk.run.timeline.frames.is_empty();
        let needs_frame = matches!(
            action,
            Action::Play
                | Action::Step(_)
                | Action::Stop(_)
                | Action::First
                | Action::Last
                | Action::Mark
                | Action::ZoomRun
                | Action::Zoom(_)
                | Action::Condition
        );
        match action {
            _ if needs_frame && no_frame => Some("there is no checkpoint yet".into()),
            Action::Condition if desk.run.conditions_here().len() < 2 => {
                Some("there is no other probe input at this checkpoint".into())
            }
            Action::ZoomRun if desk.run.timeline.stop().is_none_or(|stop| !stop.is_event()) => {
                Some("no event here: n goes to the next".into())
            }
            Action::Stop(direction) if self.next_stop(direction).is_none() => {
                let side = if direction > 0 { "later" } else { "earlier" };
                Some(match desk.run.data.unread() {
                    0 => format!("there is no {side} event or mark"),
                    left => {
                        format!(
                            "no {side} event or mark so far, and {left} of the checkpoints to be read"
                        )
                    }
                })
            }
            Action::Pan(_) if desk.run.timeline.window.is_none() => {
                Some("all steps are in view: + zooms in".into())
            }
            Action::Follow if !desk.run.data.grows() && !desk.run.timeline.following => {
                Some("nobody is writing this run: there is nothing to follow".into())
            }
            Action::FocusRun(_) | Action::Align | Action::CloseRun if !desk.has_several() => Some(
                "only one run is open: b on the screen Runs (1) opens another beside it".into(),
            ),
            _ => self.screens[self.current].why_not(action, desk),
        }
    }

    fn next_stop(&self, direction: i64) -> Option<u64> {
        let here = self.desk.run.timeline.step();
        let mut steps = self.desk.run.timeline.stops.iter().map(|stop| stop.to_step);
        steps.find(|&step| {
            if direction > 0 {
                step > here
            } else {
                step < here
            }
        })
    }

    pub(crate) fn act(&mut self, action: Action) -> Option<Effect> {
        if let Some(reason) = self.why_not(action) {
            self.desk.say(reason);
            return None;
        }
        let timeline = &mut self.desk.run.timeline;
        match action {
            Action::Quit if self.desk.trains.is_some() => {
                self.overlay = Some(Overlay::Question(Question::KeepTraining));
            }
            Action::Quit => return Some(Effect::Quit),
            Action::Back => self.back(),
            Action::Help => self.overlay = Some(Overlay::Help { scroll: 0 }),
            Action::Palette => {
                self.overlay = Some(Overlay::Palette {
                    text: String::new(),
                    selected: 0,
                });
            }
            Action::Screen(number) => self.current = number.min(self.screens.len() - 1),
            Action::Pane(by) => self.move_pane(by),
            Action::Expand => {
                let focus = &mut self.focus[self.current];
                focus.expanded = !focus.expanded;
            }
            Action::Export => return Some(Effect::Export),
            Action::Play => timeline.toggle_play(),
            Action::Step(by) => timeline.move_by(by),
            Action::Stop(direction) => {
                timeline.go_to_stop(direction);
            }
            Action::First => timeline.go_to(0),
            Action::Last => {
                timeline.go_to(usize::MAX);
                timeline.following = self.desk.run.data.grows();
            }
            Action::Follow => timeline.toggle_follow(),
            Action::Slower => timeline.set_speed(timeline.speed / 2.0),
            Action::Faster => timeline.set_speed(timeline.speed * 2.0),
            Action::NormalSpeed => timeline.set_speed(1.0),
            Action::Loop => timeline.next_loop(),
            Action::Mark => self.ask_for_note(),
            Action::ZoomRun => self.ask_for_zoom(),
            Action::Condition => self.desk.run.next_condition(),
            Action::FocusRun(by) => self.desk.focus_on_next(by),
            Action::Align => self.desk.align_otherwise(),
            Action::Axis => self.desk.next_axis(),
            Action::CloseRun => self.desk.close(self.desk.run.id),
            Action::Zoom(_)
            | Action::ZoomReset
            | Action::Pan(_)
            | Action::Select(_)
            | Action::Enter
            | Action::Own(_) => return self.act_on_screen(action),
        }
        self.tell_of(action);
        None
    }

    fn act_on_screen(&mut self, action: Action) -> Option<Effect> {
        let effect = self.screens[self.current].act(action, &mut self.desk);
        if effect == Some(Effect::AskFilter) {
            self.overlay = Some(Overlay::Prompt {
                purpose: Purpose::Filter,
                text: String::new(),
            });
            return None;
        }
        effect
    }

    fn tell_of(&mut self, action: Action) {
        let timeline = &self.desk.run.timeline;
        let text = match action {
            Action::Slower | Action::Faster | Action::NormalSpeed => {
                format!("speed {}×", timeline.speed)
            }
            Action::Loop => {
                let what = match timeline.looping {
                    Loop::Off => "off",
                    Loop::All => "over all checkpoints",
                    Loop::Window => "over the steps in view",
                };
                format!("loop {what}")
            }
            Action::Follow if timeline.following => "following the newest checkpoint".into(),
            Action::Follow => "no longer following".into(),
            Action::Align => self.about_alignment(),
            Action::Axis => format!("the axis runs {}", self.desk.axis().name()),
            _ => return,
        };
        self.desk.say(text);
    }

    /// What corresponds now, and which runs cannot be aligned so.
    fn about_alignment(&self) -> String {
        let alignment = self.desk.alignment;
        let open = self.desk.open_runs().into_iter();
        let lacking = open.filter(|run| run.scale(alignment).is_none());
        let letters: Vec<String> = lacking.map(|run| run.letter().to_string()).collect();
        let without = match &letters[..] {
            [] => String::new(),
            letters => format!("; {} so far in {}", alignment.lacking(), letters.join(", ")),
        };
        format!(
            "aligned {}: {}{without}",
            alignment.name(),
            alignment.about()
        )
    }

    fn back(&mut self) {
        let focus = &mut self.focus[self.current];
        if focus.expanded {
            focus.expanded = false;
        } else if !self.screens[self.current].back(&mut self.desk) && !self.desk.run.let_go() {
            self.desk.say("nothing is open; q quits");
        }
    }

    fn move_pane(&mut self, by: i64) {
        let area = Rect::new(0, 0, 200, 60);
        let count = self.screens[self.current]
            .arrange(Class::Full, 0, area)
            .len() as i64;
        let focus = &mut self.focus[self.current];
        focus.pane = (focus.pane as i64 + by).rem_euclid(count.max(1)) as usize;
    }

    fn ask_for_note(&mut self) {
        let step = self.desk.run.timeline.step();
        let marks = &self.desk.run.data.marks;
        let old = marks.iter().find(|mark| mark.step == step);
        self.desk.run.timeline.playing = false;
        self.overlay = Some(Overlay::Prompt {
            purpose: Purpose::Note(step),
            text: old.map_or_else(String::new, |mark| mark.note.clone()),
        });
    }

    fn ask_for_zoom(&mut self) {
        if let Some(stop) = self.desk.run.timeline.stop() {
            self.overlay = Some(Overlay::Question(Question::ZoomRun {
                from_step: stop.from_step,
                to_step: stop.to_step,
            }));
        }
    }
}
