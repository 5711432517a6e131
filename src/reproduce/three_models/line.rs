//! A network that is built to hold a number: a line attractor of tanh units.

use rand::Rng;
use rand_distr::{Distribution as _, StandardNormal};

use crate::cell::parameters::{BIAS_IH, INITIAL_STATE, Parameters, WEIGHT_HH, WEIGHT_IH};
use crate::train::rls::RecursiveLeastSquares;

/// Deviation of how strongly units follow the number that is held.
const FOLLOWING: f64 = 0.5;
/// Deviation of the biases of units.
const BIAS: f64 = 0.5;
/// By how much the number that is held grows in one time constant at an input of 1.
const GROWTH: f64 = 0.1;
/// Deviation of the input weights beside the line.
const BESIDE: f64 = 0.5;
/// Numbers between which the line is tuned, and into how many steps the range is cut.
const RANGE: [f64; 2] = [-0.5, 1.5];
const GRID: usize = 60;
/// Stimuli at which it is tuned: none, and those that the task shows lie between 0.5 and 1.
const STIMULI: [f64; 4] = [0.0, 0.5, 0.75, 1.0];
/// Ridge penalty of the tuning.
const PENALTY: f64 = 1e-4;

/// A line attractor: without stimulus, states x = κ m + b rest for every κ in a range.
///
/// x' = (1 − α)x + α(m nᵀ tanh x + B u + b), with B u = (c m + p) u for the stimulus u and 0 for the fixation.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct LineAttractor {
    /// m, one for each unit.
    along: Vec<f64>,
    /// n, one for each unit.
    feedback: Vec<f64>,
    /// b, one for each unit.
    pub(super) bias: Vec<f64>,
    /// p, one for each unit.
    beside: Vec<f64>,
}

impl LineAttractor {
    /// Draws m, b and p and tunes n.
    ///
    /// 1. m ~ N(0, 0.5²), b ~ N(0, 0.5²), p ~ N(0, 0.5²), one after the other.
    /// 2. n by ridge regression so that nᵀ tanh(κ m + b + p u) = κ for 61 values of κ from −0.5 to 1.5 and four stimuli u: the
    ///    fine tuning that line attractors need (Seung 1996, PNAS 93:13339). What the stimulus does beside the line then does
    ///    not move along it.
    pub(super) fn drawn(units: usize, rng: &mut impl Rng) -> Self {
        let mut normal = |deviation: f64| -> Vec<f64> {
            let deviates = (0..units).map(|_| {
                let deviate: f64 = StandardNormal.sample(rng);
                deviation * deviate
            });
            deviates.collect()
        };
        let mut line = Self {
            along: normal(FOLLOWING),
            bias: normal(BIAS),
            beside: normal(BESIDE),
            feedback: vec![0.0; units],
        };
        let mut tuning = RecursiveLeastSquares::new(units, PENALTY);
        for place in 0..=GRID {
            let share = place as f64 / GRID as f64;
            let held = RANGE[0] + share * (RANGE[1] - RANGE[0]);
            for stimulus in STIMULI {
                let rates = line.rates(held, stimulus);
                let error = line.fed_back(&rates) - held;
                for (n, gain) in line.feedback.iter_mut().zip(tuning.gain(&rates)) {
                    *n -= error * gain;
                }
            }
        }
        line
    }

    /// tanh(κ m + b + p u).
    fn rates(&self, held: f64, stimulus: f64) -> Vec<f64> {
        let units = self.along.iter().zip(&self.bias).zip(&self.beside);
        units
            .map(|((m, b), p)| (held * m + b + stimulus * p).tanh())
            .collect()
    }

    /// nᵀ r.
    fn fed_back(&self, rates: &[f64]) -> f64 {
        self.feedback.iter().zip(rates).map(|(n, r)| n * r).sum()
    }

    /// How fast κ changes where it is held, per time constant.
    #[cfg(test)]
    pub(super) fn drift(&self, held: f64) -> f64 {
        self.fed_back(&self.rates(held, 0.0)) - held
    }

    /// Writes the weights into those of a leaky network of as many units with a fixation and a stimulus input.
    pub(super) fn write(&self, parameters: &mut Parameters<f32>) {
        let units = self.along.len();
        let recurrent = parameters.get_mut(WEIGHT_HH);
        for (row, m) in recurrent.chunks_exact_mut(units).zip(&self.along) {
            for (weight, n) in row.iter_mut().zip(&self.feedback) {
                *weight = (m * n) as f32;
            }
        }
        let input = parameters.get_mut(WEIGHT_IH).chunks_exact_mut(2);
        for ((weights, m), p) in input.zip(&self.along).zip(&self.beside) {
            weights.copy_from_slice(&[0.0, (GROWTH * m + p) as f32]);
        }
        for name in [BIAS_IH, INITIAL_STATE] {
            for (value, &bias) in parameters.get_mut(name).iter_mut().zip(&self.bias) {
                *value = bias as f32;
            }
        }
    }
}
