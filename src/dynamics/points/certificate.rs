//! Proof that a computed fixed point is one: a radius within which there is exactly one.
//!
//! A small residual proves nothing: beyond a fold q can be 10⁻¹³ with no fixed point anywhere near. The proof asks
//! whether a Newton-like map contracts a ball about the computed point into itself, with all rounding errors
//! counted; it then holds for the exact real map whose parameters are the stored numbers. Two certified points with
//! disjoint balls r₋ that lie outside of each other's r₊ are two fixed points, however close; two within r₊ of each
//! other are one.
//!
//! It cannot be had at a fold or other degenerate point (Z₀ or Z₂Y is too large), at a kink of rectified units
//! (infinite second derivatives), or for maps that give no bounds. No certificate does not mean no fixed point.

use faer::Mat;
use faer::linalg::solvers::{DenseSolveCore as _, PartialPivLu};

use super::newton::sign_of_determinant;
use crate::calculus::Bound;
use crate::map::Map;
use crate::norms::scale_of;
use crate::simd::vectorised;

/// Unit roundoff of f64.
const UNIT: f64 = 0.5 * f64::EPSILON;
/// Largest ball on which derivatives are bounded, relative to the point (at least 1).
const LARGEST_BALL: f64 = 0.1;
/// Tenfold reductions of that ball before giving up.
const REDUCTIONS: usize = 9;

/// What is proved of a fixed point x̄, in the maximum norm: there is a fixed point x* of the exact map within `radius`, and
/// no other within `unique_within`.
///
/// Lengths are in the coordinates of the map that was certified: those of the reduced equation where that was
/// solved.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Certificate {
    /// r₋: x* lies within this distance of x̄.
    pub radius: f64,
    /// r₊: there is no other fixed point within this distance of x̄.
    pub unique_within: f64,
    /// sign det(I − J(x*)), where rounding leaves no doubt.
    pub index: Option<i8>,
}

/// What does not depend on the size of the ball.
struct Linear {
    /// |C|, C ≈ A⁻¹.
    inverse: Mat<f64>,
    /// |C G| and its rounding, row by row.
    step: Vec<f64>,
    /// Row sums of |I − C A| and its rounding.
    defect: Vec<f64>,
    /// Row sums of |A|.
    sums: Vec<f64>,
    /// |G|.
    residual: Vec<f64>,
    sign: Option<i8>,
}

/// Certifies an approximate fixed point of a map by Newton–Kantorovich's theorem in the form of radii polynomials (Day,
/// Lessard & Mischaikow 2007); `None` if it cannot be: no zero is near, I − J is nearly singular, or the map gives no bounds.
///
/// With G(x) = x − F(x), A = DG(x̄) as computed, and C ≈ A⁻¹:
/// 1. Y ≥ ‖C G(x̄)‖ and Z₀ ≥ ‖I − C DG(x̄)‖, with a-priori bounds on all rounding, that of F and J included.
/// 2. Z₂ ≥ sup ‖C D²F‖ on a ball of radius R about x̄, from the map's bounds on second derivatives.
/// 3. If Z₀ < 1 and (1 − Z₀)² > 4 Y Z₂, p(r) = Z₂r² − (1 − Z₀)r + Y has roots r₋ < r₊: a unique zero in the ball of r₋,
///    and no other in that of r₊, both as long as they are at most R.
/// 4. R starts large; where r₊ < R, R = r₊ makes the bounds tighter and r₊ larger, so one repetition is enough.
///
/// `point` should be polished to rounding first; Y grows with its residual. Costs an inverse and a product of `dim`
/// × `dim` matrices, about seven times the operations of a factorisation.
///
/// ```
/// use creode::cell::map::CellMap;
/// use creode::dynamics::points::certificate::certify;
///
/// let unit = CellMap::vanilla(&[2.0], vec![0.0]);
/// let proof = certify(&unit, &[0.957_504_024_077_269]);
/// assert!(proof.is_some_and(|of| of.radius < 1e-14 && of.unique_within > 0.05 && of.index == Some(1)));
/// // Near nothing.
/// assert_eq!(certify(&unit, &[0.5]), None);
/// ```
pub fn certify<M: Map + ?Sized>(map: &M, point: &[f64]) -> Option<Certificate> {
    let linear = Linear::at(map, point)?;
    let mut ball = LARGEST_BALL * scale_of(point);
    for _ in 0..REDUCTIONS {
        let Some(found) = linear.radii(&map.bounds(&Bound::ball(point, ball))?, point) else {
            ball *= 0.1;
            continue;
        };
        let within = found.1.min(ball);
        // Step 4.
        let tighter = linear.radii(&map.bounds(&Bound::ball(point, within))?, point);
        let (radius, unique_within) = tighter.unwrap_or(found);
        let unique_within = unique_within.min(within);
        if radius >= unique_within {
            return None;
        }
        return Some(Certificate {
            radius,
            unique_within,
            index: linear.sign,
        });
    }
    None
}

