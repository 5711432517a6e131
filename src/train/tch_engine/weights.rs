//! Parameters and gradients as tensors: one transfer a pass in each direction.

use tch::Tensor;
use tch::kind::Element;

use super::Torch;
use super::staging::Staging;
use crate::cell::parameters::Parameters;
use crate::simd::Real;

/// The parameters of a pass, all of them views of one tensor.
pub(super) struct Weights(Vec<(&'static str, Tensor)>);

impl Weights {
    pub(super) fn upload<T: Real + Element>(
        parameters: &Parameters<T>,
        staging: &mut Staging<T>,
    ) -> Torch<Self> {
        let flat = staging.upload(parameters.values())?;
        let views = parameters.layout().iter().map(|tensor| {
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

    /// All of them in one transfer; 0 where there is none.
    pub(super) fn download<T: Real + Element>(
        self,
        gradient: &mut Parameters<T>,
        staging: &mut Staging<T>,
    ) -> Torch<()> {
        let Some((_, like)) = self.0.first() else {
            return Ok(());
        };
        let options = (T::KIND, like.device());
        let parts = gradient.layout().iter().map(|tensor| {
            let found = self.0.iter().find(|(name, _)| *name == tensor.name);
            found.map_or_else(
                || Tensor::f_zeros([tensor.len() as i64], options),
                |(_, gradient)| gradient.f_reshape([-1]),
            )
        });
        let flat = Tensor::f_cat(&parts.collect::<Torch<Vec<_>>>()?, 0)?;
        staging.download(&flat, gradient.values_mut())
    }
}
