//! A recording on even time steps: stretches without long gaps, linearly interpolated between samples.

use std::fmt;

use rand::{Rng, RngExt as _};

use super::area::{Area, Point};
use super::recording::Recording;
use super::recording_error::RecordingError;

/// Points that a recording becomes at most.
const MOST_POINTS: usize = 50_000_000;

/// Which part of a recording is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// All of it.
    All,
    /// What is not held out: the beginning.
    First,
    /// What is held out: the end.
    Last,
}

/// How a recording is brought onto even time steps.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sampling {
    /// The box that all positions must lie in.
    pub area: Area,
    /// Length of a step in seconds, greater than 0.
    pub dt_secs: f64,
    /// The longest time between two samples that is interpolated, in seconds; a longer one ends a stretch.
    pub longest_gap_secs: f64,
    /// Which part is taken. No sample is in both [`Part::First`] and [`Part::Last`].
    pub part: Part,
    /// Share of the duration that is held out at the end, from 0 to 1.
    pub held_out_share: f64,
    /// Steps of a trial: stretches that are shorter are left out.
    pub least_steps: usize,
}

/// What was done to a recording.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Resampling {
    /// Samples of the part that was taken.
    pub samples: usize,
    /// Median time between them in seconds.
    pub median_dt_secs: f64,
    /// Longest time between them in seconds.
    pub largest_gap_secs: f64,
    /// Stretches that are long enough.
    pub stretches: usize,
    /// Points on even steps that came of it, in all of these.
    pub points: usize,
    /// Length of an even step in seconds.
    pub dt_secs: f64,
}

/// `5001 samples, a median of 0.02 s apart, at most 0.3 s, became 1001 points every 0.1 s in 1 stretch`.
impl fmt::Display for Resampling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = if self.stretches == 1 { "" } else { "es" };
        write!(
            f,
            "{} samples, a median of {:.3} s apart, at most {:.3} s, became {} points every {} s in {} stretch{plural}",
            self.samples,
            self.median_dt_secs,
            self.largest_gap_secs,
            self.points,
            self.dt_secs,
            self.stretches,
        )
    }
}

/// Parts of a walk on even time steps, each at least as long as a trial.
#[derive(Clone, PartialEq)]
pub struct Stretches {
    all: Vec<Vec<Point>>,
    least_steps: usize,
    resampling: Resampling,
}

impl Stretches {
    /// Cuts a recording at its long gaps, and interpolates each stretch linearly at even steps from its first sample on.
    ///
    /// Nothing is smoothed: what moves faster than the steps is not filtered out.
    ///
    /// # Errors
    /// A position is outside the box, no stretch is as long as a trial, or there would be more than 50 million points.
    pub fn of(recording: &Recording, sampling: &Sampling) -> Result<Self, RecordingError> {
        recording.check_within(sampling.area)?;
        let (times, positions) = taken(recording, sampling);
        check_count(recording, times, sampling)?;
        let mut stretches = Vec::new();
        let mut longest_secs = 0.0_f64;
        let mut first = 0;
        for end in 1..=times.len() {
            let goes_on =
                end < times.len() && times[end] - times[end - 1] <= sampling.longest_gap_secs;
            if goes_on {
                continue;
            }
            let stretch =
                interpolated(&times[first..end], &positions[first..end], sampling.dt_secs);
            longest_secs = longest_secs.max(times[end - 1] - times[first]);
            if stretch.len() > sampling.least_steps {
                stretches.push(stretch);
            }
            first = end;
        }
        let resampling = told(times, &stretches, sampling.dt_secs);
        if stretches.is_empty() {
            return Err(no_stretch(recording, sampling, &resampling, longest_secs));
        }
        Ok(Self {
            all: stretches,
            least_steps: sampling.least_steps,
            resampling,
        })
    }

    /// What was done to the recording.
    pub fn resampling(&self) -> Resampling {
        self.resampling
    }

    /// All stretches, each at least one point longer than a trial has steps.
    pub fn all(&self) -> &[Vec<Point>] {
        &self.all
    }

