//! How much larger a signal is at events than at matched times.

use crate::comparison::coincidence::chance::Chance;
use crate::comparison::coincidence::triggered::{Tail, TriggeredAverage, TriggeredTest};
use crate::comparison::coincidence::{RunSignal, StageSignal};
use crate::statistics::Estimate;
use crate::statistics::bootstrap::Bootstrap;

/// Largest lag of event-triggered averages, in updates.
const MOST_LAG: usize = 20;

/// The excess of a signal at the events of runs of one stage over the same moments in other runs, with its interval over runs.
///
/// 1. The signal at an event is the mean of its values on both sides.
/// 2. What it is compared with is the mean of the same over all other runs at the same update.
/// 3. Events count alike, so that a run counts as it has events. Runs without events stand by as others.
pub(super) fn excess(runs: &[RunSignal], bootstrap: &Bootstrap) -> Estimate {
    let stages: Vec<&StageSignal> = runs.iter().filter_map(|run| run.stages.first()).collect();
    let sums: Vec<[f64; 2]> = (0..stages.len()).map(|own| of_run(&stages, own)).collect();
    bootstrap.estimate(&vec![0; sums.len()], |counts| {
        let mut total = [0.0; 2];
        for (of, &count) in sums.iter().zip(counts) {
            total[0] += f64::from(count) * of[0];
            total[1] += f64::from(count) * of[1];
        }
        (total[1] > 0.0).then(|| total[0] / total[1])
    })
}

/// Sum of the excess over the events of a run, and their number.
fn of_run(stages: &[&StageSignal], own: usize) -> [f64; 2] {
    let mut sums = [0.0; 2];
    for &event in &stages[own].events {
        let others = stages.iter().enumerate().filter(|(run, _)| *run != own);
        let others: Vec<f64> = others.filter_map(|(_, of)| around(of, event)).collect();
        if let Some(value) = around(stages[own], event)
            && !others.is_empty()
        {
            sums[0] += value - others.iter().sum::<f64>() / others.len() as f64;
            sums[1] += 1.0;
        }
    }
    sums
}

/// Mean of the values on both sides of an event; `None` where one is missing or not finite.
fn around(of: &StageSignal, event: usize) -> Option<f64> {
    let before = of.values.get(event.checked_sub(1)?)?;
    let mean = 0.5 * (before + of.values.get(event)?);
    mean.is_finite().then_some(mean)
}

/// The event-triggered average, with the p-value of its most extreme lag against the events of other runs.
pub(super) fn triggered(runs: &[RunSignal], seed: u64) -> Option<TriggeredAverage> {
    let test = TriggeredTest {
        most_lag: MOST_LAG,
        tail: Tail::Upper,
        chance: Chance::AcrossRuns,
        draws: 999,
        seed,
    };
    test.run(runs)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(values: &[f64], events: &[usize]) -> RunSignal {
        RunSignal {
            stages: vec![StageSignal {
                stage: 0,
                values: values.to_vec(),
                events: events.to_vec(),
            }],
        }
    }

    #[test]
    fn a_trend_that_all_runs_share_is_no_excess_and_a_peak_is() {
        let falling = |peak: Option<usize>| {
            let value = |k: usize| -(k as f64) + if peak == Some(k) { 4.0 } else { 0.0 };
            (0..30).map(value).collect::<Vec<f64>>()
        };
        let bootstrap = Bootstrap::new(1);
        // Early events, where the trend is high: without a peak nothing is left.
        let alike: Vec<RunSignal> = (1..9).map(|k| run(&falling(None), &[k])).collect();
        assert!(excess(&alike, &bootstrap).value.abs() < 1e-12);
        // A peak of 4 at each event: half of it is in the mean of both sides; where it lies beside that of another run, that
        // run's share is taken off.
        let peaks: Vec<RunSignal> = (1..9)
            .map(|k| run(&falling(Some(3 * k)), &[3 * k]))
            .collect();
        let found = excess(&peaks, &bootstrap);
        assert!((found.value - 2.0).abs() < 1e-12, "{found:?}");
        assert_eq!(excess(&[], &bootstrap).interval, None);
    }
}
