//! What a map does near a fixed point: its modes on both sides, how far they can be trusted, and how far from normal they
//! are.
//!
//! Time constants: a mode with eigenvalue λ decays as λᵏ, by 1/e in τ = −1/ln|λ| steps, and turns by arg λ a step.
//! For a network that is an Euler step of width α of a flow, the flow's eigenvalue is (λ − 1)/α.
//!
//! Non-normality: eigenvalues say what happens in the end; ‖J‖₂, the largest ‖Jᵏ‖₂ and the Kreiss constant say how
//! much a perturbation can grow before. For a normal J of a stable point the first is the spectral radius, and the
//! others are 1.

use faer::linalg::solvers::{DenseSolveCore as _, Eigen, PartialPivLu};
use faer::{Mat, Scale, c64};

use super::certificate::Certificate;
use crate::calculus::Bound;
use crate::dynamics::linear::kreiss::kreiss_constant;
use crate::dynamics::linear::spectrum::{SpectrumError, modulus};
use crate::map::Map;
use crate::svd::singular_values;

/// Unit roundoff of f64.
const UNIT: f64 = 0.5 * f64::EPSILON;
/// Powers of the Jacobian whose norm is looked at.
const MOST_POWERS: usize = 100;

/// One eigenvalue with its vectors.
///
/// κ = 1 for a normal matrix; near a defective one it is large, and the eigenvalue is hardly known.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Mode {
    /// λ (real part, imaginary part).
    pub eigenvalue: (f64, f64),
    /// v with J v = λ v, of length 1.
    pub right: Vec<c64>,
    /// w with wᴴJ = λ wᴴ and wᴴv = 1.
    pub left: Vec<c64>,
    /// κ(λ) = ‖w‖: a change of J by E moves λ by up to κ(λ)‖E‖.
    pub condition: f64,
    /// λ is known to about this: κ(λ) 10 n u ‖J‖_F, u the unit roundoff.
    pub uncertainty: f64,
}

impl Mode {
    /// Whether |λ| cannot be told from 1.
    pub fn is_marginal(&self) -> bool {
        (modulus(self.eigenvalue) - 1.0).abs() <= self.uncertainty
    }

    /// τ = −1/ln|λ| in steps, negative for growth, and the interval that it lies in; `None` for a marginal mode.
    pub fn time_constant(&self) -> Option<(f64, [f64; 2])> {
        if self.is_marginal() {
            return None;
        }
        let of = |offset: f64| {
            let (x, y) = (self.eigenvalue.0 - 1.0, self.eigenvalue.1);
            // ln|λ| without the cancellation of |λ| − 1.
            let log = 0.5 * (x * x + 2.0 * x + y * y).ln_1p();
            -1.0 / (log + offset / modulus(self.eigenvalue))
        };
        let ends = [of(-self.uncertainty), of(self.uncertainty)];
        let interval = [ends[0].min(ends[1]), ends[0].max(ends[1])];
        Some((of(0.0), interval))
    }

    /// Frequency of rotation in cycles per step, between 0 and ½.
    pub fn frequency(&self) -> f64 {
        self.eigenvalue.1.atan2(self.eigenvalue.0).abs() / std::f64::consts::TAU
    }
}

/// A map near a fixed point.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Linearisation {
    /// Largest modulus first; of a pair the one with positive imaginary part first.
    pub modes: Vec<Mode>,
    /// ‖J‖₂, the largest growth of a perturbation in one step.
    pub norm: f64,
    /// Henrici's departure from normality relative to ‖J‖_F: √(‖J‖_F² − Σ|λ|²)/‖J‖_F. 0: the modes are orthogonal.
    pub departure: f64,
    /// Condition number of the matrix of right eigenvectors; infinite if they do not span.
    pub basis_condition: f64,
    /// max_k ‖Jᵏ‖₂ over the powers k ≤ 100, and the first k where it is reached; `None` if the point is unstable.
    pub transient_growth: Option<(f64, usize)>,
    /// Kreiss constant K, from below (see [`kreiss_constant`]): max_k ‖Jᵏ‖₂ over all k lies between K and e n K; `None` if
    /// the point is unstable.
    pub kreiss: Option<f64>,
    /// Eigenvalues outside the unit circle.
    pub n_unstable: usize,
    /// Whether it is certain that the exact fixed point has as many (Bauer & Fike 1960): every |λ| is further from 1 than
    /// the condition of the basis times all errors of J, those of the place included.
    pub is_n_unstable_certain: bool,
}

/// The modes of a Jacobian, largest modulus first; of a pair the one with positive imaginary part first.
/// # Errors
/// [`SpectrumError`] where the eigenvalues do not converge.
pub fn modes(jacobian: &Mat<f64>) -> Result<Vec<Mode>, SpectrumError> {
    let dim = jacobian.nrows();
    let eigen = jacobian.eigen().map_err(|_| SpectrumError { dim })?;
    Ok(modes_of(&eigen, jacobian.norm_l2()))
}

