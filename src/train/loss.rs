//! The loss on a batch, and its slopes in the outputs.
//!
//! L = Σ w ℓ / Σ w, summed over time steps, trials and channels (or groups of channels) that count, with ℓ by each
//! trial's objective. A batch in which nothing counts has loss 0 and slopes 0.

use crate::simd::Real;
use crate::task::Batch;
use crate::task::objective::Row;

/// The loss on a batch in the arithmetic of training, and ∂loss/∂outputs in `slopes`.
///
/// Outputs and slopes are `[row][channel]`; `rows` tells the (time, trial) of each row. The weights are scaled by the
/// total weight of the batch first; losses are added in the order of the rows.
///
/// Each part is rounded to the format of training before it is added, and the order of rows is the engine's, so the
/// last digits of a loss in f32 depend on both; [`Batch::loss`] sums in f64 and in order of time.
///
/// `slopes` is resized to the length of `outputs` and overwritten.
pub fn loss_and_slopes<T: Real>(
    batch: &Batch,
    rows: &[(usize, usize)],
    outputs: &[T],
    slopes: &mut Vec<T>,
) -> f64 {
    let channels = batch.output_channels;
    let scale = 1.0 / batch.total_weight().max(f64::MIN_POSITIVE);
    let mut losses = vec![T::ZERO; channels];
    let (mut targets, mut weights) = (losses.clone(), losses.clone());
    let mut loss = T::ZERO;
    slopes.clear();
    slopes.resize(outputs.len(), T::ZERO);
    if batch.objectives.is_empty() {
        return squared_errors(batch, rows, scale, outputs, slopes);
    }
    let each = outputs
        .chunks_exact(channels.max(1))
        .zip(slopes.chunks_exact_mut(channels.max(1)));
    for (&(time, trial), (outputs, slopes)) in rows.iter().zip(each) {
        let at = (time * batch.trials + trial) * channels;
        for channel in 0..channels {
            targets[channel] = T::from_f64(batch.targets[at + channel]);
            weights[channel] = T::from_f64(scale * batch.weights[at + channel]);
        }
        batch.objective(trial).evaluate(Row {
            outputs,
            targets: &targets,
            weights: &weights,
            losses: &mut losses,
            slopes,
        });
        for &part in &losses {
            loss += part;
        }
    }
    loss.to_f64()
}

/// The same where all trials are judged by squared error, without asking each row by what.
fn squared_errors<T: Real>(
    batch: &Batch,
    rows: &[(usize, usize)],
    scale: f64,
    outputs: &[T],
    slopes: &mut [T],
) -> f64 {
    let channels = batch.output_channels;
    let mut loss = T::ZERO;
    let each = outputs
        .chunks_exact(channels.max(1))
        .zip(slopes.chunks_exact_mut(channels.max(1)));
    for (&(time, trial), (outputs, slopes)) in rows.iter().zip(each) {
        let at = (time * batch.trials + trial) * channels;
        let targets = &batch.targets[at..at + channels];
        let weights = &batch.weights[at..at + channels];
        for (((slope, &output), &target), &weight) in
            slopes.iter_mut().zip(outputs).zip(targets).zip(weights)
        {
            let miss = output - T::from_f64(target);
            let weight = T::from_f64(scale * weight);
            loss += miss * miss * weight;
            *slope = (miss + miss) * weight;
        }
    }
    loss.to_f64()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::task::{Group, Measure, Objective};

    fn batch(objective: &Objective, targets: Vec<f64>, weights: Vec<f64>) -> Batch {
        Batch {
            steps: 1,
            trials: 1,
            output_channels: targets.len(),
            targets,
            weights,
            objectives: vec![objective.clone()],
            ..Batch::default()
        }
    }

    fn loss(batch: &Batch, outputs: &[f64]) -> (f64, Vec<f64>) {
        let mut slopes = Vec::new();
        let loss = loss_and_slopes(batch, &[(0, 0)], outputs, &mut slopes);
        (loss, slopes)
    }

    #[test]
    fn even_odds_cost_the_logarithm_of_the_number_of_choices() {
        let batch = batch(
            &Objective::choice(4),
            vec![0.0, 1.0, 0.0, 0.0, 9.0],
            vec![1.0, 1.0, 1.0, 1.0, 0.0],
        );
        let (loss, slopes) = loss(&batch, &[0.3, 0.3, 0.3, 0.3, 7.0]);
        assert!((loss - 4.0_f64.ln()).abs() < 1e-15, "{loss}");
        let expected = [0.25, -0.75, 0.25, 0.25, 0.0];
        for (slope, expected) in slopes.iter().zip(expected) {
            assert!((slope - expected).abs() < 1e-15, "{slopes:?}");
        }
        assert!((batch.loss(&[0.3, 0.3, 0.3, 0.3, 7.0]) - loss).abs() < 1e-15);
    }

    #[test]
    fn the_least_cross_entropy_is_the_entropy_of_the_targets() {
        let soft = [0.2, 0.5, 0.3];
        let batch = batch(&Objective::choice(3), soft.to_vec(), vec![2.0; 3]);
        let outputs: Vec<f64> = soft.iter().map(|p: &f64| 5.0 + p.ln()).collect();
        let (loss, slopes) = loss(&batch, &outputs);
        let entropy: f64 = soft.iter().map(|p| -p * p.ln()).sum();
        assert!((loss - entropy).abs() < 1e-14, "{loss} {entropy}");
        assert!(slopes.iter().all(|slope| slope.abs() < 1e-15));
    }

    #[test]
    fn far_outputs_do_not_overflow() {
        let batch = batch(&Objective::choice(2), vec![0.0, 1.0], vec![1.0; 2]);
        let (loss, slopes) = loss(&batch, &[4e4, -4e4]);
        assert_eq!(loss, 8e4);
        assert_eq!(slopes, [1.0, -1.0]);
    }

    proptest! {
        #[test]
        fn slopes_are_those_of_finite_differences(
            outputs in prop::collection::vec(-3.0..3.0_f64, 5),
            targets in prop::collection::vec(0.0..1.0_f64, 5),
            weights in prop::collection::vec(0.1..2.0_f64, 5),
            kind in 0..3,
        ) {
            let soft = Measure::CrossEntropy { sharpness: -0.7, floor: 1e-2 };
            let objective = match kind {
                0 => Objective::SquaredError,
                1 => Objective::choices(&[3, 2]),
                _ => Objective::Groups(vec![Group { channels: 3, measure: soft }, Group::squared_error(1)]),
            };
            let batch = batch(&objective, targets, weights);
            let (_, slopes) = loss(&batch, &outputs);
            for channel in 0..5 {
                let moved = |by: f64| {
                    let mut outputs = outputs.clone();
                    outputs[channel] += by;
                    loss(&batch, &outputs).0
                };
                let difference = (moved(1e-5) - moved(-1e-5)) / 2e-5;
                prop_assert!((difference - slopes[channel]).abs() < 1e-8, "{difference} {slopes:?}");
            }
        }
    }
}
