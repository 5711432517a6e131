//! The rotation or reflection that makes two linear vector fields most alike.

use faer::linalg::solvers::Solve as _;
use faer::{Mat, MatRef, Side};
use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution as _, StandardNormal};

/// Random starts, each with its transpose; half of them reflections.
const RANDOM_STARTS: usize = 4;
const SEED: u64 = 20_231_116;
/// Norm of the slope at which a start has arrived: the cosine then lacks about its square.
const FLAT: f64 = 1e-6;
const MOST_STEPS: usize = 500;
/// Halved steps below this one gain no more than rounding takes.
const SHORTEST_STEP: f64 = 1e-6;

/// Angles between two vector fields from several starts.
#[derive(Debug, Clone, PartialEq)]
pub struct Alignment {
    /// In radians, one of each start.
    pub angles: Vec<f64>,
}

impl Alignment {
    /// The smallest angle.
    pub fn best(&self) -> f64 {
        self.angles.iter().copied().fold(f64::INFINITY, f64::min)
    }

    /// How far the starts end apart.
    pub fn spread(&self) -> f64 {
        self.angles.iter().copied().fold(0.0, f64::max) - self.best()
    }
}

/// arccos of the largest tr(AᵀCBCᵀ)/(‖A‖_F‖B‖_F) over orthogonal C (Ostrow et al. 2023); a smaller matrix is filled
/// up with zeros. `None` if one of them is zero, or an eigenvalue problem did not converge.
///
/// The problem is not convex: twelve starts, six of each determinant, climb on the orthogonal matrices.
/// 1. Starts: the identity, and two coordinates exchanged; C that turns the eigenvectors of B + Bᵀ into those of A + Aᵀ in the
///    order of their eigenvalues, with the signs that make A − Aᵀ and B − Bᵀ most alike (leading eigenvector of their product
///    entry by entry), and the same with the least certain sign changed; random ones and their transposes. With each start
///    its transpose is there, so that the angle of B and A is that of A and B.
/// 2. From each, C ← (I + τS/2)⁻¹(I − τS/2)C with the skew S = GCᵀ − CGᵀ, G = −(ACBᵀ + AᵀCB) the slope of −tr(AᵀCBCᵀ): C
///    stays orthogonal (Wen & Yin 2013). The step τ is Barzilai and Borwein's, halved until the cosine is above the average of
///    earlier ones by enough (Zhang & Hager 2004).
/// 3. The best end counts; how far the ends are apart tells how rugged the problem is.
pub fn align(a: &Mat<f64>, b: &Mat<f64>) -> Option<Alignment> {
    let dim = a.nrows().max(b.nrows());
    let (a, b) = (normalised(a, dim)?, normalised(b, dim)?);
    let starts = starts(&a, &b)?;
    let angles = starts
        .into_iter()
        .map(|start| climb(&a, &b, start).clamp(-1.0, 1.0).acos());
    Some(Alignment {
        angles: angles.collect(),
    })
}

fn normalised(matrix: &Mat<f64>, dim: usize) -> Option<Mat<f64>> {
    let norm = matrix.norm_l2();
    let filled = Mat::from_fn(dim, dim, |i, j| {
        if i < matrix.nrows() && j < matrix.ncols() {
            matrix[(i, j)] / norm
        } else {
            0.0
        }
    });
    (norm > 0.0 && norm.is_finite()).then_some(filled)
}

/// Step 1.
fn starts(a: &Mat<f64>, b: &Mat<f64>) -> Option<Vec<Mat<f64>>> {
    let dim = a.nrows();
    let identity = Mat::<f64>::identity(dim, dim);
    let mut starts = vec![identity.clone(), with_other_determinant(identity)];
    starts.extend(by_eigenvectors(a, b)?);
    let mut rng = ChaCha8Rng::seed_from_u64(SEED);
    for k in 0..RANDOM_STARTS {
        let gaussian: Mat<f64> = Mat::from_fn(dim, dim, |_, _| StandardNormal.sample(&mut rng));
        let mut start = gaussian.qr().compute_Q();
        if (start.determinant() > 0.0) != (k % 2 == 0) {
            start = with_other_determinant(start);
        }
        starts.push(start.transpose().to_owned());
        starts.push(start);
    }
    Some(starts)
}

