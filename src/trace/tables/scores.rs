//! How well the network finds its way, of curricula with a navigation task.

use super::declare::table;

table! {
    /// How well the network finds its way in one test room at one checkpoint, from every place and for every goal.
    #[table = "scores"]
    #[belongs(checkpoint = Checkpoint, step = Step)]
    pub struct ScoreRow {
        /// Number of the checkpoint, counted from 0.
        pub checkpoint: u32,
        /// Training steps done at the checkpoint.
        #[unit = "training step"]
        pub step: u64,
        /// Name of the room: basic, hole, bar, scale, scale-x, scale-y, implicit or maze.
        pub room: String,
        /// Number of trials, one for each goal and each place to begin in.
        #[unit = "count"]
        pub trials: u32,
        /// Share of the trials that came to the goal, in 0 to 1.
        pub arrived: f64,
        /// Mean of the length of the way by the walls over the time to the goal, at most 1; -1 for trials that do not come there.
        pub score: f64,
        /// The same with the way by the walls as the paper's public code computes it.
        pub score_as_coded: f64,
        /// The same with the shortest way in place of the way by the walls.
        pub score_shortest: f64,
        /// The score of moves at random.
        pub floor: f64,
        /// The score of who goes the shortest way.
        pub ceiling: f64,
    }
}
