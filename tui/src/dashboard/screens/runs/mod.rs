//! The runs of a directory: what they are, how they stand, how their loss fell.

mod cells;
mod preview;

use std::path::PathBuf;
use std::time::SystemTime;

use tui::buffer::Buffer;
use tui::layout::{Constraint, Layout, Rect};
use tui::style::Modifier;
use tui::text::Line;
use tui::widgets::{Row, StatefulWidget, Table, TableState};

use self::cells::{SPARK_WIDTH, cells, sign, state};
use crate::dashboard::data::runs::{Brief, Listed};
use crate::dashboard::keys::{Action, Binding, row};
use crate::dashboard::screen::{Class, Desk, Effect, Mouse, Pane, Screen, message};
use crate::dashboard::theme::Ink;

/// By what the list is sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Order {
    #[default]
    Newest,
    Name,
    Loss,
    Points,
}

impl Order {
    fn name(self) -> &'static str {
        match self {
            Self::Newest => "newest first",
            Self::Name => "by name",
            Self::Loss => "by loss",
            Self::Points => "by fixed points",
        }
    }

    fn next(self) -> Self {
        match self {
            Self::Newest => Self::Name,
            Self::Name => Self::Loss,
            Self::Loss => Self::Points,
            Self::Points => Self::Newest,
        }
    }
}

/// The screen.
#[derive(Debug, Default)]
pub(super) struct Runs {
    /// Name of the selected run, so that it stays selected while the list changes.
    selected: Option<String>,
    /// Names of marked runs.
    marked: Vec<String>,
    filter: String,
    order: Order,
}

const KEYS: &[Binding] = &[
    row(&["j", "<down>"], Action::Select(1), "next run", None),
    row(&["k", "<up>"], Action::Select(-1), "previous run", None),
    row(&["<enter>"], Action::Enter, "open the run", Some("open")),
    row(
        &["b"],
        Action::Own("beside"),
        "open beside the others, or close",
        Some("beside"),
    ),
    row(
        &["/"],
        Action::Own("filter"),
        "show only some runs",
        Some("filter"),
    ),
    row(&["s"], Action::Own("sort"), "sort otherwise", Some("sort")),
    row(
        &["x"],
        Action::Own("mark"),
        "mark, to see losses together",
        Some("mark"),
    ),
    row(
        &["a"],
        Action::Own("mark all"),
        "mark all that are shown, or none",
        None,
    ),
    row(
        &["C"],
        Action::Own("compare"),
        "compare the marked, or all shown",
        Some("compare"),
    ),
];

