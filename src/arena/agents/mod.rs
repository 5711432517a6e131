//! Many agents, each in its copy of a room, moved all at once.
//!
//! [`Agents::begin`] takes all memory; [`Agents::step`] allocates nothing, nor does [`Agents::restart`] where rooms are shared.
//! All that is random comes from the one generator that the caller gives, in the order of the agents.
//!
//! ```
//! use creode::arena::agents::{Agents, Placement};
//! use creode::arena::grid::{Cell, Move, Room};
//! use creode::arena::rules::Rules;
//! use rand::SeedableRng as _;
//! use rand_chacha::ChaCha8Rng;
//!
//! // One agent, two cells to the left of the first goal.
//! let mut agents = Agents::default();
//! let start = Placement { room: 0, goal: 0, cell: Cell::new(9, 3) };
//! agents.begin_at(&Rules::default(), vec![Room::empty(15, 15, 0)], &[start]);
//! let mut rng = ChaCha8Rng::seed_from_u64(1);
//! agents.step(&[Move::Right], &mut rng);
//! assert_eq!(agents.rewards(), [-0.01]);
//! assert_eq!(agents.inputs()[5], 1.0, "the goal, at the right of the agent");
//! agents.step(&[Move::Right], &mut rng);
//! assert_eq!(agents.rewards(), [1.0]);
//! assert_eq!(agents.arrival(0), Some(2));
//! ```

use rand::{Rng, RngExt as _};

use super::grid::{Cell, Move, Room};
use super::rules::Rules;
use super::senses::{CHANNELS, MOVES, SENSORS, cue};
use super::tasks::{Drawn, Setting};

mod restart;
mod step;

/// What moves agents: a network, or a rule.
pub trait Navigator {
    /// Takes up agents that have just been put into their rooms.
    fn begin(&mut self, agents: &Agents, rng: &mut dyn Rng);

    /// Says what each agent does next; what is said for those whose episode is over does not count.
    fn choose(&mut self, agents: &Agents, rng: &mut dyn Rng, moves: &mut [Move]);
}

/// Where an agent begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Placement {
    /// Place of its room in the list.
    pub room: usize,
    /// The rewarded goal, by its number in the room.
    pub goal: usize,
    /// Where it stands.
    pub cell: Cell,
}

/// A room with one goal rewarded: what agents have in common that are in the same.
#[derive(Debug, Clone)]
struct Board {
    room: usize,
    goal: usize,
    /// Where its array begins.
    first: usize,
    width: usize,
    time_limit: u32,
    /// Cells between the first and the last column, where the side walls are exchanged; else 0.
    exchanged: usize,
}

/// A batch of agents, as structure of arrays; by default there are none.
#[derive(Debug, Clone, Default)]
pub struct Agents {
    rules: Rules,
    rooms: Vec<Room>,
    boards: Vec<Board>,
    /// What the cells of all boards are to the sensors, one board after the other.
    values: Vec<i8>,
    /// The board of each agent.
    board_of: Vec<usize>,
    /// Where each agent stands, as a place in `values`.
    here: Vec<usize>,
    previous: Vec<Option<Move>>,
    ticks: Vec<u32>,
    is_over: Vec<bool>,
    has_arrived: Vec<bool>,
    collided: Vec<bool>,
    rewards: Vec<f64>,
    /// `[agent][channel]`.
    inputs: Vec<f64>,
}

impl Agents {
    /// Puts `count` agents into rooms of a setting, each at the beginning of an episode.
    ///
    /// For each agent are drawn its room, one of the goals, and one of the cells to begin in, each as likely as the others.
    pub fn begin(&mut self, setting: &Setting, count: usize, rng: &mut dyn Rng) {
        let mut rooms = setting.rooms.shared().to_vec();
        let mut placements = Vec::with_capacity(count);
        for _ in 0..count {
            let room = match setting.rooms.draw(rng) {
                Drawn::Shared(place) => place,
                Drawn::Own(own) => {
                    rooms.push(own);
                    rooms.len() - 1
                }
            };
            let (goal, cell) = drawn_start(&rooms[room], rng);
            placements.push(Placement { room, goal, cell });
        }
        self.begin_at(&setting.rules, rooms, &placements);
    }

