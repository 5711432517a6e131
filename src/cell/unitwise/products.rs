//! Products of the Jacobian with vectors, for many states at once.
//!
//! For `count` vectors the weights are read once, in one matrix product, where `count` Jacobians would each be
//! filled first.

use super::{Of, Unitwise};
use crate::cell::formula::{Formula, MOST_GATES};
use crate::map::Linearised;
use crate::simd::vectorised;

impl<F: Formula> Unitwise<F> {
    /// The Jacobians of F or R at many states, of `blocks` state variables each.
    ///
    /// Partial derivatives of all units at all points are computed once; each product then costs one pass over the
    /// weights.
    pub(super) fn linearise(&self, of: Of, points: &[f64], blocks: usize) -> Products<'_, F> {
        let (n, dim) = (self.units, blocks * self.units);
        let a = self.batch_preactivations(points, dim);
        let mut products = Products {
            cell: self,
            blocks,
            feature_slopes: Vec::with_capacity(points.len() / blocks),
            through_gates: Vec::new(),
            own: Vec::new(),
        };
        for (state, a) in points
            .chunks_exact(dim)
            .zip(a.chunks_exact(self.drive.len()))
        {
            let partials = self.partials(of, a, state);
            products.feature_slopes.extend(self.feature_slopes(state));
            for row in 0..blocks {
                for gate in 0..F::RECURRENT_GATES {
                    products
                        .through_gates
                        .extend((0..n).map(|unit| partials[unit][row][gate]));
                }
                for column in 0..blocks {
                    products
                        .own
                        .extend((0..n).map(|unit| partials[unit][row][MOST_GATES + column]));
                }
            }
        }
        products
    }
}

/// Jacobians at several points as products: one matrix product for all of them, then what each unit makes of it.
pub(super) struct Products<'a, F> {
    cell: &'a Unitwise<F>,
    blocks: usize,
    /// `[point][units]`.
    feature_slopes: Vec<f64>,
    /// Partial derivatives in the pre-activations, `[point][blocks][recurrent gates][units]`.
    through_gates: Vec<f64>,
    /// Partial derivatives in the unit's own states, `[point][blocks][blocks][units]`.
    own: Vec<f64>,
}

impl<F: Formula> Linearised for Products<'_, F> {
    fn apply(&self, points: &[usize], vectors: &[f64], out: &mut [f64]) {
        let (n, gates) = (self.cell.units, F::RECURRENT_GATES);
        let dim = self.blocks * n;
        let mut visible = Vec::with_capacity(points.len() * n);
        for (&point, vector) in points.iter().zip(vectors.chunks_exact(dim)) {
            let slopes = &self.feature_slopes[point * n..][..n];
            visible.extend(vector.iter().zip(slopes).map(|(v, slope)| v * slope));
        }
        let mut received = vec![0.0; visible.len() * gates];
        self.cell.add_products(&visible, &mut received, gates * n);
        let rows = vectors
            .chunks_exact(dim)
            .zip(received.chunks_exact(gates * n));
        vectorised(|| {
            for ((&point, out), (vector, received)) in
                points.iter().zip(out.chunks_exact_mut(dim)).zip(rows)
            {
                self.combine(point, vector, received, out);
            }
        });
    }

    fn apply_transposed(&self, points: &[usize], vectors: &[f64], out: &mut [f64]) {
        let (n, gates) = (self.cell.units, F::RECURRENT_GATES);
        let dim = self.blocks * n;
        let mut sent = vec![0.0; points.len() * gates * n];
        let rows = vectors.chunks_exact(dim);
        vectorised(|| {
            let places = points.iter().zip(sent.chunks_exact_mut(gates * n));
            for ((&point, sent), (vector, out)) in places.zip(rows.zip(out.chunks_exact_mut(dim))) {
                self.divide(point, vector, sent, out);
            }
        });
        let mut seen = vec![0.0; points.len() * n];
        self.cell.add_transposed_products(&sent, &mut seen);
        for ((&point, seen), out) in points
            .iter()
            .zip(seen.chunks_exact(n))
            .zip(out.chunks_exact_mut(dim))
        {
            let slopes = &self.feature_slopes[point * n..][..n];
            add_weighted(&mut out[..n], slopes, seen);
        }
    }
}

impl<F: Formula> Products<'_, F> {
    /// What each unit makes of what it received.
    #[inline(always)]
    fn combine(&self, point: usize, vector: &[f64], received: &[f64], out: &mut [f64]) {
        let (n, gates) = (self.cell.units, F::RECURRENT_GATES);
        let dim = self.blocks * n;
        for (row, out) in out.chunks_exact_mut(n).enumerate() {
            let place = point * self.blocks + row;
            out.fill(0.0);
            let through = &self.through_gates[place * gates * n..][..gates * n];
            for (weights, values) in through.chunks_exact(n).zip(received.chunks_exact(n)) {
                add_weighted(out, weights, values);
            }
            let own = &self.own[place * dim..][..dim];
            for (weights, values) in own.chunks_exact(n).zip(vector.chunks_exact(n)) {
                add_weighted(out, weights, values);
            }
        }
    }
}

impl<F: Formula> Products<'_, F> {
    /// The transposed of [`combine`](Self::combine): what each unit gets through its gates, and of its own state.
    #[inline(always)]
    fn divide(&self, point: usize, vector: &[f64], sent: &mut [f64], out: &mut [f64]) {
        let (n, gates) = (self.cell.units, F::RECURRENT_GATES);
        let dim = self.blocks * n;
        out.fill(0.0);
        for (row, values) in vector.chunks_exact(n).enumerate() {
            let place = point * self.blocks + row;
            let through = &self.through_gates[place * gates * n..][..gates * n];
            for (weights, sent) in through.chunks_exact(n).zip(sent.chunks_exact_mut(n)) {
                add_weighted(sent, weights, values);
            }
            let own = &self.own[place * dim..][..dim];
            for (weights, out) in own.chunks_exact(n).zip(out.chunks_exact_mut(n)) {
                add_weighted(out, weights, values);
            }
        }
    }
}

/// sums += weights ∘ values.
#[inline(always)]
fn add_weighted(sums: &mut [f64], weights: &[f64], values: &[f64]) {
    for (sum, (weight, value)) in sums.iter_mut().zip(weights.iter().zip(values)) {
        *sum += weight * value;
    }
}
