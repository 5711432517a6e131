//! What happens where a fixed point of rectified units meets a border, and where it goes to infinity.
//!
//! Write J₊ and J₋ for the Jacobians with the unit active and without. The two matrices differ by rank one, and
//! what happens at the border is decided by two ratios (Feigin; di Bernardo et al. 2008, section 3.1):
//!
//! - det(I − J₊)/det(I − J₋) < 0: the branch turns back in s, two fixed points meet and vanish (a fold);
//! - det(I + J₊)/det(I + J₋) < 0: a 2-cycle with one state on each side is born;
//! - neither: the fixed point passes, with other multipliers (persistence).
//!
//! What else may be born there (longer cycles, chaos) is not looked for.

use faer::Mat;
use faer::linalg::solvers::{PartialPivLu, Solve as _};

use super::super::branch::PathPoint;
use super::super::path::largest;
use crate::landscape::equations::equation::{Extended, Factored, Linearised, dot, norm};
use crate::landscape::equations::locate::{
    MOST_STEPS, Progress, Verdict, singular_triplet, split, with_border,
};
use crate::landscape::equations::test_functions::eigenvalues;
use crate::landscape::events::born::Born;
use crate::landscape::events::event::{Bifurcation, EventKind, Side};
use crate::map::derivatives::mixed;
use crate::map::piecewise::{Locked, PiecewisePath};
use crate::map::{Family, Map as _};

/// Logarithm of a ratio of determinants beyond which one of the two is zero to rounding.
const SINGULAR: f64 = 27.0;
/// Distance from a border in s, at most, at which a 2-cycle is looked at, and halvings until it is there.
const FURTHEST: f64 = 0.01;
const MOST_HALVINGS: usize = 40;

/// A fixed point at which the argument of one unit passes zero.
///
/// A ratio whose logarithm exceeds 27 in size is taken as one with a vanishing determinant: the border is then
/// unclassified.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Border {
    /// The unit.
    pub unit: usize,
    /// Whether it is active behind the border, in the direction of the branch.
    pub activates: bool,
    /// det(I − J) with the unit active, divided by the same without: negative where the branch turns back and two fixed
    /// points meet and vanish (a fold), positive where it passes (persistence).
    pub fold_ratio: f64,
    /// det(I + J) with the unit active, divided by the same without: negative where a 2-cycle is born (Feigin's condition).
    pub flip_ratio: f64,
    /// Sign of s − s* for which two fixed points meet here; 0 where the branch passes.
    pub pair_side: i8,
}

impl Border {
    /// `fold` where two fixed points meet and vanish, `flip` where one passes and a 2-cycle is born, `persistence` where
    /// it passes and none is.
    pub fn name(&self) -> &'static str {
        match (self.fold_ratio < 0.0, self.flip_ratio < 0.0) {
            (true, _) => "fold",
            (false, true) => "flip",
            (false, false) => "persistence",
        }
    }
}

/// The event at a border, from the same point with the maps of both sides.
///
/// 1. Several units, or a determinant that vanishes on one side: it has no name.
/// 2. One unit: the signs of the ratios of the determinants tell. That the branch turns in s where det(I − J) changes its
///    sign is checked.
pub(in crate::landscape) fn collision(
    path: &PiecewisePath,
    (before, after): (&PathPoint, &PathPoint),
    active: [&[bool]; 2],
) -> Bifurcation {
    let switched: Vec<usize> = (0..path.dim())
        .filter(|unit| active[0][*unit] != active[1][*unit])
        .collect();
    let place = &before.place;
    let arguments = path.at(place.s).arguments(&place.state);
    let off = switched.iter().map(|unit| arguments[*unit].abs());
    let residual = Linearised::at(&path.locked(active[0]), place).residual;
    let kind = switched
        .first()
        .filter(|_| switched.len() == 1)
        .and_then(|unit| border(*unit, active[1][*unit], before, after))
        .map_or(
            EventKind::Unclassified {
                suspected: None,
                within: 0.0,
            },
            EventKind::Border,
        );
    Bifurcation {
        kind,
        place: place.clone(),
        residual: off.fold(largest(&residual), f64::max),
        sigma: f64::INFINITY,
        multipliers: Vec::new(),
        before: Side::of(&before.tests),
        after: Side::of(&after.tests),
    }
}