    /// Puts agents where they are told to begin an episode.
    ///
    /// # Panics
    /// If a room or a goal does not exist, or a cell is wall.
    pub fn begin_at(&mut self, rules: &Rules, rooms: Vec<Room>, placements: &[Placement]) {
        let count = placements.len();
        self.rules.clone_from(rules);
        self.rooms = rooms;
        self.boards.clear();
        self.values.clear();
        self.board_of.clear();
        self.here.clear();
        let mut known: Vec<Vec<Option<usize>>> = self
            .rooms
            .iter()
            .map(|room| vec![None; room.goals().len()])
            .collect();
        for at in placements {
            let room = &self.rooms[at.room];
            assert!(!room.is_wall(at.cell), "an agent stands on a free cell");
            let place = room.place(at.cell);
            let board = match known[at.room][at.goal] {
                Some(board) => board,
                None => self.add_board(at.room, at.goal),
            };
            known[at.room][at.goal] = Some(board);
            self.board_of.push(board);
            self.here.push(self.boards[board].first + place);
        }
        renew(&mut self.previous, count, None);
        renew(&mut self.ticks, count, 0);
        renew(&mut self.is_over, count, false);
        renew(&mut self.has_arrived, count, false);
        renew(&mut self.collided, count, false);
        renew(&mut self.rewards, count, 0.0);
        renew(&mut self.inputs, count * CHANNELS, 0.0);
        for agent in 0..count {
            self.write_cue(agent);
            self.perceive(agent);
        }
    }

    fn add_board(&mut self, room: usize, goal: usize) -> usize {
        let of = &self.rooms[room];
        self.boards.push(Board {
            room,
            goal,
            first: self.values.len(),
            width: of.width(),
            time_limit: self.rules.time_limit(of),
            exchanged: self.exchanged(of, goal),
        });
        of.write_values(goal, &mut self.values);
        self.boards.len() - 1
    }

    /// Cells between the first and the last column where the side walls are exchanged, else 0.
    fn exchanged(&self, room: &Room, goal: usize) -> usize {
        if self.rules.is_implicit && goal > 0 {
            room.columns() - 1
        } else {
            0
        }
    }

    /// The cue of the rewarded goal, or of the first where the cue does not tell which it is.
    fn write_cue(&mut self, agent: usize) {
        let board = &self.boards[self.board_of[agent]];
        let room = &self.rooms[board.room];
        let told = if self.rules.is_implicit {
            0
        } else {
            board.goal
        };
        let cue = cue(room.goals()[told].centre, room.columns());
        self.inputs[agent * CHANNELS..][SENSORS + MOVES..CHANNELS].copy_from_slice(&cue);
    }

    /// Lets a navigator move the agents until all episodes are over.
    pub fn live(&mut self, navigator: &mut dyn Navigator, rng: &mut dyn Rng) {
        let mut moves = vec![Move::Up; self.count()];
        navigator.begin(self, rng);
        while !self.are_all_over() {
            navigator.choose(self, rng, &mut moves);
            self.step(&moves, rng);
        }
    }

    /// Number of agents.
    pub fn count(&self) -> usize {
        self.here.len()
    }

    /// What agents perceive, `[agent][channel]`, as [`super::senses`] tells; 0 where the episode is over.
    pub fn inputs(&self) -> &[f64] {
        &self.inputs
    }

    /// What the last step brought each agent.
    pub fn rewards(&self) -> &[f64] {
        &self.rewards
    }

    /// Whose episode is over.
    pub fn is_over(&self) -> &[bool] {
        &self.is_over
    }

    /// Who ran into a wall in the last step.
    pub fn collided(&self) -> &[bool] {
        &self.collided
    }

    /// The clock of each agent's episode.
    pub fn ticks(&self) -> &[u32] {
        &self.ticks
    }

    /// Whether all episodes are over.
    pub fn are_all_over(&self) -> bool {
        self.is_over.iter().all(|&over| over)
    }

    /// When an agent came to its goal, if it did.
    pub fn arrival(&self, agent: usize) -> Option<u32> {
        self.has_arrived[agent].then(|| self.ticks[agent])
    }

    /// Where an agent stands.
    pub fn cell(&self, agent: usize) -> Cell {
        let board = &self.boards[self.board_of[agent]];
        self.rooms[board.room].cell(self.here[agent] - board.first)
    }

    /// The board of an agent, by its number among [`Self::boards`].
    pub fn board(&self, agent: usize) -> usize {
        self.board_of[agent]
    }

    /// Each room with each goal that is rewarded there for some agent.
    pub fn boards(&self) -> impl Iterator<Item = (&Room, usize)> {
        self.boards
            .iter()
            .map(|board| (&self.rooms[board.room], board.goal))
    }

    /// The room of an agent, and which of its goals is rewarded.
    pub fn room(&self, agent: usize) -> (&Room, usize) {
        let board = &self.boards[self.board_of[agent]];
        (&self.rooms[board.room], board.goal)
    }
}

/// One of the goals of a room and one of the cells to begin in, each as likely as the others.
fn drawn_start(room: &Room, rng: &mut dyn Rng) -> (usize, Cell) {
    let (goals, starts) = (room.goals().len(), room.starts());
    let goal = rng.random_range(0..goals);
    (goal, starts[rng.random_range(0..starts.len())])
}

/// Makes a list of `count` times the same, in the same memory where that is enough.
fn renew<T: Clone>(list: &mut Vec<T>, count: usize, value: T) {
    list.clear();
    list.resize(count, value);
}

#[cfg(test)]
mod tests;
