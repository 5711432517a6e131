//! What is born at a flip, a Neimark–Sacker point or a border: the 2-cycle or the closed curve, a short way beside it.
//!
//! The normal form predicts amplitude, period and stability near the event; here they are compared with what a
//! solver finds a short way beside it. A prediction and a finding that disagree by more than a factor of two are
//! not taken for the same thing.

use std::f64::consts::TAU;

use faer::{Mat, c64};

use super::event::{Bifurcation, EventKind};
use super::normal_form::Criticality;
use crate::dynamics::cycles::curve::{Curve, refined};
use crate::dynamics::cycles::cycle::shoot;
use crate::dynamics::cycles::rotation::rotation_number;
use crate::dynamics::points::newton::{NewtonEnd, NewtonLimits, solve};
use crate::landscape::equations::equation::{Extended, Factored, Linearised, dot};
use crate::landscape::equations::locate::{self, complex_dot, parts};
use crate::landscape::equations::test_functions::eigenvalues;
use crate::landscape::follow::border::cycle_beside;
use crate::map::derivatives::{mixed, second};
use crate::map::{Family, Map};
use crate::norms::scale_of;

/// Distance from the event in s, at most.
const FURTHEST: f64 = 0.01;
/// How far beyond the event: ||λ| − 1| there, at most.
const BEYOND: f64 = 1e-3;
/// Predicted amplitude there, at most, relative to the largest coordinate (at least 1).
const SMALL: f64 = 0.05;
/// What is found must be within this factor of the predicted amplitude: with nothing it is the fixed point itself, and
/// much larger it is something else.
const SAME_OBJECT: f64 = 2.0;
/// Harmonics of a curve at first, and how much smaller than the first the last must be: the mean amplitude is then
/// known to about the square.
const HARMONICS: usize = 4;
const DECAY: f64 = 5e-3;
/// Largest dimension in which the equations of a curve are solved; beyond it a stable one is simulated.
const SOLVED_DIM: usize = 200;
/// ContinuationLimits that a simulation takes to the curve, in units of 1/(|λ| − 1), and steps that are then looked at.
const SIMULATED: (f64, usize) = (10.0, 4000);

/// The cycle or curve that is born at an event.
///
/// `amplitude` is the check: near `predicted` where the normal form holds.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Born {
    /// Sign of s − s* for which it exists.
    pub side: i8,
    /// |s − s*| where it was looked at: where |λ| of the fixed point is 1 ± 10⁻³, or nearer; at a border 0.01, halved until the
    /// cycle is there.
    pub distance: f64,
    /// ContinuationLimits of one turn there: 2 for the cycle, 1/ρ for the curve; where it was not found, 2π/θ at the event.
    pub period: f64,
    /// Amplitude there by the normal form, √(±(|λ| − 1)/coefficient): along the critical eigenvector q, of length 1. At a
    /// border, where it grows in proportion to the distance, by its growth.
    pub predicted: f64,
    /// Amplitude as it is: |pᵀ(x₁ − x₂)|/2 of the cycle, the mean of |pᴴ(x − x*)| over the curve, with the left
    /// eigenvector p, pᴴq = 1; at a border ‖x₁ − x₂‖/2. `None` if neither a solver nor a simulation came to it.
    pub amplitude: Option<f64>,
    /// Leading multiplier of the cycle as found (real part, imaginary part); else what the normal form says: 1 − 4ε of
    /// the cycle and, transverse to the curve and per step, 1 − 2ε of the curve, with ε = |λ| − 1.
    pub multiplier: (f64, f64),
    /// Whether it attracts: the multipliers of the cycle, or the criticality and the other eigenvalues of the fixed
    /// point.
    pub is_stable: bool,
}

