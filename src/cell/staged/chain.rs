//! The chain rule, stage by stage: Jacobians at points, over boxes, and on both sides of kinks.

use faer::linalg::matmul::matmul;
use faer::{Accum, Mat, MatMut, MatRef, Par};

use super::function::KinkAt;
use super::{Stage, Staged, Tape, Term};
use crate::calculus::{Bound, Dual, Interval, Smooth};
use crate::cell::formula::{MOST_GATES, MOST_STATES};
use crate::cell::unitwise::pieces::{BESIDE, MOST_UNITS, ROUNDING, combinations};

/// Variables of a unit: its pre-activations, then its own.
const VARIABLES: usize = MOST_GATES + 1;

impl Stage {
    /// Partial derivatives of each unit's results in its own variables, `[unit][result]`.
    pub(super) fn partials<T: Smooth>(
        &self,
        sums: &[T],
        own: &[T],
    ) -> Vec<[[T; VARIABLES]; MOST_STATES]> {
        let of_unit = |unit: usize| {
            let a = self.gates_of(sums, unit);
            let a: [Dual<T, VARIABLES>; MOST_GATES] =
                std::array::from_fn(|gate| Dual::variable(a[gate], gate));
            let own = Dual::variable(own[unit], MOST_GATES);
            self.function.of(&a, &[own]).map(|next| next.gradient)
        };
        (0..self.units).map(of_unit).collect()
    }
}

impl Staged {
    /// ∂(results of all stages)/∂(state), `[slots behind the state][dim]`, from a tape.
    ///
    /// For each stage:
    /// 1. The gradients of its pre-activations: of what it sees of the state the weights themselves, of earlier results the
    ///    product of the weights with their gradients.
    /// 2. Those of its results: Σ partial derivatives × gradients, of the pre-activations and of the unit's own number.
    fn gradients<T: Smooth>(
        &self,
        tape: &Tape<T>,
        add_product: impl Fn(&Term, &[T], &mut [T]),
    ) -> Vec<T> {
        let dim = self.dim;
        let zero = T::constant(0.0);
        let mut gradients: Vec<T> = Vec::with_capacity((self.length() - dim) * dim);
        for (stage, (sums, own)) in self.stages.iter().zip(tape.sums.iter().zip(&tape.own)) {
            let mut of_sums = vec![zero; stage.drive.len() * dim];
            for term in &stage.terms {
                let rows = &mut of_sums[term.first_row * dim..][..term.rows * dim];
                match term.slot.checked_sub(dim) {
                    None => add_weights(term, dim, rows),
                    Some(first) => {
                        let seen = &gradients[first * dim..][..term.slots().len() * dim];
                        add_product(term, seen, rows);
                    }
                }
            }
            let partials = stage.partials(sums, own);
            for result in 0..stage.function.results() {
                for (unit, partials) in partials.iter().enumerate() {
                    let partials = &partials[result];
                    let row = gradients.len();
                    gradients.resize(row + dim, zero);
                    let (before, row) = gradients.split_at_mut(row);
                    for gate in 0..stage.function.gates() {
                        let of_sum = &of_sums[(gate * stage.units + unit) * dim..][..dim];
                        add_scaled(row, partials[gate], of_sum);
                    }
                    let Some(own) = stage.own else { continue };
                    let slot = own + unit;
                    match slot.checked_sub(dim) {
                        None => row[slot] = row[slot] + partials[MOST_GATES],
                        Some(place) => {
                            add_scaled(row, partials[MOST_GATES], &before[place * dim..][..dim]);
                        }
                    }
                }
            }
        }
        gradients
    }

    /// The Jacobian from a tape.
    fn jacobian_from(&self, tape: &Tape<f64>, mut out: MatMut<'_, f64>) {
        let dim = self.dim;
        let gradients = self.gradients(tape, |term, seen, rows| {
            let width = term.slots().len();
            matmul(
                MatMut::from_row_major_slice_mut(rows, term.rows, dim),
                Accum::Add,
                MatRef::from_column_major_slice(&term.columns, term.rows, width),
                MatRef::from_row_major_slice(seen, width, dim),
                1.0,
                Par::Seq,
            );
        });
        for (i, slot) in self.next.iter().enumerate() {
            let row = &gradients[(slot - dim) * dim..][..dim];
            for (j, value) in row.iter().enumerate() {
                out[(i, j)] = *value;
            }
        }
    }

