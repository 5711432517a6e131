//! Populations as a shell sees them.
#![cfg(unix)]
#![allow(clippy::unwrap_used)]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use creode::trace::{Run, read_runs};

use crate::shell::{Finished, Folder, last_weights, said_by, send};

const THREE: [&str; 6] = ["population", "small.toml", "--seeds", "0..2", "--name", "p"];

fn at(folder: &Folder, run: &str) -> PathBuf {
    folder.0.path().join("traces/p").join(run)
}

fn weights(folder: &Folder) -> Vec<Vec<u8>> {
    let runs = (0..3).map(|seed| at(folder, &format!("small,seed={seed}")));
    runs.map(|run| last_weights(&run)).collect()
}

fn states(folder: &Folder) -> Vec<String> {
    let rows = read_runs(&folder.0.path().join("traces/p")).unwrap();
    rows.into_iter().map(|row| row.state).collect()
}

#[test]
fn a_population_trains_what_is_missing_and_grows() {
    let folder = Folder::new();
    let trained = folder.creode(&THREE);
    trained.expect(
        0,
        &[
            "3 runs",
            "small,seed=1 finished at step 40",
            "3 of 3 runs are finished",
        ],
    );
    assert_eq!(trained.stdout, "");
    folder
        .creode(&["population", "p"])
        .expect(0, &["0 of them to be trained"]);
    let more = ["population", "p", "--seeds", "1..3"];
    folder
        .creode(&more)
        .expect(0, &["had 3 runs", "1 of them to be trained", "4 of 4"]);
    folder
        .creode(&["verify", "p/small,seed=3"])
        .expect(0, &["all in order"]);
    let rows = read_runs(&folder.0.path().join("traces/p")).unwrap();
    assert!(
        rows.iter()
            .all(|row| (row.state.as_str(), row.step, row.n_checkpoints) == ("finished", 40, 5))
    );
    assert!(
        rows.iter()
            .all(|row| row.end_loss.is_some_and(f64::is_finite))
    );
    // A run of a population is what the same words to `creode train` make.
    let alone = ["train", "small.toml", "--seed", "2", "--run", "alone"];
    folder.creode(&alone).expect(0, &[]);
    let alone = last_weights(&folder.0.path().join("traces/alone"));
    assert!(alone == last_weights(&at(&folder, "small,seed=2")));
    folder
        .creode(&["replay", "p"])
        .expect(2, &["is a population", "p/RUN"]);
    let listed = folder.creode(&["population", "p", "--status", "--format", "json"]);
    let json: serde_json::Value = serde_json::from_str(&listed.stdout).unwrap();
    assert_eq!(
        (
            &json["counts"]["finished"],
            json["runs"].as_array().unwrap().len()
        ),
        (&4.into(), 4)
    );
}

#[test]
fn a_file_says_what_a_population_is_of() {
    let folder = Folder::new();
    let text = "curricula = [\"small.toml\"]\nseeds = \"7\"\n[set]\n\"network.cell\" = [\"vanilla\", \"gru\"]\n\"checkpoints.every\" = 40\n";
    fs::write(folder.0.path().join("cells.toml"), text).unwrap();
    folder
        .creode(&["population", "cells.toml"])
        .expect(0, &["2 of 2"]);
    let run = "cells/small,cell=gru,seed=7";
    folder
        .creode(&["verify", run])
        .expect(0, &["2 checkpoints", "all in order"]);
    fs::write(folder.0.path().join("small.toml"), "").unwrap();
    folder
        .creode(&["population", "cells"])
        .expect(0, &["has changed since it was copied", "2 of 2"]);
}

