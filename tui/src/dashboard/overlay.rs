//! What opens over a screen: the help, the palette of commands, a line to type in, a question.

use tui::buffer::Buffer;
use tui::layout::Rect;
use tui::style::{Modifier, Style};
use tui::text::{Line, Span};
use tui::widgets::{Block, Clear, Paragraph, Widget as _};

use super::keys::{Action, Binding, Section, label};
use super::screen::{message, wrapped_height};
use super::theme::{Ink, Theme};

/// Width of the column of keys, in cells.
const KEYS_WIDTH: usize = 12;
/// Width of one column of the help, in cells.
const COLUMN_WIDTH: u16 = 46;

/// What is open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Overlay {
    Help {
        /// Rows scrolled past.
        scroll: u16,
    },
    Palette {
        text: String,
        selected: usize,
    },
    Prompt {
        purpose: Purpose,
        text: String,
    },
    Question(Question),
}

/// What a typed text is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// A note at this step.
    Note(u64),
    /// The filter of a list.
    Filter,
}

/// What is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Question {
    /// Whether training goes on without the dashboard.
    KeepTraining,
    /// Whether to trace between two steps more finely.
    ZoomRun { from_step: u64, to_step: u64 },
}

impl Question {
    /// The question with its answers.
    pub(crate) fn text(self) -> String {
        match self {
            Self::KeepTraining => "Training is still going on.\n\n  \
                k  keep training, close the dashboard\n  \
                s  stop training cleanly, close the dashboard\n  \
                Esc  stay"
                .into(),
            Self::ZoomRun { from_step, to_step } => format!(
                "Train again from step {from_step} to {to_step}, the same way, with a checkpoint at every step?\n\n  \
                 y  start it and open that run\n  \
                 Esc  not now"
            ),
        }
    }
}

/// The rows of the palette that match a text, the best first.
pub(crate) fn matching<'a>(sections: &'a [Section], text: &str) -> Vec<&'a Binding> {
    let words: Vec<String> = text
        .to_lowercase()
        .split_whitespace()
        .map(str::to_owned)
        .collect();
    let rows = sections.iter().flat_map(|(_, rows)| rows);
    rows.filter(|row| {
        let does = row.does.to_lowercase();
        words
            .iter()
            .all(|word| does.contains(word) || row.keys.contains(&word.as_str()))
    })
    .collect()
}

/// Draws what is open; `why_not` says why a row of the table can do nothing now.
pub(crate) fn draw(
    overlay: &Overlay,
    theme: Theme,
    sections: &[Section],
    why_not: &dyn Fn(Action) -> Option<String>,
    buffer: &mut Buffer,
) {
    let area = buffer.area;
    match overlay {
        Overlay::Help { scroll } => help(theme, sections, *scroll, area, buffer),
        Overlay::Palette { text, selected } => {
            let rows = matching(sections, text);
            palette(theme, text, *selected, &rows, why_not, area, buffer);
        }
        Overlay::Prompt { purpose, text } => {
            let title = match purpose {
                Purpose::Note(step) => format!("note at step {step} (empty: no mark)"),
                Purpose::Filter => "show only (name, state, curriculum)".into(),
            };
            let place = centred(area, 60, 3);
            let inner = window(&title, "Enter keeps · Esc leaves", place, buffer);
            Line::from(vec![
                Span::raw(text.as_str()),
                Span::styled(" ", Modifier::REVERSED),
            ])
            .render(inner, buffer);
        }
        Overlay::Question(question) => {
            let text = question.text();
            let width = 58.min(area.width.saturating_sub(2));
            let height = text
                .lines()
                .map(|line| wrapped_height(line, width - 2).max(1))
                .sum::<u16>();
            let place = centred(area, width, height + 2);
            let inner = window("", "", place, buffer);
            message(inner, &text, Style::new(), buffer);
        }
    }
}

fn centred(area: Rect, width: u16, height: u16) -> Rect {
    let (width, height) = (width.min(area.width), height.min(area.height));
    Rect {
        x: area.x + (area.width - width) / 2,
        y: area.y + (area.height - height) / 2,
        width,
        height,
    }
}

fn window(title: &str, foot: &str, place: Rect, buffer: &mut Buffer) -> Rect {
    let bold = Style::new().add_modifier(Modifier::BOLD);
    let text = |text: &str| match text {
        "" => Line::default(),
        text => Line::styled(format!(" {text} "), bold),
    };
    let block = Block::bordered()
        .title(text(title))
        .title_bottom(text(foot));
    let inner = block.inner(place);
    Clear.render(place, buffer);
    block.render(place, buffer);
    inner
}

