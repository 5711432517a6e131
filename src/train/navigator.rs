//! Networks that find their way in grid rooms, many agents at once, by the largest output.

use rand::Rng;
use rand_distr::{Distribution as _, StandardNormal};

use super::policy::read_out;
use crate::arena::agents::{Agents, Navigator};
use crate::arena::grid::Move;
use crate::arena::senses::CHANNELS;
use crate::cell::feedback::closed_loop;
use crate::cell::parameters::Parameters;
use crate::cell::sequence::SequenceKernel;
use crate::cell::sequence_kernel;
use crate::cell::spec::{InitialState, NetworkSpec};
use crate::simd::Real;
use crate::task::lesson::greedy;

/// A network that goes where its largest output says, without noise.
///
/// Where the network starts from drawn states, these are drawn when agents begin, one after the other.
pub struct NetworkNavigator<'a, T: Real> {
    network: &'a NetworkSpec,
    kernel: Box<dyn SequenceKernel<T>>,
    parameters: Parameters<T>,
    /// What the network is given beside what agents perceive, `[channel]`.
    constant: Vec<T>,
    states: Vec<f64>,
    inputs: Vec<T>,
    outputs: Vec<f64>,
}

impl<'a, T: Real> NetworkNavigator<'a, T> {
    /// A navigator with given parameters.
    ///
    /// `constant` is added to the inputs at every time step, `[channel]`: the rule input of the task, if there is one. It is as
    /// wide as the network's input.
    ///
    /// # Panics
    /// If the network has fewer inputs than agents perceive, or fewer outputs than there are moves.
    pub fn new(network: &'a NetworkSpec, parameters: &Parameters<T>, constant: &[f64]) -> Self {
        assert!(network.inputs >= CHANNELS && network.outputs >= Move::ALL.len());
        Self {
            network,
            kernel: sequence_kernel(network),
            parameters: closed_loop(parameters).unwrap_or_else(|| parameters.clone()),
            constant: constant.iter().map(|&value| T::from_f64(value)).collect(),
            states: Vec::new(),
            inputs: Vec::new(),
            outputs: Vec::new(),
        }
    }

    /// What the agents started from, `[agent][state]`; empty where the network itself says.
    pub fn initial_states(&self) -> &[f64] {
        &self.states
    }

    /// The inputs of the last time step, `[agent][channel]`.
    pub fn inputs(&self) -> &[T] {
        &self.inputs
    }

    /// What the network put out for each move at the last time step, `[agent][move]`.
    pub fn outputs(&self) -> &[f64] {
        &self.outputs
    }
}

impl<T: Real> Navigator for NetworkNavigator<'_, T> {
    fn begin(&mut self, agents: &Agents, rng: &mut dyn Rng) {
        self.states.clear();
        if self.network.initial_state == InitialState::Normal {
            let count = agents.count() * self.network.state_size();
            let normal = (0..count).map(|_| -> f64 { StandardNormal.sample(&mut *rng) });
            self.states.extend(normal);
        }
        let states = self.states.iter();
        let states: Vec<T> = states.map(|&value| T::from_f64(value)).collect();
        self.kernel.start_from(&states);
        self.kernel.begin(&self.parameters, agents.count());
    }

    fn choose(&mut self, agents: &Agents, _: &mut dyn Rng, moves: &mut [Move]) {
        self.inputs.clear();
        for seen in agents.inputs().chunks_exact(CHANNELS) {
            let begin = self.inputs.len();
            self.inputs.extend_from_slice(&self.constant);
            for (input, &seen) in self.inputs[begin..].iter_mut().zip(seen) {
                *input += T::from_f64(seen);
            }
        }
        let rates = self.kernel.step(&self.inputs, &[]);
        let (units, moves_of) = (self.network.units, Move::ALL.len());
        self.outputs.clear();
        read_out(&self.parameters, units, moves_of, rates, &mut self.outputs);
        for (step, outputs) in moves
            .iter_mut()
            .zip(self.outputs.chunks_exact(Move::ALL.len()))
        {
            *step = Move::ALL[greedy(outputs)];
        }
    }
}
