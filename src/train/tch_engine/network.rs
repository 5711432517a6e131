//! A network on a device: its recurrence and its readout, forward and back.

use tch::kind::Element;
use tch::{Kind, TchError, Tensor};

use super::arithmetic::Arithmetic;
use super::gated_scan::{Gated, GatedScan};
use super::library::Library;
use super::lstm_scan::LstmScan;
use super::rate_scan::RateScan;
use super::state_scan::StateScan;
use super::trials::Trials;
use super::weights::{Gradients, Weights};
use super::{Done as _, Torch, device};
use crate::cell::parameters::{READOUT_BIAS, READOUT_WEIGHT};
use crate::cell::spec::{Activation, CellKind, LeakyForm, NetworkSpec};
use crate::simd::Real;
use crate::task::Batch;
use crate::train::engines::{Device, Products, TchOptions};

/// Trials of a batch up to which a recorded scan is faster on a GPU than cuDNN's gated cells: measured are 64, where it is, and
/// 512, where it is not.
const FEW_TRIALS: i64 = 128;

/// The recurrence of a cell on tensors, forward and back through time.
pub(super) trait Passes {
    /// Runs the trials: rates `[time][trial][unit]`.
    fn forward(&mut self, weights: &Weights, trials: Trials) -> Torch<Tensor>;

    /// Takes slopes in the rates back to the parameters of the recurrence.
    fn backward(&mut self, weights: &Weights, slopes: RateSlopes<'_>) -> Torch<Gradients>;

    /// States of the last forward pass, `[time][trial][state]`.
    fn states(&self) -> Torch<Option<Tensor>>;
}

/// Slopes of a loss in the rates, as their parts.
pub(super) struct RateSlopes<'a> {
    /// ∂L/∂Z, `[row][channel]`.
    pub(super) outputs: &'a Tensor,
    /// V.
    pub(super) readout: &'a Tensor,
    /// What the loss asks of the rates themselves, `[row][unit]`.
    pub(super) rates: Option<Tensor>,
    /// Time steps and trials.
    shape: [i64; 2],
    arithmetic: Arithmetic,
}

impl RateSlopes<'_> {
    /// ∂L/∂R = ∂L/∂Z · V, and what the loss asks of the rates themselves: `[time][trial][unit]`, to be overwritten.
    pub(super) fn sum(&self) -> Torch<Tensor> {
        let mut slopes = self.arithmetic.product(self.outputs, self.readout)?;
        if let Some(rates) = &self.rates {
            slopes.f_add_(rates).done()?;
        }
        let [steps, trials] = self.shape;
        slopes.f_view([steps, trials, -1])
    }
}

/// A network on a device.
///
/// With rates R and readout V, c, forward: Z = R Vᵀ + c. Backward, from ∂L/∂Z:
/// 1. ∂L/∂V = (∂L/∂Z)ᵀ R and ∂L/∂c = (∂L/∂Z)ᵀ 1.
/// 2. The recurrence takes ∂L/∂R = ∂L/∂Z · V, and what the loss asks of the rates themselves, back through time.
pub(super) struct DeviceNetwork {
    network: NetworkSpec,
    pub(super) device: tch::Device,
    arithmetic: Arithmetic,
    products: Products,
    scan: Box<dyn Passes>,
    /// Of so many trials or more without noise on the units.
    library: Option<(i64, Library)>,
    /// Of the last forward pass.
    is_scanned: bool,
    shape: [i64; 2],
    rates: Option<Tensor>,
}

impl DeviceNetwork {
    /// # Errors
    /// In words: what is missing, and what to do.
    pub(super) fn new(
        network: &NetworkSpec,
        options: TchOptions,
        kind: Kind,
    ) -> Result<Self, String> {
        let device = device::open(options)?;
        let threads = i32::try_from(rayon::current_num_threads()).unwrap_or(i32::MAX);
        tch::set_num_threads(threads);
        let arithmetic = Arithmetic::new(options.products);
        Ok(Self {
            network: network.clone(),
            device,
            arithmetic,
            products: options.products,
            scan: scan(network.cell, arithmetic),
            library: library(network.cell, options, kind),
            is_scanned: true,
            shape: [0, 0],
            rates: None,
        })
    }

    /// Input and output channels.
    pub(super) fn channels(&self) -> (usize, usize) {
        (self.network.inputs, self.network.outputs)
    }

    /// Values `[row][width]`, of rows as many as the last pass had, on the device.
    pub(super) fn upload<T: Real + Element>(&self, values: &[T]) -> Torch<Tensor> {
        let rows = self.shape[0] * self.shape[1];
        Tensor::f_from_slice(values)?
            .f_to_device(self.device)?
            .f_view([rows, -1])
    }

