//! A cell of stages as a map, and its equation at rest as the reduced one.
//!
//! At rest each unit of a GRU, UGRNN or LSTM stays where its candidate is; the residual of that equation is not shrunk by
//! gates that saturate. Its Jacobian falls into the same blocks as that of the stack, and each layer has its own argument
//! for the same index ([`crate::cell::formula`]), so det(I − J) has the same sign.

use faer::{Mat, MatMut};

use super::function::{Function, Unit};
use super::products::Products;
use super::{Place, Stage, Staged};
use crate::calculus::{Bound, Interval, Jet};
use crate::cell::features::Cell;
use crate::cell::spec::Activation;
use crate::cell::sums::UNIT;
use crate::map::{Linearised, Map, Part, Rectified, Reduced};

impl Map for Staged {
    fn dim(&self) -> usize {
        self.dim
    }

    fn step(&self, point: &[f64], out: &mut [f64]) {
        out.copy_from_slice(&self.next_of(&self.values(point).slots));
    }

    fn step_batch(&self, points: &[f64], out: &mut [f64]) {
        let tapes = self.batch(points);
        let rows = tapes.chunks_exact(self.length());
        for (tape, out) in rows.zip(out.chunks_exact_mut(self.dim)) {
            out.copy_from_slice(&self.next_of(tape));
        }
    }

    fn linearised(&self, points: &[f64]) -> Option<Box<dyn Linearised + '_>> {
        Some(Box::new(Products::new(self, points)))
    }

    fn jacobian(&self, point: &[f64], out: MatMut<'_, f64>) {
        self.fill_jacobian(point, out);
    }

    fn jacobians_beside(&self, point: &[f64]) -> Vec<Mat<f64>> {
        self.pieces_at(point)
    }

    fn jet(&self, curve: &[Jet]) -> Vec<Jet> {
        self.next_of(&self.jets(curve).slots)
    }

    fn bounds(&self, state: &[Bound]) -> Option<Vec<Bound>> {
        Some(self.next_of(&self.bound(state).slots))
    }

    fn image_of_box(&self, region: &[Interval]) -> Option<Vec<Interval>> {
        Some(self.next_of(&self.over_box(region).slots))
    }

    fn jacobian_over_box(&self, region: &[Interval]) -> Option<Vec<Interval>> {
        Some(self.interval_jacobian(region))
    }

    /// What the equation at rest makes of the box that features lie in whatever the weights.
    fn trapping_box(&self) -> Option<Vec<f64>> {
        if let Some(half_widths) = self.clipped_box() {
            return Some(half_widths);
        }
        let mut region = Vec::new();
        for place in &self.layers {
            let reach = self.reach(place)?;
            region.extend(reach.iter().map(|&most| Interval::new(-most, most)));
        }
        let (rest, lifted) = self.at_rest();
        let tape = rest.over_box(&region);
        // A little more than what F can reach, so that F sends the box into its interior.
        let half_width = |&slot: &usize| tape.slots[slot].magnitude() * (1.0 + 1e-9) + 1e-12;
        Some(lifted.iter().map(half_width).collect())
    }

    /// The rounding errors of F and of the difference.
    fn q_floor(&self, point: &[f64]) -> f64 {
        let bounds = self.next_of(&self.bound(&Bound::ball(point, 0.0)).slots);
        let error = |(next, x): (&Bound, &f64)| (next.error + UNIT * (8.0 + x.abs())).powi(2);
        0.5 * bounds.iter().zip(point).map(error).sum::<f64>()
    }

    fn rectified(&self) -> Option<Rectified> {
        self.as_rectified()
    }

    fn blocks(&self) -> Vec<Vec<usize>> {
        self.states_of_layers()
    }

    fn block(&self, units: &[usize], state: &[f64]) -> Option<Part<'_>> {
        let place = self.place_of(units)?;
        Some(self.layer(place, state))
    }

    fn reduced(&self) -> Option<Box<dyn Reduced + '_>> {
        let (rest, lifted) = self.at_rest();
        let is_other = |(a, b): (&Stage, &Stage)| a.function != b.function;
        let is_simpler = self.stages.iter().zip(&rest.stages).any(is_other);
        is_simpler.then(|| {
            Box::new(AtRest {
                whole: self,
                rest,
                lifted,
            }) as Box<dyn Reduced + '_>
        })
    }
}

