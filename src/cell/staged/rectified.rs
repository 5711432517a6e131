//! The fixed points of piecewise-linear cells of stages as those of rectified units.

use faer::Mat;
use faer::linalg::solvers::{PartialPivLu, Solve as _};

use super::function::{Function, Unit};
use super::{Stage, Staged};
use crate::cell::spec::Activation;
use crate::map::{Rectified, StateOfRates};

/// A pivot smaller than this share of the largest makes the linear part degenerate.
const SINGULAR: f64 = 1e-12;

impl Staged {
    /// z = A z + B z + C y + h with rectified units y = relu(E z + e), as y = relu(W y + b); `None` where the cell is none such,
    /// or I − A − B is singular to working precision.
    ///
    /// 1. The arguments of all units are read off the stages before the last.
    /// 2. The last stage gives A, B, C and h, and with S = (I − A − B)⁻¹ the state is z = S C y + S h.
    /// 3. W = E S C and b = E S h + e.
    pub(super) fn as_rectified(&self) -> Option<Rectified> {
        let (last, hidden) = self.stages.split_last()?;
        let is_linear = last.function == Function::Step(Unit::PiecewiseLinear);
        (is_linear && self.layers.len() == 1).then_some(())?;
        let (arguments, constants) = self.arguments(hidden)?;
        let (dim, units) = (self.dim, constants.len());
        let mut left = Mat::<f64>::identity(dim, dim);
        for (i, a) in last.drive[dim..].iter().enumerate() {
            left[(i, i)] -= a;
        }
        let mut right = Mat::<f64>::zeros(dim, units + 1);
        for (i, h) in last.drive[..dim].iter().enumerate() {
            right[(i, units)] = *h;
        }
        for term in &last.terms {
            for (slot, column) in term.slots().zip(term.columns.chunks_exact(term.rows)) {
                for (i, weight) in column.iter().enumerate() {
                    match slot.checked_sub(dim) {
                        None => left[(i, slot)] -= weight,
                        Some(unit) => right[(i, unit)] += weight,
                    }
                }
            }
        }
        let lu = PartialPivLu::new(left.as_ref());
        let pivots = || (0..dim).map(|i| lu.U()[(i, i)].abs());
        let largest = pivots().fold(1.0, f64::max);
        pivots()
            .all(|pivot| pivot > SINGULAR * largest)
            .then_some(())?;
        let state = lu.solve(&right);
        let received = &arguments * &state;
        let rows = |of: &Mat<f64>| -> Vec<f64> {
            let row = |i| (0..units).map(move |j| of[(i, j)]);
            (0..of.nrows()).flat_map(row).collect()
        };
        Some(Rectified {
            weights: rows(&received),
            drive: (0..units)
                .map(|i| received[(i, units)] + constants[i])
                .collect(),
            state: StateOfRates::Affine {
                weights: rows(&state),
                offset: (0..dim).map(|i| state[(i, units)]).collect(),
            },
        })
    }

    /// A trapping box of a clipped shallow PLRNN with all |Aᵢ| < 1; `None` where the cell is none such.
    ///
    /// relu(a + h₂) − relu(a) lies within |h₂| whatever a is, so a coordinate within (Σ|W₁||h₂| + |h₁|)/(1 − |Aᵢ|) stays there.
    pub(super) fn clipped_box(&self) -> Option<Vec<f64>> {
        let [hidden, clip, last] = &self.stages[..] else {
            return None;
        };
        let ([sent, taken], [seen], [seen_by_clip]) =
            (&last.terms[..], &hidden.terms[..], &clip.terms[..])
        else {
            return None;
        };
        let rectified = Function::Step(Unit::of_sum(Activation::Relu));
        let opposite = sent.columns.iter().zip(&taken.columns);
        let is_clipped = self.layers.len() == 1
            && last.function == Function::Step(Unit::PiecewiseLinear)
            && (hidden.function, clip.function) == (rectified, rectified)
            && (seen.slot, &seen.columns) == (seen_by_clip.slot, &seen_by_clip.columns)
            && (sent.slot, taken.slot) == (hidden.first, clip.first)
            && opposite.into_iter().all(|(sent, taken)| *sent == -taken);
        is_clipped.then_some(())?;
        let (drive, diagonal) = last.drive.split_at(self.dim);
        let mut reach: Vec<f64> = drive.iter().map(|h| h.abs()).collect();
        let drives = hidden.drive.iter().zip(&clip.drive);
        for ((with, without), column) in drives.zip(sent.columns.chunks_exact(sent.rows)) {
            for (reach, weight) in reach.iter_mut().zip(column) {
                *reach += (weight * (with - without)).abs();
            }
        }
        let half_width = |(reach, a): (f64, &f64)| {
            // A little more, so that F sends the box into its interior.
            (a.abs() < 1.0).then(|| reach / (1.0 - a.abs()) * (1.0 + 1e-9) + 1e-12)
        };
        reach.into_iter().zip(diagonal).map(half_width).collect()
    }

    /// E and e of the units of some stages, in the order of their results; `None` if one of them is no rectified unit, or
    /// sees others.
    fn arguments(&self, stages: &[Stage]) -> Option<(Mat<f64>, Vec<f64>)> {
        let units = stages.iter().map(|stage| stage.units).sum();
        let mut arguments = Mat::zeros(units, self.dim);
        let mut constants = Vec::with_capacity(units);
        for stage in stages {
            let first = constants.len();
            if stage.function == Function::Feature(Unit::PiecewiseLinear) {
                let own = stage.own?;
                (0..stage.units).for_each(|unit| arguments[(first + unit, own + unit)] = 1.0);
                constants.resize(first + stage.units, 0.0);
                continue;
            }
            let rectified = Function::Step(Unit::of_sum(Activation::Relu));
            (stage.function == rectified).then_some(())?;
            for term in &stage.terms {
                (term.slots().end <= self.dim).then_some(())?;
                for (slot, column) in term.slots().zip(term.columns.chunks_exact(term.rows)) {
                    for (row, weight) in column.iter().enumerate() {
                        arguments[(first + term.first_row + row, slot)] += weight;
                    }
                }
            }
            constants.extend_from_slice(&stage.drive);
        }
        Some((arguments, constants))
    }
}
