//! The runs of a directory: what they are, how they stand, how their loss fell.

mod preview;

use std::time::SystemTime;

use tui::buffer::Buffer;
use tui::layout::{Constraint, Layout, Rect};
use tui::style::Modifier;
use tui::text::Line;
use tui::widgets::{Row, StatefulWidget, Table, TableState};

use crate::dashboard::data::RunState;
use crate::dashboard::data::runs::{Brief, Listed};
use crate::dashboard::keys::{Action, Binding, row};
use crate::dashboard::screen::{Class, Desk, Effect, Mouse, Pane, Screen, message};
use crate::dashboard::theme::{Ink, Theme, short_number};

/// Cells of a sparkline.
const SPARK_WIDTH: usize = 16;
const SPARKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

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
        let mut shown: Vec<&Listed> = desk.runs.iter().filter(has_words).collect();
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

    fn table(&self, pane: Pane, desk: &Desk, buffer: &mut Buffer) {
        let shown = self.shown(desk);
        let filter = if self.filter.is_empty() {
            String::new()
        } else {
            format!(" · only “{}”", self.filter)
        };
        let count = match (shown.len(), desk.runs.len()) {
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
            let text = if !desk.runs_known {
                "reading…".to_owned()
            } else if desk.runs.is_empty() {
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
            let is_open = run.dir == desk.dir;
            let is_marked = self.marked.contains(&run.name);
            cells(desk.theme, run, is_marked, is_open, now)
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

fn words_of(run: &Listed) -> String {
    let brief = match &run.brief {
        Some(Ok(brief)) => format!("{} {} {}", state(brief).0, brief.curriculum, brief.cell),
        Some(Err(_)) => "damaged".into(),
        None => String::new(),
    };
    format!("{} {brief}", run.name)
}

fn state(brief: &Brief) -> (&'static str, Ink) {
    match brief.state {
        RunState::Training => ("training", Ink::Accuracy),
        RunState::Interrupted | RunState::Absent => ("interrupted", Ink::Warning),
        RunState::Followed => ("ended", Ink::Stable),
        RunState::Finished => ("finished", Ink::Stable),
        RunState::Diverged(_) => ("diverged", Ink::Saddle),
    }
}

fn cells(
    theme: Theme,
    run: &Listed,
    is_marked: bool,
    is_open: bool,
    now: SystemTime,
) -> Row<'static> {
    let sign = match (is_marked, is_open) {
        (true, _) => "✓",
        (false, true) => "▸",
        (false, false) => "",
    };
    let mut cells = vec![Line::raw(sign), Line::raw(run.name.clone())];
    match &run.brief {
        None => cells.push(Line::styled("reading…", theme.style(Ink::Faint))),
        Some(Err(problem)) => {
            let what = if problem.contains("schema") {
                "newer"
            } else {
                "damaged"
            };
            cells.push(Line::styled(format!("! {what}"), theme.bold(Ink::Warning)));
        }
        Some(Ok(brief)) => {
            let (text, ink) = state(brief);
            let number = |x: Option<f64>, text: fn(f64) -> String| x.map_or_else(String::new, text);
            cells.extend([
                Line::styled(text, theme.style(ink)),
                Line::raw(brief.step.to_string()),
                Line::raw(brief.checkpoints.to_string()),
                Line::raw(points(brief)),
                Line::raw(number(brief.loss, short_number)),
                Line::raw(number(brief.accuracy, |x| format!("{x:.3}"))),
                Line::styled(sparkline(&brief.curve), theme.style(Ink::Loss)),
            ]);
        }
    }
    while cells.len() < 9 {
        cells.push(Line::default());
    }
    cells.push(Line::styled(ago(run.written, now), theme.style(Ink::Faint)));
    Row::new(cells)
}

fn points(brief: &Brief) -> String {
    brief
        .points
        .map_or_else(String::new, |(all, stable)| format!("{all} ({stable}●)"))
}

/// The logarithm of the loss in eighths of a cell; a gap where it is not finite.
fn sparkline(curve: &[(u64, f64)]) -> String {
    let (Some(&(begin, _)), Some(&(end, _))) = (curve.first(), curve.last()) else {
        return String::new();
    };
    let mut columns = [f64::NAN; SPARK_WIDTH];
    for &(step, loss) in curve
        .iter()
        .filter(|(_, loss)| loss.is_finite() && *loss > 0.0)
    {
        let at = (step - begin) as usize * SPARK_WIDTH / (end - begin + 1) as usize;
        columns[at] = loss.ln();
    }
    let finite = columns.iter().copied().filter(|x| x.is_finite());
    let (low, high) = finite.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), x| {
        (low.min(x), high.max(x))
    });
    let spark = |x: &f64| {
        if !x.is_finite() {
            return ' ';
        }
        let share = (x - low) / (high - low).max(f64::MIN_POSITIVE);
        SPARKS[(share * 7.0).round().clamp(0.0, 7.0) as usize]
    };
    columns.iter().map(spark).collect()
}

/// `3 min ago`.
fn ago(then: SystemTime, now: SystemTime) -> String {
    let secs = now.duration_since(then).map_or(0, |since| since.as_secs());
    match secs {
        0..60 => "now".into(),
        60..3600 => format!("{} min", secs / 60),
        3600..86_400 => format!("{} h", secs / 3600),
        _ => format!("{} d", secs / 86_400),
    }
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
            Action::Enter | Action::Select(_) | Action::Own("mark")
        );
        (needs_runs && self.shown(desk).is_empty()).then(|| "there is no run in the list".into())
    }

    fn act(&mut self, action: Action, desk: &mut Desk) -> Option<Effect> {
        match action {
            Action::Select(by) => self.select(by, desk),
            Action::Enter => {
                let shown = self.shown(desk);
                let run = shown.get(self.row_of(&shown))?;
                return Some(Effect::Open(run.dir.clone()));
            }
            Action::Own("filter") => return Some(Effect::AskFilter),
            Action::Own("sort") => self.order = self.order.next(),
            Action::Own("mark") => self.toggle_mark(desk),
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
                if clicked == at {
                    return Some(Effect::Open(run.dir.clone()));
                }
                self.selected = Some(run.name.clone());
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sparklines_fall_with_the_loss_and_leave_gaps() {
        let curve: Vec<(u64, f64)> = (0..160)
            .map(|step| (step, 0.97_f64.powi(step as i32)))
            .collect();
        assert_eq!(sparkline(&curve), "██▇▇▆▆▅▅▄▄▃▃▂▂▁▁");
        let holed: Vec<(u64, f64)> = curve
            .iter()
            .map(|&(step, loss)| {
                (
                    step,
                    if (40..80).contains(&step) {
                        f64::NAN
                    } else {
                        loss
                    },
                )
            })
            .collect();
        assert_eq!(sparkline(&holed).chars().filter(|&c| c == ' ').count(), 4);
        assert_eq!(sparkline(&[]), "");
    }

    #[test]
    fn times_are_short() {
        let now = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000);
        let before = |secs| now - std::time::Duration::from_secs(secs);
        assert_eq!(ago(before(5), now), "now");
        assert_eq!(ago(before(125), now), "2 min");
        assert_eq!(ago(before(7300), now), "2 h");
        assert_eq!(ago(now + std::time::Duration::from_secs(9), now), "now");
    }
}
