//! A static input cues the frequency of a sine wave: one fixed point inside each orbit, which turns as fast as the wave.

use std::f64::consts::TAU;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicUsize, Ordering};

use rand::{Rng, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use self::report::report;
use super::trained::{Course, keep, landscape};
use super::{
    Experiment, ExperimentError, Paper, Report, SUSSILLO_BARAK_2013, Screenshot, Settings,
};
use crate::cell::map::CellMap;
use crate::cell::parameters::Parameters;
use crate::dynamics::linear::spectrum::Spectrum;
use crate::dynamics::points::search::FixedPoint;
use crate::lab::LabError;
use crate::map::Map as _;
use crate::parallel;
use crate::task::sine::Sine;
use crate::task::{Batch, Task as _};

mod report;

/// Euler step in seconds, and in units of the time constant, which is 1 s.
const TIME_STEP: f64 = 0.5;
/// States of an orbit that its mean is taken over, at least.
const ORBIT_STEPS: f64 = 400.0;
/// Starts of each search.
const STARTS: usize = 128;
/// Seed of the trials that a network is tested on.
const TEST_SEED: u64 = 1 << 40;

/// The experiment.
pub(super) struct SineGenerator;

/// Its size.
#[derive(Debug, Clone, Copy)]
pub(super) struct Form {
    /// Begins the names of runs.
    pub(super) name: &'static str,
    /// Cell and gains, lines of `[network]`.
    pub(super) network: &'static str,
    pub(super) units: usize,
    pub(super) frequencies: usize,
    /// Time in which the network has to go on alone.
    pub(super) generate_secs: f64,
    pub(super) steps: u64,
    /// Of the first update and of the last.
    pub(super) learning_rates: [f64; 2],
    /// Weight of the mean squared rate in the loss.
    pub(super) rate_penalty: f64,
    pub(super) seeds: usize,
}

const NETWORK: &str =
    "cell = \"leaky-currents\"\nalpha = 0.5\nrecurrent_gain = 0.7\ninput_gain = 0.5";

const FULL: Form = Form {
    name: "sine-generator",
    network: NETWORK,
    units: 100,
    frequencies: 11,
    generate_secs: 64.0,
    steps: 3000,
    learning_rates: [2e-3, 2e-5],
    rate_penalty: 5e-2,
    seeds: 20,
};
const QUICK: Form = Form {
    name: "sine-generator",
    network: NETWORK,
    generate_secs: 64.0,
    units: 48,
    frequencies: 5,
    steps: 1500,
    learning_rates: [3e-3, 2e-5],
    rate_penalty: 5e-2,
    seeds: 1,
};

/// What is seen of one network at one cued frequency.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Seen {
    /// Of the target, in radians per time step.
    pub(super) target: f64,
    /// Of the wave that the network goes on with at the cue alone, in radians per time step; NaN if it is at rest.
    output: f64,
    /// Fixed points found at the cue.
    n_fixed: usize,
    /// Those with two unstable directions that are a complex pair.
    n_rotating: usize,
    /// Whether the fixed point nearest to the mean of the orbit is one of those, and nearer to it than any state of the orbit.
    is_inside: bool,
    /// Leading eigenvalue of the nearest: angle per time step, and modulus.
    pub(super) angle: f64,
    pub(super) modulus: f64,
}

impl Seen {
    /// Whether exactly one fixed point has exactly one unstable complex pair, and lies inside the orbit.
    pub(super) fn is_as_claimed(&self) -> bool {
        self.n_rotating == 1 && self.is_inside
    }
}

/// A trained network.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Generator {
    pub(super) loss: f64,
    pub(super) accuracy: f64,
    pub(super) seen: Vec<Seen>,
}

