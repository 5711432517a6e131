//! A run on disk from outside: what is written comes back, and damage is found and does not spread.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use creode::trace::rows::{
    EvaluationRow, FixedPointRow, Found, Kind, LandscapeRow, SlowPointRow, SpectrumRow, StepRow,
    TrialRow,
};
use creode::trace::{
    CheckpointFile, Ending, EndingReason, Entry, NamedTensor, Run, RunWriter, StepCursor,
    TensorValues, TraceError, run_toml, verify,
};

const CURRICULUM: &str = "seed = 7\n\n[network]\nunits = 2\n";

fn create(dir: &Path) -> RunWriter {
    RunWriter::create(dir, CURRICULUM).unwrap()
}

fn weights(value: f32) -> Vec<u8> {
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

fn step_row(step: u64) -> StepRow {
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
    }
}

fn step_rows(steps: std::ops::RangeInclusive<u64>) -> Vec<StepRow> {
    steps.map(step_row).collect()
}

fn trial_row(checkpoint: u32, step: u64, time: u32) -> TrialRow {
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

fn landscape_row(checkpoint: u32, step: u64, n_fixed: u32, warning: Option<&str>) -> LandscapeRow {
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

fn fixed_point_row(checkpoint: u32, step: u64) -> FixedPointRow {
    FixedPointRow {
        checkpoint,
        step,
        condition: "zero".into(),
        point: 4,
        kind: Kind::StableNode,
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

fn slow_point_row(checkpoint: u32, step: u64) -> SlowPointRow {
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

fn spectrum_rows(checkpoint: u32, step: u64) -> Vec<SpectrumRow> {
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
fn write_training(writer: &RunWriter, checkpoint: u32, steps: &[StepRow]) {
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
            steps,
            &trials,
            &evaluations(checkpoint, step),
        )
        .unwrap();
}

/// No probe at checkpoint 0, two at all others.
fn evaluations(checkpoint: u32, step: u64) -> Vec<EvaluationRow> {
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

#[test]
fn evaluations_come_back_and_a_run_without_probes_has_none() {
    let dir = tempfile::tempdir().unwrap();
    let writer = RunWriter::create(dir.path(), "seed = 1\n").unwrap();
    write_training(&writer, 0, &[]);
    write_training(&writer, 1, &step_rows(1..=10));
    let run = Run::open(dir.path()).unwrap();
    assert_eq!(run.evaluations(0).unwrap(), []);
    assert_eq!(run.evaluations(1).unwrap(), evaluations(1, 10));
    assert!(run.evaluations(2).is_err());
    assert_eq!(verify(dir.path()).unwrap().problems, []);
}

fn write_landscape(writer: &RunWriter, checkpoint: u32) {
    let step = u64::from(checkpoint) * 10;
    let (landscapes, fixed) = (
        [landscape_row(checkpoint, step, 1, None)],
        [fixed_point_row(checkpoint, step)],
    );
    let (slow, spectra) = (
        [slow_point_row(checkpoint, step)],
        spectrum_rows(checkpoint, step),
    );
    writer
        .write_landscape(checkpoint, step, &landscapes, &fixed, &slow, &spectra)
        .unwrap();
}

fn sound_run(dir: &Path) {
    let writer = create(dir);
    for checkpoint in 0..3 {
        let step = u64::from(checkpoint) * 10;
        write_training(
            &writer,
            checkpoint,
            &step_rows(step.saturating_sub(9)..=step)[usize::from(step == 0)..],
        );
        write_landscape(&writer, checkpoint);
    }
}

fn problems(dir: &Path) -> Vec<String> {
    let problems = verify(dir).unwrap().problems;
    problems
        .into_iter()
        .map(|problem| format!("{}: {}", problem.path.display(), problem.what))
        .collect()
}

#[test]
fn everything_written_comes_back() {
    let dir = tempfile::tempdir().unwrap();
    let about = toml::Table::from_iter([("host".to_owned(), toml::Value::from("somewhere"))]);
    let writer = RunWriter::create(dir.path(), &run_toml(CURRICULUM, &about)).unwrap();
    write_training(&writer, 0, &[]);
    write_landscape(&writer, 0);
    write_training(&writer, 1, &step_rows(1..=10));
    let warned = [landscape_row(1, 10, 0, Some("no fixed point found"))];
    writer
        .write_landscape(1, 10, &warned, &[], &[], &[])
        .unwrap();
    write_training(&writer, 2, &step_rows(11..=20));
    writer
        .write_pause(25, &weights(25.0), &step_rows(21..=25))
        .unwrap();
    writer.log("paused").unwrap();

    let run = Run::open(dir.path()).unwrap();
    let entry = |checkpoint, complete| Entry {
        checkpoint,
        step: u64::from(checkpoint) * 10,
        complete,
    };
    assert_eq!(
        run.entries(),
        [entry(0, true), entry(1, true), entry(2, false)]
    );
    assert_eq!(run.steps().unwrap(), step_rows(1..=25));
    assert_eq!(run.landscapes(0).unwrap(), [landscape_row(0, 0, 1, None)]);
    assert_eq!(run.fixed_points(0).unwrap(), [fixed_point_row(0, 0)]);
    assert_eq!(run.slow_points(0).unwrap(), [slow_point_row(0, 0)]);
    assert_eq!(run.spectra(0).unwrap(), spectrum_rows(0, 0));
    assert_eq!(
        run.trials(2).unwrap(),
        [trial_row(2, 20, 0), trial_row(2, 20, 1)]
    );
    assert_eq!(run.landscapes(1).unwrap(), warned);
    assert!(run.fixed_points(1).unwrap().is_empty() && run.spectra(1).unwrap().is_empty());
    assert_eq!(run.weights(1).unwrap().bytes, weights(1.0));
    let pause = run.pause().unwrap();
    assert_eq!(
        (pause.step, run.pause_weights(pause).unwrap().bytes),
        (25, weights(25.0))
    );
    let config: toml::Table = run.config_text().parse().unwrap();
    assert_eq!(config["run"]["host"].as_str(), Some("somewhere"));
    assert_eq!(config["network"]["units"].as_integer(), Some(2));
    assert_eq!(
        fs::read_to_string(dir.path().join("log.txt")).unwrap(),
        "paused\n"
    );

    assert!(matches!(
        run.landscapes(2),
        Err(TraceError::NotAnalysed {
            checkpoint: 2,
            step: 20,
            ..
        })
    ));
    assert!(matches!(
        run.weights(7),
        Err(TraceError::NoCheckpoint {
            checkpoint: 7,
            count: 3,
            ..
        })
    ));
    let report = verify(dir.path()).unwrap();
    assert_eq!(report.problems, []);
    assert_eq!(
        (report.files, report.checkpoints, report.without_landscape),
        (21, 3, 1)
    );
    assert_eq!(report.rows, 25 + 2 * 3 + 2 + 1 + 1 + 2 + 2 * 2);
}

/// The rows that a follower has not read yet.
fn new_steps(run: &Run, cursor: &mut StepCursor) -> Vec<StepRow> {
    std::iter::from_fn(|| run.next_steps(cursor))
        .flat_map(Result::unwrap)
        .collect()
}

#[test]
fn a_follower_sees_checkpoints_steps_pauses_and_the_end_as_they_come() {
    let dir = tempfile::tempdir().unwrap();
    let writer = create(dir.path());
    let mut run = Run::open(dir.path()).unwrap();
    let mut cursor = StepCursor::default();
    assert!(run.entries().is_empty() && !run.refresh().unwrap());

    write_training(&writer, 0, &[]);
    write_training(&writer, 1, &step_rows(1..=10));
    assert!(run.refresh().unwrap());
    assert_eq!(new_steps(&run, &mut cursor), step_rows(1..=10));
    assert!(!run.entries()[0].complete);
    write_landscape(&writer, 0);
    writer
        .write_pause(12, &weights(12.0), &step_rows(11..=12))
        .unwrap();
    assert!(run.refresh().unwrap());
    assert!(run.entries()[0].complete && !run.entries()[1].complete);
    assert_eq!(run.pause().unwrap().step, 12);

    write_training(&writer, 2, &step_rows(13..=20));
    let ending = Ending {
        reason: EndingReason::Finished,
        step: 20,
        message: "done".into(),
    };
    writer.write_ending(ending.clone()).unwrap();
    assert!(run.refresh().unwrap());
    assert_eq!(new_steps(&run, &mut cursor), step_rows(11..=20));
    assert_eq!(new_steps(&run, &mut cursor), []);
    assert_eq!(run.steps().unwrap(), step_rows(1..=20));
    assert_eq!((run.pause(), run.ending()), (None, Some(&ending)));
}

#[test]
fn training_and_analysis_write_from_two_threads() {
    let dir = tempfile::tempdir().unwrap();
    let writer = create(dir.path());
    std::thread::scope(|threads| {
        threads.spawn(|| (0..20).for_each(|checkpoint| write_training(&writer, checkpoint, &[])));
        threads.spawn(|| (0..20).for_each(|checkpoint| write_landscape(&writer, checkpoint)));
    });
    let run = Run::open(dir.path()).unwrap();
    assert_eq!(run.entries().len(), 20);
    assert!(run.entries().iter().all(|entry| entry.complete));
    assert_eq!(problems(dir.path()), [""; 0]);
}

#[test]
fn the_same_rows_give_the_same_bytes() {
    let (first, second) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    sound_run(first.path());
    sound_run(second.path());
    for path in [
        "checkpoints/00000020.safetensors",
        "fixed_points/00000020.parquet",
        "steps/00000010.parquet",
    ] {
        assert_eq!(
            fs::read(first.path().join(path)).unwrap(),
            fs::read(second.path().join(path)).unwrap(),
            "{path}"
        );
    }
}

#[test]
fn a_run_is_neither_overwritten_nor_written_twice_at_a_time() {
    let dir = tempfile::tempdir().unwrap();
    let writer = create(dir.path());
    let message = RunWriter::create(dir.path(), CURRICULUM)
        .unwrap_err()
        .to_string();
    assert!(
        message.contains("--run NAME") && message.contains("--resume"),
        "{message}"
    );
    assert!(matches!(
        RunWriter::resume(dir.path()),
        Err(TraceError::Busy { .. })
    ));

    write_training(&writer, 0, &[]);
    let again = writer.write_checkpoint(0, 0, &weights(5.0), &[], &[], &[]);
    assert!(
        matches!(again, Err(TraceError::AlreadyWritten { .. })),
        "{again:?}"
    );
    writer.write_pause(0, &weights(5.0), &[]).unwrap();
    drop(writer);
    let run = Run::open(dir.path()).unwrap();
    assert_eq!(
        (run.weights(0).unwrap().bytes, run.pause()),
        (weights(0.0), None)
    );

    let nowhere = dir.path().join("nowhere");
    assert!(matches!(
        Run::open(&nowhere),
        Err(TraceError::NotARun { .. })
    ));
    assert!(matches!(
        RunWriter::resume(&nowhere),
        Err(TraceError::NotARun { .. })
    ));
    assert!(matches!(
        RunWriter::create(&nowhere, "seed ="),
        Err(TraceError::RunToml { .. })
    ));
    assert!(!nowhere.exists());
}

#[test]
fn a_truncated_table_is_named_and_the_other_checkpoints_are_still_read() {
    let dir = tempfile::tempdir().unwrap();
    sound_run(dir.path());
    let path = dir.path().join("fixed_points/00000010.parquet");
    let bytes = fs::read(&path).unwrap();
    fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();

    let run = Run::open(dir.path()).unwrap();
    let message = run.fixed_points(1).unwrap_err().to_string();
    assert!(
        message.contains("fixed_points/00000010.parquet") && message.contains("were written"),
        "{message}"
    );
    assert_eq!(run.fixed_points(2).unwrap(), [fixed_point_row(2, 20)]);
    assert_eq!(run.spectra(1).unwrap(), spectrum_rows(1, 10));
    let found = problems(dir.path());
    assert!(
        found.len() == 1 && found[0].contains("00000010.parquet"),
        "{found:?}"
    );
}

#[test]
fn verify_finds_a_flipped_byte_a_missing_file_and_bad_toml_each() {
    let dir = tempfile::tempdir().unwrap();
    sound_run(dir.path());
    assert_eq!(problems(dir.path()), [""; 0]);
    for path in [
        "checkpoints/00000000.safetensors",
        "steps/00000010.parquet",
        "trials/00000020.parquet",
    ] {
        let path = dir.path().join(path);
        let sound = fs::read(&path).unwrap();
        for at in [0, sound.len() / 2, sound.len() - 1] {
            let mut flipped = sound.clone();
            flipped[at] ^= 0x10;
            fs::write(&path, flipped).unwrap();
            let found = problems(dir.path());
            assert!(
                found.len() == 1 && found[0].contains("SHA-256"),
                "byte {at}: {found:?}"
            );
        }
        fs::write(&path, sound).unwrap();
    }
    fs::remove_file(dir.path().join("slow_points/00000020.parquet")).unwrap();
    fs::write(dir.path().join("run.toml"), "seed =").unwrap();
    let found = problems(dir.path());
    assert!(
        found.len() == 2 && found[0].contains("TOML") && found[1].contains("missing"),
        "{found:?}"
    );
}

#[test]
fn verify_finds_weights_that_are_not_finite_and_gaps_in_the_numbering() {
    let dir = tempfile::tempdir().unwrap();
    let writer = create(dir.path());
    write_training(&writer, 0, &[]);
    writer
        .write_checkpoint(2, 20, &weights(f32::NAN), &[], &[], &[])
        .unwrap();
    let found = problems(dir.path());
    assert!(
        found.len() == 2 && found[0].contains("`weight`") && found[0].contains("NaN"),
        "{found:?}"
    );
    assert!(found[1].contains("checkpoint 1 is missing"), "{found:?}");
}

#[test]
fn what_a_kill_leaves_is_ignored_by_readers_and_removed_on_resume() {
    let dir = tempfile::tempdir().unwrap();
    sound_run(dir.path());
    let manifest_path = dir.path().join("manifest.jsonl");
    let whole = fs::read(&manifest_path).unwrap();
    fs::write(
        &manifest_path,
        [&whole[..], b"{\"event\":\"checkpoint\",\"sch"].concat(),
    )
    .unwrap();
    let leftovers = [
        "checkpoints/00000030.safetensors",
        "steps/00000030.parquet.tmp",
        "trials/00000025.pause.parquet",
    ];
    for path in leftovers {
        fs::write(dir.path().join(path), "half").unwrap();
    }
    let note = dir.path().join("checkpoints/note.txt");
    fs::write(&note, "of the user").unwrap();
    assert_eq!(Run::open(dir.path()).unwrap().entries().len(), 3);
    assert_eq!(problems(dir.path()), [""; 0]);

    let writer = RunWriter::resume(dir.path()).unwrap();
    assert_eq!(fs::read(&manifest_path).unwrap(), whole);
    assert!(leftovers.iter().all(|path| !dir.path().join(path).exists()) && note.exists());
    write_training(&writer, 3, &step_rows(21..=30));
    let run = Run::open(dir.path()).unwrap();
    assert_eq!(run.entries().len(), 4);
    assert_eq!(run.steps().unwrap(), step_rows(1..=30));
    assert_eq!(problems(dir.path()), [""; 0]);
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_stops_the_write_and_loses_nothing() {
    let dir = tempfile::tempdir().unwrap();
    sound_run(dir.path());
    let writer = RunWriter::resume(dir.path()).unwrap();
    let tmp_path = dir.path().join("trials/00000030.parquet.tmp");
    std::os::unix::fs::symlink("/dev/full", &tmp_path).unwrap();
    let error = writer
        .write_checkpoint(3, 30, &weights(3.0), &step_rows(21..=30), &[], &[])
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("trials/00000030.parquet") && error.contains("free some space"),
        "{error}"
    );

    let run = Run::open(dir.path()).unwrap();
    assert_eq!(
        (run.entries().len(), run.steps().unwrap()),
        (3, step_rows(1..=20))
    );
    assert_eq!(problems(dir.path()), [""; 0]);
    write_training(&writer, 3, &step_rows(21..=30));
    assert_eq!(
        Run::open(dir.path()).unwrap().steps().unwrap(),
        step_rows(1..=30)
    );
}
