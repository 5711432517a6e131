//! Gradients where bifurcations are: a latch, a ghost, trained networks, and teacher forcing in the plane.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::trained::{Course, keep};
use super::{Experiment, ExperimentError, Paper, Report, Settings};
use crate::lab::LabError;
use crate::parallel;

use delayed::{Delayed, Descent};
use fits::{Crossing, Surface};
use fitting::{Fitting, drawn, orbit};
use latch::Latch;
use networks::Seen;
use plane::{TOY, Words};

mod delayed;
mod excess;
mod figure;
mod fits;
mod fitting;
mod latch;
mod networks;
mod plane;
mod report;

/// Strengths of teacher forcing; the first is none, and the claims compare it with the second, that of the paper.
const FORCINGS: [f64; 4] = [0.0, 0.1, 0.3, 0.7];
/// Longest cycles of networks in the plane that are looked at, in steps.
const LONGEST: usize = 4;
/// States of the orbit that is fitted: three times around its cycle, and the first again.
const ORBIT: usize = 49;

/// The experiment.
pub(super) struct ExplodingAtBifurcations;

/// Its size.
#[derive(Debug, Clone, Copy)]
struct Form {
    networks: usize,
    steps: u64,
    /// Training steps between checkpoints.
    every: u64,
    fits: u64,
    updates: usize,
    /// Places of the landscape in each direction.
    surface: usize,
    latches: usize,
    /// Lengths T of the run of a latch.
    times: &'static [usize],
    /// Delays whose critical learning rate is sought.
    delays: &'static [f64],
    /// Delays and first scales of courses of learning.
    courses: &'static [(f64, f64)],
}

const FULL: Form = Form {
    networks: 8,
    steps: 300,
    every: 5,
    fits: 60,
    updates: 2000,
    surface: 120,
    latches: 12,
    times: &[100, 200, 400, 800, 1600],
    delays: &[20.0, 40.0, 80.0, 160.0],
    courses: &[
        (20.0, 0.1),
        (25.0, 0.1),
        (30.0, 0.1),
        (35.0, 0.1),
        (20.0, 0.2),
        (25.0, 0.2),
    ],
};
const QUICK: Form = Form {
    networks: 3,
    steps: 150,
    fits: 16,
    updates: 1000,
    surface: 60,
    latches: 4,
    delays: &[20.0, 40.0, 80.0],
    courses: &[(20.0, 0.1), (25.0, 0.1), (30.0, 0.1)],
    ..FULL
};

/// All that was measured.
struct Measured {
    /// For each latch, the exponents of its gradient at the fold and with time, and the points that they are fitted to.
    latches: Vec<[(f64, Vec<[f64; 2]>); 2]>,
    /// Delays with their largest and their critical learning rate.
    rates: Vec<[f64; 3]>,
    /// Courses of learning with delay and first scale.
    courses: Vec<(f64, f64, Descent)>,
    networks: Vec<Seen>,
    /// Fits by strength of forcing.
    fits: Vec<Vec<Crossing>>,
    /// Landscapes without forcing and with the weakest.
    surfaces: [Surface; 2],
    words: Words,
}

