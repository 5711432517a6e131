//! Growing delays against growing vocabularies (Haviv, Rivkind & Barak 2019, DeCu and VoCu) at a reduced size: whether
//! memories last beyond the delays that were trained, and how fast the network moves at the slow points that hold them.
//!
//! `cargo bench --bench delays` trains `curricula/delays-growing.toml` and `curricula/vocabulary-growing.toml` with five
//! seeds each and prints one row a run: the accuracy at each probed delay, the memories that are stable fixed points, and
//! the mean over all memories of log10 of the speed ‖F(x)−x‖ at the point that holds them. Below stand mean and 95 %
//! interval (Student's t over the seeds), and Spearman's rank correlation of speed and accuracy. A number as argument is the
//! number of seeds.
//!
//! The point that holds a memory: from the mean state of all trials of a class, 15 steps after the pattern, the nearest of
//! the fixed points and minima of q that Newton's method finds from there, at the mean of the noise as input; where it finds
//! none, the slowest state of the motion from there.

use std::path::Path;
use std::sync::atomic::AtomicBool;

use creode::curriculum::Curriculum;
use creode::dynamics::points::search::{SearchLimits, search};
use creode::lab;
use creode::lab::again::{Settings, Subject};
use creode::map::Map;
use creode::parameters::Span;
use creode::statistics::Estimate;
use creode::task::delayed_classification::DelayedClassification;
use creode::task::{Batch, Task as _};
use creode::trace::{Run, RunWriter};

/// Steps from the pattern to the state that a memory is sought from.
const SETTLED: usize = 15;
const TRIALS: usize = 400;
/// Steps of motion in which the slowest state is looked for.
const SLOWEST_WITHIN: usize = 200;
/// Below this a point does not move, to rounding.
const STANDS_STILL: f64 = 1e-12;
/// What one run comes to.
struct Outcome {
    /// Accuracy at each probed delay.
    accuracies: Vec<f64>,
    /// Memories that are stable fixed points.
    fixed: f64,
    /// Mean of log10 speed.
    speed: f64,
}

fn main() {
    let numbers = std::env::args()
        .skip(1)
        .filter_map(|text| text.parse().ok());
    let seeds: u64 = numbers.max().unwrap_or(5);
    let mut all = Vec::new();
    for name in ["delays-growing", "vocabulary-growing"] {
        let outcomes: Vec<Outcome> = (0..seeds)
            .map(|seed| {
                let (probes, outcome) = trained(name, seed);
                if seed == 0 {
                    println!("{name:19} seed  {}  fixed  log10 speed", probes.join("  "));
                }
                println!("{name:19} {seed:4}  {}", row(&outcome));
                outcome
            })
            .collect();
        println!("{name:19} mean  {}", means(&outcomes));
        all.extend(outcomes);
    }
    let speeds: Vec<f64> = all.iter().map(|outcome| outcome.speed).collect();
    for delay in 0..all.first().map_or(0, |outcome| outcome.accuracies.len()) {
        let accuracies: Vec<f64> = all
            .iter()
            .map(|outcome| outcome.accuracies[delay])
            .collect();
        println!(
            "rank correlation of speed and accuracy at probe {delay}: {:+.2}",
            spearman(&speeds, &accuracies)
        );
    }
}

/// Trains a curriculum; returns the names of its probes, and what came of it.
fn trained(name: &str, seed: u64) -> (Vec<String>, Outcome) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("curricula/{name}.toml"));
    let changes = [format!("seed={seed}"), "analysis.enabled=false".to_owned()];
    let changes: Vec<_> = changes
        .iter()
        .map(|text| text.parse().expect("an override"))
        .collect();
    let curriculum = Curriculum::load(&file, &changes).expect("a curriculum");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let dir = folder.path().join("run");
    let writer = RunWriter::create(&dir, &curriculum.to_toml()).expect("a run");
    lab::train(&curriculum, &writer, &AtomicBool::new(false), &|_| {}).expect("training");
    let run = Run::open(&dir).expect("the run");
    let last = run.entries().last().expect("a checkpoint").checkpoint;
    let evaluations = run.evaluations(last).expect("evaluations");
    let subject = Subject::of_run(&dir, None, Settings::default()).expect("the network");
    let (fixed, speed) = memories(&subject, seed);
    let outcome = Outcome {
        accuracies: evaluations.iter().map(|row| row.accuracy).collect(),
        fixed,
        speed,
    };
    (
        evaluations.into_iter().map(|row| row.probe).collect(),
        outcome,
    )
}

