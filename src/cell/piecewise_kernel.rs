//! Training kernel of the piecewise-linear network: z' = A z + W relu(z) + B u + h with a diagonal A.
//!
//! Backward, with ∂r the slope in the features from outside, ∂z⁺ that of the pre-activations of the step after, and
//! ∂̂ what was carried back:
//!
//! 1. ∂z = (∂r + Wᵀ∂z⁺) ⊙ [z' > 0] + ∂̂.
//! 2. Carried back is A ∂z.
//! 3. ∂A = Σ ∂z ⊙ z, ∂W = Σ ∂z relu(z)ᵀ, ∂B = Σ ∂z uᵀ, ∂h = Σ ∂z, with z of before the step.
//!
//! Noise is on z', as in an additive-noise model of the state.

use pulp::Simd;

use super::gates::with_noise;
use super::parameters::{BIAS_IH, DIAGONAL, Parameters, WEIGHT_HH, WEIGHT_IH};
use super::sequence::{Backward, Forward, Rows, Source, StatePlace, StepKernel, WeightGradient};
use crate::simd::product::{
    Epilogue, Packed, Term, load_lanes, product, product_of_any, store_lanes,
};
use crate::simd::{Real, activation};

/// Step kernel of a piecewise-linear network. Features are relu(z), saved is z. A row of pre-activation gradients is
/// ∂z', and ∂z' z, the sum of which is the gradient of A.
pub struct PiecewiseKernel<T> {
    units: usize,
    inputs: usize,
    bias: Vec<T>,
    diagonal: Vec<T>,
    recurrent: Packed<T>,
    recurrent_back: Packed<T>,
    input: Packed<T>,
}

impl<T: Real> PiecewiseKernel<T> {
    /// A kernel without weights.
    pub fn new(units: usize, inputs: usize) -> Self {
        Self {
            units,
            inputs,
            bias: Vec::new(),
            diagonal: Vec::new(),
            recurrent: Packed::default(),
            recurrent_back: Packed::default(),
            input: Packed::default(),
        }
    }
}

impl<T: Real> StepKernel<T> for PiecewiseKernel<T> {
    fn units(&self) -> usize {
        self.units
    }

    fn inputs(&self) -> usize {
        self.inputs
    }

    fn saved_width(&self) -> usize {
        self.units
    }

    fn delta_width(&self) -> usize {
        2 * self.units
    }

    fn recurrent_width(&self) -> usize {
        self.units
    }

    fn carry_width(&self) -> usize {
        self.units
    }

    #[inline(always)]
    fn pack<S: Simd>(&mut self, _: S, parameters: &Parameters<T>) {
        let n = self.units;
        let recurrent = parameters.get(WEIGHT_HH);
        self.recurrent.pack_transposed::<S>(recurrent, n, n);
        self.recurrent_back.pack::<S>(recurrent, n, n);
        self.input
            .pack_transposed::<S>(parameters.get(WEIGHT_IH), n, self.inputs);
        self.bias.clear();
        self.bias.extend_from_slice(parameters.get(BIAS_IH));
        self.diagonal.clear();
        self.diagonal.extend_from_slice(parameters.get(DIAGONAL));
    }

    #[inline(always)]
    fn forward<S: Simd>(&self, simd: S, step: Forward<'_, T>) {
        let terms = [
            Term {
                rows: step.input,
                stride: self.inputs + 1,
                weights: &self.input,
            },
            Term {
                rows: step.previous_features,
                stride: self.units,
                weights: &self.recurrent,
            },
        ];
        let rows = step.rows;
        let mut next = NextState { kernel: self, step };
        product(simd, rows, self.units, Some(&self.bias), terms, &mut next);
    }

    #[inline(always)]
    fn backward<S: Simd>(&self, simd: S, step: Backward<'_, T>) {
        let rows = step.rows;
        let term = step.later_delta.map(|delta| Term {
            rows: delta,
            stride: step.delta_stride,
            weights: &self.recurrent_back,
        });
        let mut gradient = StateGradient { kernel: self, step };
        product_of_any(simd, rows, self.units, term, &mut gradient);
    }

    fn through_recurrent(&self, rows: usize, delta: Rows<'_, T>, out: &mut [T]) {
        let Rows { values, stride } = delta;
        self.recurrent_back.add_product(values, stride, rows, out);
    }

    fn weight_gradients(&self) -> Vec<WeightGradient> {
        let n = self.units;
        [
            (WEIGHT_HH, 0, Source::Features),
            (WEIGHT_IH, 0, Source::Inputs),
            (BIAS_IH, 0, Source::Ones),
            (DIAGONAL, n, Source::Ones),
        ]
        .map(|(parameter, column, source)| WeightGradient::whole(parameter, n, column, source))
        .to_vec()
    }

    fn state(&self) -> StatePlace {
        StatePlace::Saved(0..self.units)
    }

    #[inline(always)]
    fn features_of_states<S: Simd>(&self, _: S, states: &mut [T], slopes: &mut [T]) {
        for (state, slope) in states.iter_mut().zip(slopes) {
            let is_active = *state > T::ZERO;
            *slope = if is_active { T::ONE } else { T::ZERO };
            *state = if is_active { *state } else { T::ZERO };
        }
    }
}

struct NextState<'a, T> {
    kernel: &'a PiecewiseKernel<T>,
    step: Forward<'a, T>,
}

impl<T: Real> Epilogue<T> for NextState<'_, T> {
    #[inline(always)]
    fn finish<S: Simd>(
        &mut self,
        simd: S,
        row: usize,
        column: usize,
        lanes: usize,
        sum: T::Vector<S>,
    ) {
        let at = row * self.kernel.units + column;
        let step = &mut self.step;
        let sum = with_noise(simd, step.noise, at, lanes, sum);
        let diagonal = load_lanes(simd, &self.kernel.diagonal, column, lanes);
        let previous = load_lanes(simd, step.previous_saved, at, lanes);
        let state = T::mul_add(simd, diagonal, previous, sum);
        store_lanes(simd, step.saved, at, lanes, state);
        let feature = activation::relu::<T, S>(simd, state);
        store_lanes(simd, step.features, at, lanes, feature);
    }
}

struct StateGradient<'a, T> {
    kernel: &'a PiecewiseKernel<T>,
    step: Backward<'a, T>,
}

impl<T: Real> Epilogue<T> for StateGradient<'_, T> {
    #[inline(always)]
    fn finish<S: Simd>(
        &mut self,
        simd: S,
        row: usize,
        column: usize,
        lanes: usize,
        sum: T::Vector<S>,
    ) {
        let n = self.kernel.units;
        let at = row * n + column;
        let step = &mut self.step;
        let (zero, one) = (T::splat(simd, T::ZERO), T::splat(simd, T::ONE));
        let from_outside = load_lanes(simd, step.feature_gradient, at, lanes);
        let feature = load_lanes(simd, step.features, at, lanes);
        let slope = T::select_greater(simd, feature, zero, one, zero);
        let carried = load_lanes(simd, step.carry, at, lanes);
        let state = T::mul_add(simd, T::plus(simd, sum, from_outside), slope, carried);
        let diagonal = load_lanes(simd, &self.kernel.diagonal, column, lanes);
        store_lanes(simd, step.carry, at, lanes, T::times(simd, diagonal, state));
        let previous = load_lanes(simd, step.previous_saved, at, lanes);
        let delta_at = row * step.delta_stride + column;
        store_lanes(simd, step.delta, delta_at, lanes, state);
        let of_diagonal = T::times(simd, state, previous);
        store_lanes(simd, step.delta, delta_at + n, lanes, of_diagonal);
    }
}
