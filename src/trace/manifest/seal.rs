//! What holds the lines of a manifest together: each ends with a seal, the SHA-256 of the seal before it and of its own text.
//!
//! So a changed number, a line that is gone and lines that changed places are all seen. Lines of versions before there were
//! seals have none; they are covered by the first seal after them.

use sha2::{Digest as _, Sha256};

use crate::hex::hex;

/// What stands before the seal in a line, and after it.
const BEFORE: &str = ",\"seal\":\"";
const AFTER: &str = "\"}";
const DIGITS: usize = 64;

/// The seals of the lines so far.
#[derive(Debug, Clone, Default)]
pub(super) struct Chain {
    /// Of the last line: its seal, or what stands for it.
    last: String,
    is_sealed: bool,
}

impl Chain {
    /// A line, given as JSON without a line end, with its seal as its last key.
    pub(super) fn sealed(&self, line: &str) -> String {
        let open = line.strip_suffix('}').unwrap_or(line);
        let seal = self.seal_of(open.as_bytes());
        format!("{open}{BEFORE}{seal}{AFTER}")
    }

    /// Takes a line without its line end; says in words what is wrong if its seal is not what it should be.
    pub(super) fn take(&mut self, line: &[u8]) -> Result<(), &'static str> {
        let Some((open, seal)) = parts(line) else {
            if self.is_sealed {
                return Err("it has no seal, though the line before it has one");
            }
            self.last = self.seal_of(line);
            return Ok(());
        };
        if self.seal_of(open).as_bytes() != seal {
            return Err(
                "its seal does not fit: it is not the line that was written, or one before it is missing",
            );
        }
        self.last = String::from_utf8_lossy(seal).into_owned();
        self.is_sealed = true;
        Ok(())
    }

    fn seal_of(&self, text: &[u8]) -> String {
        let digest = Sha256::new()
            .chain_update(self.last.as_bytes())
            .chain_update(text);
        hex(&digest.finalize())
    }
}

/// The text of a line before its seal, and the seal.
fn parts(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let line = line.strip_suffix(AFTER.as_bytes())?;
    let (rest, seal) = line.split_at_checked(line.len().checked_sub(DIGITS)?)?;
    let open = rest.strip_suffix(BEFORE.as_bytes())?;
    seal.iter()
        .all(u8::is_ascii_hexdigit)
        .then_some((open, seal))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINES: [&str; 4] = [
        "{\"step\":0}",
        "{\"step\":200}",
        "{\"step\":300}",
        "{\"a\":1}",
    ];

    /// The first line as an older version wrote it, the others sealed.
    fn written() -> Vec<String> {
        let mut chain = Chain::default();
        let mut lines = Vec::new();
        for (number, line) in LINES.iter().enumerate() {
            let line = if number == 0 {
                (*line).to_owned()
            } else {
                chain.sealed(line)
            };
            assert_eq!(chain.take(line.as_bytes()), Ok(()));
            lines.push(line);
        }
        lines
    }

    fn is_in_order(lines: &[String]) -> bool {
        let mut chain = Chain::default();
        lines.iter().all(|line| chain.take(line.as_bytes()).is_ok())
    }

    #[test]
    fn any_changed_byte_missing_or_exchanged_line_breaks_the_chain() {
        let lines = written();
        assert!(is_in_order(&lines) && is_in_order(&lines[..2]));
        for (number, line) in lines.iter().enumerate() {
            for place in 0..line.len() {
                let mut changed = lines.clone();
                let mut bytes = line.clone().into_bytes();
                bytes[place] ^= 1;
                changed[number] = String::from_utf8(bytes).unwrap_or_default();
                assert!(!is_in_order(&changed), "line {number}, byte {place}");
            }
        }
        for missing in 0..3 {
            let mut shorter = lines.clone();
            shorter.remove(missing);
            assert!(!is_in_order(&shorter), "line {missing}");
            let mut exchanged = lines.clone();
            exchanged.swap(missing, missing + 1);
            assert!(!is_in_order(&exchanged), "line {missing}");
        }
    }
}
