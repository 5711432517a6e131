//! Why a figure could not be drawn.

use crate::lab::LabError;
use crate::text::escaped;
use crate::trace::TraceError;

/// Why a figure could not be drawn.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FigureError {
    /// The run cannot be read.
    #[error(transparent)]
    Trace(#[from] TraceError),
    /// The network of a checkpoint cannot be computed with.
    #[error(transparent)]
    Lab(#[from] LabError),
    /// The run has no training steps.
    #[error("the run has no training step yet: there is no loss to draw")]
    NoSteps,
    /// The run has no landscape.
    #[error(
        "no checkpoint of the run has a landscape: `creode analyze` finds the fixed points of one"
    )]
    NoLandscape,
    /// The checkpoint has no landscape.
    #[error(
        "checkpoint {checkpoint} has no landscape; those from {first} to {last} that were analysed have"
    )]
    NotAnalysed {
        /// The checkpoint asked for.
        checkpoint: u32,
        /// First one with a landscape.
        first: u32,
        /// Last one with a landscape.
        last: u32,
    },
    /// There is no checkpoint up to a step.
    #[error(
        "there is no checkpoint with a landscape up to step {step}; the first is at step {first}"
    )]
    BeforeFirst {
        /// The step asked for.
        step: u64,
        /// Step of the first one.
        first: u64,
    },
    /// There is no such probe input.
    #[error("no probe input {}; there are {}", escaped(asked), escaped(known))]
    NoCondition {
        /// The name asked for.
        asked: String,
        /// The names that there are.
        known: String,
    },
    /// Fixed points were not followed from checkpoint to checkpoint.
    #[error(
        "the run has no branches of fixed points: `creode analyze RUN --events` follows them and writes the tables"
    )]
    NoBranches,
    /// The run has no scores in grid rooms.
    #[error("the run tells of no grid rooms: those with a navigation task have scores")]
    NoRooms,
    /// There are no rate maps.
    #[error("no rate maps: runs in grid rooms have some, at checkpoints that keep them")]
    NoRateMaps,
    /// There is no such branch.
    #[error("no branch {asked} at this probe input; they are numbered from 0 to {last}")]
    NoBranch {
        /// The number asked for.
        asked: u32,
        /// The last number.
        last: u32,
    },
    /// The network has no such output.
    #[error("no output {asked}: the network has {count}")]
    NoOutput {
        /// The number asked for, counted from 1.
        asked: usize,
        /// Number of outputs.
        count: usize,
    },
}
