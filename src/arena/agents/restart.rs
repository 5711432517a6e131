//! New episodes for agents whose episode is over, while the others go on.

use rand::Rng;

use super::{Agents, Board, drawn_start};
use crate::arena::grid::Room;
use crate::arena::tasks::{Drawn, Setting};

impl Agents {
    /// Begins a new episode for each agent whose episode is over, in the setting in which [`Self::begin`] put them. What is
    /// drawn for an agent is drawn as there. [`Self::rewards`] and [`Self::collided`] still tell of the last step.
    ///
    /// Where rooms are shared, this allocates nothing, but for the first agent ever with a goal in a room.
    ///
    /// ```
    /// use creode::arena::agents::Agents;
    /// use creode::arena::scripted::AtRandom;
    /// use creode::arena::tasks::{NavigationTask, Phase};
    /// use rand::SeedableRng as _;
    /// use rand_chacha::ChaCha8Rng;
    ///
    /// let setting = NavigationTask::Basic.setting(Phase::Training);
    /// let mut rng = ChaCha8Rng::seed_from_u64(1);
    /// let mut agents = Agents::default();
    /// agents.begin(&setting, 10, &mut rng);
    /// agents.live(&mut AtRandom, &mut rng);
    /// assert!(agents.are_all_over());
    /// agents.restart(&setting, &mut rng);
    /// assert_eq!(agents.ticks(), [0; 10]);
    /// assert_eq!(agents.is_over(), [false; 10]);
    /// ```
    pub fn restart(&mut self, setting: &Setting, rng: &mut dyn Rng) {
        debug_assert_eq!(self.rules, setting.rules, "another setting");
        for agent in 0..self.count() {
            if self.is_over[agent] {
                self.restart_one(agent, setting, rng);
            }
        }
    }

    fn restart_one(&mut self, agent: usize, setting: &Setting, rng: &mut dyn Rng) {
        let cell = match setting.rooms.draw(rng) {
            Drawn::Shared(room) => {
                let (goal, cell) = drawn_start(&self.rooms[room], rng);
                let is_here = |board: &Board| (board.room, board.goal) == (room, goal);
                let board = self.boards.iter().position(is_here);
                self.board_of[agent] = board.unwrap_or_else(|| self.add_board(room, goal));
                cell
            }
            Drawn::Own(own) => {
                let (goal, cell) = drawn_start(&own, rng);
                self.replace_room(self.board_of[agent], own, goal);
                cell
            }
        };
        let board = &self.boards[self.board_of[agent]];
        self.here[agent] = board.first + self.rooms[board.room].place(cell);
        self.previous[agent] = None;
        self.ticks[agent] = 0;
        self.is_over[agent] = false;
        self.has_arrived[agent] = false;
        self.write_cue(agent);
        self.perceive(agent);
    }

    /// Puts another room in the place of one that a single agent has for itself.
    fn replace_room(&mut self, board: usize, room: Room, goal: usize) {
        let Board {
            room: at, first, ..
        } = self.boards[board];
        let size = |room: &Room| (room.rows(), room.columns());
        assert_eq!(size(&self.rooms[at]), size(&room), "all are as large");
        let mut values = Vec::new();
        room.write_values(goal, &mut values);
        self.values[first..][..values.len()].copy_from_slice(&values);
        self.boards[board].goal = goal;
        self.boards[board].exchanged = self.exchanged(&room, goal);
        self.rooms[at] = room;
    }
}
