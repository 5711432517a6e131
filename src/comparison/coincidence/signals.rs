//! Signals of a learning path: changes of the logarithm of the loss, and the logarithm of the gradient norm.

use super::{RunSignal, StageSignal};
use crate::comparison::path::{LearningPath, TrainingStep};

/// Changes of ln loss at each step of a path: the mean over the `half_window` steps from this one on, less the mean over as many
/// before it, within the stage. 1 gives the change from one step to the next.
///
/// Events lie where [`event_step`] says.
pub fn loss_changes(path: &LearningPath, half_window: usize) -> RunSignal {
    by_stage(path, |steps| {
        changes(&logarithms(steps, |step| step.loss), half_window)
    })
}

/// The logarithm of the gradient norm at each step of a path, less its mean in the stage.
pub fn gradient_norms(path: &LearningPath) -> RunSignal {
    by_stage(path, |steps| {
        let mut values = logarithms(steps, |step| step.gradient_norm);
        let finite = values.iter().filter(|value| value.is_finite());
        let mean = finite.clone().sum::<f64>() / finite.count() as f64;
        for value in &mut values {
            *value -= mean;
        }
        values
    })
}

/// The first training step whose batch meets weights behind an event, for the loss of a step is that before its update.
pub fn event_step(time: f64) -> u64 {
    time.ceil() as u64 + 1
}

/// Means of the values from each place on less those before it; NaN where either has less than one value.
pub(super) fn changes(values: &[f64], half_window: usize) -> Vec<f64> {
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    (0..values.len())
        .map(|place| {
            let before = &values[place.saturating_sub(half_window)..place];
            let after = &values[place..(place + half_window).min(values.len())];
            mean(after) - mean(before)
        })
        .collect()
}

pub(super) fn logarithms(steps: &[TrainingStep], value: impl Fn(&TrainingStep) -> f64) -> Vec<f64> {
    steps.iter().map(|step| value(step).ln()).collect()
}

fn by_stage(path: &LearningPath, signal: impl Fn(&[TrainingStep]) -> Vec<f64>) -> RunSignal {
    let mut places: Vec<u64> = path
        .events
        .iter()
        .map(|event| event_step(event.time()))
        .collect();
    places.sort_unstable();
    let stages = path.steps.chunk_by(|a, b| a.stage == b.stage);
    let of_stage = |steps: &[TrainingStep]| StageSignal {
        stage: steps[0].stage,
        values: signal(steps),
        events: places
            .iter()
            .filter_map(|place| steps.binary_search_by_key(place, |step| step.step).ok())
            .collect(),
    };
    RunSignal {
        stages: stages.map(of_stage).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::comparison::path::PathEvent;

    fn path() -> LearningPath {
        let losses = [8.0, 8.0, 4.0, 2.0, 2.0, 1.0_f64];
        let steps = losses.iter().zip(1..);
        LearningPath {
            steps: steps
                .map(|(&loss, step)| TrainingStep {
                    step,
                    stage: u32::from(step > 4),
                    loss,
                    accuracy: 0.0,
                    gradient_norm: loss * loss,
                })
                .collect(),
            events: [(0, 2, 0.7), (4, 5, 0.0), (5, 9, 1.0)]
                .map(|(from_step, to_step, position)| PathEvent {
                    kind: "LP".to_owned(),
                    condition: "zero".to_owned(),
                    from_step,
                    to_step,
                    position,
                    pair_change: 1,
                    loss: None,
                    gradient_norm: None,
                })
                .to_vec(),
            ..LearningPath::default()
        }
    }

    #[test]
    fn the_drop_that_an_event_makes_stands_in_its_place() {
        let signal = loss_changes(&path(), 1);
        let [first, second] = &signal.stages[..] else {
            panic!("two stages")
        };
        // The event at 1.4 lies between the weights after one step and after two, whose losses are those of steps 2 and 3.
        assert_eq!((first.stage, first.events.as_slice()), (0, &[2][..]));
        let halved = -2.0_f64.ln();
        assert!(first.values[0].is_nan() && first.values[1] == 0.0);
        assert!((first.values[2] - halved).abs() < 1e-15);
        // Step 10 was never taken.
        assert_eq!((second.stage, second.events.as_slice()), (1, &[0][..]));
        let wide = loss_changes(&path(), 2);
        assert!((wide.stages[0].values[2] - 1.5 * halved).abs() < 1e-15);
    }

    #[test]
    fn gradient_norms_have_mean_0_in_each_stage() {
        for stage in gradient_norms(&path()).stages {
            assert!(stage.values.iter().sum::<f64>().abs() < 1e-12);
        }
        let mut still = path();
        still.steps[1].gradient_norm = 0.0;
        let values = &gradient_norms(&still).stages[0].values;
        assert_eq!(values[1], f64::NEG_INFINITY);
        assert!((values[0] - 2.0 * 4.0_f64.ln() + 0.0).is_finite());
    }
}
