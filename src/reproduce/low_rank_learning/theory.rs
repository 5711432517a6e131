//! What the theory of linear networks says, to leading orders in learning time, for infinitely many units.
//!
//! A linear network with the constant input 1 rests at z = w_outᵀ (1 − W)⁻¹ w_in. Gradient flow on ½(ẑ − z)² in W alone, from
//! W₀ with entries N(0, g²/N) and vectors w_in, w_out of lengths whose product is 1, gives with β = 1/(1 − g²) and
//! τ̃ = β² · learning time the series below (Schuessler et al. 2020). They follow from N⁻¹ tr (BᵀB) = β and N⁻¹ tr (BᵀB)² = β⁴
//! of B = (1 − W₀)⁻¹, and from words of B, Bᵀ, w_in and w_out being 0 where w_in meets w_out.

/// β = 1/(1 − g²), for g below 1.
pub(super) fn beta(gain: f64) -> f64 {
    1.0 / (1.0 - gain * gain)
}

/// Coefficients of τ̃, τ̃² and τ̃³ in z: ẑ (1, −1/2, (1 + 8 ẑ² β)/6).
pub(super) fn output(target: f64, gain: f64) -> [f64; 3] {
    let third = (1.0 + 8.0 * target * target * beta(gain)) / 6.0;
    [target, -0.5 * target, target * third]
}

/// Coefficients of τ̃, τ̃² and τ̃³ in the largest singular value of ΔW: (ẑ/β) (1, −1/2, (1 + 3.5 ẑ² β)/6).
pub(super) fn first_singular_value(target: f64, gain: f64) -> [f64; 3] {
    let scale = target / beta(gain);
    let third = (1.0 + 3.5 * target * target * beta(gain)) / 6.0;
    [scale, -0.5 * scale, scale * third]
}

/// Coefficient of τ̃³ in the second singular value of ΔW, which has no lower order: ẑ³/12, whatever g is.
pub(super) fn second_singular_value(target: f64) -> f64 {
    target.powi(3) / 12.0
}

/// Loss with W₀ drawn anew and ΔW kept, over that before training, for small targets: g⁴ (2 − g²)².
pub(super) fn shuffled_loss(gain: f64) -> f64 {
    (gain * gain * (2.0 - gain * gain)).powi(2)
}

/// Σ cₖ τ̃ᵏ, k = 1, 2, 3.
pub(super) fn series(coefficients: [f64; 3], time: f64) -> f64 {
    let [a, b, c] = coefficients;
    time * (a + time * (b + time * c))
}