#[test]
fn one_damaged_and_one_diverging_run_cost_the_others_nothing() {
    let folder = Folder::new();
    let wild = ["network.activation=relu", "optimiser.rule=sgd"];
    let mut words = [&THREE[..], &["--set", "optimiser.learning_rate=1e-3,1000"]].concat();
    words.extend(wild.iter().flat_map(|change| ["--set", change]));
    let failed = folder.creode(&words);
    let table = read_runs(&folder.0.path().join("traces/p")).unwrap();
    let gone = table.iter().filter(|row| row.state == "diverged").count();
    assert_eq!(gone, 3, "{table:?}");
    failed.expect(1, &["diverged", "learning_rate=1000", "3 failed"]);
    let finished = table.iter().find(|row| row.state == "finished").unwrap();
    let manifest = at(&folder, &finished.run).join("manifest.jsonl");
    fs::write(manifest, "{}\n{}\n").unwrap();
    let again = folder.creode(&["population", "p"]);
    again.expect(
        1,
        &[
            "is damaged and was left as it is",
            &finished.run,
            "0 of them to be trained",
        ],
    );
    folder
        .creode(&["population", "p", "--status"])
        .expect(1, &["1 damaged", &finished.run, "diverged"]);
}

#[test]
fn what_cannot_be_is_answered_with_the_way_out() {
    let folder = Folder::new();
    folder
        .creode(&["population", "small.toml"])
        .expect(2, &["needs its seeds", "--seeds 0..9"]);
    folder
        .creode(&["population", "small.toml", "--seeds", "0..9,5..14"])
        .expect(2, &["seed 5 stands in it twice"]);
    folder
        .creode(&["population", "smal.toml", "--seeds", "0"])
        .expect(2, &["did you mean", "small.toml"]);
    folder.creode(&THREE).expect(0, &[]);
    folder
        .creode(&["population", "cells"])
        .expect(2, &["no population cells", "0..9` makes one"]);
    fs::copy(
        folder.0.path().join("small.toml"),
        folder.0.path().join("other.toml"),
    )
    .unwrap();
    let other = ["population", "other.toml", "--seeds", "0", "--name", "p"];
    folder.creode(&other).expect(
        2,
        &[
            "is there already",
            "the curriculum `small`",
            "nothing was changed",
        ],
    );
    let other = [
        "population",
        "small.toml",
        "--seeds",
        "0",
        "--name",
        "p",
        "--set",
        "network.units=4",
    ];
    folder
        .creode(&other)
        .expect(2, &["do not set `network.units`", "--name"]);
    folder.creode(&["train", "small.toml"]).expect(0, &[]);
    let taken = [
        "population",
        "small.toml",
        "--seeds",
        "0",
        "--name",
        "small",
    ];
    folder.creode(&taken).expect(2, &["is a run", "--name"]);
}

