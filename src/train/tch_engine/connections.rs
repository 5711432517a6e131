//! The recurrent weights of a pass: W itself, or g χ + M Nᵀ/N of a low-rank cell, which is never multiplied out.

use tch::{Kind, Tensor};

use super::Torch;
use super::arithmetic::Arithmetic;
use super::trials::Trials;
use super::weights::{Gradients, Weights};
use crate::cell::parameters::{LOW_RANK_M, LOW_RANK_N, RANDOM_WEIGHT, WEIGHT_HH};

/// Recurrent weights times a constant α, in both directions.
pub(super) struct Connections {
    arithmetic: Arithmetic,
    full: Option<Full>,
    factors: Option<Factors>,
}

struct Full {
    /// α Wᵀ.
    forward: Tensor,
    /// α W.
    back: Tensor,
}

/// M and N with what passes between them, one tensor a time step.
struct Factors {
    /// N/N, `[unit][rank]`.
    inward: Tensor,
    /// α M, `[unit][rank]`.
    outward: Tensor,
    /// κ = Nᵀr/N.
    latent: Vec<Tensor>,
    /// ∂L/∂κ.
    latent_slopes: Vec<Tensor>,
}

impl Connections {
    pub(super) fn new(
        arithmetic: Arithmetic,
        weights: &Weights,
        alpha: f64,
        trials: &Trials,
    ) -> Torch<Self> {
        let factors = match (weights.find(LOW_RANK_M), weights.find(LOW_RANK_N)) {
            (Some(outward), Some(inward)) => {
                Some(Factors::new(arithmetic, outward, inward, alpha, trials)?)
            }
            _ => None,
        };
        let full = weights
            .find(WEIGHT_HH)
            .or_else(|| weights.find(RANDOM_WEIGHT));
        let full = full.map(|full| Full::new(arithmetic, full, alpha));
        Ok(Self {
            arithmetic,
            full: full.transpose()?,
            factors,
        })
    }

    /// Adds what the features of the step before send to the pre-activations of a step.
    pub(super) fn send(&self, time: usize, features: &Tensor, to: &mut Tensor) -> Torch<()> {
        if let Some(full) = &self.full {
            self.arithmetic.add_product(to, features, &full.forward)?;
        }
        if let Some(factors) = &self.factors {
            let latent = &factors.latent[time];
            self.arithmetic
                .product_into(latent, features, &factors.inward)?;
            let outward = factors.outward.f_tr()?;
            self.arithmetic.add_product(to, latent, &outward)?;
        }
        Ok(())
    }

    /// Adds the slopes in the features of the step before, given those in the pre-activations of a step.
    pub(super) fn take_back(&self, time: usize, slopes: &Tensor, to: &mut Tensor) -> Torch<()> {
        if let Some(full) = &self.full {
            self.arithmetic.add_product(to, slopes, &full.back)?;
        }
        if let Some(factors) = &self.factors {
            let latent = &factors.latent_slopes[time];
            self.arithmetic
                .product_into(latent, slopes, &factors.outward)?;
            let inward = factors.inward.f_tr()?;
            self.arithmetic.add_product(to, latent, &inward)?;
        }
        Ok(())
    }

    /// The gradients, given α times the slopes in all pre-activations, `[row][pre-activation]`, and the features of the steps
    /// before. Every step must have been taken back.
    pub(super) fn gradients(
        &self,
        slopes: &Tensor,
        features: &Tensor,
        gradients: &mut Gradients,
    ) -> Torch<()> {
        let Some(factors) = &self.factors else {
            let gradient = self.arithmetic.product(&slopes.f_tr()?, features)?;
            gradients.add(WEIGHT_HH, gradient);
            return Ok(());
        };
        let (units, _) = factors.inward.size2()?;
        let latent = Tensor::f_cat(&factors.latent, 0)?;
        let outward = self.arithmetic.product(&slopes.f_tr()?, &latent)?;
        gradients.add(LOW_RANK_M, outward);
        let latent_slopes = Tensor::f_cat(&factors.latent_slopes, 0)?;
        let mut inward = self.arithmetic.product(&features.f_tr()?, &latent_slopes)?;
        gradients.add(LOW_RANK_N, inward.f_mul_scalar_(1.0 / units as f64)?);
        Ok(())
    }
}

impl Full {
    fn new(arithmetic: Arithmetic, weights: &Tensor, alpha: f64) -> Torch<Self> {
        let back = if alpha == 1.0 {
            weights.shallow_clone()
        } else {
            weights.f_mul_scalar(alpha)?
        };
        let back = arithmetic.operand(&back)?;
        Ok(Self {
            forward: back.f_tr()?,
            back,
        })
    }
}

impl Factors {
    fn new(
        arithmetic: Arithmetic,
        outward: &Tensor,
        inward: &Tensor,
        alpha: f64,
        trials: &Trials,
    ) -> Torch<Self> {
        let (units, rank) = outward.size2()?;
        let kind: Kind = outward.f_kind()?;
        let latent = || -> Torch<Vec<Tensor>> {
            let shape = [trials.steps, trials.count, rank];
            Tensor::f_empty(shape, (kind, outward.device()))?.f_unbind(0)
        };
        Ok(Self {
            inward: arithmetic.operand(&inward.f_mul_scalar(1.0 / units as f64)?)?,
            outward: arithmetic.operand(&outward.f_mul_scalar(alpha)?)?,
            latent: latent()?,
            latent_slopes: latent()?,
        })
    }
}
