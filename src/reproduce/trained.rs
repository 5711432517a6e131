//! Networks that an experiment's curricula train: in memory, and, where they are to be kept, as runs.

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::Settings;
use crate::cell::map::{CellMap, Readout};
use crate::cell::parameters::Parameters;
use crate::cell::spec::NetworkSpec;
use crate::curriculum::{Curriculum, Override};
use crate::dynamics::points::search::{Findings, Known, SearchLimits, search};
use crate::dynamics::points::starts::jittered;
use crate::lab::recorder::{MemoryRecorder, Recorded};
use crate::lab::session::{self, TakenUp};
use crate::lab::training::{Step, Training};
use crate::lab::{self, LabError};
use crate::parallel;
use crate::streams::Stream;
use crate::task::Batch;
use crate::train::engine::Simulation;
use crate::train::engines::EngineReal as _;

/// The training of one network, in f32.
#[derive(Debug, Clone)]
pub(super) struct Course {
    curriculum: Curriculum,
}

impl Course {
    /// That of a curriculum, as a file would have it.
    pub(super) fn new(curriculum: &str) -> Result<Self, LabError> {
        let curriculum = Curriculum::parse(curriculum, "the curriculum of the experiment", &[])?;
        Ok(Self { curriculum })
    }

    /// That of a curriculum, as a file would have it, with values set from outside.
    pub(super) fn changed(curriculum: &str, overrides: &[Override]) -> Result<Self, LabError> {
        let name = "the curriculum of the experiment";
        let curriculum = Curriculum::parse(curriculum, name, overrides)?;
        Ok(Self { curriculum })
    }

    /// The curriculum.
    pub(super) fn curriculum(&self) -> &Curriculum {
        &self.curriculum
    }

    /// Trains the network by its curriculum.
    ///
    /// `kept` sees the weights at step 0 and after each step. Returns the loss on the last batch before its step, penalties
    /// included; NaN if a loss or gradient ceased to be finite, which ends it and changes nothing more.
    pub(super) fn train(
        &self,
        mut kept: impl FnMut(u64, &Parameters<f32>),
    ) -> Result<f64, LabError> {
        let mut training = Training::<f32>::begin(&self.curriculum)?;
        kept(0, training.parameters()?);
        let mut loss = f64::NAN;
        while !training.is_finished() {
            match training.step()? {
                Step::Made(made) => loss = made.loss,
                Step::Diverged { .. } => return Ok(f64::NAN),
            }
            let step = training.position().step;
            kept(step, training.parameters()?);
        }
        Ok(loss)
    }

    /// The run of the curriculum, in memory. Not to be called by a thread of rayon's: training waits for its analysis.
    pub(super) fn recorded(&self) -> Result<Recorded, LabError> {
        let recorder = MemoryRecorder::default();
        lab::train(
            &self.curriculum,
            &recorder,
            &AtomicBool::new(false),
            &|_| (),
        )?;
        Ok(recorder.into_recorded())
    }

    /// Makes the run of the curriculum in a folder of its name.
    pub(super) fn keep(&self, folder: &Path) -> Result<(), LabError> {
        make(&folder.join(&self.curriculum.name), self.curriculum.clone())
    }

    /// The network run through the trials of a batch, without noise.
    pub(super) fn simulated(
        &self,
        parameters: &Parameters<f32>,
        batch: &Batch,
    ) -> Result<Simulation, LabError> {
        let network = &self.curriculum.network;
        let mut engine = f32::engine(self.curriculum.engine.for_analysis(), network);
        Ok(engine.simulate(parameters, batch)?)
    }

    /// The network of some weights at a constant input.
    pub(super) fn map(&self, parameters: &Parameters<f32>, input: &[f64]) -> CellMap {
        CellMap::new(&self.curriculum.network, &parameters.cast(), input)
    }

    /// What it trains, before there are weights.
    pub(super) fn network(&self) -> &NetworkSpec {
        &self.curriculum.network
    }

    /// What a network with one output puts out in given states.
    pub(super) fn outputs(&self, parameters: &Parameters<f32>, states: &[Vec<f64>]) -> Vec<f64> {
        let parameters = parameters.cast();
        let map = CellMap::new(
            &self.curriculum.network,
            &parameters,
            &vec![0.0; self.curriculum.network.inputs],
        );
        let readout = Readout::of(&parameters);
        let output = |state: &Vec<f64>| readout.output(&map.cell().features(state))[0];
        states.iter().map(output).collect()
    }

    /// `count` starts of a search from states `[][state_size]`, jittered by half their root mean square.
    pub(super) fn starts(&self, states: &[f64], count: usize) -> Vec<Vec<f64>> {
        let size = self.curriculum.network.state_size();
        let mut rng = Stream::ExperimentStarts.open(self.curriculum.seed);
        jittered(states, size, count, 0.5, &mut rng)
    }
}

