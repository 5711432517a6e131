//! A readout that is solved for by ridge regression, batch after batch, while earlier batches fade (Xu & Barak 2020, public
//! code).

use faer::linalg::matmul::matmul;
use faer::linalg::solvers::Solve as _;
use faer::{Accum, Mat, Par, Side};

use super::engine::{Engine, EngineError};
use super::engines::EngineReal;
use super::learner::{Learner, LearnerState, Learnt};
use super::rules::Setting;
use crate::cell::parameters::{Parameters, READOUT_BIAS, READOUT_WEIGHT};
use crate::simd::Real;
use crate::task::Batch;
use crate::tensors::NamedTensor;

const CORRELATION: &str = "learner.correlation";
const BATCHES: &str = "learner.batches";

/// What remains of earlier batches in a regression.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Forgetting {
    /// The share that remains, in [0, 1]. Default 0.5.
    pub share: f64,
    /// Whether √((s + 1)/2) remains instead, with the mean score s of the batch in [−1, 1], where an episode that achieved
    /// nothing has −1. Default no.
    pub is_by_score: bool,
}

impl Default for Forgetting {
    fn default() -> Self {
        Self {
            share: 0.5,
            is_by_score: false,
        }
    }
}

impl Forgetting {
    fn remaining(self, batch: &Batch) -> f64 {
        if !self.is_by_score {
            return self.share;
        }
        let lived = || batch.lived.iter().flatten();
        let score = |met: f64| if met > 0.0 { met } else { -1.0 };
        let sum: f64 = lived().map(|of| score(of.score.met)).sum();
        let mean = sum / lived().count().max(1) as f64;
        f64::midpoint(mean, 1.0).max(0.0).sqrt()
    }
}

/// A readout β, its bias as the weight of a rate 1, that follows the targets of batch after batch.
///
/// With the rates and a one as rows of H, over the time steps that count, targets Y and penalty λ:
/// 1. In the first batch C = HᵀH and β = (C + λI)⁻¹ Hᵀ Y.
/// 2. In each later one C ← f C + HᵀH and β ← β + (C + λI)⁻¹ Hᵀ (Y − H β), with the share f that remains of earlier batches.
///
/// All in f64, whatever the format of the network. A checkpoint holds C as `learner.correlation`. Any cell; only the readout
/// changes. The loss is the mean squared error before the step, the gradient norm that of the change of β.
pub struct ReadoutLearner<T> {
    engine: Box<dyn Engine<T>>,
    /// Units and the one.
    size: usize,
    penalty: f64,
    forgetting: Forgetting,
    /// C, `[size][size]`.
    correlation: Mat<f64>,
    batches: u64,
}

/// What counts of a batch.
struct Samples {
    /// H, `[sample][size]`.
    rates: Mat<f64>,
    /// Y and Hβ, `[sample][output]`.
    targets: Mat<f64>,
    outputs: Mat<f64>,
}

impl<T: EngineReal> ReadoutLearner<T> {
    /// A learner before its first batch; `penalty` is λ > 0.
    pub fn new(setting: Setting<'_, T>, penalty: f64, forgetting: Forgetting) -> Self {
        let size = setting.network.units + 1;
        Self {
            engine: T::engine(setting.engine, setting.network),
            size,
            penalty,
            forgetting,
            correlation: Mat::zeros(size, size),
            batches: 0,
        }
    }
}

impl<T: Real> ReadoutLearner<T> {
    fn samples(&self, batch: &Batch, rows: &[(usize, usize)], outputs: &[T]) -> Samples {
        let channels = batch.output_channels;
        let rates = self.engine.rates();
        let units = self.size - 1;
        let place = |row: usize| {
            let (time, trial) = rows[row];
            (time * batch.trials + trial) * channels
        };
        let counts = |row: &usize| {
            batch.weights[place(*row)..][..channels]
                .iter()
                .any(|&w| w > 0.0)
        };
        let counted: Vec<usize> = (0..rows.len()).filter(counts).collect();
        let rate = |sample: usize, unit: usize| match unit {
            _ if unit == units => 1.0,
            _ => rates[counted[sample] * units + unit].to_f64(),
        };
        let output =
            |sample: usize, channel: usize| outputs[counted[sample] * channels + channel].to_f64();
        // What does not count is to stay.
        let target = |sample: usize, channel: usize| {
            let at = place(counted[sample]) + channel;
            if batch.weights[at] > 0.0 {
                batch.targets[at]
            } else {
                output(sample, channel)
            }
        };
        Samples {
            rates: Mat::from_fn(counted.len(), self.size, rate),
            targets: Mat::from_fn(counted.len(), channels, target),
            outputs: Mat::from_fn(counted.len(), channels, output),
        }
    }

