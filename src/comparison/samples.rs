//! States on probe trials as independent samples: what the measures of representations share.

use faer::linalg::matmul::matmul;
use faer::{Accum, Mat, Par, Side};

use super::measure::Senseless;
use super::portrait::{Portrait, TrialStates};
use crate::svd::{singular_values, thin_svd};

/// The fewest samples of which anything is said.
const FEWEST_SAMPLES: usize = 4;
/// Principal components below this share of the largest singular value are rounding errors of f32 states.
const ROUNDING: f64 = 1e-6;

/// Which probe trials a network was seen on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Trials {
    probe: String,
    steps: usize,
    count: usize,
}

impl Trials {
    pub(super) fn of(portrait: &Portrait) -> Self {
        Self {
            probe: portrait.probe.clone(),
            steps: portrait.states.steps,
            count: portrait.states.trials,
        }
    }

    /// Refuses two networks that were not seen on the same trials.
    pub(super) fn must_be(&self, other: &Self) -> Result<(), Senseless> {
        if self.probe != other.probe {
            return Err(Senseless::because("their probe trials are of other tasks"));
        }
        if self != other {
            return Err(Senseless::because(
                "their probe trials differ in number or length",
            ));
        }
        Ok(())
    }
}

impl TrialStates {
    /// Refuses states of which any is infinite or not a number, looked at or not.
    pub(super) fn must_be_finite(&self) -> Result<(), Senseless> {
        let is_finite = self.states.iter().all(|value| value.is_finite());
        is_finite
            .then_some(())
            .ok_or(Senseless::because("its states are not finite"))
    }
}

/// The samples of a network with the mean of each unit taken away; samples are rows.
pub(super) fn centred_samples(portrait: &Portrait) -> Result<Mat<f64>, Senseless> {
    let states = &portrait.states;
    if states.trials < FEWEST_SAMPLES || states.steps == 0 || states.units == 0 {
        let count = states.trials;
        let reason =
            format!("{count} probe trials; at least {FEWEST_SAMPLES} with states are needed");
        return Err(Senseless(reason.into()));
    }
    states.must_be_finite()?;
    let samples = states.samples();
    let centred = centred(&samples);
    if centred.norm_max() <= ROUNDING * samples.norm_max() {
        return Err(Senseless::because(
            "its states are the same in all probe trials",
        ));
    }
    Ok(centred)
}

/// A matrix with the mean of each column taken away.
pub(super) fn centred(matrix: &Mat<f64>) -> Mat<f64> {
    let count = matrix.nrows() as f64;
    let means: Vec<f64> = (0..matrix.ncols())
        .map(|j| matrix.col(j).iter().sum::<f64>() / count)
        .collect();
    Mat::from_fn(matrix.nrows(), matrix.ncols(), |i, j| {
        matrix[(i, j)] - means[j]
    })
}

/// Principal components of centred samples: those above rounding errors, largest first.
pub(super) struct Components {
    /// `[samples, components]`, orthonormal columns.
    pub(super) scores: Mat<f64>,
    /// Singular values.
    pub(super) sizes: Vec<f64>,
}

impl Components {
    pub(super) fn of(centred: &Mat<f64>) -> Result<Self, Senseless> {
        let svd = thin_svd(centred.as_ref()).ok_or_else(|| {
            Senseless::because("the singular values of its states did not converge")
        })?;
        let mut sizes = svd.values;
        let least = ROUNDING * sizes.first().copied().unwrap_or(0.0);
        sizes.retain(|size| *size > least);
        let scores = svd.left.subcols(0, sizes.len()).to_owned();
        Ok(Self { scores, sizes })
    }

    /// As few components as hold this share of the variance.
    pub(super) fn with_variance(mut self, share: f64) -> Self {
        let total: f64 = self.sizes.iter().map(|size| size * size).sum();
        let mut held = 0.0;
        let enough = |size: &f64| {
            held += size * size;
            held >= share * total
        };
        let count = self
            .sizes
            .iter()
            .position(enough)
            .map_or(self.sizes.len(), |place| place + 1);
        self.sizes.truncate(count);
        self.scores = self.scores.subcols(0, count).to_owned();
        self
    }
}

/// XᵀY.
pub(super) fn cross(x: &Mat<f64>, y: &Mat<f64>) -> Mat<f64> {
    let mut product = Mat::zeros(x.ncols(), y.ncols());
    matmul(
        product.as_mut(),
        Accum::Replace,
        x.transpose(),
        y.as_ref(),
        1.0,
        Par::Seq,
    );
    product
}

/// The sum of the singular values, from the eigenvalues of the smaller Gram matrix: several times as fast as the singular
/// values themselves, and exact to 10⁻⁸ of the largest for each.
pub(super) fn nuclear_norm(matrix: &Mat<f64>) -> Option<f64> {
    let gram = if matrix.nrows() < matrix.ncols() {
        matrix * matrix.transpose()
    } else {
        cross(matrix, matrix)
    };
    let squares = gram.self_adjoint_eigenvalues(Side::Lower).ok()?;
    Some(squares.iter().map(|square| square.max(0.0).sqrt()).sum())
}

/// The sum of the singular values, to rounding.
pub(super) fn exact_nuclear_norm(matrix: &Mat<f64>) -> Option<f64> {
    Some(singular_values(matrix.as_ref())?.iter().sum())
}
