//! A network that learns to generate a sine by its readout: trained with the loop open, tried with the loop closed.

use std::f64::consts::TAU;

use faer::linalg::solvers::Solve as _;
use faer::{Col, Mat, Side, c64};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution as _, StandardNormal};

use crate::statistics::decoding::participation_ratio;

/// Euler step, in time constants.
const TIME_STEP: f64 = 0.1;
/// What is left out while the network settles, and what the readout is learned from, in time constants at the least.
const SETTLING: f64 = 30.0;
const LEARNING: f64 = 40.0;
/// Periods that the readout is learned from, at the least.
const LEARNED_PERIODS: usize = 3;
/// Ridge penalty, in mean squares of a rate.
const RIDGE: f64 = 1e-6;
/// Periods that the closed loop is followed for.
const PERIODS: usize = 5;
/// Standard deviations of the white noise on each unit over a time constant.
pub(super) const NOISE: [f64; 7] = [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0];
/// Error, in root mean squares of the target, at which an output is lost.
const LOST: f64 = 0.5;

/// dx/dt = −x + g W tanh x + w_fb z with the readout z = w · tanh x still to be learned.
pub(super) struct Network {
    /// g W.
    recurrent: Mat<f64>,
    /// w_fb.
    feedback: Col<f64>,
}

/// What a network made of a target cos ωt.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Learned {
    /// Participation ratio, 1 to 2, of the ellipse of the rates' component at the target's frequency.
    pub dimension: f64,
    /// Participation ratio of the rates with all that they do at other frequencies.
    pub whole_dimension: f64,
    /// Root mean square error of the closed loop, in that of the target, without noise and at each level of [`NOISE`].
    pub errors: Vec<f64>,
}

impl Network {
    /// Draws W with entries N(0, 1/N) and w_fb with entries N(0, 1).
    pub(super) fn drawn(units: usize, gain: f64, rng: &mut ChaCha8Rng) -> Self {
        let mut normal = || -> f64 { StandardNormal.sample(rng) };
        let deviation = gain / (units as f64).sqrt();
        Self {
            recurrent: Mat::from_fn(units, units, |_, _| deviation * normal()),
            feedback: Col::from_fn(units, |_| normal()),
        }
    }

    /// Learns to generate a sine of a frequency in radians per time constant, rounded so that a period has a whole number of
    /// Euler steps, and tries it with `copies` draws of the noise of each level.
    ///
    /// 1. Open loop: the target is fed back in place of z. After the settling, rates and target are kept.
    /// 2. The readout is that of ridge regression.
    /// 3. Closed loop, from the state at the end: z is fed back. The error of a level is the median over its copies.
    pub(super) fn learned(&self, frequency: f64, copies: usize, rng: &mut ChaCha8Rng) -> Learned {
        let period = (TAU / (frequency * TIME_STEP)).round() as usize;
        let (rates, state) = self.driven(period);
        let target = Mat::from_fn(rates.nrows(), 1, |step, _| at(step, period));
        let readout = self.readout(&rates, &target);
        Learned {
            dimension: ellipse(&rates, period),
            whole_dimension: participation_ratio(rates.as_ref()),
            errors: self.errors(&readout, &state, period, copies, rng),
        }
    }

    fn units(&self) -> usize {
        self.feedback.nrows()
    }

    /// The rates `[step][unit]` under the target, from the start of a period on, and the state after them.
    fn driven(&self, period: usize) -> (Mat<f64>, Mat<f64>) {
        let whole = |time: f64| (time / TIME_STEP / period as f64).ceil() as usize;
        let before = whole(SETTLING) * period;
        let count = whole(LEARNING).max(LEARNED_PERIODS) * period;
        let mut rates = Mat::zeros(count, self.units());
        let mut state = Mat::zeros(self.units(), 1);
        for step in 0..before + count {
            let now = state.map(|&x: &f64| x.tanh());
            if step >= before {
                rates
                    .row_mut(step - before)
                    .copy_from(now.col(0).transpose());
            }
            self.advance(&mut state, &now, &[at(step, period)]);
        }
        (rates, state)
    }

