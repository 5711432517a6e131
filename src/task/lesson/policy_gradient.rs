//! REINFORCE with the mean return of the others as baseline (Williams 1992, Machine Learning 8:229, equation 11).

use rand::Rng;

use super::{Experience, Lesson, drawn};
use crate::task::batch::Batch;
use crate::task::objective::Objective;

/// The policy gradient.
///
/// 1. An action is drawn from softmax(z) of the outputs z.
/// 2. The return of an action at time t is Gₜ = rₜ + γ rₜ₊₁ + …; its advantage Aₜ is what that exceeds the mean of those by
///    that the other agents of the batch had at t, of which the agent itself knows nothing.
/// 3. The target is Aₜ at the action that was taken and 0 at the others, under cross-entropy: the loss −Aₜ log softmax(z)
///    has, on average over the actions drawn, minus the slope of the expected return.
///
/// A single agent has no others to compare with: its advantage is its return.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PolicyGradient;

impl Lesson for PolicyGradient {
    fn objective(&self, actions: usize) -> Objective {
        Objective::choice(actions)
    }

    fn choose(&self, outputs: &[f64], rng: &mut dyn Rng) -> usize {
        drawn(outputs, rng)
    }

    fn teach(&self, experiences: &[Experience], batch: &mut Batch) {
        let returns: Vec<Vec<f64>> = experiences.iter().map(returns).collect();
        for time in 0..batch.steps {
            let acting = || returns.iter().filter_map(|of| of.get(time));
            let (count, sum) = (acting().count() as f64, acting().sum::<f64>());
            for (experience, returns) in experiences.iter().zip(&returns) {
                let Some(&own) = returns.get(time) else {
                    continue;
                };
                let others = if count > 1.0 {
                    (sum - own) / (count - 1.0)
                } else {
                    0.0
                };
                let mut trial = batch.trial(experience.trial);
                for channel in 0..experience.actions {
                    let is_taken = channel == experience.taken[time];
                    let target = if is_taken { own - others } else { 0.0 };
                    trial.target(channel, time..time + 1, target, 1.0);
                }
            }
        }
    }
}

/// The return of each action.
fn returns(experience: &Experience) -> Vec<f64> {
    let mut returns = experience.rewards.clone();
    let mut later = 0.0;
    for value in returns.iter_mut().rev() {
        *value += experience.discount * later;
        later = *value;
    }
    returns
}
