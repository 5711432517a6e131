//! What a population is of, as a file says it: one that a person wrote, or `population.toml` in the folder of the
//! population. Both have one form; paths are relative to the folder of the file.
//!
//! ```toml
//! curricula = ["../flip-flop.toml", "../flip-flop-growing.toml"]
//! seeds = "0..19"
//! criterion = 0.95
//! # Trained first, once a seed; the curricula then start from each of these networks.
//! pretraining = ["../kindergarten.toml"]
//!
//! [set]
//! training.trials_per_step = [16, 64]
//! network.units = 32
//!
//! [variant.gru]
//! network.cell = "gru"
//!
//! # Networks of pretraining beside each other in one, with their units together.
//! [joined.both]
//! of = ["kindergarten", "corridor"]
//! set = { "network.units" = 64 }
//!
//! [slurm]
//! options = "--partition=short --time=2:00:00"
//! runs_per_job = 4
//! requeue = true
//! ```

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use toml::Value;

use super::PopulationError;
use super::axis::Axis;
use super::joined::Joined;
use super::seeds::Seeds;
use super::variant::Variant;
use crate::files;

/// Bytes of the largest file that is read.
const MOST_BYTES: u64 = 2 << 20;

/// How Slurm is asked for the runs.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SlurmOptions {
    /// Options of `sbatch`, as on its command line. Default: none, so the site's.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub options: String,
    /// Runs that one element of the job array trains. Default: as few as the array has room for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub runs_per_job: Option<usize>,
    /// Whether Slurm itself starts an element again that it preempted, or whose node it lost. Default: as the site says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requeue: Option<bool>,
}

/// What is asked for: by a file, by the words of a command, or by both.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Asked {
    /// Curriculum files of what networks learn first; none stands for those that the population has.
    pub pretraining: Vec<PathBuf>,
    /// Networks of pretraining beside each other in one.
    pub joined: Vec<Joined>,
    /// Curriculum files; none stands for those that the population has.
    pub curricula: Vec<PathBuf>,
    /// Settings that are made together; none stands for those that the population has.
    pub variants: Vec<Variant>,
    /// The settings that differ between runs; none stands for those that the population has.
    pub axes: Vec<Axis>,
    /// The seeds; none stands for those that the population has.
    pub seeds: Option<Seeds>,
    /// Mean accuracy at which the last stage of a run counts as learned. Default: as its curriculum says.
    pub criterion: Option<f64>,
    /// How Slurm is asked.
    pub slurm: SlurmOptions,
}

/// A section `[joined.NAME]`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct JoinedFile {
    pub(super) of: Vec<String>,
    pub(super) set: toml::Table,
}

/// A population file, key by key.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PopulationFile {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) pretraining: Vec<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) joined: BTreeMap<String, JoinedFile>,
    pub(super) curricula: Vec<String>,
    pub(super) seeds: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) criterion: Option<f64>,
    #[serde(default, skip_serializing_if = "toml::Table::is_empty")]
    pub(super) set: toml::Table,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) variant: BTreeMap<String, toml::Table>,
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) slurm: SlurmOptions,
    /// Where the curricula were copied from, by name; in `population.toml` alone.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) copied_from: BTreeMap<String, PathBuf>,
}

fn is_default(options: &SlurmOptions) -> bool {
    *options == SlurmOptions::default()
}

impl PopulationFile {
    pub(super) fn read(path: &Path) -> Result<Self, PopulationError> {
        let text = files::read_text(path, MOST_BYTES);
        let text = text.map_err(|error| PopulationError::read(path, error))?;
        toml::from_str(&text).map_err(|error| PopulationError::file(path, error.to_string()))
    }

