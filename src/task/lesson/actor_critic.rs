//! Advantage actor-critic: the network also puts out how much return it expects, and an action counts by how much better it
//! was (Mnih et al. 2016, arXiv 1602.01783; advantages as in Schulman et al. 2016, arXiv 1506.02438, equation 16).

use rand::Rng;

use super::{Experience, Lesson, drawn};
use crate::task::batch::Batch;
use crate::task::objective::{Group, Objective, log_softmax};

/// Advantage actor-critic, with the expected return V in the channel behind those of the actions.
///
/// 1. An action is drawn from softmax(z) = p.
/// 2. With δₜ = rₜ + γ Vₜ₊₁ − Vₜ, and no Vₜ₊₁ at the end of the episode, the advantage is Aₜ = Σₖ (γλ)ᵏ δₜ₊ₖ.
/// 3. The target of the actions, under cross-entropy, is Aₜ at the one that was taken, and β pᵢ (−log pᵢ − H) at each, with
///    the entropy H of p: these sum to 0, and make the slope that of −Aₜ log p − β H.
/// 4. The target of V, under squared error with a weight of its own, is Aₜ + Vₜ.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ActorCritic {
    /// λ, in [0, 1]. Default 0.95.
    pub trace: f64,
    /// Weight of the squared error of V. Default 0.5.
    pub critic_weight: f64,
    /// β, how much the entropy of the choice counts. Default 0.01.
    pub entropy_weight: f64,
}

impl Default for ActorCritic {
    fn default() -> Self {
        Self {
            trace: 0.95,
            critic_weight: 0.5,
            entropy_weight: 0.01,
        }
    }
}

impl ActorCritic {
    /// Step 2.
    fn advantages(&self, experience: &Experience) -> Vec<f64> {
        let Experience {
            discount, rewards, ..
        } = experience;
        let channels = self.channels(experience.actions);
        let value = |time: usize| experience.outputs[time * channels + experience.actions];
        let mut advantages = vec![0.0; rewards.len()];
        let (mut later_value, mut later) = (0.0, 0.0);
        for time in (0..rewards.len()).rev() {
            let miss = rewards[time] + discount * later_value - value(time);
            later = miss + discount * self.trace * later;
            later_value = value(time);
            advantages[time] = later;
        }
        advantages
    }
}

impl Lesson for ActorCritic {
    fn channels(&self, actions: usize) -> usize {
        actions + 1
    }

    fn objective(&self, actions: usize) -> Objective {
        Objective::Groups(vec![Group::choice(actions), Group::squared_error(1)])
    }

    fn choose(&self, outputs: &[f64], rng: &mut dyn Rng) -> usize {
        drawn(&outputs[..outputs.len() - 1], rng)
    }

    fn teach(&self, experiences: &[Experience], batch: &mut Batch) {
        for experience in experiences {
            let actions = experience.actions;
            let channels = self.channels(actions);
            let mut trial = batch.trial(experience.trial);
            for (time, advantage) in self.advantages(experience).into_iter().enumerate() {
                let outputs = &experience.outputs[time * channels..][..channels];
                let logarithms = log_softmax(outputs[..actions].to_vec());
                let terms = logarithms.iter().map(|log_p| -log_p.exp() * log_p);
                let entropy: f64 = terms.sum();
                for (channel, log_p) in logarithms.iter().enumerate() {
                    let is_taken = channel == experience.taken[time];
                    let of_action = if is_taken { advantage } else { 0.0 };
                    let of_entropy = self.entropy_weight * log_p.exp() * (-log_p - entropy);
                    let target = of_action + of_entropy;
                    trial.target(channel, time..time + 1, target, 1.0);
                }
                let expected = advantage + outputs[actions];
                trial.target(actions, time..time + 1, expected, self.critic_weight);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::task::batch::Score;

    fn experience() -> Experience {
        Experience {
            trial: 0,
            actions: 2,
            discount: 0.9,
            taken: vec![1, 0],
            rewards: vec![-0.1, 1.0],
            outputs: vec![0.3, -0.2, 0.5, 0.0, 0.4, 0.7],
            score: Score::of(true),
        }
    }

    #[test]
    fn advantages_are_those_worked_out_by_hand() {
        let lesson = ActorCritic {
            trace: 0.5,
            ..ActorCritic::default()
        };
        let advantages = lesson.advantages(&experience());
        // δ₁ = 1 − 0.7; δ₀ = −0.1 + 0.9 · 0.7 − 0.5, A₀ = δ₀ + 0.45 δ₁.
        assert!((advantages[1] - 0.3).abs() < 1e-15);
        assert!((advantages[0] - (0.03 + 0.45 * 0.3)).abs() < 1e-15);
        let whole = ActorCritic {
            trace: 1.0,
            ..lesson
        };
        // With λ = 1 the advantage is the return less what was expected.
        assert!((whole.advantages(&experience())[0] - (-0.1 + 0.9 - 0.5)).abs() < 1e-15);
    }

    /// The slope of −A log p − β H by finite differences.
    #[test]
    fn the_targets_make_the_slopes_of_advantage_and_entropy() {
        let lesson = ActorCritic {
            trace: 0.5,
            critic_weight: 0.5,
            entropy_weight: 0.3,
        };
        let experience = experience();
        let mut batch = Batch::zeros(2, 1, 1, 3);
        batch.trial(0).set_objective(&lesson.objective(2));
        lesson.teach(std::slice::from_ref(&experience), &mut batch);
        let mut slopes = Vec::new();
        let rows = [(0, 0), (1, 0)];
        let total = batch.total_weight();
        crate::train::loss::loss_and_slopes(&batch, &rows, &experience.outputs, &mut slopes);
        let advantages = lesson.advantages(&experience);
        let wanted = |outputs: &[f64]| {
            let mut sum = 0.0;
            for time in 0..2 {
                let logarithms = log_softmax(outputs[3 * time..][..2].to_vec());
                let terms = logarithms.iter().map(|log_p| -log_p.exp() * log_p);
                let entropy: f64 = terms.sum();
                sum -= advantages[time] * logarithms[experience.taken[time]];
                sum -= 0.3 * entropy;
                let expected = advantages[time] + experience.outputs[3 * time + 2];
                sum += 0.5 * (outputs[3 * time + 2] - expected).powi(2);
            }
            sum / total
        };
        for place in 0..6 {
            let moved = |by: f64| {
                let mut outputs = experience.outputs.clone();
                outputs[place] += by;
                wanted(&outputs)
            };
            let difference = (moved(1e-5) - moved(-1e-5)) / 2e-5;
            assert!((difference - slopes[place]).abs() < 1e-9, "{place}");
        }
    }
}
