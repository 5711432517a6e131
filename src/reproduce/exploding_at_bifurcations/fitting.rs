//! Networks in the plane that learn to follow a given orbit, with or without teacher forcing.

use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use super::plane::{PARAMETERS, Plane, TOY, jacobian, step};

/// Decays of Adam's means.
const DECAYS: [f64; 2] = [0.9, 0.999];

/// `count` states of a network from where it is after `skipped` steps from a start.
pub(super) fn orbit(p: &Plane, start: [f64; 2], skipped: usize, count: usize) -> Vec<[f64; 2]> {
    let mut z = start;
    let mut states = Vec::with_capacity(count);
    for time in 0..skipped + count {
        if time >= skipped {
            states.push(z);
        }
        z = step(p, z);
    }
    states
}

/// Mean squared error of a network that follows an orbit from its first state, with its gradient.
///
/// Generalised teacher forcing: before each step the state is z̃ = (1 − α) z + α ẑ, with ẑ of the orbit; 0 lets the network run
/// free. The gradient is exact: sensitivities S = ∂z/∂θ go forward with the state, S′ = J (1 − α) S + ∂F/∂θ.
pub(super) fn loss_and_gradient(
    p: &Plane,
    orbit: &[[f64; 2]],
    forcing: f64,
) -> (f64, [f64; PARAMETERS]) {
    let mut z = orbit[0];
    let mut sensitivities = [[0.0; PARAMETERS]; 2];
    let (mut loss, mut gradient) = (0.0, [0.0; PARAMETERS]);
    let scale = 1.0 / (2 * (orbit.len() - 1)) as f64;
    for pair in orbit.windows(2) {
        let forced: [f64; 2] =
            std::array::from_fn(|k| (1.0 - forcing) * z[k] + forcing * pair[0][k]);
        let j = jacobian(p, forced);
        let [first, second] = sensitivities;
        let active = forced.map(|x| x.max(0.0));
        let own = [
            [forced[0], 0.0, active[1], 0.0, 1.0, 0.0],
            [0.0, forced[1], 0.0, active[0], 0.0, 1.0],
        ];
        for k in 0..PARAMETERS {
            let (a, b) = ((1.0 - forcing) * first[k], (1.0 - forcing) * second[k]);
            sensitivities[0][k] = j[0] * a + j[1] * b + own[0][k];
            sensitivities[1][k] = j[2] * a + j[3] * b + own[1][k];
        }
        z = step(p, forced);
        for unit in 0..2 {
            let error = z[unit] - pair[1][unit];
            loss += scale * error * error;
            for (sum, sensitivity) in gradient.iter_mut().zip(sensitivities[unit]) {
                *sum += 2.0 * scale * error * sensitivity;
            }
        }
    }
    (loss, gradient)
}

/// Euclidean norm.
pub(super) fn norm(gradient: &[f64]) -> f64 {
    gradient.iter().map(|x| x * x).sum::<f64>().sqrt()
}

/// How networks are fitted.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fitting {
    pub(super) updates: usize,
    /// Adam's.
    pub(super) learning_rate: f64,
    /// α.
    pub(super) forcing: f64,
}

/// The course of a fit: parameters, loss and gradient norm before each update, and after the last.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Fit {
    pub(super) parameters: Vec<Plane>,
    pub(super) losses: Vec<f64>,
    pub(super) norms: Vec<f64>,
}

impl Fitting {
    /// Fits by Adam, without limit on the gradient; ends early if loss or gradient is not finite.
    pub(super) fn fit(self, start: Plane, orbit: &[[f64; 2]]) -> Fit {
        let mut fit = Fit::default();
        let mut p = start;
        let (mut first, mut second) = ([0.0; PARAMETERS], [0.0; PARAMETERS]);
        let mut left = DECAYS;
        for _ in 0..=self.updates {
            let (loss, gradient) = loss_and_gradient(&p, orbit, self.forcing);
            let norm = norm(&gradient);
            if !(loss.is_finite() && norm.is_finite()) {
                break;
            }
            fit.parameters.push(p);
            fit.losses.push(loss);
            fit.norms.push(norm);
            for k in 0..PARAMETERS {
                first[k] = DECAYS[0] * first[k] + (1.0 - DECAYS[0]) * gradient[k];
                second[k] = DECAYS[1] * second[k] + (1.0 - DECAYS[1]) * gradient[k].powi(2);
                let mean = first[k] / (1.0 - left[0]);
                let deviation = (second[k] / (1.0 - left[1])).sqrt();
                p[k] -= self.learning_rate * mean / (deviation + 1e-8);
            }
            left = [left[0] * DECAYS[0], left[1] * DECAYS[1]];
        }
        fit
    }
}

/// How far each parameter begins from that of the system, at most.
const AROUND: f64 = 0.3;

/// Parameters to begin with, each even within 0.3 of that of the toy system.
pub(super) fn drawn(seed: u64) -> Plane {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    TOY.map(|own| own + AROUND * rng.random_range(-1.0..1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gradient_is_that_of_finite_differences() {
        let data = orbit(&TOY, [1.0, 0.5], 100, 40);
        for seed in 0..6 {
            let p = drawn(seed);
            for forcing in [0.0, 0.1, 0.5, 1.0] {
                let (_, gradient) = loss_and_gradient(&p, &data, forcing);
                let loss = |p: &Plane| loss_and_gradient(p, &data, forcing).0;
                for k in 0..PARAMETERS {
                    let beside = |by: f64| {
                        let mut there = p;
                        there[k] += by;
                        loss(&there)
                    };
                    let numeric = (beside(1e-6) - beside(-1e-6)) / 2e-6;
                    let scale = norm(&gradient).max(1e-3);
                    assert!(
                        (gradient[k] - numeric).abs() < 1e-4 * scale,
                        "{seed} {forcing} {k}: {} {numeric}",
                        gradient[k]
                    );
                }
            }
        }
    }

    #[test]
    fn with_full_forcing_the_fit_is_a_regression_and_ends_at_the_system() {
        let data = orbit(&TOY, [1.0, 0.5], 0, 100);
        assert!(loss_and_gradient(&TOY, &data, 0.0).0 < 1e-25);
        let fitting = Fitting {
            updates: 1500,
            learning_rate: 1e-2,
            forcing: 1.0,
        };
        let fit = fitting.fit(drawn(1), &data);
        assert_eq!(fit.losses.len(), 1501);
        assert!(
            fit.losses[1500] < 1e-2 * fit.losses[0],
            "{:?}",
            fit.losses.last()
        );
    }
}
