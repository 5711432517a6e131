//! What the network makes of the probe tasks, of curricula that have any.

use super::declare::table;

table! {
    /// What the network makes of one probe task at one checkpoint.
    #[table = "evaluations"]
    #[belongs(checkpoint = Checkpoint, step = Step)]
    pub struct EvaluationRow {
        /// Number of the checkpoint, counted from 0.
        pub checkpoint: u32,
        /// Training steps done at the checkpoint.
        #[unit = "training step"]
        pub step: u64,
        /// Name of the probe task.
        pub probe: String,
        /// Mean loss over the weighted targets of the probe's trials, by its objective: squared error, unless the task is a world.
        pub loss: f64,
        /// Accuracy on the probe's trials, in 0 to 1.
        pub accuracy: f64,
    }
}
