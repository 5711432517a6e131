//! The way in the state space: the first two components of the run's fixed projection, with the fixed points.

use tui::buffer::Buffer;
use tui::style::Modifier;

use super::Arena;
use crate::dashboard::data::Point;
use crate::dashboard::data::rooms::{Moment, Way};
use crate::dashboard::plot::{Dash, Plot};
use crate::dashboard::screen::{Desk, Pane};
use crate::dashboard::theme::Ink;

/// Draws the states along the way on screen.
pub(super) fn draw(arena: &Arena, pane: Pane, desk: &Desk, buffer: &mut Buffer) {
    let shown = arena.shown(desk);
    let way = shown.as_ref().and_then(|shown| shown.way);
    let condition = desk.run.condition().filter(|_| way.is_some());
    let condition = condition.map_or_else(String::new, |name| format!(" · points of {name}"));
    let inner = pane.frame(desk, format!("states · PC 1, 2{condition}"), buffer);
    let Some((way, shown)) = way.zip(shown) else {
        return Arena::say_why_empty(
            (pane, desk),
            |rooms| rooms.ways.as_ref().err(),
            inner,
            buffer,
        );
    };
    let points = desk.run.points();
    let view = View::around(&shown.ways, points);
    let mut plot = Plot::square(desk.theme, inner, view.radius);
    let until = arena.time_in(way) + 1;
    let (past, to_come) = way.moments.split_at(until.min(way.moments.len()));
    let line = |plot: &mut Plot, moments: &[Moment], ink, dash| {
        for pair in moments.windows(2) {
            plot.line(view.place(pair[0].at), view.place(pair[1].at), ink, dash);
        }
    };
    line(&mut plot, to_come, Ink::Trajectory, Dash::Dotted);
    line(&mut plot, past, Ink::Accuracy, Dash::Solid);
    for point in points {
        let (x, y) = view.place((point.stored[0], point.stored[1]));
        let style = desk.theme.kind(point.kind).add_modifier(Modifier::BOLD);
        plot.text(x, y, desk.theme.point(point.kind, point.n_unstable), style);
    }
    if let Some(here) = past.last() {
        let (x, y) = view.place(here.at);
        let style = desk
            .theme
            .bold(Ink::Accuracy)
            .add_modifier(Modifier::REVERSED);
        plot.text(x, y, "@", style);
    }
    plot.render(buffer);
}

/// What part of the plane is seen.
struct View {
    centre: (f64, f64),
    radius: f64,
}

impl View {
    /// The square around all ways and fixed points, so that it stays from way to way.
    fn around(ways: &[&Way], points: &[Point]) -> Self {
        let of_ways = ways.iter().flat_map(|way| &way.moments);
        let of_ways = of_ways.map(|moment| moment.at);
        let of_points = points
            .iter()
            .map(|point| (point.stored[0], point.stored[1]));
        let mut ends = [
            f64::INFINITY,
            f64::NEG_INFINITY,
            f64::INFINITY,
            f64::NEG_INFINITY,
        ];
        for (x, y) in of_ways.chain(of_points) {
            if x.is_finite() && y.is_finite() {
                ends = [
                    ends[0].min(x),
                    ends[1].max(x),
                    ends[2].min(y),
                    ends[3].max(y),
                ];
            }
        }
        if ends[0] > ends[1] {
            return Self {
                centre: (0.0, 0.0),
                radius: 1.0,
            };
        }
        let half = 0.5 * (ends[1] - ends[0]).max(ends[3] - ends[2]);
        Self {
            centre: (
                f64::midpoint(ends[0], ends[1]),
                f64::midpoint(ends[2], ends[3]),
            ),
            radius: if half > 0.0 { 1.1 * half } else { 1.0 },
        }
    }

    fn place(&self, (x, y): (f64, f64)) -> (f64, f64) {
        (x - self.centre.0, y - self.centre.1)
    }
}
