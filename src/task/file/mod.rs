//! The trials of a file: a task of one's own without a line of Rust. Behaviour, recordings, or what another library draws.
//!
//! `docs/OWN_DATA.md` says what the file holds, in npz and in Parquet.
//!
//! 1. A trial is drawn from those of the split, each with equal chance, anew for every trial of a batch; those that are held out
//!    (`split = "test"`) come one after the other instead, so that a probe of as many trials has each once.
//! 2. Its inputs are those of the file with Gaussian noise of `noise`, up to its length; targets and weights are those of the file.
//!
//! Score, over what counts (weight above 0):
//!
//! | `score` | what is counted |
//! |---|---|
//! | `class` | steps at which the output of the greatest target is greater than all others |
//! | `decision` | trials and outputs whose mean output has the sign of the mean target, where that is not 0 |
//! | `within` | steps and outputs that are nearer to the target than `tolerance` |
//! | `explained` | R² of all outputs about the mean target of each in the file |
//!
//! Labels are scored by `class` and judged by cross-entropy, targets scored by `explained` and judged by squared error, unless
//! `score` and `objective` say otherwise.
//!
//! Landscapes are looked at for each condition of the file, at the mean input of the last steps of its trials; conditions that
//! end in the same input share a probe. Without conditions all trials are one.

use rand::{Rng, RngExt as _};

use self::about::ABOUT;
use self::source::Source;
use super::Task;
use super::about::About;
use super::batch::{Answer, Probe, Score, Trial};
use super::objective::Objective;
use crate::parameters::{NOT_NEGATIVE, POSITIVE, ParameterVisitor};

pub use error::TrialsError;
pub use scoring::Scoring;
pub use source::Split;
pub use trials::TrialSet;

mod about;
mod checks;
mod columns;
mod error;
mod reading;
mod scoring;
mod source;
mod trials;

/// The trials of a file. By default those of an example; only a curriculum names a file.
#[derive(Debug, Clone, PartialEq)]
pub struct FileTask {
    source: Source,
    /// How outputs are scored. `None`: by class if the file has labels, else by explained variance.
    scoring: Option<Scoring>,
    /// How near to its target an output must be, strictly, where that is scored. Default 0.5.
    pub tolerance: f64,
    /// Standard deviation of the Gaussian noise added to each input at each step. Default 0.
    pub noise: f64,
}

impl Default for FileTask {
    fn default() -> Self {
        Self {
            source: Source::default(),
            scoring: None,
            tolerance: 0.5,
            noise: 0.0,
        }
    }
}

impl FileTask {
    /// The trials of the file.
    pub fn trials(&self) -> &TrialSet {
        self.source.set()
    }

    /// Which of them are drawn, by their numbers.
    pub fn drawn(&self) -> &[usize] {
        self.source.drawn()
    }

    /// How outputs are scored.
    pub fn scoring(&self) -> Scoring {
        let is_class = self.trials().has_labels();
        let usual = if is_class {
            Scoring::Class
        } else {
            Scoring::Explained
        };
        self.scoring.unwrap_or(usual)
    }
}

impl Task for FileTask {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn input_channels(&self) -> usize {
        self.trials().input_channels()
    }

    fn output_channels(&self) -> usize {
        self.trials().output_channels()
    }

    fn trial_steps(&self) -> usize {
        self.trials().steps()
    }

    fn ends_early(&self) -> bool {
        self.trials().has_shorter()
    }

    fn objective(&self) -> Objective {
        if self.trials().has_labels() {
            Objective::choice(self.output_channels())
        } else {
            Objective::SquaredError
        }
    }

    fn draw_trial(&self, rng: &mut dyn Rng, trial: &mut Trial<'_>) {
        let drawn = self.drawn();
        let place = match self.source.split() {
            Split::Test => trial.index() % drawn.len(),
            Split::Train | Split::All => rng.random_range(0..drawn.len()),
        };
        let (set, of) = (self.trials(), drawn[place]);
        let steps = set.length(of);
        for step in 0..steps {
            for (channel, &value) in set.input_row(of, step).iter().enumerate() {
                trial.input(channel, step..step + 1, value);
            }
            for channel in 0..set.output_channels() {
                let weight = set.weight(of, step, channel);
                let target = set.target(of, step, channel);
                trial.target(channel, step..step + 1, target, weight);
            }
        }
        trial.noise(rng, 0..set.input_channels(), 0..steps, self.noise);
    }

    fn score(&self, answer: Answer<'_>) -> Score {
        self.scoring().score(self.trials(), answer, self.tolerance)
    }

    /// Of the best constant, on the trials that are drawn.
    fn chance(&self) -> f64 {
        let scoring = self.scoring();
        scoring.chance(self.trials(), self.drawn(), self.tolerance)
    }

    /// One for each condition, at the mean input of the last steps of its trials.
    fn probes(&self, input_channels: usize) -> Vec<Probe> {
        let mut probes: Vec<Probe> = Vec::new();
        for (name, input) in self.trials().last_inputs() {
            let probe = Probe::new(name, &input, input_channels);
            match probes.iter_mut().find(|known| known.input == probe.input) {
                Some(known) => known.name = format!("{}, {}", known.name, probe.name),
                None => probes.push(probe),
            }
        }
        probes
    }

    fn parameters(&mut self, visitor: &mut dyn ParameterVisitor) {
        self.source.parameters(visitor);
        if self.source.is_read() {
            self.scoring = Some(self.scoring());
        }
        if visitor.gives("score", self.scoring.is_some()) {
            let mut scoring = self.scoring();
            visitor.one_of("score", &mut scoring, &Scoring::ALL);
            self.scoring = Some(scoring);
        }
        visitor.real("tolerance", &mut self.tolerance, POSITIVE);
        visitor.real("noise", &mut self.noise, NOT_NEGATIVE);
    }
}

#[cfg(test)]
mod tests;
