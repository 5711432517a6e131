//! The probe trials of a run: the same trials at every checkpoint of a stage, from which fixed points are sought
//! and of which a few are stored.

use super::LabError;
use super::analyst::Job;
use super::trainer::{CheckpointId, TrainableReal, reload, stream};
use crate::cell::parameters::Parameters;
use crate::curriculum::Curriculum;
use crate::dynamics::projection::Projection;
use crate::task::Batch;
use crate::trace::Run;
use crate::train::engine::Engine;

/// Streams of the generator from here on belong to probe trials, one a stage; those below to training steps.
const PROBE_STREAMS: u64 = 1 << 62;

/// The probe trials, and the network's run through them.
pub(super) struct ProbeTrials<'a, T> {
    curriculum: &'a Curriculum,
    engine: Box<dyn Engine<T>>,
    /// Fitted to the states at checkpoint 0, and kept.
    projection: Option<Projection>,
}

impl<'a, T: TrainableReal> ProbeTrials<'a, T> {
    /// Probe trials of a run, whose projection is taken from disk if the run has begun.
    pub(super) fn new(curriculum: &'a Curriculum, run: &Run) -> Result<Self, LabError> {
        let mut probe = Self {
            curriculum,
            engine: T::engine(curriculum),
            projection: None,
        };
        if let Some(first) = run.entries().first() {
            let file = run.weights(first.checkpoint)?;
            let saved = reload(curriculum, &file, first.step)?;
            let id = CheckpointId {
                number: first.checkpoint,
                step: first.step,
            };
            probe.job(id, &saved.parameters, 0)?;
        }
        Ok(probe)
    }

    /// Runs the probe trials of a stage through a network: what the analysis of a checkpoint starts from.
    pub(super) fn job(
        &mut self,
        id: CheckpointId,
        parameters: &Parameters<T>,
        stage: usize,
    ) -> Result<Job, LabError> {
        let curriculum = self.curriculum;
        let task = curriculum.stages[stage].task.task();
        let network = &curriculum.network;
        let trials = curriculum.analysis.probe_trials;
        let mut batch = Batch::zeros(task.trial_steps(), trials, network.inputs, network.outputs);
        task.draw(
            &mut stream(curriculum.seed, PROBE_STREAMS + stage as u64),
            &mut batch,
        );
        let simulation = self.engine.simulate(parameters, &batch)?;
        let projection = self
            .projection
            .get_or_insert_with(|| Projection::fit(&simulation.states, simulation.state_size))
            .clone();
        Ok(Job {
            id,
            parameters: parameters.cast(),
            probes: task.probes(network.inputs),
            batch,
            simulation,
            projection,
        })
    }
}
