//! How much memory there is, and sizes for people.

use std::fs;
use std::path::Path;

/// Bytes that this process can still take: what the machine has free, within what the user, the container and the job
/// allow. `None` where the system does not say.
pub fn available_bytes() -> Option<u64> {
    [
        machine_bytes(),
        control_group_bytes(),
        address_space_bytes(),
    ]
    .into_iter()
    .flatten()
    .min()
}

/// `MemAvailable` of Linux.
fn machine_bytes() -> Option<u64> {
    let text = fs::read_to_string("/proc/meminfo").ok()?;
    kibibytes(&text, "MemAvailable:")
}

/// What the limits of the control group and of those above it leave (version 2, then 1). What the system keeps of files in
/// memory counts as free: it gives that up when memory is asked for.
fn control_group_bytes() -> Option<u64> {
    let groups = fs::read_to_string("/proc/self/cgroup").ok()?;
    let left = |folder: &Path, [limit, used, prefix]: [&str; 3]| {
        let read = |file: &str| fs::read_to_string(folder.join(file)).ok();
        let number = |file: &str| read(file)?.trim().parse::<u64>().ok();
        // Version 1 says "no limit" by a number near the largest.
        let limit = number(limit).filter(|&bytes| bytes < 1 << 60)?;
        let used = number(used)?.saturating_sub(cached_bytes(&read("memory.stat")?, prefix));
        Some(limit.saturating_sub(used))
    };
    let least = |root: &str, path: &str, files: [&str; 3]| {
        let folder = Path::new(root).join(path.trim_start_matches('/'));
        let within = folder.ancestors().take_while(|at| at.starts_with(root));
        within.filter_map(|at| left(at, files)).min()
    };
    let of_line = |line: &str| {
        let mut parts = line.splitn(3, ':');
        let (_, controllers, path) = (parts.next()?, parts.next()?, parts.next()?);
        if controllers.is_empty() {
            let files = ["memory.max", "memory.current", ""];
            least("/sys/fs/cgroup", path, files)
        } else if controllers.split(',').any(|name| name == "memory") {
            let files = ["memory.limit_in_bytes", "memory.usage_in_bytes", "total_"];
            least("/sys/fs/cgroup/memory", path, files)
        } else {
            None
        }
    };
    groups.lines().filter_map(of_line).min()
}

/// What `memory.stat` says is kept of files.
fn cached_bytes(stat: &str, prefix: &str) -> u64 {
    let names = ["inactive_file", "active_file"].map(|name| format!("{prefix}{name}"));
    let lines = stat.lines().filter_map(|line| line.split_once(' '));
    lines
        .filter(|(name, _)| names.iter().any(|wanted| wanted == name))
        .filter_map(|(_, bytes)| bytes.trim().parse::<u64>().ok())
        .sum()
}

/// What `ulimit -v` leaves.
fn address_space_bytes() -> Option<u64> {
    let limits = fs::read_to_string("/proc/self/limits").ok()?;
    let line = limits
        .lines()
        .find_map(|line| line.strip_prefix("Max address space"))?;
    let soft: u64 = line.split_whitespace().next()?.parse().ok()?;
    let status = fs::read_to_string("/proc/self/status").ok()?;
    Some(soft.saturating_sub(kibibytes(&status, "VmSize:")?))
}

/// A line `NAME 1234 kB` of a file of `/proc`, in bytes.
fn kibibytes(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    let number: u64 = line.split_whitespace().next()?.parse().ok()?;
    number.checked_mul(1024)
}

/// A number of bytes for people: `1.5 GiB`.
pub fn size_text(bytes: u64) -> String {
    const UNITS: [&str; 6] = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    if bytes < 1024 {
        return format!("{bytes} bytes");
    }
    let mut size = bytes as f64 / 1024.0;
    let mut unit = 0;
    while size >= 1000.0 && unit + 1 < UNITS.len() {
        size /= 1024.0;
        unit += 1;
    }
    if size < 10.0 {
        format!("{size:.1} {}", UNITS[unit])
    } else {
        format!("{size:.0} {}", UNITS[unit])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_readable() {
        let texts = [0, 1023, 1536, 300 << 20, 3 << 39].map(size_text);
        assert_eq!(
            texts,
            ["0 bytes", "1023 bytes", "1.5 KiB", "300 MiB", "1.5 TiB"]
        );
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn linux_says_how_much_memory_is_left() {
        assert!(available_bytes().is_some_and(|bytes| bytes > 1 << 20));
    }
}
