//! An engine on libtorch, for CPU and GPU: the whole pass in its tensors, with our own way back through time.
//!
//! A pass makes one transfer of weights and one of trials to the device and one of outputs back; taking it back, one of the
//! slopes to the device and one of the gradient back. Rates and states are fetched where a penalty asks for them.
//!
//! The recurrence is one of these:
//!
//! | cell | forward and backward |
//! |---|---|
//! | vanilla (tanh, relu), GRU, LSTM on a GPU, LSTM in f32 on a CPU, without noise on the units | [`library`]: PyTorch's own, which is cuDNN's or oneDNN's |
//! | vanilla, leaky and low-rank of rates | [`rate_scan`] |
//! | leaky and low-rank of currents, piecewise-linear | [`state_scan`] |
//! | GRU, update gate network | [`gated_scan`] |
//! | LSTM | [`lstm_scan`] |
//!
//! The scans take all that does not depend on the step before out of the loop over time: what comes from the inputs before
//! it, in one product; slopes of the nonlinearities before the loop of the way back; weight gradients after it, in one product
//! each. What is left within is the recurrent product and as few passes over memory as there can be; nothing is on a tape.

mod activations;
mod arithmetic;
mod connections;
mod device;
mod gated_scan;
mod library;
mod lstm_scan;
mod rate_scan;
mod staging;
mod state_scan;
mod trials;
mod weights;

use tch::kind::Element;
use tch::{Kind, TchError, Tensor};

use self::arithmetic::Arithmetic;
use self::gated_scan::{Gated, GatedScan};
use self::library::Library;
use self::lstm_scan::LstmScan;
use self::rate_scan::RateScan;
use self::staging::Staging;
use self::state_scan::StateScan;
use self::trials::Trials;
use self::weights::{Gradients, Weights};
use super::engine::{Engine, EngineError, Pass, Slopes, check_channels};
use super::engines::{Device, Products, TchOptions};
use crate::cell::parameters::{
    BIAS_IH, INITIAL_STATE, Parameters, READOUT_BIAS, READOUT_WEIGHT, WEIGHT_IH,
};
use crate::cell::spec::{Activation, CellKind, LeakyForm, NetworkSpec};
use crate::simd::Real;
use crate::task::Batch;

/// What libtorch answers.
type Torch<V> = Result<V, TchError>;

/// For operations that change a tensor, or write into one, and return another handle of it.
trait Done {
    /// Whether it went well.
    fn done(self) -> Torch<()>;
}

impl Done for Torch<Tensor> {
    fn done(self) -> Torch<()> {
        self.map(drop)
    }
}

/// The recurrence of a cell on tensors, forward and back through time.
trait Passes {
    /// Runs the trials: rates `[time][trial][unit]`.
    fn forward(&mut self, weights: &Weights, trials: Trials) -> Torch<Tensor>;

    /// Takes slopes in the rates, which it may overwrite, back to the parameters of the recurrence.
    fn backward(&mut self, weights: &Weights, slopes: Tensor) -> Torch<Gradients>;

    /// States of the last forward pass, `[time][trial][state]`.
    fn states(&self) -> Torch<Option<Tensor>>;
}

/// Engine on libtorch.
///
/// With rates R and readout V, c, forward: Z = R Vᵀ + c. Backward, from ∂L/∂Z:
/// 1. ∂L/∂V = (∂L/∂Z)ᵀ R and ∂L/∂c = (∂L/∂Z)ᵀ 1.
/// 2. ∂L/∂R = ∂L/∂Z · V, and what the loss asks of the rates themselves.
/// 3. The recurrence takes ∂L/∂R back through time.
///
/// Bytes depend on libtorch's version and number of threads, and on the device.
pub struct TchEngine<T: Real + Element> {
    network: NetworkSpec,
    device: tch::Device,
    staging: Staging<T>,
    arithmetic: Arithmetic,
    products: Products,
    /// Without noise on the units, and with it.
    passes: [Box<dyn Passes>; 2],
    has_noise: bool,
    shape: (usize, usize),
    rows: Vec<(usize, usize)>,
    weights: Option<Weights>,
    rates: Option<Tensor>,
    outputs: Vec<T>,
}

