//! The 3-bit flip-flop: memories at the corners of a cube, saddles on its edges, and what noise on the weights leaves of them.

use std::sync::atomic::{AtomicUsize, Ordering};

use self::landscape::{BITS, Landscape, mediated};
use self::perturbed::{Perturbed, Test};
use self::report::report;
use self::threshold::{Flip, Pulsed};
use self::view::View;
use super::trained::{Course, keep};
use super::{
    Experiment, ExperimentError, Paper, Report, SUSSILLO_BARAK_2013, Screenshot, Settings,
};
use crate::lab::LabError;
use crate::parallel;
use crate::task::Task as _;
use crate::task::flip_flop::FlipFlop;

mod figure;
mod landscape;
mod perturbed;
mod report;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
mod threshold;
mod view;

/// Trials that networks are tested on, and whose states searches start from.
const TEST_TRIALS: usize = 128;
const TEST_SEED: u64 = 1 << 40;

/// The experiment.
pub(super) struct ThreeBits;

/// Its size.
#[derive(Debug, Clone, Copy)]
struct Form {
    units: usize,
    steps: u64,
    trials: usize,
    /// Of the first update and of the last.
    learning_rates: [f64; 2],
    /// Starts of the search in the trained network, and in a perturbed one.
    starts: [usize; 2],
    /// Deviations of the noise on the weights, in units of their root mean square.
    noises: &'static [f64],
    /// Draws of the noise for each network and deviation.
    draws: usize,
    seeds: usize,
}

const FULL: Form = Form {
    units: 64,
    steps: 3000,
    trials: 64,
    learning_rates: [1e-3, 1e-3],
    starts: [512, 192],
    noises: &[0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.6, 0.8],
    draws: 3,
    seeds: 8,
};
const QUICK: Form = Form {
    units: 32,
    steps: 1000,
    trials: 32,
    learning_rates: [3e-3, 1e-3],
    starts: [256, 128],
    noises: &[0.05, 0.1, 0.2, 0.4, 0.8],
    draws: 2,
    seeds: 3,
};

/// What is seen of one network.
#[derive(Debug, Clone)]
struct Seen {
    loss: f64,
    accuracy: f64,
    /// Fixed points with 0, 1, 2, 3 and more unstable directions.
    counts: [usize; BITS + 2],
    /// Changes of one bit, there and back, with a saddle between the two memories.
    mediated: usize,
    flips: Vec<Flip>,
    perturbed: Vec<Perturbed>,
    view: View,
}

