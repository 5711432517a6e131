//! Recordings that were made of a known network at a known time of its training: is that time found again?

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use creode::comparison::reading::OpenRun;
use creode::comparison::recorded::{alike, approach};
use creode::curriculum::Curriculum;
use creode::lab::{self, LabError, session};
use creode::recordings::{Options, Recording, RecordingError};
use rand::seq::SliceRandom as _;
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;

const CONDITIONS: usize = 24;
const STEPS: usize = 30;
const TENTHS: u64 = 10;

/// Two bits, learned by twenty units, with a checkpoint at each tenth of training.
fn trained(folder: &Path, seed: u64) -> PathBuf {
    let text = format!(
        r#"
        name = "bits"
        seed = {seed}
        [network]
        cell = "vanilla"
        units = 20
        [training]
        trials_per_step = 16
        [optimiser]
        learning_rate = 1e-2
        clip_norm = 1.0
        [[stage]]
        task = "flip-flop"
        bits = 2
        trial_steps = 20
        until = {{ steps = 150 }}
        [checkpoints]
        every = 15
        [analysis]
        starts = 16
        "#
    );
    let curriculum = Curriculum::parse(&text, "bits.toml", &[]).unwrap();
    let dir = folder.join(format!("bits-{seed}"));
    let writer = session::begin(&dir, &curriculum).unwrap();
    lab::train(&curriculum, &writer, &AtomicBool::new(false), &|_| ()).unwrap();
    dir
}

/// What an experiment showed, and nothing recorded yet.
fn shown(rng: &mut ChaCha8Rng) -> Recording {
    let pulse = |rng: &mut ChaCha8Rng| match rng.random_range(0..10) {
        0 => 1.0,
        1 => -1.0,
        _ => 0.0,
    };
    Recording {
        name: "planted".to_owned(),
        unit: "activity".to_owned(),
        bin_secs: Some(0.01),
        conditions: (0..CONDITIONS).map(|place| place.to_string()).collect(),
        trials: vec![1; CONDITIONS],
        steps: STEPS,
        neurons: 1,
        activity: vec![0.0; CONDITIONS * STEPS],
        input_channels: 2,
        inputs: (0..CONDITIONS * STEPS * 2).map(|_| pulse(rng)).collect(),
    }
}

/// Twelve of the twenty units at a checkpoint, with noise of a fifth of their deviation.
fn planted(run: &OpenRun, place: usize, rng: &mut ChaCha8Rng) -> Recording {
    let mut recording = shown(rng);
    let states = run.states_on(run.checkpoints()[place], &recording).unwrap();
    let mut units: Vec<usize> = (0..states.units).collect();
    units.shuffle(rng);
    units.truncate(12);
    recording.neurons = units.len();
    recording.activity = (0..CONDITIONS)
        .flat_map(|trial| (0..STEPS).map(move |step| (trial, step)))
        .flat_map(|(trial, step)| units.iter().map(move |&unit| (trial, step, unit)))
        .map(|(trial, step, unit)| f64::from(states.state(step, trial)[unit]))
        .collect();
    let count = recording.activity.len() as f64;
    let mean = recording.activity.iter().sum::<f64>() / count;
    let variance = recording
        .activity
        .iter()
        .map(|x| (x - mean).powi(2))
        .sum::<f64>()
        / count;
    let deviation = 0.2 * variance.sqrt();
    for value in &mut recording.activity {
        *value += deviation * rng.sample::<f64, _>(StandardNormal);
    }
    recording
}

#[test]
fn the_tenth_of_training_that_a_recording_is_of_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let (mut hits, mut cases) = ([0; 2], 0);
    for seed in 0..2 {
        let dir = trained(folder.path(), seed);
        let run = OpenRun::open(&dir).unwrap();
        let mut rng = ChaCha8Rng::seed_from_u64(100 + seed);
        for place in 1..run.checkpoints().len() {
            let recording = planted(&run, place, &mut rng);
            let found = approach(&dir, &recording, &AtomicBool::new(false), &|_, _| ()).unwrap();
            let truth = run.checkpoints()[place].step;
            cases += 1;
            for (hits, name) in hits.iter_mut().zip(["regression", "procrustes"]) {
                let at = found.measures.iter().position(|of| *of == name).unwrap();
                let nearest = found.summaries[at].as_ref().unwrap().nearest_step;
                *hits += usize::from(nearest.abs_diff(truth) < 150 / TENTHS);
            }
        }
    }
    assert!(cases >= 20, "{cases}");
    assert!(
        hits.iter().all(|&hits| 5 * hits >= 4 * cases),
        "{hits:?} of {cases}"
    );
}

#[test]
fn a_recording_of_other_inputs_is_refused_with_both_widths() {
    let folder = tempfile::tempdir().unwrap();
    let dir = trained(folder.path(), 0);
    let mut recording = shown(&mut ChaCha8Rng::seed_from_u64(0));
    recording.input_channels = 1;
    recording.inputs.truncate(CONDITIONS * STEPS);
    let refused = |recording: &Recording| {
        let found = approach(&dir, recording, &AtomicBool::new(false), &|_, _| ());
        found.unwrap_err()
    };
    let width = refused(&recording);
    assert!(
        matches!(
            &width,
            LabError::Recording(RecordingError::InputWidth {
                found: 1,
                expected: 2,
                ..
            })
        ),
        "{width}"
    );
    recording.input_channels = 0;
    recording.inputs.clear();
    assert!(refused(&recording).to_string().contains("add `inputs`"));
}

/// One session of a monkey that learns a brain–computer interface (Golub et al. 2018): single bins before and after.
#[test]
fn a_real_session_before_and_after_learning_is_compared_by_what_makes_sense_of_single_bins() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/recorded/bci_learning.npz");
    let [before, after] = ["before", "after"].map(|when| {
        let part = |part: &str, name: &str| (part.to_owned(), format!("{name}_{when}"));
        let options = Options {
            name: Some(when.to_owned()),
            map: vec![
                part("spikes", "spikes"),
                part("conditions", "target_degrees"),
            ],
            ..Options::default()
        };
        Recording::read(&file, &options).unwrap()
    });
    assert_eq!((before.neurons, before.steps, before.count()), (86, 1, 8));
    assert_eq!(before.trials.iter().sum::<usize>(), 552);
    let found = alike(&before, &after).unwrap();
    let of = |name: &str| &found.iter().find(|(of, _)| *of == name).unwrap().1;
    assert!(
        of("dsa").as_ref().is_err_and(|why| why.contains("time")),
        "{:?}",
        of("dsa")
    );
    // The same neurons in the same eight conditions: nearer than conditions that are mixed up.
    let near = *of("procrustes").as_ref().unwrap();
    let mut mixed = after;
    mixed.conditions.rotate_left(3);
    let mixed = alike(&before, &mixed).unwrap();
    let far = mixed
        .iter()
        .find(|(of, _)| *of == "procrustes")
        .unwrap()
        .1
        .as_ref()
        .unwrap();
    assert!(near < *far, "{near} {far}");
}
