//! The program as a shell sees it: exit codes, messages, and what bad input leaves behind.
#![cfg(unix)]
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::Path;

use crate::shell::{CURRICULUM, Folder, LONG, files, last_weights, send};
use creode::tensors::TensorValues;
use creode::trace::rows::Status;
use creode::trace::{CheckpointFile, Run, RunWriter, digest};

/// Replaces a file of a run and, in the manifest, its digest and all seals: damage that no checksum sees.
fn forge(run: &Path, file: &str, bytes: &[u8]) {
    let before = fs::read(run.join(file)).unwrap();
    assert_eq!(before.len(), bytes.len());
    let path = run.join("manifest.jsonl");
    let manifest = fs::read_to_string(&path).unwrap();
    let forged = manifest.replace(&digest(&before), &digest(bytes));
    assert_ne!(manifest, forged);
    let (mut last, mut sealed) = (String::new(), String::new());
    for line in forged.lines() {
        let (open, _) = line.rsplit_once(",\"seal\":\"").unwrap();
        last = digest(format!("{last}{open}").as_bytes());
        sealed.extend([open, ",\"seal\":\"", &last, "\"}\n"]);
    }
    fs::write(path, sealed).unwrap();
    fs::write(run.join(file), bytes).unwrap();
}

/// The bytes of a checkpoint with one weight made NaN.
fn with_a_nan(checkpoint: &[u8]) -> Vec<u8> {
    let mut file = CheckpointFile::from_bytes(checkpoint).unwrap();
    let is_recurrent = |name: &str| name == "rnn.weight_hh_l0";
    let weights = file.tensors.iter_mut().find(|t| is_recurrent(&t.name));
    match &mut weights.unwrap().values {
        TensorValues::F32(values) => values[5] = f32::NAN,
        TensorValues::F64(values) => values[5] = f64::NAN,
    }
    file.to_bytes().unwrap()
}

#[test]
fn a_run_is_trained_numbered_and_verified() {
    let folder = Folder::new();
    let trained = folder.creode(&["train", "small.toml"]);
    trained.expect(
        0,
        &["checkpoint 4 step 40", "index sum", "creode replay small"],
    );
    assert_eq!(trained.stdout, "", "data alone go to stdout");
    folder
        .creode(&["train", "small.toml", "--seed", "4"])
        .expect(0, &["small-2: step 40"]);
    let again = ["train", "small.toml", "--resume", "--run", "small"];
    folder
        .creode(&again)
        .expect(0, &["nothing left to do", "ended at step 40"]);
    let verified = folder.creode(&["verify", "small"]);
    verified.expect(0, &["5 checkpoints", "all in order"]);
}

#[test]
fn a_stretch_of_a_run_is_trained_again_to_the_same_bytes() {
    let folder = Folder::new();
    folder.creode(&["train", "small.toml"]).expect(0, &[]);
    let zoom = [
        "zoom", "small", "--from", "step:10", "--to", "2", "--every", "5",
    ];
    folder
        .creode(&zoom)
        .expect(0, &["step 20", "small/zooms/1-2-every-5"]);
    let zoomed = folder.run().join("zooms/1-2-every-5");
    let weights = |run: &Path, checkpoint| {
        let bytes = Run::open(run).unwrap().weights(checkpoint).unwrap().bytes;
        let file = CheckpointFile::from_bytes(&bytes).unwrap();
        let tensors = file.tensors.into_iter();
        tensors.collect::<Vec<_>>()
    };
    let steps: Vec<u64> = Run::open(&zoomed)
        .unwrap()
        .entries()
        .iter()
        .map(|entry| entry.step)
        .collect();
    assert_eq!(steps, [10, 15, 20]);
    assert_eq!(weights(&folder.run(), 2), weights(&zoomed, 2));
    folder
        .creode(&["zoom", "small", "--from", "step:12", "--to", "2"])
        .expect(2, &["no checkpoint was saved at step 12", "`step:10`"]);
    folder
        .creode(&["zoom", "small", "--from", "2", "--to", "1"])
        .expect(2, &["step 20", "step 10"]);
}

