//! Recursive least squares with one inverse correlation matrix for all outputs (Sussillo & Abbott 2009, Neuron 63:544).
//!
//! For one output: w minimises Σ (wᵀx − f)² + α|w|² over all vectors seen, in O(n²) a vector. All outputs share P,
//! since they see the same x at the same times. There is no forgetting, so the gain only shrinks; symmetry is kept
//! to the bit, positive definiteness up to rounding.
//!
//! ```
//! use creode::train::rls::RecursiveLeastSquares;
//!
//! // f = 2 x₁ − x₂, told by three vectors.
//! let mut rls = RecursiveLeastSquares::new(2, 1e-6);
//! let mut w = [0.0, 0.0];
//! for x in [[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]] {
//!     let error = w[0] * x[0] + w[1] * x[1] - (2.0 * x[0] - x[1]);
//!     for (w, gain) in w.iter_mut().zip(rls.gain(&x)) {
//!         *w -= error * gain;
//!     }
//! }
//! assert!((w[0] - 2.0).abs() < 1e-4 && (w[1] + 1.0).abs() < 1e-4);
//! ```

use crate::cell::features::affine;

/// P = (α I + Σ x xᵀ)⁻¹ over the vectors x seen so far.
#[derive(Debug, Clone, PartialEq)]
pub struct RecursiveLeastSquares {
    size: usize,
    inverse: Vec<f64>,
}

impl RecursiveLeastSquares {
    /// P = I/α for vectors of a size.
    ///
    /// `regularisation` is α and must be positive.
    pub fn new(size: usize, regularisation: f64) -> Self {
        let mut inverse = vec![0.0; size * size];
        for diagonal in inverse.iter_mut().step_by(size + 1) {
            *diagonal = 1.0 / regularisation;
        }
        Self { size, inverse }
    }

    /// P, `[size][size]`.
    pub fn inverse(&self) -> &[f64] {
        &self.inverse
    }

    /// Takes up a P that [`Self::inverse`] gave.
    pub fn set_inverse(&mut self, inverse: Vec<f64>) {
        self.inverse = inverse;
    }

    /// Mean eigenvalue of P: the learning rate of a mean direction.
    pub fn mean_rate(&self) -> f64 {
        self.inverse.iter().step_by(self.size + 1).sum::<f64>() / self.size as f64
    }

    /// Takes in a vector x and returns the gain P x after it. Weights w whose error wᵀx − f was e before become those of
    /// the least squares over all vectors by w ← w − e · gain.
    ///
    /// 1. k = P x and c = 1/(1 + xᵀk).
    /// 2. P ← P − c k kᵀ; each entry is computed as its mirror image is, so P stays symmetric to the bit.
    /// 3. The gain is c k.
    ///
    /// The error e must be that before the correction. `vector` has as many entries as P has rows.
    pub fn gain(&mut self, vector: &[f64]) -> Vec<f64> {
        let mut direction = affine(&self.inverse, vector, &vec![0.0; self.size]);
        let overlap: f64 = direction.iter().zip(vector).map(|(k, x)| k * x).sum();
        let scale = 1.0 / (1.0 + overlap);
        for (row, &left) in self.inverse.chunks_exact_mut(self.size).zip(&direction) {
            for (entry, &right) in row.iter_mut().zip(&direction) {
                *entry -= scale * (left * right);
            }
        }
        for value in &mut direction {
            *value *= scale;
        }
        direction
    }
}
