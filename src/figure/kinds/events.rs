//! How bifurcations look: a marker and a colour for each kind.

use crate::figure::plot::{Lane, Mark, Series};
use crate::figure::scene::{Colour, Glyph};
use crate::trace::rows::EventRow;

/// Short name, name, marker and colour of each kind, in the order in which they are drawn; the last is of all others.
const KINDS: [(&str, &str, Glyph, Colour); 7] = [
    ("LP", "fold (LP)", Glyph::Triangle, Colour::ORANGE),
    ("BP", "branch point (BP)", Glyph::Square, Colour::PURPLE),
    ("PD", "period doubling (PD)", Glyph::Funnel, Colour::GREEN),
    ("NS", "Neimark–Sacker (NS)", Glyph::Diamond, Colour::SKY),
    ("BC", "border collision (BC)", Glyph::Cross, Colour::INK),
    ("INF", "point to infinity (INF)", Glyph::Plus, Colour::INK),
    ("?", "other", Glyph::Disc, Colour::INK),
];

/// Training step of a bifurcation, by its position between the checkpoints.
pub(super) fn step(event: &EventRow) -> f64 {
    let (from, to) = (event.from_step as f64, event.to_step as f64);
    from + event.position * (to - from)
}

fn place(kind: &str) -> usize {
    let known = KINDS.iter().position(|of| of.0 == kind);
    known.unwrap_or(KINDS.len() - 1)
}

/// The bifurcations, each at a place, sorted by kind.
fn by_kind<T>(events: &[EventRow], at: impl Fn(&EventRow) -> T) -> [Vec<T>; KINDS.len()] {
    let mut found = std::array::from_fn(|_| Vec::new());
    for event in events {
        found[place(&event.kind)].push(at(event));
    }
    found
}

/// A row of markers for each kind that there is, at horizontal places.
pub(super) fn lanes(events: &[EventRow], at: impl Fn(&EventRow) -> f64) -> Vec<Lane> {
    let of_kinds = KINDS.iter().zip(by_kind(events, at));
    let lane = |(&(name, about, glyph, colour), at)| Lane {
        name: String::from(name),
        about: String::from(about),
        glyph,
        colour,
        at,
    };
    of_kinds
        .filter(|(_, at)| !at.is_empty())
        .map(lane)
        .collect()
}

/// A series of markers for each kind that there is, at places in a plot.
pub(super) fn series(events: &[EventRow], at: impl Fn(&EventRow) -> [f64; 2]) -> Vec<Series> {
    let of_kinds = KINDS.iter().zip(by_kind(events, at));
    of_kinds
        .filter(|(_, at)| !at.is_empty())
        .map(|(&(_, about, glyph, colour), at)| Series::new(about, Mark::Small(glyph), colour, at))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_kinds_look_alike_in_colour_and_shape() {
        for (i, a) in KINDS.iter().enumerate() {
            for b in &KINDS[..i] {
                assert!(a.2 != b.2, "{} and {} have one shape", a.0, b.0);
                let is_ink = a.3 == Colour::INK && b.3 == Colour::INK;
                assert!(a.3 != b.3 || is_ink, "{} and {} have one colour", a.0, b.0);
            }
        }
    }
}
