//! Files that grow by lines: CSV and JSON lines.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use super::{Row, json};
use crate::files;

/// Bytes read at once.
const PIECE: u64 = 4 << 20;
/// Bytes of the longest line that is read.
const MOST_LINE: usize = 1 << 20;

/// How a line is read.
#[derive(Debug)]
pub(super) enum Format {
    /// One object a line.
    Json,
    /// Values with a separator between them, under a line of names.
    Separated(Option<Header>),
}

impl Format {
    pub(super) fn separated() -> Self {
        Self::Separated(None)
    }
}

/// The first line of a CSV file.
#[derive(Debug)]
pub(super) struct Header {
    separator: char,
    names: Vec<String>,
}

/// A file that grows by lines, and how far it was read.
#[derive(Debug)]
pub(super) struct LineFile {
    path: PathBuf,
    format: Format,
    /// Bytes read.
    offset: u64,
    /// What follows the last line end.
    rest: Vec<u8>,
    /// Whether `rest` is the end of a line that was too long.
    is_too_long: bool,
    pub(super) unreadable: u64,
}

impl LineFile {
    pub(super) fn new(path: &Path, format: Format) -> Self {
        Self {
            path: path.to_path_buf(),
            format,
            offset: 0,
            rest: Vec::new(),
            is_too_long: false,
            unreadable: 0,
        }
    }

    /// The rows that came since, of whole lines. A file that became shorter was begun anew.
    pub(super) fn read(&mut self) -> io::Result<Vec<Row>> {
        let mut file = files::open(&self.path)?;
        let length = file.metadata()?.len();
        if length < self.offset {
            self.offset = 0;
            self.rest.clear();
            self.is_too_long = false;
            if let Format::Separated(header) = &mut self.format {
                *header = None;
            }
        }
        let mut rows = Vec::new();
        while self.offset < length {
            let piece = self.piece(&mut file, length)?;
            if piece.is_empty() {
                break;
            }
            self.take(&piece, &mut rows);
        }
        Ok(rows)
    }

    fn piece(&mut self, file: &mut File, length: u64) -> io::Result<Vec<u8>> {
        file.seek(SeekFrom::Start(self.offset))?;
        let mut piece = Vec::new();
        file.take(PIECE.min(length - self.offset))
            .read_to_end(&mut piece)?;
        self.offset += piece.len() as u64;
        Ok(piece)
    }

    fn take(&mut self, piece: &[u8], rows: &mut Vec<Row>) {
        let mut parts = piece.split(|byte| *byte == b'\n').peekable();
        while let Some(part) = parts.next() {
            let is_whole = parts.peek().is_some();
            if self.rest.len() + part.len() > MOST_LINE {
                self.is_too_long = true;
                self.rest.clear();
            } else if !self.is_too_long {
                self.rest.extend_from_slice(part);
            }
            if !is_whole {
                continue;
            }
            let line = std::mem::take(&mut self.rest);
            if std::mem::take(&mut self.is_too_long) {
                self.unreadable += 1;
                continue;
            }
            match std::str::from_utf8(&line).map(str::trim) {
                Ok("") => {}
                Ok(line) => match self.format.row(line) {
                    Some(row) => rows.extend((!row.is_empty()).then_some(row)),
                    None => self.unreadable += 1,
                },
                Err(_) => self.unreadable += 1,
            }
        }
    }
}

impl Format {
    /// The numbers of a line; none in a line of names, `None` where it cannot be read.
    fn row(&mut self, line: &str) -> Option<Row> {
        match self {
            Self::Json => json::row(&serde_json::from_str(line).ok()?),
            Self::Separated(Some(header)) => header.row(line),
            Self::Separated(header) => {
                *header = Some(Header::of(line));
                Some(Row::new())
            }
        }
    }
}

impl Header {
    /// With whichever of comma, semicolon and tab stands in it most often.
    fn of(line: &str) -> Self {
        let line = line.trim_start_matches(['\u{feff}', '#']);
        let count = |separator: &char| line.matches(*separator).count();
        let separator = ['\t', ';', ','].into_iter().max_by_key(count);
        let separator = separator.unwrap_or(',');
        Self {
            separator,
            names: cells(line, separator),
        }
    }

    /// The cells that hold a number. A line of another number of cells is none of this table.
    fn row(&self, line: &str) -> Option<Row> {
        let cells = cells(line, self.separator);
        if cells.len() != self.names.len() {
            return None;
        }
        let cells = self.names.iter().zip(cells);
        let numbers =
            cells.filter_map(|(name, cell)| Some((name.clone(), cell.parse::<f64>().ok()?)));
        Some(numbers.collect())
    }
}

/// The cells of a line; within quotation marks separators are text, and two marks are one.
fn cells(line: &str, separator: char) -> Vec<String> {
    let mut cells = vec![String::new()];
    let mut is_quoted = false;
    let mut characters = line.chars().peekable();
    while let Some(character) = characters.next() {
        match (character, cells.last_mut()) {
            ('"', Some(cell)) if is_quoted && characters.peek() == Some(&'"') => {
                characters.next();
                cell.push('"');
            }
            ('"', _) => is_quoted = !is_quoted,
            (other, _) if other == separator && !is_quoted => cells.push(String::new()),
            (other, Some(cell)) => cell.push(other),
            (_, None) => {}
        }
    }
    cells.iter().map(|cell| cell.trim().to_owned()).collect()
}
