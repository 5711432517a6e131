//! What remains in the network when nothing is perceived, of curricula in grid rooms.

use super::declare::table;

table! {
    /// States of random walks after some steps under the null drive at one checkpoint: how many dimensions they have, and what they
    /// tell.
    #[table = "relaxations"]
    #[belongs(checkpoint = Checkpoint, step = Step)]
    pub struct RelaxationRow {
        /// Number of the checkpoint, counted from 0.
        pub checkpoint: u32,
        /// Training steps done at the checkpoint.
        #[unit = "training step"]
        pub step: u64,
        /// Name of the constant input: nothing near, the mean of all moves, and a cue.
        pub condition: String,
        /// Steps under the constant input; 0 for the states as they were recorded.
        #[unit = "time step"]
        pub relaxed: u32,
        /// Participation ratio of the states.
        pub dimension: f64,
        /// Mean length of a step from there.
        pub speed: f64,
        /// R² of the position, decoded by ridge regression as if units had noise of a tenth of the spread of recorded states, over walks
        /// that were left out; at most 1.
        pub position_r2: f64,
        /// Share of the states from which the last wall is decoded right, over walks that were left out.
        pub last_wall: f64,
        /// Share of the most frequent last wall: what decodes it without looking.
        pub last_wall_chance: f64,
    }
}