    /// What it asks for; `path` is where it stands.
    pub(super) fn asked(self, path: &Path) -> Result<Asked, PopulationError> {
        let folder = path.parent().unwrap_or(Path::new(""));
        let in_file = |error: PopulationError| PopulationError::file(path, error.to_string());
        let axes = dotted(self.set)
            .into_iter()
            .map(|(key, values)| match values {
                Value::Array(values) => Axis::new(&key, values),
                value => Axis::constant(&key, value),
            });
        let variants = self.variant.into_iter();
        let variants = variants.map(|(name, settings)| Variant::new(&name, dotted(settings)));
        let joined = self.joined.into_iter();
        let joined = joined.map(|(name, of)| Joined::new(&name, of.of, dotted(of.set)));
        let asked = Asked {
            joined: joined.collect::<Result<_, _>>().map_err(in_file)?,
            variants: variants.collect::<Result<_, _>>().map_err(in_file)?,
            pretraining: self.pretraining.iter().map(|of| folder.join(of)).collect(),
            curricula: self.curricula.iter().map(|of| folder.join(of)).collect(),
            axes: axes.collect::<Result<_, _>>().map_err(in_file)?,
            seeds: Some(self.seeds.parse().map_err(in_file)?),
            criterion: self.criterion,
            slurm: self.slurm,
        };
        asked.check().map_err(in_file)?;
        Ok(asked)
    }
}

/// A table with what stands in its tables as keys of its own: `network.units = 32` without quotation marks, which TOML reads as
/// a table in a table, means the same as with them. A quoted key with dots keeps its value, be it a table.
fn dotted(table: toml::Table) -> toml::Table {
    let mut flat = toml::Table::new();
    for (key, value) in table {
        match value {
            Value::Table(inner) if !key.contains('.') => {
                let inner = dotted(inner).into_iter();
                flat.extend(inner.map(|(rest, value)| (format!("{key}.{rest}"), value)));
            }
            value => {
                flat.insert(key, value);
            }
        }
    }
    flat
}

impl Asked {
    /// What a file asks for.
    pub fn read(path: &Path) -> Result<Self, PopulationError> {
        PopulationFile::read(path)?.asked(path)
    }

    /// Whether a file says what a population is of, and is no curriculum: it has a key `curricula`.
    pub fn is_population_file(path: &Path) -> bool {
        let text = files::read_text(path, MOST_BYTES).unwrap_or_default();
        let table = text.parse::<toml::Table>();
        table.is_ok_and(|table| table.contains_key("curricula"))
    }

    /// The same with what another adds or says otherwise: the words of a command before those of a file.
    pub fn with(mut self, words: Self) -> Self {
        self.curricula.extend(words.curricula);
        for axis in words.axes {
            self.axes.retain(|of| of.key != axis.key);
            self.axes.push(axis);
        }
        self.axes.sort_by(|a, b| a.key.cmp(&b.key));
        self.seeds = words.seeds.or(self.seeds);
        self.criterion = words.criterion.or(self.criterion);
        self.slurm = self.slurm.with(words.slurm);
        self
    }

    pub(super) fn check(&self) -> Result<(), PopulationError> {
        if self.criterion.is_some_and(|of| !(of > 0.0 && of <= 1.0)) {
            let reason = "criterion: expected an accuracy greater than 0 and at most 1";
            return Err(PopulationError::Incomplete(reason.to_owned()));
        }
        if self.slurm.options.contains(char::is_control) {
            let reason = "options of sbatch stand on one line";
            return Err(PopulationError::Incomplete(reason.to_owned()));
        }
        if self.slurm.runs_per_job == Some(0) {
            let reason = "runs_per_job: expected an integer from 1";
            return Err(PopulationError::Incomplete(reason.to_owned()));
        }
        Ok(())
    }
}

impl SlurmOptions {
    /// The same with what another says otherwise.
    pub(super) fn with(self, other: Self) -> Self {
        let is_said = !other.options.is_empty();
        Self {
            options: if is_said { other.options } else { self.options },
            runs_per_job: other.runs_per_job.or(self.runs_per_job),
            requeue: other.requeue.or(self.requeue),
        }
    }
}