/// What is born at a flip, a Neimark–Sacker point or a border of a family; `None` for other events, and where the coefficient is
/// degenerate or λ does not move with s.
///
/// 1. d|λ|/ds along the branch, from pᴴ(B(q, x_s) + J_s q) with x_s = (I − J)⁻¹F_s, tells the side.
/// 2. s is put so far beyond that ||λ| − 1| is 10⁻³ and the predicted amplitude at most 0.05; there the fixed point and
///    its critical eigenvalue are computed.
/// 3. Flip: x ± ηq, η = √((|λ| − 1)/b), starts the solver of cycles, whose multipliers tell the stability.
/// 4. Neimark–Sacker: x + 2Re(z e^{iφ}q), |z|² = −(|λ| − 1)/Re d, starts Newton's method for closed curves, stable or
///    not; in more than 200 dimensions a stable one is simulated.
/// 5. Border at which det(I + J) changes its sign: the 2-cycle with one state on each side, from its linear equation.
///
/// The amplitude is measured along the left critical vector, so that it does not depend on how the curve bends in
/// other directions.
pub fn born<F: Family + ?Sized>(family: &F, event: &Bifurcation) -> Option<Born> {
    if let EventKind::Border(border) = &event.kind {
        let is_flip = border.flip_ratio < 0.0;
        return is_flip.then(|| cycle_beside(&family.piecewise()?, event, border))?;
    }
    let criticality = event.criticality()?;
    if criticality == Criticality::Degenerate {
        return None;
    }
    let critical = match &event.kind {
        EventKind::Flip(form) => {
            let at = locate::flip(family, &event.place)?;
            let complex = |v: &[f64]| v.iter().map(|&v| c64::new(v, 0.0)).collect();
            Critical {
                right: complex(&at.right),
                left: complex(&at.left),
                value: c64::new(-1.0, 0.0),
                growth: -form.b,
                place: at.place,
            }
        }
        EventKind::NeimarkSacker(form) => {
            let theta = form.theta;
            let at = locate::neimark_sacker_near(family, &event.place, theta, f64::INFINITY)?;
            Critical {
                right: at.right,
                left: at.left,
                value: c64::new(at.theta.cos(), at.theta.sin()),
                growth: form.d.0,
                place: at.place,
            }
        }
        _ => return None,
    };
    let beside = critical.beside(family)?;
    match &event.kind {
        EventKind::Flip(_) => Some(cycle(&critical, &beside)),
        EventKind::NeimarkSacker(form) => Some(curve(&critical, &beside, form.d.1)),
        _ => None,
    }
}

/// An event with its critical vectors.
struct Critical {
    place: Extended,
    right: Vec<c64>,
    left: Vec<c64>,
    /// λ on the unit circle.
    value: c64,
    /// −b or Re d: |z| ↦ |z|(|λ| + growth |z|²).
    growth: f64,
}

/// The fixed point a short way from the event, on the side where something is born.
struct Beside<M> {
    map: M,
    point: Vec<f64>,
    /// Its critical eigenvalue.
    value: c64,
    n_unstable: usize,
    side: i8,
    distance: f64,
    /// √(−(|λ| − 1)/growth).
    predicted: f64,
}

impl Critical {
    /// Step 1: d|λ|/ds, and x_s.
    fn rate<F: Family + ?Sized>(&self, family: &F) -> Option<(f64, Vec<f64>)> {
        let (x, dim) = (&self.place.state, self.place.state.len());
        let map = family.at(self.place.s);
        let equation = Linearised::at(family, &self.place);
        let right = Mat::from_fn(dim, 1, |i, _| equation.rate[i]);
        let moved = Factored::new(&equation.shifted(1.0)).solve(right)?;
        let moved = moved.col_as_slice(0).to_vec();
        let change = |v: &[f64]| -> Vec<f64> {
            let bent = second(&map, x, v, &moved);
            let direct = mixed(family, self.place.s, x, v);
            bent.iter().zip(direct).map(|(b, d)| b + d).collect()
        };
        let (re, im) = parts(&self.right);
        let pairs = change(&re).into_iter().zip(change(&im));
        let of_right: Vec<c64> = pairs.map(|(re, im)| c64::new(re, im)).collect();
        let rate = (self.value.conj() * complex_dot(&self.left, &of_right)).re;
        Some((rate, moved))
    }

    /// Step 2.
    fn beside<F: Family + ?Sized>(&self, family: &F) -> Option<Beside<F::At>> {
        let (rate, moved) = self.rate(family)?;
        let amplitude = SMALL * scale_of(&self.place.state);
        let beyond = BEYOND.min(self.growth.abs() * amplitude * amplitude);
        let distance = FURTHEST.min(beyond / rate.abs());
        if !distance.is_finite() || distance <= 0.0 {
            return None;
        }
        let side = -(rate * self.growth).signum();
        let map = family.at(self.place.s + side * distance);
        let pairs = self.place.state.iter().zip(&moved);
        let guess: Vec<f64> = pairs.map(|(x, v)| x + side * distance * v).collect();
        let NewtonEnd::Root { point } = solve(&map, &guess, NewtonLimits::default()) else {
            return None;
        };
        let mut jacobian = Mat::zeros(point.len(), point.len());
        map.jacobian(&point, jacobian.as_mut());
        let values = eigenvalues(&jacobian)?;
        let off = |l: &(f64, f64)| (c64::new(l.0, l.1) - self.value).norm();
        let value = *values.iter().min_by(|a, b| off(a).total_cmp(&off(b)))?;
        let square = -(value.0.hypot(value.1) - 1.0) / self.growth;
        (square > 0.0).then(|| Beside {
            map,
            point,
            value: c64::new(value.0, value.1),
            n_unstable: values.iter().filter(|l| l.0.hypot(l.1) > 1.0).count(),
            side: side as i8,
            distance,
            predicted: square.sqrt(),
        })
    }
}

