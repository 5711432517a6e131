//! The best way to pair two lists of the same length.

/// The assignment of rows to columns with the largest sum of scores, `[count][count]` row-major and finite: the column of each
/// row, by shortest augmenting paths (Jonker & Volgenant 1987), in O(count³).
///
/// 1. Rows are added one by one. Potentials u, v keep u_i + v_j at most the cost −score, and equal to it on what is assigned.
/// 2. From the new row the cheapest path through assigned columns to a free one is grown, as by Dijkstra.
/// 3. Potentials move by the lengths of the paths, and the assignment changes along the path.
pub(super) fn best_assignment(scores: &[f64], count: usize) -> Vec<usize> {
    let cost = |row: usize, column: usize| -scores[row * count + column];
    let mut row_potentials = vec![0.0; count];
    let mut column_potentials = vec![0.0; count];
    let mut row_of = vec![None; count];
    for new_row in 0..count {
        let mut lengths = vec![f64::INFINITY; count];
        let mut from = vec![None; count];
        let mut is_reached = vec![false; count];
        let (mut row, mut last, mut so_far) = (new_row, None, 0.0);
        let free = loop {
            let mut nearest = (f64::INFINITY, 0);
            for column in (0..count).filter(|&column| !is_reached[column]) {
                let reduced = cost(row, column) - row_potentials[row] - column_potentials[column];
                if so_far + reduced < lengths[column] {
                    lengths[column] = so_far + reduced;
                    from[column] = last;
                }
                if lengths[column] < nearest.0 {
                    nearest = (lengths[column], column);
                }
            }
            so_far = nearest.0;
            is_reached[nearest.1] = true;
            last = Some(nearest.1);
            match row_of[nearest.1] {
                Some(next) => row = next,
                None => break nearest.1,
            }
        };
        row_potentials[new_row] += so_far;
        for column in (0..count).filter(|&column| is_reached[column]) {
            let moved = so_far - lengths[column];
            column_potentials[column] -= moved;
            if let Some(row) = row_of[column] {
                let row: usize = row;
                row_potentials[row] += moved;
            }
        }
        let mut column = free;
        while let Some(before) = from[column] {
            row_of[column] = row_of[before];
            column = before;
        }
        row_of[column] = Some(new_row);
    }
    let mut column_of = vec![0; count];
    for (column, row) in row_of.into_iter().enumerate() {
        if let Some(row) = row {
            column_of[row] = column;
        }
    }
    column_of
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The largest sum over all assignments, tried one by one.
    fn by_trial(scores: &[f64], count: usize, row: usize, taken: &mut Vec<bool>) -> f64 {
        if row == count {
            return 0.0;
        }
        let mut best = f64::NEG_INFINITY;
        for column in 0..count {
            if !taken[column] {
                taken[column] = true;
                let rest = by_trial(scores, count, row + 1, taken);
                best = best.max(scores[row * count + column] + rest);
                taken[column] = false;
            }
        }
        best
    }

    proptest! {
        #[test]
        fn no_other_assignment_is_better(
            (count, scores) in (0..7_usize).prop_flat_map(|count| {
                let score = prop_oneof![-5.0..5.0_f64, (-2..3_i8).prop_map(f64::from)];
                (Just(count), proptest::collection::vec(score, count * count))
            }),
        ) {
            let found = best_assignment(&scores, count);
            let mut columns = found.clone();
            columns.sort_unstable();
            prop_assert_eq!(columns, (0..count).collect::<Vec<_>>());
            let pairs = found.iter().enumerate();
            let sum: f64 = pairs.map(|(row, column)| scores[row * count + column]).sum();
            let best = by_trial(&scores, count, 0, &mut vec![false; count]);
            prop_assert!((sum - best).abs() < 1e-9, "{sum}, {best}");
        }
    }
}
