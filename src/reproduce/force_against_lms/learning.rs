//! One value after the other is taught, by FORCE or by least mean squares.

use rand::seq::SliceRandom as _;
use rand_chacha::ChaCha8Rng;

use super::memories::{Memories, Memory};
use crate::cell::parameters::Parameters;
use crate::cell::spec::NetworkSpec;
use crate::lab::LabError;
use crate::train::learner::Learner;
use crate::train::online::Online;

/// α of the first P = I/α of FORCE.
const REGULARISATION: f64 = 1.0;

/// A way to learn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Rule {
    /// FORCE: recursive least squares at each step, P kept from trial to trial.
    Force,
    /// FORCE that begins each trial with the first P.
    ForceAnew,
    /// Least mean squares at each step, of a rate.
    Lms(f64),
}

impl Rule {
    pub(super) fn name(self) -> String {
        match self {
            Self::Force => "FORCE".to_owned(),
            Self::ForceAnew => "FORCE, P anew each trial".to_owned(),
            Self::Lms(rate) => format!("LMS, rate {rate}"),
        }
    }

    pub(super) fn learner(self, network: &NetworkSpec) -> Result<Online, LabError> {
        Ok(match self {
            Self::Force | Self::ForceAnew => Online::force(network, REGULARISATION, 1)?,
            Self::Lms(rate) => Online::lms(network, rate)?,
        })
    }
}

/// What a network has of its values while they are taught, one trial each.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Sequence {
    /// What there is of each before the first trial and after each trial, `[trial + 1][value]`, values in the order in which
    /// they are taught.
    pub memories: Vec<Vec<Memory>>,
    /// The same of the values halfway between in the end.
    pub between: Vec<Memory>,
    /// Whether each value is held in the end, in the order in which they were taught.
    pub holds: Vec<bool>,
    /// Cosines of the states in which values are held, `[value][value]` in the same order.
    pub correlations: Vec<Vec<f64>>,
}

/// What a trial did to a value that was taught before it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Interference {
    /// Cosine of the states of the two values.
    pub correlation: f64,
    /// Change of the output at the value, and the same over that at the value of the trial.
    pub damage: f64,
    pub relative: f64,
    /// Whether the memory was there before the trial and after it.
    pub was_there: bool,
    pub is_there: bool,
}

/// Teaches all values in an order, one trial each.
pub(super) fn taught(
    memories: &Memories,
    weights: &Parameters<f64>,
    order: &[usize],
    rule: Rule,
) -> Result<Sequence, LabError> {
    let mut weights = weights.clone();
    let mut learner = rule.learner(&memories.network)?;
    let ordered = |weights: &Parameters<f64>| -> Vec<Memory> {
        let found = memories.probed(weights);
        order.iter().map(|&value| found[value]).collect()
    };
    let mut found = vec![ordered(&weights)];
    for &value in order {
        if rule == Rule::ForceAnew {
            learner = rule.learner(&memories.network)?;
        }
        learner.step(&mut weights, &memories.trial(value))?;
        found.push(ordered(&weights));
    }
    let holds = memories.holds(&weights);
    let cosines = |&first: &usize| {
        let others = order.iter();
        others
            .map(|&second| memories.correlation(first, second))
            .collect()
    };
    Ok(Sequence {
        memories: found,
        between: memories.between(&weights),
        holds: order.iter().map(|&value| holds[value]).collect(),
        correlations: order.iter().map(cosines).collect(),
    })
}

/// Trials until the root mean square of all errors is at most `enough` and stays so for a pass through all values, of at most
/// `most`, values in a new order each pass; `None` if that many do not suffice. With it the error in the end.
pub(super) fn trials_to(
    memories: &Memories,
    weights: &Parameters<f64>,
    rule: Rule,
    (enough, most): (f64, usize),
    rng: &mut ChaCha8Rng,
) -> Result<(Option<usize>, f64), LabError> {
    let mut weights = weights.clone();
    let mut learner = rule.learner(&memories.network)?;
    let pass = memories.values.len();
    let (mut order, mut good, mut error) = (Vec::new(), 0, memories.error(&weights));
    for trial in 1..=most {
        if order.is_empty() {
            order = shuffled(pass, rng);
        }
        let value = order.pop().unwrap_or(0);
        learner.step(&mut weights, &memories.trial(value))?;
        error = memories.error(&weights);
        good = if error <= enough { good + 1 } else { 0 };
        if good == pass {
            return Ok((Some(trial + 1 - pass), error));
        }
    }
    Ok((None, error))
}

/// 0 to count − 1 in random order.
pub(super) fn shuffled(count: usize, rng: &mut ChaCha8Rng) -> Vec<usize> {
    let mut order: Vec<usize> = (0..count).collect();
    order.shuffle(rng);
    order
}

impl Sequence {
    /// Whether the memory of each value is there after each trial, `[trial][value]`.
    pub(super) fn matrix(&self) -> Vec<Vec<bool>> {
        let after = self.memories[1..].iter();
        after
            .map(|row| row.iter().map(|of| of.is_there()).collect())
            .collect()
    }

    /// Share of the values but the last whose memories are there after the last trial, with a bound on the error.
    pub(super) fn survival(&self, error: f64) -> f64 {
        let count = self.correlations.len() - 1;
        let last = &self.memories[self.memories.len() - 1][..count];
        let there = last.iter().filter(|of| of.is_within(error));
        there.count() as f64 / count as f64
    }

    /// What each trial did to the values taught before it.
    pub(super) fn interferences(&self) -> Vec<Interference> {
        let mut all = Vec::new();
        for trial in 1..self.correlations.len() {
            let (before, after) = (&self.memories[trial], &self.memories[trial + 1]);
            let change = |value: usize| (after[value].error - before[value].error).abs();
            all.extend((0..trial).map(|value| Interference {
                correlation: self.correlations[value][trial],
                damage: change(value),
                relative: change(value) / change(trial),
                was_there: before[value].is_there(),
                is_there: after[value].is_there(),
            }));
        }
        all
    }
}
