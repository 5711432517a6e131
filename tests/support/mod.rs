//! Rows and runs for tests of runs on disk.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use creode::curriculum::Curriculum;
use creode::lab::{self, Summary, TrainingEvent};
use creode::nouns::{Found, PointKind};
use creode::tensors::{NamedTensor, TensorValues};
use creode::trace::rows::{
    BranchRow, EvaluationRow, EventRow, FixedPointRow, LandscapeRow, Matched, SlowPointRow,
    SpectrumRow, Status, StepRow, TrialRow,
};
use creode::trace::{CheckpointFile, CheckpointTables, LandscapeTables, RunWriter, digest, verify};

pub fn weights(value: f32) -> Vec<u8> {
    let tensor = NamedTensor {
        name: "weight".into(),
        shape: vec![2],
        values: TensorValues::F32(vec![value, 1.0]),
    };
    CheckpointFile {
        tensors: vec![tensor],
        metadata: BTreeMap::new(),
    }
    .to_bytes()
    .unwrap()
}

pub fn step_row(step: u64) -> StepRow {
    StepRow {
        step,
        stage: 0,
        task: "flip_flop".into(),
        loss: 1.0 / step as f64,
        accuracy: 0.5,
        grad_norm: 2.0,
        learning_rate: 1e-3,
        weight_norm: 9.0,
        wall_secs: 0.25,
        mean_return: None,
    }
}

pub fn step_rows(steps: std::ops::RangeInclusive<u64>) -> Vec<StepRow> {
    steps.map(step_row).collect()
}

pub fn trial_row(checkpoint: u32, step: u64, time: u32) -> TrialRow {
    let channels = vec![f64::from(time), 1.0];
    TrialRow {
        checkpoint,
        step,
        trial: 0,
        time,
        input: channels.clone(),
        target: vec![1.0],
        output: vec![0.5],
        state: channels,
        pc: [1.0, 2.0, 3.0],
    }
}

pub fn landscape_row(
    checkpoint: u32,
    step: u64,
    n_fixed: u32,
    warning: Option<&str>,
) -> LandscapeRow {
    LandscapeRow {
        checkpoint,
        step,
        condition: "zero".into(),
        n_fixed,
        n_stable: n_fixed,
        n_slow: n_fixed,
        n_from_later: 0,
        n_starts: 64,
        index_sum: n_fixed as i32,
        index_expected: warning.is_none().then_some(1),
        complete: "index_consistent".to_owned(),
        unseen_estimate: 0.5,
        wall_secs: 0.125,
        warning: warning.map(str::to_owned),
    }
}

pub fn fixed_point_row(checkpoint: u32, step: u64) -> FixedPointRow {
    FixedPointRow {
        checkpoint,
        step,
        condition: "zero".into(),
        point: 4,
        kind: PointKind::StableNode,
        state: vec![0.1, -0.2],
        q: 1e-30,
        radius: Some(1e-12),
        n_unstable: 0,
        multiplier_re: 0.9,
        multiplier_im: 0.0,
        index: 1,
        readout: vec![0.3],
        basin_fraction: None,
        found: Found::Searched,
        pc: [0.5, 0.25, 0.125],
    }
}

pub fn slow_point_row(checkpoint: u32, step: u64) -> SlowPointRow {
    SlowPointRow {
        checkpoint,
        step,
        condition: "zero".into(),
        state: vec![0.4, 0.5],
        q: 1e-5,
        smallest_singular_value: 1e-7,
        alignment: 1e-9,
        passage_steps: Some(120.0),
        n_unstable: 1,
        multiplier_re: 1.01,
        multiplier_im: 0.02,
        readout: vec![-0.3],
        pc: [0.0, -1.0, 1.0],
    }
}

pub fn spectrum_rows(checkpoint: u32, step: u64) -> Vec<SpectrumRow> {
    let row = |rank| SpectrumRow {
        checkpoint,
        step,
        condition: "zero".into(),
        point: 4,
        rank,
        re: 0.9 / f64::from(rank + 1),
        im: 0.0,
    };
    vec![row(0), row(1)]
}

/// Checkpoint `n` at step 10 n, with one fixed point and one slow point.
pub fn write_steps(writer: &RunWriter, checkpoint: u32, steps: &[StepRow]) {
    let step = u64::from(checkpoint) * 10;
    let trials = [
        trial_row(checkpoint, step, 0),
        trial_row(checkpoint, step, 1),
    ];
    writer
        .write_checkpoint(
            checkpoint,
            step,
            &weights(checkpoint as f32),
            &CheckpointTables {
                steps,
                trials: &trials,
                evaluations: &evaluations(checkpoint, step),
                ..CheckpointTables::default()
            },
        )
        .unwrap();
}

/// No probe at checkpoint 0, two at all others.
pub fn evaluations(checkpoint: u32, step: u64) -> Vec<EvaluationRow> {
    let row = |probe: &str| EvaluationRow {
        checkpoint,
        step,
        probe: probe.to_owned(),
        loss: 0.25,
        accuracy: 0.75,
    };
    let rows = ["long delays", "loud pulses"].map(row);
    rows.into_iter().filter(|_| checkpoint > 0).collect()
}

pub fn write_landscape(writer: &RunWriter, checkpoint: u32) {
    let step = u64::from(checkpoint) * 10;
    let tables = LandscapeTables {
        landscapes: &[landscape_row(checkpoint, step, 1, None)],
        fixed_points: &[fixed_point_row(checkpoint, step)],
        slow_points: &[slow_point_row(checkpoint, step)],
        spectra: &spectrum_rows(checkpoint, step),
        history: None,
    };
    writer.write_landscape(checkpoint, step, &tables).unwrap();
}

