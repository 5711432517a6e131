//! Eigenvalues of a map at a point, and what they say of it.
//!
//! Of a map, a fixed point is stable if all multipliers λ lie inside the unit circle. What lies near it within the
//! error of the computed eigenvalues is called marginal rather than guessed: the error of an eigenvalue is about
//! its condition number times u‖J‖, and the band here allows 100 n of that unit without knowing the condition. The
//! eigenvalues of strongly non-normal Jacobians can be worse than the band;
//! [`crate::dynamics::points::linearisation`] computes conditions and decides certainty with them.
//!
//! ```
//! use creode::dynamics::linear::spectrum::Spectrum;
//! use creode::map::Logistic;
//! use creode::nouns::PointKind;
//!
//! // The multiplier of the fixed point 1 − 1/r is 2 − r.
//! let spectrum = Spectrum::at(&Logistic { rate: 2.5 }, &[0.6])?;
//! assert!((spectrum.leading().0 + 0.5).abs() < 1e-15);
//! assert_eq!(spectrum.kind(), PointKind::StableNode);
//! # Ok::<(), creode::dynamics::linear::spectrum::SpectrumError>(())
//! ```

use faer::{Mat, c64};

use super::krylov::leading_eigenvalues;
use crate::map::{Core, Map};
use crate::nouns::PointKind;

/// Largest dimension of which all eigenvalues are computed.
pub const DENSE_DIM: usize = 1000;
/// Eigenvalues of a larger map that are tried in turn before all are.
const LEADING: [usize; 3] = [10, 32, 80];
/// Of so many dimensions for each of them: where they are fewer, all cost less.
const WORTHWHILE: usize = 25;
/// The last of those lies inside the unit circle by at least so much: all that are nearer to it are known.
const LEAST_INSIDE: f64 = 1e-5;

/// The eigenvalues of the Jacobian at a point, largest modulus first; of a complex pair the one with positive
/// imaginary part first.
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub struct Spectrum {
    /// (real part, imaginary part). Of a map of more than [`DENSE_DIM`] dimensions only the leading ones: all that lie
    /// outside the unit circle, and some inside.
    pub eigenvalues: Vec<(f64, f64)>,
    /// Dimension of the state space.
    pub dim: usize,
    /// Moduli closer to 1 than this are not told from 1: 100 n u ‖J‖, u the unit roundoff.
    pub marginal_band: f64,
}

/// Why a spectrum could not be computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the eigenvalue iteration of a {dim} × {dim} Jacobian did not converge")]
pub struct SpectrumError {
    /// Size of the matrix.
    pub dim: usize,
}

impl Spectrum {
    /// The spectrum of a map at a point.
    ///
    /// The point need not be a fixed point. A map with a [`Map::jacobian_core`] costs only that core's eigenvalues.
    /// # Errors
    /// [`SpectrumError`] where the iteration does not converge, as with entries that are not finite.
    pub fn at<M: Map + ?Sized>(map: &M, point: &[f64]) -> Result<Self, SpectrumError> {
        Self::at_neighbour(map, point, 0)
    }

    /// The same where so many eigenvalues are likely outside the unit circle, as they are at a neighbour: of a large map more than
    /// these are tried at once. A wrong number costs time, and changes only how many are known inside.
    pub(crate) fn at_neighbour<M: Map + ?Sized>(
        map: &M,
        point: &[f64],
        n_unstable: usize,
    ) -> Result<Self, SpectrumError> {
        let dim = map.dim();
        let mut jacobian = Mat::zeros(dim, dim);
        map.jacobian(point, jacobian.as_mut());
        match map.jacobian_core(point) {
            Some(core) if core.matrix.nrows() < dim => Self::of_core(&jacobian, &core),
            _ => Self::of_neighbour(&jacobian, n_unstable),
        }
    }

