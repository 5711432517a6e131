//! Maps of rectified units, which are affine wherever the same units are active, and paths of them.
//!
//! Within a region of state space in which the set of active units stays the same the map is affine: its fixed
//! point there is one linear solve, and Taylor series end after the first term. A fixed point moves smoothly along
//! a path until one of its units switches; then the set changes and another affine map takes over.
//! `landscape::follow::border` follows points through these switches with the sets held
//! ([`PiecewisePath::locked`]), so that Newton's method never meets a kink.

use faer::{Mat, MatMut};

use super::{Family, Map};
use crate::calculus::{Jet, Scalar as _};

/// A coefficient of s² smaller than this, relative to the largest weight, is zero.
const ROUNDING: f64 = 1e-13;

/// A map of rectified units. With P = diag(1 where the argument of a unit is positive, else 0):
///
/// - rates: x′ = D x + P a with the arguments a = W x + h;
/// - currents: x′ = D x + W P x + h with the arguments x.
///
/// D is diagonal. What multiplies the units' whole input (the α of a leaky cell) is taken into W and h.
#[derive(Debug, Clone, PartialEq)]
pub struct PiecewiseAffine {
    /// Whether the state holds rates, and not currents.
    pub state_is_rate: bool,
    /// D, one for each unit.
    pub decay: Vec<f64>,
    /// W, `units × units`.
    pub weights: Mat<f64>,
    /// h, one for each unit.
    pub drive: Vec<f64>,
}

impl PiecewiseAffine {
    /// The arguments of the units, whose signs say which are active.
    pub fn arguments(&self, state: &[f64]) -> Vec<f64> {
        if !self.state_is_rate {
            return state.to_vec();
        }
        let mut arguments = self.drive.clone();
        for (j, x) in state.iter().enumerate() {
            for (a, w) in arguments.iter_mut().zip(self.weights.col_as_slice(j)) {
                *a += w * x;
            }
        }
        arguments
    }

    /// The sum of three maps, each with a factor.
    fn combined(parts: [(&Self, f64); 3]) -> Self {
        let first = parts[0].0;
        let dim = first.drive.len();
        let sum = |of: fn(&Self) -> &[f64]| -> Vec<f64> {
            let entry = |i: usize| parts.iter().map(|(part, f)| f * of(part)[i]).sum();
            (0..dim).map(entry).collect()
        };
        Self {
            state_is_rate: first.state_is_rate,
            decay: sum(|part| &part.decay),
            weights: Mat::from_fn(dim, dim, |i, j| {
                parts
                    .iter()
                    .map(|(part, factor)| factor * part.weights[(i, j)])
                    .sum()
            }),
            drive: sum(|part| &part.drive),
        }
    }

    fn largest(&self) -> f64 {
        let vectors = self.decay.iter().chain(&self.drive).copied();
        let columns = (0..self.weights.ncols()).flat_map(|j| self.weights.col_as_slice(j));
        let all = vectors.chain(columns.copied());
        all.fold(0.0, |most: f64, x| most.max(x.abs()))
    }
}

/// A path of maps of rectified units whose weights are at most quadratic in s.
#[derive(Debug, Clone)]
pub struct PiecewisePath {
    /// The coefficients of 1, s and s²; the last `None` where it is zero.
    constant: PiecewiseAffine,
    linear: PiecewiseAffine,
    quadratic: Option<PiecewiseAffine>,
}

impl PiecewisePath {
    /// The path through three maps, at s = 0, ½ and 1.
    ///
    /// The coefficients of the parabola through three values: F(s) = a + (−3a + 4m − e)s + (2a − 4m + 2e)s². All
    /// three must be maps of the same form and size. Where the quadratic part is below 10⁻¹³ of the largest weight
    /// it is dropped, and the path is the straight line from start to end.
    pub fn through(
        start: &PiecewiseAffine,
        middle: &PiecewiseAffine,
        end: &PiecewiseAffine,
    ) -> Self {
        let at = |a, b, c| PiecewiseAffine::combined([(start, a), (middle, b), (end, c)]);
        let quadratic = at(2.0, -4.0, 2.0);
        let is_straight = quadratic.largest() <= ROUNDING * start.largest().max(end.largest());
        Self {
            constant: start.clone(),
            linear: if is_straight {
                at(-1.0, 0.0, 1.0)
            } else {
                at(-3.0, 4.0, -1.0)
            },
            quadratic: (!is_straight).then_some(quadratic),
        }
    }

    /// Dimension of the state space, one for each unit.
    pub fn dim(&self) -> usize {
        self.constant.drive.len()
    }

    /// The map at s.
    pub fn at(&self, s: f64) -> PiecewiseAffine {
        let (last, factor) = match &self.quadratic {
            Some(quadratic) => (quadratic, s * s),
            None => (&self.linear, 0.0),
        };
        PiecewiseAffine::combined([(&self.constant, 1.0), (&self.linear, s), (last, factor)])
    }

