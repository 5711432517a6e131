//! Vanilla cells, and leaky and low-rank ones whose state holds rates: h' = (1 − α)h + α φ(a), a = W h + B u + b + ξ.
//!
//! Forward:
//! 1. B u + b + ξ of all time steps in one product.
//! 2. Step by step: the recurrent product is added, φ applied, and mixed with the state before.
//!
//! Backward, with ∂h the slopes in the rates:
//! 1. α φ'(a) of all time steps at once.
//! 2. Step by step from the last: ∂h ← ∂h + Wᵀ∂a⁺ + (1 − α)∂h⁺, ∂a = α φ'(a) ∂h.
//! 3. The weight gradients in one product each over all time steps.

use tch::Tensor;

use super::activations::{apply, slope};
use super::arithmetic::Arithmetic;
use super::connections::Connections;
use super::trials::{Trials, neighbours};
use super::weights::{Gradients, Weights};
use super::{Done as _, Passes, RateSlopes, Torch, add_initial_gradient, add_input_gradients};
use crate::cell::parameters::{BIAS_IH, WEIGHT_IH};
use crate::cell::spec::Activation;

/// A cell whose features are its state.
pub(super) struct RateScan {
    pub(super) activation: Activation,
    /// 1 in a vanilla cell.
    pub(super) alpha: f64,
    pub(super) arithmetic: Arithmetic,
    kept: Option<Kept>,
}

struct Kept {
    trials: Trials,
    connections: Connections,
    /// States before the first step and after each.
    states: Tensor,
    /// φ(a) of each step.
    values: Tensor,
}

impl RateScan {
    pub(super) fn new(activation: Activation, alpha: f64, arithmetic: Arithmetic) -> Self {
        Self {
            activation,
            alpha,
            arithmetic,
            kept: None,
        }
    }
}

impl Passes for RateScan {
    fn forward(&mut self, weights: &Weights, trials: Trials) -> Torch<Tensor> {
        let units = weights.get(BIAS_IH)?.size1()?;
        let (alpha, arithmetic) = (self.alpha, self.arithmetic);
        // Step 1; where a state is φ(a) itself, both have one place.
        let drive = arithmetic.affine(
            weights.get(BIAS_IH)?,
            &trials.inputs,
            weights.get(WEIGHT_IH)?,
        )?;
        let mut drive = drive.f_view([trials.steps, trials.count, units])?;
        if let Some(noise) = &trials.noise {
            drive.f_add_(noise).done()?;
        }
        let states = trials.room(&[units], true)?;
        let values = if alpha == 1.0 {
            let mut values = states.f_narrow(0, 1, trials.steps)?;
            values.f_copy_(&drive)?;
            values
        } else {
            drive
        };
        let connections = Connections::new(arithmetic, weights, 1.0, &trials)?;
        // Step 2.
        let mut each = states.f_unbind(0)?;
        each[0].f_copy_(&trials.start)?;
        for (time, value) in values.f_unbind(0)?.iter_mut().enumerate() {
            let before = &each[time];
            connections.send(time, before, value)?;
            apply(self.activation, value)?;
            if alpha != 1.0 {
                before
                    .f_lerp_scalar_out(&each[time + 1], value, alpha)
                    .done()?;
            }
        }
        let rates = states.f_narrow(0, 1, trials.steps)?;
        self.kept = Some(Kept {
            trials,
            connections,
            states,
            values,
        });
        Ok(rates)
    }

    fn backward(&mut self, _: &Weights, slopes: RateSlopes<'_>) -> Torch<Gradients> {
        let Some(kept) = &self.kept else {
            return Ok(Gradients::default());
        };
        let slopes = slopes.sum()?;
        let (trials, alpha) = (&kept.trials, self.alpha);
        // Step 1.
        let mut of_values = slope(self.activation, &kept.values)?;
        if alpha != 1.0 {
            of_values.f_mul_scalar_(alpha).done()?;
        }
        let keep = Tensor::f_full([1], 1.0 - alpha, (slopes.f_kind()?, slopes.device()))?;
        // Step 2.
        let mut deltas = of_values.f_unbind(0)?;
        let mut each = slopes.f_unbind(0)?;
        for time in (0..deltas.len()).rev() {
            if time + 1 < deltas.len() {
                let (here, after) = neighbours(&mut each, time);
                kept.connections
                    .take_back(time + 1, &deltas[time + 1], here)?;
                if alpha != 1.0 {
                    here.f_addcmul_(after, &keep).done()?;
                }
            }
            deltas[time].f_mul_(&each[time]).done()?;
        }
        // What reaches the initial state.
        let mut initial = trials.start.f_zeros_like()?;
        kept.connections.take_back(0, &deltas[0], &mut initial)?;
        initial.f_addcmul_(&each[0], &keep).done()?;
        // Step 3.
        let mut gradients = Gradients::default();
        let deltas = trials.rows(&of_values)?;
        add_input_gradients(self.arithmetic, &deltas, trials, &mut gradients)?;
        let before = trials.rows(&kept.states.f_narrow(0, 0, trials.steps)?)?;
        kept.connections
            .gradients(&deltas, &before, &mut gradients)?;
        add_initial_gradient(trials, &initial, &mut gradients)?;
        Ok(gradients)
    }

    fn states(&self) -> Torch<Option<Tensor>> {
        let kept = self.kept.as_ref();
        let states = kept.map(|kept| kept.states.f_narrow(0, 1, kept.trials.steps));
        states.transpose()
    }
}
