//! Several solutions of one task: networks that agree where they were trained, and differ beyond.

use self::activity::features;
use self::network::Network;
use self::reduced::Reduced;
use self::report::report;
use self::timing::TimingTask;
use super::trained::{Course, keep, measured};
use super::{
    Experiment, ExperimentError, Paper, Report, Screenshot, Settings, TURNER_DABHOLKAR_BARAK_2021,
};
use crate::lab::LabError;

mod activity;
mod network;
mod reduced;
mod report;
#[cfg(test)]
mod tests;
mod timing;

/// Trials that a network is tested on.
const TEST_TRIALS: usize = 128;
const TEST_SEED: u64 = 1 << 40;
/// A network has learned its task from this accuracy on, and with a loss of at most this share of that of an output of 0.
const LEARNED: f64 = 0.95;
const MOST_LOSS: f64 = 0.03;

/// The experiment.
pub(super) struct Solutions;

/// Its size.
#[derive(Debug, Clone, Copy)]
struct Form {
    tasks: &'static [(TimingTask, Training)],
    seeds: usize,
}

/// How the networks of a task are trained.
#[derive(Debug, Clone, Copy)]
struct Training {
    cell: &'static str,
    units: usize,
    steps: u64,
    trials: usize,
    learning_rates: [f64; 2],
}

const FULL: Form = Form {
    tasks: &[
        (TimingTask::Reproduction, TRAINING),
        (
            TimingTask::Discrimination,
            Training {
                steps: 8000,
                ..TRAINING
            },
        ),
        (
            TimingTask::Delayed,
            Training {
                steps: 2500,
                ..TRAINING
            },
        ),
    ],
    seeds: 30,
};
const QUICK: Form = Form {
    tasks: &[
        (
            TimingTask::Reproduction,
            Training {
                steps: 2500,
                ..TRAINING
            },
        ),
        (
            TimingTask::Delayed,
            Training {
                steps: 1500,
                ..TRAINING
            },
        ),
    ],
    seeds: 8,
};
const TRAINING: Training = Training {
    cell: "gru",
    units: 20,
    steps: 4000,
    trials: 16,
    learning_rates: [5e-3, 2e-4],
};

/// What is seen of one network.
#[derive(Debug, Clone, PartialEq)]
struct Seen {
    /// Its task.
    task: TimingTask,
    /// Mean squared error on trials of the trained kind, over that of an output of 0.
    loss: f64,
    /// Share of these that are right.
    accuracy: f64,
    /// Mean answer at each value within the trained range; 1 is right.
    inside: Vec<f64>,
    /// The same beyond it.
    outside: Vec<f64>,
    /// Its reduced dynamics.
    reduced: Reduced,
    /// Features of its activity within the trained range.
    features: Vec<f64>,
}

impl Seen {
    /// Whether it has learned the task.
    fn has_learned(&self) -> bool {
        self.accuracy >= LEARNED && self.loss <= MOST_LOSS
    }

    /// Its answers beyond the trained range, or within.
    fn answers(&self, is_outside: bool) -> &[f64] {
        if is_outside {
            &self.outside
        } else {
            &self.inside
        }
    }
}

