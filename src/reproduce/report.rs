//! What came of an experiment: claims and their verdicts, tables, a figure.

use serde::{Deserialize, Serialize};

use crate::figure::Figure;
use crate::statistics::Estimate;

/// What came of an experiment.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// What the paper leads one to expect, and what was seen.
    pub claims: Vec<Claim>,
    /// The numbers behind the claims.
    pub tables: Vec<Table>,
    /// A picture of them.
    pub figure: Option<Figure>,
}

/// The numbers that a claim allows, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Expectation {
    /// The smallest; `None`: any.
    pub least: Option<f64>,
    /// The largest; `None`: any.
    pub most: Option<f64>,
}

impl Expectation {
    /// This number or more.
    pub fn at_least(least: f64) -> Self {
        Self {
            least: Some(least),
            most: None,
        }
    }

    /// A number between two others.
    pub fn between(least: f64, most: f64) -> Self {
        Self {
            least: Some(least),
            most: Some(most),
        }
    }

    /// Any number above 0.
    pub fn above_zero() -> Self {
        Self::at_least(f64::MIN_POSITIVE)
    }

    /// This number or less.
    pub fn at_most(most: f64) -> Self {
        Self {
            least: None,
            most: Some(most),
        }
    }

    /// This number.
    pub fn exactly(number: f64) -> Self {
        Self::between(number, number)
    }

    /// Whether a number is one of them; NaN never is.
    pub fn allows(self, number: f64) -> bool {
        !number.is_nan()
            && self.least.is_none_or(|least| number >= least)
            && self.most.is_none_or(|most| number <= most)
    }

    /// What a measured number says about it.
    fn verdict(self, measured: Estimate) -> Verdict {
        let [low, high] = measured.interval.unwrap_or([measured.value; 2]);
        let is_beside = self.least.is_some_and(|least| high < least)
            || self.most.is_some_and(|most| low > most);
        if self.allows(low) && self.allows(high) {
            Verdict::Holds
        } else if is_beside {
            Verdict::Refuted
        } else {
            Verdict::Open
        }
    }
}

/// Where the numbers that a claim allows come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ClaimSource {
    /// The paper.
    Paper,
    /// A closed form, evaluated at the settings of the experiment.
    Theory,
    /// Creode: the paper says the direction or shows a figure, and the bound is ours.
    Ours,
}

/// What was found about a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// All of the measured interval is allowed.
    Holds,
    /// Part of the interval is allowed, or nothing could be measured.
    Open,
    /// None of the interval is allowed.
    Refuted,
}

/// A claim and the number that was measured for it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Claim {
    /// What is claimed, in words, with the unit of the number.
    pub statement: String,
    /// The numbers that it allows.
    pub expected: Expectation,
    /// Where these come from.
    pub source: ClaimSource,
    /// The number seen.
    pub measured: Estimate,
    /// What follows; without an interval, from the number alone.
    pub verdict: Verdict,
}

impl Claim {
    /// A claim of the paper's, judged.
    pub fn new(statement: &str, expected: Expectation, measured: Estimate) -> Self {
        Self {
            statement: statement.to_owned(),
            expected,
            source: ClaimSource::Paper,
            measured,
            verdict: expected.verdict(measured),
        }
    }

    /// The same with numbers from a closed form.
    #[must_use]
    pub fn of_theory(mut self) -> Self {
        self.source = ClaimSource::Theory;
        self
    }

    /// The same with numbers that are not the paper's but ours.
    #[must_use]
    pub fn of_ours(mut self) -> Self {
        self.source = ClaimSource::Ours;
        self
    }

    /// Whether it holds.
    pub fn holds(&self) -> bool {
        self.verdict == Verdict::Holds
    }
}

/// A table.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Table {
    /// What it holds.
    pub title: String,
    /// Heads of the columns.
    pub columns: Vec<String>,
    /// The rows, as wide as the heads.
    pub rows: Vec<Vec<TableCell>>,
}

impl Table {
    /// A table without rows.
    pub fn new(title: &str, columns: &[&str]) -> Self {
        Self {
            title: title.to_owned(),
            columns: columns.iter().map(|&head| head.to_owned()).collect(),
            rows: Vec::new(),
        }
    }
}

/// What stands in a cell of a table.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum TableCell {
    /// Words.
    Text(String),
    /// How many.
    Count(usize),
    /// A number, perhaps with its interval.
    Number(Estimate),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verdict_needs_all_of_the_interval_on_one_side() {
        let verdict = |value, interval| {
            let measured = Estimate { value, interval };
            Claim::new("", Expectation::between(0.5, 1.0), measured).verdict
        };
        let (holds, open, refuted) = (Verdict::Holds, Verdict::Open, Verdict::Refuted);
        assert_eq!([0.5, 0.7, 1.0].map(|x| verdict(x, None)), [holds; 3]);
        assert_eq!(verdict(0.7, Some([0.6, 0.8])), holds);
        assert_eq!([0.4, 1.1].map(|x| verdict(x, None)), [refuted; 2]);
        assert_eq!(verdict(0.4, Some([0.3, 0.45])), refuted);
        assert_eq!(verdict(0.6, Some([0.4, 0.8])), open);
        assert_eq!(verdict(0.9, Some([0.8, 1.1])), open);
        assert_eq!(verdict(f64::NAN, None), open);
        assert!(Expectation::exactly(3.0).allows(3.0) && !Expectation::exactly(3.0).allows(2.0));
        assert!(Expectation::at_least(3.0).allows(f64::INFINITY));
        assert!(Expectation::at_most(3.0).allows(-1.0) && !Expectation::at_most(3.0).allows(3.5));
    }
}
