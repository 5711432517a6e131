//! How the outputs in the trials of a file are scored, and what the best constant would score.

use super::trials::TrialSet;
use crate::task::batch::{Answer, Score};

/// How outputs are scored, over what counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Scoring {
    /// Steps at which the output of the greatest target is greater than all others.
    Class,
    /// Trials and outputs whose mean output has the sign of the mean target, over the steps where the target is not 0.
    Decision,
    /// Steps and outputs that are nearer to the target than a tolerance.
    Within,
    /// R² of all outputs about the mean target of each.
    Explained,
}

impl Scoring {
    /// All by name.
    pub(super) const ALL: [(&'static str, Self); 4] = [
        ("class", Self::Class),
        ("decision", Self::Decision),
        ("within", Self::Within),
        ("explained", Self::Explained),
    ];

    /// The score of a trial.
    pub(super) fn score(self, set: &TrialSet, answer: Answer<'_>, tolerance: f64) -> Score {
        let outputs = 0..set.output_channels();
        match self {
            Self::Class => (0..answer.steps())
                .filter_map(|step| is_greatest(answer, outputs.len(), step))
                .map(Score::of)
                .fold(Score::default(), |sum, score| sum + score),
            Self::Decision => outputs
                .filter(|&channel| answer.counted(channel).any(|judged| judged.target != 0.0))
                .map(|channel| answer.decision(channel))
                .fold(Score::default(), |sum, score| sum + score),
            Self::Within => answer.within(outputs, tolerance),
            Self::Explained => outputs
                .map(|channel| answer.explained(channel, set.target_mean(channel)))
                .fold(Score::default(), |sum, score| sum + score),
        }
    }

    /// The score of the best constant outputs on some of the trials; 0 where variance is explained.
    pub(super) fn chance(self, set: &TrialSet, trials: &[usize], tolerance: f64) -> f64 {
        let outputs = 0..set.output_channels();
        let (met, possible) = match self {
            Self::Class => most_common_class(set, trials),
            Self::Decision => {
                let of = |channel| most_common_sign(set, trials, channel);
                outputs.map(of).fold((0, 0), plus)
            }
            Self::Within => {
                let of = |channel| most_within(set, trials, channel, tolerance);
                outputs.map(of).fold((0, 0), plus)
            }
            Self::Explained => (0, 1),
        };
        met as f64 / (possible as f64).max(1.0)
    }
}

/// Something met, out of something possible.
type Counts = (usize, usize);

fn plus(a: Counts, b: Counts) -> Counts {
    (a.0 + b.0, a.1 + b.1)
}

/// Whether the output of the greatest target is greater than all others at a step; `None` where nothing counts.
fn is_greatest(answer: Answer<'_>, channels: usize, step: usize) -> Option<bool> {
    let judged = |channel| answer.at(channel, step);
    let counts = (0..channels).any(|channel| judged(channel).weight > 0.0);
    let class = greatest((0..channels).map(|channel| judged(channel).target));
    let output = judged(class).output;
    let others = (0..channels).filter(|&channel| channel != class);
    // Beside NaN nothing is greater.
    counts.then(|| !output.is_nan() && others.map(judged).all(|other| output > other.output))
}

/// Place of the greatest value, the first of equals.
fn greatest(values: impl Iterator<Item = f64>) -> usize {
    let first = (0, f64::NEG_INFINITY);
    values
        .enumerate()
        .fold(
            first,
            |best, next| if next.1 > best.1 { next } else { best },
        )
        .0
}

fn most_common_class(set: &TrialSet, trials: &[usize]) -> Counts {
    let channels = set.output_channels();
    let mut counts = vec![0; channels];
    for &trial in trials {
        for step in 0..set.length(trial) {
            let is_counted = |channel| set.weight(trial, step, channel) > 0.0;
            if (0..channels).any(is_counted) {
                let targets = (0..channels).map(|channel| set.target(trial, step, channel));
                counts[greatest(targets)] += 1;
            }
        }
    }
    (
        counts.iter().copied().max().unwrap_or(0),
        counts.iter().sum(),
    )
}

fn most_common_sign(set: &TrialSet, trials: &[usize], channel: usize) -> Counts {
    let sums = trials
        .iter()
        .map(|&trial| set.counted(trial, channel).sum::<f64>());
    let sums: Vec<f64> = sums.filter(|&sum| sum != 0.0).collect();
    let positive = sums.iter().filter(|&&sum| sum > 0.0).count();
    (positive.max(sums.len() - positive), sums.len())
}

/// Targets of the fullest stretch that is shorter than twice the tolerance: the constant lies in its middle.
fn most_within(set: &TrialSet, trials: &[usize], channel: usize, tolerance: f64) -> Counts {
    let targets = trials.iter().flat_map(|&trial| set.counted(trial, channel));
    let mut targets: Vec<f64> = targets.collect();
    targets.sort_by(f64::total_cmp);
    let mut first = 0;
    let mut most = 0;
    for last in 0..targets.len() {
        while targets[last] - targets[first] >= 2.0 * tolerance {
            first += 1;
        }
        most = most.max(last + 1 - first);
    }
    (most, targets.len())
}
