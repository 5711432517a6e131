//! The border behind which two networks at a moment are measured against each other.

use std::borrow::Cow;

use super::portrait::Portrait;

/// Why a measure makes no sense of a network, or of two; stands in the cell of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Senseless(pub Cow<'static, str>);

/// A distance between two networks at a moment, 0 for those that it cannot tell apart.
pub trait Measure: Sync {
    /// What it keeps of a network: computed once, compared with many.
    type View: Send + Sync;

    /// Name on the command line and in tables.
    fn name(&self) -> &'static str;

    /// What it is, with its source, in a sentence or two.
    fn about(&self) -> &'static str;

    /// What it keeps of a network.
    fn view(&self, portrait: &Portrait) -> Result<Self::View, Senseless>;

    /// The distance of two.
    fn distance(&self, a: &Self::View, b: &Self::View) -> Result<f64, Senseless>;
}
