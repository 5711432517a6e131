//! What the network makes of every place, of curricula with a navigation task.

use super::declare::table;

table! {
    /// One cell of one test room for one goal: what it is, and what the network makes of it.
    #[table = "places"]
    #[belongs(checkpoint = Checkpoint, step = Step)]
    pub struct PlaceRow {
        /// Number of the checkpoint, counted from 0.
        pub checkpoint: u32,
        /// Training steps done at the checkpoint.
        #[unit = "training step"]
        pub step: u64,
        /// Name of the room.
        pub room: String,
        /// Number of the rewarded goal, counted from 0.
        pub goal: u32,
        /// Row of the cell, counted from 0 at the top.
        pub row: u16,
        /// Column of the cell, counted from 0 at the left.
        pub column: u16,
        /// What the cell is: free, wall or goal.
        pub cell: String,
        /// Time steps that agents were there, over the trials from every place.
        #[unit = "count"]
        pub visits: u32,
        /// Mean of the largest output of the time steps there; null if no agent came there.
        pub value: Option<f64>,
        /// The move that was chosen there most often: up, right, down or left; null if no agent came there.
        pub chosen: Option<String>,
        /// Mean time from there to the goal, of agents that begin there and arrive; null if none does.
        #[unit = "tick"]
        pub arrival: Option<f64>,
    }
}