impl Linear {
    /// Step 1, all but what the rounding of the map adds to it.
    fn at<M: Map + ?Sized>(map: &M, point: &[f64]) -> Option<Self> {
        let n = map.dim();
        let mut image = vec![0.0; n];
        map.step(point, &mut image);
        let residual: Vec<f64> = point.iter().zip(&image).map(|(x, f)| x - f).collect();
        let mut matrix = Mat::<f64>::zeros(n, n);
        map.jacobian(point, matrix.as_mut());
        for j in 0..n {
            for entry in matrix.col_as_slice_mut(j) {
                *entry = -*entry;
            }
            matrix[(j, j)] += 1.0;
        }
        let lu = PartialPivLu::new(matrix.as_ref());
        let inverse = lu.inverse();
        let product = &inverse * &matrix;
        let is_finite = (0..n).all(|j| inverse.col_as_slice(j).iter().all(|x| x.is_finite()));
        if !is_finite {
            return None;
        }
        let gamma = (n + 2) as f64 * UNIT;
        let sums = row_sums(&matrix);
        let exact = weighted_sums(&inverse, &residual);
        let mut magnitude = inverse;
        for j in 0..n {
            for entry in magnitude.col_as_slice_mut(j) {
                *entry = entry.abs();
            }
        }
        let residual: Vec<f64> = residual.iter().map(|g| g.abs()).collect();
        let size = weighted_sums(&magnitude, &residual);
        let step = exact.iter().zip(&size);
        let step = step.map(|(exact, size)| exact.abs() + gamma * size);
        let mut distance = product;
        for j in 0..n {
            distance[(j, j)] = 1.0 - distance[(j, j)];
        }
        let rounding = weighted_sums(&magnitude, &sums);
        let defect = row_sums(&distance).into_iter().zip(rounding);
        Some(Self {
            step: step.collect(),
            defect: defect
                .map(|(distance, rounding)| distance + gamma * rounding + 2.0 * UNIT)
                .collect(),
            sign: certain_sign(&lu, &magnitude, gamma),
            inverse: magnitude,
            sums,
            residual,
        })
    }

    /// Steps 1 to 3: r₋ and r₊ for bounds on some ball.
    fn radii(&self, bounds: &[Bound], point: &[f64]) -> Option<(f64, f64)> {
        let n = self.step.len();
        let of = |value: &dyn Fn(usize) -> f64| {
            let values: Vec<f64> = (0..n).map(value).collect();
            weighted_sums(&self.inverse, &values)
        };
        let image_error = of(&|k| bounds[k].error + UNIT * (point[k].abs() + self.residual[k]));
        let slope_error = of(&|k| bounds[k].slope_error + 2.0 * UNIT * (1.0 + self.sums[k]));
        let bend = of(&|k| bounds[k].bend);
        // The sums above are themselves rounded.
        let up = 1.0 + 8.0 * (n + 2) as f64 * UNIT;
        // 0 · ∞, of a unit at a kink that another one does not look at, must not pass for 0.
        let more = |most: f64, value: f64| {
            if value.is_nan() {
                value
            } else {
                most.max(value)
            }
        };
        let largest = |values: &mut dyn Iterator<Item = f64>| {
            up * values.fold(0.0, |most: f64, value| {
                if most.is_nan() {
                    most
                } else {
                    more(most, value)
                }
            })
        };
        let y = largest(&mut (0..n).map(|i| self.step[i] + image_error[i]));
        let z0 = largest(&mut (0..n).map(|i| self.defect[i] + slope_error[i]));
        let z2 = largest(&mut bend.into_iter());
        let slack = 1.0 - z0;
        let discriminant = slack * slack - 4.0 * y * z2;
        if !(slack > 0.0 && discriminant > 0.0) {
            return None;
        }
        let root = discriminant.sqrt();
        let below = 2.0 * y / (slack + root) * up;
        let above = if z2 > 0.0 {
            (slack + root) / (2.0 * z2) / up
        } else {
            f64::INFINITY
        };
        (below < above).then_some((below, above))
    }
}

