//! How like a grid cell a unit is.

use std::f64::consts::PI;

use super::correlogram::{Correlator, LEAST_VARIANCE, Sums};

/// By how many cells the largest ring is narrower than the room.
const MARGIN: usize = 2;
/// Cells from the central peak to the outer radius of the smallest ring.
const LEAST_WIDTH: usize = 2;
/// Angles by which a hexagonal grid is turned into itself, in degrees, and those half-way between.
const ANGLES: [f64; 5] = [60.0, 120.0, 30.0, 90.0, 150.0];
/// How many of them are the former.
const ALIKE: usize = 2;

/// Takes grid scores of maps of a room of so many cells, those that were visited being the same ones.
///
/// 1. The autocorrelogram: Pearson's correlation of the map with itself shifted by each number of rows and columns, over the
///    cells that both cover and that were visited; at least 20 of them (Sargolini et al. 2006).
/// 2. The central peak ends at the first distance in whole cells at which the mean correlation is negative or has a local
///    minimum, whichever comes first. It is left out.
/// 3. For each ring from there to an outer radius, by whole cells: the correlogram is turned by 60, 120, 30, 90 and 150
///    degrees, interpolated between its four nearest values, and correlated with itself over the ring. The score of the ring
///    is the least correlation at 60 and 120 degrees less the largest at 30, 90 and 150.
/// 4. The grid score is the largest of all rings (Langston et al. 2010), which is above 0 by chance, too: shuffles tell how
///    often. Rings less than half of which can be correlated do not count.
///
/// Adapted to rooms of few cells: outer radii go from 2 cells more than the central peak to 2 less than the shorter side;
/// Langston et al., with finer cells, left more on both ends.
///
/// NaN where there is no ring: of constant maps, of maps that only rise to one side, of rooms too small for one.
#[derive(Debug, Clone, PartialEq)]
pub struct GridScorer {
    correlator: Correlator,
    /// The shifts in each ring of the width of a cell, by its radius; not beyond the largest ring.
    rings: Vec<Vec<Turned>>,
}

/// A place of the correlogram, and where it comes from when that is turned by each angle.
#[derive(Debug, Clone, PartialEq)]
struct Turned {
    place: usize,
    from: [Between; ANGLES.len()],
}

/// A place between four of the correlogram: the first, and how far it is to the next row and column.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Between {
    first: usize,
    down: f64,
    right: f64,
}

impl GridScorer {
    /// For so many samples in each cell, row by row; only whether there are any counts.
    ///
    /// # Panics
    /// If there are not as many numbers of samples as cells.
    pub fn new(rows: usize, columns: usize, occupancy: &[f64]) -> Self {
        let mut scorer = Self {
            correlator: Correlator::new(rows, columns, occupancy),
            rings: Vec::new(),
        };
        scorer.rings = scorer.all_rings(rows.min(columns));
        scorer
    }

    /// The grid score of a map of this room, row by row; rates in cells that were not visited do not count, NaN or not.
    ///
    /// # Panics
    /// If the map has not as many cells as the room.
    pub fn score(&self, map: &[f64]) -> f64 {
        let correlogram = self.correlator.correlogram(map);
        let Some(central) = self.central_radius(&correlogram) else {
            return f64::NAN;
        };
        let mut sums = [Sums::default(); ANGLES.len()];
        let (mut possible, mut best) = (0, f64::NAN);
        for outer in central + 1..self.rings.len() {
            possible += self.rings[outer].len();
            for turned in &self.rings[outer] {
                let here = correlogram[turned.place];
                if here.is_nan() {
                    continue;
                }
                for (sums, from) in sums.iter_mut().zip(turned.from) {
                    let there = self.interpolated(&correlogram, from);
                    if !there.is_nan() {
                        sums.add(here, there);
                    }
                }
            }
            let is_enough = sums.iter().all(|sums| 2.0 * sums.count >= possible as f64);
            if outer >= central + LEAST_WIDTH && is_enough {
                // The maximum of NaN and a number is the number.
                best = f64::max(best, ring_score(&sums));
            }
        }
        best
    }

    fn all_rings(&self, side: usize) -> Vec<Vec<Turned>> {
        let largest = side.saturating_sub(MARGIN);
        let mut rings = vec![Vec::new(); largest + 1];
        for shift in self.correlator.shifts() {
            let (y, x) = (shift.down as f64, shift.right as f64);
            if let Some(ring) = rings.get_mut(y.hypot(x).round() as usize) {
                ring.push(Turned {
                    place: self.correlator.place(shift.down as isize, shift.right),
                    from: ANGLES.map(|angle| self.turned(y, x, angle * PI / 180.0)),
                });
            }
        }
        rings
    }

    fn turned(&self, y: f64, x: f64, angle: f64) -> Between {
        let (sin, cos) = angle.sin_cos();
        let (y, x) = (cos * y - sin * x, sin * y + cos * x);
        let (down, right) = (y.floor(), x.floor());
        Between {
            first: self.correlator.place(down as isize, right as isize),
            down: y - down,
            right: x - right,
        }
    }

