//! Parameters and gradients as tensors, by name and as the one that holds them all.

use tch::Tensor;

use super::Torch;
use crate::cell::parameters::TensorLayout;

/// The parameters of a network.
pub(super) struct Weights(Vec<(&'static str, Tensor)>);

impl Weights {
    /// Views of the tensor that holds all values.
    pub(super) fn of_flat(flat: &Tensor, layout: &[TensorLayout]) -> Torch<Self> {
        let views = layout.iter().map(|tensor| {
            let values = flat.f_narrow(0, tensor.offset as i64, tensor.len() as i64)?;
            let shape: Vec<i64> = tensor.shape.iter().map(|&extent| extent as i64).collect();
            Ok((tensor.name, values.f_view(shape.as_slice())?))
        });
        Ok(Self(views.collect::<Torch<_>>()?))
    }

    pub(super) fn of(named: Vec<(&'static str, Tensor)>) -> Self {
        Self(named)
    }

    /// A tensor that a network may have or not.
    pub(super) fn find(&self, name: &str) -> Option<&Tensor> {
        let mut named = self.0.iter();
        named
            .find(|(found, _)| *found == name)
            .map(|(_, tensor)| tensor)
    }

    /// A tensor that every network of its cell has.
    pub(super) fn get(&self, name: &str) -> Torch<&Tensor> {
        self.find(name)
            .ok_or_else(|| tch::TchError::Shape(format!("the network has no tensor {name}")))
    }
}

/// The gradients of some parameters.
#[derive(Default)]
pub(super) struct Gradients(Vec<(&'static str, Tensor)>);

impl Gradients {
    pub(super) fn add(&mut self, name: &'static str, gradient: Tensor) {
        self.0.push((name, gradient));
    }

    /// All of them in one tensor, 0 where there is none; none of no gradients.
    pub(super) fn flat(self, layout: &[TensorLayout]) -> Torch<Option<Tensor>> {
        let Some((_, like)) = self.0.first() else {
            return Ok(None);
        };
        let options = (like.f_kind()?, like.device());
        let parts = layout.iter().map(|tensor| {
            let found = self.0.iter().find(|(name, _)| *name == tensor.name);
            found.map_or_else(
                || Tensor::f_zeros([tensor.len() as i64], options),
                |(_, gradient)| gradient.f_reshape([-1]),
            )
        });
        let flat = Tensor::f_cat(&parts.collect::<Torch<Vec<_>>>()?, 0)?;
        Ok(Some(flat))
    }
}
