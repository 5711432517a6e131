//! The eigenvalues of the fixed points.

use super::declare::table;

table! {
    /// One eigenvalue of one fixed point.
    #[table = "spectra"]
    #[belongs(checkpoint = Checkpoint, step = Step)]
    pub struct SpectrumRow {
        /// Number of the checkpoint, counted from 0.
        pub checkpoint: u32,
        /// Training steps done at the checkpoint.
        #[unit = "training step"]
        pub step: u64,
        /// Name of the probe input.
        pub condition: String,
        /// Identity of the point's branch within the run and condition.
        pub point: u32,
        /// Rank by modulus, 0 is the leading eigenvalue.
        pub rank: u16,
        /// Real part.
        pub re: f64,
        /// Imaginary part.
        pub im: f64,
    }
}
