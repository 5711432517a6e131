//! Writing a run so that a kill at any instant costs nothing that the manifest names.

use std::collections::HashSet;
use std::fs::{self, File, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use sha2::{Digest, Sha256};

use super::error::TraceError;
use super::manifest::{Ending, Event, FileRecord, MANIFEST_FILE, Manifest, ManifestAppender};
use super::rows::{
    BranchRow, EvaluationRow, EventRow, FixedPointRow, LandscapeRow, SlowPointRow, SpectrumRow,
    StepRow, TrialRow,
};
use super::schema::Table;
use super::table::{Row, encode};

pub(super) const CHECKPOINTS_FOLDER: &str = "checkpoints";
/// Name of the file with a run's resolved curriculum; every run has one.
pub const RUN_FILE: &str = "run.toml";
const LOG_FILE: &str = "log.txt";

/// The text of a `run.toml`: the resolved curriculum, then `about` (seed, versions, host) as its table `[run]`.
pub fn run_toml(curriculum_text: &str, about: &toml::Table) -> String {
    let table = toml::Table::from_iter([("run".to_owned(), toml::Value::Table(about.clone()))]);
    format!("{}\n\n{table}", curriculum_text.trim_end())
}

/// The one writer of a run; a lock keeps a second one out as long as it lives.
///
/// Training and analysis may write from two threads. Whatever a call writes belongs to the run when the call
/// returns, and not before: files first, then the manifest line that names them.
#[derive(Debug)]
pub struct RunWriter {
    dir: PathBuf,
    ledger: Mutex<Ledger>,
    /// Holds the lock. The log, because readers have no need of it where a lock also keeps readers out.
    log: Mutex<File>,
}

/// What analysis gives for a checkpoint.
#[derive(Debug, Clone, Copy, Default)]
pub struct LandscapeTables<'a> {
    /// One row a constant input.
    pub landscapes: &'a [LandscapeRow],
    /// The fixed points.
    pub fixed_points: &'a [FixedPointRow],
    /// The slow points.
    pub slow_points: &'a [SlowPointRow],
    /// The eigenvalues of the fixed points.
    pub spectra: &'a [SpectrumRow],
    /// The bifurcations since the checkpoint before and the branches that the fixed points lie on, in runs that keep them.
    pub history: Option<(&'a [EventRow], &'a [BranchRow])>,
}

#[derive(Debug)]
struct Ledger {
    manifest: ManifestAppender,
    named: HashSet<String>,
}

impl RunWriter {
    /// Starts a run in `dir`, which may be missing, with `run_toml` as its `run.toml`.
    pub fn create(dir: impl AsRef<Path>, run_toml: &str) -> Result<Self, TraceError> {
        let dir = dir.as_ref();
        if dir.join(RUN_FILE).exists() || dir.join(MANIFEST_FILE).exists() {
            return Err(TraceError::AlreadyARun {
                path: dir.to_path_buf(),
            });
        }
        let run_file = dir.join(RUN_FILE);
        run_toml
            .parse::<toml::Table>()
            .map_err(|error| TraceError::RunToml {
                path: run_file.clone(),
                reason: error.to_string(),
            })?;
        make_folders(dir)?;
        let log = lock_log(dir)?;
        write_durably(&run_file, run_toml.as_bytes())?;
        Self::begin(dir, log)
    }

    /// Takes up the run in `dir` again: cuts off half a manifest line and removes what no line names.
    pub fn resume(dir: impl AsRef<Path>) -> Result<Self, TraceError> {
        let dir = dir.as_ref();
        if !dir.join(RUN_FILE).exists() {
            return Err(TraceError::NotARun {
                path: dir.to_path_buf(),
            });
        }
        make_folders(dir)?;
        let log = lock_log(dir)?;
        Self::begin(dir, log)
    }

