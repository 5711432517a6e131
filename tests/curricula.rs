//! Curriculum files: what is accepted, what each mistake is told, and that nothing is lost in writing one out.
#![allow(clippy::unwrap_used)]

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use creode::cell::spec::{
    Activation, CellKind, Density, InitialState, LeakyForm, NetworkSpec, Noise, Precision,
};
use creode::curriculum::{
    AdaptiveCheckpoints, AnalysisSettings, CheckpointPolicy, Curriculum, CurriculumError, Override,
    Pace, ProbeTask, Ramp, Stage, StagePart, Until,
};
use creode::task::TaskSpec;
use creode::task::flip_flop::FlipFlop;
use creode::train::engines::{Device, EngineName, Products, TchOptions};
use creode::train::rules::RuleSpec;
use creode::train::spec::{Clipping, LearningRateDecay, OptimiserSpec, Penalties, UpdateRule};
use proptest::option;
use proptest::prelude::*;

fn toml_files(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut files: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.retain(|file| {
        file.extension()
            .is_some_and(|extension| extension == "toml")
    });
    files.sort();
    files
}

/// Every curriculum that comes with the repository.
fn shipped() -> Vec<PathBuf> {
    let folders = [
        "",
        "/navigation",
        "/navigation/networks",
        "/navigation/tasks",
        "/navigation/full",
    ];
    let files = folders.map(|folder| toml_files(&format!("curricula{folder}")));
    files.concat()
}

fn overrides(assignments: &[&str]) -> Vec<Override> {
    assignments
        .iter()
        .map(|text| text.parse().unwrap())
        .collect()
}

/// Those that any network goes with.
const ENGINES: [EngineName; 3] = [
    EngineName::Direct,
    EngineName::Dfdx,
    EngineName::Tch(TchOptions {
        device: Device::Cuda(3),
        products: Products::F32,
    }),
];

const LEAST: &str = include_str!("curricula/valid/least.toml");

fn parse_least(assignments: &[&str]) -> Result<Curriculum, CurriculumError> {
    Curriculum::parse(LEAST, "least.toml", &overrides(assignments))
}

#[test]
fn every_mistake_has_its_message() {
    let files = toml_files("tests/curricula/invalid");
    assert!(files.len() >= 25, "{} files", files.len());
    let mut messages = String::new();
    for file in files {
        let name = file.file_name().unwrap().to_str().unwrap();
        let error =
            Curriculum::parse(&fs::read_to_string(&file).unwrap(), name, &[]).expect_err(name);
        assert!(matches!(error, CurriculumError::Mistakes { .. }));
        writeln!(messages, "{error}").unwrap();
    }
    insta::assert_snapshot!("mistakes", messages);
}

#[test]
fn mistakes_in_overrides_have_their_messages() {
    let mut messages = String::new();
    for assignment in [
        "network.unit=3",
        "network.units=many",
        "network.cell=grn",
        "network.alpha=0.2",
        "stage.1.bits=2",
        "stage.first.bits=2",
        "stage.0=3",
        "stage.0.bits.more=1",
        "seed.deep=1",
        "stage.0.until.accuracy=2",
        "tasks=3",
    ] {
        writeln!(
            messages,
            "{}",
            parse_least(&[assignment]).expect_err(assignment)
        )
        .unwrap();
    }
    insta::assert_snapshot!("override_mistakes", messages);
}

#[test]
fn valid_files_survive_being_written_out() {
    let mut files = toml_files("tests/curricula/valid");
    let shipped = shipped();
    assert!(shipped.len() >= 30);
    files.extend(shipped);
    for file in files {
        let curriculum = Curriculum::load(&file, &[]).unwrap_or_else(|error| panic!("{error}"));
        let resolved = curriculum.to_toml();
        assert_eq!(
            Curriculum::parse(&resolved, "run.toml", &[]).unwrap(),
            curriculum,
            "{resolved}"
        );
    }
}