#[test]
fn the_curricula_of_a_folder_are_listed_with_their_questions() {
    let folder = Folder::new();
    let text = format!("# Do two memories suffice?\n{CURRICULUM}");
    fs::create_dir(folder.0.path().join("curricula")).unwrap();
    fs::write(folder.0.path().join("curricula/small.toml"), text).unwrap();
    fs::write(folder.0.path().join("curricula/broken.toml"), "units = [").unwrap();
    folder.creode(&["curricula"]).expect(
        0,
        &["small.toml", "Do two memories suffice?", "broken.toml"],
    );
}

#[test]
fn a_mistake_in_a_curriculum_names_its_line_and_begins_nothing() {
    let folder = Folder::new();
    let misspelt = CURRICULUM.replace("units", "unitz");
    fs::write(folder.0.path().join("small.toml"), misspelt).unwrap();
    let failed = folder.creode(&["train", "small.toml"]);
    failed.expect(
        2,
        &["small.toml:7", "`network.unitz`", "did you mean `units`?"],
    );
    let failed = folder.creode(&["train", "absent.toml"]);
    failed.expect(2, &["absent.toml", "No such file"]);
    assert_eq!(failed.stderr.matches("No such file").count(), 1);
    assert!(!folder.0.path().join("traces").exists());
}

#[test]
fn a_run_that_does_not_exist_is_an_error_everywhere() {
    let folder = Folder::new();
    for arguments in [
        &["replay", "smal"][..],
        &["watch", "smal"],
        &["verify", "smal"],
    ] {
        folder
            .creode(arguments)
            .expect(2, &["no run smal under traces"]);
    }
    folder
        .creode(&["watch"])
        .expect(2, &["no run under traces yet"]);
    folder
        .creode(&["train", "small.toml", "--resume"])
        .expect(2, &["small"]);
    assert!(!folder.run().exists());
}

#[test]
fn runs_side_by_side_are_few_and_each_is_given_once() {
    let folder = Folder::new();
    folder.creode(&["train", "small.toml"]).expect(0, &[]);
    let by_path = ["replay", "small", "traces/small"];
    folder.creode(&by_path).expect(2, &["given twice"]);
    let many = ["watch", "a", "b", "c", "d", "e", "f", "g"];
    folder
        .creode(&many)
        .expect(2, &["7 runs are too many", "6 are the most"]);
    let again = ["train", "small.toml", "--seed", "5", "--run", "other"];
    folder.creode(&again).expect(0, &[]);
    let picture = [
        "picture", "small", "other", "--screen", "learning", "--keys", "A",
    ];
    folder
        .creode(&picture)
        .expect(0, &["<svg", "by share", "small", "other"]);
    folder
        .creode(&["picture", "--screen", "runs"])
        .expect(2, &["RUN"]);
}

#[test]
fn a_truncated_table_is_named_and_nothing_else_is_touched() {
    let folder = Folder::new();
    folder.creode(&["train", "small.toml"]).expect(0, &[]);
    let table = folder.run().join("fixed_points/00000000-00000040.parquet");
    let whole = fs::read(&table).unwrap();
    fs::write(&table, &whole[..whole.len() / 2]).unwrap();
    let before = files(&folder.run());
    folder
        .creode(&["verify", "small"])
        .expect(2, &["fixed_points/00000000-00000040.parquet", "problems"]);
    assert!(files(&folder.run()) == before);
    fs::write(&table, &whole).unwrap();
    folder.creode(&["verify", "small"]).expect(0, &[]);
}

#[test]
fn nan_weights_are_refused_though_every_checksum_fits() {
    let folder = Folder::new();
    folder.killed("checkpoint 2 ");
    drop(RunWriter::resume(folder.run()).unwrap());
    let run = Run::open(folder.run()).unwrap();
    let name = format!(
        "checkpoints/{:08}.safetensors",
        run.entries().last().unwrap().step
    );
    let checkpoint = fs::read(folder.run().join(&name)).unwrap();
    forge(&folder.run(), &name, &with_a_nan(&checkpoint));
    let before = files(&folder.run());
    for arguments in [
        &["verify", "small"][..],
        &[&LONG[..], &["--resume"]].concat(),
    ] {
        folder
            .creode(arguments)
            .expect(2, &[&name, "rnn.weight_hh_l0", "NaN"]);
    }
    for (path, bytes) in before {
        if !path.ends_with("log.txt") {
            assert!(fs::read(&path).unwrap() == bytes, "{}", path.display());
        }
    }
}

