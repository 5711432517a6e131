//! Affine sums of features, in every reading of a formula: what all cells spend most of their time on.
//!
//! Weights stand by columns, `[features][rows]`, in which all products read them. A sum of n products of rounded
//! numbers carries an a-priori error of γ_{n+2} Σ|w||r| whatever the order of summation (Higham, Accuracy and
//! Stability of Numerical Algorithms, chapter 3).

use faer::linalg::matmul::matmul;
use faer::{Accum, MatMut, MatRef, Par};

use crate::calculus::{Bound, Interval, Jet, Scalar as _};
use crate::simd::vectorised;

/// Unit roundoff of f64.
pub(super) const UNIT: f64 = 0.5 * f64::EPSILON;

/// γ of sums of so many products.
pub(super) fn gamma(terms: usize) -> f64 {
    (terms + 2) as f64 * UNIT
}

/// sums += Σ feature · column; `sums` has as many entries as a column, or more, which stay.
pub(super) fn add_values(columns: &[f64], rows: usize, features: &[f64], sums: &mut [f64]) {
    vectorised(|| {
        for (column, &feature) in columns.chunks_exact(rows).zip(features) {
            add_scaled(sums, feature, column);
        }
    });
}

/// The same for Taylor coefficients.
pub(super) fn add_jets(columns: &[f64], rows: usize, features: &[Jet], sums: &mut [Jet]) {
    let mut by_order = [0, 1, 2, 3].map(|order| {
        let of_order = sums[..rows].iter().map(|sum| sum.0[order]);
        of_order.collect::<Vec<f64>>()
    });
    vectorised(|| {
        for (column, feature) in columns.chunks_exact(rows).zip(features) {
            for (of_order, &coefficient) in by_order.iter_mut().zip(&feature.0) {
                if coefficient != 0.0 {
                    add_scaled(of_order, coefficient, column);
                }
            }
        }
    });
    for (row, sum) in sums[..rows].iter_mut().enumerate() {
        sum.0 = [0, 1, 2, 3].map(|order| by_order[order][row]);
    }
}

/// The same for intervals.
pub(super) fn add_intervals(
    columns: &[f64],
    rows: usize,
    features: &[Interval],
    sums: &mut [Interval],
) {
    for (column, feature) in columns.chunks_exact(rows).zip(features) {
        for (sum, &weight) in sums.iter_mut().zip(column) {
            *sum = *sum + feature.scaled(weight);
        }
    }
}

/// What rounding can add to each sum: sums += γ Σ |weight · feature|.
pub(super) fn add_errors(
    columns: &[f64],
    rows: usize,
    features: &[f64],
    gamma: f64,
    sums: &mut [f64],
) {
    vectorised(|| {
        for (column, feature) in columns.chunks_exact(rows).zip(features) {
            for (sum, weight) in sums.iter_mut().zip(column) {
                *sum += gamma * (weight * feature).abs();
            }
        }
    });
}

/// Rows of numbers that stand so far from each other in a larger array.
#[derive(Clone, Copy)]
pub(super) struct RowsAt<'a> {
    /// From the first row on.
    pub(super) values: &'a [f64],
    /// From a row to the next.
    pub(super) stride: usize,
}

/// out += features · columns for `count` rows of features, into rows of a given stride, in one product.
pub(super) fn add_products(
    columns: &[f64],
    rows: usize,
    features: RowsAt<'_>,
    out: &mut [f64],
    (count, stride): (usize, usize),
) {
    let width = columns.len() / rows.max(1);
    matmul(
        // Not the row-major ones: faer 0.24 mixes up their strides.
        MatMut::from_column_major_slice_with_stride_mut(out, rows, count, stride).transpose_mut(),
        Accum::Add,
        MatRef::from_column_major_slice_with_stride(features.values, width, count, features.stride)
            .transpose(),
        MatRef::from_row_major_slice(columns, width, rows),
        1.0,
        Par::Seq,
    );
}

