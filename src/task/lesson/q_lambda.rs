//! Q(λ) with a greedy policy, as networks on which only the readout learns are taught (Xu & Barak 2020, arXiv 2002.02496, and
//! their public code; eligibility traces: Watkins 1989, Sutton & Barto 2018, chapter 12).

use rand::{Rng, RngExt as _};

use super::{Experience, Lesson, greedy};
use crate::task::batch::Batch;
use crate::task::objective::Objective;

/// Whose value a later surprise corrects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Credited {
    /// That of the action that was taken at the earlier time.
    Taken,
    /// That of the action that is taken when the surprise comes, also at earlier times: the paper's public code.
    Present,
}

/// Q(λ): outputs are how much return each action promises.
///
/// 1. The action with the largest output is taken, or any with the chance ε.
/// 2. With δₜ = rₜ + γ maxₐ Qₜ₊₁(a) − Qₜ(aₜ), and no Qₜ₊₁ at the end of the episode, the target of time i is Qᵢ, corrected
///    at aᵢ by α Σ_{t ≥ i} (γλ)^(t−i) δₜ.
/// 3. All outputs count alike, under squared error: those of actions that were not taken are to stay.
///
/// All Q are those that the network put out when it acted. As in the method, and unlike in the public code, a correction
/// belongs to the action that was taken at its time; [`Credited::Present`] is the code.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct QLambda {
    /// λ, in [0, 1]. Default 0.5.
    pub trace: f64,
    /// α, above 0. Default 0.5.
    pub rate: f64,
    /// ε, in [0, 1]. Default 0.
    pub exploration: f64,
    /// Whose value is corrected. Default: that of the action that was taken.
    pub credited: Credited,
}

impl Default for QLambda {
    fn default() -> Self {
        Self {
            trace: 0.5,
            rate: 0.5,
            exploration: 0.0,
            credited: Credited::Taken,
        }
    }
}

impl QLambda {
    /// Step 2, `[time][action]`.
    fn targets(&self, experience: &Experience) -> Vec<f64> {
        let actions = experience.actions;
        let steps = experience.taken.len();
        let values = |time: usize| &experience.outputs[time * actions..][..actions];
        let best = |time: usize| values(time).iter().copied().fold(f64::MIN, f64::max);
        let surprise = |time: usize| {
            let promised = if time + 1 < steps {
                experience.discount * best(time + 1)
            } else {
                0.0
            };
            experience.rewards[time] + promised - values(time)[experience.taken[time]]
        };
        let mut targets = experience.outputs.clone();
        let decay = experience.discount * self.trace;
        match self.credited {
            Credited::Taken => {
                let mut sum = 0.0;
                for time in (0..steps).rev() {
                    sum = surprise(time) + decay * sum;
                    targets[time * actions + experience.taken[time]] += self.rate * sum;
                }
            }
            Credited::Present => {
                for action in 0..actions {
                    let mut sum = 0.0;
                    for time in (0..steps).rev() {
                        sum *= decay;
                        if experience.taken[time] == action {
                            sum += surprise(time);
                        }
                        targets[time * actions + action] += self.rate * sum;
                    }
                }
            }
        }
        targets
    }
}

impl Lesson for QLambda {
    fn objective(&self, _: usize) -> Objective {
        Objective::SquaredError
    }

    fn choose(&self, outputs: &[f64], rng: &mut dyn Rng) -> usize {
        if self.exploration > 0.0 && rng.random_bool(self.exploration) {
            return rng.random_range(0..outputs.len());
        }
        greedy(outputs)
    }

    fn teach(&self, experiences: &[Experience], batch: &mut Batch) {
        for experience in experiences {
            let targets = self.targets(experience);
            let mut trial = batch.trial(experience.trial);
            for (time, targets) in targets.chunks_exact(experience.actions).enumerate() {
                for (channel, &target) in targets.iter().enumerate() {
                    trial.target(channel, time..time + 1, target, 1.0);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::task::batch::Score;

    /// Two actions, three steps; worked out by hand.
    fn experience() -> Experience {
        Experience {
            trial: 0,
            actions: 2,
            discount: 0.5,
            taken: vec![0, 1, 0],
            rewards: vec![-1.0, 0.0, 2.0],
            outputs: vec![0.4, 0.2, 0.0, 0.6, 1.0, 0.8],
            score: Score::of(true),
        }
    }

    fn assert_near(found: &[f64], expected: &[f64]) {
        for (found, expected) in found.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-12, "{found} {expected}");
        }
    }

    #[test]
    fn corrections_belong_to_the_actions_that_were_taken() {
        // δ = −1 + 0.5 · 0.6 − 0.4 = −1.1; 0.5 · 1 − 0.6 = −0.1; 2 − 1 = 1. Decay 0.25.
        let targets = QLambda::default().targets(&experience());
        let [first, second, third] = [-1.1 + 0.25 * (-0.1 + 0.25), -0.1 + 0.25, 1.0];
        let expected = [
            0.4 + 0.5 * first,
            0.2,
            0.0,
            0.6 + 0.5 * second,
            1.0 + 0.5 * third,
            0.8,
        ];
        assert_near(&targets, &expected);
    }

    #[test]
    fn in_the_public_code_the_present_action_takes_all() {
        let lesson = QLambda {
            credited: Credited::Present,
            ..QLambda::default()
        };
        let targets = lesson.targets(&experience());
        // Action 0 at time 0 is corrected by δ₀ and, decayed twice, by δ₂; at time 1, where 1 was taken, by δ₂ decayed once.
        let expected = [
            0.4 + 0.5 * (-1.1 + 0.0625),
            0.2 + 0.5 * (0.25 * -0.1),
            0.5 * 0.25,
            0.6 + 0.5 * -0.1,
            1.5,
            0.8,
        ];
        assert_near(&targets, &expected);
    }

    #[test]
    fn without_a_trace_one_step_is_credited() {
        let lesson = QLambda {
            trace: 0.0,
            rate: 1.0,
            ..QLambda::default()
        };
        let targets = lesson.targets(&experience());
        // r + γ max Q.
        assert_near(
            &[targets[0], targets[3], targets[4]],
            &[-1.0 + 0.3, 0.5, 2.0],
        );
    }

    /// Whoever knows the true values is not corrected, whatever the trace.
    #[test]
    fn true_values_are_left_alone() {
        let mut experience = experience();
        // Backwards: Q(a) = r + γ max Q of the next step.
        let discount = experience.discount;
        let mut best = 0.0;
        for time in (0..3).rev() {
            let taken = experience.taken[time];
            let value = experience.rewards[time] + discount * best;
            experience.outputs[2 * time + taken] = value;
            experience.outputs[2 * time + 1 - taken] = value - 0.5;
            best = value;
        }
        let mut batch = Batch::zeros(3, 1, 1, 2);
        for credited in [Credited::Taken, Credited::Present] {
            let lesson = QLambda {
                trace: 0.9,
                credited,
                ..QLambda::default()
            };
            lesson.teach(std::slice::from_ref(&experience), &mut batch);
            assert_near(&batch.targets, &experience.outputs);
            assert!(batch.weights.iter().all(|&weight| weight == 1.0));
        }
    }
}
