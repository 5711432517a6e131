//! Multipliers of long cycles: eigenvalues of a product of many Jacobians that over- or underflows.
//!
//! The product of the Jacobians of a long cycle spans more orders of magnitude than f64 holds: its small
//! eigenvalues drown in the rounding of the large ones, and sooner or later all over- or underflow. Orthogonal
//! iteration keeps the factors apart, and the moduli come out as sums of logarithms. The logarithm of a modulus
//! over the period is the cycle's Lyapunov exponent.

use faer::Mat;
use faer::linalg::solvers::Qr;

use crate::dynamics::linear::spectrum::SpectrumError;

/// Turns of the iteration at most: multipliers that they leave in one block have moduli within a factor of two of their
/// neighbours'.
const MOST_TURNS: usize = 50;
/// Entries of the rotation from one turn to the next that count as none.
const SETTLED: f64 = 1e-13;

/// An eigenvalue μ of a product of matrices, in a form that does not overflow.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Multiplier {
    /// ln|μ|; −∞ for μ = 0.
    pub log_modulus: f64,
    /// arg μ, between −π and π.
    pub angle: f64,
}

impl Multiplier {
    /// Real and imaginary part; they may over- or underflow.
    pub fn value(&self) -> (f64, f64) {
        let modulus = self.log_modulus.exp();
        if self.is_real() {
            (modulus.copysign(self.angle.cos()), 0.0)
        } else {
            (modulus * self.angle.cos(), modulus * self.angle.sin())
        }
    }

    /// Whether its imaginary part is zero.
    pub fn is_real(&self) -> bool {
        self.angle == 0.0 || self.angle.abs() == std::f64::consts::PI
    }
}

/// Eigenvalues of J_k … J_1, largest modulus first, without forming the product (cf. Bojanczyk, Golub & Van Dooren 1992).
///
/// 1. Orthogonal iteration round the cycle: J_i Q_{i−1} = Q_i R_i. In the basis Q_0 the product is P R_k … R_1 with
///    P = Q_0ᵀQ_k; turn after turn P becomes block diagonal, a block for each set of multipliers of (nearly) one modulus.
/// 2. The blocks' eigenvalues: the R_i are triangular, so the products of their diagonal blocks are all that counts. These are
///    scaled at each factor, and the scales are summed as logarithms.
///
/// All matrices must be square and of one size. No matrices give no multipliers. Multipliers whose moduli differ by
/// less than about a factor of two stay together in one block, in which small ones are exact only relative to the
/// largest.
/// # Errors
/// [`SpectrumError`] where the eigenvalues of a block do not converge.
pub fn multipliers(jacobians: &[Mat<f64>]) -> Result<Vec<Multiplier>, SpectrumError> {
    let Some(dim) = jacobians.first().map(Mat::nrows) else {
        return Ok(Vec::new());
    };
    let mut frame = Mat::<f64>::identity(dim, dim);
    let mut turn = Turn::from(jacobians, &frame);
    let mut sizes = turn.blocks();
    for _ in 0..MOST_TURNS {
        frame = turn.frame;
        turn = Turn::from(jacobians, &frame);
        let now = turn.blocks();
        // As fine as it gets, and no longer changing.
        if now.iter().all(|size| *size <= 2) && now == sizes {
            break;
        }
        sizes = now;
    }
    let mut found = Vec::with_capacity(dim);
    let mut first = 0;
    for size in turn.blocks() {
        found.extend(turn.block(first, size)?);
        first += size;
    }
    found.sort_by(|a, b| {
        let by_modulus = b.log_modulus.total_cmp(&a.log_modulus);
        by_modulus.then(b.angle.total_cmp(&a.angle))
    });
    Ok(found)
}

/// One turn of step 1.
struct Turn {
    /// Q_k.
    frame: Mat<f64>,
    /// Q_0ᵀQ_k.
    rotation: Mat<f64>,
    /// R_1, …, R_k.
    triangles: Vec<Mat<f64>>,
}

impl Turn {
    fn from(jacobians: &[Mat<f64>], start: &Mat<f64>) -> Self {
        let mut frame = start.clone();
        let mut triangles = Vec::with_capacity(jacobians.len());
        for jacobian in jacobians {
            let image = jacobian * &frame;
            let qr = Qr::new(image.as_ref());
            frame = qr.compute_Q();
            triangles.push(qr.R().to_owned());
        }
        Self {
            rotation: start.transpose() * &frame,
            frame,
            triangles,
        }
    }

    /// Sizes of the diagonal blocks that P falls into.
    fn blocks(&self) -> Vec<usize> {
        let dim = self.rotation.nrows();
        let mut sizes = Vec::new();
        let mut first = 0;
        for last in 0..dim {
            let is_cut = (last + 1..dim).all(|i| {
                (first..=last).all(|j| self.rotation[(i, j)].abs() <= SETTLED * dim as f64)
            });
            if is_cut {
                sizes.push(last + 1 - first);
                first = last + 1;
            }
        }
        sizes
    }

