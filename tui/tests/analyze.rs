//! `creode analyze` beyond one landscape, as a shell sees it: sweeps, attractors, folders that fill.
#![cfg(unix)]
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use creode::trace::Run;
use creode::trace::rows::Status;
use serde_json::{Value, json};

/// One bit in eight units, trained until it is held.
const CURRICULUM: &str = r#"
name = "bit"
seed = 3

[network]
cell = "vanilla"
units = 8

[training]
trials_per_step = 16

[optimiser]
learning_rate = 0.01

[[stage]]
name = "one bit"
task = "flip-flop"
bits = 1
trial_steps = 40
until = { steps = 300 }

[checkpoints]
every = 50

[analysis]
starts = 64
probe_trials = 8
"#;

struct Folder(tempfile::TempDir);

impl Folder {
    /// A folder with a trained run in it.
    fn trained() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("bit.toml"), CURRICULUM).unwrap();
        let folder = Self(folder);
        folder.said(&["train", "bit.toml"], 0);
        folder
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_creode"));
        command.args(arguments).current_dir(self.path());
        command.env_remove("CREODE_TRACES").stdin(Stdio::null());
        command
    }

    /// What the program wrote to stdout and stderr.
    fn said(&self, arguments: &[&str], code: i32) -> (String, String) {
        let output = self.command(arguments).output().unwrap();
        let (out, err) = (
            String::from_utf8(output.stdout),
            String::from_utf8(output.stderr),
        );
        let (out, err) = (out.unwrap(), err.unwrap());
        assert_eq!(
            output.status.code(),
            Some(code),
            "{arguments:?}\n{out}\n{err}"
        );
        (out, err)
    }

    fn json(&self, arguments: &[&str]) -> Value {
        let arguments = [arguments, &["--format", "json"]].concat();
        serde_json::from_str(&self.said(&arguments, 0).0).unwrap()
    }
}

/// The number of points changes by two for every located fold.
fn assert_balanced(sweep: &Value) {
    let stations = sweep["stations"].as_array().unwrap();
    let ends = [&stations[0], &stations[stations.len() - 1]];
    let [first, last] = ends.map(|station| station["n_fixed"].as_i64().unwrap());
    let events = sweep["events"].as_array().unwrap();
    let change: i64 = events
        .iter()
        .map(|of| of["pair_change"].as_i64().unwrap())
        .sum();
    assert_eq!(
        sweep["unexplained"].as_array().unwrap().len(),
        0,
        "{sweep:#}"
    );
    assert_eq!(last - first, 2 * change, "{sweep:#}");
    assert!(stations.iter().all(|station| station["index_sum"] == 1));
}

#[test]
fn sweeps_find_the_bifurcations_on_their_way() {
    let folder = Folder::trained();
    let gain = folder.json(&["analyze", "bit", "--sweep", "gain=0.2..1.5"]);
    assert_balanced(&gain);
    let values = gain["events"].as_array().unwrap().iter();
    let values: Vec<f64> = values.map(|of| of["value"].as_f64().unwrap()).collect();
    assert!(!values.is_empty() && values.iter().all(|value| (0.2..=1.5).contains(value)));
    assert!(values.is_sorted(), "{values:?}");
    // A strong input leaves one of the two memories; the saddle and the other meet in a fold.
    let input = folder.json(&["analyze", "bit", "--sweep", "input.0=0..5"]);
    assert_balanced(&input);
    let between = folder.json(&["analyze", "bit", "--between", "0", "5"]);
    assert_balanced(&between);
    let at = |sweep: &Value| sweep["events"][0]["value"].as_f64().unwrap();
    assert!((at(&input) - 5.0 * at(&between)).abs() < 1e-9);
    let (table, _) = folder.said(&["analyze", "bit", "--sweep", "input.0=0..5"], 0);
    assert!(
        table.contains("a pair vanishes") && table.contains("index sum"),
        "{table}"
    );

    for (sweep, message) in [
        ("gain=1..1", "empty"),
        ("gain=a..2", "a is no number"),
        ("leak=0..1", "leak cannot be swept"),
        ("input.7=0..1", "no input channel 7"),
    ] {
        let code = if sweep.starts_with("input") { 2 } else { 1 };
        let output = folder
            .command(&["analyze", "bit", "--sweep", sweep])
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(said.contains(message), "{sweep}: {said}");
        assert!(
            output.status.code().is_some_and(|found| found >= code),
            "{output:?}"
        );
    }
}

