//! A run on disk from outside: what is written comes back, and damage is found and does not spread.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::Path;

use crate::support::{
    evaluations, fixed_point_row, landscape_row, problems, slow_point_row, spectrum_rows,
    step_rows, trial_row, weights, write_landscape, write_steps,
};
use creode::trace::rows::StepRow;
use creode::trace::{
    CheckpointTables, Ending, EndingReason, Entry, LandscapeTables, Run, RunWriter, StepCursor,
    TraceError, run_toml, verify,
};

const CURRICULUM: &str = "seed = 7\n\n[network]\nunits = 2\n";

fn create(dir: &Path) -> RunWriter {
    RunWriter::create(dir, CURRICULUM).unwrap()
}

#[test]
fn evaluations_come_back_and_a_run_without_probes_has_none() {
    let dir = tempfile::tempdir().unwrap();
    let writer = RunWriter::create(dir.path(), "seed = 1\n").unwrap();
    write_steps(&writer, 0, &[]);
    write_steps(&writer, 1, &step_rows(1..=10));
    let run = Run::open(dir.path()).unwrap();
    assert_eq!(run.evaluations(0).unwrap(), []);
    assert_eq!(run.evaluations(1).unwrap(), evaluations(1, 10));
    assert!(run.evaluations(2).is_err());
    assert_eq!(verify(dir.path()).unwrap().problems, []);
}

fn sound_run(dir: &Path) {
    let writer = create(dir);
    for checkpoint in 0..3 {
        let step = u64::from(checkpoint) * 10;
        write_steps(
            &writer,
            checkpoint,
            &step_rows(step.saturating_sub(9)..=step)[usize::from(step == 0)..],
        );
        write_landscape(&writer, checkpoint);
    }
}

#[test]
fn everything_written_comes_back() {
    let dir = tempfile::tempdir().unwrap();
    let about = toml::Table::from_iter([("host".to_owned(), toml::Value::from("somewhere"))]);
    let writer = RunWriter::create(dir.path(), &run_toml(CURRICULUM, &about)).unwrap();
    write_steps(&writer, 0, &[]);
    write_landscape(&writer, 0);
    write_steps(&writer, 1, &step_rows(1..=10));
    let warned = LandscapeTables {
        landscapes: &[landscape_row(1, 10, 0, Some("no fixed point found"))],
        ..LandscapeTables::default()
    };
    writer.write_landscape(1, 10, &warned).unwrap();
    write_steps(&writer, 2, &step_rows(11..=20));
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
    assert_eq!(run.landscapes(1).unwrap(), warned.landscapes);
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
        (22, 3, 1)
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

    write_steps(&writer, 0, &[]);
    write_steps(&writer, 1, &step_rows(1..=10));
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

    write_steps(&writer, 2, &step_rows(13..=20));
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
        threads.spawn(|| (0..20).for_each(|checkpoint| write_steps(&writer, checkpoint, &[])));
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
    let busy = RunWriter::resume(dir.path()).unwrap_err();
    assert!(matches!(busy, TraceError::Busy { .. }), "{busy}");
    assert!(busy.to_string().contains("process"), "{busy}");

    write_steps(&writer, 0, &[]);
    let again = writer.write_checkpoint(0, 0, &weights(5.0), &CheckpointTables::default());
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
fn verify_finds_a_flipped_byte_a_missing_file_and_another_run_toml_each() {
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
    let found = problems(dir.path());
    assert!(
        found.len() == 1 && found[0].contains("missing"),
        "{found:?}"
    );
    for text in ["seed =", "seed = 8\n\n[network]\nunits = 2\n"] {
        fs::write(dir.path().join("run.toml"), text).unwrap();
        let error = verify(dir.path()).unwrap_err().to_string();
        assert!(
            error.contains("run.toml")
                && error.contains("not what manifest.jsonl says was written"),
            "{error}"
        );
    }
}

#[test]
fn verify_finds_weights_that_are_not_finite_and_gaps_in_the_numbering() {
    let dir = tempfile::tempdir().unwrap();
    let writer = create(dir.path());
    write_steps(&writer, 0, &[]);
    writer
        .write_checkpoint(2, 20, &weights(f32::NAN), &CheckpointTables::default())
        .unwrap();
    let found = problems(dir.path());
    assert!(
        found.len() == 2 && found[0].contains("`weight`") && found[0].contains("NaN"),
        "{found:?}"
    );
    assert!(found[1].contains("checkpoint 1 is missing"), "{found:?}");
}

#[test]
fn what_a_kill_leaves_is_ignored_by_readers_named_by_verify_and_moved_aside_on_resume() {
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
        "steps/.00000030.parquet.77-1.tmp",
        "trials/00000025.pause.parquet",
    ];
    for path in leftovers {
        fs::write(dir.path().join(path), "half").unwrap();
    }
    let note = dir.path().join("checkpoints/note.txt");
    fs::write(&note, "of the user").unwrap();
    let run = Run::open(dir.path()).unwrap();
    assert_eq!(run.entries().len(), 3);
    assert_eq!(run.remarks().len(), 2, "{:?}", run.remarks());
    let report = verify(dir.path()).unwrap();
    assert_eq!(report.problems, []);
    for path in leftovers
        .iter()
        .chain(["checkpoints/note.txt", "manifest.jsonl"].iter())
    {
        let path = dir.path().join(path);
        assert!(
            report.notes.iter().any(|note| note.path == path),
            "{path:?}"
        );
    }

    let writer = RunWriter::resume(dir.path()).unwrap();
    assert_eq!(fs::read(&manifest_path).unwrap(), whole);
    assert!(leftovers.iter().all(|path| !dir.path().join(path).exists()) && note.exists());
    let kept = fs::read_dir(dir.path().join("leftovers")).unwrap().count();
    assert_eq!(kept, 4, "three files and half a line");
    write_steps(&writer, 3, &step_rows(21..=30));
    let run = Run::open(dir.path()).unwrap();
    assert_eq!(run.entries().len(), 4);
    assert_eq!(run.steps().unwrap(), step_rows(1..=30));
    assert_eq!(problems(dir.path()), [""; 0]);
}

