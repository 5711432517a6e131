//! Training kernel of long short-term memory, in PyTorch's convention and with its blocks (i, f, g, o):
//! c' = σ(a_f) c + σ(a_i) tanh(a_g), h' = σ(a_o) tanh(c').
//!
//! With i, f, o the gates and g = tanh(a_g). Backward, with ∂h the sum of the slope from outside and Wᵀ times the
//! pre-activation gradients of the step after:
//!
//! 1. ∂c = ∂h o (1 − tanh²c') + what was carried back.
//! 2. ∂a_i = ∂c g i(1 − i), ∂a_f = ∂c c f(1 − f), ∂a_g = ∂c i(1 − g²), ∂a_o = ∂h tanh(c') o(1 − o).
//! 3. Carried back is f ∂c.
//!
//! Noise is on a_g. Both biases enter as their sum and get equal gradients.

use pulp::Simd;

use super::gates::{Blocks, Squash, StoreSaved, sigmoid_slope, tanh_slope};
use super::parameters::{BIAS_HH, BIAS_IH, Parameters, WEIGHT_HH, WEIGHT_IH};
use super::sequence::{Backward, Forward, Rows, Source, StatePlace, StepKernel, WeightGradient};
use crate::simd::product::{Epilogue, load_lanes, product_of_any, store_lanes};
use crate::simd::{Real, activation};

/// Width of a saved row in units: i, f, g, o, c', tanh(c').
const SAVED: usize = 6;
/// Place of c' in a saved row.
const CELL: usize = 4;
/// Rows of the weights that are multiplied at once, in units: i and f, g, o.
const BLOCKS: [(usize, usize); 3] = [(0, 2), (2, 1), (3, 1)];

/// Step kernel of long short-term memory. A row of pre-activation gradients is ∂a_i, ∂a_f, ∂a_g, ∂a_o; what is carried
/// back is ∂L/∂c.
pub struct LstmKernel<T>(Blocks<T>);

impl<T: Real> LstmKernel<T> {
    /// A kernel without weights.
    pub fn new(units: usize, inputs: usize) -> Self {
        Self(Blocks::new(units, inputs, &BLOCKS))
    }
}

impl<T: Real> StepKernel<T> for LstmKernel<T> {
    fn units(&self) -> usize {
        self.0.units
    }

    fn inputs(&self) -> usize {
        self.0.inputs
    }

    fn saved_width(&self) -> usize {
        SAVED * self.0.units
    }

    fn delta_width(&self) -> usize {
        4 * self.0.units
    }

    fn recurrent_width(&self) -> usize {
        4 * self.0.units
    }

    fn carry_width(&self) -> usize {
        self.0.units
    }

    #[inline(always)]
    fn pack<S: Simd>(&mut self, _: S, parameters: &Parameters<T>) {
        let biases = parameters.get(BIAS_IH).iter().zip(parameters.get(BIAS_HH));
        let bias = biases.map(|(&a, &b)| a + b).collect();
        self.0.pack::<S>(parameters, bias);
    }

    #[inline(always)]
    fn forward<S: Simd>(&self, simd: S, step: Forward<'_, T>) {
        let (units, rows) = (self.0.units, step.rows);
        let sources = [step.input, step.previous_features];
        let mut store = StoreSaved {
            saved: step.saved,
            stride: SAVED * units,
            offset: 0,
            squash: Squash::Sigmoid,
            noise: None,
            units,
        };
        self.0.forward(simd, 0, sources, rows, &mut store);
        store = StoreSaved {
            offset: 2 * units,
            squash: Squash::Tanh,
            noise: step.noise,
            ..store
        };
        self.0.forward(simd, 1, sources, rows, &mut store);
        self.0
            .forward(simd, 2, sources, rows, &mut Output { units, step });
    }