/// Step 2.
fn border(unit: usize, activates: bool, before: &PathPoint, after: &PathPoint) -> Option<Border> {
    let (with, without) = if activates {
        (&after.tests, &before.tests)
    } else {
        (&before.tests, &after.tests)
    };
    let ratio = |signs: [i8; 2], logs: [f64; 2]| {
        let log = logs[0] - logs[1];
        let sign = signs[0] * signs[1];
        (sign != 0 && log.abs() < SINGULAR).then(|| f64::from(sign) * log.exp())
    };
    let fold_ratio = ratio(
        [with.index, without.index],
        [with.log_index, without.log_index],
    )?;
    let flip_ratio = ratio([with.flip, without.flip], [with.log_flip, without.log_flip])?;
    let turns = (before.tangent.s > 0.0) != (after.tangent.s > 0.0);
    (turns == (fold_ratio < 0.0)).then_some(Border {
        unit,
        activates,
        fold_ratio,
        flip_ratio,
        pair_side: match (turns, before.tangent.s > 0.0) {
            (false, _) => 0,
            (true, true) => -1,
            (true, false) => 1,
        },
    })
}

/// Where a branch that has grown so far goes to infinity: I − J(s), which no longer depends on the state, is singular there.
///
/// Newton's method on g(s) of [[I − J, b], [cᵀ, 0]] (q, g) = (0, 1), g_s = pᵀ∂_s(J) q, from the last point on.
pub(in crate::landscape) fn infinity(locked: &Locked<'_>, last: &PathPoint) -> Bifurcation {
    let mut place = last.place.clone();
    let mut sigma = f64::INFINITY;
    let mut progress = Progress::new();
    let mut is_done = false;
    for _ in 0..MOST_STEPS {
        let Some((step, size)) = towards_singular(locked, &place) else {
            break;
        };
        sigma = size;
        if is_done {
            break;
        }
        match progress.judge(step.abs(), 1.0) {
            Verdict::Lost => break,
            verdict => is_done = matches!(verdict, Verdict::Done),
        }
        place.s += step;
    }
    let side = Side::of(&last.tests);
    Bifurcation {
        kind: EventKind::Infinity,
        residual: sigma,
        sigma,
        multipliers: nearest_to_one(locked, &place),
        place,
        before: side,
        after: side,
    }
}

/// A Newton step in s, and |g|.
fn towards_singular(locked: &Locked<'_>, place: &Extended) -> Option<(f64, f64)> {
    let dim = place.state.len();
    let matrix = Linearised::at(locked, place).shifted(1.0);
    let (_, b, c) = singular_triplet(&matrix)?;
    let bordered = Factored::new(&with_border(&matrix, &b, &c));
    let last = Mat::from_fn(dim + 1, 1, |i, _| f64::from(u8::from(i == dim)));
    let (q, g) = split(&bordered.solve(last.clone())?);
    let (p, _) = split(&bordered.solve_transpose(last)?);
    let rate = dot(&p, &mixed(locked, place.s, &vec![0.0; dim], &q));
    let step = -g / rate;
    step.is_finite().then_some((step, g.abs()))
}

fn nearest_to_one(locked: &Locked<'_>, place: &Extended) -> Vec<(f64, f64)> {
    let values = eigenvalues(&Linearised::at(locked, place).jacobian).unwrap_or_default();
    let off = |l: &(f64, f64)| (l.0 - 1.0).hypot(l.1);
    let nearest = values.into_iter().min_by(|a, b| off(a).total_cmp(&off(b)));
    nearest.into_iter().collect()
}

