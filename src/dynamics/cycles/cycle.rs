//! Cycles: states that return after k steps and not before.
//!
//! A k-cycle is solved as k unknown states with xᵢ₊₁ = F(xᵢ) (multiple shooting), and not as a root of Fᵏ: errors
//! are not stretched k times over, so that long and unstable cycles converge too. Condensing the block-cyclic
//! equations leaves one linear solve of the size of one state.
//!
//! The index of a cycle is sign det(I − DFᵏ). Under the index theorem the indices of all points that return after k
//! steps sum to that of the map (1 where it has a trapping box), so a list of fixed points and k-cycles can be
//! audited like a list of fixed points.

use faer::Mat;
use faer::linalg::solvers::{PartialPivLu, Solve as _};

use super::floquet::{Multiplier, multipliers};
use crate::dynamics::linear::spectrum::{Spectrum, SpectrumError};
use crate::dynamics::points::certificate::{Certificate, certify};
use crate::dynamics::points::search::{Completeness, FixedPoint, Known, SearchLimits, search};
use crate::map::Map;
use crate::map::iterate::Iterate;
use crate::norms::{distance, largest, scale_of};

/// Newton steps at most.
const MOST_STEPS: usize = 40;
/// Two states closer than this, relative to the largest coordinate (at least 1), are one.
const SAME_STATE: f64 = 1e-8;
/// A state that comes back this close, relative to how far the orbit reaches, may be on a cycle.
const NEAR_RETURN: f64 = 1e-3;

/// The same, relative to the last step, for an orbit that has long been left to itself.
const NEAR_AGAIN: f64 = 1e-6;
/// Newton steps from such a return at most, and the largest product of period and cubed dimension for which they are taken.
const SUSPECTED: (usize, usize) = (10, 200_000_000);

/// What a step costs besides, in multiplications.
const OVERHEAD: usize = 1000;

/// A cycle of a map.
///
/// The certificate, where there is one, is that of x₁ as a fixed point of Fᵏ ([`certify`]); bounds grow with k, so
/// that long cycles seldom have one.
#[derive(Debug, Clone, PartialEq)]
pub struct Cycle {
    /// Its states in order of time, `period` of them; the first is the one with the smallest first coordinate.
    pub states: Vec<Vec<f64>>,
    /// Largest |x_{i+1} − F(x_i)|.
    pub residual: f64,
    /// sign det(I − DFᵏ).
    pub index: i8,
    /// Eigenvalues of DFᵏ, the multipliers (see [`multipliers`]).
    pub spectrum: Spectrum,
    /// Proof that the first state returns after k steps, where there is one.
    pub certificate: Option<Certificate>,
}

impl Cycle {
    /// Steps until it returns.
    pub fn period(&self) -> usize {
        self.states.len()
    }

    /// Whether another orbit runs through the same states.
    ///
    /// States are compared to 10⁻⁸ of the largest coordinate (at least 1).
    pub fn is_same(&self, other: &Self) -> bool {
        let first = &other.states[0];
        self.period() == other.period() && self.states.iter().any(|state| is_near(state, first))
    }
}

/// All cycles of one period that a search finds.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Cycles {
    /// The cycles.
    pub cycles: Vec<Cycle>,
    /// Whether these, with all cycles whose period divides theirs, are all there are: by the same audit as for fixed
    /// points, Σ sign det(I − DFᵏ) over all states that return after k steps.
    pub complete: Completeness,
}

