//! The screens, one file each.

mod arena;
mod compare;
mod diagram;
mod landscape;
mod learning;
mod runs;

use super::screen::Screen;

/// Name of the screen that lists the runs.
pub(crate) const RUNS: &str = "Runs";
/// Name of the screen that shows losses and accuracies.
pub(crate) const LEARNING: &str = "Learning";
/// Name of the screen that shows the state space.
pub(crate) const LANDSCAPE: &str = "Landscape";

/// Name of the screen that holds many runs against each other.
pub(crate) const COMPARE: &str = "Compare";

/// The names of all screens.
pub(crate) fn names() -> Vec<String> {
    all()
        .iter()
        .map(|screen| screen.name().to_owned())
        .collect()
}

/// All screens, in the order of their digits.
pub(crate) fn all() -> Vec<Box<dyn Screen>> {
    vec![
        Box::new(runs::Runs::default()),
        Box::new(learning::Learning::default()),
        Box::new(landscape::Landscape::default()),
        Box::new(diagram::Diagram::default()),
        Box::new(compare::Compare::default()),
        Box::new(arena::Arena::default()),
    ]
}
