//! An engine on dfdx: its tensors and tape for the readout, with the recurrence as one fused operation on the tape.
//!
//! It is kept beside the default engine as a second implementation of readout and loss slopes, which tests hold
//! against it in f64; the recurrence is the same code in both. The recurrence enters the tape as one operation,
//! since a tape entry for each time step costs several times as much.

use std::cell::RefCell;
use std::ops::DerefMut;
use std::rc::Rc;

use dfdx::dtypes::Dtype;
use dfdx::prelude::*;
use dfdx::tensor::CpuError;

use super::engine::{Engine, EngineError, Pass, Slopes};
use super::recurrence::Recurrence;
use crate::cell::parameters::{Parameters, READOUT_BIAS, READOUT_WEIGHT};
use crate::cell::spec::NetworkSpec;
use crate::simd::Real;
use crate::task::Batch;

type Matrix<T, Tape = NoneTape> = Tensor<(usize, usize), T, Cpu, Tape>;
type Vector<T> = Tensor<(usize,), T, Cpu>;
type Taped<T> = OwnedTape<T, Cpu>;

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
///
/// A forward pass can be taken back once; a second `backward` without a new `forward` is an error
/// ([`EngineError::Backend`]). Tensors are kept from pass to pass while the batch keeps its shape.
pub struct DfdxEngine<T: Real + Dtype>
where
    Cpu: SliceDevice<T>,
{
    units: usize,
    channels: usize,
    device: Cpu,
    recurrence: Rc<RefCell<Recurrence<T>>>,
    rows: Vec<(usize, usize)>,
    /// The largest of the tensors, kept from pass to pass.
    rates: Option<Matrix<T>>,
    outputs: Vec<T>,
    /// Of the last forward pass, until it was taken back.
    recorded: Option<Recorded<T>>,
}

/// A forward pass on the tape.
struct Recorded<T: Real + Dtype>
where
    Cpu: SliceDevice<T>,
{
    parameters: Vector<T>,
    readout: Readout<T>,
    rates: Matrix<T, Taped<T>>,
    outputs: Matrix<T, Taped<T>>,
}

struct Readout<T: Real + Dtype>
where
    Cpu: SliceDevice<T>,
{
    weight: Matrix<T>,
    bias: Vector<T>,
}

