//! Merging the files of a run: nothing is lost, whatever happens on the way, and everything reads both forms.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::Path;

use crate::support::{
    branch_row, copy, event_row, grown, problems, step_row, step_rows, weights, write,
};
use creode::trace::{
    CheckpointTables, Ending, EndingReason, Run, RunWriter, StepCursor, verify, write_history,
};

/// All that the tables of a run say, in words.
fn told(dir: &Path) -> String {
    let run = Run::open(dir).unwrap();
    let mut told = vec![
        format!("{:?}", run.steps().unwrap()),
        format!("{:?}", run.events().unwrap()),
    ];
    for entry in run.entries() {
        let number = entry.checkpoint;
        told.push(format!("{entry:?} {:?}", run.weights(number).unwrap()));
        told.push(format!("{:?}", run.landscapes(number).unwrap()));
        told.push(format!("{:?}", run.fixed_points(number).unwrap()));
        told.push(format!("{:?}", run.slow_points(number).unwrap()));
        told.push(format!("{:?}", run.spectra(number).unwrap()));
        told.push(format!("{:?}", run.trials(number).unwrap()));
        told.push(format!("{:?}", run.evaluations(number).unwrap()));
        told.push(format!("{:?}", run.events_at(number).unwrap()));
        told.push(format!("{:?}", run.branches_at(number).unwrap()));
        let points = run.glance_at_points(number, |point| told.push(format!("{point:?}")));
        points.unwrap();
        let spectra = run.glance_at_spectra(number, |value| told.push(format!("{value:?}")));
        spectra.unwrap();
    }
    told.join("\n")
}

