//! How quick the dashboard is on a run of 2,000 checkpoints with 27 fixed points of 128 units each.
//!
//! `cargo bench -p creode-tui` writes such a run, opens it, and scrubs through it, 120×36 cells. A step of the playhead is
//! timed from the key to the bytes for the terminal, with all that is read on the way, in one thread; the dashboard itself
//! reads in another.
#![allow(clippy::unwrap_used)]

use std::path::Path;
use std::time::{Duration, Instant};

use creode::nouns::{Found, PointKind};
use creode::trace::rows::{
    BranchRow, EventRow, FixedPointRow, LandscapeRow, Matched, SpectrumRow, Status, StepRow,
    TrialRow,
};
use creode::trace::{
    CheckpointTables, Ending, EndingReason, LandscapeTables, RunWriter, write_history,
};
use creode_tui::dashboard::{Headless, Look};
use tui::backend::CrosstermBackend;
use tui::layout::Rect;
use tui::{Terminal, TerminalOptions, Viewport};

const CHECKPOINTS: u32 = 2_000;
const POINTS: u32 = 27;
const UNITS: usize = 128;
const EVERY: u64 = 50;
const TRIALS: u32 = 4;
const TRIAL_STEPS: u32 = 50;
const SIZE: Rect = Rect::new(0, 0, 120, 36);
const CONFIG: &str = "name = \"synthetic\"\nseed = 1\n\n[[stage]]\nname = \"three bits\"\ntask = \"flip-flop\"\nuntil = { steps = 100000 }\n";

fn main() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("synthetic");
    let begun = Instant::now();
    write_run(&dir);
    println!(
        "a run of {CHECKPOINTS} checkpoints × {POINTS} points × {UNITS} units, written in {:.1} s",
        begun.elapsed().as_secs_f64()
    );

    let mut openings: Vec<Duration> = (0..5).map(|_| open(&dir, folder.path()).1).collect();
    openings.sort_unstable();
    let ms = |time: Duration| 1e3 * time.as_secs_f64();
    println!(
        "first frame: median of 5 {:.0} ms, slowest {:.0} ms (bound 300)",
        ms(openings[2]),
        ms(openings[4])
    );

    let mut dashboard = open(&dir, folder.path()).0;
    let begun = Instant::now();
    dashboard.read_all();
    println!(
        "all checkpoints read in {:.2} s",
        begun.elapsed().as_secs_f64()
    );
    for (screen, number) in [("Learning", "2"), ("Landscape", "3"), ("Diagram", "4")] {
        for (what, key) in [("step", "<right>"), ("jump by 10", "<S-right>")] {
            dashboard.press(&format!("{number} g"));
            let times = scrub(&mut dashboard, key, 180);
            let at = |share: f64| ms(times[((times.len() - 1) as f64 * share) as usize]);
            println!(
                "{screen}, {what}: median {:.2} ms, 99th percentile {:.2} ms (bounds 10 and 16)",
                at(0.5),
                at(0.99)
            );
        }
    }
    if let Some(memory) = resident() {
        println!("resident memory: {memory} MB (bound 300)");
    }
}

/// Opens the run and draws the first frame with all that is on it.
fn open(dir: &Path, traces: &Path) -> (Headless, Duration) {
    let begun = Instant::now();
    let mut dashboard = Headless::new(dir, traces, "Landscape", Look::Dark);
    dashboard.read_screen();
    let drawn = dashboard.screen(SIZE.width, SIZE.height);
    let time = begun.elapsed();
    let text: String = drawn
        .content
        .iter()
        .map(tui::buffer::Cell::symbol)
        .collect();
    assert!(
        text.contains("27 fixed points: 8/12/6/1"),
        "the frame is not finished"
    );
    (dashboard, time)
}

/// Times of single steps, sorted.
fn scrub(dashboard: &mut Headless, key: &str, count: usize) -> Vec<Duration> {
    let options = TerminalOptions {
        viewport: Viewport::Fixed(SIZE),
    };
    let backend = CrosstermBackend::new(std::io::sink());
    let mut terminal = Terminal::with_options(backend, options).unwrap();
    let mut times: Vec<Duration> = (0..count)
        .map(|_| {
            let begun = Instant::now();
            dashboard.press(key);
            terminal
                .draw(|frame| dashboard.draw(frame.buffer_mut()))
                .unwrap();
            begun.elapsed()
        })
        .collect();
    times.sort_unstable();
    times
}

/// Resident memory of this process in megabytes, where the system tells.
fn resident() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    let kilobytes: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kilobytes / 1024)
}

fn write_run(dir: &Path) {
    let writer = RunWriter::create(dir, CONFIG).unwrap();
    let mut branches = Vec::new();
    for checkpoint in 0..CHECKPOINTS {
        let step = u64::from(checkpoint) * EVERY;
        let steps: Vec<StepRow> = (step.saturating_sub(EVERY) + 1..=step)
            .map(step_row)
            .collect();
        let points: Vec<FixedPointRow> = (0..POINTS).map(|n| point(checkpoint, step, n)).collect();
        branches.extend(points.iter().map(branch));
        writer
            .write_checkpoint(
                checkpoint,
                step,
                b"weights",
                &CheckpointTables {
                    steps: &steps,
                    trials: &trials(checkpoint, step),
                    ..CheckpointTables::default()
                },
            )
            .unwrap();
        let spectra: Vec<SpectrumRow> = points.iter().flat_map(spectrum).collect();
        writer
            .write_landscape(
                checkpoint,
                step,
                &LandscapeTables {
                    landscapes: &[landscape(checkpoint, step)],
                    fixed_points: &points,
                    spectra: &spectra,
                    ..LandscapeTables::default()
                },
            )
            .unwrap();
    }
    branches.sort_by_key(|row| (row.branch, row.checkpoint));
    let events: Vec<EventRow> = (1..CHECKPOINTS).step_by(20).map(event).collect();
    write_history(dir, &events, &branches).unwrap();
    let ending = Ending {
        reason: EndingReason::Finished,
        step: u64::from(CHECKPOINTS - 1) * EVERY,
        message: "the curriculum was completed".into(),
    };
    writer.write_ending(ending).unwrap();
}