    /// The derivative of the map in s.
    pub fn rate(&self, s: f64) -> PiecewiseAffine {
        let (last, factor) = match &self.quadratic {
            Some(quadratic) => (quadratic, 2.0 * s),
            None => (&self.linear, 0.0),
        };
        PiecewiseAffine::combined([(&self.linear, 1.0), (last, factor), (last, 0.0)])
    }

    /// The path with the given units active and the others not, wherever it is: affine in the state.
    ///
    /// `active` has one entry for each unit.
    pub fn locked(&self, active: &[bool]) -> Locked<'_> {
        Locked {
            path: self,
            active: active.to_vec(),
        }
    }

    /// ∂a/∂s at a state.
    ///
    /// 0 where the state holds the currents themselves, which do not depend on s at a given state.
    pub fn argument_rates(&self, s: f64, state: &[f64]) -> Vec<f64> {
        if !self.constant.state_is_rate {
            return vec![0.0; state.len()];
        }
        self.rate(s).arguments(state)
    }

    /// An argument as a function of the state: its gradient.
    ///
    /// For rates row `unit` of W(s); for currents the unit vector.
    pub fn argument_gradient(&self, s: f64, unit: usize) -> Vec<f64> {
        let dim = self.dim();
        if self.constant.state_is_rate {
            let map = self.at(s);
            (0..dim).map(|j| map.weights[(unit, j)]).collect()
        } else {
            (0..dim).map(|j| f64::from(u8::from(j == unit))).collect()
        }
    }
}

/// A path of maps of rectified units with the set of active units held.
#[derive(Debug, Clone)]
pub struct Locked<'a> {
    path: &'a PiecewisePath,
    active: Vec<bool>,
}

/// The affine map of one set of active units at one s.
///
/// It is defined everywhere, and is the network's own map only where the arguments of exactly these units are
/// positive.
#[derive(Debug, Clone)]
pub struct LockedMap {
    map: PiecewiseAffine,
    active: Vec<bool>,
}

impl Locked<'_> {
    /// Of each unit whether it is held active.
    pub fn active(&self) -> &[bool] {
        &self.active
    }
}

impl Family for Locked<'_> {
    type At = LockedMap;

    fn at(&self, s: f64) -> LockedMap {
        LockedMap {
            map: self.path.at(s),
            active: self.active.clone(),
        }
    }

    fn jet(&self, s: Jet, curve: &[Jet]) -> Vec<Jet> {
        let parts = [Some(&self.path.constant), Some(&self.path.linear)];
        let parts = parts.into_iter().chain([self.path.quadratic.as_ref()]);
        let powers = [Jet::constant(1.0), s, s * s];
        let mut sum = vec![Jet::default(); curve.len()];
        for (part, power) in parts.zip(powers) {
            let Some(part) = part else { continue };
            let value = affine_jet(part, &self.active, curve);
            for (sum, value) in sum.iter_mut().zip(value) {
                *sum = *sum + power * value;
            }
        }
        sum
    }
}

impl Map for LockedMap {
    fn dim(&self) -> usize {
        self.map.drive.len()
    }

    fn step(&self, point: &[f64], out: &mut [f64]) {
        let Self { map, active } = self;
        out.copy_from_slice(&map.drive);
        for (j, x) in point.iter().enumerate() {
            if map.state_is_rate || active[j] {
                for (sum, w) in out.iter_mut().zip(map.weights.col_as_slice(j)) {
                    *sum += w * x;
                }
            }
        }
        for (i, out) in out.iter_mut().enumerate() {
            if map.state_is_rate && !active[i] {
                *out = 0.0;
            }
            *out += map.decay[i] * point[i];
        }
    }

    fn jacobian(&self, _: &[f64], mut out: MatMut<'_, f64>) {
        let Self { map, active } = self;
        for j in 0..active.len() {
            for i in 0..active.len() {
                let place = if map.state_is_rate { i } else { j };
                let through = if active[place] {
                    map.weights[(i, j)]
                } else {
                    0.0
                };
                let decay = if i == j { map.decay[i] } else { 0.0 };
                out[(i, j)] = decay + through;
            }
        }
    }

    fn jet(&self, curve: &[Jet]) -> Vec<Jet> {
        affine_jet(&self.map, &self.active, curve)
    }
}

/// D x + P(W x + h), or D x + W P x + h.
fn affine_jet(map: &PiecewiseAffine, active: &[bool], curve: &[Jet]) -> Vec<Jet> {
    let mut out: Vec<Jet> = map.drive.iter().map(|h| Jet([*h, 0.0, 0.0, 0.0])).collect();
    for (j, x) in curve.iter().enumerate() {
        if map.state_is_rate || active[j] {
            for (sum, w) in out.iter_mut().zip(map.weights.col_as_slice(j)) {
                for k in 0..4 {
                    sum.0[k] += w * x.0[k];
                }
            }
        }
    }
    for (i, out) in out.iter_mut().enumerate() {
        if map.state_is_rate && !active[i] {
            *out = Jet::default();
        }
        for k in 0..4 {
            out.0[k] += map.decay[i] * curve[i].0[k];
        }
    }
    out
}
