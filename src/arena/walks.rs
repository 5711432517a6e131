//! Random walks in empty rooms, from which networks learn before they have a task (Xu & Barak 2020, public code).
//!
//! A walk is what a network is given, and what it could tell from that: where it is, and which wall it was at last.
//!
//! ```
//! use creode::arena::walks::{WalkSpec, Walks};
//! use rand::SeedableRng as _;
//! use rand_chacha::ChaCha8Rng;
//!
//! let mut walks = Walks::default();
//! WalkSpec::position().draw(&mut ChaCha8Rng::seed_from_u64(1), &mut walks);
//! assert_eq!(walks.inputs.len(), walks.steps * walks.walks * 51);
//! assert_eq!(walks.distances.len(), walks.steps * walks.walks * 48);
//! ```

use rand::{Rng, RngExt as _};

use super::grid::{Cell, FREE, Move, PADDING, Room};
use super::senses::{CHANNELS, CUE, MOVES, SENSORS, cue, write_move, write_patch};
use crate::parameters::Span;

/// Distances that are told along an axis.
pub const DISTANCE_AXIS: usize = 24;
/// Distances that are told: 24 along y, 24 along x.
pub const DISTANCES: usize = 2 * DISTANCE_AXIS;
/// Classes of the last wall: none yet, top, bottom, left, right.
pub const WALLS: usize = 5;

/// Rooms smaller than this have no reward that could be seen: the half-width ⌊S/10⌋ − 1 of the goal is below 0.
const LEAST_WITH_REWARD: usize = 10;

/// Which move a walk tells where it ran into a wall.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    /// The one that was chosen.
    Chosen,
    /// The one by which it bounced off.
    Executed,
}

/// What the cue of a walk tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WalkCue {
    /// A goal at (9, 5) in a room of 15 columns, whatever the room.
    Fixed,
    /// One of the two goals of the walk's room, the same number in all walks of a batch, each as likely as the other.
    EitherGoal,
}

/// What walks are drawn.
#[derive(Debug, Clone, PartialEq)]
pub struct WalkSpec {
    /// Walks of a batch. Default 4.
    pub walks: usize,
    /// Steps of a batch, the same for all its walks, evenly drawn. Default 10 to 99.
    pub steps: Span,
    /// Cells of a side of a walk's room, each as likely as the others.
    pub sizes: Vec<usize>,
    /// Chance to move as before; else a move is drawn evenly, which may be the same. In [0, 1].
    pub persistence: f64,
    /// Which move is told, and goes on, where a walk ran into a wall.
    pub told: Told,
    /// What the cue tells.
    pub cue: WalkCue,
}

impl WalkSpec {
    /// Walks from which to learn where one is (PosNet): rooms of 10 to 19 cells a side, persistence 0.8, executed moves, fixed
    /// cue.
    pub fn position() -> Self {
        Self {
            walks: 4,
            steps: Span { min: 10, max: 99 },
            sizes: (10..20).collect(),
            persistence: 0.8,
            told: Told::Executed,
            cue: WalkCue::Fixed,
        }
    }

    /// Walks from which to learn which wall one was at last (MemNet): rooms of 5, 15, …, 55 cells a side, all moves evenly drawn,
    /// chosen moves, the cue of either goal.
    pub fn last_wall() -> Self {
        Self {
            sizes: (5..60).step_by(10).collect(),
            persistence: 0.0,
            told: Told::Chosen,
            cue: WalkCue::EitherGoal,
            ..Self::position()
        }
    }

    /// Draws a batch into `walks`, in its memory.
    ///
    /// 1. The number of steps, and then for one walk after the other: its room, and a cell of that to begin in, the goal's
    ///    among them. The first goal is there, and seen, in each room of 10 cells a side or more.
    /// 2. Each step: a move, the one before with the chance `persistence`. The sensors take their patch around the cell that the
    ///    move leads to, also where that is in a wall; from there, the walk bounces to a free neighbour of the cell it came from,
    ///    each as likely as the others.
    /// 3. Inputs and what can be told of them belong to the end of the step. The class of the last wall changes where the walk then
    ///    is at one, at the top or bottom if it is in a corner; the cell in which it began does not count.
    /// 4. Last, which goal the cues tell, if they tell either.
    ///
    /// In the public code, the class is judged where the move leads to, before the bounce, so that a wall to which a walk
    /// bounces does not count; and all cues of a batch are scaled as in the room of the last walk.
    ///
    /// # Panics
    /// If there are no sizes, or one of them is 0.
    pub fn draw(&self, rng: &mut dyn Rng, walks: &mut Walks) {
        walks.clear(self.steps.draw(rng), self.walks);
        for walk in 0..self.walks {
            let size = self.sizes[rng.random_range(0..self.sizes.len())];
            let room = room(size);
            walks.rooms.push(size);
            self.walk(&room, walk, rng, walks);
        }
        match self.cue {
            WalkCue::Fixed => walks.write_cues(|_| cue(Cell::new(9, 5), 15)),
            WalkCue::EitherGoal => walks.draw_cues(rng),
        }
    }

