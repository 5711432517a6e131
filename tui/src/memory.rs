//! What happens when there is no memory: the terminal is given back, a message, exit code 2; never an abort.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::arguments::ERROR;
use crate::dashboard::TerminalScreen;

/// The system's allocator, which ends the program where it has nothing to give.
///
/// A failed allocation cannot be an error in Rust: whoever allocates does not expect one. What was written of a run before
/// is safe, as after a kill.
pub struct Allocator;

/// Allocations from this size on are held against the memory that there is: the system would promise more than it has, and
/// kill the program when it comes to take it.
const LARGE_BYTES: usize = 256 << 20;
/// Time for the first thread without memory to say so.
const SAYING: Duration = Duration::from_millis(500);

// SAFETY: every call is the system allocator's, with the layout that was asked for; where it has no memory the process ends.
unsafe impl GlobalAlloc for Allocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        require(layout.size());
        // SAFETY: the caller's promises are those of `System`.
        checked(unsafe { System.alloc(layout) }, layout.size())
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        require(layout.size());
        // SAFETY: as above.
        checked(unsafe { System.alloc_zeroed(layout) }, layout.size())
    }

    unsafe fn realloc(&self, old: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        require(new_size.saturating_sub(layout.size()));
        // SAFETY: as above.
        checked(unsafe { System.realloc(old, layout, new_size) }, new_size)
    }

    unsafe fn dealloc(&self, old: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { System.dealloc(old, layout) }
    }
}

fn require(size: usize) {
    if size >= LARGE_BYTES
        && creode::memory::available_bytes().is_some_and(|left| size as u64 > left)
    {
        fail(size);
    }
}

fn checked(memory: *mut u8, size: usize) -> *mut u8 {
    if memory.is_null() {
        fail(size);
    }
    memory
}

/// Ends the program.
fn fail(size: usize) -> ! {
    static FAILS: AtomicBool = AtomicBool::new(false);
    if FAILS.swap(true, Ordering::SeqCst) {
        // Another thread is saying it; if it is this one that failed again, nothing more can be said.
        std::thread::sleep(SAYING);
    } else {
        TerminalScreen::give_back();
        // Small pieces of memory are there as a rule where a large one is not.
        crate::say::line(&format!(
            "error: there is no memory for another {}; what was written before is safe. Fewer units, trials or starts, or \
             a machine with more memory",
            creode::memory::size_text(size as u64)
        ));
    }
    leave(ERROR)
}

/// Ends the process at once: no destructors, no threads waited for.
pub(crate) fn leave(code: u8) -> ! {
    // SAFETY: `_exit` only ends the process.
    unsafe { libc::_exit(i32::from(code)) }
}
