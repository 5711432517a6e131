//! Canonical correlations of two sets of states.

use faer::Mat;

use super::super::measure::{Measure, Senseless};
use super::super::portrait::Portrait;
use super::super::samples::{Components, Trials, centred_samples, cross, nuclear_norm};

/// Samples for each dimension, at least: with fewer, unrelated states correlate, and with no more samples than dimensions all
/// correlations are 1.
const SAMPLES_PER_DIMENSION: usize = 10;

/// 1 − the mean canonical correlation of the states of two networks.
///
/// The canonical correlations are the singular values of QᵀR for orthonormal bases Q and R of the centred samples of both;
/// their mean is over as many as the smaller basis has. No invertible linear map of the states changes them, but that SVCCA
/// chooses what it compares by variance.
pub struct Cca {
    name: &'static str,
    about: &'static str,
    /// The share of the variance that the compared principal components hold; all of them if `None`.
    variance: Option<f64>,
}

impl Cca {
    /// All dimensions.
    pub const ALL: Self = Self {
        name: "cca",
        about: "1 − mean canonical correlation of the states of two networks in all their dimensions (Hotelling 1936).",
        variance: None,
    };

    /// The principal components that hold 99 % of the variance.
    pub const SVCCA: Self = Self {
        name: "svcca",
        about: "1 − mean canonical correlation of the principal components that hold 99 % of the variance (Raghu et al. 2017).",
        variance: Some(0.99),
    };
}

/// An orthonormal basis of the samples, and of which trials.
pub struct Basis {
    trials: Trials,
    scores: Mat<f64>,
}

impl Measure for Cca {
    type View = Basis;

    fn name(&self) -> &'static str {
        self.name
    }

    fn about(&self) -> &'static str {
        self.about
    }

    fn needs(&self) -> &'static str {
        "states on the same probe trials, ten trials for each dimension that is compared; sizes may differ"
    }

    fn view(&self, portrait: &Portrait) -> Result<Basis, Senseless> {
        let mut components = Components::of(&centred_samples(portrait)?)?;
        if let Some(share) = self.variance {
            components = components.with_variance(share);
        }
        let (trials, dim) = (portrait.states.trials, components.sizes.len());
        let needed = SAMPLES_PER_DIMENSION * dim;
        if trials < needed {
            let reason = format!("{trials} probe trials; its {dim} dimensions need {needed}");
            return Err(Senseless(reason.into()));
        }
        Ok(Basis {
            trials: Trials::of(portrait),
            scores: components.scores,
        })
    }

    fn distance(&self, a: &Basis, b: &Basis) -> Result<f64, Senseless> {
        a.trials.must_be(&b.trials)?;
        let dim = a.scores.ncols().min(b.scores.ncols());
        let sum = nuclear_norm(&cross(&a.scores, &b.scores)).ok_or(Senseless::because(
            "the canonical correlations did not converge",
        ))?;
        Ok(1.0 - sum / dim as f64)
    }
}
