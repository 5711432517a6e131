//! Locates bifurcations to rounding, by Newton's method on minimally augmented systems.
//!
//! A matrix that becomes singular at the bifurcation is bordered so that it stays regular; one component g of the
//! solution is then a smooth function that vanishes exactly there, and its gradient costs only second derivatives of
//! the map (Govaerts, *Numerical Methods for Bifurcations of Dynamical Equilibria*, 2000).
//!
//! For a singular A the solution (q, g) of [[A, b], [cᵀ, 0]] (q, g) = (0, 1) has g = 0 exactly where A is singular,
//! by Cramer's rule g = det A / det of the bordered matrix. Newton's method on (G, g) = 0 converges quadratically
//! where the bifurcation is generic: a fold with a ≠ 0 and β ≠ 0, a flip or pair that crosses with non-zero speed.
//! It does not know which branch the guess came from; callers check that what is found lies on theirs.

use faer::linalg::solvers::{PartialPivLu, Solve as _};
use faer::{Mat, Scale, c64};

use crate::dynamics::linear::singular;
use crate::landscape::equations::equation::{Extended, Factored, Linearised, dot, norm};
use crate::landscape::equations::test_functions::eigenvalues;
use crate::map::Family;
use crate::map::derivatives::{mixed, second_along};
use crate::svd::svd;

/// Newton steps of one location.
pub(in crate::landscape) const MOST_STEPS: usize = 25;
/// Steps of inverse iteration to a smallest singular value.
const STEPS_TO_SINGULAR: usize = 8;

/// An eigenvalue of J at +1 or −1.
///
/// The largest component of `right` is positive.
#[derive(Debug, Clone, PartialEq)]
pub struct RealCritical {
    /// Where.
    pub place: Extended,
    /// Right null vector of I ∓ J, of length 1.
    pub right: Vec<f64>,
    /// Left null vector of I ∓ J, scaled so that left · right = 1.
    pub left: Vec<f64>,
    /// Largest of |x − F(x)| and |g| there.
    pub residual: f64,
    /// Smallest singular value of I ∓ J there.
    pub sigma: f64,
}

/// A pair of eigenvalues of J on the unit circle.
#[derive(Debug, Clone, PartialEq)]
pub struct ComplexCritical {
    /// Where.
    pub place: Extended,
    /// The eigenvalue is e^{iθ}, θ in (0, π).
    pub theta: f64,
    /// Right eigenvector, of length 1.
    pub right: Vec<c64>,
    /// Left eigenvector, Jᵀp = e^{−iθ}p, scaled so that pᴴq = 1.
    pub left: Vec<c64>,
    /// Largest of |x − F(x)| and |g| there.
    pub residual: f64,
    /// Smallest singular value of J − e^{iθ}I there.
    pub sigma: f64,
}

/// Whether an iteration of corrections has come to its end.
pub(in crate::landscape) struct Progress {
    previous: f64,
}

pub(in crate::landscape) enum Verdict {
    Go,
    Done,
    Lost,
}

impl Progress {
    pub(in crate::landscape) fn new() -> Self {
        Self {
            previous: f64::INFINITY,
        }
    }

    /// Done, once the correction is made, when it is at rounding, or small and either falling so fast that the next would be
    /// at rounding or no longer falling.
    pub(in crate::landscape) fn judge(&mut self, size: f64, scale: f64) -> Verdict {
        let verdict = if !size.is_finite() || size > 10.0 * scale {
            Verdict::Lost
        } else if size <= 1e-15 * scale
            || (size <= 1e-9 * scale && !(1e-4..=0.1).contains(&(size / self.previous)))
        {
            Verdict::Done
        } else {
            Verdict::Go
        };
        self.previous = size;
        verdict
    }
}

/// The fold nearest to a guess: I − J singular, with a generic dependence on s.
///
/// `None` where Newton's method does not converge within 25 steps, the matrices are singular, or the eigenvalue is
/// double.
pub fn fold<F: Family + ?Sized>(family: &F, guess: &Extended) -> Option<RealCritical> {
    real(family, guess, 1.0)
}

/// The flip nearest to a guess: I + J singular.
///
/// `None` as for [`fold`].
pub fn flip<F: Family + ?Sized>(family: &F, guess: &Extended) -> Option<RealCritical> {
    real(family, guess, -1.0)
}

