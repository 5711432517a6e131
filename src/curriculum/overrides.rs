//! Values set from outside the file: `--set KEY=VALUE`.
//!
//! Overrides are applied to the values of the file before anything is checked, so that what is wrong with one is
//! told like what is wrong with a line.

use std::fmt;
use std::str::FromStr;

use toml::de::DeValue;

/// A value that replaces one of the file, or adds one.
///
/// Written `KEY=VALUE`, as in `network.units=128`, `stage.0.bits=2` (stages count from 0) or `network.cell=gru`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Override {
    /// Keys from the top of the file down, joined by dots.
    pub key: String,
    /// A TOML value; a string needs no quotes.
    pub value: String,
}

/// Why a text is no override.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OverrideError {
    /// There is no `=`.
    #[error("`{0}`: expected KEY=VALUE, as in `network.units=128`")]
    NoAssignment(String),
    /// The key is empty, or has an empty part.
    #[error(
        "`{text}`: `{key}` is no key; expected names joined by dots, as in `network.units` or `stage.0.bits`"
    )]
    Key {
        /// The whole text.
        text: String,
        /// What stands before the `=`.
        key: String,
    },
    /// The value is neither TOML nor a plain word.
    #[error("`{text}`: `{value}` is no TOML value: {reason}")]
    Value {
        /// The whole text.
        text: String,
        /// What stands after the `=`.
        value: String,
        /// What the TOML parser said.
        reason: String,
    },
}

impl FromStr for Override {
    type Err = OverrideError;

    fn from_str(text: &str) -> Result<Self, OverrideError> {
        let (key, value) = text
            .split_once('=')
            .ok_or_else(|| OverrideError::NoAssignment(text.to_owned()))?;
        let (key, value) = (key.trim().to_owned(), value.trim().to_owned());
        if key.split('.').any(str::is_empty) {
            return Err(OverrideError::Key {
                text: text.to_owned(),
                key,
            });
        }
        match parse_value(&value) {
            Ok(_) => Ok(Self { key, value }),
            Err(reason) => Err(OverrideError::Value {
                text: text.to_owned(),
                value,
                reason,
            }),
        }
    }
}

impl fmt::Display for Override {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.key, self.value)
    }
}

/// Reads a TOML value; what is none but looks like plain words is a string.
pub(super) fn parse_value(text: &str) -> Result<DeValue<'_>, String> {
    let is_plain = |c: char| !c.is_control() && !"\"'[]{}=#,".contains(c);
    match DeValue::parse(text) {
        Ok(value) => Ok(value.into_inner()),
        Err(_) if !text.is_empty() && text.chars().all(is_plain) => {
            Ok(DeValue::String(text.into()))
        }
        Err(error) => Err(error.message().to_owned()),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn bare_words_are_strings_and_the_rest_is_toml() {
        assert_eq!(parse_value("gru").unwrap().as_str(), Some("gru"));
        assert_eq!(
            parse_value("three bits").unwrap().as_str(),
            Some("three bits")
        );
        assert_eq!(parse_value("\"1\"").unwrap().as_str(), Some("1"));
        assert!(parse_value("1e-3").unwrap().is_float());
        assert!(parse_value("12").unwrap().is_integer());
        assert!(parse_value("true").unwrap().is_bool());
        assert!(parse_value("{ steps = 3 }").unwrap().is_table());
    }

    #[test]
    fn what_is_no_override_says_why() {
        for (text, part) in [
            ("network.units", "expected KEY=VALUE"),
            ("=3", "is no key"),
            ("network..units=3", "is no key"),
            ("network.units=", "is no TOML value"),
            ("name=\"open", "is no TOML value"),
        ] {
            let message = text.parse::<Override>().unwrap_err().to_string();
            assert!(
                message.contains(part) && message.contains(text),
                "{message}"
            );
        }
    }
}
