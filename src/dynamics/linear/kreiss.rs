//! Kreiss constants: how much of a matrix's transient growth its resolvent shows.
//!
//! Eigenvalues tell what Jᵏ does for large k, not what it does first: a network whose multipliers all lie inside
//! the circle can amplify an input many times before it forgets it, if its eigenvectors are far from orthogonal. K
//! = 1 for a normal matrix whose eigenvalues lie inside the circle; K ≫ 1 says that transients are large.

use faer::{Mat, c64};

use crate::parallel;

/// Angles of the half circle, both ends included: 64 on the whole one, of which a real matrix needs half.
const HALF_CIRCLE: usize = 32;
/// Radii, |z| − 1 from 10⁻³ to 10 in equal ratios.
const RADII: usize = 12;
/// Steps of inverse iteration for a smallest singular value.
const STEPS: usize = 5;

/// The Kreiss constant K = sup over |z| > 1 of (|z| − 1)‖(zI − J)⁻¹‖₂ of a matrix whose eigenvalues lie inside the unit
/// circle, as the largest value on 64 angles and 12 radii: a lower bound, and never less than 1, the limit for |z| → ∞.
///
/// max_k ‖Jᵏ‖₂ lies between K and e n K (Kreiss 1962; Spijker 1991).
///
/// 1. H = QᵀJQ is a Hessenberg matrix with the same norms.
/// 2. At each z, Givens rotations bring zI − H to a triangle R.
/// 3. 1/‖R⁻¹‖ is its smallest singular value, from inverse iteration with RᴴR.
///
/// Cost: 396 times five solves with a Hessenberg matrix, O(n²) each after an O(n³) reduction. The value depends on
/// the scaling of the coordinates: that of an LSTM on the units of h against those of c. For a matrix with
/// eigenvalues outside the circle the supremum is infinite; what is returned is then only the largest value on the
/// grid.
pub fn kreiss_constant(jacobian: &Mat<f64>) -> f64 {
    let hessenberg = hessenberg(jacobian.clone());
    let at_angle = |place: usize| {
        let (sin, cos) = (std::f64::consts::PI * place as f64 / HALF_CIRCLE as f64).sin_cos();
        let at_radius = |step: usize| {
            let beyond = 10_f64.powf(-3.0 + 4.0 * step as f64 / (RADII - 1) as f64);
            let radius = 1.0 + beyond;
            beyond * resolvent_norm(&hessenberg, c64::new(radius * cos, radius * sin))
        };
        (0..RADII).map(at_radius).fold(1.0, f64::max)
    };
    let largest = parallel::map(0..=HALF_CIRCLE, at_angle);
    largest.into_iter().fold(1.0, f64::max)
}

/// Step 1, by Householder reflections.
fn hessenberg(mut matrix: Mat<f64>) -> Mat<f64> {
    let n = matrix.nrows();
    for k in 0..n.saturating_sub(2) {
        let mut v: Vec<f64> = (k + 1..n).map(|i| matrix[(i, k)]).collect();
        let length = v.iter().map(|x| x * x).sum::<f64>().sqrt();
        if length == 0.0 {
            continue;
        }
        v[0] += length.copysign(v[0]);
        let square: f64 = v.iter().map(|x| x * x).sum();
        for j in 0..n {
            let dot: f64 = v
                .iter()
                .enumerate()
                .map(|(i, x)| x * matrix[(k + 1 + i, j)])
                .sum();
            for (i, x) in v.iter().enumerate() {
                matrix[(k + 1 + i, j)] -= 2.0 * dot / square * x;
            }
        }
        for i in 0..n {
            let dot: f64 = v
                .iter()
                .enumerate()
                .map(|(j, x)| x * matrix[(i, k + 1 + j)])
                .sum();
            for (j, x) in v.iter().enumerate() {
                matrix[(i, k + 1 + j)] -= 2.0 * dot / square * x;
            }
        }
    }
    matrix
}

/// ‖(zI − H)⁻¹‖₂ from below; infinite at an eigenvalue.
fn resolvent_norm(hessenberg: &Mat<f64>, z: c64) -> f64 {
    let triangle = triangle(hessenberg, z);
    let n = triangle.len();
    if (0..n).any(|i| triangle[i][i] == c64::new(0.0, 0.0)) {
        return f64::INFINITY;
    }
    // No vector of all ones: that may be orthogonal to what is sought where there is symmetry.
    let mut v: Vec<c64> = (0..n)
        .map(|i| c64::new(1.0 + 0.5 * (i as f64).sin(), 0.3))
        .collect();
    let mut norm = 0.0;
    for _ in 0..STEPS {
        let length = length(&v);
        for x in &mut v {
            *x /= length;
        }
        solve_adjoint(&triangle, &mut v);
        norm = self::length(&v);
        solve(&triangle, &mut v);
    }
    norm
}

