//! Training kernel of the gated recurrent unit, in PyTorch's convention:
//! r = σ(a_r), z = σ(a_z), m = U_n h + b_hn, n = tanh(W_n u + b_in + r m), h' = (1 − z) n + z h.
//!
//! Backward, with ∂h the sum of the slope from outside, U ᵀ times the gradients of a_r, a_z and m of the step
//! after, and what was carried back:
//!
//! 1. ∂a_n = ∂h (1 − z)(1 − n²).
//! 2. ∂a_z = ∂h (h − n) z(1 − z).
//! 3. ∂m = ∂a_n r and ∂a_r = ∂a_n m r(1 − r).
//! 4. Carried back is z ∂h.
//!
//! Noise is on a_n. The two biases of r and of z are only ever seen as their sums, and get equal gradients.

use pulp::Simd;

use super::gates::{Squash, StoreSaved, with_noise};
use super::parameters::{BIAS_HH, BIAS_IH, Parameters, WEIGHT_HH, WEIGHT_IH};
use super::sequence::{Backward, Forward, Rows, Source, StepKernel, WeightGradient};
use crate::simd::product::{
    Epilogue, Packed, Term, load_lanes, product, product_of_any, store_lanes,
};
use crate::simd::{Real, activation};

/// Step kernel of a gated recurrent unit.
///
/// A saved row is r, z, n, m; a row of pre-activation gradients is ∂a_r, ∂a_z, ∂m, ∂a_n, so that the first three
/// blocks meet the recurrent weights and all but the third meet the input weights.
pub struct GruKernel<T> {
    units: usize,
    inputs: usize,
    gate_bias: Vec<T>,
    candidate_bias: Vec<T>,
    memory_bias: Vec<T>,
    gate_recurrent: Packed<T>,
    memory_recurrent: Packed<T>,
    recurrent_back: Packed<T>,
    gate_input: Packed<T>,
    candidate_input: Packed<T>,
}

impl<T: Real> GruKernel<T> {
    /// A kernel without weights.
    pub fn new(units: usize, inputs: usize) -> Self {
        Self {
            units,
            inputs,
            gate_bias: Vec::new(),
            candidate_bias: Vec::new(),
            memory_bias: Vec::new(),
            gate_recurrent: Packed::default(),
            memory_recurrent: Packed::default(),
            recurrent_back: Packed::default(),
            gate_input: Packed::default(),
            candidate_input: Packed::default(),
        }
    }
}

impl<T: Real> StepKernel<T> for GruKernel<T> {
    fn units(&self) -> usize {
        self.units
    }

    fn inputs(&self) -> usize {
        self.inputs
    }

    fn saved_width(&self) -> usize {
        4 * self.units
    }

    fn delta_width(&self) -> usize {
        4 * self.units
    }

    fn recurrent_width(&self) -> usize {
        3 * self.units
    }

    fn carry_width(&self) -> usize {
        self.units
    }

    #[inline(always)]
    fn pack<S: Simd>(&mut self, _: S, parameters: &Parameters<T>) {
        let n = self.units;
        let (gates, memory) = parameters.get(WEIGHT_HH).split_at(2 * n * n);
        self.gate_recurrent.pack_transposed::<S>(gates, 2 * n, n);
        self.memory_recurrent.pack_transposed::<S>(memory, n, n);
        self.recurrent_back
            .pack::<S>(parameters.get(WEIGHT_HH), 3 * n, n);
        let (gates, candidate) = parameters.get(WEIGHT_IH).split_at(2 * n * self.inputs);
        self.gate_input
            .pack_transposed::<S>(gates, 2 * n, self.inputs);
        self.candidate_input
            .pack_transposed::<S>(candidate, n, self.inputs);
        let (input_bias, hidden_bias) = (parameters.get(BIAS_IH), parameters.get(BIAS_HH));
        self.gate_bias = input_bias[..2 * n]
            .iter()
            .zip(hidden_bias)
            .map(|(&a, &b)| a + b)
            .collect();
        self.candidate_bias = input_bias[2 * n..].to_vec();
        self.memory_bias = hidden_bias[2 * n..].to_vec();
    }

    #[inline(always)]
    fn forward<S: Simd>(&self, simd: S, step: Forward<'_, T>) {
        let n = self.units;
        let hidden = step.previous_features;
        let inputs = self.inputs;
        let mut gates = StoreSaved {
            saved: step.saved,
            stride: 4 * n,
            offset: 0,
            squash: Squash::Sigmoid,
            noise: None,
            units: n,
        };
        let terms = [
            Term {
                rows: step.input,
                stride: inputs + 1,
                weights: &self.gate_input,
            },
            Term {
                rows: hidden,
                stride: n,
                weights: &self.gate_recurrent,
            },
        ];
        product(
            simd,
            step.rows,
            2 * n,
            Some(&self.gate_bias),
            terms,
            &mut gates,
        );
        let mut memory = StoreSaved {
            saved: step.saved,
            stride: 4 * n,
            offset: 3 * n,
            squash: Squash::Nothing,
            noise: None,
            units: n,
        };
        let terms = [Term {
            rows: hidden,
            stride: n,
            weights: &self.memory_recurrent,
        }];
        product(
            simd,
            step.rows,
            n,
            Some(&self.memory_bias),
            terms,
            &mut memory,
        );
        let terms = [Term {
            rows: step.input,
            stride: inputs + 1,
            weights: &self.candidate_input,
        }];
        let rows = step.rows;
        product(
            simd,
            rows,
            n,
            Some(&self.candidate_bias),
            terms,
            &mut Candidate { units: n, step },
        );
    }

