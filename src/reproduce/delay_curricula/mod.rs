//! Growing delays against growing vocabularies: how long memories last, and what the speed of slow points has to do with it.

use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::prelude::*;

use super::trained::{Course, keep};
use super::{Experiment, ExperimentError, Paper, Report, Settings};
use crate::cell::parameters::Parameters;
use crate::curriculum::{Override, OverrideError};
use crate::lab::LabError;

use held::{Extension, Treatment, extended};
use memories::{DELAYS, Memory, Network, Shown};
use report::report;

mod held;
mod memories;
mod report;
#[cfg(test)]
mod tests;

/// Seed of the trials in which memories are looked at.
const TEST_SEED: u64 = 1 << 40;

/// The experiment.
pub(super) struct DelayCurricula;

/// What grows in training.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Growing {
    /// The delay (DeCu).
    Delays,
    /// The number of classes (VoCu).
    Vocabulary,
}

impl Growing {
    const ALL: [Self; 2] = [Self::Delays, Self::Vocabulary];

    fn name(self) -> &'static str {
        match self {
            Self::Delays => "delays",
            Self::Vocabulary => "vocabulary",
        }
    }

    fn curriculum(self) -> &'static str {
        match self {
            Self::Delays => include_str!("../../../curricula/delays-growing.toml"),
            Self::Vocabulary => include_str!("../../../curricula/vocabulary-growing.toml"),
        }
    }
}

/// What a network is, but for its seed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Kind {
    cell: &'static str,
    growing: Growing,
}

/// The size of the experiment.
#[derive(Debug, Clone, Copy)]
struct Form {
    units: usize,
    /// Trials of a training step.
    batch: usize,
    /// Trials in which memories are looked at.
    trials: usize,
    /// The cells, and networks of each for one network that the settings ask for.
    cells: &'static [(&'static str, f64)],
    /// How training goes on with and without penalties, for networks of the first cell.
    extension: Extension,
    seeds: usize,
}

const FULL: Form = Form {
    units: 64,
    batch: 32,
    trials: 200,
    cells: &[("gru", 1.0), ("lstm", 0.5)],
    extension: Extension {
        rounds: 5,
        steps: 30,
        weight: 1.0,
        trials: 100,
    },
    seeds: 6,
};
const QUICK: Form = Form {
    units: 32,
    batch: 16,
    trials: 100,
    cells: &[("gru", 1.0)],
    seeds: 2,
    ..FULL
};

/// A trained network.
#[derive(Debug, Clone, PartialEq)]
struct Trained {
    kind: Kind,
    seed: u64,
    memories: Vec<Memory>,
    /// Accuracies at each of [`DELAYS`], mean over classes, after training went on with each of [`Treatment::ALL`]; empty where
    /// it did not.
    extended: Vec<Vec<f64>>,
}

impl Trained {
    /// Mean over memories.
    fn mean(&self, value: impl Fn(&Memory) -> f64) -> f64 {
        let values = self.memories.iter().map(value);
        values.sum::<f64>() / self.memories.len() as f64
    }
}