    /// The spectrum of a Jacobian of which a smaller matrix has all eigenvalues but one.
    fn of_core(jacobian: &Mat<f64>, core: &Core) -> Result<Self, SpectrumError> {
        let (dim, rank) = (jacobian.nrows(), core.matrix.nrows());
        let norm = jacobian.norm_l2().max(core.matrix.norm_l2());
        let marginal_band = 50.0 * dim as f64 * f64::EPSILON * norm;
        // All of them: the rest is not further inside than those that would be left out.
        let mut values = all_eigenvalues(&core.matrix)?;
        values.resize(dim.max(rank), c64::new(core.rest, 0.0));
        Ok(Self::sorted(values, dim, marginal_band))
    }

    /// The spectrum of a Jacobian.
    pub fn of(jacobian: &Mat<f64>) -> Result<Self, SpectrumError> {
        Self::of_neighbour(jacobian, 0)
    }

    fn of_neighbour(jacobian: &Mat<f64>, n_unstable: usize) -> Result<Self, SpectrumError> {
        let dim = jacobian.nrows();
        let marginal_band = 50.0 * dim as f64 * f64::EPSILON * jacobian.norm_l2();
        let values = eigenvalues(jacobian, marginal_band, n_unstable)?;
        Ok(Self::sorted(values, dim, marginal_band))
    }

    fn sorted(values: Vec<c64>, dim: usize, marginal_band: f64) -> Self {
        let mut eigenvalues: Vec<(f64, f64)> = values
            .into_iter()
            .map(|value| (value.re, value.im))
            .collect();
        eigenvalues.sort_by(|a, b| {
            modulus(*b)
                .total_cmp(&modulus(*a))
                .then(b.1.total_cmp(&a.1))
        });
        Self {
            eigenvalues,
            dim,
            marginal_band,
        }
    }

    /// The eigenvalue of largest modulus.
    ///
    /// (0, 0) of an empty spectrum.
    pub fn leading(&self) -> (f64, f64) {
        self.eigenvalues.first().copied().unwrap_or((0.0, 0.0))
    }

    /// Sets the eigenvalues nearest to 1 to it: along a continuum of so many dimensions nothing moves, on whichever side of 1
    /// rounding has put them.
    pub(in crate::dynamics) fn rest_along(&mut self, dimensions: usize) {
        let from_one = |&(re, im): &(f64, f64)| (re - 1.0).hypot(im);
        let mut places: Vec<usize> = (0..self.eigenvalues.len()).collect();
        places.sort_by(|&a, &b| {
            from_one(&self.eigenvalues[a]).total_cmp(&from_one(&self.eigenvalues[b]))
        });
        for &place in places.iter().take(dimensions) {
            self.eigenvalues[place] = (1.0, 0.0);
        }
    }

    /// Number of eigenvalues outside the unit circle.
    ///
    /// Strictly outside, without the marginal band.
    pub fn n_unstable(&self) -> usize {
        self.eigenvalues
            .iter()
            .filter(|&&value| modulus(value) > 1.0)
            .count()
    }

    /// What a fixed point with these eigenvalues is.
    ///
    /// 1. Any modulus within the marginal band of 1: marginal.
    /// 2. None outside: a stable node if the leading one is real, else a stable focus.
    /// 3. All outside: a repeller. Otherwise a saddle.
    pub fn kind(&self) -> PointKind {
        let n_unstable = self.n_unstable();
        if self
            .eigenvalues
            .iter()
            .any(|&value| (modulus(value) - 1.0).abs() <= self.marginal_band)
        {
            PointKind::Marginal
        } else if n_unstable == 0 {
            if self.leading().1 == 0.0 {
                PointKind::StableNode
            } else {
                PointKind::StableFocus
            }
        } else if n_unstable == self.dim {
            PointKind::Repeller
        } else {
            PointKind::Saddle
        }
    }
}

/// All eigenvalues of a matrix, or of a large one so many that the last of them lies inside the unit circle. Numbers that do not
/// hold `n_unstable` and a pair more are not tried.
fn eigenvalues(
    matrix: &Mat<f64>,
    marginal_band: f64,
    n_unstable: usize,
) -> Result<Vec<c64>, SpectrumError> {
    let dim = matrix.nrows();
    let is_worthwhile =
        |count: &usize| dim > DENSE_DIM && WORTHWHILE * count <= dim && *count >= n_unstable + 2;
    for count in LEADING.into_iter().filter(is_worthwhile) {
        let leading = leading_eigenvalues(matrix, count);
        let inside = 1.0 - marginal_band.max(LEAST_INSIDE);
        let reaches_inside = leading.last().is_some_and(|last| last.norm() < inside);
        if reaches_inside {
            return Ok(leading);
        }
    }
    all_eigenvalues(matrix)
}

