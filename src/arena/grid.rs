//! Rooms on a grid: walls, goals, and cells to begin in.
//!
//! A room of `rows` × `columns` cells stands in an array with two layers of wall around it, so that the patch of 3 × 3 cells
//! around a place just within the wall is in the array, too. Rows and columns are counted in that array: the first cell of
//! the room is (2, 2), the last (`rows` + 1, `columns` + 1). Row 2 is the top.

/// Layers of wall around a room.
pub const PADDING: usize = 2;
/// What a cell of wall, or an obstacle, is to the sensors.
pub const WALL: i8 = -1;
/// What a free cell is to the sensors.
pub const FREE: i8 = 0;
/// What a cell of the goal is to the sensors.
pub const REWARD: i8 = 1;

/// Where the two goals lie, as shares (y, x) of the height and the width of a room (Xu & Barak 2020, public code).
pub const GOAL_SHARES: [(f64, f64); 2] = [(0.5, 0.25), (0.5, 0.75)];

/// A place in the array of a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Cell {
    /// Row, downwards; 2 is the first within the room.
    pub y: usize,
    /// Column, to the right; 2 is the first within the room.
    pub x: usize,
}

impl Cell {
    /// The cell in row `y` and column `x`.
    pub const fn new(y: usize, x: usize) -> Self {
        Self { y, x }
    }

    /// The cell that a move leads to.
    ///
    /// # Panics
    /// If that lies above or to the left of the array; no cell of a room is so near its border.
    pub fn after(self, step: Move) -> Self {
        match step {
            Move::Up => Self::new(self.y - 1, self.x),
            Move::Right => Self::new(self.y, self.x + 1),
            Move::Down => Self::new(self.y + 1, self.x),
            Move::Left => Self::new(self.y, self.x - 1),
        }
    }
}

/// What an agent can do: go to a cell beside its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Move {
    /// To the row above, y − 1.
    Up,
    /// To the next column, x + 1.
    Right,
    /// To the row below, y + 1.
    Down,
    /// To the column before, x − 1.
    Left,
}

impl Move {
    /// All moves in the order of their channels: up 0, right 1, down 2, left 3.
    pub const ALL: [Self; 4] = [Self::Up, Self::Right, Self::Down, Self::Left];

    /// Place among [`Self::ALL`].
    pub fn channel(self) -> usize {
        self as usize
    }
}

/// A goal: the square of the cells within `half_width` of its centre, in rows and in columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Goal {
    /// The cell in the middle, which the cue tells.
    pub centre: Cell,
    /// Cells from the middle to an edge; 0 for a single cell.
    pub half_width: usize,
}

impl Goal {
    /// Whether a cell belongs to the square.
    pub fn covers(&self, cell: Cell) -> bool {
        self.centre.y.abs_diff(cell.y) <= self.half_width
            && self.centre.x.abs_diff(cell.x) <= self.half_width
    }
}

/// A room with its walls, the goals of which one at a time is rewarded, and the cells in which an agent may begin.
///
/// ```
/// use creode::arena::grid::{Cell, Room};
///
/// let room = Room::empty(15, 15, 0);
/// assert_eq!(room.goals()[0].centre, Cell::new(9, 5));
/// assert_eq!(room.starts().len(), 225);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Room {
    rows: usize,
    columns: usize,
    /// `[rows + 4][columns + 4]`.
    is_wall: Vec<bool>,
    goals: Vec<Goal>,
    starts: Vec<Cell>,
}

impl Room {
    /// A room without obstacles. Its two goals lie at (2 + ⌊rows f⌋, 2 + ⌊columns f′⌋), with the fractions of
    /// [`GOAL_SHARES`]; an agent may begin in any cell, those of the goals among them.
    ///
    /// # Panics
    /// If there are no rows or no columns.
    pub fn empty(rows: usize, columns: usize, half_width: usize) -> Self {
        let share = |of: usize, share: f64| PADDING + (of as f64 * share) as usize;
        let goals = GOAL_SHARES.map(|(y, x)| Goal {
            centre: Cell::new(share(rows, y), share(columns, x)),
            half_width,
        });
        let mut room = Self::bare(rows, columns, goals.to_vec());
        room.begin_anywhere();
        room
    }

