//! The cell as a map, and its equation at rest as the reduced one.
//!
//! The trapping box: features within [−1, 1] bound the pre-activations, and those bound the next state; it is a
//! little larger than what F can reach.

use faer::{Mat, MatMut};

use super::{Of, Unitwise};
use crate::calculus::{Bound, Interval, Jet, Scalar};
use crate::cell::features::Cell;
use crate::cell::formula::{Formula, MOST_GATES};
use crate::map::piecewise::PiecewiseAffine;
use crate::map::{Linearised, Map, Part, Rectified, Reduced, StateOfRates};

impl<F: Formula> Map for Unitwise<F> {
    fn dim(&self) -> usize {
        F::STATES * self.units
    }

    fn step(&self, point: &[f64], out: &mut [f64]) {
        out.copy_from_slice(&self.apply(Of::Step, &self.preactivations(point), point));
    }

    fn step_batch(&self, points: &[f64], out: &mut [f64]) {
        self.apply_batch(Of::Step, points, F::STATES, out);
    }

    fn linearised(&self, points: &[f64]) -> Option<Box<dyn Linearised + '_>> {
        Some(Box::new(self.linearise(Of::Step, points, F::STATES)))
    }

    fn jacobian(&self, point: &[f64], out: MatMut<'_, f64>) {
        self.fill_jacobian(Of::Step, point, F::STATES, out);
    }

    fn jacobians_beside(&self, point: &[f64]) -> Vec<Mat<f64>> {
        self.pieces_at(Of::Step, point, F::STATES)
    }

    fn jet(&self, curve: &[Jet]) -> Vec<Jet> {
        self.apply(Of::Step, &self.jet_preactivations(curve), curve)
    }

    fn bounds(&self, state: &[Bound]) -> Option<Vec<Bound>> {
        Some(self.apply(Of::Step, &self.bound_preactivations(state), state))
    }

    fn image_of_box(&self, region: &[Interval]) -> Option<Vec<Interval>> {
        Some(self.apply(Of::Step, &self.interval_preactivations(region), region))
    }

    fn jacobian_over_box(&self, region: &[Interval]) -> Option<Vec<Interval>> {
        Some(self.interval_jacobian(Of::Step, region, F::STATES))
    }

    fn trapping_box(&self) -> Option<Vec<f64>> {
        if !self.formula.is_bounded() {
            return None;
        }
        let mut a: Vec<Interval> = self.drive.iter().map(|&c| Interval::constant(c)).collect();
        for column in self.columns() {
            for (a, weight) in a.iter_mut().zip(column) {
                *a = *a + Interval::new(-weight.abs(), weight.abs());
            }
        }
        let state = vec![Interval::new(-1.0, 1.0); self.dim()];
        let at_rest = self.apply(Of::Rest, &a, &state);
        // A little more than what F can reach, so that F sends the box into its interior.
        let half_width = |range: &Interval| range.magnitude() * (1.0 + 1e-9) + 1e-12;
        Some(at_rest.iter().map(half_width).collect())
    }

    fn q_floor(&self, point: &[f64]) -> f64 {
        self.q_floor_of(Of::Step, point)
    }

    fn rectified(&self) -> Option<Rectified> {
        let state_is_rate = self.formula.rectified()?;
        let n = self.units;
        // x = D x + s (W y + h) becomes x = s (I − D)⁻¹(W y + h); of a leaky cell s = I − D, whatever the rounding.
        let is_leaky = self.formula.rest::<f64>(&[0.0; MOST_GATES]).is_some();
        let divisor = |unit: usize| {
            let (decay, share) = self.decay_and_share(unit);
            if is_leaky { 1.0 } else { (1.0 - decay) / share }
        };
        let divisors: Vec<f64> = (0..n).map(divisor).collect();
        if divisors.iter().any(|divisor| divisor.abs() < 1e-12) {
            return None;
        }
        let mut weights = vec![0.0; n * n];
        for (j, column) in self.columns().enumerate() {
            for (i, weight) in column.iter().enumerate() {
                weights[i * n + j] = weight / divisors[i];
            }
        }
        Some(Rectified {
            weights,
            drive: (0..n)
                .map(|unit| self.drive[unit] / divisors[unit])
                .collect(),
            state: if state_is_rate {
                StateOfRates::Rates
            } else {
                StateOfRates::Inputs
            },
        })
    }

    fn piecewise(&self) -> Option<PiecewiseAffine> {
        let state_is_rate = self.formula.rectified()?;
        let n = self.units;
        let (decay, share): (Vec<f64>, Vec<f64>) =
            (0..n).map(|unit| self.decay_and_share(unit)).unzip();
        Some(PiecewiseAffine {
            state_is_rate,
            weights: Mat::from_fn(n, n, |i, j| share[i] * self.recurrent[j * n + i]),
            drive: (0..n).map(|i| share[i] * self.drive[i]).collect(),
            decay,
        })
    }

    fn blocks(&self) -> Vec<Vec<usize>> {
        self.blocks_of_units()
    }

    fn block(&self, units: &[usize], state: &[f64]) -> Option<Part<'_>> {
        Some(self.part(units, state))
    }

    fn reduced(&self) -> Option<Box<dyn Reduced + '_>> {
        let nothing = [0.0; MOST_GATES];
        self.formula.rest::<f64>(&nothing)?;
        Some(Box::new(AtRest(self)))
    }
}