#[test]
fn shipped_curricula_open_with_their_question_and_paper() {
    for file in shipped() {
        let text = fs::read_to_string(&file).unwrap();
        let comment: Vec<_> = text
            .lines()
            .take_while(|line| line.starts_with('#'))
            .collect();
        let comment = comment.join("\n");
        for part in ["?", "doi ", "Landscape to expect"] {
            assert!(
                comment.contains(part),
                "{}: no {part:?} in the opening comment",
                file.display()
            );
        }
        let stem = file.file_stem().unwrap().to_str().unwrap();
        assert_eq!(Curriculum::load(&file, &[]).unwrap().name, stem);
    }
}

#[test]
fn the_resolved_file_writes_out_every_default() {
    insta::assert_snapshot!("resolved", parse_least(&[]).unwrap().to_toml());
}

#[test]
fn every_key_arrives() {
    let text = include_str!("curricula/valid/all-keys.toml");
    insta::assert_debug_snapshot!("all_keys", Curriculum::parse(text, "x.toml", &[]).unwrap());
}

#[test]
fn another_cell_task_or_optimiser_from_outside_needs_no_undoing_of_the_files_own_keys() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("curricula/flip-flop.toml");
    for cell in ["gru", "lstm", "ugrnn", "piecewise-linear"] {
        let curriculum = Curriculum::load(&path, &overrides(&[&format!("network.cell={cell}")]));
        assert!(curriculum.unwrap().to_toml().contains(cell));
    }
    let lbfgs = "optimiser.rule=lbfgs";
    let curriculum = Curriculum::load(&path, &overrides(&[lbfgs])).unwrap();
    assert_eq!(curriculum.optimiser.clipping, Clipping::Off);
    let clipped = Curriculum::load(&path, &overrides(&[lbfgs, "optimiser.clip_norm=2"]));
    assert!(clipped.unwrap_err().to_string().contains("clip_norm"));
    let curriculum = Curriculum::load(&path, &overrides(&["stage.0.task=sine"])).unwrap();
    let names: Vec<_> = curriculum.stages[0]
        .parts
        .iter()
        .map(|part| part.task.task().name())
        .collect();
    assert_eq!(names, ["sine"]);
    // A key from outside that fits nothing is still a mistake.
    let both = overrides(&["network.cell=gru", "network.alpha=0.5"]);
    assert!(Curriculum::load(&path, &both).is_err());
}

#[test]
fn overrides_replace_and_add() {
    let curriculum = parse_least(&[
        "seed=5",
        "network.cell=leaky-rates",
        "network.alpha=0.5",
        "training.trials_per_step=16",
        "stage.0.bits=2",
        "stage.0.until.accuracy=0.9",
        "checkpoints.log_spaced=7",
        "stage.0.bits=4",
    ])
    .unwrap();
    assert_eq!(curriculum.seed, 5);
    let leaky = CellKind::Leaky {
        form: LeakyForm::Rates,
        activation: Activation::Tanh,
        alpha: 0.5,
    };
    assert_eq!(curriculum.network.cell, leaky);
    assert_eq!(curriculum.trials_per_step, 16);
    assert_eq!(
        curriculum.stages[0].parts[0].task,
        TaskSpec::new(FlipFlop {
            bits: 4,
            ..FlipFlop::default()
        })
    );
    assert_eq!(curriculum.network.inputs, 4);
    assert_eq!(
        curriculum.stages[0].until,
        Until {
            steps: 10,
            accuracy: Some(0.9),
            over_steps: 50,
            evaluations: 1,
            plateau_steps: None,
            plateau_improvement: 0.01,
        }
    );
    assert_eq!(
        curriculum.checkpoints,
        CheckpointPolicy::LogSpaced { count: 7 }
    );
}

#[test]
fn the_network_is_as_wide_as_the_widest_task() {
    let text = include_str!("../curricula/flip-flop-growing.toml");
    let curriculum = Curriculum::parse(text, "growing.toml", &[]).unwrap();
    assert_eq!(
        (curriculum.network.inputs, curriculum.network.outputs),
        (3, 3)
    );
    assert_eq!(curriculum.total_steps(), 6500);
}

