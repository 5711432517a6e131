//! What is known of the checkpoints beside the accuracy of training: probe tasks, scores in grid rooms, and what is decoded
//! from states that nothing was perceived in.

use tui::buffer::Buffer;
use tui::layout::Rect;

use super::right_of_gutter;
use crate::dashboard::curves::Axis;
use crate::dashboard::data::store::Store;
use crate::dashboard::plot::{Dash, Plot};
use crate::dashboard::screen::Desk;
use crate::dashboard::theme::Ink;

/// Steps in which nothing is perceived, after which it is asked what the states still tell.
const RELAXED: u32 = 100;
/// The least a score can be.
const LEAST_SCORE: f64 = -1.0;

/// A quantity at the checkpoints.
struct Curve {
    name: String,
    /// Step and value.
    places: Vec<(f64, f64)>,
    ink: Ink,
}

fn all(data: &Store) -> Vec<Curve> {
    let curve = |name: String, places, ink| Curve { name, places, ink };
    let probes = data.evaluations().into_iter();
    let probes = probes.map(|(name, places)| curve(name.to_owned(), places, Ink::Repeller));
    let rooms = data.scores().into_iter();
    let rooms = rooms.map(|(name, places)| curve(format!("score {name}"), places, Ink::Marginal));
    let position = data.relaxed(RELAXED, |row| row.position_r2);
    let wall = data.relaxed(RELAXED, |row| row.last_wall);
    let relaxed = [
        curve(
            format!("position R² after {RELAXED}"),
            position,
            Ink::Stable,
        ),
        curve(format!("last wall after {RELAXED}"), wall, Ink::Stable),
    ];
    let relaxed = relaxed.into_iter().filter(|of| !of.places.is_empty());
    probes.chain(rooms).chain(relaxed).collect()
}

/// The least score, not less than a score can be; 0 where there is none.
pub(super) fn least(desk: &Desk) -> f64 {
    let scores = desk.run.data.scores();
    let values = scores.values().flatten().map(|(_, score)| *score);
    values.fold(0.0, f64::min).max(LEAST_SCORE)
}

/// Draws them, each with its name along it.
pub(super) fn draw(desk: &Desk, axis: Axis, area: Rect, buffer: &mut Buffer) {
    let picture = right_of_gutter(area);
    if picture.width < 2 || picture.height < 2 {
        return;
    }
    let timeline = &desk.run.timeline;
    let range = (axis.low, axis.high);
    let mut plot = Plot::new(desk.theme, picture, timeline.view(), range);
    let curves = all(&desk.run.data);
    for (number, curve) in curves.iter().enumerate() {
        let places = curve.places.iter();
        let places = places.map(|&(step, value)| (timeline.place_of(step), value));
        let places: Vec<(f64, f64)> = places.collect();
        for pair in places.windows(2) {
            plot.line(pair[0], pair[1], curve.ink, Dash::Dashed);
        }
        // Names take turns along the curves, so that they do not lie on each other.
        // They begin in the first two thirds, so that they end in the picture.
        let at = 2 * places.len() * (number + 1) / (3 * (curves.len() + 1));
        if let Some(&(x, value)) = places.get(at) {
            plot.text(x, value, curve.name.as_str(), desk.theme.style(curve.ink));
        }
    }
    plot.render(buffer);
}
