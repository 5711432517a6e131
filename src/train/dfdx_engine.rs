//! The default engine: dfdx for readout, loss and tape, with the recurrence as one fused operation on the tape.

use std::ops::DerefMut;
use std::sync::{Arc, Mutex, PoisonError};

use dfdx::dtypes::Dtype;
use dfdx::prelude::*;
use dfdx::tensor::CpuError;

use super::engine::{Engine, EngineError, Outcome, Simulation};
use super::speed_penalty::SpeedPenalty;
use crate::cell::constraints::clear_untrained;
use crate::cell::feedback::{add_through_loop, closed_loop};
use crate::cell::parameters::{Parameters, READOUT_BIAS, READOUT_WEIGHT};
use crate::cell::sequence::{SequenceKernel, SequenceShape};
use crate::cell::sequence_kernel;
use crate::cell::spec::NetworkSpec;
use crate::simd::Real;
use crate::task::Batch;

type Matrix<T, Tape = NoneTape> = Tensor<(usize, usize), T, Cpu, Tape>;
type SharedKernel<T> = Arc<Mutex<Box<dyn SequenceKernel<T>>>>;

/// A dfdx device whose gradients are slices in memory.
pub trait SliceDevice<T: Real + Dtype>:
    Device<T> + Storage<T, Vec: DerefMut<Target = Vec<T>>>
{
}

impl<T: Real + Dtype, D: Device<T> + Storage<T, Vec: DerefMut<Target = Vec<T>>>> SliceDevice<T>
    for D
{
}

/// Engine on dfdx's CPU device.
pub struct DfdxEngine<T: Real + Dtype>
where
    Cpu: SliceDevice<T>,
{
    spec: NetworkSpec,
    /// Weight of the mean squared rate in the loss.
    rate_penalty: f64,
    speed_penalty: Option<SpeedPenalty<T>>,
    device: Cpu,
    kernel: SharedKernel<T>,
    order: Vec<(usize, usize)>,
    shape: SequenceShape,
    inputs: Vec<T>,
    /// Empty if there is none.
    noise: Vec<T>,
    /// The largest of the tensors, kept from step to step.
    features: Option<Matrix<T>>,
    /// Scratch for what enters or leaves a tensor.
    values: Vec<T>,
}

impl<T: Real + Dtype> DfdxEngine<T>
where
    Cpu: SliceDevice<T>,
{
    /// An engine for a network.
    pub fn new(spec: &NetworkSpec) -> Self {
        // The cache saves an allocation of every intermediate at every step. It only ever grows if a tensor is
        // made from a foreign vector, so none is: values are copied into tensors that the device allocates.
        let device = Cpu::default();
        device.enable_cache();
        Self {
            spec: spec.clone(),
            rate_penalty: 0.0,
            speed_penalty: None,
            device,
            kernel: Arc::new(Mutex::new(sequence_kernel(spec))),
            order: Vec::new(),
            shape: SequenceShape::default(),
            inputs: Vec::new(),
            noise: Vec::new(),
            features: None,
            values: Vec::new(),
        }
    }

    /// The same, with λ times the mean squared rate, over units, steps and trials, added to the loss. Rates are what the
    /// readout sees.
    pub fn with_rate_penalty(self, rate_penalty: f64) -> Self {
        Self {
            rate_penalty,
            ..self
        }
    }

    /// The same, with a penalty on the speed at the mean states of the classes of trials added to the loss.
    pub fn with_speed_penalty(self, penalty: SpeedPenalty<T>) -> Self {
        Self {
            speed_penalty: Some(penalty),
            ..self
        }
    }

    /// Brings the inputs of a batch into the order of the kernel.
    fn arrange(&mut self, batch: &Batch) -> Result<(), EngineError> {
        if (batch.input_channels, batch.output_channels) != (self.spec.inputs, self.spec.outputs) {
            return Err(EngineError::Channels {
                found_inputs: batch.input_channels,
                found_outputs: batch.output_channels,
                expected_inputs: self.spec.inputs,
                expected_outputs: self.spec.outputs,
            });
        }
        let shape = SequenceShape {
            steps: batch.steps,
            trials: batch.trials,
        };
        if self.shape != shape {
            self.shape = shape;
            self.order = lock(&self.kernel).order(shape);
        }
        let mut inputs = std::mem::take(&mut self.inputs);
        self.put_in_order(&batch.inputs, batch.input_channels, 1.0, &mut inputs);
        self.inputs = inputs;
        let mut noise = std::mem::take(&mut self.noise);
        noise.clear();
        if !batch.recurrent_noise.is_empty() {
            self.put_in_order(&batch.recurrent_noise, self.spec.units, 1.0, &mut noise);
        }
        self.noise = noise;
        Ok(())
    }

    /// `[time][trial][width]`, scaled, in the order of the kernel.
    fn put_in_order(&self, values: &[f64], width: usize, scale: f64, ordered: &mut Vec<T>) {
        ordered.clear();
        for &(time, trial) in &self.order {
            let row = &values[(time * self.shape.trials + trial) * width..][..width];
            ordered.extend(
                row.iter()
                    .map(|&value| <T as Real>::from_f64(scale * value)),
            );
        }
    }

    /// The order of the kernel into `[time][trial][width]`.
    fn by_time(&self, values: &[T], width: usize) -> Vec<f64> {
        let mut by_time = vec![0.0; values.len()];
        for (row, &(time, trial)) in self.order.iter().enumerate() {
            let target = &mut by_time[(time * self.shape.trials + trial) * width..][..width];
            for (to, from) in target.iter_mut().zip(&values[row * width..]) {
                *to = Real::to_f64(*from);
            }
        }
        by_time
    }
}

