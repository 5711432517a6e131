#![allow(clippy::unwrap_used)]

use std::time::Duration;

use proptest::prelude::*;

use super::*;

fn named(names: &[&str]) -> Vec<Named> {
    let at = |place: usize| SystemTime::UNIX_EPOCH + Duration::from_secs(place as u64);
    let files = names.iter().enumerate();
    files
        .map(|(place, name)| Named {
            name: (*name).to_owned(),
            modified: Some(at(place)),
        })
        .collect()
}

/// The steps of names that were written one after the other.
fn steps(names: &[&str]) -> Vec<Option<u64>> {
    let reading = StepReading::of(&named(names)).unwrap();
    names.iter().map(|name| reading.step(name).ok()).collect()
}

#[test]
fn layouts_in_use_are_read_as_they_are_meant() {
    let cases: &[(&[&str], &[u64])] = &[
        (
            &[
                "gru_100_seed1.npz",
                "gru_200_seed1.npz",
                "gru_300_seed1.npz",
            ],
            &[100, 200, 300],
        ),
        (
            &[
                "step100-loss0.25.safetensors",
                "step200-loss0.12.safetensors",
                "step300-loss0.07.safetensors",
            ],
            &[100, 200, 300],
        ),
        (
            &[
                "checkpoint-100/model.safetensors",
                "checkpoint-1000/pytorch_model.bin",
            ],
            &[100, 1000],
        ),
        (
            &[
                "epoch=0-step=100.ckpt",
                "epoch=1-step=200.ckpt",
                "epoch=1-step=200-v1.ckpt",
            ],
            &[100, 200, 200],
        ),
        (&["epoch=3-step=450.ckpt"], &[450]),
        (
            &[
                "model_seed7_step100.safetensors",
                "model_seed7_step200.safetensors",
            ],
            &[100, 200],
        ),
        (
            &["step_100_loss_0.25.npz", "step_200_loss_1.npz"],
            &[100, 200],
        ),
        (&["1e3.npz", "2e3.npz", "1.5e4.npz"], &[1000, 2000, 15_000]),
        (&["iter_000100.pt", "iter_000200.pt"], &[100, 200]),
        (&["ckpt.100.pt", "ckpt.200.pt"], &[100, 200]),
        (&["100_steps.zip.npz", "5k_steps.zip.npz"], &[100, 5000]),
        (
            &["rl_model_100_steps.pt", "rl_model_200_steps.pt"],
            &[100, 200],
        ),
        (
            &[
                "net_64_hidden_1.npz",
                "net_64_hidden_2.npz",
                "net_64_hidden_10.npz",
            ],
            &[],
        ),
        (&["00000000.npz", "00000050.npz"], &[0, 50]),
        (&["model_7_100.npz", "model_7_200.npz"], &[100, 200]),
        (&["epoch12_iter300.npz", "epoch13_iter600.npz"], &[300, 600]),
        (&["epoch3-step450.npz"], &[450]),
        (
            &[
                "global_step100/mp_rank_00_model_states.pt",
                "global_step200/mp_rank_00_model_states.pt",
            ],
            &[100, 200],
        ),
        (
            &["gpt_124M_step1000.pt", "gpt_124M_step2000.pt"],
            &[1000, 2000],
        ),
        (&["epoch_1_100.npz", "epoch_1_200.npz"], &[100, 200]),
    ];
    for (names, expected) in cases {
        let files = named(names);
        if expected.is_empty() {
            // Numbers after `hidden` are no steps, however they grow; 64 is all that is left.
            let reading = StepReading::of(&files).unwrap();
            assert_eq!(reading.step(names[1]), Ok(64), "{reading:?}");
            continue;
        }
        let expected: Vec<Option<u64>> = expected.iter().copied().map(Some).collect();
        assert_eq!(
            steps(names),
            expected,
            "{names:?}: {:?}",
            StepReading::of(&files)
        );
    }
}

#[test]
fn names_without_a_step_say_why() {
    assert_eq!(StepReading::of(&named(&["final.npz", "best.npz"])), None);
    assert_eq!(
        StepReading::of(&named(&["seed1.npz", "loss0.25.npz"])),
        None
    );
    let reading = StepReading::of(&named(&["step_1.npz", "step_2.npz"])).unwrap();
    let why = |name: &str| reading.step(name).unwrap_err();
    assert!(why("final.npz").contains("no number in its name"));
    let reason = why("epoch_3.npz");
    assert!(
        reason.contains("epoch 3") && reason.contains("after `step`"),
        "{reason}"
    );
    // The only number of a name is its step, if it is called no less a one.
    let plain = StepReading::of(&named(&["100.npz", "200.npz"])).unwrap();
    assert_eq!(plain.step("model-300.npz"), Ok(300));
    assert!(plain.step("seed-300.npz").is_err());
}

#[test]
fn of_two_numbers_that_differ_the_one_that_grows_is_the_step() {
    // Times of the day fall where days change.
    let names = ["a20_b3.npz", "a10_b4.npz", "a30_b5.npz", "a15_b6.npz"];
    assert_eq!(steps(&names), [Some(3), Some(4), Some(5), Some(6)]);
    let names = ["a3_b20.npz", "a4_b10.npz", "a5_b30.npz", "a6_b15.npz"];
    assert_eq!(steps(&names), [Some(3), Some(4), Some(5), Some(6)]);
}

