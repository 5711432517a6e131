//! The linear pieces of a network of rectified units that meet where the argument of a unit is 0.
//!
//! At such a point the map has one derivative for each combination of signs; which of them counts depends on the
//! direction from which the point is approached.

use faer::Mat;

use super::{Of, Unitwise};
use crate::cell::formula::{Formula, Kink};

/// Units at a kink of which all combinations are looked at; of more, all on, all off, and each alone on.
const MOST_COMBINED: usize = 4;
/// How far beside the kink a piece is looked at.
pub(in crate::cell) const BESIDE: f64 = f64::MIN_POSITIVE;
/// Such units that are looked at at most.
pub(in crate::cell) const MOST_UNITS: usize = 16;
/// An argument this often below what rounding may have made it is 0.
pub(in crate::cell) const ROUNDING: f64 = 4.0;

impl<F: Formula> Unitwise<F> {
    /// The Jacobians of the pieces that meet at a point, to rounding; none if the point lies inside one.
    pub(super) fn pieces_at(&self, of: Of, point: &[f64], blocks: usize) -> Vec<Mat<f64>> {
        let Some(kink) = self.formula.kink() else {
            return Vec::new();
        };
        let is_inner = kink == Kink::Preactivation;
        let a = self.preactivations(point);
        let errors = self.preactivation_errors(point);
        let argument = |unit: usize| if is_inner { a[unit] } else { point[unit] };
        let at_kink: Vec<usize> = (0..self.units)
            .filter(|&unit| argument(unit).abs() <= ROUNDING * errors[unit] + f64::MIN_POSITIVE)
            .take(MOST_UNITS)
            .collect();
        let piece = |is_on: &dyn Fn(usize) -> bool| {
            // Just beside the kink, where only the sign of the argument tells.
            let (mut a, mut state) = (a.clone(), point.to_vec());
            for (place, &unit) in at_kink.iter().enumerate() {
                let side = if is_on(place) { BESIDE } else { -BESIDE };
                if is_inner {
                    a[unit] = side;
                } else {
                    state[unit] = side;
                }
            }
            let mut jacobian = Mat::zeros(blocks * self.units, blocks * self.units);
            self.fill_jacobian_from(of, &a, &state, blocks, jacobian.as_mut());
            jacobian
        };
        combinations(at_kink.len(), piece)
    }
}

/// The pieces for some units at a kink, each on one side of it: all combinations of a few units; of more all on, all off, and
/// each alone on. Nothing for none.
pub(in crate::cell) fn combinations<T>(
    count: usize,
    piece: impl Fn(&dyn Fn(usize) -> bool) -> T,
) -> Vec<T> {
    if count == 0 {
        return Vec::new();
    }
    if count <= MOST_COMBINED {
        return (0..1_usize << count)
            .map(|set| piece(&|place| set >> place & 1 == 1))
            .collect();
    }
    let mut pieces = vec![piece(&|_| true), piece(&|_| false)];
    pieces.extend((0..count).map(|only| piece(&|place| place == only)));
    pieces
}
