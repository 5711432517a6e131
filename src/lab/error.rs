//! What can go wrong in a run.

use std::path::PathBuf;

use crate::curriculum::CurriculumError;
use crate::dynamics::linear::spectrum::SpectrumError;
use crate::foreign::ForeignError;
use crate::recordings::RecordingError;
use crate::text::shown;
use crate::trace::TraceError;
use crate::train::engine::EngineError;

/// Why a run could not be made or gone on with.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LabError {
    /// Reading or writing the trace failed.
    #[error(transparent)]
    Trace(#[from] TraceError),
    /// The curriculum is not in order.
    #[error(transparent)]
    Curriculum(#[from] CurriculumError),
    /// The engine failed.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// An analysis failed.
    #[error("analysis of checkpoint {checkpoint}: {source}")]
    Analysis {
        /// Number of the checkpoint.
        checkpoint: u32,
        /// What failed.
        source: SpectrumError,
    },
    /// A checkpoint file is readable but does not hold what a run of this curriculum saves.
    #[error(
        "{} (step {step}): {problem}; `creode verify` lists what is damaged",
        shown(path)
    )]
    Checkpoint {
        /// The file.
        path: PathBuf,
        /// Training step.
        step: u64,
        /// What is wrong.
        problem: String,
    },
    /// There is nothing to go on with.
    #[error("the run ended at step {step}: {message}; start another one with `--run NAME`")]
    Ended {
        /// Last training step.
        step: u64,
        /// How it ended.
        message: String,
    },
    /// Somebody else's network is not in order.
    #[error(transparent)]
    Foreign(#[from] ForeignError),
    /// A recording of neurons cannot be compared with.
    #[error(transparent)]
    Recording(#[from] RecordingError),
    /// A constant input has another width than the network's.
    #[error("the input has {found} values, the network takes {expected}")]
    InputWidth {
        /// Values given.
        found: usize,
        /// Input channels.
        expected: usize,
    },
    /// A checkpoint that came from elsewhere is not in order.
    #[error("{}: {reason}", shown(path))]
    Followed {
        /// The file or folder.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// A run does not say soundly where its networks come from.
    #[error("{}: {reason}", shown(path))]
    Origin {
        /// Its `run.toml`.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// A run was begun with another curriculum.
    #[error(
        "the curriculum is not the one that {} was begun with (see run.toml there); resume it with that one, or start another \
         run with `--run NAME`; nothing was changed",
        shown(dir)
    )]
    OtherCurriculum {
        /// Folder of the run.
        dir: PathBuf,
    },
    /// An optimiser cannot go on from a checkpoint.
    #[error(
        "{}: an optimiser needs the same trials at every step, and in a world every policy lives through others",
        shown(dir)
    )]
    EndInWorld {
        /// The run.
        dir: PathBuf,
    },
    /// A run that was not trained here cannot be trained on.
    #[error(
        "{} was not trained here: there is nothing to train it again by",
        shown(dir)
    )]
    NotTrained {
        /// Folder of the run.
        dir: PathBuf,
    },
    /// There is no such input channel.
    #[error("there is no input channel {channel}: the network has {count}, counted from 0")]
    NoChannel {
        /// The channel asked for.
        channel: usize,
        /// Input channels.
        count: usize,
    },
    /// Two networks have no straight line between them.
    #[error("the two networks are not of one kind and size")]
    Unlike,
    /// The weights that a run is to start from are not there, or not those that were meant.
    #[error(
        "cannot start from {}: {problem}; remove `from_sha256` to take what is there now",
        shown(path)
    )]
    Transfer {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// Training through the same steps again took another course.
    #[error("training went another way when it was repeated: {message}; please report this")]
    NotRepeated {
        /// What happened.
        message: String,
    },
    /// A zoom ended elsewhere than the run.
    #[error(
        "what was trained again up to step {step} is not what checkpoint {checkpoint} holds:\n{differences}\nThat stretch of the \
         run was made with {then}, this is {now}{advice}"
    )]
    ZoomDiffers {
        /// Number of the run's own checkpoint.
        checkpoint: u32,
        /// Its training step.
        step: u64,
        /// What differs.
        differences: String,
        /// What the run was made with.
        then: String,
        /// What this is.
        now: String,
        /// What can be done, as the end of the message.
        advice: &'static str,
    },
    /// A stretch of a run that holds no step.
    #[error(
        "there is nothing to zoom into from step {from} to step {to}; the second checkpoint must be a later one"
    )]
    EmptyStretch {
        /// Training step of the first checkpoint.
        from: u64,
        /// That of the second.
        to: u64,
    },
    /// The analysis thread ended before its time.
    #[error("the analysis thread ended early")]
    AnalysisGone,
}
