//! Where the units are active, of curricula in grid rooms.

use super::declare::table;

table! {
    /// Where in an empty room one unit is active, over random walks at one checkpoint.
    #[table = "rate_maps"]
    #[belongs(checkpoint = Checkpoint, step = Step)]
    pub struct RateMapRow {
        /// Number of the checkpoint, counted from 0.
        pub checkpoint: u32,
        /// Training steps done at the checkpoint.
        #[unit = "training step"]
        pub step: u64,
        /// Number of the unit, counted from 0.
        pub unit: u32,
        /// Columns of the room.
        #[unit = "count"]
        pub columns: u16,
        /// Smoothed mean rate in each cell, row by row.
        pub rates: Vec<f64>,
        /// Spatial information of the map (Skaggs et al. 1993), of the rate above its least.
        #[unit = "bit"]
        pub information: f64,
        /// Share of shuffles with as much spatial information.
        pub information_p: f64,
        /// Grid score: how alike the autocorrelation is to itself turned by 60 and 120 degrees, less how alike by 30, 90 and 150.
        pub grid_score: f64,
        /// Share of shuffles with as high a grid score.
        pub grid_p: f64,
        /// Border score (Solstad et al. 2008).
        pub border_score: f64,
        /// Share of shuffles with as high a border score.
        pub border_p: f64,
    }
}