pub fn problems(dir: &Path) -> Vec<String> {
    let problems = verify(dir).unwrap().problems;
    problems
        .into_iter()
        .map(|problem| format!("{}: {}", problem.path.display(), problem.what))
        .collect()
}

/// A bifurcation between two steps.
pub fn event_row(from_step: u64, to_step: u64) -> EventRow {
    EventRow {
        condition: "zero".into(),
        from_step,
        to_step,
        position: 0.25,
        kind: "LP".into(),
        status: Status::Located,
        multiplier_re: 1.0,
        multiplier_im: 0.0,
        coefficient: Some(-0.5),
        criticality: None,
        pair_change: 1,
        branches: vec![0, 1],
        state: vec![0.5, -0.5],
        loss: Some(0.1),
        grad_norm: None,
        born: None,
        hint: None,
    }
}

/// The fixed point of a checkpoint on its branch.
pub fn branch_row(checkpoint: u32, step: u64) -> BranchRow {
    BranchRow {
        condition: "zero".into(),
        branch: 0,
        checkpoint,
        step,
        point: Some(4),
        matched: Matched::Continuation,
        born_with: None,
        dies_with: None,
        index: 1,
        n_unstable: 0,
        state: vec![0.1, -0.2],
    }
}

/// Checkpoint `n` at step 10 n with the training steps before it, and its landscape with a history.
pub fn write(writer: &RunWriter, checkpoint: u32) {
    write_training(writer, checkpoint);
    let step = u64::from(checkpoint) * 10;
    let landscapes = [landscape_row(checkpoint, step, 1, None)];
    let (fixed, slow) = (
        [fixed_point_row(checkpoint, step)],
        [slow_point_row(checkpoint, step)],
    );
    let spectra = spectrum_rows(checkpoint, step);
    let events: Vec<EventRow> = step
        .checked_sub(10)
        .map(|from| event_row(from, step))
        .into_iter()
        .collect();
    let tables = LandscapeTables {
        landscapes: &landscapes,
        fixed_points: &fixed,
        slow_points: &slow,
        spectra: &spectra,
        history: Some((&events, &[branch_row(checkpoint, step)])),
    };
    writer.write_landscape(checkpoint, step, &tables).unwrap();
}

/// The training side of a checkpoint.
pub fn write_training(writer: &RunWriter, checkpoint: u32) {
    let step = u64::from(checkpoint) * 10;
    let steps = step_rows(step.saturating_sub(9)..=step);
    write_steps(writer, checkpoint, &steps[usize::from(step == 0)..]);
}

/// A run of so many checkpoints, with its writer.
pub fn grown(dir: &Path, checkpoints: u32) -> RunWriter {
    let writer = RunWriter::create(dir, "seed = 7\n\n[network]\nunits = 2\n").unwrap();
    writer.log("begun").unwrap();
    (0..checkpoints).for_each(|checkpoint| write(&writer, checkpoint));
    writer
}

/// A manifest with the seals of its lines made anew, as somebody would who knows how that is done.
pub fn reseal(manifest: &str) -> String {
    let (mut last, mut sealed) = (String::new(), String::new());
    for line in manifest.lines() {
        let (open, _) = line.rsplit_once(",\"seal\":\"").unwrap();
        last = digest(format!("{last}{open}").as_bytes());
        sealed.extend([open, ",\"seal\":\"", &last, "\"}\n"]);
    }
    sealed
}

/// Copies a folder with all that is in it.
pub fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().flatten() {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// Trains until the end, or until `stop_after` steps of this session.
pub fn train(curriculum: &Curriculum, dir: &Path, stop_after: Option<u64>) -> Summary {
    let writer = if dir.join("run.toml").exists() {
        RunWriter::resume(dir).unwrap()
    } else {
        RunWriter::create(dir, &curriculum.to_toml()).unwrap()
    };
    let (stop, steps) = (AtomicBool::new(false), AtomicU64::new(0));
    let observer = |event: &TrainingEvent| {
        if matches!(event, TrainingEvent::Step { .. })
            && Some(steps.fetch_add(1, Ordering::SeqCst) + 1) == stop_after
        {
            stop.store(true, Ordering::SeqCst);
        }
    };
    lab::train(curriculum, &writer, &stop, &observer).unwrap()
}

/// Trains a curriculum, and leaves beside the run another one as a kill just before its ending would have: its files are
/// not merged.
pub fn train_and_kill(curriculum: &Curriculum, dir: &Path, killed: &Path) -> Summary {
    let writer = RunWriter::create(dir, &curriculum.to_toml()).unwrap();
    let last_step = curriculum.total_steps();
    let observer = |event: &TrainingEvent| {
        if matches!(event, TrainingEvent::Landscape { rows, .. } if rows[0].step == last_step) {
            copy(dir, killed);
        }
    };
    lab::train(curriculum, &writer, &AtomicBool::new(false), &observer).unwrap()
}

/// Keeps some lines of a run's manifest, each given as JSON, as if it had been killed before it wrote the others.
pub fn keep_lines(dir: &Path, keeps: impl Fn(&serde_json::Value) -> bool) {
    let path = dir.join("manifest.jsonl");
    let text = std::fs::read_to_string(&path).unwrap();
    let kept = text
        .lines()
        .filter(|line| keeps(&serde_json::from_str(line).unwrap()));
    let kept: Vec<&str> = kept.collect();
    std::fs::write(path, reseal(&kept.join("\n"))).unwrap();
}
