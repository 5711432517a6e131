//! What a checkpoint file holds: parameters, the state of the learning rule, and the place in the curriculum.
//!
//! Batches are drawn from a counter-based generator keyed by seed and training step, so the state of all
//! randomness is the step itself.

use super::position::Position;
use crate::cell::parameters::Parameters;
use crate::cell::spec::NetworkSpec;
use crate::simd::Real;
use crate::trace::{CheckpointFile, TraceError};
use crate::train::learner::LearnerState;

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
