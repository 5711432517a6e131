//! What states tell: targets and classes decoded by ridge regression from trials that were left out, and how many dimensions
//! states have.
//!
//! 1. The groups, which are trials or walks, are dealt out to the folds in the order of their numbers. A group is never cut:
//!    samples of one trial resemble each other, and a decoder that had seen some of them would know the others.
//! 2. For each fold, states X and targets Y of the other folds are centred by their means there.
//! 3. W = (XᵀX + λ I)⁻¹ XᵀY by Cholesky's factorisation or, where there are fewer samples than dimensions, the same as
//!    Xᵀ (X Xᵀ + λ I)⁻¹ Y.
//! 4. λ is the strength times the number of samples times the mean variance of a dimension, n Σ σ²/d: it has the unit of the
//!    states squared, so that their scale does not matter. The default strength of 10⁻³ takes a thousandth of what directions
//!    of average variance tell, and half of what those of a thousandth of it do.
//! 5. What is decoded in the samples left out is held against what is so.
//!
//! ```
//! use creode::statistics::decoding::Ridge;
//! use faer::mat;
//!
//! let states = mat![[0.0, 1.0], [1.0, 0.0], [2.0, 5.0], [3.0, 1.0], [4.0, 2.0], [5.0, 1.0]];
//! let targets = mat![[1.0], [3.0], [5.0], [7.0], [9.0], [11.0]];
//! let ridge = Ridge { folds: 3, ..Ridge::default() };
//! assert!(ridge.r2(states.as_ref(), targets.as_ref(), &[0, 0, 1, 1, 2, 2]) > 0.99);
//! ```

use faer::linalg::solvers::Solve as _;
use faer::{Mat, MatRef, Side};

/// Deviation of a dimension from its mean that is not rounding, as a share of its size.
const ROUNDING: f64 = 1e-12;

/// How states are decoded.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ridge {
    /// Number of folds; as many as groups if that is less, and at least 2. Default 5.
    pub folds: usize,
    /// λ as a share of the samples' number times the mean variance of a dimension. Default 10⁻³.
    pub strength: f64,
}

impl Default for Ridge {
    fn default() -> Self {
        Self {
            folds: 5,
            strength: 1e-3,
        }
    }
}

/// How many classes were decoded right in the samples that were left out.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Classified {
    /// Share of the samples whose class is the decoded one.
    pub accuracy: f64,
    /// Share of the samples whose class is the most frequent one of the samples that their decoder learned from.
    pub chance: f64,
}

impl Ridge {
    /// R² of targets `[sample, target]` from states `[sample, dimension]`: 1 − Σ|y − ŷ|²/Σ|y − ȳ|² over all samples while left
    /// out, and all targets; ȳ is the mean of what the decoder learned from. `groups` are the numbers of the samples' trials.
    ///
    /// At most 1; 0 if all states are the same; below 0 where decoding is worse than the mean, as it is of targets that the
    /// states do not tell. NaN with fewer than two groups, if the targets do not differ from the means, and if a number is
    /// not finite.
    ///
    /// # Panics
    /// If there are not as many states, targets and groups.
    pub fn r2(&self, states: MatRef<'_, f64>, targets: MatRef<'_, f64>, groups: &[usize]) -> f64 {
        assert_eq!(targets.nrows(), groups.len(), "one group a sample");
        let (mut residual, mut total) = (0.0, 0.0);
        let is_decoded = self.left_out(states, targets, groups, |samples, decoded, means| {
            for (row, &sample) in samples.iter().enumerate() {
                for (column, mean) in means.iter().enumerate() {
                    let target = targets[(sample, column)];
                    residual += (target - decoded[(row, column)]).powi(2);
                    total += (target - mean).powi(2);
                }
            }
        });
        if is_decoded && total > 0.0 {
            1.0 - residual / total
        } else {
            f64::NAN
        }
    }

    /// How well the class of each sample, any number, is decoded from states `[sample, dimension]`: by ridge regression to one
    /// target a class, 1 for samples of it and 0 for others, of which the largest decoded one counts; the lowest class of
    /// equal ones. `groups` are the numbers of the samples' trials.
    ///
    /// Both shares are 1 if there is one class; if all states are the same, accuracy is chance. Both are NaN with fewer than two
    /// groups or if a state is not finite.
    ///
    /// # Panics
    /// If there are not as many states, classes and groups.
    pub fn classify(
        &self,
        states: MatRef<'_, f64>,
        classes: &[usize],
        groups: &[usize],
    ) -> Classified {
        assert_eq!(classes.len(), groups.len(), "one group a sample");
        let mut names = classes.to_vec();
        names.sort_unstable();
        names.dedup();
        let is_of =
            |sample: usize, name: usize| f64::from(u8::from(classes[sample] == names[name]));
        let targets = Mat::from_fn(classes.len(), names.len(), is_of);
        let (mut hits, mut hits_by_chance) = (0, 0);
        let is_decoded = self.left_out(
            states,
            targets.as_ref(),
            groups,
            |samples, decoded, shares| {
                let frequent = largest(shares.iter().copied());
                for (row, &sample) in samples.iter().enumerate() {
                    let found = largest((0..names.len()).map(|name| decoded[(row, name)]));
                    hits += usize::from(names[found] == classes[sample]);
                    hits_by_chance += usize::from(names[frequent] == classes[sample]);
                }
            },
        );
        let share = |hits: usize| {
            if is_decoded {
                hits as f64 / classes.len() as f64
            } else {
                f64::NAN
            }
        };
        Classified {
            accuracy: share(hits),
            chance: share(hits_by_chance),
        }
    }