impl Experiment for ThreeBits {
    fn name(&self) -> &'static str {
        "flip-flop"
    }

    fn paper(&self) -> Paper {
        SUSSILLO_BARAK_2013
    }

    fn about(&self) -> &'static str {
        "Networks of 64 tanh units, h' = tanh(W h + B u + b), learn the flip-flop of 3 bits: pulses of ±1 last one step and come \
         with probability 0.05 a line and step, trials of 100 steps. Adam, learning rate 1e-3, gradient norm at most 1, 3000 \
         updates on 64 new trials each. The paper trains rate networks in continuous time by FORCE, with feedback from the \
         outputs. Fixed points: all that a search from the states of 128 trials finds, until their indices sum to 1 and its hits \
         tell of no other. A pulse against one bit of a memory is made weaker by bisection until it just fails. Then each \
         recurrent weight gets a normal deviate, its deviation given in units of the weights' root mean square; readout and \
         input stay. A memory is lost if no stable fixed point puts out its three signs, each within a half."
    }

    fn findings(&self) -> &'static str {
        "That slow points take the place of lost fixed points is true of little noise only. Of the memories lost at noise of 0.1, 0.15, \
         0.2, 0.3, 0.4, 0.6 and 0.8 times the root mean square of the weights, the shares that a slow point puts out are 1.00, 0.73, \
         0.72, 0.45, 0.21, 0.09 and 0.03, while accuracy falls from 0.999 over 0.96 at 0.2 to 0.47. The slow point moves away from \
         where the fixed point was (by 0.23 to 0.70 of the distance to the nearest other memory) until its outputs are no longer \
         within a half of ±1, or the minimum of q goes, too. Where accuracy stays above 0.95 most lost memories have one, not all: \
         0.88 of them in networks of 64 units, where the bound of 0.8 lies at the edge of the interval; all in the few cases among \
         networks of 32 units after 1000 updates. \n\n\
         That a lost memory is held as long as its slow point is passed was the claim at first, and is refuted: from there an output is wrong after 0.34 [0.25, 0.43] of \
         half the passage π/√(aε) of a fold (0.81 [0.49, 1.12] in networks of 32 units), for motion that is still slow already leaves \
         the band within which outputs count as right. The place itself motion leaves \
         when the normal form says: after 1.03 to 1.05 of half a passage in networks of 32 units."
    }

    fn screenshot(&self, settings: &Settings) -> Result<Option<Screenshot>, ExperimentError> {
        let form = if settings.is_quick { QUICK } else { FULL };
        let caption = "Without pulses the memories of a network are the corners of a cube, saddles with one unstable mode lie on its edges, \
                       with two on its faces, with three in its middle.";
        Ok(Some(Screenshot::new(
            form.course(0)?,
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
        let seeds = settings.seeds.unwrap_or(form.seeds);
        let courses = (0..seeds as u64).map(|seed| form.course(seed));
        let courses = courses.collect::<Result<Vec<Course>, LabError>>()?;
        keep(&courses, settings, progress)?;
        let (done, all) = (AtomicUsize::new(0), seeds * (1 + form.noises.len()));
        let step = || progress(done.fetch_add(1, Ordering::Relaxed) + 1, all);
        let seen = parallel::try_map(courses.iter().enumerate(), |(seed, course)| {
            form.seen(course, seed as u64, &step)
        })?;
        let seen: Vec<Seen> = seen.into_iter().flatten().collect();
        Ok(report(&seen))
    }
}

impl Form {
    fn course(self, seed: u64) -> Result<Course, LabError> {
        let [first, last] = self.learning_rates;
        let (units, steps, trials) = (self.units, self.steps, self.trials);
        Course::new(&format!(
            r#"
            name = "flip-flop-{units}-{seed}"
            seed = {seed}
            [network]
            cell = "vanilla"
            activation = "tanh"
            units = {units}
            [training]
            trials_per_step = {trials}
            [optimiser]
            rule = "adam"
            learning_rate = {first}
            final_learning_rate = {last}
            decay_steps = {steps}
            clip_norm = 1.0
            [[stage]]
            task = "flip-flop"
            bits = {BITS}
            until = {{ steps = {steps} }}
            [checkpoints]
            log_spaced = 20
            [analysis]
            starts = {starts}
            "#,
            starts = self.starts[0],
        ))
    }

    /// Trains a network and looks at it; `None` if training broke down.
    fn seen(
        self,
        course: &Course,
        seed: u64,
        step: &(dyn Fn() + Sync),
    ) -> Result<Option<Seen>, LabError> {
        let task = FlipFlop::default();
        let mut last = None;
        let loss = course.train(|now, parameters| {
            if now == self.steps {
                last = Some(parameters.clone());
            }
        })?;
        step();
        let Some(trained) = last else {
            return Ok(None);
        };
        let trials = task.batch(TEST_TRIALS, TEST_SEED);
        let simulation = course.simulated(&trained, &trials)?;
        let starts = course.starts(&simulation.states, self.starts[0]);
        let landscape = Landscape::search(course, &trained, &[], &starts)?;
        let mediators = landscape.mediators()?;
        let pulsed = Pulsed {
            landscape: &landscape,
            at_input: &|input| course.map(&trained, input),
            amplitude: task.pulse_amplitude,
            width: task.pulse_width,
        };
        let flips = pulsed.flips(&mediators);
        let test = Test {
            course,
            trained: &trained,
            landscape: &landscape,
            task: &task,
            trials: &trials,
            starts: self.starts[1],
        };
        let perturbed = self.perturbed(&test, seed, step)?;
        Ok(Some(Seen {
            loss,
            accuracy: task.accuracy(&trials, &simulation.outputs),
            mediated: mediated(&mediators),
            flips,
            perturbed,
            counts: landscape.counts(),
            view: View::of(&landscape, &mediators)?,
        }))
    }

    /// All draws of all sizes of noise, the smallest first. Draws of one number differ in size alone.
    fn perturbed(
        self,
        test: &Test<'_>,
        seed: u64,
        step: &(dyn Fn() + Sync),
    ) -> Result<Vec<Perturbed>, LabError> {
        let mut all = Vec::new();
        for &noise in self.noises {
            for draw in 0..self.draws {
                all.push(test.perturbed(noise, seed, draw)?);
            }
            step();
        }
        Ok(all)
    }
}
