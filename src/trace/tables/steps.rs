//! The training steps.

use super::declare::table;

table! {
    /// One training step; the network before any training is step 0 and has no row.
    #[table = "steps"]
    #[belongs(step = UpToStep)]
    pub struct StepRow {
        /// Training step, counted from 1.
        #[unit = "training step"]
        pub step: u64,
        /// Stage of the curriculum, counted from 0.
        pub stage: u32,
        /// Name of the task of that stage.
        pub task: String,
        /// Loss on the batch of this step, before the update.
        pub loss: f64,
        /// Accuracy on the batch of this step, before the update, in 0 to 1.
        pub accuracy: f64,
        /// Euclidean norm of the gradient, before clipping.
        pub grad_norm: f64,
        /// Learning rate of this step.
        pub learning_rate: f64,
        /// Euclidean norm of all parameters after the update.
        pub weight_norm: f64,
        /// Time spent in training since the run began, over all its sessions.
        #[unit = "s"]
        pub wall_secs: f64,
        /// Mean sum of the rewards of the episodes of this step; null in tasks that are no world.
        #[later]
        pub mean_return: Option<f64>,
    }
}
