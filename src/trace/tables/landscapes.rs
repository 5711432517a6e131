//! Landscapes: counts of points, and what is known of their completeness.

use super::declare::table;

table! {
    /// The landscape of one checkpoint at one probe input, summed up.
    #[table = "landscapes"]
    #[belongs(checkpoint = Checkpoint, step = Step)]
    pub struct LandscapeRow {
        /// Number of the checkpoint, counted from 0.
        pub checkpoint: u32,
        /// Training steps done at the checkpoint.
        #[unit = "training step"]
        pub step: u64,
        /// Name of the probe input.
        pub condition: String,
        /// Number of fixed points.
        #[unit = "count"]
        pub n_fixed: u32,
        /// Number of stable fixed points.
        #[unit = "count"]
        pub n_stable: u32,
        /// Number of slow points.
        #[unit = "count"]
        pub n_slow: u32,
        /// How many of the fixed points were found only from those of the next checkpoint, or by following branches
        /// from the one before; their rows stand last.
        #[unit = "count"]
        pub n_from_later: u32,
        /// Number of starts of the search.
        #[unit = "count"]
        pub n_starts: u32,
        /// Sum of the indices of all fixed points.
        pub index_sum: i32,
        /// What theory demands of the sum; null where it demands nothing.
        pub index_expected: Option<i32>,
        /// proved (there are no others), index_consistent (the sum is as theory demands), incomplete (it is not, the hits of the
        /// starts tell of missing points, or the search was cut short) or unknown.
        pub complete: String,
        /// Estimated number of fixed points that no start reached (Chao1, or of recaptures from five points on curves on).
        #[unit = "count"]
        pub unseen_estimate: f64,
        /// Time that the analysis took.
        #[unit = "s"]
        pub wall_secs: f64,
        /// What to know before believing the counts; null if nothing.
        pub warning: Option<String>,
    }
}
