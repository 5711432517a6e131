//! What mean-field theory says of gχ + mnᵀ with many units: outliers, fixed points, and what decides their stability.
//!
//! Units are tanh, dx/dt = −x + (gχ + mnᵀ) tanh x, χ_ij ~ N(0, 1/N), m_i ~ N(0, 1), and θₖ = nᵀ(gχ)ᵏm. At a fixed point the
//! states of the units are normally distributed with mean 0 and variance Δ.

use faer::c64;

/// Half-width and step of the trapezoidal rule for normal variables, which is exact to rounding for analytic functions.
const REACH: f64 = 8.5;
const NODES: i32 = 400;
/// The largest variance that is looked for.
const LARGEST_VARIANCE: f64 = 1e4;

/// The mean of f(x) over x ~ N(0, `variance`).
pub(super) fn gaussian_mean(variance: f64, f: impl Fn(f64) -> f64) -> f64 {
    let step = REACH / f64::from(NODES);
    let spread = variance.sqrt();
    let term = |node: i32| {
        let z = f64::from(node) * step;
        (-0.5 * z * z).exp() * f(spread * z)
    };
    let sum: f64 = (-NODES..=NODES).map(term).sum();
    sum * step / std::f64::consts::TAU.sqrt()
}

/// tanh and its first three derivatives.
fn derivatives(x: f64) -> [f64; 4] {
    let value = x.tanh();
    let first = crate::calculus::sech_squared(x);
    let second = -2.0 * value * first;
    [
        value,
        first,
        second,
        first * (4.0 * value * value - 2.0 * first),
    ]
}

/// ⟨φ′⟩ of units whose states have a variance.
pub(super) fn mean_slope(variance: f64) -> f64 {
    gaussian_mean(variance, |x| derivatives(x)[1])
}

/// The variance of the states of units with a ⟨φ′⟩ below 1; `None` for others.
///
/// ⟨φ′⟩ falls with the variance from 1: bisection.
pub(super) fn variance_of_slope(slope: f64) -> Option<f64> {
    if slope <= 0.0 || slope >= 1.0 {
        return None;
    }
    let (mut low, mut high) = (0.0, LARGEST_VARIANCE);
    for _ in 0..100 {
        let middle = f64::midpoint(low, high);
        if mean_slope(middle) > slope {
            low = middle;
        } else {
            high = middle;
        }
    }
    Some(f64::midpoint(low, high))
}

/// The solutions λ of λ² = θ₀λ + θ₁, those of the determinant formula λ = Σ θₖλ⁻ᵏ where no other θ matters: the larger real one
/// first, or the one with positive imaginary part.
pub(super) fn outliers_of_two([first, second]: [f64; 2]) -> [c64; 2] {
    let discriminant = c64::new(0.25 * first * first + second, 0.0);
    let root = discriminant.sqrt();
    let middle = c64::new(0.5 * first, 0.0);
    [middle + root, middle - root]
}

/// θ₀ and θ₁ that put two outliers at given places, both real or a pair.
pub(super) fn overlaps_for(outliers: [c64; 2]) -> [f64; 2] {
    let [a, b] = outliers;
    [(a + b).re, -(a * b).re]
}

/// The fixed points that belong to a real outlier above 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct FixedPointTheory {
    /// Δ, from ⟨φ′⟩ = 1/λ.
    pub(super) variance: f64,
    /// κ = nᵀφ, from Δ = κ² + g²⟨φ²⟩.
    pub(super) overlap: f64,
    /// g√⟨φ′²⟩, within which the many eigenvalues of the Jacobian lie, plus 1.
    pub(super) bulk: f64,
    /// The larger in modulus of the two eigenvalues, plus 1, of motion along κ and Δ.
    pub(super) own: c64,
}

/// What theory says of the fixed points that belong to the real outlier λ > 1 at a strength g < 1; `None` for λ ≤ 1.
///
/// 1. Δ is where ⟨φ′⟩ = 1/λ.
/// 2. A perturbation v of the fixed point has δκ = nᵀφ′v and p = ⟨xv⟩. With Stein's lemma its eigenvalues μ obey
///    μ² − (1 + g²B + λκ²⟨φ‴⟩)μ + g²B = 0, B = ⟨φ′² + φφ″⟩, beside those of the other outliers, λⱼ/λ.
pub(super) fn fixed_point(strength: f64, outlier: f64) -> Option<FixedPointTheory> {
    let variance = variance_of_slope(1.0 / outlier)?;
    let mean = |of: &dyn Fn([f64; 4]) -> f64| gaussian_mean(variance, |x| of(derivatives(x)));
    let squared = strength * strength;
    let of_overlap = variance - squared * mean(&|[value, ..]| value * value);
    let slopes = mean(&|[_, slope, ..]| slope * slope);
    let mixed = squared * (slopes + mean(&|[value, _, second, _]| value * second));
    let third = mean(&|[.., third]| third);
    let half_trace = 0.5 * (1.0 + mixed + outlier * of_overlap * third);
    let root = c64::new(half_trace * half_trace - mixed, 0.0).sqrt();
    Some(FixedPointTheory {
        variance,
        overlap: of_overlap.sqrt(),
        bulk: strength * slopes.sqrt(),
        own: c64::new(half_trace, 0.0) + root,
    })
}