fn length(v: &[c64]) -> f64 {
    v.iter().map(c64::norm_sqr).sum::<f64>().sqrt()
}

/// Step 2: the rows of R.
fn triangle(hessenberg: &Mat<f64>, z: c64) -> Vec<Vec<c64>> {
    let n = hessenberg.nrows();
    let mut rows: Vec<Vec<c64>> = (0..n)
        .map(|i| {
            let entry = |j: usize| match i {
                _ if i == j => z - hessenberg[(i, j)],
                _ if i <= j + 1 => c64::new(-hessenberg[(i, j)], 0.0),
                _ => c64::new(0.0, 0.0),
            };
            (0..n).map(entry).collect()
        })
        .collect();
    for k in 0..n.saturating_sub(1) {
        let (above, below) = rows.split_at_mut(k + 1);
        let (upper, lower) = (&mut above[k], &mut below[0]);
        let (a, b) = (upper[k], lower[k]);
        let length = (a.norm_sqr() + b.norm_sqr()).sqrt();
        if length == 0.0 {
            continue;
        }
        let (cos, sin) = (a / length, b / length);
        for j in k..n {
            let (x, y) = (upper[j], lower[j]);
            upper[j] = cos.conj() * x + sin.conj() * y;
            lower[j] = cos * y - sin * x;
        }
    }
    rows
}

/// v ← R⁻ᴴ v.
fn solve_adjoint(triangle: &[Vec<c64>], v: &mut [c64]) {
    for i in 0..v.len() {
        let x = v[i] / triangle[i][i].conj();
        v[i] = x;
        for (rest, entry) in v[i + 1..].iter_mut().zip(&triangle[i][i + 1..]) {
            *rest -= entry.conj() * x;
        }
    }
}

/// v ← R⁻¹ v.
fn solve(triangle: &[Vec<c64>], v: &mut [c64]) {
    for i in (0..v.len()).rev() {
        let known: c64 = triangle[i][i + 1..]
            .iter()
            .zip(&v[i + 1..])
            .map(|(entry, x)| entry * x)
            .sum();
        v[i] = (v[i] - known) / triangle[i][i];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// (zI − J)⁻¹ of [[0, m], [0, 0]] is [[1/z, m/z²], [0, 1/z]], whose norm is (|y| + √(y² + 4x²))/2 with x = 1/|z| and
    /// y = m/|z|².
    #[test]
    fn a_shear_has_the_constant_that_its_resolvent_says() {
        for m in [0.5, 4.0, 50.0] {
            let matrix = Mat::from_fn(2, 2, |i, j| if (i, j) == (0, 1) { m } else { 0.0 });
            let value = |r: f64| {
                let (x, y) = (1.0 / r, m / (r * r));
                (r - 1.0) * 0.5 * (y + (y * y + 4.0 * x * x).sqrt())
            };
            let exact = (1..100_000)
                .map(|i| value(1.0 + 1e-3 * f64::from(i)))
                .fold(1.0, f64::max);
            let found = kreiss_constant(&matrix);
            assert!(found <= exact * (1.0 + 1e-9), "{found} {exact}");
            assert!(found > 0.9 * exact, "{found} {exact}");
        }
    }

    #[test]
    fn powers_grow_by_no_less_and_by_no_more_than_the_theorem_says() {
        let n = 12;
        // Jordan-like: 0.8 on the diagonal, 0.7 beside it, and something further off.
        let matrix = Mat::from_fn(n, n, |i, j| match j.wrapping_sub(i) {
            0 => 0.8,
            1 => 0.7,
            3 => 0.1,
            _ => 0.0,
        });
        let found = kreiss_constant(&matrix);
        let mut power = Mat::<f64>::identity(n, n);
        let mut growth = 1.0_f64;
        for _ in 0..400 {
            power = &power * &matrix;
            growth = growth.max(power.singular_values().map_or(f64::INFINITY, |s| s[0]));
        }
        assert!(found <= growth && growth <= std::f64::consts::E * n as f64 * found);
        assert!(found > 10.0, "{found}");
    }

    #[test]
    fn a_normal_matrix_has_none() {
        let (sin, cos) = 0.7_f64.sin_cos();
        let matrix = Mat::from_fn(3, 3, |i, j| match (i, j) {
            (0, 0) | (1, 1) => 0.95 * cos,
            (0, 1) => -0.95 * sin,
            (1, 0) => 0.95 * sin,
            (2, 2) => -0.4,
            _ => 0.0,
        });
        assert!((kreiss_constant(&matrix) - 1.0).abs() < 1e-9);
    }
}
