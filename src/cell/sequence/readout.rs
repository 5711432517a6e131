//! The readout beside the recurrence, step by step of a shard, while its features are in the cache.
//!
//! With features R and readout W, b, forward: Z = R Wᵀ + b. Backward, from ∂L/∂Z:
//! 1. ∂L/∂R = ∂L/∂Z · W, and what the loss asks of the features themselves.
//! 2. ∂L/∂W = (∂L/∂Z)ᵀ R and ∂L/∂b = (∂L/∂Z)ᵀ 1, summed over the shard.

use pulp::{Simd, WithSimd};

use super::shard::ShardSums;
use crate::cell::parameters::{Parameters, READOUT_BIAS, READOUT_WEIGHT};
use crate::simd::Real;
use crate::simd::product::{add_dots, load_lanes, store_lanes};
use crate::simd::transposed::{Columns, Scratch, add_transposed_product};

/// Slopes of a loss from outside the recurrence, in the order of its rows.
#[derive(Debug, Clone, Copy)]
pub struct Outside<'a, T> {
    /// The parameters with the readout, and ∂L/∂outputs, `[row][channel]`; where the readout was asked.
    pub outputs: Option<(&'a Parameters<T>, &'a [T])>,
    /// ∂L/∂features beside that, `[row][unit]`; empty where there are none.
    pub features: &'a [T],
}

/// Weights and bias of the readout, or none.
#[derive(Debug, Clone, Copy)]
pub(super) struct Readout<'a, T> {
    weights: &'a [T],
    bias: &'a [T],
    units: usize,
}

impl<'a, T: Real> Readout<'a, T> {
    pub(super) fn new(parameters: &'a Parameters<T>, units: usize) -> Self {
        Self {
            weights: parameters.get(READOUT_WEIGHT),
            bias: parameters.get(READOUT_BIAS),
            units,
        }
    }

    pub(super) fn none(units: usize) -> Self {
        Self {
            weights: &[],
            bias: &[],
            units,
        }
    }

    pub(super) fn channels(&self) -> usize {
        self.bias.len()
    }

    /// Z for the rows of some features.
    pub(super) fn forward<S: Simd>(self, simd: S, features: &[T], outputs: &mut [T]) {
        if self.channels() > 0 {
            simd.vectorize(ReadOut {
                readout: self,
                features,
                outputs,
            });
        }
    }

    /// Step 1 for some rows; `from_features` is empty, or what the loss asks of the features.
    pub(super) fn backward<S: Simd>(
        self,
        simd: S,
        output_slopes: &[T],
        from_features: &[T],
        slopes: &mut [T],
    ) {
        simd.vectorize(FeatureSlopes {
            readout: self,
            output_slopes,
            from_features,
            slopes,
        });
    }

    /// Step 2 for some rows.
    pub(super) fn add_to_sums<S: Simd>(
        self,
        simd: S,
        output_slopes: &[T],
        features: &[T],
        sums: &mut ShardSums<T>,
        scratch: &mut Scratch<T>,
    ) {
        let channels = self.channels();
        if channels == 0 {
            return;
        }
        let rows = features.len() / self.units;
        let left = Columns {
            values: output_slopes,
            stride: channels,
            count: channels,
        };
        let right = Columns {
            values: features,
            stride: self.units,
            count: self.units,
        };
        add_transposed_product(simd, left, right, rows, &mut sums.readout, scratch);
        for row in output_slopes[..rows * channels].chunks_exact(channels) {
            super::add(&mut sums.readout_bias, row);
        }
    }
}

struct ReadOut<'a, T> {
    readout: Readout<'a, T>,
    features: &'a [T],
    outputs: &'a mut [T],
}

impl<T: Real> WithSimd for ReadOut<'_, T> {
    type Output = ();
    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Readout {
            weights,
            bias,
            units,
        } = self.readout;
        for row in self.outputs.chunks_exact_mut(bias.len()) {
            row.copy_from_slice(bias);
        }
        let rows = self.features.len() / units;
        add_dots(
            simd,
            self.features,
            units,
            rows,
            weights,
            units,
            self.outputs,
        );
    }
}

struct FeatureSlopes<'a, T> {
    readout: Readout<'a, T>,
    output_slopes: &'a [T],
    from_features: &'a [T],
    slopes: &'a mut [T],
}

impl<T: Real> WithSimd for FeatureSlopes<'_, T> {
    type Output = ();
    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self {
            readout,
            output_slopes,
            from_features,
            slopes,
        } = self;
        let (units, lanes) = (readout.units, T::lanes::<S>());
        let channels = readout.channels();
        for (row, slopes) in slopes.chunks_exact_mut(units).enumerate() {
            let of_outputs = &output_slopes[row * channels..][..channels];
            for first in (0..units).step_by(lanes) {
                let lanes = lanes.min(units - first);
                let mut sum = if from_features.is_empty() {
                    T::splat(simd, T::ZERO)
                } else {
                    load_lanes(simd, from_features, row * units + first, lanes)
                };
                for (channel, &slope) in of_outputs.iter().enumerate() {
                    let at = channel * units + first;
                    let weights = load_lanes(simd, readout.weights, at, lanes);
                    sum = T::mul_add(simd, T::splat(simd, slope), weights, sum);
                }
                store_lanes(simd, slopes, first, lanes, sum);
            }
        }
    }
}
