//! The network of a checkpoint, to be run again: on trials, and as a map.

use rand_chacha::ChaCha8Rng;

use super::saved::reload;
use super::{LabError, Origin};
use crate::cell::map::CellMap;
use crate::cell::noise::draw_initial_states;
use crate::cell::parameters::Parameters;
use crate::cell::spec::{NetworkSpec, Precision};
use crate::curriculum::Curriculum;
use crate::foreign::ForeignNetwork;
use crate::map::Map as _;
use crate::simd::Real;
use crate::task::mixture::Mixture;
use crate::task::{Batch, Task as _};
use crate::trace::{Entry, Run};
use crate::train::engine::Simulation;
use crate::train::engines::EngineReal as _;
use crate::train::policy::NetworkPolicy;

/// The network of a checkpoint of a run.
pub enum CheckpointNetwork {
    /// It was trained here.
    Trained {
        /// What it is.
        spec: Box<NetworkSpec>,
        /// Its numbers.
        parameters: Box<Parameters<f64>>,
    },
    /// Another program trained it.
    Foreign(Box<ForeignNetwork>),
}

impl CheckpointNetwork {
    /// Reads that of a checkpoint.
    ///
    /// # Errors
    /// If its file is missing, damaged, or of another network than the run says.
    pub fn read(run: &Run, origin: &Origin, entry: Entry) -> Result<Self, LabError> {
        let file = run.weights(entry.checkpoint)?;
        match origin {
            Origin::Followed(followed) => Ok(Self::Foreign(Box::new(followed.network(&file)?))),
            Origin::Trained(curriculum) => {
                let parameters = match curriculum.network.precision {
                    Precision::F32 => in_f64::<f32>(curriculum, &file, entry.step)?,
                    Precision::F64 => in_f64::<f64>(curriculum, &file, entry.step)?,
                };
                Ok(Self::Trained {
                    spec: Box::new(curriculum.network.clone()),
                    parameters: Box::new(parameters),
                })
            }
        }
    }

    /// Its input channels.
    pub fn inputs(&self) -> usize {
        match self {
            Self::Foreign(network) => network.inputs(),
            Self::Trained { spec, .. } => spec.inputs,
        }
    }

    /// Size of its state, and its states `[steps][trials][state]` without noise under inputs `[steps][trials][channel]`, from the
    /// state that it begins trials with. Networks of a curriculum are run by its engine, in f32; others as a map, from zeros.
    ///
    /// # Errors
    /// As the engine.
    pub fn driven(
        &self,
        curriculum: Option<&Curriculum>,
        trials: usize,
        inputs: Vec<f64>,
    ) -> Result<(usize, Vec<f64>), LabError> {
        let (Self::Trained { spec, parameters }, Some(curriculum)) = (self, curriculum) else {
            return self.driven_as_map(trials, &inputs);
        };
        let steps = inputs.len() / (trials * spec.inputs).max(1);
        let mut batch = Batch::zeros(steps, trials, spec.inputs, spec.outputs);
        batch.inputs = inputs;
        let mut engine = f32::engine(curriculum.engine.for_analysis(), spec);
        let simulation = engine.simulate(&parameters.cast(), &batch)?;
        Ok((simulation.state_size, simulation.states))
    }

    /// The same as a map at the input of each step, from zeros, in f64.
    fn driven_as_map(&self, trials: usize, inputs: &[f64]) -> Result<(usize, Vec<f64>), LabError> {
        let channels = self.inputs();
        let units = self.map_at(&vec![0.0; channels])?.dim();
        let mut before = vec![0.0; trials * units];
        let mut states = Vec::new();
        for inputs in inputs.chunks_exact(trials * channels) {
            let mut after = vec![0.0; trials * units];
            for (trial, input) in inputs.chunks_exact(channels).enumerate() {
                let own = trial * units..(trial + 1) * units;
                self.map_at(input)?
                    .step(&before[own.clone()], &mut after[own]);
            }
            states.extend_from_slice(&after);
            before = after;
        }
        Ok((units, states))
    }

    /// It at a constant input.
    ///
    /// # Errors
    /// If the input is not as wide as the network's.
    pub fn map_at(&self, input: &[f64]) -> Result<CellMap, LabError> {
        match self {
            Self::Foreign(network) => Ok(network.map_at(input)?),
            Self::Trained { spec, .. } if input.len() != spec.inputs => Err(LabError::InputWidth {
                found: input.len(),
                expected: spec.inputs,
            }),
            Self::Trained { spec, parameters } => Ok(CellMap::new(spec, parameters, input)),
        }
    }
}

fn in_f64<T: Real>(
    curriculum: &Curriculum,
    file: &crate::trace::WeightsFile,
    step: u64,
) -> Result<Parameters<f64>, LabError> {
    Ok(reload::<T>(curriculum, file, step)?.parameters.cast())
}

/// So many trials of a task, those in a world as the network lives through them, without noise of its own.
pub(super) fn drawn<T: Real>(
    curriculum: &Curriculum,
    parameters: &Parameters<T>,
    task: &Mixture,
    trials: usize,
    rng: &mut ChaCha8Rng,
) -> Batch {
    let network = &curriculum.network;
    let mut batch = Batch::zeros(task.trial_steps(), trials, network.inputs, network.outputs);
    draw_initial_states(network, rng, &mut batch);
    if task.is_in_world() {
        let lesson = curriculum.rule.rule().lesson();
        let mut policy = NetworkPolicy::new(network, parameters, None).taught(lesson);
        task.experience(&mut policy, rng, &mut batch);
    } else {
        task.draw(rng, &mut batch);
    }
    batch
}

/// A network of a curriculum run through trials of a task that are drawn from a generator, without noise of its own, in f32;
/// those in a world as the network lives through them.
///
/// # Errors
/// As the engine.
pub fn on_trials(
    curriculum: &Curriculum,
    parameters: &Parameters<f64>,
    task: &Mixture,
    trials: usize,
    rng: &mut ChaCha8Rng,
) -> Result<(Batch, Simulation), LabError> {
    let network = &curriculum.network;
    let parameters: Parameters<f32> = parameters.cast();
    let batch = drawn(curriculum, &parameters, task, trials, rng);
    let simulation =
        f32::engine(curriculum.engine.for_analysis(), network).simulate(&parameters, &batch)?;
    Ok((batch, simulation))
}