    fn begin(dir: &Path, log: File) -> Result<Self, TraceError> {
        let manifest = Manifest::read(dir)?;
        let files = manifest.events().iter().flat_map(Event::files);
        let named: HashSet<String> = files.map(|file| file.path.clone()).collect();
        remove_leftovers(dir, &named)?;
        let appender = ManifestAppender::open(&manifest)?;
        sync_folder(dir)?;
        let ledger = Mutex::new(Ledger {
            manifest: appender,
            named,
        });
        Ok(Self {
            dir: dir.to_path_buf(),
            ledger,
            log: Mutex::new(log),
        })
    }

    /// The run's directory.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Writes what training gives at a checkpoint: `weights` (safetensors bytes), the steps since the file of
    /// steps before, the probe trials, and the evaluations of probe tasks, which have a file only if there are any.
    pub fn write_checkpoint(
        &self,
        checkpoint: u32,
        step: u64,
        weights: &[u8],
        steps: &[StepRow],
        trials: &[TrialRow],
        evaluations: &[EvaluationRow],
    ) -> Result<(), TraceError> {
        let name = format!("{step:08}");
        let mut files = vec![
            self.write_weights(&name, weights)?,
            self.write_table(&name, steps)?,
            self.write_table(&name, trials)?,
        ];
        if !evaluations.is_empty() {
            files.push(self.write_table(&name, evaluations)?);
        }
        self.append(&Event::Checkpoint {
            checkpoint,
            step,
            files,
        })
    }

    /// Writes what analysis gives for a checkpoint, without a history.
    pub fn write_landscape(
        &self,
        checkpoint: u32,
        step: u64,
        landscapes: &[LandscapeRow],
        fixed_points: &[FixedPointRow],
        slow_points: &[SlowPointRow],
        spectra: &[SpectrumRow],
    ) -> Result<(), TraceError> {
        let tables = LandscapeTables {
            landscapes,
            fixed_points,
            slow_points,
            spectra,
            history: None,
        };
        self.write_analysed(checkpoint, step, &tables)
    }

    /// Writes what analysis gives for a checkpoint. Tables may be empty: a network may have no fixed point.
    pub fn write_analysed(
        &self,
        checkpoint: u32,
        step: u64,
        tables: &LandscapeTables<'_>,
    ) -> Result<(), TraceError> {
        let name = format!("{step:08}");
        let mut files = vec![
            self.write_table(&name, tables.landscapes)?,
            self.write_table(&name, tables.fixed_points)?,
            self.write_table(&name, tables.slow_points)?,
            self.write_table(&name, tables.spectra)?,
        ];
        if let Some((events, branches)) = tables.history {
            files.push(self.write_table(&name, events)?);
            files.push(self.write_table(&name, branches)?);
        }
        self.append(&Event::Landscape {
            checkpoint,
            step,
            files,
        })
    }

    /// Writes what a clean stop between two checkpoints leaves: `weights`, and the steps since the file of
    /// steps before. At a step that was written already, and without new rows, there is nothing to do.
    pub fn write_pause(
        &self,
        step: u64,
        weights: &[u8],
        steps: &[StepRow],
    ) -> Result<(), TraceError> {
        let name = format!("{step:08}.pause");
        let already_safe = [weights_path(&name), weights_path(&format!("{step:08}"))];
        if steps.is_empty()
            && already_safe
                .iter()
                .any(|path| self.lock_ledger().named.contains(path))
        {
            return Ok(());
        }
        let files = vec![
            self.write_weights(&name, weights)?,
            self.write_table(&name, steps)?,
        ];
        self.append(&Event::Pause { step, files })
    }

    /// Notes that the run is over.
    pub fn write_ending(&self, ending: Ending) -> Result<(), TraceError> {
        self.append(&Event::Ending(ending))
    }

    /// Appends a line to `log.txt`.
    pub fn log(&self, line: &str) -> Result<(), TraceError> {
        let mut log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        let written = log.write_all(format!("{line}\n").as_bytes());
        written.map_err(|error| TraceError::write(&self.dir.join(LOG_FILE), error))
    }

    fn write_weights(&self, name: &str, weights: &[u8]) -> Result<FileRecord, TraceError> {
        self.write_file(weights_path(name), weights, None)
    }

