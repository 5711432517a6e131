//! The length of a path without its small detours.

use super::length::distance;

/// A path reduced to those of its points that tell its shape.
#[derive(Debug, Clone, PartialEq)]
pub struct SimplifiedPath {
    /// Places of the points that are left, in order; the first and the last among them.
    pub places: Vec<usize>,
    /// Length of the path through them.
    pub length: f64,
}

/// Simplifies a path by the algorithm of Ramer (1972) and Douglas & Peucker (1973): every point that is left out lies within
/// `tolerance` of the straight stretch that replaces it.
///
/// Points are asked for by their place, each of them several times, and three are held at once: memory does not grow with
/// their number. Of `count` points about count · log₂ count are asked for, count² at worst.
///
/// 1. The ends of the path are kept.
/// 2. Of the points between two kept ones, the farthest from the straight stretch between these is kept, too, if it is farther
///    than the tolerance; so on with the parts to both sides of it.
pub fn simplified<E>(
    count: usize,
    tolerance: f64,
    mut point: impl FnMut(usize) -> Result<Vec<f64>, E>,
) -> Result<SimplifiedPath, E> {
    let mut path = SimplifiedPath {
        places: Vec::new(),
        length: 0.0,
    };
    if count == 0 {
        return Ok(path);
    }
    path.places.push(0);
    let mut ahead = vec![(0, count - 1)];
    while let Some((from, to)) = ahead.pop() {
        if from == to {
            continue;
        }
        let (start, end) = (point(from)?, point(to)?);
        let mut farthest = (tolerance, None);
        for place in from + 1..to {
            let away = distance_to_stretch(&point(place)?, &start, &end);
            if away > farthest.0 {
                farthest = (away, Some(place));
            }
        }
        if let Some(place) = farthest.1 {
            ahead.push((place, to));
            ahead.push((from, place));
        } else {
            path.places.push(to);
            path.length += distance(&start, &end);
        }
    }
    Ok(path)
}

/// Distance of a point from the straight stretch between two others.
fn distance_to_stretch(point: &[f64], start: &[f64], end: &[f64]) -> f64 {
    let (mut along, mut square) = (0.0, 0.0);
    for ((x, a), b) in point.iter().zip(start).zip(end) {
        along += (x - a) * (b - a);
        square += (b - a).powi(2);
    }
    let share = if square > 0.0 {
        (along / square).clamp(0.0, 1.0)
    } else {
        0.0
    };
    let coordinates = point.iter().zip(start).zip(end);
    let squares = coordinates.map(|((x, a), b)| (x - a - share * (b - a)).powi(2));
    squares.sum::<f64>().sqrt()
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;
    use crate::statistics::randomisation::stream_of_draw;
    use rand::RngExt as _;

    fn of(points: &[Vec<f64>], tolerance: f64) -> SimplifiedPath {
        let Ok(path) = simplified(points.len(), tolerance, |place| {
            Ok::<_, Infallible>(points[place].clone())
        });
        path
    }

    #[test]
    fn a_corner_stays_and_noise_goes() {
        let mut rng = stream_of_draw(1, 0);
        let mut noise = || rng.random_range(-0.1..0.1);
        let mut points: Vec<Vec<f64>> = (0..=40)
            .map(|k| vec![f64::from(k.min(20)), f64::from((k - 20).max(0))])
            .collect();
        for point in &mut points[1..40] {
            if point[0] != 20.0 || point[1] != 0.0 {
                point.iter_mut().for_each(|x| *x += noise());
            }
        }
        let path = of(&points, 0.3);
        assert_eq!(path.places, [0, 20, 40]);
        assert!((path.length - 40.0).abs() < 1e-12);
        let whole: f64 = points
            .windows(2)
            .map(|two| distance(&two[0], &two[1]))
            .sum();
        let fine = of(&points, 0.0);
        assert_eq!(fine.places.len(), 41);
        assert!((fine.length - whole).abs() < 1e-12);
        assert!(whole > path.length);
    }

    #[test]
    fn what_is_left_out_is_near_and_a_way_back_is_kept() {
        // Out along a line and back: the turning point is the farthest, though it lies on the line.
        let points: Vec<Vec<f64>> = [0.0, 1.0, 2.0, 3.0, 2.0, 1.0].map(|x| vec![x]).to_vec();
        let path = of(&points, 0.5);
        assert_eq!((path.places.as_slice(), path.length), (&[0, 3, 5][..], 5.0));
        let mut rng = stream_of_draw(2, 0);
        let mut walk = vec![vec![0.0; 4]];
        for _ in 0..200 {
            let last = &walk[walk.len() - 1];
            let next = last
                .iter()
                .map(|x| x + rng.random_range(-1.0..1.0))
                .collect();
            walk.push(next);
        }
        let path = of(&walk, 2.0);
        assert!(path.places.is_sorted() && path.places.len() < 150);
        for two in path.places.windows(2) {
            for place in two[0]..two[1] {
                assert!(distance_to_stretch(&walk[place], &walk[two[0]], &walk[two[1]]) <= 2.0);
            }
        }
        assert!(of(&[], 1.0).places.is_empty());
        assert_eq!(of(&[vec![3.0]], 1.0).places, [0]);
    }
}
