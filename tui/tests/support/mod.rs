//! A small run with a landscape that grows, for tests of the dashboard from within and from outside.
#![allow(unreachable_pub, dead_code, clippy::unwrap_used)]

mod arena;

use std::path::Path;

use creode::nouns::{Found, PointKind};
use creode::trace::rows::{
    BranchRow, EvaluationRow, EventRow, FixedPointRow, LandscapeRow, Matched, SlowPointRow,
    SpectrumRow, Status, StepRow, TrialRow,
};
use creode::trace::{
    CheckpointTables, Ending, EndingReason, LandscapeTables, RunWriter, write_history,
};

pub use arena::write_arena_run;

const CONFIG: &str = r#"
name = "grown"
seed = 1

[[stage]]
name = "one bit"
task = "flip-flop"
until = { steps = 100 }

[[stage]]
name = "two bits"
task = "flip-flop"
until = { steps = 200 }
"#;

/// Fixed points at the checkpoints: 1, then 3, then 9.
const SIDES: [&[i8]; 3] = [&[], &[0], &[0, 1]];

/// Starts a run of two stages and 300 steps.
pub fn create(dir: &Path) -> RunWriter {
    RunWriter::create(dir, CONFIG).unwrap()
}

/// Writes checkpoints 0, 1 and 2, at the steps 0, 100 and 300, and the end.
pub fn write_run(dir: &Path) {
    let writer = create(dir);
    for checkpoint in 0..3 {
        write_checkpoint(&writer, checkpoint);
    }
    let ending = Ending {
        reason: EndingReason::Finished,
        step: 300,
        message: "the curriculum was completed".into(),
    };
    writer.write_ending(ending).unwrap();
}

/// Writes a run of the same checkpoints, but that it takes `slowness` times as many steps to each of them
/// and learns less.
pub fn write_slower_run(dir: &Path, slowness: u64) {
    let writer = create(dir);
    for checkpoint in 0..3 {
        write_slower_checkpoint(&writer, checkpoint, slowness);
    }
    let ending = Ending {
        reason: EndingReason::Finished,
        step: 300 * slowness,
        message: "the curriculum was completed".into(),
    };
    writer.write_ending(ending).unwrap();
}

/// Writes one of the checkpoints of such a run.
pub fn write_slower_checkpoint(writer: &RunWriter, checkpoint: u32, slowness: u64) {
    let step = slowness * step_of(checkpoint);
    let before = slowness * step_of(checkpoint.saturating_sub(1));
    let step_at = |step: u64| {
        let row = step_row(step.div_ceil(slowness));
        StepRow {
            step,
            loss: 0.1 + 0.9 * row.loss,
            accuracy: 0.9 * row.accuracy,
            ..row
        }
    };
    let steps: Vec<StepRow> = (before + 1..=step).map(step_at).collect();
    let mut trials = trials(checkpoint);
    for row in &mut trials {
        row.step = step;
    }
    writer
        .write_checkpoint(
            checkpoint,
            step,
            b"weights",
            &CheckpointTables {
                steps: &steps,
                trials: &trials,
                ..CheckpointTables::default()
            },
        )
        .unwrap();
    let mut points = fixed_points(checkpoint);
    for row in &mut points {
        row.step = step;
    }
    let spectra: Vec<SpectrumRow> = points.iter().flat_map(spectrum).collect();
    let tables = LandscapeTables {
        fixed_points: &points,
        spectra: &spectra,
        ..LandscapeTables::default()
    };
    writer.write_landscape(checkpoint, step, &tables).unwrap();
}

/// Writes the first of its bifurcations, as if the second had not been found, and its branches.
pub fn derive(dir: &Path) {
    let branches: Vec<BranchRow> = (0..3).flat_map(branches).collect();
    write_history(dir, &[event()], &branches).unwrap();
}

/// Writes another bifurcation for the slower run, up to its second checkpoint.
pub fn derive_otherwise(dir: &Path, slowness: u64) {
    let event = EventRow {
        to_step: slowness * 100,
        kind: "PD".into(),
        pair_change: 0,
        ..event()
    };
    write_history(dir, &[event], &[]).unwrap();
}

