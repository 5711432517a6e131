//! Rooms from drawings: `#` is wall, `.` free, `G` a goal, `S` a place to begin.
//!
//! Each `G` is a goal of one cell; one of them is rewarded at a time, and those that are not are free cells. Agents begin in the
//! cells `S`, or in all cells `.` where there is no `S`. Everything outside of the drawing is wall.
//!
//! ```
//! use creode::arena::drawing::room_of;
//! use creode::arena::grid::Cell;
//!
//! let room = room_of("G.#\n..S\n")?;
//! assert_eq!(room.goals()[0].centre, Cell::new(2, 2));
//! assert_eq!(room.starts(), [Cell::new(3, 4)]);
//! # Ok::<(), creode::arena::drawing::DrawingError>(())
//! ```

use std::path::{Path, PathBuf};

use super::grid::{Cell, Goal, PADDING, Room};
use super::paths::Distances;
use crate::files;
use crate::text::shown;

/// Rows and columns of a drawing at most.
pub const MOST_CELLS_A_SIDE: usize = 1000;

/// Bytes of a file with a drawing at most.
const MOST_BYTES: u64 = 2_000_000;

/// The mazes that come with Creode, by name; `curricula/navigation/mazes/` holds their files.
pub const MAZES: [(&str, &str); 5] = [
    (
        "four-rooms",
        include_str!("../../curricula/navigation/mazes/four-rooms.txt"),
    ),
    (
        "t-maze",
        include_str!("../../curricula/navigation/mazes/t-maze.txt"),
    ),
    (
        "u-maze",
        include_str!("../../curricula/navigation/mazes/u-maze.txt"),
    ),
    (
        "hairpin",
        include_str!("../../curricula/navigation/mazes/hairpin.txt"),
    ),
    (
        "detour",
        include_str!("../../curricula/navigation/mazes/detour.txt"),
    ),
];

/// Where something stands in a drawing; line and column from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Line.
    pub line: usize,
    /// Column, in characters.
    pub column: usize,
}

impl std::fmt::Display for Place {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "line {}, column {}", self.line, self.column)
    }
}

/// Why a drawing is no room.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DrawingError {
    /// There is nothing in it.
    #[error(
        "line 1, column 1: the drawing is empty; draw rows of `#` (wall), `.` (free), `G` (goal), `S` (start)"
    )]
    Empty,
    /// It has too many rows or columns.
    #[error(
        "{place}: the drawing is larger than {MOST_CELLS_A_SIDE} rows and columns; draw a smaller one"
    )]
    TooLarge {
        /// The first cell too many.
        place: Place,
    },
    /// A character means nothing.
    #[error("{place}: `{}` means nothing in a drawing; use `#` (wall), `.` (free), `G` (goal) or `S` (start)", .found.escape_debug())]
    Unknown {
        /// Where it stands.
        place: Place,
        /// What it is.
        found: char,
    },
    /// A row is shorter or longer than the first.
    #[error(
        "{place}: the row has {columns} cells, the first has {expected}; make all rows as long, with `#` where nothing is"
    )]
    Uneven {
        /// The first cell too many, or the first that is missing.
        place: Place,
        /// Cells of the row.
        columns: usize,
        /// Cells of the first row.
        expected: usize,
    },
    /// There is no `G`.
    #[error("line 1, column 1: the drawing has no goal; draw at least one `G`")]
    NoGoal,
    /// There is neither `S` nor `.`.
    #[error(
        "line 1, column 1: the drawing has nowhere to begin; draw a start `S` or a free cell `.`"
    )]
    NoStart,
    /// A goal is cut off.
    #[error(
        "{goal}: this goal cannot be reached from the start at {start}; open a way between them, or name the starts by `S`"
    )]
    Unreachable {
        /// The goal.
        goal: Place,
        /// A place to begin in, from where no way leads there.
        start: Place,
    },
}