    /// Steps 2 and 3 of one walk.
    fn walk(&self, room: &Room, walk: usize, rng: &mut dyn Rng, walks: &mut Walks) {
        let mut values = Vec::new();
        room.write_values(0, &mut values);
        if room.rows() < LEAST_WITH_REWARD {
            for value in &mut values {
                *value = (*value).min(FREE);
            }
        }
        let starts = room.starts();
        let mut here = starts[rng.random_range(0..starts.len())];
        let mut before = None;
        let mut wall = 0;
        for time in 0..walks.steps {
            let (chosen, reached) = self.next(room, here, before, rng);
            let attempted = here.after(chosen);
            let executed = Move::ALL
                .into_iter()
                .find(|&step| here.after(step) == reached);
            let told = match self.told {
                Told::Chosen => Some(chosen),
                Told::Executed => executed,
            };
            (here, before) = (reached, told);
            wall = wall_at(room, here).unwrap_or(wall);
            let row = time * walks.walks + walk;
            let inputs = &mut walks.inputs[row * CHANNELS..][..CHANNELS];
            write_patch(&values, room.place(attempted), room.width(), inputs);
            write_move(told, inputs);
            write_distances(here, &mut walks.distances[row * DISTANCES..][..DISTANCES]);
            walks.last_walls[row * WALLS + wall] = 1.0;
        }
    }

    /// The next move, and the cell in which the walk ends up.
    fn next(
        &self,
        room: &Room,
        here: Cell,
        before: Option<Move>,
        rng: &mut dyn Rng,
    ) -> (Move, Cell) {
        let kept = before.filter(|_| self.persistence > 0.0 && rng.random_bool(self.persistence));
        let chosen = kept.unwrap_or_else(|| Move::ALL[rng.random_range(0..Move::ALL.len())]);
        let attempted = here.after(chosen);
        if !room.is_wall(attempted) {
            return (chosen, attempted);
        }
        let free = room.free_neighbours(here).count();
        let reached = match free {
            0 => None,
            _ => room.free_neighbours(here).nth(rng.random_range(0..free)),
        };
        (chosen, reached.unwrap_or(here))
    }
}

/// An empty room with the goals of its size.
fn room(size: usize) -> Room {
    Room::empty(size, size, (size / 10).saturating_sub(1))
}

/// The class of the wall that a cell is at: top 1, bottom 2, left 3, right 4, asked in this order.
fn wall_at(room: &Room, cell: Cell) -> Option<usize> {
    let at = [
        cell.y == PADDING,
        cell.y == room.bottom(),
        cell.x == PADDING,
        cell.x == room.right(),
    ];
    at.iter().position(|&is_at| is_at).map(|place| place + 1)
}

/// (i − p)² for i in 0..24, with p the row and then the column of a cell.
fn write_distances(cell: Cell, distances: &mut [f64]) {
    for (axis, along) in [cell.y, cell.x].into_iter().enumerate() {
        for i in 0..DISTANCE_AXIS {
            let distance = i as f64 - along as f64;
            distances[axis * DISTANCE_AXIS + i] = distance * distance;
        }
    }
}

/// A batch of walks; all arrays are row-major.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Walks {
    /// Steps of each walk.
    pub steps: usize,
    /// Number of walks.
    pub walks: usize,
    /// Cells of a side of each walk's room.
    pub rooms: Vec<usize>,
    /// `[steps][walks][51]`, as [`super::senses`] tells.
    pub inputs: Vec<f64>,
    /// `[steps][walks][48]`: (i − y)² for i in 0..24, then (i − x)², with the row y and the column x where the walk is.
    pub distances: Vec<f64>,
    /// `[steps][walks][5]`: 1 for the wall that the walk was at last (none yet, top, bottom, left, right), else 0.
    pub last_walls: Vec<f64>,
}

impl Walks {
    /// Draws anew which goal the cues tell: that of [`WalkCue::EitherGoal`]. The public code does so for each step of learning
    /// from the same walks.
    pub fn draw_cues(&mut self, rng: &mut dyn Rng) {
        let goal = rng.random_range(0..2_usize);
        self.write_cues(|size| cue(room(size).goals()[goal].centre, size));
    }

    fn write_cues(&mut self, of: impl Fn(usize) -> [f64; CUE]) {
        let cues: Vec<_> = self.rooms.iter().map(|&size| of(size)).collect();
        for (row, inputs) in self.inputs.chunks_exact_mut(CHANNELS).enumerate() {
            inputs[SENSORS + MOVES..].copy_from_slice(&cues[row % self.walks]);
        }
    }

    fn clear(&mut self, steps: usize, walks: usize) {
        self.steps = steps;
        self.walks = walks;
        self.rooms.clear();
        for (values, channels) in [
            (&mut self.inputs, CHANNELS),
            (&mut self.distances, DISTANCES),
            (&mut self.last_walls, WALLS),
        ] {
            values.clear();
            values.resize(steps * walks * channels, 0.0);
        }
    }
}

#[cfg(test)]
#[path = "walks_tests.rs"]
mod tests;
