//! Random feedback local online learning (Murray 2019, eLife 8:e43299): a gradient from what each synapse knows.
//!
//! Each synapse keeps a trace of its own past, and errors go back through fixed random weights B in place of the
//! readout's transpose. It follows the loss downhill only as far as readout and B come to agree; on tasks that need
//! precise recurrent interactions it learns slower, or ends higher, than backpropagation.

use rand_distr::{Distribution as _, StandardNormal};

use super::credit::{Credit, Outcome};
use super::engine::EngineError;
use super::local::Local;
use crate::cell::parameters::Parameters;
use crate::cell::spec::NetworkSpec;
use crate::simd::Real;
use crate::streams::Stream;
use crate::task::Batch;

/// Credit by what each synapse knows (RFLO).
///
/// Unit a keeps for each of its synapses from b an eligibility p(t) = l(t) p(t−1) + c(t) r_b(t−1), with the leak l and
/// the slope c of its own step; the gradient of the synapse is Σ_t [B ε(t)]_a r'_a(t) p(t), where ε = ∂L/∂z and B is
/// fixed and random in place of the transposed readout. What a synapse does through other units, and through what its own
/// unit sends to itself, is left out. The readout has its exact gradient, but for the way that outputs take through
/// feedback; the initial state has gradient 0.
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
}

impl<T: Real> Credit<T> for Rflo {
    fn loss_and_gradient(
        &mut self,
        parameters: &Parameters<T>,
        batch: &Batch,
        gradient: &mut Parameters<T>,
    ) -> Result<Outcome, EngineError> {
        let local = Local {
            network: &self.network,
            signal: &self.feedback,
            own_weights: None,
        };
        local.loss_and_gradient(parameters, batch, gradient)
    }
}
