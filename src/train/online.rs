//! Learning rules that change a rate network while it runs, or solve for its readout: FORCE, full-FORCE, least mean
//! squares, ridge regression.
//!
//! All of them run one trial after the other, in f64 whatever the network's format, with one step of the network
//! for each time step; nothing of it runs in parallel. Errors are weighted by whether a target counts (weight above
//! 0), not by how much, except under ridge, which weights each term. The optimiser, its learning rate, penalties
//! and clipping do not apply. The loss is that of squared errors, before the corrections of each time step.
//!
//! - FORCE (Sussillo & Abbott 2009, Neuron 63:544): with rates x (and 1 for the bias), P = (αI + Σ x xᵀ)⁻¹ and the
//!   error e = z − f before the correction, w ← w − e P x. Strong corrections from the first step on keep the
//!   output, and with it what feeds back, near the target while the weights converge.
//! - full-FORCE (DePasquale et al. 2018): a second network that is driven by the target shows each unit what input
//!   to produce; the recurrent weights learn it by the same P.
//! - least mean squares: w ← w − η e x.
//! - ridge regression: w = (Σ x xᵀ + λI)⁻¹ Σ x f over all time steps seen so far, under teacher forcing.

use faer::linalg::solvers::Solve as _;
use faer::{Mat, Side};
use rand::RngExt as _;

use super::engine::EngineError;
use super::learner::{Learner, LearnerState, Learnt};
use super::rate_network::{RateNetwork, RateState, rate_formula};
use super::rls::RecursiveLeastSquares;
use crate::cell::parameters::{Parameters, READOUT_BIAS, READOUT_WEIGHT, WEIGHT_HH};
use crate::cell::spec::NetworkSpec;
use crate::simd::Real;
use crate::streams::Stream;
use crate::task::Batch;
use crate::tensors::NamedTensor;

const INVERSE: &str = "learner.inverse_correlation";
const CORRELATION: &str = "learner.correlation";
const CROSS: &str = "learner.cross_correlation";

/// How an error changes weights.
#[derive(Debug, Clone, PartialEq)]
enum Correction {
    /// By the gain of recursive least squares, every so many steps.
    Rls {
        rls: RecursiveLeastSquares,
        every: usize,
    },
    /// Along the rates.
    Lms { rate: f64 },
    /// By the solution for all that was seen, after each batch.
    Ridge(NormalEquations),
}

/// (Σ w x xᵀ + λI) W = Σ w x f, with the weights w of each output in the loss.
///
/// One system for each output, since each may count at other times. Sums only grow: they hold all batches since the
/// run began, and are not made anew where the stage or the task changes.
#[derive(Debug, Clone, PartialEq)]
struct NormalEquations {
    penalty: f64,
    size: usize,
    /// `[outputs][size][size]`.
    correlation: Vec<f64>,
    /// `[outputs][size]`.
    cross: Vec<f64>,
}

/// A rule that trains the readout of a rate network, and under full-FORCE its recurrent weights.
///
/// For each trial, from rest, and each time step:
/// 1. The network makes a step; with feedback, the outputs before the correction enter it. Under ridge the targets enter
///    in their place where they count (teacher forcing).
/// 2. The errors of the outputs whose target counts correct the readout, its bias as the weight of a unit of rate 1.
/// 3. Under full-FORCE (DePasquale et al. 2018, PLoS ONE 13:e0191527) the recurrent input W r of each unit is corrected
///    towards W₀ r' + F f, what it receives in a network with the first weights W₀ driven by the target f.
///
/// P, or the sums of ridge regression, are kept from trial to trial and from batch to batch and are part of the
/// state: a checkpoint holds `learner.inverse_correlation`, or `learner.correlation` and
/// `learner.cross_correlation`. The teacher of full-FORCE is drawn from the seed again and is not stored.
///
/// The gradient norm that a step reports is the Euclidean length of the change of all parameters.
pub struct Online {
    network: NetworkSpec,
    correction: Correction,
    teacher: Option<RateNetwork>,
}