impl Runs {
    fn shown<'a>(&self, desk: &'a Desk) -> Vec<&'a Listed> {
        let words: Vec<String> = self
            .filter
            .to_lowercase()
            .split_whitespace()
            .map(str::to_owned)
            .collect();
        let has_words = |run: &&Listed| {
            let text = words_of(run).to_lowercase();
            words.iter().all(|word| text.contains(word))
        };
        let mut shown: Vec<&Listed> = desk.listed.iter().filter(has_words).collect();
        let brief = |run: &Listed| {
            run.brief
                .as_ref()
                .and_then(|read| read.as_ref().ok())
                .cloned()
        };
        match self.order {
            Order::Newest => {}
            Order::Name => shown.sort_by(|a, b| a.name.cmp(&b.name)),
            Order::Loss => shown.sort_by(|a, b| {
                let loss = |run| brief(run).and_then(|of| of.loss).unwrap_or(f64::INFINITY);
                loss(a).total_cmp(&loss(b))
            }),
            Order::Points => shown.sort_by_key(|run| {
                std::cmp::Reverse(
                    brief(run)
                        .and_then(|of| of.points)
                        .map_or(0, |(all, _)| all),
                )
            }),
        }
        shown
    }

    fn row_of(&self, shown: &[&Listed]) -> usize {
        let at = shown
            .iter()
            .position(|run| Some(&run.name) == self.selected.as_ref());
        at.unwrap_or(0)
    }

    fn select(&mut self, by: i64, desk: &Desk) {
        let shown = self.shown(desk);
        let row = self.row_of(&shown).saturating_add_signed(by as isize);
        self.selected = shown
            .get(row.min(shown.len().saturating_sub(1)))
            .map(|run| run.name.clone());
    }

    fn selected_dir(&self, desk: &Desk) -> Option<PathBuf> {
        let shown = self.shown(desk);
        Some(shown.get(self.row_of(&shown))?.dir.clone())
    }

    fn toggle_mark(&mut self, desk: &Desk) {
        let shown = self.shown(desk);
        let Some(run) = shown.get(self.row_of(&shown)) else {
            return;
        };
        match self.marked.iter().position(|name| *name == run.name) {
            Some(at) => {
                self.marked.remove(at);
            }
            None => self.marked.push(run.name.clone()),
        }
    }

    /// Marks all that are shown, or none of them if all are marked.
    fn toggle_all_marks(&mut self, desk: &Desk) {
        let shown = self.shown(desk);
        let names = shown.iter().map(|run| &run.name);
        let unmarked: Vec<String> = names
            .filter(|name| !self.marked.contains(name))
            .cloned()
            .collect();
        if unmarked.is_empty() {
            self.marked
                .retain(|name| !shown.iter().any(|run| run.name == *name));
        } else {
            self.marked.extend(unmarked);
        }
    }

    /// The marked runs, or all that are shown if none is.
    fn chosen(&self, desk: &Desk) -> Vec<PathBuf> {
        let is_marked = |run: &&Listed| self.marked.contains(&run.name);
        let marked: Vec<&Listed> = desk.listed.iter().filter(is_marked).collect();
        let chosen = if marked.is_empty() {
            self.shown(desk)
        } else {
            marked
        };
        chosen.into_iter().map(|run| run.dir.clone()).collect()
    }

    fn table(&self, pane: Pane, desk: &Desk, buffer: &mut Buffer) {
        let shown = self.shown(desk);
        let filter = if self.filter.is_empty() {
            String::new()
        } else {
            format!(" · only “{}”", self.filter)
        };
        let count = match (shown.len(), desk.listed.len()) {
            (1, 1) => "1 run".to_owned(),
            (some, all) if some == all => format!("{all} runs"),
            (some, all) => format!("{some} of {all} runs"),
        };
        let title = format!(
            "{count} in {} · {}{filter}",
            desk.traces.display(),
            self.order.name()
        );
        let inner = pane.frame(desk, title, buffer);
        if shown.is_empty() {
            let text = if !desk.list_known {
                "reading…".to_owned()
            } else if desk.listed.is_empty() {
                format!(
                    "no run in {} yet: `creode train curricula/flip-flop.toml` makes one, and it appears here",
                    desk.traces.display()
                )
            } else {
                "no run has these words: / and Enter show all again".into()
            };
            return message(inner, &text, desk.theme.style(Ink::Faint), buffer);
        }
        let now = SystemTime::now();
        let rows = shown.iter().map(|run| {
            let is_marked = self.marked.contains(&run.name);
            cells(desk.theme, run, sign(desk, run, is_marked), now)
        });
        let wide = inner.width >= 100;
        let header = [
            "",
            "run",
            "state",
            "step",
            "ckpt",
            "points",
            "loss",
            "acc",
            "loss curve",
            "written",
        ];
        let widths: [u16; 10] = [
            2,
            if wide { 26 } else { 18 },
            11,
            7,
            5,
            9,
            8,
            5,
            SPARK_WIDTH as u16,
            9,
        ];
        let faint = desk.theme.style(Ink::Faint);
        let table = Table::new(rows, widths.map(Constraint::Length))
            .header(Row::new(header.map(|title| Line::styled(title, faint))))
            .row_highlight_style(Modifier::REVERSED);
        let mut state = TableState::default().with_selected(Some(self.row_of(&shown)));
        StatefulWidget::render(table, inner, buffer, &mut state);
    }

    fn preview(&self, pane: Pane, desk: &Desk, buffer: &mut Buffer) {
        let shown = self.shown(desk);
        let Some(run) = shown.get(self.row_of(&shown)) else {
            pane.frame(desk, "preview", buffer);
            return;
        };
        let inner = pane.frame(desk, run.name.clone(), buffer);
        let brief = match &run.brief {
            None => return message(inner, "reading…", desk.theme.style(Ink::Faint), buffer),
            Some(Err(problem)) => {
                return message(inner, problem, desk.theme.style(Ink::Warning), buffer);
            }
            Some(Ok(brief)) => brief,
        };
        let [top, rest] =
            Layout::vertical([Constraint::Length(2), Constraint::Min(0)]).areas(inner);
        let about = preview::about(brief);
        message(top, &about, tui::style::Style::new(), buffer);
        let is_drawn = |of: &&&Listed| of.name == run.name || self.marked.contains(&of.name);
        let curves: Vec<(&str, &Brief)> = shown
            .iter()
            .filter(is_drawn)
            .filter_map(|of| Some((of.name.as_str(), of.brief.as_ref()?.as_ref().ok()?)))
            .collect();
        preview::losses(desk.theme, &curves, &run.name, rest, buffer);
    }
}

