//! A file of a recording, told by its first bytes: npz, or the long form in Parquet, which is also how recordings are kept.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::{ACTIVITY, Options, Recording, RecordingError};
use crate::arrays::columns::{Columns, read_columns};
use crate::arrays::{Tensor, Tensors, from_npz, texts_in_npz};
use crate::files;

/// Bytes of the largest file that is read.
const MOST_BYTES: u64 = 8 << 30;
/// Columns of the long form that are not numbered.
const SINGLE: [&str; 4] = ["condition", "trial", "time", "bin"];
/// Columns of the long form that are.
const NUMBERED: [&str; 3] = ["activity", "spikes", "input"];

/// Arrays of an npz file.
const PARTS: [&str; 5] = ["activity", "spikes", "inputs", "conditions", "bin_secs"];

/// What a file holds, trial by trial, before anything is done to it.
#[derive(Default)]
pub(super) struct Raw {
    /// Whether the activity is counts of spikes.
    is_spikes: bool,
    /// `[trials, steps, neurons]`.
    activity: Tensor3,
    /// `[trials, steps, channels]`; without channels if none are told.
    inputs: Tensor3,
    /// Condition of each trial.
    conditions: Vec<String>,
    bin_secs: Option<f64>,
    unit: Option<String>,
    name: Option<String>,
    /// Trials that each row is already the mean of.
    weights: Option<Vec<usize>>,
}

/// Numbers with three dimensions.
#[derive(Default)]
pub(super) struct Tensor3 {
    pub(super) shape: [usize; 3],
    pub(super) values: Vec<f64>,
}

pub(super) fn read(path: &Path, options: &Options) -> Result<Recording, RecordingError> {
    let bytes = files::read(path, MOST_BYTES).map_err(|source| RecordingError::Read {
        path: path.to_path_buf(),
        source,
    })?;
    let unfit = |reason: String| RecordingError::Unfit {
        path: path.to_path_buf(),
        reason,
    };
    let raw = if bytes.starts_with(b"PAR1") {
        of_parquet(bytes)
    } else if bytes.starts_with(b"PK\x03\x04") {
        of_npz(&bytes, &options.map)
    } else {
        Err("it begins as neither an npz file (`numpy.savez(file, activity=…, inputs=…, bin_secs=…)`) nor a Parquet file; \
             `examples/nwb_to_recording.py` makes one of an NWB file"
            .to_owned())
    };
    let stem = path.file_name().map(PathBuf::from).unwrap_or_default();
    let stem = stem.to_string_lossy();
    let stem = stem.split('.').next().unwrap_or_default().to_owned();
    raw.and_then(|raw| raw.recording(options, stem))
        .map_err(unfit)
}

fn of_npz(bytes: &[u8], map: &[(String, String)]) -> Result<Raw, String> {
    let mut arrays = from_npz(bytes)?;
    for (part, name) in map {
        if !PARTS.contains(&part.as_str()) {
            return Err(format!(
                "there is no part {part}; expected {}",
                PARTS.join(", ")
            ));
        }
        let Some(array) = arrays.remove(name) else {
            let names: Vec<&str> = arrays.keys().map(String::as_str).collect();
            return Err(format!(
                "it has no array `{name}`, only {}",
                names.join(", ")
            ));
        };
        arrays.insert(part.clone(), array);
    }
    let (key, is_spikes) = match (arrays.get("activity"), arrays.get("spikes")) {
        (Some(_), Some(_)) => {
            return Err("it has both `activity` and `spikes`; expected one of them".to_owned());
        }
        (Some(_), None) => ("activity", false),
        (None, Some(_)) => ("spikes", true),
        (None, None) => {
            let names: Vec<&str> = arrays.keys().map(String::as_str).collect();
            return Err(format!(
                "it has neither `activity` nor `spikes`, only {}; expected [trials, time, neurons], or [observations, neurons] of single bins",
                names.join(", ")
            ));
        }
    };
    let activity = three(&arrays, key)?;
    let trials = activity.shape[0];
    let inputs = if arrays.contains_key("inputs") {
        three(&arrays, "inputs")?
    } else {
        Tensor3::default()
    };
    let names = texts_in_npz(bytes, "condition_names")
        .map_err(|reason| format!("`condition_names`: {reason}"))?;
    let conditions = match arrays.get("conditions") {
        Some(of) if of.shape == [trials] && of.is_numeric() => of
            .values
            .iter()
            .map(|&number| condition(number, &names))
            .collect::<Result<_, _>>()?,
        Some(of) => {
            return Err(format!(
                "`conditions` has shape {:?}; expected whole numbers [{trials}], one a trial",
                of.shape
            ));
        }
        None if names.len() == trials => names,
        None => (0..trials).map(|trial| trial.to_string()).collect(),
    };
    let bin_secs = match arrays
        .get("bin_secs")
        .map(|of| (&of.shape[..], &of.values[..]))
    {
        None => None,
        Some(([] | [1], &[secs])) => Some(secs),
        Some((shape, _)) => {
            return Err(format!(
                "`bin_secs` has shape {shape:?}; expected one number"
            ));
        }
    };
    Ok(Raw {
        is_spikes,
        activity,
        inputs,
        conditions,
        bin_secs,
        ..Raw::default()
    })
}