#[test]
fn attractors_share_the_starts_and_saddles_lead_to_them() {
    let folder = Folder::trained();
    let found = folder.json(&["analyze", "bit", "--attractors", "--modes", "--motion"]);
    let potent = &found["motion"]["potent"];
    assert_eq!(
        (&potent["dimensions"], &potent["of"]),
        (&json!(1), &json!(8))
    );
    assert!(
        found["motion"]["rotations"]["r2_of_any_map"]
            .as_f64()
            .unwrap()
            > 0.0
    );
    let condition = &found["conditions"][0];
    let basins = condition["attractors"]["basins"].as_array().unwrap();
    let sum: f64 = basins
        .iter()
        .map(|of| of["basin_fraction"].as_f64().unwrap())
        .sum();
    assert!((sum - 1.0).abs() < 1e-12, "{condition:#}");
    assert_eq!(basins.len(), 2, "{basins:#?}");
    assert_eq!(condition["attractors"]["starts_from"], "trials");
    let points = condition["fixed_points"].as_array().unwrap();
    for point in points {
        let stable = point["n_unstable"] == 0;
        assert_eq!(point["basin_fraction"].is_number(), stable);
        if !stable {
            let to = point["leads_to"]["attractors"].as_array().unwrap();
            let total: f64 = to.iter().map(|share| share.as_f64().unwrap()).sum();
            let elsewhere = point["leads_to"]["elsewhere"].as_f64().unwrap();
            assert!((total + elsewhere - 1.0).abs() < 1e-12);
        }
        let linear = &point["linearisation"];
        assert_eq!(linear["n_unstable"], point["n_unstable"]);
        assert_eq!(linear["modes"].as_array().unwrap().len(), 8);
        assert_eq!(linear["is_n_unstable_certain"], true);
        // A bit is a mode that reads its line and moves its output; a small push along it is forgotten as its eigenvalue says.
        let of = &linear["leading_modes_uses"][0];
        assert!(of["reads"][0].as_f64().unwrap() > 0.0 && of["moves"][0].as_f64().unwrap() > 0.0);
        let tau = linear["modes"][0]["time_constant_steps"]
            .as_f64()
            .unwrap()
            .abs();
        assert_eq!(
            of["pushes"][0]["steps"].as_f64().unwrap(),
            tau.ceil(),
            "{of}"
        );
    }
    let out = folder.path().join("tables");
    folder.said(&["analyze", "bit", "--out", "tables"], 0);
    for table in ["landscapes", "fixed_points", "slow_points", "spectra"] {
        assert!(out.join(format!("{table}.parquet")).is_file(), "{table}");
    }
}

/// A file of a network h' = tanh(W h), W `[units][units]`.
fn write_network(path: &Path, units: usize, weights: &[f64]) {
    write_biased(path, weights, &vec![0.0; units]);
}

/// A file of a network h' = tanh(W h + b).
fn write_biased(path: &Path, weights: &[f64], biases: &[f64]) {
    let units = biases.len();
    let (bytes, bias) = (8 * units * units, 8 * units);
    let header = format!(
        r#"{{"weight_hh_l0":{{"dtype":"F64","shape":[{units},{units}],"data_offsets":[0,{bytes}]}},"bias_ih_l0":{{"dtype":"F64","shape":[{units}],"data_offsets":[{bytes},{}]}},"weight_ih_l0":{{"dtype":"F64","shape":[{units},1],"data_offsets":[{},{}]}}}}"#,
        bytes + bias,
        bytes + bias,
        bytes + 2 * bias
    );
    let mut file = (header.len() as u64).to_le_bytes().to_vec();
    file.extend_from_slice(header.as_bytes());
    let values = weights.iter().chain(biases);
    file.extend(values.flat_map(|value| value.to_le_bytes()));
    file.resize(file.len() + bias, 0);
    fs::write(path, file).unwrap();
}

