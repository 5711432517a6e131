//! Transfers of weights and gradients between the host and a GPU, through memory that the GPU reads and writes by itself.

use rayon::prelude::*;
use tch::kind::Element;
use tch::{Device, Tensor};

use super::Torch;
use super::device::{lock_pages, unlock_pages};
use crate::simd::Real;

/// Values that one thread copies at a time.
const TOGETHER: usize = 1 << 16;

/// Page-locked memory, kept from pass to pass; none for the CPU, which needs no transfer.
pub(super) struct Staging<T> {
    device: Device,
    memory: Vec<T>,
    is_locked: bool,
}

impl<T: Real + Element> Staging<T> {
    pub(super) fn new(device: Device) -> Self {
        Self {
            device,
            memory: Vec::new(),
            is_locked: false,
        }
    }

    /// Values as a tensor on the device.
    pub(super) fn upload(&mut self, values: &[T]) -> Torch<Tensor> {
        if self.device == Device::Cpu {
            return Tensor::f_from_slice(values);
        }
        self.make_room(values.len());
        copy(values, &mut self.memory);
        self.tensor()?.f_to_device(self.device)
    }

    /// A flat tensor on the device as values.
    pub(super) fn download(&mut self, flat: &Tensor, values: &mut [T]) -> Torch<()> {
        if self.device == Device::Cpu {
            return flat.f_copy_data(values, values.len());
        }
        self.make_room(values.len());
        self.tensor()?.f_copy_(flat)?;
        copy(&self.memory, values);
        Ok(())
    }

    fn make_room(&mut self, count: usize) {
        if self.memory.len() != count {
            self.unlock();
            self.memory = vec![<T as Real>::ZERO; count];
            // Memory that cannot be locked serves as well, more slowly.
            self.is_locked = lock_pages(&mut self.memory);
        }
    }

    /// The memory as a tensor, for one transfer.
    fn tensor(&mut self) -> Torch<Tensor> {
        let start = self.memory.as_mut_ptr().cast::<u8>();
        let shape = [self.memory.len() as i64];
        // SAFETY: so many values of this kind lie there, nothing else sees them, and the tensor is gone before they move.
        unsafe { Tensor::f_from_blob(start, &shape, &[1], T::KIND, Device::Cpu) }
    }
}

impl<T> Staging<T> {
    fn unlock(&mut self) {
        if std::mem::take(&mut self.is_locked) {
            unlock_pages(&mut self.memory);
        }
    }
}

impl<T> Drop for Staging<T> {
    fn drop(&mut self) {
        self.unlock();
    }
}

fn copy<T: Copy + Send + Sync>(from: &[T], to: &mut [T]) {
    let parts = to.par_chunks_mut(TOGETHER).zip(from.par_chunks(TOGETHER));
    parts.for_each(|(to, from)| to.copy_from_slice(from));
}