impl<M: Map> Beside<M> {
    fn is_as_predicted(&self, amplitude: f64) -> bool {
        let ratio = amplitude / self.predicted;
        (1.0 / SAME_OBJECT..=SAME_OBJECT).contains(&ratio)
    }
}

/// Step 3.
fn cycle<M: Map>(critical: &Critical, beside: &Beside<M>) -> Born {
    let (right, left) = (parts(&critical.right).0, parts(&critical.left).0);
    let seed = |sign: f64| -> Vec<f64> {
        let pairs = beside.point.iter().zip(&right);
        pairs
            .map(|(x, q)| x + sign * beside.predicted * q)
            .collect()
    };
    let found = shoot(&beside.map, &[seed(1.0), seed(-1.0)]).filter(|cycle| cycle.period() == 2);
    let measured = found.and_then(|cycle| {
        let pairs = cycle.states[0].iter().zip(&cycle.states[1]);
        let chord: Vec<f64> = pairs.map(|(a, b)| a - b).collect();
        let amplitude = 0.5 * dot(&left, &chord).abs();
        beside
            .is_as_predicted(amplitude)
            .then_some((amplitude, cycle.spectrum))
    });
    let excess = beside.value.norm() - 1.0;
    let predicted = Born {
        side: beside.side,
        distance: beside.distance,
        period: 2.0,
        predicted: beside.predicted,
        amplitude: None,
        multiplier: (1.0 - 4.0 * excess, 0.0),
        is_stable: excess > 0.0 && beside.n_unstable == 1,
    };
    match measured {
        Some((amplitude, spectrum)) => Born {
            amplitude: Some(amplitude),
            multiplier: spectrum.leading(),
            is_stable: spectrum.n_unstable() == 0,
            ..predicted
        },
        None => predicted,
    }
}

/// Step 4.
fn curve<M: Map>(critical: &Critical, beside: &Beside<M>, twist: f64) -> Born {
    let excess = beside.value.norm() - 1.0;
    let is_stable = excess > 0.0 && beside.n_unstable == 2;
    let measured = if beside.point.len() <= SOLVED_DIM {
        solved(critical, beside, twist)
    } else if is_stable {
        simulated(critical, beside, excess)
    } else {
        None
    };
    let measured = measured.filter(|(amplitude, _)| beside.is_as_predicted(*amplitude));
    let at_event = critical.value.im.atan2(critical.value.re).abs() / TAU;
    Born {
        side: beside.side,
        distance: beside.distance,
        period: 1.0 / measured.map_or(at_event, |(_, rotation)| rotation),
        predicted: beside.predicted,
        amplitude: measured.map(|(amplitude, _)| amplitude),
        multiplier: (1.0 - 2.0 * excess, 0.0),
        is_stable,
    }
}

/// Amplitude and rotation number of the curve, by Newton's method.
fn solved<M: Map>(critical: &Critical, beside: &Beside<M>, twist: f64) -> Option<(f64, f64)> {
    let (re, im) = parts(&critical.right);
    let radius = beside.predicted;
    let scaled = |v: &[f64], factor: f64| v.iter().map(|v| factor * v).collect::<Vec<f64>>();
    let mut coefficients = vec![vec![0.0; re.len()]; 2 * HARMONICS + 1];
    coefficients[0].clone_from(&beside.point);
    coefficients[1] = scaled(&re, 2.0 * radius);
    coefficients[2] = scaled(&im, -2.0 * radius);
    let angle = beside.value.im.atan2(beside.value.re) + twist * radius * radius;
    let found = refined(
        &beside.map,
        Curve {
            coefficients,
            rotation: angle / TAU,
            residual: f64::INFINITY,
        },
        DECAY,
    )?;
    let count = 2 * found.harmonics() + 1;
    let states = (0..count).map(|i| found.at(i as f64 / count as f64));
    let amplitude = mean_amplitude(critical, &beside.point, states);
    let rotation = found.rotation.rem_euclid(1.0);
    Some((amplitude, rotation.min(1.0 - rotation)))
}

