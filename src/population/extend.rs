//! What is asked for, against what there is: curriculum files by name, and settings that join others.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::PopulationError;
use super::axis::Axis;
use super::file::Asked;
use super::variant::Variant;
use crate::curriculum;
use crate::trace::check_name;

/// The curriculum files that are asked for, by name, with absolute paths.
pub(super) struct Sources {
    /// What networks learn first.
    pub(super) pretraining: BTreeMap<String, PathBuf>,
    /// What is trained then.
    pub(super) curricula: BTreeMap<String, PathBuf>,
}

impl Sources {
    /// # Errors
    /// A file cannot be read, or two have one name.
    pub(super) fn of(asked: &Asked) -> Result<Self, PopulationError> {
        let found = Self {
            pretraining: sources(&asked.pretraining)?,
            curricula: sources(&asked.curricula)?,
        };
        let mut names = found.pretraining.keys();
        match names.find(|name| found.curricula.contains_key(*name)) {
            Some(name) => Err(two_of(name)),
            None => Ok(found),
        }
    }

    pub(super) fn get(&self, name: &str) -> Option<&PathBuf> {
        self.pretraining
            .get(name)
            .or_else(|| self.curricula.get(name))
    }

    pub(super) fn all(&self) -> BTreeMap<String, PathBuf> {
        let mut all = self.pretraining.clone();
        all.extend(self.curricula.clone());
        all
    }
}

fn two_of(name: &str) -> PopulationError {
    let reason = format!(
        "two curricula are called `{name}`, and their runs would be, too: give one of the files another name"
    );
    PopulationError::Incomplete(reason)
}

fn sources(paths: &[PathBuf]) -> Result<BTreeMap<String, PathBuf>, PopulationError> {
    let mut sources = BTreeMap::new();
    for path in paths {
        let name = stem(path)?;
        // A file that cannot be read is an error that names it.
        curriculum::read(path)?;
        let absolute = path.canonicalize();
        let absolute = absolute.map_err(|error| PopulationError::read(path, error))?;
        if sources.insert(name.clone(), absolute).is_some() {
            return Err(two_of(&name));
        }
    }
    Ok(sources)
}

/// The name of a curriculum: that of its file without the extension.
pub(super) fn stem(path: &Path) -> Result<String, PopulationError> {
    let stem = path.file_stem().unwrap_or_default();
    let name = stem.to_string_lossy().into_owned();
    check_name(&name).map_err(PopulationError::Name)?;
    Ok(name)
}

pub(super) fn sorted(axes: &[Axis]) -> Vec<Axis> {
    let mut axes = axes.to_vec();
    axes.sort_by(|a, b| a.key.cmp(&b.key));
    axes
}

/// The axes with the values that are asked for beyond theirs; and what is asked for that does not extend them.
pub(super) fn extended_axes(axes: &[Axis], asked: &[Axis]) -> (Vec<Axis>, Vec<String>) {
    let mut differences = Vec::new();
    for other in asked {
        if !axes.iter().any(|axis| axis.key == other.key) {
            differences.push(format!("its runs do not set `{}`", other.key));
        }
    }
    let mut extended = axes.to_vec();
    for axis in &mut extended {
        let Some(other) = asked.iter().find(|other| other.key == axis.key) else {
            differences.push(format!("its runs set `{}`", axis.key));
            continue;
        };
        let lacks = axis
            .values
            .iter()
            .filter(|value| !other.values.contains(value));
        differences.extend(lacks.map(|value| format!("it has runs with `{} = {value}`", axis.key)));
        let new = other
            .values
            .iter()
            .filter(|value| !axis.values.contains(value));
        let new: Vec<_> = new.cloned().collect();
        if axis.is_constant && !new.is_empty() {
            let held = &axis.values[0];
            differences.push(format!(
                "its runs all have `{} = {held}`, which their names do not tell",
                axis.key
            ));
            continue;
        }
        axis.values.extend(new);
    }
    (extended, differences)
}

/// The variants with those that are asked for beyond them; and what is asked for that does not extend them.
pub(super) fn extended_variants(
    variants: &[Variant],
    asked: &[Variant],
) -> (Vec<Variant>, Vec<String>) {
    if variants.is_empty() != asked.is_empty() {
        let difference = if asked.is_empty() {
            "its runs are of variants"
        } else {
            "its runs are of no variants"
        };
        return (variants.to_vec(), vec![difference.to_owned()]);
    }
    let mut differences = Vec::new();
    for variant in variants {
        match asked.iter().find(|other| other.name == variant.name) {
            None => differences.push(format!("it has the variant `{}`", variant.name)),
            Some(other) if other.settings != variant.settings => {
                differences.push(format!(
                    "its variant `{}` sets something else",
                    variant.name
                ));
            }
            Some(_) => {}
        }
    }
    let mut extended = variants.to_vec();
    let is_there = |new: &&Variant| variants.iter().any(|variant| variant.name == new.name);
    extended.extend(asked.iter().filter(|new| !is_there(new)).cloned());
    extended.sort_by(|a, b| a.name.cmp(&b.name));
    (extended, differences)
}
