//! E-prop with symmetric feedback (Bellec et al. 2020, Nat. Commun. 11:3625): a gradient from what each synapse knows.
//!
//! Each synapse keeps a trace of its own past, its eligibility, and errors go back through the transposed readout. It is the
//! gradient of the loss without what a synapse does to the loss through other units: at any time exact for what acts on the
//! outputs at once.

use super::credit::{Credit, Outcome};
use super::engine::EngineError;
use super::local::Local;
use crate::cell::feedback::closed_loop;
use crate::cell::parameters::{Parameters, READOUT_WEIGHT, WEIGHT_HH};
use crate::cell::spec::NetworkSpec;
use crate::simd::Real;
use crate::task::Batch;

/// Credit by eligibility traces and symmetric feedback (e-prop).
///
/// With the Jacobian J(t) = ∂x(t)/∂x(t−1) of the states of all units, unit a keeps for each of its parameters an eligibility
/// p(t) = J_aa(t) p(t−1) + ∂x_a(t)/∂θ; the gradient is Σ_t [Vᵀε(t)]_a r'_a(t) p(t), where ε = ∂L/∂z and V is the readout.
/// J_aa includes what a unit sends to itself, also by way of outputs that feed back; in Bellec et al.'s networks, where no
/// unit does, it is the leak. Trained initial states have their gradient by the same traces.
///
/// It is the exact gradient where no unit acts on another. The readout's is exact always, but for the way that outputs take
/// through feedback.
#[derive(Debug, Clone, PartialEq)]
pub struct Eprop {
    network: NetworkSpec,
}

impl Eprop {
    /// For a network with vanilla or leaky units.
    pub fn new(network: &NetworkSpec) -> Self {
        Self {
            network: network.clone(),
        }
    }
}

impl<T: Real> Credit<T> for Eprop {
    fn loss_and_gradient(
        &mut self,
        parameters: &Parameters<T>,
        batch: &Batch,
        gradient: &mut Parameters<T>,
    ) -> Result<Outcome, EngineError> {
        let exact: Parameters<f64> = parameters.cast();
        let closed = closed_loop(&exact);
        let recurrent = closed.as_ref().unwrap_or(&exact).get(WEIGHT_HH);
        let diagonal = recurrent.iter().step_by(self.network.units + 1);
        let own_weights: Vec<f64> = diagonal.copied().collect();
        let local = Local {
            network: &self.network,
            signal: exact.get(READOUT_WEIGHT),
            own_weights: Some(&own_weights),
        };
        local.loss_and_gradient(parameters, batch, gradient)
    }
}