    fn write_table<R: Row>(&self, name: &str, rows: &[R]) -> Result<FileRecord, TraceError> {
        let path = format!("{}/{name}.parquet", R::TABLE.name());
        self.write_file(path, &encode(rows)?, Some(rows.len() as u64))
    }

    fn write_file(
        &self,
        path: String,
        bytes: &[u8],
        rows: Option<u64>,
    ) -> Result<FileRecord, TraceError> {
        let full_path = self.dir.join(&path);
        if self.lock_ledger().named.contains(&path) {
            return Err(TraceError::AlreadyWritten { path: full_path });
        }
        write_durably(&full_path, bytes)?;
        Ok(FileRecord {
            path,
            bytes: bytes.len() as u64,
            sha256: sha256_hex(bytes),
            rows,
        })
    }

    fn append(&self, event: &Event) -> Result<(), TraceError> {
        let mut ledger = self.lock_ledger();
        ledger.manifest.append(event)?;
        ledger
            .named
            .extend(event.files().iter().map(|file| file.path.clone()));
        Ok(())
    }

    fn lock_ledger(&self) -> MutexGuard<'_, Ledger> {
        // The ledger is valid after every statement that changes it, so a panic elsewhere does not spoil it.
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Writes the events of the run in `dir`, in place of those there were; atomically, and beside a writer of the run.
pub fn write_events(dir: &Path, rows: &[EventRow]) -> Result<(), TraceError> {
    write_derived(dir, rows)
}

/// Writes the branches of the run in `dir`, in place of those there were; atomically, and beside a writer of the run.
pub fn write_branches(dir: &Path, rows: &[BranchRow]) -> Result<(), TraceError> {
    write_derived(dir, rows)
}

/// Writes the tables of one landscape into a folder that need not be a run, each as `TABLE.parquet`; the folder is made.
pub fn export_landscape(
    dir: &Path,
    landscapes: &[LandscapeRow],
    fixed_points: &[FixedPointRow],
    slow_points: &[SlowPointRow],
    spectra: &[SpectrumRow],
) -> Result<(), TraceError> {
    fs::create_dir_all(dir).map_err(|error| TraceError::write(dir, error))?;
    write_derived(dir, landscapes)?;
    write_derived(dir, fixed_points)?;
    write_derived(dir, slow_points)?;
    write_derived(dir, spectra)
}

/// A table that is derived from the others.
fn write_derived<R: Row>(dir: &Path, rows: &[R]) -> Result<(), TraceError> {
    write_durably(&dir.join(derived_file(R::TABLE)), &encode(rows)?)
}

/// Name of the file of a table that is derived.
pub(super) fn derived_file(table: Table) -> String {
    format!("{}.parquet", table.name())
}

fn weights_path(name: &str) -> String {
    format!("{CHECKPOINTS_FOLDER}/{name}.safetensors")
}

/// The folders of a run's files.
fn folders() -> impl Iterator<Item = &'static str> {
    std::iter::once(CHECKPOINTS_FOLDER).chain(Table::GROWING.map(Table::name))
}

fn make_folders(dir: &Path) -> Result<(), TraceError> {
    for folder in folders() {
        let path = dir.join(folder);
        fs::create_dir_all(&path).map_err(|error| TraceError::write(&path, error))?;
    }
    Ok(())
}

fn lock_log(dir: &Path) -> Result<File, TraceError> {
    let path = dir.join(LOG_FILE);
    let log = File::options()
        .create(true)
        .append(true)
        .open(&path)
        .map_err(|error| TraceError::write(&path, error))?;
    match log.try_lock() {
        Err(TryLockError::WouldBlock) => Err(TraceError::Busy {
            path: dir.to_path_buf(),
        }),
        // Some network file systems have no locks; a run there is as good as its user is careful.
        Ok(()) | Err(TryLockError::Error(_)) => Ok(log),
    }
}

