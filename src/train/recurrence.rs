//! The fused recurrence of a network with a batch brought into its order: what all engines on the CPU have in common.
//!
//! Rows are ordered by shard, so that each thread's trials lie together; inputs and noise are copied into that
//! order, and rounded to the format of training, once a batch.

use super::engine::{EngineError, check_channels};
use crate::cell::parameters::Parameters;
use crate::cell::sequence::{Outside, SequenceKernel, SequenceShape};
use crate::cell::sequence_kernel;
use crate::cell::spec::NetworkSpec;
use crate::parallel;
use crate::simd::Real;
use crate::task::Batch;

/// Values that are brought into order faster by one thread than by several.
const VALUES_OF_ONE_THREAD: usize = 1 << 16;

/// Rows that one thread brings into order at a time.
const ROWS_TOGETHER: usize = 256;

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
        self.take(batch)?;
        self.kernel
            .forward(parameters, self.shape, &self.inputs, &self.noise);
        Ok(())
    }

    /// The same; the readout's outputs, `[row][channel]`, replace what `outputs` holds.
    pub(super) fn read_out(
        &mut self,
        parameters: &Parameters<T>,
        batch: &Batch,
        outputs: &mut Vec<T>,
    ) -> Result<(), EngineError> {
        self.take(batch)?;
        outputs.resize(self.rows.len() * batch.output_channels, T::ZERO);
        self.kernel
            .read_out(parameters, self.shape, &self.inputs, &self.noise, outputs);
        Ok(())
    }

    /// Takes up a batch, in the order of rows.
    fn take(&mut self, batch: &Batch) -> Result<(), EngineError> {
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
        Ok(())
    }

    /// Adds the gradient of a loss with these slopes in the rates.
    pub(super) fn backward(&mut self, rate_slopes: &[T], gradient: &mut Parameters<T>) {
        self.kernel.backward(rate_slopes, gradient);
    }

    /// The same with these slopes in the outputs, too, after [`Self::read_out`].
    pub(super) fn take_back(&mut self, slopes: Outside<'_, T>, gradient: &mut Parameters<T>) {
        self.kernel.take_back(slopes, gradient);
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
    ordered.resize(rows.len() * width, T::ZERO);
    if width == 0 {
        return;
    }
    let put = |(rows, ordered): (&[(usize, usize)], &mut [T])| {
        for (&(time, trial), ordered) in rows.iter().zip(ordered.chunks_exact_mut(width)) {
            let row = &values[(time * shape.trials + trial) * width..][..width];
            for (to, &value) in ordered.iter_mut().zip(row) {
                *to = T::from_f64(value);
            }
        }
    };
    if rows.len() * width < VALUES_OF_ONE_THREAD {
        put((rows, ordered));
    } else {
        let parts = ordered.chunks_mut(ROWS_TOGETHER * width);
        parallel::for_each(rows.chunks(ROWS_TOGETHER).zip(parts), put);
    }
}
