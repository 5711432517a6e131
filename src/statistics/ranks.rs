//! Correlation of ranks.

use super::Line;

/// Spearman's rank correlation of two rows of values: Pearson's of their ranks, those of equal values averaged. NaN of fewer than
/// two pairs, if all values of a row are the same, or if one is NaN.
///
/// ```
/// use creode::statistics::rank_correlation;
///
/// assert_eq!(rank_correlation(&[1.0, 2.0, 30.0], &[0.1, 0.2, 0.3]), 1.0);
/// ```
///
/// # Panics
/// If the rows differ in length.
pub fn rank_correlation(a: &[f64], b: &[f64]) -> f64 {
    assert_eq!(a.len(), b.len(), "pairs of values");
    let pairs: Vec<[f64; 2]> = a.iter().zip(b).map(|(a, b)| [*a, *b]).collect();
    rank_correlation_of_counted(&pairs, &vec![1; pairs.len()]).unwrap_or(f64::NAN)
}

/// The same of pairs that each count so often, as those of a bootstrap do; `None` instead of NaN.
///
/// # Panics
/// If there are not as many counts as pairs.
pub fn rank_correlation_of_counted(pairs: &[[f64; 2]], counts: &[u32]) -> Option<f64> {
    assert_eq!(pairs.len(), counts.len(), "one count a pair");
    if pairs.iter().flatten().any(|value| value.is_nan()) {
        return None;
    }
    let [x, y] = [0, 1].map(|axis| {
        let values: Vec<f64> = pairs.iter().map(|pair| pair[axis]).collect();
        ranks(&values, counts)
    });
    let mut ranked = Vec::new();
    for ((x, y), &count) in x.iter().zip(&y).zip(counts) {
        ranked.extend((0..count).map(|_| [*x, *y]));
    }
    let r = Line::fitted(&ranked).r;
    r.is_finite().then_some(r)
}

/// The rank of each value among all, as often as they count, from 0; equal values have the mean of their ranks.
fn ranks(values: &[f64], counts: &[u32]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
    let mut ranks = vec![0.0; values.len()];
    let mut below = 0.0;
    for equal in order.chunk_by(|&a, &b| values[a] == values[b]) {
        let count: u32 = equal.iter().map(|&place| counts[place]).sum();
        for &place in equal {
            ranks[place] = below + 0.5 * (f64::from(count) - 1.0);
        }
        below += f64::from(count);
    }
    ranks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ties_have_mean_ranks_and_the_correlation_is_that_of_ranks() {
        assert_eq!(ranks(&[3.0, 1.0, 3.0, 0.0], &[1; 4]), [2.5, 1.0, 2.5, 0.0]);
        // Ranks 0 1 2 3 against 1 0 3 2: 1 − 6·4/(4·15).
        let r = rank_correlation(&[1.0, 2.0, 3.0, 4.0], &[20.0, 10.0, 40.0, 30.0]);
        assert!((r - 0.6).abs() < 1e-12, "{r}");
        assert!(rank_correlation(&[1.0, f64::NAN], &[1.0, 2.0]).is_nan());
        assert!(rank_correlation(&[1.0, 1.0], &[1.0, 2.0]).is_nan());
    }

    #[test]
    fn a_pair_that_counts_twice_is_as_two_pairs() {
        let pairs = [[1.0, 2.0], [2.0, 1.0], [3.0, 5.0], [4.0, 4.0]];
        let twice = [pairs[0], pairs[0], pairs[2], pairs[3]];
        let counted = rank_correlation_of_counted(&pairs, &[2, 0, 1, 1]);
        assert_eq!(counted, rank_correlation_of_counted(&twice, &[1; 4]));
    }
}
