//! An engine on libtorch, for CPU and GPU: the whole pass in its tensors, with our own way back through time.
//!
//! Training by gradient descent alone stays on the device ([`resident`]): of each batch the trials go there, and loss, norms and
//! outputs come back. Whatever asks for single passes (penalties, Dale's law, outputs that feed back, L-BFGS) sends weights and
//! slopes there and fetches outputs and the gradient; rates and states are fetched where a penalty asks for them.
//!
//! The recurrence is one of these:
//!
//! | cell | forward and backward |
//! |---|---|
//! | GRU and LSTM on a GPU in large batches, LSTM in f32 on a CPU, without noise on the units | [`library`]: PyTorch's own, which is cuDNN's or oneDNN's |
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
mod graph;
mod library;
mod lstm_scan;
mod masks;
mod network;
mod rate_scan;
mod resident;
mod staging;
mod state_scan;
mod trials;
mod update;
mod weights;

use tch::kind::Element;
use tch::{TchError, Tensor};

use self::arithmetic::Arithmetic;
use self::network::{DeviceNetwork, Passes, RateSlopes};
pub(super) use self::resident::Resident;
use self::staging::Staging;
use self::trials::Trials;
use self::weights::{Gradients, Weights};
use super::engine::{Engine, EngineError, Pass, Slopes, check_channels};
use super::engines::TchOptions;
use crate::cell::parameters::{BIAS_IH, INITIAL_STATE, Parameters, WEIGHT_IH};
use crate::cell::spec::NetworkSpec;
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

/// Engine on libtorch, for whoever asks for one pass at a time: [`DeviceNetwork`] with a transfer before and after.
///
/// Bytes depend on libtorch's version and number of threads, and on the device.
pub struct TchEngine<T: Real + Element> {
    network: DeviceNetwork,
    staging: Staging<T>,
    shape: (usize, usize),
    rows: Vec<(usize, usize)>,
    weights: Option<Weights>,
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
        let network = DeviceNetwork::new(network, options, T::KIND)?;
        Ok(Self {
            staging: Staging::new(network.device),
            network,
            shape: (0, 0),
            rows: Vec::new(),
            weights: None,
            outputs: Vec::new(),
        })
    }

    fn run(&mut self, parameters: &Parameters<T>, batch: &Batch) -> Torch<()> {
        let flat = self.staging.upload(parameters.values())?;
        let weights = Weights::of_flat(&flat, parameters.layout())?;
        let trials = self.network.trials::<T>(&weights, batch)?;
        let outputs = self.network.forward(&weights, batch, trials)?;
        let count = outputs.numel();
        self.outputs.resize(count, <T as Real>::ZERO);
        outputs.f_copy_data(&mut self.outputs, count)?;
        self.weights = Some(weights);
        Ok(())
    }

    fn take_back(&mut self, slopes: Slopes<'_, T>, gradient: &mut Parameters<T>) -> Torch<()> {
        let Some(weights) = &self.weights else {
            return Err(TchError::Torch("no forward pass came before".to_owned()));
        };
        let output_slopes = self.network.upload(slopes.outputs)?;
        let rate_slopes = (!slopes.rates.is_empty())
            .then(|| self.network.upload(slopes.rates))
            .transpose()?;
        let gradients = self
            .network
            .backward(weights, &output_slopes, rate_slopes)?;
        if let Some(flat) = gradients.flat(gradient.layout())? {
            self.staging.download(&flat, gradient.values_mut())?;
        }
        Ok(())
    }
}

impl<T: Real + Element> Engine<T> for TchEngine<T> {
    fn forward(
        &mut self,
        parameters: &Parameters<T>,
        batch: &Batch,
    ) -> Result<Pass<'_, T>, EngineError> {
        check_channels(batch, self.network.channels())?;
        if self.shape != (batch.steps, batch.trials) {
            self.shape = (batch.steps, batch.trials);
            self.rows = rows(batch);
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
        fetch(Ok(self.network.rates()))
    }

    fn states(&self) -> Vec<T> {
        fetch(tch::no_grad(|| self.network.states()))
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

/// (time, trial) of each row of a batch.
fn rows(batch: &Batch) -> Vec<(usize, usize)> {
    let each = |time| (0..batch.trials).map(move |trial| (time, trial));
    (0..batch.steps).flat_map(each).collect()
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
