//! Random feedback local online learning (Murray 2019, eLife 8:e43299): a gradient from what each synapse knows.
//!
//! The exact gradient of a recurrent weight asks what the unit does to all others later, which is not known at the
//! synapse. RFLO drops these terms (the off-diagonal part of the Jacobian), which leaves for each synapse a trace
//! of its own past, and sends errors back through fixed random weights B in place of the readout's transpose. It
//! follows the loss downhill only as far as readout and B come to agree; on tasks that need precise recurrent
//! interactions it learns slower, or ends higher, than backpropagation.

use rand_distr::{Distribution as _, StandardNormal};

use super::credit::{Credit, Outcome};
use super::engine::EngineError;
use super::rate_network::{RateNetwork, Slopes};
use crate::cell::constraints::clear_untrained;
use crate::cell::parameters::{
    BIAS_IH, Parameters, READOUT_BIAS, READOUT_WEIGHT, WEIGHT_HH, WEIGHT_IH,
};
use crate::cell::spec::NetworkSpec;
use crate::simd::Real;
use crate::streams::Stream;
use crate::task::Batch;
use crate::task::objective::Row;

/// Credit by what each synapse knows (RFLO).
///
/// Unit a keeps for each of its synapses from b an eligibility p(t) = l(t) p(t−1) + c(t) r_b(t−1), with the leak l and
/// the slope c of its own step; the gradient of the synapse is Σ_t [B ε(t)]_a r'_a(t) p(t), where ε = ∂L/∂z and B is
/// fixed and random in place of the transposed readout. What a synapse does through other units is left out. The readout
/// has its exact gradient.
///
/// The sums are taken backward, which gives the same numbers at the cost of one vector a step:
/// 1. D(t) = [B ε(t)] r'(t) + l(t+1) D(t+1).
/// 2. The gradient of the recurrent weights is Σ_t c(t) D(t) r(t−1)ᵀ; of the input weights and the bias, the same with
///    u(t) and 1.
///
/// ε holds the weights of the targets over their sum, so that the readout's gradient is exactly that of
/// backpropagation (but for the way that outputs take through feedback). The initial state has gradient 0.
#[derive(Debug, Clone, PartialEq)]
pub struct Rflo {
    network: NetworkSpec,
    feedback: Vec<f64>,
}

impl Rflo {
    /// For a network with vanilla or leaky units; the feedback is drawn as an untrained readout is, N(0, 1/N).
    ///
    /// N(0, 1/N) with N the number of units: entries of standard deviation 1/√N, from the stream of the seed that
    /// is for this alone.
    pub fn new(network: &NetworkSpec, seed: u64) -> Self {
        let mut rng = Stream::LocalFeedback.open(seed);
        let deviation = 1.0 / (network.units as f64).sqrt();
        let feedback = (0..network.outputs * network.units)
            .map(|_| {
                let normal: f64 = StandardNormal.sample(&mut rng);
                deviation * normal
            })
            .collect();
        Self::with_feedback(network, feedback)
    }

    /// With given feedback Bᵀ, `[outputs][units]`.
    pub fn with_feedback(network: &NetworkSpec, feedback: Vec<f64>) -> Self {
        Self {
            network: network.clone(),
            feedback,
        }
    }

    /// Runs one trial and adds its gradient; returns its part of the loss.
    fn trial(
        &self,
        network: &RateNetwork,
        batch: &Batch,
        (trial, total_weight): (usize, f64),
        gradient: &mut Parameters<f64>,
        outputs: &mut [f64],
    ) -> f64 {
        let channels = batch.output_channels;
        let mut now = network.rest();
        let mut rates = vec![now.rates.clone()];
        let mut slopes = Vec::with_capacity(batch.steps);
        let mut errors = Vec::with_capacity(batch.steps);
        let mut loss = 0.0;
        for time in 0..batch.steps {
            let row = time * batch.trials + trial;
            let recurrent = network.recurrent(&now.rates);
            slopes.push(network.advance(&mut now, batch, row, &recurrent));
            now.output = network.output(&now.rates);
            rates.push(now.rates.clone());
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
            errors.push(error);
        }
        let units = self.network.units;
        let mut credit = vec![0.0; units];
        let mut later: Option<&Vec<Slopes>> = None;
        for time in (0..batch.steps).rev() {
            let row = time * batch.trials + trial;
            for (unit, (credit, slope)) in credit.iter_mut().zip(&slopes[time]).enumerate() {
                let columns = self.feedback[unit..].iter().step_by(units);
                let told: f64 = columns.zip(&errors[time]).map(|(b, e)| b * e).sum();
                let kept = later.map_or(0.0, |later| later[unit].leak * *credit);
                *credit = told * slope.rate + kept;
            }
            later = Some(&slopes[time]);
            let delta: Vec<f64> = (credit.iter().zip(&slopes[time]))
                .map(|(credit, slope)| credit * slope.drive)
                .collect();
            let input = &batch.inputs[row * batch.input_channels..][..batch.input_channels];
            add_outer(gradient.get_mut(WEIGHT_HH), &delta, &rates[time][..units]);
            add_outer(gradient.get_mut(WEIGHT_IH), &delta, input);
            add_outer(gradient.get_mut(BIAS_IH), &delta, &[1.0]);
            let seen = &rates[time + 1][..units];
            add_outer(gradient.get_mut(READOUT_WEIGHT), &errors[time], seen);
            add_outer(gradient.get_mut(READOUT_BIAS), &errors[time], &[1.0]);
        }
        loss
    }
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

impl<T: Real> Credit<T> for Rflo {
    fn loss_and_gradient(
        &mut self,
        parameters: &Parameters<T>,
        batch: &Batch,
        gradient: &mut Parameters<T>,
    ) -> Result<Outcome, EngineError> {
        let network =
            RateNetwork::new(&self.network, parameters.cast()).ok_or(EngineError::Cell)?;
        let mut sums = network.parameters.zeros_like();
        let total_weight = batch.total_weight().max(f64::MIN_POSITIVE);
        let mut outputs = vec![0.0; batch.targets.len()];
        let mut loss = 0.0;
        for trial in 0..batch.trials {
            loss += self.trial(
                &network,
                batch,
                (trial, total_weight),
                &mut sums,
                &mut outputs,
            );
        }
        *gradient = sums.cast();
        clear_untrained(&self.network, parameters, gradient);
        Ok(Outcome { loss, outputs })
    }
}
