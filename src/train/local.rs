//! Gradients from what each synapse knows, which RFLO and e-prop share.
//!
//! The exact gradient of a recurrent weight asks what the unit does to all others later, which is not known at the
//! synapse. Local rules drop these terms (the off-diagonal part of the Jacobian of the states), which leaves for each
//! synapse a trace of its own past, its eligibility, and multiply it by a learning signal that tells the unit of the
//! errors of the outputs. They differ in the way that this signal takes, and in what a unit keeps of its own past.

use super::credit::Outcome;
use super::engine::EngineError;
use super::rate_network::{RateNetwork, Slopes, rate_formula};
use crate::calculus::Dual;
use crate::cell::constraints::clear_untrained;
use crate::cell::formula::Formula as _;
use crate::cell::parameters::{
    BIAS_IH, INITIAL_STATE, Parameters, READOUT_BIAS, READOUT_WEIGHT, WEIGHT_HH, WEIGHT_IH,
};
use crate::cell::spec::NetworkSpec;
use crate::simd::Real;
use crate::task::Batch;
use crate::task::objective::Row;

/// The gradient of a local rule.
///
/// Unit a keeps for each of its synapses from b an eligibility p(t) = d(t) p(t−1) + c(t) r_b(t−1), with the slope c of its
/// own step and d = l + c w r'_a(t−1), where l is its leak and w what it sends to itself; the gradient of the synapse is
/// Σ_t [Bε(t)]_a r'_a(t) p(t), where ε = ∂L/∂z. What a synapse does through other units is left out. The readout has its
/// exact gradient, but for the way that outputs take through feedback.
///
/// The sums are taken backward, which gives the same numbers at the cost of one vector a step:
/// 1. D(t) = \[B ε(t)\] r'(t) + d(t+1) D(t+1).
/// 2. The gradient of the recurrent weights is Σ_t c(t) D(t) r(t−1)ᵀ; of the input weights and the bias, the same with
///    u(t) and 1.
///
/// ε holds the weights of the targets over their sum, so that the readout's gradient is exactly that of backpropagation.
pub(super) struct Local<'a> {
    /// Which parameters are trained, and how many units and outputs there are.
    pub(super) network: &'a NetworkSpec,
    /// Bᵀ, `[outputs][units]`.
    pub(super) signal: &'a [f64],
    /// w of each unit; `None`: nothing, and the initial state has gradient 0.
    pub(super) own_weights: Option<&'a [f64]>,
}

/// What one trial leaves behind.
struct Past {
    /// r from the initial state on, `[steps + 1][units + 1]`.
    rates: Vec<Vec<f64>>,
    /// Of each step and unit.
    slopes: Vec<Vec<Slopes>>,
    /// ε, `[steps][outputs]`.
    errors: Vec<Vec<f64>>,
}

