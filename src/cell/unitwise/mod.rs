//! A cell at a constant input as a map of its state space: affine pre-activations, then a formula for each unit.
//!
//! Let p be the partial derivatives of a unit's step in its pre-activations and e those in its own states. Then J =
//! Σ_gates diag(p) W diag(r') + diag(e): one scaled copy of the weights for each gate with recurrent input. The
//! same product rule gives jets, intervals and bounds, each from one pass over the weights.

mod connections;
mod maps;
pub(in crate::cell) mod pieces;
mod products;

use faer::MatMut;

use super::blend::{Blended, bend_of, blend};
use super::formula::{Formula, MOST_GATES, MOST_STATES};
use super::sums::{self, BoundSums, RowsAt, UNIT};
use crate::calculus::{Bound, Dual, Interval, Jet, LANES, Lanes, Scalar, Smooth};

/// Variables that a unit's next state depends on: pre-activations, then its own state.
const VARIABLES: usize = MOST_GATES + MOST_STATES;

/// A cell of `units` units in f64, the constant input folded into the drive.
#[derive(Debug, Clone)]
pub struct Unitwise<F> {
    formula: F,
    units: usize,
    /// Recurrent weights by columns: `[units][recurrent gates · units]`.
    recurrent: Vec<f64>,
    /// What the pre-activations are without recurrent input, `[gates][units]`.
    drive: Vec<f64>,
}

/// Which of a unit's two functions is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Of {
    /// The map itself.
    Step,
    /// The state at rest.
    Rest,
}

impl<F: Formula> Unitwise<F> {
    /// The cell with recurrent weights `[recurrent gates · units][units]`, row-major, and drives `[gates][units]`.
    ///
    /// The number of units is the length of `drive` over the formula's gates. Weights are stored by columns, in
    /// which all products read them.
    pub fn new(formula: F, recurrent: &[f64], drive: Vec<f64>) -> Self {
        let units = drive.len() / F::GATES;
        let rows = F::RECURRENT_GATES * units;
        let by_columns =
            (0..units * rows).map(|place| recurrent[place % rows * units + place / rows]);
        Self {
            recurrent: by_columns.collect(),
            formula,
            units,
            drive,
        }
    }

    /// The same from weights by columns, `[units][recurrent gates · units]`.
    pub(super) fn of_columns(formula: F, columns: Vec<f64>, drive: Vec<f64>) -> Self {
        Self {
            units: drive.len() / F::GATES,
            recurrent: columns,
            formula,
            drive,
        }
    }

    pub(super) fn formula(&self) -> &F {
        &self.formula
    }

    pub(super) fn columns_of_weights(&self) -> &[f64] {
        &self.recurrent
    }

    pub(super) fn drive(&self) -> &[f64] {
        &self.drive
    }

    /// The cell with its recurrent weights multiplied by a gain.
    pub fn with_gain(&self, gain: f64) -> Self {
        Self {
            recurrent: self.recurrent.iter().map(|w| gain * w).collect(),
            ..self.clone()
        }
    }

    /// Numbers in a column of weights.
    fn rows(&self) -> usize {
        F::RECURRENT_GATES * self.units
    }

    /// D and s of a unit ([`Formula::decay_and_share`]).
    fn decay_and_share(&self, unit: usize) -> (f64, f64) {
        let constants =
            (F::RECURRENT_GATES..F::GATES).map(|gate| self.drive[gate * self.units + unit]);
        self.formula
            .decay_and_share(&constants.collect::<Vec<f64>>())
    }

    fn columns(&self) -> impl Iterator<Item = &[f64]> {
        self.recurrent.chunks_exact(self.rows())
    }

    fn features<S: Scalar>(&self, state: &[S]) -> Vec<S> {
        state[..self.units]
            .iter()
            .map(|&x| self.formula.feature(x))
            .collect()
    }

    /// The pre-activations, `[gates][units]`.
    fn preactivations(&self, state: &[f64]) -> Vec<f64> {
        let mut a = self.drive.clone();
        let features = self.features(state);
        sums::add_values(&self.recurrent, self.rows(), &features, &mut a);
        a
    }

