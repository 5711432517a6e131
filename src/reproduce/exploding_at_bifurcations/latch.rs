//! One neuron that latches, x′ = tanh(w x + b): its gradient where the latch is lost (Doya 1993).
//!
//! With w > 1 and b at its fold b_c two of three fixed points meet. There the state that is settled at changes without bound with b,
//! as |b − b_c|^(−1/2); beyond it nothing is left but a ghost, which takes ever longer to pass, and the state after T steps
//! changes with b as T³ at most.

use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use crate::statistics::Line;

/// Distances from the fold at which the gradient is looked at.
const DISTANCES: [f64; 2] = [1e-7, 1e-4];
/// How many, evenly in logarithms.
const LOOKS: usize = 13;

/// A neuron by its self-weight w > 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Latch {
    pub(super) weight: f64,
}

impl Latch {
    /// `count` neurons with self-weights drawn evenly from 1.3 to 4.
    pub(super) fn drawn(count: usize, seed: u64) -> Vec<Self> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let weights = (0..count).map(|_| rng.random_range(1.3..4.0));
        weights.map(|weight| Self { weight }).collect()
    }

    /// The upper state and the bias of the fold at which it is lost: tanh′ = 1/w, so x_c = √(1 − 1/w) and b_c = artanh x_c − w x_c.
    pub(super) fn fold(self) -> [f64; 2] {
        let x = (1.0 - 1.0 / self.weight).sqrt();
        [x, x.atanh() - self.weight * x]
    }

    /// ∂x*/∂b of the latched state a little above the fold, by its normal form: ½ (w² x_c δ)^(−1/2) at b = b_c + δ.
    pub(super) fn slope_near_fold(self, distance: f64) -> f64 {
        let [x, _] = self.fold();
        0.5 / (self.weight * self.weight * x * distance).sqrt()
    }

    /// State after `steps` steps from a start, and its derivative with respect to b.
    pub(super) fn run(self, bias: f64, start: f64, steps: usize) -> [f64; 2] {
        let (mut x, mut slope) = (start, 0.0);
        for _ in 0..steps {
            x = (self.weight * x + bias).tanh();
            slope = (1.0 - x * x) * (self.weight * slope + 1.0);
        }
        [x, slope]
    }

    /// The logarithmic slope of the gradient against the distance from the fold, and the pairs `[distance, gradient]` that it is
    /// fitted to. The state is run until it is settled.
    pub(super) fn divergence(self) -> (f64, Vec<[f64; 2]>) {
        let [x, bias] = self.fold();
        let points: Vec<[f64; 2]> = spread(DISTANCES, LOOKS)
            .map(|distance| {
                // Deviations relax by 2 (x_c δ)^(1/2) a step, which is 1/w over the slope.
                let steps = 40.0 * self.weight * self.slope_near_fold(distance);
                let [_, slope] = self.run(bias + distance, x + 0.1 * (1.0 - x), steps as usize);
                [distance, slope]
            })
            .collect();
        (logarithmic_slope(&points), points)
    }

    /// Largest ∂x_T/∂b over all b, of a state that begins latched, for each T; and its logarithmic slope against T.
    ///
    /// 1. It is where the state is on its way from the ghost after T steps. By the normal form, δ/w + w x_c (x − x_c)² a step, the
    ///    passage takes π/(x_c δ)^(1/2) steps: b_c − b is sought between a quarter of (π/T)²/x_c and four times that, at 25 places.
    /// 2. What is between the neighbours of the best place is divided again, eight times.
    pub(super) fn growth(self, times: &[usize]) -> (f64, Vec<[f64; 2]>) {
        let points: Vec<[f64; 2]> = times
            .iter()
            .map(|&time| [time as f64, self.largest_slope(time)])
            .collect();
        (logarithmic_slope(&points), points)
    }

    fn largest_slope(self, time: usize) -> f64 {
        let [x, bias] = self.fold();
        let unit = (std::f64::consts::PI / time as f64).powi(2) / x;
        let slope = |units: f64| self.run(bias - units * unit, 1.0, time)[1];
        let mut ends = [0.25, 4.0];
        let mut largest = f64::NEG_INFINITY;
        for _ in 0..8 {
            let looks: Vec<[f64; 2]> = spread(ends, 25).map(|u| [u, slope(u)]).collect();
            let best = (0..looks.len())
                .max_by(|&a, &b| looks[a][1].total_cmp(&looks[b][1]))
                .unwrap_or(0);
            largest = looks[best][1].max(largest);
            ends = [
                looks[best.saturating_sub(1)][0],
                looks[(best + 1).min(looks.len() - 1)][0],
            ];
        }
        largest
    }
}

/// Numbers between two, evenly in logarithms, both included.
pub(super) fn spread([from, to]: [f64; 2], count: usize) -> impl Iterator<Item = f64> {
    let last = count.saturating_sub(1).max(1) as f64;
    (0..count).map(move |place| from * (to / from).powf(place as f64 / last))
}

/// The slope of a line through the logarithms of points.
pub(super) fn logarithmic_slope(points: &[[f64; 2]]) -> f64 {
    let logarithms: Vec<[f64; 2]> = points.iter().map(|of| of.map(f64::ln)).collect();
    Line::fitted(&logarithms).slope
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn at_the_fold_the_state_rests_and_its_multiplier_is_one() {
        for weight in [1.2, 2.0, 5.0] {
            let latch = Latch { weight };
            let [x, bias] = latch.fold();
            let [next, slope] = latch.run(bias, x, 1);
            assert!((next - x).abs() < 1e-14);
            assert!((weight * slope - 1.0).abs() < 1e-13, "{slope}");
        }
    }

    #[test]
    fn the_normal_form_is_the_limit_of_the_settled_slope() {
        // Of the settled state itself: ∂x/∂b = tanh′/(1 − w tanh′).
        let latch = Latch { weight: 2.0 };
        let [x, bias] = latch.fold();
        for distance in [1e-6, 1e-8] {
            let [settled, _] = latch.run(bias + distance, 1.0, 2_000_000);
            let gain = 1.0 - settled * settled;
            let exact = gain / (1.0 - latch.weight * gain);
            let ratio = latch.slope_near_fold(distance) / exact;
            assert!((ratio - 1.0).abs() < 5.0 * distance.sqrt(), "{ratio}");
            assert!(settled > x);
        }
    }

    #[test]
    fn the_derivative_is_that_of_finite_differences() {
        let latch = Latch { weight: 1.7 };
        let [_, bias] = latch.fold();
        let at = |by: f64| latch.run(bias - 0.01 + by, 1.0, 30);
        let numeric = (at(1e-6)[0] - at(-1e-6)[0]) / 2e-6;
        assert!((at(0.0)[1] / numeric - 1.0).abs() < 1e-5);
    }

    #[test]
    fn points_of_a_power_have_its_exponent() {
        let points: Vec<[f64; 2]> = spread([0.1, 10.0], 5)
            .map(|x| [x, 3.0 * x.powf(-0.5)])
            .collect();
        assert!((points[4][0] - 10.0).abs() < 1e-12);
        assert!((logarithmic_slope(&points) + 0.5).abs() < 1e-12);
    }
}
