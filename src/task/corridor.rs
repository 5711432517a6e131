//! A corridor with a reward at one end: which end, a cue tells at the start. To go there, an agent has to remember.
//!
//! An episode: the agent stands in the middle of `cells` cells, and perceives a cue (±1, at the first step only)
//! and its position from −1 to 1. Each action moves it by a cell to the left or right. At either end the episode is
//! over, with +`reward` at the end of the cue's sign and −`reward` at the other; every step has `step_reward`
//! besides.
//!
//! Score: whether it ended at the right end; chance is ½, if it ends at all. Landscapes in the middle and beside
//! it.

use rand::{Rng, RngExt as _};

use super::Task;
use super::about::{About, parameter};
use super::batch::{Answer, Probe, Score, Trial};
use super::objective::Objective;
use super::world::{Consequence, Episode, World};
use crate::parameters::{ANY, FRACTION, ParameterVisitor};

/// A corridor of some cells. An agent in the middle perceives at the first time step which end is rewarded, and from then
/// on where it is. Its actions are a step to the left and a step to the right; either end ends the episode.
#[derive(Debug, Clone, PartialEq)]
pub struct Corridor {
    /// Cells, an odd number. Default 5.
    pub cells: usize,
    /// Time steps of an episode at most. Default 12.
    pub trial_steps: usize,
    /// Reward at the right end; at the wrong one its negative. Default 1.
    pub reward: f64,
    /// Reward of each step, usually negative. Default −0.05.
    pub step_reward: f64,
    /// How much less a reward counts for each time step that it comes later, in (0, 1]. Default 1.
    pub discount: f64,
}

const ABOUT: About = About {
    name: "corridor",
    summary: "walk to the end of a corridor that a cue has told",
    source: "the T-maze of Bakker 2002, NIPS 14, without its stem",
    inputs: &["cue", "position"],
    outputs: &["left", "right"],
    accuracy: "share of episodes that end at the rewarded end",
    parameters: &[
        parameter("cells", "", "cells of the corridor, an odd number"),
        parameter("trial_steps", "steps", "length of an episode at most"),
        parameter(
            "reward",
            "",
            "reward at the right end; at the wrong one its negative",
        ),
        parameter("step_reward", "", "reward of each step"),
        parameter(
            "discount",
            "",
            "how much less a reward counts for each step that it comes later",
        ),
    ],
};

impl Default for Corridor {
    fn default() -> Self {
        Self {
            cells: 5,
            trial_steps: 12,
            reward: 1.0,
            step_reward: -0.05,
            discount: 1.0,
        }
    }
}

impl Task for Corridor {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn input_channels(&self) -> usize {
        2
    }

    fn output_channels(&self) -> usize {
        2
    }

    fn trial_steps(&self) -> usize {
        self.trial_steps
    }

    fn objective(&self) -> Objective {
        Objective::choice(2)
    }

    /// Nothing is drawn before the agent acts.
    fn draw_trial(&self, _: &mut dyn Rng, _: &mut Trial<'_>) {}

    fn world(&self, _: usize) -> Option<&dyn World> {
        Some(self)
    }

    fn score(&self, answer: Answer<'_>) -> Score {
        answer.lived().map_or(Score::of(false), |lived| lived.score)
    }

    /// A walk at random comes to either end as often as to the other, and may come to none in time: that of a walk without
    /// end, which is the best that needs no cue.
    fn chance(&self) -> f64 {
        0.5
    }

    /// No cue, in the middle and at the cells beside.
    fn probes(&self, input_channels: usize) -> Vec<Probe> {
        let beside = 1.0 / (self.cells / 2) as f64;
        vec![
            Probe::new("middle", &[], input_channels),
            Probe::new("left of it", &[0.0, -beside], input_channels),
            Probe::new("right of it", &[0.0, beside], input_channels),
        ]
    }

    fn parameters(&mut self, visitor: &mut dyn ParameterVisitor) {
        visitor.count("cells", &mut self.cells, 3..=1001);
        if self.cells.is_multiple_of(2) {
            visitor.refuse(
                "cells",
                "an odd number of cells, one of which is the middle",
            );
        }
        visitor.count("trial_steps", &mut self.trial_steps, 1..=100_000);
        visitor.real("reward", &mut self.reward, ANY);
        visitor.real("step_reward", &mut self.step_reward, ANY);
        visitor.real("discount", &mut self.discount, FRACTION);
    }
}

impl World for Corridor {
    fn actions(&self) -> usize {
        2
    }

