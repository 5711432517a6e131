use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;

use super::*;
use crate::task::Batch;
use crate::train::loss::loss_and_slopes;

fn batch(learns: Lore, trials: usize) -> (Walks, Batch) {
    let task = Walks::of(learns);
    let batch = task.batch(trials, 5);
    (task, batch)
}

/// What the paper's readout puts out where it is perfect: minus the squared distances.
fn knowing(batch: &Batch) -> Vec<f64> {
    let mut outputs = vec![0.0; batch.targets.len()];
    let channels = batch.output_channels;
    for row in 0..batch.steps * batch.trials {
        let targets = &batch.targets[row * channels..][..channels];
        for axis in 0..2 {
            let finest = &targets[PLACES - DISTANCES + axis * DISTANCE_AXIS..][..DISTANCE_AXIS];
            let most = (0..DISTANCE_AXIS).max_by(|&a, &b| finest[a].total_cmp(&finest[b]));
            let at = most.expect("there are rows") as f64;
            for code in 0..SCALES.len() {
                for i in 0..DISTANCE_AXIS {
                    let distance = (i as f64 - at).powi(2);
                    outputs[row * channels + code * DISTANCES + axis * DISTANCE_AXIS + i] =
                        -distance;
                }
            }
        }
    }
    outputs
}

#[test]
fn minus_the_squared_distances_are_the_best_that_a_readout_can_put_out() {
    let (task, batch) = batch(Lore::Position, 6);
    let rows: Vec<(usize, usize)> = (0..batch.steps)
        .flat_map(|time| (0..batch.trials).map(move |trial| (time, trial)))
        .collect();
    let outputs = knowing(&batch);
    let mut slopes = Vec::new();
    loss_and_slopes(&batch, &rows, &outputs, &mut slopes);
    // But for the floor of the logarithm.
    assert!(slopes.iter().all(|slope| slope.abs() < 1e-8));
    assert!((task.accuracy(&batch, &outputs) - 1.0).abs() < 1e-12);
}

#[test]
fn place_codes_are_three_of_growing_sharpness() {
    let (_, batch) = batch(Lore::Position, 2);
    let targets = &batch.targets[..PLACES];
    let entropies: Vec<f64> = targets
        .chunks_exact(DISTANCES)
        .map(|code| {
            assert!((code.iter().sum::<f64>() - 1.0).abs() < 1e-12);
            code.iter().map(|p| -p * p.ln()).sum()
        })
        .collect();
    assert!(entropies[0] > entropies[1] && entropies[1] > entropies[2]);
    // β = 0.01: e^(−0.01 d) / Σ, by hand for the rows beside the nearest.
    let ratio = targets[3] / targets[2];
    let row = (0..DISTANCE_AXIS)
        .max_by(|&a, &b| targets[a].total_cmp(&targets[b]))
        .expect("there are rows") as f64;
    let expected = (-0.01 * ((3.0 - row).powi(2) - (2.0 - row).powi(2))).exp();
    assert!((ratio - expected).abs() < 1e-12);
}

#[test]
fn walls_and_moves_are_softened_and_weigh_as_in_the_paper() {
    let (task, batch) = batch(Lore::LastWall, 3);
    let e = 1.0_f64.exp();
    for time in 0..5 {
        let answer = batch.answer(1, &batch.targets);
        let walls: Vec<f64> = (0..WALLS)
            .map(|wall| answer.at(wall, time).target)
            .collect();
        let largest = walls.iter().copied().fold(0.0, f64::max);
        assert!((largest - e / (e + 4.0)).abs() < 1e-12);
        assert_eq!(answer.at(0, time).weight, 0.7);
        let moved: Vec<f64> = (WALLS..WALLS + MOVES)
            .map(|step| answer.at(step, time).target)
            .collect();
        let told = moved.iter().position(|&p| p > 0.3).expect("one was told");
        assert_eq!(answer.input(SENSORS + told, time), 1.0);
        assert_eq!(answer.at(WALLS, time).weight, 0.3);
    }
    assert_eq!(task.output_channels(), 9);
    assert_eq!(batch.objective(0), &task.objective());
}

#[test]
fn both_ask_for_all_channels_on_the_walks_of_the_position() {
    let (task, batch) = batch(Lore::Both, 3);
    assert_eq!(batch.output_channels, PLACES + WALLS + MOVES);
    assert_eq!(
        task.walk(),
        &WalkSpec {
            walks: 1,
            ..WalkSpec::position()
        }
    );
    assert_eq!(task.output_name(PLACES), "no wall yet");
    assert_eq!(task.output_name(PLACES - 1), "column 23 (3)");
}

#[test]
fn a_walk_is_over_when_its_length_is() {
    let (task, mut batch) = batch(Lore::Position, 1);
    let counted = batch.counted_steps();
    let mut drawn = Drawn::default();
    task.walk()
        .draw(&mut ChaCha8Rng::seed_from_u64(5), &mut drawn);
    assert_eq!(counted, drawn.steps);
    let before = batch.inputs[..counted * CHANNELS].to_vec();
    batch.cut(counted);
    assert_eq!((batch.steps, &batch.inputs), (counted, &before));
}
