//! Signals, streams and locks: what ends a training, and what does not.
#![cfg(unix)]
#![allow(clippy::unwrap_used)]

use std::fs;
use std::process::{Command, Stdio};

use crate::shell::{Folder, LONG, files, last_weights, said_by, send};
use creode::trace::Run;

/// A shell command with `$creode` in it, run in the folder.
fn sh(folder: &Folder, script: &str) -> (Option<i32>, String) {
    let output = Command::new("bash")
        .args(["-c", script])
        .env("creode", env!("CARGO_BIN_EXE_creode"))
        .env_remove("CREODE_TRACES")
        .current_dir(folder.0.path())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = [output.stdout, output.stderr].concat();
    (
        output.status.code(),
        String::from_utf8_lossy(&said).into_owned(),
    )
}

#[test]
fn every_signal_that_asks_to_stop_ends_a_run_cleanly_and_it_goes_on_to_the_same_bytes() {
    let whole = Folder::new();
    whole.creode(&LONG).expect(0, &[]);
    for signal in ["INT", "TERM", "HUP"] {
        let folder = Folder::new();
        let (mut child, lines) = folder.train_until(&LONG, "checkpoint 1 ");
        send(signal, &child);
        let rest: Vec<String> = lines.collect();
        assert_eq!(
            child.wait().unwrap().code(),
            Some(130),
            "{signal}: {rest:?}"
        );
        let last = rest.last().unwrap();
        assert!(last.contains("--run small --resume"), "{signal}: {rest:?}");
        let reached = Run::open(folder.run()).unwrap().entries().len();
        folder
            .creode(&["verify", "small"])
            .expect(0, &["all in order"]);
        let resumed = [&LONG[..], &["--resume"]].concat();
        folder.creode(&resumed).expect(0, &["small: step 4000"]);
        let run = Run::open(folder.run()).unwrap();
        assert!(reached < run.entries().len());
        assert_eq!(run.steps().unwrap().len(), 4000);
        assert!(run.entries().iter().all(|entry| entry.complete));
        assert!(
            last_weights(&folder.run()) == last_weights(&whole.run()),
            "{signal}"
        );
        folder.creode(&resumed).expect(0, &["nothing left to do"]);
    }
}

#[test]
fn the_second_ctrl_c_says_what_is_waited_for_and_the_third_leaves_at_once() {
    let folder = Folder::new();
    // An analysis of minutes.
    let slow = [
        "--set",
        "analysis.starts=1000000",
        "--set",
        "network.units=64",
    ];
    let mut child = folder
        .command(&[&LONG[..], &slow].concat())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let manifest = folder.run().join("manifest.jsonl");
    while fs::read_to_string(&manifest).map_or(0, |text| text.lines().count()) < 4 {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    let mut lines = said_by(&mut child);
    for words in ["stopping cleanly", "the analysis of checkpoints"] {
        send("INT", &child);
        let line = lines.find(|line| line.contains(words)).unwrap();
        assert!(
            words != "the analysis of checkpoints" || line.contains("safe"),
            "{line}"
        );
    }
    send("INT", &child);
    assert_eq!(child.wait().unwrap().code(), Some(130));
    folder
        .creode(&["verify", "small"])
        .expect(0, &["all in order"]);
    assert!(Run::open(folder.run()).unwrap().entries().len() >= 2);
}

#[test]
fn a_closed_or_full_stream_never_ends_training_and_is_an_error_for_data() {
    let folder = Folder::new();
    for (number, streams) in ["2>/dev/full", "2>&-", ">&-", ">&- 2>&-", "2>&1 | true"]
        .iter()
        .enumerate()
    {
        let script = format!("$creode train small.toml --run run{number} {streams}; true");
        let (code, said) = sh(&folder, &script);
        assert_eq!(code, Some(0), "{streams}: {said}");
        let run = Run::open(folder.0.path().join(format!("traces/run{number}"))).unwrap();
        assert_eq!(
            run.ending().map(|ending| ending.step),
            Some(40),
            "{streams}"
        );
    }
    let (code, said) = sh(&folder, "$creode verify run0 > /dev/full");
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("cannot write to stdout"), "{said}");
    let (code, said) = sh(
        &folder,
        "set -o pipefail; $creode analyze run0 --format json | true",
    );
    assert_eq!(code, Some(0), "{said}");
}

#[test]
fn a_signal_that_was_ignored_at_the_start_stays_ignored() {
    let folder = Folder::new();
    let script = "trap '' HUP; $creode train small.toml --set stage.0.until.steps=400 2>said & pid=$!; \
                  until grep -q 'checkpoint 1' said; do sleep 0.02; done; kill -HUP $pid; wait $pid";
    let (code, said) = sh(&folder, script);
    assert_eq!(code, Some(0), "{said}");
    let run = Run::open(folder.run()).unwrap();
    assert_eq!(run.ending().map(|ending| ending.step), Some(400));
}

#[test]
fn a_second_writer_is_told_who_the_first_is() {
    let folder = Folder::new();
    let (mut child, lines) = folder.train_until(&LONG, "checkpoint 1 ");
    let pid = child.id().to_string();
    let resumed = [&LONG[..], &["--resume"]].concat();
    for _ in 0..2 {
        folder
            .creode(&resumed)
            .expect(2, &["being written by process", &pid, "ago"]);
        // Users may delete it.
        fs::remove_file(folder.run().join("lock")).ok();
    }
    send("TERM", &child);
    lines.for_each(drop);
    assert_eq!(child.wait().unwrap().code(), Some(130));
    folder
        .creode(&["verify", "small"])
        .expect(0, &["all in order"]);
}

#[test]
fn another_curriculum_is_refused_before_anything_is_changed() {
    let folder = Folder::new();
    folder.killed("checkpoint 2 ");
    let before = files(&folder.run());
    let other = ["train", "small.toml", "--run", "small", "--resume"];
    folder
        .creode(&other)
        .expect(2, &["not the one", "nothing was changed"]);
    assert!(files(&folder.run()) == before);
    fs::remove_file(folder.run().join("manifest.jsonl")).unwrap();
    let before = files(&folder.run());
    for arguments in [&other[..], &[&LONG[..], &["--resume"]].concat()] {
        folder
            .creode(arguments)
            .expect(2, &["manifest", "restore", "nothing was changed"]);
        assert!(files(&folder.run()) == before);
    }
}

#[test]
fn tables_are_derived_by_several_at_a_time() {
    let folder = Folder::new();
    folder.creode(&["train", "small.toml"]).expect(0, &[]);
    for _ in 0..3 {
        let mut children: Vec<_> = (0..3)
            .map(|_| {
                let mut command = folder.command(&["analyze", "small", "--events"]);
                command.stdout(Stdio::null()).spawn().unwrap()
            })
            .collect();
        for child in &mut children {
            assert!(child.wait().unwrap().success());
        }
    }
    folder
        .creode(&["verify", "small"])
        .expect(0, &["all in order"]);
    let left = files(&folder.run()).into_keys();
    assert!(
        left.into_iter()
            .all(|path| !path.to_string_lossy().ends_with(".tmp"))
    );
}
