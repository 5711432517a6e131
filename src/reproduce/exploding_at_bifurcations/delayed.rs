//! Delayed activation in one dimension: abrupt learning by a ghost, without any bifurcation (Dinc et al. 2025).
//!
//! x′ = x² + r from −∞; for r > 0 there is no fixed point but a ghost at 0, and x = −√r cot(√r t) passes it. The output is a sigmoid
//! of x that must be 0 before a time T and 1 behind it; the one parameter r falls from large values to (π/(T + 1))². The fold at
//! r = 0 lies beyond the goal.

use std::f64::consts::PI;

/// Steepness of the output, y = σ(10 (x − 1)).
const GAIN: f64 = 10.0;
/// How long after T the output is still judged.
const AFTER: f64 = 10.0;
/// Time between two looks at the output.
const BETWEEN: f64 = 0.05;

/// The task: when the output must rise.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Delayed {
    pub(super) time: f64,
}

/// The course of r and of the loss under gradient descent.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Descent {
    pub(super) scales: Vec<f64>,
    pub(super) losses: Vec<f64>,
}

/// x at a time, and its derivative with respect to r; `None` once x has gone to infinity.
fn state(r: f64, time: f64) -> Option<[f64; 2]> {
    let u = r.abs().sqrt() * time;
    if u < 1e-3 {
        return Some([-1.0 / time + r * time / 3.0, time / 3.0]);
    }
    let root = u / time;
    if r > 0.0 {
        if u >= PI {
            return None;
        }
        let cot = 1.0 / u.tan();
        let slope = (u * (1.0 + cot * cot) - cot) / (2.0 * root);
        return Some([-root * cot, slope]);
    }
    let coth = 1.0 / u.tanh();
    let slope = (coth - u * (coth * coth - 1.0)) / (2.0 * root);
    Some([-root * coth, slope])
}

impl Delayed {
    /// Mean squared error of the output over time, and its derivative with respect to r.
    pub(super) fn loss_and_slope(self, r: f64) -> [f64; 2] {
        let looks = ((self.time + AFTER) / BETWEEN).round() as usize;
        let mut sums = [0.0; 2];
        for look in 0..looks {
            let time = (look as f64 + 0.5) * BETWEEN;
            let target = f64::from(u8::from(time > self.time));
            let Some([x, slope]) = state(r, time) else {
                sums[0] += (1.0 - target).powi(2);
                continue;
            };
            let y = 1.0 / (1.0 + (-GAIN * (x - 1.0)).exp());
            sums[0] += (y - target).powi(2);
            sums[1] += 2.0 * (y - target) * GAIN * y * (1.0 - y) * slope;
        }
        sums.map(|sum| sum / looks as f64)
    }

    /// The r at which x passes 1, and the output ½, at a time, for large times: (π/(T + 1))².
    pub(super) fn scale(time: f64) -> f64 {
        (PI / (time + 1.0)).powi(2)
    }

    /// The r of least loss, between half and twice [`Self::scale`], by halving where the slope changes its sign.
    pub(super) fn best(self) -> f64 {
        let goal = Self::scale(self.time);
        let [mut low, mut high] = [0.8 * goal, 1.25 * goal];
        for _ in 0..60 {
            let middle = 0.5 * (low + high);
            if self.loss_and_slope(middle)[1] > 0.0 {
                high = middle;
            } else {
                low = middle;
            }
        }
        0.5 * (low + high)
    }

    /// Learning rate above which the best r repels gradient descent: 2 over the curvature of the loss there.
    pub(super) fn critical_rate(self) -> f64 {
        let best = self.best();
        let step = 1e-4 * best;
        let slope = |r: f64| self.loss_and_slope(r)[1];
        4.0 * step / (slope(best + step) - slope(best - step))
    }

    /// Gradient descent from r for so many updates at most; ends where the loss has fallen to a share of its first value.
    pub(super) fn descend(self, r: f64, rate: f64, updates: usize, share: f64) -> Descent {
        let mut course = Descent::default();
        let mut r = r;
        for _ in 0..=updates {
            let [loss, slope] = self.loss_and_slope(r);
            course.scales.push(r);
            course.losses.push(loss);
            if loss <= share * course.losses[0] {
                break;
            }
            r -= rate * slope;
        }
        course
    }

    /// The largest learning rate at which gradient descent comes to rest at the best r, from a start 2 % above it, by halving in
    /// logarithms between a fifth of the critical rate and five times it.
    pub(super) fn largest_rate(self, updates: usize) -> f64 {
        let (best, critical) = (self.best(), self.critical_rate());
        let [mut low, mut high] = [critical / 5.0, critical * 5.0];
        for _ in 0..14 {
            let middle = (low * high).sqrt();
            let end = self.descend(1.02 * best, middle, updates, 0.0);
            let is_at_rest = end
                .scales
                .last()
                .is_some_and(|r| (r / best - 1.0).abs() < 2e-4);
            if is_at_rest {
                low = middle;
            } else {
                high = middle;
            }
        }
        (low * high).sqrt()
    }
}

