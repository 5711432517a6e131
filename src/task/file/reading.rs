//! A file of trials, told by its first bytes: npz or Parquet.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use sha2::{Digest as _, Sha256};

use super::checks::ARRAYS;
use super::columns;
use super::error::TrialsError;
use super::trials::{Parts, TrialSet};
use crate::arrays::{from_npz, texts_in_npz};
use crate::files;
use crate::hex::hex;

/// Bytes of the largest file that is read.
const MOST_BYTES: u64 = 8 << 30;

/// Array of the names of conditions.
const NAMES: &str = "condition_names";
/// The files in use, by their digests: stages and probes that name one file share its trials.
static IN_USE: Mutex<Vec<(String, Weak<TrialSet>)>> = Mutex::new(Vec::new());

/// Reads a file; one that cannot be read, but is in use from elsewhere with the digest `wanted`, is that one.
///
/// # Errors
/// As [`TrialSet::of_parts`]; or the file cannot be read, is of no known format, or damaged.
pub(super) fn read(path: &Path, wanted: Option<&str>) -> Result<Arc<TrialSet>, TrialsError> {
    let bytes = match files::read(path, MOST_BYTES) {
        Ok(bytes) => bytes,
        Err(source) => {
            let path = path.to_path_buf();
            let known = wanted.and_then(in_use);
            return known.ok_or(TrialsError::Read { path, source });
        }
    };
    let sha256 = hex(&Sha256::digest(&bytes));
    if let Some(known) = in_use(&sha256) {
        return Ok(known);
    }
    let parts = parts(path, bytes)?;
    let set = Arc::new(TrialSet::of_parts(path, sha256.clone(), parts)?);
    let mut all = IN_USE.lock().unwrap_or_else(PoisonError::into_inner);
    all.retain(|(_, set)| set.strong_count() > 0);
    all.push((sha256, Arc::downgrade(&set)));
    Ok(set)
}

fn in_use(sha256: &str) -> Option<Arc<TrialSet>> {
    let all = IN_USE.lock().unwrap_or_else(PoisonError::into_inner);
    let mut known = all.iter().filter(|(of, _)| of.eq_ignore_ascii_case(sha256));
    known.find_map(|(_, set)| set.upgrade())
}

/// The parts of a file, whose bytes say what it is.
pub(super) fn parts(path: &Path, bytes: Vec<u8>) -> Result<Parts, TrialsError> {
    let format = |reason: String| TrialsError::Format {
        path: path.to_path_buf(),
        reason,
    };
    if bytes.starts_with(b"PAR1") {
        return columns::parts(path, bytes);
    }
    if !bytes.starts_with(b"PK\x03\x04") {
        let reason = "it begins as neither an npz file (`numpy.savez(file, inputs=…, targets=…)`) nor a Parquet file";
        return Err(format(reason.to_owned()));
    }
    let arrays = from_npz(&bytes).map_err(format)?;
    let condition_names =
        texts_in_npz(&bytes, NAMES).map_err(|reason| format(format!("{NAMES}: {reason}")))?;
    let known = [ARRAYS.as_slice(), &[NAMES]].concat();
    check_names(path, arrays.keys(), &known)?;
    let found = arrays.keys().cloned().collect();
    Ok(Parts {
        arrays,
        condition_names,
        found,
    })
}

/// Refuses names that are nearly, but not quite, those that mean something; all others are not meant.
pub(super) fn check_names<'a>(
    path: &Path,
    names: impl IntoIterator<Item = &'a String>,
    known: &[&str],
) -> Result<(), TrialsError> {
    for name in names {
        // Short words are near each other without being meant: `task` and `mask`, `date` and `time`.
        let is_near = |of: &&&str| match strsim::damerau_levenshtein(name, of) {
            1 => name.len() != of.len() || name.len() > 5,
            2 => name.len() > 5 && of.len() > 5,
            _ => false,
        };
        if known.contains(&name.as_str()) {
            continue;
        }
        if let Some(near) = known.iter().find(is_near) {
            return Err(TrialsError::Unfit {
                path: path.to_path_buf(),
                reason: format!("it has `{name}`, which is not known; did you mean `{near}`?"),
            });
        }
    }
    Ok(())
}
