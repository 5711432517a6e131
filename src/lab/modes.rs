//! Unstable modes of fixed points, as they lie in a view of the state space. Not in the tables; computed from the weights.

use crate::cell::map::CellMap;
use crate::dynamics::linear::spectrum::SpectrumError;
use crate::dynamics::motion::projection::Projection;
use crate::dynamics::points::linearisation::linearise;

/// Unstable modes of one point, at most.
const MOST_MODES: usize = 3;

/// An unstable direction of a fixed point.
#[derive(Debug, Clone, PartialEq)]
pub struct UnstableMode {
    /// Identity of the point in the run.
    pub point: u32,
    /// Principal components of the point.
    pub at: [f64; 3],
    /// Real part of the unit eigenvector in principal components, times |λ|.
    pub along: [f64; 3],
}

/// The unstable modes of fixed points, given by identity and state: up to three each, the leading ones.
///
/// # Errors
/// Eigenvalues that cannot be computed.
pub fn unstable_modes(
    map: &CellMap,
    points: &[(u32, Vec<f64>)],
    projection: &Projection,
) -> Result<Vec<UnstableMode>, SpectrumError> {
    let mut modes = Vec::new();
    for (point, state) in points {
        let linearisation = linearise(map, state, None)?;
        // Of a pair the first is enough: both have the same real part.
        let unstable = linearisation
            .modes
            .iter()
            .filter(|mode| mode.eigenvalue.0.hypot(mode.eigenvalue.1) > 1.0)
            .filter(|mode| mode.eigenvalue.1 >= 0.0);
        for mode in unstable.take(MOST_MODES) {
            let modulus = mode.eigenvalue.0.hypot(mode.eigenvalue.1);
            let tip: Vec<f64> = state
                .iter()
                .zip(&mode.right)
                .map(|(x, v)| x + modulus * v.re)
                .collect();
            let (at, tip) = (projection.project(state), projection.project(&tip));
            modes.push(UnstableMode {
                point: *point,
                at,
                along: [0, 1, 2].map(|axis| tip[axis] - at[axis]),
            });
        }
    }
    Ok(modes)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_that_excites_itself_is_unstable_along_its_own_axis() {
        // x → tanh(2 x) in one unit, a second one at rest: |λ| = 2 at the origin, along the first axis.
        let map = CellMap::vanilla(&[2.0, 0.0, 0.0, 0.5], vec![0.0, 0.0]);
        let projection = Projection {
            mean: vec![0.0, 0.0],
            axes: [vec![1.0, 0.0], vec![0.0, 1.0], vec![0.0, 0.0]],
        };
        let modes = unstable_modes(&map, &[(7, vec![0.0, 0.0])], &projection).unwrap();
        let [mode] = &modes[..] else {
            panic!("{modes:?}");
        };
        assert_eq!(mode.point, 7);
        assert!(
            (mode.along[0].abs() - 2.0).abs() < 1e-9 && mode.along[1].abs() < 1e-9,
            "{mode:?}"
        );
    }
}
