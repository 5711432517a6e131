//! The linear pieces of a network of rectified units that meet where the argument of a unit is 0.
//!
//! At such a point the map has one derivative for each combination of signs; which of them counts depends on the
//! direction from which the point is approached.

use faer::Mat;

use super::{Of, Unitwise};
use crate::cell::formula::Formula;

/// Units at a kink of which all combinations are looked at; of more, all on, all off, and each alone on.
const MOST_COMBINED: usize = 4;
/// Such units that are looked at at most.
const MOST_UNITS: usize = 16;
/// An argument this often below what rounding may have made it is 0.
const ROUNDING: f64 = 4.0;

impl<F: Formula> Unitwise<F> {
    /// The Jacobians of the pieces that meet at a point, to rounding; none if the point lies inside one.
    pub(super) fn pieces_at(&self, of: Of, point: &[f64], blocks: usize) -> Vec<Mat<f64>> {
        let Some(state_is_rate) = self.formula.rectified() else {
            return Vec::new();
        };
        let a = self.preactivations(point);
        let errors = self.preactivation_errors(point);
        let argument = |unit: usize| if state_is_rate { a[unit] } else { point[unit] };
        let at_kink: Vec<usize> = (0..self.units)
            .filter(|&unit| argument(unit).abs() <= ROUNDING * errors[unit] + f64::MIN_POSITIVE)
            .take(MOST_UNITS)
            .collect();
        if at_kink.is_empty() {
            return Vec::new();
        }
        let piece = |is_on: &dyn Fn(usize) -> bool| {
            // Only the sign of an argument tells in the slope of a rectified unit.
            let (mut a, mut state) = (a.clone(), point.to_vec());
            for (place, &unit) in at_kink.iter().enumerate() {
                let side = if is_on(place) { 1.0 } else { -1.0 };
                if state_is_rate {
                    a[unit] = side;
                } else {
                    state[unit] = side;
                }
            }
            let mut jacobian = Mat::zeros(blocks * self.units, blocks * self.units);
            self.fill_jacobian_from(of, &a, &state, blocks, jacobian.as_mut());
            jacobian
        };
        let count = at_kink.len();
        if count <= MOST_COMBINED {
            return (0..1_usize << count)
                .map(|set| piece(&|place| set >> place & 1 == 1))
                .collect();
        }
        let mut pieces = vec![piece(&|_| true), piece(&|_| false)];
        pieces.extend((0..count).map(|only| piece(&|place| place == only)));
        pieces
    }
}