/// One unit, h' = tanh(−2 h), has a cycle of period 2 and none besides.
#[test]
fn cycles_of_more_than_64_steps_are_searched_and_starts_are_named() {
    let folder = Folder(tempfile::tempdir().unwrap());
    write_network(&folder.path().join("one.safetensors"), 1, &[-2.0]);
    let found = folder.json(&[
        "analyze",
        "one.safetensors",
        "--cycles",
        "70",
        "--attractors",
    ]);
    let condition = &found["conditions"][0];
    let periods = condition["cycles"].as_array().unwrap();
    assert_eq!(periods.len(), 69);
    for of in periods {
        let count = usize::from(of["period"] == 2);
        assert_eq!(of["cycles"].as_array().unwrap().len(), count, "{of:#}");
    }
    assert_eq!(condition["attractors"]["starts_from"], "simulations");
}

#[test]
fn slow_sets_and_unstable_cycles_are_found_when_asked_for() {
    let folder = Folder(tempfile::tempdir().unwrap());
    // W_ij = 4/N cos(θ_i − θ_j): a ring of states that hardly move.
    let units = 24;
    let angle = |i: usize| std::f64::consts::TAU * i as f64 / units as f64;
    let ring: Vec<f64> = (0..units * units)
        .map(|at| 4.0 / units as f64 * (angle(at / units) - angle(at % units)).cos())
        .collect();
    write_network(&folder.path().join("ring.safetensors"), units, &ring);
    let found = folder.json(&["analyze", "ring.safetensors", "--continuum"]);
    let continuum = &found["conditions"][0]["continuum"];
    assert_eq!(continuum["shape"], "ring");
    assert_eq!(
        (&continuum["pieces"], &continuum["loops"]),
        (&1.into(), &1.into())
    );
    assert!(continuum["drift_steps"].as_f64().unwrap() > 1000.0);
    // Two units that each oscillate, h' = tanh(−2 h): cycles of period 2 in one of them alone are unstable, for the other
    // one rests at 0 with multiplier −2.
    write_network(
        &folder.path().join("two.safetensors"),
        2,
        &[-2.0, 0.0, 0.0, -2.0],
    );
    let found = folder.json(&["analyze", "two.safetensors", "--cycles", "2"]);
    let two = &found["conditions"][0]["cycles"][0];
    let cycles = two["cycles"].as_array().unwrap();
    assert_eq!((&two["period"], cycles.len()), (&2.into(), 4));
    let unstable = cycles.iter().filter(|cycle| cycle["n_unstable"] != 0);
    assert_eq!(unstable.count(), 2);
    for cycle in cycles {
        for state in cycle["states"].as_array().unwrap() {
            for x in state.as_array().unwrap() {
                let x = x.as_f64().unwrap().abs();
                assert!(x < 1e-12 || (x - 0.957_504_024_077_269).abs() < 1e-12);
            }
        }
    }
    let (table, _) = folder.said(
        &["analyze", "two.safetensors", "--cycles", "2", "--continuum"],
        0,
    );
    assert!(
        table.contains("slow set") && table.contains("period"),
        "{table}"
    );
}