impl Experiment for DelayCurricula {
    fn name(&self) -> &'static str {
        "delay-curricula"
    }

    fn paper(&self) -> Paper {
        Paper {
            citation: "Haviv, Rivkind & Barak (2019), Understanding and controlling memory in recurrent neural networks, ICML, \
                       PMLR 97:2663",
            source: "doi 10.48550/arXiv.1902.07275",
        }
    }

    fn about(&self) -> &'static str {
        "A pattern is shown, noise follows, and at a trigger the network names the pattern's class. Networks of 64 GRU or LSTM \
         units learn it with delays of 4 to 19 steps, the delay growing with all ten classes (DeCu, \
         curricula/delays-growing.toml) or the number of classes growing with all delays (VoCu, \
         curricula/vocabulary-growing.toml), 4200 updates each. For every class: accuracy at delays up to 320 steps, and the \
         slow point, the slowest state of the motion without noise from the mean state 15 steps after the pattern, as long as a \
         trigger there names the class; its speed is 0 where it is a stable fixed point. Retention is the mean accuracy at \
         delays of 40, 80, 160 and 320 steps. Then GRU networks go on for 150 updates with a penalty of λ = 1 on the squared \
         speed at their slow points, at the mean states of classes instead, or without penalty. The paper has images (MNIST, \
         CIFAR-10), 200 or 512 units, 140,000 updates with a learning rate of 1e-5 (here 2e-3), cross-entropy (here squared \
         error), 10 networks of each kind, and finds slow points by gradient descent on the squared speed."
    }

    fn findings(&self) -> &'static str {
        "Speed tells how long a memory lasts if it is asked memory by memory. One number for each network hides it: over 30 GRU \
         networks, 15 of each curriculum, the mean of log10 of the speeds had rank correlations of −0.20, 0.13 and −0.36 with \
         accuracy at delays of 40, 80 and 160 steps, because most memories were stable fixed points, whose speed is rounding \
         (counted as 1e-12), and such a mean counts fixed points rather than speeds. With fixed points at speed 0, the lowest \
         rank, the smaller form (four networks of 32 GRU units) has −0.92 over its 40 memories and −0.91 over the 34 that are no \
         fixed points. The speed at the mean state 15 steps after the pattern tells nothing (−0.08): motion has not settled then.\n\n\
         Where memories are fixed points speed has nothing to tell: an LSTM network of growing delays held all ten in stable fixed \
         points and lost none within 320 steps; of one of growing vocabularies the two memories that faded were two of the three \
         without a fixed point. Among fixed points neither the modulus of the leading multiplier nor the speed at the mean state \
         told which of six lasted (0.15 and −0.39). A learning rate of 3e-4, so that rate times updates is what the paper's is, \
         left as many memories without a fixed point as 2e-3 did (14 of 20 in two networks).\n\n\
         Newton's method from the mean state may end at a point that belongs to another class or is far away, so its end counts \
         only if a trigger there names the class; and going down in q from the slowest state of the motion sometimes led along a \
         slow valley to points that motion never came near. The slowest state of the motion itself is the simplest measure and \
         predicts as well as the minimum of q. It is no independent one: motion that is soon named otherwise has less time to \
         become slow.\n\n\
         The penalty works at the paper's proportion of updates (150 of 4200). With λ = 0.01, which is nearer to the paper's 1e-3 \
         on each of ten noisy copies, two networks kept 0.83 and 0.82 of their memories over 80 steps (0.77 and 0.62 without), \
         with λ = 1 0.89 and 0.88. Penalised at the mean states instead, they kept 0.69 and 0.68, and 0.71 and 0.66: there the \
         penalty holds back motion that had still to reach its slow point. In smaller networks it helped nearly as much as at the \
         slow points."
    }

    fn run(
        &self,
        settings: &Settings,
        progress: &(dyn Fn(usize, usize) + Sync),
    ) -> Result<Report, ExperimentError> {
        let form = if settings.is_quick { QUICK } else { FULL };
        let seeds = settings.seeds.unwrap_or(form.seeds);
        let kinds = form.kinds(seeds);
        let courses = kinds
            .iter()
            .map(|&(kind, seed)| form.course(kind, seed))
            .collect::<Result<Vec<Course>, LabError>>()?;
        keep(&courses, settings, progress)?;
        let done = AtomicUsize::new(0);
        let networks = kinds
            .par_iter()
            .zip(&courses)
            .map(|(&(kind, seed), course)| {
                let trained = form.trained(kind, seed, course);
                progress(done.fetch_add(1, Ordering::Relaxed) + 1, kinds.len());
                trained
            })
            .collect::<Result<Vec<Option<Trained>>, LabError>>()?;
        let networks: Vec<Trained> = networks.into_iter().flatten().collect();
        Ok(report(&networks))
    }
}

impl Form {
    /// Every network there is to be, with its seed.
    fn kinds(self, seeds: usize) -> Vec<(Kind, u64)> {
        let mut kinds = Vec::new();
        for &(cell, share) in self.cells {
            for growing in Growing::ALL {
                let count = (share * seeds as f64).ceil() as u64;
                kinds.extend((0..count).map(|seed| (Kind { cell, growing }, seed)));
            }
        }
        kinds
    }

    /// The training of a network.
    fn course(self, kind: Kind, seed: u64) -> Result<Course, LabError> {
        let (units, batch) = (self.units, self.batch);
        let Kind { cell, growing } = kind;
        let changes = [
            format!("name={}-growing-{cell}-{units}-{seed}", growing.name()),
            format!("seed={seed}"),
            format!("network.cell={cell}"),
            format!("network.units={units}"),
            format!("training.trials_per_step={batch}"),
        ];
        let overrides: Result<Vec<Override>, OverrideError> =
            changes.iter().map(|change| change.parse()).collect();
        // What cannot be read is left out, and the curriculum then says what it lacks.
        Course::changed(growing.curriculum(), &overrides.unwrap_or_default())
    }

    /// Trains a network and looks at its memories; `None` if its training diverged.
    fn trained(self, kind: Kind, seed: u64, course: &Course) -> Result<Option<Trained>, LabError> {
        let steps = course.curriculum().total_steps();
        let mut last = None;
        course.train(|step, parameters| {
            if step == steps {
                last = Some(parameters.clone());
            }
        })?;
        let Some(parameters) = last else {
            return Ok(None);
        };
        let memories = Network::new(course, &parameters).memories(self.shown())?;
        let goes_on = self
            .cells
            .first()
            .is_some_and(|(cell, _)| *cell == kind.cell);
        let extended = if goes_on {
            let treatments = Treatment::ALL.into_iter();
            treatments
                .map(|treatment| self.after(course, &parameters, treatment))
                .collect::<Result<_, _>>()?
        } else {
            Vec::new()
        };
        Ok(Some(Trained {
            kind,
            seed,
            memories,
            extended,
        }))
    }

    fn shown(self) -> Shown {
        Shown {
            trials: self.trials,
            seed: TEST_SEED,
        }
    }

    /// Accuracies at each of the delays after training went on, mean over classes.
    fn after(
        self,
        course: &Course,
        parameters: &Parameters<f32>,
        treatment: Treatment,
    ) -> Result<Vec<f64>, LabError> {
        let parameters = extended(course, parameters, treatment, self.extension)?;
        let places = Network::new(course, &parameters).places(self.shown(), &DELAYS)?;
        let mean = |delay: usize| {
            let of_classes = places.iter().map(|place| place.accuracies[delay]);
            of_classes.sum::<f64>() / places.len() as f64
        };
        Ok((0..DELAYS.len()).map(mean).collect())
    }
}
