//! Names, paths and foreign text: where files go, what is looked into, and what reaches the terminal.
#![cfg(unix)]
#![allow(clippy::unwrap_used)]

use std::fs;
use std::os::unix::fs::symlink;
use std::process::Stdio;

use crate::shell::{Folder, files, network};
use creode::text::is_unprintable;
use creode::trace::Run;

const ONE_POINT: [f64; 4] = [0.5, 0.0, 0.0, 0.5];
const NINE_POINTS: [f64; 4] = [1.5, 0.0, 0.0, 1.5];

#[test]
fn names_of_runs_lead_nowhere_else() {
    let folder = Folder::new();
    let before = files(folder.0.path());
    fs::create_dir(folder.0.path().join("weights")).unwrap();
    for name in [
        "../../x",
        "/creode-abs",
        "",
        "a/b",
        ".hidden",
        "..",
        "a\u{1b}[2J",
    ] {
        folder
            .creode(&["train", "small.toml", "--run", name])
            .expect(2, &["no name for a run", "--traces DIR"]);
        folder
            .creode(&[
                "analyze", "weights", "--follow", "--idle", "0", "--run", name,
            ])
            .expect(2, &["no name for a run"]);
    }
    assert!(files(folder.0.path()) == before);
}

#[test]
fn what_would_move_the_cursor_is_shown_as_text() {
    let folder = Folder::new();
    let evil = "\u{1b}[2J\u{1b}]0;pwn\u{7}\u{9b}31m\u{202e}";
    let path = |name: &str| folder.0.path().join(name);
    fs::write(path("evil.safetensors"), network(evil, ONE_POINT)).unwrap();
    fs::write(path(&format!("{evil}.safetensors")), b"nonsense").unwrap();
    let curriculum = fs::read_to_string(path("small.toml")).unwrap();
    fs::write(path("syntax.toml"), format!("{curriculum}\nfoo = {evil}\n")).unwrap();
    fs::write(
        path("key.toml"),
        format!("{curriculum}\n\"{}\" = 1\n", "\\u001b[2Jkey"),
    )
    .unwrap();
    fs::write(
        path(&format!("{evil}.toml")),
        format!("# {evil}?\n{curriculum}"),
    )
    .unwrap();
    fs::create_dir(path("weights")).unwrap();
    fs::write(path(&format!("weights/{evil}.safetensors")), b"nonsense").unwrap();
    folder.creode(&["train", "small.toml"]).expect(0, &[]);
    fs::create_dir_all(path(&format!("traces/{evil}"))).unwrap();
    fs::copy(
        path("traces/small/run.toml"),
        path(&format!("traces/{evil}/run.toml")),
    )
    .unwrap();
    let file = format!("{evil}.safetensors");
    let cases: [&[&str]; 9] = [
        &["analyze", "evil.safetensors"],
        &["analyze", &file],
        &["train", "syntax.toml"],
        &["train", "key.toml"],
        &["curricula", "."],
        &["curricula", ".", "--format", "json"],
        &["verify", evil],
        &["verify", "nothing-like-it"],
        &["analyze", "weights", "--follow", "--idle", "0.5"],
    ];
    for arguments in cases {
        let finished = folder.creode(arguments);
        for text in [&finished.stdout, &finished.stderr] {
            let found = text.replace('\n', "");
            assert!(!found.contains(is_unprintable), "{arguments:?}: {text:?}");
        }
        let said = format!("{}{}", finished.stdout, finished.stderr);
        assert!(!said.is_empty(), "{arguments:?}");
    }
    let picture = folder.creode(&["picture", "small", "--screen", "runs"]);
    picture.expect(0, &["<svg"]);
    assert!(!picture.stdout.replace('\n', "").contains(is_unprintable));
    let of_evil = folder.creode(&["picture", evil, "--screen", "runs"]);
    assert!(!of_evil.stdout.replace('\n', "").contains(is_unprintable));
}

#[test]
fn links_fifos_and_devices_hold_nothing_up() {
    let folder = Folder::new();
    let path = |name: &str| folder.0.path().join(name);
    folder.creode(&["train", "small.toml"]).expect(0, &[]);
    // A run within itself, for ever.
    fs::create_dir_all(path("traces/small/zooms")).unwrap();
    symlink(path("traces/small"), path("traces/small/zooms/again")).unwrap();
    let listed = folder.creode(&["picture", "small", "--screen", "runs"]);
    listed.expect(0, &["1 run"]);

    fs::create_dir(path("weights")).unwrap();
    let made = std::process::Command::new("mkfifo")
        .args([
            path("weights/100.safetensors"),
            path("pipe.toml"),
            path("pipe.npz"),
        ])
        .status();
    assert!(made.unwrap().success());
    symlink("/dev/zero", path("weights/200.safetensors")).unwrap();
    fs::write(
        path("elsewhere.safetensors"),
        network("weight_hh", ONE_POINT),
    )
    .unwrap();
    symlink(
        path("elsewhere.safetensors"),
        path("weights/300.safetensors"),
    )
    .unwrap();
    fs::write(
        path("weights/400.safetensors"),
        network("weight_hh", ONE_POINT),
    )
    .unwrap();
    folder
        .creode(&["analyze", "weights", "--follow", "--idle", "1"])
        .expect(
            0,
            &[
                "100.safetensors: it is no regular file",
                "200.safetensors: it is no regular file",
                "300.safetensors: it is a symbolic link",
                "checkpoint 0 at step 400",
            ],
        );
    folder
        .creode(&["train", "pipe.toml"])
        .expect(2, &["not a file"]);
    folder
        .creode(&["analyze", "pipe.npz"])
        .expect(2, &["pipe.npz"]);
    folder
        .creode(&["curricula", "."])
        .expect(0, &["small.toml", "pipe.toml", "not a file"]);
}