impl Online {
    /// FORCE before its first step.
    ///
    /// `regularisation` is α > 0, P = I/α before the first step: small values correct fast and can overshoot.
    /// `every` time steps the weights are corrected, counted from the first step of each trial.
    /// # Errors
    /// [`EngineError::Cell`] unless the cell is vanilla or leaky.
    pub fn force(
        network: &NetworkSpec,
        regularisation: f64,
        every: usize,
    ) -> Result<Self, EngineError> {
        Self::new(network, least_squares(network, regularisation, every))
    }

    /// full-FORCE before its first step; the target drives the teacher over weights within ± `target_gain`.
    ///
    /// The teacher has the weights of the untrained network of that seed and no readout that feeds back; what
    /// drives it is the target, also at time steps at which it does not count.
    /// # Errors
    /// [`EngineError::Cell`] unless the cell is vanilla or leaky.
    pub fn full_force(
        network: &NetworkSpec,
        (regularisation, every): (f64, usize),
        target_gain: f64,
        seed: u64,
    ) -> Result<Self, EngineError> {
        let first = RateNetwork::new(network, Parameters::initial(network, seed));
        let first = first.ok_or(EngineError::Cell)?;
        let correction = least_squares(network, regularisation, every);
        Ok(Self {
            teacher: Some(driven_by_target(first, target_gain, seed)),
            ..Self::new(network, correction)?
        })
    }

    /// Least mean squares.
    ///
    /// `rate` is η; it is stable while η |x|² < 2.
    /// # Errors
    /// [`EngineError::Cell`] unless the cell is vanilla or leaky.
    pub fn lms(network: &NetworkSpec, rate: f64) -> Result<Self, EngineError> {
        Self::new(network, Correction::Lms { rate })
    }

    /// Ridge regression before its first batch.
    ///
    /// `penalty` is λ > 0, added to every diagonal entry, that of the bias too. Where the equations are not
    /// positive definite in f64, the step changes nothing.
    /// # Errors
    /// [`EngineError::Cell`] unless the cell is vanilla or leaky.
    pub fn ridge(network: &NetworkSpec, penalty: f64) -> Result<Self, EngineError> {
        let size = network.units + 1;
        let equations = NormalEquations {
            penalty,
            size,
            correlation: vec![0.0; network.outputs * size * size],
            cross: vec![0.0; network.outputs * size],
        };
        Self::new(network, Correction::Ridge(equations))
    }

    fn new(network: &NetworkSpec, correction: Correction) -> Result<Self, EngineError> {
        rate_formula(network.cell).ok_or(EngineError::Cell)?;
        Ok(Self {
            network: network.clone(),
            correction,
            teacher: None,
        })
    }

