//! The slow points of the checkpoints.

use super::declare::table;

table! {
    /// One slow point of one checkpoint at one probe input: a minimum of q that is no fixed point.
    #[table = "slow_points"]
    #[belongs(checkpoint = Checkpoint, step = Step)]
    pub struct SlowPointRow {
        /// Number of the checkpoint, counted from 0.
        pub checkpoint: u32,
        /// Training steps done at the checkpoint.
        #[unit = "training step"]
        pub step: u64,
        /// Name of the probe input.
        pub condition: String,
        /// The point in state space, one value a state variable.
        pub state: Vec<f64>,
        /// Half the squared norm of F(x) - x, in f64 at the stored point.
        pub q: f64,
        /// Smallest singular value of I - J; 0 at an exact minimum of q.
        pub smallest_singular_value: f64,
        /// Norm of (I - J)^T (x - F(x)) relative to its factors; 0 at an exact minimum of q.
        pub alignment: f64,
        /// Steps that motion needs to pass the ghost of a fold; null if it does not pass.
        #[unit = "time step"]
        pub passage_steps: Option<f64>,
        /// Number of eigenvalues outside the unit circle.
        #[unit = "count"]
        pub n_unstable: u16,
        /// Real part of the leading eigenvalue.
        pub multiplier_re: f64,
        /// Imaginary part of the leading eigenvalue, not negative.
        pub multiplier_im: f64,
        /// Output of the network at the point.
        pub readout: Vec<f64>,
        /// The state in the run's fixed projection.
        pub pc: [f64; 3],
    }
}
