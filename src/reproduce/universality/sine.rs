//! Sine waves whose frequency an input sets: how fast the linearisation turns at each cue.

use super::super::sine_generator;
use super::super::trained::Course;
use super::{Architecture, Form};
use crate::lab::LabError;
use crate::statistics::Line;

const FREQUENCIES: usize = 5;
const UNITS: usize = 48;
/// Of the mean squared rate in the loss: enough for orbits so small that the linearisation tells how fast they turn.
const RATE_PENALTY: f64 = 0.3;

/// The same task and training as in the experiment `sine-generator`, with another cell and a stronger penalty on rates.
fn generator(form: Form, architecture: Architecture) -> sine_generator::Form {
    sine_generator::Form {
        name: architecture.name,
        network: architecture.keys,
        units: UNITS,
        frequencies: FREQUENCIES,
        generate_secs: 64.0,
        steps: form.steps[1],
        learning_rates: [3e-3, 3e-5],
        rate_penalty: RATE_PENALTY,
        seeds: form.seeds[1],
    }
}

pub(super) fn course(
    form: Form,
    architecture: Architecture,
    seed: u64,
) -> Result<Course, LabError> {
    generator(form, architecture).course(seed)
}

/// A network that makes sine waves.
pub(super) struct Oscillator {
    pub(super) architecture: Architecture,
    pub(super) generator: sine_generator::Generator,
}

impl Oscillator {
    pub(super) fn of(
        form: Form,
        architecture: Architecture,
        course: &Course,
    ) -> Result<Self, LabError> {
        let generator = generator(form, architecture).generator(course, &|_| ())?;
        Ok(Self {
            architecture,
            generator,
        })
    }

    /// The line of the angle of the unstable pair against the target frequency, over the cues at which exactly one fixed point
    /// has exactly one such pair, and lies inside the orbit; `None` if these are fewer than three.
    pub(super) fn line(&self) -> Option<Line> {
        let seen = self.generator.seen.iter();
        let turning = seen.filter(|of| of.is_as_claimed());
        let points: Vec<[f64; 2]> = turning.map(|of| [of.target, of.angle]).collect();
        (points.len() >= 3).then(|| Line::fitted(&points))
    }
}
