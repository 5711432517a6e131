//! Signals that ask the program to stop.
//!
//! The first stops cleanly: Ctrl-C, SIGTERM, and SIGHUP, which a lost terminal sends. The second Ctrl-C says what is being
//! waited for, the third leaves at once. A signal that was ignored when the program started (`nohup`, a background job of a
//! script) stays ignored.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::arguments::INTERRUPTED;
use crate::memory::leave;
use crate::say::say;

/// The signals that stop a program at a terminal.
pub(crate) const ALL: [i32; 3] = [SIGHUP, SIGINT, SIGTERM];
/// The one that a user at a terminal sends; the others end a program that has nothing to save.
pub(crate) const INTERRUPT: [i32; 1] = [SIGINT];
/// Those that stop one that outlives its terminal.
pub(crate) const DETACHED: [i32; 2] = [SIGINT, SIGTERM];

/// A flag that the first of some signals raises. `waits_for` says in words what is being waited for.
pub(crate) fn stop_on_signals(
    wanted: &[i32],
    waits_for: impl Fn() -> String + Send + 'static,
) -> anyhow::Result<Arc<AtomicBool>> {
    let stop = Arc::new(AtomicBool::new(false));
    let heard = wanted.iter().filter(|&&signal| !is_ignored(signal));
    let mut signals = Signals::new(heard)?;
    let raised = Arc::clone(&stop);
    let listen = move || {
        let mut interrupts = 0;
        for signal in signals.forever() {
            let is_first = !raised.swap(true, Ordering::SeqCst);
            // A terminal that goes sends its signal more than once, and so do programs with a time limit.
            if signal != SIGINT {
                continue;
            }
            interrupts += 1;
            match interrupts {
                1 if is_first => say!("stopping cleanly …"),
                1 | 2 => say!("{}; Ctrl-C once more leaves at once", waits_for()),
                _ => leave(INTERRUPTED),
            }
        }
    };
    let thread = std::thread::Builder::new().name("signals".into());
    thread.spawn(listen)?;
    Ok(stop)
}

/// Asks a process to stop cleanly; it may have ended already.
#[cfg(unix)]
pub(crate) fn ask_to_stop(pid: u32) {
    // SAFETY: sending a signal touches no memory. The process is a child that was not waited for yet, so its number is not
    // another's.
    unsafe {
        libc::kill(pid as i32, SIGTERM);
    }
}

/// Ends a process group at once.
#[cfg(unix)]
pub(crate) fn end_group(leader: u32) {
    // SAFETY: as above; the group is that of a child.
    unsafe {
        libc::kill(-(leader as i32), libc::SIGKILL);
    }
}

/// Whether the process was started with a signal ignored, as far as the system says.
fn is_ignored(signal: i32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| {
        let digits = line.strip_prefix("SigIgn:")?.trim();
        u64::from_str_radix(digits, 16).ok()
    });
    mask.is_some_and(|mask| mask >> (signal - 1) & 1 == 1)
}