/// Shows a run in the landscape.
fn show(dir: PathBuf, desk: &mut Desk) {
    desk.show(dir);
    desk.go_to_screen = Some(super::LANDSCAPE);
}

fn words_of(run: &Listed) -> String {
    let brief = match &run.brief {
        Some(Ok(brief)) => format!("{} {} {}", state(brief).0, brief.curriculum, brief.cell),
        Some(Err(_)) => "damaged".into(),
        None => String::new(),
    };
    format!("{} {brief}", run.name)
}

impl Screen for Runs {
    fn name(&self) -> &'static str {
        super::RUNS
    }

    fn about(&self) -> &'static str {
        "runs: list, filter, open"
    }

    fn keys(&self) -> &'static [Binding] {
        KEYS
    }

    fn arrange(&self, class: Class, focus: usize, area: Rect) -> Vec<Rect> {
        match class {
            Class::Full => Layout::vertical([Constraint::Percentage(60), Constraint::Min(0)])
                .split(area)
                .to_vec(),
            Class::Compact if focus == 0 => vec![area, Rect::ZERO],
            Class::Compact => vec![Rect::ZERO, area],
        }
    }

    fn why_not(&self, action: Action, desk: &Desk) -> Option<String> {
        let needs_runs = matches!(
            action,
            Action::Enter
                | Action::Select(_)
                | Action::Own("mark" | "mark all" | "beside" | "compare")
        );
        if needs_runs && self.shown(desk).is_empty() {
            return Some("there is no run in the list".into());
        }
        if action != Action::Own("beside") {
            return None;
        }
        match desk.open_in(&self.selected_dir(desk)?) {
            Some(_) if desk.has_several() => None,
            Some(_) => Some("this is the only open run: q quits".into()),
            None => desk.why_not_beside(),
        }
    }

    fn act(&mut self, action: Action, desk: &mut Desk) -> Option<Effect> {
        match action {
            Action::Select(by) => self.select(by, desk),
            Action::Enter => {
                let dir = self.selected_dir(desk)?;
                show(dir, desk);
            }
            Action::Own("beside") => {
                let dir = self.selected_dir(desk)?;
                match desk.open_in(&dir).map(|run| run.id) {
                    Some(id) => desk.close(id),
                    None => desk.open_beside(dir),
                }
            }
            Action::Own("filter") => return Some(Effect::AskFilter),
            Action::Own("sort") => self.order = self.order.next(),
            Action::Own("mark") => self.toggle_mark(desk),
            Action::Own("mark all") => self.toggle_all_marks(desk),
            Action::Own("compare") => {
                desk.go_to_screen = Some(super::COMPARE);
                return Some(desk.compare(self.chosen(desk)));
            }
            _ => {}
        }
        None
    }

    fn mouse(&mut self, pane: usize, mouse: Mouse, area: Rect, desk: &mut Desk) -> Option<Effect> {
        match mouse {
            Mouse::Wheel { by, .. } => self.select(-by, desk),
            Mouse::Down { row, .. } if pane == 0 && row > area.y => {
                let shown = self.shown(desk);
                let at = self.row_of(&shown);
                // As the table scrolls: the selected row is in view, from the top as long as it can be.
                let room = usize::from(area.height.saturating_sub(1));
                let first = (at + 1).saturating_sub(room);
                let clicked = first + usize::from(row - area.y - 1);
                let run = shown.get(clicked)?;
                let (name, dir) = (run.name.clone(), run.dir.clone());
                if clicked == at {
                    show(dir, desk);
                }
                self.selected = Some(name);
            }
            _ => {}
        }
        None
    }

    fn set_filter(&mut self, text: &str, _desk: &mut Desk) {
        text.clone_into(&mut self.filter);
    }

    fn back(&mut self, _desk: &mut Desk) -> bool {
        let had = !self.filter.is_empty();
        self.filter.clear();
        had
    }

    fn draw(&self, pane: Pane, desk: &Desk, buffer: &mut Buffer) {
        match pane.number {
            0 => self.table(pane, desk, buffer),
            _ => self.preview(pane, desk, buffer),
        }
    }
}
