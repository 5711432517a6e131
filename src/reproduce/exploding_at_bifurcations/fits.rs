//! Many fits of networks in the plane, and the landscape that they move in.

use super::fitting::{Fit, Fitting, loss_and_gradient, norm};
use super::plane::{Bifurcation, Candidate, Plane, TOY, Words};
use crate::comparison::coincidence::{RunSignal, StageSignal};
use crate::statistics::Estimate;
use crate::statistics::bootstrap::Bootstrap;

/// Pieces in which the line between the parameters before and after an update is looked at.
const PIECES: usize = 2;
/// Ends of the landscape in both diagonal parameters.
pub(super) const ENDS: [f64; 2] = [-1.2, 1.2];
/// The steepest of all steps of the landscape, as a share of them.
const STEEPEST: f64 = 0.01;

/// A fit and the bifurcations that it crosses.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Crossing {
    pub(super) fit: Fit,
    /// The update behind which each is crossed, counted from 0, and what it is.
    pub(super) crossed: Vec<(usize, Bifurcation)>,
}

impl Crossing {
    /// Fits, and looks at every update for bifurcations of the cycles in `words`.
    pub(super) fn of(fitting: Fitting, start: Plane, orbit: &[[f64; 2]], words: &Words) -> Self {
        let fit = fitting.fit(start, orbit);
        let updates = fit.parameters.windows(2).enumerate();
        let crossed = updates.flat_map(|(update, pair)| {
            let crossed = words.crossed(&pair[0], &pair[1], PIECES);
            crossed.into_iter().map(move |kind| (update, kind))
        });
        Self {
            crossed: crossed.collect(),
            fit,
        }
    }

    /// Whether it starts on the same side of all curves at which fixed points are at infinity as the system that is fitted; one
    /// that does not must cross them to get there.
    pub(super) fn begins_on_the_same_side(&self) -> bool {
        let words = Words::up_to(1);
        let sides = |p: &Plane| -> Vec<bool> {
            let candidates = words.candidates(p);
            candidates.iter().map(|of| of.determinant > 0.0).collect()
        };
        let start = self.fit.parameters.first();
        start.is_some_and(|start| sides(start) == sides(&TOY))
    }

    /// How many of a kind it crosses.
    pub(super) fn count(&self, kind: Bifurcation) -> usize {
        self.crossed.iter().filter(|(_, of)| *of == kind).count()
    }

    /// The largest rise of ln loss by one update; 0 if it never rises.
    pub(super) fn largest_rise(&self) -> f64 {
        let pairs = self.fit.losses.windows(2);
        pairs
            .map(|pair| (pair[1] / pair[0]).ln())
            .fold(0.0, f64::max)
    }

    /// Length of the way of the parameters.
    pub(super) fn way(&self) -> f64 {
        let pairs = self.fit.parameters.windows(2);
        let moved = |pair: &[Plane]| -> f64 {
            let by: Plane = std::array::from_fn(|k| pair[1][k] - pair[0][k]);
            norm(&by)
        };
        pairs.map(moved).sum()
    }

    /// The logarithm of the gradient norm before each update, less its mean, with the bifurcations between two of them.
    pub(super) fn signal(&self) -> RunSignal {
        let logarithms: Vec<f64> = self.fit.norms.iter().map(|of| of.ln()).collect();
        let mean = logarithms.iter().sum::<f64>() / logarithms.len() as f64;
        RunSignal {
            stages: vec![StageSignal {
                stage: 0,
                values: logarithms.iter().map(|of| of - mean).collect(),
                events: self.crossed.iter().map(|(update, _)| update + 1).collect(),
            }],
        }
    }
}

/// Loss and gradient norm over the two diagonal parameters of the toy system, the others at their true values.
#[derive(Debug, Clone)]
pub(super) struct Surface {
    /// Places in each direction.
    pub(super) size: usize,
    losses: Vec<f64>,
    /// Gradient norm in the two parameters, `[a₂₂][a₁₁]`.
    pub(super) norms: Vec<f64>,
    candidates: Vec<Vec<Candidate>>,
}

impl Surface {
    /// Computes it at `size` × `size` places.
    pub(super) fn new(size: usize, orbit: &[[f64; 2]], forcing: f64, words: &Words) -> Self {
        let mut surface = Self {
            size,
            losses: Vec::new(),
            norms: Vec::new(),
            candidates: Vec::new(),
        };
        for row in 0..size {
            for column in 0..size {
                let mut p = TOY;
                (p[0], p[1]) = (surface.at(column), surface.at(row));
                let (loss, gradient) = loss_and_gradient(&p, orbit, forcing);
                surface.losses.push(loss);
                surface.norms.push(norm(&gradient[..2]));
                surface.candidates.push(words.candidates(&p));
            }
        }
        surface
    }

    /// The parameter in the middle of a cell.
    fn at(&self, place: usize) -> f64 {
        ENDS[0] + (ENDS[1] - ENDS[0]) * (place as f64 + 0.5) / self.size as f64
    }

