//! What a world rewards, and how long an episode lasts.

use super::grid::Room;
use crate::parameters::{ANY, ParameterVisitor};

/// Rewards and the time limit of an episode.
///
/// What a step brings: `goal` if it ends on the goal, even by a bounce and in the last tick; else `time_out` if the time is
/// over; else `collision` or `step`, with `turn` added where the move is another than the one before (Xu & Barak 2020, public
/// code). Default: those of the paper's basic task.
#[derive(Debug, Clone, PartialEq)]
pub struct Rules {
    /// Of a step that ends on the goal. Default 1.
    pub goal: f64,
    /// Of the step in which the time is over. Default −1.
    pub time_out: f64,
    /// Of any other step. Default −0.01.
    pub step: f64,
    /// In place of `step`, of one that ran into a wall. Default −0.5.
    pub collision: f64,
    /// Added where the move differs from the one before; an agent's first never does. Default 0.
    pub turn: f64,
    /// Ticks of an episode for each cell of the longer side. Default 8.
    pub ticks_per_cell: usize,
    /// Ticks of an episode at least, for mazes with long ways. Default 0.
    pub least_ticks: usize,
    /// Whether the cue always tells the first goal, and the side walls tell which it is: while another is rewarded, an agent in
    /// the first column sees what it would in the last, and the reverse. Default no.
    pub is_implicit: bool,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            goal: 1.0,
            time_out: -1.0,
            step: -0.01,
            collision: -0.5,
            turn: 0.0,
            ticks_per_cell: 8,
            least_ticks: 0,
            is_implicit: false,
        }
    }
}

impl Rules {
    /// The same rules without a penalty for running into walls.
    pub fn without_collisions(self) -> Self {
        Self {
            collision: self.step,
            ..self
        }
    }

    /// Ticks after which an episode in a room is over.
    pub fn time_limit(&self, room: &Room) -> u32 {
        let by_size = self.ticks_per_cell * room.longer_side();
        by_size.max(self.least_ticks) as u32
    }

    /// Walks over the parameters.
    pub fn parameters(&mut self, visitor: &mut dyn ParameterVisitor) {
        visitor.real("goal_reward", &mut self.goal, ANY);
        visitor.real("time_out_reward", &mut self.time_out, ANY);
        visitor.real("step_reward", &mut self.step, ANY);
        visitor.real("collision_reward", &mut self.collision, ANY);
        visitor.real("turn_reward", &mut self.turn, ANY);
        visitor.count("ticks_per_cell", &mut self.ticks_per_cell, 1..=10_000);
        visitor.count("least_ticks", &mut self.least_ticks, 0..=1_000_000);
        visitor.flag("implicit", &mut self.is_implicit);
    }
}
