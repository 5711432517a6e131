//! One writer a run: a lock of the operating system on the file `lock`, which says who holds it, and on the folder itself,
//! so that deleting the file lets nobody in.
//!
//! The locks end with their process, however it ends. Where a file system has none, or none that other machines see, what
//! the file says takes their place, and the writer says so.
//!
//! Locks, and not the mere presence of a file, so that a killed process leaves none behind. Two are taken because
//! users delete lock files.

use std::fs::{self, File, TryLockError};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use super::error::TraceError;
use super::holder::{Holder, unix_time};
use crate::files;

/// Name of the lock in a run's folder; it is there while a writer is.
pub const LOCK_FILE: &str = "lock";

/// Looks at a lock before it counts as held: whoever asks who is writing holds it for a moment.
const LOOKS: u32 = 10;
const BETWEEN_LOOKS: Duration = Duration::from_millis(50);

/// The lock of a run, held until this is dropped.
#[derive(Debug)]
pub(super) struct RunLock {
    path: PathBuf,
    /// Hold the locks.
    file: File,
    _folder: Option<File>,
    /// What the user should know of how far the lock reaches.
    note: Option<String>,
}

impl RunLock {
    /// Takes the lock of the run in `dir`.
    pub(super) fn take(dir: &Path) -> Result<Self, TraceError> {
        let folder = lock_folder(dir)?;
        let path = dir.join(LOCK_FILE);
        let write_error = |error| TraceError::write(&path, error);
        for _ in 0..LOOKS {
            let file = files::append_to(&path).map_err(write_error)?;
            let note = match file.try_lock() {
                Ok(()) => locks_of_one_machine(dir),
                Err(TryLockError::WouldBlock) => {
                    std::thread::sleep(BETWEEN_LOOKS);
                    continue;
                }
                Err(TryLockError::Error(_)) => Some("has no locks".to_owned()),
            };
            // The one who held it may have taken the file away in between.
            if !is_same_file(&file, &path) {
                continue;
            }
            let mut lock = Self {
                path: path.clone(),
                file,
                _folder: folder,
                note: None,
            };
            if let Some(why) = note {
                refuse_a_living_holder(dir)?;
                lock.note = Some(format!(
                    "the file system of {} {why}: take care that nobody else writes this run",
                    crate::text::shown(dir)
                ));
            }
            lock.sign().map_err(write_error)?;
            return Ok(lock);
        }
        Err(busy(dir))
    }

    /// What the user should know of how far the lock reaches.
    pub(super) fn note(&self) -> Option<&str> {
        self.note.as_deref()
    }

    /// Writes into the file who holds it.
    fn sign(&mut self) -> std::io::Result<()> {
        let holder = Holder {
            host: host(),
            pid: std::process::id(),
            since: unix_time(),
        };
        self.file.set_len(0)?;
        writeln!(self.file, "{}", serde_json::to_string(&holder)?)
    }
}

impl Drop for RunLock {
    fn drop(&mut self) {
        if is_same_file(&self.file, &self.path) {
            fs::remove_file(&self.path).ok();
        }
    }
}

/// Who writes the run in `dir` now; `None` if nobody does.
pub fn holder(dir: &Path) -> Option<Holder> {
    let path = dir.join(LOCK_FILE);
    let file = files::open_itself(&path);
    let is_held = match &file {
        Ok(file) => match file.try_lock_shared() {
            Ok(()) => false,
            Err(TryLockError::WouldBlock) => true,
            Err(TryLockError::Error(_)) => signed(dir).is_some_and(|holder| holder.is_alive()),
        },
        Err(_) => false,
    };
    let is_held = is_held
        || File::open(dir)
            .is_ok_and(|folder| matches!(folder.try_lock_shared(), Err(TryLockError::WouldBlock)));
    is_held.then(|| holder_of(dir))
}