    fn interpolated(&self, correlogram: &[f64], from: Between) -> f64 {
        let along = |first: usize| {
            let (left, right) = (correlogram[first], correlogram[first + 1]);
            left + from.right * (right - left)
        };
        let (upper, lower) = (
            along(from.first),
            along(from.first + self.correlator.width()),
        );
        upper + from.down * (lower - upper)
    }

    /// Where the central peak ends, if it does.
    fn central_radius(&self, correlogram: &[f64]) -> Option<usize> {
        let mean = |ring: &Vec<Turned>| {
            let known = ring.iter().map(|turned| correlogram[turned.place]);
            let known: Vec<f64> = known.filter(|value| !value.is_nan()).collect();
            known.iter().sum::<f64>() / known.len() as f64
        };
        let means: Vec<f64> = self.rings.iter().map(mean).collect();
        (1..means.len().saturating_sub(1))
            .find(|&radius| means[radius] < 0.0 || means[radius] < means[radius + 1])
    }
}

/// The least correlation at 60 and 120 degrees less the largest at 30, 90 and 150; NaN if one of them is.
fn ring_score(sums: &[Sums; ANGLES.len()]) -> f64 {
    let correlations = sums.map(|sums| sums.correlation(LEAST_VARIANCE));
    if correlations.iter().any(|correlation| correlation.is_nan()) {
        return f64::NAN;
    }
    let (alike, between) = correlations.split_at(ALIKE);
    let least = alike.iter().copied().fold(f64::INFINITY, f64::min);
    least - between.iter().copied().fold(f64::NEG_INFINITY, f64::max)
}

#[cfg(test)]
mod tests {
    use rand::RngExt as _;

    use crate::statistics::randomisation::draws;

    use super::*;

    const SIZE: usize = 30;

    fn room() -> GridScorer {
        GridScorer::new(SIZE, SIZE, &[1.0; SIZE * SIZE])
    }

    /// The sum of so many waves, evenly turned, of a wavelength in cells.
    fn waves(count: usize, wavelength: f64, turned: f64) -> Vec<f64> {
        let rate = |cell: usize| {
            let (y, x) = ((cell / SIZE) as f64, (cell % SIZE) as f64);
            let wave = |number: usize| {
                let (sin, cos) = (turned + PI * number as f64 / count as f64).sin_cos();
                (2.0 * PI / wavelength * (cos * x + sin * y) + 0.3 * number as f64).cos()
            };
            (0..count).map(wave).sum()
        };
        (0..SIZE * SIZE).map(rate).collect()
    }

    #[test]
    fn a_hexagonal_grid_has_a_score_above_one_and_a_square_one_far_below() {
        let scorer = room();
        for turned in [0.0, 0.2, 0.4] {
            for wavelength in [6.0, 9.0, 11.0] {
                let score = scorer.score(&waves(3, wavelength, turned));
                assert!(score > 1.0, "{wavelength} {turned}: {score}");
                let score = scorer.score(&waves(2, wavelength, turned));
                assert!(score < 0.0, "{wavelength} {turned}: {score}");
            }
        }
    }

    #[test]
    fn the_score_has_no_unit_and_no_direction() {
        let (scorer, map) = (room(), waves(3, 8.0, 0.1));
        let score = scorer.score(&map);
        let scaled: Vec<f64> = map.iter().map(|rate| 0.02 * rate - 0.9).collect();
        let transposed: Vec<f64> = (0..SIZE * SIZE)
            .map(|cell| map[cell % SIZE * SIZE + cell / SIZE])
            .collect();
        assert!((scorer.score(&scaled) - score).abs() < 1e-9);
        assert!((scorer.score(&transposed) - score).abs() < 1e-9);
    }

    #[test]
    fn noise_has_scores_around_zero() {
        let scorer = GridScorer::new(15, 15, &[1.0; 225]);
        let scores = draws(100, 3, |rng| {
            let map: Vec<f64> = (0..225).map(|_| rng.random()).collect();
            scorer.score(&map)
        });
        let mean = scores.iter().sum::<f64>() / 100.0;
        assert!(mean.abs() < 0.2, "{mean}");
        assert!(scores.iter().all(|score| score.abs() < 1.0), "{scores:?}");
    }

    #[test]
    fn without_a_ring_there_is_no_score() {
        let scorer = room();
        let ramp: Vec<f64> = (0..SIZE * SIZE).map(|cell| (cell % SIZE) as f64).collect();
        assert!(scorer.score(&ramp).is_nan());
        assert!(scorer.score(&[0.3; SIZE * SIZE]).is_nan());
        let nobody = GridScorer::new(8, 8, &[0.0; 64]);
        assert!(nobody.score(&[f64::NAN; 64]).is_nan());
        for (rows, columns) in [(1, 1), (1, 40), (3, 9), (5, 5)] {
            let cells = rows * columns;
            let map: Vec<f64> = (0..cells).map(|cell| (cell as f64).sin()).collect();
            let score = GridScorer::new(rows, columns, &vec![1.0; cells]).score(&map);
            assert!(score.is_nan(), "{rows} {columns} {score}");
        }
    }
}
