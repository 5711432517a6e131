//! The two-neuron task: be at a point at one time, with no input (Turner, Dabholkar & Barak 2021, NeurIPS, arXiv
//! 2111.09356).
//!
//! One trial without randomness and without input: only the last step counts, where the rates are to be (0, tanh
//! 1), the state (0, 1). The network starts where the curriculum says, in the paper at (1, 0).
//!
//! Score: 1 if half the squared distance is below `tolerance`. Landscape without input.

use rand::Rng;

use super::Task;
use super::about::{About, parameter};
use super::batch::{Answer, Probe, Score, Trial};
use super::timing::MOST_STEPS;
use crate::parameters::{POSITIVE, ParameterVisitor};

/// The two-neuron task: dx/dt = −x + W tanh(x) goes from x = (1, 0) to (0, 1) in time T, and only the end counts.
///
/// The outputs are to read the rates tanh(x), so the target is (0, tanh 1). Its initial state and readout are the
/// network's: a leaky network of two units in currents with alpha = dt. The one input line is silent.
#[derive(Debug, Clone, PartialEq)]
pub struct TwoNeuron {
    /// T in units of the time constant. Default 10.
    pub duration: f64,
    /// Euler step in the same units. Default 0.1.
    pub dt: f64,
    /// A trial is right when half the squared distance to the target is below this. Default 1e-4.
    pub tolerance: f64,
}

const ABOUT: About = About {
    name: "two-neuron",
    summary: "be at (0, 1) at one time, coming from (1, 0), with no input",
    source: "Turner, Dabholkar & Barak 2021 (NeurIPS), arXiv 2111.09356, github.com/KabirDabholkar/space-of-solutions-2D",
    inputs: &["silent"],
    outputs: &["rate …"],
    accuracy: "1 if half the squared distance from the target at the end is below the tolerance, else 0",
    parameters: &[
        parameter("duration", "τ", "time at which the target counts"),
        parameter("dt", "τ", "Euler step, the alpha of the cell"),
        parameter(
            "tolerance",
            "",
            "greatest half squared distance that is right",
        ),
    ],
};

impl Default for TwoNeuron {
    fn default() -> Self {
        Self {
            duration: 10.0,
            dt: 0.1,
            tolerance: 1e-4,
        }
    }
}

impl Task for TwoNeuron {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn input_channels(&self) -> usize {
        1
    }

    fn output_channels(&self) -> usize {
        2
    }

    fn trial_steps(&self) -> usize {
        ((self.duration / self.dt).round() as usize).max(1)
    }

    fn draw_trial(&self, _: &mut dyn Rng, trial: &mut Trial<'_>) {
        let end = self.trial_steps();
        trial.target(0, end - 1..end, 0.0, 1.0);
        trial.target(1, end - 1..end, 1.0_f64.tanh(), 1.0);
    }

    fn score(&self, answer: Answer<'_>) -> Score {
        let squares = [0, 1]
            .into_iter()
            .flat_map(|channel| answer.counted(channel));
        let distance: f64 = squares
            .map(|judged| (judged.output - judged.target).powi(2))
            .sum();
        Score::of(0.5 * distance < self.tolerance)
    }

    fn chance(&self) -> f64 {
        0.0
    }

    fn probes(&self, input_channels: usize) -> Vec<Probe> {
        vec![Probe::new("no input", &[], input_channels)]
    }

    fn parameters(&mut self, visitor: &mut dyn ParameterVisitor) {
        visitor.real("duration", &mut self.duration, POSITIVE);
        visitor.real("dt", &mut self.dt, POSITIVE);
        visitor.real("tolerance", &mut self.tolerance, POSITIVE);
        let longest = MOST_STEPS as f64 * self.dt;
        if self.duration > longest {
            visitor.refuse(
                "duration",
                &format!("at most {longest}, {MOST_STEPS} steps of `dt`"),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_end_counts() {
        let batch = TwoNeuron::default().batch(1, 0);
        assert_eq!(batch.steps, 100);
        assert!(batch.inputs.iter().all(|input| *input == 0.0));
        let expected = [vec![0.0; 198], vec![1.0; 2]].concat();
        assert_eq!(batch.weights, expected);
        assert_eq!(batch.targets[198..], [0.0, 1.0_f64.tanh()]);
    }
}