    pub(super) fn fill_jacobian(&self, point: &[f64], out: MatMut<'_, f64>) {
        self.jacobian_from(&self.values(point), out);
    }

    /// The Jacobian over a box, `[dim][dim]`.
    pub(super) fn interval_jacobian(&self, region: &[Interval]) -> Vec<Interval> {
        let dim = self.dim;
        let gradients = self.gradients(&self.over_box(region), |term, seen, rows| {
            let columns = term.columns.chunks_exact(term.rows);
            for (column, seen) in columns.zip(seen.chunks_exact(dim)) {
                for (&weight, row) in column.iter().zip(rows.chunks_exact_mut(dim)) {
                    add_scaled(
                        row,
                        <Interval as crate::calculus::Scalar>::constant(weight),
                        seen,
                    );
                }
            }
        });
        let rows = self.next.iter().map(|slot| (slot - dim) * dim);
        rows.flat_map(|first| gradients[first..first + dim].to_vec())
            .collect()
    }

    /// The Jacobians of the pieces that meet at a point, to rounding; none if no unit is at a kink there.
    pub(super) fn pieces_at(&self, point: &[f64]) -> Vec<Mat<f64>> {
        if self
            .stages
            .iter()
            .all(|stage| stage.function.kink().is_none())
        {
            return Vec::new();
        }
        let at_kink = self.units_at_kinks(point);
        combinations(at_kink.len(), |is_on| {
            // Just beside the kink, where only the sign of the argument tells.
            let mut tape = self.values(point);
            for (place, &(stage, kink, unit)) in at_kink.iter().enumerate() {
                let side = if is_on(place) { BESIDE } else { -BESIDE };
                match kink {
                    KinkAt::Preactivation => tape.sums[stage][unit] = side,
                    KinkAt::Own => tape.own[stage][unit] = side,
                }
            }
            let mut jacobian = Mat::zeros(self.dim, self.dim);
            self.jacobian_from(&tape, jacobian.as_mut());
            jacobian
        })
    }

    /// Stage, variable and unit wherever an argument is 0 to what rounding may have made of it.
    fn units_at_kinks(&self, point: &[f64]) -> Vec<(usize, KinkAt, usize)> {
        let tape = self.values(point);
        let bounds = self.bound(&Bound::ball(point, 0.0));
        let mut found = Vec::new();
        for (place, stage) in self.stages.iter().enumerate() {
            let Some(kink) = stage.function.kink() else {
                continue;
            };
            for unit in 0..stage.units {
                let (argument, error) = match kink {
                    KinkAt::Preactivation => {
                        (tape.sums[place][unit], bounds.sums[place][unit].error)
                    }
                    KinkAt::Own => {
                        // A coordinate of a fixed point is known as well as its image is.
                        let slot = stage.own.map_or(0, |own| own + unit);
                        let image = self.next.get(slot).copied().unwrap_or(slot);
                        (tape.own[place][unit], bounds.slots[image].error)
                    }
                };
                if argument.abs() <= ROUNDING * error + f64::MIN_POSITIVE {
                    found.push((place, kink, unit));
                }
            }
        }
        found.truncate(MOST_UNITS);
        found
    }
}

/// The weights on a part of the state, added to the columns of that part.
fn add_weights<T: Smooth>(term: &Term, dim: usize, rows: &mut [T]) {
    for (column, slot) in term.columns.chunks_exact(term.rows).zip(term.slots()) {
        for (&weight, row) in column.iter().zip(rows.chunks_exact_mut(dim)) {
            row[slot] = row[slot] + T::constant(weight);
        }
    }
}

/// sums += factor · values.
fn add_scaled<T: Smooth>(sums: &mut [T], factor: T, values: &[T]) {
    for (sum, &value) in sums.iter_mut().zip(values) {
        *sum = *sum + factor * value;
    }
}
