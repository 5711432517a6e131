//! Networks beside each other in one: `[joined.modular]` in a population file.

use toml::Table;

use super::PopulationError;
use super::variant::Variant;
use crate::curriculum::Override;

/// Pretrained networks that stand beside each other in one, under a name of its own.
#[derive(Debug, Clone, PartialEq)]
pub struct Joined {
    /// Its name, a part of the names of its runs.
    pub name: String,
    /// The curricula of pretraining whose networks these are; at least two.
    pub of: Vec<String>,
    /// What curricula set for it, keys joined by dots: at least its number of units.
    pub settings: Table,
}

impl Joined {
    /// Networks of some curricula, with settings.
    pub fn new(name: &str, of: Vec<String>, settings: Table) -> Result<Self, PopulationError> {
        // The same holds of its name and its settings as of those of a variant.
        let Variant { name, settings } = Variant::new(name, settings)?;
        if of.len() < 2 {
            return Err(PopulationError::Setting {
                key: format!("joined.{name}"),
                reason: "it joins fewer than two networks: `of = [\"posnet\", \"memnet\"]`"
                    .to_owned(),
            });
        }
        Ok(Self { name, of, settings })
    }

    /// Its settings, as `creode train --set` takes them.
    pub(super) fn overrides(&self) -> Vec<Override> {
        let overrides = self.settings.iter().map(|(key, value)| Override {
            key: key.clone(),
            value: value.to_string(),
        });
        overrides.collect()
    }
}
