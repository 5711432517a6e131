//! Where the networks of a run come from, as its `run.toml` says.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::LabError;
use crate::curriculum::{Curriculum, DEFAULT_BASIN_STARTS};
use crate::foreign::steps::StepPattern;
use crate::foreign::tensors::from_safetensors;
use crate::foreign::{ForeignNetwork, Options};
use crate::task::Probe;
use crate::trace::lock::host;
use crate::trace::{RUN_FILE, Run, WeightsFile, run_toml};
use crate::train::engines::EngineName;

/// Key of the origin in the table `[run]`.
pub const ORIGIN: &str = "origin";
/// Its value in a run that was trained here.
pub const TRAINED: &str = "trained";
/// Its value in a run made of another program's checkpoints.
pub const FOLLOWED: &str = "followed";

/// The table `[run]` of a run: what made it and where, and where its networks come from.
pub fn about(origin: &str) -> toml::Table {
    let system = format!("{} {}", std::env::consts::OS, std::env::consts::ARCH);
    [
        ("creode", env!("CARGO_PKG_VERSION").to_owned()),
        (ORIGIN, origin.to_owned()),
        ("simd", crate::simd::level().to_owned()),
        ("host", host()),
        ("system", system),
    ]
    .map(|(key, value)| (key.to_owned(), toml::Value::String(value)))
    .into_iter()
    .collect()
}

/// Where the networks of a run come from.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Origin {
    /// They were trained here, by this curriculum.
    Trained(Box<Curriculum>),
    /// They are another program's checkpoints.
    Followed(Box<Followed>),
}

impl Origin {
    /// That of a run.
    ///
    /// # Errors
    /// If `run.toml` names another origin, or what belongs to the origin is not there.
    pub fn of_run(run: &Run) -> Result<Self, LabError> {
        let path = run.dir().join(RUN_FILE);
        let unreadable = |reason: String| LabError::Origin {
            path: path.clone(),
            reason,
        };
        let config: toml::Table = run
            .config_text()
            .parse()
            .map_err(|error: toml::de::Error| unreadable(error.to_string()))?;
        match named(&config) {
            TRAINED => {
                let name = path.display().to_string();
                let mut curriculum = Curriculum::parse(run.curriculum_text(), &name, &[])?;
                if !names_engine(&config) {
                    curriculum.engine = EngineName::Dfdx;
                }
                Ok(Self::Trained(Box::new(curriculum)))
            }
            FOLLOWED => {
                let table = config.get(FOLLOWED).cloned();
                let table = table
                    .ok_or_else(|| unreadable("the table `[followed]` is missing".to_owned()))?;
                let followed = Followed::deserialize(table);
                let followed = followed.map_err(|error| unreadable(error.to_string()))?;
                Ok(Self::Followed(Box::new(followed)))
            }
            other => Err(unreadable(format!(
                "key `run.origin`: expected `{TRAINED}` or `{FOLLOWED}`, found {other:?}; a newer creode may know it"
            ))),
        }
    }
}

/// Whether a run says which engine it was trained on; those of older versions do not, and there was dfdx alone.
pub(super) fn names_engine(config: &toml::Table) -> bool {
    let training = config.get("training");
    training.is_some_and(|training| training.get("engine").is_some())
}

/// Whether the networks of a run come from elsewhere, as far as its `run.toml` can be read.
pub fn is_followed(run: &Run) -> bool {
    let config: toml::Table = run.config_text().parse().unwrap_or_default();
    named(&config) == FOLLOWED
}

/// The origin that is named, or, in runs of older versions, told by the table that belongs to it.
fn named(config: &toml::Table) -> &str {
    let about = config.get("run").and_then(|about| about.get(ORIGIN));
    let unnamed = if config.contains_key(FOLLOWED) {
        FOLLOWED
    } else {
        TRAINED
    };
    about.and_then(toml::Value::as_str).unwrap_or(unnamed)
}

/// How the files of a followed run are read and searched: the table `[followed]` of its `run.toml`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Followed {
    /// The folder that the files come from.
    pub folder: PathBuf,
    /// The names of the files, if they are read as the user says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step_pattern: Option<StepPattern>,
    /// The file of losses, if the user names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metrics: Option<PathBuf>,
    /// The file of trials, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trials: Option<TrialsFile>,
    /// The constant input; by default `conditions`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<Vec<f64>>,
    /// States from which fixed points are sought.
    pub starts: usize,
    /// Independent starts that are simulated for the shares of the basins of stable points; 0 leaves the shares out. Default
    /// 128.
    #[serde(default = "default_basin_starts")]
    pub basin_starts: usize,
    /// Jitter of the starts relative to the states.
    pub noise: f64,
    /// Seed of the starts.
    pub seed: u64,
    /// The constant inputs, from the trials; zeros where there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Condition>,
    /// What the files alone do not say.
    pub options: Options,
}

/// A file of trials: a run goes on with the one that it was begun with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrialsFile {
    /// Where it was.
    pub path: PathBuf,
    /// SHA-256 of its content, 64 lower-case hexadecimal digits.
    pub sha256: String,
}

/// A constant input.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Condition {
    /// Stored as `condition`.
    pub name: String,
    /// One value a channel.
    pub input: Vec<f64>,
}

#[derive(Serialize)]
struct File<'a> {
    followed: &'a Followed,
}

fn default_basin_starts() -> usize {
    DEFAULT_BASIN_STARTS
}

impl Followed {
    /// The text of a `run.toml`.
    pub(super) fn to_toml(&self) -> Result<String, LabError> {
        let text = toml::to_string(&File { followed: self });
        let text = text.map_err(|error| LabError::Followed {
            path: self.folder.clone(),
            reason: error.to_string(),
        })?;
        Ok(run_toml(&text, &about(FOLLOWED)))
    }

    /// The network of one of the run's checkpoints.
    pub(super) fn network(&self, file: &WeightsFile) -> Result<ForeignNetwork, LabError> {
        let tensors = from_safetensors(&file.bytes).map_err(|reason| LabError::Followed {
            path: file.path.clone(),
            reason,
        })?;
        Ok(ForeignNetwork::new(&tensors, &self.options)?)
    }

    /// The constant inputs at which a network is analysed.
    pub(super) fn probes(&self, network: &ForeignNetwork) -> Vec<Probe> {
        if let Some(input) = &self.input {
            return vec![Probe::at(input.clone())];
        }
        if self.conditions.is_empty() {
            return vec![Probe::at(vec![0.0; network.inputs()])];
        }
        let conditions = self.conditions.iter().cloned();
        conditions
            .map(|Condition { name, input }| Probe { name, input })
            .collect()
    }
}