    /// A room with goals and without obstacles, in which there is nowhere to begin yet.
    pub(super) fn bare(rows: usize, columns: usize, goals: Vec<Goal>) -> Self {
        assert!(rows > 0 && columns > 0, "a room has cells");
        let width = columns + 2 * PADDING;
        let is_inside = |place: usize| {
            let (y, x) = (place / width, place % width);
            (PADDING..PADDING + rows).contains(&y) && (PADDING..PADDING + columns).contains(&x)
        };
        Self {
            rows,
            columns,
            is_wall: (0..width * (rows + 2 * PADDING))
                .map(|place| !is_inside(place))
                .collect(),
            goals,
            starts: Vec::new(),
        }
    }

    /// Rows within the walls.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Columns within the walls.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// The longer side.
    pub fn longer_side(&self) -> usize {
        self.rows.max(self.columns)
    }

    /// Columns of the array: those of the room and the padding.
    pub fn width(&self) -> usize {
        self.columns + 2 * PADDING
    }

    /// The last row within the walls.
    pub fn bottom(&self) -> usize {
        self.rows + PADDING - 1
    }

    /// The last column within the walls.
    pub fn right(&self) -> usize {
        self.columns + PADDING - 1
    }

    /// The goals, at least one.
    pub fn goals(&self) -> &[Goal] {
        &self.goals
    }

    /// The cells in which an agent may begin, row by row.
    pub fn starts(&self) -> &[Cell] {
        &self.starts
    }

    /// Place of a cell in an array of the padded room, `[rows + 4][columns + 4]`.
    pub fn place(&self, cell: Cell) -> usize {
        cell.y * self.width() + cell.x
    }

    /// The cell at a place of such an array.
    pub fn cell(&self, place: usize) -> Cell {
        Cell::new(place / self.width(), place % self.width())
    }

    /// Whether a cell is wall, obstacle or outside.
    pub fn is_wall(&self, cell: Cell) -> bool {
        cell.x >= self.width() || self.is_wall.get(self.place(cell)).is_none_or(|&wall| wall)
    }

    /// Whether a cell belongs to a goal, by its number. What of a square lies in a wall does not.
    pub fn is_goal(&self, goal: usize, cell: Cell) -> bool {
        self.goals[goal].covers(cell) && !self.is_wall(cell)
    }

    /// The cells within the walls that are not obstacles, row by row.
    pub fn free_cells(&self) -> impl Iterator<Item = Cell> {
        let free = |(place, &wall): (usize, &bool)| (!wall).then(|| self.cell(place));
        self.is_wall.iter().enumerate().filter_map(free)
    }

    /// The free cells beside a free one, in the order of [`Move::ALL`].
    pub fn free_neighbours(&self, cell: Cell) -> impl Iterator<Item = Cell> {
        let beside = Move::ALL.map(|step| cell.after(step));
        beside.into_iter().filter(|&cell| !self.is_wall(cell))
    }

    /// Appends what the sensors know of each cell, `[rows + 4][columns + 4]`, while one goal is rewarded: −1, 0 or 1.
    /// The other goals are free cells like any other.
    pub fn write_values(&self, goal: usize, values: &mut Vec<i8>) {
        let first = values.len();
        values.extend(
            self.is_wall
                .iter()
                .map(|&wall| if wall { WALL } else { FREE }),
        );
        for place in 0..self.is_wall.len() {
            if self.is_goal(goal, self.cell(place)) {
                values[first + place] = REWARD;
            }
        }
    }

    /// Makes a cell an obstacle.
    pub(super) fn block(&mut self, cell: Cell) {
        let place = self.place(cell);
        self.is_wall[place] = true;
    }

    /// Takes obstacles away from all goals.
    pub(super) fn clear_goals(&mut self) {
        for place in 0..self.is_wall.len() {
            let cell = self.cell(place);
            let is_inside = (PADDING..=self.bottom()).contains(&cell.y)
                && (PADDING..=self.right()).contains(&cell.x);
            if is_inside && self.goals.iter().any(|goal| goal.covers(cell)) {
                self.is_wall[place] = false;
            }
        }
    }

    /// Lets agents begin in every free cell.
    pub(super) fn begin_anywhere(&mut self) {
        self.starts = self.free_cells().collect();
    }

    /// Lets agents begin in these cells.
    pub(super) fn begin_in(&mut self, starts: Vec<Cell>) {
        self.starts = starts;
    }
}

#[cfg(test)]
#[path = "grid_tests.rs"]
mod tests;
