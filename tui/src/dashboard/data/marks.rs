//! Marks and notes on training steps, kept in the run as `marks.jsonl`.

use std::path::Path;

use anyhow::Context as _;
use creode::trace::{MARKS_FILE, Run, write_marks};
use serde_json::{Value, json};

/// Marks that are read at most.
const MOST_MARKS: usize = 100_000;

/// A note on a training step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mark {
    pub(crate) step: u64,
    /// May be empty.
    pub(crate) note: String,
}

/// The marks of a run by step; none if there never were any.
pub(crate) fn read(run: &Run) -> anyhow::Result<Vec<Mark>> {
    let path = run.dir().join(MARKS_FILE);
    let text = run.marks_text()?;
    let mut marks = Vec::new();
    for (number, line) in text.lines().enumerate().take(MOST_MARKS) {
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
    let lines: Vec<String> = marks
        .iter()
        .map(|mark| json!({ "step": mark.step, "note": mark.note }).to_string() + "\n")
        .collect();
    write_marks(dir, &lines.concat()).context("cannot keep the mark")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn marks_come_back_in_order_and_a_bad_line_is_named() {
        let dir = tempfile::tempdir().unwrap();
        drop(creode::trace::RunWriter::create(dir.path(), "seed = 1\n").unwrap());
        let read = |dir: &Path| super::read(&Run::open(dir).unwrap());
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
        write_marks(dir.path(), "{\"step\":1,\"note\":\"\"}\n{}\n").unwrap();
        let message = format!("{:#}", read(dir.path()).unwrap_err());
        assert!(message.contains("line 2 of"), "{message}");
        std::fs::write(dir.path().join(MARKS_FILE), "{\"step\":2,\"note\":\"\"}\n").unwrap();
        let message = format!("{:#}", read(dir.path()).unwrap_err());
        assert!(message.contains("damaged"), "{message}");
    }
}
