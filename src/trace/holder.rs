//! Who writes a run.

use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

/// Who writes a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// Name of the machine.
    pub host: String,
    /// Number of the process there.
    pub pid: u32,
    /// Seconds since 1970-01-01 UTC at which it began.
    pub since: u64,
}

impl std::fmt::Display for Holder {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let secs = unix_time().saturating_sub(self.since);
        let ago = match secs {
            0..120 => format!("{secs} s"),
            120..7200 => format!("{} min", secs / 60),
            7200..172_800 => format!("{} h", secs / 3600),
            _ => format!("{} days", secs / 86_400),
        };
        let host = crate::text::escaped(&self.host);
        write!(out, "process {} on {host}, which began {ago} ago", self.pid)
    }
}

/// Seconds since 1970-01-01 UTC.
pub(crate) fn unix_time() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.map_or(0, |since| since.as_secs())
}