/// Makes the run of a curriculum in a folder, or goes on with it; nothing is left to do where it has ended.
///
/// Not to be called by a thread of rayon's: training waits for its analysis, which needs them.
pub(super) fn make(dir: &Path, mut curriculum: Curriculum) -> Result<(), LabError> {
    let writer = if dir.exists() {
        match session::take_up(dir, &mut curriculum)? {
            TakenUp::Going { writer, .. } => *writer,
            TakenUp::Completed(_) => return Ok(()),
        }
    } else {
        session::begin(dir, &curriculum)?
    };
    lab::train(&curriculum, &writer, &AtomicBool::new(false), &|_| ())?;
    Ok(())
}

/// Keeps the runs of all networks of an experiment, one after the other, if the settings say where.
pub(super) fn keep(
    courses: &[Course],
    settings: &Settings,
    progress: &(dyn Fn(usize, usize) + Sync),
) -> Result<(), LabError> {
    let Some(folder) = &settings.keep else {
        return Ok(());
    };
    for (place, course) in courses.iter().enumerate() {
        course.keep(folder)?;
        progress(place + 1, courses.len());
    }
    Ok(())
}

/// What is measured on each network, by its place, in parallel.
pub(super) fn measured<T: Send>(
    courses: &[Course],
    progress: &(dyn Fn(usize, usize) + Sync),
    measure: impl Fn(usize, &Course) -> Result<T, LabError> + Sync,
) -> Result<Vec<T>, LabError> {
    let done = AtomicUsize::new(0);
    parallel::try_map(courses.iter().enumerate(), |(place, course)| {
        let measured = measure(place, course);
        progress(done.fetch_add(1, Ordering::Relaxed) + 1, courses.len());
        measured
    })
}

/// The fixed points of a map, from those of a neighbour and from given starts. `checkpoint` stands in the error.
pub(super) fn landscape(
    map: &CellMap,
    known: &[Known<'_>],
    starts: &[Vec<f64>],
    checkpoint: u64,
) -> Result<Findings, LabError> {
    search(map, known, starts, SearchLimits::default()).map_err(|source| LabError::Analysis {
        checkpoint: checkpoint as u32,
        source,
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::task::Task as _;
    use crate::task::flip_flop::FlipFlop;
    use crate::trace::Run;

    fn course(seed: u64) -> Course {
        let text = format!(
            r#"
            name = "bit-{seed}"
            seed = {seed}
            [network]
            cell = "vanilla"
            units = 16
            [training]
            trials_per_step = 16
            [optimiser]
            learning_rate = 1e-2
            final_learning_rate = 1e-3
            decay_steps = 60
            clip_norm = 1.0
            [[stage]]
            task = "flip-flop"
            bits = 1
            trial_steps = 20
            until = {{ steps = 60 }}
            [checkpoints]
            every = 30
            [analysis]
            starts = 32
            "#
        );
        Course::new(&text).unwrap()
    }

    fn trained(seed: u64) -> (f64, Vec<Parameters<f32>>) {
        let mut kept = Vec::new();
        let loss = course(seed).train(|step, parameters| {
            assert_eq!(step as usize, kept.len());
            kept.push(parameters.clone());
        });
        (loss.unwrap(), kept)
    }

    #[test]
    fn a_seed_fixes_the_course_and_every_step_is_seen() {
        let (loss, kept) = trained(3);
        assert_eq!(kept.len(), 61);
        assert!(loss < 0.3, "{loss}");
        assert_eq!((loss, kept.last()), (trained(3).0, trained(3).1.last()));
        assert_ne!(kept.last(), trained(4).1.last());
    }

    #[test]
    fn what_is_kept_is_what_was_measured_and_is_made_once() {
        let folder = tempfile::tempdir().unwrap();
        let settings = Settings {
            keep: Some(folder.path().to_path_buf()),
            ..Settings::default()
        };
        let courses = [course(3)];
        keep(&courses, &settings, &|_, _| ()).unwrap();
        let run = Run::open(folder.path().join("bit-3")).unwrap();
        let saved = run.weights(2).unwrap();
        let saved = safetensors::SafeTensors::deserialize(&saved.bytes).unwrap();
        let found = saved.tensor(crate::cell::parameters::WEIGHT_HH).unwrap();
        let (_, kept) = trained(3);
        let measured = kept[60].get(crate::cell::parameters::WEIGHT_HH);
        let bytes: Vec<u8> = measured.iter().flat_map(|w| w.to_le_bytes()).collect();
        assert_eq!(found.data(), bytes);
        let manifest = || std::fs::read(folder.path().join("bit-3/manifest.jsonl")).unwrap();
        let before = manifest();
        keep(&courses, &settings, &|_, _| ()).unwrap();
        assert_eq!(before, manifest());
    }

    #[test]
    fn the_outputs_are_those_of_the_simulation() {
        let course = course(5);
        let parameters = Parameters::initial(&course.curriculum.network, 5);
        let batch = FlipFlop {
            bits: 1,
            ..FlipFlop::default()
        }
        .batch(2, 1);
        let simulation = course.simulated(&parameters, &batch).unwrap();
        let states: Vec<Vec<f64>> = simulation
            .states
            .chunks_exact(16)
            .map(<[f64]>::to_vec)
            .collect();
        let outputs = course.outputs(&parameters, &states);
        for (a, b) in outputs.iter().zip(&simulation.outputs) {
            assert!((a - b).abs() < 1e-5, "{a} {b}");
        }
    }
}