/// Writes one of the checkpoints as a run does that follows its history and has a probe task.
pub fn write_checkpoint_with_history(writer: &RunWriter, checkpoint: u32) {
    let step = step_of(checkpoint);
    let evaluation = EvaluationRow {
        checkpoint,
        step,
        probe: "recall".into(),
        loss: 0.5,
        accuracy: 0.25 * f64::from(checkpoint + 1),
    };
    writer
        .write_checkpoint(
            checkpoint,
            step,
            b"weights",
            &CheckpointTables {
                trials: &trials(checkpoint),
                evaluations: &[evaluation],
                ..CheckpointTables::default()
            },
        )
        .unwrap();
    let events = if checkpoint == 1 {
        vec![event()]
    } else {
        Vec::new()
    };
    let tables = LandscapeTables {
        fixed_points: &fixed_points(checkpoint),
        history: Some((&events, &branches(checkpoint))),
        ..LandscapeTables::default()
    };
    writer.write_landscape(checkpoint, step, &tables).unwrap();
}

fn event() -> EventRow {
    EventRow {
        condition: "rest".into(),
        from_step: 0,
        to_step: 100,
        position: 0.4,
        kind: "LP".into(),
        status: Status::Located,
        multiplier_re: 1.0,
        multiplier_im: 0.0,
        coefficient: Some(0.25),
        criticality: None,
        pair_change: 1,
        branches: vec![1, 2],
        state: vec![0.4, 0.0, 0.1],
        loss: Some(0.5),
        grad_norm: Some(1.0),
        born: None,
        hint: None,
    }
}

fn branches(checkpoint: u32) -> Vec<BranchRow> {
    let branch = |point: FixedPointRow| BranchRow {
        condition: point.condition,
        branch: point.point,
        checkpoint: point.checkpoint,
        step: point.step,
        point: Some(point.point),
        matched: Matched::Continuation,
        born_with: None,
        dies_with: None,
        index: point.index,
        n_unstable: point.n_unstable,
        state: point.state,
    };
    fixed_points(checkpoint).into_iter().map(branch).collect()
}

/// Writes one of the checkpoints.
pub fn write_checkpoint(writer: &RunWriter, checkpoint: u32) {
    let step = step_of(checkpoint);
    let before = if checkpoint == 0 {
        0
    } else {
        step_of(checkpoint - 1)
    };
    let steps: Vec<StepRow> = (before + 1..=step).map(step_row).collect();
    writer
        .write_checkpoint(
            checkpoint,
            step,
            b"weights",
            &CheckpointTables {
                steps: &steps,
                trials: &trials(checkpoint),
                evaluations: &[],
                ..CheckpointTables::default()
            },
        )
        .unwrap();
    let points = fixed_points(checkpoint);
    let slow: Vec<SlowPointRow> = if checkpoint == 1 {
        vec![slow_point(checkpoint)]
    } else {
        Vec::new()
    };
    let landscape = LandscapeRow {
        checkpoint,
        step,
        condition: "rest".into(),
        n_fixed: points.len() as u32,
        n_stable: points.iter().filter(|point| point.n_unstable == 0).count() as u32,
        n_slow: slow.len() as u32,
        n_from_later: 0,
        n_starts: 64,
        index_sum: points.iter().map(|point| i32::from(point.index)).sum(),
        index_expected: Some(1),
        complete: "index_consistent".to_owned(),
        unseen_estimate: 0.0,
        wall_secs: 0.5,
        warning: (checkpoint == 1).then(|| "a warning of the analysis".to_owned()),
    };
    let spectra: Vec<SpectrumRow> = points.iter().flat_map(spectrum).collect();
    let tables = LandscapeTables {
        landscapes: &[landscape],
        fixed_points: &points,
        slow_points: &slow,
        spectra: &spectra,
        history: None,
    };
    writer.write_landscape(checkpoint, step, &tables).unwrap();
}

fn step_of(checkpoint: u32) -> u64 {
    [0, 100, 300][checkpoint as usize]
}

