//! `--step-pattern`: names as the user writes them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::numbers::{numbers, stem};

/// Where the step stands.
const STEP: &str = "{step}";

/// A name with `{step}` in place of its training step, `*` for any characters and `?` for one, neither of them `/`.
///
/// It must fit the whole name, with or without its ending; one without `/` the last part of the name. Where `{step}` fits
/// several numbers it is the last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct StepPattern(String);

impl StepPattern {
    /// The training step of a name that fits.
    pub fn step(&self, name: &str) -> Option<u64> {
        let name = match name.rsplit_once('/') {
            Some((_, last)) if !self.0.contains('/') => last,
            _ => name,
        };
        let (before, after) = self.0.split_once(STEP)?;
        let fits = |at: usize, end: usize| {
            let is_so = |whole: &str| {
                whole.get(end..).is_some_and(|rest| glob(after, rest)) && glob(before, &whole[..at])
            };
            is_so(name) || is_so(stem(name))
        };
        let mut all = numbers(name).into_iter().rev();
        all.find_map(|number| {
            let end = number.at + number.text.len();
            number.value.filter(|_| fits(number.at, end))
        })
    }
}

impl FromStr for StepPattern {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.matches(STEP).count() {
            1 => Ok(Self(text.to_owned())),
            count => Err(format!(
                "expected {STEP} once, found it {count} times; write as in 'model_seed1_step{STEP}*'"
            )),
        }
    }
}

impl TryFrom<String> for StepPattern {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<StepPattern> for String {
    fn from(pattern: StepPattern) -> Self {
        pattern.0
    }
}

impl fmt::Display for StepPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether a text fits a pattern: the last `*` takes one character more whenever what follows it does not fit.
fn glob(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) =
        (pattern.chars().collect(), text.chars().collect());
    let (mut p, mut t) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p + 1, t));
                p += 1;
            }
            Some(&of) if of == text[t] || (of == '?' && text[t] != '/') => {
                p += 1;
                t += 1;
            }
            _ => match star {
                Some((after, from)) if text[from] != '/' => {
                    star = Some((after, from + 1));
                    (p, t) = (after, from + 1);
                }
                _ => return false,
            },
        }
    }
    pattern[p..].iter().all(|&rest| rest == '*')
}