fn all_eigenvalues(matrix: &Mat<f64>) -> Result<Vec<c64>, SpectrumError> {
    let dim = matrix.nrows();
    matrix.eigenvalues().map_err(|_| SpectrumError { dim })
}

/// |λ|.
pub fn modulus((re, im): (f64, f64)) -> f64 {
    re.hypot(im)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::cell::map::CellMap;
    use crate::map::{Henon, Logistic};

    #[test]
    fn henon_multipliers_are_the_published_ones() {
        let x = 0.631_354_477_089_505;
        let spectrum = Spectrum::at(&Henon { a: 1.4, b: 0.3 }, &[x, 0.3 * x]).unwrap();
        assert!((spectrum.eigenvalues[0].0 + 1.923_738_858).abs() < 1e-9);
        assert!((spectrum.eigenvalues[1].0 - 0.155_946_322).abs() < 1e-9);
        assert_eq!(spectrum.kind(), PointKind::Saddle);
        let x = -1.131_354_477_089_505;
        let spectrum = Spectrum::at(&Henon { a: 1.4, b: 0.3 }, &[x, 0.3 * x]).unwrap();
        assert!((spectrum.eigenvalues[0].0 - 3.259_822_098).abs() < 1e-9);
        assert!((spectrum.eigenvalues[1].0 + 0.092_029_562).abs() < 1e-9);
    }

    #[test]
    fn the_memories_of_a_tanh_unit_have_the_published_multipliers() {
        for (w, x, multiplier) in [
            (1.5, 0.858_559_636_640_110, 0.394_313_025_499),
            (2.0, 0.957_504_024_077_269, 0.166_372_087_752),
        ] {
            let spectrum = Spectrum::at(&CellMap::vanilla(&[w], vec![0.0]), &[x]).unwrap();
            assert!((spectrum.leading().0 - multiplier).abs() < 1e-11);
        }
    }

    /// Above the size of which only leading eigenvalues are computed, too.
    #[test]
    fn a_core_gives_all_its_eigenvalues_and_the_rest() {
        let (rank, dim) = (DENSE_DIM + 1, DENSE_DIM + 3);
        let entry = |i: usize| 0.9 * 0.99_f64.powi(i as i32);
        let matrix = Mat::from_fn(rank, rank, |i, j| if i == j { entry(i) } else { 0.0 });
        let jacobian = Mat::from_fn(dim, dim, |i, j| if i == j { 0.5 } else { 0.0 });
        let spectrum = Spectrum::of_core(&jacobian, &Core { matrix, rest: 0.5 }).unwrap();
        let mut expected: Vec<f64> = (0..rank).map(entry).chain([0.5, 0.5]).collect();
        expected.sort_by(|a, b| b.total_cmp(a));
        let found: Vec<f64> = spectrum.eigenvalues.iter().map(|value| value.0).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn kinds_follow_the_unit_circle() {
        let kind = |rate: f64, x: f64| Spectrum::at(&Logistic { rate }, &[x]).unwrap().kind();
        assert_eq!(kind(0.5, 0.0), PointKind::StableNode);
        assert_eq!(kind(1.0, 0.0), PointKind::Marginal);
        assert_eq!(kind(2.0, 0.0), PointKind::Repeller);
        let rotation = |radius: f64| {
            let (sin, cos) = 1.0_f64.sin_cos();
            CellMap::vanilla(&[cos, -sin, sin, cos].map(|w| radius * w), vec![0.0; 2])
        };
        assert_eq!(
            Spectrum::at(&rotation(0.9), &[0.0; 2]).unwrap().kind(),
            PointKind::StableFocus
        );
        assert_eq!(
            Spectrum::at(&rotation(1.1), &[0.0; 2]).unwrap().kind(),
            PointKind::Repeller
        );
    }
}
