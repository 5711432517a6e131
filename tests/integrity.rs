//! A run on disk that somebody has changed: whatever it is, it is seen, and nothing is lost by looking.
#![allow(clippy::unwrap_used)]

use crate::support;
use std::fs;
use std::path::Path;

use crate::support::{branch_row, event_row, grown, problems, reseal, step_rows};
use creode::trace::{Run, RunWriter, TraceError, verify, write_history, write_marks};

/// What a reader makes of a run, in words.
fn read_all(dir: &Path) -> Result<String, TraceError> {
    let run = Run::open(dir)?;
    let mut told = vec![
        format!("{:?} {:?} {:?}", run.entries(), run.ending(), run.pause()),
        format!("{:?} {:?}", run.events()?, run.branches()?),
        format!("{:?} {}", run.steps()?, run.marks_text()?),
        run.config_text().to_owned(),
    ];
    for entry in run.entries() {
        let number = entry.checkpoint;
        told.push(format!("{:?}", run.weights(number)?.bytes));
        told.push(format!("{:?}", run.trials(number)?));
        told.push(format!("{:?}", run.evaluations(number)?));
        told.push(format!("{:?}", run.landscapes(number)?));
        told.push(format!("{:?}", run.fixed_points(number)?));
        told.push(format!("{:?}", run.slow_points(number)?));
        told.push(format!("{:?}", run.spectra(number)?));
    }
    Ok(told.join("\n"))
}

/// A run of three checkpoints with derived tables and marks.
fn whole(dir: &Path) {
    grown(dir, 3);
    write_history(dir, &[event_row(10, 20)], &[branch_row(2, 20)]).unwrap();
    write_marks(dir, "{\"note\":\"here\",\"step\":10}\n").unwrap();
}

/// Every file of a run, by path within it.
fn files(dir: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).unwrap().flatten() {
        let name = entry.file_name().into_string().unwrap();
        if entry.path().is_dir() {
            found.extend(
                files(&entry.path())
                    .iter()
                    .map(|file| format!("{name}/{file}")),
            );
        } else {
            found.push(name);
        }
    }
    found.sort();
    found
}

#[test]
fn any_byte_of_any_file_that_is_changed_is_seen_by_verify_and_by_readers() {
    for is_merged in [false, true] {
        let dir = tempfile::tempdir().unwrap();
        whole(dir.path());
        if is_merged {
            RunWriter::resume(dir.path()).unwrap().compact().unwrap();
        }
        let sound = read_all(dir.path()).unwrap();
        assert_eq!(problems(dir.path()), [""; 0]);
        for file in files(dir.path()) {
            if file == "log.txt" {
                continue;
            }
            let path = dir.path().join(&file);
            let bytes = fs::read(&path).unwrap();
            let last = bytes.len().saturating_sub(1);
            let changes: [Vec<u8>; 4] = [
                [&bytes[..last / 2], &bytes[last / 2 + 1..]].concat(),
                [
                    &bytes[..last / 3],
                    &[bytes[last / 3] ^ 4],
                    &bytes[last / 3 + 1..],
                ]
                .concat(),
                vec![0; bytes.len()],
                Vec::new(),
            ];
            for (number, change) in changes.into_iter().enumerate() {
                fs::write(&path, &change).unwrap();
                let is_seen = verify(dir.path()).is_err() || !problems(dir.path()).is_empty();
                assert!(is_seen, "{file}, change {number}: verify is content");
                let is_read = read_all(dir.path()).is_ok_and(|read| read != sound);
                assert!(
                    !is_read,
                    "{file}, change {number}: another answer without a word"
                );
            }
            fs::remove_file(&path).unwrap();
            let is_seen = verify(dir.path()).is_err() || !problems(dir.path()).is_empty();
            assert!(is_seen, "{file} is gone: verify is content");
            let is_read = read_all(dir.path()).is_ok_and(|read| read != sound);
            assert!(!is_read, "{file} is gone: another answer without a word");
            fs::write(&path, &bytes).unwrap();
        }
        assert_eq!(read_all(dir.path()).unwrap(), sound);
    }
}

