//! The fixed points of the checkpoints.

use super::declare::table;
use crate::nouns::{Found, PointKind};

table! {
    /// One fixed point of one checkpoint at one probe input.
    #[table = "fixed_points"]
    #[belongs(checkpoint = Checkpoint, step = Step)]
    pub struct FixedPointRow {
        /// Number of the checkpoint, counted from 0.
        pub checkpoint: u32,
        /// Training steps done at the checkpoint.
        #[unit = "training step"]
        pub step: u64,
        /// Name of the probe input.
        pub condition: String,
        /// Identity of the point's branch within the run and condition.
        pub point: u32,
        /// stable_node, stable_focus, saddle, repeller or marginal.
        pub kind: PointKind,
        /// The point in state space, one value a state variable.
        pub state: Vec<f64>,
        /// Half the squared norm of F(x) - x, in f64 at the stored point.
        pub q: f64,
        /// Radius within which a certificate proves a unique fixed point.
        pub radius: Option<f64>,
        /// Number of eigenvalues outside the unit circle.
        #[unit = "count"]
        pub n_unstable: u16,
        /// Real part of the leading eigenvalue.
        pub multiplier_re: f64,
        /// Imaginary part of the leading eigenvalue, not negative.
        pub multiplier_im: f64,
        /// Sign of det(I - J): 1, 0 or -1.
        pub index: i8,
        /// Output of the network at the point.
        pub readout: Vec<f64>,
        /// Share of states of the task, each of a trial of its own, with jitter, that end here, in 0 to 1.
        pub basin_fraction: Option<f64>,
        /// tracked (from a neighbouring checkpoint) or searched.
        pub found: Found,
        /// The state in the run's fixed projection.
        pub pc: [f64; 3],
    }
}