/// Two rows exchanged, or the sign of the only one.
fn with_other_determinant(matrix: Mat<f64>) -> Mat<f64> {
    if matrix.nrows() == 1 {
        return -matrix;
    }
    Mat::from_fn(matrix.nrows(), matrix.ncols(), |i, j| {
        matrix[(if i < 2 { 1 - i } else { i }, j)]
    })
}

fn by_eigenvectors(a: &Mat<f64>, b: &Mat<f64>) -> Option<[Mat<f64>; 2]> {
    let axes = |matrix: &Mat<f64>| {
        let symmetric = matrix + matrix.transpose();
        Some(
            symmetric
                .self_adjoint_eigen(Side::Lower)
                .ok()?
                .U()
                .to_owned(),
        )
    };
    let turning = |matrix: &Mat<f64>, axes: &Mat<f64>| {
        axes.transpose() * (matrix - matrix.transpose()) * axes
    };
    let (of_a, of_b) = (axes(a)?, axes(b)?);
    let (turn_a, turn_b) = (turning(a, &of_a), turning(b, &of_b));
    let dim = a.nrows();
    let alike = Mat::from_fn(dim, dim, |i, j| turn_a[(i, j)] * turn_b[(i, j)]);
    let eigen = alike.self_adjoint_eigen(Side::Lower).ok()?;
    let leading: Vec<f64> = eigen.U().col(dim - 1).iter().copied().collect();
    let turned = |leading: &[f64]| {
        let signed = Mat::from_fn(dim, dim, |i, j| of_a[(i, j)] * 1.0_f64.copysign(leading[j]));
        signed * of_b.transpose()
    };
    let sizes = leading.iter().map(|entry| entry.abs());
    let least = sizes.enumerate().min_by(|a, b| a.1.total_cmp(&b.1))?.0;
    let mut other = leading.clone();
    other[least] = -1.0_f64.copysign(leading[least]);
    Some([turned(&leading), turned(&other)])
}

/// Step 2; the cosine at its end.
fn climb(a: &Mat<f64>, b: &Mat<f64>, start: Mat<f64>) -> f64 {
    /// Share of the slope by which a step must pay off; weight of earlier cosines.
    const PAYOFF: f64 = 1e-4;
    const MEMORY: f64 = 0.85;
    let mut here = Place::of(a, b, start);
    let (mut average, mut weight) = (here.cosine, 1.0);
    let mut step = 1.0;
    let mut best = here.cosine;
    for _ in 0..MOST_STEPS {
        let slope = here.skew.squared_norm_l2();
        if slope.sqrt() < FLAT {
            break;
        }
        let mut next = here.after(a, b, step);
        while next.cosine < average + PAYOFF * step * 0.5 * slope && step > SHORTEST_STEP {
            step *= 0.5;
            next = here.after(a, b, step);
        }
        if step <= SHORTEST_STEP {
            break;
        }
        let moved = &next.at - &here.at;
        let turned = &next.slope - &here.slope;
        let product = inner(moved.as_ref(), turned.as_ref()).abs();
        step = (moved.squared_norm_l2() / product).clamp(1e-3, 1e3);
        (average, weight) = (
            (MEMORY * weight * average + next.cosine) / (MEMORY * weight + 1.0),
            MEMORY * weight + 1.0,
        );
        here = next;
        best = best.max(here.cosine);
    }
    best
}

/// An orthogonal matrix, the cosine there, and which way it falls.
struct Place {
    at: Mat<f64>,
    cosine: f64,
    skew: Mat<f64>,
    /// Projected on the directions that stay orthogonal.
    slope: Mat<f64>,
}

