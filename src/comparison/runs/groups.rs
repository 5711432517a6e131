//! What groups of runs come to, and how far they are apart.

use super::{Digest, Distances, Settings};
use crate::comparison::groups::blocks::Blocks;
use crate::comparison::groups::embedding::{Embedding, embedded};
use crate::comparison::groups::separation::{Separation, SeparationGain};
use crate::comparison::groups::{Groups, distances};
use crate::statistics::Estimate;
use crate::statistics::bootstrap::Bootstrap;
use crate::statistics::log_rank::log_rank;
use crate::statistics::survival::{SurvivalCurve, TimeToEvent};

/// Pairs that all resamples of a statistic look at together, at most: resamples of large populations are fewer.
const MOST_LOOKS: usize = 200_000_000;
/// Resamples and permutations, at most and at least.
const RESAMPLES: [usize; 2] = [200, 2000];

/// Runs of one label.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Group {
    /// The label.
    pub name: String,
    /// Number of runs.
    pub count: usize,
    /// How many reached the criterion.
    pub reached: usize,
    /// Training steps to the criterion, or of a network that never got there the last.
    pub times: Vec<TimeToEvent>,
    /// Their median by Kaplan and Meier; `None` if fewer than half got there.
    pub median_steps: Option<f64>,
    /// Mean steps to the criterion up to the end of the shortest run: those that never got there count as that long.
    pub mean_steps: Option<f64>,
    /// Trials that the networks were trained on.
    pub trials: Estimate,
    /// Mean accuracy over training.
    pub area: Estimate,
    /// Accuracy at the end.
    pub accuracy: Estimate,
    /// Training step of commitment.
    pub commitment: Estimate,
    /// Number of bifurcations.
    pub events: Estimate,
    /// Length of the path of all parameters over the distance between its ends.
    pub tortuosity: Estimate,
}

/// How well one measure tells the groups apart.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct MeasureSummary {
    /// Name of the measure.
    pub measure: String,
    /// Mean distance within groups.
    pub within: Estimate,
    /// Mean distance between groups.
    pub between: Estimate,
    /// The separation; `Err` says why there is none.
    pub separation: Result<Separation, String>,
    /// By how much it separates the groups better than the measure that [`Settings::against`] names; `None` of that one, or if none
    /// was named. `Err` says why it cannot be told.
    pub gain: Option<Result<SeparationGain, String>>,
    /// The plane in which distances are kept best; `Err` says why there is none.
    pub embedding: Result<Embedding, String>,
}

/// How far two groups are apart.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct GroupDistances {
    /// Name of the measure.
    pub measure: String,
    /// Names of the groups.
    pub groups: [String; 2],
    /// Mean distance of a run of one and a run of the other.
    pub between: Estimate,
    /// That, less the mean distance of two runs of one group, mean over both groups: 0 where groups mean nothing.
    pub excess: Estimate,
}

/// The groups in the order of their names.
pub(super) fn groups(runs: &[Digest], settings: &Settings) -> Vec<Group> {
    let names = names(runs);
    let of = |name: &String| {
        let members: Vec<&Digest> = runs.iter().filter(|run| run.group == *name).collect();
        group(name, &members, settings)
    };
    names.iter().map(of).collect()
}

fn names(runs: &[Digest]) -> Vec<String> {
    let mut names: Vec<String> = runs.iter().map(|run| run.group.clone()).collect();
    names.dedup();
    names
}

fn labels(runs: &[Digest]) -> Vec<usize> {
    let names = names(runs);
    let place = |run: &Digest| names.iter().position(|name| *name == run.group);
    runs.iter().filter_map(place).collect()
}

fn group(name: &str, members: &[&Digest], settings: &Settings) -> Group {
    let bootstrap = Bootstrap::new(settings.seed);
    let mean = |value: &dyn Fn(&Digest) -> Option<f64>| {
        let values: Vec<f64> = members
            .iter()
            .filter_map(|of| value(of))
            .filter(|of| of.is_finite())
            .collect();
        bootstrap.mean(&values)
    };
    let times: Vec<TimeToEvent> = members.iter().filter_map(|of| of.criterion).collect();
    let curve = SurvivalCurve::estimate(&times);
    let shortest = members.iter().map(|of| of.step).min().unwrap_or(0);
    Group {
        name: name.to_owned(),
        count: members.len(),
        reached: times.iter().filter(|time| time.is_observed).count(),
        median_steps: curve.median(),
        mean_steps: curve.restricted_mean(shortest as f64),
        times,
        trials: mean(&|of| Some(of.trials as f64)),
        area: mean(&|of| of.area),
        accuracy: mean(&|of| Some(of.accuracy)),
        commitment: mean(&|of| of.commitment.map(|step| step as f64)),
        events: mean(&|of| of.events.as_ref().map(|events| events.len() as f64)),
        tortuosity: mean(&|of| Some(of.tortuosity)),
    }
}