#[test]
fn a_folder_of_checkpoints_becomes_a_run() {
    let folder = Folder::trained();
    let incoming = folder.path().join("incoming");
    fs::create_dir(&incoming).unwrap();
    let files = |step: u32| {
        let from = format!("traces/bit/checkpoints/{step:08}.safetensors");
        (
            folder.path().join(from),
            incoming.join(format!("model-{step}.safetensors")),
        )
    };
    for step in [0, 50, 100] {
        let (from, to) = files(step);
        fs::copy(from, to).unwrap();
    }
    fs::write(
        incoming.join("model-120.safetensors"),
        b"not weights at all",
    )
    .unwrap();
    fs::write(incoming.join("notes.txt"), b"7").unwrap();
    let follow = [
        "analyze", "incoming", "--follow", "--run", "mine", "--idle", "3",
    ];
    let child = folder
        .command(&follow)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    std::thread::sleep(Duration::from_millis(500));
    for step in [150, 200, 250, 300] {
        let (from, to) = files(step);
        fs::copy(from, to).unwrap();
    }
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(
        said.contains("left out") && said.contains("model-120.safetensors"),
        "{said}"
    );

    folder.said(&["verify", "mine"], 0);
    let run = Run::open(folder.path().join("traces/mine")).unwrap();
    let steps: Vec<u64> = run.entries().iter().map(|entry| entry.step).collect();
    assert_eq!(steps, [0, 50, 100, 150, 200, 250, 300]);
    assert!(run.entries().iter().all(|entry| entry.complete));
    let trained = Run::open(folder.path().join("traces/bit")).unwrap();
    for (mine, own) in run.entries().iter().zip(trained.entries()) {
        let mine = &run.landscapes(mine.checkpoint).unwrap()[0];
        let own = &trained.landscapes(own.checkpoint).unwrap()[0];
        assert_eq!((mine.n_fixed, mine.index_sum), (own.n_fixed, own.index_sum));
    }
    folder.said(&["analyze", "mine", "--events"], 0);
    let branches = Run::open(run.dir()).unwrap().branches().unwrap().unwrap();
    assert!(!branches.is_empty());
    folder.said(&["analyze", "mine", "--checkpoint", "2"], 0);
    // The same command goes on where it stopped, and has nothing to do.
    let again = [
        "analyze", "incoming", "--follow", "--run", "mine", "--idle", "0.5",
    ];
    folder.said(&again, 0);
    assert_eq!(Run::open(run.dir()).unwrap().entries().len(), 7);
    let other = [&again[..], &["--seed", "9"]].concat();
    let (_, said) = folder.said(&other, 2);
    assert!(said.contains("begun otherwise"), "{said}");
}

/// Two units that turn round a circle until a bias pins them: a saddle and a node are born on it.
#[test]
fn an_attractor_that_ends_between_checkpoints_is_hinted_at() {
    let folder = Folder(tempfile::tempdir().unwrap());
    let incoming = folder.path().join("incoming");
    fs::create_dir(&incoming).unwrap();
    let (sin, cos) = 0.15_f64.sin_cos();
    let weights = [cos, -sin, sin, cos].map(|w| 1.3 * w);
    for (step, bias) in [(0, 0.0), (100, 0.14)] {
        let path = incoming.join(format!("model-{step}.safetensors"));
        write_biased(&path, &weights, &[bias, 0.0]);
    }
    let follow = [
        "analyze", "incoming", "--follow", "--run", "pinned", "--idle", "0.5",
    ];
    folder.said(&follow, 0);
    let events = ["analyze", "pinned", "--events"];
    let (without, _) = folder.said(&events, 0);
    assert!(
        without.contains("LP") && !without.contains("hint"),
        "{without}"
    );
    let (with, _) = folder.said(&[&events[..], &["--hints"]].concat(), 0);
    assert!(
        with.contains("hint: SNIC") && with.contains("(expected -0.500)"),
        "{with}"
    );
    let json = folder.json(&[&events[..], &["--hints"]].concat());
    let hints = json["hints"].as_array().unwrap();
    assert_eq!(hints.len(), 1, "{hints:?}");
    let number = |key: &str| hints[0][key].as_f64().unwrap();
    assert!((number("exponent") + 0.5).abs() < 0.05 && number("r_squared") > 0.99);
    let rows = Run::open(folder.path().join("traces/pinned")).unwrap();
    let rows = rows.derived_events().unwrap().unwrap();
    let hint = rows.iter().find(|row| row.kind == "hint SNIC").unwrap();
    assert!(hint.status == Status::Bracketed && hint.hint.unwrap().r_squared > 0.99);
    // The fold that it happens at is among the events.
    let is_fold = |row: &&creode::trace::rows::EventRow| {
        row.kind == "LP" && (row.position - hint.position).abs() < 1e-9
    };
    assert_eq!(rows.iter().filter(is_fold).count(), 1);
    folder.said(&["analyze", "pinned", "--hints"], 2);
    folder.said(&["verify", "pinned"], 0);
}