/// Solves (G, g)(x, s) = 0 for A = I − σJ, σ = ±1.
///
/// 1. Borders b, c: the left and right singular vectors of A to its smallest singular value.
/// 2. [[A, b], [cᵀ, 0]] (q, g) = (0, 1) and [[Aᵀ, c], [bᵀ, 0]] (p, g) = (0, 1).
/// 3. g_y = −pᵀA_y q, that is g_x e = σ pᵀD²F[q, e] and g_s = σ pᵀ∂_s(J) q.
/// 4. Newton step with [[I − J, −F_s], [g_x, g_s]]; b and c become p and q.
fn real<F: Family + ?Sized>(family: &F, guess: &Extended, sigma: f64) -> Option<RealCritical> {
    let dim = guess.state.len();
    let mut place = guess.clone();
    let (_, mut b, mut c) = singular_triplet(&Linearised::at(family, &place).shifted(sigma))?;
    let mut progress = Progress::new();
    for _ in 0..MOST_STEPS {
        let equation = Linearised::at(family, &place);
        let a = equation.shifted(sigma);
        let bordered = Factored::new(&with_border(&a, &b, &c));
        let last = Mat::from_fn(dim + 1, 1, |i, _| f64::from(u8::from(i == dim)));
        let (q, g) = split(&bordered.solve(last.clone())?);
        let (p, _) = split(&bordered.solve_transpose(last)?);
        let bent = second_along(&family.at(place.s), &place.state, &q);
        let rate = mixed(family, place.s, &place.state, &q);
        let columns = (0..dim).map(|j| bent.col_as_slice(j)).chain([&rate[..]]);
        let row: Vec<f64> = columns.map(|column| sigma * dot(&p, column)).collect();
        let matrix = Mat::from_fn(dim + 1, dim + 1, |i, j| {
            if i == dim {
                row[j]
            } else {
                equation.entry(i, j)
            }
        });
        let right = Mat::from_fn(
            dim + 1,
            1,
            |i, _| {
                -if i == dim { g } else { equation.residual[i] }
            },
        );
        let step = Extended::from_column(&Factored::new(&matrix).solve(right)?, dim);
        let verdict = progress.judge(step.norm(), 1.0 + place.norm());
        place = place.moved(1.0, &step);
        match verdict {
            Verdict::Lost => return None,
            Verdict::Done => return finish_real(family, place, sigma),
            Verdict::Go => {}
        }
        (b, c) = (scaled(&p, 1.0 / norm(&p)), scaled(&q, 1.0 / norm(&q)));
    }
    None
}

/// Null vectors and residuals of I − σJ at a located point; `None` if left and right null vector are orthogonal, as they
/// are where the eigenvalue is double.
pub(in crate::landscape) fn finish_real<F: Family + ?Sized>(
    family: &F,
    place: Extended,
    sigma: f64,
) -> Option<RealCritical> {
    let equation = Linearised::at(family, &place);
    let a = equation.shifted(sigma);
    let (smallest, left, right) = singular_triplet(&a)?;
    let overlap = dot(&left, &right);
    if overlap.abs() < 1e-8 {
        return None;
    }
    let residual = equation
        .residual
        .iter()
        .fold(smallest, |m, r| m.max(r.abs()));
    // The largest component of the right vector is positive, so that signs are reproducible.
    let largest = right
        .iter()
        .fold(0.0, |m: f64, x| if x.abs() > m.abs() { *x } else { m });
    let sign = largest.signum();
    Some(RealCritical {
        place,
        right: scaled(&right, sign),
        left: scaled(&left, sign / overlap),
        residual,
        sigma: smallest,
    })
}

/// The Neimark–Sacker point nearest to a guess, of the pair that is nearest to the unit circle there.
///
/// `None` where there is no complex eigenvalue, or as for [`neimark_sacker_near`].
pub fn neimark_sacker<F: Family + ?Sized>(family: &F, guess: &Extended) -> Option<ComplexCritical> {
    let theta = nearest_pair(&Linearised::at(family, guess).jacobian)?;
    neimark_sacker_near(family, guess, theta, f64::INFINITY)
}