/// Who holds the lock of a run that is held: as the file says, or else the system.
fn holder_of(dir: &Path) -> Holder {
    signed(dir)
        .or_else(|| listed(dir))
        .unwrap_or_else(|| Holder {
            host: "an unknown machine".to_owned(),
            pid: 0,
            since: unix_time(),
        })
}

/// The process that holds the lock on the folder, as Linux lists it; for a file that was deleted.
#[cfg(unix)]
fn listed(dir: &Path) -> Option<Holder> {
    use std::os::unix::fs::MetadataExt as _;
    let inode = format!(":{}", fs::metadata(dir).ok()?.ino());
    let locks = fs::read_to_string("/proc/locks").ok()?;
    let pid = locks.lines().find_map(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let is_it = words.get(1) == Some(&"FLOCK") && words.get(5)?.ends_with(&inode);
        is_it.then(|| words[4].parse::<u32>().ok())?
    })?;
    let begun = fs::metadata(format!("/proc/{pid}")).and_then(|of| of.modified());
    let since = begun.ok()?.duration_since(UNIX_EPOCH).ok()?.as_secs();
    Some(Holder {
        host: host(),
        pid,
        since,
    })
}

#[cfg(not(unix))]
fn listed(_: &Path) -> Option<Holder> {
    None
}

impl Holder {
    /// Whether its process may still be there; on another machine nobody can know.
    fn is_alive(&self) -> bool {
        if self.host != host() {
            return true;
        }
        let process = PathBuf::from(format!("/proc/{}", self.pid));
        self.pid != std::process::id() && (process.exists() || !Path::new("/proc/self").exists())
    }
}

/// The lock on the folder, where folders can be locked (not on network file systems).
fn lock_folder(dir: &Path) -> Result<Option<File>, TraceError> {
    let Ok(folder) = File::open(dir) else {
        return Ok(None);
    };
    for _ in 0..LOOKS {
        match folder.try_lock() {
            Ok(()) => return Ok(Some(folder)),
            Err(TryLockError::WouldBlock) => std::thread::sleep(BETWEEN_LOOKS),
            Err(TryLockError::Error(_)) => return Ok(None),
        }
    }
    Err(busy(dir))
}

fn busy(dir: &Path) -> TraceError {
    TraceError::Busy {
        path: dir.to_path_buf(),
        holder: holder_of(dir),
    }
}

/// Where no lock keeps others out, what the file says does.
fn refuse_a_living_holder(dir: &Path) -> Result<(), TraceError> {
    match signed(dir).filter(Holder::is_alive) {
        Some(holder) => Err(TraceError::SignedByAnother {
            path: dir.join(LOCK_FILE),
            holder,
        }),
        None => Ok(()),
    }
}

/// Who the file says holds it.
fn signed(dir: &Path) -> Option<Holder> {
    let mut file = files::open_itself(&dir.join(LOCK_FILE)).ok()?;
    let bytes = files::read_open(&mut file, 4096).ok()?;
    serde_json::from_slice(&bytes).ok()
}

#[cfg(unix)]
fn is_same_file(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let (Ok(open), Ok(named)) = (file.metadata(), fs::symlink_metadata(path)) else {
        return false;
    };
    (open.dev(), open.ino()) == (named.dev(), named.ino())
}

#[cfg(not(unix))]
fn is_same_file(_: &File, path: &Path) -> bool {
    path.exists()
}

/// Name of this machine.
#[cfg(unix)]
pub fn host() -> String {
    let name = rustix::system::uname();
    name.nodename().to_string_lossy().into_owned()
}

/// Name of this machine.
#[cfg(not(unix))]
pub fn host() -> String {
    std::env::var("COMPUTERNAME").unwrap_or_default()
}

