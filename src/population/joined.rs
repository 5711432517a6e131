//! Networks beside each other in one: `[joined.modular]` in a population file.

use toml::Table;

use super::PopulationError;
use super::variant::Variant;

/// Pretrained networks that stand beside each other in one, under a name of its own.
#[derive(Debug, Clone, PartialEq)]
pub struct Joined {
    /// The curricula of pretraining whose networks these are; at least two.
    pub of: Vec<String>,
    /// Its name, a part of the names of its runs, and what curricula set for it: at least its number of units.
    pub variant: Variant,
}

impl Joined {
    /// Networks of some curricula, with settings.
    pub fn new(name: &str, of: Vec<String>, settings: Table) -> Result<Self, PopulationError> {
        let variant = Variant::new(name, settings)?;
        if of.len() < 2 {
            return Err(PopulationError::Setting {
                key: format!("joined.{name}"),
                reason: "it joins fewer than two networks: `of = [\"posnet\", \"memnet\"]`"
                    .to_owned(),
            });
        }
        Ok(Self { of, variant })
    }
}