/// The Neimark–Sacker point nearest to a guess of its place and of the argument θ of the pair, if it is no further from the guess
/// than `reach`.
///
/// Solves (G, Re g, Im g)(x, s, θ) = 0 with K = J − e^{iθ}I:
/// 1. Borders b, c: the left and right singular vectors of K to its smallest singular value.
/// 2. [[K, b], [cᴴ, 0]] (q, g) = (0, 1), and with the adjoint matrix (p, ḡ).
/// 3. g_y = −pᴴK_y q, that is g_x e = −pᴴD²F[q, e], g_s = −pᴴ∂_s(J) q, g_θ = i e^{iθ} pᴴq.
/// 4. Newton step in n + 2 real unknowns; b and c become p and q.
///
/// `None` where Newton's method leaves the reach or does not converge, or q and p are orthogonal.
pub(in crate::landscape) fn neimark_sacker_near<F: Family + ?Sized>(
    family: &F,
    guess: &Extended,
    mut theta: f64,
    reach: f64,
) -> Option<ComplexCritical> {
    let dim = guess.state.len();
    let mut place = guess.clone();
    let equation = Linearised::at(family, &place);
    let (_, mut b, mut c) = complex_singular_triplet(&rotated(&equation.jacobian, theta))?;
    let mut progress = Progress::new();
    for _ in 0..MOST_STEPS {
        let equation = Linearised::at(family, &place);
        let bordered = complex_border(&rotated(&equation.jacobian, theta), &b, &c);
        let bordered = PartialPivLu::new(bordered.as_ref());
        let last = Mat::from_fn(dim + 1, 1, |i, _| {
            c64::new(f64::from(u8::from(i == dim)), 0.0)
        });
        let (q, g) = split(&bordered.solve(&last));
        let (p, _) = split(&bordered.solve_adjoint(&last));
        let gradient = pair_gradient(family, &place, theta, &p, &q);
        let matrix = Mat::from_fn(dim + 2, dim + 2, |i, j| match i {
            i if i == dim => gradient[j].re,
            i if i > dim => gradient[j].im,
            _ if j <= dim => equation.entry(i, j),
            _ => 0.0,
        });
        let right = Mat::from_fn(dim + 2, 1, |i, _| match i {
            i if i == dim => -g.re,
            i if i > dim => -g.im,
            _ => -equation.residual[i],
        });
        let solution = Factored::new(&matrix).solve(right)?;
        let step = Extended::from_column(&solution, dim);
        let turn = solution[(dim + 1, 0)];
        let verdict = progress.judge(step.norm().max(turn.abs()), 1.0 + place.norm());
        place = place.moved(1.0, &step);
        theta += turn;
        match verdict {
            Verdict::Done => return finish_complex(family, place, theta),
            Verdict::Go if guess.towards(&place).norm() <= reach => {}
            Verdict::Go | Verdict::Lost => return None,
        }
        (b, c) = (complex_unit(&p), complex_unit(&q));
    }
    None
}

/// Step 3 of [`neimark_sacker_near`]: the derivatives of g in x, s, θ.
fn pair_gradient<F: Family + ?Sized>(
    family: &F,
    place: &Extended,
    theta: f64,
    p: &[c64],
    q: &[c64],
) -> Vec<c64> {
    let dim = q.len();
    let (re, im) = parts(q);
    let map = family.at(place.s);
    let against = |real: &[f64], imaginary: &[f64]| {
        (0..dim)
            .map(|i| -p[i].conj() * c64::new(real[i], imaginary[i]))
            .sum::<c64>()
    };
    let bent = [&re, &im].map(|part| second_along(&map, &place.state, part));
    let mut gradient: Vec<c64> = (0..dim)
        .map(|j| against(bent[0].col_as_slice(j), bent[1].col_as_slice(j)))
        .collect();
    let rate = |v: &[f64]| mixed(family, place.s, &place.state, v);
    gradient.push(against(&rate(&re), &rate(&im)));
    let turned = c64::new(-theta.sin(), theta.cos());
    gradient.push(turned * complex_dot(p, q));
    gradient
}

/// Eigenvectors and residuals at a located Neimark–Sacker point.
fn finish_complex<F: Family + ?Sized>(
    family: &F,
    place: Extended,
    theta: f64,
) -> Option<ComplexCritical> {
    if !(theta > 0.0 && theta < std::f64::consts::PI) {
        return None;
    }
    let equation = Linearised::at(family, &place);
    let shifted = rotated(&equation.jacobian, theta);
    let (sigma, left, right) = complex_singular_triplet(&shifted)?;
    let overlap = complex_dot(&left, &right);
    if overlap.norm() < 1e-8 {
        return None;
    }
    // pᴴq = 1.
    let left = left.iter().map(|p| p / overlap.conj()).collect();
    let residual = equation.residual.iter().fold(sigma, |m, r| m.max(r.abs()));
    Some(ComplexCritical {
        place,
        theta,
        right,
        left,
        residual,
        sigma,
    })
}