/// Updates to a share of the drop of the loss, for small steps and up to a common factor: r₀^(5/2) − r^(5/2), with r where the
/// output rises after that share of the way from where it rises at first, τ₀, to T.
///
/// The loss is the time between the rise and T over the whole time, and the rise is at π/√r − 1, so that r falls with a speed
/// that grows as r^(−3/2).
fn updates_to(share: f64, time: f64, first: f64) -> f64 {
    let rise = PI / first.sqrt() - 1.0;
    let then = Delayed::scale(rise + share * (time - rise));
    first.powf(2.5) - then.powf(2.5)
}

/// The share of learning, up to 95 % of the drop of the loss, in which the second half of the drop happens, in closed form.
pub(super) fn second_half(time: f64, first: f64) -> f64 {
    1.0 - updates_to(0.5, time, first) / updates_to(0.95, time, first)
}

impl Descent {
    /// The same share as it happened; `None` of a loss that never fell so far.
    pub(super) fn second_half(&self) -> Option<f64> {
        let first = self.losses.first()?;
        let after = |left: f64| self.losses.iter().position(|loss| *loss <= left * first);
        Some(1.0 - after(0.5)? as f64 / after(0.05)? as f64)
    }

    /// Whether r stayed above 0, so that no fixed point was ever there.
    pub(super) fn has_no_bifurcation(&self) -> bool {
        self.scales.iter().all(|r| *r > 0.0)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_state_solves_its_equation_on_both_sides_of_the_fold() {
        for r in [0.3, 1e-8, -1e-8, -0.3] {
            for time in [0.7, 2.0, 3.5] {
                let at = |time: f64, r: f64| state(r, time).unwrap();
                let [x, slope] = at(time, r);
                let speed = (at(time + 1e-5, r)[0] - at(time - 1e-5, r)[0]) / 2e-5;
                assert!((speed - x * x - r).abs() < 1e-6, "{r} {time}");
                let numeric = (at(time, r + 1e-6)[0] - at(time, r - 1e-6)[0]) / 2e-6;
                assert!(
                    (slope - numeric).abs() < 1e-4 * slope.abs().max(1.0),
                    "{slope} {numeric}"
                );
            }
        }
        assert!(state(1.0, 3.2).is_none());
    }

    #[test]
    fn the_slope_of_the_loss_is_that_of_finite_differences() {
        let task = Delayed { time: 20.0 };
        for r in [0.5, 0.05, 0.021, 0.01, -0.05] {
            let [_, slope] = task.loss_and_slope(r);
            let step = 1e-6 * r.abs();
            let numeric = (task.loss_and_slope(r + step)[0] - task.loss_and_slope(r - step)[0])
                / (2.0 * step);
            assert!(
                (slope - numeric).abs() < 2e-3 * slope.abs().max(1e-3),
                "{r}: {slope} {numeric}"
            );
        }
    }

    #[test]
    fn the_best_scale_tends_to_its_closed_form_and_beyond_the_fold_nothing_is_learned() {
        for (time, tolerance) in [(20.0, 0.02), (100.0, 0.004)] {
            let ratio = Delayed { time }.best() / Delayed::scale(time);
            assert!((ratio - 1.0).abs() < tolerance, "{ratio}");
        }
        let task = Delayed { time: 40.0 };
        let best = task.best();
        let [lost, slope] = task.loss_and_slope(-best);
        assert!(lost > 0.15 && slope.abs() < 1e-3 * task.loss_and_slope(1.5 * best)[1]);
    }

    #[test]
    fn the_closed_form_of_the_second_half_is_the_limit_of_its_integral() {
        let (time, first) = (40.0, 0.1);
        // Updates as the integral of dr/L′ with L′ = r^(−3/2), by the midpoint rule.
        let integral = |to: f64| {
            let pieces = 10_000;
            let width = (first - to) / f64::from(pieces);
            let middles = (0..pieces).map(|k| to + (f64::from(k) + 0.5) * width);
            middles.map(|r| width * r.powf(1.5)).sum::<f64>()
        };
        let rise = PI / first.sqrt() - 1.0;
        let at = |share: f64| Delayed::scale(rise + share * (time - rise));
        let expected = 1.0 - integral(at(0.5)) / integral(at(0.95));
        assert!((second_half(time, first) / expected - 1.0).abs() < 1e-5);
    }
}
