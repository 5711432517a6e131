//! Files with what may go wrong with them: reading in bounds, and writing so that a file is there whole or not at all.
//!
//! What is read must be a regular file: a FIFO would be waited for without end, a device read without end. Sizes are looked
//! at before memory is taken for them.
//!
//! Writing: a temporary file beside the target, then a rename, which on one file system is atomic; a flush of file
//! and folder where the content must survive a power cut.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::memory::size_text;

/// End of the names of files that are being written.
pub const TEMPORARY: &str = ".tmp";

/// Opens a regular file for reading; a symbolic link to one is followed.
pub fn open(path: &Path) -> io::Result<File> {
    require_regular(&fs::metadata(path)?)?;
    let file = reading().open(path)?;
    // It may have been exchanged in between.
    require_regular(&file.metadata()?)?;
    Ok(file)
}

/// Opens a regular file for reading; a symbolic link is refused.
pub(crate) fn open_itself(path: &Path) -> io::Result<File> {
    require_regular(&fs::symlink_metadata(path)?)?;
    let file = without_links(&mut reading()).open(path)?;
    require_regular(&file.metadata()?)?;
    Ok(file)
}

/// Opens a file for appending, made if it is not there; a symbolic link and whatever else is no regular file are refused.
pub fn append_to(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.create(true).append(true);
    let file =
        without_links(&mut options).open(path).map_err(|error| {
            match fs::symlink_metadata(path) {
                Ok(found) if !found.is_file() => not_regular(&found),
                _ => error,
            }
        })?;
    require_regular(&file.metadata()?)?;
    Ok(file)
}

fn reading() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        // Opening a FIFO must not wait for a writer.
        options.custom_flags(rustix::fs::OFlags::NONBLOCK.bits() as i32);
    }
    options
}

fn without_links(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
        options.custom_flags(flags.bits() as i32);
    }
    options
}

fn require_regular(found: &fs::Metadata) -> io::Result<()> {
    if found.is_file() {
        Ok(())
    } else {
        Err(not_regular(found))
    }
}

fn not_regular(found: &fs::Metadata) -> io::Error {
    let kind = found.file_type();
    let what = if kind.is_dir() {
        "a folder"
    } else if kind.is_symlink() {
        "a symbolic link"
    } else {
        "a device, FIFO or socket"
    };
    io::Error::new(
        io::ErrorKind::InvalidInput,
        format!("it is {what}, not a file"),
    )
}

/// The content of a regular file of at most `most` bytes; a symbolic link to one is followed.
pub fn read(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    read_open(&mut open(path)?, most)
}

/// The same as text.
pub fn read_text(path: &Path, most: u64) -> io::Result<String> {
    text(read(path, most)?)
}

/// The text of bytes; an error if they are none.
pub(crate) fn text(bytes: Vec<u8>) -> io::Result<String> {
    String::from_utf8(bytes).map_err(|error| {
        let place = error.utf8_error().valid_up_to();
        let reason = format!("it is no text: byte {place} is not UTF-8");
        io::Error::new(io::ErrorKind::InvalidData, reason)
    })
}

/// The rest of an open file of at most `most` bytes.
pub(crate) fn read_open(file: &mut File, most: u64) -> io::Result<Vec<u8>> {
    let length = file.metadata()?.len();
    if length > most {
        let reason = format!(
            "it has {}, at most {} are read",
            size_text(length),
            size_text(most)
        );
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, reason));
    }
    let mut bytes = reserved(length)?;
    // A file that grows while it is read ends where it ended.
    file.take(length).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Some bytes of an open file from `offset` on.
pub(crate) fn read_range(file: &mut File, offset: u64, length: u64) -> io::Result<Vec<u8>> {
    use std::io::Seek as _;
    let there = file.metadata()?.len();
    if offset.checked_add(length).is_none_or(|end| end > there) {
        let reason = format!("it ends at byte {there}, before byte {offset} + {length}");
        return Err(io::Error::new(io::ErrorKind::UnexpectedEof, reason));
    }
    file.seek(io::SeekFrom::Start(offset))?;
    let mut bytes = reserved(length)?;
    file.take(length).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The last bytes of an open file, at most `most`.
pub fn read_end(file: &mut File, most: u64) -> io::Result<Vec<u8>> {
    let length = file.metadata()?.len();
    let shown = length.min(most);
    read_range(file, length - shown, shown)
}

/// Memory for so many bytes, or an error where there is none.
fn reserved(length: u64) -> io::Result<Vec<u8>> {
    let out_of_memory = || {
        let reason = format!("there is no memory for its {}", size_text(length));
        io::Error::new(io::ErrorKind::OutOfMemory, reason)
    };
    if length > (1 << 20) && crate::memory::available_bytes().is_some_and(|left| length > left) {
        return Err(out_of_memory());
    }
    let mut bytes = Vec::new();
    let length = usize::try_from(length).map_err(|_| out_of_memory())?;
    bytes
        .try_reserve_exact(length)
        .map_err(|_| out_of_memory())?;
    Ok(bytes)
}

/// Puts `bytes` at `path`, whole and on the disk, or not at all. A symbolic link there is replaced, not written through.
pub fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    replace(path, |file| {
        file.write_all(bytes)?;
        file.sync_all()
    })?;
    path.parent().map_or(Ok(()), sync_folder)
}

/// The same without waiting for the disk; [`sync`] is to follow.
pub(crate) fn write_unsynced(path: &Path, bytes: &[u8]) -> io::Result<()> {
    replace(path, |file| file.write_all(bytes))
}

