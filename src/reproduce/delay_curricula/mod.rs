//! Growing delays against growing vocabularies: how long memories last, and what the speed of slow points has to do with it.

use super::trained::{Course, keep, measured};
use super::{Experiment, ExperimentError, Paper, Report, Screenshot, Settings};
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
        "Speed was a weak predictor here before, most likely since many points were those of other memories, which was not looked \
         into further. The point of a memory used to be the nearest of those that Newton's method found from the mean state, whatever class a trigger named there, and any fixed \
         point counted with speed 1e-12. By that count 6.9 and 6.8 of 10 memories of GRU networks (growing delays, growing \
         vocabularies) were stable fixed points; followed from the mean state, 5.0 and 2.5 are. The rank correlations of a \
         network's mean of log10 of the speed with its accuracy at 40, 80 and 160 steps were −0.20, 0.13 and −0.36 over 30 \
         networks. With points that name their class the correlation is −0.89 over 180 memories, −0.90 over the 88 that are no \
         fixed points, and −0.96 over the 18 networks, so that fixed points were not what hid it; in the smaller form −0.92 over \
         40 memories. The speed at the mean state 15 steps after the pattern tells nothing (−0.05): motion has not settled then.\n\n\
         The slowest state of the motion is no independent measure: motion that is soon named otherwise has less time to become \
         slow. The minimum of q, which Newton's method finds from the mean state alone, does not have that fault where it names \
         the class, and correlates as much (−0.92). Going down in q from the slowest state was tried, too, and sometimes led \
         along a slow valley to points that motion never came near. Among fixed points neither the modulus of the leading \
         multiplier nor the speed at the mean state told which of six lasted (0.15 and −0.39). Cells of an LSTM may drift where \
         they are saturated, so that rates stand still without a fixed point.\n\n\
         That growing vocabularies make memories last longer is how we remember the paper, whose text was not at hand; it is open \
         here and leans the other way: retention 0.67 against 0.75 of GRU networks, 0.89 against 0.97 of LSTM networks. Four \
         settings gave signs both ways: 15 GRU networks each, 0.83 and 0.64 at 80 and 160 steps for growing delays, 0.88 and 0.47 \
         for vocabularies; 32 units, 0.59 against 0.65 in two networks each; a learning rate of 3e-4, so that rate times updates \
         is what the paper's is, 0.57 against 0.56 in one network each; and LSTM networks as above.\n\n\
         A penalty on speed makes memories last in the paper's proportion of updates (150 of 4200). Whether it matters that it is \
         put on slow points and not on the mean states 15 steps after the pattern depends: at λ = 1 both help nearly as much \
         (difference 0.017, open; 0.077 in the smaller form, which holds); in two networks of learning rate 3e-4 the mean states \
         did no good (accuracy at 80 steps 0.71 and 0.66, without penalty 0.77 and 0.62, at slow points 0.89 and 0.88), and at λ = \
         0.01, which is nearer to the paper's 1e-3 on each of ten noisy copies, 0.69 and 0.68 against 0.83 and 0.82; in an LSTM \
         network the mean states did better than slow points (0.82 without, 0.90 and 0.80 at 320 steps, λ = 1)."
    }

    fn screenshot(&self, settings: &Settings) -> Result<Option<Screenshot>, ExperimentError> {
        let form = if settings.is_quick { QUICK } else { FULL };
        let (kind, _) = form.kinds(1)[0];
        let caption = "The fixed points of a network in the delay, over training, while delays grow: memories come in folds, each with \
                       a saddle, and some go again.";
        Ok(Some(Screenshot::new(
            form.course(kind, 0)?,
            ("diagram", "G"),
            caption,
        )))
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
        let networks = measured(&courses, progress, |place, course| {
            let (kind, seed) = kinds[place];
            form.trained(kind, seed, course)
        })?;
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
