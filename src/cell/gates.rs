//! What the step kernels of gated cells share.
//!
//! Slopes are taken from the values that the forward pass saved, σ' = σ(1 − σ) and tanh' = 1 − tanh²: exact enough
//! for gradients, and no second evaluation of the function.

use pulp::Simd;

use super::parameters::{Parameters, WEIGHT_HH, WEIGHT_IH};
use super::sequence::Rows;
use crate::simd::product::{Epilogue, Packed, Term, load_lanes, product, store_lanes};
use crate::simd::{Real, activation};

/// Weights of a cell all of whose gates see the inputs and the features before.
pub(super) struct Blocks<T> {
    pub(super) units: usize,
    pub(super) inputs: usize,
    /// What is multiplied at once: the first gate and the number of gates, of each block.
    gates: &'static [(usize, usize)],
    bias: Vec<T>,
    recurrent: Vec<Packed<T>>,
    input: Vec<Packed<T>>,
    recurrent_back: Packed<T>,
}

impl<T: Real> Blocks<T> {
    /// Without weights.
    pub(super) fn new(units: usize, inputs: usize, gates: &'static [(usize, usize)]) -> Self {
        Self {
            units,
            inputs,
            gates,
            bias: Vec::new(),
            recurrent: vec![Packed::default(); gates.len()],
            input: vec![Packed::default(); gates.len()],
            recurrent_back: Packed::default(),
        }
    }

    #[inline(always)]
    pub(super) fn pack<S: Simd>(&mut self, parameters: &Parameters<T>, bias: Vec<T>) {
        let (n, inputs) = (self.units, self.inputs);
        let (recurrent, input) = (parameters.get(WEIGHT_HH), parameters.get(WEIGHT_IH));
        for (block, &(first, count)) in self.gates.iter().enumerate() {
            let rows = &recurrent[first * n * n..][..count * n * n];
            self.recurrent[block].pack_transposed::<S>(rows, count * n, n);
            let rows = &input[first * n * inputs..][..count * n * inputs];
            self.input[block].pack_transposed::<S>(rows, count * n, inputs);
        }
        self.recurrent_back
            .pack::<S>(recurrent, recurrent.len() / n.max(1), n);
        self.bias = bias;
    }

    /// Runs a block of pre-activations, from the inputs and the features before.
    #[inline(always)]
    pub(super) fn forward<S: Simd>(
        &self,
        simd: S,
        block: usize,
        [input, previous]: [&[T]; 2],
        rows: usize,
        epilogue: &mut impl Epilogue<T>,
    ) {
        let n = self.units;
        let (first, count) = self.gates[block];
        let terms = [
            Term {
                rows: input,
                stride: self.inputs + 1,
                weights: &self.input[block],
            },
            Term {
                rows: previous,
                stride: n,
                weights: &self.recurrent[block],
            },
        ];
        let bias = &self.bias[first * n..][..count * n];
        product(simd, rows, count * n, Some(bias), terms, epilogue);
    }

    /// What the pre-activation gradients of the step after say of the features, if there is such a step.
    #[inline(always)]
    pub(super) fn backward<'a>(
        &'a self,
        later_delta: Option<&'a [T]>,
        stride: usize,
    ) -> Option<Term<'a, T>> {
        later_delta.map(|rows| Term {
            rows,
            stride,
            weights: &self.recurrent_back,
        })
    }

    /// Adds that to gradients of features outside of the recurrence.
    pub(super) fn through_recurrent(&self, rows: usize, delta: Rows<'_, T>, out: &mut [T]) {
        let Rows { values, stride } = delta;
        self.recurrent_back.add_product(values, stride, rows, out);
    }
}

/// What is done to a pre-activation before it is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Squash {
    Nothing,
    Sigmoid,
    Tanh,
}

/// Stores a block of pre-activations, squashed, among the saved values.
pub(super) struct StoreSaved<'a, T> {
    pub(super) saved: &'a mut [T],
    /// Width of a row of saved values.
    pub(super) stride: usize,
    /// Where the block begins in a row.
    pub(super) offset: usize,
    pub(super) squash: Squash,
    /// Added before squashing, `units` a row, where the block is that wide.
    pub(super) noise: Option<&'a [T]>,
    /// Units of the cell.
    pub(super) units: usize,
}

impl<T: Real> Epilogue<T> for StoreSaved<'_, T> {
    #[inline(always)]
    fn finish<S: Simd>(
        &mut self,
        simd: S,
        row: usize,
        column: usize,
        lanes: usize,
        sum: T::Vector<S>,
    ) {
        let sum = with_noise(simd, self.noise, row * self.units + column, lanes, sum);
        let value = match self.squash {
            Squash::Nothing => sum,
            Squash::Sigmoid => activation::sigmoid::<T, S>(simd, sum),
            Squash::Tanh => activation::tanh::<T, S>(simd, sum),
        };
        store_lanes(
            simd,
            self.saved,
            row * self.stride + self.offset + column,
            lanes,
            value,
        );
    }
}

/// A pre-activation with the noise on it, if there is any.
#[inline(always)]
pub(super) fn with_noise<T: Real, S: Simd>(
    simd: S,
    noise: Option<&[T]>,
    at: usize,
    lanes: usize,
    sum: T::Vector<S>,
) -> T::Vector<S> {
    match noise {
        Some(noise) => T::plus(simd, sum, load_lanes(simd, noise, at, lanes)),
        None => sum,
    }
}

/// x (1 − x): the slope of the logistic function from its value.
#[inline(always)]
pub(super) fn sigmoid_slope<T: Real, S: Simd>(simd: S, value: T::Vector<S>) -> T::Vector<S> {
    let one = T::splat(simd, T::ONE);
    T::times(simd, value, T::minus(simd, one, value))
}

/// 1 − x²: the slope of tanh from its value.
#[inline(always)]
pub(super) fn tanh_slope<T: Real, S: Simd>(simd: S, value: T::Vector<S>) -> T::Vector<S> {
    let one = T::splat(simd, T::ONE);
    T::minus(simd, one, T::times(simd, value, value))
}
