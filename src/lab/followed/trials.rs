//! Trials of the task that another program trains on, from a file of its user's.
//!
//! They tell what the weights do not: which constant inputs matter (those that are held at the ends of trials), which states the
//! network is in (where searches start, and what the view of the state space is fitted to), and what it does in a trial.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::arrays::read;
use crate::cell::map::CellMap;
use crate::dynamics::motion::projection::Projection;
use crate::foreign::{ForeignError, ForeignNetwork};
use crate::lab::LabError;
use crate::lab::saved::CheckpointId;
use crate::map::Map as _;
use crate::task::Probe;
use crate::text::escaped;
use crate::trace::rows::TrialRow;

/// Conditions beside that without input, at most.
const MOST_CONDITIONS: usize = 8;
/// Trials that a network is run through to find its states.
const MOST_RUN: usize = 64;
/// Trials that are stored of each checkpoint.
const STORED: usize = 4;
/// Inputs whose maps are kept while trials are run.
const MOST_KEPT: usize = 64;

/// Trials of a task, read from a file.
#[derive(Debug, Clone, PartialEq)]
pub struct Trials {
    path: PathBuf,
    count: usize,
    steps: usize,
    /// Input channels.
    channels: usize,
    /// `[trial][time][channel]`.
    inputs: Vec<f64>,
    targets: Option<Values>,
    states: Option<Values>,
}

/// Numbers at all times of all trials, `[trial][time][width]`.
#[derive(Debug, Clone, PartialEq)]
struct Values {
    width: usize,
    values: Vec<f64>,
}

/// States of a network in trials.
pub(super) struct Course {
    /// Length of a state.
    dim: usize,
    /// Of each trial its states, `[time][dim]`, as long as they are finite.
    trials: Vec<Vec<f64>>,
}

impl Trials {
    /// Reads `inputs` (`[trials, time, channels]`, or `[time, channels]` of a single trial), and, where they are there, `targets`
    /// and `states` with the same first dimensions.
    ///
    /// # Errors
    /// A file that cannot be read, no array `inputs`, shapes that do not fit each other, values that are not finite (targets
    /// may be NaN where nothing is asked). The message names the array and the shape that would fit.
    pub fn read(path: &Path) -> Result<Self, LabError> {
        let failed = |reason: String| LabError::Followed {
            path: path.to_path_buf(),
            reason,
        };
        let arrays = read(path).map_err(ForeignError::from)?;
        let inputs = arrays.get("inputs").ok_or_else(|| {
            let names: Vec<&str> = arrays.keys().map(String::as_str).collect();
            failed(format!(
                "it has no array of numbers `inputs`, [trials, time, channels] (there are: {})",
                escaped(&names.join(", "))
            ))
        })?;
        let (count, steps, channels) = match *inputs.shape.as_slice() {
            [count, steps, channels] => (count, steps, channels),
            [steps, channels] => (1, steps, channels),
            _ => (0, 0, 0),
        };
        if count == 0 || steps == 0 {
            return Err(failed(format!(
                "inputs has shape {:?}; it should be [trials, time, channels] or [time, channels], with a trial in it",
                inputs.shape
            )));
        }
        let beside = |name: &str, width: &str| -> Result<Option<Values>, LabError> {
            let Some(array) = arrays.get(name) else {
                return Ok(None);
            };
            let wanted = &inputs.shape[..inputs.shape.len() - 1];
            match array.shape.split_last() {
                Some((&width, first)) if first == wanted && width > 0 => Ok(Some(Values {
                    width,
                    values: array.values.clone(),
                })),
                _ => Err(failed(format!(
                    "{name} has shape {:?}; beside inputs {:?} it should be [{}, {width}]",
                    array.shape,
                    inputs.shape,
                    wanted
                        .iter()
                        .map(usize::to_string)
                        .collect::<Vec<_>>()
                        .join(", ")
                ))),
            }
        };
        let trials = Self {
            path: path.to_path_buf(),
            count,
            steps,
            channels,
            inputs: inputs.values.clone(),
            targets: beside("targets", "outputs")?,
            states: beside("states", "units")?,
        };
        let states = trials.states.as_ref().map_or(&[][..], |of| &of.values);
        for (name, values) in [("inputs", &trials.inputs[..]), ("states", states)] {
            let strange = values.iter().filter(|value| !value.is_finite()).count();
            if strange > 0 {
                return Err(failed(format!(
                    "{name} holds {strange} values that are NaN or infinite; leave out the trials that they are in"
                )));
            }
        }
        Ok(trials)
    }

