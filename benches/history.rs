//! Whether the history of the fixed points of a run is whole: runs of the 3-bit flip-flop (five seeds, two cells), their
//! fixed points followed between all checkpoints, between every second and between every fifth.
//!
//! `cargo bench --bench history` prints, for each run, what was born and died by which located bifurcations, what stays
//! unexplained, and in how many of the coarse intervals the finer histories tell the same: the same number of pairs born
//! (always, if both are right), and the same bifurcations one by one (the straight line between two checkpoints is
//! another path when it skips those between, so that a bifurcation and its undoing may be missing). Arguments such as
//! `vanilla` or `3` restrict it to a cell or seed.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use creode::curriculum::Curriculum;
use creode::lab;
use creode::lab::history::{Interval, of_run};
use creode::landscape::events::event::EventKind;
use creode::trace::RunWriter;

const STRIDES: [usize; 3] = [1, 2, 5];

fn main() {
    let wanted: Vec<String> = std::env::args()
        .skip(1)
        .filter(|argument| !argument.starts_with('-'))
        .collect();
    let (mut changes, mut unexplained) = (0, 0);
    for cell in ["vanilla", "gru"] {
        for seed in 0..5 {
            let number = seed.to_string();
            if !wanted.iter().all(|word| word == cell || *word == number) {
                continue;
            }
            let folder = tempfile::tempdir().expect("a temporary folder");
            let dir = folder.path().join("run");
            train(cell, seed, &dir);
            let begun = Instant::now();
            let histories: Vec<Vec<Interval>> = STRIDES
                .iter()
                .map(|&stride| {
                    of_run(&dir, stride, &|_, _| {})
                        .expect("a history")
                        .intervals
                })
                .collect();
            let secs = begun.elapsed().as_secs_f64();
            for (stride, history) in STRIDES.iter().zip(&histories) {
                let told = Told::of(history);
                println!("{cell:7} seed {seed}  every {stride}: {told}");
                changes += told.changes;
                unexplained += told.unexplained;
            }
            for (stride, coarse) in STRIDES.iter().zip(&histories).skip(1) {
                let (intervals, pairs, kinds) = agreement(&histories[0], coarse);
                println!(
                    "                 every {stride} against every 1: {intervals} intervals, the same number of pairs in {pairs}, the same bifurcations in {kinds}"
                );
            }
            println!("                 {secs:.1} s for all three");
        }
    }
    let share = 100.0 * f64::from(unexplained) / f64::from(changes.max(1));
    println!(
        "{changes} points born, died or unexplained, of which unexplained {unexplained}: {share:.2} %"
    );
}

fn train(cell: &str, seed: u64, dir: &Path) {
    let text = format!(
        "seed = {seed}\n[network]\ncell = \"{cell}\"\nunits = 64\n[optimiser]\nlearning_rate = 1e-3\nclip_norm = 1.0\n\
         [[stage]]\ntask = \"flip-flop\"\nbits = 3\nuntil = {{ steps = 1500 }}\n[checkpoints]\nevery = 25\n"
    );
    let curriculum = Curriculum::parse(&text, "bench.toml", &[]).expect("a sound curriculum");
    let writer = RunWriter::create(dir, &curriculum.to_toml()).expect("a run");
    lab::train(&curriculum, &writer, &AtomicBool::new(false), &|_| {}).expect("training");
}

/// What a history tells, in numbers.
struct Told {
    intervals: usize,
    first_last: (usize, usize),
    born: usize,
    died: usize,
    by_kind: BTreeMap<&'static str, usize>,
    /// Points that are born, die, or whose fate no branch tells.
    changes: u32,
    unexplained: u32,
    discovered: usize,
}

impl Told {
    fn of(history: &[Interval]) -> Self {
        let mut by_kind = BTreeMap::new();
        for event in history.iter().flat_map(|interval| &interval.events) {
            *by_kind.entry(event.event.kind.code()).or_insert(0) += 1;
        }
        let sum = |count: fn(&Interval) -> usize| history.iter().map(count).sum::<usize>();
        let (born, died) = (sum(|of| of.created), sum(|of| of.annihilated));
        let unexplained = sum(|of| of.unexplained.len());
        Self {
            intervals: history.len(),
            first_last: (
                history.first().map_or(0, |of| of.before.0),
                history.last().map_or(0, |of| of.after.0),
            ),
            born,
            died,
            by_kind,
            changes: (2 * (born + died) + unexplained) as u32,
            unexplained: unexplained as u32,
            discovered: sum(|of| of.before.1 + of.after.1),
        }
    }
}

impl std::fmt::Display for Told {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let kinds: Vec<String> = self
            .by_kind
            .iter()
            .map(|(kind, count)| format!("{count} {kind}"))
            .collect();
        write!(
            f,
            "{} intervals, {} to {} points, {} pairs born, {} died, {}; {} points unexplained, {} found on the way",
            self.intervals,
            self.first_last.0,
            self.first_last.1,
            self.born,
            self.died,
            kinds.join(" "),
            self.unexplained,
            self.discovered
        )
    }
}

/// Coarse intervals, those with as many pairs born, less died, as the fine ones within, and those with the same numbers of
/// bifurcations of each kind.
fn agreement(fine: &[Interval], coarse: &[Interval]) -> (usize, usize, usize) {
    let (mut pairs, mut kinds) = (0, 0);
    for interval in coarse {
        let within: Vec<&Interval> = fine
            .iter()
            .filter(|of| interval.from_step <= of.from_step && of.to_step <= interval.to_step)
            .collect();
        let net = |of: &Interval| of.created as i64 - of.annihilated as i64;
        pairs += usize::from(net(interval) == within.iter().map(|of| net(of)).sum::<i64>());
        let count = |history: &[&Interval]| {
            let mut counts = BTreeMap::new();
            let events = history.iter().flat_map(|of| &of.events);
            for event in
                events.filter(|of| !matches!(of.event.kind, EventKind::Unclassified { .. }))
            {
                *counts.entry(event.event.kind.code()).or_insert(0) += 1;
            }
            counts
        };
        kinds += usize::from(count(&[interval]) == count(&within));
    }
    (coarse.len(), pairs, kinds)
}