/// How many memories are stable fixed points, and the mean of log10 speed over all.
fn memories(subject: &Subject, seed: u64) -> (f64, f64) {
    let delay = SETTLED + 1;
    let task = DelayedClassification {
        delay: Span {
            min: delay,
            max: delay,
        },
        ..DelayedClassification::default()
    };
    let batch = task.batch(TRIALS, seed);
    let map = subject.map_at(&subject.probes[0].input).expect("a map");
    let (mut fixed, mut speed) = (0.0, 0.0);
    for class in 0..task.classes {
        let start = mean_state(subject, &batch, class, delay);
        let found = search(
            &map,
            &[],
            std::slice::from_ref(&start),
            SearchLimits::patient(),
        )
        .expect("spectra");
        let points = found.fixed_points.iter().map(|point| {
            let is_stable = point.spectrum.n_unstable() == 0;
            (&point.state, STANDS_STILL, f64::from(u8::from(is_stable)))
        });
        let slow = found.slow_points.iter();
        let slow = slow.map(|point| (&point.state, (2.0 * point.q).sqrt(), 0.0));
        let distance =
            |state: &[f64]| -> f64 { state.iter().zip(&start).map(|(a, b)| (a - b).powi(2)).sum() };
        let nearest = points
            .chain(slow)
            .min_by(|a, b| distance(a.0).total_cmp(&distance(b.0)))
            .map(|(_, speed, fixed)| (speed, fixed));
        let (slowness, is_fixed) = nearest.unwrap_or_else(|| (slowest(&map, &start), 0.0));
        fixed += is_fixed;
        speed += slowness.max(STANDS_STILL).log10() / task.classes as f64;
    }
    (fixed, speed)
}

/// Least speed of the motion from a state.
fn slowest(map: &impl Map, start: &[f64]) -> f64 {
    let mut state = start.to_vec();
    let mut next = vec![0.0; state.len()];
    let mut least = f64::INFINITY;
    for _ in 0..SLOWEST_WITHIN {
        map.step(&state, &mut next);
        let moved = state.iter().zip(&next).map(|(a, b)| (a - b).powi(2));
        least = least.min(moved.sum::<f64>().sqrt());
        std::mem::swap(&mut state, &mut next);
    }
    least
}

/// Mean state of the trials of a class, [`SETTLED`] steps after its pattern.
fn mean_state(subject: &Subject, batch: &Batch, class: usize, asked: usize) -> Vec<f64> {
    let mut sum = Vec::new();
    let mut count = 0.0;
    for trial in 0..batch.trials {
        let answer = (asked * batch.trials + trial) * batch.output_channels;
        if batch.targets[answer + class + 1] != 1.0 {
            continue;
        }
        let mut state = Vec::new();
        for step in 0..=SETTLED {
            let row = (step * batch.trials + trial) * batch.input_channels;
            let input = &batch.inputs[row..][..batch.input_channels];
            let map = subject.map_at(input).expect("a map");
            state.resize(map.dim(), 0.0);
            let mut next = vec![0.0; map.dim()];
            map.step(&state, &mut next);
            state = next;
        }
        sum.resize(state.len(), 0.0);
        for (sum, value) in sum.iter_mut().zip(&state) {
            *sum += value;
        }
        count += 1.0;
    }
    sum.iter().map(|sum| sum / count).collect()
}

fn row(of: &Outcome) -> String {
    let accuracies = of
        .accuracies
        .iter()
        .map(|accuracy| format!("{accuracy:8.3}"));
    let accuracies = accuracies.collect::<Vec<_>>().join("  ");
    format!("{accuracies}  {:5.0}  {:11.2}", of.fixed, of.speed)
}

fn means(outcomes: &[Outcome]) -> String {
    let delays = outcomes
        .first()
        .map_or(0, |outcome| outcome.accuracies.len());
    let mut columns: Vec<Vec<f64>> = (0..delays)
        .map(|delay| {
            outcomes
                .iter()
                .map(|outcome| outcome.accuracies[delay])
                .collect()
        })
        .collect();
    columns.push(outcomes.iter().map(|outcome| outcome.fixed).collect());
    columns.push(outcomes.iter().map(|outcome| outcome.speed).collect());
    let texts = columns.iter().map(|values| {
        let mean = Estimate::mean(values);
        let half = mean
            .interval
            .map_or(f64::NAN, |[low, high]| (high - low) / 2.0);
        format!("{:.3} ± {half:.3}", mean.value)
    });
    texts.collect::<Vec<_>>().join("  ")
}

/// Spearman's rank correlation; equal values share their mean rank.
fn spearman(a: &[f64], b: &[f64]) -> f64 {
    let (a, b) = (ranks(a), ranks(b));
    let mean = (a.len() as f64 - 1.0) / 2.0;
    let product = |x: &[f64], y: &[f64]| -> f64 {
        x.iter().zip(y).map(|(x, y)| (x - mean) * (y - mean)).sum()
    };
    product(&a, &b) / (product(&a, &a) * product(&b, &b)).sqrt()
}

fn ranks(values: &[f64]) -> Vec<f64> {
    let rank = |value: &f64| {
        let below = values.iter().filter(|other| *other < value).count();
        let equal = values.iter().filter(|other| *other == value).count();
        below as f64 + (equal as f64 - 1.0) / 2.0
    };
    values.iter().map(rank).collect()
}