/// The p-value of the log-rank test over all groups.
pub(super) fn log_rank_p(groups: &[Group]) -> Option<f64> {
    let times: Vec<Vec<TimeToEvent>> = groups.iter().map(|group| group.times.clone()).collect();
    log_rank(&times).map(|test| test.p)
}

/// One summary for each measure.
pub(super) fn summaries(
    runs: &[Digest],
    all: &[Distances],
    settings: &Settings,
) -> Vec<MeasureSummary> {
    let labels = labels(runs);
    let bootstrap = bootstrap(runs.len(), settings);
    let against = all
        .iter()
        .find(|of| Some(&of.measure) == settings.against.as_ref());
    let gain = |of: &Distances| {
        let first = against.filter(|first| first.measure != of.measure)?;
        let both = usable(first).and_then(|first| Ok((first, usable(of)?)));
        Some(both.and_then(|(first, second)| {
            let groups = Groups::new(&labels).map_err(|error| error.to_string())?;
            SeparationGain::of(&first, &second, &groups, &bootstrap)
                .map_err(|error| error.to_string())
        }))
    };
    let of = |of: &Distances| {
        let pairs = usable(of);
        let embedding = match &pairs {
            Ok(pairs) => embedded(pairs).map_err(|error| error.to_string()),
            Err(why) => Err(why.clone()),
        };
        let separation = pairs.clone().and_then(|pairs| {
            let groups = Groups::new(&labels).map_err(|error| error.to_string())?;
            Separation::of(&pairs, &groups, &bootstrap, bootstrap.resamples - 1)
                .map_err(|error| error.to_string())
        });
        let blocks = blocks(of, &labels);
        let [within, between] = bootstrap.estimates(&labels, |counts| {
            let sums = blocks.sums(counts);
            [sums.mean(|a, b| a == b), sums.mean(|a, b| a != b)]
        });
        MeasureSummary {
            measure: of.measure.clone(),
            within,
            between,
            separation,
            gain: gain(of),
            embedding,
        }
    };
    all.iter().map(of).collect()
}

/// How each two groups differ by each measure.
pub(super) fn between(
    runs: &[Digest],
    all: &[Distances],
    settings: &Settings,
) -> Vec<GroupDistances> {
    let (names, labels) = (names(runs), labels(runs));
    let mut found = Vec::new();
    for of in all {
        for first in 0..names.len() {
            for second in first + 1..names.len() {
                let members: Vec<usize> = (0..runs.len())
                    .filter(|&place| labels[place] == first || labels[place] == second)
                    .collect();
                let sides: Vec<usize> = members
                    .iter()
                    .map(|&place| usize::from(labels[place] == second))
                    .collect();
                let blocks = Blocks::new(&sides, |a, b| distance(of, members[a], members[b]));
                let bootstrap = bootstrap(members.len(), settings);
                let [between, excess] = bootstrap.estimates(&sides, |counts| {
                    let sums = blocks.sums(counts);
                    let mean =
                        |a: usize, b: usize| sums.mean(|first, second| (first, second) == (a, b));
                    let within = mean(0, 0).zip(mean(1, 1)).map(|(a, b)| 0.5 * (a + b));
                    let between = mean(0, 1);
                    [
                        between,
                        between
                            .zip(within)
                            .map(|(between, within)| between - within),
                    ]
                });
                found.push(GroupDistances {
                    measure: of.measure.clone(),
                    groups: [names[first].clone(), names[second].clone()],
                    between,
                    excess,
                });
            }
        }
    }
    found
}

fn blocks(of: &Distances, labels: &[usize]) -> Blocks {
    Blocks::new(labels, |a, b| distance(of, a, b))
}

fn distance(of: &Distances, a: usize, b: usize) -> Option<f64> {
    of.matrix.cell(a, b).as_ref().ok().copied()
}

fn bootstrap(runs: usize, settings: &Settings) -> Bootstrap {
    let pairs = runs * runs / 2;
    let [least, most] = RESAMPLES;
    Bootstrap {
        resamples: (MOST_LOOKS / pairs.max(1)).clamp(least, most),
        ..Bootstrap::new(settings.seed)
    }
}

/// The distances, if every pair has one.
fn usable(of: &Distances) -> Result<distances::Distances, String> {
    let count = of.matrix.count();
    let mut pairs = Vec::with_capacity(count * count.saturating_sub(1) / 2);
    for a in 0..count {
        for b in a + 1..count {
            // Estimates without bias may be a little below 0 where networks are alike.
            pairs.push(
                of.matrix
                    .cell(a, b)
                    .clone()
                    .map_err(|why| why.0.into_owned())?
                    .max(0.0),
            );
        }
    }
    distances::Distances::new(count, pairs).map_err(|error| error.to_string())
}
