//! What a search may spend.
//!
//! All limits count work, not time, so that the same search gives the same result on any machine.
//! [`SearchLimits::default`] is for every checkpoint of a run, [`SearchLimits::patient`] for a network on its own.

use crate::dynamics::points::newton;

/// Dimension up to which the factors of I − J are kept.
pub(super) const LARGEST_FACTORED: usize = 512;

/// Dimension up to which all starts are gone through, of which there are usually so many …
const FULL_DIM: usize = 128;
const ALL_STARTS: usize = 1024;
/// … and starts that are gone through at the least beyond it.
const FEWEST_STARTS: usize = 256;

/// SearchLimits of a search.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SearchLimits {
    /// SearchLimits of the iteration from each start.
    pub newton: newton::NewtonLimits,
    /// Largest dimension of a map that is searched completely. Default 5.
    pub enumerated_dim: usize,
    /// Boxes that a complete search looks at, at most; 0 for no such search. Default 4000.
    pub boxes: usize,
    /// The same over the dimension of the map, if that is more: the boxes of small maps cost microseconds. Default 160,000.
    pub boxes_of_small: usize,
    /// Fixed points that are listed at most where a map that falls into blocks has the product of theirs. Default 4096.
    pub listed: usize,
    /// Slow points that are described at most, the slowest first. Default 64.
    pub slow_points: usize,
    /// Steps along fibers at most, where points are missing. Default 2000.
    pub fiber_steps: usize,
    /// Floating-point operations that may be spent on them. Default 10⁹.
    pub fiber_operations: f64,
    /// Dimension up to which 512 starts are tried before a search is given up as hopeless; beyond it as many as cost the same.
    /// Default 64.
    pub hopeless_dim: usize,
    /// Starts that are gone through at the least, though the indices balance and nothing new comes; with `usize::MAX` all, even
    /// if they cannot find all points. Default 0.
    pub fewest_starts: usize,
}

impl SearchLimits {
    /// SearchLimits for a network that is looked at on its own and not at every checkpoint: all starts, and a complete search up to
    /// 8 dimensions, of up to 100 000 boxes.
    pub fn patient() -> Self {
        Self {
            fewest_starts: usize::MAX,
            enumerated_dim: 8,
            boxes: 100_000,
            listed: 16_384,
            fiber_steps: 60_000,
            fiber_operations: 8e10,
            hopeless_dim: 200,
            ..Self::default()
        }
    }

    /// The same where nobody has asked for so many starts: all of them up to 128 dimensions, beyond it as many as cost about
    /// the same, but at least 256, as long as nothing tells of points that are not in the list.
    pub fn patient_enough(dim: usize) -> Self {
        let affordable = ALL_STARTS * FULL_DIM / dim.max(1);
        Self {
            fewest_starts: if dim <= FULL_DIM {
                usize::MAX
            } else {
                affordable.max(FEWEST_STARTS)
            },
            ..Self::patient()
        }
    }
}

impl Default for SearchLimits {
    fn default() -> Self {
        Self {
            newton: newton::NewtonLimits::default(),
            enumerated_dim: 5,
            boxes: 4000,
            boxes_of_small: 160_000,
            listed: 4096,
            slow_points: 64,
            fiber_steps: 2000,
            fiber_operations: 1e9,
            hopeless_dim: 64,
            fewest_starts: 0,
        }
    }
}
