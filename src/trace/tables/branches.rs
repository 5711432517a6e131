//! The fixed points on their branches through the run.

use super::declare::table;
use super::value::named;

table! {
    /// One fixed point of one checkpoint on its branch through the run; derived like the events.
    #[table = "branches"]
    #[belongs(checkpoint = CheckpointOrBefore)]
    pub struct BranchRow {
        /// Name of the probe input.
        pub condition: String,
        /// Number of the branch within the condition, in order of appearance.
        pub branch: u32,
        /// Number of the checkpoint, counted from 0.
        pub checkpoint: u32,
        /// Training steps done at the checkpoint.
        #[unit = "training step"]
        pub step: u64,
        /// Identity in fixed_points; null if the search had missed the point and continuation led to it.
        pub point: Option<u32>,
        /// first (the branch begins here), continuation or assignment (where continuation failed).
        pub matched: Matched,
        /// Branch that was born together with this one, in the row where both begin.
        pub born_with: Option<u32>,
        /// Branch that this one meets and vanishes with, in the row where both end; null while the run is being
        /// written.
        pub dies_with: Option<u32>,
        /// Sign of det(I - J): 1, 0 or -1.
        pub index: i8,
        /// Number of eigenvalues outside the unit circle.
        #[unit = "count"]
        pub n_unstable: u16,
        /// The point in state space, one value a state variable.
        pub state: Vec<f64>,
    }
}

/// How a fixed point of one checkpoint was joined to that of the checkpoint before on the same branch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Matched {
    /// It was not: the branch begins here.
    Not,
    /// By continuation along the straight line between the weights.
    Continuation,
    /// Where continuation failed: it is near, and of the same kind.
    Assignment,
}

impl Matched {
    /// Name in the column `matched`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Not => "first",
            Self::Continuation => "continuation",
            Self::Assignment => "assignment",
        }
    }

    /// The one of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Not, Self::Continuation, Self::Assignment]
            .into_iter()
            .find(|of| of.name() == name)
    }
}

named!(Matched: Not);