    /// Tells for each fold its samples, what is decoded in them, and the means of the targets elsewhere; whether that could be
    /// done for all.
    fn left_out(
        &self,
        states: MatRef<'_, f64>,
        targets: MatRef<'_, f64>,
        groups: &[usize],
        mut judge: impl FnMut(&[usize], &Mat<f64>, &[f64]),
    ) -> bool {
        assert_eq!(states.nrows(), groups.len(), "one group a sample");
        let folds = self.folds_of(groups);
        if folds.is_empty() || !states.is_all_finite() || !targets.is_all_finite() {
            return false;
        }
        folds.iter().all(|fold| {
            let learned = (0..groups.len()).filter(|sample| fold.binary_search(sample).is_err());
            let learned: Vec<usize> = learned.collect();
            let mut x = rows(states, &learned);
            let mut y = rows(targets, &learned);
            let (middle, means) = (centre(&mut x), centre(&mut y));
            let mut left_out = rows(states, fold);
            subtract(&mut left_out, &middle);
            let Some(mut decoded) = self.decoded(&x, &y, &left_out) else {
                return false;
            };
            let up: Vec<f64> = means.iter().map(|mean| -mean).collect();
            subtract(&mut decoded, &up);
            judge(fold, &decoded, &means);
            true
        })
    }

    /// The samples of each fold, in their order; no fold with fewer than two groups.
    fn folds_of(&self, groups: &[usize]) -> Vec<Vec<usize>> {
        let mut names = groups.to_vec();
        names.sort_unstable();
        names.dedup();
        if names.len() < 2 {
            return Vec::new();
        }
        let count = self.folds.clamp(2, names.len());
        let mut folds = vec![Vec::new(); count];
        for (sample, group) in groups.iter().enumerate() {
            let rank = names.partition_point(|name| name < group);
            folds[rank % count].push(sample);
        }
        folds
    }

    /// What centred states x, with centred targets y, tell of other states.
    fn decoded(&self, x: &Mat<f64>, y: &Mat<f64>, others: &Mat<f64>) -> Option<Mat<f64>> {
        let (samples, dim) = (x.nrows(), x.ncols());
        let squares = x.squared_norm_l2();
        if squares == 0.0 {
            return Some(Mat::zeros(others.nrows(), y.ncols()));
        }
        let ridge = self.strength * squares / dim as f64;
        let factored = |mut gram: Mat<f64>| {
            for place in 0..gram.nrows() {
                gram[(place, place)] += ridge;
            }
            gram.llt(Side::Lower).ok()
        };
        Some(if dim <= samples {
            let weights = factored(x.transpose() * x)?.solve(x.transpose() * y);
            others * weights
        } else {
            let shares = factored(x * x.transpose())?.solve(y);
            (others * x.transpose()) * shares
        })
    }
}

/// Participation ratio (Σ λ)²/Σ λ² of the eigenvalues of the covariance of states `[sample, dimension]`: how many dimensions of
/// equal variance they are worth, from 1 to the number of dimensions, and less than that of samples.
///
/// Without the eigenvalues: tr(C)²/tr(C²) for the covariance C, which is ‖X‖⁴/‖XᵀX‖² in Frobenius norms for centred states X;
/// and ‖XᵀX‖ = ‖X Xᵀ‖, of which the smaller is taken. 0 of states that are all the same, and of none; NaN if one is not finite.
pub fn participation_ratio(states: MatRef<'_, f64>) -> f64 {
    let mut x = states.to_owned();
    if !states.is_all_finite() {
        return f64::NAN;
    }
    centre(&mut x);
    // Scaled, so that fourth powers stay within range.
    let size = x.norm_max();
    if size == 0.0 {
        return 0.0;
    }
    let x = x * faer::Scale(1.0 / size);
    let gram = if x.ncols() <= x.nrows() {
        x.transpose() * &x
    } else {
        &x * x.transpose()
    };
    x.squared_norm_l2().powi(2) / gram.squared_norm_l2()
}

fn rows(matrix: MatRef<'_, f64>, samples: &[usize]) -> Mat<f64> {
    Mat::from_fn(samples.len(), matrix.ncols(), |row, column| {
        matrix[(samples[row], column)]
    })
}

/// Takes the mean of each column away and gives it back; of a column that is constant but for rounding, its first number, and
/// 0 remains.
fn centre(matrix: &mut Mat<f64>) -> Vec<f64> {
    let count = matrix.nrows() as f64;
    let means = (0..matrix.ncols()).map(|place| {
        let column = matrix.col(place);
        let mean = column.iter().sum::<f64>() / count;
        let least = ROUNDING * column.norm_max();
        let is_constant = column.iter().all(|value| (value - mean).abs() <= least);
        let first = column.iter().next().copied().unwrap_or(mean);
        let values = matrix.col_mut(place).iter_mut();
        if is_constant {
            values.for_each(|value| *value = 0.0);
            first
        } else {
            values.for_each(|value| *value -= mean);
            mean
        }
    });
    means.collect()
}

/// Takes one number of each column away.
fn subtract(matrix: &mut Mat<f64>, numbers: &[f64]) {
    for (column, number) in matrix.col_iter_mut().zip(numbers) {
        column.iter_mut().for_each(|value| *value -= number);
    }
}

/// Place of the largest value, the first of equal ones.
fn largest(values: impl Iterator<Item = f64>) -> usize {
    let (mut place, mut best) = (0, f64::NEG_INFINITY);
    for (number, value) in values.enumerate() {
        if value > best {
            (place, best) = (number, value);
        }
    }
    place
}

#[cfg(test)]
#[path = "decoding_tests.rs"]
mod tests;