#[cfg(unix)]
#[test]
fn a_write_that_fails_loses_nothing_and_planted_links_are_not_written_through() {
    use std::os::unix::fs::symlink;
    let (dir, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    sound_run(dir.path());
    let victim = elsewhere.path().join("victim");
    fs::write(&victim, "untouched").unwrap();
    let trials = dir.path().join("trials");
    let aside = elsewhere.path().join("trials");
    fs::rename(&trials, &aside).unwrap();
    symlink(&aside, &trials).unwrap();
    let error = RunWriter::resume(dir.path()).unwrap_err().to_string();
    assert!(
        error.contains("trials") && error.contains("symbolic link"),
        "{error}"
    );
    fs::remove_file(&trials).unwrap();
    fs::rename(&aside, &trials).unwrap();

    let log = dir.path().join("log.txt");
    fs::remove_file(&log).unwrap();
    symlink(&victim, &log).unwrap();
    let error = RunWriter::resume(dir.path()).unwrap_err().to_string();
    assert!(
        error.contains("log.txt") && error.contains("symbolic link"),
        "{error}"
    );
    fs::remove_file(&log).unwrap();
    symlink(&victim, dir.path().join("run.toml.tmp")).unwrap();
    symlink(&victim, dir.path().join("trials/00000030.parquet.tmp")).unwrap();

    let writer = RunWriter::resume(dir.path()).unwrap();
    fs::rename(&trials, &aside).unwrap();
    let error = writer
        .write_checkpoint(
            3,
            30,
            &weights(3.0),
            &CheckpointTables {
                steps: &step_rows(21..=30),
                ..CheckpointTables::default()
            },
        )
        .unwrap_err()
        .to_string();
    assert!(error.contains("trials/00000030.parquet"), "{error}");
    fs::rename(&aside, &trials).unwrap();
    assert_eq!(Run::open(dir.path()).unwrap().entries().len(), 3);
    write_steps(&writer, 3, &step_rows(21..=30));
    assert_eq!(
        Run::open(dir.path()).unwrap().steps().unwrap(),
        step_rows(1..=30)
    );
    assert_eq!(problems(dir.path()), [""; 0]);
    assert_eq!(fs::read_to_string(&victim).unwrap(), "untouched");
}
