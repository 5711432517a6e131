//! The cheapest assignment of rows to columns.

use crate::simd::vectorised;

/// No row.
const NOBODY: usize = usize::MAX;
/// Rows look for their cheapest column this often on average, at most, before paths are searched.
const LOOKS: usize = 4;

/// Finds cheapest assignments; keeps its memory from one to the next.
#[derive(Debug, Default)]
pub(super) struct Assignment {
    /// Potentials of rows and columns: no cost is below their sum, those of assigned pairs equal it.
    rows: Vec<f64>,
    columns: Vec<f64>,
    /// The row of each column, or [`NOBODY`].
    row_of: Vec<usize>,
    /// The column of each row.
    column_of: Vec<usize>,
    /// Of the search for one path: least cost to reach each column, and from which column; infinity where that is final; and
    /// the cost of those where it is not.
    reach: Vec<f64>,
    before: Vec<usize>,
    closed: Vec<f64>,
    open: Vec<f64>,
}

impl Assignment {
    /// The column of each row, all different, with the least sum of costs; `cost` has `count` rows and at least as many columns,
    /// row by row, all finite.
    ///
    /// Shortest augmenting paths after augmenting row reduction (Jonker & Volgenant 1987):
    /// 1. Each row takes its cheapest column, whose potential falls until the second cheapest is as good; the row that had the
    ///    column before looks again. That ends soon for most rows, and is broken off for the others.
    /// 2. From each row without a column, the cheapest path to a free column is found by Dijkstra's method in the costs less
    ///    their potentials, which are not negative.
    /// 3. The potentials move so that the path costs nothing, and the assignments along it are exchanged.
    pub(super) fn solve(&mut self, count: usize, cost: &[f64]) -> &[usize] {
        let width = cost.len().checked_div(count).unwrap_or(0);
        self.rows.clear();
        self.rows.resize(count, 0.0);
        self.columns.clear();
        self.columns.resize(width, 0.0);
        self.row_of.clear();
        self.row_of.resize(width, NOBODY);
        self.column_of.clear();
        self.column_of.resize(count, NOBODY);
        vectorised(|| self.assign(width, cost));
        &self.column_of
    }

    #[inline(always)]
    fn assign(&mut self, width: usize, cost: &[f64]) {
        self.reduce(width, cost);
        for row in 0..self.column_of.len() {
            if self.column_of[row] == NOBODY {
                let end = self.cheapest_path(row, width, cost);
                self.exchange(row, end);
            }
        }
    }

    /// Step 1.
    #[inline(always)]
    fn reduce(&mut self, width: usize, cost: &[f64]) {
        let count = self.column_of.len();
        let mut looks_left = LOOKS * count;
        for first in 0..count {
            let mut row = first;
            while row != NOBODY {
                let costs = &cost[row * width..][..width];
                self.reach.clear();
                let pairs = costs.iter().zip(&self.columns);
                self.reach
                    .extend(pairs.map(|(cost, potential)| cost - potential));
                let least = smallest(&self.reach);
                let column = place_of(least, &self.reach);
                self.reach[column] = f64::INFINITY;
                let second = smallest(&self.reach);
                self.rows[row] = least;
                let before = self.row_of[column];
                if before != NOBODY && (second <= least || looks_left == 0) {
                    break;
                }
                if before != NOBODY {
                    self.columns[column] -= second - least;
                    self.rows[row] = second;
                    self.column_of[before] = NOBODY;
                }
                self.row_of[column] = row;
                self.column_of[row] = column;
                looks_left = looks_left.saturating_sub(1);
                row = before;
            }
        }
    }