#[test]
fn a_loss_that_becomes_nan_stops_with_its_step_after_a_checkpoint() {
    let folder = Folder::new();
    let wild = [
        "network.activation=relu",
        "network.recurrent_gain=40",
        "optimiser.rule=sgd",
        "optimiser.learning_rate=1000",
    ];
    let mut arguments = vec!["train", "small.toml"];
    arguments.extend(wild.iter().flat_map(|change| ["--set", change]));
    let failed = folder.creode(&arguments);
    failed.expect(2, &["diverged", "at step "]);
    let run = Run::open(folder.run()).unwrap();
    let last = run.entries().last().unwrap();
    failed.expect(2, &[&format!("at step {}", last.step + 1)]);
    folder
        .creode(&["verify", "small"])
        .expect(0, &["all in order"]);
}

#[test]
fn a_network_is_analysed_from_its_run_and_from_its_file_alike() {
    let folder = Folder::new();
    folder.creode(&["train", "small.toml"]).expect(0, &[]);
    let last = "traces/small/checkpoints/00000040.safetensors";
    let points = |subject: &str| -> Vec<(String, f64)> {
        let analysed = folder.creode(&["analyze", subject, "--format", "json"]);
        analysed.expect(0, &[]);
        let json: serde_json::Value = serde_json::from_str(&analysed.stdout).unwrap();
        let condition = &json["conditions"][0];
        assert_eq!(condition["index_sum"], 1);
        let points = condition["fixed_points"].as_array().unwrap();
        let mut points: Vec<(String, f64)> = points
            .iter()
            .map(|point| {
                (
                    point["kind"].to_string(),
                    point["multiplier_re"].as_f64().unwrap(),
                )
            })
            .collect();
        points.sort_by(|a, b| a.1.total_cmp(&b.1));
        points
    };
    let (of_run, of_file) = (points("small"), points(last));
    assert!(!of_run.is_empty() && of_run.len() == of_file.len());
    for (a, b) in of_run.iter().zip(&of_file) {
        assert!(
            a.0 == b.0 && (a.1 - b.1).abs() < 1e-9,
            "{a:?} against {b:?}"
        );
    }
    folder
        .creode(&["analyze", "small", "--checkpoint", "0"])
        .expect(0, &["index sum +1", "unstable"]);
}

#[test]
fn what_cannot_be_analysed_is_an_error_with_the_way_out() {
    let folder = Folder::new();
    folder.creode(&["train", "small.toml"]).expect(0, &[]);
    let last = "traces/small/checkpoints/00000040.safetensors";
    let cases: [(&[&str], &[&str]); 8] = [
        (&["small.toml"], &["small.toml is a text file"]),
        (&["absent"], &["no run absent", "small"]),
        (&["small", "--checkpoint", "9"], &["checkpoint 9"]),
        (&["small", "--cell", "gru"], &["--cell", "files of weights"]),
        (&["small", "--input", "1,2,3"], &["3 values", "takes 1"]),
        (
            &[last, "--cell", "lstm"],
            &["weight_hh_l0", "[8, 8]", "4 · units"],
        ),
        (&[last, "--map", "recurent=w"], &["recurent", "recurrent"]),
        (&[last, "--starts", last], &["starts should be", "8]"]),
    ];
    for (arguments, words) in cases {
        folder
            .creode(&[&["analyze"], arguments].concat())
            .expect(2, words);
    }
}

