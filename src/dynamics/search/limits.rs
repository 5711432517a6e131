//! What a search may spend.

use crate::dynamics::newton;

/// Limits of a search.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limits {
    /// Limits of the iteration from each start.
    pub newton: newton::Limits,
    /// Largest dimension of a map that is searched completely. Default 5.
    pub enumerated_dim: usize,
    /// Boxes that a complete search looks at, at most; 0 for no such search. Default 4000.
    pub boxes: usize,
    /// Whether all starts are gone through, though the indices balance and nothing new comes. Default false.
    pub every_start: bool,
}

impl Limits {
    /// Limits for a network that is looked at on its own and not at every checkpoint: all starts, and a complete search up to
    /// 8 dimensions, of up to 100 000 boxes.
    pub fn patient() -> Self {
        Self {
            every_start: true,
            enumerated_dim: 8,
            boxes: 100_000,
            ..Self::default()
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            newton: newton::Limits::default(),
            enumerated_dim: 5,
            boxes: 4000,
            every_start: false,
        }
    }
}