/// out += sent · columnsᵀ for what is sent back, `count` rows of it, into rows of a given stride.
pub(super) fn add_transposed_products(
    columns: &[f64],
    rows: usize,
    sent: RowsAt<'_>,
    out: &mut [f64],
    (count, stride): (usize, usize),
) {
    let width = columns.len() / rows.max(1);
    matmul(
        MatMut::from_column_major_slice_with_stride_mut(out, width, count, stride).transpose_mut(),
        Accum::Add,
        MatRef::from_column_major_slice_with_stride(sent.values, rows, count, sent.stride)
            .transpose(),
        MatRef::from_row_major_slice(columns, width, rows).transpose(),
        1.0,
        Par::Seq,
    );
}

/// sums += factor · column.
#[inline(always)]
fn add_scaled(sums: &mut [f64], factor: f64, column: &[f64]) {
    for (sum, weight) in sums.iter_mut().zip(column) {
        *sum += factor * weight;
    }
}

/// Linear combinations of bounds on their way, with the error of summing them in any order.
pub(super) struct BoundSums {
    gamma: f64,
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

impl BoundSums {
    /// Sums that begin at constants, one for each row, and have at most so many terms.
    pub(super) fn new(constants: &[f64], terms: usize) -> Self {
        let gamma = gamma(terms);
        let zeros = || vec![0.0; constants.len()];
        Self {
            gamma,
            middle: constants.to_vec(),
            radius: zeros(),
            magnitude: constants.iter().map(|c| c.abs()).collect(),
            slope: zeros(),
            bend: zeros(),
            error: constants.iter().map(|c| gamma * c.abs()).collect(),
            slope_error: zeros(),
        }
    }

    /// Adds features by their columns to `rows` sums from `first` on.
    pub(super) fn add(&mut self, columns: &[f64], first: usize, rows: usize, features: &[Bound]) {
        vectorised(|| {
            for (column, feature) in columns.chunks_exact(rows).zip(features) {
                self.add_column(feature, first, column);
            }
        });
    }

    #[inline(always)]
    fn add_column(&mut self, feature: &Bound, first: usize, column: &[f64]) {
        let gamma = self.gamma;
        let (middle, radius) = (feature.range.middle(), feature.range.radius());
        let magnitude = feature.range.magnitude();
        let error = feature.error + gamma * magnitude;
        let slope_error = feature.slope_error + UNIT * feature.slope;
        let n = column.len();
        let of_middle = &mut self.middle[first..][..n];
        let of_radius = &mut self.radius[first..][..n];
        let of_magnitude = &mut self.magnitude[first..][..n];
        for (i, weight) in column.iter().enumerate() {
            of_middle[i] += weight * middle;
            of_radius[i] += weight.abs() * radius;
            of_magnitude[i] += weight.abs() * magnitude;
        }
        let slope = &mut self.slope[first..][..n];
        let bend = &mut self.bend[first..][..n];
        let of_error = &mut self.error[first..][..n];
        let of_slope_error = &mut self.slope_error[first..][..n];
        for (i, weight) in column.iter().enumerate() {
            slope[i] += weight.abs() * feature.slope;
            bend[i] += weight.abs() * feature.bend;
            of_error[i] += weight.abs() * error;
            of_slope_error[i] += weight.abs() * slope_error;
        }
    }

    /// The bounds on the sums.
    pub(super) fn finish(self) -> Vec<Bound> {
        // The sums are themselves rounded.
        let up = 1.0 + 8.0 * self.gamma;
        let bound = |i: usize| {
            let radius = up * (self.radius[i] + self.gamma * self.magnitude[i]);
            Bound {
                range: Interval::around(self.middle[i], radius),
                slope: up * self.slope[i],
                bend: up * self.bend[i],
                error: up * self.error[i],
                slope_error: up * self.slope_error[i],
            }
        };
        (0..self.middle.len()).map(bound).collect()
    }
}
