//! Who follows a long computation.
//!
//! Calls come from many threads, in no particular order; an implementation must be cheap, and must not change what
//! is computed other than by ending it.

/// Follows a long computation, and may end it before it is done.
pub trait Watch: Sync {
    /// Hears that another computation begins, and of what.
    fn begins(&self, of: &str) {
        let _ = of;
    }

    /// Hears how much of the present part of the work is done, of how much, and what it is.
    fn progress(&self, what: &str, done: usize, of: usize) {
        let _ = (what, done, of);
    }

    /// Whether the work is to end at the next opportunity. Once it has been true it stays true.
    fn is_over(&self) -> bool {
        false
    }
}

/// Follows nothing and ends nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Unwatched;

impl Watch for Unwatched {}