/// The 2-cycle that is born at a border, a short way beside it: x with the unit active, F(x) without it.
///
/// 1. (I − M′M)x = M′c + c′, where F = Mx + c with the unit active and M′x + c′ without.
/// 2. It is there on the side of s*, and as near, as both states have the active units that they are to have.
/// 3. Its amplitude is half the distance of its two states; near the border it grows linearly, at a rate that the same
///    equation gives.
pub(in crate::landscape) fn cycle_beside(
    path: &PiecewisePath,
    event: &Bifurcation,
    border: &Border,
) -> Option<Born> {
    let place = &event.place;
    let arguments = path.at(place.s).arguments(&place.state);
    let with: Vec<bool> = (0..arguments.len())
        .map(|unit| unit == border.unit || arguments[unit] > 0.0)
        .collect();
    let mut without = with.clone();
    without[border.unit] = false;
    let cycle = TwoCycle {
        path,
        with: path.locked(&with),
        without: path.locked(&without),
    };
    let growth = cycle.growth(place)?;
    let mut distance = FURTHEST;
    for _ in 0..MOST_HALVINGS {
        for side in [1.0, -1.0] {
            let Some((amplitude, leading)) = cycle.at(place.s + side * distance) else {
                continue;
            };
            return Some(Born {
                side: side as i8,
                distance,
                period: 2.0,
                predicted: growth * distance,
                amplitude: Some(amplitude),
                multiplier: leading,
                is_stable: leading.0.hypot(leading.1) < 1.0,
            });
        }
        distance *= 0.5;
    }
    None
}

struct TwoCycle<'a> {
    path: &'a PiecewisePath,
    with: Locked<'a>,
    without: Locked<'a>,
}

impl TwoCycle<'_> {
    /// Amplitude and leading multiplier at s, if the cycle is there.
    fn at(&self, s: f64) -> Option<(f64, (f64, f64))> {
        let dim = self.path.dim();
        let zero = Extended::new(vec![0.0; dim], s);
        let [first, second] =
            [&self.with, &self.without].map(|locked| Linearised::at(locked, &zero));
        // x − F(x) at 0 is −c.
        let offset = |of: &Linearised| of.residual.iter().map(|r| -r).collect::<Vec<f64>>();
        let x = solved(&first, &second, &offset(&first), &offset(&second))?;
        let mut image = vec![0.0; dim];
        self.with.at(s).step(&x, &mut image);
        let map = self.path.at(s);
        let is_there = [(&x, &self.with), (&image, &self.without)]
            .iter()
            .all(|(state, locked)| {
                let arguments = map.arguments(state);
                let mut pairs = arguments.iter().zip(locked.active());
                pairs.all(|(a, active)| (*a > 0.0) == *active)
            });
        is_there.then_some(())?;
        let product = &second.jacobian * &first.jacobian;
        let leading = eigenvalues(&product)?
            .into_iter()
            .max_by(|a, b| a.0.hypot(a.1).total_cmp(&b.0.hypot(b.1)))?;
        Some((half_distance(&x, &image), leading))
    }

    /// d(amplitude)/ds at the border.
    fn growth(&self, place: &Extended) -> Option<f64> {
        let [first, second] =
            [&self.with, &self.without].map(|locked| Linearised::at(locked, place));
        let x = solved(&first, &second, &first.rate, &second.rate)?;
        let image = plus(&applied(&first.jacobian, &x), &first.rate);
        Some(half_distance(&x, &image))
    }
}

/// The solution of (I − M′M)x = M′c + c′.
fn solved(first: &Linearised, second: &Linearised, c: &[f64], other: &[f64]) -> Option<Vec<f64>> {
    let dim = c.len();
    let product = &second.jacobian * &first.jacobian;
    let matrix = Mat::from_fn(dim, dim, |i, j| {
        f64::from(u8::from(i == j)) - product[(i, j)]
    });
    let constant = plus(&applied(&second.jacobian, c), other);
    let right = Mat::from_fn(dim, 1, |i, _| constant[i]);
    let solution = PartialPivLu::new(matrix.as_ref()).solve(&right);
    let x: Vec<f64> = (0..dim).map(|i| solution[(i, 0)]).collect();
    x.iter().all(|x| x.is_finite()).then_some(x)
}

fn applied(matrix: &Mat<f64>, v: &[f64]) -> Vec<f64> {
    let row = |i: usize| (0..v.len()).map(|j| matrix[(i, j)] * v[j]).sum();
    (0..v.len()).map(row).collect()
}

fn plus(v: &[f64], w: &[f64]) -> Vec<f64> {
    v.iter().zip(w).map(|(v, w)| v + w).collect()
}

fn half_distance(v: &[f64], w: &[f64]) -> f64 {
    let difference: Vec<f64> = v.iter().zip(w).map(|(v, w)| v - w).collect();
    0.5 * norm(&difference)
}
