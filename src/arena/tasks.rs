//! The seven navigation tasks, each with its settings of training and of test (Xu & Barak 2020; read from their public code).
//!
//! | task | room in training | in the test | rewards besides |
//! |---|---|---|---|
//! | basic | 15 × 15, empty | the same | |
//! | hole | holes, scattered anew for each agent | one map | no penalty of collisions |
//! | bar | a bar, drawn anew for each agent | one bar | −0.01 for each turn, none for collisions |
//! | scale | S × S, S even in 10, 20, …, 50 | S = 50 | no penalty of collisions |
//! | scale-x | 15 × 15k, k even in 1..=3 | k = 3 | |
//! | scale-y | 15k × 15, k even in 1..=3 | k = 3 | |
//! | implicit | as basic, but no cue tells the goal | the same | |
//!
//! The goals reach ⌊S/10⌋ − 1 cells around their middles in training, with S = 15 in all but scale; in tests 0 cells, in scale
//! 2, in scale-x and scale-y 1. Which goal it is, is drawn evenly for each agent.
//!
//! Where the public code is at odds with what it means, the meaning is taken: the turn is held against the move before (the
//! code compares the move's number with 1, the largest entry of the one before); tests begin in all free cells (the code's
//! basic test leaves out every second row and column, its hole test goes by the map before, its bar test begins in the bar,
//! too); and in training, agents begin in free cells only (the code's may begin in a hole).

use rand::{Rng, RngExt as _};

use super::grid::Room;
use super::obstacles::{Bar, HOLE_PROPOSALS, scatter_holes, test_holes};
use super::paths::Distances;
use super::rules::Rules;
pub use super::senses::SIDE;
use crate::parameters::{ParameterVisitor, Variant};

/// One of the paper's tasks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NavigationTask {
    /// An empty room.
    Basic,
    /// A room with scattered holes.
    Hole,
    /// A room with a bar in it.
    Bar,
    /// Square rooms of several sizes.
    Scale,
    /// Rooms of several widths.
    ScaleX,
    /// Rooms of several heights.
    ScaleY,
    /// An empty room whose side walls tell the goal.
    Implicit,
}

/// What agents do in a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Phase {
    /// They learn.
    Training,
    /// They are judged.
    Test,
}

/// Where agents are put, and by what rules.
#[derive(Debug, Clone, PartialEq)]
pub struct Setting {
    /// The rooms.
    pub rooms: Rooms,
    /// Rewards and time limit.
    pub rules: Rules,
}

/// The rooms of a setting.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Rooms {
    /// Always the same.
    Same(Room),
    /// 15 × 15 cells with so many proposals for holes, anew for each agent.
    Holes(usize),
    /// 15 × 15 cells with a bar, anew for each agent.
    Bars,
    /// One of these, each as likely as the others.
    OneOf(Vec<Room>),
}

/// The room of an agent.
#[derive(Debug, Clone, PartialEq)]
pub enum Drawn {
    /// One of [`Rooms::shared`], by its place.
    Shared(usize),
    /// Its own.
    Own(Room),
}

impl Rooms {
    /// The rooms in which several agents may be, each in its own copy of the world.
    pub fn shared(&self) -> &[Room] {
        match self {
            Self::Same(room) => std::slice::from_ref(room),
            Self::OneOf(rooms) => rooms,
            Self::Holes(_) | Self::Bars => &[],
        }
    }

    /// The room of the next agent.
    pub fn draw(&self, rng: &mut dyn Rng) -> Drawn {
        match self {
            Self::Same(_) => Drawn::Shared(0),
            Self::OneOf(rooms) => Drawn::Shared(rng.random_range(0..rooms.len())),
            Self::Holes(proposals) => {
                let mut room = small();
                scatter_holes(&mut room, *proposals, rng);
                Drawn::Own(room)
            }
            Self::Bars => {
                let mut room = small();
                Bar::drawn(SIDE, rng).put_into(&mut room);
                Drawn::Own(room)
            }
        }
    }
}

/// The room of the basic task.
fn small() -> Room {
    Room::empty(SIDE, SIDE, 0)
}

