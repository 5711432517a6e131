//! Networks in grid rooms, from pretraining to scores.

use std::path::Path;

use creode::curriculum::Curriculum;
use creode::trace::{Run, verify};

use crate::support::train;

const NETWORK: &str = r#"
seed = 3
[network]
cell = "leaky-rates"
units = 24
alpha = 0.5
recurrent_gain = 1.4142
initial_state = "normal"
input_group = [
  { channels = 9, deviation = 2.0 },
  { channels = 4, deviation = 0.3 },
  { channels = 38, deviation = 0.02, trained = false },
]
"#;

const PRETRAINING: &str = r#"
[training]
trials_per_step = 4
steps_per_batch = 5
renew_optimiser = true
[optimiser]
learning_rate = 1e-3
readout_factor = 10.0
weight_decay = 1e-3
clip_value = 1.0
[[stage]]
task = "walks"
sharpness = 0.1
until = { steps = 13 }
[checkpoints]
every = 6
[analysis]
starts = 8
basin_starts = 4
probe_trials = 4
"#;

const Q_LEARNING: &str = r#"
new_readout = true
from = "pos"
[training]
rule = "q-lambda"
trials_per_step = 6
[[stage]]
task = "navigation"
until = { steps = 4 }
[checkpoints]
every = 2
[analysis]
starts = 8
basin_starts = 4
probe_trials = 4
"#;

fn curriculum(name: &str, text: &str, traces: &Path) -> Curriculum {
    let path = traces.join(format!("{name}.toml"));
    std::fs::write(&path, format!("name = \"{name}\"\n{NETWORK}{text}")).unwrap();
    Curriculum::load_beside(&path, &[], traces).unwrap()
}

fn weights(dir: &Path) -> Vec<Vec<u8>> {
    let run = Run::open(dir).unwrap();
    let files = run
        .entries()
        .iter()
        .map(|entry| run.weights(entry.checkpoint));
    files.map(|file| file.unwrap().bytes).collect()
}

fn tensor(dir: &Path, checkpoint: u32, name: &str) -> Vec<f32> {
    let bytes = Run::open(dir).unwrap().weights(checkpoint).unwrap().bytes;
    let file = creode::trace::CheckpointFile::from_bytes(&bytes).unwrap();
    let tensor = file.tensors.into_iter().find(|of| of.name == name).unwrap();
    tensor.finite_values(&tensor.shape).unwrap()
}

/// Interrupted within a batch of pretraining and within a block of Q-learning, both go on byte for byte; the network of the
/// second is that of the first, but for its readout, and stays.
#[test]
fn pretraining_and_q_learning_resume_byte_for_byte() {
    let traces = tempfile::tempdir().unwrap();
    let at = |name: &str| traces.path().join(name);
    let pretraining = curriculum("pos", PRETRAINING, traces.path());
    train(&pretraining, &at("pos"), None);
    train(&pretraining, &at("stopped"), Some(8));
    train(&pretraining, &at("stopped"), None);
    assert_eq!(weights(&at("pos")).len(), 4);
    assert_eq!(weights(&at("pos")), weights(&at("stopped")));
    // The cue's weights are neither trained nor decayed; the others are trained.
    let columns = |checkpoint: u32, from: usize, to: usize| -> Vec<f32> {
        let weights = tensor(&at("pos"), checkpoint, "rnn.weight_ih_l0");
        let rows = weights.chunks_exact(51);
        rows.flat_map(|row| row[from..to].to_vec()).collect()
    };
    assert_eq!(columns(0, 13, 51), columns(3, 13, 51));
    assert_ne!(columns(0, 9, 13), columns(3, 9, 13));
    let deviation = |values: Vec<f32>| {
        let squares: f32 = values.iter().map(|w| w * w).sum();
        (squares / values.len() as f32).sqrt()
    };
    assert!((deviation(columns(0, 0, 9)) - 2.0).abs() < 0.4);
    assert!((deviation(columns(0, 13, 51)) - 0.02).abs() < 0.002);

    let q_learning = curriculum("basic", Q_LEARNING, traces.path());
    train(&q_learning, &at("basic"), None);
    train(&q_learning, &at("cut"), Some(3));
    train(&q_learning, &at("cut"), None);
    assert_eq!(weights(&at("basic")), weights(&at("cut")));
    for name in ["rnn.weight_ih_l0", "rnn.weight_hh_l0", "rnn.bias_ih_l0"] {
        let before = tensor(&at("pos"), 3, name);
        assert_eq!(tensor(&at("basic"), 0, name), before, "{name}");
        assert_eq!(tensor(&at("basic"), 2, name), before, "{name}");
    }
    let readout = |checkpoint| tensor(&at("basic"), checkpoint, "readout.weight");
    assert_eq!(readout(0).len(), 4 * 24);
    assert_ne!(readout(0), readout(2));
}

