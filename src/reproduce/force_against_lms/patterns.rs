//! Patterns taught one after the other: which limit cycles a network still has after each of them.

use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution as _, StandardNormal};

use super::learning::Rule;
use super::memories::{Memories, TIME_STEP};
use crate::cell::map::{CellMap, Readout};
use crate::cell::parameters::{
    Parameters, READOUT_BIAS, READOUT_FEEDBACK, READOUT_WEIGHT, WEIGHT_IH,
};
use crate::cell::spec::NetworkSpec;
use crate::lab::LabError;
use crate::map::Map as _;
use crate::statistics::randomisation::stream_of_draw;
use crate::task::Batch;
use crate::train::learner::Learner as _;

/// How many there are, and the shortest and longest period, in time constants.
pub(super) const COUNT: usize = 5;
const PERIODS: [f64; 2] = [4.0, 15.0];
/// Steps of a trial.
const TRIAL_STEPS: usize = 800;
/// Strength of the context of each pattern.
const STRENGTH: f64 = 1.0;
/// Standard deviation of the noise on what is fed in under least mean squares.
const NOISE: f64 = 0.2;
/// Steps for which a pattern is fed in before the loop is closed.
const LEAD_IN: usize = 300;
/// Periods for which the closed loop runs; the later half is looked at.
const TURNS: f64 = 12.0;
/// A limit cycle's frequency may differ by this share from the pattern's.
const DETUNING: f64 = 0.05;
/// R² of a limit cycle that counts as there.
const ENOUGH: f64 = 0.8;

/// Sine waves of amplitude 1 that a network is to put out, each in a context of its own.
///
/// Input 0 goes to the units by the weights that feed back, so that a pattern can stand in for the output.
pub(super) struct Patterns {
    network: NetworkSpec,
    /// In time constants, rising.
    pub(super) periods: Vec<f64>,
}

/// Which limit cycles a network has while patterns are taught.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Cycles {
    /// R² of what the closed loop puts out, after each pattern was taught, `[taught][pattern]`, in the order in which they are.
    pub(super) fits: Vec<Vec<f64>>,
}

impl Patterns {
    /// Patterns for networks of so many units.
    pub(super) fn new(units: usize, count: usize) -> Self {
        let [shortest, longest] = PERIODS;
        let share = |place: usize| place as f64 / (count - 1) as f64;
        let period = |place| shortest * (longest / shortest).powf(share(place));
        Self {
            network: Memories::network(units, count),
            periods: (0..count).map(period).collect(),
        }
    }

    /// The weights of a seed.
    pub(super) fn weights(&self, seed: u64) -> Parameters<f64> {
        let mut weights = Parameters::initial(&self.network, seed);
        let feedback = weights.get(READOUT_FEEDBACK).to_vec();
        let rows = weights
            .get_mut(WEIGHT_IH)
            .chunks_exact_mut(self.network.inputs);
        for (row, weight) in rows.zip(feedback) {
            row[0] = weight;
        }
        weights
    }

    fn value(&self, pattern: usize, step: usize) -> f64 {
        let time = TIME_STEP * step as f64;
        (std::f64::consts::TAU * time / self.periods[pattern]).sin()
    }

    fn input(&self, pattern: usize, fed_in: f64) -> Vec<f64> {
        let mut input = vec![0.0; self.network.inputs];
        (input[0], input[1 + pattern]) = (fed_in, STRENGTH);
        input
    }

    /// A trial; with `rng` the pattern is fed in, with noise.
    fn trial(&self, pattern: usize, mut rng: Option<&mut ChaCha8Rng>) -> Batch {
        let mut batch = Batch::zeros(TRIAL_STEPS, 1, self.network.inputs, 1);
        let mut trial = batch.trial(0);
        for step in 0..TRIAL_STEPS {
            let target = self.value(pattern, step);
            let fed_in = rng.as_deref_mut().map_or(0.0, |rng| {
                let noise: f64 = StandardNormal.sample(rng);
                self.value(pattern, step.saturating_sub(1)) + NOISE * noise
            });
            for (channel, value) in self.input(pattern, fed_in).into_iter().enumerate() {
                trial.input(channel, step..step + 1, value);
            }
            trial.target(0, step..step + 1, target, 1.0);
        }
        batch
    }