/// Whether there is such a device.
///
/// # Errors
/// In words: what is missing, and what to do.
pub fn check(options: TchOptions) -> Result<(), String> {
    device::open(options).map(|_| ())
}

impl<T: Real + Element> TchEngine<T> {
    /// An engine for a network.
    ///
    /// # Errors
    /// As [`check`].
    pub fn new(network: &NetworkSpec, options: TchOptions) -> Result<Self, String> {
        let device = device::open(options)?;
        let threads = i32::try_from(rayon::current_num_threads()).unwrap_or(i32::MAX);
        tch::set_num_threads(threads);
        let arithmetic = Arithmetic::new(options.products);
        Ok(Self {
            network: network.clone(),
            device,
            staging: Staging::new(device),
            arithmetic,
            products: options.products,
            passes: [
                passes(network.cell, options, T::KIND),
                scan(network.cell, arithmetic),
            ],
            has_noise: false,
            shape: (0, 0),
            rows: Vec::new(),
            weights: None,
            rates: None,
            outputs: Vec::new(),
        })
    }

    fn run(&mut self, parameters: &Parameters<T>, batch: &Batch) -> Torch<()> {
        device::set_arithmetic(self.products);
        let weights = Weights::upload(parameters, &mut self.staging)?;
        let widths = (self.network.units, self.network.state_size());
        let trials = Trials::upload::<T>(batch, widths, &weights, self.device)?;
        self.has_noise = trials.noise.is_some();
        let rates = self.passes[usize::from(self.has_noise)].forward(&weights, trials)?;
        let rates = rates.f_reshape([self.rows.len() as i64, self.network.units as i64])?;
        let outputs = self.arithmetic.affine(
            weights.get(READOUT_BIAS)?,
            &rates,
            weights.get(READOUT_WEIGHT)?,
        )?;
        let count = self.rows.len() * self.network.outputs;
        self.outputs.resize(count, <T as Real>::ZERO);
        outputs.f_copy_data(&mut self.outputs, count)?;
        (self.weights, self.rates) = (Some(weights), Some(rates));
        Ok(())
    }

    fn take_back(&mut self, slopes: Slopes<'_, T>, gradient: &mut Parameters<T>) -> Torch<()> {
        let (Some(weights), Some(rates)) = (&self.weights, &self.rates) else {
            return Err(TchError::Torch("no forward pass came before".to_owned()));
        };
        let upload = |values: &[T], width: usize| {
            let shape = [self.rows.len() as i64, width as i64];
            Tensor::f_from_slice(values)?
                .f_to_device(self.device)?
                .f_view(shape)
        };
        let output_slopes = upload(slopes.outputs, self.network.outputs)?;
        // Step 1.
        let of_readout = self.arithmetic.product(&output_slopes.f_tr()?, rates)?;
        let of_bias = output_slopes.f_sum_dim_intlist(0, false, None)?;
        // Step 2.
        let readout = weights.get(READOUT_WEIGHT)?;
        let mut rate_slopes = self.arithmetic.product(&output_slopes, readout)?;
        if !slopes.rates.is_empty() {
            rate_slopes
                .f_add_(&upload(slopes.rates, self.network.units)?)
                .done()?;
        }
        // Step 3.
        let (steps, trials) = (self.shape.0 as i64, self.shape.1 as i64);
        let rate_slopes = rate_slopes.f_view([steps, trials, self.network.units as i64])?;
        let passes = &mut self.passes[usize::from(self.has_noise)];
        let mut gradients = passes.backward(weights, rate_slopes)?;
        gradients.add(READOUT_WEIGHT, of_readout);
        gradients.add(READOUT_BIAS, of_bias);
        gradients.download(gradient, &mut self.staging)
    }
}

