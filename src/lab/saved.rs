//! What a checkpoint file holds: parameters, optimiser state, and the place in the curriculum.
//!
//! Batches are drawn from a counter-based generator keyed by seed and training step, so the state of all
//! randomness is the step itself.

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};

use crate::cell::parameters::Parameters;
use crate::cell::spec::NetworkSpec;
use crate::simd::Real;
use crate::trace::{CheckpointFile, NamedTensor, TensorValues, TraceError};
use crate::train::optimiser::Optimiser;
use crate::train::spec::OptimiserSpec;

/// Where a run is.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Position {
    /// Training steps made.
    pub step: u64,
    /// Place of the stage in the curriculum; their number when all are done.
    pub stage: usize,
    /// Training steps made in the stage.
    pub stage_step: u64,
    /// Accuracies of the last steps of the stage, oldest first.
    pub recent_accuracies: VecDeque<f64>,
    /// Checkpoints saved before this one.
    pub checkpoint: u32,
}

/// A trainer's state, complete.
#[derive(Debug, Clone, PartialEq)]
pub struct Saved<T> {
    /// Parameters.
    pub parameters: Parameters<T>,
    /// Optimiser with its moments.
    pub optimiser: Optimiser<T>,
    /// Place in the curriculum.
    pub position: Position,
}

const POSITION: &str = "position";
const UPDATES: &str = "optimiser.updates";

impl<T: Real> Saved<T> {
    /// The bytes of the checkpoint file: every tensor under its own name, the moments behind a prefix.
    pub fn to_bytes(&self) -> Result<Vec<u8>, TraceError> {
        let (updates, first, second) = self.optimiser.state();
        let mut tensors = Vec::new();
        for (prefix, parameters) in [
            ("", &self.parameters),
            ("optimiser.first.", first),
            ("optimiser.second.", second),
        ] {
            for tensor in parameters.layout() {
                tensors.push(NamedTensor {
                    name: format!("{prefix}{}", tensor.name),
                    shape: tensor.shape.clone(),
                    values: to_values(parameters.get(tensor.name)),
                });
            }
        }
        let position = serde_json::to_string(&self.position).unwrap_or_default();
        let metadata = BTreeMap::from([
            (POSITION.to_owned(), position),
            (UPDATES.to_owned(), updates.to_string()),
        ]);
        CheckpointFile { tensors, metadata }.to_bytes()
    }

    /// Reads a checkpoint file of a network; the error says in words what does not fit.
    pub fn from_bytes(
        bytes: &[u8],
        network: &NetworkSpec,
        optimiser: OptimiserSpec,
    ) -> Result<Self, String> {
        let file = CheckpointFile::from_bytes(bytes).map_err(|error| error.to_string())?;
        let metadata = |key: &str| {
            file.metadata
                .get(key)
                .ok_or_else(|| format!("the entry {key} is missing"))
        };
        let position = serde_json::from_str(metadata(POSITION)?)
            .map_err(|error| format!("{POSITION}: {error}"))?;
        let updates = metadata(UPDATES)?
            .parse()
            .map_err(|error| format!("{UPDATES}: {error}"))?;
        let parameters = read_parameters(&file, network, "")?;
        let first = read_parameters(&file, network, "optimiser.first.")?;
        let second = read_parameters(&file, network, "optimiser.second.")?;
        Ok(Self {
            parameters,
            optimiser: Optimiser::resume(optimiser, updates, first, second),
            position,
        })
    }
}

fn read_parameters<T: Real>(
    file: &CheckpointFile,
    network: &NetworkSpec,
    prefix: &str,
) -> Result<Parameters<T>, String> {
    let mut parameters = Parameters::<T>::zeros(network);
    for tensor in parameters.layout().to_vec() {
        let name = format!("{prefix}{}", tensor.name);
        let found = file
            .tensor(&name)
            .ok_or_else(|| format!("the tensor {name} is missing"))?;
        if found.shape != tensor.shape {
            return Err(format!(
                "{name} has shape {:?}, the network needs {:?}",
                found.shape, tensor.shape
            ));
        }
        let values: Vec<T> = match &found.values {
            TensorValues::F32(values) => values
                .iter()
                .map(|&value| T::from_f64(value.into()))
                .collect(),
            TensorValues::F64(values) => values.iter().map(|&value| T::from_f64(value)).collect(),
        };
        if !values.iter().all(|value| value.is_finite()) {
            return Err(format!("{name} holds values that are NaN or infinite"));
        }
        parameters.get_mut(tensor.name).copy_from_slice(&values);
    }
    Ok(parameters)
}

fn to_values<T: Real>(values: &[T]) -> TensorValues {
    if T::NAME == f64::NAME {
        TensorValues::F64(values.iter().map(|value| value.to_f64()).collect())
    } else {
        TensorValues::F32(values.iter().map(|value| value.to_f64() as f32).collect())
    }
}