    /// The trials of a batch on the device.
    pub(super) fn trials<T: Real + Element>(
        &self,
        weights: &Weights,
        batch: &Batch,
    ) -> Torch<Trials> {
        let widths = (self.network.units, self.network.state_size());
        Trials::upload::<T>(batch, widths, weights, self.device)
    }

    /// Whether the passes over a batch are those of a scan, which can be recorded by a [`Launcher`](super::graph::Launcher).
    pub(super) fn is_scanned(&self, batch: &Batch) -> bool {
        let trials = batch.trials as i64;
        let is_small = |(from, _): &(i64, Library)| trials < *from;
        !batch.recurrent_noise.is_empty() || self.library.as_ref().is_none_or(is_small)
    }

    fn passes(&mut self) -> &mut dyn Passes {
        match &mut self.library {
            Some((_, library)) if !self.is_scanned => library,
            _ => &mut *self.scan,
        }
    }

    /// Runs the trials of a batch: outputs `[row][channel]`, rows in order of time, then trial.
    pub(super) fn forward(
        &mut self,
        weights: &Weights,
        batch: &Batch,
        trials: Trials,
    ) -> Torch<Tensor> {
        device::set_arithmetic(self.products);
        self.is_scanned = self.is_scanned(batch);
        self.shape = [trials.steps, trials.count];
        let rates = self.passes().forward(weights, trials)?;
        let rates = rates.f_reshape([-1, self.network.units as i64])?;
        let outputs = self.arithmetic.affine(
            weights.get(READOUT_BIAS)?,
            &rates,
            weights.get(READOUT_WEIGHT)?,
        )?;
        self.rates = Some(rates);
        Ok(outputs)
    }

    /// Takes slopes in outputs and rates, `[row][width]`, back to all parameters.
    pub(super) fn backward(
        &mut self,
        weights: &Weights,
        outputs: &Tensor,
        rates: Option<Tensor>,
    ) -> Torch<Gradients> {
        let Some(seen) = &self.rates else {
            return Err(TchError::Torch("no forward pass came before".to_owned()));
        };
        // Step 1.
        let of_readout = self.arithmetic.product(&outputs.f_tr()?, seen)?;
        let of_bias = outputs.f_sum_dim_intlist(0, false, None)?;
        // Step 2.
        let slopes = RateSlopes {
            outputs,
            readout: weights.get(READOUT_WEIGHT)?,
            rates,
            shape: self.shape,
            arithmetic: self.arithmetic,
        };
        let mut gradients = self.passes().backward(weights, slopes)?;
        gradients.add(READOUT_WEIGHT, of_readout);
        gradients.add(READOUT_BIAS, of_bias);
        Ok(gradients)
    }

    /// What the readout saw in the last forward pass, `[row][unit]`.
    pub(super) fn rates(&self) -> Option<Tensor> {
        self.rates.as_ref().map(Tensor::shallow_clone)
    }

    /// States of the last forward pass, `[time][trial][state]`.
    pub(super) fn states(&self) -> Torch<Option<Tensor>> {
        match &self.library {
            Some((_, library)) if !self.is_scanned => library.states(),
            _ => self.scan.states(),
        }
    }
}

/// PyTorch's own recurrence of a cell, if it has one, and the number of trials from which it is the faster one: on a GPU cuDNN's of
/// gated cells in large batches, on a CPU oneDNN's LSTM.
fn library(cell: CellKind, options: TchOptions, kind: Kind) -> Option<(i64, Library)> {
    let is_gated = matches!(cell, CellKind::Gru | CellKind::Lstm { .. });
    let from = match options.device {
        Device::Cuda(_) if options.products != Products::Bf16 && is_gated => FEW_TRIALS + 1,
        Device::Cpu if kind == Kind::Float && matches!(cell, CellKind::Lstm { .. }) => 0,
        _ => return None,
    };
    Library::of(cell).map(|library| (from, library))
}

/// The recurrence of a cell in a scan of our own.
fn scan(cell: CellKind, arithmetic: Arithmetic) -> Box<dyn Passes> {
    match cell {
        CellKind::Vanilla { activation } => Box::new(RateScan::new(activation, 1.0, arithmetic)),
        CellKind::Leaky {
            form,
            activation,
            alpha,
        }
        | CellKind::LowRank {
            form,
            activation,
            alpha,
            ..
        } => match form {
            LeakyForm::Rates => Box::new(RateScan::new(activation, alpha, arithmetic)),
            LeakyForm::Currents => Box::new(StateScan::new(activation, alpha, arithmetic)),
        },
        CellKind::PiecewiseLinear => Box::new(StateScan::new(Activation::Relu, 1.0, arithmetic)),
        CellKind::Ugrnn { .. } => Box::new(GatedScan::new(Gated::Ugrnn, arithmetic)),
        CellKind::Gru => Box::new(GatedScan::new(Gated::Gru, arithmetic)),
        CellKind::Lstm { .. } => Box::new(LstmScan::new(arithmetic)),
    }
}
