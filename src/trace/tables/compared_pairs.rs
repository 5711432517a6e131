//! The distances of runs that were compared.

use super::declare::table;

table! {
    /// The distance of two runs by one measure.
    #[table = "compared_pairs"]
    pub struct ComparedPairRow {
        /// Name of one run.
        pub run_a: String,
        /// Name of the other.
        pub run_b: String,
        /// Group of the one.
        pub group_a: String,
        /// Group of the other.
        pub group_b: String,
        /// same, other or unknown: whether the graphs of their last fixed points are isomorphic.
        pub end: String,
        /// same, other or unknown: whether their bifurcations came in the same order.
        pub path: String,
        /// Number of bifurcations that both began with.
        #[unit = "count"]
        pub first_events_shared: u32,
        /// Name of the measure.
        pub measure: String,
        /// The distance; null where the measure makes no sense.
        pub distance: Option<f64>,
        /// Why it makes none; null where it does.
        pub reason: Option<String>,
    }
}