/// The name of a condition by its number, or the number itself.
fn condition(number: f64, names: &[String]) -> Result<String, String> {
    if names.is_empty() {
        return Ok(format!("{number}"));
    }
    let place = (number >= 0.0 && number.fract() == 0.0).then_some(number as usize);
    let name = place.and_then(|place| names.get(place));
    name.cloned().ok_or_else(|| {
        format!(
            "`conditions` has {number}, and there are {} `condition_names`, counted from 0",
            names.len()
        )
    })
}

/// An array with three dimensions; one with two is of single bins.
fn three(arrays: &Tensors, name: &str) -> Result<Tensor3, String> {
    let Tensor {
        kind,
        shape,
        values,
    } = &arrays[name];
    let shape = match shape[..] {
        [trials, steps, width] => [trials, steps, width],
        [observations, width] => [observations, 1, width],
        _ => {
            return Err(format!(
                "`{name}` has shape {shape:?}; expected [trials, time, neurons or channels], or two dimensions of single bins"
            ));
        }
    };
    if values.len() != shape.iter().product::<usize>() {
        return Err(format!("`{name}` holds {kind:?}; expected numbers"));
    }
    Ok(Tensor3 {
        shape,
        values: values.clone(),
    })
}

fn of_parquet(bytes: Vec<u8>) -> Result<Raw, String> {
    let numbered = |name: &str| {
        let (stem, number) = name.rsplit_once('_')?;
        let number: usize = number.parse().ok()?;
        NUMBERED.contains(&stem).then_some(number)
    };
    let is_meant =
        |name: &str| SINGLE.contains(&name) || name == "n_trials" || numbered(name).is_some();
    let found = read_columns(bytes, is_meant)?;
    let has = |stem: &str| found.columns.contains_key(&format!("{stem}_0"));
    let stem = match (has("activity"), has("spikes")) {
        (true, true) => {
            return Err("it has both `activity_0` and `spikes_0`; expected one of them".to_owned());
        }
        (true, false) => "activity",
        (false, true) => "spikes",
        (false, false) => {
            let names: Vec<&str> = found.columns.keys().map(String::as_str).collect();
            return Err(format!(
                "it has neither `activity_0` nor `spikes_0`, only {}; expected one row a time bin, with `condition`, `activity_0`, `activity_1`, …",
                names.join(", ")
            ));
        }
    };
    let rows = rows(&found)?;
    let (trials, steps) = (rows.len(), rows.first().map_or(0, Vec::len));
    let gathered = |stem: &str| -> Result<Tensor3, String> {
        let count = found
            .columns
            .keys()
            .filter(|name| name.rsplit_once('_').is_some_and(|(of, _)| of == stem));
        let width = count.filter(|name| numbered(name).is_some()).count();
        let columns = (0..width).map(|number| {
            let name = format!("{stem}_{number}");
            let column = found.columns.get(&name).filter(|column| column.texts.is_empty());
            column.ok_or_else(|| format!("it has {width} columns `{stem}_…`, and no `{name}` of numbers; expected numbers from 0 without gaps"))
        });
        let columns = columns.collect::<Result<Vec<_>, String>>()?;
        let values = rows
            .iter()
            .flatten()
            .flat_map(|&row| columns.iter().map(move |column| column.values[row]));
        Ok(Tensor3 {
            shape: [trials, steps, width],
            values: values.collect(),
        })
    };
    let first = |rows: &Vec<usize>| rows.first().copied().unwrap_or(0);
    let conditions = rows
        .iter()
        .map(|rows| text_at(&found, "condition", first(rows)).unwrap_or_default());
    let n_trials = found.columns.get("n_trials");
    Ok(Raw {
        is_spikes: stem == "spikes",
        activity: gathered(stem)?,
        inputs: gathered("input")?,
        conditions: conditions.collect(),
        bin_secs: found
            .notes
            .get("bin_secs")
            .and_then(|text| text.parse().ok()),
        unit: found.notes.get("unit").cloned(),
        name: found.notes.get("name").cloned(),
        weights: n_trials.map(|column| {
            rows.iter()
                .map(|rows| column.values[first(rows)] as usize)
                .collect()
        }),
    })
}