/// Makes a file under a name of its own, has it filled, and gives it its name; what fails leaves nothing.
pub(crate) fn replace(
    path: &Path,
    fill: impl FnOnce(&mut File) -> io::Result<()>,
) -> io::Result<()> {
    let (mut file, temporary) = create_temporary(path)?;
    let written = fill(&mut file).and_then(|()| fs::rename(&temporary, path));
    if written.is_err() {
        fs::remove_file(&temporary).ok();
    }
    written
}

/// A new file beside `path` that nobody else has: no other process, thread or planted link.
fn create_temporary(path: &Path) -> io::Result<(File, PathBuf)> {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    loop {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let temporary = temporary_path(path, &format!("{}-{number}", std::process::id()));
        match File::create_new(&temporary) {
            // Left by a process of the same number that was killed.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            made => return made.map(|file| (file, temporary)),
        }
    }
}

/// A name beside `path` for a file that is not yet in its place; `*.parquet` does not match it.
pub(crate) fn temporary_path(path: &Path, mark: &str) -> PathBuf {
    let mut name = OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(format!(".{mark}{TEMPORARY}"));
    path.with_file_name(name)
}

/// Makes renames in a folder durable, on systems where folders can be opened as files.
pub(crate) fn sync_folder(path: &Path) -> io::Result<()> {
    if cfg!(unix) {
        let here = Path::new(".");
        let path = if path.as_os_str().is_empty() {
            here
        } else {
            path
        };
        File::open(path)?.sync_all()?;
    }
    Ok(())
}

/// Waits until these files, all below `dir`, are on the disk under their names.
///
/// Where the system can, by one call for the whole file system (`syncfs`), which costs the disk one flush whatever their
/// number; elsewhere file by file and folder by folder.
pub(crate) fn sync(dir: &Path, files: &[PathBuf]) -> io::Result<()> {
    if files.is_empty() {
        return Ok(());
    }
    #[cfg(target_os = "linux")]
    if sync_file_system(dir, files)? {
        return Ok(());
    }
    let mut folders: Vec<&Path> = files.iter().filter_map(|file| file.parent()).collect();
    folders.sort_unstable();
    folders.dedup();
    for file in files {
        match File::open(file) {
            // Users may delete the log.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            file => file?.sync_all()?,
        }
    }
    folders.into_iter().try_for_each(sync_folder)
}

/// `false` where one call is not known to reach the disk: file systems in user space and of virtual machines' hosts do not
/// pass it on, and another file system may be mounted within the run.
#[cfg(target_os = "linux")]
fn sync_file_system(dir: &Path, files: &[PathBuf]) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt as _;
    const FUSE: u64 = 0x6573_5546;
    const PLAN_9: u64 = 0x0102_1997;
    let folder = File::open(dir)?;
    let device = folder.metadata()?.dev();
    let kind = rustix::fs::fstatfs(&folder)?.f_type as u64 & 0xffff_ffff;
    let is_elsewhere = |file: &PathBuf| fs::metadata(file).is_ok_and(|found| found.dev() != device);
    if [FUSE, PLAN_9].contains(&kind) || files.iter().any(is_elsewhere) {
        return Ok(false);
    }
    rustix::fs::syncfs(&folder)?;
    Ok(true)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_whole_and_nothing_else_is_left() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("table.parquet");
        write(&path, b"before").unwrap();
        write_unsynced(&path, b"after").unwrap();
        sync(dir.path(), std::slice::from_ref(&path)).unwrap();
        assert_eq!(read(&path, 5).unwrap(), b"after");
        let failed = replace(&path, |file| {
            file.write_all(b"half")?;
            Err(io::ErrorKind::StorageFull.into())
        });
        assert_eq!(failed.unwrap_err().kind(), io::ErrorKind::StorageFull);
        assert_eq!(read(&path, 5).unwrap(), b"after");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_is_larger_than_it_may_be_is_not_read() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("sparse");
        File::create(&path).unwrap().set_len(1 << 40).unwrap();
        let error = read(&path, 1 << 20).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::FileTooLarge);
        assert!(error.to_string().contains("1.0 TiB"), "{error}");
        let error = read(&path, u64::MAX).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::OutOfMemory, "{error}");
        let mut file = open(&path).unwrap();
        assert!(read_range(&mut file, 1 << 40, 1).is_err());
        assert!(read_range(&mut file, u64::MAX, u64::MAX).is_err());
    }

    #[cfg(unix)]
    #[test]
    fn fifos_devices_folders_and_planted_links_are_refused() {
        use std::os::unix::fs::symlink;
        let dir = tempfile::tempdir().unwrap();
        let fifo = dir.path().join("fifo");
        let made = std::process::Command::new("mkfifo").arg(&fifo).status();
        assert!(made.unwrap().success());
        for path in [fifo.as_path(), Path::new("/dev/zero"), dir.path()] {
            let error = read(path, 100).unwrap_err();
            assert!(error.to_string().contains("not a file"), "{error}");
        }
        let target = dir.path().join("elsewhere");
        fs::write(&target, "untouched").unwrap();
        let link = dir.path().join("log.txt");
        symlink(&target, &link).unwrap();
        assert_eq!(read(&link, 100).unwrap(), b"untouched");
        assert!(open_itself(&link).is_err());
        assert!(append_to(&link).is_err());
        assert!(append_to(&fifo).is_err());
        write(&link, b"in place of the link").unwrap();
        assert_eq!(read(&target, 100).unwrap(), b"untouched");
    }
}
