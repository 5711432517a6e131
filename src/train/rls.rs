//! Recursive least squares with one inverse correlation matrix for all outputs (Sussillo & Abbott 2009, Neuron 63:544).

use crate::cell::features::affine;

/// P = (α I + Σ x xᵀ)⁻¹ over the vectors x seen so far.
#[derive(Debug, Clone, PartialEq)]
pub struct RecursiveLeastSquares {
    size: usize,
    inverse: Vec<f64>,
}

impl RecursiveLeastSquares {
    /// P = I/α for vectors of a size.
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