#[test]
fn a_foreign_file_does_not_keep_curricula_from_being_listed() {
    let folder = Folder::new();
    let big = fs::File::create(folder.0.path().join("big.toml")).unwrap();
    big.set_len(1 << 40).unwrap();
    let bad: Vec<String> = (0..40_000)
        .map(|n| format!("line {n} is no TOML"))
        .collect();
    fs::write(folder.0.path().join("bad.toml"), bad.join("\n")).unwrap();
    let listed = folder.creode(&["curricula", "."]);
    listed.expect(0, &["small.toml", "1.0 TiB", "more"]);
    assert!(
        listed.stderr.lines().count() < 30,
        "{}",
        listed.stderr.len()
    );
    let failed = folder.creode(&["train", "bad.toml"]);
    failed.expect(2, &["bad.toml:1:", "and "]);
    assert_eq!(failed.stderr.lines().count(), 21, "{}", failed.stderr);
}

#[test]
fn a_training_that_begins_anew_into_a_followed_folder_is_another_run() {
    let folder = Folder::new();
    let weights = folder.0.path().join("weights");
    fs::create_dir(&weights).unwrap();
    fs::write(
        weights.join("100.safetensors"),
        network("weight_hh", ONE_POINT),
    )
    .unwrap();
    fs::write(
        weights.join("150.safetensors"),
        network("weight_hh", ONE_POINT),
    )
    .unwrap();
    let follow = ["analyze", "weights", "--follow", "--idle", "1.5"];
    folder
        .creode(&follow)
        .expect(0, &["checkpoint 1 at step 150"]);
    // The same command, nothing new.
    let again = folder.creode(&follow);
    again.expect(0, &[]);
    assert!(
        !again.stderr.contains("left out") && !again.stderr.contains("changed"),
        "{again:?}"
    );
    fs::write(
        weights.join("100.safetensors"),
        network("weight_hh", NINE_POINTS),
    )
    .unwrap();
    let anew = folder.creode(&follow);
    anew.expect(
        0,
        &[
            "100.safetensors has changed since it was taken",
            "weights-2: checkpoint 0 at step 100: 9 fixed points",
        ],
    );
    fs::write(
        weights.join("050.safetensors"),
        network("weight_hh", NINE_POINTS),
    )
    .unwrap();
    fs::write(weights.join("model-100.npz"), b"nonsense").unwrap();
    fs::write(
        weights.join("200.safetensors"),
        network("weight_hh", NINE_POINTS),
    )
    .unwrap();
    fs::write(
        weights.join("final.safetensors"),
        network("weight_hh", NINE_POINTS),
    )
    .unwrap();
    folder.creode(&follow).expect(
        0,
        &[
            "050.safetensors: it is of step 50, older than step 100",
            "model-100.npz: it is of step 100, like",
            "final.safetensors: there is no number in its name",
            "weights-2: checkpoint 1 at step 200: 9 fixed points",
        ],
    );
    let points = |name: &str| -> Vec<(u64, usize)> {
        let run = Run::open(folder.0.path().join("traces").join(name)).unwrap();
        let count =
            |entry: &creode::trace::Entry| run.fixed_points(entry.checkpoint).unwrap().len();
        run.entries()
            .iter()
            .map(|entry| (entry.step, count(entry)))
            .collect()
    };
    assert_eq!(points("weights"), [(100, 1), (150, 1)]);
    assert_eq!(points("weights-2"), [(100, 9), (200, 9)]);
    let picture = folder.creode(&["picture", "weights-2", "--screen", "learning"]);
    picture.expect(0, &["ended", "--follow --run weights-2", "not in the run"]);
    assert!(!picture.stdout.contains("interrupted") && !picture.stdout.contains("reading"));
}

#[test]
fn numbers_that_are_none_are_refused_at_once() {
    let folder = Folder::new();
    fs::create_dir(folder.0.path().join("weights")).unwrap();
    fs::write(
        folder.0.path().join("net.safetensors"),
        network("weight_hh", ONE_POINT),
    )
    .unwrap();
    let cases: [&[&str]; 8] = [
        &["analyze", "weights", "--follow", "--idle", "NaN"],
        &["analyze", "weights", "--follow", "--idle", "-1"],
        &["analyze", "net.safetensors", "--noise-scale", "inf"],
        &["analyze", "net.safetensors", "--tol-q", "nan"],
        &["analyze", "net.safetensors", "--alpha", "NaN"],
        &["analyze", "net.safetensors", "--input", "nan"],
        &["analyze", "net.safetensors", "--n-inits", "99999999999"],
        &["train", "small.toml", "--threads", "100000"],
    ];
    for arguments in cases {
        let mut command = folder.command(arguments);
        let output = command.stderr(Stdio::piped()).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
        assert!(said.contains("expected"), "{arguments:?}: {said}");
    }
}