fn modes_of(eigen: &Eigen<f64>, frobenius: f64) -> Vec<Mode> {
    let right = eigen.U();
    let dim = right.nrows();
    let left = PartialPivLu::new(right).inverse();
    let mut modes: Vec<Mode> = (0..dim)
        .map(|i| {
            let value: c64 = eigen.S()[i];
            let row: Vec<c64> = (0..dim).map(|j| left[(i, j)].conj()).collect();
            let length = right.col(i).norm_l2();
            let condition = length * row.iter().map(c64::norm_sqr).sum::<f64>().sqrt();
            Mode {
                eigenvalue: (value.re, value.im),
                right: (0..dim).map(|j| right[(j, i)] / length).collect(),
                left: row.iter().map(|w| w * length).collect(),
                condition,
                uncertainty: condition * 10.0 * dim as f64 * UNIT * frobenius,
            }
        })
        .collect();
    modes.sort_by(|a, b| {
        modulus(b.eigenvalue)
            .total_cmp(&modulus(a.eigenvalue))
            .then(b.eigenvalue.1.total_cmp(&a.eigenvalue.1))
    });
    modes
}

/// Linearises a map at a fixed point.
///
/// 1. Right eigenvectors V of J; the rows of V⁻¹ are the left ones.
/// 2. κ(λ_i) = ‖w_i‖, the uncertainties, and their like.
/// 3. With a certificate (in the coordinates of the map), the Jacobian at the exact point differs by no more than √n times
///    the largest bend times the radius.
///
/// Without a certificate, `is_n_unstable_certain` is false: the exact point may lie anywhere. Costs a decomposition
/// with vectors, up to 100 singular value decompositions for the powers, and the Kreiss constant: meant for a point
/// that somebody looks at, not for every point of every checkpoint.
/// # Errors
/// [`SpectrumError`] where eigenvalues or singular values do not converge.
pub fn linearise<M: Map + ?Sized>(
    map: &M,
    point: &[f64],
    certificate: Option<&Certificate>,
) -> Result<Linearisation, SpectrumError> {
    let dim = map.dim();
    let mut jacobian = Mat::zeros(dim, dim);
    map.jacobian(point, jacobian.as_mut());
    let failed = |_| SpectrumError { dim };
    let eigen = jacobian.eigen().map_err(failed)?;
    let frobenius = jacobian.norm_l2();
    let right = eigen.U();
    let modes = modes_of(&eigen, frobenius);
    let norm = largest_singular_value(&jacobian).ok_or(SpectrumError { dim })?;
    let basis_condition = condition_of(&right.to_owned());
    let misplaced = match certificate {
        None => f64::INFINITY,
        Some(certificate) => jacobian_error(map, point, certificate.radius),
    };
    let doubt = basis_condition * (misplaced + 50.0 * dim as f64 * UNIT * norm);
    let n_unstable = modes
        .iter()
        .filter(|mode| modulus(mode.eigenvalue) > 1.0)
        .count();
    let squares: f64 = modes.iter().map(|m| modulus(m.eigenvalue).powi(2)).sum();
    Ok(Linearisation {
        departure: (frobenius * frobenius - squares).max(0.0).sqrt()
            / frobenius.max(f64::MIN_POSITIVE),
        transient_growth: (n_unstable == 0)
            .then(|| transient_growth(&jacobian))
            .flatten(),
        kreiss: (n_unstable == 0).then(|| kreiss_constant(&jacobian)),
        is_n_unstable_certain: modes
            .iter()
            .all(|mode| (modulus(mode.eigenvalue) - 1.0).abs() > doubt),
        modes,
        norm,
        basis_condition,
        n_unstable,
    })
}

/// Step 3, in the 2-norm.
fn jacobian_error<M: Map + ?Sized>(map: &M, point: &[f64], radius: f64) -> f64 {
    let Some(bounds) = map.bounds(&Bound::ball(point, radius)) else {
        return f64::INFINITY;
    };
    let row = |bound: &Bound| bound.bend * radius + bound.slope_error;
    (point.len() as f64).sqrt() * bounds.iter().map(row).fold(0.0, f64::max)
}

fn largest_singular_value(matrix: &Mat<f64>) -> Option<f64> {
    singular_values(matrix.as_ref())?.first().copied()
}

fn condition_of(matrix: &Mat<c64>) -> f64 {
    let Some(values) = singular_values(matrix.as_ref()) else {
        return f64::INFINITY;
    };
    match (values.first(), values.last()) {
        (Some(largest), Some(smallest)) if *smallest > 0.0 => largest / smallest,
        _ => f64::INFINITY,
    }
}