#[test]
fn an_absent_file_is_named() {
    let error = Curriculum::load(Path::new("curricula/no-such-file.toml"), &[]).unwrap_err();
    assert!(
        error.to_string().contains("`curricula/no-such-file.toml`"),
        "{error}"
    );
}

fn activation() -> impl Strategy<Value = Activation> {
    prop_oneof![
        Just(Activation::Tanh),
        Just(Activation::Relu),
        Just(Activation::Softplus),
        (1e-3..1e3_f64).prop_map(|beta| Activation::SharpSoftplus { beta }),
        Just(Activation::Sigmoid),
        Just(Activation::Retanh),
        Just(Activation::Elu),
        Just(Activation::Identity)
    ]
}

fn cell() -> impl Strategy<Value = CellKind> {
    let form = || prop_oneof![Just(LeakyForm::Rates), Just(LeakyForm::Currents)];
    let low_rank = (form(), activation(), 1e-6..=1.0, 1..9_usize, 0.0..3.0);
    prop_oneof![
        activation().prop_map(|activation| CellKind::Vanilla { activation }),
        (form(), activation(), 1e-6..=1.0).prop_map(|(form, activation, alpha)| CellKind::Leaky {
            form,
            activation,
            alpha
        }),
        low_rank.prop_map(
            |(form, activation, alpha, rank, random_gain)| CellKind::LowRank {
                form,
                activation,
                alpha,
                rank,
                random_gain
            }
        ),
        Just(CellKind::PiecewiseLinear),
        (-3.0..3.0).prop_map(|forget_bias| CellKind::Ugrnn { forget_bias }),
        Just(CellKind::Gru),
        (-3.0..3.0).prop_map(|forget_bias| CellKind::Lstm { forget_bias }),
    ]
}

/// A network with any options that its cell can have.
fn network() -> impl Strategy<Value = NetworkSpec> {
    let gains = (0.0..9.0, 0.0..9.0);
    let density = (1e-3..=1.0, 1e-3..=1.0, 1e-3..=1.0);
    let options = (
        option::of(1e-3..=1.0),
        density,
        0..3_u8,
        (0.0..1.0, 0.0..1.0),
    );
    let shape = (cell(), 1..=64_usize, any::<bool>());
    (shape, gains, options).prop_map(|((cell, units, is_double), gains, options)| {
        let (share, (recurrent, input, readout), initial_state, noise) = options;
        let is_low_rank = matches!(cell, CellKind::LowRank { .. });
        let plain = NetworkSpec {
            recurrent_gain: gains.0,
            input_gain: gains.1,
            precision: if is_double {
                Precision::F64
            } else {
                Precision::F32
            },
            excitatory_share: share.filter(|_| cell.can_obey_dale()),
            density: Density {
                recurrent: if is_low_rank { 1.0 } else { recurrent },
                input,
                readout,
            },
            noise: Noise {
                recurrent: noise.0,
                input: noise.1,
            },
            ..NetworkSpec::new(cell, units, 1, 1)
        };
        let initial_state = match initial_state {
            0 => InitialState::Zero,
            1 => InitialState::Trained,
            2 => InitialState::Normal,
            _ => InitialState::Fixed((0..plain.state_size()).map(|i| 0.1 * i as f64).collect()),
        };
        NetworkSpec {
            initial_state,
            ..plain
        }
    })
}

