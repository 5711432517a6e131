//! What is compared: one network at a moment, as plain data.

use std::sync::Arc;

use faer::Mat;

use crate::cell::parameters::Parameters;
use crate::cell::spec::NetworkSpec;
use crate::nouns::PointKind;
use crate::task::Batch;
use crate::train::engines::{EngineName, EngineReal as _};

/// 1/φ, φ the golden ratio.
const GOLDEN_FRACTION: f64 = 0.618_033_988_749_894_9;

/// A network at a moment: its states on probe trials, and its landscapes.
#[derive(Debug, Clone, PartialEq)]
pub struct Portrait {
    /// Name of its run.
    pub name: String,
    /// The training step.
    pub step: u64,
    /// What its probe trials are of: a task with its parameters. Portraits whose words differ saw other trials.
    pub probe: String,
    /// Its states on the probe trials.
    pub states: TrialStates,
    /// One landscape for each constant input, in the order of the probes.
    pub landscapes: Vec<Landscape>,
    /// Its weights with the probe trials; `None` where it was not trained here.
    pub probed: Option<Probed>,
}

impl Portrait {
    /// Of landscapes alone: without states, weights and trials.
    pub fn of_landscapes(name: &str, step: u64, landscapes: Vec<Landscape>) -> Self {
        Self {
            name: name.to_owned(),
            step,
            probe: "no task".to_owned(),
            states: TrialStates::default(),
            landscapes,
            probed: None,
        }
    }
}

/// A trained network with the trials that it is probed on.
#[derive(Debug, Clone, PartialEq)]
pub struct Probed {
    /// What its parameters are of.
    pub spec: NetworkSpec,
    /// Its parameters.
    pub parameters: Parameters<f64>,
    /// The probe trials.
    pub trials: Arc<Batch>,
    /// Its loss on them.
    pub loss: f64,
    /// Its accuracy on them, in 0 to 1.
    pub accuracy: f64,
}

impl Probed {
    /// The loss on the probe trials as a function of parameters, in the order of [`Parameters::values`], computed in f32; NaN where
    /// the network cannot be run.
    pub fn loss_function(&self) -> impl FnMut(&[f64]) -> f64 + '_ {
        let mut parameters: Parameters<f32> = self.parameters.cast();
        let mut engine = f32::engine(EngineName::default(), &self.spec);
        move |values| {
            for (own, value) in parameters.values_mut().iter_mut().zip(values) {
                *own = *value as f32;
            }
            let outputs = engine.outputs(&parameters, &self.trials);
            outputs.map_or(f64::NAN, |outputs| self.trials.loss(&outputs))
        }
    }
}

/// States on trials.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TrialStates {
    /// Time steps of a trial.
    pub steps: usize,
    /// Trials.
    pub trials: usize,
    /// State variables.
    pub units: usize,
    /// `[steps, trials, units]`.
    pub states: Vec<f32>,
}

impl TrialStates {
    /// One state of each trial, `[trials, units]`, as independent samples.
    ///
    /// States of one trial depend on each other: all of them would count as more samples than there are, and the estimates
    /// of alignment and correlation would come out too high. Trial k is looked at where the fraction of k/φ (φ the golden
    /// ratio) falls in its time: evenly over the trial, without a period that the order of the trials could share, and at the
    /// same moments in every network.
    pub fn samples(&self) -> Mat<f64> {
        Mat::from_fn(self.trials, self.units, |trial, unit| {
            f64::from(self.state(self.sampled_step(trial), trial)[unit])
        })
    }

    /// The state of one trial after a time step.
    pub fn state(&self, step: usize, trial: usize) -> &[f32] {
        let from = (step * self.trials + trial) * self.units;
        &self.states[from..from + self.units]
    }

    /// The time step at which [`Self::samples`] looks at a trial.
    fn sampled_step(&self, trial: usize) -> usize {
        let share = (trial as f64 * GOLDEN_FRACTION).fract();
        ((share * self.steps as f64) as usize).min(self.steps.saturating_sub(1))
    }
}

/// The fixed points at one constant input, and what leads from one to another.
#[derive(Debug, Clone, PartialEq)]
pub struct Landscape {
    /// Name of the constant input.
    pub condition: String,
    /// Whether the list of fixed points is known, or held by its index sum, to be complete.
    pub is_complete: bool,
    /// The fixed points.
    pub points: Vec<Point>,
    /// What leads from one to another; `None` if nobody looked.
    pub edges: Option<Vec<Edge>>,
}

/// A fixed point.
#[derive(Debug, Clone, PartialEq)]
pub struct Point {
    /// What it is.
    pub kind: PointKind,
    /// Eigenvalues outside the unit circle.
    pub n_unstable: usize,
    /// Sign of det(I − J).
    pub index: i8,
    /// Where it is, one value a state variable.
    pub state: Vec<f64>,
    /// Output of the network there.
    pub readout: Vec<f64>,
    /// Eigenvalues, `[re, im]`, the leading one first; both of a complex pair.
    pub spectrum: Vec<[f64; 2]>,
    /// Share of the states of the task that end there; `None` of points that are not stable.
    pub basin: Option<f64>,
}

/// What leads from one fixed point to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Edge {
    /// Place of the point that it leaves.
    pub from: usize,
    /// Place of the point that it leads to.
    pub to: usize,
    /// By what.
    pub cause: Cause,
}

/// By what one leaves a fixed point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Cause {
    /// Along its unstable manifold.
    Manifold,
    /// By a pulse of the task, by its number.
    Pulse(u16),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_are_spread_evenly_over_the_time_of_trials() {
        let (steps, trials) = (10, 100);
        let states = (0..steps * trials).map(|k| (k / trials) as f32).collect();
        let states = TrialStates {
            steps,
            trials,
            units: 1,
            states,
        };
        let samples = states.samples();
        assert_eq!((samples.nrows(), samples.ncols()), (trials, 1));
        for step in 0..steps {
            let here = samples.col(0).iter().filter(|time| **time == step as f64);
            let count = here.count();
            assert!(
                (9..=11).contains(&count),
                "step {step} is looked at {count} times"
            );
        }
    }
}
