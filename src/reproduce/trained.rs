//! Networks trained for an experiment, in memory, and the landscapes of their checkpoints.

use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;

use crate::cell::map::{CellMap, Readout};
use crate::cell::parameters::Parameters;
use crate::cell::spec::NetworkSpec;
use crate::dynamics::points::search::{Findings, Known, Limits, search};
use crate::dynamics::points::starts::jittered;
use crate::lab::LabError;
use crate::task::Batch;
use crate::train::bptt::Bptt;
use crate::train::credit::Credit as _;
use crate::train::engine::Simulation;
use crate::train::engines::{EngineName, EngineReal as _};
use crate::train::optimiser::Optimiser;
use crate::train::penalty::RatePenalty;
use crate::train::spec::{Clipping, OptimiserSpec, UpdateRule};

/// Streams of the generator: the weights are drawn from the first, which is the default.
const BATCHES: u64 = 1;
const STARTS: u64 = 2;

/// How a network is trained by backpropagation through time with Adam (moments 0.9 and 0.999), in f32.
#[derive(Debug, Clone)]
pub(super) struct Course {
    /// The network.
    pub(super) network: NetworkSpec,
    /// Updates.
    pub(super) steps: u64,
    /// Learning rate of the first update and of the last; it falls by the same factor at each.
    pub(super) learning_rates: [f64; 2],
    /// Coefficient of the L2 penalty on all weights.
    pub(super) weight_decay: f64,
    /// Weight of the mean squared rate in the loss.
    pub(super) rate_penalty: f64,
    /// Largest Euclidean norm of a gradient.
    pub(super) clip_norm: f64,
    /// Of the weights and of the batches.
    pub(super) seed: u64,
}

impl Course {
    /// Trains the network.
    ///
    /// 1. The weights are drawn; `kept` sees them at step 0.
    /// 2. For each update: a batch, its loss and gradient, the update at its learning rate; `kept` sees the new weights.
    /// 3. A loss or gradient that is not finite ends it: what it would change is not kept.
    ///
    /// Returns the loss on the last batch before its update, penalties included.
    pub(super) fn train(
        &self,
        mut batch: impl FnMut(&mut ChaCha8Rng) -> Batch,
        mut kept: impl FnMut(u64, &Parameters<f32>),
    ) -> Result<f64, LabError> {
        let mut rng = self.stream(BATCHES);
        let mut parameters = Parameters::<f32>::initial(&self.network, self.seed);
        let mut gradient = parameters.zeros_like();
        let mut optimiser = Optimiser::new(self.optimiser(), &parameters);
        let mut credit = self.credit();
        let mut loss = f64::NAN;
        kept(0, &parameters);
        for step in 0..self.steps {
            let batch = batch(&mut rng);
            let outcome = credit.loss_and_gradient(&parameters, &batch, &mut gradient)?;
            loss = outcome.loss;
            if !loss.is_finite() || gradient.first_not_finite().is_some() {
                return Ok(f64::NAN);
            }
            optimiser.set_learning_rate(self.learning_rate(step));
            optimiser.update(&mut parameters, &mut gradient);
            kept(step + 1, &parameters);
        }
        Ok(loss)
    }

    /// On the engine that the numbers of `docs/REPRODUCE.md` were measured with.
    fn network_alone(&self) -> Bptt<f32> {
        Bptt::new(&self.network, f32::engine(EngineName::Dfdx, &self.network))
    }

    fn credit(&self) -> Bptt<f32> {
        let credit = self.network_alone();
        let weight = self.rate_penalty;
        if weight > 0.0 {
            credit.with_penalty(RatePenalty { weight })
        } else {
            credit
        }
    }

    /// Learning rate of an update, counted from 0.
    fn learning_rate(&self, step: u64) -> f64 {
        let [first, last] = self.learning_rates;
        let share = step as f64 / self.steps.saturating_sub(1).max(1) as f64;
        first * (last / first).powf(share)
    }

    fn optimiser(&self) -> OptimiserSpec {
        OptimiserSpec {
            rule: UpdateRule::adam(),
            learning_rate: self.learning_rates[0],
            weight_decay: self.weight_decay,
            clipping: Clipping::Norm(self.clip_norm),
        }
    }

    fn stream(&self, stream: u64) -> ChaCha8Rng {
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
        rng.set_stream(stream);
        rng
    }

