//! The nonlinearities of rate cells on tensors, and their slopes as functions of their values.

use tch::Tensor;

use super::{Done as _, Torch};
use crate::cell::spec::Activation;

/// x ← φ(x).
pub(super) fn apply(activation: Activation, x: &mut Tensor) -> Torch<()> {
    match activation {
        Activation::Tanh => x.f_tanh_().done()?,
        Activation::Relu => x.f_relu_().done()?,
        Activation::Sigmoid => x.f_sigmoid_().done()?,
        Activation::Elu => x.f_elu_().done()?,
        Activation::Retanh => x.f_tanh_()?.f_relu_().done()?,
        // PyTorch's own softplus is x itself beyond 20.
        Activation::Softplus => x.f_logaddexp_out(x, &zero(x)?).done()?,
        Activation::SharpSoftplus { beta } => {
            x.f_mul_scalar_(beta).done()?;
            x.f_logaddexp_out(x, &zero(x)?).done()?;
            x.f_mul_scalar_(1.0 / beta).done()?;
        }
        Activation::Identity => {}
        Activation::Gelu | Activation::GeluTanh => x.f_fill_(f64::NAN).done()?,
    }
    Ok(())
}

/// φ(x) into a tensor of its own.
pub(super) fn apply_into(activation: Activation, out: &mut Tensor, x: &Tensor) -> Torch<()> {
    match activation {
        Activation::Tanh => x.f_tanh_out(out).done()?,
        Activation::Relu => x.f_relu_out(out).done()?,
        Activation::Sigmoid => x.f_sigmoid_out(out).done()?,
        Activation::Softplus => x.f_logaddexp_out(out, &zero(x)?).done()?,
        _ => {
            out.f_copy_(x)?;
            apply(activation, out)?;
        }
    }
    Ok(())
}

/// φ'(x), given φ(x).
pub(super) fn slope(activation: Activation, value: &Tensor) -> Torch<Tensor> {
    let positive = || value.f_gt(0.0)?.f_to_kind(value.f_kind()?);
    match activation {
        Activation::Tanh => tanh_slope(value),
        Activation::Relu => positive(),
        Activation::Sigmoid => sigmoid_slope(value),
        Activation::Retanh => tanh_slope(value)?.f_mul_(&positive()?),
        Activation::Softplus => value.f_neg()?.f_expm1_()?.f_neg_(),
        Activation::SharpSoftplus { beta } => value.f_mul_scalar(-beta)?.f_expm1_()?.f_neg_(),
        // 1 above 0, eˣ = φ + 1 below.
        Activation::Elu => value.f_clamp_max(0.0)?.f_add_scalar_(1.0),
        Activation::Identity => value.f_ones_like(),
        Activation::Gelu | Activation::GeluTanh => value.f_full_like(f64::NAN),
    }
}

/// 1 − y² of y = tanh x.
pub(super) fn tanh_slope(value: &Tensor) -> Torch<Tensor> {
    value.f_square()?.f_neg_()?.f_add_scalar_(1.0)
}

/// y (1 − y) of y = σ(x).
pub(super) fn sigmoid_slope(value: &Tensor) -> Torch<Tensor> {
    value.f_rsub_scalar(1.0)?.f_mul_(value)
}

fn zero(like: &Tensor) -> Torch<Tensor> {
    Tensor::f_zeros([1], (like.f_kind()?, like.device()))
}