#[test]
fn what_was_read_is_said_in_a_line() {
    let files = named(&["model_seed7_step100.npz", "model_seed7_step200.npz"]);
    let report = StepReading::of(&files).unwrap().report(&files);
    assert_eq!(
        report,
        "steps: the number after `step` in model_seed7_step100.npz; 2 files: 100, 200"
    );
    let names: Vec<String> = (0..20).map(|n| format!("{n}.npz")).collect();
    let files = named(&names.iter().map(String::as_str).collect::<Vec<_>>());
    let report = StepReading::of(&files).unwrap().report(&files);
    assert_eq!(
        report,
        "steps: the first number in 0.npz; 20 files: 0, 1, 2, …, 19"
    );
}

#[test]
fn patterns_name_the_step() {
    let step = |pattern: &str, name: &str| pattern.parse::<StepPattern>().unwrap().step(name);
    assert_eq!(step("ckpt_{step}_*", "ckpt_100_7.npz"), Some(100));
    assert_eq!(step("ckpt_{step}_*", "other_100_7.npz"), None);
    assert_eq!(step("seed1_step{step}*", "seed1_step300.npz"), Some(300));
    assert_eq!(step("seed1_step{step}*", "seed12_step300.npz"), None);
    assert_eq!(step("seed?_step{step}.npz", "seed2_step300.npz"), Some(300));
    assert_eq!(step("{step}", "1e3.npz"), Some(1000));
    assert_eq!(step("*{step}*", "a1_b2.npz"), Some(2));
    assert_eq!(
        step("checkpoint-{step}/*", "checkpoint-200/model.safetensors"),
        Some(200)
    );
    assert_eq!(
        step("model{step}", "checkpoint-200/model3.safetensors"),
        Some(3)
    );
    for bad in ["ckpt_*", "{step}{step}", ""] {
        assert!(bad.parse::<StepPattern>().is_err(), "{bad}");
    }
    let reading = StepReading::Pattern("ckpt_{step}_*".parse().unwrap());
    let text = serde_json::to_string(&reading).unwrap();
    assert_eq!(serde_json::from_str::<StepReading>(&text).unwrap(), reading);
}

#[test]
fn two_trainings_in_a_folder_are_told_apart() {
    let marks = |names: &[&str]| -> Vec<(String, usize, String)> {
        let files = named(names);
        let reading = StepReading::of(&files).unwrap();
        let found = trainings(&reading, &files).into_iter();
        found
            .map(|of| (of.mark, of.names.len(), of.pattern))
            .collect()
    };
    let found = marks(&[
        "seed1_step100.npz",
        "seed1_step200.npz",
        "seed2_step100.npz",
        "seed2_step200.npz",
    ]);
    let (first, second) = (
        "seed1_step{step}*".to_owned(),
        "seed2_step{step}*".to_owned(),
    );
    assert_eq!(
        found,
        [
            ("seed 1".to_owned(), 2, first),
            ("seed 2".to_owned(), 2, second)
        ]
    );
    // A pattern fits those of its training alone.
    let pattern: StepPattern = found[0].2.parse().unwrap();
    assert_eq!(pattern.step("seed1_step200.npz"), Some(200));
    assert_eq!(pattern.step("seed2_step200.npz"), None);
    let by_rate = marks(&[
        "lr0.1_step100.npz",
        "lr0.1_step200.npz",
        "lr0.01_step100.npz",
        "lr0.01_step200.npz",
    ]);
    assert_eq!(by_rate.len(), 2, "{by_rate:?}");
    // One training: its losses differ, and Lightning numbers a name that was taken.
    assert!(marks(&["step100-loss0.25.npz", "step200-loss0.12.npz"]).is_empty());
    assert!(marks(&["step=100.ckpt", "step=200.ckpt", "step=200-v1.ckpt"]).is_empty());
    assert!(marks(&["seed1_step100.npz", "seed1_step200.npz"]).is_empty());
}

proptest! {
    /// Whatever stands around a number that grows, it is found.
    #[test]
    fn the_number_that_grows_is_found_in_any_name(
        prefix in "(|[bc]{1,6}_|model_7_|epoch=4-|run3-|gru-64x)",
        suffix in "(|_seed[0-9]|-loss0\\.[0-9]{1,3}|_v2|-[bc]{3}|_64)",
        mut values in prop::collection::btree_set(0_u64..1_000_000, 2..12),
        pads in any::<bool>(),
    ) {
        values.insert(1_000_001);
        let text = |value: u64| if pads { format!("{value:08}") } else { value.to_string() };
        let names: Vec<String> = values
            .iter()
            .map(|&value| format!("{prefix}{}{suffix}.npz", text(value)))
            .collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let expected: Vec<Option<u64>> = values.into_iter().map(Some).collect();
        prop_assert_eq!(steps(&names), expected);
    }

    /// No name makes it panic.
    #[test]
    fn any_name_is_read_or_refused(names in prop::collection::vec("\\PC{0,20}", 1..5), pattern in "\\PC{0,6}\\{step\\}\\PC{0,6}") {
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let files = named(&names);
        if let Some(reading) = StepReading::of(&files) {
            trainings(&reading, &files);
            reading.report(&files);
        }
        if let Ok(pattern) = pattern.parse::<StepPattern>() {
            for name in names {
                pattern.step(name);
            }
        }
    }
}
