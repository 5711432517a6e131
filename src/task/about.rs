//! What a task says of itself.
//!
//! The same text stands in `creode tasks`, in messages and in the dashboard. A last channel name that ends in " …"
//! is a series: its channels are numbered from 1.

/// Description of a task, for listings and documentation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct About {
    /// Name in the curriculum file.
    pub name: &'static str,
    /// What is to be done, in one line.
    pub summary: &'static str,
    /// Where task and defaults come from, with doi or repository.
    pub source: &'static str,
    /// Input channels by name; the last stands for any that follow.
    pub inputs: &'static [&'static str],
    /// Output channels by name; the last stands for any that follow.
    pub outputs: &'static [&'static str],
    /// What its accuracy counts.
    pub accuracy: &'static str,
    /// Every parameter that a curriculum can set.
    pub parameters: &'static [ParameterAbout],
}

/// Description of a parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ParameterAbout {
    /// Name in the curriculum file.
    pub name: &'static str,
    /// Unit; empty for counts and plain numbers.
    pub unit: &'static str,
    /// What it is.
    pub meaning: &'static str,
}

impl About {
    /// The description of one parameter.
    pub fn parameter(&self, name: &str) -> Option<&'static ParameterAbout> {
        self.parameters.iter().find(|about| about.name == name)
    }

    /// Name of an input channel.
    pub fn input(&self, channel: usize) -> String {
        channel_name(self.inputs, channel)
    }

    /// Name of an output channel.
    pub fn output(&self, channel: usize) -> String {
        channel_name(self.outputs, channel)
    }
}

/// The last name stands for all further channels, which are numbered from 1.
fn channel_name(names: &[&str], channel: usize) -> String {
    let Some(last) = names.len().checked_sub(1) else {
        return (channel + 1).to_string();
    };
    match names[channel.min(last)].strip_suffix(" …") {
        Some(series) => format!("{series} {}", channel + 1 - last),
        None => names[channel.min(last)].to_owned(),
    }
}

pub(super) const fn parameter(
    name: &'static str,
    unit: &'static str,
    meaning: &'static str,
) -> ParameterAbout {
    ParameterAbout {
        name,
        unit,
        meaning,
    }
}

pub(super) const DT: ParameterAbout = parameter("dt_ms", "ms", "length of a time step");
pub(super) const NOISE_AT_STEP: ParameterAbout = parameter(
    "noise",
    "",
    "standard deviation of the input noise at each step",
);
pub(super) const NOISE: ParameterAbout = parameter(
    "noise",
    "√ms",
    "standard deviation of the noise on each stimulus channel at each step, times √dt",
);
pub(super) const TRIAL_STEPS: ParameterAbout =
    parameter("trial_steps", "steps", "length of a trial");
pub(super) const CONSTANT_INPUTS: ParameterAbout = parameter(
    "constant_inputs",
    "",
    "where landscapes are looked at: null-drive; moves: and each move; walls: and each into a wall",
);
pub(super) const RESPONSE_WEIGHT: ParameterAbout = parameter(
    "response_weight",
    "",
    "weight of the response in the loss; the time before it has 1",
);
