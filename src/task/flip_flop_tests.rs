use proptest::prelude::*;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::*;
use crate::task::Batch;

fn draw(task: &FlipFlop, trials: usize, channels: usize, seed: u64) -> Batch {
    let mut batch = Batch::zeros(task.trial_steps, trials, channels, channels);
    task.draw(&mut ChaCha8Rng::seed_from_u64(seed), &mut batch);
    batch
}

/// Values of one channel of one trial over time.
fn series(
    values: &[f64],
    batch: &Batch,
    channels: usize,
    trial: usize,
    channel: usize,
) -> Vec<f64> {
    (0..batch.steps)
        .map(|step| values[(step * batch.trials + trial) * channels + channel])
        .collect()
}

#[test]
fn a_seed_fixes_the_batch() {
    let task = FlipFlop {
        noise: 0.1,
        ..FlipFlop::default()
    };
    assert_eq!(draw(&task, 8, 3, 7), draw(&task, 8, 3, 7));
    assert_ne!(draw(&task, 8, 3, 7), draw(&task, 8, 3, 8));
}

proptest! {
    #[test]
    fn targets_follow_from_the_inputs(
        bits in 1..5_usize,
        width in 1..6_usize,
        probability in 0.01..1.0_f64,
        spare in 0..3_usize,
        seed: u64,
    ) {
        let task = FlipFlop {
            bits,
            pulse_probability: probability,
            pulse_width: width,
            pulse_amplitude: 0.7,
            target_amplitude: 2.5,
            trial_steps: 60,
            ..FlipFlop::default()
        };
        let channels = bits + spare;
        let batch = draw(&task, 4, channels, seed);
        for trial in 0..4 {
            for channel in 0..channels {
                let inputs = series(&batch.inputs, &batch, channels, trial, channel);
                let targets = series(&batch.targets, &batch, channels, trial, channel);
                let weights = series(&batch.weights, &batch, channels, trial, channel);
                if channel >= bits {
                    prop_assert!(inputs.iter().chain(&targets).chain(&weights).all(|value| *value == 0.0));
                }
                let mut last = None;
                for step in 0..batch.steps {
                    if inputs[step] != 0.0 {
                        prop_assert_eq!(inputs[step].abs(), 0.7);
                        last = Some(inputs[step].signum() * 2.5);
                    }
                    prop_assert_eq!(targets[step], last.unwrap_or(0.0));
                    prop_assert_eq!(weights[step], f64::from(u8::from(last.is_some())));
                }
            }
        }
    }
}

proptest! {
    #[test]
    fn spaced_pulses_keep_their_gaps_and_free_their_line(
        variant in prop::sample::select(vec![Variant::Single, Variant::Orthogonal, Variant::Parallel]),
        bits in 1..4_usize,
        seed: u64,
    ) {
        let task = FlipFlop { bits, ..FlipFlop::of(variant) };
        let batch = draw(&task, 3, bits, seed);
        for trial in 0..3 {
            let lines: Vec<_> = (0..bits)
                .map(|line| [&batch.inputs, &batch.targets, &batch.weights]
                    .map(|values| series(values, &batch, bits, trial, line)))
                .collect();
            let pulsed: Vec<_> = (0..200).filter(|&step| lines.iter().any(|line| line[0][step] != 0.0)).collect();
            prop_assert_eq!(pulsed[0], 0);
            for pair in pulsed.windows(2).filter(|pair| pair[1] > pair[0] + 1) {
                let gap = pair[1] - pair[0] - 1;
                prop_assert!((task.gap.min..=task.gap.max).contains(&gap), "{}", gap);
            }
            let with_pulses = lines.iter().filter(|line| line[0].iter().any(|input| *input != 0.0)).count();
            prop_assert_eq!(with_pulses, if variant == Variant::Parallel { bits } else { 1 });
            for [inputs, targets, weights] in &lines {
                let is_used = inputs.iter().any(|input| *input != 0.0);
                let mut last = 0.0;
                for step in 0..200 {
                    if inputs[step] != 0.0 {
                        last = inputs[step];
                    }
                    let counts = if is_used { inputs[step] == 0.0 } else { variant == Variant::Orthogonal };
                    prop_assert_eq!(weights[step], f64::from(u8::from(counts)), "step {}", step);
                    prop_assert_eq!(targets[step], if counts { last } else { 0.0 }, "step {}", step);
                }
            }
        }
    }
}

#[test]
fn pulses_have_the_asked_rate_and_balanced_signs() {
    let task = FlipFlop {
        trial_steps: 1000,
        ..FlipFlop::default()
    };
    let batch = draw(&task, 40, 3, 1);
    let chances = batch.inputs.len() as f64;
    let pulses = batch.inputs.iter().filter(|input| **input != 0.0).count() as f64;
    let positive = batch.inputs.iter().filter(|input| **input > 0.0).count() as f64;
    // Five standard deviations of the binomial counts.
    assert!(
        (pulses - 0.05 * chances).abs() < 5.0 * (chances * 0.05 * 0.95).sqrt(),
        "{pulses} of {chances}"
    );
    assert!(
        (positive - 0.5 * pulses).abs() < 5.0 * (pulses * 0.25).sqrt(),
        "{positive} of {pulses}"
    );
}

#[test]
fn a_pulse_keeps_its_sign_for_its_whole_width() {
    let task = FlipFlop {
        bits: 1,
        pulse_width: 4,
        pulse_probability: 0.02,
        ..FlipFlop::default()
    };
    let batch = draw(&task, 50, 1, 3);
    let mut onsets = 0;
    for trial in 0..50 {
        let inputs = series(&batch.inputs, &batch, 1, trial, 0);
        let mut step = 0;
        while step < inputs.len() {
            if inputs[step] == 0.0 {
                step += 1;
                continue;
            }
            let end = (step + 4).min(inputs.len());
            assert!(
                inputs[step..end].iter().all(|input| *input == inputs[step]),
                "trial {trial} step {step}"
            );
            onsets += 1;
            step = end;
        }
    }
    assert!(onsets > 50, "{onsets}");
}

#[test]
fn noise_has_the_asked_standard_deviation() {
    let task = FlipFlop {
        noise: 0.2,
        pulse_probability: 1e-9,
        trial_steps: 1000,
        ..FlipFlop::default()
    };
    let batch = draw(&task, 20, 3, 5);
    let mean_square =
        batch.inputs.iter().map(|input| input * input).sum::<f64>() / batch.inputs.len() as f64;
    assert!(
        (mean_square.sqrt() - 0.2).abs() < 0.004,
        "{}",
        mean_square.sqrt()
    );
}

#[test]
fn accuracy_counts_weighted_targets_within_half_of_their_amplitude() {
    let task = FlipFlop {
        bits: 1,
        target_amplitude: 2.0,
        ..FlipFlop::default()
    };
    let mut batch = Batch::zeros(5, 1, 1, 1);
    batch.targets = vec![0.0, 2.0, 2.0, -2.0, -2.0];
    batch.weights = vec![0.0, 1.0, 1.0, 1.0, 1.0];
    assert_eq!(task.accuracy(&batch, &[9.0, 1.1, 3.1, -1.5, 2.0]), 0.5);
    assert_eq!(task.accuracy(&batch, &batch.targets), 1.0);
    assert_eq!(task.accuracy(&batch, &[f64::NAN; 5]), 0.0);
    assert_eq!(task.accuracy(&Batch::zeros(5, 1, 1, 1), &[0.0; 5]), 0.0);
}