/// What stands in a row of a column, as text.
fn text_at(found: &Columns, name: &str, row: usize) -> Option<String> {
    let column = found.columns.get(name)?;
    let value = *column.values.get(row)?;
    let text = column
        .texts
        .get(value as usize)
        .filter(|_| !column.texts.is_empty());
    Some(text.cloned().unwrap_or_else(|| format!("{value}")))
}

/// The rows of each trial by time, trials in the order in which they appear; all must be equally long.
fn rows(found: &Columns) -> Result<Vec<Vec<usize>>, String> {
    let condition = found
        .columns
        .get("condition")
        .ok_or("it has no column `condition`; expected one row a time bin of each condition")?;
    let trial = found.columns.get("trial");
    let mut places: BTreeMap<[u64; 2], usize> = BTreeMap::new();
    let mut rows: Vec<Vec<usize>> = Vec::new();
    for row in 0..condition.values.len() {
        let key = [
            condition.values[row].to_bits(),
            trial.map_or(0, |of| of.values[row].to_bits()),
        ];
        let place = *places.entry(key).or_insert_with(|| {
            rows.push(Vec::new());
            rows.len() - 1
        });
        rows[place].push(row);
    }
    if let Some(time) = found.columns.get("time").or(found.columns.get("bin")) {
        for rows in &mut rows {
            rows.sort_by(|&a, &b| time.values[a].total_cmp(&time.values[b]));
        }
    }
    let lengths: Vec<usize> = rows.iter().map(Vec::len).collect();
    match (lengths.iter().min(), lengths.iter().max()) {
        (Some(least), Some(most)) if least != most => Err(format!(
            "its trials have {least} to {most} time bins; expected as many in each: cut them to what they share"
        )),
        _ => Ok(rows),
    }
}

