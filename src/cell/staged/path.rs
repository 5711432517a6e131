//! Cells of stages on the way between two others.

use super::{Stage, Staged};
use crate::calculus::{Jet, Scalar as _};
use crate::cell::blend::{Blended, bend_of, blend};
use crate::cell::sums;

impl Staged {
    /// All arrays of numbers of the cell.
    fn arrays(&self) -> impl Iterator<Item = &[f64]> {
        self.stages.iter().flat_map(|stage| {
            let weights = stage.terms.iter().map(|term| term.columns.as_slice());
            weights.chain([stage.drive.as_slice()])
        })
    }

    /// The same cell with other numbers, in the order of [`arrays`](Self::arrays).
    fn with_arrays(&self, mut arrays: impl Iterator<Item = Vec<f64>>) -> Self {
        let mut cell = self.clone();
        for stage in &mut cell.stages {
            let weights = stage.terms.iter_mut().map(|term| &mut term.columns);
            for (place, array) in weights.chain([&mut stage.drive]).zip(&mut arrays) {
                *place = array;
            }
        }
        cell
    }
}

impl Stage {
    /// Whether the other differs in nothing but numbers.
    fn is_alike(&self, other: &Self) -> bool {
        let terms = |stage: &Self| -> Vec<_> {
            let of_term = |term: &super::Term| (term.slots(), term.first_row, term.rows);
            stage.terms.iter().map(of_term).collect()
        };
        (self.function, self.units, self.first, self.own)
            == (other.function, other.units, other.first, other.own)
            && terms(self) == terms(other)
    }
}

impl Blended for Staged {
    fn is_alike(&self, other: &Self) -> bool {
        let stages = self.stages.iter().zip(&other.stages);
        self.stages.len() == other.stages.len()
            && (&self.layers, &self.next) == (&other.layers, &other.next)
            && stages.into_iter().all(|(a, b)| a.is_alike(b))
    }

    fn bend(&self, middle: &Self, other: &Self) -> Option<Self> {
        let ends = self.arrays().zip(other.arrays());
        let bends: Vec<(Vec<f64>, bool)> = ends
            .zip(middle.arrays())
            .map(|((a, b), middle)| bend_of(a, middle, b))
            .collect();
        let is_bent = bends.iter().any(|(_, is_bent)| *is_bent);
        is_bent.then(|| self.with_arrays(bends.into_iter().map(|(bend, _)| bend)))
    }

    fn between(&self, other: &Self, bend: Option<&Self>, s: f64) -> Self {
        let mut bends = bend.map(Self::arrays);
        let ends = self.arrays().zip(other.arrays());
        self.with_arrays(ends.map(|(a, b)| {
            let bend = bends.as_mut().and_then(Iterator::next);
            blend(a, b, bend, s)
        }))
    }

    /// At what stands on the tape so far the pre-activations of a stage are linear in the weights, so they are blended as those
    /// are.
    fn path_jet(&self, other: &Self, bend: Option<&Self>, s: Jet, curve: &[Jet]) -> Vec<Jet> {
        let share = s.scaled(4.0) * (Jet::constant(1.0) - s);
        let sums = |stage: usize, slots: &[Jet]| {
            let of = |cell: &Self| cell.stages[stage].sums_by(slots, sums::add_jets);
            let mut a: Vec<Jet> = of(self)
                .into_iter()
                .zip(of(other))
                .map(|(start, end)| start + s * (end - start))
                .collect();
            for (a, bend) in a.iter_mut().zip(bend.map(of).unwrap_or_default()) {
                *a = *a + share * bend;
            }
            a
        };
        self.next_of(&self.tape(curve, sums, |x| x).slots)
    }
}
