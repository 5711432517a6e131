//! Matrix products on tensors, and how their operands are rounded.

use tch::{Kind, Tensor};

use super::{Done as _, Torch};
use crate::train::engines::Products;

/// Products in the format of training, or of operands that are rounded to bf16 first, whose sums are in f32 all the same.
#[derive(Debug, Clone, Copy)]
pub(super) struct Arithmetic {
    rounds: bool,
}

impl Arithmetic {
    pub(super) fn new(products: Products) -> Self {
        Self {
            rounds: products == Products::Bf16,
        }
    }

    /// An operand as products take it.
    pub(super) fn operand(self, tensor: &Tensor) -> Torch<Tensor> {
        if self.rounds {
            tensor.f_to_kind(Kind::BFloat16)
        } else {
            Ok(tensor.shallow_clone())
        }
    }

    /// A B.
    pub(super) fn product(self, left: &Tensor, right: &Tensor) -> Torch<Tensor> {
        if self.rounds {
            let (left, right) = (self.operand(left)?, self.operand(right)?);
            left.f_mm_dtype(&right, Kind::Float)
        } else {
            left.f_mm(right)
        }
    }

    /// C ← A B, of which B is an [operand](Self::operand).
    pub(super) fn product_into(self, out: &Tensor, left: &Tensor, right: &Tensor) -> Torch<()> {
        if self.rounds {
            let left = self.operand(left)?;
            left.f_mm_dtype_out(out, right, Kind::Float).done()?;
        } else {
            left.f_mm_out(out, right).done()?;
        }
        Ok(())
    }

    /// C ← C + A B, of which B is an [operand](Self::operand).
    pub(super) fn add_product(self, to: &mut Tensor, left: &Tensor, right: &Tensor) -> Torch<()> {
        if self.rounds {
            let left = self.operand(left)?;
            let to = &*to;
            to.f_addmm_dtype_out(to, &left, right, Kind::Float).done()?;
        } else {
            to.f_addmm_(left, right).done()?;
        }
        Ok(())
    }

    /// Each row of A times Bᵀ, plus a row: what all time steps of a batch get from the inputs.
    pub(super) fn affine(self, bias: &Tensor, rows: &Tensor, weights: &Tensor) -> Torch<Tensor> {
        if self.rounds {
            let mut sum = self.product(rows, &weights.f_tr()?)?;
            sum.f_add_(bias)
        } else {
            bias.f_addmm(rows, &weights.f_tr()?)
        }
    }
}
