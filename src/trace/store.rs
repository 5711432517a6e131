//! The files that a manifest names, read in one place: within the run, regular, and the very bytes that were written.
//!
//! Symbolic links are refused, so that a manifest from elsewhere cannot make a reader open files outside of the
//! run.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use sha2::{Digest as _, Sha256};

use super::error::TraceError;
use super::manifest::FileRecord;
use crate::files;
use crate::hex::hex;

/// SHA-256 as 64 lower-case hexadecimal digits.
pub fn digest(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// SHA-256 of a regular file, likewise.
pub fn file_digest(path: &Path) -> Result<String, TraceError> {
    let mut hasher = Sha256::new();
    files::open(path)
        .and_then(|mut file| hash_all(&mut file, |bytes| hasher.update(bytes)))
        .map_err(|error| TraceError::read(path, error))?;
    Ok(hex(&hasher.finalize()))
}

/// Says in words what is wrong with a path of the manifest: it must lie within the run, in a folder of it at most.
pub(super) fn check_path(path: &str) -> Result<(), String> {
    let parts: Vec<&str> = path.split('/').collect();
    let is_plain = |part: &&str| {
        !part.is_empty()
            && !part.starts_with('.')
            && part
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
    };
    if parts.len() <= 2 && parts.iter().all(is_plain) {
        Ok(())
    } else {
        Err(format!("{path:?} is no path within a run"))
    }
}

/// The bytes of a file that the manifest names, after a check of their number and SHA-256.
pub(super) fn read_checked(dir: &Path, file: &FileRecord) -> Result<Vec<u8>, TraceError> {
    let path = dir.join(&file.path);
    let mut open = open_named(dir, &file.path)?;
    check_length(&open, &path, file)?;
    let bytes = files::read_range(&mut open, 0, file.bytes);
    let bytes = bytes.map_err(|error| TraceError::read(&path, error))?;
    check_digest(&path, &bytes, &file.sha256)?;
    Ok(bytes)
}

/// Checks number and SHA-256 of the bytes of a file that the manifest names, without holding them in memory.
pub(super) fn check(dir: &Path, file: &FileRecord) -> Result<(), TraceError> {
    let path = dir.join(&file.path);
    let mut open = open_named(dir, &file.path)?;
    check_length(&open, &path, file)?;
    let mut hasher = Sha256::new();
    hash_all(&mut open, |bytes| hasher.update(bytes))
        .map_err(|error| TraceError::read(&path, error))?;
    check_hex(&path, &hex(&hasher.finalize()), &file.sha256)
}

/// Hands all bytes of a reader to `update`, piece by piece.
pub(super) fn hash_all(
    reader: &mut impl io::Read,
    mut update: impl FnMut(&[u8]),
) -> io::Result<()> {
    let mut buffer = vec![0; 1 << 16];
    loop {
        match reader.read(&mut buffer)? {
            0 => return Ok(()),
            count => update(&buffer[..count]),
        }
    }
}

/// A stretch of a file that the manifest names, after a check of its SHA-256.
pub(super) fn read_stretch(
    dir: &Path,
    name: &str,
    (offset, length): (u64, u64),
    sha256: &str,
) -> Result<Vec<u8>, TraceError> {
    let path = dir.join(name);
    let mut open = open_named(dir, name)?;
    let bytes =
        files::read_range(&mut open, offset, length).map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => TraceError::damaged(&path, error.to_string()),
            _ => TraceError::read(&path, error),
        })?;
    check_digest(&path, &bytes, sha256)?;
    Ok(bytes)
}

fn check_length(open: &File, path: &Path, file: &FileRecord) -> Result<(), TraceError> {
    let metadata = open.metadata();
    let length = metadata
        .map_err(|error| TraceError::read(path, error))?
        .len();
    if length == file.bytes {
        return Ok(());
    }
    let reason = format!("it has {length} bytes, {} were written", file.bytes);
    Err(TraceError::damaged(path, reason))
}

fn check_digest(path: &Path, bytes: &[u8], sha256: &str) -> Result<(), TraceError> {
    check_hex(path, &digest(bytes), sha256)
}

fn check_hex(path: &Path, found: &str, sha256: &str) -> Result<(), TraceError> {
    if found == sha256 {
        return Ok(());
    }
    let reason = "its SHA-256 is not that of what was written";
    Err(TraceError::damaged(path, reason))
}

/// Opens a file of a run by its path within it: neither the file nor the folder that it is in may be a symbolic link.
pub(super) fn open_named(dir: &Path, name: &str) -> Result<File, TraceError> {
    let path = dir.join(name);
    let failed = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound => TraceError::damaged(&path, MISSING),
        io::ErrorKind::InvalidInput | io::ErrorKind::NotADirectory => {
            TraceError::damaged(&path, error.to_string())
        }
        _ => TraceError::read(&path, error),
    };
    if let Some((folder, _)) = name.split_once('/') {
        let folder = fs::symlink_metadata(dir.join(folder)).map_err(failed)?;
        if !folder.is_dir() {
            let reason = "the folder that it should be in is a symbolic link or no folder";
            return Err(TraceError::damaged(&path, reason));
        }
    }
    files::open_itself(&path).map_err(failed)
}

/// What is said of a file that is not there.
pub(super) const MISSING: &str = "the file is missing";

/// Whether an error says that a file is not there; it may have been merged with others since the manifest was read.
pub(super) fn is_missing(error: &TraceError) -> bool {
    matches!(error, TraceError::Damaged { reason, .. } if reason == MISSING)
}

/// The record of a file of so many rows.
pub(super) fn record(path: impl Into<String>, bytes: &[u8], rows: Option<u64>) -> FileRecord {
    FileRecord {
        path: path.into(),
        bytes: bytes.len() as u64,
        sha256: digest(bytes),
        rows,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn sha256_is_written_as_everybody_writes_it() {
        assert_eq!(
            digest(b"abc"),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }

    #[test]
    fn paths_stay_within_the_run() {
        for good in [
            "run.toml",
            "events.parquet",
            "steps/00000600.pause.parquet",
            "steps/00000000-00000600.parquet",
        ] {
            assert_eq!(check_path(good), Ok(()), "{good}");
        }
        for bad in [
            "",
            "/etc/passwd",
            "/dev/zero",
            "../other/run.toml",
            "steps/../../x",
            "steps//x",
            "a/b/c",
            "steps/.hidden",
            "steps/\u{1b}[2J",
            "steps\\x",
        ] {
            assert!(check_path(bad).is_err(), "{bad}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn files_that_lie_elsewhere_are_refused() {
        let (dir, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let bytes = b"content";
        fs::write(elsewhere.path().join("file"), bytes).unwrap();
        fs::create_dir(dir.path().join("steps")).unwrap();
        let link = |from: &Path, to: &str| {
            std::os::unix::fs::symlink(from, dir.path().join(to)).unwrap();
        };
        link(&elsewhere.path().join("file"), "steps/file");
        link(elsewhere.path(), "trials");
        for path in ["steps/file", "trials/file"] {
            let error = read_checked(dir.path(), &record(path, bytes, None)).unwrap_err();
            assert!(error.to_string().contains("symbolic link"), "{error}");
        }
        let error = read_checked(dir.path(), &record("steps/none", bytes, None)).unwrap_err();
        assert!(is_missing(&error), "{error}");
    }
}
