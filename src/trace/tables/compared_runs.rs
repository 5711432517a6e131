//! Runs that were compared.

use super::declare::table;

table! {
    /// One run that was compared with others.
    #[table = "compared_runs"]
    pub struct ComparedRunRow {
        /// Name of the run, that of its folder.
        pub run: String,
        /// The group that it was sorted into.
        pub group: String,
        /// Its seed; null where another program trained it.
        pub seed: Option<u64>,
        /// finished, diverged or unfinished.
        pub state: String,
        /// Its last training step.
        #[unit = "training step"]
        pub step: u64,
        /// Trials that it was trained on.
        #[unit = "count"]
        pub trials: u64,
        /// Mean loss of its last training steps, as many as the window of the criterion; NaN of a run without steps.
        pub loss: f64,
        /// Mean accuracy of the same steps.
        pub accuracy: f64,
        /// Mean accuracy over all training steps in the task that the curriculum ends with.
        pub mean_accuracy: Option<f64>,
        /// First training step of the last stage at which the mean accuracy over the window reached the criterion; null if it
        /// never did.
        #[unit = "training step"]
        pub steps_to_criterion: Option<u64>,
        /// Trials of all training up to that step.
        #[unit = "count"]
        pub trials_to_criterion: Option<u64>,
        /// Training step of the first checkpoint from which on the fixed points are those of the last one, by their numbers
        /// of unstable directions, indices and the signs of their outputs.
        #[unit = "training step"]
        pub commitment_step: Option<u64>,
        /// Number of bifurcations; null where they were not computed.
        #[unit = "count"]
        pub n_events: Option<u32>,
        /// Their kinds in the order of their time, with spaces between; + where a pair of fixed points appears, - where one
        /// vanishes.
        pub events: Option<String>,
        /// Length of the path of all parameters, at the stride of the checkpoints that are always kept.
        pub weight_path_length: f64,
        /// That length over the distance from the first to the last parameters.
        pub tortuosity: f64,
    }
}