impl Experiment for SineGenerator {
    fn name(&self) -> &'static str {
        "sine-generator"
    }

    fn paper(&self) -> Paper {
        SUSSILLO_BARAK_2013
    }

    fn about(&self) -> &'static str {
        "Rate networks of 100 units, dx/dt = -x + W tanh x + B u + b with a time constant of 1 s, learn to go on with sin(ωt) \
         while the constant input u says which ω. 11 frequencies of 0.1 to 0.6 rad/s, 8 s with the wave in the input, 64 s \
         without; Euler steps of 0.5 s. Adam on all frequencies at once, learning rate from 2e-3 down to 2e-5 over 3000 \
         updates, gradient norm at most 1; W ~ N(0, 0.49/N). The paper has 51 frequencies and Hessian-free optimisation. \
         The mean squared rate is added to the loss with weight 0.05. This keeps orbits small enough for the linearisation: \
         without it the angle follows the frequency as closely, but on lines whose slope differs from network to network. \
         At each cue the fixed point nearest to the mean of the orbit is looked at."
    }

    fn findings(&self) -> &'static str {
        include_str!("../findings/sine-generator.md")
    }

    fn screenshot(&self, settings: &Settings) -> Result<Option<Screenshot>, ExperimentError> {
        let form = if settings.is_quick { QUICK } else { FULL };
        let caption = "The orbits of all frequencies, and the one fixed point at the input of one of them, with its complex pair of \
                       unstable modes outside the unit circle.";
        Ok(Some(Screenshot::new(
            form.course(0)?,
            ("landscape", "G c c c c c"),
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
        let done = AtomicUsize::new(0);
        let (tenth, all) = ((form.steps / 10).max(1), 10 * seeds);
        let step = |step: u64| {
            if step > 0 && step.is_multiple_of(tenth) {
                progress(done.fetch_add(1, Ordering::Relaxed) + 1, all);
            }
        };
        let courses = (0..seeds as u64).map(|seed| form.course(seed));
        let courses = courses.collect::<Result<Vec<Course>, LabError>>()?;
        keep(&courses, settings, progress)?;
        let generators = parallel::try_map(&courses, |course| form.generator(course, &step))?;
        Ok(report(&generators))
    }
}

impl Form {
    /// One trial of each frequency a batch.
    pub(super) fn course(self, seed: u64) -> Result<Course, LabError> {
        let [first, last] = self.learning_rates;
        let Self {
            name,
            network,
            units,
            steps,
            generate_secs,
            rate_penalty,
            ..
        } = self;
        let mut text = format!(
            r#"
            name = "{name}-{units}-{seed}"
            seed = {seed}
            [network]
            {network}
            units = {units}
            [training]
            trials_per_step = {frequencies}
            rate_penalty = {rate_penalty:?}
            [optimiser]
            learning_rate = {first}
            final_learning_rate = {last}
            decay_steps = {steps}
            clip_norm = 1.0
            [checkpoints]
            every = {every}
            [analysis]
            starts = {STARTS}
            [[stage]]
            until = {{ steps = {steps} }}
            "#,
            frequencies = self.frequencies,
            every = steps / 20,
        );
        for index in 0..self.frequencies {
            let frequency = self.task(index).frequency_min;
            let _ = write!(
                text,
                r#"
                [[stage.part]]
                name = "{frequency:.3} rad per s"
                task = "sine"
                frequencies = 1
                frequency_min = {frequency:?}
                frequency_max = {frequency:?}
                dt_secs = {TIME_STEP}
                generate_secs = {generate_secs:?}
                probe_frequencies = 1
                "#
            );
        }
        Course::new(&text)
    }

    /// The task with one of the frequencies alone.
    fn task(self, index: usize) -> Sine {
        let all = Sine::default();
        let place = index as f64 / (self.frequencies - 1) as f64;
        let frequency = all.frequency_min + place * (all.frequency_max - all.frequency_min);
        Sine {
            frequencies: 1,
            frequency_min: frequency,
            frequency_max: frequency,
            dt_secs: TIME_STEP,
            generate_secs: self.generate_secs,
            ..all
        }
    }

    /// One trial of each frequency. Nothing in it is drawn but what the task makes of the generator.
    fn batch(self, rng: &mut dyn Rng) -> Batch {
        let mut batch = Batch::zeros(self.task(0).trial_steps(), self.frequencies, 1, 1);
        for index in 0..self.frequencies {
            self.task(index).draw_trial(rng, &mut batch.trial(index));
        }
        batch
    }

    /// Trains a network and looks at it at each cue.
    pub(super) fn generator(
        self,
        course: &Course,
        step: &dyn Fn(u64),
    ) -> Result<Generator, LabError> {
        let mut last = None;
        let loss = course.train(|now, parameters| {
            step(now);
            if now == self.steps {
                last = Some(parameters.clone());
            }
        })?;
        let batch = self.batch(&mut ChaCha8Rng::seed_from_u64(TEST_SEED));
        let Some(parameters) = last else {
            return Ok(Generator {
                loss,
                accuracy: 0.0,
                seen: Vec::new(),
            });
        };
        let simulation = course.simulated(&parameters, &batch)?;
        let size = simulation.state_size;
        let states = &simulation.states[(batch.steps - 1) * batch.trials * size..];
        let seen = parallel::try_map(0..self.frequencies, |index| {
            let end = &states[index * size..][..size];
            let task = self.task(index);
            self.seen(course, &parameters, &task, end)
        })?;
        Ok(Generator {
            loss,
            accuracy: self.task(0).accuracy(&batch, &simulation.outputs),
            seen,
        })
    }

    /// Looks at a network at one cue, given the state at the end of its trial.
    ///
    /// 1. The network goes on at the cue alone, for another trial and then for whole periods of the target.
    /// 2. Fixed points are sought from the mean of these states and from the states with jitter.
    /// 3. That nearest to the mean is looked at.
    fn seen(
        self,
        course: &Course,
        parameters: &Parameters<f32>,
        task: &Sine,
        end: &[f64],
    ) -> Result<Seen, LabError> {
        let target = task.frequency_min * task.dt_secs;
        let map = course.map(parameters, &[Sine::cue(task.frequency_min)]);
        let periods = (ORBIT_STEPS * target / TAU).ceil();
        let orbit = orbit(
            &map,
            end,
            task.trial_steps(),
            (periods * TAU / target).round() as usize,
        );
        let mean = mean(&orbit);
        let mut starts = vec![mean.clone()];
        starts.extend(course.starts(&orbit.concat(), STARTS - 1));
        let found = landscape(&map, &[], &starts, self.steps)?;
        let points = found.fixed_points.iter();
        let nearest = points
            .clone()
            .min_by(|a, b| off(&a.state, &mean).total_cmp(&off(&b.state, &mean)));
        let inner = orbit.iter().map(|state| off(state, &mean));
        let inner = inner.fold(f64::INFINITY, f64::min);
        let is_inside =
            |point: &FixedPoint| rotates(&point.spectrum) && off(&point.state, &mean) < inner;
        let (re, im) = nearest.map_or((f64::NAN, f64::NAN), |point| point.spectrum.leading());
        Ok(Seen {
            target,
            output: turning(&course.outputs(parameters, &orbit)),
            n_fixed: found.fixed_points.len(),
            n_rotating: points.filter(|point| rotates(&point.spectrum)).count(),
            is_inside: nearest.is_some_and(is_inside),
            angle: im.atan2(re).abs(),
            modulus: re.hypot(im),
        })
    }
}

/// Whether exactly two eigenvalues lie outside the unit circle, and are a complex pair.
fn rotates(spectrum: &Spectrum) -> bool {
    spectrum.n_unstable() == 2 && spectrum.leading().1 != 0.0
}

/// `count` states that follow each other, the first of them `before` steps after a given one.
fn orbit(map: &CellMap, from: &[f64], before: usize, count: usize) -> Vec<Vec<f64>> {
    let mut states = vec![from.to_vec()];
    for step in 0..before + count {
        let mut next = vec![0.0; from.len()];
        map.step(&states[states.len() - 1], &mut next);
        if step < before {
            states.clear();
        }
        states.push(next);
    }
    states.truncate(count);
    states
}

fn mean(states: &[Vec<f64>]) -> Vec<f64> {
    let mut sum = vec![0.0; states.first().map_or(0, Vec::len)];
    for state in states {
        for (sum, x) in sum.iter_mut().zip(state) {
            *sum += x / states.len() as f64;
        }
    }
    sum
}

/// Euclidean distance.
fn off(a: &[f64], b: &[f64]) -> f64 {
    let squares = a.iter().zip(b).map(|(a, b)| (a - b).powi(2));
    squares.sum::<f64>().sqrt()
}

/// Radians per step of a wave, from the first to the last time that it rises through its mean; NaN if that is not twice.
fn turning(wave: &[f64]) -> f64 {
    let middle = wave.iter().sum::<f64>() / wave.len() as f64;
    let pairs = wave.windows(2).enumerate();
    let rises: Vec<f64> = pairs
        .filter(|(_, pair)| pair[0] < middle && pair[1] >= middle)
        .map(|(step, pair)| step as f64 + (middle - pair[0]) / (pair[1] - pair[0]))
        .collect();
    match rises.as_slice() {
        [first, .., last] => TAU * (rises.len() - 1) as f64 / (last - first),
        _ => f64::NAN,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_frequency_of_a_wave_is_that_of_its_rises() {
        let wave = |omega: f64, count: u32| -> Vec<f64> {
            (0..count)
                .map(|step| 0.3 + (omega * f64::from(step) + 1.0).sin())
                .collect()
        };
        for omega in [0.05, 0.17, 0.3] {
            let found = turning(&wave(omega, 600));
            assert!((found - omega).abs() < 2e-3 * omega, "{found} {omega}");
        }
        assert!(turning(&wave(0.001, 600)).is_nan() && turning(&[0.5; 100]).is_nan());
    }

    #[test]
    fn an_orbit_begins_after_the_steps_before() {
        // Of the cell x' = tanh(w x) the states are known.
        let map = CellMap::vanilla(&[0.5], vec![0.0]);
        let states = orbit(&map, &[0.8], 2, 3);
        let mut state: f64 = 0.8;
        let mut expected = Vec::new();
        for _ in 0..5 {
            state = (0.5 * state).tanh();
            expected.push(state);
        }
        assert_eq!(states.len(), 3);
        for (found, expected) in states.iter().zip(&expected[1..]) {
            assert!((found[0] - expected).abs() < 1e-12);
        }
        let mean = mean(&states);
        assert!((mean[0] - expected[1..4].iter().sum::<f64>() / 3.0).abs() < 1e-12);
    }

    #[test]
    fn one_complex_pair_rotates_and_nothing_else() {
        let of = |eigenvalues: &[(f64, f64)]| Spectrum {
            eigenvalues: eigenvalues.to_vec(),
            dim: eigenvalues.len(),
            marginal_band: 1e-12,
        };
        assert!(rotates(&of(&[(1.0, 0.2), (1.0, -0.2), (0.5, 0.0)])));
        assert!(!rotates(&of(&[(1.1, 0.0), (1.05, 0.0), (0.5, 0.0)])));
        assert!(!rotates(&of(&[(0.9, 0.2), (0.9, -0.2)])));
        assert!(!rotates(&of(&[(1.0, 0.2), (1.0, -0.2), (1.01, 0.0)])));
    }

    #[test]
    fn each_trial_has_its_own_frequency() {
        let form = Form {
            frequencies: 3,
            ..QUICK
        };
        let mut rng = rand::SeedableRng::seed_from_u64(1);
        let rng: &mut rand_chacha::ChaCha8Rng = &mut rng;
        let batch = form.batch(rng);
        for (trial, frequency) in [0.1, 0.35, 0.6].into_iter().enumerate() {
            let cue = batch.inputs[batch.inputs.len() - 3 + trial];
            assert!((cue - Sine::cue(frequency)).abs() < 1e-12);
        }
    }
}
