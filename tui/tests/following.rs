//! Folders of another program's checkpoints, with what lies beside them.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::PathBuf;

use creode::trace::Run;

use crate::shell::{Folder, arrays, network};

const ONE_POINT: [f64; 4] = [0.5, 0.0, 0.0, 0.5];
const NINE_POINTS: [f64; 4] = [1.5, 0.0, 0.0, 1.5];

/// A folder `weights` with files of these names, written in their order.
fn with_files(names: &[&str]) -> Folder {
    let folder = Folder::new();
    for name in names {
        let path = folder.0.path().join("weights").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, network("weight_hh", NINE_POINTS)).unwrap();
    }
    folder
}

fn run(folder: &Folder, name: &str) -> Run {
    Run::open(folder.0.path().join("traces").join(name)).unwrap()
}

fn steps_of(run: &Run) -> Vec<u64> {
    run.entries().iter().map(|entry| entry.step).collect()
}

const FOLLOW: [&str; 5] = ["analyze", "weights", "--follow", "--idle", "1.2"];

#[test]
fn layouts_of_other_programs_are_followed_by_their_steps() {
    let cases: [(&[&str], &[&str]); 3] = [
        (
            &[
                "checkpoint-100/model.safetensors",
                "checkpoint-100/optimizer.pt",
                "checkpoint-200/model.SAFETENSORS",
            ],
            &[
                "steps: the number after `checkpoint` in checkpoint-100/model.safetensors; 2 files: 100, 200",
                "checkpoint-100/optimizer.pt: by its name it holds no network",
                "checkpoint 1 at step 200",
            ],
        ),
        (
            &[
                "epoch=0-step=100.safetensors",
                "epoch=1-step=200.safetensors",
                "epoch=1-step=200-v1.safetensors",
                "last.safetensors",
            ],
            &[
                "epoch=1-step=200-v1.safetensors: it is of step 200, like",
                "last.safetensors: there is no number in its name",
                "checkpoint 1 at step 200",
            ],
        ),
        (
            &[
                "step100-loss0.25.safetensors",
                "step200-loss0.12.safetensors",
            ],
            &[
                "the number after `step`",
                "checkpoint 0 at step 100",
                "checkpoint 1 at step 200",
            ],
        ),
    ];
    for (names, said) in cases {
        let folder = with_files(names);
        folder.creode(&FOLLOW).expect(0, said);
        assert_eq!(steps_of(&run(&folder, "weights")), [100, 200]);
    }
    with_files(&["final.safetensors", "seed1.npz"])
        .creode(&FOLLOW)
        .expect(
            2,
            &["no number in its name", "nothing was taken", "has a number"],
        );
}

#[test]
fn two_trainings_in_a_folder_are_refused_until_one_is_chosen() {
    let folder = with_files(&[
        "seed1_step100.safetensors",
        "seed1_step200.safetensors",
        "seed2_step100.safetensors",
        "seed2_step200.safetensors",
    ]);
    folder.creode(&FOLLOW).expect(
        2,
        &[
            "2 trainings",
            "seed 1",
            "seed 2",
            "--step-pattern 'seed2_step{step}*'",
        ],
    );
    let chosen = [
        &FOLLOW[..],
        &["--run", "second", "--step-pattern", "seed2_step{step}*"],
    ]
    .concat();
    folder.creode(&chosen).expect(
        0,
        &[
            "{step} of `seed2_step{step}*`",
            "seed1_step200.safetensors: its name does not fit",
        ],
    );
    assert_eq!(steps_of(&run(&folder, "second")), [100, 200]);
    folder
        .creode(&[&FOLLOW[..], &["--step-pattern", "seed2"]].concat())
        .expect(2, &["expected {step} once"]);
    // One that comes later is left out of the run that goes on.
    let folder = with_files(&["seed1_step100.safetensors", "seed1_step200.safetensors"]);
    folder
        .creode(&FOLLOW)
        .expect(0, &["checkpoint 1 at step 200"]);
    let other = folder.0.path().join("weights/seed2_step300.safetensors");
    fs::write(other, network("weight_hh", NINE_POINTS)).unwrap();
    folder.creode(&FOLLOW).expect(
        0,
        &["seed2_step300.safetensors: it is of seed 2, those taken before of seed 1"],
    );
    assert_eq!(steps_of(&run(&folder, "weights")), [100, 200]);
}