    /// Teaches all patterns in an order.
    ///
    /// 1. Under FORCE the loop is closed while the readout learns, in one trial. Least mean squares cannot keep the output near
    ///    the target: there the loop is open, the pattern is fed in with noise, and there are so many trials of each pattern.
    /// 2. After each pattern all of them are tried.
    pub(super) fn taught(
        &self,
        seed: u64,
        order: &[usize],
        (rule, trials): (Rule, usize),
    ) -> Result<Cycles, LabError> {
        let mut weights = self.weights(seed);
        let mut rng = stream_of_draw(seed, 2);
        let mut learner = rule.learner(&self.network)?;
        let mut fits = Vec::new();
        for &pattern in order {
            if rule == Rule::ForceAnew {
                learner = rule.learner(&self.network)?;
            }
            for _ in 0..trials {
                if matches!(rule, Rule::Lms(_)) {
                    let mut open = opened(&weights);
                    learner.step(&mut open, &self.trial(pattern, Some(&mut rng)))?;
                    for part in [READOUT_WEIGHT, READOUT_BIAS] {
                        weights.get_mut(part).copy_from_slice(open.get(part));
                    }
                } else {
                    learner.step(&mut weights, &self.trial(pattern, None))?;
                }
            }
            fits.push(order.iter().map(|&of| self.fit(&weights, of)).collect());
        }
        Ok(Cycles { fits })
    }

    /// R² of the output of the closed loop as the sine wave of a pattern.
    ///
    /// 1. The network is led to the state in which it would be if the pattern came back to it.
    /// 2. The loop is closed, and runs on for twelve periods.
    /// 3. Over the last six, the wave of amplitude 1 at the phase and the frequency, within 5 %, at which it fits best.
    pub(super) fn fit(&self, weights: &Parameters<f64>, pattern: usize) -> f64 {
        let open = opened(weights);
        let (mut now, mut next) = (vec![0.0; self.network.units], vec![0.0; self.network.units]);
        for step in 0..LEAD_IN {
            let input = self.input(pattern, self.value(pattern, step));
            CellMap::new(&self.network, &open, &input).step(&now, &mut next);
            std::mem::swap(&mut now, &mut next);
        }
        let closed = CellMap::new(&self.network, weights, &self.input(pattern, 0.0));
        let readout = Readout::of(weights);
        let steps = (TURNS * self.periods[pattern] / TIME_STEP).round() as usize;
        let mut outputs = Vec::with_capacity(steps);
        for _ in 0..steps {
            closed.step(&now, &mut next);
            std::mem::swap(&mut now, &mut next);
            outputs.push(readout.output(&closed.cell().features(&now))[0]);
        }
        let late = &outputs[steps / 2..];
        let turn = std::f64::consts::TAU * TIME_STEP / self.periods[pattern];
        (-10..=10)
            .map(|place| turn * (1.0 + DETUNING * f64::from(place) / 10.0))
            .map(|turn| explained(late, turn))
            .fold(f64::NEG_INFINITY, f64::max)
    }
}

/// The same weights with nothing that feeds back.
fn opened(weights: &Parameters<f64>) -> Parameters<f64> {
    let mut open = weights.clone();
    open.get_mut(READOUT_FEEDBACK).fill(0.0);
    open
}

/// R² of a wave of amplitude 1 and so many radians per step, at the phase that outputs of about that frequency have.
pub(super) fn explained(outputs: &[f64], turn: f64) -> f64 {
    let angle = |step: usize| turn * step as f64;
    let projected = |of: fn(f64) -> f64| -> f64 {
        let all = outputs.iter().enumerate();
        all.map(|(step, output)| output * of(angle(step))).sum()
    };
    let phase = projected(f64::cos).atan2(projected(f64::sin));
    let (mut missed, mut square) = (0.0, 0.0);
    for (step, output) in outputs.iter().enumerate() {
        let wave = (angle(step) + phase).sin();
        missed += (output - wave).powi(2);
        square += wave * wave;
    }
    1.0 - missed / square
}

impl Cycles {
    /// Whether each limit cycle is there after each pattern, `[taught][pattern]`.
    pub(super) fn matrix(&self) -> Vec<Vec<bool>> {
        let rows = self.fits.iter();
        rows.map(|row| row.iter().map(|fit| *fit >= ENOUGH).collect())
            .collect()
    }

    /// Whether each pattern but the last that was there when it had been taught is there in the end.
    pub(super) fn outlived(&self) -> Vec<bool> {
        let matrix = self.matrix();
        let last = matrix.len() - 1;
        let learned = (0..last).filter(|&of| matrix[of][of]);
        learned.map(|of| matrix[last][of]).collect()
    }

    /// The same of the next pattern that was taught.
    pub(super) fn outlived_next(&self) -> Vec<bool> {
        let matrix = self.matrix();
        let learned = (0..matrix.len() - 1).filter(|&of| matrix[of][of]);
        learned.map(|of| matrix[of + 1][of]).collect()
    }

    /// Whether each pattern was there when it had been taught.
    pub(super) fn learned(&self) -> Vec<bool> {
        let matrix = self.matrix();
        (0..matrix.len()).map(|of| matrix[of][of]).collect()
    }
}
