//! Closed invariant curves of a map, as Fourier series.
//!
//! A pair of multipliers that leaves the unit circle (Neimark–Sacker) gives birth to a closed curve that the map
//! carries into itself, turning by ρ a step. Where ρ is irrational the motion on it is conjugate to a rotation, and
//! the invariance equation F(x(θ)) = x(θ + ρ) has a smooth solution whose Fourier coefficients fall off
//! exponentially; that is what Newton's method solves here. Where ρ locks to a fraction p/q, the curve consists of
//! a q-cycle and the connections between its points, the equation has no smooth solution of this kind, and the
//! routines give `None`: look for a cycle instead.
//!
//! The cost is that of dense linear equations in (2J + 1) dim + 1 unknowns, so curves in high-dimensional state
//! spaces are limited to few harmonics ([`refined`] refuses beyond 2500 unknowns; [`closed_curve`] does not ask,
//! and is meant for small maps).

use faer::Mat;
use faer::linalg::solvers::SolveLstsqCore as _;
use faer::prelude::Solve as _;

use super::rotation::rotation_number;
use crate::map::Map;

/// Newton steps for one number of harmonics.
const MOST_STEPS: usize = 12;
/// Harmonics at first, and at most.
const HARMONICS: (usize, usize) = (8, 64);
/// The last harmonics must be this much smaller than the first.
const DECAY: f64 = 1e-8;
/// Equations of a curve that are solved when it is refined.
const MOST_EQUATIONS: usize = 2500;
/// States of the orbit that the first guess is fitted to, and from which the rotation number is taken.
const ORBIT: usize = 4000;

/// x(θ) = a₀ + Σ a_j cos 2πjθ + b_j sin 2πjθ with F(x(θ)) = x(θ + ρ).
///
/// The parametrisation by θ is fixed up to a shift; routines keep the phase of their first guess.
#[derive(Debug, Clone, PartialEq)]
pub struct Curve {
    /// Coefficients a₀, a₁, b₁, a₂, b₂, …, each a vector of the state space.
    pub coefficients: Vec<Vec<f64>>,
    /// ρ in turns per step.
    pub rotation: f64,
    /// Largest |F(x(θ)) − x(θ + ρ)| halfway between the points where it was made to vanish.
    pub residual: f64,
}

impl Curve {
    /// Number of harmonics J.
    pub fn harmonics(&self) -> usize {
        self.coefficients.len() / 2
    }

    /// x(θ), θ in turns.
    ///
    /// Periodic in θ with period 1.
    pub fn at(&self, theta: f64) -> Vec<f64> {
        let mut state = vec![0.0; self.coefficients[0].len()];
        for (weight, vector) in basis(theta, self.harmonics())
            .iter()
            .zip(&self.coefficients)
        {
            for (x, c) in state.iter_mut().zip(vector) {
                *x += weight * c;
            }
        }
        state
    }

    /// Size of the last two harmonics relative to the largest but the constant.
    fn tail(&self) -> f64 {
        let size = |vector: &Vec<f64>| vector.iter().fold(0.0, |most: f64, c| most.max(c.abs()));
        let largest = self.coefficients[1..].iter().map(size).fold(0.0, f64::max);
        let last = self
            .coefficients
            .iter()
            .rev()
            .take(4)
            .map(size)
            .fold(0.0, f64::max);
        last / largest
    }
}

/// The closed curve that an orbit has settled on; `None` if the orbit does not go round quasi-periodically, the curve is too
/// wrinkled for 64 harmonics, or Newton's method fails, as it must near a resonance, where the curve holds a cycle.
///
/// 1. ρ from [`rotation_number`]; with θ_t = ρt the orbit itself gives a first Fourier series by least squares.
/// 2. Newton's method on F(x(θ_i)) = x(θ_i + ρ) at 2J + 1 equally spaced θ_i, in the coefficients and ρ, with the phase
///    fixed: the change of the curve along its own tangent sums to nothing.
/// 3. J doubles until the last coefficients are 10⁻⁸ of the first.
///
/// `state` must lie on the curve already, up to rounding: burn in before. The orbit that is fitted has 4000 states.
pub fn closed_curve<M: Map + ?Sized>(map: &M, state: &[f64]) -> Option<Curve> {
    let rotation = rotation_number(map, state, ORBIT)?;
    let mut orbit = vec![state.to_vec()];
    for _ in 1..ORBIT {
        let mut next = vec![0.0; state.len()];
        map.step(orbit.last()?, &mut next);
        orbit.push(next);
    }
    let mut harmonics = HARMONICS.0;
    while harmonics <= HARMONICS.1 {
        let guess = fitted(&orbit, rotation.number, harmonics);
        if let Some(curve) = newton(map, guess).filter(|curve| curve.tail() < DECAY) {
            return Some(curve);
        }
        harmonics *= 2;
    }
    None
}