impl Raw {
    /// Steps 1 to 3 of the module.
    fn recording(mut self, options: &Options, stem: String) -> Result<Recording, String> {
        let [trials, steps, neurons] = self.activity.shape;
        if trials * steps * neurons == 0 {
            return Err(format!(
                "its activity has shape {:?}: there is nothing in it",
                self.activity.shape
            ));
        }
        let finite = |what: &str, values: &[f64]| match values
            .iter()
            .find(|value| !value.is_finite())
        {
            Some(value) => Err(format!(
                "its {what} has {value}; expected numbers: leave out neurons or trials with gaps"
            )),
            None => Ok(()),
        };
        finite("activity", &self.activity.values)?;
        finite("inputs", &self.inputs.values)?;
        if self.inputs.shape[2] > 0 && self.inputs.shape[..2] != [trials, steps] {
            return Err(format!(
                "`inputs` has shape {:?}; expected [{trials}, {steps}, channels]",
                self.inputs.shape
            ));
        }
        let bin_secs = options.bin_secs.or(self.bin_secs);
        if let Some(secs) = bin_secs.filter(|secs| secs.is_nan() || *secs <= 0.0) {
            return Err(format!(
                "the width of a bin is {secs} s; expected more than 0"
            ));
        }
        if self.is_spikes {
            let secs = bin_secs.ok_or("counts of spikes become rates by the width of a bin; give `bin_secs` in the file, or --bin-secs")?;
            if let Some(value) = self.activity.values.iter().find(|&&count| count < 0.0) {
                return Err(format!("`spikes` has {value}; expected counts"));
            }
            for count in &mut self.activity.values {
                *count /= secs;
            }
        }
        if let Some(smooth_secs) = options.smooth_secs {
            let secs = bin_secs.ok_or(
                "smoothing needs the width of a bin; give `bin_secs` in the file, or --bin-secs",
            )?;
            self.activity.smooth(smooth_secs / secs);
        }
        let unit = options.unit.clone().or(self.unit.take());
        let unit = unit.unwrap_or_else(|| if self.is_spikes { "Hz" } else { ACTIVITY }.to_owned());
        let name = options.name.clone().or(self.name.take()).unwrap_or(stem);
        Ok(self.averaged(Recording {
            name,
            unit,
            bin_secs,
            conditions: Vec::new(),
            trials: Vec::new(),
            steps,
            neurons,
            activity: Vec::new(),
            input_channels: 0,
            inputs: Vec::new(),
        }))
    }

    /// Step 3.
    fn averaged(self, mut recording: Recording) -> Recording {
        recording.input_channels = self.inputs.shape[2];
        let mut members: Vec<Vec<usize>> = Vec::new();
        for (trial, condition) in self.conditions.iter().enumerate() {
            let known = recording.conditions.iter().position(|of| of == condition);
            let place = known.unwrap_or_else(|| {
                recording.conditions.push(condition.clone());
                members.push(Vec::new());
                members.len() - 1
            });
            members[place].push(trial);
        }
        for members in &members {
            recording.activity.extend(self.activity.mean(members));
            recording.inputs.extend(self.inputs.mean(members));
            let trials = members
                .iter()
                .map(|&trial| self.weights.as_ref().map_or(1, |of| of[trial]));
            recording.trials.push(trials.sum());
        }
        recording
    }
}

impl Tensor3 {
    /// The mean of some trials.
    fn mean(&self, trials: &[usize]) -> Vec<f64> {
        let size = self.shape[1] * self.shape[2];
        let mut mean = vec![0.0; size];
        for &trial in trials {
            for (sum, value) in mean.iter_mut().zip(&self.values[trial * size..][..size]) {
                *sum += value;
            }
        }
        for sum in &mut mean {
            *sum /= trials.len() as f64;
        }
        mean
    }

    /// Step 2: by a Gaussian of so many time bins, each trial by itself.
    fn smooth(&mut self, deviation: f64) {
        let [_, steps, width] = self.shape;
        let weight = |lag: usize| (-0.5 * (lag as f64 / deviation).powi(2)).exp();
        let weights: Vec<f64> = (0..steps)
            .map(weight)
            .take_while(|&weight| weight > 1e-6)
            .collect();
        for trial in self.values.chunks_exact_mut(steps * width) {
            let before = trial.to_vec();
            for step in 0..steps {
                let from = step.saturating_sub(weights.len() - 1);
                let to = (step + weights.len()).min(steps);
                let total: f64 = (from..to).map(|at| weights[at.abs_diff(step)]).sum();
                for unit in 0..width {
                    let sum: f64 = (from..to)
                        .map(|at| weights[at.abs_diff(step)] * before[at * width + unit])
                        .sum();
                    trial[step * width + unit] = sum / total;
                }
            }
        }
    }
}