/// The smallest singular value, with its left and its right vector.
pub(in crate::landscape) fn singular_triplet(
    matrix: &Mat<f64>,
) -> Option<(f64, Vec<f64>, Vec<f64>)> {
    let found = singular::smallest(matrix.as_ref(), 1).ok()?;
    let [left, right] = [&found.left, &found.right].map(|of| of.col_as_slice(0).to_vec());
    Some((found.values[0], left, right))
}

pub(in crate::landscape) fn with_border(a: &Mat<f64>, b: &[f64], c: &[f64]) -> Mat<f64> {
    let dim = a.nrows();
    Mat::from_fn(dim + 1, dim + 1, |i, j| match (i < dim, j < dim) {
        (true, true) => a[(i, j)],
        (true, false) => b[i],
        (false, true) => c[j],
        (false, false) => 0.0,
    })
}

pub(in crate::landscape) fn split<T: Copy>(column: &Mat<T>) -> (Vec<T>, T) {
    let dim = column.nrows() - 1;
    ((0..dim).map(|i| column[(i, 0)]).collect(), column[(dim, 0)])
}

fn scaled(v: &[f64], factor: f64) -> Vec<f64> {
    v.iter().map(|v| factor * v).collect()
}

/// Argument of the eigenvalue with positive imaginary part that is nearest to the unit circle.
fn nearest_pair(jacobian: &Mat<f64>) -> Option<f64> {
    eigenvalues(jacobian)?
        .into_iter()
        .filter(|l| l.1 > 0.0)
        .min_by(|a, b| {
            let off = |l: &(f64, f64)| (l.0.hypot(l.1) - 1.0).abs();
            off(a).total_cmp(&off(b))
        })
        .map(|(re, im)| im.atan2(re))
}

/// J − e^{iθ}I.
pub(in crate::landscape) fn rotated(jacobian: &Mat<f64>, theta: f64) -> Mat<c64> {
    let multiplier = c64::new(theta.cos(), theta.sin());
    Mat::from_fn(jacobian.nrows(), jacobian.ncols(), |i, j| {
        let entry = c64::new(jacobian[(i, j)], 0.0);
        if i == j { entry - multiplier } else { entry }
    })
}

/// The same of a complex matrix.
///
/// 1. A small matrix, and one that is singular to working precision, is decomposed in full.
/// 2. Otherwise q ← (KᴴK)⁻¹q, from a fixed start; where K is nearly singular, as at a Neimark–Sacker point, a step is enough.
/// 3. The left vector is K⁻ᴴq, of which 1/σ is the length.
fn complex_singular_triplet(matrix: &Mat<c64>) -> Option<(f64, Vec<c64>, Vec<c64>)> {
    let dim = matrix.nrows();
    if dim <= singular::DENSE {
        return complex_dense(matrix);
    }
    let lu = PartialPivLu::new(matrix.as_ref());
    let mut right = Mat::from_fn(dim, 1, |i, _| c64::new((1.0 + i as f64).sin(), 0.0));
    for _ in 0..STEPS_TO_SINGULAR {
        let image = lu.solve(lu.solve_adjoint(&right));
        right = &image * Scale(c64::new(1.0 / image.norm_l2(), 0.0));
    }
    let left = lu.solve_adjoint(&right);
    let length = left.norm_l2();
    if !(length > 0.0 && length.is_finite()) {
        return complex_dense(matrix);
    }
    let left = left.col_as_slice(0).iter().map(|x| x / length).collect();
    Some((1.0 / length, left, right.col_as_slice(0).to_vec()))
}

fn complex_dense(matrix: &Mat<c64>) -> Option<(f64, Vec<c64>, Vec<c64>)> {
    let last = matrix.nrows() - 1;
    let svd = svd(matrix.as_ref())?;
    let [left, right] = [svd.left, svd.right].map(|of| of.col_as_slice(last).to_vec());
    Some((svd.values[last], left, right))
}

fn complex_border(k: &Mat<c64>, b: &[c64], c: &[c64]) -> Mat<c64> {
    let dim = k.nrows();
    Mat::from_fn(dim + 1, dim + 1, |i, j| match (i < dim, j < dim) {
        (true, true) => k[(i, j)],
        (true, false) => b[i],
        (false, true) => c[j].conj(),
        (false, false) => c64::new(0.0, 0.0),
    })
}

