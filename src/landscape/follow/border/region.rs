//! The part of the state space in which the same units are active, and where a branch leaves it.
//!
//! Along a piece of a branch the argument of each unit is a smooth function of arclength, known with its slope at
//! both ends of a step. A unit that crosses zero an odd number of times has another sign at the end; one that
//! crosses twice does not, and is suspected where the tangents from both ends allow it.

use faer::Mat;

use super::super::branch::{ContinuationLimits, PathPoint, Reason, Route};
use super::super::path::{Tracer, correct_on, largest, sketch};
use crate::landscape::equations::equation::{Extended, Factored, Linearised};
use crate::landscape::equations::locate::{MOST_STEPS, Progress, Verdict};
use crate::map::piecewise::{Locked, PiecewisePath};

/// An argument this close to zero, relative to the largest (at least 1), is zero.
const ZERO: f64 = 1e-11;
/// Borders closer together than this, relative to the size of the point (at least 1), are met at once.
const INSEPARABLE: f64 = 1e-10;
/// Bisections of one step, at most.
const MOST_SPLITS: usize = 200;
/// How much more than measured an argument is taken to bend.
const BENT: f64 = 1.5;
/// Places of a step at which the bounds of an argument are compared.
const PLACES: usize = 32;
/// Units that may switch at once, at most, if the way on is to be found.
const MOST_AT_ONCE: usize = 8;

/// The units that are active, and with them an affine map for every s.
pub(super) struct Region<'a> {
    path: &'a PiecewisePath,
    pub(super) active: Vec<bool>,
}

impl<'a> Region<'a> {
    /// The region that a branch sets out into, and its first point; if arguments are zero at the start, the one that alone
    /// leads on in the direction of the route.
    pub(super) fn at_start(
        path: &'a PiecewisePath,
        start: &[f64],
        route: Route,
        limits: &ContinuationLimits,
    ) -> Result<(Self, PathPoint), Reason> {
        let place = Extended::new(start.to_vec(), route.start);
        let arguments = path.at(place.s).arguments(start);
        let region = Self {
            path,
            active: arguments.iter().map(|a| *a > 0.0).collect(),
        };
        let zeros = region.zeros(&place);
        if zeros.is_empty() {
            let locked = path.locked(&region.active);
            let tracer = Tracer {
                family: &locked,
                route,
                limits,
                is_affine: true,
            };
            let first = tracer.first(start)?;
            return Ok((region, first));
        }
        let is_ahead = |_: &[bool], point: &PathPoint| (point.tangent.s > 0.0) == route.forward;
        region
            .only_way(&place, &zeros, is_ahead)
            .ok_or(Reason::Corner)
    }

