//! Transfers of weights and gradients between the host and a GPU, through memory that the GPU reads by itself.

use std::slice::{from_raw_parts, from_raw_parts_mut};

use rayon::prelude::*;
use tch::kind::Element;
use tch::{Device, Tensor};

use super::Torch;
use crate::simd::Real;

/// Values that one thread copies at a time.
const TOGETHER: usize = 1 << 16;

/// Page-locked memory of a GPU, kept from pass to pass; none for the CPU, which needs no transfer.
pub(super) struct Staging {
    device: Device,
    memory: Option<Tensor>,
}

impl Staging {
    pub(super) fn new(device: Device) -> Self {
        Self {
            device,
            memory: None,
        }
    }

    /// Values as a tensor on the device.
    pub(super) fn upload<T: Real + Element>(&mut self, values: &[T]) -> Torch<Tensor> {
        if self.device == Device::Cpu {
            return Tensor::f_from_slice(values);
        }
        let memory = self.room::<T>(values.len())?;
        // SAFETY: the memory holds so many values of this kind one after the other, and nothing else sees it.
        let staged = unsafe { from_raw_parts_mut(memory.data_ptr().cast::<T>(), values.len()) };
        copy(values, staged);
        memory.f_to_device(self.device)
    }

    /// A flat tensor on the device as values.
    pub(super) fn download<T: Real + Element>(
        &mut self,
        flat: &Tensor,
        values: &mut [T],
    ) -> Torch<()> {
        if self.device == Device::Cpu {
            return flat.f_copy_data(values, values.len());
        }
        let mut memory = self.room::<T>(values.len())?;
        memory.f_copy_(flat)?;
        // SAFETY: as above; the copy from the device has ended.
        let staged = unsafe { from_raw_parts(memory.data_ptr().cast::<T>(), values.len()) };
        copy(staged, values);
        Ok(())
    }

    fn room<T: Element>(&mut self, count: usize) -> Torch<Tensor> {
        if let Some(memory) = &self.memory
            && memory.numel() == count
        {
            return Ok(memory.shallow_clone());
        }
        let memory = Tensor::f_empty([count as i64], (T::KIND, Device::Cpu))?;
        let memory = memory.f_pin_memory(self.device)?;
        self.memory = Some(memory.shallow_clone());
        Ok(memory)
    }
}

fn copy<T: Copy + Send + Sync>(from: &[T], to: &mut [T]) {
    let parts = to.par_chunks_mut(TOGETHER).zip(from.par_chunks(TOGETHER));
    parts.for_each(|(to, from)| to.copy_from_slice(from));
}