    /// C after the batch, and the change of β or β itself; `None` where the equations are not positive definite.
    fn solve(&self, samples: &Samples, forgetting: f64) -> Option<(Mat<f64>, Mat<f64>)> {
        let share = if self.batches == 0 { 0.0 } else { forgetting };
        let mut correlation = &self.correlation * faer::Scale(share);
        let transposed = samples.rates.transpose();
        matmul(
            &mut correlation,
            Accum::Add,
            transposed,
            &samples.rates,
            1.0,
            Par::Seq,
        );
        let missed = if self.batches == 0 {
            samples.targets.clone()
        } else {
            &samples.targets - &samples.outputs
        };
        let mut right = Mat::zeros(self.size, missed.ncols());
        matmul(
            &mut right,
            Accum::Replace,
            transposed,
            &missed,
            1.0,
            Par::Seq,
        );
        let mut regular = correlation.clone();
        for at in 0..self.size {
            regular[(at, at)] += self.penalty;
        }
        let solution = regular.llt(Side::Lower).ok()?.solve(&right);
        Some((correlation, solution))
    }
}

impl<T: Real> Learner<T> for ReadoutLearner<T> {
    fn step(
        &mut self,
        parameters: &mut Parameters<T>,
        batch: &Batch,
    ) -> Result<Learnt, EngineError> {
        let pass = self.engine.forward(parameters, batch)?;
        let (rows, outputs) = (pass.rows.to_vec(), pass.outputs.to_vec());
        let samples = self.samples(batch, &rows, &outputs);
        let misses = &samples.targets - &samples.outputs;
        let count = (misses.nrows() * misses.ncols()).max(1) as f64;
        let solved = self.solve(&samples, self.forgetting.remaining(batch));
        let mut change = f64::NAN;
        if let Some((correlation, solution)) = solved {
            let is_first = self.batches == 0;
            let mut after = parameters.clone();
            change = put_readout(&mut after, &solution, is_first);
            if change.is_finite() {
                *parameters = after;
                self.correlation = correlation;
                self.batches += 1;
            }
        }
        Ok(Learnt {
            loss: misses.squared_norm_l2() / count,
            outputs: super::engine::by_time(&rows, batch.trials, &outputs),
            gradient_norm: change,
            learning_rate: 1.0,
        })
    }

    fn state(&self) -> LearnerState {
        let mut state = LearnerState::default();
        let (size, of) = (self.size, &self.correlation);
        let values: Vec<f64> = (0..size * size)
            .map(|at| of[(at / size, at % size)])
            .collect();
        state
            .tensors
            .push(NamedTensor::new(CORRELATION, &[size, size], &values));
        state.set(BATCHES, &self.batches);
        state
    }

    fn restore(&mut self, state: &LearnerState) -> Result<(), String> {
        let size = self.size;
        let values = state.tensor(CORRELATION)?.finite_values(&[size, size])?;
        self.correlation = Mat::from_fn(size, size, |i, j| values[i * size + j]);
        self.batches = state.value(BATCHES)?;
        Ok(())
    }
}