    /// Step 2, for one block.
    fn block(&self, first: usize, size: usize) -> Result<Vec<Multiplier>, SpectrumError> {
        let mut product = Mat::<f64>::identity(size, size);
        let mut log_scale = 0.0;
        for triangle in &self.triangles {
            product = triangle.submatrix(first, first, size, size) * &product;
            let length = product.norm_l2();
            if length == 0.0 {
                let none = Multiplier {
                    log_modulus: f64::NEG_INFINITY,
                    angle: 0.0,
                };
                return Ok(vec![none; size]);
            }
            product *= faer::Scale(1.0 / length);
            log_scale += length.ln();
        }
        let block = self.rotation.submatrix(first, first, size, size) * &product;
        let values = block
            .eigenvalues()
            .map_err(|_| SpectrumError { dim: size })?;
        let multiplier = |value: &faer::c64| Multiplier {
            log_modulus: log_scale + value.norm().ln(),
            angle: value.im.atan2(value.re),
        };
        Ok(values.iter().map(multiplier).collect())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::map::{Henon, Map as _, iterate::Iterate};
    use rand::{RngExt as _, SeedableRng as _};
    use rand_chacha::ChaCha8Rng;

    /// J_i = Q_i D Q_{i−1}ᵀ round a closed list of random bases: the product is Q_0 Dᵏ Q_0ᵀ.
    #[test]
    fn products_beyond_all_bounds_have_their_multipliers() {
        let (dim, period) = (5, 600);
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let mut basis = || {
            let random = Mat::from_fn(dim, dim, |_, _| rng.random_range(-1.0..1.0));
            Qr::new(random.as_ref()).compute_Q()
        };
        let bases: Vec<Mat<f64>> = (0..period).map(|_| basis()).collect();
        let (sin, cos) = 0.3_f64.sin_cos();
        let d = Mat::from_fn(dim, dim, |i, j| match (i, j) {
            (0, 0) => 4.0,
            (1, 1) | (2, 2) => 0.9 * cos,
            (1, 2) => -0.9 * sin,
            (2, 1) => 0.9 * sin,
            (3, 3) => -0.05,
            (4, 4) => 0.01,
            _ => 0.0,
        });
        let jacobians: Vec<Mat<f64>> = (0..period)
            .map(|i| &bases[(i + 1) % period] * &d * bases[i].transpose())
            .collect();
        let found = multipliers(&jacobians).unwrap();
        let k = period as f64;
        let expected = [4.0_f64, 0.9, 0.9, 0.05, 0.01].map(|modulus| k * modulus.ln());
        for (found, expected) in found.iter().zip(expected) {
            assert!(
                (found.log_modulus - expected).abs() < 1e-9 * k,
                "{found:?} {expected}"
            );
        }
        let turned = (k * 0.3).rem_euclid(std::f64::consts::TAU);
        let angle = turned.min(std::f64::consts::TAU - turned);
        assert!((found[1].angle - angle).abs() < 1e-9 && (found[2].angle + angle).abs() < 1e-9);
        // Underflow in the plain product: 0.01⁶⁰⁰ = 10⁻¹²⁰⁰.
        assert!(found[4].log_modulus < -2700.0 && found[3].angle.abs() < 1e-9);
    }

    #[test]
    fn a_short_cycle_has_the_eigenvalues_of_its_product() {
        // An orbit of the Hénon map need not be closed for the product to be one.
        let map = Henon { a: 1.4, b: 0.3 };
        let orbit = Iterate::new(&map, 6).orbit(&[0.1, 0.2]);
        let mut product = Mat::<f64>::identity(2, 2);
        let mut jacobians = Vec::new();
        for state in &orbit[..6] {
            let mut jacobian = Mat::zeros(2, 2);
            map.jacobian(state, jacobian.as_mut());
            product = &jacobian * &product;
            jacobians.push(jacobian);
        }
        let mut expected: Vec<f64> = product
            .eigenvalues()
            .unwrap()
            .iter()
            .map(|l| l.norm().ln())
            .collect();
        expected.sort_by(|a, b| b.total_cmp(a));
        let found = multipliers(&jacobians).unwrap();
        for (found, expected) in found.iter().zip(&expected) {
            assert!(
                (found.log_modulus - expected).abs() < 1e-9,
                "{found:?} {expected}"
            );
        }
        let sum: f64 = found.iter().map(|m| m.log_modulus).sum();
        assert!((sum - 6.0 * 0.3_f64.ln()).abs() < 1e-10);
    }
}
