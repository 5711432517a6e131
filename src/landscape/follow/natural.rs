//! Fixed points that move so little from one end of a family to the other that one step each way joins them.
//!
//! Most points of two neighbouring checkpoints do: they need no continuation, and no spectrum but those at both ends.
//!
//! The test is stricter than a continuation would be: both points must lead to each other, and nothing may happen
//! between. Whatever fails it is followed in full, so that a refusal costs time and no truth.

use faer::Mat;

use super::border::stays_within;
use super::branch::ContinuationLimits;
use super::excursion::{self, is_quiet};
use super::matching::End;
use super::path::correct;
use crate::landscape::equations::equation::{Extended, Factored, Linearised};
use crate::map::Family;
use crate::map::piecewise::PiecewisePath;
use crate::norms::{distance, scale_of};
use crate::parallel;

/// Corrections beyond this share of the step say that the branch bends.
const MOST_CORRECTION: f64 = 0.1;
/// Points closer than this, relative to the largest coordinate (at least 1), are one.
const SAME_POINT: f64 = 1e-6;

/// A fixed point of one end.
#[derive(Debug, Clone, Copy)]
pub struct Endpoint<'a> {
    /// The fixed point.
    pub state: &'a [f64],
    /// sign det(I − J) there.
    pub index: i8,
    /// Eigenvalues there, in no particular order; of a large map at least those outside the unit circle and the nearest
    /// inside.
    pub multipliers: &'a [(f64, f64)],
}

impl Endpoint<'_> {
    /// Eigenvalues outside the unit circle.
    fn n_unstable(&self) -> usize {
        let outside = self.multipliers.iter().filter(|l| l.0.hypot(l.1) > 1.0);
        outside.count()
    }
}

