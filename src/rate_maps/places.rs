//! Where the samples are, and in which trials.

use std::ops::Range;

use faer::MatRef;

/// Where each sample was, on a grid of rows × columns cells, and in which trial.
#[derive(Debug, Clone, PartialEq)]
pub struct Places {
    rows: usize,
    columns: usize,
    /// The samples trial by trial, each trial in the order of time.
    order: Vec<usize>,
    /// The cell of each of them, counted row by row.
    cells: Vec<usize>,
    /// Which of them are those of each trial.
    trials: Vec<Range<usize>>,
    /// Samples in each cell.
    occupancy: Vec<f64>,
}

impl Places {
    /// From the (row, column) of each sample, counted from 0 within the walls, and the number of its trial. Samples of a trial
    /// stand in the order of time; those of other trials may stand between them.
    ///
    /// # Panics
    /// If a place lies outside the grid, or if there are not as many trial numbers as places.
    pub fn new(rows: usize, columns: usize, places: &[(usize, usize)], trials: &[usize]) -> Self {
        assert_eq!(places.len(), trials.len(), "one trial number a place");
        let mut order: Vec<usize> = (0..places.len()).collect();
        order.sort_by_key(|&sample| trials[sample]);
        let cell = |&sample: &usize| {
            let (row, column) = places[sample];
            assert!(row < rows && column < columns, "a place outside the grid");
            row * columns + column
        };
        let cells: Vec<usize> = order.iter().map(cell).collect();
        let mut occupancy = vec![0.0; rows * columns];
        for &cell in &cells {
            occupancy[cell] += 1.0;
        }
        let mut begin = 0;
        let of_trials = order.chunk_by(|&a, &b| trials[a] == trials[b]);
        let ranges = of_trials.map(|samples| {
            begin += samples.len();
            begin - samples.len()..begin
        });
        Self {
            rows,
            columns,
            trials: ranges.collect(),
            order,
            cells,
            occupancy,
        }
    }

    /// Rows and columns of the grid.
    pub fn size(&self) -> [usize; 2] {
        [self.rows, self.columns]
    }

    /// Number of samples.
    pub fn samples(&self) -> usize {
        self.cells.len()
    }

    /// Number of samples in each cell, row by row.
    pub fn occupancy(&self) -> &[f64] {
        &self.occupancy
    }

    /// Which samples are those of each trial, in the order of [`Self::trace`].
    pub(super) fn trials(&self) -> &[Range<usize>] {
        &self.trials
    }

    /// The rates of a unit, trial by trial.
    pub(super) fn trace(&self, rates: MatRef<'_, f64>, unit: usize) -> Vec<f64> {
        let samples = self.order.iter();
        samples.map(|&sample| rates[(sample, unit)]).collect()
    }

    /// The sum of a unit's rates in each cell; each trial's rates come so many samples early, and those before its begin at its
    /// end.
    pub(super) fn sums(&self, trace: &[f64], shifts: Option<&[usize]>) -> Vec<f64> {
        let mut sums = vec![0.0; self.occupancy.len()];
        for (number, trial) in self.trials.iter().enumerate() {
            let shift = shifts.map_or(0, |shifts| shifts[number]);
            let (first, last) = trace[trial.clone()].split_at(shift);
            let shifted = last.iter().chain(first);
            for (&cell, rate) in self.cells[trial.clone()].iter().zip(shifted) {
                sums[cell] += rate;
            }
        }
        sums
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_of_trials_may_be_interleaved() {
        let places = [(0, 0), (1, 1), (0, 1), (1, 1), (0, 0), (1, 0)];
        let of_two = Places::new(2, 2, &places, &[7, 3, 7, 3, 7, 3]);
        assert_eq!(of_two.occupancy(), [2.0, 1.0, 1.0, 2.0]);
        assert_eq!(of_two.trials(), [0..3, 3..6]);
        let rates = faer::Mat::from_fn(6, 1, |sample, _| sample as f64);
        let trace = of_two.trace(rates.as_ref(), 0);
        assert_eq!(trace, [1.0, 3.0, 5.0, 0.0, 2.0, 4.0]);
        assert_eq!(of_two.sums(&trace, None), [4.0, 2.0, 5.0, 4.0]);
    }

    #[test]
    fn a_shift_goes_around_the_end_of_its_trial() {
        let places = [(0, 0), (0, 1), (0, 2), (0, 0), (0, 1)];
        let of_two = Places::new(1, 3, &places, &[0, 0, 0, 1, 1]);
        let trace = [1.0, 2.0, 4.0, 8.0, 16.0];
        assert_eq!(
            of_two.sums(&trace, Some(&[1, 0])),
            [2.0 + 8.0, 4.0 + 16.0, 1.0]
        );
        assert_eq!(
            of_two.sums(&trace, Some(&[2, 1])),
            [4.0 + 16.0, 1.0 + 8.0, 2.0]
        );
    }
}