/// The closed curve near a guess, whether it attracts or not, by the steps 2 and 3 of [`closed_curve`], from the
/// guess's number of harmonics until the last are at most `decay` of the first; `None` if Newton's method fails or the
/// equations become more than 2500.
///
/// To follow a curve along a parameter: the curve at the last parameter value is the guess at the next.
pub fn refined<M: Map + ?Sized>(map: &M, guess: Curve, decay: f64) -> Option<Curve> {
    let mut curve = guess;
    while curve.harmonics() <= HARMONICS.1 {
        if curve.coefficients.len() * map.dim() > MOST_EQUATIONS {
            return None;
        }
        curve = newton(map, curve)?;
        if curve.tail() <= decay {
            return Some(curve);
        }
        let doubled = 4 * curve.harmonics() + 1;
        curve.coefficients.resize(doubled, vec![0.0; map.dim()]);
    }
    None
}

/// 1, cos 2πθ, sin 2πθ, cos 4πθ, …
fn basis(theta: f64, harmonics: usize) -> Vec<f64> {
    let mut values = vec![1.0];
    for j in 1..=harmonics {
        let (sin, cos) = (std::f64::consts::TAU * j as f64 * theta).sin_cos();
        values.extend([cos, sin]);
    }
    values
}

/// Derivatives of [`basis`] in θ.
fn basis_slope(theta: f64, harmonics: usize) -> Vec<f64> {
    let mut values = vec![0.0];
    for j in 1..=harmonics {
        let rate = std::f64::consts::TAU * j as f64;
        let (sin, cos) = (rate * theta).sin_cos();
        values.extend([-rate * sin, rate * cos]);
    }
    values
}

/// Step 1.
fn fitted(orbit: &[Vec<f64>], rotation: f64, harmonics: usize) -> Curve {
    let (count, dim) = (orbit.len(), orbit[0].len());
    let width = 2 * harmonics + 1;
    let rows: Vec<Vec<f64>> = (0..count)
        .map(|t| basis((rotation * t as f64).fract(), harmonics))
        .collect();
    let matrix = Mat::from_fn(count, width, |i, j| rows[i][j]);
    let mut right = Mat::from_fn(count, dim, |i, j| orbit[i][j]);
    matrix
        .qr()
        .solve_lstsq_in_place_with_conj(faer::Conj::No, right.as_mut());
    Curve {
        coefficients: (0..width)
            .map(|k| (0..dim).map(|j| right[(k, j)]).collect())
            .collect(),
        rotation,
        residual: f64::INFINITY,
    }
}