#[test]
fn a_manifest_that_lost_lines_is_told_of() {
    let dir = tempfile::tempdir().unwrap();
    whole(dir.path());
    let path = dir.path().join("manifest.jsonl");
    let text = fs::read_to_string(&path).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let cut = |count: usize| {
        fs::write(&path, lines[..count].join("\n") + "\n").unwrap();
    };
    // As a kill before the last line would have left it: a remark.
    cut(lines.len() - 3);
    assert!(!Run::open(dir.path()).unwrap().remarks().is_empty());
    // More than a kill leaves.
    cut(2);
    let found = problems(dir.path());
    assert!(
        found.iter().any(|what| what.contains("lost lines")),
        "{found:?}"
    );
    for text in ["", "{\"event\":\"ru"] {
        fs::write(&path, text).unwrap();
        let error = Run::open(dir.path()).unwrap_err();
        assert!(matches!(error, TraceError::NoManifest { .. }), "{error}");
    }
    fs::remove_file(&path).unwrap();
    for error in [Run::open(dir.path()).err(), verify(dir.path()).err()] {
        let message = error.unwrap().to_string();
        assert!(message.contains("restore the manifest"), "{message}");
    }
}

#[test]
fn resume_changes_nothing_where_it_refuses_and_deletes_nothing_where_it_does_not() {
    let dir = tempfile::tempdir().unwrap();
    whole(dir.path());
    let manifest = dir.path().join("manifest.jsonl");
    let bytes = fs::read(&manifest).unwrap();
    let before = files(dir.path());
    for content in [&b""[..], &bytes[..30], b"nonsense\n"] {
        fs::write(&manifest, content).unwrap();
        assert!(RunWriter::resume(dir.path()).is_err());
        assert_eq!(files(dir.path()), before);
        assert!(matches!(
            RunWriter::create(dir.path(), "seed = 1\n"),
            Err(TraceError::AlreadyARun { .. })
        ));
        assert_eq!(files(dir.path()), before);
    }
    // Cut after the second checkpoint: what lies behind is moved aside, not deleted.
    let text = String::from_utf8(bytes).unwrap();
    let kept: Vec<&str> = text.lines().take(4).collect();
    fs::write(&manifest, kept.join("\n") + "\n").unwrap();
    drop(RunWriter::resume(dir.path()).unwrap());
    let after = files(dir.path());
    assert_eq!(after.len(), before.len());
    assert!(after.iter().any(|file| file.starts_with("leftovers/")));
    assert_eq!(problems(dir.path()), [""; 0]);
}

#[test]
fn numbers_in_the_manifest_are_held_against_files_and_tables() {
    let dir = tempfile::tempdir().unwrap();
    whole(dir.path());
    let path = dir.path().join("manifest.jsonl");
    let sound = fs::read_to_string(&path).unwrap();
    for (from, to) in [
        (
            "\"checkpoint\":1,\"step\":10",
            "\"checkpoint\":1,\"step\":90",
        ),
        (
            "\"checkpoint\":1,\"step\":10",
            "\"checkpoint\":7,\"step\":10",
        ),
        (
            "\"event\":\"landscape\",\"checkpoint\":1",
            "\"event\":\"landscape\",\"checkpoint\":2",
        ),
        ("\"rows\":10", "\"rows\":9"),
        ("steps/00000010", "steps/00000090"),
        ("steps/00000010.parquet", "../steps/00000010.parquet"),
        ("steps/00000010.parquet", "/dev/zero"),
    ] {
        assert!(sound.contains(from), "{from}");
        fs::write(&path, sound.replacen(from, to, 1)).unwrap();
        let message = verify(dir.path()).unwrap_err().to_string();
        assert!(message.contains("seal"), "{from}: {message}");
        // Somebody who knows how lines are sealed.
        fs::write(&path, reseal(&sound.replacen(from, to, 1))).unwrap();
        let is_seen = verify(dir.path()).is_err() || !problems(dir.path()).is_empty();
        assert!(is_seen, "{from} → {to}: verify is content");
        assert!(
            read_all(dir.path()).is_err(),
            "{from} → {to}: readers are content"
        );
    }
    fs::write(&path, reseal(&sound)).unwrap();
    assert_eq!(problems(dir.path()), [""; 0]);
}