impl Staged {
    /// How far from 0 what others see of a layer can be, wherever the state is; `None` if nothing bounds it.
    ///
    /// ∞ where what they see is a bounded function of the state itself.
    fn reach(&self, place: &Place) -> Option<Vec<f64>> {
        let visible = self.next[place.state.clone()].get(..place.visible)?;
        let first = *visible.first()?;
        let stage = self.stages.iter().find(|stage| stage.first == first)?;
        let Function::Step(unit) = stage.function else {
            return None;
        };
        match unit {
            Unit::Rate(formula) if formula.activation == Activation::Identity => {
                let mut reach: Vec<f64> = stage.drive.iter().map(|c| c.abs()).collect();
                for term in &stage.terms {
                    let is_bounded = self.is_bounded_result(term.slot);
                    is_bounded.then_some(())?;
                    for column in term.columns.chunks_exact(term.rows) {
                        for (reach, weight) in reach[term.first_row..].iter_mut().zip(column) {
                            *reach += weight.abs();
                        }
                    }
                }
                Some(reach)
            }
            unit if unit.is_currents() => unit
                .is_bounded()
                .then(|| vec![f64::INFINITY; place.visible]),
            unit => unit.is_bounded().then(|| vec![1.0; place.visible]),
        }
    }

    /// Whether what stands from a slot on is what units of an LSTM send, which lies in [−1, 1].
    fn is_bounded_result(&self, slot: usize) -> bool {
        let stage = self.stages.iter().find(|stage| stage.first == slot);
        let is_lstm = |stage: &Stage| matches!(stage.function, Function::Step(Unit::Lstm));
        stage.is_some_and(is_lstm)
    }
}

impl Cell for Staged {
    /// What others see of the uppermost layer.
    fn features(&self, state: &[f64]) -> Vec<f64> {
        let Some(top) = self.layers.last() else {
            return Vec::new();
        };
        let visible = &state[top.state.start..][..top.visible];
        match top.feature {
            None => visible.to_vec(),
            Some(unit) => {
                let feature = |&x: &f64| Function::Feature(unit).of(&[0.0], &[x])[0];
                visible.iter().map(feature).collect()
            }
        }
    }
}

/// The equation x = rest(x) of a cell, in what units see of each other.
struct AtRest<'a> {
    whole: &'a Staged,
    rest: Staged,
    /// Where on the tape of `rest` each coordinate of the whole state stands.
    lifted: Vec<usize>,
}

impl AtRest<'_> {
    /// The coordinates of the whole state that are those of the equation.
    fn kept(&self) -> impl Iterator<Item = usize> {
        let layers = self.whole.layers.iter();
        layers.flat_map(|place| place.state.clone().take(place.visible))
    }
}

impl Map for AtRest<'_> {
    fn dim(&self) -> usize {
        self.rest.dim
    }

    fn step(&self, point: &[f64], out: &mut [f64]) {
        self.rest.step(point, out);
    }

    fn step_batch(&self, points: &[f64], out: &mut [f64]) {
        self.rest.step_batch(points, out);
    }

    fn linearised(&self, points: &[f64]) -> Option<Box<dyn Linearised + '_>> {
        self.rest.linearised(points)
    }

    fn jacobian(&self, point: &[f64], out: MatMut<'_, f64>) {
        self.rest.jacobian(point, out);
    }

    fn jacobians_beside(&self, point: &[f64]) -> Vec<Mat<f64>> {
        self.rest.jacobians_beside(point)
    }

    fn jet(&self, curve: &[Jet]) -> Vec<Jet> {
        self.rest.jet(curve)
    }

    fn bounds(&self, state: &[Bound]) -> Option<Vec<Bound>> {
        self.rest.bounds(state)
    }

    fn image_of_box(&self, region: &[Interval]) -> Option<Vec<Interval>> {
        self.rest.image_of_box(region)
    }

    fn jacobian_over_box(&self, region: &[Interval]) -> Option<Vec<Interval>> {
        self.rest.jacobian_over_box(region)
    }

    fn trapping_box(&self) -> Option<Vec<f64>> {
        let half_widths = self.whole.trapping_box()?;
        Some(self.kept().map(|place| half_widths[place]).collect())
    }

    fn q_floor(&self, point: &[f64]) -> f64 {
        self.rest.q_floor(point)
    }
}

impl Reduced for AtRest<'_> {
    fn project(&self, state: &[f64]) -> Vec<f64> {
        self.kept().map(|place| state[place]).collect()
    }

    fn lift(&self, reduced: &[f64]) -> Vec<f64> {
        let tape = self.rest.values(reduced);
        let mut state: Vec<f64> = self.lifted.iter().map(|&slot| tape.slots[slot]).collect();
        for (place, &x) in self.kept().zip(reduced) {
            state[place] = x;
        }
        state
    }
}