impl Place {
    fn of(a: &Mat<f64>, b: &Mat<f64>, at: Mat<f64>) -> Self {
        let (left, right) = (a * &at, &at * b);
        let gradient = -(left.as_ref() * b.transpose() + a.transpose() * &right);
        let product = gradient * at.transpose();
        let skew = &product - product.transpose();
        let slope = &skew * &at;
        Self {
            // tr(AᵀCBCᵀ) = ⟨AC, CB⟩.
            cosine: inner(left.as_ref(), right.as_ref()),
            at,
            skew,
            slope,
        }
    }

    fn after(&self, a: &Mat<f64>, b: &Mat<f64>, step: f64) -> Self {
        let dim = self.at.nrows();
        let half = |sign: f64| {
            Mat::from_fn(dim, dim, |i, j| {
                f64::from(u8::from(i == j)) + sign * 0.5 * step * self.skew[(i, j)]
            })
        };
        let at = half(1.0).partial_piv_lu().solve(half(-1.0) * &self.at);
        Self::of(a, b, at)
    }
}

fn inner(a: MatRef<'_, f64>, b: MatRef<'_, f64>) -> f64 {
    (0..a.ncols())
        .map(|j| {
            a.col(j)
                .iter()
                .zip(b.col(j).iter())
                .map(|(a, b)| a * b)
                .sum::<f64>()
        })
        .sum()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn random(dim: usize, rng: &mut ChaCha8Rng) -> Mat<f64> {
        Mat::from_fn(dim, dim, |_, _| StandardNormal.sample(rng))
    }

    #[test]
    fn a_field_turned_or_reflected_is_found_again() {
        let mut rng = ChaCha8Rng::seed_from_u64(4);
        for dim in [1, 2, 3, 7] {
            for _ in 0..2 {
                let a = random(dim, &mut rng);
                let turn = random(dim, &mut rng).qr().compute_Q();
                let b = turn.transpose() * &a * &turn;
                let found = align(&a, &b).unwrap();
                assert!(found.best() < 1e-6, "{dim}: {}", found.best());
                assert_eq!(found.angles.len(), 12);
            }
        }
    }

    /// M = τI + κJ + a symmetric part of size σ without trace, which rotations turn, while reflections change the sign of J.
    fn of_parts([trace, turning, shear]: [f64; 3], angle: f64) -> Mat<f64> {
        let (sin, cos) = angle.sin_cos();
        Mat::from_fn(2, 2, |i, j| match (i, j) {
            (0, 0) => trace + shear * cos,
            (1, 1) => trace - shear * cos,
            (0, 1) => shear * sin - turning,
            _ => shear * sin + turning,
        })
    }

    #[test]
    fn in_two_dimensions_the_angle_has_its_closed_form() {
        let parts = [
            ([0.7, 0.2, 0.5], [0.4, -0.6, 0.1]),
            ([0.9, 0.3, 0.0], [0.9, 0.9, 0.8]),
            ([-0.5, 0.2, 0.4], [0.5, 0.2, 0.4]),
        ];
        for (first, second) in parts {
            let (a, b) = (of_parts(first, 0.3), of_parts(second, 2.0));
            let size = |parts: [f64; 3]| parts.iter().map(|part| part * part).sum::<f64>().sqrt();
            let product =
                first[0] * second[0] + (first[1] * second[1]).abs() + (first[2] * second[2]).abs();
            let expected = (product / size(first) / size(second)).acos();
            let found = align(&a, &b).unwrap().best();
            assert!(
                (found - expected).abs() < 1e-7,
                "{found} against {expected}"
            );
        }
    }

    #[test]
    fn the_order_of_the_two_does_not_matter() {
        let mut rng = ChaCha8Rng::seed_from_u64(8);
        for dim in [2, 3, 5] {
            let (a, b) = (random(dim, &mut rng), random(dim - 1, &mut rng));
            let (one, other) = (align(&a, &b).unwrap(), align(&b, &a).unwrap());
            assert!(
                (one.best() - other.best()).abs() < 1e-6,
                "{dim}: {one:?} {other:?}"
            );
        }
    }
}