impl Experiment for Solutions {
    fn name(&self) -> &'static str {
        "solutions"
    }

    fn paper(&self) -> Paper {
        Paper {
            source: "github.com/eliaturner/space-of-solutions-RNN",
            ..TURNER_DABHOLKAR_BARAK_2021
        }
    }

    fn about(&self) -> &'static str {
        "GRU networks of 20 units learn one of three tasks with two pulses, many networks a task that differ only in their \
         seed. Interval reproduction: a pulse as long after the second as that came after the first, with half the authors' \
         times (intervals of 10 to 25 steps, pulses of 3). Interval discrimination: which of two intervals was longer, with \
         their times (10 to 30 steps). Delayed discrimination: which of two stimuli was higher, in the form of Romo et al. \
         that Creode has: ten ordered pairs, delays of 5 to 24 steps, and a fixation input that goes out for the decision; \
         the authors' task has all pairs of amplitudes from 2 to 10, and a pause in place of that input. Adam on 16 trials, \
         learning rate from 5e-3 down to 2e-4 over 4000 updates (interval discrimination: 8000, delayed: 2500), gradient norm at most 1; the authors train \
         100 networks of each of four sizes and three cells to a loss of 2e-5 and reject above 2e-4, we take what is right in \
         0.95 of new trials with a loss of at most 0.03 of that of an output of 0. Reduced dynamics: motion between pulses from the initial state, after \
         a first pulse on its way or at its end, and after a second pulse at trained intervals, up to four times as long and \
         at the end, each followed for 600 steps and then to its attractor. Motions that end alike are merged; two networks \
         are one class if the graphs are isomorphic with what causes each edge. The authors merge motions by their speed, \
         and keep more of the way. Answers beyond the trained range: at 1.5 to 8 times its longest. The class is predicted \
         by a vote of three nearest neighbours (the authors: a random forest) from twelve features of trained activity."
    }

    fn findings(&self) -> &'static str {
        include_str!("../findings/solutions.md")
    }

    fn screenshot(&self, settings: &Settings) -> Result<Option<Screenshot>, ExperimentError> {
        let form = if settings.is_quick { QUICK } else { FULL };
        let (task, training) = form.tasks[0];
        let caption = "A network of interval reproduction without input: one fixed point with a pair of unstable modes, and the motion of \
                       trials around it.";
        Ok(Some(Screenshot::new(
            training.course(task, 0)?,
            ("landscape", "G"),
            caption,
        )))
    }

    fn run(
        &self,
        settings: &Settings,
        progress: &(dyn Fn(usize, usize) + Sync),
    ) -> Result<Report, ExperimentError> {
        let form = if settings.is_quick { QUICK } else { FULL };
        let seeds = settings.seeds.unwrap_or(form.seeds) as u64;
        let (mut tasks, mut courses) = (Vec::new(), Vec::new());
        for &(task, training) in form.tasks {
            for seed in 0..seeds {
                tasks.push(task);
                courses.push(training.course(task, seed)?);
            }
        }
        keep(&courses, settings, progress)?;
        let look = |place: usize, course: &Course| seen(tasks[place], course);
        let seen = measured(&courses, progress, look)?;
        Ok(report(&seen))
    }
}

impl Training {
    fn course(self, task: TimingTask, seed: u64) -> Result<Course, LabError> {
        let Self {
            cell,
            units,
            steps,
            trials,
            learning_rates: [first, last],
        } = self;
        Course::new(&format!(
            r#"
            name = "{name}-{cell}-{units}-{seed}"
            seed = {seed}
            [network]
            cell = "{cell}"
            units = {units}
            recurrent_gain = 0.5
            [training]
            trials_per_step = {trials}
            [optimiser]
            learning_rate = {first}
            final_learning_rate = {last}
            decay_steps = {steps}
            clip_norm = 1.0
            {stages}
            [checkpoints]
            every = {every}
            "#,
            name = task.name(),
            stages = task.stages(steps),
            every = steps / 5,
        ))
    }
}

/// Trains a network and looks at it.
fn seen(task: TimingTask, course: &Course) -> Result<Seen, LabError> {
    let mut last = None;
    course.train(|_, parameters| last = Some(parameters.clone()))?;
    // Never missing: the weights as drawn are kept, too.
    let parameters = last.ok_or(LabError::Unlike)?;
    let of_task = task.task();
    let test = of_task.batch(TEST_TRIALS, TEST_SEED);
    let simulation = course.simulated(&parameters, &test)?;
    let network = Network::new(course, &parameters, task);
    let answer = |value: &usize| {
        let trials = task.trials(*value);
        let answers = trials.iter().map(|&shown| task.answer(&network, shown));
        answers.sum::<f64>() / trials.len() as f64
    };
    Ok(Seen {
        task,
        loss: test.loss(&simulation.outputs) / test.loss(&vec![0.0; test.targets.len()]),
        accuracy: of_task.accuracy(&test, &simulation.outputs),
        inside: task.inside().iter().map(answer).collect(),
        outside: task.outside().iter().map(answer).collect(),
        reduced: Reduced::of(&network, task),
        features: features(&network, task),
    })
}
