//! Other people's decoders at work on bytes from outside: a panic in one of them is damage to a file, not the end of the
//! program.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

thread_local! {
    static DEPTH: Cell<usize> = const { Cell::new(0) };
}

/// Whether the present thread runs somebody else's decoder with its panics caught: whoever reports panics has
/// nothing to report then.
pub fn is_guarded() -> bool {
    DEPTH.get() > 0
}

/// The result of `decode`; a panic in it is an error in words.
pub(crate) fn caught<T>(decode: impl FnOnce() -> T) -> Result<T, String> {
    DEPTH.set(DEPTH.get() + 1);
    // What `decode` was changing is dropped with it.
    let result = catch_unwind(AssertUnwindSafe(decode));
    DEPTH.set(DEPTH.get() - 1);
    result.map_err(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        let text = text.or_else(|| panic.downcast_ref::<&str>().map(|&text| text.to_owned()));
        format!(
            "its content makes no sense ({})",
            text.as_deref().unwrap_or("the decoder gave up")
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_an_error_and_the_guard_is_gone_after_it() {
        assert_eq!(caught(is_guarded), Ok(true));
        let empty: &[u8] = &[];
        let failed = caught(|| empty[usize::from(is_guarded())]);
        assert!(failed.is_err_and(|text| text.contains("index out of bounds")));
        assert!(!is_guarded());
    }
}