#[test]
fn landscapes_that_changed_places_are_seen_though_every_checksum_fits() {
    let dir = tempfile::tempdir().unwrap();
    whole(dir.path());
    let path = dir.path().join("manifest.jsonl");
    let sound = fs::read_to_string(&path).unwrap();
    for table in [
        "landscapes",
        "fixed_points",
        "spectra",
        "trials",
        "events",
        "branches",
    ] {
        let names = ["00000010", "00000020"].map(|step| format!("{table}/{step}.parquet"));
        let [one, other] = names.clone().map(|name| dir.path().join(name));
        let (first, second) = (fs::read(&one).unwrap(), fs::read(&other).unwrap());
        fs::write(&one, &second).unwrap();
        fs::write(&other, &first).unwrap();
        let digests = [&first, &second].map(|bytes| creode::trace::digest(bytes));
        let exchanged = sound
            .replace(&digests[0], "first")
            .replace(&digests[1], &digests[0])
            .replace("first", &digests[1]);
        let sizes = [&first, &second].map(|bytes| format!("\"bytes\":{}", bytes.len()));
        // Sizes differ where numbers compress differently; the manifest is made to fit them, too.
        let mut forged = String::new();
        for piece in exchanged.split_inclusive('}') {
            let mut piece = piece.to_owned();
            for (name, sizes) in [
                (&names[0], [&sizes[0], &sizes[1]]),
                (&names[1], [&sizes[1], &sizes[0]]),
            ] {
                if piece.contains(name.as_str()) {
                    piece = piece.replace(sizes[0].as_str(), sizes[1]);
                }
            }
            forged += &piece;
        }
        fs::write(&path, reseal(&forged)).unwrap();
        let found = problems(dir.path());
        assert!(
            found
                .iter()
                .any(|what| what.contains(table) && what.contains("manifest says")),
            "{table}: {found:?}"
        );
        fs::write(&one, first).unwrap();
        fs::write(&other, second).unwrap();
    }
    fs::write(&path, &sound).unwrap();
    assert_eq!(problems(dir.path()), [""; 0]);
}

#[cfg(unix)]
#[test]
fn files_of_a_run_that_are_links_fifos_or_devices_are_refused_at_once() {
    use std::os::unix::fs::symlink;
    let dir = tempfile::tempdir().unwrap();
    whole(dir.path());
    for file in [
        "trials/00000010.parquet",
        "run.toml",
        "manifest.jsonl",
        "events.parquet",
    ] {
        let path = dir.path().join(file);
        let bytes = fs::read(&path).unwrap();
        let elsewhere = tempfile::tempdir().unwrap();
        let copy = elsewhere.path().join("copy");
        fs::write(&copy, &bytes).unwrap();
        for target in [
            copy.as_path(),
            Path::new("/dev/zero"),
            Path::new("/dev/stdin"),
        ] {
            fs::remove_file(&path).unwrap();
            symlink(target, &path).unwrap();
            assert!(
                read_all(dir.path()).is_err(),
                "{file} → {}",
                target.display()
            );
        }
        fs::remove_file(&path).unwrap();
        let made = std::process::Command::new("mkfifo").arg(&path).status();
        assert!(made.unwrap().success());
        assert!(read_all(dir.path()).is_err(), "{file} is a FIFO");
        fs::remove_file(&path).unwrap();
        fs::write(&path, bytes).unwrap();
    }
    assert!(read_all(dir.path()).is_ok());
}