    fn locked(&self) -> Locked<'a> {
        self.path.locked(&self.active)
    }

    /// The arguments, positive inside the region.
    fn margins(&self, place: &Extended) -> Vec<f64> {
        let arguments = self.path.at(place.s).arguments(&place.state);
        self.signed(arguments)
    }

    fn signed(&self, mut values: Vec<f64>) -> Vec<f64> {
        for (value, active) in values.iter_mut().zip(&self.active) {
            if !active {
                *value = -*value;
            }
        }
        values
    }

    /// How fast the arguments grow along a direction.
    fn growth(&self, place: &Extended, direction: &Extended) -> Vec<f64> {
        let map = self.path.at(place.s);
        // Arguments are affine in the state.
        let moved: Vec<f64> = {
            let pairs = place.state.iter().zip(&direction.state);
            pairs.map(|(x, v)| x + v).collect()
        };
        let (here, there) = (map.arguments(&place.state), map.arguments(&moved));
        let rates = self.path.argument_rates(place.s, &place.state);
        (0..here.len())
            .map(|i| there[i] - here[i] + direction.s * rates[i])
            .collect()
    }

    /// The units whose arguments are zero.
    fn zeros(&self, place: &Extended) -> Vec<usize> {
        let margins = self.margins(place);
        let tolerance = ZERO * largest(&margins).max(1.0);
        let units = 0..margins.len();
        units
            .filter(|unit| margins[*unit].abs() <= tolerance)
            .collect()
    }

    /// Where a step leaves the region, if it does: the point on the border, with the map of this side.
    ///
    /// 1. A unit whose argument has the wrong sign at the end has switched. One whose tangents at both ends allow it may have
    ///    switched twice.
    /// 2. If it is one unit, Newton's method on its argument gives the place; no other may have switched before.
    /// 3. Otherwise the step is bisected, the first half first.
    pub(super) fn border_between(&self, from: &PathPoint, to: &PathPoint) -> Option<PathPoint> {
        let mut splits = MOST_SPLITS;
        self.border(from, to, &mut splits)
    }

    fn border(&self, from: &PathPoint, to: &PathPoint, splits: &mut usize) -> Option<PathPoint> {
        let ends = [from, to].map(|point| (&point.place, &point.tangent));
        let view = self.view(ends);
        let (switched, doubtful) = (view.switched(), view.doubtful());
        if switched.is_empty() && doubtful.is_empty() {
            return None;
        }
        if let ([unit], []) = (switched.as_slice(), doubtful.as_slice())
            && let Some(border) = self.locate(from, to, *unit, view.share(*unit))
        {
            return Some(border);
        }
        let chord = from.place.towards(&to.place).norm();
        let is_short = chord <= INSEPARABLE * (1.0 + to.place.norm());
        let middle = if is_short || *splits == 0 {
            None
        } else {
            *splits -= 1;
            self.middle(from, to)
        };
        match middle {
            Some(middle) => self
                .border(from, &middle, splits)
                .or_else(|| self.border(&middle, to, splits)),
            // Several at once, or too close to tell.
            None => switched.first().map(|unit| {
                self.locate(from, to, *unit, 0.5)
                    .unwrap_or_else(|| to.clone())
            }),
        }
    }

    /// The point of the branch above the middle of a step.
    fn middle(&self, from: &PathPoint, to: &PathPoint) -> Option<PathPoint> {
        let locked = self.locked();
        let chord = from.place.towards(&to.place);
        let guess = from.place.moved(0.5, &chord);
        let place = correct_on(&locked, &guess, &chord.scaled(1.0 / chord.norm()))?;
        sketch(&locked, place, &from.tangent, |_| true)
    }

    /// Newton's method on (G, a) = 0 for the argument a of one unit, from a share of the way on; the place must be within the
    /// step and inside the region in all other respects.
    fn locate(
        &self,
        from: &PathPoint,
        to: &PathPoint,
        unit: usize,
        share: f64,
    ) -> Option<PathPoint> {
        let locked = self.locked();
        let chord = from.place.towards(&to.place);
        let mut place = from.place.moved(share, &chord);
        let dim = place.state.len();
        let mut progress = Progress::new();
        for _ in 0..MOST_STEPS {
            let equation = Linearised::at(&locked, &place);
            let argument = self.path.at(place.s).arguments(&place.state)[unit];
            let gradient = self.path.argument_gradient(place.s, unit);
            let rate = self.path.argument_rates(place.s, &place.state)[unit];
            let matrix = Mat::from_fn(dim + 1, dim + 1, |i, j| match (i == dim, j == dim) {
                (true, true) => rate,
                (true, false) => gradient[j],
                (false, _) => equation.entry(i, j),
            });
            let right = Mat::from_fn(dim + 1, 1, |i, _| {
                if i == dim {
                    -argument
                } else {
                    -equation.residual[i]
                }
            });
            let step = Extended::from_column(&Factored::new(&matrix).solve(right)?, dim);
            let verdict = progress.judge(step.norm(), 1.0 + place.norm());
            place = place.moved(1.0, &step);
            match verdict {
                Verdict::Lost => return None,
                Verdict::Done => break,
                Verdict::Go => {}
            }
        }
        let share = from.place.towards(&place).dot(&chord) / chord.dot(&chord);
        let slack = (INSEPARABLE * (1.0 + place.norm()) / chord.norm()).min(0.05);
        let margins = self.margins(&place);
        let tolerance = ZERO * largest(&margins).max(1.0);
        let is_inside = margins.iter().all(|margin| *margin >= -tolerance);
        ((-slack..=1.0 + slack).contains(&share) && is_inside).then_some(())?;
        sketch(&locked, place, &from.tangent, |_| true)
    }

    /// The way on from a point on the border: the region behind it, and the same point with its map and tangent; `None` if
    /// there is none, or more than one.
    pub(super) fn beyond(&self, border: &PathPoint) -> Option<(Self, PathPoint)> {
        let zeros = self.zeros(&border.place);
        self.only_way(&border.place, &zeros, |active, _| active != self.active)
    }

    /// Of all ways that leave a place at which the arguments of some units are zero, into a region in which each of them has
    /// the sign that it comes to have, the only one that is accepted.
    fn only_way(
        &self,
        place: &Extended,
        zeros: &[usize],
        accept: impl Fn(&[bool], &PathPoint) -> bool,
    ) -> Option<(Self, PathPoint)> {
        if zeros.len() > MOST_AT_ONCE {
            return None;
        }
        let mut ways = Vec::new();
        for set in 0..1_usize << zeros.len() {
            let mut active = self.active.clone();
            for (bit, unit) in zeros.iter().enumerate() {
                active[*unit] = set >> bit & 1 == 1;
            }
            let region = Self {
                path: self.path,
                active,
            };
            let Some(point) = region.described(place) else {
                continue;
            };
            for point in [reversed(&point), point] {
                let growth = self.growth(place, &point.tangent);
                let growth = region.signed(growth);
                let leads_in = zeros.iter().all(|unit| growth[*unit] > ZERO);
                if leads_in && accept(&region.active, &point) {
                    ways.push((region.active.clone(), point));
                }
            }
        }
        let (active, point) = ways.pop().filter(|_| ways.is_empty())?;
        let path = self.path;
        Some((Self { path, active }, point))
    }

    /// A place with the tangent and test functions of this region, in either direction.
    fn described(&self, place: &Extended) -> Option<PathPoint> {
        let along_s = Extended::new(vec![0.0; place.state.len()], 1.0);
        let uneven = |i: usize| 1.0 + 0.3 * (2.4 * i as f64).sin();
        let across = Extended::new((0..place.state.len()).map(uneven).collect(), 0.0);
        let rows = [along_s, across];
        let locked = self.locked();
        rows.iter()
            .find_map(|row| sketch(&locked, place.clone(), row, |_| true))
    }

    /// What both ends of a step, places with their unit tangents, say of the arguments.
    fn view(&self, ends: [(&Extended, &Extended); 2]) -> View {
        let length = ends[0].0.towards(ends[1].0).norm();
        let lengths = [length, -length];
        let [from, to] = [0, 1].map(|end| {
            let (place, tangent) = ends[end];
            let growth = self.signed(self.growth(place, tangent));
            let slopes = growth.iter().map(|growth| lengths[end] * growth).collect();
            (self.margins(place), slopes)
        });
        View { from, to }
    }
}

