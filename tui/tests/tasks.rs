//! `creode tasks` as a shell sees it.
#![allow(clippy::unwrap_used)]

use std::process::{Command, Output};

fn creode(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_creode"));
    command
        .arg("tasks")
        .args(arguments)
        .env_remove("CREODE_ASCII");
    command.output().unwrap()
}

fn stdout(arguments: &[&str]) -> String {
    let output = creode(arguments);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{arguments:?}: {errors}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_list_names_every_task() {
    insta::assert_snapshot!("list", stdout(&[]));
}

#[test]
fn a_task_is_shown_with_its_parameters_and_a_trial() {
    insta::assert_snapshot!("memory_response", stdout(&["memory-response"]));
    insta::assert_snapshot!(
        "ascii",
        stdout(&["moving-average", "--ascii", "--seed", "3"])
    );
}

#[test]
fn nothing_is_wider_than_80_columns_or_coloured_for_a_pipe() {
    let list: serde_json::Value = serde_json::from_str(&stdout(&["--format", "json"])).unwrap();
    let names = list
        .as_array()
        .unwrap()
        .iter()
        .map(|task| task["name"].as_str().unwrap());
    for name in names {
        let text = stdout(&[name]);
        for line in text.lines() {
            assert!(line.chars().count() <= 80, "{name}: {line}");
        }
        assert!(!text.contains('\x1b'));
        assert!(stdout(&[name, "--ascii"]).is_ascii(), "{name}");
    }
}

#[test]
fn a_file_of_trials_that_cannot_be_used_is_named_with_its_key() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("trials.npz");
    let file = format!("file={}", path.display());
    for (content, part) in [
        (None, "cannot read"),
        (Some("trial,input"), "it begins as neither an npz file"),
    ] {
        if let Some(content) = content {
            std::fs::write(&path, content).unwrap();
        }
        let output = creode(&["file", "--set", &file]);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{errors}");
        assert!(output.stdout.is_empty());
        for part in [
            part,
            "key `file`: expected a file of trials that can be used",
            "trials.npz",
        ] {
            assert!(errors.contains(part), "{errors}");
        }
    }
    let output = creode(&["file", "--set", "split=test"]);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(errors.contains("key `file`: expected the path"), "{errors}");
}

#[test]
fn json_has_the_trial_of_the_seed_with_the_parameters_asked_for() {
    let shown = |seed| {
        let arguments = [
            "flip-flop",
            "--set",
            "bits=2",
            "--set",
            "trial_steps=30",
            "--format",
            "json",
            "--seed",
            seed,
        ];
        serde_json::from_str::<serde_json::Value>(&stdout(&arguments)).unwrap()
    };
    let task = shown("4");
    assert_eq!(task, shown("4"));
    assert_ne!(task["trial"], shown("5")["trial"]);
    assert_eq!(task["parameters"][1]["name"], "bits");
    assert_eq!(task["parameters"][1]["value"], 2);
    assert_eq!(task["inputs"], serde_json::json!(["line 1", "line 2"]));
    for key in ["inputs", "targets", "weights"] {
        let rows = task["trial"][key].as_array().unwrap();
        assert_eq!(rows.len(), 30, "{key}");
        assert!(
            rows.iter().all(|row| row.as_array().unwrap().len() == 2),
            "{key}"
        );
    }
}

#[test]
fn mistakes_say_what_would_be_right() {
    for (arguments, part) in [
        (
            ["flip-flip", "--seed=0"],
            "no task flip-flip; did you mean flip-flop?",
        ),
        (
            ["xyz", "--seed=0"],
            "no task xyz; `creode tasks` lists them",
        ),
        (
            ["flip-flop", "--set=bits=0"],
            "key `bits`: expected an integer from 1 to 16",
        ),
        (["flip-flop", "--set=bit=2"], "did you mean `bits`?"),
        (
            ["memory-response", "--set=delay_max_ms=10"],
            "expected at most `delay_max_ms`, which is 10",
        ),
    ] {
        let output = creode(&arguments);
        let errors = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{errors}");
        assert!(errors.contains(part), "{errors}");
        assert!(output.stdout.is_empty());
    }
}

#[test]
fn a_simd_level_that_is_none_is_refused_and_a_lower_one_taken() {
    let ran = |level: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_creode"));
        command.arg("tasks").env("CREODE_SIMD", level);
        command.output().unwrap()
    };
    let refused = ran("avx9");
    assert_eq!(refused.status.code(), Some(2));
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(said.contains("CREODE_SIMD=avx9"), "{said}");
    assert!(ran("scalar").status.success());
    assert!(ran("").status.success());
}
