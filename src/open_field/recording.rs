//! The walk of an animal as it was recorded, from an npz file with `t` in seconds and `pos`, `[samples, 2]`, in metres.
//!
//! RatInABox ships two such files: Sargolini et al. (2006), Science 312:758, doi 10.1126/science.1125572, and Tanni, de Cothi &
//! Barry (2022), Current Biology 32:3505, doi 10.1016/j.cub.2022.06.046. `.ci/fetch-trajectory` fetches the first.

use std::fmt;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::area::{Area, Point};
use super::recording_error::RecordingError;
use crate::arrays::{Tensor, Tensors, from_npz};
use crate::files;
use crate::hex::hex;

/// Bytes of the largest file that is read.
const MOST_BYTES: u64 = 1 << 30;

/// A trajectory at the times at which it was recorded: finite, times increasing, at least two samples.
#[derive(Clone, PartialEq)]
pub struct Recording {
    path: PathBuf,
    sha256: String,
    times_secs: Vec<f64>,
    positions: Vec<Point>,
}

impl Recording {
    /// Reads an `.npz` file. A relative path is looked for in the present folder.
    ///
    /// # Errors
    /// The file cannot be read or is no npz file; an array is missing, has another shape, or holds NaN or infinite values;
    /// times do not increase.
    pub fn read(path: &Path) -> Result<Self, RecordingError> {
        let bytes = files::read(path, MOST_BYTES).map_err(|source| RecordingError::Read {
            path: path.to_path_buf(),
            source,
        })?;
        Self::from_bytes(path, &bytes)
    }

    /// The recording in the bytes of an npz file; `path` stands for it in messages.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn from_bytes(path: &Path, bytes: &[u8]) -> Result<Self, RecordingError> {
        let arrays = from_npz(bytes).map_err(|reason| RecordingError::Format {
            path: path.to_path_buf(),
            reason,
        })?;
        let times = array(path, &arrays, "t")?;
        let positions = array(path, &arrays, "pos")?;
        check_shapes(path, times, positions)?;
        check_times(path, &times.values)?;
        let (positions, _) = positions.values.as_chunks::<2>();
        for (row, place) in positions.iter().enumerate() {
            check_finite(path, "pos", row, place)?;
        }
        let digest = Sha256::digest(bytes);
        Ok(Self {
            path: path.to_path_buf(),
            sha256: hex(&digest),
            times_secs: times.values.clone(),
            positions: positions.to_vec(),
        })
    }

    /// The file that it was read from.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// SHA-256 of that file, in hexadecimal.
    pub fn sha256(&self) -> &str {
        &self.sha256
    }

    /// Times of the samples in seconds.
    pub fn times_secs(&self) -> &[f64] {
        &self.times_secs
    }

    /// Positions of the samples in metres.
    pub fn positions(&self) -> &[Point] {
        &self.positions
    }

    /// Checks that all of it lies in a box.
    ///
    /// # Errors
    /// [`RecordingError::Outside`], with the first sample that does not and what all span.
    pub fn check_within(&self, area: Area) -> Result<(), RecordingError> {
        let mut outside =
            (0..self.positions.len()).filter(|&row| !area.contains(self.positions[row]));
        let Some(row) = outside.next() else {
            return Ok(());
        };
        let extreme = |axis: usize, pick: fn(f64, f64) -> f64| {
            let along = self.positions.iter().map(|place| place[axis]);
            along.fold(self.positions[row][axis], pick)
        };
        Err(RecordingError::Outside {
            path: self.path.clone(),
            row,
            value: self.positions[row],
            area,
            least: [extreme(0, f64::min), extreme(1, f64::min)],
            most: [extreme(0, f64::max), extreme(1, f64::max)],
        })
    }
}

/// Without its thousands of samples.
impl fmt::Debug for Recording {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recording")
            .field("path", &self.path)
            .field("sha256", &self.sha256)
            .field("samples", &self.times_secs.len())
            .finish_non_exhaustive()
    }
}

fn array<'a>(
    path: &Path,
    arrays: &'a Tensors,
    name: &'static str,
) -> Result<&'a Tensor, RecordingError> {
    let found = arrays.get(name).filter(|array| array.is_numeric());
    found.ok_or_else(|| {
        let numeric = arrays.iter().filter(|(_, array)| array.is_numeric());
        RecordingError::Missing {
            path: path.to_path_buf(),
            array: name,
            found: numeric.map(|(name, _)| name.clone()).collect(),
        }
    })
}

fn check_shapes(path: &Path, times: &Tensor, positions: &Tensor) -> Result<(), RecordingError> {
    let wrong = |array, found: &Tensor, expected: String| {
        Err(RecordingError::Shape {
            path: path.to_path_buf(),
            array,
            found: found.shape.clone(),
            expected,
        })
    };
    match times.shape[..] {
        [samples] if samples >= 2 => {
            if positions.shape == [samples, 2] {
                Ok(())
            } else {
                let expected = format!("[{samples}, 2], x and y in metres of each time in `t`");
                wrong("pos", positions, expected)
            }
        }
        _ => wrong(
            "t",
            times,
            "one time in seconds a sample, at least two".to_owned(),
        ),
    }
}

fn check_times(path: &Path, times_secs: &[f64]) -> Result<(), RecordingError> {
    for (row, &time) in times_secs.iter().enumerate() {
        check_finite(path, "t", row, &[time])?;
        let before = times_secs[row.saturating_sub(1)];
        if row > 0 && time <= before {
            return Err(RecordingError::NotIncreasing {
                path: path.to_path_buf(),
                row,
                before,
                value: time,
            });
        }
    }
    Ok(())
}

fn check_finite(
    path: &Path,
    array: &'static str,
    row: usize,
    values: &[f64],
) -> Result<(), RecordingError> {
    match values.iter().find(|value| !value.is_finite()) {
        None => Ok(()),
        Some(&value) => Err(RecordingError::NotFinite {
            path: path.to_path_buf(),
            array,
            row,
            value,
        }),
    }
}

#[cfg(test)]
#[path = "recording_tests.rs"]
pub(crate) mod tests;