impl<T: Real + Dtype> DfdxEngine<T>
where
    Cpu: SliceDevice<T>,
{
    fn tensor<S: Shape>(&self, values: &[T], shape: S) -> Result<Tensor<S, T, Cpu>, CpuError> {
        let mut tensor = self.device.try_zeros_like(&shape)?;
        tensor.copy_from(values);
        Ok(tensor)
    }

    fn readout<Tp: Tape<T, Cpu>>(
        &self,
        parameters: &ReadoutTensors<T>,
        features: Matrix<T, Tp>,
    ) -> Result<Matrix<T, Tp>, CpuError> {
        let shape = (features.shape().0, self.spec.outputs);
        let weight = parameters
            .weight
            .retaped::<Tp>()
            .try_permute::<_, Axes2<1, 0>>()?;
        let bias = parameters
            .bias
            .retaped::<Tp>()
            .try_broadcast_like::<_, Axis<0>>(&shape)?;
        features.try_matmul(weight)?.try_add(bias)
    }

    /// The fused recurrence as one operation on the tape: features of all steps from the parameters.
    fn recurrence(
        &mut self,
        parameters: &Parameters<T>,
        leaf: &Tensor<(usize,), T, Cpu>,
    ) -> Result<Matrix<T, OwnedTape<T, Cpu>>, CpuError> {
        let shape = (self.order.len(), self.spec.units);
        let mut features = match self.features.take() {
            Some(features) if features.shape() == &shape => features,
            _ => self.device.try_zeros_like(&shape)?,
        };
        let closed = closed_loop(parameters);
        let parameters = closed.as_ref().unwrap_or(parameters);
        features.copy_from(lock(&self.kernel).forward(
            parameters,
            self.shape,
            &self.inputs,
            &self.noise,
        ));
        // Nothing else holds it at the next step, so that `copy_from` will find it unshared.
        self.features = Some(features.clone());

        let mut tape = OwnedTape::default();
        let (feature_ghost, leaf_ghost) = (features.ghost(), leaf.ghost());
        let kernel = Arc::clone(&self.kernel);
        let mut gradient = parameters.zeros_like();
        tape.add_backward_op(move |gradients| {
            lock(&kernel).backward(gradients.get_or_alloc_mut(&feature_ghost)?, &mut gradient);
            for (sum, &value) in gradients
                .get_or_alloc_mut(&leaf_ghost)?
                .iter_mut()
                .zip(gradient.values())
            {
                *sum += value;
            }
            Ok(())
        });
        Ok(features.put_tape(tape))
    }

    fn evaluate(
        &mut self,
        parameters: &Parameters<T>,
        batch: &Batch,
        gradient: &mut Parameters<T>,
    ) -> Result<Outcome, CpuError> {
        let shape = (self.order.len(), self.spec.outputs);
        let total_weight = batch.weights.iter().sum::<f64>().max(f64::MIN_POSITIVE);
        let mut values = std::mem::take(&mut self.values);
        self.put_in_order(&batch.targets, shape.1, 1.0, &mut values);
        let targets = self.tensor(&values, shape)?;
        self.put_in_order(&batch.weights, shape.1, 1.0 / total_weight, &mut values);
        let weights = self.tensor(&values, shape)?;

        let leaf = self.tensor(parameters.values(), (parameters.values().len(),))?;
        let readout = self.readout_tensors(parameters)?;
        let features = self.recurrence(parameters, &leaf)?;
        let rates = (self.rate_penalty > 0.0).then(|| features.retaped::<OwnedTape<T, Cpu>>());
        let output = self.readout(&readout, features)?;
        output.copy_into(&mut values);
        let mut loss = output
            .try_sub(targets)?
            .try_square()?
            .try_mul(weights)?
            .try_sum::<Rank0, _>()?;
        if let Some(rates) = rates {
            let count = (self.order.len() * self.spec.units) as f64;
            let scale = <T as Real>::from_f64(self.rate_penalty / count);
            let penalty = rates.try_square()?.try_sum::<Rank0, _>()?;
            loss = loss.try_add(penalty.try_mul(scale)?)?;
        }
        let mut loss_value = [T::ZERO];
        loss.copy_into(&mut loss_value);

        let gradients = loss.try_backward()?;
        gradients.get(&leaf).copy_into(gradient.values_mut());
        gradients
            .get(&readout.weight)
            .copy_into(gradient.get_mut(READOUT_WEIGHT));
        gradients
            .get(&readout.bias)
            .copy_into(gradient.get_mut(READOUT_BIAS));
        let outputs = self.by_time(&values, shape.1);
        self.values = values;
        Ok(Outcome {
            loss: Real::to_f64(loss_value[0]),
            outputs,
        })
    }

    fn readout_tensors(&self, parameters: &Parameters<T>) -> Result<ReadoutTensors<T>, CpuError> {
        let (outputs, units) = (self.spec.outputs, self.spec.units);
        Ok(ReadoutTensors {
            weight: self.tensor(parameters.get(READOUT_WEIGHT), (outputs, units))?,
            bias: self.tensor(parameters.get(READOUT_BIAS), (outputs,))?,
        })
    }

    fn outputs(&self, parameters: &Parameters<T>, features: &[T]) -> Result<Vec<f64>, CpuError> {
        let features = self.tensor(features, (self.order.len(), self.spec.units))?;
        let outputs = self.readout(&self.readout_tensors(parameters)?, features)?;
        let mut values = vec![T::ZERO; self.order.len() * self.spec.outputs];
        outputs.copy_into(&mut values);
        Ok(self.by_time(&values, self.spec.outputs))
    }
}