#[test]
fn losses_beside_the_checkpoints_are_kept_in_the_run() {
    let folder = with_files(&[
        "model_seed7_step100.safetensors",
        "model_seed7_step200.safetensors",
    ]);
    let metrics: PathBuf = folder.0.path().join("weights/metrics.csv");
    let mut text = "epoch,step,train_loss,val_acc,lr-Adam\n".to_owned();
    text += "0,50,0.5,,0.01\n0,100,0.25,,0.01\n0,100,,75,\nhalf a li";
    fs::write(&metrics, &text).unwrap();
    folder.creode(&FOLLOW).expect(
        0,
        &[
            "steps: the number after `step` in model_seed7_step100.safetensors; 2 files: 100, 200",
            "losses: metrics.csv: `train_loss` as loss, `val_acc` (percent) as accuracy, `lr-Adam` as learning_rate",
        ],
    );
    folder.creode(&["verify", "weights"]).expect(0, &[]);
    let rows = run(&folder, "weights").steps().unwrap();
    let told: Vec<(u64, f64, f64)> = rows
        .iter()
        .map(|row| (row.step, row.loss, row.learning_rate))
        .collect();
    assert_eq!(told, [(50, 0.5, 0.01), (100, 0.25, 0.01)]);
    assert!(rows[0].accuracy.is_nan() && (rows[1].accuracy - 0.75).abs() < 1e-15);

    // The training goes on, and so does the run, with the rows behind those that it has.
    text = text.replace(
        "half a li",
        "0,150,0.2,,0.01\n1,200,0.125,,0.005\nnot a line of it\n1,250,0.1,,0.005\n",
    );
    fs::write(&metrics, text).unwrap();
    folder
        .creode(&FOLLOW)
        .expect(0, &["1 lines or records could not be read"]);
    folder.creode(&["verify", "weights"]).expect(0, &[]);
    let rows = run(&folder, "weights").steps().unwrap();
    let steps: Vec<u64> = rows.iter().map(|row| row.step).collect();
    assert_eq!(steps, [50, 100, 150, 200, 250]);
    let picture = folder.creode(&["picture", "weights", "--screen", "learning"]);
    picture.expect(0, &["loss"]);
    assert!(
        !picture.stdout.contains("not in the run"),
        "{}",
        picture.stdout
    );
    folder
        .creode(&["analyze", "weights", "--events"])
        .expect(0, &[]);
}

#[test]
fn trials_give_conditions_starts_and_trajectories() {
    let folder = Folder::new();
    let weights = folder.0.path().join("weights");
    fs::create_dir(&weights).unwrap();
    for (step, matrix) in [(100, ONE_POINT), (200, NINE_POINTS)] {
        let file = arrays(&[
            ("weight_hh", &[2, 2], &matrix),
            ("weight_ih", &[2, 1], &[1.0, 0.0]),
            ("readout.weight", &[1, 2], &[1.0, -1.0]),
        ]);
        fs::write(weights.join(format!("{step}.safetensors")), file).unwrap();
    }
    let inputs = [[0.0, 0.0, 0.0], [0.0, 2.0, 2.0]].concat();
    let trials = arrays(&[
        ("inputs", &[2, 3, 1], &inputs),
        ("targets", &[2, 3, 1], &[0.0; 6]),
    ]);
    fs::write(folder.0.path().join("trials.safetensors"), trials).unwrap();
    let follow = [&FOLLOW[..], &["--trials", "trials.safetensors"]].concat();
    folder.creode(&follow).expect(
        0,
        &[
            "trials: fixed points are sought without input and at 1 held",
            "checkpoint 1 at step 200: 9 fixed points",
        ],
    );
    folder.creode(&["verify", "weights"]).expect(0, &[]);
    let run = run(&folder, "weights");
    let landscapes = run.landscapes(1).unwrap();
    let conditions: Vec<&str> = landscapes
        .iter()
        .map(|row| row.condition.as_str())
        .collect();
    assert_eq!(conditions, ["no input", "input 2"]);
    // An input that strong leaves one unit a single point.
    assert_eq!((landscapes[0].n_fixed, landscapes[1].n_fixed), (9, 3));
    let rows = run.trials(1).unwrap();
    assert_eq!(rows.len(), 6);
    let driven = rows
        .iter()
        .filter(|row| row.trial == 1)
        .map(|row| row.state[0]);
    let second = f64::tanh(2.0);
    let expected = [0.0, second, f64::tanh(1.5 * second + 2.0)];
    for ((state, expected), row) in driven.zip(expected).zip(&rows[3..]) {
        assert!((state - expected).abs() < 1e-12);
        assert!((row.output[0] - state).abs() < 1e-12 && row.target == [0.0]);
    }
    folder
        .creode(&["analyze", "weights", "--events"])
        .expect(0, &["LP"]);
    folder
        .creode(&["analyze", "weights"])
        .expect(0, &["input 2"]);
    let wide = arrays(&[("inputs", &[2, 2, 3], &[0.0; 12])]);
    fs::write(folder.0.path().join("wide.safetensors"), wide).unwrap();
    folder
        .creode(
            &[
                &FOLLOW[..],
                &["--run", "wide", "--trials", "wide.safetensors"],
            ]
            .concat(),
        )
        .expect(
            2,
            &["wide.safetensors: inputs has 3 channels, the network takes 1"],
        );
}
