//! A network that shall hold values, the trials in which it learns them, and what it has of each.

use faer::linalg::solvers::Solve as _;
use faer::{Mat, MatRef};

use crate::cell::map::{CellMap, Readout};
use crate::cell::parameters::{
    Parameters, READOUT_BIAS, READOUT_FEEDBACK, READOUT_WEIGHT, WEIGHT_HH, WEIGHT_IH,
};
use crate::cell::spec::{Activation, CellKind, LeakyForm, NetworkSpec};
use crate::map::Map as _;
use crate::task::Batch;

/// Euler step, in time constants.
pub(super) const TIME_STEP: f64 = 0.1;
/// Gain of the recurrent weights.
const GAIN: f64 = 1.2;
/// Ends of the values.
const VALUES: [f64; 2] = [0.6, 2.0];
/// Steps of the pulse that tells the value, and of the time that it is to be held.
const PULSE_STEPS: usize = 20;
pub(super) const HOLD_STEPS: usize = 300;
/// Differences of the output by which slopes are measured.
const NEARBY: f64 = 0.02;
/// Share of the way that the driven network goes per step on its way to rest, steps at most, and what counts as rest.
const RELAXATION: f64 = 0.5;
const RELAXATION_STEPS: usize = 3000;
const AT_REST: f64 = 1e-9;
/// A memory has an error of less than this, half the distance between values …
pub(super) const ERROR: f64 = 0.1;
/// … and is not left faster than this, per time constant.
const LEAVING: f64 = 0.1;
/// Steps that a value is to be held for when that is tried.
const TRIED_STEPS: usize = 500;

/// The values that a network is to hold, each in a context of its own.
///
/// Context i is a constant input to channel 1 + i over weights N(0, 1), which keeps the states of different values apart. At
/// strength 0 there is none, and all values lie on one curve. The network has no bias.
pub(super) struct Memories {
    /// The network: N currents, K + 1 inputs.
    pub network: NetworkSpec,
    /// Strength of the contexts.
    pub strength: f64,
    /// The values, in increasing order.
    pub values: Vec<f64>,
    /// What each value is held by.
    held: Vec<Held>,
    /// The same of the values halfway between, without context.
    between: Vec<Held>,
}

/// Where the network rests while a value is fed back to it in place of its output: the readout plays no part in it, and the
/// closed loop has a fixed point there exactly if the readout puts the value out.
struct Held {
    value: f64,
    /// Currents.
    state: Vec<f64>,
    /// Rates, and those where a little less or more is fed back.
    rates: Vec<f64>,
    beside: [Vec<f64>; 2],
}

/// What a readout makes of a value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Memory {
    /// Output at rest less the value that is fed back: how fast the value drifts, per time constant, if the rest of the network
    /// follows the output at once.
    pub error: f64,
    /// How that changes with the value: the rate at which the output leaves the value, per time constant, in the same
    /// approximation; its sign is exact where the error is 0, as det(I − J) has that of its opposite.
    pub leaving: f64,
}

impl Memory {
    /// Whether the value has a fixed point or a slow point from which the output hardly leaves.
    pub(super) fn is_there(self) -> bool {
        self.is_within(ERROR)
    }

    /// The same with another bound on the error.
    pub(super) fn is_within(self, error: f64) -> bool {
        self.error.abs() < error && self.leaving < LEAVING
    }
}

impl Memories {
    /// Those of a network with the weights of a seed.
    pub(super) fn new(network: &NetworkSpec, weights: &Parameters<f64>, strength: f64) -> Self {
        let count = network.inputs - 1;
        let [low, high] = VALUES;
        let value = |place: f64| low + (high - low) * place / (count - 1) as f64;
        let values: Vec<f64> = (0..count).map(|i| value(i as f64)).collect();
        let halfway: Vec<f64> = (1..count).map(|i| value(i as f64 - 0.5)).collect();
        let mut memories = Self {
            network: network.clone(),
            strength,
            held: Vec::new(),
            between: Vec::new(),
            values: values.clone(),
        };
        let contexts: Vec<Vec<f64>> = (0..count).map(|i| memories.context(i)).collect();
        memories.held = held(weights, &values, &contexts);
        if strength == 0.0 {
            memories.between = held(weights, &halfway, &contexts);
        }
        memories
    }

    /// The network: leaky currents with tanh rates, whose one output feeds back.
    pub(super) fn network(units: usize, values: usize) -> NetworkSpec {
        let cell = CellKind::Leaky {
            form: LeakyForm::Currents,
            activation: Activation::Tanh,
            alpha: TIME_STEP,
        };
        NetworkSpec {
            recurrent_gain: GAIN,
            input_gain: ((values + 1) as f64).sqrt(),
            feedback: 1.0,
            ..NetworkSpec::new(cell, units, values + 1, 1)
        }
    }

    /// The input without pulse.
    fn context(&self, value: usize) -> Vec<f64> {
        let mut input = vec![0.0; self.network.inputs];
        input[1 + value] = self.strength;
        input
    }

    /// The trial of a value: a pulse as high as the value, and then the value is to be held.
    pub(super) fn trial(&self, value: usize) -> Batch {
        let steps = PULSE_STEPS + HOLD_STEPS;
        let mut batch = Batch::zeros(steps, 1, self.network.inputs, 1);
        let mut trial = batch.trial(0);
        trial.input(0, 0..PULSE_STEPS, self.values[value]);
        trial.input(1 + value, 0..steps, self.strength);
        trial.target(0, PULSE_STEPS..steps, self.values[value], 1.0);
        batch
    }