/// Pairs (place before, place after) of fixed points that belong together beyond doubt, with no bifurcation between.
///
/// 1. From each point one step along its tangent goes to the other end of the family, and Newton's method corrects it there
///    at fixed s.
/// 2. Two are a pair if each so leads to the other, if no correction is longer than a tenth of the step, if the two tangents
///    enclose an angle that a step of [`trace`](super::tracing::trace) may have, and if the indices and the numbers of
///    unstable directions agree: no test function then changes from one to the other.
/// 3. No multiplier can have crossed the unit circle and come back, and no rectified unit have switched, as far as values
///    and slopes at both points tell.
///
/// The multipliers at both ends must be given; of large maps the leading ones are enough.
pub fn natural_pairs<F: Family + ?Sized>(
    family: &F,
    before: &[Endpoint<'_>],
    after: &[Endpoint<'_>],
    limits: &ContinuationLimits,
) -> Vec<(usize, usize)> {
    let leaps = |end: End, from: &[Endpoint<'_>], to: &[Endpoint<'_>]| -> Vec<Option<Leap>> {
        parallel::map(from, |point| Leap::from(family, point, end, to, limits))
    };
    let path = family.piecewise();
    let forward = leaps(End::Before, before, after);
    let backward = leaps(End::After, after, before);
    let pair = |(a, leap): (usize, &Option<Leap>)| {
        let leap = leap.as_ref()?;
        let b = leap.lands_at;
        let back = backward[b].as_ref().filter(|back| back.lands_at == a)?;
        let alike =
            before[a].index == after[b].index && before[a].n_unstable() == after[b].n_unstable();
        // The second tangent goes the other way.
        let tangents = [leap.tangent.clone(), back.tangent.scaled(-1.0)];
        let cosine = tangents[0].dot(&tangents[1]);
        let is_pair = alike
            && cosine >= limits.least_cosine
            && is_uneventful(family, path.as_ref(), [&before[a], &after[b]], &tangents);
        is_pair.then_some((a, b))
    };
    let pairs = parallel::map(forward.iter().enumerate(), pair);
    pairs.into_iter().flatten().collect()
}

/// Step 3.
fn is_uneventful<F: Family + ?Sized>(
    family: &F,
    path: Option<&PiecewisePath>,
    points: [&Endpoint<'_>; 2],
    tangents: &[Extended; 2],
) -> bool {
    let place = |point: &Endpoint<'_>, end: End| Extended::new(point.state.to_vec(), end.s());
    let places = [place(points[0], End::Before), place(points[1], End::After)];
    let ends = [0, 1].map(|end| excursion::End {
        place: &places[end],
        tangent: &tangents[end],
        eigenvalues: points[end].multipliers,
        critical: 0,
    });
    if let Some(path) = path
        && !stays_within(path, [0, 1].map(|end| (&places[end], &tangents[end])))
    {
        return false;
    }
    is_quiet(family, &ends[0], &ends[1], points[0].n_unstable())
}

struct Leap {
    lands_at: usize,
    tangent: Extended,
}

impl Leap {
    /// Step 1.
    fn from<F: Family + ?Sized>(
        family: &F,
        point: &Endpoint<'_>,
        end: End,
        to: &[Endpoint<'_>],
        limits: &ContinuationLimits,
    ) -> Option<Self> {
        let dim = point.state.len();
        let start = Extended::new(point.state.to_vec(), end.s());
        let span = end.other().s() - start.s;
        let equation = Linearised::at(family, &start);
        let rate = Mat::from_fn(dim, 1, |i, _| span * equation.rate[i]);
        let rate = Factored::new(&equation.shifted(1.0)).solve(rate)?;
        let step = Extended::new(rate.col_as_slice(0).to_vec(), span);
        let mut guess = start.moved(1.0, &step);
        guess.s = end.other().s();
        let along_s = Extended::new(vec![0.0; dim], 1.0);
        let landing = correct(
            family,
            &guess,
            &along_s,
            limits.corrections,
            limits.contraction,
        )?
        .place;
        let length = step.norm();
        if guess.towards(&landing).norm() > MOST_CORRECTION * length {
            return None;
        }
        Some(Self {
            lands_at: place_of(&landing.state, to)?,
            tangent: step.scaled(1.0 / length),
        })
    }
}

/// The place of a state in a list, if the nearest there is near, and nearer than half the way from it to any other.
fn place_of(state: &[f64], points: &[Endpoint<'_>]) -> Option<usize> {
    let off = |place: &usize| distance(points[*place].state, state);
    let place = (0..points.len()).min_by(|a, b| off(a).total_cmp(&off(b)))?;
    let others = points
        .iter()
        .enumerate()
        .filter(|(other, _)| *other != place);
    let room = others
        .map(|(_, other)| distance(other.state, points[place].state))
        .fold(f64::INFINITY, f64::min);
    let tolerance = SAME_POINT * scale_of(state);
    (off(&place) <= tolerance.min(0.5 * room)).then_some(place)
}

#[cfg(test)]
mod tests {
    use super::super::matching::{match_ends, match_rest};
    use super::*;
    use crate::cell::map::CellMap;
    use crate::cell::path::CellPath;
    use crate::dynamics::linear::spectrum::{DENSE_DIM, Spectrum};
    use crate::dynamics::points::search::{self, FixedPoint, Known, search};
    use crate::landscape::examples::{Tanh, fading};
    use crate::map::Map as _;

    fn points(family: &crate::landscape::examples::Along<Tanh>, s: f64) -> Vec<FixedPoint> {
        let starts: Vec<Vec<f64>> = [-0.9, 0.013, 0.9]
            .iter()
            .flat_map(|x| [-0.9, 0.013, 0.9].map(|y| vec![*x, y]))
            .map(|start| start[..family.at(s).dim()].to_vec())
            .collect();
        search(&family.at(s), &[], &starts, search::SearchLimits::default())
            .map(|found| found.fixed_points)
            .unwrap_or_default()
    }

    fn endpoints(points: &[FixedPoint]) -> Vec<Endpoint<'_>> {
        points
            .iter()
            .map(|point| Endpoint {
                state: &point.state,
                index: point.index,
                multipliers: &point.spectrum.eigenvalues,
            })
            .collect()
    }

    fn known(points: &[FixedPoint]) -> Vec<Known<'_>> {
        points
            .iter()
            .map(|point| Known {
                state: &point.state,
                index: point.index,
            })
            .collect()
    }

    /// Two bits whose gains change: all nine points are joined at once where they move little, and only those that no fold
    /// takes away where they do not; the rest is left to continuation, which then tells the same as it does alone.
    #[test]
    fn one_step_joins_what_continuation_joins() {
        let diagonal = |a: f64, b: f64| vec![a, 0.0, 0.0, b];
        for (to, naturals) in [(-0.01, 9), (-0.9, 0)] {
            let family = crate::landscape::examples::Along(Tanh {
                w: [diagonal(1.9, 1.8), diagonal(to, 0.5 * to)],
                b: [vec![0.02, -0.03], vec![0.0; 2]],
            });
            let (before, after) = (points(&family, 0.0), points(&family, 1.0));
            let limits = ContinuationLimits::default();
            let pairs = natural_pairs(&family, &endpoints(&before), &endpoints(&after), &limits);
            assert_eq!(pairs.len(), naturals);
            let (before, after) = (known(&before), known(&after));
            let alone = match_ends(&family, &before, &after, &limits);
            let rest = match_rest(&family, &before, &after, &pairs, &limits);
            assert_eq!(rest.pairs, alone.pairs);
            assert_eq!(rest.annihilated, alone.annihilated);
            assert!(rest.is_conserved());
        }
    }

    /// A unit that inhibits itself flips and flips back while its input goes from −¼ to ¼; the points at both ends are alike.
    #[test]
    fn points_between_which_a_multiplier_comes_back_are_no_pair() {
        for (w, pairs) in [(1.01, 0), (0.96, 1)] {
            let family = Tanh::unit([-w, 0.0], [-0.25, 0.5]);
            let (before, after) = (points(&family, 0.0), points(&family, 1.0));
            let limits = ContinuationLimits::default();
            let found = natural_pairs(&family, &endpoints(&before), &endpoints(&after), &limits);
            assert_eq!(found.len(), pairs, "{w}");
        }
    }

    /// The same unit among a thousand others, of which only the leading multipliers are computed.
    #[test]
    fn that_is_seen_in_large_networks_too() {
        let dim = DENSE_DIM + 1;
        for (w, pairs) in [(1.01, 0), (0.96, 1)] {
            let at = |drive: f64| {
                let mut weights = fading(dim);
                weights[0] = -w;
                let mut drives = vec![0.0; dim];
                drives[0] = drive;
                CellMap::vanilla(&weights, drives)
            };
            let point = |drive: f64| {
                let mut state = vec![0.0; dim];
                // Newton's method for x = tanh(−w x + drive).
                for _ in 0..20 {
                    let y = (drive - w * state[0]).tanh();
                    state[0] -= (state[0] - y) / (1.0 + w * (1.0 - y * y));
                }
                state
            };
            let drives = [-0.25, 0.25];
            let (maps, states) = (drives.map(at), drives.map(point));
            let spectra = [0, 1].map(|end| Spectrum::at(&maps[end], &states[end]));
            let spectra = spectra.map(Result::unwrap_or_default);
            assert!((1..dim).contains(&spectra[0].eigenvalues.len()));
            let ends = [0, 1].map(|end| Endpoint {
                state: &states[end],
                index: 1,
                multipliers: &spectra[end].eigenvalues,
            });
            let [from, to] = maps;
            let family = CellPath::new(from, to).unwrap_or_else(|| unreachable!());
            let limits = ContinuationLimits::default();
            let found = natural_pairs(&family, &ends[..1], &ends[1..], &limits);
            assert_eq!(found.len(), pairs, "{w}");
        }
    }
}
