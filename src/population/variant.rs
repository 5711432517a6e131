//! Settings that belong together and have a name: `[variant.relu]` in a population file.

use toml::Table;

use super::PopulationError;
use super::axis::setting;
use crate::curriculum::Override;
use crate::trace::check_name;

/// Settings of a curriculum that are made together, under one name, in runs of their own.
#[derive(Debug, Clone, PartialEq)]
pub struct Variant {
    /// Its name, a part of the names of its runs.
    pub name: String,
    /// Keys of the curriculum, joined by dots, with their values; at least one.
    pub settings: Table,
}

impl Variant {
    /// A variant with its settings.
    pub fn new(name: &str, settings: Table) -> Result<Self, PopulationError> {
        let wrong = |reason: String| PopulationError::Setting {
            key: format!("variant.{name}"),
            reason,
        };
        check_name(name).map_err(|error| wrong(error.to_string()))?;
        if name.contains([',', '=']) {
            // They part what the name of a run says.
            return Err(wrong("its name has a comma or an equals sign".to_owned()));
        }
        if settings.is_empty() {
            return Err(wrong("it sets nothing".to_owned()));
        }
        for (key, value) in &settings {
            setting(key, value)?;
        }
        Ok(Self {
            name: name.to_owned(),
            settings,
        })
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

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_variant_says_why() {
        for (name, settings, part) in [
            ("a", "", "sets nothing"),
            ("a,b", "'network.cell' = 'gru'", "comma"),
            ("..", "'network.cell' = 'gru'", "variant..."),
            ("a", "seed = 3", "--seeds"),
            ("a", "'.x' = 3", "is no key"),
        ] {
            let error = Variant::new(name, settings.parse().unwrap()).unwrap_err();
            assert!(error.to_string().contains(part), "{name}: {error}");
        }
    }
}
