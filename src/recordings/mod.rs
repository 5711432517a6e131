//! Recordings of neurons, to hold networks against: activity over conditions and time, with the inputs that the animal had.
//!
//! A file becomes a [`Recording`] in these steps; `docs/RECORDINGS.md` says what it holds.
//!
//! 1. Counts of spikes become rates, divided by the width of a bin.
//! 2. If asked for, the activity of each trial is smoothed by a Gaussian over time, whose weights within the trial sum to 1.
//! 3. Trials of one condition are averaged; where no conditions are told, each trial is one.
//!
//! [`Recording::to_parquet`] gives the bytes of a file that is read again as the same recording.

mod error;
mod reading;
mod stored;

use std::path::Path;

pub use error::RecordingError;

/// What the activity of a recording is counted in, if the file does not say.
const ACTIVITY: &str = "activity";

/// Activity of neurons in conditions, over time.
#[derive(Debug, Clone, PartialEq)]
pub struct Recording {
    /// What it is called.
    pub name: String,
    /// What the numbers are: `Hz`, or in words.
    pub unit: String,
    /// Width of a time bin, in seconds; `None` if nobody said.
    pub bin_secs: Option<f64>,
    /// Names of the conditions.
    pub conditions: Vec<String>,
    /// Trials that each condition is the mean of.
    pub trials: Vec<usize>,
    /// Time bins of a condition; 1 where single bins were recorded.
    pub steps: usize,
    /// Neurons.
    pub neurons: usize,
    /// `[condition][step][neuron]`.
    pub activity: Vec<f64>,
    /// Channels of the inputs; 0 if none are told.
    pub input_channels: usize,
    /// What the animal was shown, as a network is: `[condition][step][channel]`.
    pub inputs: Vec<f64>,
}

/// How a file is read.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Options {
    /// What the recording is called. Default: the file's name.
    pub name: Option<String>,
    /// Width of a time bin, in seconds. Default: what the file says.
    pub bin_secs: Option<f64>,
    /// What the numbers are. Default: what the file says; `Hz` of spikes.
    pub unit: Option<String>,
    /// Standard deviation of the Gaussian that activity is smoothed by, in seconds. Default: none.
    pub smooth_secs: Option<f64>,
    /// Arrays of an npz file that are called otherwise: what they are, and what the file calls them.
    pub map: Vec<(String, String)>,
}

impl Recording {
    /// Reads a file.
    ///
    /// # Errors
    /// If it cannot be read, is of no known format, lacks what is needed, or holds numbers that are none.
    pub fn read(path: &Path, options: &Options) -> Result<Self, RecordingError> {
        reading::read(path, options)
    }

    /// The bytes of a Parquet file of it. The same recording gives the same bytes.
    ///
    /// # Errors
    /// If Parquet refuses it.
    pub fn to_parquet(&self) -> Result<Vec<u8>, RecordingError> {
        stored::bytes(self)
    }

    /// Conditions.
    pub fn count(&self) -> usize {
        self.conditions.len()
    }

    /// The inputs as a batch has them, `[step][condition][channel]`.
    pub fn inputs_by_step(&self) -> Vec<f64> {
        let width = self.input_channels;
        let places = (0..self.steps).flat_map(|step| {
            (0..self.count()).map(move |condition| (condition * self.steps + step) * width)
        });
        places
            .flat_map(|from| &self.inputs[from..from + width])
            .copied()
            .collect()
    }

    /// The activity of all neurons in a condition and time bin.
    pub fn at(&self, condition: usize, step: usize) -> &[f64] {
        let from = (condition * self.steps + step) * self.neurons;
        &self.activity[from..from + self.neurons]
    }

    /// Time bins after which activity is another: the first lag at which the autocorrelation, over all conditions and neurons,
    /// each about its mean over all, is below 1/e; at least 1, and at most all.
    pub fn decorrelation_steps(&self) -> usize {
        let count = (self.count() * self.steps) as f64;
        let mut means = vec![0.0; self.neurons];
        for row in self.activity.chunks_exact(self.neurons) {
            for (mean, x) in means.iter_mut().zip(row) {
                *mean += x / count;
            }
        }
        let covariance = |lag: usize| {
            let mut sum = 0.0;
            for condition in 0..self.count() {
                for step in lag..self.steps {
                    let pairs = self
                        .at(condition, step)
                        .iter()
                        .zip(self.at(condition, step - lag));
                    let products = pairs
                        .zip(&means)
                        .map(|((a, b), mean)| (a - mean) * (b - mean));
                    sum += products.sum::<f64>();
                }
            }
            sum / (self.count() * (self.steps - lag)) as f64
        };
        let variance = covariance(0);
        let is_low = |lag: &usize| covariance(*lag) < variance / std::f64::consts::E;
        (1..self.steps).find(is_low).unwrap_or(self.steps).max(1)
    }

    /// The conditions that another recording has, too, by name and in this one's order, of both.
    ///
    /// # Errors
    /// If they share none, or differ in the number of time bins.
    pub fn shared_with(&self, other: &Self) -> Result<[Self; 2], RecordingError> {
        let places: Vec<[usize; 2]> = (0..self.count())
            .filter_map(|here| {
                let name = &self.conditions[here];
                let there = other.conditions.iter().position(|of| of == name)?;
                Some([here, there])
            })
            .collect();
        if places.is_empty() || self.steps != other.steps {
            return Err(RecordingError::Apart {
                names: [self.name.clone(), other.name.clone()],
                conditions: [self.conditions.clone(), other.conditions.clone()],
                steps: [self.steps, other.steps],
            });
        }
        let of = |which: usize| {
            places
                .iter()
                .map(|place| place[which])
                .collect::<Vec<usize>>()
        };
        Ok([self.chosen(&of(0)), other.chosen(&of(1))])
    }

    /// Some of its conditions, by their places.
    fn chosen(&self, places: &[usize]) -> Self {
        let rows = |values: &[f64], width: usize| -> Vec<f64> {
            let size = self.steps * width;
            let rows = places
                .iter()
                .flat_map(|&place| &values[place * size..][..size]);
            rows.copied().collect()
        };
        Self {
            conditions: places
                .iter()
                .map(|&place| self.conditions[place].clone())
                .collect(),
            trials: places.iter().map(|&place| self.trials[place]).collect(),
            activity: rows(&self.activity, self.neurons),
            inputs: rows(&self.inputs, self.input_channels),
            ..self.clone()
        }
    }
}

#[cfg(test)]
mod tests;