/// pᴴq.
pub(in crate::landscape) fn complex_dot(p: &[c64], q: &[c64]) -> c64 {
    p.iter().zip(q).map(|(p, q)| p.conj() * q).sum()
}

fn complex_unit(v: &[c64]) -> Vec<c64> {
    let length = v.iter().map(c64::norm_sqr).sum::<f64>().sqrt();
    v.iter().map(|v| v / length).collect()
}

/// Real and imaginary parts.
pub(in crate::landscape) fn parts(q: &[c64]) -> (Vec<f64>, Vec<f64>) {
    (
        q.iter().map(|q| q.re).collect(),
        q.iter().map(|q| q.im).collect(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cell::map::CellMap;
    use crate::cell::path::CellPath;
    use crate::map::derivatives::MOST_JETS;

    /// Two of many units, with weights of their own, while all others keep to themselves.
    fn large(block: [f64; 4], drive: f64) -> CellMap {
        let dim = MOST_JETS + 10;
        let mut weights = vec![0.0; dim * dim];
        for i in 0..dim {
            weights[i * dim + i] = 0.5 * i as f64 / dim as f64;
        }
        for (k, weight) in block.into_iter().enumerate() {
            weights[k / 2 * dim + k % 2] = weight;
        }
        let mut drives = vec![0.0; dim];
        drives[0] = drive;
        CellMap::vanilla(&weights, drives)
    }

    fn near(state: [f64; 2], s: f64) -> Extended {
        let mut place = Extended::new(vec![0.0; MOST_JETS + 10], s);
        place.state[..2].copy_from_slice(&state);
        place
    }

    /// x = tanh(1.5 x + b) has a fold at x² = 1/3.
    #[test]
    fn the_fold_of_one_unit_in_a_large_network_is_where_the_formula_says() {
        let at = |drive: f64| large([1.5, 0.0, 0.0, 0.3], drive);
        let path = CellPath::new(at(0.0), at(-0.5)).unwrap_or_else(|| panic!("one size"));
        let x = (1.0_f64 / 3.0).sqrt();
        let expected = (1.5 * x - x.atanh()) / 0.5;
        let found = fold(&path, &near([0.7, 0.0], expected + 0.1));
        let found = found.unwrap_or_else(|| panic!("no fold"));
        assert!((found.place.s - expected).abs() < 1e-12);
        assert!((found.place.state[0] - x).abs() < 1e-8 && found.sigma < 1e-8);
    }

    /// A rotation by 0.7 that grows from 0.9 to 1.1.
    #[test]
    fn the_neimark_sacker_point_of_two_units_in_a_large_network_is_where_the_formula_says() {
        let (sin, cos) = 0.7_f64.sin_cos();
        let at = |gain: f64| large([cos, -sin, sin, cos].map(|w| gain * w), 0.0);
        let path = CellPath::new(at(0.9), at(1.1)).unwrap_or_else(|| panic!("one size"));
        let found = neimark_sacker(&path, &near([0.01, -0.01], 0.45));
        let found = found.unwrap_or_else(|| panic!("no point"));
        assert!((found.place.s - 0.5).abs() < 1e-12 && (found.theta - 0.7).abs() < 1e-12);
        assert!(found.sigma < 1e-12 && found.residual < 1e-12);
    }

    /// Against the full decomposition, near an eigenvalue on the circle and away from one.
    #[test]
    fn the_smallest_singular_value_of_a_complex_matrix_is_that_of_the_full_decomposition() {
        let dim = 80;
        let mut matrix = Mat::from_fn(dim, dim, |i, j| 0.05 * ((i * dim + j) as f64 * 0.37).sin());
        let (sin, cos) = 0.7_f64.sin_cos();
        for (i, j, entry) in [(0, 0, cos), (0, 1, -sin), (1, 0, sin), (1, 1, cos)] {
            matrix[(i, j)] += entry;
        }
        for theta in [0.7, 2.0] {
            let rotated = rotated(&matrix, theta);
            let (found, exact) = (complex_singular_triplet(&rotated), complex_dense(&rotated));
            let (Some((sigma, left, right)), Some((exact, u, v))) = (found, exact) else {
                panic!("{theta}");
            };
            assert!((sigma - exact).abs() < 0.02 * exact, "{sigma} {exact}");
            if theta == 0.7 {
                assert!(complex_dot(&left, &u).norm() > 1.0 - 1e-9);
                assert!(complex_dot(&right, &v).norm() > 1.0 - 1e-9);
            }
        }
    }
}