impl<T: Real + Dtype> DfdxEngine<T>
where
    Cpu: SliceDevice<T>,
{
    /// Name in a curriculum.
    pub const NAME: &'static str = "dfdx";

    /// An engine for a network.
    pub fn new(network: &NetworkSpec) -> Self {
        // The cache saves an allocation of every intermediate at every step. It only ever grows if a tensor is
        // made from a foreign vector, so none is: values are copied into tensors that the device allocates.
        let device = Cpu::default();
        device.enable_cache();
        Self {
            units: network.units,
            channels: network.outputs,
            device,
            recurrence: Rc::new(RefCell::new(Recurrence::new(network))),
            rows: Vec::new(),
            rates: None,
            outputs: Vec::new(),
            recorded: None,
        }
    }

    fn tensor<S: Shape>(&self, values: &[T], shape: S) -> Result<Tensor<S, T, Cpu>, CpuError> {
        let mut tensor = self.device.try_zeros_like(&shape)?;
        tensor.copy_from(values);
        Ok(tensor)
    }

    /// The fused recurrence, which has run, as one operation on the tape: rates of all rows from the parameters.
    fn recurrence_on_tape(
        &mut self,
        layout: &Parameters<T>,
        parameters: &Vector<T>,
    ) -> Result<Matrix<T, Taped<T>>, CpuError> {
        let shape = (self.rows.len(), self.units);
        let mut rates = match self.rates.take() {
            Some(rates) if rates.shape() == &shape => rates,
            _ => self.device.try_zeros_like(&shape)?,
        };
        rates.copy_from(self.recurrence.borrow().rates());
        // Nothing else holds it at the next pass, so that `copy_from` will find it unshared.
        self.rates = Some(rates.clone());

        let mut tape = OwnedTape::default();
        let (rate_ghost, parameter_ghost) = (rates.ghost(), parameters.ghost());
        let recurrence = Rc::clone(&self.recurrence);
        let mut gradient = layout.zeros_like();
        tape.add_backward_op(move |gradients| {
            let slopes = gradients.get_or_alloc_mut(&rate_ghost)?;
            recurrence.borrow_mut().backward(slopes, &mut gradient);
            let sums = gradients.get_or_alloc_mut(&parameter_ghost)?.iter_mut();
            for (sum, &value) in sums.zip(gradient.values()) {
                *sum += value;
            }
            Ok(())
        });
        Ok(rates.put_tape(tape))
    }

    fn record(&mut self, parameters: &Parameters<T>) -> Result<(), CpuError> {
        let leaf = self.tensor(parameters.values(), (parameters.values().len(),))?;
        let rates = self.recurrence_on_tape(parameters, &leaf)?;
        let readout = Readout {
            weight: self.tensor(parameters.get(READOUT_WEIGHT), (self.channels, self.units))?,
            bias: self.tensor(parameters.get(READOUT_BIAS), (self.channels,))?,
        };
        let kept = rates.retaped::<Taped<T>>();
        let outputs = readout.of(rates)?;
        self.outputs
            .resize(self.rows.len() * self.channels, T::ZERO);
        outputs.copy_into(&mut self.outputs);
        self.recorded = Some(Recorded {
            parameters: leaf,
            readout,
            rates: kept,
            outputs,
        });
        Ok(())
    }

    /// Takes Σ slope · value back, whose slopes in the values are those that are asked for.
    fn take_back(
        &self,
        recorded: Recorded<T>,
        slopes: Slopes<'_, T>,
        gradient: &mut Parameters<T>,
    ) -> Result<(), CpuError> {
        let Recorded {
            parameters,
            readout,
            rates,
            outputs,
        } = recorded;
        let output_slopes = self.tensor(slopes.outputs, *outputs.shape())?;
        let mut sum = outputs.try_mul(output_slopes)?.try_sum::<Rank0, _>()?;
        if !slopes.rates.is_empty() {
            let rate_slopes = self.tensor(slopes.rates, *rates.shape())?;
            sum = sum.try_add(rates.try_mul(rate_slopes)?.try_sum::<Rank0, _>()?)?;
        }
        let gradients = sum.try_backward()?;
        gradients.get(&parameters).copy_into(gradient.values_mut());
        gradients
            .get(&readout.weight)
            .copy_into(gradient.get_mut(READOUT_WEIGHT));
        gradients
            .get(&readout.bias)
            .copy_into(gradient.get_mut(READOUT_BIAS));
        Ok(())
    }
}

impl<T: Real + Dtype> Readout<T>
where
    Cpu: SliceDevice<T>,
{
    fn of(&self, rates: Matrix<T, Taped<T>>) -> Result<Matrix<T, Taped<T>>, CpuError> {
        let shape = (rates.shape().0, self.bias.shape().0);
        let weight = self.weight.retaped::<Taped<T>>();
        let weight = weight.try_permute::<_, Axes2<1, 0>>()?;
        let bias = self.bias.retaped::<Taped<T>>();
        let bias = bias.try_broadcast_like::<_, Axis<0>>(&shape)?;
        rates.try_matmul(weight)?.try_add(bias)
    }
}

impl<T: Real + Dtype> Engine<T> for DfdxEngine<T>
where
    Cpu: SliceDevice<T>,
{
    fn forward(
        &mut self,
        parameters: &Parameters<T>,
        batch: &Batch,
    ) -> Result<Pass<'_, T>, EngineError> {
        self.recorded = None;
        {
            let mut recurrence = self.recurrence.borrow_mut();
            recurrence.forward(parameters, batch)?;
            if self.rows != recurrence.rows() {
                self.rows = recurrence.rows().to_vec();
            }
        }
        self.record(parameters).map_err(failed)?;
        Ok(Pass {
            rows: &self.rows,
            outputs: &self.outputs,
        })
    }

    fn rows(&self) -> &[(usize, usize)] {
        &self.rows
    }

    fn rates(&self) -> Vec<T> {
        self.recurrence.borrow().rates().to_vec()
    }

    fn states(&self) -> Vec<T> {
        self.recurrence.borrow().states()
    }

    fn backward(
        &mut self,
        _: &Parameters<T>,
        slopes: Slopes<'_, T>,
        gradient: &mut Parameters<T>,
    ) -> Result<(), EngineError> {
        let recorded = self.recorded.take().ok_or(EngineError::Backend {
            backend: Self::NAME,
            message: "no forward pass came before".to_owned(),
        })?;
        self.take_back(recorded, slopes, gradient).map_err(failed)
    }
}

fn failed(error: CpuError) -> EngineError {
    EngineError::Backend {
        backend: "dfdx",
        message: error.to_string(),
    }
}
