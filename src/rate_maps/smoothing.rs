//! From sums of rates in cells to a smooth map of mean rates.

/// Standard deviations after which the Gaussian is cut.
const REACH: f64 = 4.0;

/// Makes maps of rooms that were visited in one way.
///
/// 1. The sums of rates and the number of samples are smoothed separately by a Gaussian, cut after 4 standard deviations; there
///    is nothing beyond the walls.
/// 2. The map is the one divided by the other: a mean over nearby samples, each with its weight, so that a constant rate
///    stays what it is at walls, too.
/// 3. Cells in which no sample was are NaN, whatever is near them.
#[derive(Debug, Clone, PartialEq)]
pub struct Smoother {
    rows: usize,
    columns: usize,
    /// Weights by the distance in cells.
    kernel: Vec<f64>,
    /// Smoothed number of samples; NaN where none was.
    occupancy: Vec<f64>,
}

impl Smoother {
    /// For so many samples in each cell, row by row, and a Gaussian of a standard deviation in cells; 0, or less, smooths not
    /// at all.
    ///
    /// # Panics
    /// If there are not as many numbers of samples as cells.
    pub fn new(rows: usize, columns: usize, occupancy: &[f64], deviation: f64) -> Self {
        assert_eq!(occupancy.len(), rows * columns, "one number a cell");
        let reach = (REACH * deviation.max(0.0)).floor() as usize;
        let farthest = reach.min(rows.max(columns).saturating_sub(1));
        let weight = |distance: usize| {
            if distance == 0 {
                1.0
            } else {
                (-0.5 * (distance as f64 / deviation).powi(2)).exp()
            }
        };
        let mut smoother = Self {
            rows,
            columns,
            kernel: (0..=farthest).map(weight).collect(),
            occupancy: Vec::new(),
        };
        let smooth = smoother.smooth(occupancy).into_iter().zip(occupancy);
        let visited = smooth.map(|(near, &here)| if here > 0.0 { near } else { f64::NAN });
        smoother.occupancy = visited.collect();
        smoother
    }

    /// The map of mean rates from their sums in each cell; NaN where no sample was.
    pub fn map(&self, sums: &[f64]) -> Vec<f64> {
        let smooth = self.smooth(sums).into_iter().zip(&self.occupancy);
        smooth.map(|(sum, samples)| sum / samples).collect()
    }

    /// The Gaussian, first along rows and then along columns.
    fn smooth(&self, values: &[f64]) -> Vec<f64> {
        if self.kernel.len() == 1 {
            return values.to_vec();
        }
        let along_rows = self.along(values, self.columns, |cell| cell % self.columns, 1);
        self.along(
            &along_rows,
            self.rows,
            |cell| cell / self.columns,
            self.columns,
        )
    }

    /// The Gaussian along one axis of so many cells, which lie a stride apart.
    fn along(
        &self,
        values: &[f64],
        length: usize,
        place: impl Fn(usize) -> usize,
        stride: usize,
    ) -> Vec<f64> {
        let weighted = |cell: usize| {
            let here = place(cell);
            let mut sum = self.kernel[0] * values[cell];
            for (distance, weight) in self.kernel.iter().enumerate().skip(1) {
                if distance <= here {
                    sum += weight * values[cell - distance * stride];
                }
                if here + distance < length {
                    sum += weight * values[cell + distance * stride];
                }
            }
            sum
        };
        (0..values.len()).map(weighted).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_constant_rate_stays_constant_however_often_cells_were_visited() {
        let occupancy: Vec<f64> = (0..35).map(|cell| f64::from(cell % 4)).collect();
        let sums: Vec<f64> = occupancy.iter().map(|samples| 3.0 * samples).collect();
        for deviation in [0.0, 0.7, 2.0, 50.0] {
            let map = Smoother::new(5, 7, &occupancy, deviation).map(&sums);
            for (rate, &samples) in map.iter().zip(&occupancy) {
                assert_eq!(rate.is_nan(), samples == 0.0);
                assert!(samples == 0.0 || (rate - 3.0).abs() < 1e-12);
            }
        }
    }

    #[test]
    fn one_active_cell_becomes_a_gaussian() {
        let mut sums = vec![0.0; 21 * 21];
        sums[10 * 21 + 10] = 1.0;
        let map = Smoother::new(21, 21, &[1.0; 21 * 21], 1.5).map(&sums);
        let relative = |row: usize, column: usize| map[row * 21 + column] / map[10 * 21 + 10];
        assert!((relative(12, 9) - (-5.0_f64 / 4.5).exp()).abs() < 1e-6);
        assert!((relative(10, 14) - (-16.0_f64 / 4.5).exp()).abs() < 1e-6);
        assert_eq!(relative(10, 17), 0.0);
    }

    #[test]
    fn without_smoothing_the_map_is_the_mean_in_each_cell() {
        let map = Smoother::new(1, 3, &[2.0, 0.0, 4.0], 0.0).map(&[3.0, 0.0, 2.0]);
        assert_eq!([map[0], map[2]], [1.5, 0.5]);
        assert!(map[1].is_nan());
    }
}
