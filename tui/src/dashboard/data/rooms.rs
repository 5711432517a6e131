//! What a checkpoint tells of a network in grid rooms, as plain values: ways, value maps, rate maps.

use creode::trace::Run;
use creode::trace::rows::{PathRow, PlaceRow, RateMapRow};

use super::tables::in_words;

/// Cells of the largest room that is drawn; a table that names more is no room.
const MOST_CELLS: usize = 1 << 20;

/// One of the moves of an agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Move {
    Up,
    Right,
    Down,
    Left,
}

impl Move {
    /// The move of a name in the tables.
    fn named(name: &str) -> Option<Self> {
        match name {
            "up" => Some(Self::Up),
            "right" => Some(Self::Right),
            "down" => Some(Self::Down),
            "left" => Some(Self::Left),
            _ => None,
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Right => "right",
            Self::Down => "down",
            Self::Left => "left",
        }
    }

    pub(crate) fn arrow(self) -> &'static str {
        match self {
            Self::Up => "↑",
            Self::Right => "→",
            Self::Down => "↓",
            Self::Left => "←",
        }
    }
}

/// One time step of a way.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Moment {
    /// Row and column of the cell that the agent stands in.
    pub(crate) cell: (u16, u16),
    pub(crate) chosen: Option<Move>,
    pub(crate) reward: f64,
    pub(crate) collided: bool,
    pub(crate) clock: u32,
    /// First two principal components of the run's fixed projection.
    pub(crate) at: (f64, f64),
}

/// A way that an agent went.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Way {
    pub(crate) room: String,
    pub(crate) number: u32,
    pub(crate) goal: u32,
    /// By time; at least one.
    pub(crate) moments: Vec<Moment>,
}

/// What a cell of a room is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ground {
    Free,
    Wall,
    Goal,
}

/// A cell of a room, and what the network makes of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Cell {
    pub(crate) ground: Ground,
    pub(crate) value: Option<f64>,
    pub(crate) chosen: Option<Move>,
}

/// A room with one of its goals.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Room {
    pub(crate) name: String,
    pub(crate) goal: u32,
    pub(crate) rows: usize,
    pub(crate) columns: usize,
    /// Row by row; none where the table has no row.
    pub(crate) cells: Vec<Option<Cell>>,
}

impl Room {
    /// The cell at a row and a column.
    pub(crate) fn cell(&self, row: usize, column: usize) -> Option<Cell> {
        if row >= self.rows || column >= self.columns {
            return None;
        }
        self.cells[row * self.columns + column]
    }

    /// The smallest and the largest value; none where no cell has one.
    pub(crate) fn values(&self) -> Option<(f64, f64)> {
        let values = self.cells.iter().flatten().filter_map(|cell| cell.value);
        ends(values)
    }
}

/// Where one unit is active.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct RateMap {
    pub(crate) unit: u32,
    pub(crate) columns: usize,
    /// Row by row; empty in runs that keep no maps.
    pub(crate) rates: Vec<f32>,
    pub(crate) information: f64,
    pub(crate) grid_score: f64,
    pub(crate) border_score: f64,
}

impl RateMap {
    pub(crate) fn rows(&self) -> usize {
        self.rates.len() / self.columns.max(1)
    }

    /// The smallest and the largest rate; none where there is none.
    pub(crate) fn ends(&self) -> Option<(f64, f64)> {
        ends(self.rates.iter().copied().map(f64::from))
    }
}

/// What a checkpoint tells of grid rooms. What could not be read is a message in its place.
#[derive(Debug, Clone)]
pub(crate) struct Rooms {
    pub(crate) checkpoint: u32,
    pub(crate) ways: Result<Vec<Way>, String>,
    pub(crate) seen: Result<Vec<Room>, String>,
    pub(crate) maps: Result<Vec<RateMap>, String>,
}

impl Rooms {
    /// Those of a checkpoint.
    pub(super) fn read(run: &Run, checkpoint: u32) -> Self {
        let maps = run.rate_maps(checkpoint).map(|rows| {
            let map = |row: RateMapRow| RateMap {
                unit: row.unit,
                columns: usize::from(row.columns),
                rates: row.rates.iter().map(|&rate| rate as f32).collect(),
                information: row.information,
                grid_score: row.grid_score,
                border_score: row.border_score,
            };
            rows.into_iter().map(map).collect()
        });
        Self {
            checkpoint,
            ways: in_words(run.paths(checkpoint)).map(ways),
            seen: in_words(run.places(checkpoint)).map(|rows| rooms(&rows)),
            maps: in_words(maps),
        }
    }

    /// Messages on what could not be read.
    pub(super) fn problems(&self) -> Vec<String> {
        let ways = self.ways.as_ref().err();
        let rooms = self.seen.as_ref().err();
        let all = ways
            .into_iter()
            .chain(rooms)
            .chain(self.maps.as_ref().err());
        all.cloned().collect()
    }
}

fn ways(rows: Vec<PathRow>) -> Vec<Way> {
    let mut ways: Vec<Way> = Vec::new();
    for row in rows {
        let moment = Moment {
            cell: (row.row, row.column),
            chosen: Move::named(&row.chosen),
            reward: row.reward,
            collided: row.collided != 0,
            clock: row.clock,
            at: (row.pc[0], row.pc[1]),
        };
        match ways.last_mut() {
            Some(last) if last.number == row.path && last.room == row.room => {
                last.moments.push(moment);
            }
            _ => ways.push(Way {
                room: row.room,
                number: row.path,
                goal: row.goal,
                moments: vec![moment],
            }),
        }
    }
    ways
}

fn rooms(rows: &[PlaceRow]) -> Vec<Room> {
    let is_same = |a: &PlaceRow, b: &PlaceRow| a.room == b.room && a.goal == b.goal;
    rows.chunk_by(is_same).filter_map(room).collect()
}

fn room(rows: &[PlaceRow]) -> Option<Room> {
    let first = rows.first()?;
    let most = |of: fn(&PlaceRow) -> u16| rows.iter().map(of).max().unwrap_or(0);
    let height = usize::from(most(|row| row.row)) + 1;
    let width = usize::from(most(|row| row.column)) + 1;
    if height * width > MOST_CELLS {
        return None;
    }
    let mut cells = vec![None; height * width];
    for row in rows {
        let at = usize::from(row.row) * width + usize::from(row.column);
        cells[at] = Some(Cell {
            ground: match row.cell.as_str() {
                "wall" => Ground::Wall,
                "goal" => Ground::Goal,
                _ => Ground::Free,
            },
            value: row.value.filter(|value| value.is_finite()),
            chosen: row.chosen.as_deref().and_then(Move::named),
        });
    }
    Some(Room {
        name: first.room.clone(),
        goal: first.goal,
        rows: height,
        columns: width,
        cells,
    })
}

fn ends(values: impl Iterator<Item = f64>) -> Option<(f64, f64)> {
    let finite = values.filter(|value| value.is_finite());
    finite.fold(None, |ends, value| match ends {
        None => Some((value, value)),
        Some((low, high)) => Some((f64::min(low, value), f64::max(high, value))),
    })
}
