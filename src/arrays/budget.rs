//! The memory that the arrays of a file may take.

use crate::memory::{available_bytes, size_text};

/// Bytes that the arrays of a small file may take in memory; a larger file may take [`MOST_GROWTH`] times its own size.
const MOST_SMALL_BYTES: u64 = 192 << 20;
/// Half precision on disk is double precision in memory: four times the size. Twice that for what compresses.
const MOST_GROWTH: u64 = 8;
/// The system is asked how much memory is left whenever so many bytes more were taken.
const ASKING_BYTES: u64 = 1 << 20;

/// What may still be taken.
pub(super) struct Budget {
    file_bytes: u64,
    most: u64,
    taken: u64,
}

impl Budget {
    /// For the arrays of a file of so many bytes.
    pub(super) fn of(file_bytes: u64) -> Self {
        Self {
            file_bytes,
            most: MOST_SMALL_BYTES.max(file_bytes.saturating_mul(MOST_GROWTH)),
            taken: 0,
        }
    }

    /// Takes so many numbers of f64, or says in words that there are too many.
    pub(super) fn take(&mut self, count: u64) -> Result<(), String> {
        let bytes = count.saturating_mul(8);
        let taken = self.taken.saturating_add(bytes);
        let is_asked = taken / ASKING_BYTES != self.taken / ASKING_BYTES;
        if taken > self.most || (is_asked && !is_there(bytes)) {
            return Err(self.refusal(bytes));
        }
        self.taken = taken;
        Ok(())
    }

    /// Whether so many bytes as they are in the file may be held for a while; else says why not.
    pub(super) fn lend(&self, bytes: u64) -> Result<(), String> {
        if bytes > self.most || (bytes >= ASKING_BYTES && !is_there(bytes)) {
            return Err(self.refusal(bytes));
        }
        Ok(())
    }

    fn refusal(&self, bytes: u64) -> String {
        format!(
            "it claims to unpack to {}, and the file has {}: too much for what it can hold or for the memory there is. \
             If it is right, save it without compression (`numpy.savez`, `torch.save`)",
            size_text(bytes),
            size_text(self.file_bytes)
        )
    }
}

fn is_there(bytes: u64) -> bool {
    available_bytes().is_none_or(|left| bytes <= left)
}
