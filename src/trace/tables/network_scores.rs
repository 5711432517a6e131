//! How well the networks of a population find their way.

use super::declare::table;

table! {
    /// How well the network of one run finds its way in one room; the table is derived from the scores of the runs.
    #[table = "network_scores"]
    pub struct NetworkScoreRow {
        /// Name of the run.
        pub run: String,
        /// What the network learned before: name of that curriculum, or of the run's own if it began untrained.
        pub network: String,
        /// Name of the curriculum.
        pub curriculum: String,
        /// What the run changes in the curriculum: KEY=VALUE, with spaces between.
        pub settings: String,
        /// Seed of the run.
        pub seed: u64,
        /// Name of the room.
        pub room: String,
        /// Training step of the last checkpoint.
        #[unit = "training step"]
        pub step: u64,
        /// Score at the last checkpoint.
        pub score: f64,
        /// Mean score of the last three checkpoints.
        pub late: f64,
        /// Best score of all checkpoints.
        pub best: f64,
        /// Score at the last checkpoint as the paper's public code computes it.
        pub score_as_coded: f64,
        /// Score at the last checkpoint against the shortest ways.
        pub score_shortest: f64,
        /// Share of the trials that came to the goal at the last checkpoint, in 0 to 1.
        pub arrived: f64,
        /// The score of moves at random.
        pub floor: f64,
        /// The score of who goes the shortest way.
        pub ceiling: f64,
    }
}