fn optimiser() -> impl Strategy<Value = OptimiserSpec> {
    let decay = || 0.0..1.0_f64;
    let rule = prop_oneof![
        (decay(), decay(), 1e-12..1.0).prop_map(|(beta1, beta2, epsilon)| UpdateRule::Adam {
            beta1,
            beta2,
            epsilon
        }),
        decay().prop_map(|momentum| UpdateRule::Sgd { momentum }),
        (decay(), 1e-12..1.0, decay()).prop_map(|(decay, epsilon, momentum)| UpdateRule::RmsProp {
            decay,
            epsilon,
            momentum
        }),
    ];
    let clipping = prop_oneof![
        Just(Clipping::Off),
        (1e-9..1e9).prop_map(Clipping::Norm),
        (1e-9..1e9).prop_map(Clipping::Value),
    ];
    let rate_decay = (1e-12..1e3, 1..=100_000_u64)
        .prop_map(|(last, over_steps)| LearningRateDecay { last, over_steps });
    let rate = (1e-12..1e3, proptest::option::of(rate_decay));
    (rule, rate, 0.0..1.0, clipping).prop_map(
        |(rule, (learning_rate, learning_rate_decay), weight_decay, clipping)| OptimiserSpec {
            rule,
            learning_rate,
            learning_rate_decay,
            weight_decay,
            clipping,
            readout_factor: if matches!(rule, UpdateRule::Lbfgs { .. }) {
                1.0
            } else {
                1.0 + weight_decay
            },
        },
    )
}

fn flip_flop() -> impl Strategy<Value = FlipFlop> {
    let sizes = (1..=16_usize, 1..=300_usize, 0.0..1.0);
    (sizes, 1e-6..=1.0, 1e-3..1e3, 0.0..10.0, 1e-3..1e3).prop_map(
        |(
            (bits, trial_steps, width),
            pulse_probability,
            pulse_amplitude,
            noise,
            target_amplitude,
        )| FlipFlop {
            bits,
            trial_steps,
            pulse_probability,
            pulse_amplitude,
            pulse_width: 1 + (width * trial_steps as f64) as usize,
            noise,
            target_amplitude,
            ..FlipFlop::default()
        },
    )
}

fn until() -> impl Strategy<Value = Until> {
    let window = (1..=1000_u64, 1..=9_u64);
    let plateau = option::of((1..=1000_u64, 0.0..0.9));
    (
        100_000..=1_000_000_000_000_u64,
        option::of(1e-9..=1.0),
        window,
        plateau,
    )
        .prop_map(
            |(steps, accuracy, (over_steps, evaluations), plateau)| Until {
                steps,
                accuracy,
                over_steps,
                evaluations,
                plateau_steps: plateau.map(|(steps, _)| steps),
                plateau_improvement: plateau.map_or(0.01, |(_, improvement)| improvement),
            },
        )
}

/// A part with a ramp of its noise, of its bits, or without one.
fn part() -> impl Strategy<Value = StagePart> {
    let ramp = prop_oneof![
        Just(None),
        (0.0..1.0, 1.0..2.0, 1..=100_000_u64).prop_map(|(from, to, over_steps)| Some(Ramp {
            parameter: "noise".to_owned(),
            from,
            to,
            pace: Pace::Steps { over_steps },
        })),
        (9..=16_u64, 1..=8_u64, 1..=3_u64, 1e-3..=1.0).prop_map(|(from, to, by, when_accuracy)| {
            let (by, when_accuracy) = (-(by as f64), when_accuracy);
            Some(Ramp {
                parameter: "bits".to_owned(),
                from: from as f64,
                to: to as f64,
                pace: Pace::Accuracy { by, when_accuracy },
            })
        }),
    ];
    ("[a-z\"'\\\\ #]{0,8}x", flip_flop(), 1e-3..1e3, ramp).prop_map(
        |(name, mut task, weight, ramp)| {
            match &ramp {
                Some(ramp) if ramp.parameter == "noise" => task.noise = ramp.from,
                Some(ramp) => task.bits = ramp.from as usize,
                None => {}
            }
            StagePart {
                name,
                task: TaskSpec::new(task),
                weight,
                objective: None,
                ramps: ramp.into_iter().collect(),
            }
        },
    )
}

