//! Cells whose state holds currents, r = φ(x): leaky and low-rank ones, x' = (1 − α)x + α(W r + B u + b + ξ), and the
//! piecewise-linear network, z' = A z + W relu(z) + B u + h + ξ, which is one of these with A for 1 − α and 1 for α.
//!
//! Backward, with ∂r the slopes in the rates and k what is kept of a state, 1 − α or A:
//! 1. φ'(x) of all time steps at once.
//! 2. Step by step from the last: ∂x = φ'(x')(∂r + α Wᵀ∂x⁺) + k ∂x⁺.
//! 3. The weight gradients in one product each over all time steps, from α ∂x; ∂A = Σ ∂x x.

use tch::Tensor;

use super::activations::{apply_into, slope};
use super::arithmetic::Arithmetic;
use super::connections::Connections;
use super::trials::{Trials, neighbours};
use super::weights::{Gradients, Weights};
use super::{Done as _, Passes, RateSlopes, Torch, add_initial_gradient, add_input_gradients};
use crate::cell::parameters::{BIAS_IH, DIAGONAL, WEIGHT_IH};
use crate::cell::spec::Activation;

/// A cell whose features are a function of its state, unit by unit.
pub(super) struct StateScan {
    activation: Activation,
    alpha: f64,
    arithmetic: Arithmetic,
    kept: Option<Kept>,
}

struct Kept {
    trials: Trials,
    connections: Connections,
    /// k, one value or one a unit.
    keep: Tensor,
    /// Before the first step and after each.
    states: Tensor,
    /// φ of these.
    features: Tensor,
}

impl StateScan {
    pub(super) fn new(activation: Activation, alpha: f64, arithmetic: Arithmetic) -> Self {
        Self {
            activation,
            alpha,
            arithmetic,
            kept: None,
        }
    }
}

impl Passes for StateScan {
    fn forward(&mut self, weights: &Weights, trials: Trials) -> Torch<Tensor> {
        let bias = weights.get(BIAS_IH)?;
        let (units, alpha) = (bias.size1()?, self.alpha);
        let keep = match weights.find(DIAGONAL) {
            Some(diagonal) => diagonal.shallow_clone(),
            None => Tensor::f_full([1], 1.0 - alpha, (bias.f_kind()?, bias.device()))?,
        };
        let states = trials.room(&[units], true)?;
        let features = trials.room(&[units], true)?;
        let mut drive = self
            .arithmetic
            .affine(bias, &trials.inputs, weights.get(WEIGHT_IH)?)?
            .f_view([trials.steps, trials.count, units])?;
        if let Some(noise) = &trials.noise {
            drive.f_add_(noise).done()?;
        }
        drive
            .f_mul_scalar_out(&states.f_narrow(0, 1, trials.steps)?, alpha)
            .done()?;
        drop(drive);
        let connections = Connections::new(self.arithmetic, weights, alpha, &trials)?;
        let mut each = states.f_unbind(0)?;
        let mut rates = features.f_unbind(0)?;
        each[0].f_copy_(&trials.start)?;
        apply_into(self.activation, &mut rates[0], &each[0])?;
        for time in 0..each.len() - 1 {
            let (before, after) = neighbours(&mut each, time);
            connections.send(time, &rates[time], after)?;
            after.f_addcmul_(before, &keep).done()?;
            apply_into(self.activation, &mut rates[time + 1], after)?;
        }
        let rates = features.f_narrow(0, 1, trials.steps)?;
        self.kept = Some(Kept {
            trials,
            connections,
            keep,
            states,
            features,
        });
        Ok(rates)
    }

    fn backward(&mut self, weights: &Weights, slopes: RateSlopes<'_>) -> Torch<Gradients> {
        let Some(kept) = &self.kept else {
            return Ok(Gradients::default());
        };
        let slopes = slopes.sum()?;
        let (trials, steps) = (&kept.trials, kept.trials.steps);
        // Step 1.
        let of_features = slope(self.activation, &kept.features)?.f_unbind(0)?;
        // Step 2.
        let mut each = slopes.f_unbind(0)?;
        for time in (0..each.len()).rev() {
            if time + 1 == each.len() {
                each[time].f_mul_(&of_features[time + 1]).done()?;
                continue;
            }
            let (here, after) = neighbours(&mut each, time);
            kept.connections.take_back(time + 1, after, here)?;
            here.f_mul_(&of_features[time + 1]).done()?;
            here.f_addcmul_(after, &kept.keep).done()?;
        }
        // What reaches the initial state.
        let mut initial = trials.start.f_zeros_like()?;
        kept.connections.take_back(0, &each[0], &mut initial)?;
        initial.f_mul_(&of_features[0]).done()?;
        initial.f_addcmul_(&each[0], &kept.keep).done()?;
        // Step 3.
        let mut gradients = Gradients::default();
        if weights.find(DIAGONAL).is_some() {
            let products = slopes.f_mul(&kept.states.f_narrow(0, 0, steps)?)?;
            let sums = trials.rows(&products)?.f_sum_dim_intlist(0, false, None)?;
            gradients.add(DIAGONAL, sums);
        }
        let mut deltas = trials.rows(&slopes)?;
        if self.alpha != 1.0 {
            deltas.f_mul_scalar_(self.alpha).done()?;
        }
        add_input_gradients(self.arithmetic, &deltas, trials, &mut gradients)?;
        let before = trials.rows(&kept.features.f_narrow(0, 0, steps)?)?;
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