    #[inline(always)]
    fn backward<S: Simd>(&self, simd: S, step: Backward<'_, T>) {
        let (rows, units) = (step.rows, self.units);
        let term = step.later_delta.map(|delta| Term {
            rows: delta,
            stride: step.delta_stride,
            weights: &self.recurrent_back,
        });
        product_of_any(simd, rows, units, term, &mut BackwardGates { units, step });
    }

    fn through_recurrent(&self, rows: usize, delta: Rows<'_, T>, out: &mut [T]) {
        let Rows { values, stride } = delta;
        self.recurrent_back.add_product(values, stride, rows, out);
    }

    fn weight_gradients(&self) -> Vec<WeightGradient> {
        let n = self.units;
        let part = |parameter, row, rows, column, source| WeightGradient {
            row,
            ..WeightGradient::whole(parameter, rows, column, source)
        };
        vec![
            part(WEIGHT_HH, 0, 3 * n, 0, Source::Features),
            part(BIAS_HH, 0, 3 * n, 0, Source::Ones),
            part(WEIGHT_IH, 0, 2 * n, 0, Source::Inputs),
            part(WEIGHT_IH, 2 * n, n, 3 * n, Source::Inputs),
            part(BIAS_IH, 0, 2 * n, 0, Source::Ones),
            part(BIAS_IH, 2 * n, n, 3 * n, Source::Ones),
        ]
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
        let saved_at = row * 4 * n + column;
        let reset = load_lanes(simd, self.step.saved, saved_at, lanes);
        let update = load_lanes(simd, self.step.saved, saved_at + n, lanes);
        let memory = load_lanes(simd, self.step.saved, saved_at + 3 * n, lanes);
        let sum = with_noise(simd, self.step.noise, row * n + column, lanes, sum);
        let candidate = activation::tanh::<T, S>(simd, T::mul_add(simd, reset, memory, sum));
        store_lanes(simd, self.step.saved, saved_at + 2 * n, lanes, candidate);
        let previous = load_lanes(simd, self.step.previous_features, row * n + column, lanes);
        let hidden = T::mul_add(simd, update, T::minus(simd, previous, candidate), candidate);
        store_lanes(simd, self.step.features, row * n + column, lanes, hidden);
    }
}

struct BackwardGates<'a, T> {
    units: usize,
    step: Backward<'a, T>,
}

impl<T: Real> Epilogue<T> for BackwardGates<'_, T> {
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
        let (at, wide_at) = (row * n + column, row * 4 * n + column);
        let one = T::splat(simd, T::ONE);
        let step = &mut self.step;
        let delta_at = row * step.delta_stride + column;
        let reset = load_lanes(simd, step.saved, wide_at, lanes);
        let update = load_lanes(simd, step.saved, wide_at + n, lanes);
        let candidate = load_lanes(simd, step.saved, wide_at + 2 * n, lanes);
        let memory = load_lanes(simd, step.saved, wide_at + 3 * n, lanes);
        let previous = load_lanes(simd, step.previous_features, at, lanes);

        let outer = T::plus(
            simd,
            sum,
            load_lanes(simd, step.feature_gradient, at, lanes),
        );
        let hidden = T::plus(simd, outer, load_lanes(simd, step.carry, at, lanes));
        let keep = T::minus(simd, one, update);
        let candidate_slope = T::minus(simd, one, T::times(simd, candidate, candidate));
        let update_slope = T::times(simd, update, keep);
        let reset_slope = T::times(simd, reset, T::minus(simd, one, reset));
        let through_update = T::times(simd, hidden, T::minus(simd, previous, candidate));
        let candidate_delta = T::times(simd, T::times(simd, hidden, keep), candidate_slope);
        let update_delta = T::times(simd, through_update, update_slope);
        let reset_delta = T::times(simd, T::times(simd, candidate_delta, memory), reset_slope);
        let memory_delta = T::times(simd, candidate_delta, reset);

        store_lanes(simd, step.carry, at, lanes, T::times(simd, hidden, update));
        for (block, value) in [reset_delta, update_delta, memory_delta, candidate_delta]
            .into_iter()
            .enumerate()
        {
            store_lanes(simd, step.delta, delta_at + block * n, lanes, value);
        }
    }
}