impl Setting {
    /// A room of one's own, such as a maze, in training and in the test, by the rules of the basic task. The time is at least
    /// twice the longest of the shortest ways to a goal.
    pub fn of(room: Room) -> Self {
        let mut longest = 0;
        for goal in 0..room.goals().len() {
            let distances = Distances::to(&room, goal);
            for &start in room.starts() {
                longest = longest.max(distances.way_from(&room, start).unwrap_or(0));
            }
        }
        let rules = Rules {
            least_ticks: 2 * longest as usize,
            ..Rules::default()
        };
        Self {
            rooms: Rooms::Same(room),
            rules,
        }
    }
}

impl NavigationTask {
    /// All, in the order in which the paper's scores are told.
    pub const ALL: [Self; 7] = [
        Self::Basic,
        Self::Hole,
        Self::Bar,
        Self::Scale,
        Self::ScaleX,
        Self::ScaleY,
        Self::Implicit,
    ];

    /// Its rooms and rules in a phase.
    pub fn setting(self, phase: Phase) -> Setting {
        let rooms = match phase {
            Phase::Training => self.training_rooms(),
            Phase::Test => Rooms::Same(self.test_room()),
        };
        let rules = self.rules(phase);
        Setting { rooms, rules }
    }

    fn training_rooms(self) -> Rooms {
        let sides = |k: usize| k * SIDE;
        match self {
            Self::Basic | Self::Implicit => Rooms::Same(small()),
            Self::Hole => Rooms::Holes(HOLE_PROPOSALS),
            Self::Bar => Rooms::Bars,
            Self::Scale => {
                let square = |tens: usize| Room::empty(10 * tens, 10 * tens, tens - 1);
                Rooms::OneOf((1..=5).map(square).collect())
            }
            Self::ScaleX => Rooms::OneOf((1..=3).map(|k| Room::empty(SIDE, sides(k), 0)).collect()),
            Self::ScaleY => Rooms::OneOf((1..=3).map(|k| Room::empty(sides(k), SIDE, 0)).collect()),
        }
    }

    fn test_room(self) -> Room {
        match self {
            Self::Basic | Self::Implicit => small(),
            Self::Hole => {
                let mut room = small();
                test_holes(&mut room);
                room
            }
            Self::Bar => {
                let mut room = small();
                Bar::TEST.put_into(&mut room);
                room
            }
            Self::Scale => Room::empty(50, 50, 2),
            Self::ScaleX => Room::empty(SIDE, 3 * SIDE, 1),
            Self::ScaleY => Room::empty(3 * SIDE, SIDE, 1),
        }
    }

    /// The time limit is 8 ticks for each cell of the longer side; in the tests of scale, scale-x and scale-y 4.
    fn rules(self, phase: Phase) -> Rules {
        let rules = match self {
            Self::Basic | Self::ScaleX | Self::ScaleY => Rules::default(),
            Self::Hole | Self::Scale => Rules::default().without_collisions(),
            Self::Bar => Rules {
                turn: -0.01,
                ..Rules::default().without_collisions()
            },
            Self::Implicit => Rules {
                is_implicit: true,
                ..Rules::default()
            },
        };
        let is_scaled = matches!(self, Self::Scale | Self::ScaleX | Self::ScaleY);
        let ticks_per_cell = if is_scaled && phase == Phase::Test {
            4
        } else {
            8
        };
        Rules {
            ticks_per_cell,
            ..rules
        }
    }
}

impl Variant for NavigationTask {
    fn all() -> Vec<Self> {
        Self::ALL.to_vec()
    }

    fn name(&self) -> &'static str {
        match self {
            Self::Basic => "basic",
            Self::Hole => "hole",
            Self::Bar => "bar",
            Self::Scale => "scale",
            Self::ScaleX => "scale-x",
            Self::ScaleY => "scale-y",
            Self::Implicit => "implicit",
        }
    }

    /// None: the paper's tasks are as they are.
    fn parameters(&mut self, _: &mut dyn ParameterVisitor) {}
}

#[cfg(test)]
#[path = "tasks_tests.rs"]
mod tests;
