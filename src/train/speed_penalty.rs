//! A penalty on the speed of slow points, which makes memories last (Haviv, Rivkind & Barak 2019, ICML).
//!
//! Networks that hold memories often do so at slow points rather than fixed ones, and lose them after longer delays
//! than those of training. The penalty lowers the speed at the mean state of each class of trials, so that a fixed
//! point forms there. λ = 10⁻³ in the paper.

use std::collections::BTreeMap;

use super::engine::{Engine, by_time};
use super::penalty::Penalty;
use crate::cell::map::CellMap;
use crate::cell::parameters::{INITIAL_STATE, Parameters};
use crate::cell::sequence::{SequenceKernel, SequenceShape};
use crate::cell::sequence_kernel;
use crate::cell::spec::{InitialState, NetworkSpec};
use crate::simd::Real;
use crate::task::Batch;

/// λ Σₖ |r(F(sₖ)) − r(sₖ)|², r what the units send, over the mean states sₖ of the classes of trials.
///
/// The trials of a batch with the same target at their last counting step form a class. Its state sₖ is the mean of theirs
/// at a fixed time step, from which F runs one step at their mean input. The states are those of the batch and are held
/// constant: the penalty changes what the network does there, not how it gets there.
pub struct SpeedPenalty<T: Real> {
    weight: f64,
    time: usize,
    network: NetworkSpec,
    kernel: Box<dyn SequenceKernel<T>>,
    from_point: Parameters<T>,
}

/// A mean state, and the mean input there.
#[derive(Debug, Clone, PartialEq)]
pub struct ClassMean {
    /// State of the cell.
    pub state: Vec<f64>,
    /// One value for each input channel.
    pub input: Vec<f64>,
}

impl<T: Real> SpeedPenalty<T> {
    /// A penalty of weight λ on the states after a time step, counted from 0.
    pub fn new(network: &NetworkSpec, weight: f64, time: usize) -> Self {
        let network = NetworkSpec {
            initial_state: InitialState::Trained,
            // The parameters that come are those of the closed loop.
            feedback: 0.0,
            ..network.clone()
        };
        Self {
            weight,
            time,
            kernel: sequence_kernel(&network),
            from_point: Parameters::zeros(&network),
            network,
        }
    }

    /// The classes of a batch whose trials ran through `states`, `[time][trial][state_size]`; none where trials are
    /// shorter.
    ///
    /// Classes are told apart by their targets rounded to 10⁻⁶, in ascending order of these. The time step counts
    /// from 0.
    pub fn class_means(&self, batch: &Batch, states: &[f64]) -> Vec<ClassMean> {
        if self.time >= batch.steps {
            return Vec::new();
        }
        let size = self.network.state_size();
        let mut classes: BTreeMap<Vec<i64>, (f64, ClassMean)> = BTreeMap::new();
        for trial in 0..batch.trials {
            let row = self.time * batch.trials + trial;
            let input = &batch.inputs[row * batch.input_channels..][..batch.input_channels];
            let state = &states[row * size..][..size];
            let (count, sums) = classes.entry(class(batch, trial)).or_insert_with(|| {
                let empty = ClassMean {
                    state: vec![0.0; size],
                    input: vec![0.0; input.len()],
                };
                (0.0, empty)
            });
            *count += 1.0;
            for (sums, values) in [(&mut sums.state, state), (&mut sums.input, input)] {
                for (sum, value) in sums.iter_mut().zip(values) {
                    *sum += value;
                }
            }
        }
        let means = classes.into_values().map(|(count, mut mean)| {
            for value in mean.state.iter_mut().chain(&mut mean.input) {
                *value /= count;
            }
            mean
        });
        means.collect()
    }

    /// The penalty at given states, whose gradient in all but the initial state is added to `gradient`. Where outputs feed
    /// back, `parameters` are those of the closed loop.
    ///
    /// For each class: one step of the network from sₖ at the mean input, the speed vₖ = r(F(sₖ)) − r(sₖ), the term
    /// λ|vₖ|² and its slope 2λvₖ taken back through that one step.
    pub fn add(
        &mut self,
        parameters: &Parameters<T>,
        means: &[ClassMean],
        gradient: &mut Parameters<T>,
    ) -> f64 {
        let shape = SequenceShape {
            steps: 1,
            trials: 1,
        };
        let shared: Vec<&str> = (parameters.layout().iter().map(|tensor| tensor.name))
            .filter(|&name| name != INITIAL_STATE && !self.from_point.get(name).is_empty())
            .collect();
        for name in &shared {
            let target = self.from_point.get_mut(name);
            target.copy_from_slice(parameters.get(name));
        }
        let mut penalty = 0.0;
        let mut sums = self.from_point.zeros_like();
        for mean in means {
            let state = self.from_point.get_mut(INITIAL_STATE);
            for (to, &from) in state.iter_mut().zip(&mean.state) {
                *to = T::from_f64(from);
            }
            let map = CellMap::new(&self.network, &self.from_point.cast(), &mean.input);
            let before = map.cell().features(&mean.state);
            let input: Vec<T> = mean.input.iter().map(|&u| T::from_f64(u)).collect();
            let after = self.kernel.forward(&self.from_point, shape, &input, &[]);
            let mut slopes = Vec::with_capacity(after.len());
            for (after, before) in after.iter().zip(&before) {
                let speed = after.to_f64() - before;
                penalty += self.weight * speed * speed;
                slopes.push(T::from_f64(2.0 * self.weight * speed));
            }
            self.kernel.backward(&slopes, &mut sums);
        }
        for name in shared {
            for (sum, &part) in gradient.get_mut(name).iter_mut().zip(sums.get(name)) {
                *sum += part;
            }
        }
        penalty
    }
}

impl<T: Real> Penalty<T> for SpeedPenalty<T> {
    fn on_parameters(
        &mut self,
        engine: &dyn Engine<T>,
        parameters: &Parameters<T>,
        batch: &Batch,
        gradient: &mut Parameters<T>,
    ) -> f64 {
        let states = by_time(engine.rows(), batch.trials, &engine.states());
        let means = self.class_means(batch, &states);
        self.add(parameters, &means, gradient)
    }
}

/// The target of a trial at its last counting step, in millionths; what does not count is 0.
fn class(batch: &Batch, trial: usize) -> Vec<i64> {
    let channels = batch.output_channels;
    let row = |step: usize| (step * batch.trials + trial) * channels;
    let counts = |step: &usize| {
        let weights = &batch.weights[row(*step)..][..channels];
        weights.iter().any(|&weight| weight > 0.0)
    };
    let last = (0..batch.steps).rev().find(counts).unwrap_or(0);
    (row(last)..row(last) + channels)
        .map(|place| {
            let counted = if batch.weights[place] > 0.0 {
                batch.targets[place]
            } else {
                0.0
            };
            (counted * 1e6).round() as i64
        })
        .collect()
}