impl<T: Real + Element> Engine<T> for TchEngine<T> {
    fn forward(
        &mut self,
        parameters: &Parameters<T>,
        batch: &Batch,
    ) -> Result<Pass<'_, T>, EngineError> {
        check_channels(batch, (self.network.inputs, self.network.outputs))?;
        if self.shape != (batch.steps, batch.trials) {
            self.shape = (batch.steps, batch.trials);
            self.rows = (0..batch.steps)
                .flat_map(|time| (0..batch.trials).map(move |trial| (time, trial)))
                .collect();
        }
        tch::no_grad(|| self.run(parameters, batch)).map_err(|error| failed(&error))?;
        Ok(Pass {
            rows: &self.rows,
            outputs: &self.outputs,
        })
    }

    fn rows(&self) -> &[(usize, usize)] {
        &self.rows
    }

    fn rates(&self) -> Vec<T> {
        fetch(Ok(self.rates.as_ref().map(Tensor::shallow_clone)))
    }

    fn states(&self) -> Vec<T> {
        let states = tch::no_grad(|| self.passes[usize::from(self.has_noise)].states());
        fetch(states)
    }

    fn backward(
        &mut self,
        _: &Parameters<T>,
        slopes: Slopes<'_, T>,
        gradient: &mut Parameters<T>,
    ) -> Result<(), EngineError> {
        tch::no_grad(|| self.take_back(slopes, gradient)).map_err(|error| failed(&error))
    }
}

/// Values on the host; none where nothing was run, or libtorch has failed, which the loss then shows.
fn fetch<T: Real + Element>(values: Torch<Option<Tensor>>) -> Vec<T> {
    let Ok(Some(values)) = values else {
        return Vec::new();
    };
    let count = values.numel();
    let mut fetched = vec![<T as Real>::ZERO; count];
    let flat = values.f_reshape([-1]);
    match flat.and_then(|flat| flat.f_copy_data(&mut fetched, count)) {
        Ok(()) => fetched,
        Err(_) => Vec::new(),
    }
}

/// Whether PyTorch's own recurrence of a cell, if it has one, is the faster one: cuDNN's on a GPU, oneDNN's LSTM on a CPU.
fn is_own(cell: CellKind, options: TchOptions, kind: Kind) -> bool {
    match options.device {
        Device::Cuda(_) => options.products != Products::Bf16,
        Device::Cpu => kind == Kind::Float && matches!(cell, CellKind::Lstm { .. }),
    }
}

/// The recurrence of a cell without noise on its units.
fn passes(cell: CellKind, options: TchOptions, kind: Kind) -> Box<dyn Passes> {
    match Library::of(cell) {
        Some(library) if is_own(cell, options, kind) => Box::new(library),
        _ => scan(cell, Arithmetic::new(options.products)),
    }
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

/// The gradients of input weights and first biases from the slopes in all pre-activations, `[row][pre-activation]`.
fn add_input_gradients(
    arithmetic: Arithmetic,
    deltas: &Tensor,
    trials: &Trials,
    gradients: &mut Gradients,
) -> Torch<()> {
    let weights = arithmetic.product(&deltas.f_tr()?, &trials.inputs)?;
    gradients.add(WEIGHT_IH, weights);
    gradients.add(BIAS_IH, deltas.f_sum_dim_intlist(0, false, None)?);
    Ok(())
}

/// The gradient of the initial state, if it is a parameter, from those of all trials.
fn add_initial_gradient(
    trials: &Trials,
    of_trials: &Tensor,
    gradients: &mut Gradients,
) -> Torch<()> {
    if trials.starts_from_parameters {
        gradients.add(INITIAL_STATE, of_trials.f_sum_dim_intlist(0, false, None)?);
    }
    Ok(())
}

/// libtorch's first line; what follows is its stack.
fn failed(error: &TchError) -> EngineError {
    let text = error.to_string();
    EngineError::Backend {
        backend: "tch",
        message: text.lines().next().unwrap_or_default().to_owned(),
    }
}
