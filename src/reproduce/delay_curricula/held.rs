//! Training that goes on with a penalty on speed, so that memories last.

use super::super::trained::Course;
use super::memories::{Network, Place, SETTLED, Shown};
use crate::cell::parameters::Parameters;
use crate::lab::LabError;
use crate::task::Batch;
use crate::task::Task as _;
use crate::task::delayed_classification::DelayedClassification;
use crate::train::bptt::Bptt;
use crate::train::descent::Descent;
use crate::train::engine::Engine;
use crate::train::learner::Learner as _;
use crate::train::penalty::Penalty;
use crate::train::speed_penalty::{ClassMean, SpeedPenalty};

/// Seed of the first batch; those of training are drawn otherwise.
const FIRST_BATCH: u64 = 1 << 42;
/// Seed of the trials of the first search.
const FIRST_SEARCH: u64 = 1 << 43;

/// Where speed is penalised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Treatment {
    /// Nowhere: training goes on as it was.
    Nothing,
    /// At the mean states of classes, which the searches for slow points begin with.
    MeanStates,
    /// At the slow points of the memories, as the paper's regulariser does.
    SlowPoints,
}

impl Treatment {
    /// All, in the order of tables.
    pub(super) const ALL: [Self; 3] = [Self::Nothing, Self::MeanStates, Self::SlowPoints];

    /// In words.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Nothing => "no penalty",
            Self::MeanStates => "penalty at class means",
            Self::SlowPoints => "penalty at slow points",
        }
    }

    /// The state at which speed is penalised.
    fn state(self, place: &Place) -> Option<&[f64]> {
        match self {
            Self::Nothing => None,
            Self::MeanStates => Some(&place.mean),
            Self::SlowPoints => Some(&place.slowest),
        }
    }
}

/// How training goes on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Extension {
    /// Rounds, before each of which the states are found anew.
    pub(super) rounds: u64,
    /// Training steps of a round.
    pub(super) steps: u64,
    /// λ of the penalty λ Σ |r(F(s)) − r(s)|² over the memories.
    pub(super) weight: f64,
    /// Trials from which states are found.
    pub(super) trials: usize,
}

/// The penalty at given states.
struct Held {
    penalty: SpeedPenalty<f32>,
    states: Vec<ClassMean>,
}

impl Penalty<f32> for Held {
    fn on_parameters(
        &mut self,
        _: &dyn Engine<f32>,
        parameters: &Parameters<f32>,
        _: &Batch,
        gradient: &mut Parameters<f32>,
    ) -> f64 {
        self.penalty.add(parameters, &self.states, gradient)
    }
}

/// Trains a network further on all classes and all delays of training, with the optimiser of its curriculum begun anew.
///
/// In each round the states at which speed is penalised are found ([`Network::places`]) and held for the steps of the round.
pub(super) fn extended(
    course: &Course,
    parameters: &Parameters<f32>,
    treatment: Treatment,
    extension: Extension,
) -> Result<Parameters<f32>, LabError> {
    let curriculum = course.curriculum();
    let (network, task) = (&curriculum.network, DelayedClassification::default());
    let mut parameters = parameters.clone();
    let mut remembered = None;
    for round in 0..extension.rounds {
        let mut credit = Bptt::of(network);
        if treatment != Treatment::Nothing {
            let shown = Shown {
                trials: extension.trials,
                seed: FIRST_SEARCH + round,
            };
            let places = Network::new(course, &parameters).places(shown, &[])?;
            let states = places.iter().filter_map(|place| treatment.state(place));
            credit = credit.with_penalty(Held {
                penalty: SpeedPenalty::new(network, extension.weight, SETTLED),
                states: states
                    .map(|state| ClassMean {
                        state: state.to_vec(),
                        input: vec![0.0; network.inputs],
                    })
                    .collect(),
            });
        }
        let mut learner = Descent::new(Box::new(credit), curriculum.optimiser, &parameters);
        if let Some(state) = &remembered {
            let restored = learner.restore(state);
            debug_assert!(
                restored.is_ok(),
                "the same rule on the same network wrote it"
            );
        }
        for step in 0..extension.steps {
            let number = FIRST_BATCH + round * extension.steps + step;
            let batch = task.batch(curriculum.trials_per_step, number);
            learner.step(&mut parameters, &batch)?;
        }
        remembered = Some(learner.state());
    }
    Ok(parameters)
}
