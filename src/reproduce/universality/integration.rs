//! Integration of the stream that a context names: lines of slow states, and the modes that integrate along them.

use faer::Mat;

use super::super::trained::Course;
use super::{Architecture, Form, modes, trained};
use crate::cell::map::{CellMap, Readout};
use crate::cell::parameters::Parameters;
use crate::dynamics::linear::spectrum::{Spectrum, SpectrumError};
use crate::dynamics::motion::continuum::{Continuum, continuum};
use crate::lab::LabError;
use crate::map::Map as _;
use crate::task::context_integration::ContextIntegration;
use crate::task::{Batch, Task as _};

const TEST_SEED: u64 = 1 << 40;
const TEST_TRIALS: usize = 200;
/// States of trials that lead to slow ones, at each context, …
const STATES: usize = 500;
/// … and steps that they take before their set is looked at, beside the 40 that looking takes.
const SETTLING: usize = 60;
/// Slow states lie on a line if their neighbours' participation ratio is below this, which is between one dimension and two, …
const LINE: f64 = 1.5;
/// … and if even at their largest speed it takes more steps from end to end than a trial has.
const LASTING: f64 = 25.0;
/// Slow states at which a network is linearised, at each context.
const POINTS: usize = 11;
/// Modes of the curves.
pub(super) const MODES: usize = 10;
/// A state is slow below this share of the root mean square deviation of the states of trials, a step.
const SLOW: f64 = 1e-2;
/// Step of the differences that derivatives by inputs are taken from.
const STEP: f64 = 1e-5;

pub(super) fn course(
    form: Form,
    architecture: Architecture,
    seed: u64,
) -> Result<Course, LabError> {
    let (keys, name, steps) = (architecture.keys, architecture.name, form.steps[2]);
    Course::new(&format!(
        r#"
        name = "integration-{name}-{units}-{seed}"
        seed = {seed}
        [network]
        {keys}
        units = {units}
        [training]
        trials_per_step = 32
        [optimiser]
        learning_rate = 3e-3
        final_learning_rate = 1e-4
        decay_steps = {steps}
        clip_norm = 1.0
        [[stage]]
        task = "context-integration"
        until = {{ steps = {steps} }}
        [checkpoints]
        every = {every}
        "#,
        units = form.units,
        every = steps / 5,
    ))
}

/// What is seen at one context.
pub(super) struct Seen {
    /// The slow states; `None` if there are too few.
    pub(super) continuum: Option<Continuum>,
    /// Sizes of the eigenvalues, largest first, means over the states looked at.
    pub(super) moduli: Vec<f64>,
    /// Shares that the slowest modes explain of the response of the output to a pulse on the stream that counts, and of that of
    /// the whole state: means over the states looked at.
    pub(super) output_shares: Vec<f64>,
    pub(super) state_shares: Vec<f64>,
}

/// A network that integrates.
pub(super) struct Integrator {
    pub(super) architecture: Architecture,
    /// R² of the integral.
    pub(super) accuracy: f64,
    /// One a context.
    pub(super) seen: Vec<Seen>,
}

impl Integrator {
    /// Trains a network, and looks at it at each context.
    pub(super) fn of(architecture: Architecture, course: &Course) -> Result<Self, LabError> {
        let parameters = trained(course)?;
        let task = ContextIntegration::default();
        let batch = task.batch(TEST_TRIALS, TEST_SEED);
        let simulation = course.simulated(&parameters, &batch)?;
        let size = simulation.state_size;
        let states: Vec<&[f64]> = simulation.states.chunks_exact(size).collect();
        let slow = SLOW * spread(&states);
        let seen = (0..task.streams).map(|context| {
            let own: Vec<Vec<f64>> = (0..batch.steps * batch.trials)
                .filter(|&row| input(&batch, row)[task.streams + context] == 1.0)
                .map(|row| states[row].to_vec())
                .collect();
            At {
                course,
                parameters: &parameters,
                task: &task,
                context,
            }
            .seen(&own, slow)
        });
        Ok(Self {
            architecture,
            accuracy: task.accuracy(&batch, &simulation.outputs),
            seen: seen.collect::<Result<_, _>>()?,
        })
    }

    /// Share of the contexts whose slow states lie on a line that holds a value for a trial.
    pub(super) fn share_of_lines(&self) -> f64 {
        let is_line = |of: &&Seen| {
            let continuum = of.continuum.as_ref();
            continuum
                .is_some_and(|of| of.dimension_by_neighbours < LINE && of.drift_steps > LASTING)
        };
        self.seen.iter().filter(is_line).count() as f64 / self.seen.len() as f64
    }

    /// A mean over the contexts.
    pub(super) fn mean(&self, value: impl Fn(&Seen) -> f64) -> f64 {
        self.seen.iter().map(value).sum::<f64>() / self.seen.len() as f64
    }
}

/// A network at a context.
struct At<'a> {
    course: &'a Course,
    parameters: &'a Parameters<f32>,
    task: &'a ContextIntegration,
    context: usize,
}

