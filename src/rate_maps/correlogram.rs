//! How alike a map is to itself shifted.

use std::ops::Range;

/// Cells that a map and the shifted map must share for a correlation (Sargolini et al. 2006).
const LEAST_OVERLAP: f64 = 20.0;
/// Variance of a part of a map that is not rounding, as a share of the variance of the map.
pub(super) const LEAST_VARIANCE: f64 = 1e-9;

/// Correlates maps of a room with themselves, the same cells of it having been visited.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Correlator {
    rows: usize,
    columns: usize,
    /// 1 for a cell that was visited, else 0.
    visited: Vec<f64>,
    /// Number of visited cells.
    count: f64,
    /// Half of the shifts; the others are the same ones backwards.
    shifts: Vec<Shift>,
}

/// One shift of a map against itself.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Shift {
    pub(super) down: usize,
    pub(super) right: isize,
    /// Visited cells that are visited when shifted, too.
    overlap: f64,
}

impl Correlator {
    /// For so many samples in each cell; only whether there are any counts.
    pub(super) fn new(rows: usize, columns: usize, occupancy: &[f64]) -> Self {
        assert_eq!(occupancy.len(), rows * columns, "one number a cell");
        let visited = occupancy.iter();
        let visited: Vec<f64> = visited
            .map(|&samples| f64::from(u8::from(samples > 0.0)))
            .collect();
        let mut correlator = Self {
            rows,
            columns,
            count: visited.iter().sum(),
            visited,
            shifts: Vec::new(),
        };
        correlator.shifts = correlator.all_shifts();
        correlator
    }

    /// Half of the shifts; the others are the same ones backwards.
    pub(super) fn shifts(&self) -> &[Shift] {
        &self.shifts
    }

    /// Shifts down, and along the first row to the right only: the others are the same ones backwards.
    fn all_shifts(&self) -> Vec<Shift> {
        let side = self.columns as isize;
        let of_row = |down: usize| {
            let first = if down == 0 { 0 } else { 1 - side };
            (first..side).map(move |right| (down, right))
        };
        let overlap = |(down, right)| {
            let mut overlap = 0.0;
            for (a, b) in self.pairs(down, right) {
                overlap += dot(&self.visited[a], &self.visited[b]);
            }
            Shift {
                down,
                right,
                overlap,
            }
        };
        (0..self.rows).flat_map(of_row).map(overlap).collect()
    }

    /// The parts of rows that lie on each other when a map is shifted, as ranges of cells.
    fn pairs(
        &self,
        down: usize,
        right: isize,
    ) -> impl Iterator<Item = (Range<usize>, Range<usize>)> + use<> {
        let (columns, apart) = (self.columns, right.unsigned_abs());
        let [first, second] = if right < 0 { [apart, 0] } else { [0, apart] };
        let length = columns - apart;
        (0..self.rows - down).map(move |row| {
            let (a, b) = (row * columns + first, (row + down) * columns + second);
            (a..a + length, b..b + length)
        })
    }

    /// Where a shift stands in the correlogram.
    pub(super) fn place(&self, down: isize, right: isize) -> usize {
        let row = (down + self.rows as isize) as usize - 1;
        let column = (right + self.columns as isize) as usize - 1;
        row * self.width() + column
    }

    /// Length of its rows.
    pub(super) fn width(&self) -> usize {
        2 * self.columns - 1
    }

