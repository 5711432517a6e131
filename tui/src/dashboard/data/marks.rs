//! Marks and notes on training steps, kept in the run as `marks.jsonl`.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::Path;

use anyhow::Context as _;
use serde_json::{Value, json};

const MARKS_FILE: &str = "marks.jsonl";

/// A note on a training step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mark {
    pub(crate) step: u64,
    /// May be empty.
    pub(crate) note: String,
}

/// The marks of the run in `dir` by step; none if there never were any.
pub(crate) fn read(dir: &Path) -> anyhow::Result<Vec<Mark>> {
    let path = dir.join(MARKS_FILE);
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
    };
    let mut marks = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let mark = parse(line).with_context(|| {
            let place = format!("line {} of {}", number + 1, path.display());
            format!("{place} is no mark, which is {{\"step\": 300, \"note\": \"text\"}}")
        })?;
        marks.push(mark);
    }
    marks.sort_by_key(|mark| mark.step);
    Ok(marks)
}

fn parse(line: &str) -> Option<Mark> {
    let value: Value = serde_json::from_str(line).ok()?;
    Some(Mark {
        step: value.get("step")?.as_u64()?,
        note: value.get("note")?.as_str()?.to_owned(),
    })
}

/// Puts the marks into the run in `dir`, whole or not at all.
pub(crate) fn write(dir: &Path, marks: &[Mark]) -> anyhow::Result<()> {
    let path = dir.join(MARKS_FILE);
    let tmp_path = dir.join(format!("{MARKS_FILE}.tmp"));
    let lines: Vec<String> = marks
        .iter()
        .map(|mark| json!({ "step": mark.step, "note": mark.note }).to_string() + "\n")
        .collect();
    let text = lines.concat();
    let write = || {
        let mut file = File::create(&tmp_path)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&tmp_path, &path)
    };
    write().with_context(|| format!("cannot keep the mark in {}", path.display()))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn marks_come_back_in_order_and_a_bad_line_is_named() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(read(dir.path()).unwrap(), []);
        let mark = |step, note: &str| Mark {
            step,
            note: note.to_owned(),
        };
        write(dir.path(), &[mark(300, "\"here\""), mark(5, "")]).unwrap();
        assert_eq!(
            read(dir.path()).unwrap(),
            [mark(5, ""), mark(300, "\"here\"")]
        );
        fs::write(
            dir.path().join(MARKS_FILE),
            "{\"step\":1,\"note\":\"\"}\n{}\n",
        )
        .unwrap();
        let message = format!("{:#}", read(dir.path()).unwrap_err());
        assert!(message.contains("line 2 of"), "{message}");
    }
}