    /// The constant inputs at which fixed points are sought: none first, then those that are held over at least the last two time
    /// steps of a trial, the more frequent first, at most eight; and in words what was taken.
    pub fn conditions(&self) -> (Vec<Probe>, String) {
        let at = |trial: usize, time: usize| {
            &self.inputs[(trial * self.steps + time) * self.channels..][..self.channels]
        };
        let last = self.steps - 1;
        let mut counts: BTreeMap<Vec<u64>, (usize, Vec<f64>)> = BTreeMap::new();
        for trial in 0..self.count {
            let held = at(trial, last);
            let is_held = last == 0 || held == at(trial, last - 1);
            if is_held && held.iter().any(|value| *value != 0.0) {
                // Zero with either sign is one input.
                let bits = held.iter().map(|value| (value + 0.0).to_bits()).collect();
                counts.entry(bits).or_insert_with(|| (0, held.to_vec())).0 += 1;
            }
        }
        let mut held: Vec<(usize, Vec<f64>)> = counts.into_values().collect();
        held.sort_by_key(|(count, _)| std::cmp::Reverse(*count));
        let found = held.len();
        held.truncate(MOST_CONDITIONS);
        let probes = std::iter::once(Probe::at(vec![0.0; self.channels]))
            .chain(held.into_iter().map(|(_, input)| named(input)))
            .collect();
        let said = match found {
            0 => "no input is held at the ends of trials: fixed points are sought without input"
                .to_owned(),
            1..=MOST_CONDITIONS => {
                format!(
                    "fixed points are sought without input and at {found} held at the ends of trials"
                )
            }
            _ => format!(
                "of {found} inputs that are held at the ends of trials the {MOST_CONDITIONS} most frequent are taken, beside none; \
                 `--input` names one"
            ),
        };
        (probes, said)
    }

    /// Whether the network takes as many channels as the inputs have.
    pub(super) fn check_channels(&self, network: &ForeignNetwork) -> Result<(), LabError> {
        if self.channels != network.inputs() {
            return Err(LabError::Followed {
                path: self.path.clone(),
                reason: format!(
                    "inputs has {} channels, the network takes {}; its shape should be [trials, time, {}]",
                    self.channels,
                    network.inputs(),
                    network.inputs()
                ),
            });
        }
        Ok(())
    }

    /// The network run through the first trials from the state zero, `count` at most.
    pub(super) fn run(&self, network: &ForeignNetwork, count: usize) -> Result<Course, LabError> {
        self.check_channels(network)?;
        let mut kept: BTreeMap<Vec<u64>, CellMap> = BTreeMap::new();
        let mut dim = network.units();
        let mut trials = Vec::new();
        for trial in self
            .inputs
            .chunks_exact((self.steps * self.channels).max(1))
            .take(count)
        {
            let mut states: Vec<f64> = Vec::new();
            for input in trial.chunks_exact(self.channels.max(1)) {
                let bits: Vec<u64> = input.iter().map(|value| value.to_bits()).collect();
                if !kept.contains_key(&bits) {
                    if kept.len() >= MOST_KEPT {
                        kept.clear();
                    }
                    kept.insert(bits.clone(), network.map_at(input)?);
                }
                let Some(map) = kept.get(&bits) else { break };
                dim = map.dim();
                let state = match states.len().checked_sub(dim) {
                    Some(last) => states[last..].to_vec(),
                    None => vec![0.0; dim],
                };
                let mut next = vec![0.0; dim];
                map.step(&state, &mut next);
                if !next.iter().all(|value| value.is_finite()) {
                    break;
                }
                states.extend(next);
            }
            trials.push(states);
        }
        Ok(Course { dim, trials })
    }

    /// States that the network is in: those of the file, or those of running the network through the trials.
    pub(super) fn states(&self, network: &ForeignNetwork) -> Result<Vec<f64>, LabError> {
        let Some(Values { width, values }) = &self.states else {
            return Ok(self.run(network, MOST_RUN)?.trials.concat());
        };
        let dim = network.map_at(&vec![0.0; network.inputs()])?.dim();
        if *width == dim {
            return Ok(values.clone());
        }
        Err(LabError::Followed {
            path: self.path.clone(),
            reason: format!(
                "states is {width} wide, a state of the network {dim} (of an LSTM h, then c); without the array `states` the network \
                 is run through the trials"
            ),
        })
    }

    /// The rows of `trials` of a checkpoint: the first trials, four at most. Targets are empty where the file has none, outputs
    /// where the network has no readout.
    pub(super) fn rows(
        &self,
        network: &ForeignNetwork,
        id: CheckpointId,
        projection: &Projection,
    ) -> Result<Vec<TrialRow>, LabError> {
        let Course { dim, trials } = self.run(network, STORED)?;
        let map = network.map_at(&vec![0.0; network.inputs()])?;
        let mut rows = Vec::new();
        for (trial, states) in trials.iter().enumerate() {
            for (time, state) in states.chunks_exact(dim.max(1)).enumerate() {
                let place = trial * self.steps + time;
                let of = |values: &[f64], width: usize| values[place * width..][..width].to_vec();
                let targets = self.targets.as_ref();
                rows.push(TrialRow {
                    checkpoint: id.number,
                    step: id.step,
                    trial: trial as u32,
                    time: time as u32,
                    input: of(&self.inputs, self.channels),
                    target: targets.map_or(Vec::new(), |all| of(&all.values, all.width)),
                    output: network.readout().output(&map.cell().features(state)),
                    state: state.to_vec(),
                    pc: projection.project(state),
                });
            }
        }
        Ok(rows)
    }
}

/// A constant input, named by its values as they were written: many are of single precision.
fn named(input: Vec<f64>) -> Probe {
    let text = |value: &f64| {
        let single = *value as f32;
        if f64::from(single) == *value {
            single.to_string()
        } else {
            value.to_string()
        }
    };
    let values: Vec<String> = input.iter().map(text).collect();
    Probe {
        name: format!("input {}", values.join(",")),
        input,
    }
}

#[cfg(test)]
#[path = "trials_tests.rs"]
mod tests;
