//! All fixed points of a map of your own, with a proof that there are no others: `cargo run --example fixed_points_of_a_map`.
//!
//! Two units excite themselves and, less, each other: x → tanh(2x + y/2), y → tanh(x/2 + 2y). The formula is written once
//! over any `Scalar`: read in numbers it is a step, in jets it gives derivatives, in intervals it encloses boxes.

use creode::calculus::{Bound, Interval, Jet, Scalar, Smooth};
use creode::dynamics::points::search::{SearchLimits, search};
use creode::dynamics::points::starts::simulated;
use creode::map::Map;
use faer::MatMut;

/// Weights of a unit on itself and on the other.
const WEIGHTS: (f64, f64) = (2.0, 0.5);

struct TwoMemories;

/// What goes into each unit.
fn drives<S: Scalar>(state: &[S]) -> [S; 2] {
    let (own, other) = WEIGHTS;
    [
        state[0].scaled(own) + state[1].scaled(other),
        state[0].scaled(other) + state[1].scaled(own),
    ]
}

fn next<S: Scalar>(state: &[S]) -> Vec<S> {
    drives(state).map(S::tanh).to_vec()
}

/// The Jacobian, row by row.
fn slopes<S: Smooth>(state: &[S]) -> Vec<S> {
    let (own, other) = WEIGHTS;
    let [a, b] = drives(state).map(S::sech_squared);
    vec![
        a.scaled(own),
        a.scaled(other),
        b.scaled(other),
        b.scaled(own),
    ]
}

impl Map for TwoMemories {
    fn dim(&self) -> usize {
        2
    }

    fn step(&self, point: &[f64], out: &mut [f64]) {
        out.copy_from_slice(&next(point));
    }

    fn jacobian(&self, point: &[f64], mut out: MatMut<'_, f64>) {
        for (place, slope) in slopes(point).into_iter().enumerate() {
            out[(place / 2, place % 2)] = slope;
        }
    }

    fn jet(&self, curve: &[Jet]) -> Vec<Jet> {
        next(curve)
    }

    // With this each point gets a certificate,
    fn bounds(&self, state: &[Bound]) -> Option<Vec<Bound>> {
        Some(next(state))
    }

    // with these the whole list is proved: nothing leaves the box |x| ≤ 1, and every part of it can be enclosed.
    fn trapping_box(&self) -> Option<Vec<f64>> {
        Some(vec![1.0; 2])
    }

    fn image_of_box(&self, region: &[Interval]) -> Option<Vec<Interval>> {
        Some(next(region))
    }

    fn jacobian_over_box(&self, region: &[Interval]) -> Option<Vec<Interval>> {
        Some(slopes(region))
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let starts = simulated(&TwoMemories, 64, 0.5, 1);
    let found = search(&TwoMemories, &[], &starts, SearchLimits::default())?;
    for point in &found.fixed_points {
        let radius = point.certificate.map_or(f64::NAN, |proof| proof.radius);
        println!(
            "({:+.6}, {:+.6})  {:12} q {:.1e}, within {radius:.1e}",
            point.state[0],
            point.state[1],
            point.kind().name(),
            point.q
        );
    }
    println!(
        "{} fixed points, {}, index sum {}",
        found.fixed_points.len(),
        found.complete.name(),
        found.index_sum()
    );
    Ok(())
}
