//! Reservoirs that learn to generate a sine by feedback: how many dimensions they represent it in, and how much noise they bear.

use std::sync::atomic::{AtomicUsize, Ordering};

use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;

use super::{Experiment, ExperimentError, Paper, Report, Settings};
use crate::parallel;
use crate::statistics::randomisation::stream_of_draw;

use linear::Reservoir;
use nonlinear::{Learned, Network};

mod linear;
mod nonlinear;
mod report;
#[cfg(test)]
mod tests;
mod theory;

/// Gains of the linear reservoirs, below 1.
const LINEAR_GAINS: [f64; 3] = [0.3, 0.6, 0.9];
/// Units of a linear reservoir.
const LINEAR_UNITS: usize = 1500;
/// Dimensions of the Krylov space that they are seen through.
const KRYLOV: usize = 160;
/// Ends of the frequencies that linear reservoirs answer to, in radians per time constant, and their number.
const LINEAR_FREQUENCIES: ([f64; 2], usize) = ([0.1, 3.0], 25);

/// The experiment.
pub(super) struct FeedbackQuality;

/// Its size.
#[derive(Debug, Clone, Copy)]
struct Form {
    linear_draws: usize,
    draws: usize,
    units: usize,
    gains: &'static [f64],
    /// Of the targets, in radians per time constant.
    frequencies: &'static [f64],
    /// Draws of the noise of each level.
    copies: usize,
}

const FULL: Form = Form {
    linear_draws: 20,
    draws: 8,
    units: 300,
    gains: &[0.4, 0.7, 1.0, 1.2, 1.4],
    frequencies: &[0.1, 0.2, 0.3, 0.45, 0.7, 1.0, 1.5, 2.2, 3.3],
    copies: 4,
};
const QUICK: Form = Form {
    linear_draws: 12,
    draws: 6,
    units: 150,
    gains: &[0.4, 1.2],
    frequencies: &[0.2, 0.4, 0.8, 1.6, 3.2],
    copies: 3,
};

/// What a linear reservoir does at one gain, by frequency.
#[derive(Debug, Clone, PartialEq)]
struct Sweep {
    /// Participation ratios at the frequencies of [`linear_frequencies`], and at the best one by theory.
    participation_ratios: Vec<f64>,
    at_best: f64,
    /// How far weak noise moves the closed loop's pole, in cycles of the target for each unit of its variance over N.
    pole_shifts: Vec<f64>,
    /// Largest share of the drive that the reduced equations leave undone.
    residual: f64,
}

/// What the networks of one draw do: `[gain]` of linear reservoirs, `[gain][frequency]` of others.
type LinearDraw = Vec<Sweep>;
type Draw = Vec<Vec<Learned>>;

impl Experiment for FeedbackQuality {
    fn name(&self) -> &'static str {
        "feedback-quality"
    }

    fn paper(&self) -> Paper {
        Paper {
            citation: "Susman, Mastrogiuseppe, Brenner & Barak (2021), Quality of internal representation shapes learning \
                       performance in feedback neural networks, Phys Rev Research 3:013176",
            source: "doi 10.1103/PhysRevResearch.3.013176",
        }
    }

    fn about(&self) -> &'static str {
        "Reservoirs dx/dt = -x + g W phi(x) + w_fb z with W_ij ~ N(0, 1/N), w_fb ~ N(0, 1) and a readout z = w phi(x) that \
         learns to be cos(omega t). Linear ones (phi(x) = x, N = 1500, g = 0.3, 0.6, 0.9) are solved, not simulated: \
         rho = (1 + i omega - g W)^-1 w_fb in a Krylov space of 160 dimensions; the dimension of the representation is the \
         participation ratio of the ellipse that the state moves on, and its worth to the loop how far weak noise in the \
         units during learning moves the closed loop's pole from i omega, per cycle. Networks of 300 tanh units, g = 0.4 to \
         1.4, learn by ridge regression with the target fed back; then the loop is closed for 5 periods under white noise of \
         7 levels, 4 draws each. Noise tolerated: the level at which the error passes half the target's root mean square. \
         Dimension: that of the ellipse of the rates at the target's frequency. The paper's N, noise and measure of \
         performance were not to be found; these are ours."
    }

    fn findings(&self) -> &'static str {
        "The closed forms hold at N = 1500: over 20 draws the mean participation ratio at the best frequency is within 1 % of 2/(2 - \
         g^2), and the shift of the pole lies on its curve (figure, b). The best \
         frequency by dimension and that by the pole are not the same: for N without bound the pole is steadiest at 0.81, 0.64 and \
         0.29 rad per time constant for g = 0.3, 0.6 and 0.9, dimension is largest at 0.95, 0.80 and 0.44, since the strength of \
         the answer counts, too, and it falls with frequency. Both fall with g.\n\nIn networks of tanh units both optima fall at \
         each step of g: dimension from 1.07 to 0.72, noise tolerated from 1.85 to 0.55 rad per time constant (8 draws). The rank \
         correlation of the two is not the work of g alone: over frequencies at one g it is 0.69 to 0.88. Where no more than 1.1 \
         dimensions are used (g = 0.4) most noise is tolerated at a higher frequency than that of the largest dimension, presumably as five \
         periods take longer at low frequencies, in which noise adds up.\n\nWithout a linear counterpart: from g = 1.2 and \
         2.2 rad per time constant on the target no longer suppresses the network's own activity. All rates together then span \
         more than 2 dimensions, that of the target's ellipse is as small as ever, and the closed loop errs without noise. Slow \
         targets at small g (0.1 to 0.3 rad per time constant, g up to 1.0) are lost without noise in part of the draws."
    }

    /// Readouts are solved for, not trained.
    fn has_runs(&self) -> bool {
        false
    }

    fn run(
        &self,
        settings: &Settings,
        progress: &(dyn Fn(usize, usize) + Sync),
    ) -> Result<Report, ExperimentError> {
        let form = if settings.is_quick { QUICK } else { FULL };
        let draws = settings.seeds.unwrap_or(form.draws);
        let (done, all) = (
            AtomicUsize::new(0),
            form.linear_draws + draws * form.gains.len(),
        );
        let step = || progress(done.fetch_add(1, Ordering::Relaxed) + 1, all);
        let linear = parallel::map(0..form.linear_draws as u64, |seed| {
            let draw = linear_draw(seed);
            step();
            draw
        });
        let jobs: Vec<(u64, usize)> = (0..draws as u64)
            .flat_map(|seed| (0..form.gains.len()).map(move |gain| (seed, gain)))
            .collect();
        let learned = parallel::map(jobs, |(seed, gain)| {
            let learned = form.learned(seed, gain);
            step();
            learned
        });
        let nonlinear: Vec<Draw> = learned
            .chunks(form.gains.len())
            .map(<[Vec<Learned>]>::to_vec)
            .collect();
        Ok(report::report(form, &linear, &nonlinear))
    }
}

