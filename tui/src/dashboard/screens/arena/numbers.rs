//! The numbers of a checkpoint: how well the network finds its way, and what it keeps of position and last wall after steps in
//! which nothing is perceived.

use creode::trace::rows::{RelaxationRow, ScoreRow};
use tui::buffer::Buffer;
use tui::layout::Rect;
use tui::style::Style;
use tui::text::Line;
use tui::widgets::Widget as _;

use super::chosen::Shown;
use super::{Arena, Now};
use crate::dashboard::data::Summary;
use crate::dashboard::data::rooms::{Moment, Rooms};
use crate::dashboard::screen::{Desk, Pane};
use crate::dashboard::theme::fitted;

/// Steps under the null drive whose numbers are shown, of those that were kept.
const RELAXED: [u32; 4] = [0, 10, 50, 100];

/// Draws the numbers, two parts a line where there is room.
pub(super) fn draw(arena: &Arena, pane: Pane, desk: &Desk, buffer: &mut Buffer) {
    let inner = pane.frame(desk, "numbers", buffer);
    let rooms = match Arena::now(desk) {
        Now::Rooms(rooms) => Some(rooms),
        _ => None,
    };
    let frame = desk.run.timeline.frame();
    let summary = frame.and_then(|frame| desk.run.data.summaries.get(&frame.checkpoint));
    let parts = parts(arena, rooms, summary);
    if parts.is_empty() {
        return Arena::say_why_empty((pane, desk), |_| None, inner, buffer);
    }
    render(&parts, inner, buffer);
}

fn parts(arena: &Arena, rooms: Option<&Rooms>, summary: Option<&Summary>) -> Vec<String> {
    let shown = rooms.and_then(|rooms| arena.chosen.of(rooms));
    let mut parts = Vec::new();
    if let Some(summary) = summary {
        let name = shown.as_ref().map(|shown| shown.name);
        let score = summary
            .scores
            .iter()
            .find(|row| name.is_none_or(|name| row.room == name));
        parts.extend(score.into_iter().flat_map(of_score));
        parts.extend(of_relaxations(&summary.relaxations));
    }
    parts.extend(shown.and_then(|shown| of_moment(arena, &shown)));
    parts
}

fn of_score(row: &ScoreRow) -> [String; 4] {
    [
        format!("{}: score {:.2}", row.room, row.score),
        format!("shortest way {:.2}", row.score_shortest),
        format!("arrived {:.0} %", 100.0 * row.arrived),
        format!("floor {:.2}, ceiling {:.2}", row.floor, row.ceiling),
    ]
}

/// Position and last wall after some steps; those of the first constant input.
fn of_relaxations(rows: &[RelaxationRow]) -> Vec<String> {
    let Some(first) = rows.first() else {
        return Vec::new();
    };
    let own = rows.iter().filter(|row| row.condition == first.condition);
    let shown: Vec<&RelaxationRow> = own.filter(|row| RELAXED.contains(&row.relaxed)).collect();
    let list = |of: &dyn Fn(&RelaxationRow) -> String| {
        let all: Vec<String> = shown.iter().map(|row| of(row)).collect();
        all.join(" ")
    };
    let position = list(&|row| short(row.position_r2));
    let steps = list(&|row| row.relaxed.to_string());
    let wall = list(&|row| short(row.last_wall));
    vec![
        format!("R² {position} after {steps}"),
        format!("last wall {wall}, chance {}", short(first.last_wall_chance)),
    ]
}

/// `.93`, `-.2`.
fn short(x: f64) -> String {
    format!("{x:.2}").replacen("0.", ".", 1)
}

/// What happens at the time on screen.
fn of_moment(arena: &Arena, shown: &Shown) -> Option<String> {
    let way = shown.way?;
    let moment: &Moment = way.moments.get(arena.time_in(way))?;
    let chosen = moment.chosen.map_or("?", |chosen| chosen.name());
    let wall = if moment.collided { " into a wall" } else { "" };
    Some(format!(
        "t {}: row {} column {}, {chosen}{wall}, reward {:.2}, clock {}",
        arena.time_in(way),
        moment.cell.0,
        moment.cell.1,
        moment.reward,
        moment.clock
    ))
}

/// Puts as many parts into a line as fit, with a line for each that would be broken.
fn render(parts: &[String], area: Rect, buffer: &mut Buffer) {
    let width = usize::from(area.width);
    let mut lines: Vec<String> = Vec::new();
    for part in parts {
        let length = part.chars().count();
        match lines.last_mut() {
            Some(last) if last.chars().count() + 3 + length <= width => {
                *last += " · ";
                *last += part;
            }
            _ => lines.push(part.clone()),
        }
    }
    for (row, line) in area.rows().zip(&lines) {
        Line::styled(fitted(line, area.width), Style::new()).render(row, buffer);
    }
}