#[test]
fn a_signal_stops_all_runs_cleanly_and_the_same_command_goes_on() {
    let whole = Folder::new();
    let longer = [
        &THREE[..],
        &["--set", "stage.0.until.steps=200", "--jobs", "2"],
    ]
    .concat();
    whole.creode(&longer).expect(0, &[]);
    let folder = Folder::new();
    let mut child = folder
        .command(&longer)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let run = at(&folder, "small,steps=200,seed=0");
    while Run::open(&run).map_or(0, |run| run.entries().len()) < 3 {
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    send("TERM", &child);
    let said: Vec<String> = said_by(&mut child).collect();
    assert_eq!(child.wait().unwrap().code(), Some(130), "{said:?}");
    assert!(
        said.iter()
            .any(|line| line.contains("`creode population p` goes on")),
        "{said:?}"
    );
    assert!(creode::trace::holder(&run).is_none());
    folder.creode(&["population", "p"]).expect(0, &["3 of 3"]);
    for seed in 0..3 {
        let run = format!("small,steps=200,seed={seed}");
        assert!(
            last_weights(&at(&folder, &run)) == last_weights(&at(&whole, &run)),
            "{run}"
        );
    }
}

#[test]
fn two_commands_at_once_train_each_run_once() {
    let folder = Folder::new();
    let start = || {
        folder
            .command(&THREE)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    };
    let children = [start(), start()];
    for child in children {
        let ended: Finished = child.wait_with_output().unwrap().into();
        ended.expect(0, &["3 of 3 runs are finished"]);
    }
    for seed in 0..3 {
        let run = at(&folder, &format!("small,seed={seed}"));
        let manifest = fs::read_to_string(run.join("manifest.jsonl")).unwrap();
        let begun = manifest
            .lines()
            .filter(|line| line.contains("\"event\":\"run\""));
        assert_eq!(begun.count(), 1);
        folder
            .creode(&["verify", run.to_str().unwrap()])
            .expect(0, &["all in order"]);
    }
    assert_eq!(states(&folder), ["finished"; 3]);
    assert_eq!(weights(&folder).len(), 3);
}

#[test]
fn commands_hear_of_ends_and_bifurcations_and_cannot_hurt() {
    let folder = Folder::new();
    let heard = |file: &str| fs::read_to_string(folder.0.path().join(file)).unwrap_or_default();
    let longer = [
        "train",
        "small.toml",
        "--set",
        "stage.0.until.steps=160",
        "--set",
        "checkpoints.every=40",
        "--set",
        "optimiser.learning_rate=1e-2",
    ];
    let hooks = [
        "--on-event",
        "echo $CREODE_RUN $CREODE_KIND $CREODE_TO_STEP >>events; exit 3",
        "--on-end",
        "echo $CREODE_RUN $CREODE_REASON $CREODE_STEP >>ends",
    ];
    folder
        .creode(&[&longer[..], &hooks].concat())
        .expect(0, &["note: the command", "failed"]);
    assert_eq!(heard("ends"), "small finished 160\n");
    let events = Run::open(folder.run()).unwrap().events().unwrap().unwrap();
    assert!(!events.is_empty());
    let lines = events
        .iter()
        .map(|of| format!("small {} {}", of.kind, of.to_step));
    let expected: Vec<String> = lines.collect();
    assert_eq!(heard("events").lines().collect::<Vec<_>>(), expected);
    let hooks = [
        "--on-end",
        "echo $CREODE_POPULATION $CREODE_REASON $CREODE_FINISHED/$CREODE_RUNS >>ends",
    ];
    folder.creode(&[&THREE[..], &hooks].concat()).expect(0, &[]);
    assert!(
        heard("ends").ends_with("p finished 3/3\n"),
        "{}",
        heard("ends")
    );
}

/// Puts programs in place of Slurm's into a folder: `sbatch` numbers its jobs and notes its words, and `squeue` and `sacct` say
/// what stands in files.
fn slurm_in(folder: &Path) -> PathBuf {
    let bin = folder.join("bin");
    fs::create_dir(&bin).unwrap();
    let place = folder.display();
    let sbatch = format!(
        "#!/bin/sh\n[ -e {place}/refuses ] && {{ echo 'sbatch: error: invalid partition specified: gpu' >&2; exit 1; }}\n\
         echo \"$@\" >>{place}/submitted\nwc -l <{place}/submitted | tr -d ' '\n"
    );
    for (name, text) in [
        ("sbatch", sbatch),
        (
            "squeue",
            format!("#!/bin/sh\ncat {place}/queue 2>/dev/null\ntrue\n"),
        ),
        ("sacct", format!("#!/bin/sh\ncat {place}/accounts\n")),
    ] {
        fs::write(bin.join(name), text).unwrap();
        fs::set_permissions(bin.join(name), fs::Permissions::from_mode(0o755)).unwrap();
    }
    bin
}

fn with_slurm(folder: &Folder, bin: &Path, words: &[&str]) -> Finished {
    let mut command: Command = folder.command(words);
    let path = std::env::var("PATH").unwrap();
    command.env("PATH", format!("{}:{path}", bin.display()));
    command.output().unwrap().into()
}

#[test]
fn slurm_is_asked_for_what_is_missing_and_not_in_its_queue() {
    let folder = Folder::new();
    let (here, bin) = (folder.0.path(), slurm_in(folder.0.path()));
    let ask = |words: &[&str]| with_slurm(&folder, &bin, words);
    let first = [
        &THREE[..],
        &[
            "--on",
            "slurm",
            "--slurm",
            "--partition=gpu",
            "--runs-per-job",
            "2",
        ],
    ]
    .concat();
    fs::write(here.join("refuses"), "").unwrap();
    ask(&first).expect(
        2,
        &[
            "invalid partition",
            "nothing was submitted",
            "population.sbatch",
        ],
    );
    fs::remove_file(here.join("refuses")).unwrap();
    ask(&first).expect(0, &["submitted 3 runs as job 1, an array of 2"]);
    let said = fs::read_to_string(here.join("submitted")).unwrap();
    assert!(
        said.contains("--array=0-1") && said.contains("runs-1.tsv 2"),
        "{said}"
    );
    fs::write(
        here.join("queue"),
        "1 0 RUNNING\n1 1 PENDING\n9 0 RUNNING\n",
    )
    .unwrap();
    ask(&["population", "p", "--on", "slurm"]).expect(0, &["3 with Slurm", "nothing to submit"]);
    ask(&["population", "p", "--status"])
        .expect(0, &["3 missing", "pending, job 1_1", "running, job 1_0"]);
    // The first element has trained its runs, the second was preempted.
    let slurm = here.join("traces/p/slurm");
    let element = Command::new("bash")
        .args([slurm.join("population.sbatch"), slurm.join("runs-1.tsv")])
        .env("SLURM_ARRAY_TASK_ID", "0")
        .output();
    assert!(element.unwrap().status.success());
    fs::write(here.join("queue"), "").unwrap();
    fs::write(here.join("accounts"), "1_0|COMPLETED\n1_1|PREEMPTED\n").unwrap();
    ask(&["population", "p", "--status"])
        .expect(0, &["2 finished, 1 missing", "ended: preempted, job 1_1"]);
    ask(&["population", "p", "--on", "slurm"])
        .expect(0, &["submitted 1 runs as job 2, an array of 1"]);
    folder
        .creode(&["population", "p"])
        .expect(0, &["1 of them to be trained", "3 of 3"]);
}

#[test]
fn a_watcher_submits_again_until_all_is_done_or_nothing_progresses() {
    let folder = Folder::new();
    let (here, bin) = (folder.0.path(), slurm_in(folder.0.path()));
    let ask = |words: &[&str]| with_slurm(&folder, &bin, words);
    let end = "echo $CREODE_REASON >>ends";
    let first = [&THREE[..], &["--on", "slurm", "--on-end", end]].concat();
    ask(&first).expect(2, &["needs `--keep-going`"]);
    let first = [&first[..], &["--keep-going"]].concat();
    ask(&first).expect(0, &["as job 1", "the watcher as job 2"]);
    let said = fs::read_to_string(here.join("submitted")).unwrap();
    assert!(said.contains("--dependency=afterany:1 "), "{said}");
    // The array has ended without a step: trying once more would not help.
    let watcher = here.join("traces/p/slurm/watcher.sbatch");
    let watch = || -> Finished {
        let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
        let mut command = Command::new("bash");
        command.arg(&watcher).env("PATH", path).current_dir(here);
        command.output().unwrap().into()
    };
    watch().expect(1, &["no run has progressed"]);
    // A run that was trained meanwhile is progress.
    let run = [
        "--traces",
        "traces/p",
        "train",
        "traces/p/curricula/small.toml",
    ];
    let run = [&run[..], &["--run", "small,seed=1", "--seed", "1"]].concat();
    folder.creode(&run).expect(0, &[]);
    watch().expect(0, &["submitted 2 runs as job 3", "the watcher as job 4"]);
    folder.creode(&["population", "p"]).expect(0, &["3 of 3"]);
    watch().expect(0, &["3 finished"]);
    assert_eq!(
        fs::read_to_string(here.join("ends")).unwrap(),
        "failed\nfinished\n"
    );
}

#[test]
fn where_there_is_no_slurm_nothing_is_lost() {
    let folder = Folder::new();
    let mut command = folder.command(&[&THREE[..], &["--on", "slurm"]].concat());
    let ended: Finished = command.env("PATH", "/nowhere").output().unwrap().into();
    ended.expect(2, &["no `sbatch` on this machine", "--on local"]);
    folder.creode(&["population", "p"]).expect(0, &["3 of 3"]);
}
