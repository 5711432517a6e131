//! Sums with many terms over boxes, as middles and radii: what plain intervals do term by term, in few passes over numbers.
//!
//! A sum Σ w_i x_i with x_i within ρ_i of x̄_i lies within Σ |w_i| ρ_i of Σ w_i x̄_i; what rounding adds is at most
//! γ Σ |w_i| (|x̄_i| + ρ_i) with γ = (n + 8)·2u for n terms, more than twice what the standard bound asks (Higham 2002,
//! *Accuracy and Stability of Numerical Algorithms*, section 3.1).

use crate::calculus::Interval;
use crate::simd::vectorised;

/// Added to every radius for what underflows.
const UNDERFLOW: f64 = 1e-280;

/// Middles and radii of intervals.
struct Middles {
    middle: Vec<f64>,
    radius: Vec<f64>,
}

impl Middles {
    fn of(intervals: &[Interval]) -> Self {
        Self {
            middle: intervals.iter().map(|of| of.middle()).collect(),
            radius: intervals.iter().map(|of| of.radius()).collect(),
        }
    }
}

/// A sum on its way.
#[derive(Clone, Copy, Default)]
struct Sum {
    middle: f64,
    radius: f64,
    size: f64,
}

impl Sum {
    #[inline(always)]
    fn add(&mut self, weight: f64, middle: f64, radius: f64) {
        self.middle += weight * middle;
        self.radius += weight.abs() * radius;
        self.size += weight.abs() * (middle.abs() + radius);
    }

    fn enclosure(self, terms: usize) -> Interval {
        let gamma = (terms + 8) as f64 * f64::EPSILON;
        let radius = self.radius * (1.0 + gamma) + gamma * self.size + UNDERFLOW;
        Interval::around(self.middle, radius)
    }
}

/// `matrix · x + offset` for x in a box; the matrix is `[][width of the box]` row-major.
pub(super) fn affine_over_box(
    matrix: &[f64],
    offset: &[f64],
    region: &[Interval],
) -> Vec<Interval> {
    let of = Middles::of(region);
    let width = region.len();
    let row = |(row, &offset): (&[f64], &f64)| {
        let mut sum = Sum::default();
        sum.add(1.0, offset, 0.0);
        for ((&weight, &middle), &radius) in row.iter().zip(&of.middle).zip(&of.radius) {
            sum.add(weight, middle, radius);
        }
        sum.enclosure(width + 1)
    };
    vectorised(|| matrix.chunks_exact(width).zip(offset).map(row).collect())
}

/// `matrixᵀ · x` for x in a box; the matrix is `[length of the box][width]` row-major.
pub(super) fn transposed_over_box(
    matrix: &[f64],
    width: usize,
    region: &[Interval],
) -> Vec<Interval> {
    let mut sums = vec![Sum::default(); width];
    vectorised(|| {
        for (row, x) in matrix.chunks_exact(width).zip(region) {
            let (middle, radius) = (x.middle(), x.radius());
            for (sum, &weight) in sums.iter_mut().zip(row) {
                sum.add(weight, middle, radius);
            }
        }
    });
    sums.into_iter()
        .map(|sum| sum.enclosure(region.len()))
        .collect()
}

