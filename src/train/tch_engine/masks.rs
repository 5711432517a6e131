//! Which parameters of a network are not treated as the others are, on a device.

use tch::Tensor;
use tch::kind::Element;

use super::Torch;
use crate::cell::constraints::{clear_untrained, constrain};
use crate::cell::parameters::Parameters;
use crate::cell::spec::NetworkSpec;
use crate::simd::Real;
use crate::train::optimiser::Optimiser;

/// Which values are treated in their own way; none where there are none.
pub(super) struct Masks {
    /// Whose gradient is 0.
    pub(super) untrained: Option<Tensor>,
    /// Which belong to tensors that are not trained at all, and do not decay.
    pub(super) fixed: Option<Tensor>,
    /// Which are 0.
    pub(super) absent: Option<Tensor>,
    /// How much faster than the others they learn.
    pub(super) factors: Option<Tensor>,
}

impl Masks {
    pub(super) fn new<T: Real + Element>(
        network: &NetworkSpec,
        parameters: &Parameters<T>,
        optimiser: &Optimiser<T>,
        device: tch::Device,
    ) -> Torch<Self> {
        let ones = || {
            let mut ones = parameters.zeros_like();
            ones.values_mut().fill(T::ONE);
            ones
        };
        let zeros_of = |values: &Parameters<T>| {
            let is_zero: Vec<bool> = values
                .values()
                .iter()
                .map(|&value| value == <T as Real>::ZERO)
                .collect();
            let is_any = is_zero.contains(&true);
            is_any
                .then(|| Tensor::f_from_slice(&is_zero)?.f_to_device(device))
                .transpose()
        };
        let mut trained = ones();
        clear_untrained(network, parameters, &mut trained);
        let mut decaying = ones();
        let mut present = ones();
        for tensor in parameters.layout().iter().filter(|tensor| !tensor.trained) {
            decaying.get_mut(tensor.name).fill(<T as Real>::ZERO);
            // Masks among them, which say what is absent.
            present
                .get_mut(tensor.name)
                .copy_from_slice(parameters.get(tensor.name));
        }
        constrain(network, &mut present);
        for tensor in parameters.layout().iter().filter(|tensor| !tensor.trained) {
            present.get_mut(tensor.name).fill(T::ONE);
        }
        let factors = optimiser
            .factors()
            .map(|factors| Tensor::f_from_slice(factors.values())?.f_to_device(device));
        Ok(Self {
            untrained: zeros_of(&trained)?,
            fixed: zeros_of(&decaying)?,
            absent: zeros_of(&present)?,
            factors: factors.transpose()?,
        })
    }
}
