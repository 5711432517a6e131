//! Comparing as a shell sees it: what is said of runs that cannot be compared, and what comes out of those that can.
#![cfg(unix)]
#![allow(clippy::unwrap_used)]

use std::fs;

use crate::shell::Folder;

/// A population of four small runs, `p`.
fn population() -> Folder {
    let folder = Folder::new();
    let asked = "curricula = ['../small.toml']\nseeds = '0..1'\n[variant.gru]\nnetwork.cell = 'gru'\n\
        [variant.relu]\nnetwork.activation = 'relu'\n";
    fs::create_dir(folder.0.path().join("populations")).unwrap();
    fs::write(folder.0.path().join("populations/p.toml"), asked).unwrap();
    folder
        .creode(&["population", "populations/p.toml"])
        .expect(0, &["4 of 4 runs are finished"]);
    folder
}

#[test]
fn groups_are_told_apart_and_measures_held_against_each_other() {
    let folder = population();
    let words = ["compare", "p", "--by", "cell", "--against", "topology"];
    let found = folder.creode(&words);
    found.expect(0, &[]);
    for part in [
        "gru",
        "vanilla relu",
        "gain in silhouette",
        "Separation of the groups",
        "Pairs: the same end?",
    ] {
        assert!(found.stdout.contains(part), "{part}:\n{}", found.stdout);
    }
    let json = folder.creode(&["compare", "p", "--by", "cell", "--format", "json"]);
    let json: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(json["runs"].as_array().unwrap().len(), 4);
    assert_eq!(json["pairs"].as_array().unwrap().len(), 6);
    let csv = folder.creode(&["compare", "p", "--measure", "barrier", "--format", "csv"]);
    let rows: Vec<&str> = csv.stdout.lines().collect();
    assert!(rows[0].contains(",barrier,"), "{}", rows[0]);
    assert_eq!(rows.len(), 7);
    let figure = ["figure", "p", "embedding", "--by", "cell", "-o", "e.svg"];
    folder.creode(&figure).expect(0, &[]);
    assert!(folder.0.path().join("e.svg").exists());
    folder
        .creode(&["compare", "p", "--against", "topolgy"])
        .expect(2, &["did you mean topology?"]);
}

#[test]
fn damaged_runs_are_named_and_the_others_compared() {
    let folder = population();
    let damaged = folder.0.path().join("traces/p/small,relu,seed=1");
    fs::write(damaged.join("checkpoints/00000040.safetensors"), "no more").unwrap();
    let found = folder.creode(&["compare", "p", "--by", "cell"]);
    found.expect(1, &["skipped", "small,relu,seed=1"]);
    assert!(found.stdout.contains("vanilla relu"), "{}", found.stdout);
    fs::create_dir(folder.0.path().join("traces/empty")).unwrap();
    folder
        .creode(&["compare", "empty", "p"])
        .expect(2, &["empty holds no run"]);
    folder
        .creode(&["compare", "p/small,gru,seed=0"])
        .expect(2, &["two at least"]);
}

#[test]
fn a_course_ends_where_its_run_ends() {
    let folder = population();
    let run = "p/small,gru,seed=0";
    let table = folder.creode(&["course", run, "--barriers"]);
    table.expect(0, &[]);
    assert!(table.stdout.contains("barrier to end"), "{}", table.stdout);
    assert!(table.stdout.contains("stages of learning"));
    let csv = folder.creode(&["course", run, "--format", "csv"]);
    let rows: Vec<Vec<&str>> = csv
        .stdout
        .lines()
        .map(|row| row.split(',').collect())
        .collect();
    let column = |name: &str| rows[0].iter().position(|of| *of == name).unwrap();
    assert_eq!(rows.len(), 6);
    let last = &rows[5];
    assert_eq!(last[column("step")], "40");
    for name in ["topology_to_end", "weights_to_end"] {
        assert_eq!(last[column(name)], "0", "{name}");
    }
    for (kind, message) in [("course", None), ("ends", Some("creode ends"))] {
        let drawn = folder.creode(&["figure", run, kind, "-o", "f.svg", "--axis", "log"]);
        match message {
            None => drawn.expect(0, &[]),
            Some(message) => drawn.expect(2, &[message]),
        }
    }
    folder
        .creode(&[
            "ends", run, "--every", "4", "--steps", "5", "--trials", "16",
        ])
        .expect(0, &["each end is a run of its own"]);
    let figure = ["figure", run, "ends", "-o", "ends.svg"];
    folder.creode(&figure).expect(0, &[]);
    folder
        .creode(&["figure", run, "ends", "-o", "g.svg", "--axis", "checkpoint"])
        .expect(2, &["--axis step or log"]);
    folder
        .creode(&["figure", run, "course", "-o", "g.svg", "--condition", "x"])
        .expect(2, &["--condition does not go with course"]);
}

#[test]
fn a_course_without_landscapes_has_no_stages() {
    let folder = Folder::new();
    folder
        .creode(&["train", "small.toml", "--set", "analysis.enabled=false"])
        .expect(0, &[]);
    folder
        .creode(&["course", "small"])
        .expect(0, &["weights to end", "no stages of learning"]);
}