/// What is told of networks in rooms: as many rows as there must be, within their bounds, and the tables agree.
#[test]
fn every_checkpoint_tells_scores_paths_places_maps_and_relaxations() {
    let traces = tempfile::tempdir().unwrap();
    let pretraining = curriculum("pos", PRETRAINING, traces.path());
    train(&pretraining, &traces.path().join("pos"), None);
    let q_learning = curriculum("basic", Q_LEARNING, traces.path());
    let dir = traces.path().join("basic");
    train(&q_learning, &dir, None);
    assert_eq!(verify(&dir).unwrap().problems, []);
    let run = Run::open(&dir).unwrap();
    for entry in run.entries() {
        let checkpoint = entry.checkpoint;
        let [score] = run.scores(checkpoint).unwrap().try_into().unwrap();
        assert_eq!((score.room.as_str(), score.trials), ("basic", 450));
        assert!(score.floor < -0.2 && score.floor < score.ceiling && score.ceiling == 1.0);
        assert!((-1.0..=1.0).contains(&score.score));
        assert!(score.score_shortest <= score.score + 1e-12);
        let places = run.places(checkpoint).unwrap();
        assert_eq!(places.len(), 2 * 225);
        let goals: Vec<_> = places.iter().filter(|place| place.cell == "goal").collect();
        assert_eq!(goals.len(), 2);
        assert_eq!((goals[0].row, goals[0].column), (7, 3));
        let arrived = places
            .iter()
            .filter(|place| place.arrival.is_some())
            .count();
        // Nobody who begins on the goal is there before the first step.
        assert!((arrived as f64 / 450.0 - score.arrived).abs() < 1e-9);
        let paths = run.paths(checkpoint).unwrap();
        let begins = paths.iter().filter(|row| row.time == 0);
        assert_eq!(begins.clone().count(), 8);
        let clocks = paths.chunk_by(|a, b| a.path == b.path);
        for path in clocks {
            assert!(path.windows(2).all(|pair| pair[1].time == pair[0].time + 1));
            let last = &path[path.len() - 1];
            assert!(last.reward == 1.0 || last.clock >= 120);
            for row in path {
                let best = row.output.iter().copied().fold(f64::MIN, f64::max);
                let moves = ["up", "right", "down", "left"];
                let chosen = moves.iter().position(|name| *name == row.chosen).unwrap();
                assert_eq!(row.output[chosen], best);
            }
        }
        assert_eq!(run.rate_maps(checkpoint).unwrap().len(), 24);
        let relaxations = run.relaxations(checkpoint).unwrap();
        assert_eq!(relaxations.len(), 8);
        assert!(relaxations.iter().all(|row| row.position_r2 <= 1.0));
        assert!(relaxations.iter().all(|row| row.dimension <= 24.0));
    }
    // The recurrence is frozen: what remains of walks is the same at every checkpoint.
    let at = |checkpoint| {
        let rows = run.relaxations(checkpoint).unwrap();
        rows.iter().map(|row| row.position_r2).collect::<Vec<_>>()
    };
    assert_eq!(at(0), at(2));
}
