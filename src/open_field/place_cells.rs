//! Places as the activity of many cells, each of which has a field around its centre (Banino et al. 2018, Nature 557:429, doi
//! 10.1038/s41586-018-0102-6; Sorscher et al. 2019, NeurIPS 32, public code).
//!
//! With d_i the distance to the centre of cell i, the Gaussian code is c = softmax(−d²/2σ²) over the cells. The difference of
//! Gaussians is c − softmax(−d²/4σ²), raised by its least value and divided by its sum. Where cells are dense it falls below its
//! value far away at d = 2σ√(ln 2), so that centres must lie nearer to each other than that to be decoded.

use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;

use super::area::{Area, Point};

/// Cells whose centres are averaged to decode a place.
pub const DECODED_CELLS: usize = 3;

/// The shape of a place field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlaceField {
    /// A Gaussian.
    Gaussian,
    /// A Gaussian less one of twice the variance.
    Difference,
}

/// Place cells of one width and shape.
#[derive(Debug, Clone, PartialEq)]
pub struct PlaceCells {
    /// Where each fires most, in metres.
    pub centres: Vec<Point>,
    /// Standard deviation σ of a field in metres, greater than 0.
    pub width: f64,
    /// Shape of all fields.
    pub field: PlaceField,
}

impl PlaceCells {
    /// `count` cells with centres drawn evenly from the box; they depend on box, number and seed alone.
    pub fn drawn(area: Area, count: usize, width: f64, field: PlaceField, seed: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        Self {
            centres: (0..count).map(|_| area.draw(&mut rng)).collect(),
            width,
            field,
        }
    }

    /// The activity of each cell at a place; none is negative, and their sum is 1.
    pub fn code(&self, place: Point) -> Vec<f64> {
        let squares: Vec<f64> = self
            .centres
            .iter()
            .map(|centre| (centre[0] - place[0]).powi(2) + (centre[1] - place[1]).powi(2))
            .collect();
        let variance = self.width * self.width;
        let mut code = normalised_gaussians(&squares, variance);
        if self.field == PlaceField::Difference {
            let surround = normalised_gaussians(&squares, 2.0 * variance);
            for (activity, surround) in code.iter_mut().zip(surround) {
                *activity -= surround;
            }
            raise_and_normalise(&mut code);
        }
        code
    }

    /// The mean of the centres of the three most active cells; NaN if an activity is NaN. Activities are compared only, so that
    /// logarithms of them decode to the same place.
    ///
    /// # Panics
    /// If there are fewer activities than cells.
    pub fn decode(&self, activities: &[f64]) -> Point {
        if activities.iter().any(|activity| activity.is_nan()) {
            return [f64::NAN; 2];
        }
        let mut best: Vec<usize> = Vec::with_capacity(DECODED_CELLS + 1);
        for cell in 0..self.centres.len() {
            let place = best
                .iter()
                .position(|&other| activities[cell] > activities[other])
                .unwrap_or(best.len());
            if place < DECODED_CELLS {
                best.insert(place, cell);
                best.truncate(DECODED_CELLS);
            }
        }
        let mean = |axis: usize| {
            let sum: f64 = best.iter().map(|&cell| self.centres[cell][axis]).sum();
            sum / best.len() as f64
        };
        [mean(0), mean(1)]
    }
}

/// exp(−d²/2v) over its sum. The least d² is taken off all, so that not everything vanishes far from all centres.
fn normalised_gaussians(squares: &[f64], variance: f64) -> Vec<f64> {
    let least = squares.iter().copied().fold(f64::INFINITY, f64::min);
    let mut values: Vec<f64> = squares
        .iter()
        .map(|square| (-(square - least) / (2.0 * variance)).exp())
        .collect();
    let sum: f64 = values.iter().sum();
    for value in &mut values {
        *value /= sum;
    }
    values
}

/// Adds the absolute value of the least, as the source does, and divides by the sum; an even code where all are equal.
fn raise_and_normalise(code: &mut [f64]) {
    let least = code.iter().copied().fold(f64::INFINITY, f64::min);
    let raised = code.iter().map(|activity| activity + least.abs());
    let sum: f64 = raised.sum();
    let even = 1.0 / code.len() as f64;
    for activity in code {
        *activity = if sum > 0.0 {
            (*activity + least.abs()) / sum
        } else {
            even
        };
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::open_field::area::distance;

    const AREA: Area = Area {
        width: 2.2,
        height: 2.2,
    };

    #[test]
    fn two_cells_have_the_activities_of_the_formula() {
        let cells = |field| PlaceCells {
            centres: vec![[0.0, 0.0], [0.2, 0.0]],
            width: 0.1,
            field,
        };
        // At the first centre the squares are 0 and 0.04: e^0 against e^−2, and e^0 against e^−1.
        let [near, wide] = [2.0_f64, 1.0].map(|x| 1.0 / (1.0 + (-x).exp()));
        let code = cells(PlaceField::Gaussian).code([0.0, 0.0]);
        assert!((code[0] - near).abs() < 1e-15 && (code[1] - 1.0 + near).abs() < 1e-15);
        let code = cells(PlaceField::Difference).code([0.0, 0.0]);
        assert!(near > wide && (code[0] - 1.0).abs() < 1e-12 && code[1].abs() < 1e-12);
    }

    /// On a grid, the cell itself is the most active at its centre, and the other two are its neighbours.
    #[test]
    fn the_code_of_a_centre_decodes_to_it_within_the_spacing() {
        let centres = (0..529).map(|cell| [0.1 * f64::from(cell % 23), 0.1 * f64::from(cell / 23)]);
        for field in [PlaceField::Gaussian, PlaceField::Difference] {
            let cells = PlaceCells {
                centres: centres.clone().collect(),
                width: 0.12,
                field,
            };
            for &centre in &cells.centres {
                let decoded = cells.decode(&cells.code(centre));
                assert!(distance(decoded, centre) < 0.1, "{centre:?} as {decoded:?}");
            }
        }
    }

    #[test]
    fn the_three_most_active_decode_in_any_order_and_nan_does_not() {
        let cells = PlaceCells {
            centres: vec![[0.0, 0.0], [3.0, 0.0], [0.0, 3.0], [9.0, 9.0]],
            width: 0.1,
            field: PlaceField::Gaussian,
        };
        assert_eq!(cells.decode(&[0.1, 0.5, 0.3, -2.0]), [1.0, 1.0]);
        assert_eq!(cells.decode(&[5.0, 0.3, 0.5, 0.2]), [1.0, 1.0]);
        assert!(cells.decode(&[5.0, f64::NAN, 0.5, 0.2])[0].is_nan());
    }

    proptest! {
        #[test]
        fn codes_are_probabilities_and_random_places_decode_nearby(
            seed in any::<u64>(),
            x in 0.0..2.2,
            y in 0.0..2.2,
            is_difference in any::<bool>(),
        ) {
            let field = if is_difference { PlaceField::Difference } else { PlaceField::Gaussian };
            let cells = PlaceCells::drawn(AREA, 512, 0.12, field, seed);
            let code = cells.code([x, y]);
            prop_assert!(code.iter().all(|&activity| activity >= 0.0));
            prop_assert!((code.iter().sum::<f64>() - 1.0).abs() < 1e-12);
            // 512 cells in 4.84 m² are 0.05 m from their nearest neighbour on average.
            prop_assert!(distance(cells.decode(&code), [x, y]) < 0.5);
            prop_assert_eq!(cells, PlaceCells::drawn(AREA, 512, 0.12, field, seed));
        }
    }
}