    /// An Euler step of many copies, `[unit][copy]`, given their rates and what is fed back to each.
    fn advance(&self, states: &mut Mat<f64>, rates: &Mat<f64>, outputs: &[f64]) {
        let input = &self.recurrent * rates;
        for (copy, &output) in outputs.iter().enumerate() {
            let units = states.col_mut(copy).iter_mut();
            let inputs = input.col(copy).iter().zip(self.feedback.iter());
            for (x, (input, feedback)) in units.zip(inputs) {
                *x += TIME_STEP * (input + feedback * output - *x);
            }
        }
    }

    /// Ridge regression of the target on the rates; zeros if the equations cannot be solved.
    fn readout(&self, rates: &Mat<f64>, target: &Mat<f64>) -> Mat<f64> {
        let mut gram = rates.transpose() * rates;
        let penalty = RIDGE * rates.squared_norm_l2() / self.units() as f64;
        for unit in 0..self.units() {
            gram[(unit, unit)] += penalty;
        }
        match gram.llt(Side::Lower) {
            Ok(factored) => factored.solve(rates.transpose() * target),
            Err(_) => Mat::zeros(self.units(), 1),
        }
    }

    fn errors(
        &self,
        readout: &Mat<f64>,
        state: &Mat<f64>,
        period: usize,
        copies: usize,
        rng: &mut ChaCha8Rng,
    ) -> Vec<f64> {
        let mut levels = vec![0.0];
        levels.extend(NOISE.iter().flat_map(|&level| vec![level; copies]));
        let mut states = Mat::from_fn(self.units(), levels.len(), |unit, _| state[(unit, 0)]);
        let mut squares = vec![0.0; levels.len()];
        for step in 0..PERIODS * period {
            let rates = states.map(|&x: &f64| x.tanh());
            let outputs = readout.transpose() * &rates;
            let outputs: Vec<f64> = outputs.row(0).iter().copied().collect();
            let target = at(step, period);
            for (sum, output) in squares.iter_mut().zip(&outputs) {
                *sum += (output - target).powi(2);
            }
            self.advance(&mut states, &rates, &outputs);
            for (copy, level) in levels.iter().enumerate().skip(1) {
                for x in states.col_mut(copy).iter_mut() {
                    let normal: f64 = StandardNormal.sample(rng);
                    *x += level * TIME_STEP.sqrt() * normal;
                }
            }
        }
        // The mean square of the target is ½.
        let error = |sum: &f64| (2.0 * sum / (PERIODS * period) as f64).sqrt();
        let errors: Vec<f64> = squares.iter().map(error).collect();
        let noisy = errors[1..].chunks(copies).map(median);
        [errors[0]].into_iter().chain(noisy).collect()
    }
}

impl Learned {
    /// The noise at which the output is lost, between the levels by the logarithm of the noise, linear in the error; the
    /// lowest or highest level if it is lost at all of them, or at none.
    pub(super) fn tolerated(&self) -> f64 {
        let errors = &self.errors[1..];
        let is_lost = |&error: &f64| error.is_nan() || error >= LOST;
        let Some(first) = errors.iter().position(is_lost) else {
            return NOISE[NOISE.len() - 1];
        };
        if first == 0 {
            return NOISE[0];
        }
        let share = (LOST - errors[first - 1]) / (errors[first] - errors[first - 1]);
        NOISE[first - 1] * (NOISE[first] / NOISE[first - 1]).powf(share)
    }
}

/// The target at a step.
fn at(step: usize, period: usize) -> f64 {
    (TAU * (step % period) as f64 / period as f64).cos()
}

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    f64::midpoint(sorted[(sorted.len() - 1) / 2], sorted[sorted.len() / 2])
}

/// Participation ratio of the ellipse that rates `[step][unit]` over whole periods move on at the frequency of the period:
/// 2/(1 + κ²) with κ = |ρ · ρ|/|ρ|² for their Fourier component ρ.
fn ellipse(rates: &Mat<f64>, period: usize) -> f64 {
    let wave: Vec<c64> = (0..period)
        .map(|step| c64::from_polar(1.0, -TAU * step as f64 / period as f64))
        .collect();
    let (mut power, mut square) = (0.0, c64::ZERO);
    for unit in rates.col_iter() {
        let waves = unit.iter().zip(wave.iter().cycle());
        let component = waves.fold(c64::ZERO, |sum, (&rate, &wave)| sum + wave * rate);
        power += component.norm_sqr();
        square += component * component;
    }
    let kappa = square.norm() / power;
    2.0 / (1.0 + kappa * kappa)
}
