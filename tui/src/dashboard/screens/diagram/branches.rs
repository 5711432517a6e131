//! Branches of fixed points over the steps: by which quantity they are drawn, and how.

use crate::dashboard::curves::Axis;
use crate::dashboard::data::Bifurcation;
use crate::dashboard::data::store::{Curve, CurvePlace};
use crate::dashboard::plot::{Dash, Plot};
use crate::dashboard::theme::Ink;

/// What is drawn against the steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::dashboard::screens) enum Quantity {
    Component(usize),
    Output(usize),
    Modulus,
}

impl Quantity {
    pub(in crate::dashboard::screens) fn name(self) -> String {
        match self {
            Self::Component(axis) => format!("PC {}", axis + 1),
            Self::Output(output) => format!("output {}", output + 1),
            Self::Modulus => "|λ|max".into(),
        }
    }

    /// The next one, of a network with so many outputs.
    pub(in crate::dashboard::screens) fn next(self, outputs: usize) -> Self {
        match self {
            Self::Component(axis) if axis < 2 => Self::Component(axis + 1),
            Self::Component(_) if outputs > 0 => Self::Output(0),
            Self::Output(output) if output + 1 < outputs => Self::Output(output + 1),
            Self::Component(_) | Self::Output(_) => Self::Modulus,
            Self::Modulus => Self::Component(0),
        }
    }

    /// Its value; not finite where it is not known.
    pub(super) fn of(self, place: &CurvePlace) -> f64 {
        match self {
            Self::Component(axis) => place.at[axis],
            Self::Output(output) => place
                .readout
                .get(output)
                .map_or(f64::NAN, |&y| f64::from(y)),
            Self::Modulus => place.modulus,
        }
    }

    /// Its value where a bifurcation is; none where it is not known.
    pub(in crate::dashboard::screens) fn of_event(self, event: &Bifurcation) -> Option<f64> {
        match self {
            Self::Component(axis) => event.at.map(|at| at[axis]),
            Self::Modulus => Some(event.row.multiplier_re.hypot(event.row.multiplier_im)),
            Self::Output(_) => None,
        }
    }

    /// An axis that holds it on all branches, with a margin; none if it is known nowhere.
    pub(in crate::dashboard::screens) fn axis(self, curves: &[Curve]) -> Option<Axis> {
        let places = curves.iter().flat_map(|curve| &curve.places);
        let whole = Axis::around(places.map(|place| self.of(place)), Ink::Faint)?;
        let margin = 0.06 * (whole.high - whole.low);
        Some(Axis {
            low: whole.low - margin,
            high: whole.high + margin,
            ..whole
        })
    }
}

/// Where a branch is drawn at a checkpoint; `x_of` gives the place of a step.
pub(super) fn place_of(
    quantity: Quantity,
    place: &CurvePlace,
    x_of: impl Fn(f64) -> f64,
) -> (f64, f64) {
    (x_of(place.step as f64), quantity.of(place))
}

/// Line and colour of a branch where it has so many unstable directions.
pub(super) fn line_of(n_unstable: u16) -> (Dash, Ink) {
    match n_unstable {
        0 => (Dash::Solid, Ink::Stable),
        _ => (Dash::Dashed, Ink::Saddle),
    }
}

/// Draws a branch, in a colour of its own if there is one.
pub(in crate::dashboard::screens) fn branch(
    plot: &mut Plot,
    curve: &Curve,
    quantity: Quantity,
    own_ink: Option<Ink>,
    x_of: impl Fn(f64) -> f64,
) {
    for pair in curve.places.windows(2) {
        let (from, to) = (&pair[0], &pair[1]);
        // A checkpoint without the point is a gap.
        if to.position > from.position + 1 {
            continue;
        }
        let (a, b) = (
            place_of(quantity, from, &x_of),
            place_of(quantity, to, &x_of),
        );
        let middle = (f64::midpoint(a.0, b.0), f64::midpoint(a.1, b.1));
        for (begin, end, of) in [(a, middle, from), (middle, b, to)] {
            let (dash, ink) = line_of(of.n_unstable);
            plot.line(begin, end, own_ink.unwrap_or(ink), dash);
        }
    }
}
