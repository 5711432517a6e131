//! Networks as points of a plane whose distances are as near to theirs as a linear method makes them.

use faer::{Mat, Side};

use super::GroupError;
use super::distances::Distances;

/// Networks in a plane.
#[derive(Debug, Clone, PartialEq)]
pub struct Embedding {
    /// One point a network.
    pub points: Vec<[f64; 2]>,
    /// Share of the first two eigenvalues in the sum of the sizes of all, in 0 to 1; 1 if the distances are those of points in
    /// a plane.
    pub share_explained: f64,
    /// √(Σ (d − d̂)²/Σ d²) of the distances d and those in the plane d̂ (Kruskal's stress 1); 0 if they agree.
    pub stress: f64,
}

/// Classical scaling to two dimensions (Torgerson 1952; Gower 1966).
///
/// 1. B = −½ J D² J with J = 1 − 11ᵀ/n.
/// 2. The coordinates are the eigenvectors of its two largest eigenvalues, times their roots; of one that is not positive, 0.
/// 3. Of each coordinate the largest in size, the first if there are several, is positive.
pub fn embedded(distances: &Distances) -> Result<Embedding, GroupError> {
    let count = distances.count();
    if count == 0 {
        return Ok(Embedding {
            points: Vec::new(),
            share_explained: 1.0,
            stress: 0.0,
        });
    }
    let centred = centred_squares(distances);
    let decomposition = centred
        .self_adjoint_eigen(Side::Lower)
        .map_err(|_| GroupError::Embedding { networks: count })?;
    let values: Vec<f64> = decomposition.S().column_vector().iter().copied().collect();
    let mut points = vec![[0.0; 2]; count];
    let mut explained = 0.0;
    // Eigenvalues ascend.
    for axis in 0..2.min(count) {
        let place = count - 1 - axis;
        let value = values[place].max(0.0);
        explained += value;
        let vector: Vec<f64> = decomposition.U().col(place).iter().copied().collect();
        let scale = value.sqrt() * sign_of_largest(&vector);
        for (point, x) in points.iter_mut().zip(vector) {
            point[axis] = scale * x;
        }
    }
    let total: f64 = values.iter().map(|value| value.abs()).sum();
    Ok(Embedding {
        share_explained: if total > 0.0 { explained / total } else { 1.0 },
        stress: stress(distances, &points),
        points,
    })
}

fn centred_squares(distances: &Distances) -> Mat<f64> {
    let count = distances.count();
    let square = |i: usize, j: usize| distances.get(i, j).powi(2);
    let means: Vec<f64> = (0..count)
        .map(|i| (0..count).map(|j| square(i, j)).sum::<f64>() / count as f64)
        .collect();
    let mean = means.iter().sum::<f64>() / count as f64;
    Mat::from_fn(count, count, |i, j| {
        -0.5 * (square(i, j) - means[i] - means[j] + mean)
    })
}

/// 1 or −1, so that the entry of the largest size becomes positive. Entries whose sizes differ by rounding count as equal.
fn sign_of_largest(vector: &[f64]) -> f64 {
    let largest = vector.iter().fold(0.0, |most: f64, x| most.max(x.abs()));
    let first = vector.iter().find(|x| x.abs() >= largest * (1.0 - 1e-9));
    first.map_or(1.0, |x| x.signum())
}

fn stress(distances: &Distances, points: &[[f64; 2]]) -> f64 {
    let (mut missed, mut total) = (0.0, 0.0);
    for ((i, j), distance) in distances.places().zip(distances.pairs()) {
        let [dx, dy] = [0, 1].map(|axis| points[i][axis] - points[j][axis]);
        missed += (distance - dx.hypot(dy)).powi(2);
        total += distance.powi(2);
    }
    if total > 0.0 {
        (missed / total).sqrt()
    } else {
        0.0
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::statistics::randomisation::stream_of_draw;
    use rand::RngExt as _;

    #[test]
    fn points_of_a_plane_come_back_up_to_a_rotation() {
        let mut rng = stream_of_draw(4, 0);
        let plane: Vec<[f64; 2]> = (0..30)
            .map(|_| [rng.random_range(-3.0..3.0), rng.random_range(-1.0..1.0)])
            .collect();
        let distance = |points: &[[f64; 2]], i: usize, j: usize| {
            (points[i][0] - points[j][0]).hypot(points[i][1] - points[j][1])
        };
        let distances = Distances::between(30, |i, j| distance(&plane, i, j)).unwrap();
        let found = embedded(&distances).unwrap();
        assert!((found.share_explained - 1.0).abs() < 1e-10, "{found:?}");
        assert!(found.stress < 1e-10);
        for (i, j) in distances.places() {
            assert!((distance(&found.points, i, j) - distances.get(i, j)).abs() < 1e-10);
        }
        for axis in 0..2 {
            let coordinates = found.points.iter().map(|point| point[axis]);
            let largest = coordinates.fold(
                0.0,
                |most: f64, x| if x.abs() > most.abs() { x } else { most },
            );
            assert!(largest > 0.0);
        }
    }

    #[test]
    fn a_simplex_does_not_fit_a_plane() {
        // Four points at equal distances 1: eigenvalues ½, ½, ½, 0.
        let found = embedded(&Distances::new(4, vec![1.0; 6]).unwrap()).unwrap();
        assert!((found.share_explained - 2.0 / 3.0).abs() < 1e-12);
        assert!(found.stress > 0.1);
    }

    #[test]
    fn few_networks_and_equal_ones_are_no_special_cases() {
        let none = embedded(&Distances::new(0, Vec::new()).unwrap()).unwrap();
        assert!(none.points.is_empty());
        let one = embedded(&Distances::new(1, Vec::new()).unwrap()).unwrap();
        assert_eq!((one.points, one.share_explained), (vec![[0.0; 2]], 1.0));
        let two = embedded(&Distances::new(2, vec![2.0]).unwrap()).unwrap();
        assert!((two.points[0][0] - 1.0).abs() < 1e-12 && (two.points[1][0] + 1.0).abs() < 1e-12);
        let same = embedded(&Distances::new(3, vec![0.0; 3]).unwrap()).unwrap();
        assert_eq!(same.points, vec![[0.0; 2]; 3]);
    }
}
