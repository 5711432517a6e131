//! What can be wrong with a recorded trajectory.
//!
//! Messages name the file, the array, the row (from 0, as numpy counts) and the value, and say what would be right.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

use super::area::{Area, Point};
use crate::text::{escaped, shown};

/// Why a recording could not be used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RecordingError {
    /// The file could not be read.
    #[error("cannot read {}: {source}", shown(path))]
    Read {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The file is no npz file.
    #[error(
        "{} is no npz file that can be read: {reason}; save it with `numpy.savez(file, t=t, pos=pos)`",
        shown(path)
    )]
    Format {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// An array is not in the file, or holds no numbers.
    #[error(
        "{} has no array `{array}` of numbers, only {}; expected `t` in seconds and `pos` in metres, `[samples, 2]`",
        shown(path),
        list(found)
    )]
    Missing {
        /// The file.
        path: PathBuf,
        /// The array that is missing.
        array: &'static str,
        /// The arrays of numbers that are there.
        found: Vec<String>,
    },
    /// An array has another shape than it should.
    #[error(
        "array `{array}` of {} has shape {found:?}; expected {expected}",
        shown(path)
    )]
    Shape {
        /// The file.
        path: PathBuf,
        /// The array.
        array: &'static str,
        /// Its shape.
        found: Vec<usize>,
        /// The shape that would be right, in words.
        expected: String,
    },
    /// A value is NaN or infinite.
    #[error(
        "array `{array}` of {} has {value} in row {row}; expected finite numbers: leave out the samples where tracking was lost",
        shown(path)
    )]
    NotFinite {
        /// The file.
        path: PathBuf,
        /// The array.
        array: &'static str,
        /// Number of the sample, from 0.
        row: usize,
        /// The value.
        value: f64,
    },
    /// A time is not after the one before.
    #[error(
        "array `t` of {} goes from {before} s to {value} s in row {row}; expected times that increase from row to row",
        shown(path)
    )]
    NotIncreasing {
        /// The file.
        path: PathBuf,
        /// Number of the later sample, from 0.
        row: usize,
        /// Time of the sample before in seconds.
        before: f64,
        /// Time of the sample in seconds.
        value: f64,
    },
    /// A position is not in the box.
    #[error(
        "array `pos` of {} has [{}, {}] m in row {row}, outside the box from [0, 0] to [{}, {}] m; its positions span [{}, {}] to \
         [{}, {}] m: set `width` and `height` to the box of the recording, or move the positions into it",
        shown(path), value[0], value[1], area.width, area.height, least[0], least[1], most[0], most[1]
    )]
    Outside {
        /// The file.
        path: PathBuf,
        /// Number of the first sample outside, from 0.
        row: usize,
        /// Where it is.
        value: Point,
        /// The box.
        area: Area,
        /// The least x and y of all samples.
        least: Point,
        /// The greatest x and y of all samples.
        most: Point,
    },
    /// Even steps would be more than are taken.
    #[error(
        "steps of {dt_secs} s cut the {duration_secs} s of {} into more than {most}; expected longer steps",
        shown(path)
    )]
    TooFine {
        /// The file.
        path: PathBuf,
        /// Length of a step in seconds.
        dt_secs: f64,
        /// Duration in seconds.
        duration_secs: f64,
        /// Steps that are taken at most.
        most: usize,
    },
    /// No stretch without a longer gap lasts long enough.
    #[error(
        "the longest stretch of this part of {} without a gap of more than {longest_gap_secs} s lasts {longest_secs} s \
         ({part_samples} samples, a median of {median_dt_secs} s apart, at most {largest_gap_secs} s), and {wanted_secs} s are \
         needed; expected times in seconds, shorter trials, or a longer `longest_gap_secs`",
        shown(path)
    )]
    NoStretch {
        /// The file.
        path: PathBuf,
        /// The longest gap that is interpolated, in seconds.
        longest_gap_secs: f64,
        /// Samples of the part that is asked for.
        part_samples: usize,
        /// Median time between samples in seconds; NaN of fewer than two.
        median_dt_secs: f64,
        /// Longest time between samples in seconds.
        largest_gap_secs: f64,
        /// Duration of the longest stretch in seconds.
        longest_secs: f64,
        /// Duration that is needed in seconds.
        wanted_secs: f64,
    },
}

/// At most a dozen names.
fn list(names: &[String]) -> String {
    const MOST: usize = 12;
    if names.is_empty() {
        return "none".to_owned();
    }
    let first: Vec<_> = names
        .iter()
        .take(MOST)
        .map(|name| format!("`{}`", escaped(name)))
        .collect();
    let first = first.join(", ");
    match names.len().saturating_sub(MOST) {
        0 => first,
        more => format!("{first} and {more} more"),
    }
}
