//! What chance makes of where events lie.
//!
//! A test by randomisation is exact if events that have nothing to do with the signal are as likely where they lie as where
//! chance puts them. What the signal is like does not matter then: the test takes it as it is, with its trends, and however
//! much its values depend on those before.

use rand::seq::SliceRandom as _;
use rand::{Rng, RngExt as _};

use super::RunSignal;

/// Where chance puts events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Chance {
    /// As many events at random steps of the same stage. Exact for events that come independently of each other and evenly over
    /// the stage; too sure of itself if they cluster.
    RandomSteps,
    /// All events of a stage together, shifted around it as if it were a circle, by a random number of steps. Exact for events
    /// that come evenly over the stage, clusters and all; not if they are more frequent early in the stage, where the loss
    /// falls fast.
    CircularShift,
    /// The events of another run, chosen at random, at the same share of the same stage. Exact for runs that differ in their
    /// seeds alone, however events cluster and wherever in a stage they are frequent. Runs trade with runs that have the same
    /// stages. With n of them there are n! assignments, so a few runs cannot give a small p; and one in n keeps its own events, so
    /// the excess over chance comes out smaller by 1/n.
    AcrossRuns,
}

/// The places of the events of each run and stage, `[run][stage][event]`.
pub(super) type Places = Vec<Vec<Vec<usize>>>;

impl Chance {
    /// Draws where the events of all runs lie.
    pub(super) fn draw(self, runs: &[RunSignal], rng: &mut impl Rng) -> Places {
        match self {
            Self::RandomSteps => each_stage(runs, |events, steps| {
                let place = |_: &usize| rng.random_range(0..steps);
                events.iter().map(place).collect()
            }),
            Self::CircularShift => each_stage(runs, |events, steps| {
                let shift = rng.random_range(0..steps);
                events.iter().map(|event| (event + shift) % steps).collect()
            }),
            Self::AcrossRuns => across_runs(runs, rng),
        }
    }
}

fn each_stage(runs: &[RunSignal], mut draw: impl FnMut(&[usize], usize) -> Vec<usize>) -> Places {
    let mut of_run = |run: &RunSignal| {
        let stages = run.stages.iter();
        stages
            .map(|stage| match stage.values.len() {
                0 => Vec::new(),
                steps => draw(&stage.events, steps),
            })
            .collect()
    };
    runs.iter().map(&mut of_run).collect()
}

fn across_runs(runs: &[RunSignal], rng: &mut impl Rng) -> Places {
    let numbers = |run: &RunSignal| -> Vec<u32> {
        let stages = run.stages.iter();
        stages.map(|stage| stage.stage).collect()
    };
    let mut order: Vec<usize> = (0..runs.len()).collect();
    order.sort_by_cached_key(|&run| numbers(&runs[run]));
    let mut places: Places = vec![Vec::new(); runs.len()];
    for alike in order.chunk_by(|&a, &b| numbers(&runs[a]) == numbers(&runs[b])) {
        let mut donors = alike.to_vec();
        donors.shuffle(rng);
        for (&run, &donor) in alike.iter().zip(&donors) {
            let stages = runs[run].stages.iter().zip(&runs[donor].stages);
            let of_stage = stages.map(|(stage, donor)| {
                let events = donor.events.iter();
                events
                    .map(|event| event * stage.values.len() / donor.values.len())
                    .collect()
            });
            places[run] = of_stage.collect();
        }
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::comparison::coincidence::StageSignal;
    use crate::statistics::randomisation::draws;

    fn runs() -> Vec<RunSignal> {
        let stage = |stage: u32, steps: usize, events: &[usize]| StageSignal {
            stage,
            values: vec![0.0; steps],
            events: events.to_vec(),
        };
        let run = |stages: &[StageSignal]| RunSignal {
            stages: stages.to_vec(),
        };
        vec![
            run(&[stage(0, 10, &[1, 2]), stage(1, 4, &[3])]),
            run(&[stage(0, 20, &[10, 19]), stage(1, 4, &[])]),
            run(&[stage(0, 5, &[])]),
            run(&[stage(0, 0, &[]), stage(1, 3, &[0])]),
        ]
    }

    #[test]
    fn every_stage_keeps_its_number_of_events_or_trades_them_whole() {
        let runs = runs();
        let drawn = |chance: Chance| draws(200, 3, |rng| chance.draw(&runs, rng));
        for chance in [Chance::RandomSteps, Chance::CircularShift] {
            for places in drawn(chance) {
                for (places, run) in places.iter().zip(&runs) {
                    for (places, stage) in places.iter().zip(&run.stages) {
                        assert_eq!(places.len(), stage.events.len());
                        assert!(places.iter().all(|&place| place < stage.values.len()));
                    }
                }
            }
        }
        for places in drawn(Chance::CircularShift) {
            assert_eq!((places[0][0][1] + 10 - places[0][0][0]) % 10, 1);
            assert_eq!((places[1][0][1] + 20 - places[1][0][0]) % 20, 9);
        }
        let mut traded = 0;
        for places in drawn(Chance::AcrossRuns) {
            // The run with one stage has nobody to trade with; an empty stage holds no event.
            assert_eq!(places[2], [Vec::<usize>::new()]);
            assert!(places[3][0].iter().all(|&place| place == 0));
            if places[0][0] == [5, 9] {
                assert!(places[0][1].is_empty());
                traded += 1;
            }
        }
        // One of three runs gives to the first.
        assert!((40..95).contains(&traded), "{traded}");
    }
}
