//! Cells on the straight way between two others of their kind, through one in the middle.
//!
//! The bend is computed from the cell in the middle and dropped where it is rounding, so that cells whose weights
//! are the parameters keep a path that is linear in s.

use crate::calculus::Jet;

/// A weight that is this near to the middle of two others, relative to the largest of all, is in the middle.
const ROUNDING: f64 = 1e-14;

/// What a kind of cell does on the way to another of its kind.
pub(super) trait Blended: Sized {
    /// Whether the other differs in nothing but its weights.
    fn is_alike(&self, other: &Self) -> bool;

    /// w_b, given the cell at s = ½; `None` if it is zero to rounding.
    fn bend(&self, middle: &Self, other: &Self) -> Option<Self>;

    /// The cell at s.
    fn between(&self, other: &Self, bend: Option<&Self>, s: f64) -> Self;

    /// Taylor coefficients of t ↦ F_{s(t)}(x(t)).
    fn path_jet(&self, other: &Self, bend: Option<&Self>, s: Jet, curve: &[Jet]) -> Vec<Jet>;
}

/// (1−s) a + s b + 4s(1−s) c, element by element.
pub(super) fn blend(a: &[f64], b: &[f64], bend: Option<&[f64]>, s: f64) -> Vec<f64> {
    let mut sum: Vec<f64> = a
        .iter()
        .zip(b)
        .map(|(a, b)| (1.0 - s) * a + s * b)
        .collect();
    for (sum, c) in sum.iter_mut().zip(bend.unwrap_or_default()) {
        *sum += 4.0 * s * (1.0 - s) * c;
    }
    sum
}

/// What the middle of two vectors misses a third by; whether that is more than rounding.
pub(super) fn bend_of(a: &[f64], middle: &[f64], b: &[f64]) -> (Vec<f64>, bool) {
    let ends = a.iter().zip(b);
    let bend: Vec<f64> = ends
        .zip(middle)
        .map(|((a, b), m)| m - 0.5 * (a + b))
        .collect();
    let largest = |v: &[f64]| v.iter().fold(0.0_f64, |most, x| most.max(x.abs()));
    let scale = largest(a).max(largest(b)).max(largest(middle));
    let is_bent = largest(&bend) > ROUNDING * scale;
    (bend, is_bent)
}
