//! Gradient descent that stays on the device: weights and moments are its tensors from step to step, and come to the host when
//! somebody asks for them.

use tch::kind::Element;
use tch::{Kind, TchError, Tensor};

use super::graph::Launcher;
use super::masks::Masks;
use super::network::DeviceNetwork;
use super::staging::Staging;
use super::trials::Trials;
use super::weights::Weights;
use super::{Done as _, Torch, failed, rows, update};
use crate::cell::parameters::{Parameters, READOUT_FEEDBACK};
use crate::cell::spec::NetworkSpec;
use crate::simd::Real;
use crate::task::Batch;
use crate::train::descent;
use crate::train::engine::{EngineError, check_channels};
use crate::train::engines::TchOptions;
use crate::train::learner::{Learner, LearnerState, Learnt};
use crate::train::loss::loss_and_slopes;
use crate::train::optimiser::Optimiser;
use crate::train::spec::UpdateRule;

/// The exact gradient followed by an optimiser, as [`Descent`](descent::Descent) with [`Bptt`](crate::train::bptt::Bptt), all of it on the
/// device of libtorch.
///
/// A step:
/// 1. The trials go to the device and are run.
/// 2. Squared errors are summed there; other objectives on the host, from the outputs to their slopes.
/// 3. The slopes are taken back; the gradient of what is not trained is cleared.
/// 4. Loss, norm of the gradient and outputs come to the host. Where the first two are not finite, nothing changes.
/// 5. The optimiser's update, and connections that are absent stay 0.
///
/// The numbers are those of `Descent` up to rounding, and so is its state in a checkpoint.
pub(in crate::train) struct Resident<T: Real + Element> {
    network: DeviceNetwork,
    staging: Staging<T>,
    /// With the moments as they were when they were last brought back or taken up.
    optimiser: Optimiser<T>,
    /// Weights and moments on the device; none where those of the host are newer.
    held: Option<Held>,
    masks: Masks,
    weight_norm: f64,
    placed: Option<Placed>,
    /// On a GPU, where steps can be recorded.
    launcher: Option<Launcher>,
}

/// Steps with batches of one shape before the next is recorded.
const UNRECORDED: u64 = 3;

/// What a network is between its steps.
struct Held {
    flat: Tensor,
    weights: Weights,
    first: Tensor,
    second: Tensor,
    updates: u64,
    /// Whether the moments are still to be set to 0.
    begins_anew: bool,
    /// Whether the host has all of it.
    is_on_host: bool,
}

/// A batch on the device, whose place the next takes if it has the same shape.
struct Placed {
    trials: Trials,
    /// `[row][channel]`.
    targets: Tensor,
    /// Over their sum.
    weights: Tensor,
    /// Batches that were there.
    times: u64,
    /// What the recorded evaluation gives.
    evaluated: Option<Evaluated>,
}

impl Placed {
    /// With targets and weights still to be put there.
    fn new<T: Real + Element>(
        network: &DeviceNetwork,
        weights: &Weights,
        batch: &Batch,
    ) -> Torch<Self> {
        let rows = batch.steps * batch.trials;
        let shape = [rows, batch.output_channels].map(|extent| extent as i64);
        let room = || Tensor::f_empty(shape, (T::KIND, network.device));
        Ok(Self {
            trials: network.trials::<T>(weights, batch)?,
            targets: room()?,
            weights: room()?,
            times: 0,
            evaluated: None,
        })
    }
}

/// Loss and gradient of a batch.
struct Evaluated {
    /// Loss, norm of the gradient.
    loss_and_norm: Tensor,
    outputs: Tensor,
    gradient: Tensor,
}

impl Evaluated {
    fn shallow_clone(&self) -> Self {
        Self {
            loss_and_norm: self.loss_and_norm.shallow_clone(),
            outputs: self.outputs.shallow_clone(),
            gradient: self.gradient.shallow_clone(),
        }
    }
}

impl<T: Real + Element> Resident<T> {
    /// For a network before its first step; none if its training needs the host in every step (outputs that feed back, Dale's law,
    /// L-BFGS) or the device is not there.
    pub(in crate::train) fn new(
        network: &NetworkSpec,
        options: TchOptions,
        parameters: &Parameters<T>,
        optimiser: Optimiser<T>,
    ) -> Option<Self> {
        let needs_host = !parameters.get(READOUT_FEEDBACK).is_empty()
            || network.excitatory_units().is_some()
            || matches!(optimiser.spec().rule, UpdateRule::Lbfgs { .. });
        if needs_host {
            return None;
        }
        let device_network = DeviceNetwork::new(network, options, T::KIND).ok()?;
        let device = device_network.device;
        let masks = Masks::new(network, parameters, &optimiser, device).ok()?;
        Some(Self {
            staging: Staging::new(device),
            network: device_network,
            optimiser,
            held: None,
            masks,
            weight_norm: f64::NAN,
            placed: None,
            launcher: Launcher::new(device),
        })
    }