fn keys_of(row: &Binding) -> String {
    row.keys
        .iter()
        .map(|key| label(key))
        .collect::<Vec<_>>()
        .join(" ")
}

/// All rows of the help, as they stand below each other.
fn help_lines(theme: Theme, sections: &[Section]) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    for (heading, rows) in sections.iter().filter(|(_, rows)| !rows.is_empty()) {
        if !lines.is_empty() {
            lines.push(Line::default());
        }
        lines.push(Line::styled(heading.to_uppercase(), theme.bold(Ink::Event)));
        lines.extend(rows.iter().map(|row| {
            let keys = format!("{:<KEYS_WIDTH$} ", keys_of(row));
            Line::from(vec![
                Span::styled(keys, Modifier::BOLD),
                Span::raw(row.does),
            ])
        }));
    }
    lines
}

/// Columns of the help, and rows in each.
fn help_shape(count: usize, area: Rect) -> (u16, u16) {
    let room = area.height.saturating_sub(2).max(1);
    let columns = ((area.width.saturating_sub(2)) / COLUMN_WIDTH).clamp(1, 3);
    let needed = (count as u16).div_ceil(room).clamp(1, columns);
    (needed, (count as u16).div_ceil(needed).min(room))
}

fn help(theme: Theme, sections: &[Section], scroll: u16, area: Rect, buffer: &mut Buffer) {
    let lines = help_lines(theme, sections);
    let (columns, rows) = help_shape(lines.len(), area);
    let overflow = (lines.len() as u16).saturating_sub(columns * rows);
    let place = centred(area, columns * COLUMN_WIDTH + 3, rows + 2);
    let foot = if overflow > 0 {
        "↓ more · ? or Esc closes"
    } else {
        "? or Esc closes"
    };
    let inner = window("keys", foot, place, buffer);
    let shown: Vec<Line> = lines
        .into_iter()
        .skip(usize::from(scroll.min(overflow)))
        .collect();
    for (column, chunk) in shown
        .chunks(usize::from(rows).max(1))
        .take(usize::from(columns))
        .enumerate()
    {
        let place = Rect {
            x: inner.x + 1 + column as u16 * COLUMN_WIDTH,
            width: COLUMN_WIDTH.min(inner.width.saturating_sub(1 + column as u16 * COLUMN_WIDTH)),
            ..inner
        };
        Paragraph::new(chunk.to_vec()).render(place, buffer);
    }
}

fn palette(
    theme: Theme,
    text: &str,
    selected: usize,
    rows: &[&Binding],
    why_not: &dyn Fn(Action) -> Option<String>,
    area: Rect,
    buffer: &mut Buffer,
) {
    let place = centred(area, 70, 18);
    let inner = window("commands", "Enter does it · Esc leaves", place, buffer);
    if inner.height == 0 {
        return;
    }
    let prompt = Line::from(vec![
        Span::styled(":", Modifier::BOLD),
        Span::raw(text),
        Span::styled(" ", Modifier::REVERSED),
    ]);
    prompt.render(Rect { height: 1, ..inner }, buffer);
    let room = usize::from(inner.height - 1);
    let first = (selected + 1).saturating_sub(room);
    for (number, row) in rows.iter().enumerate().skip(first).take(room) {
        let line = Rect {
            y: inner.y + 1 + (number - first) as u16,
            height: 1,
            ..inner
        };
        let reason = why_not(row.action);
        let style = if reason.is_some() {
            theme.style(Ink::Faint)
        } else {
            Style::new()
        };
        let reason = reason.map_or_else(String::new, |reason| format!(" · {reason}"));
        let spans = vec![
            Span::styled(
                format!("{:<KEYS_WIDTH$} ", keys_of(row)),
                style.add_modifier(Modifier::BOLD),
            ),
            Span::styled(row.does, style),
            Span::styled(reason, theme.style(Ink::Faint)),
        ];
        Line::from(spans).render(line, buffer);
        if number == selected {
            buffer.set_style(line, Modifier::REVERSED);
        }
    }
    if rows.is_empty() {
        let line = Rect {
            y: inner.y + 1,
            height: 1.min(inner.height - 1),
            ..inner
        };
        message(
            line,
            "no command has these words",
            theme.style(Ink::Faint),
            buffer,
        );
    }
}
