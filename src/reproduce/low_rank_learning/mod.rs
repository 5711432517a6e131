//! Networks that begin with random weights learn by changes of low rank, and the random part helps them.

use std::sync::atomic::{AtomicUsize, Ordering};

use self::laws::Laws;
use self::learning::{Learnt, Lesson};
use self::report::report;
use self::tasks::Task;
use super::{Experiment, ExperimentError, Paper, Report, Settings};
use crate::lab::LabError;
use crate::parallel;

mod laws;
mod learning;
mod linear;
mod report;
mod tasks;
#[cfg(test)]
mod tests;
mod theory;

/// The gain at which the authors' networks learn about fastest.
const FAST_GAIN: f64 = 1.2;
/// Training steps that are one step of the progress.
const TICK: usize = 20;

/// The experiment.
pub(super) struct LowRankLearning;

/// Its size.
#[derive(Debug, Clone, Copy)]
struct Form {
    units: usize,
    gains: &'static [f64],
    /// Training steps of each of [`Task::ALL`].
    epochs: [usize; 3],
    seeds: usize,
    linear_units: usize,
    linear_gains: &'static [f64],
    linear_seeds: usize,
}

const FULL: Form = Form {
    units: 256,
    gains: &[0.0, 0.6, FAST_GAIN, 2.1],
    epochs: [200, 700, 500],
    seeds: 3,
    linear_units: 512,
    linear_gains: &[0.0, 0.3, 0.6, 0.8],
    linear_seeds: 8,
};
const QUICK: Form = Form {
    units: 128,
    gains: &[0.0, FAST_GAIN, 2.1],
    epochs: [120, 150, 250],
    seeds: 1,
    linear_units: 256,
    linear_gains: &[0.0, 0.3, 0.6, 0.8],
    linear_seeds: 4,
};

/// A tanh network and what came of it.
#[derive(Debug, Clone)]
struct Pupil {
    lesson: Lesson,
    learnt: Learnt,
}

impl Experiment for LowRankLearning {
    fn name(&self) -> &'static str {
        "low-rank-learning"
    }

    fn paper(&self) -> Paper {
        Paper {
            citation: "Schuessler, Mastrogiuseppe, Dubreuil, Ostojic & Barak (2020), The interplay between randomness and \
                       structure during learning in RNNs, NeurIPS 33",
            source: "arXiv 2006.11036; code: github.com/frschu/neurips_2020_interplay_randomness_structure",
        }
    }

    fn about(&self) -> &'static str {
        "Rate networks of 256 tanh units, dx/dt = -x + W tanh x + B u in Euler steps of half a time constant, whose W begins \
         with N(0, g²/N), learn three tasks as the authors' code draws them: a flip-flop of two bits, a decision that depends on \
         the context (Mante), a delayed discrimination (Romo). Input, recurrent and readout weights learn by Adam, 32 trials a \
         step, learning rate 0.05/N; vectors are as long as the authors have them, √N into the network and 1/√N out of it. They \
         train for 1000, 2000 and 6000 steps, with 5 networks for each of 8 to 11 gains up to 3; here there are 200, 700 and \
         500 steps and 3 networks for each of the gains 0, 0.6, 1.2 and 2.1, and networks that differ in gain alone share their \
         draws. The tasks are not those that curricula can name (masks, timings and channels differ), and the readout begins \
         smaller than a curriculum draws it, so that no runs are kept. The theory is held against linear networks of 512 \
         units (theirs: 1024) that learn one output at rest by gradient descent in W alone, with the authors' learning rates; the gradient is that \
         at rest, which a test holds against the one through the simulated trial. The input vector is made orthogonal to the two \
         directions to which it is orthogonal for infinitely many units."
    }

    fn findings(&self) -> &'static str {
        "The laws of linear networks are leading orders in the target: corrections come with ẑ²/(1 − g²), so that at ẑ = 1 or 2 and \
         g near 1 neither exponents nor series hold (the table has all targets). They are therefore tested with ẑ = 0.1, and the \
         series with ẑ = 0.5 at short times. For finite N the speed of learning itself differs from network to network, \
         by 7 % at g = 0.3 and 22 % at g = 0.8 for 300 units; in the network's own unit of time the third-order term of the \
         output is 1.00 ± 0.02 of the theory's at g = 0.3, 1.00 ± 0.08 at 0.6 and 1.05 ± 0.23 at 0.8 (standard deviations of \
         five networks of 300 units). Networks that have not learnt their task within the steps given count as having converged \
         at the last one, which makes ratios of times too small, and have no functional rank.\n\n\
         A network has a functional rank if all of the change of its weights brings the loss below 5 % of that without it. Ranks of 21 \
         and more, which an earlier form of this experiment gave for the context decision, were, where it was looked into, those of networks \
         that had been below on a batch and were above in the test, where no rank is enough. Two of them (256 units, \
         g = 1.2 and 2.1) had a loss of 5.2 and 5.7 % after 350 steps, and rank 5 after 700. Another (g = 0.6) never stayed below in \
         the authors' 2000 steps: its loss was 54, 10, 32, 43 and 15 % after 350, 700, 1000, 1500 and 2000. Networks that learn have ranks \
         that hardly change as training goes on, from 350 to 2000 steps: with 256 units 3 at g = 0.6, 5 at g = 1.2, 4 to 7 in two networks at g = \
         2.1; with 128 units 4 to 5 at g = 0.6, 3 to 5 at g = 1.2, and 7 to 9 at g = 2.1, which is above the bound of 8, which is ours.\n\n\
         The exponent of the convergence time is open: networks scatter by 0.18 around 1.92, which is 0.02 from the bound, so that some \
         300 of them would be needed."
    }

    fn has_runs(&self) -> bool {
        false
    }

    fn run(
        &self,
        settings: &Settings,
        progress: &(dyn Fn(usize, usize) + Sync),
    ) -> Result<Report, ExperimentError> {
        let mut form = if settings.is_quick { QUICK } else { FULL };
        if let Some(seeds) = settings.seeds {
            (form.seeds, form.linear_seeds) = (seeds, seeds);
        }
        let lessons = form.lessons();
        let steps = lessons.iter().map(|lesson| lesson.epochs).sum::<usize>();
        let linear = form.linear_gains.len() * form.linear_seeds;
        let (done, all) = (AtomicUsize::new(0), steps / TICK + linear);
        let tick = || progress(done.fetch_add(1, Ordering::Relaxed) + 1, all);
        let pupils = parallel::try_map(lessons, |lesson| {
            let made = AtomicUsize::new(0);
            let learnt = lesson.learnt(&|| {
                if (made.fetch_add(1, Ordering::Relaxed) + 1).is_multiple_of(TICK) {
                    tick();
                }
            })?;
            Ok::<_, LabError>(Pupil { lesson, learnt })
        })?;
        let laws: Vec<Vec<Laws>> = parallel::map(0..form.linear_seeds as u64, |seed| {
            let of_gain = |&gain: &f64| {
                let laws = Laws::of(form.linear_units, gain, seed);
                tick();
                laws
            };
            form.linear_gains.iter().map(of_gain).collect()
        });
        Ok(report(&pupils, &laws))
    }
}

impl Form {
    /// Networks by task, gain and seed.
    fn lessons(self) -> Vec<Lesson> {
        let mut lessons = Vec::new();
        for (task, epochs) in Task::ALL.into_iter().zip(self.epochs) {
            for &gain in self.gains {
                lessons.extend((0..self.seeds as u64).map(|seed| Lesson {
                    task,
                    units: self.units,
                    gain,
                    epochs,
                    seed,
                }));
            }
        }
        lessons
    }
}
