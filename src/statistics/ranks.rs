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
    if a.iter().chain(b).any(|value| value.is_nan()) {
        return f64::NAN;
    }
    let pairs: Vec<[f64; 2]> = ranks(a)
        .into_iter()
        .zip(ranks(b))
        .map(|(a, b)| [a, b])
        .collect();
    Line::fitted(&pairs).r
}

/// The rank of each value, counted from 0; equal values have the mean of their ranks.
fn ranks(values: &[f64]) -> Vec<f64> {
    let rank = |value: &f64| {
        let lower = values.iter().filter(|other| *other < value).count();
        let equal = values.iter().filter(|other| *other == value).count();
        lower as f64 + (equal as f64 - 1.0) / 2.0
    };
    values.iter().map(rank).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ties_have_mean_ranks_and_the_correlation_is_that_of_ranks() {
        assert_eq!(ranks(&[3.0, 1.0, 3.0, 0.0]), [2.5, 1.0, 2.5, 0.0]);
        // Ranks 0 1 2 3 against 1 0 3 2: 1 − 6·4/(4·15).
        let r = rank_correlation(&[1.0, 2.0, 3.0, 4.0], &[20.0, 10.0, 40.0, 30.0]);
        assert!((r - 0.6).abs() < 1e-12, "{r}");
        assert!(rank_correlation(&[1.0, f64::NAN], &[1.0, 2.0]).is_nan());
        assert!(rank_correlation(&[1.0, 1.0], &[1.0, 2.0]).is_nan());
    }
}