/// Searches for the cycles of one period: the fixed points of Fᵏ from the given starts, less those of a shorter period.
///
/// 1. `known`, states that return after k steps or a divisor of k, are closed under F and given to the search.
/// 2. Fixed points of Fᵏ are searched (see [`search`]).
/// 3. Each is polished by [`shoot`], which finds its minimal period; those of period k are kept, each once.
///
/// The completeness is about all points that return after `period` steps. Where it is not proved, it is unknown if
/// the map has no index sum or a point is degenerate.
/// # Errors
/// [`SpectrumError`] where the eigenvalues of a point cannot be computed.
pub fn cycles<M: Map + ?Sized>(
    map: &M,
    period: usize,
    known: &[Vec<f64>],
    starts: &[Vec<f64>],
    limits: SearchLimits,
) -> Result<Cycles, SpectrumError> {
    let iterate = Iterate::new(map, period);
    let closed: Vec<Vec<f64>> = known
        .iter()
        .flat_map(|state| iterate.orbit(state))
        .collect();
    let known: Vec<Known<'_>> = closed
        .iter()
        .map(|state| Known { state, index: 0 })
        .collect();
    let findings = search(&iterate, &known, starts, limits)?;
    let mut found: Vec<Cycle> = Vec::new();
    for point in &findings.fixed_points {
        let Some(cycle) = shoot(map, &iterate.orbit(&point.state)) else {
            continue;
        };
        if cycle.period() == period && !found.iter().any(|other| other.is_same(&cycle)) {
            found.push(cycle);
        }
    }
    let shorter: Vec<&FixedPoint> = findings
        .fixed_points
        .iter()
        .filter(|point| minimal_period(map, &point.state, period) < period)
        .collect();
    // The images of found states count, whether a start led to them or not.
    let sum: i32 = shorter
        .iter()
        .map(|point| i32::from(point.index))
        .chain(
            found
                .iter()
                .map(|cycle| period as i32 * i32::from(cycle.index)),
        )
        .sum();
    let all_there = shorter.len() + period * found.len() == findings.fixed_points.len();
    let complete = match (findings.complete, map.index_sum()) {
        (Completeness::Proved, _) if all_there => Completeness::Proved,
        (Completeness::Unknown, _) | (_, None) => Completeness::Unknown,
        _ if !findings.left_undone.is_empty() || findings.is_poorly_sampled() => {
            Completeness::Incomplete
        }
        (_, Some(expected)) if expected == sum => Completeness::IndexConsistent,
        _ => Completeness::Incomplete,
    };
    Ok(Cycles {
        cycles: found,
        complete,
    })
}

/// The cycle near an orbit of as many states as its period, by multiple shooting; `None` if Newton's method does not
/// converge.
///
/// 1. r_i = F(x_i) − x_{i+1}, cyclically, and J_i.
/// 2. δ_{i+1} = J_iδ_i + r_i all the way round leaves (I − J_k…J_1)δ_1 = r_k + J_k r_{k−1} + …, and δ_1 gives the others.
/// 3. Until the steps are as small as rounding; then the smallest divisor of k after which the orbit returns is its period.
///
/// At most 40 Newton steps, undamped: the guess has to be near. `None` also where I − J_k…J_1 is singular (the step
/// is not finite) or a step exceeds 10⁶ times the size of the orbit.
pub fn shoot<M: Map + ?Sized>(map: &M, orbit: &[Vec<f64>]) -> Option<Cycle> {
    shoot_within(map, orbit, MOST_STEPS)
}

fn shoot_within<M: Map + ?Sized>(map: &M, orbit: &[Vec<f64>], steps: usize) -> Option<Cycle> {
    let mut states = orbit.to_vec();
    let mut previous = f64::INFINITY;
    for _ in 0..steps {
        let step = shooting_step(map, &states)?;
        for (state, step) in states.iter_mut().zip(&step) {
            for (x, d) in state.iter_mut().zip(step) {
                *x += d;
            }
        }
        let size = largest(step.iter().flatten());
        let scale = largest(states.iter().flatten()).max(1.0);
        if !size.is_finite() || size > 1e6 * scale {
            return None;
        }
        if size <= 1e-14 * scale || (size <= 1e-10 * scale && size >= 0.5 * previous) {
            return described(map, states);
        }
        previous = size;
    }
    None
}

/// Step 2.
fn shooting_step<M: Map + ?Sized>(map: &M, states: &[Vec<f64>]) -> Option<Vec<Vec<f64>>> {
    let (dim, period) = (map.dim(), states.len());
    let mut product = Mat::<f64>::identity(dim, dim);
    let mut right = Mat::zeros(dim, 1);
    let mut jacobians = Vec::with_capacity(period);
    let mut residuals = Vec::with_capacity(period);
    let mut image = vec![0.0; dim];
    for (place, state) in states.iter().enumerate() {
        let next = &states[(place + 1) % period];
        map.step(state, &mut image);
        let residual = Mat::from_fn(dim, 1, |i, _| image[i] - next[i]);
        let mut jacobian = Mat::zeros(dim, dim);
        map.jacobian(state, jacobian.as_mut());
        product = &jacobian * &product;
        right = &jacobian * &right + &residual;
        jacobians.push(jacobian);
        residuals.push(residual);
    }
    let matrix = Mat::<f64>::identity(dim, dim) - &product;
    let mut step = PartialPivLu::new(matrix.as_ref()).solve(&right);
    let mut steps = Vec::with_capacity(period);
    for (jacobian, residual) in jacobians.iter().zip(&residuals) {
        steps.push(step.col_as_slice(0).to_vec());
        step = jacobian * &step + residual;
    }
    steps
        .iter()
        .flatten()
        .all(|d| d.is_finite())
        .then_some(steps)
}