    /// All steps from a place to the next one in a direction, row by row.
    fn steps(&self, row: usize) -> impl Iterator<Item = (usize, usize)> + '_ {
        let place = move |row: usize, column: usize| row * self.size + column;
        let right = (1..self.size).map(move |column| (place(row, column - 1), place(row, column)));
        let up = (0..self.size).filter(move |_| row + 1 < self.size);
        right.chain(up.map(move |column| (place(row, column), place(row + 1, column))))
    }

    /// Change of ln loss over a step.
    fn steepness(&self, (from, to): (usize, usize)) -> f64 {
        (self.losses[to].ln() - self.losses[from].ln()).abs()
    }

    fn bifurcation(&self, words: &Words, (from, to): (usize, usize)) -> Option<Bifurcation> {
        words.between(&self.candidates[from], &self.candidates[to])
    }

    /// Where steps cross bifurcations, in cells: the middle of each border, and the kind.
    pub(super) fn curves(&self, words: &Words) -> Vec<([f64; 2], Bifurcation)> {
        let steps = (0..self.size).flat_map(|row| self.steps(row));
        let crossed = steps.filter_map(|step| {
            let (from, to) = step;
            let kind = self.bifurcation(words, step)?;
            let middle = |place: usize| [place % self.size, place / self.size];
            let [a, b] = [from, to].map(middle);
            Some(([0, 1].map(|k| 0.5 * (a[k] + b[k]) as f64 + 0.5), kind))
        });
        crossed.collect()
    }

    /// How much more often the steepest 1 % of all steps, in ln loss, cross a bifurcation than steps do on the whole; its interval is
    /// over rows of the landscape.
    pub(super) fn enrichment(&self, words: &Words, bootstrap: &Bootstrap) -> Estimate {
        let rows: Vec<Vec<(f64, bool)>> = (0..self.size)
            .map(|row| {
                let steps = self.steps(row).map(|step| {
                    let crosses = self.bifurcation(words, step).is_some();
                    (self.steepness(step), crosses)
                });
                steps
                    .filter(|(steepness, _)| steepness.is_finite())
                    .collect()
            })
            .collect();
        let mut all: Vec<f64> = rows.iter().flatten().map(|of| of.0).collect();
        all.sort_unstable_by(|a, b| b.total_cmp(a));
        let Some(&least) = all.get((STEEPEST * all.len() as f64) as usize) else {
            return Estimate::exact(f64::NAN);
        };
        // Steepest that cross, steepest, all that cross, all.
        let counts: Vec<[f64; 4]> = rows
            .iter()
            .map(|row| {
                let count = |wanted: &dyn Fn(&(f64, bool)) -> bool| {
                    row.iter().filter(|of| wanted(of)).count() as f64
                };
                [
                    count(&|of| of.0 >= least && of.1),
                    count(&|of| of.0 >= least),
                    count(&|of| of.1),
                    count(&|_| true),
                ]
            })
            .collect();
        bootstrap.estimate(&vec![0; counts.len()], |drawn| {
            let sum = |k: usize| -> f64 {
                let pairs = counts.iter().zip(drawn);
                pairs.map(|(of, &count)| f64::from(count) * of[k]).sum()
            };
            let (share, base) = (sum(0) / sum(1), sum(2) / sum(3));
            (base > 0.0 && sum(1) > 0.0).then(|| share / base)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::fitting::orbit;
    use super::*;

    #[test]
    fn a_fit_that_leaves_its_region_crosses_and_one_that_stays_does_not() {
        let data = orbit(&TOY, [1.5, 0.0], 200, 33);
        let words = Words::up_to(2);
        let fitting = Fitting {
            updates: 200,
            learning_rate: 1e-2,
            forcing: 0.5,
        };
        // a₁₁ a₂₂ − w₁₂ w₂₁ from 0.84 to 1.15: the focus of the toy system loses stability on the way.
        let mut start = TOY;
        start[1] = 0.6;
        let crossing = Crossing::of(fitting, start, &data, &words);
        assert!(
            crossing.count(Bifurcation::Stability) >= 1,
            "{:?}",
            crossing.crossed
        );
        let signal = &crossing.signal().stages[0];
        assert_eq!(signal.events.len(), crossing.crossed.len());
        assert!(crossing.begins_on_the_same_side());
        // Two units that excite each other by more than they decay: (1 − a₁₁)(1 − a₂₂) < w₁₂ w₂₁.
        let excited = Crossing::of(fitting, [0.5, 0.5, 0.6, 0.6, 0.1, 0.1], &data, &words);
        assert!(!excited.begins_on_the_same_side());
        let still = Crossing::of(fitting, TOY, &data, &words);
        assert!(still.crossed.is_empty() && still.way() < crossing.way());
    }

    #[test]
    fn the_curves_of_the_surface_contain_those_of_the_closed_form() {
        let data = orbit(&TOY, [1.5, 0.0], 200, 17);
        let words = Words::up_to(1);
        let surface = Surface::new(24, &data, 0.0, &words);
        // The focus at a₁₁ a₂₂ = 1 + w₁₂ w₂₁ where both units are active.
        let product = 1.0 + TOY[2] * TOY[3];
        let near = surface.curves(&words).into_iter().filter(|(at, kind)| {
            let [a, b] = at.map(|cell| ENDS[0] + (ENDS[1] - ENDS[0]) * cell / 24.0);
            *kind == Bifurcation::Stability && a > 0.5 && (a * b - product).abs() < 0.1
        });
        assert!(near.count() >= 3);
    }
}