fn transient_growth(jacobian: &Mat<f64>) -> Option<(f64, usize)> {
    let mut power = jacobian.clone();
    let mut best = (1.0, 0);
    for k in 1..=MOST_POWERS {
        let norm = largest_singular_value(&power)?;
        if norm > best.0 * (1.0 + 1e-12) {
            best = (norm, k);
        }
        // ‖Jᵏ⁺ᵐ‖ ≤ ‖Jᵏ‖‖Jᵐ‖: below 1 nothing larger can follow that was not there before.
        if norm < 1.0 {
            break;
        }
        power = &power * jacobian;
    }
    (power * Scale(0.0)).norm_l2().is_finite().then_some(best)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::cell::map::CellMap;
    use crate::dynamics::points::certificate::certify;

    fn linear(weights: &[f64], dim: usize) -> (CellMap, Vec<f64>) {
        (CellMap::vanilla(weights, vec![0.0; dim]), vec![0.0; dim])
    }

    #[test]
    fn vectors_of_both_sides_belong_to_their_eigenvalue() {
        let weights = [0.9, 0.4, -0.2, -0.5, 0.7, 0.3, 0.1, -0.6, 0.2];
        let (map, origin) = linear(&weights, 3);
        let found = linearise(&map, &origin, None).unwrap();
        let entry = |i: usize, j: usize| c64::new(weights[3 * i + j], 0.0);
        for (place, mode) in found.modes.iter().enumerate() {
            let value = c64::new(mode.eigenvalue.0, mode.eigenvalue.1);
            for i in 0..3 {
                let image: c64 = (0..3).map(|j| entry(i, j) * mode.right[j]).sum();
                assert!((image - value * mode.right[i]).norm() < 1e-14);
                let image: c64 = (0..3).map(|j| mode.left[j].conj() * entry(j, i)).sum();
                assert!((image - value * mode.left[i].conj()).norm() < 1e-13);
            }
            for (other, with) in found.modes.iter().enumerate() {
                let product: c64 = mode
                    .left
                    .iter()
                    .zip(&with.right)
                    .map(|(w, v)| w.conj() * v)
                    .sum();
                let expected = f64::from(u8::from(place == other));
                assert!((product.norm() - expected).abs() < 1e-12);
            }
        }
    }

    #[test]
    fn a_shear_is_as_far_from_normal_as_it_is() {
        // [[a, b], [0, c]]: κ(λ) = √(1 + b²/(a − c)²), departure |b|.
        let (a, b, c) = (0.9, 3.0, 0.5);
        let (map, origin) = linear(&[a, b, 0.0, c], 2);
        let found = linearise(&map, &origin, None).unwrap();
        let condition = (1.0 + (b / (a - c)).powi(2)).sqrt();
        assert!(
            found
                .modes
                .iter()
                .all(|m| (m.condition - condition).abs() < 1e-12)
        );
        let frobenius = (a * a + b * b + c * c).sqrt();
        assert!((found.departure - b / frobenius).abs() < 1e-12);
        let (growth, at) = found.transient_growth.unwrap();
        // The corner of Jᵏ is 3, 4.2, 4.53, 4.452, … .
        assert!(found.norm > 3.0 && growth > 4.53 && at == 3, "{found:?}");
        let kreiss = found.kreiss.unwrap();
        assert!(
            kreiss <= growth && growth <= 2.0 * std::f64::consts::E * kreiss,
            "{kreiss}"
        );
        let normal = linear(&[0.6, -0.5, 0.5, 0.6], 2);
        let found = linearise(&normal.0, &normal.1, None).unwrap();
        assert!(found.departure < 1e-7 && (found.basis_condition - 1.0).abs() < 1e-12);
        assert_eq!(found.transient_growth, Some((1.0, 0)));
        assert!(
            (found.modes[0].frequency() - 0.5_f64.atan2(0.6) / std::f64::consts::TAU).abs() < 1e-15
        );
    }

    #[test]
    fn time_constants_are_those_of_the_decay() {
        let (map, origin) = linear(&[0.99, 0.0, 0.0, -1.2], 2);
        let found = linearise(&map, &origin, None).unwrap();
        let (tau, [low, high]) = found.modes[1].time_constant().unwrap();
        assert!((tau + 1.0 / 0.99_f64.ln()).abs() < 1e-10 && low <= tau && tau <= high);
        let (growing, _) = found.modes[0].time_constant().unwrap();
        assert!(growing < 0.0 && (found.modes[0].frequency() - 0.5).abs() < 1e-15);
        let (map, origin) = linear(&[1.0], 1);
        assert_eq!(
            linearise(&map, &origin, None).unwrap().modes[0].time_constant(),
            None
        );
    }

    #[test]
    fn the_number_of_unstable_directions_is_certain_only_with_a_proof_and_a_margin() {
        let certain = |gain: f64, with: bool| {
            let (map, origin) = linear(&[gain, 0.1, -0.2, 0.4], 2);
            let certificate = certify(&map, &origin).filter(|_| with);
            linearise(&map, &origin, certificate.as_ref())
                .unwrap()
                .is_n_unstable_certain
        };
        assert!(certain(1.3, true));
        assert!(!certain(1.3, false));
        // An eigenvalue within rounding of 1, x² − (g + 0.4)x + 0.4g + 0.02 = 0 at 1: g = 0.6 + 0.02… .
        assert!(!certain((1.0 - 0.4 + 0.02) / 0.6, true));
    }
}
