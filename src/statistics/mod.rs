//! Estimates with their 95 % intervals, lines through points, and what is drawn at random for a test or an interval.
//!
//! Wilson's interval of a share is used because it stays within [0, 1] and means something for 0 of n; Student's of
//! a mean because seeds are few.
//!
//! ```
//! use creode::statistics::Estimate;
//!
//! let share = Estimate::share(0, 20);
//! assert_eq!(share.value, 0.0);
//! assert!(share.interval.is_some_and(|[low, high]| low.abs() < 1e-12 && (0.15..0.17).contains(&high)));
//! ```

pub mod bootstrap;
pub mod decoding;
pub mod log_rank;
pub mod randomisation;
mod ranks;
pub mod rotations;
pub mod survival;

pub use ranks::{rank_correlation, rank_correlation_of_counted};

use serde::Serialize;
use statrs::distribution::{ContinuousCDF as _, StudentsT};

/// Standard normal quantile of 95 % intervals.
pub(crate) const NORMAL_95: f64 = 1.959_963_984_540_054;

/// A measured number, with its 95 % interval where it has one.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Estimate {
    /// The number.
    pub value: f64,
    /// Lower and upper end of its 95 % interval.
    pub interval: Option<[f64; 2]>,
}

impl Estimate {
    /// A number that was counted, not estimated.
    pub fn exact(value: f64) -> Self {
        Self {
            value,
            interval: None,
        }
    }

    /// The share `hits / count` of independent trials, with Wilson's interval; NaN of no trial.
    pub fn share(hits: usize, count: usize) -> Self {
        Self {
            value: hits as f64 / count as f64,
            interval: (count > 0).then(|| wilson(hits, count)),
        }
    }

    /// The mean of independent values, with Student's interval if there are at least two; NaN of no value.
    pub fn mean(values: &[f64]) -> Self {
        let count = values.len() as f64;
        let value = values.iter().sum::<f64>() / count;
        let squares: f64 = values.iter().map(|x| (x - value).powi(2)).sum();
        let error = (squares / (count - 1.0) / count).sqrt();
        Self {
            value,
            interval: around(value, error, count - 1.0),
        }
    }
}

/// A straight line fitted to points.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Line {
    /// Change of y with x.
    pub slope: f64,
    /// y at x = 0.
    pub intercept: f64,
    /// Pearson's correlation of x and y.
    pub r: f64,
}

impl Line {
    /// The line of least squared vertical distances from points `[x, y]`; NaN of fewer than two different x. The correlation
    /// is NaN if all y are the same.
    pub fn fitted(points: &[[f64; 2]]) -> Self {
        let mean = |axis: usize| {
            let values = points.iter().map(|point| point[axis]);
            values.sum::<f64>() / points.len() as f64
        };
        let middle = [mean(0), mean(1)];
        let moment = |a: usize, b: usize| -> f64 {
            let products = points
                .iter()
                .map(|point| (point[a] - middle[a]) * (point[b] - middle[b]));
            products.sum()
        };
        let slope = moment(0, 1) / moment(0, 0);
        Self {
            slope,
            intercept: middle[1] - slope * middle[0],
            r: moment(0, 1) / (moment(0, 0) * moment(1, 1)).sqrt(),
        }
    }
}

/// 95 % interval of a share (Wilson 1927); `count` must not be 0.
pub fn wilson(hits: usize, count: usize) -> [f64; 2] {
    let (n, z2) = (count as f64, NORMAL_95 * NORMAL_95);
    let share = hits as f64 / n;
    let middle = (share + z2 / (2.0 * n)) / (1.0 + z2 / n);
    let half = NORMAL_95 / (1.0 + z2 / n) * (share * (1.0 - share) / n + z2 / (4.0 * n * n)).sqrt();
    [(middle - half).max(0.0), (middle + half).min(1.0)]
}

/// Student's 95 % interval around a value with a standard error of so many degrees of freedom.
fn around(value: f64, error: f64, freedom: f64) -> Option<[f64; 2]> {
    let student = StudentsT::new(0.0, 1.0, freedom).ok()?;
    let half = student.inverse_cdf(0.975) * error;
    half.is_finite().then_some([value - half, value + half])
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn assert_near(found: [f64; 2], expected: [f64; 2]) {
        for (x, y) in found.iter().zip(expected) {
            assert!((x - y).abs() < 5e-5, "{found:?}, not {expected:?}");
        }
    }

    #[test]
    fn wilson_gives_the_published_intervals() {
        // Newcombe (1998), Statistics in Medicine 17:857, table I, method 3.
        assert_near(wilson(81, 263), [0.2553, 0.3662]);
        assert_near(wilson(15, 148), [0.0624, 0.1605]);
        assert_near(wilson(0, 20), [0.0, 0.1611]);
        assert_near(wilson(1, 29), [0.0061, 0.1718]);
    }

    #[test]
    fn the_mean_of_three_has_the_quantile_of_two_degrees_of_freedom() {
        let mean = Estimate::mean(&[1.0, 2.0, 3.0]);
        assert!((mean.value - 2.0).abs() < 1e-15);
        // t(0.975; 2) = 4.302653, standard error 1/√3.
        assert_near(mean.interval.unwrap(), [2.0 - 2.484_138, 2.0 + 2.484_138]);
        assert_eq!(Estimate::mean(&[1.0]), Estimate::exact(1.0));
    }

    #[test]
    fn the_line_is_that_of_the_published_example() {
        // Anscombe (1973), The American Statistician 27:17, first set: y = 3.0001 + 0.50009 x, r = 0.81642.
        let x = [10.0, 8.0, 13.0, 9.0, 11.0, 14.0, 6.0, 4.0, 12.0, 7.0, 5.0];
        let y = [
            8.04, 6.95, 7.58, 8.81, 8.33, 9.96, 7.24, 4.26, 10.84, 4.82, 5.68,
        ];
        let points: Vec<[f64; 2]> = x.into_iter().zip(y).map(|(x, y)| [x, y]).collect();
        let line = Line::fitted(&points);
        assert_near([line.slope, line.r], [0.50009, 0.81642]);
        assert_near([line.intercept, 0.0], [3.00009, 0.0]);
        let falling = Line::fitted(&[[0.0, 1.0], [1.0, -1.0], [3.0, -5.0]]);
        assert_near([falling.slope, falling.r], [-2.0, -1.0]);
        assert!(Line::fitted(&[[1.0, 2.0]]).slope.is_nan());
        assert!(Line::fitted(&[[0.0, 2.0], [1.0, 2.0]]).r.is_nan());
    }
}