#[test]
fn the_bifurcations_of_a_run_are_listed() {
    let folder = Folder::new();
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
    folder.creode(&longer).expect(0, &["3 fixed points (2/1)"]);
    folder.creode(&["analyze", "small", "--events"]).expect(
        0,
        &[
            "LP",
            "a pair appears",
            "4 intervals",
            "unexplained: 0 points",
        ],
    );
    let listed = folder.creode(&["analyze", "small", "--events", "--format", "json"]);
    let json: serde_json::Value = serde_json::from_str(&listed.stdout).unwrap();
    let intervals = json["intervals"].as_array().unwrap();
    let listed: usize = intervals
        .iter()
        .map(|of| of["events"].as_array().unwrap().len())
        .sum();
    let stored = Run::open(folder.run()).unwrap().events().unwrap().unwrap();
    assert!(intervals.len() == 4 && listed == stored.len());
    let born = stored.iter().filter(|event| event.pair_change == 1).count();
    assert!(
        born >= 1
            && stored
                .iter()
                .all(|event| event.status == Status::Located && event.loss.is_some())
    );
    folder
        .creode(&["verify", "small"])
        .expect(0, &["all in order"]);
    folder
        .creode(&["analyze", "small", "--events", "--checkpoint", "1"])
        .expect(2, &["--events", "--checkpoint"]);
}

#[test]
fn coarse_events_leave_the_tables_of_the_run_and_what_cannot_be_written_is_printed() {
    let folder = Folder::new();
    folder.creode(&["train", "small.toml"]).expect(0, &[]);
    folder
        .creode(&["analyze", "small", "--events"])
        .expect(0, &["4 intervals"]);
    let tables = ["events.parquet", "branches.parquet"].map(|name| folder.run().join(name));
    let before = tables.clone().map(|path| fs::read(path).unwrap());
    folder
        .creode(&["analyze", "small", "--events", "--every", "2"])
        .expect(0, &["2 intervals", "stay as they are"]);
    assert!(tables.clone().map(|path| fs::read(path).unwrap()) == before);
    folder
        .creode(&["verify", "small"])
        .expect(0, &["all in order"]);
    // Nothing can take the name of a folder.
    fs::remove_file(&tables[0]).unwrap();
    fs::create_dir(&tables[0]).unwrap();
    let failed = folder.creode(&["analyze", "small", "--events"]);
    failed.expect(
        2,
        &[
            "4 intervals",
            "the tables were not written",
            "events.parquet",
        ],
    );
    assert!(failed.stdout.contains("4 intervals"));
}

#[test]
fn the_files_of_a_run_that_ended_are_merged_and_everything_reads_both_forms() {
    let folder = Folder::new();
    let (mut child, lines) = folder.train_until(&LONG, "checkpoint 6 ");
    send("TERM", &child);
    lines.for_each(drop);
    assert_eq!(child.wait().unwrap().code(), Some(130));
    let answers = || {
        let commands: [&[&str]; 4] = [
            &["analyze", "small", "--checkpoint", "3", "--format", "json"],
            &["analyze", "small", "--events", "--format", "json"],
            &["picture", "small", "--screen", "diagram", "--keys", "n"],
            &["picture", "small", "--screen", "landscape", "--keys", "n"],
        ];
        commands.map(|command| {
            let finished = folder.creode(command);
            finished.expect(0, &[]);
            finished.stdout
        })
    };
    let before = answers();
    let files_before = files(&folder.run()).len();
    folder
        .creode(&["compact", "small"])
        .expect(0, &["files", "are now"]);
    folder
        .creode(&["verify", "small"])
        .expect(0, &["all in order"]);
    assert!(files(&folder.run()).len() + 20 < files_before);
    assert_eq!(answers(), before);
    folder
        .creode(&["zoom", "small", "--from", "1", "--to", "2", "--every", "5"])
        .expect(0, &["byte for byte"]);
    folder
        .creode(&["compact", "small"])
        .expect(0, &["nothing to merge"]);
    // It goes on, and is merged again when it ends.
    let whole = Folder::new();
    whole.creode(&LONG).expect(0, &[]);
    folder
        .creode(&[&LONG[..], &["--resume"]].concat())
        .expect(0, &["small: step 4000"]);
    assert!(last_weights(&folder.run()) == last_weights(&whole.run()));
    for table in ["steps", "fixed_points", "trials", "events"] {
        let count = |folder: &Folder| fs::read_dir(folder.run().join(table)).unwrap().count();
        assert_eq!((count(&folder), count(&whole)), (1, 1), "{table}");
    }
    folder
        .creode(&["verify", "small"])
        .expect(0, &["all in order"]);
}

