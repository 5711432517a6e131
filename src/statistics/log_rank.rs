//! Whether groups reach an event at the same times: the log-rank test.

use faer::{Mat, Side};
use statrs::distribution::{ChiSquared, ContinuousCDF as _};

use super::survival::TimeToEvent;

/// What the log-rank test says of groups.
#[derive(Debug, Clone, PartialEq)]
pub struct LogRank {
    /// Events seen in each group.
    pub observed: Vec<f64>,
    /// Events that would be expected in each if all groups had the same chance at every time.
    pub expected: Vec<f64>,
    /// The statistic.
    pub chi_squared: f64,
    /// Its degrees of freedom: groups that were ever at risk together with another one, less 1.
    pub degrees_of_freedom: usize,
    /// Probability of a statistic at least as large if the groups do not differ.
    pub p: f64,
}

/// Compares groups by the log-rank test (Mantel 1966; Peto & Peto 1972); `None` if no event tells any two groups apart.
///
/// 1. At each time with d events among n at risk, n_g of them in group g, group g is expected to have d n_g/n.
/// 2. The differences of observed and expected events have covariances Σ d(n−d)/(n−1) · n_g/n (δ_gh − n_h/n).
/// 3. Their square in the metric of the pseudo-inverse of these is χ² distributed.
pub fn log_rank(groups: &[Vec<TimeToEvent>]) -> Option<LogRank> {
    let count = groups.len();
    if count < 2 {
        return None;
    }
    let mut times: Vec<(f64, usize, bool)> = Vec::new();
    for (group, members) in groups.iter().enumerate() {
        times.extend(members.iter().map(|one| (one.time, group, one.is_observed)));
    }
    times.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut at_risk: Vec<f64> = groups.iter().map(|group| group.len() as f64).collect();
    let (mut observed, mut expected) = (vec![0.0; count], vec![0.0; count]);
    let mut covariance = Mat::zeros(count, count);
    for same_time in times.chunk_by(|a, b| a.0 == b.0) {
        let n: f64 = at_risk.iter().sum();
        let events = same_time.iter().filter(|one| one.2);
        let mut d = 0.0;
        for &(_, group, _) in events {
            observed[group] += 1.0;
            d += 1.0;
        }
        let spread = if n > 1.0 {
            d * (n - d) / (n - 1.0)
        } else {
            0.0
        };
        for g in 0..count {
            expected[g] += d * at_risk[g] / n;
            for h in 0..count {
                let own = if g == h { 1.0 } else { 0.0 };
                covariance[(g, h)] += spread * at_risk[g] / n * (own - at_risk[h] / n);
            }
        }
        for &(_, group, _) in same_time {
            at_risk[group] -= 1.0;
        }
    }
    let (chi_squared, degrees_of_freedom) = squared(&covariance, &observed, &expected)?;
    let p = ChiSquared::new(degrees_of_freedom as f64)
        .ok()?
        .sf(chi_squared);
    Some(LogRank {
        observed,
        expected,
        chi_squared,
        degrees_of_freedom,
        p,
    })
}

/// (O−E)ᵀ V⁺ (O−E) and the rank of V.
fn squared(covariance: &Mat<f64>, observed: &[f64], expected: &[f64]) -> Option<(f64, usize)> {
    let decomposition = covariance.self_adjoint_eigen(Side::Lower).ok()?;
    let values = decomposition.S().column_vector();
    let largest = values.iter().fold(0.0, |most: f64, &value| most.max(value));
    let (mut sum, mut rank) = (0.0, 0);
    for (place, &value) in values.iter().enumerate() {
        if value > 1e-10 * largest {
            let vector = decomposition.U().col(place);
            let pairs = observed.iter().zip(expected).zip(vector.iter());
            let along: f64 = pairs.map(|((o, e), v)| (o - e) * v).sum();
            sum += along * along / value;
            rank += 1;
        }
    }
    (rank > 0).then_some((sum, rank))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::statistics::survival::leukaemia;

    #[test]
    fn the_leukaemia_trial_gives_the_published_statistic() {
        let test = log_rank(&leukaemia()).unwrap();
        // Kleinbaum & Klein (2012), Survival Analysis, chapter 2: O = 9, 21; E = 19.25, 10.75; χ² = 16.79.
        assert_eq!(test.observed, [9.0, 21.0]);
        assert!((test.expected[0] - 19.25).abs() < 5e-3, "{test:?}");
        assert!((test.expected[1] - 10.75).abs() < 5e-3, "{test:?}");
        assert!((test.chi_squared - 16.79).abs() < 5e-3, "{test:?}");
        assert_eq!(test.degrees_of_freedom, 1);
        assert!((test.p - 4.17e-5).abs() < 1e-7, "{test:?}");
    }

    #[test]
    fn the_order_of_groups_and_an_empty_one_change_nothing() {
        let [treated, placebo] = leukaemia();
        let whole = log_rank(&[treated.clone(), placebo.clone()]).unwrap();
        let turned = log_rank(&[placebo.clone(), Vec::new(), treated.clone()]).unwrap();
        assert!((whole.chi_squared - turned.chi_squared).abs() < 1e-10);
        assert_eq!(turned.degrees_of_freedom, 1);
        let parts = [
            treated[..10].to_vec(),
            treated[10..].to_vec(),
            placebo.clone(),
        ];
        assert_eq!(log_rank(&parts).unwrap().degrees_of_freedom, 2);
        assert_eq!(log_rank(&[placebo]), None);
        assert_eq!(log_rank(&[]), None);
    }

    #[test]
    fn a_group_against_its_copy_does_not_differ() {
        let [treated, _] = leukaemia();
        let test = log_rank(&[treated.clone(), treated]).unwrap();
        assert!(test.chi_squared < 1e-20 && (test.p - 1.0).abs() < 1e-9);
    }
}