/// Why locks in a folder keep out this machine's processes only, as far as the table of mounts tells.
fn locks_of_one_machine(dir: &Path) -> Option<String> {
    let dir = dir.canonicalize().ok()?;
    let table = fs::read_to_string("/proc/self/mounts").ok()?;
    let (kind, options) = mount_of(&table, &dir)?;
    let has = |option: &str| options.split(',').any(|of| of == option);
    let is_local = match kind {
        "nfs" | "nfs4" => has("nolock") || has("local_lock=all") || has("local_lock=flock"),
        "cifs" | "smb3" => has("nobrl"),
        "lustre" => has("localflock"),
        "fuse.sshfs" | "fuse.s3fs" | "fuse.rclone" | "9p" => true,
        _ => false,
    };
    is_local.then(|| format!("({kind}) shows its locks to no other machine"))
}

/// Type and options of the mount that a path lies on: the one with the longest name.
fn mount_of<'a>(table: &'a str, path: &Path) -> Option<(&'a str, &'a str)> {
    let mounts = table.lines().filter_map(|line| {
        let mut words = line.split(' ');
        let (_, place) = (words.next()?, words.next()?);
        Some((place, words.next()?, words.next()?))
    });
    mounts
        .filter(|(place, ..)| path.starts_with(place.replace("\\040", " ")))
        .max_by_key(|(place, ..)| place.len())
        .map(|(_, kind, options)| (kind, options))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_says_who_holds_it_and_is_gone_with_its_holder() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(holder(dir.path()), None);
        let lock = RunLock::take(dir.path()).unwrap();
        let found = holder(dir.path()).unwrap();
        assert_eq!((found.pid, found.host), (std::process::id(), host()));
        let message = RunLock::take(dir.path()).unwrap_err().to_string();
        let pid = std::process::id().to_string();
        assert!(
            message.contains(&pid) && message.contains(&host()) && message.contains("ago"),
            "{message}"
        );
        drop(lock);
        assert_eq!(holder(dir.path()), None);
        assert!(!dir.path().join(LOCK_FILE).exists());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn deleting_the_file_lets_nobody_in() {
        let dir = tempfile::tempdir().unwrap();
        let lock = RunLock::take(dir.path()).unwrap();
        fs::remove_file(dir.path().join(LOCK_FILE)).unwrap();
        assert!(matches!(
            RunLock::take(dir.path()),
            Err(TraceError::Busy { .. })
        ));
        let found = holder(dir.path()).unwrap();
        assert_eq!(found.pid, std::process::id(), "the system knows");
        drop(lock);
        RunLock::take(dir.path()).unwrap();
    }

    #[test]
    fn a_file_of_a_process_that_was_killed_holds_nobody_up() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(LOCK_FILE);
        fs::write(&path, "{\"host\":\"elsewhere\",\"pid\":7,\"since\":5}\n").unwrap();
        assert_eq!(holder(dir.path()), None);
        RunLock::take(dir.path()).unwrap();
    }

    #[test]
    fn where_locks_do_not_reach_a_living_or_unknown_holder_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let sign = |host: &str, pid: u32| {
            let holder = Holder {
                host: host.to_owned(),
                pid,
                since: unix_time() - 600,
            };
            let text = serde_json::to_string(&holder).unwrap();
            fs::write(dir.path().join(LOCK_FILE), text).unwrap();
            refuse_a_living_holder(dir.path())
        };
        let message = sign("another-node", 7).unwrap_err().to_string();
        assert!(
            message.contains("another-node")
                && message.contains("10 min")
                && message.contains("delete"),
            "{message}"
        );
        assert!(sign(&host(), u32::MAX).is_ok(), "its process is gone");
    }

    #[test]
    fn the_table_of_mounts_tells_how_far_locks_reach() {
        let table = "/dev/vda / ext4 rw 0 0\nserver:/x /home nfs rw,local_lock=all 0 0\n\
                     server:/y /home/good nfs4 rw,local_lock=none 0 0\n";
        let of = |path: &str| mount_of(table, Path::new(path)).unwrap();
        assert_eq!(of("/mnt/run").0, "ext4");
        assert_eq!(of("/home/run"), ("nfs", "rw,local_lock=all"));
        assert_eq!(of("/home/good/run").0, "nfs4");
    }
}