impl Form {
    /// The network of a draw at a gain, which has the same W at each, at all frequencies.
    fn learned(self, seed: u64, gain: usize) -> Vec<Learned> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let network = Network::drawn(self.units, self.gains[gain], &mut rng);
        let frequencies = self.frequencies.iter().enumerate();
        frequencies
            .map(|(place, &frequency)| {
                let stream = 1 + gain * self.frequencies.len() + place;
                let mut noise = stream_of_draw(seed, stream);
                network.learned(frequency, self.copies, &mut noise)
            })
            .collect()
    }
}

fn linear_draw(seed: u64) -> LinearDraw {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let reservoir = Reservoir::drawn(LINEAR_UNITS, KRYLOV, &mut rng);
    let sweep = |&gain: &f64| {
        let at_best = reservoir.answer(theory::best_frequency(gain), gain);
        let answers: Vec<linear::Answer> = linear_frequencies()
            .iter()
            .map(|&frequency| reservoir.answer(frequency, gain))
            .collect();
        let cycles = answers.iter().zip(linear_frequencies());
        let residuals = answers.iter().map(|of| of.residual);
        Sweep {
            participation_ratios: answers.iter().map(|of| of.participation_ratio).collect(),
            at_best: at_best.participation_ratio,
            pole_shifts: cycles
                .map(|(of, frequency)| of.pole_shift / frequency)
                .collect(),
            residual: residuals.fold(at_best.residual, f64::max),
        }
    };
    LINEAR_GAINS.iter().map(sweep).collect()
}

/// Evenly spaced by their logarithm.
fn linear_frequencies() -> Vec<f64> {
    let ([low, high], count) = LINEAR_FREQUENCIES;
    let ratio: f64 = high / low;
    let places = (0..count).map(|place| place as f64 / (count - 1) as f64);
    places.map(|place| low * ratio.powf(place)).collect()
}

/// Where values are largest along a positive axis: the top of the parabola, over the logarithm of the axis, through the largest
/// value and its neighbours; the end of the axis if it is largest there.
fn peak(axis: &[f64], values: &[f64]) -> f64 {
    let best = (0..values.len()).max_by(|&i, &j| values[i].total_cmp(&values[j]));
    let Some(best) = best else {
        return f64::NAN;
    };
    if best == 0 || best + 1 == values.len() {
        return axis[best];
    }
    let [left, here, right] = [best - 1, best, best + 1].map(|i| (axis[i].ln(), values[i]));
    let slopes = [(left, here), (here, right)].map(|(a, b)| (b.1 - a.1) / (b.0 - a.0));
    let middles = [(left, here), (here, right)].map(|(a, b)| f64::midpoint(a.0, b.0));
    // Between the middles the slope of the parabola falls linearly, and is 0 at its top.
    let share = slopes[0] / (slopes[0] - slopes[1]);
    (middles[0] + share * (middles[1] - middles[0])).exp()
}
