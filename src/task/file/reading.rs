//! A file of trials, told by its first bytes: npz or Parquet.

use std::io::{Cursor, Read as _};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use npyz::{DType, NpyFile};
use sha2::{Digest as _, Sha256};

use super::checks::ARRAYS;
use super::columns;
use super::error::TrialsError;
use super::trials::{Parts, TrialSet};
use crate::arrays::from_npz;
use crate::files;
use crate::guard::caught;
use crate::hex::hex;

/// Bytes of the largest file that is read.
const MOST_BYTES: u64 = 8 << 30;
/// Bytes of the names of conditions, as numpy writes them.
const MOST_NAME_BYTES: u64 = 1 << 20;

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
    let condition_names = names(&bytes).map_err(|reason| format(format!("{NAMES}: {reason}")))?;
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

/// The names of conditions in npz bytes: an array of texts as numpy writes it, UTF-32 of equal length; none if it is not there.
fn names(bytes: &[u8]) -> Result<Vec<String>, String> {
    let in_words = |error: std::io::Error| error.to_string();
    caught(|| {
        let mut archive =
            zip::ZipArchive::new(Cursor::new(bytes)).map_err(|error| error.to_string())?;
        let Ok(member) = archive.by_name(&format!("{NAMES}.npy")) else {
            return Ok(Vec::new());
        };
        let mut data = Vec::new();
        member
            .take(MOST_NAME_BYTES)
            .read_to_end(&mut data)
            .map_err(in_words)?;
        let file = NpyFile::new(data.as_slice()).map_err(in_words)?;
        let kind = match file.dtype() {
            DType::Plain(kind) => kind.to_string(),
            _ => String::new(),
        };
        let characters: Option<usize> = kind.strip_prefix("<U").and_then(|of| of.parse().ok());
        let (Some(characters), [count]) = (characters.filter(|&of| of > 0), file.shape()) else {
            return Err(
                "expected a list of texts, as `numpy.array([\"left\", \"right\"])`".to_owned(),
            );
        };
        let count = *count as usize;
        let mut texts = Vec::new();
        file.into_inner()
            .read_to_end(&mut texts)
            .map_err(in_words)?;
        let names: Vec<String> = texts
            .chunks_exact(characters.saturating_mul(4))
            .map(|text| {
                let (points, _) = text.as_chunks::<4>();
                let points = points.iter().map(|&bytes| u32::from_le_bytes(bytes));
                let letters = points.take_while(|&point| point != 0);
                letters
                    .map(|point| char::from_u32(point).unwrap_or('\u{fffd}'))
                    .collect()
            })
            .collect();
        if names.len() != count {
            return Err("there is not one name for each condition".to_owned());
        }
        Ok(names)
    })?
}
