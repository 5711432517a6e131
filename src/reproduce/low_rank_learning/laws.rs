//! What is measured on linear networks, to be held against the theory.

use faer::Mat;
use faer::linalg::solvers::SolveLstsq as _;

use super::linear::LinearNetwork;
use super::theory::{self, beta};

/// Learning rates times β², and targets, as the authors have them; the first target is added, so small that the first terms
/// of the series are all there is.
pub(super) const TARGETS: [(f64, f64); 4] =
    [(0.1, 0.015), (0.5, 0.015), (1.0, 0.009), (2.0, 0.003)];
/// The target whose series is looked at.
pub(super) const SERIES_TARGET: f64 = 0.5;
/// Steps of the authors.
const STEPS: usize = 200;
/// Steps after which a network that has not converged is given up.
const MOST_STEPS: usize = 600;
/// Share of the loss at which training counts as converged.
const SMALL: f64 = 0.05;
/// Steps in which the series is looked at.
const FINE_STEPS: usize = 60;
/// Highest power of τ̃ that is fitted.
const HIGHEST_POWER: i32 = 6;

/// One network trained towards one target.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Descent {
    /// ẑ.
    pub(super) target: f64,
    /// [τ̃, z, s₁, s₂] every 10 steps, later every 50.
    pub(super) curve: Vec<[f64; 4]>,
    /// Learning time τ at which the loss falls below 5 % of that before training; NaN if it does not.
    pub(super) convergence: f64,
    /// Largest singular value of ΔW after training.
    pub(super) size: f64,
    /// Loss with shuffled W₀ after training, over that before training.
    pub(super) shuffled: f64,
}

/// Coefficients of τ̃³, each over that of the theory: of the output, and of both singular values of ΔW.
pub(super) type ThirdOrder = [f64; 3];

/// What is seen of linear networks of one seed, for each gain.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Laws {
    /// g.
    pub(super) gain: f64,
    /// One for each of [`TARGETS`].
    pub(super) descents: Vec<Descent>,
    /// Of [`SERIES_TARGET`].
    pub(super) third_order: ThirdOrder,
}

impl Laws {
    /// Draws a network, trains it towards each target, and looks at the beginning once more in small steps.
    pub(super) fn of(units: usize, gain: f64, seed: u64) -> Self {
        let network = LinearNetwork::new(units, gain, seed);
        let descents = TARGETS
            .iter()
            .map(|&(target, rate)| Descent::of(&network, gain, target, rate));
        Self {
            gain,
            descents: descents.collect(),
            third_order: third_order(&network, gain, SERIES_TARGET),
        }
    }
}

impl Descent {
    /// Trains for the authors' number of steps or until the loss is small, whichever is later, but not for ever.
    fn of(network: &LinearNetwork, gain: f64, target: f64, scaled_rate: f64) -> Self {
        let rate = scaled_rate / beta(gain).powi(2);
        let mut training = network.training(target, rate);
        let mut curve = vec![[0.0; 4]];
        let mut convergence = f64::NAN;
        // Distance from the target at which the loss is small.
        let near = target * SMALL.sqrt();
        for step in 1..=MOST_STEPS {
            let before = target - training.output();
            training.step();
            let after = target - training.output();
            if convergence.is_nan() && after.abs() < near {
                let part = (before - near) / (before - after);
                convergence = rate * ((step - 1) as f64 + part);
            }
            let every = if step <= 100 { 10 } else { 50 };
            if step <= STEPS && step.is_multiple_of(every) {
                let [first, second] = training.change().singular_values();
                let time = scaled_rate * step as f64;
                curve.push([time, training.output(), first, second]);
            }
            if step >= STEPS && convergence.is_finite() {
                break;
            }
        }
        let left = network.shuffled_output(training.change()) / target;
        Self {
            target,
            curve,
            convergence,
            size: training.change().singular_values()[0],
            shuffled: (1.0 - left).powi(2),
        }
    }
}

/// Measures coefficients of τ̃³, over those of the theory.
///
/// 1. Training in small steps gives z, s₁ and s₂ at times τ̃ up to 0.4/√(1 + 8ẑ²β), where the series converge fast. The unit of
///    τ̃ is the network's own, with what stands for β² measured, or the deviations of the first order would hide the third.
/// 2. Least squares fit powers of τ̃ up to the sixth, from the first on, of s₂ from the third on.
fn third_order(network: &LinearNetwork, gain: f64, target: f64) -> ThirdOrder {
    let beta = beta(gain);
    let end = 0.4 / (1.0 + 8.0 * target * target * beta).sqrt();
    let step = end / FINE_STEPS as f64;
    let mut training = network.training(target, step / network.speed());
    let mut seen: [Vec<[f64; 2]>; 3] = Default::default();
    for number in 1..=FINE_STEPS {
        training.step();
        if number.is_multiple_of(3) {
            let [first, second] = training.change().singular_values();
            // The n-th Euler step of a decay has gone as far as the flow has after −n ln(1 − step).
            let time = -(number as f64) * (-step).ln_1p();
            for (seen, value) in seen.iter_mut().zip([training.output(), first, second]) {
                seen.push([time, value]);
            }
        }
    }
    let expected = [
        theory::output(target, gain)[2],
        theory::first_singular_value(target, gain)[2],
        theory::second_singular_value(target),
    ];
    std::array::from_fn(|which| {
        let lowest = if which == 2 { 3 } else { 1 };
        coefficient(&seen[which], lowest..=HIGHEST_POWER, 3) / expected[which]
    })
}

/// The coefficient of xᵏ in the sum of powers that fits points [x, y] best.
fn coefficient(points: &[[f64; 2]], powers: std::ops::RangeInclusive<i32>, of: i32) -> f64 {
    let last = points.last().map_or(1.0, |point| point[0]);
    let lowest = *powers.start();
    let matrix = Mat::from_fn(points.len(), powers.count(), |row, power| {
        (points[row][0] / last).powi(lowest + power as i32)
    });
    let values = Mat::from_fn(points.len(), 1, |row, _| points[row][1]);
    let fitted = matrix.qr().solve_lstsq(values);
    fitted[((of - lowest) as usize, 0)] / last.powi(of)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_coefficient_of_a_known_sum_is_found() {
        let points: Vec<[f64; 2]> = (1..30)
            .map(|k| {
                let x = 0.01 * f64::from(k);
                [x, 2.0 * x - 0.5 * x * x + 7.0 * x.powi(3) - x.powi(6)]
            })
            .collect();
        assert!((coefficient(&points, 1..=6, 3) - 7.0).abs() < 1e-6);
    }
}