    fn take_up(&mut self, parameters: &Parameters<T>) -> Torch<Held> {
        self.placed = None;
        let flat = self.staging.upload(parameters.values())?;
        let (updates, first, second) = self.optimiser.state();
        Ok(Held {
            weights: Weights::of_flat(&flat, parameters.layout())?,
            flat,
            first: self.staging.upload(first.values())?,
            second: self.staging.upload(second.values())?,
            updates,
            begins_anew: false,
            is_on_host: true,
        })
    }

    fn step_on_device(&mut self, parameters: &Parameters<T>, batch: &Batch) -> Torch<Learnt> {
        let mut held = match self.held.take() {
            Some(held) => held,
            None => self.take_up(parameters)?,
        };
        held.is_on_host = false;
        if std::mem::take(&mut held.begins_anew) {
            held.first.f_zero_().done()?;
            held.second.f_zero_().done()?;
        }
        let learnt = self.make_step(&mut held, parameters, batch);
        self.held = Some(held);
        learnt
    }

    fn make_step(
        &mut self,
        held: &mut Held,
        parameters: &Parameters<T>,
        batch: &Batch,
    ) -> Torch<Learnt> {
        // Steps 1 to 3.
        self.place(&held.weights, batch)?;
        let evaluated = self.evaluate(held, parameters, batch)?;
        // Step 4.
        let mut numbers = [0.0; 2];
        evaluated.loss_and_norm.f_copy_data(&mut numbers, 2)?;
        let outputs = self.staging.values(&evaluated.outputs)?;
        let learnt = Learnt {
            loss: numbers[0],
            outputs: outputs.iter().map(|&output| output.to_f64()).collect(),
            gradient_norm: numbers[1],
            learning_rate: self.optimiser.spec().learning_rate_after(held.updates),
        };
        // Step 5.
        if learnt.is_finite() {
            self.update(held, evaluated.gradient, learnt.gradient_norm)?;
        }
        self.weight_norm = norm(&held.flat)?.f_double_value(&[])?;
        Ok(learnt)
    }

    /// Brings a batch to the device, to where the last one was if it has its shape.
    fn place(&mut self, weights: &Weights, batch: &Batch) -> Torch<()> {
        let mut placed = match self.placed.take() {
            Some(mut placed) if placed.trials.fit(batch) => {
                placed.trials.replace(batch, &mut self.staging)?;
                placed
            }
            _ => {
                if let Some(launcher) = &mut self.launcher {
                    launcher.forget();
                }
                Placed::new::<T>(&self.network, weights, batch)?
            }
        };
        let scale = 1.0 / batch.total_weight().max(f64::MIN_POSITIVE);
        self.staging.put(&mut placed.targets, &batch.targets, 1.0)?;
        self.staging
            .put(&mut placed.weights, &batch.weights, scale)?;
        placed.times += 1;
        self.placed = Some(placed);
        Ok(())
    }

    /// Loss and gradient of the batch that is in its place: recorded once the place has kept its shape for some steps.
    fn evaluate(
        &mut self,
        held: &Held,
        parameters: &Parameters<T>,
        batch: &Batch,
    ) -> Torch<Evaluated> {
        let Some(placed) = &mut self.placed else {
            return Err(TchError::Torch("no batch is there".to_owned()));
        };
        let network = &mut self.network;
        let is_squared = batch.objectives.is_empty();
        let can_be_recorded = is_squared && network.is_scanned(batch);
        let untrained = self.masks.untrained.as_ref();
        let mut work = |placed: &Placed| {
            let trials = placed.trials.shallow_clone();
            let outputs = network.forward(&held.weights, batch, trials)?;
            let (loss, slopes) = if is_squared {
                squared_errors(&outputs, &placed.targets, &placed.weights)?
            } else {
                other_losses::<T>(&outputs, batch)?
            };
            let gradients = network.backward(&held.weights, &slopes, None)?;
            let gradient = gradients.flat(parameters.layout())?;
            let mut gradient =
                gradient.ok_or_else(|| TchError::Torch("no gradient came".to_owned()))?;
            if let Some(untrained) = untrained {
                gradient.f_masked_fill_(untrained, 0.0).done()?;
            }
            Ok(Evaluated {
                loss_and_norm: Tensor::f_stack(&[loss, norm(&gradient)?], 0)?,
                outputs,
                gradient,
            })
        };
        let Some(launcher) = self.launcher.as_mut().filter(|_| can_be_recorded) else {
            return work(placed);
        };
        if placed.evaluated.is_none() {
            if placed.times <= UNRECORDED {
                return work(placed);
            }
            placed.evaluated = Some(launcher.record(|| work(placed))?);
        }
        launcher.replay()?;
        let evaluated = placed.evaluated.as_ref().map(Evaluated::shallow_clone);
        evaluated.ok_or_else(|| TchError::Torch("nothing was recorded".to_owned()))
    }