    /// Pearson's correlation at each shift, those down by 1 − rows first; NaN where it has none.
    pub(super) fn correlogram(&self, map: &[f64]) -> Vec<f64> {
        assert_eq!(map.len(), self.visited.len(), "a map of another room");
        let rates = self.centred(map);
        let squares: Vec<f64> = rates.iter().map(|rate| rate * rate).collect();
        let variance = squares.iter().sum::<f64>() / self.count;
        let least = LEAST_VARIANCE * variance;
        let mut correlogram = vec![f64::NAN; (2 * self.rows - 1) * self.width()];
        for shift in &self.shifts {
            if shift.overlap < LEAST_OVERLAP {
                continue;
            }
            let mut sums = Sums::default();
            for (a, b) in self.pairs(shift.down, shift.right) {
                sums.x += dot(&rates[a.clone()], &self.visited[b.clone()]);
                sums.y += dot(&self.visited[a.clone()], &rates[b.clone()]);
                sums.xx += dot(&squares[a.clone()], &self.visited[b.clone()]);
                sums.yy += dot(&self.visited[a.clone()], &squares[b.clone()]);
                sums.xy += dot(&rates[a], &rates[b]);
            }
            sums.count = shift.overlap;
            let correlation = sums.correlation(least);
            let (down, right) = (shift.down as isize, shift.right);
            correlogram[self.place(down, right)] = correlation;
            correlogram[self.place(-down, -right)] = correlation;
        }
        correlogram
    }

    /// The rates less their mean; 0 where nobody was.
    fn centred(&self, map: &[f64]) -> Vec<f64> {
        let visited = |(rate, visited): (&f64, &f64)| if *visited > 0.0 { *rate } else { 0.0 };
        let rates: Vec<f64> = map.iter().zip(&self.visited).map(visited).collect();
        let mean = rates.iter().sum::<f64>() / self.count;
        let cells = rates.iter().zip(&self.visited);
        cells.map(|(rate, visited)| rate - visited * mean).collect()
    }
}

/// Sums over pairs of numbers.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Sums {
    pub(super) count: f64,
    x: f64,
    y: f64,
    xx: f64,
    yy: f64,
    xy: f64,
}

impl Sums {
    pub(super) fn add(&mut self, x: f64, y: f64) {
        self.count += 1.0;
        self.x += x;
        self.y += y;
        self.xx += x * x;
        self.yy += y * y;
        self.xy += x * y;
    }

    /// Pearson's correlation; NaN unless both have more than a least variance.
    pub(super) fn correlation(&self, least: f64) -> f64 {
        let [x, y] = [self.x, self.y].map(|sum| sum / self.count);
        let [xx, yy] = [self.xx / self.count - x * x, self.yy / self.count - y * y];
        if xx > least && yy > least {
            (self.xy / self.count - x * y) / (xx * yy).sqrt()
        } else {
            f64::NAN
        }
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROWS: isize = 8;
    const COLUMNS: isize = 12;

    /// The rates of cells that are both visited when one map is shifted.
    fn pairs(map: &[f64], down: isize, right: isize) -> Vec<[f64; 2]> {
        let rate = |row: isize, column: isize| {
            let is_inside = (0..ROWS).contains(&row) && (0..COLUMNS).contains(&column);
            let rate = is_inside.then(|| map[(row * COLUMNS + column) as usize]);
            rate.filter(|rate| !rate.is_nan())
        };
        let cells = (0..ROWS).flat_map(|row| (0..COLUMNS).map(move |column| (row, column)));
        cells
            .filter_map(|(row, column)| {
                Some([rate(row, column)?, rate(row + down, column + right)?])
            })
            .collect()
    }

    #[test]
    fn the_correlogram_is_pearsons_correlation_over_what_was_visited() {
        let rate = |cell: i32| (cell % 5 != 2).then(|| f64::from(cell).sin());
        let map: Vec<f64> = (0..96).map(|cell| rate(cell).unwrap_or(f64::NAN)).collect();
        let visited = map.iter().map(|rate| f64::from(u8::from(!rate.is_nan())));
        let visited: Vec<f64> = visited.collect();
        let correlator = Correlator::new(ROWS as usize, COLUMNS as usize, &visited);
        let correlogram = correlator.correlogram(&map);
        let mut known = 0;
        for down in 1 - ROWS..ROWS {
            for right in 1 - COLUMNS..COLUMNS {
                let pairs = pairs(&map, down, right);
                let found = correlogram[correlator.place(down, right)];
                if pairs.len() >= 20 {
                    known += 1;
                    let expected = crate::statistics::Line::fitted(&pairs).r;
                    assert!((found - expected).abs() < 1e-9, "{down} {right}");
                } else {
                    assert!(found.is_nan());
                }
            }
        }
        assert!(known > 50, "{known}");
    }
}