/// Removes what a killed writer left: files in the run's folders that are named as its files are, or end in
/// `.tmp`, and that the manifest does not name. Whatever else lies there is not ours.
fn remove_leftovers(dir: &Path, named: &HashSet<String>) -> Result<(), TraceError> {
    for folder in folders() {
        let folder_path = dir.join(folder);
        let read_error = |error| TraceError::read(&folder_path, error);
        for file in fs::read_dir(&folder_path).map_err(read_error)? {
            let file_name = file.map_err(read_error)?.file_name();
            let Some(file_name) = file_name.to_str() else {
                continue;
            };
            if is_name_of_ours(file_name) && !named.contains(&format!("{folder}/{file_name}")) {
                let path = folder_path.join(file_name);
                fs::remove_file(&path).map_err(|error| TraceError::write(&path, error))?;
            }
        }
    }
    Ok(())
}

fn is_name_of_ours(file_name: &str) -> bool {
    let without_tmp = file_name.strip_suffix(".tmp").unwrap_or(file_name);
    let stem = without_tmp
        .strip_suffix(".parquet")
        .or_else(|| without_tmp.strip_suffix(".safetensors"));
    let step = stem.map(|stem| stem.strip_suffix(".pause").unwrap_or(stem));
    step.is_some_and(|step| step.len() >= 8 && step.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Puts `bytes` at `path`, whole and on the disk, or not at all: the one way by which files of a run are made.
pub(super) fn write_durably(path: &Path, bytes: &[u8]) -> Result<(), TraceError> {
    let mut tmp_path = path.as_os_str().to_owned();
    tmp_path.push(".tmp");
    let tmp_path = PathBuf::from(tmp_path);
    let written = write_and_sync(&tmp_path, bytes).and_then(|()| fs::rename(&tmp_path, path));
    if let Err(error) = written {
        fs::remove_file(&tmp_path).ok();
        return Err(TraceError::write(path, error));
    }
    path.parent().map_or(Ok(()), sync_folder)
}

fn write_and_sync(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Makes renames in a folder durable, on systems where folders can be opened as files.
fn sync_folder(path: &Path) -> Result<(), TraceError> {
    if cfg!(unix) {
        let synced = File::open(path).and_then(|folder| folder.sync_all());
        synced.map_err(|error| TraceError::write(path, error))?;
    }
    Ok(())
}

/// SHA-256 as 64 lower-case hexadecimal digits.
pub fn sha256_hex(bytes: &[u8]) -> String {
    let mut hex = String::with_capacity(64);
    for byte in Sha256::digest(bytes) {
        for half in [byte >> 4, byte & 0xf] {
            hex.extend(char::from_digit(u32::from(half), 16));
        }
    }
    hex
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn sha256_is_written_as_everybody_writes_it() {
        assert_eq!(
            sha256_hex(b"abc"),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_leaves_what_was_there_and_nothing_half_written() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("00000010.safetensors");
        let tmp_path = dir.path().join("00000010.safetensors.tmp");
        write_durably(&path, b"before").unwrap();
        std::os::unix::fs::symlink("/dev/full", &tmp_path).unwrap();
        let message = write_durably(&path, b"after").unwrap_err().to_string();
        assert!(
            message.contains("00000010.safetensors") && message.contains("free some space"),
            "{message}"
        );
        assert_eq!(fs::read(&path).unwrap(), b"before");
        assert!(
            fs::symlink_metadata(&tmp_path).is_err(),
            "the .tmp file is gone"
        );
    }

    #[test]
    fn only_names_of_the_format_are_ours_to_remove() {
        for ours in [
            "00000600.parquet",
            "00000600.pause.safetensors",
            "00000600.parquet.tmp",
            "123456789.parquet",
        ] {
            assert!(is_name_of_ours(ours), "{ours}");
        }
        for not_ours in [
            "notes.txt",
            "600.parquet",
            "my.parquet",
            "00000600",
            "00000600.csv",
            "x.tmp",
        ] {
            assert!(!is_name_of_ours(not_ours), "{not_ours}");
        }
    }
}