/// Σ_j |matrix_ij|.
fn row_sums(matrix: &Mat<f64>) -> Vec<f64> {
    let mut sums = vec![0.0; matrix.nrows()];
    vectorised(|| {
        for j in 0..matrix.ncols() {
            for (sum, entry) in sums.iter_mut().zip(matrix.col_as_slice(j)) {
                *sum += entry.abs();
            }
        }
    });
    sums
}

/// matrix · weights.
fn weighted_sums(matrix: &Mat<f64>, weights: &[f64]) -> Vec<f64> {
    let mut sums = vec![0.0; matrix.nrows()];
    vectorised(|| {
        for (j, weight) in weights.iter().enumerate() {
            for (sum, entry) in sums.iter_mut().zip(matrix.col_as_slice(j)) {
                *sum += entry * weight;
            }
        }
    });
    sums
}

/// The sign of det A from its factors, if the factorisation's backward error, |E| ≤ γ|L||U|, cannot have changed it:
/// ‖C E‖ < ½ keeps every matrix between A and A + E regular once ‖I − C A‖ < ½.
fn certain_sign(lu: &PartialPivLu<f64>, inverse: &Mat<f64>, gamma: f64) -> Option<i8> {
    let n = inverse.nrows();
    let (lower, upper) = (lu.L(), lu.U());
    let mut upper_sums = vec![0.0; n];
    for j in 0..n {
        let above = upper.col(j).subrows(0, j + 1);
        for (sum, entry) in upper_sums.iter_mut().zip(above.iter()) {
            *sum += entry.abs();
        }
    }
    let mut product_sums = vec![0.0; n];
    for (k, upper_sum) in upper_sums.iter().enumerate() {
        let below = lower.col(k).subrows(k, n - k);
        for (sum, entry) in product_sums[k..].iter_mut().zip(below.iter()) {
            *sum += entry.abs() * upper_sum;
        }
    }
    let rows = lu.P().arrays().0;
    let mut in_place = vec![0.0; n];
    for (permuted, &original) in rows.iter().enumerate() {
        in_place[original] = product_sums[permuted];
    }
    let error = weighted_sums(inverse, &in_place)
        .into_iter()
        .fold(0.0, f64::max);
    (gamma * error < 0.5).then(|| sign_of_determinant(lu))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::cell::map::CellMap;
    use crate::dynamics::points::newton::{NewtonEnd, NewtonLimits, polish, solve};
    use crate::map::{Henon, Logistic};
    use proptest::prelude::*;
    use rand::SeedableRng as _;
    use rand_chacha::ChaCha8Rng;

    fn root<M: Map + ?Sized>(map: &M, start: &[f64]) -> Option<Vec<f64>> {
        match solve(map, start, NewtonLimits::default()) {
            NewtonEnd::Root { point } => Some(polish(map, point).point),
            NewtonEnd::Minimum { .. } | NewtonEnd::Lost => None,
        }
    }

    #[test]
    fn known_roots_lie_within_their_radius() {
        for (w, x) in [
            // Lists of these values give 0.502940574944591 for the first; iterating Newton's method in higher precision shows
            // that its 14th digit is wrong.
            (1.1, 0.502_940_574_944_641_4),
            (1.5, 0.858_559_636_640_110_4),
            (3.0, 0.994_901_528_452_628_9),
        ] {
            let map = CellMap::vanilla(&[w], vec![0.0]);
            let found = root(&map, &[0.9]).unwrap();
            let certificate = certify(&map, &found).unwrap();
            assert!(
                (found[0] - x).abs() <= certificate.radius + 1e-15,
                "{certificate:?}"
            );
            assert!(certificate.radius < 1e-13 && certificate.index == Some(1));
            // The other roots are 0 and −x.
            assert!(certificate.unique_within < x && certificate.unique_within > 1e-3 * x);
        }
        let henon = Henon { a: 1.4, b: 0.3 };
        for start in [[0.5, 0.2], [-1.0, -0.4]] {
            let certificate = certify(&henon, &root(&henon, &start).unwrap()).unwrap();
            assert!(certificate.radius < 1e-13 && certificate.unique_within < 1.77);
        }
        let certificate = certify(&Logistic { rate: 3.2 }, &[0.0]).unwrap();
        assert_eq!(certificate.index, Some(-1));
    }

    /// x = tanh(2x + b) has a fold at b = 0.532839975354: just before it both points are told apart, beyond it the ghost,
    /// whose q is far below any usual tolerance, is refused.
    #[test]
    fn near_a_fold_the_points_are_certified_and_the_ghost_is_not() {
        let fold = 0.5_f64.sqrt().atanh().mul_add(-1.0, 2.0_f64.sqrt());
        for distance in [1e-3, 1e-6, 1e-9, 1e-12] {
            let map = CellMap::vanilla(&[2.0], vec![fold - distance]);
            let width = f64::sqrt(distance);
            let node = root(&map, &[-0.5_f64.sqrt() - 2.0 * width]).unwrap();
            let saddle = root(&map, &[-0.5_f64.sqrt() + 2.0 * width]).unwrap();
            let gap = saddle[0] - node[0];
            let (of_node, of_saddle) = (
                certify(&map, &node).unwrap(),
                certify(&map, &saddle).unwrap(),
            );
            assert_eq!(
                (of_node.index, of_saddle.index),
                (Some(1), Some(-1)),
                "{distance}"
            );
            for certificate in [of_node, of_saddle] {
                assert!(
                    certificate.radius < gap && certificate.unique_within < gap,
                    "{certificate:?}"
                );
                assert!(
                    certificate.unique_within > 0.1 * gap,
                    "{certificate:?} for a gap of {gap}"
                );
            }
        }
        let ghost = CellMap::vanilla(&[2.0], vec![fold + 1e-6]);
        let only_fallback = NewtonLimits {
            newton_steps: 0,
            ..NewtonLimits::default()
        };
        let NewtonEnd::Minimum { point } = solve(&ghost, &[-0.72], only_fallback) else {
            panic!("no ghost")
        };
        assert!(crate::map::q(&ghost, &point) < 1e-12);
        assert_eq!(certify(&ghost, &point), None);
    }

    #[test]
    fn a_point_that_is_none_is_refused() {
        let map = CellMap::vanilla(&[1.5], vec![0.0]);
        assert_eq!(certify(&map, &[0.5]), None);
    }

    /// A random cell of `units` units with weights of a gain.
    fn random(kind: u8, units: usize, gain: f64, seed: u64) -> CellMap {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let deviation = gain * (3.0 / units as f64).sqrt();
        let mut draw = |count: usize, size: f64| -> Vec<f64> {
            (0..count)
                .map(|_| size * rng.random_range(-1.0..1.0))
                .collect()
        };
        let square = units * units;
        match kind {
            0 => CellMap::vanilla(&draw(square, deviation), draw(units, 0.5)),
            1 => CellMap::gru(
                &draw(3 * square, deviation),
                &draw(3 * units, 0.5),
                &draw(3 * units, 0.5),
            ),
            2 => CellMap::lstm(&draw(4 * square, deviation), draw(4 * units, 0.5)),
            _ => CellMap::ugrnn(&draw(2 * square, deviation), draw(2 * units, 0.5)),
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn no_other_root_lies_within_the_certified_ball(
            kind in 0_u8..4, units in 2_usize..12, gain in 0.8_f64..3.0, seed in any::<u64>()
        ) {
            let map = random(kind, units, gain, seed);
            let reduced = map.reduced();
            let equation: &dyn Map = match &reduced {
                Some(reduced) => &**reduced,
                None => &map,
            };
            let mut rng = ChaCha8Rng::seed_from_u64(seed ^ 1);
            let starts = (0..24).map(|_| (0..units).map(|_| rng.random_range(-1.0..1.0)).collect::<Vec<f64>>());
            let roots: Vec<Vec<f64>> = starts.filter_map(|start| root(equation, &start)).collect();
            for a in &roots {
                let Some(certificate) = certify(equation, a) else { continue };
                let slack = 1e-9_f64.min(certificate.unique_within);
                for b in &roots {
                    let distance = a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
                    prop_assert!(
                        distance <= slack || distance >= certificate.unique_within,
                        "{distance} {certificate:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn points_of_random_networks_are_certified() {
        let (mut certified, mut all) = (0, 0);
        for seed in 0..12 {
            for (kind, units) in [(0, 16), (0, 64), (1, 16), (2, 16), (3, 16)] {
                let map = random(kind, units, 1.2, seed);
                let reduced = map.reduced();
                let equation: &dyn Map = match &reduced {
                    Some(reduced) => &**reduced,
                    None => &map,
                };
                if let Some(point) = root(equation, &vec![0.1; units]) {
                    all += 1;
                    let certificate = certify(equation, &point);
                    certified += usize::from(certificate.is_some_and(|c| c.index.is_some()));
                }
            }
        }
        assert!(
            all >= 50 && certified == all,
            "{certified} of {all} points certified"
        );
    }
}