/// Adds a change to the readout, or replaces it, and returns the Euclidean length of the change.
fn put_readout<T: Real>(
    parameters: &mut Parameters<T>,
    solution: &Mat<f64>,
    replaces: bool,
) -> f64 {
    let (units, outputs) = (solution.nrows() - 1, solution.ncols());
    let mut sum = 0.0;
    let mut put = |value: &mut T, by: f64| {
        let before = value.to_f64();
        *value = T::from_f64(if replaces { by } else { before + by });
        sum += (value.to_f64() - before).powi(2);
    };
    for output in 0..outputs {
        let weights = &mut parameters.get_mut(READOUT_WEIGHT)[output * units..][..units];
        for (unit, weight) in weights.iter_mut().enumerate() {
            put(weight, solution[(unit, output)]);
        }
        put(
            &mut parameters.get_mut(READOUT_BIAS)[output],
            solution[(units, output)],
        );
    }
    sum.sqrt()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::cell::spec::{CellKind, NetworkSpec};
    use crate::task::{Lived, Score};
    use crate::train::spec::OptimiserSpec;

    const TRIALS: usize = 3;
    const STEPS: usize = 7;

    fn batch(phase: f64) -> Batch {
        let mut batch = Batch::zeros(STEPS, TRIALS, 2, 2);
        let wave = |at: usize, rate: f64| (at as f64 * rate + phase).sin();
        for (at, value) in batch.inputs.iter_mut().enumerate() {
            *value = wave(at, 0.7);
        }
        for (at, value) in batch.targets.iter_mut().enumerate() {
            *value = wave(at, 0.3);
        }
        // The last step does not count.
        let counted = batch.weights.len() - 2 * TRIALS;
        batch.weights[..counted].fill(1.0);
        batch
    }

    /// Rates with a one, `[sample][6]`, and targets, of what counts.
    fn samples(spec: &NetworkSpec, at: &Parameters<f64>, batch: &Batch) -> (Mat<f64>, Mat<f64>) {
        let simulation = f64::engine(crate::train::engines::EngineName::Direct, spec)
            .simulate(at, batch)
            .unwrap();
        let rows = (STEPS - 1) * TRIALS;
        let rate = |row: usize, unit: usize| match unit {
            5 => 1.0,
            _ => simulation.states[row * 5 + unit],
        };
        let target = |row: usize, channel: usize| batch.targets[row * 2 + channel];
        (Mat::from_fn(rows, 6, rate), Mat::from_fn(rows, 2, target))
    }

    fn assert_readout(at: &Parameters<f64>, expected: &Mat<f64>) {
        for output in 0..2 {
            for unit in 0..5 {
                let found = at.get(READOUT_WEIGHT)[output * 5 + unit];
                assert!((found - expected[(unit, output)]).abs() < 1e-9);
            }
            let found = at.get(READOUT_BIAS)[output];
            assert!((found - expected[(5, output)]).abs() < 1e-9);
        }
    }

    fn solve(mut matrix: Mat<f64>, right: &Mat<f64>, penalty: f64) -> Mat<f64> {
        for at in 0..6 {
            matrix[(at, at)] += penalty;
        }
        matrix.partial_piv_lu().solve(right)
    }

    #[test]
    fn readouts_are_those_of_the_normal_equations_and_earlier_batches_fade() {
        let cell = CellKind::Vanilla {
            activation: crate::cell::spec::Activation::Tanh,
        };
        let spec = NetworkSpec::new(cell, 5, 2, 2);
        let mut at = Parameters::<f64>::initial(&spec, 3);
        let setting = Setting::new(&spec, &at, OptimiserSpec::default(), 0);
        let forgetting = Forgetting {
            share: 0.3,
            is_by_score: false,
        };
        let mut learner = ReadoutLearner::new(setting, 2.0, forgetting);
        let recurrent = at.get("rnn.weight_hh_l0").to_vec();

        let first = batch(0.0);
        let (h, y) = samples(&spec, &at, &first);
        learner.step(&mut at, &first).unwrap();
        let correlation = h.transpose() * &h;
        let beta = solve(correlation.clone(), &(h.transpose() * &y), 2.0);
        assert_readout(&at, &beta);

        let second = batch(1.0);
        let (h, y) = samples(&spec, &at, &second);
        learner.step(&mut at, &second).unwrap();
        let correlation = correlation * faer::Scale(0.3) + h.transpose() * &h;
        let missed = &y - &h * &beta;
        let beta = &beta + solve(correlation, &(h.transpose() * &missed), 2.0);
        assert_readout(&at, &beta);
        assert_eq!(at.get("rnn.weight_hh_l0"), recurrent);

        // What it remembers is all that it needs.
        let setting = Setting::new(&spec, &at, OptimiserSpec::default(), 0);
        let mut again = ReadoutLearner::new(setting, 2.0, forgetting);
        again.restore(&learner.state()).unwrap();
        let mut same = at.clone();
        learner.step(&mut at, &first).unwrap();
        again.step(&mut same, &first).unwrap();
        assert_eq!(at, same);
    }

    #[test]
    fn the_better_the_score_the_more_remains() {
        let forgetting = Forgetting {
            is_by_score: true,
            ..Forgetting::default()
        };
        let lived = |met: f64| {
            Some(Lived {
                score: Score { met, possible: 1.0 },
                total_reward: 0.0,
            })
        };
        let remaining = |scores: &[f64]| {
            let batch = Batch {
                lived: scores.iter().map(|&met| lived(met)).collect(),
                ..Batch::default()
            };
            forgetting.remaining(&batch)
        };
        assert_eq!(remaining(&[0.0, 0.0]), 0.0);
        assert_eq!(remaining(&[1.0, 1.0]), 1.0);
        // One arrives as fast as may be, one does not: a mean score of 0.
        assert!((remaining(&[1.0, 0.0]) - 0.5_f64.sqrt()).abs() < 1e-15);
    }
}