    /// Runs one trial and learns from it; writes its outputs and returns the sum of the weighted squared errors.
    fn trial(
        &self,
        student: &mut RateNetwork,
        correction: &mut Correction,
        batch: &Batch,
        trial: usize,
        outputs: &mut [f64],
    ) -> f64 {
        let channels = batch.output_channels;
        let mut now = student.rest();
        let mut teacher = self
            .teacher
            .as_ref()
            .map(|teacher| (teacher, teacher.rest()));
        let mut recurrent = student.recurrent(&now.rates);
        let mut sum = 0.0;
        for time in 0..batch.steps {
            let row = time * batch.trials + trial;
            let target = &batch.targets[row * channels..][..channels];
            let weights = &batch.weights[row * channels..][..channels];
            student.advance(&mut now, batch, row, &recurrent);
            now.output = student.output(&now.rates);
            outputs[row * channels..][..channels].copy_from_slice(&now.output);
            let errors: Vec<f64> = (now.output.iter().zip(target).zip(weights))
                .map(|((z, f), &w)| if w > 0.0 { z - f } else { 0.0 })
                .collect();
            sum += weights
                .iter()
                .zip(&errors)
                .map(|(w, e)| w * e * e)
                .sum::<f64>();

            let unit_targets = teacher.as_mut().map(|(network, state)| {
                let from_units = network.recurrent(&state.rates);
                network.advance(state, batch, row, &from_units);
                target.clone_into(&mut state.output);
                add(
                    network.recurrent(&state.rates),
                    &network.from_output(target),
                )
            });
            recurrent = student.recurrent(&now.rates);
            if weights.iter().all(|&w| w == 0.0) {
                continue;
            }
            match correction {
                Correction::Rls { rls, every } => {
                    if time.is_multiple_of(*every) {
                        let gain = rls.gain(&now.rates);
                        subtract_outer(&mut student.readout, &errors, &gain);
                        if let Some(targets) = unit_targets {
                            let unit_errors: Vec<f64> =
                                recurrent.iter().zip(&targets).map(|(a, b)| a - b).collect();
                            let gain = &gain[..gain.len() - 1];
                            let weights = student.parameters.get_mut(WEIGHT_HH);
                            subtract_outer(weights, &unit_errors, gain);
                            recurrent = student.recurrent(&now.rates);
                        }
                    }
                }
                Correction::Lms { rate } => {
                    let gain: Vec<f64> = now.rates.iter().map(|r| *rate * r).collect();
                    subtract_outer(&mut student.readout, &errors, &gain);
                }
                Correction::Ridge(equations) => {
                    equations.add(&now.rates, target, weights);
                    force_teacher(&mut now, target, weights);
                }
            }
        }
        sum
    }
}

fn least_squares(network: &NetworkSpec, regularisation: f64, every: usize) -> Correction {
    Correction::Rls {
        rls: RecursiveLeastSquares::new(network.units + 1, regularisation),
        every,
    }
}

/// A network that receives the target over weights drawn from the uniform distribution within ± `gain`.
fn driven_by_target(mut network: RateNetwork, gain: f64, seed: u64) -> RateNetwork {
    let mut rng = Stream::Teacher.open(seed);
    let weights = network.parameters.get(READOUT_WEIGHT).len();
    network.feedback = (0..weights)
        .map(|_| gain * rng.random_range(-1.0..=1.0))
        .collect();
    network
}

fn force_teacher(now: &mut RateState, target: &[f64], weights: &[f64]) {
    for ((output, &f), &w) in now.output.iter_mut().zip(target).zip(weights) {
        if w > 0.0 {
            *output = f;
        }
    }
}

fn add(mut a: Vec<f64>, b: &[f64]) -> Vec<f64> {
    for (a, b) in a.iter_mut().zip(b) {
        *a += b;
    }
    a
}

/// M ← M − u vᵀ.
fn subtract_outer(matrix: &mut [f64], u: &[f64], v: &[f64]) {
    for (row, &u) in matrix.chunks_exact_mut(v.len()).zip(u) {
        for (entry, &v) in row.iter_mut().zip(v) {
            *entry -= u * v;
        }
    }
}

impl NormalEquations {
    fn add(&mut self, rates: &[f64], target: &[f64], weights: &[f64]) {
        let size = self.size;
        for (output, (&f, &w)) in target.iter().zip(weights).enumerate() {
            if w == 0.0 {
                continue;
            }
            let scaled: Vec<f64> = rates.iter().map(|r| -w * r).collect();
            let correlation = &mut self.correlation[output * size * size..][..size * size];
            subtract_outer(correlation, &scaled, rates);
            for (sum, scaled) in self.cross[output * size..][..size].iter_mut().zip(&scaled) {
                *sum -= scaled * f;
            }
        }
    }

