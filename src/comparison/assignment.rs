//! The cheapest assignment of rows to columns.

/// No row.
const NOBODY: usize = usize::MAX;

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
    /// Of the search for one path: least cost to reach each column, from which column, and whether that is final.
    reach: Vec<f64>,
    before: Vec<usize>,
    is_final: Vec<bool>,
}

impl Assignment {
    /// The column of each row, all different, with the least sum of costs; `cost` has `count` rows and at least as many columns,
    /// row by row, all finite.
    ///
    /// Shortest augmenting paths (Jonker & Volgenant 1987):
    /// 1. Each row takes its cheapest column, if that is free.
    /// 2. From each row without a column, the cheapest path to a free column is found by Dijkstra's method in the costs less
    ///    their potentials, which are not negative.
    /// 3. The potentials move so that the path costs nothing, and the assignments along it are exchanged.
    pub(super) fn solve(&mut self, count: usize, cost: &[f64]) -> &[usize] {
        let width = cost.len().checked_div(count).unwrap_or(0);
        self.rows.clear();
        self.columns.clear();
        self.columns.resize(width, 0.0);
        self.row_of.clear();
        self.row_of.resize(width, NOBODY);
        self.column_of.clear();
        self.column_of.resize(count, NOBODY);
        self.take_cheapest(width, cost);
        for row in 0..count {
            if self.column_of[row] == NOBODY {
                let end = self.cheapest_path(row, width, cost);
                self.exchange(row, end);
            }
        }
        &self.column_of
    }

    /// Step 1.
    fn take_cheapest(&mut self, width: usize, cost: &[f64]) {
        for row in 0..self.column_of.len() {
            let costs = &cost[row * width..][..width];
            let mut cheapest = 0;
            for (column, cost) in costs.iter().enumerate() {
                if *cost < costs[cheapest] {
                    cheapest = column;
                }
            }
            self.rows.push(costs[cheapest]);
            if self.row_of[cheapest] == NOBODY {
                self.row_of[cheapest] = row;
                self.column_of[row] = cheapest;
            }
        }
    }

    /// Step 2, and the potentials of step 3; the free column at its end.
    fn cheapest_path(&mut self, from: usize, width: usize, cost: &[f64]) -> usize {
        self.reach.clear();
        self.reach.resize(width, f64::INFINITY);
        self.before.clear();
        self.before.resize(width, NOBODY);
        self.is_final.clear();
        self.is_final.resize(width, false);
        let (mut row, mut column, mut length) = (from, NOBODY, 0.0);
        loop {
            let costs = &cost[row * width..][..width];
            let offset = length - self.rows[row];
            let mut nearest = NOBODY;
            let mut least = f64::INFINITY;
            for next in 0..width {
                if self.is_final[next] {
                    continue;
                }
                let reach = offset + costs[next] - self.columns[next];
                if reach < self.reach[next] {
                    self.reach[next] = reach;
                    self.before[next] = column;
                }
                // A free column is taken before others of the same cost: the path is then at its end.
                let is_free = self.row_of[next] == NOBODY;
                if self.reach[next] < least || (is_free && self.reach[next] <= least) {
                    (nearest, least) = (next, self.reach[next]);
                }
            }
            (column, length) = (nearest, least);
            self.is_final[column] = true;
            if self.row_of[column] == NOBODY {
                break;
            }
            row = self.row_of[column];
        }
        self.rows[from] += length;
        for passed in 0..width {
            if self.is_final[passed] && passed != column {
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
