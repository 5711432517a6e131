//! A fixed three-dimensional view of a state space.
//!
//! One projection is fitted for a whole run, so that points can be seen to move between checkpoints; a projection
//! for each checkpoint would turn and flip.

use faer::{Mat, Side};

/// A mean and three orthonormal axes: the leading principal components of a set of states.
#[derive(Debug, Clone, PartialEq)]
pub struct Projection {
    /// Mean of the states.
    pub mean: Vec<f64>,
    /// Axes by falling variance; zero where the space has fewer dimensions.
    pub axes: [Vec<f64>; 3],
}

impl Projection {
    /// Fits the axes to states, `[count][dim]` row-major. The largest component of each axis is positive.
    ///
    /// States that are not finite leave the axes 0.
    pub fn fit(states: &[f64], dim: usize) -> Self {
        let count = (states.len() / dim.max(1)).max(1) as f64;
        let mut mean = vec![0.0; dim];
        for state in states.chunks_exact(dim.max(1)) {
            for (sum, x) in mean.iter_mut().zip(state) {
                *sum += x / count;
            }
        }
        let rows = states.len() / dim.max(1);
        let centred = Mat::from_fn(rows, dim, |i, j| states[i * dim + j] - mean[j]);
        let covariance = centred.transpose() * &centred;
        let mut axes = [vec![0.0; dim], vec![0.0; dim], vec![0.0; dim]];
        if let Ok(eigen) = covariance.self_adjoint_eigen(Side::Lower) {
            for (rank, axis) in axes.iter_mut().enumerate().take(dim) {
                let column = eigen.U().col(dim - 1 - rank);
                let largest = (0..dim)
                    .map(|i| column[i])
                    .fold(0.0, |a: f64, b| if b.abs() > a.abs() { b } else { a });
                let sign = if largest < 0.0 { -1.0 } else { 1.0 };
                axis.iter_mut()
                    .enumerate()
                    .for_each(|(i, x)| *x = sign * column[i]);
            }
        }
        Self { mean, axes }
    }

    /// Coordinates of a state.
    pub fn project(&self, state: &[f64]) -> [f64; 3] {
        let along = |axis: &[f64]| {
            axis.iter()
                .zip(state)
                .zip(&self.mean)
                .map(|((a, x), m)| a * (x - m))
                .sum::<f64>()
        };
        [
            along(&self.axes[0]),
            along(&self.axes[1]),
            along(&self.axes[2]),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_are_those_of_an_ellipsoid() {
        // Points ±σ e along four orthogonal directions of R^4, with σ = 4, 3, 2, 1.
        let mut states = Vec::new();
        for (axis, deviation) in [(2, 4.0), (0, 3.0), (3, 2.0), (1, 1.0)] {
            for sign in [-1.0, 1.0] {
                let mut state = vec![5.0; 4];
                state[axis] += sign * deviation;
                states.extend(state);
            }
        }
        let projection = Projection::fit(&states, 4);
        let coordinates = projection.project(&[5.5, 9.0, 4.0, 7.0]);
        for (found, expected) in coordinates.iter().zip([-1.0, 0.5, 2.0]) {
            assert!((found - expected).abs() < 1e-12, "{coordinates:?}");
        }
    }

    #[test]
    fn a_plane_has_two_axes() {
        let projection = Projection::fit(&[1.0, 0.0, -1.0, 0.0, 0.0, 0.1, 0.0, -0.1], 2);
        assert_eq!(projection.axes[2], vec![0.0; 2]);
        assert!((projection.project(&[0.3, 0.0])[0] - 0.3).abs() < 1e-12);
    }
}
