//! What a checkpoint file holds: parameters, the state of the learning rule, and the place in the curriculum.
//!
//! Batches are drawn from a counter-based generator keyed by seed and training step, so the state of all
//! randomness is the step itself.
//!
//! A file is read back only if every tensor has the shape that the curriculum's network needs and all numbers are
//! finite.

use super::LabError;
use super::position::Position;
use crate::cell::parameters::Parameters;
use crate::cell::spec::NetworkSpec;
use crate::curriculum::Curriculum;
use crate::simd::Real;
use crate::trace::{CheckpointFile, TraceError, WeightsFile};
use crate::train::learner::LearnerState;

/// Number and training step of a checkpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CheckpointId {
    /// Number, counted from 0.
    pub number: u32,
    /// Training steps made.
    pub step: u64,
}

/// Everything that training goes on from, at one step.
#[derive(Debug, Clone, PartialEq)]
pub struct Snapshot {
    /// Training steps made.
    pub step: u64,
    /// The content of a checkpoint file.
    pub bytes: Vec<u8>,
}

/// A trainer's state but for that of its learning rule.
#[derive(Debug, Clone, PartialEq)]
pub struct Saved<T> {
    /// Parameters.
    pub parameters: Parameters<T>,
    /// Place in the curriculum.
    pub position: Position,
}

/// Key of the position in the metadata.
pub(super) const POSITION: &str = "position";

impl<T: Real> Saved<T> {
    /// The bytes of the checkpoint file: every tensor under its own name, beside what the learning rule remembers.
    pub fn to_bytes(&self, learner: LearnerState) -> Result<Vec<u8>, TraceError> {
        let mut content = learner;
        content.put_parameters("", &self.parameters);
        content.set(
            POSITION,
            &serde_json::to_string(&self.position).unwrap_or_default(),
        );
        CheckpointFile {
            tensors: content.tensors,
            metadata: content.metadata,
        }
        .to_bytes()
    }

    /// Reads a checkpoint file of a network, with all that the file holds for its learning rule; the error says in words
    /// what does not fit.
    pub fn from_bytes(bytes: &[u8], network: &NetworkSpec) -> Result<(Self, LearnerState), String> {
        let file = CheckpointFile::from_bytes(bytes).map_err(|error| error.to_string())?;
        let content = LearnerState {
            tensors: file.tensors,
            metadata: file.metadata,
        };
        let position = serde_json::from_str(&content.value::<String>(POSITION)?)
            .map_err(|error| format!("{POSITION}: {error}"))?;
        let mut parameters = Parameters::zeros(network);
        content.read_parameters("", &mut parameters)?;
        Ok((
            Self {
                parameters,
                position,
            },
            content,
        ))
    }
}

/// A snapshot as a file that is not on disk.
pub(super) fn in_memory(snapshot: &Snapshot) -> WeightsFile {
    WeightsFile {
        path: "(in memory)".into(),
        bytes: snapshot.bytes.clone(),
    }
}

/// Reads a file of weights, which must be of this training step.
pub(super) fn reload<T: Real>(
    curriculum: &Curriculum,
    file: &WeightsFile,
    step: u64,
) -> Result<Saved<T>, LabError> {
    reload_with_learner(curriculum, file, step).map(|(saved, _)| saved)
}

/// As [`reload`], with what the file holds for the learning rule.
pub(super) fn reload_with_learner<T: Real>(
    curriculum: &Curriculum,
    file: &WeightsFile,
    step: u64,
) -> Result<(Saved<T>, LearnerState), LabError> {
    let (saved, learner) = Saved::from_bytes(&file.bytes, &curriculum.network)
        .map_err(|problem| unfit(file, step, problem))?;
    let found = saved.position.step;
    if found == step {
        Ok((saved, learner))
    } else {
        Err(unfit(file, step, format!("the file is of step {found}")))
    }
}

pub(super) fn unfit(file: &WeightsFile, step: u64, problem: String) -> LabError {
    LabError::Checkpoint {
        path: file.path.clone(),
        step,
        problem,
    }
}
