//! A key of the curricula and the values that it takes: `--set network.cell=vanilla,gru`.

use std::collections::BTreeSet;
use std::str::FromStr;

use toml::Value;

use super::PopulationError;
use crate::curriculum::Override;

/// Keys that a population sets by itself: seeds by `--seeds`, names of runs from all that makes them.
const OWN_KEYS: [&str; 2] = ["seed", "name"];

/// A key of the curricula and the values that it takes, each in runs of its own.
#[derive(Debug, Clone, PartialEq)]
pub struct Axis {
    /// Keys from the top of the curriculum file down, joined by dots.
    pub key: String,
    /// Its values; at least one, none twice.
    pub values: Vec<Value>,
    /// Whether it has one value that stays, which the names of runs then do not tell: one that stands alone in a file, not in
    /// brackets.
    pub is_constant: bool,
}

impl Axis {
    /// A key with its values.
    pub fn new(key: &str, values: Vec<Value>) -> Result<Self, PopulationError> {
        let wrong = |reason: String| PopulationError::Setting {
            key: key.to_owned(),
            reason,
        };
        if values.is_empty() {
            return Err(wrong("it has no value".to_owned()));
        }
        let mut seen = BTreeSet::new();
        for value in &values {
            let text = setting(key, value)?.value;
            if !seen.insert(text.clone()) {
                return Err(wrong(format!("{text} stands there twice")));
            }
        }
        Ok(Self {
            key: key.to_owned(),
            values,
            is_constant: false,
        })
    }

    /// A key with a value that stays.
    pub fn constant(key: &str, value: Value) -> Result<Self, PopulationError> {
        Ok(Self {
            is_constant: true,
            ..Self::new(key, vec![value])?
        })
    }

    /// The key with one of its values, as `creode train --set` takes it.
    pub(super) fn set_to(&self, value: &Value) -> Override {
        Override {
            key: self.key.clone(),
            value: value.to_string(),
        }
    }
}

/// A key that runs of a population may set, with a value.
pub(super) fn setting(key: &str, value: &Value) -> Result<Override, PopulationError> {
    let wrong = |reason: String| PopulationError::Setting {
        key: key.to_owned(),
        reason,
    };
    if OWN_KEYS.contains(&key) {
        return Err(wrong(
            "the population gives each run its seed (`--seeds 0..9`) and its name".to_owned(),
        ));
    }
    let set: Result<Override, _> = format!("{key}={value}").parse();
    set.map_err(|error| wrong(error.to_string()))
}

impl FromStr for Axis {
    type Err = PopulationError;

    /// Reads `KEY=A,B,C`; commas within brackets, braces and quotation marks part nothing.
    fn from_str(text: &str) -> Result<Self, PopulationError> {
        let Some((key, values)) = text.split_once('=') else {
            return Err(PopulationError::Setting {
                key: text.to_owned(),
                reason: "expected KEY=VALUE,VALUE, as in `network.units=32,64`".to_owned(),
            });
        };
        let values = parted(values).into_iter().map(|value| {
            let set: Override =
                format!("{key}={value}")
                    .parse()
                    .map_err(|error| PopulationError::Setting {
                        key: key.to_owned(),
                        reason: format!("{error}"),
                    })?;
            Ok(value_of(&set.value))
        });
        let values: Result<Vec<Value>, PopulationError> = values.collect();
        Self::new(key.trim(), values?)
    }
}

/// The value of a text that an override takes: TOML, or else the words as they are.
fn value_of(text: &str) -> Value {
    let table: Result<toml::Table, _> = format!("value = {text}").parse();
    let value = table.ok().and_then(|mut table| table.remove("value"));
    value.unwrap_or_else(|| Value::String(text.to_owned()))
}

/// The parts of a text between commas that stand in no brackets and no quotation marks.
fn parted(text: &str) -> Vec<&str> {
    let (mut parts, mut begin) = (Vec::new(), 0);
    let (mut depth, mut quotation) = (0_i32, None);
    for (at, character) in text.char_indices() {
        match (quotation, character) {
            (Some(mark), _) if mark == character => quotation = None,
            (None, '"' | '\'') => quotation = Some(character),
            (None, '[' | '{') => depth += 1,
            (None, ']' | '}') => depth -= 1,
            (None, ',') if depth == 0 => {
                parts.push(text[begin..at].trim());
                begin = at + 1;
            }
            _ => {}
        }
    }
    parts.push(text[begin..].trim());
    parts
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn values_are_parted_by_commas_outside_brackets() {
        let values = |text: &str| -> Vec<String> {
            let axis: Axis = text.parse().unwrap();
            axis.values.iter().map(Value::to_string).collect()
        };
        assert_eq!(
            values("network.cell=vanilla,gru"),
            ["\"vanilla\"", "\"gru\""]
        );
        assert_eq!(values("network.units=32, 64"), ["32", "64"]);
        assert_eq!(values("a.b=[1, 2],[3]"), ["[1, 2]", "[3]"]);
        assert_eq!(values("a='x,y',z"), ["\"x,y\"", "\"z\""]);
        assert_eq!(
            values("stage.0.until={ steps = 3, accuracy = 0.5 },{ steps = 4 }").len(),
            2
        );
    }

    #[test]
    fn what_is_no_axis_says_why() {
        for (text, part) in [
            ("network.units", "expected KEY=VALUE"),
            ("network.units=3,", "no TOML value"),
            ("network.units=3,3", "3 stands there twice"),
            ("seed=1,2", "--seeds"),
            ("=3", "is no key"),
        ] {
            let message = text.parse::<Axis>().unwrap_err().to_string();
            assert!(message.contains(part), "{text}: {message}");
        }
    }
}
