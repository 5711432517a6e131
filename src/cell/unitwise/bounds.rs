//! Bounds on the pre-activations, what the certificates of large networks spend most of their time on.
//!
//! Sums of N products of rounded numbers carry an a-priori error of γ_{N+2} Σ|w||r| whatever the order of summation
//! (Higham, Accuracy and Stability of Numerical Algorithms, chapter 3).

use super::{UNIT, Unitwise};
use crate::calculus::{Bound, Interval};
use crate::cell::formula::Formula;
use crate::simd::vectorised;

/// What is summed for every pre-activation.
struct Sums {
    /// Σ w m and Σ |w| r over features within r of m.
    middle: Vec<f64>,
    radius: Vec<f64>,
    /// Σ |w| · largest absolute value.
    magnitude: Vec<f64>,
    slope: Vec<f64>,
    bend: Vec<f64>,
    error: Vec<f64>,
    slope_error: Vec<f64>,
}

impl<F: Formula> Unitwise<F> {
    /// Linear combinations of bounds, with the error of summing them in any order.
    pub(super) fn bound_preactivations(&self, state: &[Bound]) -> Vec<Bound> {
        let gamma = (self.units + 2) as f64 * UNIT;
        let rows = self.drive.len();
        let zeros = || vec![0.0; rows];
        let mut sums = Sums {
            middle: self.drive.clone(),
            radius: zeros(),
            magnitude: self.drive.iter().map(|c| c.abs()).collect(),
            slope: zeros(),
            bend: zeros(),
            error: self.drive.iter().map(|c| gamma * c.abs()).collect(),
            slope_error: zeros(),
        };
        let features = self.features(state);
        vectorised(|| {
            for (column, feature) in self.columns().zip(&features) {
                sums.add(feature, column, gamma);
            }
        });
        // The sums are themselves rounded.
        let up = 1.0 + 8.0 * gamma;
        let bound = |i: usize| {
            let radius = up * (sums.radius[i] + gamma * sums.magnitude[i]);
            Bound {
                range: Interval::around(sums.middle[i], radius),
                slope: up * sums.slope[i],
                bend: up * sums.bend[i],
                error: up * sums.error[i],
                slope_error: up * sums.slope_error[i],
            }
        };
        (0..rows).map(bound).collect()
    }
}

impl Sums {
    #[inline(always)]
    fn add(&mut self, feature: &Bound, column: &[f64], gamma: f64) {
        let (middle, radius) = (feature.range.middle(), feature.range.radius());
        let magnitude = feature.range.magnitude();
        let error = feature.error + gamma * magnitude;
        let slope_error = feature.slope_error + UNIT * feature.slope;
        let n = column.len();
        let of_middle = &mut self.middle[..n];
        let of_radius = &mut self.radius[..n];
        let of_magnitude = &mut self.magnitude[..n];
        for (i, weight) in column.iter().enumerate() {
            of_middle[i] += weight * middle;
            of_radius[i] += weight.abs() * radius;
            of_magnitude[i] += weight.abs() * magnitude;
        }
        let slope = &mut self.slope[..n];
        let bend = &mut self.bend[..n];
        let of_error = &mut self.error[..n];
        let of_slope_error = &mut self.slope_error[..n];
        for (i, weight) in column.iter().enumerate() {
            slope[i] += weight.abs() * feature.slope;
            bend[i] += weight.abs() * feature.bend;
            of_error[i] += weight.abs() * error;
            of_slope_error[i] += weight.abs() * slope_error;
        }
    }
}