    /// The network run through the trials of a batch, without noise.
    pub(super) fn simulated(
        &self,
        parameters: &Parameters<f32>,
        batch: &Batch,
    ) -> Result<Simulation, LabError> {
        Ok(self.network_alone().simulate(parameters, batch)?)
    }

    /// The network of some weights at a constant input.
    pub(super) fn map(&self, parameters: &Parameters<f32>, input: &[f64]) -> CellMap {
        CellMap::new(&self.network, &parameters.cast(), input)
    }

    /// What a network with one output puts out in given states.
    pub(super) fn outputs(&self, parameters: &Parameters<f32>, states: &[Vec<f64>]) -> Vec<f64> {
        let parameters = parameters.cast();
        let map = CellMap::new(&self.network, &parameters, &vec![0.0; self.network.inputs]);
        let readout = Readout::of(&parameters);
        let output = |state: &Vec<f64>| readout.output(&map.cell().features(state))[0];
        states.iter().map(output).collect()
    }

    /// `count` starts of a search from states `[][state_size]`, jittered by half their root mean square.
    pub(super) fn starts(&self, states: &[f64], count: usize) -> Vec<Vec<f64>> {
        let size = self.network.state_size();
        jittered(states, size, count, 0.5, &mut self.stream(STARTS))
    }
}

/// The fixed points of a map, from those of a neighbour and from given starts. `checkpoint` stands in the error.
pub(super) fn landscape(
    map: &CellMap,
    known: &[Known<'_>],
    starts: &[Vec<f64>],
    checkpoint: u64,
) -> Result<Findings, LabError> {
    search(map, known, starts, Limits::default()).map_err(|source| LabError::Analysis {
        checkpoint: checkpoint as u32,
        source,
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::cell::spec::{Activation, CellKind};
    use crate::task::Task as _;
    use crate::task::flip_flop::FlipFlop;

    fn course(seed: u64) -> Course {
        let cell = CellKind::Vanilla {
            activation: Activation::Tanh,
        };
        Course {
            network: NetworkSpec::new(cell, 16, 1, 1),
            steps: 60,
            learning_rates: [1e-2, 1e-3],
            weight_decay: 0.0,
            rate_penalty: 0.0,
            clip_norm: 1.0,
            seed,
        }
    }

    fn trained(seed: u64) -> (f64, Vec<Parameters<f32>>) {
        let task = FlipFlop {
            bits: 1,
            trial_steps: 20,
            ..FlipFlop::default()
        };
        let mut kept = Vec::new();
        let draw = |rng: &mut ChaCha8Rng| {
            let mut batch = Batch::zeros(20, 16, 1, 1);
            task.draw(rng, &mut batch);
            batch
        };
        let loss = course(seed).train(draw, |step, parameters| {
            assert_eq!(step as usize, kept.len());
            kept.push(parameters.clone());
        });
        (loss.unwrap(), kept)
    }

    #[test]
    fn a_seed_fixes_the_course_and_every_step_is_seen() {
        let (loss, kept) = trained(3);
        assert_eq!(kept.len(), 61);
        assert!(loss < 0.3, "{loss}");
        assert_eq!((loss, kept.last()), (trained(3).0, trained(3).1.last()));
        assert_ne!(kept.last(), trained(4).1.last());
    }

    #[test]
    fn the_learning_rate_falls_from_the_first_to_the_last_by_one_factor() {
        let course = course(0);
        let rate = |step| course.learning_rate(step);
        assert!((rate(0) - 1e-2).abs() < 1e-15 && (rate(59) - 1e-3).abs() < 1e-15);
        assert!((rate(10) / rate(9) - rate(50) / rate(49)).abs() < 1e-12);
    }

    #[test]
    fn the_outputs_are_those_of_the_simulation() {
        let course = course(5);
        let parameters = Parameters::initial(&course.network, 5);
        let batch = FlipFlop {
            bits: 1,
            ..FlipFlop::default()
        }
        .batch(2, 1);
        let simulation = course.simulated(&parameters, &batch).unwrap();
        let states: Vec<Vec<f64>> = simulation
            .states
            .chunks_exact(16)
            .map(<[f64]>::to_vec)
            .collect();
        let outputs = course.outputs(&parameters, &states);
        for (a, b) in outputs.iter().zip(&simulation.outputs) {
            assert!((a - b).abs() < 1e-5, "{a} {b}");
        }
    }
}
