//! Ways that the network went, of curricula with a navigation task.

use super::declare::table;

table! {
    /// One time step of one way that the network went in a test room.
    #[table = "paths"]
    #[belongs(checkpoint = Checkpoint, step = Step)]
    pub struct PathRow {
        /// Number of the checkpoint, counted from 0.
        pub checkpoint: u32,
        /// Training steps done at the checkpoint.
        #[unit = "training step"]
        pub step: u64,
        /// Name of the room.
        pub room: String,
        /// Number of the way, counted from 0.
        pub path: u32,
        /// Number of the rewarded goal, counted from 0.
        pub goal: u32,
        /// Time step, counted from 0.
        #[unit = "time step"]
        pub time: u32,
        /// Row of the cell that the agent stands in before it moves, counted from 0 at the top.
        pub row: u16,
        /// Column of the cell, counted from 0 at the left.
        pub column: u16,
        /// What it chooses to do: up, right, down or left.
        pub chosen: String,
        /// The reward that this brings.
        pub reward: f64,
        /// Whether it ran into a wall: 1 if so, else 0.
        pub collided: u16,
        /// The clock after the move.
        #[unit = "tick"]
        pub clock: u32,
        /// The outputs, one a move.
        pub output: Vec<f64>,
        /// The network's state in the run's fixed projection.
        pub pc: [f64; 3],
    }
}