/// Step 3.
fn described<M: Map + ?Sized>(map: &M, mut states: Vec<Vec<f64>>) -> Option<Cycle> {
    let full = states.len();
    let period = (1..=full)
        .filter(|period| full.is_multiple_of(*period))
        .find(|period| is_near(&states[0], &states[period % full]))
        .unwrap_or(full);
    states.truncate(period);
    let first = (0..period).min_by(|&a, &b| states[a][0].total_cmp(&states[b][0]))?;
    states.rotate_left(first);
    let mut image = vec![0.0; map.dim()];
    let mut residual = 0.0_f64;
    for (place, state) in states.iter().enumerate() {
        map.step(state, &mut image);
        let next = &states[(place + 1) % period];
        residual = image
            .iter()
            .zip(next)
            .fold(residual, |most, (a, b)| most.max((a - b).abs()));
    }
    let jacobians: Vec<Mat<f64>> = states
        .iter()
        .map(|state| {
            let mut jacobian = Mat::zeros(map.dim(), map.dim());
            map.jacobian(state, jacobian.as_mut());
            jacobian
        })
        .collect();
    let (spectrum, index) = returning(&jacobians)?;
    Some(Cycle {
        residual,
        index,
        spectrum,
        certificate: certify(&Iterate::new(map, period), &states[0]),
        states,
    })
}

/// The multipliers of a cycle from its Jacobians, and sign det(I − DFᵏ): a real multiplier beyond 1 turns it round.
fn returning(jacobians: &[Mat<f64>]) -> Option<(Spectrum, i8)> {
    let found = multipliers(jacobians).ok()?;
    let beyond = |of: &&Multiplier| of.is_real() && of.value().0 > 1.0;
    let is_odd = found.iter().filter(beyond).count() % 2 == 1;
    let dim = found.len();
    let largest = jacobians.iter().map(Mat::norm_l2).fold(0.0, f64::max);
    let spectrum = Spectrum {
        eigenvalues: found.iter().map(Multiplier::value).collect(),
        dim,
        marginal_band: 50.0 * (dim * jacobians.len()) as f64 * f64::EPSILON * largest,
    };
    Some((spectrum, if is_odd { -1 } else { 1 }))
}

/// The cycle that an orbit has settled on, of at most a given period: the state returns to itself, and [`shoot`] converges
/// nearby. `None` if it has not; one that does not attract only if there is no other.
///
/// `longest` is the longest period that is tried; the orbit is run for twice as long from `state`, which should
/// have been burnt in. A period is tried where the state comes back to within a thousandth of the largest
/// coordinate, both now and `longest` − 1 steps later.
pub fn settled_on<M: Map + ?Sized>(map: &M, state: &[f64], longest: usize) -> Option<Cycle> {
    let orbit = Iterate::new(map, 2 * longest).orbit(state);
    let near = NEAR_RETURN * largest(orbit.iter().flatten()).max(1e-3);
    // Returning once may be chance.
    let off = |period: usize| {
        let from = |start: usize| distance(&orbit[start], &orbit[start + period]);
        from(0).max(from(longest - 1))
    };
    let mut unstable = None;
    for period in nearer_and_nearer((1..=longest).map(|period| (period, off(period))), near) {
        let Some(cycle) = shoot(map, &orbit[..period]) else {
            continue;
        };
        let is_here = |other: &Vec<f64>| distance(other, &orbit[0]) <= 10.0 * near;
        if cycle.states.iter().any(is_here) {
            if cycle.spectrum.n_unstable() == 0 {
                return Some(cycle);
            }
            unstable = unstable.or(Some(cycle));
        }
    }
    unstable
}

/// The attracting cycle, of whatever period, that an orbit of states `[][dim]` has settled on: its last state comes back to
/// itself nearer than a millionth of a step, and [`shoot`] converges at once. `None` if it has not.
///
/// Periods are limited by the cost of a shooting step, period × (dim³ + 1000) ≤ 2·10⁸, and by half the orbit's
/// length.
pub fn settled_orbit<M: Map + ?Sized>(map: &M, orbit: &[f64]) -> Option<Cycle> {
    let dim = map.dim();
    let at = |place: usize| &orbit[place * dim..][..dim];
    let last = (orbit.len() / dim).checked_sub(1)?;
    let near = NEAR_AGAIN * distance(at(last), at(last.checked_sub(1)?));
    let longest = SUSPECTED.1 / (dim.pow(3) + OVERHEAD);
    let periods = 1..=longest.min(last / 2);
    let off = periods.map(|period| (period, distance(at(last - period), at(last))));
    let mut periods = nearer_and_nearer(off, near).into_iter();
    periods.find_map(|period| {
        let states: Vec<Vec<f64>> = (last - period..last).map(|i| at(i).to_vec()).collect();
        let cycle = shoot_within(map, &states, SUSPECTED.0)?;
        let is_here = |other: &Vec<f64>| distance(other, at(last)) <= near / NEAR_AGAIN.sqrt();
        let attracts = cycle.spectrum.n_unstable() == 0;
        (attracts && cycle.states.iter().any(is_here)).then_some(cycle)
    })
}