    fn update(&self, held: &mut Held, mut gradient: Tensor, gradient_norm: f64) -> Torch<()> {
        let spec = self.optimiser.spec();
        let decays = spec.weight_decay != 0.0;
        if decays {
            let mut decay = held.flat.f_mul_scalar(spec.weight_decay)?;
            if let Some(fixed) = &self.masks.fixed {
                decay.f_masked_fill_(fixed, 0.0).done()?;
            }
            gradient.f_add_(&decay).done()?;
        }
        update::clip(spec.clipping, &mut gradient, |gradient| {
            if decays {
                norm(gradient)?.f_double_value(&[])
            } else {
                Ok(gradient_norm)
            }
        })?;
        held.updates += 1;
        let before = match self.masks.factors {
            Some(_) => Some(held.flat.f_detach_copy()?),
            None => None,
        };
        update::make(
            self.optimiser.update_of(held.updates),
            &mut held.flat,
            gradient,
            [&mut held.first, &mut held.second],
        )?;
        if let (Some(factors), Some(before)) = (&self.masks.factors, before) {
            let mut moved = held.flat.f_sub(&before)?;
            moved.f_mul_(factors).done()?;
            before.f_add_out(&held.flat, &moved).done()?;
        }
        if let Some(absent) = &self.masks.absent {
            held.flat.f_masked_fill_(absent, 0.0).done()?;
        }
        Ok(())
    }
}

impl<T: Real + Element> Learner<T> for Resident<T> {
    fn step(
        &mut self,
        parameters: &mut Parameters<T>,
        batch: &Batch,
    ) -> Result<Learnt, EngineError> {
        check_channels(batch, self.network.channels())?;
        let is_scanned = self.network.is_scanned(batch);
        let launcher = self.launcher.as_ref().filter(|_| is_scanned);
        let _stream = launcher.map(Launcher::enter);
        tch::no_grad(|| self.step_on_device(parameters, batch)).map_err(|error| failed(&error))
    }

    fn weight_norm_elsewhere(&self) -> Option<f64> {
        self.held.as_ref().map(|_| self.weight_norm)
    }

    fn bring_back(&mut self, parameters: &mut Parameters<T>) -> Result<(), EngineError> {
        let Some(held) = self.held.as_mut().filter(|held| !held.is_on_host) else {
            return Ok(());
        };
        let mut first = parameters.zeros_like();
        let mut second = parameters.zeros_like();
        let staging = &mut self.staging;
        let mut fetch = || {
            staging.download(&held.flat, parameters.values_mut())?;
            if held.begins_anew {
                return Ok(());
            }
            staging.download(&held.first, first.values_mut())?;
            staging.download(&held.second, second.values_mut())
        };
        fetch().map_err(|error| failed(&error))?;
        held.is_on_host = true;
        self.optimiser.resume(held.updates, first, second);
        Ok(())
    }

    fn forget(&mut self) {
        self.optimiser.forget();
        if let Some(held) = &mut self.held {
            held.updates = 0;
            held.begins_anew = true;
            held.is_on_host = false;
        }
    }

    fn state(&self) -> LearnerState {
        descent::state_of(&self.optimiser)
    }

    fn restore(&mut self, state: &LearnerState) -> Result<(), String> {
        self.held = None;
        descent::restore(&mut self.optimiser, state)
    }
}

/// The loss by squared errors, in f64, and its slopes in the outputs.
fn squared_errors(outputs: &Tensor, targets: &Tensor, weights: &Tensor) -> Torch<(Tensor, Tensor)> {
    let miss = outputs.f_sub(targets)?;
    let mut weighted = miss.f_mul(weights)?;
    let loss = weighted.f_mul(&miss)?.f_sum(Kind::Double)?;
    Ok((loss, weighted.f_mul_scalar_(2.0)?))
}

/// The same by what the trials of a batch are judged by, on the host.
fn other_losses<T: Real + Element>(outputs: &Tensor, batch: &Batch) -> Torch<(Tensor, Tensor)> {
    let mut seen = vec![<T as Real>::ZERO; outputs.numel()];
    outputs.f_copy_data(&mut seen, outputs.numel())?;
    let mut slopes = Vec::new();
    let loss = loss_and_slopes(batch, &rows(batch), &seen, &mut slopes);
    let loss = Tensor::f_from_slice(&[loss])?.f_squeeze()?;
    let slopes = Tensor::f_from_slice(&slopes)?.f_view_as(outputs)?;
    Ok((
        loss.f_to_device(outputs.device())?,
        slopes.f_to_device(outputs.device())?,
    ))
}

/// Euclidean norm, summed in f64.
fn norm(values: &Tensor) -> Torch<Tensor> {
    values.f_norm_scalaropt_dtype(2.0, Kind::Double)
}