    #[inline(always)]
    fn backward<S: Simd>(&self, simd: S, step: Backward<'_, T>) {
        let (rows, units) = (step.rows, self.0.units);
        let term = self.0.backward(step.later_delta, step.delta_stride);
        product_of_any(simd, rows, units, term, &mut BackwardGates { units, step });
    }

    fn through_recurrent(&self, rows: usize, delta: Rows<'_, T>, out: &mut [T]) {
        self.0.through_recurrent(rows, delta, out);
    }

    fn weight_gradients(&self) -> Vec<WeightGradient> {
        [
            (WEIGHT_HH, Source::Features),
            (WEIGHT_IH, Source::Inputs),
            (BIAS_IH, Source::Ones),
            (BIAS_HH, Source::Ones),
        ]
        .map(|(parameter, source)| WeightGradient::whole(parameter, 4 * self.0.units, 0, source))
        .to_vec()
    }

    fn state(&self) -> StatePlace {
        StatePlace::FeaturesAndSaved(CELL * self.0.units..(CELL + 1) * self.0.units)
    }
}

/// The values of some units in the first blocks of a row.
#[inline(always)]
fn load_blocks<T: Real, S: Simd, const BLOCKS: usize>(
    simd: S,
    values: &[T],
    at: usize,
    units: usize,
    lanes: usize,
) -> [T::Vector<S>; BLOCKS] {
    let mut blocks = [T::splat(simd, T::ZERO); BLOCKS];
    for (block, vector) in blocks.iter_mut().enumerate() {
        *vector = load_lanes(simd, values, at + block * units, lanes);
    }
    blocks
}

struct Output<'a, T> {
    units: usize,
    step: Forward<'a, T>,
}

impl<T: Real> Epilogue<T> for Output<'_, T> {
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
        let saved_at = row * SAVED * n + column;
        let step = &mut self.step;
        let [input, forget, candidate] =
            load_blocks::<T, S, 3>(simd, step.saved, saved_at, n, lanes);
        let previous = load_lanes(simd, step.previous_saved, saved_at + CELL * n, lanes);
        let cell = T::mul_add(simd, forget, previous, T::times(simd, input, candidate));
        let output = activation::sigmoid::<T, S>(simd, sum);
        let squashed = activation::tanh::<T, S>(simd, cell);
        for (block, value) in [(3, output), (CELL, cell), (CELL + 1, squashed)] {
            store_lanes(simd, step.saved, saved_at + block * n, lanes, value);
        }
        let hidden = T::times(simd, output, squashed);
        store_lanes(simd, step.features, row * n + column, lanes, hidden);
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
        let (at, saved_at) = (row * n + column, row * SAVED * n + column);
        let step = &mut self.step;
        let [input, forget, candidate, output, _, squashed] =
            load_blocks::<T, S, SAVED>(simd, step.saved, saved_at, n, lanes);
        let previous = load_lanes(simd, step.previous_saved, saved_at + CELL * n, lanes);

        let from_outside = load_lanes(simd, step.feature_gradient, at, lanes);
        let hidden = T::plus(simd, sum, from_outside);
        let cell = T::mul_add(
            simd,
            T::times(simd, hidden, output),
            tanh_slope::<T, S>(simd, squashed),
            load_lanes(simd, step.carry, at, lanes),
        );
        let deltas = [
            (cell, candidate, sigmoid_slope::<T, S>(simd, input)),
            (cell, previous, sigmoid_slope::<T, S>(simd, forget)),
            (cell, input, tanh_slope::<T, S>(simd, candidate)),
            (hidden, squashed, sigmoid_slope::<T, S>(simd, output)),
        ];
        store_lanes(simd, step.carry, at, lanes, T::times(simd, cell, forget));
        let delta_at = row * step.delta_stride + column;
        for (block, (gradient, factor, slope)) in deltas.into_iter().enumerate() {
            let delta = T::times(simd, T::times(simd, gradient, factor), slope);
            store_lanes(simd, step.delta, delta_at + block * n, lanes, delta);
        }
    }
}