    /// The pre-activations of many states, `[count][gates · units]`, in one product.
    fn batch_preactivations(&self, states: &[f64], dim: usize) -> Vec<f64> {
        let features: Vec<f64> = states
            .chunks_exact(dim)
            .flat_map(|state| self.features(state))
            .collect();
        let mut a: Vec<f64> = self.drive.repeat(features.len() / self.units);
        self.add_products(&features, &mut a, self.drive.len());
        a
    }

    /// out += features · recurrentᵀ for features `[count][units]`, into rows of a given stride.
    fn add_products(&self, features: &[f64], out: &mut [f64], stride: usize) {
        let (stride_in, count) = (self.units, features.len() / self.units);
        let features = RowsAt {
            values: features,
            stride: stride_in,
        };
        sums::add_products(&self.recurrent, self.rows(), features, out, (count, stride));
    }

    /// out += sent · recurrent for what is sent back through the gates, `[count][recurrent gates · units]`, into `[count][units]`.
    fn add_transposed_products(&self, sent: &[f64], out: &mut [f64]) {
        let (rows, count) = (self.rows(), out.len() / self.units);
        let sent = RowsAt {
            values: sent,
            stride: rows,
        };
        sums::add_transposed_products(&self.recurrent, rows, sent, out, (count, self.units));
    }

    /// F or R of many states, of `blocks` state variables each.
    fn apply_batch(&self, of: Of, points: &[f64], blocks: usize, out: &mut [f64]) {
        let dim = blocks * self.units;
        let a = self.batch_preactivations(points, dim);
        let rows = points
            .chunks_exact(dim)
            .zip(a.chunks_exact(self.drive.len()));
        for ((state, a), out) in rows.zip(out.chunks_exact_mut(dim)) {
            self.apply_to_row(of, a, state, out);
        }
    }

    /// F or R of one state with its pre-activations, eight units at a time.
    fn apply_to_row(&self, of: Of, a: &[f64], state: &[f64], out: &mut [f64]) {
        let n = self.units;
        for first in (0..n).step_by(LANES) {
            let end = (first + LANES).min(n);
            let of_units = |values: &[f64], block: usize| {
                let values = values.get(block * n + first..block * n + end);
                Lanes::load(values.unwrap_or_default())
            };
            let gates: [Lanes; MOST_GATES] = std::array::from_fn(|gate| of_units(a, gate));
            let own: [Lanes; MOST_STATES] = std::array::from_fn(|block| of_units(state, block));
            let next = self.unit(of, &gates, &own);
            for (block, out) in out.chunks_exact_mut(n).enumerate() {
                out[first..end].copy_from_slice(&next[block].0[..end - first]);
            }
        }
    }

    fn jet_preactivations(&self, state: &[Jet]) -> Vec<Jet> {
        let mut a: Vec<Jet> = self.drive.iter().map(|&c| Jet::constant(c)).collect();
        sums::add_jets(&self.recurrent, self.rows(), &self.features(state), &mut a);
        a
    }

    fn interval_preactivations(&self, state: &[Interval]) -> Vec<Interval> {
        let mut a: Vec<Interval> = self.drive.iter().map(|&c| Interval::constant(c)).collect();
        sums::add_intervals(&self.recurrent, self.rows(), &self.features(state), &mut a);
        a
    }

    fn bound_preactivations(&self, state: &[Bound]) -> Vec<Bound> {
        let mut sums = BoundSums::new(&self.drive, self.units);
        sums.add(&self.recurrent, 0, self.rows(), &self.features(state));
        sums.finish()
    }

    fn own<S: Scalar>(&self, values: &[S], unit: usize, blocks: usize) -> [S; MOST_GATES] {
        std::array::from_fn(|block| {
            if block < blocks {
                values[block * self.units + unit]
            } else {
                S::constant(0.0)
            }
        })
    }

