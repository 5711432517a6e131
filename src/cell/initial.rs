//! The parameters of an untrained network.
//!
//! All numbers come from one stream of the seed, in the order of the tensors, in f64, and are then rounded:
//! networks in f32 and f64 start from the same weights up to rounding. With W ~ N(0, g²/N) the spectral radius of W
//! is about g: a vanilla tanh network without bias and input rests at 0 for g < 1 and is chaotic for larger g if it
//! is large enough (Sompolinsky, Crisanti & Sommers 1988).

use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution as _, StandardNormal};

use super::constraints::constrain;
use super::parameters::{
    BIAS_IH, DIAGONAL, INITIAL_STATE, INPUT_MASK, LOW_RANK_M, LOW_RANK_N, Parameters,
    RANDOM_WEIGHT, READOUT_FEEDBACK, READOUT_MASK, READOUT_WEIGHT, RECURRENT_MASK, WEIGHT_HH,
    WEIGHT_IH,
};
use super::spec::{CellKind, InitialState, NetworkSpec};
use crate::simd::Real;
use crate::streams::Stream;

impl<T: Real> Parameters<T> {
    /// Draws the weights of an untrained network: recurrent N(0, g²/N), input N(0, g_in²/inputs) or as their group says, readout
    /// N(0, 1/N), biases zero but for a forget gate's. Of a low-rank cell M ~ N(0, 1), N ~ N(0, g²); of a
    /// piecewise-linear one A starts at 1/2.
    ///
    /// Where only a share d of the connections exists, theirs are larger by 1/√d, so that a unit receives as much.
    /// Under Dale's law recurrent weights are ±|w|, scaled so that excitation and inhibition balance (Song, Yang &
    /// Wang 2016) and the mean square stays g²/N.
    ///
    /// In this order: input, recurrent and readout weights; factors of a low-rank cell; constants and signs; which
    /// connections exist; feedback.
    pub fn initial(spec: &NetworkSpec, seed: u64) -> Self {
        let mut rng = Stream::Weights.open(seed);
        let mut parameters = Self::zeros(spec);
        let units = (spec.units as f64).sqrt();
        let inputs = (spec.inputs.max(1) as f64).sqrt();
        let density = spec.density;
        for (weights, deviation, share) in [
            (WEIGHT_IH, spec.input_gain / inputs, density.input),
            (WEIGHT_HH, spec.recurrent_gain / units, density.recurrent),
            (READOUT_WEIGHT, 1.0 / units, density.readout),
        ] {
            parameters.draw_normal(&mut rng, weights, deviation / share.sqrt());
        }
        parameters.scale_input_groups(spec);
        if let CellKind::LowRank { random_gain, .. } = spec.cell {
            parameters.draw_normal(&mut rng, LOW_RANK_M, 1.0);
            parameters.draw_normal(&mut rng, LOW_RANK_N, spec.recurrent_gain);
            parameters.draw_normal(&mut rng, RANDOM_WEIGHT, random_gain / units);
        }
        parameters.set_constants(spec);
        parameters.take_signs(spec);
        for (mask, share) in [
            (RECURRENT_MASK, density.recurrent),
            (INPUT_MASK, density.input),
            (READOUT_MASK, density.readout),
        ] {
            for exists in parameters.get_mut(mask) {
                *exists = if rng.random_bool(share) {
                    T::ONE
                } else {
                    T::ZERO
                };
            }
        }
        for weight in parameters.get_mut(READOUT_FEEDBACK) {
            *weight = T::from_f64(spec.feedback * rng.random_range(-1.0..=1.0));
        }
        constrain(spec, &mut parameters);
        parameters
    }

    /// What an untrained network starts from without drawing.
    fn set_constants(&mut self, spec: &NetworkSpec) {
        let units = spec.units;
        match spec.cell {
            CellKind::PiecewiseLinear => self.get_mut(DIAGONAL).fill(T::from_f64(0.5)),
            CellKind::Ugrnn { forget_bias } => {
                self.get_mut(BIAS_IH)[..units].fill(T::from_f64(forget_bias));
            }
            CellKind::Lstm { forget_bias } => {
                self.get_mut(BIAS_IH)[units..2 * units].fill(T::from_f64(forget_bias));
            }
            _ => {}
        }
        if let InitialState::Fixed(values) = &spec.initial_state {
            for (value, &fixed) in self.get_mut(INITIAL_STATE).iter_mut().zip(values) {
                *value = T::from_f64(fixed);
            }
        }
    }

    /// Gives the input weights of each group their deviation, in place of g_in/√inputs.
    fn scale_input_groups(&mut self, spec: &NetworkSpec) {
        let default = spec.input_gain / (spec.inputs.max(1) as f64).sqrt();
        for row in self.get_mut(WEIGHT_IH).chunks_exact_mut(spec.inputs.max(1)) {
            let mut first = 0;
            for group in &spec.input_groups {
                let scale = if default > 0.0 {
                    group.deviation / default
                } else {
                    0.0
                };
                for weight in &mut row[first..first + group.channels] {
                    *weight = T::from_f64(weight.to_f64() * scale);
                }
                first += group.channels;
            }
        }
    }

    fn draw_normal(&mut self, rng: &mut ChaCha8Rng, name: &str, deviation: f64) {
        for value in self.get_mut(name) {
            let normal: f64 = StandardNormal.sample(rng);
            *value = T::from_f64(normal * deviation);
        }
    }

    /// Gives the recurrent weights the signs of Dale's law. With a share s of excitatory units, these are scaled by
    /// √((1−s)/s) and the inhibitory ones by √(s/(1−s)): s · scale is the same on both sides, and so the mean square 1.
    fn take_signs(&mut self, spec: &NetworkSpec) {
        let Some(excitatory) = spec.excitatory_units() else {
            return;
        };
        let share = excitatory as f64 / spec.units as f64;
        let (up, down) = if excitatory == 0 || excitatory == spec.units {
            (1.0, 1.0)
        } else {
            let up = ((1.0 - share) / share).sqrt();
            (up, 1.0 / up)
        };
        for row in self.get_mut(WEIGHT_HH).chunks_exact_mut(spec.units) {
            for (place, weight) in row.iter_mut().enumerate() {
                let size = weight.to_f64().abs();
                let signed = if place < excitatory {
                    up * size
                } else {
                    -down * size
                };
                *weight = T::from_f64(signed);
            }
        }
    }
}
