//! The optimiser's update on tensors, as [`crate::train::optimiser`] makes it on the host.

use tch::Tensor;

use super::{Done as _, Torch};
use crate::simd::Real;
use crate::train::optimiser::Update;
use crate::train::spec::Clipping;

/// Limits a gradient whose Euclidean norm `norm` tells.
pub(super) fn clip(
    clipping: Clipping,
    gradient: &mut Tensor,
    norm: impl FnOnce(&Tensor) -> Torch<f64>,
) -> Torch<()> {
    match clipping {
        Clipping::Off => Ok(()),
        Clipping::Norm(limit) => {
            let norm = norm(gradient)?;
            if norm > limit {
                gradient.f_mul_scalar_(limit / norm).done()?;
            }
            Ok(())
        }
        Clipping::Value(limit) => gradient.f_clamp_(-limit, limit).done(),
    }
}

/// Updates values and moments; nothing is left in the gradient.
pub(super) fn make<T: Real>(
    update: Update<T>,
    values: &mut Tensor,
    mut gradient: Tensor,
    [first, second]: [&mut Tensor; 2],
) -> Torch<()> {
    match update {
        Update::Adam {
            betas,
            epsilon,
            size,
            root_correction,
        } => {
            let [beta1, beta2] = betas.map(Real::to_f64);
            first.f_lerp_(&gradient, 1.0 - beta1).done()?;
            gradient.f_square_().done()?;
            second.f_lerp_(&gradient, 1.0 - beta2).done()?;
            second.f_sqrt_out(&gradient).done()?;
            gradient.f_mul_scalar_(root_correction.to_f64()).done()?;
            gradient.f_add_scalar_(epsilon.to_f64()).done()?;
            first.f_div_out(&gradient, &gradient).done()?;
            gradient.f_mul_scalar_(size.to_f64()).done()?;
            values.f_sub_(&gradient).done()
        }
        Update::Sgd { momentum, rate } => {
            first.f_mul_scalar_(momentum.to_f64()).done()?;
            first.f_add_(&gradient).done()?;
            values.f_sub_(&first.f_mul_scalar(rate.to_f64())?).done()
        }
        Update::RmsProp {
            decay,
            epsilon,
            momentum,
            rate,
        } => {
            let squares = gradient.f_square()?;
            second.f_lerp_(&squares, 1.0 - decay.to_f64()).done()?;
            let mut root = second.f_sqrt()?;
            root.f_add_scalar_(epsilon.to_f64()).done()?;
            gradient.f_div_(&root).done()?;
            first.f_mul_scalar_(momentum.to_f64()).done()?;
            first.f_add_(&gradient).done()?;
            values.f_sub_(&first.f_mul_scalar(rate.to_f64())?).done()
        }
        Update::Elsewhere => Ok(()),
    }
}