    fn unit<S: Scalar>(&self, of: Of, a: &[S], state: &[S]) -> [S; MOST_STATES] {
        match of {
            Of::Step => self.formula.step(a, state),
            Of::Rest => self
                .formula
                .rest(a)
                .unwrap_or_else(|| self.formula.step(a, state)),
        }
    }

    /// Next states, or states at rest, `[states][units]`.
    fn apply<S: Scalar>(&self, of: Of, a: &[S], state: &[S]) -> Vec<S> {
        let n = self.units;
        let blocks = state.len() / n;
        let mut out = vec![S::constant(0.0); F::STATES * n];
        for unit in 0..n {
            let next = self.unit(
                of,
                &self.own(a, unit, F::GATES),
                &self.own(state, unit, blocks),
            );
            for block in 0..F::STATES {
                out[block * n + unit] = next[block];
            }
        }
        out
    }

    /// Partial derivatives of each unit in its own variables: `[unit]`, of each state the [`VARIABLES`].
    ///
    /// By duals in the unit's own few variables: exact, whatever the formula.
    fn partials<T: Smooth>(
        &self,
        of: Of,
        a: &[T],
        state: &[T],
    ) -> Vec<[[T; VARIABLES]; MOST_STATES]> {
        let blocks = state.len() / self.units;
        (0..self.units)
            .map(|unit| {
                let a = self.own(a, unit, F::GATES);
                let own = self.own(state, unit, blocks);
                let a: [Dual<T, VARIABLES>; MOST_GATES] =
                    std::array::from_fn(|gate| Dual::variable(a[gate], gate));
                let own: [Dual<T, VARIABLES>; MOST_STATES] =
                    std::array::from_fn(|place| Dual::variable(own[place], MOST_GATES + place));
                self.unit(of, &a, &own).map(|next| next.gradient)
            })
            .collect()
    }

    /// The slope of each unit's feature in its state.
    fn feature_slopes<T: Smooth>(&self, state: &[T]) -> Vec<T> {
        state[..self.units]
            .iter()
            .map(|&x| self.formula.feature(Dual::<T, 1>::variable(x, 0)).gradient[0])
            .collect()
    }

    /// Fills the first `blocks` × `blocks` blocks of the Jacobian, where rows are states and columns states.
    fn fill_jacobian(&self, of: Of, point: &[f64], blocks: usize, out: MatMut<'_, f64>) {
        self.fill_jacobian_from(of, &self.preactivations(point), point, blocks, out);
    }

    /// The same from pre-activations and states that need not belong together.
    fn fill_jacobian_from(
        &self,
        of: Of,
        a: &[f64],
        point: &[f64],
        blocks: usize,
        mut out: MatMut<'_, f64>,
    ) {
        let n = self.units;
        let partials = self.partials(of, a, point);
        let slopes = self.feature_slopes(point);
        let by_gate: Vec<Vec<f64>> = (0..blocks * F::RECURRENT_GATES)
            .map(|place| {
                let (block, gate) = (place / F::RECURRENT_GATES, place % F::RECURRENT_GATES);
                partials.iter().map(|unit| unit[block][gate]).collect()
            })
            .collect();
        for (j, column) in self.columns().enumerate() {
            for block in 0..blocks {
                for unit in 0..n {
                    let sum: f64 = (0..F::RECURRENT_GATES)
                        .map(|gate| {
                            by_gate[block * F::RECURRENT_GATES + gate][unit]
                                * column[gate * n + unit]
                        })
                        .sum();
                    out[(block * n + unit, j)] = sum * slopes[j];
                }
            }
        }
        for (unit, partials) in partials.iter().enumerate() {
            for (row, partials) in partials[..blocks].iter().enumerate() {
                for column in 0..blocks {
                    let place = (row * n + unit, column * n + unit);
                    if column > 0 {
                        for other in 0..n {
                            out[(row * n + other, place.1)] = 0.0;
                        }
                    }
                    out[place] += partials[MOST_GATES + column];
                }
            }
        }
    }