    /// The weights of each output, `[outputs][size]`; `None` where the equations are not positive definite.
    fn solution(&self) -> Option<Vec<f64>> {
        let size = self.size;
        let mut solution = Vec::with_capacity(self.cross.len());
        for (cross, correlation) in self
            .cross
            .chunks_exact(size)
            .zip(self.correlation.chunks_exact(size * size))
        {
            let matrix = Mat::from_fn(size, size, |i, j| {
                correlation[i * size + j] + if i == j { self.penalty } else { 0.0 }
            });
            let right = Mat::from_fn(size, 1, |i, _| cross[i]);
            let weights = matrix.llt(Side::Lower).ok()?.solve(&right);
            solution.extend((0..size).map(|i| weights[(i, 0)]));
        }
        Some(solution)
    }
}

impl<T: Real> Learner<T> for Online {
    fn step(
        &mut self,
        parameters: &mut Parameters<T>,
        batch: &Batch,
    ) -> Result<Learnt, EngineError> {
        let before = parameters.cast::<f64>();
        let Some(mut student) = RateNetwork::new(&self.network, before.clone()) else {
            return Err(EngineError::Cell);
        };
        let mut correction = self.correction.clone();
        let mut outputs = vec![0.0; batch.targets.len()];
        let mut loss = 0.0;
        for trial in 0..batch.trials {
            loss += self.trial(&mut student, &mut correction, batch, trial, &mut outputs);
        }
        loss /= batch.weights.iter().sum::<f64>().max(f64::MIN_POSITIVE);
        if let Correction::Ridge(equations) = &correction {
            student.readout = equations
                .solution()
                .unwrap_or_else(|| vec![f64::NAN; student.readout.len()]);
        }
        let mut after = student.parameters;
        let row = self.network.units + 1;
        for (output, weights) in student.readout.chunks_exact(row).enumerate() {
            let (weights, bias) = weights.split_at(self.network.units);
            after.get_mut(READOUT_WEIGHT)[output * weights.len()..][..weights.len()]
                .copy_from_slice(weights);
            after.get_mut(READOUT_BIAS)[output] = bias[0];
        }
        let change = before.values().iter().zip(after.values());
        let learnt = Learnt {
            loss,
            outputs,
            gradient_norm: change.map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt(),
            learning_rate: match &correction {
                Correction::Rls { rls, .. } => rls.mean_rate(),
                Correction::Lms { rate } => *rate,
                Correction::Ridge(_) => 1.0,
            },
        };
        if learnt.is_finite() {
            *parameters = after.cast();
            self.correction = correction;
        }
        Ok(learnt)
    }

    fn state(&self) -> LearnerState {
        let mut state = LearnerState::default();
        let size = self.network.units + 1;
        match &self.correction {
            Correction::Rls { rls, .. } => {
                let tensor = NamedTensor::new(INVERSE, &[size, size], rls.inverse());
                state.tensors.push(tensor);
            }
            Correction::Lms { .. } => {}
            Correction::Ridge(equations) => {
                let outputs = self.network.outputs;
                let shape = [outputs, size, size];
                let correlation = NamedTensor::new(CORRELATION, &shape, &equations.correlation);
                state.tensors.push(correlation);
                let cross = NamedTensor::new(CROSS, &[outputs, size], &equations.cross);
                state.tensors.push(cross);
            }
        }
        state
    }

    fn restore(&mut self, state: &LearnerState) -> Result<(), String> {
        let size = self.network.units + 1;
        match &mut self.correction {
            Correction::Rls { rls, .. } => {
                rls.set_inverse(state.tensor(INVERSE)?.finite_values(&[size, size])?);
            }
            Correction::Lms { .. } => {}
            Correction::Ridge(equations) => {
                let outputs = self.network.outputs;
                let correlation = state.tensor(CORRELATION)?;
                equations.correlation = correlation.finite_values(&[outputs, size, size])?;
                equations.cross = state.tensor(CROSS)?.finite_values(&[outputs, size])?;
            }
        }
        Ok(())
    }
}