impl Local<'_> {
    /// Overwrites the gradient by that of the loss of a batch, and returns what came of the batch.
    pub(super) fn loss_and_gradient<T: Real>(
        &self,
        parameters: &Parameters<T>,
        batch: &Batch,
        gradient: &mut Parameters<T>,
    ) -> Result<Outcome, EngineError> {
        let network = RateNetwork::new(self.network, parameters.cast()).ok_or(EngineError::Cell)?;
        let formula = rate_formula(self.network.cell).ok_or(EngineError::Cell)?;
        let rate_slope = |&x: &f64| formula.feature(Dual::<f64, 1>::variable(x, 0)).gradient[0];
        let initial_rate_slopes: Vec<f64> = network.rest().state.iter().map(rate_slope).collect();
        let mut sums = network.parameters.zeros_like();
        let total_weight = batch.total_weight().max(f64::MIN_POSITIVE);
        let mut outputs = vec![0.0; batch.targets.len()];
        let mut loss = 0.0;
        for trial in 0..batch.trials {
            let (part, past) = forward(&network, batch, (trial, total_weight), &mut outputs);
            loss += part;
            let credit = self.backward(batch, trial, &past, &mut sums);
            if self.own_weights.is_some()
                && let Some(first) = past.slopes.first()
            {
                let initial = sums.get_mut(INITIAL_STATE).iter_mut().enumerate();
                for (unit, sum) in initial {
                    *sum += self.kept(unit, first[unit], initial_rate_slopes[unit]) * credit[unit];
                }
            }
        }
        *gradient = sums.cast();
        clear_untrained(self.network, parameters, gradient);
        Ok(Outcome { loss, outputs })
    }

    /// Adds the gradient of one trial but for that of the initial state; returns D(1).
    fn backward(
        &self,
        batch: &Batch,
        trial: usize,
        past: &Past,
        gradient: &mut Parameters<f64>,
    ) -> Vec<f64> {
        let units = self.network.units;
        let mut credit = vec![0.0; units];
        for time in (0..batch.steps).rev() {
            let row = time * batch.trials + trial;
            let slopes = &past.slopes[time];
            for (unit, (credit, slope)) in credit.iter_mut().zip(slopes).enumerate() {
                let columns = self.signal[unit..].iter().step_by(units);
                let told: f64 = columns.zip(&past.errors[time]).map(|(b, e)| b * e).sum();
                let kept = past.slopes.get(time + 1).map_or(0.0, |later| {
                    self.kept(unit, later[unit], slope.rate) * *credit
                });
                *credit = told * slope.rate + kept;
            }
            let delta: Vec<f64> = (credit.iter().zip(slopes))
                .map(|(credit, slope)| credit * slope.drive)
                .collect();
            let input = &batch.inputs[row * batch.input_channels..][..batch.input_channels];
            add_outer(
                gradient.get_mut(WEIGHT_HH),
                &delta,
                &past.rates[time][..units],
            );
            add_outer(gradient.get_mut(WEIGHT_IH), &delta, input);
            add_outer(gradient.get_mut(BIAS_IH), &delta, &[1.0]);
            let seen = &past.rates[time + 1][..units];
            add_outer(gradient.get_mut(READOUT_WEIGHT), &past.errors[time], seen);
            add_outer(gradient.get_mut(READOUT_BIAS), &past.errors[time], &[1.0]);
        }
        credit
    }

    /// d: what the state of a unit after a step owes to its state before, where its rate had the slope `rate`.
    fn kept(&self, unit: usize, step: Slopes, rate: f64) -> f64 {
        let own = self.own_weights.map_or(0.0, |weights| weights[unit]);
        step.leak + step.drive * own * rate
    }
}

/// Runs one trial; returns its part of the loss.
fn forward(
    network: &RateNetwork,
    batch: &Batch,
    (trial, total_weight): (usize, f64),
    outputs: &mut [f64],
) -> (f64, Past) {
    let channels = batch.output_channels;
    let mut now = network.rest();
    let mut past = Past {
        rates: vec![now.rates.clone()],
        slopes: Vec::with_capacity(batch.steps),
        errors: Vec::with_capacity(batch.steps),
    };
    let mut loss = 0.0;
    for time in 0..batch.steps {
        let row = time * batch.trials + trial;
        let recurrent = network.recurrent(&now.rates);
        past.slopes
            .push(network.advance(&mut now, batch, row, &recurrent));
        now.output = network.output(&now.rates);
        past.rates.push(now.rates.clone());
        outputs[row * channels..][..channels].copy_from_slice(&now.output);
        let place = row * channels..(row + 1) * channels;
        let weights: Vec<f64> = batch.weights[place.clone()]
            .iter()
            .map(|weight| weight / total_weight)
            .collect();
        let mut losses = vec![0.0; channels];
        let mut error = vec![0.0; channels];
        batch.objective(trial).evaluate(Row {
            outputs: &now.output,
            targets: &batch.targets[place],
            weights: &weights,
            losses: &mut losses,
            slopes: &mut error,
        });
        for part in losses {
            loss += part;
        }
        past.errors.push(error);
    }
    (loss, past)
}

/// M ← M + u vᵀ.
fn add_outer(matrix: &mut [f64], u: &[f64], v: &[f64]) {
    if v.is_empty() {
        return;
    }
    for (row, &u) in matrix.chunks_exact_mut(v.len()).zip(u) {
        for (entry, &v) in row.iter_mut().zip(v) {
            *entry += u * v;
        }
    }
}