/// The same point, travelled the other way.
fn reversed(point: &PathPoint) -> PathPoint {
    let mut reversed = point.clone();
    reversed.tangent = point.tangent.scaled(-1.0);
    reversed.tests.turning = -point.tests.turning;
    reversed.tests.border = -point.tests.border;
    reversed
}

/// Whether a branch stays within one region from one point to another, given with their unit tangents, as far as arguments
/// and slopes at both tell.
pub(in crate::landscape) fn stays_within(
    path: &PiecewisePath,
    ends: [(&Extended, &Extended); 2],
) -> bool {
    let active = ends.map(|(place, _)| {
        let arguments = path.at(place.s).arguments(&place.state);
        arguments.iter().map(|a| *a > 0.0).collect::<Vec<bool>>()
    });
    let [active, other] = active;
    if active != other {
        return false;
    }
    let region = Region { path, active };
    let is_on_border = ends.iter().any(|end| !region.zeros(end.0).is_empty());
    let view = region.view(ends);
    !is_on_border && view.switched().is_empty() && view.doubtful().is_empty()
}

/// The arguments at both ends of a step, positive inside the region, and what the tangents make of them at the other end.
struct View {
    from: (Vec<f64>, Vec<f64>),
    to: (Vec<f64>, Vec<f64>),
}

impl View {
    fn tolerance(&self) -> f64 {
        ZERO * largest(&self.to.0).max(largest(&self.from.0)).max(1.0)
    }

    /// Units with the wrong sign at the end.
    fn switched(&self) -> Vec<usize> {
        let tolerance = self.tolerance();
        let units = 0..self.to.0.len();
        units.filter(|unit| self.to.0[*unit] < -tolerance).collect()
    }

    /// Units with the right sign at the end that may have had the wrong one before: below the tangents at both ends, with the
    /// curvature that these show.
    fn doubtful(&self) -> Vec<usize> {
        let tolerance = self.tolerance();
        let is_doubtful = |unit: &usize| {
            let (a, slope) = (self.from.0[*unit], self.from.1[*unit]);
            let (b, back) = (self.to.0[*unit], self.to.1[*unit]);
            if b < -tolerance {
                return false;
            }
            let missed = [BENT * (a + slope - b).abs(), BENT * (b + back - a).abs()];
            (1..PLACES).any(|place| {
                let t = place as f64 / PLACES as f64;
                let r = 1.0 - t;
                let bounds = [
                    a + slope * t - missed[0] * t * t,
                    b + back * r - missed[1] * r * r,
                ];
                bounds[0].max(bounds[1]) < -tolerance
            })
        };
        (0..self.to.0.len()).filter(is_doubtful).collect()
    }

    /// Where between both ends the argument of a unit is zero, on the straight line.
    fn share(&self, unit: usize) -> f64 {
        let (a, b) = (self.from.0[unit].max(0.0), self.to.0[unit]);
        a / (a - b)
    }
}