    /// What the readout of some weights has of each value.
    pub(super) fn probed(&self, weights: &Parameters<f64>) -> Vec<Memory> {
        self.held.iter().map(|of| of.probed(weights)).collect()
    }

    /// The same of the values halfway between; none where values have contexts.
    pub(super) fn between(&self, weights: &Parameters<f64>) -> Vec<Memory> {
        self.between.iter().map(|of| of.probed(weights)).collect()
    }

    /// Root mean square of the errors.
    pub(super) fn error(&self, weights: &Parameters<f64>) -> f64 {
        let squares = self.probed(weights).into_iter().map(|of| of.error.powi(2));
        (squares.sum::<f64>() / self.values.len() as f64).sqrt()
    }

    /// Cosine of the rates in which two values are held.
    pub(super) fn correlation(&self, first: usize, second: usize) -> f64 {
        let [a, b] = [first, second].map(|value| &self.held[value].rates);
        dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
    }

    /// Whether the closed loop holds each value for 50 time constants, from the state in which it is fed back.
    pub(super) fn holds(&self, weights: &Parameters<f64>) -> Vec<bool> {
        let readout = Readout::of(weights);
        let held = self.held.iter().enumerate();
        held.map(|(value, of)| {
            let map = CellMap::new(&self.network, weights, &self.context(value));
            let (mut now, mut next) = (of.state.clone(), of.state.clone());
            for _ in 0..TRIED_STEPS {
                map.step(&now, &mut next);
                std::mem::swap(&mut now, &mut next);
            }
            let output = readout.output(&map.cell().features(&now))[0];
            (output - of.value).abs() < ERROR
        })
        .collect()
    }

    /// The map of the closed loop of a value, and the state in which it is held.
    #[cfg(test)]
    pub(super) fn closed_loop(
        &self,
        weights: &Parameters<f64>,
        value: usize,
    ) -> (CellMap, Vec<f64>) {
        let map = CellMap::new(&self.network, weights, &self.context(value));
        (map, self.held[value].state.clone())
    }
}

impl Held {
    fn probed(&self, weights: &Parameters<f64>) -> Memory {
        let output =
            |rates: &[f64]| dot(weights.get(READOUT_WEIGHT), rates) + weights.get(READOUT_BIAS)[0];
        let [below, above] = [0, 1].map(|side| output(&self.beside[side]));
        Memory {
            error: output(&self.rates) - self.value,
            leaving: (above - below) / (2.0 * NEARBY) - 1.0,
        }
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// Where the network rests while given values are fed back, each at an input of its own.
fn held(weights: &Parameters<f64>, values: &[f64], inputs: &[Vec<f64>]) -> Vec<Held> {
    let feedback = weights.get(READOUT_FEEDBACK);
    let width = inputs.first().map_or(0, Vec::len);
    let column = |value: f64, input: &[f64]| -> Vec<f64> {
        let rows = weights.get(WEIGHT_IH).chunks_exact(width);
        let units = rows.zip(feedback);
        units.map(|(row, f)| dot(row, input) + f * value).collect()
    };
    let nearby = [0.0, -NEARBY, NEARBY];
    let drives: Vec<Vec<f64>> = values
        .iter()
        .zip(inputs)
        .flat_map(|(&value, input)| nearby.map(|more| column(value + more, input)))
        .collect();
    let drive = Mat::from_fn(feedback.len(), drives.len(), |unit, place| {
        drives[place][unit]
    });
    let recurrent =
        MatRef::from_row_major_slice(weights.get(WEIGHT_HH), feedback.len(), feedback.len());
    let states = at_rest(recurrent, &drive);
    let column = |place: usize| -> Vec<f64> { states.col(place).iter().copied().collect() };
    let rates = |place: usize| column(place).into_iter().map(f64::tanh).collect();
    let all = values.iter().enumerate();
    all.map(|(i, &value)| Held {
        value,
        state: column(3 * i),
        rates: rates(3 * i),
        beside: [rates(3 * i + 1), rates(3 * i + 2)],
    })
    .collect()
}

/// The solutions of x = W tanh x + d for drives d `[unit][drive]` that suppress what W does on its own.
///
/// 1. From 0, x goes half of the way to W tanh x + d, again and again: all converge where each is the only attractor.
/// 2. What is not yet at rest in the end, near the onset of chaos, is brought there by Newton's method.
fn at_rest(recurrent: MatRef<'_, f64>, drive: &Mat<f64>) -> Mat<f64> {
    let mut states = Mat::<f64>::zeros(drive.nrows(), drive.ncols());
    let mut way = drive.clone();
    for _ in 0..RELAXATION_STEPS {
        let rates = states.map(|&x: &f64| x.tanh());
        way = recurrent * &rates + drive - &states;
        if way.norm_max() < AT_REST {
            return states;
        }
        states += faer::Scale(RELAXATION) * &way;
    }
    for place in 0..drive.ncols() {
        if way.col(place).norm_max() < AT_REST {
            continue;
        }
        for _ in 0..10 {
            let state = states.col(place).to_owned();
            let rates = state.map(|&x: &f64| x.tanh());
            let residual = recurrent * &rates + drive.col(place) - &state;
            let jacobian = Mat::from_fn(drive.nrows(), drive.nrows(), |i, j| {
                let diagonal = if i == j { 1.0 } else { 0.0 };
                diagonal - recurrent[(i, j)] * (1.0 - rates[j] * rates[j])
            });
            let step = jacobian.partial_piv_lu().solve(&residual);
            states.col_mut(place).copy_from(&state + &step);
        }
    }
    states
}
