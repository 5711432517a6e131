//! The border behind which two networks at a moment are measured against each other.

use std::borrow::Cow;

use super::portrait::Portrait;

/// Why a measure makes no sense of a network, or of two; stands in the cell of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Senseless(pub Cow<'static, str>);

impl Senseless {
    /// A reason without numbers.
    pub(in crate::comparison) const fn because(reason: &'static str) -> Self {
        Self(Cow::Borrowed(reason))
    }
}

/// A distance between two networks at a moment, 0 for those that it cannot tell apart.
pub trait Measure: Sync {
    /// What it keeps of a network: computed once, compared with many.
    type View: Send + Sync;

    /// Name on the command line and in tables.
    fn name(&self) -> &'static str;

    /// What it is, with its source, in a sentence or two.
    fn about(&self) -> &'static str;

    /// What two networks must share for it to make sense.
    fn needs(&self) -> &'static str;

    /// What it keeps of a network.
    fn view(&self, portrait: &Portrait) -> Result<Self::View, Senseless>;

    /// Settles what can only be told of all networks that are compared with each other, once all views are there.
    fn settle(&self, _views: &mut [&mut Self::View]) {}

    /// The distance of two.
    fn distance(&self, a: &Self::View, b: &Self::View) -> Result<f64, Senseless>;

    /// The class of a settled view: views of one class have the same distances to all others, which are then computed once.
    fn class(&self, _view: &Self::View) -> Option<usize> {
        None
    }

    /// What to keep in mind of the distances of this network.
    fn caveat(&self, _view: &Self::View) -> Option<Cow<'static, str>> {
        None
    }
}