fn step_row(step: u64) -> StepRow {
    StepRow {
        step,
        stage: 0,
        task: "flip-flop".into(),
        loss: 1.0 / (1.0 + step as f64 / 500.0) + 0.01 * noise(step),
        accuracy: 1.0 - (-(step as f64) / 5000.0).exp(),
        grad_norm: 1.0,
        learning_rate: 1e-3,
        weight_norm: 8.0,
        wall_secs: step as f64,
        mean_return: None,
    }
}

/// A number in −1..1 that looks random, so that the files do not compress away.
fn noise(seed: u64) -> f64 {
    let mut x = seed.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    x ^= x >> 29;
    x = x.wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x ^= x >> 32;
    (x >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
}

/// A grid point of −1, 0, 1 in three of the directions, drifting with training.
fn state(checkpoint: u32, number: u32) -> Vec<f64> {
    let side = |axis: u32| f64::from(number / 3_u32.pow(axis) % 3) - 1.0;
    let drift = 0.2 * (f64::from(checkpoint) / 300.0 + f64::from(number)).sin();
    (0..UNITS)
        .map(|unit| match unit {
            0..3 => 3.0 * side(unit as u32) + drift,
            _ => 0.01 * noise((u64::from(checkpoint) * 31 + u64::from(number)) * 131 + unit as u64),
        })
        .collect()
}

fn point(checkpoint: u32, step: u64, number: u32) -> FixedPointRow {
    let n_unstable = (0..3)
        .filter(|axis| number / 3_u32.pow(*axis) % 3 == 1)
        .count() as u16;
    let state = state(checkpoint, number);
    FixedPointRow {
        checkpoint,
        step,
        condition: "rest".into(),
        point: number,
        kind: if n_unstable == 0 {
            PointKind::StableNode
        } else {
            PointKind::Saddle
        },
        pc: [state[0], state[1], state[2]],
        readout: state[..3].to_vec(),
        state,
        q: 1e-30,
        radius: Some(1e-9),
        n_unstable,
        multiplier_re: if n_unstable > 0 { 1.2 } else { 0.8 },
        multiplier_im: 0.0,
        index: if n_unstable.is_multiple_of(2) { 1 } else { -1 },
        basin_fraction: None,
        found: Found::Tracked,
    }
}

fn branch(point: &FixedPointRow) -> BranchRow {
    BranchRow {
        condition: point.condition.clone(),
        branch: point.point,
        checkpoint: point.checkpoint,
        step: point.step,
        point: Some(point.point),
        matched: Matched::Continuation,
        born_with: None,
        dies_with: None,
        index: point.index,
        n_unstable: point.n_unstable,
        state: point.state.clone(),
    }
}

fn spectrum(point: &FixedPointRow) -> Vec<SpectrumRow> {
    (0..UNITS)
        .map(|rank| SpectrumRow {
            checkpoint: point.checkpoint,
            step: point.step,
            condition: point.condition.clone(),
            point: point.point,
            rank: rank as u16,
            re: if rank == 0 {
                point.multiplier_re
            } else {
                0.9 * noise(rank as u64)
            },
            im: if rank == 0 {
                0.0
            } else {
                0.4 * noise(rank as u64 + 999)
            },
        })
        .collect()
}

fn trials(checkpoint: u32, step: u64) -> Vec<TrialRow> {
    let times = (0..TRIALS).flat_map(|trial| (0..TRIAL_STEPS).map(move |time| (trial, time)));
    times
        .map(|(trial, time)| {
            let state = state(checkpoint, (trial * 7 + time / 10 * 5) % POINTS);
            TrialRow {
                checkpoint,
                step,
                trial,
                time,
                input: vec![0.0; 3],
                target: vec![0.0; 3],
                output: state[..3].to_vec(),
                pc: [state[0], state[1], state[2]],
                state,
            }
        })
        .collect()
}

fn landscape(checkpoint: u32, step: u64) -> LandscapeRow {
    LandscapeRow {
        checkpoint,
        step,
        condition: "rest".into(),
        n_fixed: POINTS,
        n_stable: 8,
        n_slow: 0,
        n_from_later: 0,
        n_starts: 512,
        index_sum: 1,
        index_expected: Some(1),
        complete: "index_consistent".to_owned(),
        unseen_estimate: 0.0,
        wall_secs: 0.1,
        warning: None,
    }
}

fn event(checkpoint: u32) -> EventRow {
    EventRow {
        condition: "rest".into(),
        from_step: u64::from(checkpoint - 1) * EVERY,
        to_step: u64::from(checkpoint) * EVERY,
        position: 0.5,
        kind: "LP".into(),
        status: Status::Located,
        multiplier_re: 1.0,
        multiplier_im: 0.0,
        coefficient: Some(0.1),
        criticality: None,
        pair_change: 1,
        branches: vec![checkpoint % POINTS],
        state: state(checkpoint, checkpoint % POINTS),
        loss: None,
        grad_norm: None,
        born: None,
        hint: None,
    }
}