struct ReadoutTensors<T: Real + Dtype>
where
    Cpu: SliceDevice<T>,
{
    weight: Matrix<T>,
    bias: Tensor<(usize,), T, Cpu>,
}

impl<T: Real + Dtype> Engine<T> for DfdxEngine<T>
where
    Cpu: SliceDevice<T>,
{
    fn loss_and_gradient(
        &mut self,
        parameters: &Parameters<T>,
        batch: &Batch,
        gradient: &mut Parameters<T>,
    ) -> Result<Outcome, EngineError> {
        self.arrange(batch)?;
        let mut outcome = self.evaluate(parameters, batch, gradient).map_err(failed)?;
        if let Some(mut penalty) = self.speed_penalty.take() {
            let states = lock(&self.kernel).states();
            let states = self.by_time(&states, self.spec.state_size());
            let means = penalty.class_means(batch, &states);
            let closed = closed_loop(parameters);
            let looped = closed.as_ref().unwrap_or(parameters);
            outcome.loss += penalty.add(looped, &means, gradient);
            self.speed_penalty = Some(penalty);
        }
        add_through_loop(parameters, gradient);
        clear_untrained(&self.spec, parameters, gradient);
        Ok(outcome)
    }

    fn simulate(
        &mut self,
        parameters: &Parameters<T>,
        batch: &Batch,
    ) -> Result<Simulation, EngineError> {
        self.arrange(batch)?;
        let closed = closed_loop(parameters);
        let looped = closed.as_ref().unwrap_or(parameters);
        let (outputs, states) = {
            let mut kernel = lock(&self.kernel);
            let features = kernel.forward(looped, self.shape, &self.inputs, &self.noise);
            (
                self.outputs(parameters, features).map_err(failed)?,
                kernel.states(),
            )
        };
        let state_size = states.len() / self.order.len().max(1);
        Ok(Simulation {
            state_size,
            states: self.by_time(&states, state_size),
            outputs,
        })
    }
}

/// A poisoned lock means that a kernel panicked in another thread; its buffers are rewritten by each pass.
fn lock<T>(kernel: &SharedKernel<T>) -> std::sync::MutexGuard<'_, Box<dyn SequenceKernel<T>>> {
    kernel.lock().unwrap_or_else(PoisonError::into_inner)
}

fn failed(error: CpuError) -> EngineError {
    EngineError::Backend {
        backend: "dfdx",
        message: error.to_string(),
    }
}
