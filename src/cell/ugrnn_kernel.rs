//! Training kernel of the update gate network: g = σ(a_g), c = tanh(a_c), h' = g h + (1 − g) c, blocks (g, c).
//!
//! Backward, with ∂h the sum of the slope from outside, Wᵀ times the pre-activation gradients of the step after,
//! and what was carried back:
//!
//! 1. ∂a_g = ∂h (h − c) g(1 − g).
//! 2. ∂a_c = ∂h (1 − g)(1 − c²).
//! 3. Carried back is g ∂h.
//!
//! Noise is on a_c.

use pulp::Simd;

use super::gates::{Blocks, Squash, StoreSaved, sigmoid_slope, tanh_slope, with_noise};
use super::parameters::{BIAS_IH, Parameters, WEIGHT_HH, WEIGHT_IH};
use super::sequence::{Backward, Forward, Rows, Source, StepKernel, WeightGradient};
use crate::simd::product::{Epilogue, load_lanes, product_of_any, store_lanes};
use crate::simd::{Real, activation};

/// Rows of the weights that are multiplied at once, in units: the gate and the candidate.
const BLOCKS: [(usize, usize); 2] = [(0, 1), (1, 1)];

/// Step kernel of an update gate network. A saved row is g, c; a row of pre-activation gradients ∂a_g, ∂a_c.
pub struct UgrnnKernel<T>(Blocks<T>);

impl<T: Real> UgrnnKernel<T> {
    /// A kernel without weights.
    pub fn new(units: usize, inputs: usize) -> Self {
        Self(Blocks::new(units, inputs, &BLOCKS))
    }
}

impl<T: Real> StepKernel<T> for UgrnnKernel<T> {
    fn units(&self) -> usize {
        self.0.units
    }

    fn inputs(&self) -> usize {
        self.0.inputs
    }

    fn saved_width(&self) -> usize {
        2 * self.0.units
    }

    fn delta_width(&self) -> usize {
        2 * self.0.units
    }

    fn recurrent_width(&self) -> usize {
        2 * self.0.units
    }

    fn carry_width(&self) -> usize {
        self.0.units
    }

    #[inline(always)]
    fn pack<S: Simd>(&mut self, _: S, parameters: &Parameters<T>) {
        self.0
            .pack::<S>(parameters, parameters.get(BIAS_IH).to_vec());
    }

    #[inline(always)]
    fn forward<S: Simd>(&self, simd: S, step: Forward<'_, T>) {
        let (units, rows) = (self.0.units, step.rows);
        let sources = [step.input, step.previous_features];
        let mut gate = StoreSaved {
            saved: step.saved,
            stride: 2 * units,
            offset: 0,
            squash: Squash::Sigmoid,
            noise: None,
            units,
        };
        self.0.forward(simd, 0, sources, rows, &mut gate);
        self.0
            .forward(simd, 1, sources, rows, &mut Candidate { units, step });
    }

    #[inline(always)]
    fn backward<S: Simd>(&self, simd: S, step: Backward<'_, T>) {
        let (rows, units) = (step.rows, self.0.units);
        let term = self.0.backward(step.later_delta, step.delta_stride);
        product_of_any(simd, rows, units, term, &mut BackwardGate { units, step });
    }

    fn through_recurrent(&self, rows: usize, delta: Rows<'_, T>, out: &mut [T]) {
        self.0.through_recurrent(rows, delta, out);
    }

    fn weight_gradients(&self) -> Vec<WeightGradient> {
        [
            (WEIGHT_HH, Source::Features),
            (WEIGHT_IH, Source::Inputs),
            (BIAS_IH, Source::Ones),
        ]
        .map(|(parameter, source)| WeightGradient::whole(parameter, 2 * self.0.units, 0, source))
        .to_vec()
    }
}

struct Candidate<'a, T> {
    units: usize,
    step: Forward<'a, T>,
}

impl<T: Real> Epilogue<T> for Candidate<'_, T> {
    #[inline(always)]
    fn finish<S: Simd>(
        &mut self,
        simd: S,
        row: usize,
        column: usize,
        lanes: usize,
        sum: T::Vector<S>,
    ) {
        let n = self.units;
        let (at, saved_at) = (row * n + column, row * 2 * n + column);
        let step = &mut self.step;
        let sum = with_noise(simd, step.noise, at, lanes, sum);
        let candidate = activation::tanh::<T, S>(simd, sum);
        let gate = load_lanes(simd, step.saved, saved_at, lanes);
        let previous = load_lanes(simd, step.previous_features, at, lanes);
        store_lanes(simd, step.saved, saved_at + n, lanes, candidate);
        let hidden = T::mul_add(simd, gate, T::minus(simd, previous, candidate), candidate);
        store_lanes(simd, step.features, at, lanes, hidden);
    }
}

struct BackwardGate<'a, T> {
    units: usize,
    step: Backward<'a, T>,
}

impl<T: Real> Epilogue<T> for BackwardGate<'_, T> {
    #[inline(always)]
    fn finish<S: Simd>(
        &mut self,
        simd: S,
        row: usize,
        column: usize,
        lanes: usize,
        sum: T::Vector<S>,
    ) {
        let n = self.units;
        let (at, saved_at) = (row * n + column, row * 2 * n + column);
        let step = &mut self.step;
        let gate = load_lanes(simd, step.saved, saved_at, lanes);
        let candidate = load_lanes(simd, step.saved, saved_at + n, lanes);
        let previous = load_lanes(simd, step.previous_features, at, lanes);

        let from_outside = load_lanes(simd, step.feature_gradient, at, lanes);
        let carried = load_lanes(simd, step.carry, at, lanes);
        let hidden = T::plus(simd, T::plus(simd, sum, from_outside), carried);
        let through_gate = T::times(simd, hidden, gate);
        let through_candidate = T::minus(simd, hidden, through_gate);
        let gate_delta = T::times(
            simd,
            T::times(simd, hidden, T::minus(simd, previous, candidate)),
            sigmoid_slope::<T, S>(simd, gate),
        );
        let candidate_delta =
            T::times(simd, through_candidate, tanh_slope::<T, S>(simd, candidate));

        store_lanes(simd, step.carry, at, lanes, through_gate);
        let delta_at = row * step.delta_stride + column;
        store_lanes(simd, step.delta, delta_at, lanes, gate_delta);
        store_lanes(simd, step.delta, delta_at + n, lanes, candidate_delta);
    }
}
