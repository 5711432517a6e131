//! The runs of a population.

use super::declare::table;

table! {
    /// One run of a population, whether or not it was begun; the table is derived from the folders of the runs.
    #[table = "runs"]
    pub struct RunRow {
        /// Name of the run, that of its folder.
        pub run: String,
        /// Name of its curriculum.
        pub curriculum: String,
        /// Name of the curriculum that its network learned before; null if it began untrained.
        #[later]
        pub pretraining: Option<String>,
        /// What it changes in the curriculum: KEY=VALUE, with spaces between.
        pub settings: String,
        /// Its seed.
        pub seed: u64,
        /// missing, running, resumable, finished, diverged or damaged.
        pub state: String,
        /// Training step that it was saved at last.
        #[unit = "training step"]
        pub step: u64,
        /// Number of checkpoints.
        #[unit = "count"]
        pub n_checkpoints: u32,
        /// Mean loss of the last training steps, as many as the last stage averages its accuracy over; null before the
        /// first step.
        pub end_loss: Option<f64>,
        /// Mean accuracy of the same steps.
        pub end_accuracy: Option<f64>,
        /// Mean accuracy at which the last stage counts as learned: as the population says, or else its curriculum; null
        /// if neither does.
        pub criterion: Option<f64>,
        /// First training step of the last stage at which the mean over as many steps reached the criterion; null if it
        /// never did.
        #[unit = "training step"]
        pub steps_to_criterion: Option<u64>,
        /// Time spent in training, over all sessions.
        #[unit = "s"]
        pub wall_secs: Option<f64>,
    }
}
