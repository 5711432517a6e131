//! What the list shows of a run: its signs, how it stands, numbers, a loss curve in one row.

use std::time::SystemTime;

use tui::text::{Line, Span};
use tui::widgets::Row;

use crate::dashboard::data::RunState;
use crate::dashboard::data::runs::{Brief, Listed};
use crate::dashboard::screen::Desk;
use crate::dashboard::theme::{Ink, Theme, short_number};

/// Cells of a sparkline.
pub(super) const SPARK_WIDTH: usize = 16;
const SPARKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// How a run stands, in a word.
pub(super) fn state(brief: &Brief) -> (&'static str, Ink) {
    match brief.state {
        RunState::Training => ("training", Ink::Accuracy),
        RunState::Interrupted | RunState::Absent => ("interrupted", Ink::Warning),
        RunState::Followed => ("ended", Ink::Stable),
        RunState::Finished => ("finished", Ink::Stable),
        RunState::Diverged(_) => ("diverged", Ink::Saddle),
    }
}

/// Whether a run is marked, in focus, and which of several open runs it is.
pub(super) fn sign(desk: &Desk, run: &Listed, is_marked: bool) -> Line<'static> {
    let of = match (is_marked, run.dir == desk.run.dir) {
        (true, _) => "✓",
        (false, true) => "▸",
        (false, false) => "",
    };
    match desk.open_in(&run.dir).filter(|_| desk.has_several()) {
        None => Line::raw(of),
        Some(open) => Line::from(vec![
            Span::raw(format!("{of:<1}")),
            Span::styled(
                open.letter().to_string(),
                desk.theme.bold(Ink::Run(open.slot)),
            ),
        ]),
    }
}

/// The row of a run in the list.
pub(super) fn cells(
    theme: Theme,
    run: &Listed,
    sign: Line<'static>,
    now: SystemTime,
) -> Row<'static> {
    let mut cells = vec![sign, Line::raw(run.name.clone())];
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