fn step_row(step: u64) -> StepRow {
    StepRow {
        step,
        stage: u32::from(step > 100),
        task: "flip-flop".into(),
        loss: if step == 40 {
            f64::NAN
        } else {
            1.0 / (1.0 + step as f64 / 20.0)
        },
        accuracy: 1.0 - 0.5 * (-(step as f64) / 80.0).exp(),
        grad_norm: 1.0,
        learning_rate: 1e-3,
        weight_norm: 8.0,
        wall_secs: step as f64,
        mean_return: None,
    }
}

/// A grid of −1, 0, 1 along the sides that the landscape has at this checkpoint.
fn fixed_points(checkpoint: u32) -> Vec<FixedPointRow> {
    let sides = SIDES[checkpoint as usize].len() as u32;
    (0..3_u32.pow(sides))
        .map(|number| fixed_point(checkpoint, number, sides))
        .collect()
}

fn fixed_point(checkpoint: u32, number: u32, sides: u32) -> FixedPointRow {
    let at = |side: u32| {
        if side < sides {
            f64::from(number / 3_u32.pow(side) % 3) - 1.0
        } else {
            0.0
        }
    };
    let state = vec![at(0), at(1), 0.1];
    let n_unstable = (0..sides).filter(|&side| at(side) == 0.0).count() as u16;
    let kind = match (n_unstable, number) {
        (0, 2) => PointKind::StableFocus,
        (0, _) => PointKind::StableNode,
        (2, _) => PointKind::Repeller,
        _ => PointKind::Saddle,
    };
    FixedPointRow {
        checkpoint,
        step: step_of(checkpoint),
        condition: "rest".into(),
        point: number,
        kind,
        pc: [state[0], state[1], 0.0],
        readout: state[..2].to_vec(),
        state,
        q: 1e-30,
        radius: None,
        n_unstable,
        multiplier_re: if n_unstable > 0 { 1.25 } else { 0.75 },
        multiplier_im: 0.0,
        index: if n_unstable.is_multiple_of(2) { 1 } else { -1 },
        basin_fraction: None,
        found: Found::Searched,
    }
}

fn slow_point(checkpoint: u32) -> SlowPointRow {
    SlowPointRow {
        checkpoint,
        step: step_of(checkpoint),
        condition: "rest".into(),
        state: vec![0.5, 0.5, 0.1],
        q: 1e-4,
        smallest_singular_value: 1e-7,
        alignment: 1e-9,
        passage_steps: Some(120.0),
        n_unstable: 0,
        multiplier_re: 0.99,
        multiplier_im: 0.0,
        readout: vec![0.5, 0.5],
        pc: [0.5, 0.5, 0.0],
    }
}

fn spectrum(point: &FixedPointRow) -> Vec<SpectrumRow> {
    let values = [
        (point.multiplier_re, 0.0),
        (0.5, 0.5),
        (0.5, -0.5),
        (-7.0, 0.0),
    ];
    let row = |(rank, (re, im))| SpectrumRow {
        checkpoint: point.checkpoint,
        step: point.step,
        condition: point.condition.clone(),
        point: point.point,
        rank: rank as u16,
        re,
        im,
    };
    values.into_iter().enumerate().map(row).collect()
}

/// Two trials along the sides of a square that grows with learning.
fn trials(checkpoint: u32) -> Vec<TrialRow> {
    let size = f64::from(checkpoint) / 2.0;
    let corners = [[-1.0, -1.0], [1.0, -1.0], [1.0, 1.0], [-1.0, 1.0]];
    let places = (0..2).flat_map(|trial| (0..8).map(move |time| (trial, time)));
    let row = |(trial, time): (u32, u32)| {
        let corner = corners[((time / 2 + 2 * trial) % 4) as usize];
        let state = vec![
            2.0_f64.powi(-(trial as i32)) * size * corner[0] * 1.1,
            size * corner[1],
            0.1,
        ];
        TrialRow {
            checkpoint,
            step: step_of(checkpoint),
            trial,
            time,
            input: vec![0.0],
            target: vec![0.0],
            output: vec![0.0],
            pc: [state[0], state[1], 0.0],
            state,
        }
    };
    places.map(row).collect()
}
