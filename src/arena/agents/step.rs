//! One step of all agents.

use rand::{Rng, RngExt as _};

use super::Agents;
use crate::arena::grid::{Move, PADDING};
use crate::arena::senses::{CHANNELS, write_move, write_patch};

impl Agents {
    /// Lets all agents do one thing, those whose episode is over excepted.
    ///
    /// 1. The clock advances by a tick, and the agent goes to the next cell.
    /// 2. If that is a wall, the clock advances by another tick, and the agent is in one of the free cells beside the one it
    ///    came from, each as likely as the others. Who is shut in stays.
    /// 3. The episode is over if the agent stands on the goal, or at the time limit.
    /// 4. The reward is that of [`crate::arena::rules::Rules`].
    /// 5. The agent perceives where it is, and what it chose to do; a bounce is not told.
    ///
    /// Where the episode is over, before this step or by it, all inputs are 0; where it was over before, so is the reward.
    ///
    /// # Panics
    /// If there are not as many moves as agents.
    pub fn step(&mut self, moves: &[Move], rng: &mut dyn Rng) {
        assert_eq!(moves.len(), self.count(), "one move for each agent");
        for (agent, &step) in moves.iter().enumerate() {
            if self.is_over[agent] {
                self.rewards[agent] = 0.0;
                self.collided[agent] = false;
                continue;
            }
            self.go(agent, step, rng);
            let time_limit = self.boards[self.board_of[agent]].time_limit;
            let is_late = self.ticks[agent] >= time_limit;
            self.has_arrived[agent] = self.values[self.here[agent]] > 0;
            self.is_over[agent] = self.has_arrived[agent] || is_late;
            self.rewards[agent] = self.reward(agent, step);
            self.previous[agent] = Some(step);
            self.perceive(agent);
        }
    }

    /// Steps 1 and 2.
    fn go(&mut self, agent: usize, step: Move, rng: &mut dyn Rng) {
        let width = self.boards[self.board_of[agent]].width;
        let from = self.here[agent];
        let to = beside(from, step, width);
        self.ticks[agent] += 1;
        self.collided[agent] = self.values[to] < 0;
        if !self.collided[agent] {
            self.here[agent] = to;
            return;
        }
        self.ticks[agent] += 1;
        let around = Move::ALL.map(|step| beside(from, step, width));
        let is_free = |&place: &usize| self.values[place] >= 0;
        let free = around.iter().filter(|place| is_free(place)).count();
        if free > 0 {
            let drawn = rng.random_range(0..free);
            let place = around.iter().copied().filter(is_free).nth(drawn);
            self.here[agent] = place.unwrap_or(from);
        }
    }

    /// Step 4.
    fn reward(&self, agent: usize, step: Move) -> f64 {
        if self.has_arrived[agent] {
            return self.rules.goal;
        }
        if self.is_over[agent] {
            return self.rules.time_out;
        }
        let is_turn = self.previous[agent].is_some_and(|before| before != step);
        let of_step = if self.collided[agent] {
            self.rules.collision
        } else {
            self.rules.step
        };
        of_step + if is_turn { self.rules.turn } else { 0.0 }
    }

    /// Step 5.
    pub(super) fn perceive(&mut self, agent: usize) {
        let inputs = &mut self.inputs[agent * CHANNELS..][..CHANNELS];
        if self.is_over[agent] {
            inputs.fill(0.0);
            return;
        }
        let board = &self.boards[self.board_of[agent]];
        let mut seen_from = self.here[agent];
        if board.exchanged > 0 {
            let column = (seen_from - board.first) % board.width;
            if column == PADDING {
                seen_from += board.exchanged;
            } else if column == PADDING + board.exchanged {
                seen_from -= board.exchanged;
            }
        }
        write_patch(&self.values, seen_from, board.width, inputs);
        write_move(self.previous[agent], inputs);
    }
}

fn beside(place: usize, step: Move, width: usize) -> usize {
    match step {
        Move::Up => place - width,
        Move::Right => place + 1,
        Move::Down => place + width,
        Move::Left => place - 1,
    }
}
