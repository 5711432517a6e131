//! What the step kernels of gated cells share.

use pulp::Simd;

use crate::simd::product::{Epilogue, load_lanes, store_lanes};
use crate::simd::{Real, activation};

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
