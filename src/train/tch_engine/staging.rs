//! Transfers between the host and a device, through memory that a GPU reads and writes by itself.

use tch::kind::Element;
use tch::{Device, Tensor};

use super::Torch;
use super::device::{lock_pages, unlock_pages};
use crate::parallel;
use crate::simd::Real;

/// Values that one thread copies at a time.
const TOGETHER: usize = 1 << 16;

/// Memory for transfers, kept from pass to pass; page-locked where the device is a GPU.
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
        copy(values, &mut self.memory[..values.len()]);
        self.tensor(values.len())?.f_to_device(self.device)
    }

    /// Puts values, each times `scale`, into a tensor on the device.
    pub(super) fn put(&mut self, place: &mut Tensor, values: &[f64], scale: f64) -> Torch<()> {
        self.make_room(values.len());
        let memory = &mut self.memory[..values.len()];
        let parts = memory.chunks_mut(TOGETHER).zip(values.chunks(TOGETHER));
        parallel::for_each(parts, |(to, from)| {
            for (to, &from) in to.iter_mut().zip(from) {
                *to = T::from_f64(scale * from);
            }
        });
        let values = self.tensor(values.len())?.f_view_as(place)?;
        place.f_copy_(&values)
    }

    /// The values of a tensor on the device, in their order.
    pub(super) fn values(&mut self, tensor: &Tensor) -> Torch<&[T]> {
        let count = tensor.numel();
        self.make_room(count);
        self.tensor(count)?.f_copy_(&tensor.f_reshape([-1])?)?;
        Ok(&self.memory[..count])
    }

    /// A flat tensor on the device as values.
    pub(super) fn download(&mut self, flat: &Tensor, values: &mut [T]) -> Torch<()> {
        if self.device == Device::Cpu {
            return flat.f_copy_data(values, values.len());
        }
        copy(self.values(flat)?, values);
        Ok(())
    }

    fn make_room(&mut self, count: usize) {
        if self.memory.len() < count {
            self.unlock();
            self.memory = vec![<T as Real>::ZERO; count];
            // Memory that cannot be locked serves as well, more slowly.
            self.is_locked = self.device != Device::Cpu && lock_pages(&mut self.memory);
        }
    }

    /// The first so many values of the memory as a tensor, for one transfer.
    fn tensor(&mut self, count: usize) -> Torch<Tensor> {
        let start = self.memory[..count].as_mut_ptr().cast::<u8>();
        let shape = [count as i64];
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
    let parts = to.chunks_mut(TOGETHER).zip(from.chunks(TOGETHER));
    parallel::for_each(parts, |(to, from)| to.copy_from_slice(from));
}
