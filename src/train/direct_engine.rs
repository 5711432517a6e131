//! The default engine: the readout by our own vectors, beside the fused recurrence; no tape, no tensors. Every engine must
//! agree with it.
//!
//! Rows are cut into parts by their number alone (at least 512 rows a part, at most 32 parts), each part sums into
//! a gradient of its own, and these are added in order: the bytes of the gradient do not depend on how many threads
//! there are.

use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

use super::engine::{Engine, EngineError, Pass, Slopes};
use super::recurrence::Recurrence;
use crate::cell::parameters::{Parameters, READOUT_BIAS, READOUT_WEIGHT};
use crate::cell::spec::NetworkSpec;
use crate::simd::Real;
use crate::simd::product::add_dots;
use crate::simd::transposed::{Columns, Scratch, add_transposed_product};
use crate::task::Batch;

/// Rows that one thread takes at a time, at least, and parts that rows are cut into, at most, each with a gradient of the
/// readout of its own. Neither depends on the number of threads.
const LEAST_ROWS: usize = 512;
const MOST_PARTS: usize = 32;

/// Rows of a part.
fn rows_together(rows: usize) -> usize {
    rows.div_ceil(MOST_PARTS).max(LEAST_ROWS)
}

/// Engine without a library for automatic differentiation.
///
/// With rates R and readout W, b, forward: Z = R Wᵀ + b. Backward, from ∂L/∂Z:
/// 1. ∂L/∂W = (∂L/∂Z)ᵀ R and ∂L/∂b = (∂L/∂Z)ᵀ 1, summed over chunks of rows in their order.
/// 2. ∂L/∂R = ∂L/∂Z · W, and what the loss asks of the rates themselves.
/// 3. The fused recurrence takes ∂L/∂R back through time.
pub struct DirectEngine<T: Real> {
    units: usize,
    channels: usize,
    recurrence: Recurrence<T>,
    outputs: Vec<T>,
    rate_slopes: Vec<T>,
}

impl<T: Real> DirectEngine<T> {
    /// Name in a curriculum.
    pub const NAME: &'static str = "direct";

    /// An engine for a network.
    pub fn new(network: &NetworkSpec) -> Self {
        Self {
            units: network.units,
            channels: network.outputs,
            recurrence: Recurrence::new(network),
            outputs: Vec::new(),
            rate_slopes: Vec::new(),
        }
    }
}

impl<T: Real> Engine<T> for DirectEngine<T> {
    fn forward(
        &mut self,
        parameters: &Parameters<T>,
        batch: &Batch,
    ) -> Result<Pass<'_, T>, EngineError> {
        self.recurrence.forward(parameters, batch)?;
        let rates = self.recurrence.rates();
        let (units, channels) = (self.units, self.channels);
        let bias = parameters.get(READOUT_BIAS);
        self.outputs.clear();
        for _ in self.recurrence.rows() {
            self.outputs.extend_from_slice(bias);
        }
        let arch = Arch::new();
        let together = rows_together(self.recurrence.rows().len());
        let chunks = self.outputs.par_chunks_mut((together * channels).max(1));
        chunks
            .zip(rates.par_chunks(together * units))
            .for_each(|(outputs, rates)| {
                arch.dispatch(ReadOut {
                    rates,
                    weights: parameters.get(READOUT_WEIGHT),
                    units,
                    outputs,
                });
            });
        Ok(Pass {
            rows: self.recurrence.rows(),
            outputs: &self.outputs,
        })
    }

    fn rows(&self) -> &[(usize, usize)] {
        self.recurrence.rows()
    }

    fn rates(&self) -> Vec<T> {
        self.recurrence.rates().to_vec()
    }

    fn states(&self) -> Vec<T> {
        self.recurrence.states()
    }

    fn backward(
        &mut self,
        parameters: &Parameters<T>,
        slopes: Slopes<'_, T>,
        gradient: &mut Parameters<T>,
    ) -> Result<(), EngineError> {
        let (units, channels) = (self.units, self.channels);
        let weights = parameters.get(READOUT_WEIGHT);
        self.rate_slopes.clear();
        if slopes.rates.is_empty() {
            let count = self.recurrence.rates().len();
            self.rate_slopes.resize(count, T::ZERO);
        } else {
            self.rate_slopes.extend_from_slice(slopes.rates);
        }
        let arch = Arch::new();
        let together = rows_together(self.recurrence.rows().len());
        let rates = self.recurrence.rates().par_chunks(together * units);
        let chunks = slopes.outputs.par_chunks((together * channels).max(1));
        let sums: Vec<Vec<T>> = self
            .rate_slopes
            .par_chunks_mut(together * units)
            .zip(rates.zip(chunks))
            .map(|(rate_slopes, (rates, output_slopes))| {
                arch.dispatch(TakeBack {
                    rates,
                    output_slopes,
                    weights,
                    units,
                    channels,
                    rate_slopes,
                })
            })
            .collect();
        gradient.values_mut().fill(T::ZERO);
        for sums in &sums {
            add(gradient.get_mut(READOUT_WEIGHT), sums);
        }
        let bias = gradient.get_mut(READOUT_BIAS);
        for row in slopes.outputs.chunks_exact(channels.max(1)) {
            add(bias, row);
        }
        self.recurrence.backward(&self.rate_slopes, gradient);
        Ok(())
    }
}

fn add<T: Real>(sums: &mut [T], values: &[T]) {
    for (sum, &value) in sums.iter_mut().zip(values) {
        *sum += value;
    }
}

/// Z ← Z + R Wᵀ for some rows.
struct ReadOut<'a, T> {
    rates: &'a [T],
    weights: &'a [T],
    units: usize,
    outputs: &'a mut [T],
}

impl<T: Real> WithSimd for ReadOut<'_, T> {
    type Output = ();
    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self {
            rates,
            weights,
            units,
            outputs,
        } = self;
        add_dots(
            simd,
            rates,
            units,
            rates.len() / units,
            weights,
            units,
            outputs,
        );
    }
}

/// Steps 1 and 2 of the backward pass for some rows: adds to their ∂L/∂R, and returns their part of ∂L/∂W.
struct TakeBack<'a, T> {
    rates: &'a [T],
    output_slopes: &'a [T],
    weights: &'a [T],
    units: usize,
    channels: usize,
    rate_slopes: &'a mut [T],
}

impl<T: Real> WithSimd for TakeBack<'_, T> {
    type Output = Vec<T>;
    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Vec<T> {
        let (units, channels) = (self.units, self.channels);
        let mut sums = vec![T::ZERO; channels * units];
        let slopes = Columns {
            values: self.output_slopes,
            stride: channels,
            count: channels,
        };
        let rates = Columns {
            values: self.rates,
            stride: units,
            count: units,
        };
        let rows = self.rates.len() / units;
        add_transposed_product(
            simd,
            slopes,
            rates,
            rows,
            &mut sums,
            &mut Scratch::default(),
        );
        for (slopes, target) in (self.output_slopes.chunks_exact(channels.max(1)))
            .zip(self.rate_slopes.chunks_exact_mut(units))
        {
            for (&slope, weights) in slopes.iter().zip(self.weights.chunks_exact(units)) {
                for (sum, &weight) in target.iter_mut().zip(weights) {
                    *sum += slope * weight;
                }
            }
        }
        sums
    }
}
