//! What fixed points are called, whoever finds, stores or shows them.

/// What a fixed point is, by its eigenvalues (maps: inside or outside the unit circle).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PointKind {
    /// All eigenvalues inside the unit circle, the leading one real.
    StableNode,
    /// All inside, the leading pair complex.
    StableFocus,
    /// Some inside, some outside.
    Saddle,
    /// All outside.
    Repeller,
    /// An eigenvalue within rounding error of the unit circle: not decided.
    Marginal,
}

impl PointKind {
    /// Name in the `kind` column.
    pub fn name(self) -> &'static str {
        match self {
            Self::StableNode => "stable_node",
            Self::StableFocus => "stable_focus",
            Self::Saddle => "saddle",
            Self::Repeller => "repeller",
            Self::Marginal => "marginal",
        }
    }

    /// The kind of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        [
            Self::StableNode,
            Self::StableFocus,
            Self::Saddle,
            Self::Repeller,
            Self::Marginal,
        ]
        .into_iter()
        .find(|kind| kind.name() == name)
    }
}

/// How a fixed point was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// From a point of a neighbouring checkpoint.
    Tracked,
    /// From a start of the search.
    Searched,
}

impl Found {
    /// Name in the `found` column.
    pub fn name(self) -> &'static str {
        match self {
            Self::Tracked => "tracked",
            Self::Searched => "searched",
        }
    }

    /// The value of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Tracked, Self::Searched]
            .into_iter()
            .find(|found| found.name() == name)
    }
}