    fn interval_jacobian(&self, of: Of, region: &[Interval], blocks: usize) -> Vec<Interval> {
        let n = self.units;
        let partials = self.partials(of, &self.interval_preactivations(region), region);
        let slopes = self.feature_slopes(region);
        let zero = Interval::constant(0.0);
        let width = blocks * n;
        let mut out = vec![zero; width * width];
        for (unit, partials) in partials.iter().enumerate() {
            for (row, partials) in partials[..blocks].iter().enumerate() {
                let row = &mut out[(row * n + unit) * width..][..width];
                for (j, column) in self.columns().enumerate() {
                    let through = (0..F::RECURRENT_GATES).fold(zero, |sum, gate| {
                        sum + partials[gate].scaled(column[gate * n + unit])
                    });
                    row[j] = through * slopes[j];
                }
                for column in 0..blocks {
                    let entry = &mut row[column * n + unit];
                    *entry = *entry + partials[MOST_GATES + column];
                }
            }
        }
        out
    }

    /// What rounding can add to each pre-activation.
    fn preactivation_errors(&self, point: &[f64]) -> Vec<f64> {
        let gamma = sums::gamma(self.units);
        let mut errors: Vec<f64> = self.drive.iter().map(|c| gamma * c.abs()).collect();
        let features = self.features(point);
        sums::add_errors(&self.recurrent, self.rows(), &features, gamma, &mut errors);
        errors
    }

    /// ½Σ(rounding error of each coordinate of x − F(x))².
    ///
    /// Rounding of the pre-activations, carried through the slopes of the unit, and that of the unit itself.
    fn q_floor_of(&self, of: Of, point: &[f64]) -> f64 {
        let a: Vec<Bound> = self
            .preactivations(point)
            .iter()
            .zip(&self.preactivation_errors(point))
            .map(|(&a, &error)| Bound::affine(Interval::constant(a), 0.0, error))
            .collect();
        let at = |&x: &f64| Bound::affine(Interval::constant(x), 0.0, 0.0);
        let state: Vec<Bound> = point.iter().map(at).collect();
        let next = self.apply(of, &a, &state);
        let error = |(next, x): (&Bound, &f64)| (next.error + UNIT * (8.0 + x.abs())).powi(2);
        0.5 * next.iter().zip(point).map(error).sum::<f64>()
    }
}

impl<F: Formula> Blended for Unitwise<F> {
    fn is_alike(&self, other: &Self) -> bool {
        self.formula == other.formula
    }

    fn bend(&self, middle: &Self, other: &Self) -> Option<Self> {
        let (recurrent, is_bent) = bend_of(&self.recurrent, &middle.recurrent, &other.recurrent);
        let (drive, is_pulled) = bend_of(&self.drive, &middle.drive, &other.drive);
        (is_bent || is_pulled).then(|| Self {
            recurrent,
            drive,
            ..self.clone()
        })
    }

    fn between(&self, other: &Self, bend: Option<&Self>, s: f64) -> Self {
        let recurrent = bend.map(|bend| bend.recurrent.as_slice());
        let drive = bend.map(|bend| bend.drive.as_slice());
        Self {
            formula: self.formula.clone(),
            units: self.units,
            recurrent: blend(&self.recurrent, &other.recurrent, recurrent, s),
            drive: blend(&self.drive, &other.drive, drive, s),
        }
    }

    /// At a fixed state the pre-activations are linear in the weights, so they are blended as those are.
    fn path_jet(&self, other: &Self, bend: Option<&Self>, s: Jet, curve: &[Jet]) -> Vec<Jet> {
        let (start, end) = (
            self.jet_preactivations(curve),
            other.jet_preactivations(curve),
        );
        let mut a: Vec<Jet> = start
            .iter()
            .zip(end)
            .map(|(&start, end)| start + s * (end - start))
            .collect();
        if let Some(bend) = bend {
            let share = s.scaled(4.0) * (Jet::constant(1.0) - s);
            for (a, bend) in a.iter_mut().zip(bend.jet_preactivations(curve)) {
                *a = *a + share * bend;
            }
        }
        self.apply(Of::Step, &a, curve)
    }
}