#[test]
fn runs_of_versions_without_seals_and_checksums_open_and_gain_them_when_they_go_on() {
    let dir = tempfile::tempdir().unwrap();
    whole(dir.path());
    let path = dir.path().join("manifest.jsonl");
    let text = fs::read_to_string(&path).unwrap();
    // As it was then: no seals, no lines on run.toml, derived tables and the log.
    let old: Vec<String> = text
        .lines()
        .filter(|line| line.contains("\"schema\":1"))
        .map(|line| {
            let mut value: serde_json::Value = serde_json::from_str(line).unwrap();
            let object = value.as_object_mut().unwrap();
            object.remove("seal");
            object.remove("log");
            value.to_string() + "\n"
        })
        .collect();
    let old = old.concat();
    fs::write(&path, old).unwrap();
    let run = Run::open(dir.path()).unwrap();
    assert_eq!(run.derived_events().unwrap(), Some(vec![event_row(10, 20)]));
    let report = verify(dir.path()).unwrap();
    assert_eq!(report.problems, []);
    assert_eq!(report.notes.len(), 3, "{:?}", report.notes);
    drop(RunWriter::resume(dir.path()).unwrap());
    assert_eq!(verify(dir.path()).unwrap().notes, []);
    fs::write(dir.path().join("run.toml"), "seed = 9\n").unwrap();
    assert!(Run::open(dir.path()).is_err());
}

#[test]
fn a_kill_while_derived_tables_are_replaced_costs_neither_the_old_nor_the_new() {
    let dir = tempfile::tempdir().unwrap();
    whole(dir.path());
    let old = fs::read(dir.path().join("events.parquet")).unwrap();
    write_history(dir.path(), &[event_row(0, 10)], &[branch_row(2, 20)]).unwrap();
    let new = fs::read(dir.path().join("events.parquet")).unwrap();
    // After the line, before the name: the new table is under a name of its own.
    let mark = &creode::trace::digest(&new)[..16];
    let pending = dir.path().join(format!(".events.parquet.{mark}.tmp"));
    fs::rename(dir.path().join("events.parquet"), &pending).unwrap();
    fs::write(dir.path().join("events.parquet"), old).unwrap();
    let events = |dir: &Path| Run::open(dir).unwrap().derived_events().unwrap();
    assert_eq!(events(dir.path()), Some(vec![event_row(0, 10)]));
    assert_eq!(problems(dir.path()), [""; 0]);
    drop(RunWriter::resume(dir.path()).unwrap());
    assert!(!pending.exists());
    assert_eq!(fs::read(dir.path().join("events.parquet")).unwrap(), new);
    assert_eq!(events(dir.path()), Some(vec![event_row(0, 10)]));
}

#[test]
fn many_derive_at_a_time_beside_a_writer() {
    let dir = tempfile::tempdir().unwrap();
    let writer = grown(dir.path(), 2);
    std::thread::scope(|threads| {
        for _ in 0..4 {
            threads.spawn(|| {
                for _ in 0..6 {
                    write_history(dir.path(), &[event_row(0, 10)], &[branch_row(1, 10)]).unwrap();
                }
            });
        }
        threads.spawn(|| (2..8).for_each(|checkpoint| support::write(&writer, checkpoint)));
    });
    drop(writer);
    assert_eq!(problems(dir.path()), [""; 0]);
    let run = Run::open(dir.path()).unwrap();
    assert_eq!(run.entries().len(), 8);
    assert_eq!(run.steps().unwrap(), step_rows(1..=70));
    assert_eq!(run.derived_events().unwrap(), Some(vec![event_row(0, 10)]));
}

#[test]
fn landscapes_that_a_power_cut_left_unwritten_are_computed_again() {
    let dir = tempfile::tempdir().unwrap();
    let writer = grown(dir.path(), 3);
    support::write_training(&writer, 3);
    support::write_landscape(&writer, 3);
    drop(writer);
    // The line is there, the file has its length and no content.
    let path = dir.path().join("fixed_points/00000030.parquet");
    let length = fs::metadata(&path).unwrap().len();
    fs::write(&path, vec![0; length as usize]).unwrap();
    let writer = RunWriter::resume(dir.path()).unwrap();
    assert_eq!(writer.notes().len(), 1, "{:?}", writer.notes());
    let run = Run::open(dir.path()).unwrap();
    let complete: Vec<bool> = run.entries().iter().map(|entry| entry.complete).collect();
    assert_eq!(complete, [true, true, true, false]);
    support::write_landscape(&writer, 3);
    assert_eq!(problems(dir.path()), [""; 0]);
}
