//! Backpropagation through time: the exact gradient of a loss with its penalties, from any engine.
//!
//! With loss L = Σ w ℓ / Σ w over the targets that count and penalties P, the gradient is that of L + P in every
//! trained parameter, through all time steps of the trial: nothing is truncated. Memory grows with steps × trials ×
//! units.
//!
//! Feedback of outputs: the network z = V r + b with feedback F acts like one without feedback whose recurrent
//! weights are W + F V and whose bias holds F b, so that the engine never sees it; the gradient comes back by the
//! chain rule ([`crate::cell::feedback`]).

use super::credit::{Credit, Outcome};
use super::engine::{Engine, EngineError, Simulation, Slopes, by_time};
use super::engines::{EngineName, EngineReal};
use super::loss::loss_and_slopes;
use super::penalty::Penalty;
use crate::cell::constraints::clear_untrained;
use crate::cell::feedback::{add_through_loop, closed_loop};
use crate::cell::parameters::Parameters;
use crate::cell::spec::NetworkSpec;
use crate::simd::Real;
use crate::task::Batch;

/// The exact gradient of the objectives of a batch and of penalties.
///
/// 1. Outputs that feed back are folded into the recurrence.
/// 2. The engine runs the trials.
/// 3. The objective of each trial gives its loss and the slopes in its outputs, each penalty its own and the slopes in the
///    rates.
/// 4. The engine takes the slopes back; penalties on the parameters add theirs.
/// 5. What the readout does through the feedback is added, and what is not trained is cleared.
///
/// Where the loss or a slope is not finite, nothing is caught here: the outcome says so, and learners then leave
/// the parameters as they are.
pub struct Bptt<T: Real> {
    network: NetworkSpec,
    engine: Box<dyn Engine<T>>,
    penalties: Vec<Box<dyn Penalty<T>>>,
    output_slopes: Vec<T>,
    rate_slopes: Vec<T>,
}

impl<T: Real> Bptt<T> {
    /// Of a network on an engine, without penalties.
    pub fn new(network: &NetworkSpec, engine: Box<dyn Engine<T>>) -> Self {
        Self {
            network: network.clone(),
            engine,
            penalties: Vec::new(),
            output_slopes: Vec::new(),
            rate_slopes: Vec::new(),
        }
    }

    /// Of a network on the default engine, without penalties.
    pub fn of(network: &NetworkSpec) -> Self
    where
        T: EngineReal,
    {
        Self::new(network, T::engine(EngineName::default(), network))
    }

    /// The same with one more penalty.
    #[must_use]
    pub fn with_penalty(mut self, penalty: impl Penalty<T> + 'static) -> Self {
        self.penalties.push(Box::new(penalty));
        self
    }

    /// Runs the trials of a batch forward.
    ///
    /// Outputs feed back where the network does so; neither loss nor gradient is computed.
    pub fn simulate(
        &mut self,
        parameters: &Parameters<T>,
        batch: &Batch,
    ) -> Result<Simulation, EngineError> {
        self.engine.simulate(parameters, batch)
    }
}

impl<T: Real> Credit<T> for Bptt<T> {
    fn loss_and_gradient(
        &mut self,
        parameters: &Parameters<T>,
        batch: &Batch,
        gradient: &mut Parameters<T>,
    ) -> Result<Outcome, EngineError> {
        let closed = closed_loop(parameters);
        let looped = closed.as_ref().unwrap_or(parameters);
        let pass = self.engine.forward(looped, batch)?;
        let mut loss = loss_and_slopes(batch, pass.rows, pass.outputs, &mut self.output_slopes);
        let outputs = by_time(pass.rows, batch.trials, pass.outputs);
        self.rate_slopes.clear();
        for penalty in &mut self.penalties {
            let part = penalty.on_rates(&*self.engine, &mut self.rate_slopes);
            // In the format of training, as the loss itself is summed.
            loss = (T::from_f64(loss) + T::from_f64(part)).to_f64();
        }
        let slopes = Slopes {
            outputs: &self.output_slopes,
            rates: &self.rate_slopes,
        };
        self.engine.backward(looped, slopes, gradient)?;
        for penalty in &mut self.penalties {
            loss += penalty.on_parameters(&*self.engine, looped, batch, gradient);
        }
        add_through_loop(parameters, gradient);
        clear_untrained(&self.network, parameters, gradient);
        Ok(Outcome { loss, outputs })
    }
}
