//! Navigators that need no learning: the floor, the ceiling, and the one that the paper's score is made for.

use rand::{Rng, RngExt as _};

use super::agents::{Agents, Navigator};
use super::grid::{Move, PADDING};
use super::paths::Distances;

/// Any move is as likely as any other: the floor.
#[derive(Debug, Clone, Copy, Default)]
pub struct AtRandom;

impl Navigator for AtRandom {
    fn begin(&mut self, _: &Agents, _: &mut dyn Rng) {}

    /// Draws for every agent, also for those whose episode is over.
    fn choose(&mut self, _: &Agents, rng: &mut dyn Rng, moves: &mut [Move]) {
        for step in moves {
            *step = Move::ALL[rng.random_range(0..Move::ALL.len())];
        }
    }
}

/// Knows the room, the goal and where it is, and goes a shortest way: the ceiling.
///
/// Of several moves that are as good, it takes the first of [`Move::ALL`].
#[derive(Debug, Clone, Default)]
pub struct ShortestWay {
    /// Of each board.
    distances: Vec<Distances>,
}

impl Navigator for ShortestWay {
    fn begin(&mut self, agents: &Agents, _: &mut dyn Rng) {
        let to = |(room, goal)| Distances::to(room, goal);
        self.distances = agents.boards().map(to).collect();
    }

    fn choose(&mut self, agents: &Agents, _: &mut dyn Rng, moves: &mut [Move]) {
        for (agent, chosen) in moves.iter_mut().enumerate() {
            let distances = &self.distances[agents.board(agent)];
            let here = agents.cell(agent);
            let rest = |step: &Move| distances.at(here.after(*step)).unwrap_or(u32::MAX);
            *chosen = Move::ALL.into_iter().min_by_key(rest).unwrap_or(Move::Up);
        }
    }
}

/// Goes up to the top wall first, and from there to the goal: the way against which the paper scores.
///
/// 1. Up to the top.
/// 2. Along it to the column of the goal's middle; if the agent began to the right of that, to the right wall and back.
/// 3. Down.
///
/// It knows where it is, and takes no notice of obstacles.
#[derive(Debug, Clone, Default)]
pub struct WallFirst {
    legs: Vec<Leg>,
}

/// Where an agent is going.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Leg {
    Top { by_the_right: bool },
    RightWall,
    Goal,
}

impl Navigator for WallFirst {
    fn begin(&mut self, agents: &Agents, _: &mut dyn Rng) {
        let of = |agent| {
            let (room, goal) = agents.room(agent);
            let by_the_right = agents.cell(agent).x > room.goals()[goal].centre.x;
            Leg::Top { by_the_right }
        };
        self.legs = (0..agents.count()).map(of).collect();
    }

    fn choose(&mut self, agents: &Agents, _: &mut dyn Rng, moves: &mut [Move]) {
        for (agent, chosen) in moves.iter_mut().enumerate() {
            let (room, goal) = agents.room(agent);
            let (here, column) = (agents.cell(agent), room.goals()[goal].centre.x);
            let leg = &mut self.legs[agent];
            match *leg {
                Leg::Top { by_the_right } if here.y == PADDING => {
                    *leg = if by_the_right {
                        Leg::RightWall
                    } else {
                        Leg::Goal
                    };
                }
                _ => {}
            }
            if *leg == Leg::RightWall && here.x == room.right() {
                *leg = Leg::Goal;
            }
            *chosen = match *leg {
                Leg::Top { .. } => Move::Up,
                Leg::RightWall => Move::Right,
                Leg::Goal if here.x < column => Move::Right,
                Leg::Goal if here.x > column => Move::Left,
                Leg::Goal => Move::Down,
            };
        }
    }
}

#[cfg(test)]
#[path = "scripted_tests.rs"]
mod tests;