impl<F: Formula> Cell for Unitwise<F> {
    fn features(&self, state: &[f64]) -> Vec<f64> {
        Self::features(self, state)
    }
}

/// The equation x = rest(a(x)) of a cell, in the states that other units see: the same fixed points and indices,
/// without the leak or gate that shrinks the residual.
struct AtRest<'a, F>(&'a Unitwise<F>);

impl<F: Formula> AtRest<'_, F> {
    fn visible<S: Scalar>(&self, a: &[S], state: &[S]) -> Vec<S> {
        let mut out = self.0.apply(Of::Rest, a, state);
        out.truncate(self.0.units);
        out
    }
}

impl<F: Formula> Map for AtRest<'_, F> {
    fn dim(&self) -> usize {
        self.0.units
    }

    fn step(&self, point: &[f64], out: &mut [f64]) {
        out.copy_from_slice(&self.visible(&self.0.preactivations(point), point));
    }

    fn step_batch(&self, points: &[f64], out: &mut [f64]) {
        self.0.apply_batch(Of::Rest, points, 1, out);
    }

    fn linearised(&self, points: &[f64]) -> Option<Box<dyn Linearised + '_>> {
        Some(Box::new(self.0.linearise(Of::Rest, points, 1)))
    }

    fn jacobian(&self, point: &[f64], out: MatMut<'_, f64>) {
        self.0.fill_jacobian(Of::Rest, point, 1, out);
    }

    fn jacobians_beside(&self, point: &[f64]) -> Vec<Mat<f64>> {
        self.0.pieces_at(Of::Rest, point, 1)
    }

    fn jet(&self, curve: &[Jet]) -> Vec<Jet> {
        self.visible(&self.0.jet_preactivations(curve), curve)
    }

    fn bounds(&self, state: &[Bound]) -> Option<Vec<Bound>> {
        Some(self.visible(&self.0.bound_preactivations(state), state))
    }

    fn image_of_box(&self, region: &[Interval]) -> Option<Vec<Interval>> {
        Some(self.visible(&self.0.interval_preactivations(region), region))
    }

    fn jacobian_over_box(&self, region: &[Interval]) -> Option<Vec<Interval>> {
        Some(self.0.interval_jacobian(Of::Rest, region, 1))
    }

    fn trapping_box(&self) -> Option<Vec<f64>> {
        let mut half_widths = self.0.trapping_box()?;
        half_widths.truncate(self.0.units);
        Some(half_widths)
    }

    fn q_floor(&self, point: &[f64]) -> f64 {
        self.0.q_floor_of(Of::Rest, point)
    }
}

impl<F: Formula> Reduced for AtRest<'_, F> {
    fn project(&self, state: &[f64]) -> Vec<f64> {
        state[..self.0.units].to_vec()
    }

    fn lift(&self, reduced: &[f64]) -> Vec<f64> {
        let mut state = self
            .0
            .apply(Of::Rest, &self.0.preactivations(reduced), reduced);
        state[..self.0.units].copy_from_slice(reduced);
        state
    }
}
