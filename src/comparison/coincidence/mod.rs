//! Whether bifurcations and what happens to the loss come together, over a population of runs.

pub mod chance;
pub mod ghosts;
pub mod signals;
pub mod triggered;

/// What was measured in the training steps of one run, and where its events lie among them.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RunSignal {
    /// Its stages, in order.
    pub stages: Vec<StageSignal>,
}

/// The same of one stage of the curriculum.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct StageSignal {
    /// Its number.
    pub stage: u32,
    /// One value a training step; one that is not finite counts nowhere.
    pub values: Vec<f64>,
    /// Places among the values at which events lie, in order.
    pub events: Vec<usize>,
}