impl At<'_> {
    /// Looks at the context without streams.
    ///
    /// 1. The slow states that those of trials lead to, after enough steps for all but the slowest mode to decay.
    /// 2. As many of them as are looked at, evenly spread over the outputs there.
    /// 3. The pulse: the derivative of the next state by the stream that counts. Its response by the Jacobian, for as many
    ///    steps as a trial has.
    fn seen(&self, states: &[Vec<f64>], slow: f64) -> Result<Seen, LabError> {
        let map = self.map(0.0);
        let settled = settled(&map, states);
        let found = continuum(&map, &settled, slow).map_err(failed)?;
        let points = self.spread_points(&map, found.as_ref().map_or(&settled[..], |of| &of.states));
        let size = map.dim();
        let output = vec![self.output_weights(&map)];
        let identity: Vec<Vec<f64>> = (0..size)
            .map(|row| (0..size).map(|at| f64::from(u8::from(at == row))).collect())
            .collect();
        let mut seen = Seen {
            continuum: None,
            moduli: vec![0.0; MODES],
            output_shares: vec![0.0; MODES],
            state_shares: vec![0.0; MODES],
        };
        for point in &points {
            let mut jacobian = Mat::zeros(size, size);
            map.jacobian(point, jacobian.as_mut());
            let pulse = self.pulse(point);
            let steps = self.task.stream_steps;
            let add = |sum: &mut Vec<f64>, values: Vec<f64>| {
                for (sum, value) in sum.iter_mut().zip(values) {
                    *sum += value / points.len() as f64;
                }
            };
            let shares = |variables: &[Vec<f64>]| {
                modes::shares(&jacobian, &pulse, variables, steps, MODES).map_err(failed)
            };
            add(&mut seen.output_shares, shares(&output)?);
            add(&mut seen.state_shares, shares(&identity)?);
            let spectrum = Spectrum::of(&jacobian);
            let spectrum = spectrum.map_err(failed)?.eigenvalues.into_iter();
            add(
                &mut seen.moduli,
                spectrum.map(|(re, im)| re.hypot(im)).collect(),
            );
        }
        seen.continuum = found;
        Ok(seen)
    }

    /// The network at the context, with a constant on the stream that counts.
    fn map(&self, stream: f64) -> CellMap {
        let mut input = vec![0.0; 2 * self.task.streams];
        input[self.task.streams + self.context] = 1.0;
        input[self.context] = stream;
        self.course.map(self.parameters, &input)
    }

    /// ∂F/∂u.
    fn pulse(&self, state: &[f64]) -> Vec<f64> {
        let [up, down] = [STEP, -STEP].map(|stream| {
            let mut next = vec![0.0; state.len()];
            self.map(stream).step(state, &mut next);
            next
        });
        let pairs = up.iter().zip(&down);
        pairs.map(|(up, down)| (up - down) / (2.0 * STEP)).collect()
    }

    /// The derivative of the output by the state, which is the same everywhere: what the readout sees is part of the state.
    fn output_weights(&self, map: &CellMap) -> Vec<f64> {
        let readout = Readout::of(&self.parameters.cast());
        let output = |state: &[f64]| readout.output(&map.cell().features(state))[0];
        let rest = vec![0.0; map.dim()];
        let at = |place: usize| {
            let mut state = rest.clone();
            state[place] = 1.0;
            output(&state) - output(&rest)
        };
        (0..map.dim()).map(at).collect()
    }

    /// States evenly spread over the order of their outputs.
    fn spread_points(&self, map: &CellMap, states: &[Vec<f64>]) -> Vec<Vec<f64>> {
        let weights = self.output_weights(map);
        let output = |state: &[f64]| state.iter().zip(&weights).map(|(x, w)| x * w).sum::<f64>();
        let mut ordered: Vec<(f64, &Vec<f64>)> =
            states.iter().map(|state| (output(state), state)).collect();
        ordered.sort_by(|a, b| a.0.total_cmp(&b.0));
        let count = POINTS.min(ordered.len());
        (0..count)
            .map(|place| {
                ordered[(2 * place + 1) * ordered.len() / (2 * count)]
                    .1
                    .clone()
            })
            .collect()
    }
}

fn failed(source: SpectrumError) -> LabError {
    LabError::Analysis {
        checkpoint: 0,
        source,
    }
}

fn input(batch: &Batch, row: usize) -> &[f64] {
    &batch.inputs[row * batch.input_channels..][..batch.input_channels]
}

/// Root mean square distance of states from their mean.
fn spread(states: &[&[f64]]) -> f64 {
    let count = states.len() as f64;
    let size = states.first().map_or(0, |state| state.len());
    let squares: f64 = (0..size)
        .map(|at| {
            let values = states.iter().map(|state| state[at]);
            let mean = values.clone().sum::<f64>() / count;
            values.map(|x| (x - mean).powi(2)).sum::<f64>() / count
        })
        .sum();
    squares.sqrt()
}

/// Some of the states, after a while without streams.
fn settled(map: &CellMap, states: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let every = states.len().div_ceil(STATES).max(1);
    let mut settled: Vec<Vec<f64>> = states.iter().step_by(every).cloned().collect();
    for state in &mut settled {
        let mut next = state.clone();
        for _ in 0..SETTLING {
            map.step(state, &mut next);
            std::mem::swap(state, &mut next);
        }
    }
    settled
}
