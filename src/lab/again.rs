//! The landscape of one network, looked at on its own: a checkpoint of a run again, or somebody else's network.

use std::path::Path;

use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;

use super::analysed::Analysed;
use super::probe::ProbeTrials;
use super::trainer::{CheckpointId, TrainableReal, reload, shown_stage};
use super::{LabError, curriculum_of};
use crate::cell::map::{CellMap, Readout};
use crate::cell::spec::Precision;
use crate::curriculum::Curriculum;
use crate::dynamics::projection::Projection;
use crate::dynamics::spectrum::SpectrumError;
use crate::dynamics::starts::{jittered, simulated};
use crate::map::Map as _;
use crate::task::Probe;
use crate::trace::{Entry, Run, TraceError};

/// How to look.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Settings {
    /// States from which fixed points are sought; by default as in the run, or 1024.
    pub starts: Option<usize>,
    /// Jitter of the starts relative to the states; by default as in the run, or 0.5.
    pub noise: Option<f64>,
    /// Seed of the starts.
    pub seed: u64,
    /// A constant input, instead of the task's own.
    pub input: Option<Vec<f64>>,
}

/// The landscapes of one network, one for each constant input.
#[derive(Debug, Clone)]
pub struct Portrait {
    /// The checkpoint; 0 where there is none.
    pub id: CheckpointId,
    /// The network's readout.
    pub readout: Readout,
    /// Principal components of the states.
    pub projection: Projection,
    /// The landscapes.
    pub landscapes: Vec<Analysed>,
}

/// Analyses a checkpoint of a run, the last one if none is named, from states of the task's trials.
pub fn of_run(
    dir: &Path,
    checkpoint: Option<u32>,
    settings: &Settings,
) -> Result<Portrait, LabError> {
    let run = Run::open(dir)?;
    let curriculum = curriculum_of(dir)?;
    let last = run.entries().last().map_or(0, |entry| entry.checkpoint);
    let wanted = checkpoint.unwrap_or(last);
    let entry = run
        .entries()
        .iter()
        .find(|entry| entry.checkpoint == wanted)
        .ok_or_else(|| TraceError::NoCheckpoint {
            path: dir.to_path_buf(),
            checkpoint: wanted,
            count: run.entries().len(),
        })?;
    match curriculum.network.precision {
        Precision::F32 => of_entry::<f32>(&run, &curriculum, *entry, settings),
        Precision::F64 => of_entry::<f64>(&run, &curriculum, *entry, settings),
    }
}

fn of_entry<T: TrainableReal>(
    run: &Run,
    curriculum: &Curriculum,
    entry: Entry,
    settings: &Settings,
) -> Result<Portrait, LabError> {
    let saved = reload::<T>(curriculum, &run.weights(entry.checkpoint)?, entry.step)?;
    let id = CheckpointId {
        number: entry.checkpoint,
        step: entry.step,
    };
    let stage = shown_stage(curriculum, &saved.position);
    let job = ProbeTrials::new(curriculum, run)?.job(id, &saved.parameters, stage)?;
    let mut rng = ChaCha8Rng::seed_from_u64(settings.seed);
    let starts = jittered(
        &job.simulation.states,
        job.simulation.state_size,
        settings.starts.unwrap_or(curriculum.analysis.starts),
        settings.noise.unwrap_or(curriculum.analysis.noise),
        &mut rng,
    );
    let probes = match &settings.input {
        Some(input) if input.len() != curriculum.network.inputs => {
            return Err(LabError::InputWidth {
                found: input.len(),
                expected: curriculum.network.inputs,
            });
        }
        Some(input) => vec![Probe {
            name: name_of_input(input),
            input: input.clone(),
        }],
        None => job.probes,
    };
    let landscapes = probes
        .into_iter()
        .map(|probe| {
            let map = CellMap::new(&curriculum.network, &job.parameters, &probe.input);
            Analysed::search(probe.name, map, &starts)
        })
        .collect::<Result<_, _>>()
        .map_err(|source| LabError::Analysis {
            checkpoint: id.number,
            source,
        })?;
    Ok(Portrait {
        id,
        readout: Readout::of(&job.parameters),
        projection: job.projection,
        landscapes,
    })
}

/// Analyses a map on its own, from given starts or from states that it is simulated to.
pub fn of_map(
    condition: String,
    map: CellMap,
    readout: Readout,
    starts: Option<Vec<Vec<f64>>>,
    settings: &Settings,
) -> Result<Portrait, SpectrumError> {
    let count = settings.starts.unwrap_or(1024);
    let noise = settings.noise.unwrap_or(0.5);
    let starts = starts.unwrap_or_else(|| simulated(&map, count, noise, settings.seed));
    let projection = Projection::fit(&starts.concat(), map.dim());
    Ok(Portrait {
        id: CheckpointId { number: 0, step: 0 },
        readout,
        projection,
        landscapes: vec![Analysed::search(condition, map, &starts)?],
    })
}

/// What a landscape at a given input is called.
pub fn name_of_input(input: &[f64]) -> String {
    let values: Vec<String> = input.iter().map(f64::to_string).collect();
    format!("input {}", values.join(","))
}
