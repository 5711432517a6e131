//! The probe trials.

use super::declare::table;

table! {
    /// One time step of one probe trial at one checkpoint.
    #[table = "trials"]
    #[belongs(checkpoint = Checkpoint, step = Step)]
    pub struct TrialRow {
        /// Number of the checkpoint, counted from 0.
        pub checkpoint: u32,
        /// Training steps done at the checkpoint.
        #[unit = "training step"]
        pub step: u64,
        /// Number of the probe trial, counted from 0.
        pub trial: u32,
        /// Time step within the trial, counted from 0.
        #[unit = "time step"]
        pub time: u32,
        /// Inputs at this time.
        pub input: Vec<f64>,
        /// Targets at this time.
        pub target: Vec<f64>,
        /// Outputs at this time.
        pub output: Vec<f64>,
        /// State after this time step.
        pub state: Vec<f64>,
        /// The state in the run's fixed projection.
        pub pc: [f64; 3],
    }
}
