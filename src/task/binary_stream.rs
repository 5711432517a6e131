//! n-parity and n-delayed-match on a stream of bits (Khajehabdollahi et al. 2024, ICLR, "Emergent mechanisms for long
//! timescales depend on training curriculum and affect performance in memory tasks").
//!
//! A trial:
//!
//! 1. A length L is drawn evenly from max n + 2 to 4 max n + 1, and L bits, each 0 or 1 with equal chance; the
//!    input is the bit.
//! 2. At the last bit alone every head n of the range has a target: under parity +1 if the sum of the last n bits
//!    is odd, under match +1 if the last bit equals the one n − 1 steps before; else −1. Output channel n − 2
//!    belongs to n; below the least n channels are silent.
//!
//! Score: share of heads with the right sign there. Landscapes at constant 0 and at constant 1.

use std::ops::Add as _;

use rand::{Rng, RngExt as _};

use super::Task;
use super::about::{About, ParameterAbout, parameter};
use super::batch::{Answer, Probe, Score, Trial};
use crate::parameters::{ParameterVisitor, Span};

/// A stream of random bits, at whose end each head says something of the last n: head n is output n − 2.
///
/// The stream has from N + 2 to 4N + 1 bits, N the greatest n. Only the last step counts. A head keeps its channel when
/// others join, so that a cumulative curriculum raises `n_max`, a sliding one both, a single one has both the same.
#[derive(Debug, Clone, PartialEq)]
pub struct BinaryStream {
    /// What the heads say.
    pub rule: Rule,
    /// The heads that count: from the least n, at least 2, to the greatest. Default 2 to 2.
    pub n: Span,
}

/// What the heads of a [`BinaryStream`] say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// +1 if the number of ones among the last n bits is odd, else −1.
    Parity,
    /// +1 if the last bit is the n-th from the end too, else −1.
    Match,
}

const SOURCE: &str =
    "Khajehabdollahi et al. 2024 (ICLR), github.com/LevinaLab/rnn_timescale_public";
const ACCURACY: &str = "share of the heads that have the right sign at the end of the stream";
const PARAMETERS: &[ParameterAbout] = &[
    parameter("n_min", "bits", "the least n whose head counts"),
    parameter("n_max", "bits", "the greatest n whose head counts"),
];

const PARITY: About = About {
    name: "n-parity",
    summary: "say whether the last n bits of a stream have an odd number of ones",
    source: SOURCE,
    inputs: &["bit"],
    outputs: &["head …"],
    accuracy: ACCURACY,
    parameters: PARAMETERS,
};

const MATCH: About = About {
    name: "n-delayed-match",
    summary: "say whether the last bit of a stream equals the n-th from the end",
    ..PARITY
};

impl BinaryStream {
    /// The task with its default heads.
    pub fn of(rule: Rule) -> Self {
        Self {
            rule,
            n: Span { min: 2, max: 2 },
        }
    }

    fn lengths(&self) -> Span {
        Span {
            min: self.n.max + 2,
            max: 4 * self.n.max + 1,
        }
    }

    fn heads(&self) -> impl Iterator<Item = usize> {
        self.n.min..=self.n.max
    }
}

impl Task for BinaryStream {
    fn about(&self) -> &'static About {
        match self.rule {
            Rule::Parity => &PARITY,
            Rule::Match => &MATCH,
        }
    }

    fn output_name(&self, channel: usize) -> String {
        format!("n = {}", channel + 2)
    }

    fn input_channels(&self) -> usize {
        1
    }

    fn output_channels(&self) -> usize {
        self.n.max - 1
    }

    fn trial_steps(&self) -> usize {
        self.lengths().max
    }

    fn draw_trial(&self, rng: &mut dyn Rng, trial: &mut Trial<'_>) {
        let length = self.lengths().draw(rng);
        let bits: Vec<bool> = (0..length).map(|_| rng.random()).collect();
        for (step, bit) in bits.iter().enumerate().filter(|(_, bit)| **bit) {
            trial.input(0, step..step + 1, f64::from(u8::from(*bit)));
        }
        for n in self.heads() {
            let last = &bits[length - n..];
            let is_so = match self.rule {
                Rule::Parity => last.iter().filter(|bit| **bit).count() % 2 == 1,
                Rule::Match => last[0] == last[n - 1],
            };
            let target = if is_so { 1.0 } else { -1.0 };
            trial.target(n - 2, length - 1..length, target, 1.0);
        }
    }

    fn score(&self, answer: Answer<'_>) -> Score {
        self.heads()
            .map(|n| answer.decision(n - 2))
            .fold(Score::default(), Score::add)
    }

    fn chance(&self) -> f64 {
        0.5
    }

    /// A stream of zeros, and one of ones.
    fn probes(&self, input_channels: usize) -> Vec<Probe> {
        vec![
            Probe::new("zeros", &[], input_channels),
            Probe::new("ones", &[1.0], input_channels),
        ]
    }

    fn parameters(&mut self, visitor: &mut dyn ParameterVisitor) {
        visitor.span(["n_min", "n_max"], &mut self.n, 2..=1000);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_follow_from_the_last_bits() {
        for rule in [Rule::Parity, Rule::Match] {
            let task = BinaryStream {
                n: Span { min: 3, max: 5 },
                ..BinaryStream::of(rule)
            };
            let batch = task.batch(100, 4);
            assert_eq!((batch.steps, batch.output_channels), (21, 4));
            for index in 0..100 {
                let trial = batch.answer(index, &batch.targets);
                let counting: Vec<_> = (0..21)
                    .filter(|&step| trial.at(3, step).weight > 0.0)
                    .collect();
                let [last] = counting[..] else {
                    panic!("{counting:?}")
                };
                assert!((6..=20).contains(&last));
                assert!(
                    (0..21).all(|step| trial.at(0, step).weight == 0.0),
                    "head 2 is silent"
                );
                for n in 3..=5 {
                    let bits: Vec<f64> = (0..n).map(|back| trial.input(0, last - back)).collect();
                    let expected = match rule {
                        Rule::Parity => 1.0 - 2.0 * ((1.0 + bits.iter().sum::<f64>()) % 2.0),
                        Rule::Match => 1.0 - 2.0 * (bits[0] - bits[n - 1]).abs(),
                    };
                    assert_eq!(trial.at(n - 2, last).target, expected);
                }
            }
        }
    }
}
