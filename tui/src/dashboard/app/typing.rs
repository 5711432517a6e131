//! Keys and text: what they are for depends on what is open.

use creode::text::is_unprintable;

use super::App;
use crate::dashboard::keys::{self, Action};
use crate::dashboard::overlay::{self, Overlay, Purpose, Question};
use crate::dashboard::screen::Effect;

/// Most rows that the help is scrolled by.
const HELP_ROWS: u16 = 60;

impl App {
    /// Text goes where text is typed, as one line; elsewhere it is not taken for keys.
    pub(super) fn paste(&mut self, pasted: &str) {
        let line = pasted.lines().next().unwrap_or_default();
        let line: String = line.chars().filter(|&c| !is_unprintable(c)).collect();
        match &mut self.overlay {
            Some(Overlay::Palette { text, selected }) => {
                text.push_str(&line);
                *selected = 0;
            }
            Some(Overlay::Prompt { purpose, text }) => {
                text.push_str(&line);
                if *purpose == Purpose::Filter {
                    let text = text.clone();
                    self.screens[self.current].set_filter(&text, &mut self.desk);
                }
            }
            _ => self.desk.say("pasted text is no keys"),
        }
    }

    pub(super) fn press(&mut self, key: &str) -> Option<Effect> {
        self.desk.status = None;
        if key == "<C-c>" {
            return self.act(Action::Quit);
        }
        match self.overlay.take() {
            None => self.press_on_screen(key),
            Some(Overlay::Help { scroll }) => {
                let scroll = match key {
                    "j" | "<down>" => (scroll + 1).min(HELP_ROWS),
                    "k" | "<up>" => scroll.saturating_sub(1),
                    "q" => return self.act(Action::Quit),
                    _ => return None,
                };
                self.overlay = Some(Overlay::Help { scroll });
                None
            }
            Some(Overlay::Palette { text, selected }) => self.press_in_palette(key, text, selected),
            Some(Overlay::Prompt { purpose, text }) => self.press_in_prompt(key, purpose, text),
            Some(Overlay::Question(question)) => self.answer(key, question),
        }
    }

    fn press_on_screen(&mut self, key: &str) -> Option<Effect> {
        if let Some(action) = keys::action(&self.screens, self.current, key) {
            return self.act(action);
        }
        if let Some(text) = keys::elsewhere(&self.screens, key) {
            self.desk.say(text);
        } else if !key.starts_with('<') {
            self.desk.say(format!(
                "{} does nothing; ? shows all keys",
                keys::label(key)
            ));
        }
        None
    }

    fn press_in_palette(&mut self, key: &str, mut text: String, selected: usize) -> Option<Effect> {
        let sections = self.table();
        let rows = overlay::matching(&sections, &text);
        let last = rows.len().saturating_sub(1);
        let selected = match key {
            "<esc>" => return None,
            "<enter>" => {
                let action = rows.get(selected).map(|row| row.action);
                return action.and_then(|action| self.act(action));
            }
            "<down>" | "<tab>" => (selected + 1).min(last),
            "<up>" | "<S-tab>" => selected.saturating_sub(1),
            _ => {
                edit(&mut text, key);
                0
            }
        };
        self.overlay = Some(Overlay::Palette { text, selected });
        None
    }

    fn press_in_prompt(&mut self, key: &str, purpose: Purpose, mut text: String) -> Option<Effect> {
        match (key, purpose) {
            ("<esc>", _) => return None,
            ("<enter>", Purpose::Note(step)) => return Some(self.keep_mark(step, &text)),
            ("<enter>", Purpose::Filter) => {
                self.screens[self.current].set_filter(&text, &mut self.desk);
                return None;
            }
            _ => edit(&mut text, key),
        }
        if purpose == Purpose::Filter {
            self.screens[self.current].set_filter(&text, &mut self.desk);
        }
        self.overlay = Some(Overlay::Prompt { purpose, text });
        None
    }

    fn keep_mark(&mut self, step: u64, note: &str) -> Effect {
        let run = &mut self.desk.run;
        run.mark(step, note);
        Effect::Keep(run.id, run.data.marks.clone())
    }

    fn answer(&mut self, key: &str, question: Question) -> Option<Effect> {
        match (question, key) {
            (Question::KeepTraining, "k" | "q") => Some(Effect::Quit),
            (Question::KeepTraining, "s") => Some(Effect::StopTraining),
            (Question::ZoomRun { from_step, to_step }, "y" | "<enter>") => {
                Some(Effect::ZoomRun { from_step, to_step })
            }
            (_, "<esc>" | "n") => None,
            _ => {
                self.overlay = Some(Overlay::Question(question));
                None
            }
        }
    }
}

/// Changes a typed text by a key.
fn edit(text: &mut String, key: &str) {
    match key {
        "<backspace>" => {
            text.pop();
        }
        "<C-u>" => text.clear(),
        "<space>" => text.push(' '),
        _ if key.chars().count() == 1 => text.push_str(key),
        _ => {}
    }
}