    /// A part of `least_steps` + 1 points, all that there are with equal chance.
    pub fn draw(&self, rng: &mut dyn Rng) -> &[Point] {
        let starts = |stretch: &Vec<Point>| stretch.len() - self.least_steps;
        let mut start = rng.random_range(0..self.all.iter().map(starts).sum());
        let mut stretch = &self.all[0];
        for next in &self.all {
            stretch = next;
            if start < starts(stretch) {
                break;
            }
            start -= starts(stretch);
        }
        &stretch[start..=start + self.least_steps]
    }
}

/// Without its thousands of points.
impl fmt::Debug for Stretches {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stretches")
            .field("resampling", &self.resampling)
            .finish_non_exhaustive()
    }
}

/// Times and positions of the part that is taken; the held-out part begins after its share of the duration.
fn taken<'a>(recording: &'a Recording, sampling: &Sampling) -> (&'a [f64], &'a [Point]) {
    let (times, positions) = (recording.times_secs(), recording.positions());
    let (begin, end) = (times[0], times[times.len() - 1]);
    let cut_secs = begin + (1.0 - sampling.held_out_share) * (end - begin);
    let cut = times.partition_point(|&time| time <= cut_secs);
    match sampling.part {
        Part::All => (times, positions),
        Part::First => (&times[..cut], &positions[..cut]),
        Part::Last => (&times[cut..], &positions[cut..]),
    }
}

fn check_count(
    recording: &Recording,
    times: &[f64],
    sampling: &Sampling,
) -> Result<(), RecordingError> {
    let short = times.windows(2).map(|pair| pair[1] - pair[0]);
    let duration_secs: f64 = short.filter(|gap| *gap <= sampling.longest_gap_secs).sum();
    if duration_secs / sampling.dt_secs <= MOST_POINTS as f64 {
        return Ok(());
    }
    Err(RecordingError::TooFine {
        path: recording.path().to_path_buf(),
        dt_secs: sampling.dt_secs,
        duration_secs,
        most: MOST_POINTS,
    })
}

/// The walk at times[0] + k dt, on straight lines between samples.
fn interpolated(times: &[f64], positions: &[Point], dt_secs: f64) -> Vec<Point> {
    let duration = times[times.len() - 1] - times[0];
    // A last step must not be lost to the last bit of a quotient.
    let steps = (duration / dt_secs + 1e-6).floor() as usize;
    let mut after = 1.min(times.len() - 1);
    (0..=steps)
        .map(|step| {
            let time = times[0] + step as f64 * dt_secs;
            while after + 1 < times.len() && times[after] < time {
                after += 1;
            }
            let before = after.saturating_sub(1);
            let span = times[after] - times[before];
            let share = if span > 0.0 {
                ((time - times[before]) / span).clamp(0.0, 1.0)
            } else {
                0.0
            };
            let between = |axis: usize| {
                let (from, to) = (positions[before][axis], positions[after][axis]);
                // In this form it never leaves the span of the two.
                (from * (1.0 - share) + to * share).clamp(from.min(to), from.max(to))
            };
            [between(0), between(1)]
        })
        .collect()
}

fn told(times: &[f64], stretches: &[Vec<Point>], dt_secs: f64) -> Resampling {
    let mut gaps: Vec<f64> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
    gaps.sort_by(f64::total_cmp);
    Resampling {
        samples: times.len(),
        median_dt_secs: gaps.get(gaps.len() / 2).copied().unwrap_or(f64::NAN),
        largest_gap_secs: gaps.last().copied().unwrap_or(0.0),
        stretches: stretches.len(),
        points: stretches.iter().map(Vec::len).sum(),
        dt_secs,
    }
}

fn no_stretch(
    recording: &Recording,
    sampling: &Sampling,
    resampling: &Resampling,
    longest_secs: f64,
) -> RecordingError {
    RecordingError::NoStretch {
        path: recording.path().to_path_buf(),
        longest_gap_secs: sampling.longest_gap_secs,
        part_samples: resampling.samples,
        median_dt_secs: resampling.median_dt_secs,
        largest_gap_secs: resampling.largest_gap_secs,
        longest_secs,
        wanted_secs: sampling.least_steps as f64 * sampling.dt_secs,
    }
}

#[cfg(test)]
#[path = "stretches_tests.rs"]
mod tests;