/// Step 2.
fn newton<M: Map + ?Sized>(map: &M, mut curve: Curve) -> Option<Curve> {
    let dim = map.dim();
    let width = curve.coefficients.len();
    let harmonics = curve.harmonics();
    let unknowns = width * dim + 1;
    let start = curve.clone();
    let theta = |i: usize| i as f64 / width as f64;
    for _ in 0..MOST_STEPS {
        let mut matrix = Mat::zeros(unknowns, unknowns);
        let mut right = Mat::zeros(unknowns, 1);
        for i in 0..width {
            let (here, there) = (
                basis(theta(i), harmonics),
                basis(theta(i) + curve.rotation, harmonics),
            );
            let slope = basis_slope(theta(i) + curve.rotation, harmonics);
            let at = curve.at(theta(i));
            let mut image = vec![0.0; dim];
            map.step(&at, &mut image);
            let target = curve.at(theta(i) + curve.rotation);
            let mut jacobian = Mat::zeros(dim, dim);
            map.jacobian(&at, jacobian.as_mut());
            for a in 0..dim {
                let row = i * dim + a;
                right[(row, 0)] = target[a] - image[a];
                for k in 0..width {
                    for b in 0..dim {
                        matrix[(row, k * dim + b)] = jacobian[(a, b)] * here[k];
                    }
                    matrix[(row, k * dim + a)] -= there[k];
                    matrix[(row, unknowns - 1)] -= slope[k] * curve.coefficients[k][a];
                }
            }
        }
        // The phase: Σ ⟨change, tangent of the first guess⟩ = 0, in terms of its coefficients.
        for j in 1..=harmonics {
            for a in 0..dim {
                let (cos, sin) = (
                    start.coefficients[2 * j - 1][a],
                    start.coefficients[2 * j][a],
                );
                matrix[(unknowns - 1, (2 * j - 1) * dim + a)] = j as f64 * sin;
                matrix[(unknowns - 1, 2 * j * dim + a)] = -(j as f64) * cos;
            }
        }
        let step = matrix.partial_piv_lu().solve(&right);
        let mut size = 0.0_f64;
        for k in 0..width {
            for a in 0..dim {
                let change = step[(k * dim + a, 0)];
                curve.coefficients[k][a] += change;
                size = size.max(change.abs());
            }
        }
        curve.rotation += step[(unknowns - 1, 0)];
        if !size.is_finite() || size > 1e3 {
            return None;
        }
        if size < 1e-12 {
            curve.residual = residual(map, &curve);
            return Some(curve);
        }
    }
    None
}

fn residual<M: Map + ?Sized>(map: &M, curve: &Curve) -> f64 {
    let width = curve.coefficients.len();
    let mut image = vec![0.0; map.dim()];
    (0..width)
        .map(|i| {
            let theta = (i as f64 + 0.5) / width as f64;
            map.step(&curve.at(theta), &mut image);
            let target = curve.at(theta + curve.rotation);
            let pairs = image.iter().zip(target);
            pairs.fold(0.0, |most: f64, (x, y)| most.max((x - y).abs()))
        })
        .fold(0.0, f64::max)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::cell::map::CellMap;
    use crate::map::Logistic;

    #[test]
    fn the_curve_of_a_rotating_network_is_found_to_rounding() {
        let (sin, cos) = 1.0_f64.sin_cos();
        let map = CellMap::vanilla(&[cos, -sin, sin, cos].map(|w| 1.3 * w), vec![0.0; 2]);
        let mut state = vec![0.3, 0.1];
        let mut next = state.clone();
        for _ in 0..5000 {
            map.step(&state, &mut next);
            std::mem::swap(&mut state, &mut next);
        }
        let curve = closed_curve(&map, &state).unwrap();
        assert!(
            (curve.rotation - 0.160_061_813_591_69).abs() < 1e-12,
            "{}",
            curve.rotation
        );
        assert!(curve.residual < 1e-7, "{}", curve.residual);
        // By symmetry only odd harmonics are there.
        assert!(curve.coefficients[0].iter().all(|c| c.abs() < 1e-12));
        assert!(curve.coefficients[3].iter().all(|c| c.abs() < 1e-12));
    }

    #[test]
    fn just_beyond_its_birth_the_curve_is_the_circle_of_the_normal_form() {
        let (sin, cos) = 1.0_f64.sin_cos();
        let map = CellMap::vanilla(&[cos, -sin, sin, cos].map(|w| 1.01 * w), vec![0.0; 2]);
        let mut state = vec![0.2, 0.0];
        let mut next = state.clone();
        for _ in 0..20_000 {
            map.step(&state, &mut next);
            std::mem::swap(&mut state, &mut next);
        }
        let curve = closed_curve(&map, &state).unwrap();
        let radius = curve.at(0.0)[0].hypot(curve.at(0.0)[1]);
        assert!((radius - 0.198_18).abs() < 2e-3, "{radius}");
    }

    #[test]
    fn a_chaotic_orbit_lies_on_no_curve() {
        assert_eq!(closed_curve(&Logistic { rate: 3.9 }, &[0.3]), None);
    }
}