    /// Step 2, and the potentials of step 3; the free column at its end.
    #[inline(always)]
    fn cheapest_path(&mut self, from: usize, width: usize, cost: &[f64]) -> usize {
        self.reach.clear();
        self.reach.resize(width, f64::INFINITY);
        self.before.clear();
        self.before.resize(width, NOBODY);
        self.closed.clear();
        self.closed.resize(width, 0.0);
        self.open.clear();
        self.open.resize(width, 0.0);
        let (mut row, mut column, mut length) = (from, NOBODY, 0.0);
        loop {
            let offset = length - self.rows[row];
            let costs = &cost[row * width..][..width];
            let found = self
                .reach
                .iter_mut()
                .zip(&mut self.before)
                .zip(&mut self.open);
            let steps = costs.iter().zip(&self.columns).zip(&self.closed);
            for (((reach, before), open), ((cost, potential), closed)) in found.zip(steps) {
                let through_row = offset + cost - potential + closed;
                let is_shorter = through_row < *reach;
                *reach = if is_shorter { through_row } else { *reach };
                *before = if is_shorter { column } else { *before };
                *open = *reach + closed;
            }
            length = smallest(&self.open);
            column = place_of(length, &self.open);
            self.closed[column] = f64::INFINITY;
            if self.row_of[column] == NOBODY {
                break;
            }
            row = self.row_of[column];
        }
        self.rows[from] += length;
        for passed in 0..width {
            if self.closed[passed] > 0.0 && passed != column {
                let slack = length - self.reach[passed];
                self.columns[passed] -= slack;
                self.rows[self.row_of[passed]] += slack;
            }
        }
        column
    }

    /// Step 3.
    fn exchange(&mut self, from: usize, end: usize) {
        let mut column = end;
        while column != NOBODY {
            let before = self.before[column];
            let row = if before == NOBODY {
                from
            } else {
                self.row_of[before]
            };
            self.row_of[column] = row;
            self.column_of[row] = column;
            column = before;
        }
    }
}

/// The smallest value, in four lanes, without branches that no processor could foresee.
#[inline(always)]
fn smallest(values: &[f64]) -> f64 {
    let less = |a: f64, b: f64| if a < b { a } else { b };
    let (chunks, rest) = values.as_chunks::<4>();
    let mut lanes = [f64::INFINITY; 4];
    for chunk in chunks {
        for (lane, value) in lanes.iter_mut().zip(chunk) {
            *lane = less(*value, *lane);
        }
    }
    lanes
        .iter()
        .chain(rest)
        .fold(f64::INFINITY, |least, value| less(*value, least))
}

#[inline(always)]
fn place_of(value: f64, values: &[f64]) -> usize {
    values.iter().position(|other| *other == value).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn total(width: usize, cost: &[f64], columns: &[usize]) -> f64 {
        let pairs = columns.iter().enumerate();
        pairs.map(|(row, column)| cost[row * width + column]).sum()
    }

    /// The least sum, by trying all.
    fn tried(row: usize, width: usize, cost: &[f64], taken: &mut Vec<usize>) -> f64 {
        if row * width == cost.len() {
            return 0.0;
        }
        let mut least = f64::INFINITY;
        for column in 0..width {
            if !taken.contains(&column) {
                taken.push(column);
                least = least.min(cost[row * width + column] + tried(row + 1, width, cost, taken));
                taken.pop();
            }
        }
        least
    }

    #[test]
    fn a_hand_worked_assignment() {
        let cost = [4.0, 1.0, 3.0, 2.0, 0.0, 5.0, 3.0, 2.0, 2.0];
        assert_eq!(Assignment::default().solve(3, &cost), [1, 0, 2]);
    }

    #[test]
    fn nothing_is_assigned_to_nothing() {
        assert!(Assignment::default().solve(0, &[]).is_empty());
    }

    proptest! {
        #[test]
        fn no_other_assignment_is_cheaper(
            rows in 1_usize..6, more in 0_usize..3, values in prop::collection::vec(0_u8..9, 40),
        ) {
            let width = rows + more;
            let cost: Vec<f64> = values[..rows * width].iter().map(|value| f64::from(*value)).collect();
            let mut assignment = Assignment::default();
            let columns = assignment.solve(rows, &cost).to_vec();
            let mut seen = columns.clone();
            seen.sort_unstable();
            seen.dedup();
            prop_assert_eq!(seen.len(), rows);
            let least = tried(0, width, &cost, &mut Vec::new());
            prop_assert!((total(width, &cost, &columns) - least).abs() < 1e-12);
            // Memory of an earlier one changes nothing.
            prop_assert_eq!(assignment.solve(rows, &cost), &columns[..]);
        }
    }
}