/// Why a file is no room.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MazeFileError {
    /// It cannot be read.
    #[error("cannot read the maze `{}`: {source}", shown(.path))]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// It can, but what it holds is no room.
    #[error("{}: {source}", shown(.path))]
    Wrong {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: DrawingError,
    },
}

/// Reads a room from a file that holds nothing but its drawing.
pub fn read(path: &Path) -> Result<Room, MazeFileError> {
    let text = files::read_text(path, MOST_BYTES).map_err(|source| MazeFileError::Unreadable {
        path: path.to_owned(),
        source,
    })?;
    room_of(&text).map_err(|source| MazeFileError::Wrong {
        path: path.to_owned(),
        source,
    })
}

/// The room of a drawing; the first mistake, if it has any, row by row.
///
/// Goals and starts are in the order in which they are drawn. Empty lines at the end do not count.
pub fn room_of(drawing: &str) -> Result<Room, DrawingError> {
    let rows: Vec<Vec<char>> = drawing
        .trim_end_matches(['\n', '\r'])
        .lines()
        .map(|line| line.chars().collect())
        .collect();
    check_shape(&rows)?;
    let cells_of = |kind: char| -> Vec<Cell> {
        let cells = rows.iter().enumerate().flat_map(|(y, row)| {
            let here = row.iter().enumerate().filter(move |cell| *cell.1 == kind);
            here.map(move |(x, _)| Cell::new(PADDING + y, PADDING + x))
        });
        cells.collect()
    };
    let goals: Vec<Goal> = cells_of('G')
        .into_iter()
        .map(|centre| Goal {
            centre,
            half_width: 0,
        })
        .collect();
    if goals.is_empty() {
        return Err(DrawingError::NoGoal);
    }
    let mut starts = cells_of('S');
    if starts.is_empty() {
        starts = cells_of('.');
    }
    if starts.is_empty() {
        return Err(DrawingError::NoStart);
    }
    let mut room = Room::bare(rows.len(), rows[0].len(), goals);
    for cell in cells_of('#') {
        room.block(cell);
    }
    room.begin_in(starts);
    check_ways(&room)?;
    Ok(room)
}

/// That all rows are as long and hold what has a meaning.
fn check_shape(rows: &[Vec<char>]) -> Result<(), DrawingError> {
    let expected = rows.first().map_or(0, Vec::len);
    if expected == 0 {
        return Err(DrawingError::Empty);
    }
    for (line, row) in (1..).zip(rows) {
        let at = |column| Place { line, column };
        let unknown = (1..).zip(row).find(|(_, found)| !"#.GS".contains(**found));
        if let Some((column, &found)) = unknown {
            let place = at(column);
            return Err(DrawingError::Unknown { place, found });
        }
        if row.len() != expected {
            return Err(DrawingError::Uneven {
                place: at(row.len().min(expected) + 1),
                columns: row.len(),
                expected,
            });
        }
        if line > MOST_CELLS_A_SIDE || row.len() > MOST_CELLS_A_SIDE {
            let place = at(row.len().min(MOST_CELLS_A_SIDE + 1));
            return Err(DrawingError::TooLarge { place });
        }
    }
    Ok(())
}

/// That each goal can be reached from each start.
fn check_ways(room: &Room) -> Result<(), DrawingError> {
    for (number, goal) in room.goals().iter().enumerate() {
        let distances = Distances::to(room, number);
        let cut_off = room
            .starts()
            .iter()
            .find(|&&start| distances.at(start).is_none());
        if let Some(&start) = cut_off {
            return Err(DrawingError::Unreachable {
                goal: place_of(goal.centre),
                start: place_of(start),
            });
        }
    }
    Ok(())
}

/// Where a cell stands in the drawing.
fn place_of(cell: Cell) -> Place {
    Place {
        line: cell.y - PADDING + 1,
        column: cell.x - PADDING + 1,
    }
}

#[cfg(test)]
#[path = "drawing_tests.rs"]
mod tests;