/// Periods after which a state is nearer to where it was than `near`, each nearer by a factor of ten than the one before: a
/// cycle beside another one of half its period returns after both.
fn nearer_and_nearer(off: impl Iterator<Item = (usize, f64)>, near: f64) -> Vec<usize> {
    let mut bound = near;
    let mut periods = Vec::new();
    for (period, off) in off {
        if off <= bound {
            periods.push(period);
            bound = 0.1 * off;
        }
    }
    periods
}

fn minimal_period<M: Map + ?Sized>(map: &M, state: &[f64], period: usize) -> usize {
    let mut at = state.to_vec();
    let mut next = at.clone();
    for steps in 1..period {
        map.step(&at, &mut next);
        std::mem::swap(&mut at, &mut next);
        if period.is_multiple_of(steps) && is_near(&at, state) {
            return steps;
        }
    }
    period
}

fn is_near(a: &[f64], b: &[f64]) -> bool {
    distance(a, b) <= SAME_STATE * scale_of(a)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::cell::map::CellMap;
    use crate::dynamics::points::starts::simulated;
    use crate::map::{Henon, Logistic};

    #[test]
    fn logistic_map_has_its_cycles() {
        let starts: Vec<Vec<f64>> = (0..200).map(|i| vec![f64::from(i) / 200.0]).collect();
        let of = |rate: f64, period| {
            cycles(
                &Logistic { rate },
                period,
                &[],
                &starts,
                SearchLimits::default(),
            )
            .unwrap()
            .cycles
        };
        assert!(of(2.9, 2).is_empty());
        let two = of(3.2, 2);
        assert_eq!(two.len(), 1);
        // Multiplier 4 + 2r − r².
        assert!((two[0].spectrum.leading().0 - (4.0 + 6.4 - 3.2 * 3.2)).abs() < 1e-12);
        assert!(two[0].certificate.is_some() && two[0].residual < 1e-15);
        // Three-cycles are born in a fold at 1 + √8; at r = 4 there are (2³ − 2)/3 = 2, and (2⁴ − 2²)/4 = 3 of period 4.
        assert!(of(1.0 + 8.0_f64.sqrt() - 1e-6, 3).is_empty());
        assert_eq!(of(1.0 + 8.0_f64.sqrt() + 1e-6, 3).len(), 2);
        assert_eq!((of(4.0, 3).len(), of(4.0, 4).len()), (2, 3));
    }

    #[test]
    fn an_orbit_settles_on_its_cycle() {
        let map = Henon { a: 1.0, b: 0.3 };
        let mut state = vec![0.1, 0.1];
        let mut next = state.clone();
        for _ in 0..2000 {
            map.step(&state, &mut next);
            std::mem::swap(&mut state, &mut next);
        }
        // 2 → 4 at a = 0.9125.
        let cycle = settled_on(&map, &state, 64).unwrap();
        assert_eq!(cycle.period(), 4);
        assert_eq!(cycle.spectrum.n_unstable(), 0);
        assert!(settled_on(&Henon { a: 1.4, b: 0.3 }, &[0.1, 0.1], 64).is_none());
    }

    /// Σ over fixed points and two-cycles of sign det(I − DF²) is 1 in a network of bounded units.
    #[test]
    fn indices_of_two_cycles_balance_those_of_fixed_points() {
        // One unit with w = −2: the fixed point 0 has index −1 under F², the 2-cycle +1 twice.
        let map = CellMap::vanilla(&[-2.0], vec![0.0]);
        let found = cycles(
            &map,
            2,
            &[],
            &simulated(&map, 64, 0.5, 1),
            SearchLimits::default(),
        )
        .unwrap();
        assert_eq!(
            (found.cycles.len(), found.complete),
            (1, Completeness::Proved)
        );
        assert!((found.cycles[0].states[0][0] + 0.957_504_024_077_269).abs() < 1e-13);
        // Three units that oscillate against each other.
        let weights = [-2.0, 0.4, 0.0, -0.3, -1.8, 0.5, 0.6, 0.0, 1.5];
        let map = CellMap::vanilla(&weights, vec![0.1, -0.05, 0.02]);
        let found = cycles(
            &map,
            2,
            &[],
            &simulated(&map, 512, 0.5, 2),
            SearchLimits::default(),
        )
        .unwrap();
        assert!(
            matches!(
                found.complete,
                Completeness::Proved | Completeness::IndexConsistent
            ),
            "{found:?}"
        );
        assert!(!found.cycles.is_empty());
    }
}