fn stages() -> impl Strategy<Value = Vec<Stage>> {
    let parts = prop::collection::vec(part(), 1..4);
    let stage = ("[a-z\"'\\\\ #]{0,8}x", parts, until());
    prop::collection::vec(stage, 1..4).prop_map(|stages| {
        let numbered = stages.into_iter().enumerate();
        numbered
            .map(|(index, (name, mut parts, until))| {
                for (place, part) in parts.iter_mut().enumerate() {
                    part.name = format!("{}{place}", part.name);
                }
                Stage {
                    name: format!("{name}{index}"),
                    parts,
                    until,
                }
            })
            .collect()
    })
}

prop_compose! {
    fn curriculum()(
        name in "[a-zA-Zé\"'= ]{1,12}[0-9]",
        seed in 0..=i64::MAX as u64,
        (network, spare_inputs, spare_outputs) in (network(), 0..9_usize, 0..9_usize),
        trials_per_step in 1..=4096_usize,
        optimiser in optimiser(),
        penalties in (0.0..9.0, option::of((1e-6..9.0, 0..99_usize)))
            .prop_map(|(rate, speed)| Penalties { rate, speed }),
        (stages, rule_inputs) in (stages(), any::<bool>()),
        probe in option::of(("[a-z ]{0,8}x", flip_flop(), 1..=999_usize)),
        checkpoints in prop_oneof![
            (1..10_000_u64).prop_map(CheckpointPolicy::Every),
            (1..10_000_u32).prop_map(|count| CheckpointPolicy::LogSpaced { count }),
            (10_000_000_000_000..11_000_000_000_000_u64, 1.1..9.0, 0.1..9.0, 0.1..9.0).prop_map(
                |(coarsest, loss_factor, movement, weight_change)| CheckpointPolicy::Adaptive(AdaptiveCheckpoints {
                    budget: 100,
                    coarsest: coarsest / 20,
                    finest: 3,
                    loss_factor,
                    movement,
                    weight_change,
                })
            ),
        ],
        (enabled, starts, noise, probe_trials) in (any::<bool>(), 1..9999_usize, 0.0..9.0, 1..99_usize),
        (events, basin_starts) in (any::<bool>(), 0..999_usize),
    ) -> Curriculum {
        let rule = stages[0].parts[0].name.clone();
        let probes = probe.map(|(name, task, trials)| {
            ProbeTask { name, task: TaskSpec::new(task), trials, rule }
        });
        let probes: Vec<ProbeTask> = probes.into_iter().collect();
        let parts = stages.iter().flat_map(|stage: &Stage| &stage.parts);
        let tasks = parts.clone().map(|part| &part.task).chain(probes.iter().map(|probe| &probe.task));
        let widest = tasks.map(|task| task.task().input_channels()).max().unwrap();
        let mut names: Vec<&String> = parts.map(|part| &part.name).collect();
        names.sort();
        names.dedup();
        let rules = if rule_inputs { names.len() } else { 0 };
        let (inputs, outputs) = (widest + rules + spare_inputs, widest + spare_outputs);
        Curriculum {
            name,
            seed,
            rule_inputs,
            transfer: None,
            network: NetworkSpec { inputs, outputs, ..network },
            trials_per_step,
            steps_per_batch: 1 + seed % 70,
            renews_optimiser: seed % 2 == 1,
            engine: ENGINES[seed as usize % ENGINES.len()],
            rule: RuleSpec::default(),
            penalties,
            optimiser,
            stages,
            probes,
            checkpoints,
            analysis: AnalysisSettings { enabled, starts, noise, probe_trials, events, basin_starts },
        }
    }
}

proptest! {
    #[test]
    fn what_is_written_reads_back_the_same(curriculum in curriculum()) {
        let text = curriculum.to_toml();
        match Curriculum::parse(&text, "run.toml", &[]) {
            Ok(read) => prop_assert_eq!(read, curriculum, "{}", text),
            Err(error) => prop_assert!(false, "{}\n{}", error, text),
        }
    }
}
