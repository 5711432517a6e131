//! The fused recurrence of a network with a batch brought into its order: what all engines on the CPU have in common.
//!
//! Rows are ordered by shard, so that each thread's trials lie together; inputs and noise are copied into that
//! order, and rounded to the format of training, once a batch.

use super::engine::{EngineError, check_channels};
use crate::cell::parameters::Parameters;
use crate::cell::sequence::{SequenceKernel, SequenceShape};
use crate::cell::sequence_kernel;
use crate::cell::spec::NetworkSpec;
use crate::simd::Real;
use crate::task::Batch;

/// A kernel and its buffers.
pub(super) struct Recurrence<T: Real> {
    kernel: Box<dyn SequenceKernel<T>>,
    /// Input channels, output channels, units.
    widths: [usize; 3],
    shape: SequenceShape,
    rows: Vec<(usize, usize)>,
    inputs: Vec<T>,
    /// Empty if there is none.
    noise: Vec<T>,
}

impl<T: Real> Recurrence<T> {
    pub(super) fn new(network: &NetworkSpec) -> Self {
        Self {
            kernel: sequence_kernel(network),
            widths: [network.inputs, network.outputs, network.units],
            shape: SequenceShape::default(),
            rows: Vec::new(),
            inputs: Vec::new(),
            noise: Vec::new(),
        }
    }

    /// (time, trial) of each row.
    pub(super) fn rows(&self) -> &[(usize, usize)] {
        &self.rows
    }

    /// What the readout sees after [`Self::forward`], `[row][unit]`.
    pub(super) fn rates(&self) -> &[T] {
        self.kernel.features()
    }

    /// States after [`Self::forward`], `[row][state_size]`.
    pub(super) fn states(&self) -> Vec<T> {
        self.kernel.states()
    }

    /// Runs the trials of a batch.
    pub(super) fn forward(
        &mut self,
        parameters: &Parameters<T>,
        batch: &Batch,
    ) -> Result<(), EngineError> {
        let [inputs, outputs, units] = self.widths;
        check_channels(batch, (inputs, outputs))?;
        let shape = SequenceShape {
            steps: batch.steps,
            trials: batch.trials,
        };
        if self.shape != shape {
            self.shape = shape;
            self.rows = self.kernel.order(shape);
        }
        in_order(&self.rows, shape, &batch.inputs, inputs, &mut self.inputs);
        self.noise.clear();
        if !batch.recurrent_noise.is_empty() {
            in_order(
                &self.rows,
                shape,
                &batch.recurrent_noise,
                units,
                &mut self.noise,
            );
        }
        let states = batch.initial_states.iter();
        let states: Vec<T> = states.map(|&value| T::from_f64(value)).collect();
        self.kernel.start_from(&states);
        self.kernel
            .forward(parameters, shape, &self.inputs, &self.noise);
        Ok(())
    }

    /// Adds the gradient of a loss with these slopes in the rates.
    pub(super) fn backward(&mut self, rate_slopes: &[T], gradient: &mut Parameters<T>) {
        self.kernel.backward(rate_slopes, gradient);
    }
}

/// `[time][trial][width]` in the order of rows.
fn in_order<T: Real>(
    rows: &[(usize, usize)],
    shape: SequenceShape,
    values: &[f64],
    width: usize,
    ordered: &mut Vec<T>,
) {
    ordered.clear();
    for &(time, trial) in rows {
        let row = &values[(time * shape.trials + trial) * width..][..width];
        ordered.extend(row.iter().map(|&value| T::from_f64(value)));
    }
}