/// `leftᵀ · diag(x) · right` for x in a box, `[width][width]` row-major; both matrices are `[length of the box][width]`.
pub(super) fn product_over_box(
    left: &[f64],
    right: &[f64],
    width: usize,
    region: &[Interval],
) -> Vec<Interval> {
    let mut sums = vec![Sum::default(); width * width];
    vectorised(|| {
        let rows = left.chunks_exact(width).zip(right.chunks_exact(width));
        for ((left, right), x) in rows.zip(region) {
            let (middle, radius) = (x.middle(), x.radius());
            for (&a, sums) in left.iter().zip(sums.chunks_exact_mut(width)) {
                for (sum, &b) in sums.iter_mut().zip(right) {
                    sum.add(a * b, middle, radius);
                }
            }
        }
    });
    sums.into_iter()
        .map(|sum| sum.enclosure(region.len()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calculus::Scalar as _;
    use proptest::prelude::*;

    /// Whether an interval holds a sum of products, itself computed in twice the working precision (TwoProduct and TwoSum; Ogita,
    /// Rump & Oishi 2005).
    fn holds_sum(of: Interval, terms: impl Iterator<Item = (f64, f64)>) -> bool {
        let (mut high, mut low) = (0.0_f64, 0.0_f64);
        for (a, b) in terms {
            let product = a * b;
            let sum = high + product;
            let back = sum - high;
            low += (high - (sum - back)) + (product - back) + a.mul_add(b, -product);
            high = sum;
        }
        (of.low - high) - low <= 0.0 && (of.high - high) - low >= 0.0
    }

    proptest! {
        /// What holds the values of all members: the same sums term by term, and hardly more.
        #[test]
        fn hold_what_intervals_hold(
            left in prop::collection::vec(-3.0..3.0_f64, 30),
            right in prop::collection::vec(-3.0..3.0_f64, 30),
            low in prop::collection::vec(-2.0..2.0_f64, 10),
            length in prop::collection::vec(0.0..1.0_f64, 10),
            share in prop::collection::vec(0.0..1.0_f64, 10),
        ) {
            let region: Vec<Interval> = low.iter().zip(&length).map(|(&low, l)| Interval::new(low, low + l)).collect();
            let inside: Vec<f64> = region.iter().zip(&share)
                .map(|(of, s)| (of.low + s * (of.high - of.low)).clamp(of.low, of.high)).collect();
            let zero = Interval::constant(0.0);
            let thin: Vec<Interval> = inside.iter().map(|&x| Interval::constant(x)).collect();
            for region in [&region, &thin] {
                for (k, of) in transposed_over_box(&left, 3, region).into_iter().enumerate() {
                    prop_assert!(holds_sum(of, (0..10).map(|i| (left[3 * i + k], inside[i]))));
                }
                for (place, of) in product_over_box(&left, &right, 3, region).into_iter().enumerate() {
                    let weight = |i: usize| left[3 * i + place / 3] * right[3 * i + place % 3];
                    prop_assert!(holds_sum(of, (0..10).map(|i| (weight(i), inside[i]))));
                }
                for (i, of) in affine_over_box(&left, &[-0.5; 3], region).into_iter().enumerate() {
                    let row = left[10 * i..][..10].iter().zip(&inside).map(|(&m, &x)| (m, x));
                    prop_assert!(holds_sum(of, row.chain([(1.0, -0.5)])));
                }
            }
            for (k, of) in transposed_over_box(&left, 3, &region).into_iter().enumerate() {
                let plain = (0..10).fold(zero, |sum, i| sum + region[i].scaled(left[3 * i + k]));
                prop_assert!((of.low - plain.low).abs() < 1e-12 && (of.high - plain.high).abs() < 1e-12);
            }
            for (place, of) in product_over_box(&left, &right, 3, &region).into_iter().enumerate() {
                let weight = |i: usize| left[3 * i + place / 3] * right[3 * i + place % 3];
                let plain = (0..10).fold(zero, |sum, i| sum + region[i].scaled(weight(i)));
                prop_assert!((of.low - plain.low).abs() < 1e-12 && (of.high - plain.high).abs() < 1e-12);
            }
            for (i, of) in affine_over_box(&left, &[0.5; 3], &region).into_iter().enumerate() {
                let row = &left[10 * i..][..10];
                let plain = row.iter().zip(&region)
                    .fold(Interval::constant(0.5), |sum, (&m, k)| sum + k.scaled(m));
                prop_assert!((of.low - plain.low).abs() < 1e-12 && (of.high - plain.high).abs() < 1e-12);
            }
        }
    }
}