/// Parquet files of a table.
fn table_files(dir: &Path, table: &str) -> Vec<String> {
    let entries = fs::read_dir(dir.join(table)).unwrap().flatten();
    let mut names: Vec<String> = entries
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn a_merged_run_says_what_it_said_before_and_has_one_file_a_table() {
    let dir = tempfile::tempdir().unwrap();
    // More rows than a row group closes with, and a last step with NaN in it.
    let writer = grown(dir.path(), 60);
    let mut last = step_row(591);
    last.loss = f64::NAN;
    writer.write_pause(591, &weights(5.0), &[last]).unwrap();
    write_history(dir.path(), &[event_row(580, 590)], &[branch_row(59, 590)]).unwrap();
    let before = told(dir.path());
    let rows = verify(dir.path()).unwrap().rows;
    let compacted = writer.compact().unwrap();
    assert_eq!(compacted.tables, 9);
    assert!(
        compacted.bytes_after * 4 < compacted.bytes_before,
        "{compacted:?}"
    );
    assert_eq!(told(dir.path()), before);
    let report = verify(dir.path()).unwrap();
    assert_eq!(
        (report.problems.len(), report.notes.len(), report.rows),
        (0, 0, rows)
    );
    assert_eq!(
        table_files(dir.path(), "steps"),
        ["00000000-00000591.parquet"]
    );
    assert_eq!(
        table_files(dir.path(), "spectra"),
        ["00000000-00000590.parquet"]
    );
    assert_eq!(table_files(dir.path(), "checkpoints").len(), 61);
    assert_eq!(
        writer.compact().unwrap().tables,
        0,
        "there is nothing left to merge"
    );
}

#[test]
fn a_run_goes_on_after_it_was_merged_and_is_merged_again() {
    let (merged, plain) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let writer = grown(merged.path(), 5);
    writer.compact().unwrap();
    (5..8).for_each(|checkpoint| write(&writer, checkpoint));
    drop(writer);
    let writer = RunWriter::resume(merged.path()).unwrap();
    (8..10).for_each(|checkpoint| write(&writer, checkpoint));
    grown(plain.path(), 10);
    let same = |dir: &Path| told(dir).replace(&dir.display().to_string(), "");
    assert_eq!(same(merged.path()), same(plain.path()));
    assert_eq!(problems(merged.path()), [""; 0]);
    assert_eq!(table_files(merged.path(), "trials").len(), 6);
    writer.compact().unwrap();
    assert_eq!(same(merged.path()), same(plain.path()));
    assert_eq!(
        table_files(merged.path(), "trials"),
        ["00000000-00000090.parquet"]
    );
    assert!(!merged.path().join("leftovers").exists());
    // A checkpoint at the step of a pause: the merged file must not take the name of the one that the manifest still names.
    writer
        .write_pause(95, &weights(9.5), &step_rows(91..=95))
        .unwrap();
    writer.compact().unwrap();
    writer
        .write_checkpoint(10, 95, &weights(9.5), &CheckpointTables::default())
        .unwrap();
    writer.compact().unwrap();
    assert_eq!(problems(merged.path()), [""; 0]);
    assert_eq!(
        Run::open(merged.path()).unwrap().steps().unwrap(),
        step_rows(1..=95)
    );
}

#[test]
fn a_kill_at_any_instant_of_a_compaction_leaves_one_form_or_the_other() {
    let dir = tempfile::tempdir().unwrap();
    drop(grown(dir.path(), 4));
    let small = tempfile::tempdir().unwrap();
    copy(dir.path(), small.path());
    RunWriter::resume(dir.path()).unwrap().compact().unwrap();
    let expected = told(dir.path()).replace(&dir.path().display().to_string(), "");
    let manifest = fs::read(dir.path().join("manifest.jsonl")).unwrap();
    let is_as_expected = |dir: &Path| {
        assert_eq!(problems(dir), [""; 0]);
        assert_eq!(told(dir).replace(&dir.display().to_string(), ""), expected);
    };
    // Before the line: the new files are there and nobody names them.
    let before = tempfile::tempdir().unwrap();
    copy(dir.path(), before.path());
    copy(small.path(), before.path());
    is_as_expected(before.path());
    drop(RunWriter::resume(before.path()).unwrap());
    is_as_expected(before.path());
    assert_eq!(table_files(before.path(), "steps").len(), 4);
    // After the line: all, some or none of the small files are still there.
    for removed in 0..4 {
        let after = tempfile::tempdir().unwrap();
        copy(dir.path(), after.path());
        copy(small.path(), after.path());
        fs::write(after.path().join("manifest.jsonl"), &manifest).unwrap();
        for table in ["steps", "landscapes", "trials"] {
            for name in table_files(small.path(), table).iter().take(removed) {
                fs::remove_file(after.path().join(table).join(name)).unwrap();
            }
        }
        is_as_expected(after.path());
        drop(RunWriter::resume(after.path()).unwrap());
        is_as_expected(after.path());
        assert_eq!(table_files(after.path(), "steps").len(), 1);
        assert!(
            !after.path().join("leftovers").exists(),
            "what is merged is no leftover"
        );
    }
}

#[test]
fn small_files_stay_while_the_merged_one_is_broken() {
    let dir = tempfile::tempdir().unwrap();
    drop(grown(dir.path(), 4));
    let small = tempfile::tempdir().unwrap();
    copy(dir.path(), small.path());
    RunWriter::resume(dir.path()).unwrap().compact().unwrap();
    copy(&small.path().join("trials"), &dir.path().join("trials"));
    let merged = dir.path().join("trials/00000000-00000030.parquet");
    let bytes = fs::read(&merged).unwrap();
    fs::write(&merged, &bytes[..bytes.len() - 1]).unwrap();
    assert!(!problems(dir.path()).is_empty());
    drop(RunWriter::resume(dir.path()).unwrap());
    assert_eq!(table_files(dir.path(), "trials").len(), 5);
}

#[test]
fn who_has_a_run_open_while_it_is_merged_reads_on() {
    let dir = tempfile::tempdir().unwrap();
    let writer = grown(dir.path(), 12);
    let mut run = Run::open(dir.path()).unwrap();
    let mut cursor = StepCursor::default();
    for _ in 0..5 {
        run.next_steps(&mut cursor).unwrap().unwrap();
    }
    let points = run.fixed_points(3).unwrap();
    writer.compact().unwrap();
    let ending = Ending {
        reason: EndingReason::Finished,
        step: 110,
        message: "done".into(),
    };
    writer.write_ending(ending).unwrap();
    assert_eq!(run.fixed_points(3).unwrap(), points);
    let rest: Vec<_> = std::iter::from_fn(|| run.next_steps(&mut cursor))
        .flat_map(Result::unwrap)
        .collect();
    assert_eq!(rest, step_rows(41..=110));
    assert!(run.refresh().unwrap());
    assert_eq!(run.fixed_points(3).unwrap(), points);
    assert!(run.ending().is_some());
}
