//! Cells whose step is a chain of stages: stacked layers, a reset gate before the product, a projected state, a hidden
//! layer.
//!
//! A stage is a number of like units. Each sums what it sees, which may be the state and the results of all earlier
//! stages, and makes of these sums (its pre-activations) and of one number of its own what its [`function`] says. The
//! formulas are those of the cells ([`super::formula`]), so that nothing is written a second time:
//!
//! | cell | stages |
//! |---|---|
//! | layer k of a stack | those of its cell, with sums that also see the *new* features of layer k − 1 (PyTorch's order) |
//! | GRU, reset before the product | s = r h; then an update gate unit h' = (1 − z) tanh(U_n s + …) + z h |
//! | LSTM with projection | the LSTM's units on the projected h; then h' = W_hr (o tanh c') |
//! | shallow PLRNN | relu(W₂ z + h₂), if clipped also relu(W₂ z); then z' = A z + W₁ (their difference) + h₁ |
//! | almost-linear RNN | relu of the last P of z; then z' = A z + W (the first of z, these) + h |
//!
//! All numbers of a step stand on one tape: the state, then the results of each stage. Every reading of
//! [`crate::calculus`] walks it once from front to back. Jacobians follow by the chain rule, stage by stage.
//!
//! A stack falls into blocks: layer k depends on itself and on earlier layers alone, so fixed points are found layer by
//! layer ([`Map::blocks`](crate::map::Map::blocks)).

mod build;
mod chain;
mod function;
mod layers;
mod maps;
mod path;
mod products;
mod rectified;

use std::ops::Range;

use super::formula::MOST_GATES;
use super::sums::{self, BoundSums, RowsAt};
use crate::calculus::{Bound, Interval, Jet, LANES, Lanes, Scalar};
pub use build::{Layer, ShallowPlrnn, StackError};
use function::{Function, Unit};

/// A cell whose step is a chain of stages, in f64, the constant input folded into the drives.
#[derive(Debug, Clone)]
pub struct Staged {
    dim: usize,
    stages: Vec<Stage>,
    layers: Vec<Place>,
    /// Where on the tape each coordinate of the next state stands.
    next: Vec<usize>,
}

/// Like units that are computed at the same time.
#[derive(Debug, Clone)]
struct Stage {
    function: Function,
    units: usize,
    /// Where on the tape its results begin, `[results][units]`.
    first: usize,
    terms: Vec<Term>,
    /// What the pre-activations are without anything seen, `[gates][units]`.
    drive: Vec<f64>,
    /// Where on the tape its units' own numbers begin, one a unit.
    own: Option<usize>,
}

/// What a stage sees of a part of the tape.
#[derive(Debug, Clone)]
struct Term {
    /// Where on the tape that part begins.
    slot: usize,
    /// Weights by columns, `[slots][rows]`.
    columns: Vec<f64>,
    /// The pre-activations that they add to: so many from the first on.
    first_row: usize,
    rows: usize,
    /// Whether they are recurrent weights of the cell.
    is_recurrent: bool,
}

/// Which part of the state and which stages are those of a layer.
#[derive(Debug, Clone, PartialEq)]
struct Place {
    state: Range<usize>,
    stages: Range<usize>,
    /// So many of its coordinates, from the first on, are what others see.
    visible: usize,
    /// What they see of them, where that is not the state itself.
    feature: Option<Unit>,
    /// The stage (in the whole) and the gate that each block of input weights adds to.
    inputs: Vec<(usize, usize)>,
}

/// The numbers of a step.
struct Tape<S> {
    /// The state, then the results of each stage.
    slots: Vec<S>,
    /// The pre-activations of each stage.
    sums: Vec<Vec<S>>,
    /// The own numbers of the units of each stage.
    own: Vec<Vec<S>>,
}

impl Term {
    fn slots(&self) -> Range<usize> {
        self.slot..self.slot + self.columns.len() / self.rows.max(1)
    }
}

impl Stage {
    /// Where on the tape its results stand.
    fn results(&self) -> Range<usize> {
        self.first..self.first + self.function.results() * self.units
    }

    /// Products in the longest sum.
    fn longest_sum(&self) -> usize {
        self.terms.iter().map(|term| term.slots().len()).sum()
    }

    /// The pre-activations in a reading that has no way of its own for many products.
    fn sums_by<S: Scalar>(
        &self,
        slots: &[S],
        add: impl Fn(&[f64], usize, &[S], &mut [S]),
    ) -> Vec<S> {
        let mut sums: Vec<S> = self.drive.iter().map(|&c| S::constant(c)).collect();
        for term in &self.terms {
            let rows = &mut sums[term.first_row..];
            add(&term.columns, term.rows, &slots[term.slots()], rows);
        }
        sums
    }

    /// Bounds on the pre-activations.
    ///
    /// Gradients are products of matrices in all but the first stages, each entry a sum.
    fn bound_sums(&self, slots: &[Bound]) -> Vec<Bound> {
        let terms = self.longest_sum();
        let mut sums = BoundSums::new(&self.drive, terms);
        for term in &self.terms {
            sums.add(
                &term.columns,
                term.first_row,
                term.rows,
                &slots[term.slots()],
            );
        }
        let mut bounds = sums.finish();
        for bound in &mut bounds {
            bound.slope_error += sums::gamma(terms) * bound.slope;
        }
        bounds
    }