    fn most_steps(&self) -> usize {
        self.trial_steps
    }

    fn discount(&self) -> f64 {
        self.discount
    }

    fn begin(&self, rng: &mut dyn Rng) -> Box<dyn Episode> {
        Box::new(Walk {
            reach: (self.cells / 2) as i64,
            goal: if rng.random::<bool>() { 1 } else { -1 },
            position: 0,
            steps: 0,
            reward: self.reward,
            step_reward: self.step_reward,
        })
    }
}

/// One agent in the corridor.
#[derive(Debug, Clone, PartialEq)]
struct Walk {
    /// Cells from the middle to an end.
    reach: i64,
    /// Which end is rewarded: −1 the left, 1 the right one.
    goal: i64,
    /// Cells to the right of the middle.
    position: i64,
    steps: usize,
    reward: f64,
    step_reward: f64,
}

impl Episode for Walk {
    /// The cue, −1 or 1, at the first time step; the position, from −1 at the left end to 1 at the right one.
    fn perceive(&self, inputs: &mut [f64]) {
        if self.steps == 0 {
            inputs[0] += self.goal as f64;
        }
        inputs[1] += self.position as f64 / self.reach as f64;
    }

    fn act(&mut self, action: usize, _: &mut dyn Rng) -> Consequence {
        self.position += if action == 0 { -1 } else { 1 };
        self.steps += 1;
        let is_at_end = self.position.abs() == self.reach;
        let at_end = if is_at_end {
            (self.position.signum() * self.goal) as f64 * self.reward
        } else {
            0.0
        };
        Consequence {
            reward: self.step_reward + at_end,
            is_over: is_at_end,
        }
    }

    fn score(&self) -> Score {
        Score::of(self.position == self.goal * self.reach)
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng as _;
    use rand_chacha::ChaCha8Rng;

    use super::*;
    use crate::task::Batch;
    use crate::task::world::Policy;

    /// Goes where the cue told, and remembers it.
    struct Knowing {
        goals: Vec<f64>,
        outputs: Vec<f64>,
    }

    impl Policy for Knowing {
        fn begin(&mut self, batch: &Batch) {
            self.goals = vec![0.0; batch.trials];
        }

        fn act(&mut self, time: usize, batch: &mut Batch) -> &[f64] {
            self.outputs.clear();
            for (trial, goal) in self.goals.iter_mut().enumerate() {
                *goal += batch.input_row(time, trial)[0];
                self.outputs.extend([-50.0 * *goal, 50.0 * *goal]);
            }
            &self.outputs
        }
    }

    #[test]
    fn whoever_remembers_the_cue_is_rewarded_every_time() {
        let corridor = Corridor::default();
        let mut batch = Batch::zeros(12, 40, 2, 2);
        let mut policy = Knowing {
            goals: Vec::new(),
            outputs: Vec::new(),
        };
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        corridor.experience(&mut policy, &mut rng, &mut batch);
        assert_eq!(corridor.accuracy(&batch, &[0.0; 12 * 40 * 2]), 1.0);
        for lived in batch.lived.iter().flatten() {
            assert!(
                (lived.total_reward - 0.9).abs() < 1e-12,
                "two steps: {lived:?}"
            );
        }
        // All did equally well, so that there is nothing to learn.
        assert!(
            batch
                .targets
                .iter()
                .all(|advantage| advantage.abs() < 1e-12)
        );
        assert_eq!(batch.total_weight(), 80.0);
    }

    #[test]
    fn a_walk_at_random_comes_to_the_right_end_half_of_the_time() {
        let corridor = Corridor {
            trial_steps: 200,
            ..Corridor::default()
        };
        let batch = corridor.batch(4000, 3);
        let accuracy = corridor.accuracy(&batch, &batch.targets);
        assert!((accuracy - corridor.chance()).abs() < 0.04, "{accuracy}");
        // What one agent gains over the others, the others lose.
        let sum: f64 = batch.targets[..4000 * 2].iter().sum();
        assert!(sum.abs() < 1e-6, "{sum}");
    }
}
