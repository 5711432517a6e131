//! Numbers in JSON: of an object a line, or of a file as a whole.

use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde_json::Value;

use super::Row;
use super::find::newest_state;
use crate::files;

/// Bytes of the largest file that is read as a whole.
const MOST_BYTES: u64 = 64 << 20;
/// Bytes of a file that are looked at to tell how it is written.
const HEAD: usize = 1 << 16;
/// Objects within objects that are looked into.
const MOST_DEPTH: usize = 3;

/// The numbers of an object, those of objects within it under `outer/inner`; `None` if it is no object.
pub(super) fn row(value: &Value) -> Option<Row> {
    fn add(prefix: &str, value: &Value, depth: usize, row: &mut Row) {
        let Value::Object(members) = value else {
            return;
        };
        for (key, value) in members {
            let name = format!("{prefix}{key}");
            match value {
                Value::Number(number) => row.extend(number.as_f64().map(|number| (name, number))),
                // What JSON has no numbers for is written in words by some.
                Value::String(text)
                    if ["NaN", "Infinity", "-Infinity"].contains(&text.as_str()) =>
                {
                    row.push((name, f64::NAN));
                }
                Value::Object(_) if depth < MOST_DEPTH => {
                    add(&format!("{name}/"), value, depth + 1, row);
                }
                _ => {}
            }
        }
    }
    value.is_object().then(|| {
        let mut numbers = Row::new();
        add("", value, 1, &mut numbers);
        numbers
    })
}

/// Whether a `.json` file holds an object a line, as some programs write it.
pub(super) fn is_of_lines(path: &Path) -> bool {
    let head = files::open(path).and_then(|mut file| {
        let length = file.metadata()?.len().min(HEAD as u64);
        files::read_range(&mut file, 0, length)
    });
    let Ok(head) = head else {
        return false;
    };
    let mut lines = head.split(|byte| *byte == b'\n');
    let first = lines.next().unwrap_or_default();
    let is_object = serde_json::from_slice::<Value>(first)
        .is_ok_and(|value| value.is_object() && value.get(LOG_HISTORY).is_none());
    is_object && lines.next().is_some()
}

/// The rows of `trainer_state.json`.
const LOG_HISTORY: &str = "log_history";

/// A file that is written anew as a whole: `trainer_state.json`, or a list of objects.
#[derive(Debug)]
pub(super) struct Whole {
    path: PathBuf,
    /// The folder of the checkpoints, each of which has such a file, the newest with all that the others have.
    checkpoints: Option<PathBuf>,
    /// Size and time of the last version that was read.
    seen: Option<(u64, Option<SystemTime>)>,
    /// Rows read.
    rows: usize,
    pub(super) unreadable: u64,
}

impl Whole {
    pub(super) fn new(path: &Path) -> Self {
        let own = path.parent().filter(|own| {
            let name = own.file_name().unwrap_or_default().to_string_lossy();
            name.starts_with("checkpoint-")
        });
        Self {
            path: path.to_path_buf(),
            checkpoints: own.and_then(Path::parent).map(Path::to_path_buf),
            seen: None,
            rows: 0,
            unreadable: 0,
        }
    }

    /// The rows behind those that were read before. A version that is not whole yet is read at the next look.
    pub(super) fn read(&mut self) -> io::Result<Vec<Row>> {
        if let Some(newest) = self.checkpoints.as_deref().and_then(newest_state) {
            self.path = newest;
        }
        let about = std::fs::metadata(&self.path)?;
        let version = Some((about.len(), about.modified().ok()));
        if self.seen == version {
            return Ok(Vec::new());
        }
        let bytes = files::read(&self.path, MOST_BYTES)?;
        let Ok(value) = serde_json::from_slice::<Value>(&bytes) else {
            return Ok(Vec::new());
        };
        self.seen = version;
        let history = value.get(LOG_HISTORY).unwrap_or(&value);
        let Value::Array(objects) = history else {
            self.unreadable += 1;
            return Ok(Vec::new());
        };
        // A shorter one is of a training that began anew.
        let known = if objects.len() < self.rows {
            0
        } else {
            self.rows
        };
        self.rows = objects.len();
        let rows: Vec<Option<Row>> = objects[known..].iter().map(row).collect();
        self.unreadable += rows.iter().filter(|row| row.is_none()).count() as u64;
        Ok(rows.into_iter().flatten().collect())
    }
}