/// The same of a curve that attracts, by simulation.
fn simulated<M: Map>(critical: &Critical, beside: &Beside<M>, excess: f64) -> Option<(f64, f64)> {
    let pairs = beside.point.iter().zip(&critical.right);
    let mut state: Vec<f64> = pairs
        .map(|(x, q)| x + 2.0 * beside.predicted * q.re)
        .collect();
    let mut next = state.clone();
    for _ in 0..(SIMULATED.0 / excess) as usize {
        beside.map.step(&state, &mut next);
        std::mem::swap(&mut state, &mut next);
    }
    let rotation = rotation_number(&beside.map, &state, SIMULATED.1)?;
    let mut orbit = Vec::with_capacity(SIMULATED.1);
    for _ in 0..SIMULATED.1 {
        orbit.push(state.clone());
        beside.map.step(&state, &mut next);
        std::mem::swap(&mut state, &mut next);
    }
    let amplitude = mean_amplitude(critical, &beside.point, orbit.into_iter());
    Some((amplitude, rotation.number))
}

fn mean_amplitude(
    critical: &Critical,
    point: &[f64],
    states: impl ExactSizeIterator<Item = Vec<f64>>,
) -> f64 {
    let count = states.len().max(1) as f64;
    let of = |state: Vec<f64>| -> f64 {
        let pairs = state.iter().zip(point);
        let offset: Vec<c64> = pairs.map(|(x, f)| c64::new(x - f, 0.0)).collect();
        complex_dot(&critical.left, &offset).norm()
    };
    states.map(of).sum::<f64>() / count
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::event::events;
    use super::*;
    use crate::calculus::Scalar;
    use crate::landscape::examples::{Along, Formula, Tanh};
    use crate::landscape::follow::branch::{ContinuationLimits, Route};
    use crate::landscape::follow::tracing::trace;
    use crate::map::{HenonFamily, LogisticFamily};

    fn first<F: Family>(family: &F, start: &[f64], (from, to): (f64, f64)) -> (Bifurcation, Born) {
        let branch = trace(
            family,
            start,
            Route::across(from, to),
            &ContinuationLimits::default(),
        );
        let of_type = |event: &Bifurcation| {
            matches!(event.kind, EventKind::Flip(_) | EventKind::NeimarkSacker(_))
        };
        let event = events(family, &branch).into_iter().find(of_type).unwrap();
        let born = born(family, &event).unwrap();
        (event, born)
    }

    /// x′ = tanh(−s x): the 2-cycle ±x of gain s, x = tanh(s x), exists and attracts for s > 1.
    #[test]
    fn a_unit_that_inhibits_itself_flips_into_the_published_cycle() {
        let (_, born) = first(&Tanh::gain(vec![-1.0], vec![0.0]), &[0.0], (0.5, 1.7));
        assert_eq!((born.side, born.period), (1, 2.0));
        assert!(born.is_stable);
        let gain = 1.0 + born.distance;
        let mut x = born.predicted;
        for _ in 0..100 {
            x -= ((gain * x).tanh() - x) / (gain / (gain * x).cosh().powi(2) - 1.0);
        }
        assert!((born.amplitude.unwrap() - x).abs() < 1e-12, "{born:?}");
        assert!((born.predicted / x - 1.0).abs() < 1e-3, "{born:?}");
        let multiplier = (gain / (gain * x).cosh().powi(2)).powi(2);
        assert!((born.multiplier.0 - multiplier).abs() < 1e-12);
    }

    #[test]
    fn the_cycles_of_the_logistic_and_the_henon_map_are_born_beyond_their_flips() {
        let (event, born) = first(&LogisticFamily, &[0.6], (2.5, 3.3));
        assert!((event.place.s - 3.0).abs() < 1e-10);
        assert_eq!((born.side, born.is_stable), (1, true));
        // Multiplier 4 + 2r − r², states (r + 1 ± √((r − 3)(r + 1)))/2r.
        let r: f64 = 3.0 + born.distance;
        assert!((born.multiplier.0 - (4.0 + 2.0 * r - r * r)).abs() < 1e-11);
        let amplitude = ((r - 3.0) * (r + 1.0)).sqrt() / (2.0 * r);
        assert!((born.amplitude.unwrap() - amplitude).abs() < 1e-12);
        assert!((born.predicted / amplitude - 1.0).abs() < 2e-3);
        let (event, born) = first(&HenonFamily { b: 0.3 }, &[0.8, 0.24], (0.1, 0.6));
        assert!((event.place.s - 0.3675).abs() < 1e-10);
        assert!(born.side == 1 && born.is_stable && born.amplitude.is_some());
    }

    /// The circle of a network that rotates by θ has the radius 2√(g − 1), in terms of |z| √2 times that over 2.
    #[test]
    fn the_circle_of_a_rotating_network_is_born_with_the_published_radius() {
        let (sin, cos) = 1.0_f64.sin_cos();
        let family = Tanh::gain(vec![cos, -sin, sin, cos], vec![0.0; 2]);
        let (_, born) = first(&family, &[0.0; 2], (0.5, 1.7));
        assert!(born.side == 1 && born.is_stable, "{born:?}");
        // q = (1, ∓i)/√2: a radius of R is |z| = R/√2.
        let radius = 2.0 * born.distance.sqrt() / 2.0_f64.sqrt();
        assert!((born.predicted / radius - 1.0).abs() < 2e-3, "{born:?}");
        let measured = born.amplitude.unwrap();
        assert!((measured / born.predicted - 1.0).abs() < 5e-3, "{born:?}");
        assert!((born.period - TAU).abs() < 0.01, "{born:?}");
        let simulated = {
            let event = first(&family, &[0.0; 2], (0.5, 1.7)).0;
            let at = locate::neimark_sacker(&family, &event.place).unwrap();
            let critical = Critical {
                right: at.right,
                left: at.left,
                value: c64::new(at.theta.cos(), at.theta.sin()),
                growth: -0.5,
                place: at.place,
            };
            let beside = critical.beside(&family).unwrap();
            let excess = beside.value.norm() - 1.0;
            simulated(&critical, &beside, excess).unwrap()
        };
        assert!((simulated.0 / measured - 1.0).abs() < 1e-5);
        assert!((1.0 / simulated.1 - born.period).abs() < 1e-6);
    }

    #[test]
    fn the_delayed_logistic_map_has_the_published_amplitude() {
        /// x′ = s x(1 − y), y′ = x.
        #[derive(Clone)]
        struct Delayed;
        impl Formula for Delayed {
            fn dim(&self) -> usize {
                2
            }
            fn value<S: Scalar>(&self, s: S, x: &[S]) -> Vec<S> {
                vec![s * x[0] * (S::constant(1.0) - x[1]), x[0]]
            }
        }
        let (event, born) = first(&Along(Delayed), &[0.4, 0.4], (1.7, 2.3));
        assert!((event.place.s - 2.0).abs() < 1e-10);
        assert!(born.side == 1 && born.is_stable);
        // |z| at a = 2.001 is 0.022354; it grows like √(a − 2).
        let scaled = born.amplitude.unwrap() * (1e-3 / born.distance).sqrt();
        assert!((scaled / 0.022_354 - 1.0).abs() < 2e-3, "{born:?}");
    }

    /// r ↦ r(1 + s + r² …) turned by one radian: the circle r² ≈ −s repels, on the side where the point attracts.
    #[test]
    fn a_subcritical_point_has_an_unstable_curve_on_the_stable_side() {
        #[derive(Clone)]
        struct Repelling;
        impl Formula for Repelling {
            fn dim(&self) -> usize {
                2
            }
            fn value<S: Scalar>(&self, s: S, x: &[S]) -> Vec<S> {
                let square = x[0] * x[0] + x[1] * x[1];
                let factor = S::constant(1.0) + s + square;
                let (sin, cos) = 1.0_f64.sin_cos();
                vec![
                    factor * (x[0].scaled(cos) - x[1].scaled(sin)),
                    factor * (x[0].scaled(sin) + x[1].scaled(cos)),
                ]
            }
        }
        let (_, born) = first(&Along(Repelling), &[0.0; 2], (-0.5, 0.4));
        assert!(born.side == -1 && !born.is_stable, "{born:?}");
        let exact = born.distance.sqrt() / 2.0_f64.sqrt();
        assert!((born.amplitude.unwrap() - exact).abs() < 1e-9, "{born:?}");
        assert!((born.period - TAU).abs() < 1e-9);
    }
}