#[test]
fn a_reproduction_prints_its_claims_and_says_by_its_exit_code_whether_they_hold() {
    let folder = Folder::new();
    folder
        .creode(&["reproduce"])
        .expect(0, &["two-neuron", "10.48550/arXiv.2111.09356"]);
    let quick = ["reproduce", "two-neuron", "--quick"];
    let json = folder.creode(&[&quick[..], &["--format", "json", "-o", "plane.svg"]].concat());
    let report: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
    let claims = report["claims"].as_array().unwrap();
    assert_eq!(claims.len(), 4);
    let all_hold = claims.iter().all(|claim| claim["verdict"] == "holds");
    assert_eq!(json.code, Some(i32::from(!all_hold)), "{json:?}");
    let figure = fs::read_to_string(folder.0.path().join("plane.svg")).unwrap();
    assert!(figure.starts_with("<svg") && figure.contains("determinant of W"));
    // One network is of one class: three cannot be seen.
    folder
        .creode(&[&quick[..], &["--seeds", "1"]].concat())
        .expect(1, &["DOES NOT HOLD", "kinds of solution"]);
}

#[test]
fn a_reproduction_writes_a_page_and_an_index_of_all_pages_in_a_folder() {
    let folder = Folder::new();
    folder.creode(&[
        "reproduce",
        "two-neuron",
        "--quick",
        "--seeds",
        "40",
        "-o",
        "pages",
    ]);
    let read = |name: &str| fs::read_to_string(folder.0.path().join("pages").join(name)).unwrap();
    let page = read("two-neuron.md");
    assert!(page.starts_with("# `two-neuron`\n\nTurner"), "{page}");
    assert!(
        page.contains("![two-neuron](two-neuron.svg)")
            && read("two-neuron.svg").starts_with("<svg")
    );
    let numbers: serde_json::Value = serde_json::from_str(&read("two-neuron.json")).unwrap();
    let statement = numbers["claims"][3]["statement"].as_str().unwrap();
    let index = read("index.md");
    let rows = |text: &str| text.lines().filter(|line| line.contains(statement)).count();
    assert_eq!([rows(&index), rows(&page)], [1, 1], "{index}");
    assert!(
        index.contains("| [two-neuron](two-neuron.md) | Turner, Dabholkar & Barak"),
        "{index}"
    );
    fs::write(folder.0.path().join("pages/two-neuron.json"), "{}").unwrap();
    folder
        .creode(&[
            "reproduce",
            "two-neuron",
            "--quick",
            "--seeds",
            "1",
            "-o",
            "pages",
        ])
        .expect(1, &["DOES NOT HOLD"]);
}

#[test]
fn a_reproduction_that_cannot_be_is_answered_before_it_runs() {
    let folder = Folder::new();
    folder
        .creode(&["reproduce", "--quick"])
        .expect(2, &["--quick needs the name of an experiment, or --all"]);
    folder
        .creode(&["reproduce", "--all", "-o", "all.svg"])
        .expect(2, &["all.svg: --all draws many figures; give a folder"]);
    folder
        .creode(&["reproduce", "--all", "two-neuron"])
        .expect(2, &["cannot be used with"]);
    folder.creode(&["reproduce", "two-neurons"]).expect(
        2,
        &["no experiment two-neurons", "did you mean two-neuron?"],
    );
    folder
        .creode(&["reproduce", "two-neuron", "-o", "plane.png"])
        .expect(2, &["plane.png", ".svg"]);
    folder
        .creode(&["reproduce", "two-neuron", "-o", "nowhere/plane.svg"])
        .expect(2, &["there is no folder nowhere"]);
    folder
        .creode(&["reproduce", "two-neuron", "--seeds", "0"])
        .expect(2, &["--seeds"]);
}