    /// The results of all units, `[results][units]`.
    fn apply<S: Scalar>(&self, sums: &[S], own: &[S]) -> Vec<S> {
        let n = self.units;
        let results = self.function.results();
        let mut out = vec![S::constant(0.0); results * n];
        for unit in 0..n {
            let next = self.function.of(&self.gates_of(sums, unit), &[own[unit]]);
            for (result, value) in next[..results].iter().enumerate() {
                out[result * n + unit] = *value;
            }
        }
        out
    }

    /// The pre-activations of one unit; zeros where it has fewer.
    fn gates_of<S: Scalar>(&self, sums: &[S], unit: usize) -> [S; MOST_GATES] {
        std::array::from_fn(|gate| {
            let value = sums.get(gate * self.units + unit);
            value.copied().unwrap_or_else(|| S::constant(0.0))
        })
    }

    /// What each unit has of its own on the tape; zeros for units that have nothing.
    fn own_of<S: Scalar>(&self, slots: &[S]) -> Vec<S> {
        match self.own {
            Some(first) => slots[first..first + self.units].to_vec(),
            None => vec![S::constant(0.0); self.units],
        }
    }

    /// The results of one row of a batch, written to its tape, eight units at a time.
    fn apply_to_row(&self, sums: &[f64], tape: &mut [f64]) {
        let n = self.units;
        for first in (0..n).step_by(LANES) {
            let end = (first + LANES).min(n);
            let load = |values: Option<&[f64]>| Lanes::load(values.unwrap_or_default());
            let gates: [Lanes; MOST_GATES] =
                std::array::from_fn(|gate| load(sums.get(gate * n + first..gate * n + end)));
            let own = load(self.own.and_then(|slot| tape.get(slot + first..slot + end)));
            let next = self.function.of(&gates, &[own]);
            for (result, value) in next[..self.function.results()].iter().enumerate() {
                tape[self.first + result * n..][first..end]
                    .copy_from_slice(&value.0[..end - first]);
            }
        }
    }
}

impl Staged {
    /// Numbers on the tape.
    fn length(&self) -> usize {
        self.stages
            .last()
            .map_or(self.dim, |stage| stage.results().end)
    }

    /// A step with everything on the way to it. `sums` gives the pre-activations of a stage from the tape so far; `kept` is
    /// done to each result before others see it.
    fn tape<S: Scalar>(
        &self,
        state: &[S],
        sums: impl Fn(usize, &[S]) -> Vec<S>,
        kept: impl Fn(S) -> S,
    ) -> Tape<S> {
        let mut tape = Tape {
            slots: Vec::with_capacity(self.length()),
            sums: Vec::with_capacity(self.stages.len()),
            own: Vec::with_capacity(self.stages.len()),
        };
        tape.slots.extend_from_slice(state);
        for (place, stage) in self.stages.iter().enumerate() {
            let a = sums(place, &tape.slots);
            let own = stage.own_of(&tape.slots);
            tape.slots
                .extend(stage.apply(&a, &own).into_iter().map(&kept));
            tape.sums.push(a);
            tape.own.push(own);
        }
        tape
    }

    fn values(&self, state: &[f64]) -> Tape<f64> {
        self.tape(
            state,
            |stage, slots| self.stages[stage].sums_by(slots, sums::add_values),
            |x| x,
        )
    }

    fn jets(&self, curve: &[Jet]) -> Tape<Jet> {
        self.tape(
            curve,
            |stage, slots| self.stages[stage].sums_by(slots, sums::add_jets),
            |x| x,
        )
    }

    fn over_box(&self, region: &[Interval]) -> Tape<Interval> {
        let add = sums::add_intervals;
        self.tape(
            region,
            |stage, slots| self.stages[stage].sums_by(slots, add),
            |x| x,
        )
    }

    fn bound(&self, state: &[Bound]) -> Tape<Bound> {
        self.tape(
            state,
            |stage, slots| self.stages[stage].bound_sums(slots),
            Bound::as_computed,
        )
    }

    /// The tapes of many states, `[count][length]`; a product of matrices for each term.
    fn batch(&self, states: &[f64]) -> Vec<f64> {
        self.batch_with_sums(states).0
    }

    /// The same, and the pre-activations of each stage, `[count][gates · units]`.
    fn batch_with_sums(&self, states: &[f64]) -> (Vec<f64>, Vec<Vec<f64>>) {
        let (length, count) = (self.length(), states.len() / self.dim.max(1));
        let mut tapes = vec![0.0; count * length];
        for (tape, state) in tapes
            .chunks_exact_mut(length)
            .zip(states.chunks_exact(self.dim))
        {
            tape[..self.dim].copy_from_slice(state);
        }
        let mut sums_of_stages = Vec::with_capacity(self.stages.len());
        for stage in &self.stages {
            let width = stage.drive.len();
            let mut sums = stage.drive.repeat(count);
            for term in &stage.terms {
                let features = RowsAt {
                    values: &tapes[term.slot..],
                    stride: length,
                };
                let out = &mut sums[term.first_row..];
                sums::add_products(&term.columns, term.rows, features, out, (count, width));
            }
            for (row, tape) in tapes.chunks_exact_mut(length).enumerate() {
                stage.apply_to_row(&sums[row * width..][..width], tape);
            }
            sums_of_stages.push(sums);
        }
        (tapes, sums_of_stages)
    }

    /// The next state on a tape.
    fn next_of<S: Copy>(&self, slots: &[S]) -> Vec<S> {
        self.next.iter().map(|&slot| slots[slot]).collect()
    }
}
