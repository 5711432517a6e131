//! What the readout of a cell sees.

use crate::map::Map;

/// A recurrent cell at a constant input, in f64.
///
/// Outputs at a state x are V r(x) + c, with r the features.
pub trait Cell: Map {
    /// What the readout sees of a state.
    fn features(&self, state: &[f64]) -> Vec<f64>;
}

/// `matrix · vector + offset` for a row-major matrix.
pub(crate) fn affine(matrix: &[f64], vector: &[f64], offset: &[f64]) -> Vec<f64> {
    matrix
        .chunks_exact(vector.len())
        .zip(offset)
        .map(|(row, c)| dot(row, vector) + c)
        .collect()
}

/// Σ a_i b_i in four interleaved parts.
fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut sums = [0.0; 4];
    let (chunks_a, chunks_b) = (a.chunks_exact(4), b.chunks_exact(4));
    let rest: f64 = chunks_a
        .remainder()
        .iter()
        .zip(chunks_b.remainder())
        .map(|(x, y)| x * y)
        .sum();
    for (x, y) in chunks_a.zip(chunks_b) {
        for lane in 0..4 {
            sums[lane] += x[lane] * y[lane];
        }
    }
    sums.iter().sum::<f64>() + rest
}