impl Experiment for ExplodingAtBifurcations {
    fn name(&self) -> &'static str {
        "exploding-at-bifurcations"
    }

    fn paper(&self) -> Paper {
        Paper {
            citation: "Doya (1993), Bifurcations of recurrent neural networks in gradient descent learning; \
                       Eisenmann, Monfared, Göring & Durstewitz (2023), Bifurcations and loss jumps in \
                       RNN training, NeurIPS 36; Dinc et al. (2025), A ghost mechanism, arXiv 2501.02378",
            source: "arxiv.org/abs/2310.17561, github.com/DurstewitzLab/SCYFI, arxiv.org/abs/2501.02378",
        }
    }

    fn about(&self) -> &'static str {
        "Four parts. A latch: one neuron, x' = tanh(w x + b), whose gradient in b is run forward at and beyond the fold where its \
         memory is lost. A ghost: x' = x² + r from minus infinity, whose output must rise at a time T, by gradient descent in r \
         from large values; the only bifurcation, r = 0, lies beyond the goal (our own form of the one-dimensional model, with \
         exact solution and gradient). Trained networks: 16 tanh units that learn a flip-flop of two bits by Adam (learning rate \
         3e-3, 16 trials of 60 steps), with a checkpoint every 5 updates and all bifurcations of fixed points located between; \
         their gradient norm at bifurcations is compared with that of the other networks at the same update. Networks in the \
         plane, z' = A z + W max(0, z) + h, fitted to the stable cycle of the paper's toy system by Adam (5e-3, all six \
         parameters from starts within 0.3 of the system's) with exact gradients, without and with generalised teacher forcing; cycles of up to four \
         steps are known exactly at each update, the paper's longer ones (its networks are larger, too) are not looked at. A \
         bifurcation there is a change of the number of cycles, by length and unstable directions, as in the paper."
    }

    fn findings(&self) -> &'static str {
        "Forcing does not keep fits away from bifurcations at infinity, at any of three strengths. Of starts that lie on the system's \
         side of the curves of fixed points at infinity, 69 % cross none without forcing, and 64, 75 and 81 % with forcing 0.1, \
         0.3 and 0.7 (36 starts of 60; intervals overlap). What forcing takes away is what bifurcations do to the loss: the \
         logarithm of the gradient norm at them exceeds that of other fits at the same update by 0.66 without forcing, by 0.26, \
         0.05 and 0.03 with it, the last two no more than by chance, and the largest rise of ln loss by one update falls from \
         0.56 to 0.09 (0.21 and 0.13 at 0.3 and 0.7). Where the loss of a free run is a wall, a forced one passes: the system's \
         a22 = 0.965 lies near such a curve at 1, and momentum carries fits over it and back. The paper's claim is about larger \
         networks and longer cycles, which are not looked at here. From starts even within -1 to 1 (16 fits, 1000 updates) \
         nothing can be told: 75 % cross none with and without forcing 0.1, 44 % with 0.3, and the loss of free fits ends at \
         0.34.\n\n\
         Drops of the loss of trained networks come with the ghost of a fold and no bifurcation in 5.7 % of 157 cases, where \
         drops placed at random would in 5.3 %, and with a bifurcation in 39 %, by chance 38 %: learning by ghosts alone, which \
         the model in one dimension shows exactly, was not found in flip-flops, whose memories have to be born. The excess of \
         the gradient is at bifurcations of all kinds; it is no \
         divergence, but a factor of 1.5, and no peak: it is there 20 updates before and behind. In the landscape the steepest steps cross bifurcations more often than others (1.7 \
         times), but not beyond doubt: long cycles, whose bifurcations are missing here, make many of the cliffs."
    }

    fn run(
        &self,
        settings: &Settings,
        progress: &(dyn Fn(usize, usize) + Sync),
    ) -> Result<Report, ExperimentError> {
        let form = if settings.is_quick { QUICK } else { FULL };
        let networks = settings.seeds.unwrap_or(form.networks);
        let courses = (0..networks as u64)
            .map(|seed| networks::course(seed, form.steps, form.every))
            .collect::<Result<Vec<Course>, LabError>>()?;
        keep(&courses, settings, progress)?;
        let all = networks + form.fits as usize * FORCINGS.len();
        let mut seen = Vec::new();
        for (place, course) in courses.iter().enumerate() {
            seen.push(Seen::of(&course.recorded()?));
            progress(place + 1, all);
        }
        let measured = form.measured(seen, |done| progress(networks + done, all));
        Ok(report::report(&measured))
    }
}

impl Form {
    fn measured(self, networks: Vec<Seen>, progress: impl Fn(usize) + Sync) -> Measured {
        let words = Words::up_to(LONGEST);
        let data = orbit(&TOY, [1.5, 0.0], 2000, ORBIT);
        let latches = Latch::drawn(self.latches, 1);
        let surface = |forcing| Surface::new(self.surface, &data, forcing, &words);
        Measured {
            latches: parallel::map(&latches, |of| [of.divergence(), of.growth(self.times)]),
            rates: parallel::map(self.delays, |&time| {
                let task = Delayed { time };
                [time, task.largest_rate(400), task.critical_rate()]
            }),
            courses: parallel::map(self.courses, |&of| course(of)),
            networks,
            fits: self.fits(&data, &words, progress),
            surfaces: [surface(FORCINGS[0]), surface(FORCINGS[1])],
            words,
        }
    }

    /// Fits from the same starts at each strength of forcing.
    fn fits(
        self,
        data: &[[f64; 2]],
        words: &Words,
        progress: impl Fn(usize) + Sync,
    ) -> Vec<Vec<Crossing>> {
        let done = AtomicUsize::new(0);
        let with = |forcing: f64| {
            let fitting = Fitting {
                updates: self.updates,
                learning_rate: 5e-3,
                forcing,
            };
            parallel::map(0..self.fits, |seed| {
                let crossing = Crossing::of(fitting, drawn(seed), data, words);
                progress(done.fetch_add(1, Ordering::Relaxed) + 1);
                crossing
            })
        };
        FORCINGS.into_iter().map(with).collect()
    }
}

/// Learns a delay by gradient descent at three tenths of the critical learning rate.
fn course((time, first): (f64, f64)) -> (f64, f64, Descent) {
    let task = Delayed { time };
    let rate = 0.3 * task.critical_rate();
    (time, first, task.descend(first, rate, 200_000, 0.05))
}
