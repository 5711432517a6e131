//! Where libtorch computes, and in what arithmetic.
//!
//! libtorch's part for GPUs is loaded when the first GPU is asked for, so that a program runs without it where there is none.

use std::ffi::{c_int, c_uint, c_void};
use std::sync::OnceLock;

use libloading::os::unix::{Library, RTLD_GLOBAL, RTLD_NOW};

use crate::train::engines::{Device, Products, TchOptions};

const GPU_LIBRARY: &str = "libtorch_cuda.so";
/// Whether it was loaded.
static LOADED: OnceLock<Result<(), String>> = OnceLock::new();

// Settings of libtorch that the crate `tch` does not reach, by the names that C++ gives them.
unsafe extern "C" {
    #[link_name = "_ZN2at13globalContextEv"]
    fn global_context() -> *mut c_void;
    #[link_name = "_ZN2at7Context17setAllowTF32CuDNNEb"]
    fn allow_tf32_in_recurrences(context: *mut c_void, allows: bool);
    #[link_name = "_ZN2at7Context18setAllowTF32CuBLASEb"]
    fn allow_tf32_in_products(context: *mut c_void, allows: bool);
}

/// The device of libtorch that options name.
///
/// # Errors
/// In words: what is missing, and what to do.
pub(super) fn open(options: TchOptions) -> Result<tch::Device, String> {
    let Device::Cuda(place) = options.device else {
        return Ok(tch::Device::Cpu);
    };
    LOADED.get_or_init(load).clone()?;
    let count = tch::Cuda::device_count();
    if i64::from(place) >= count {
        return Err(format!(
            "there is no GPU {place} here: libtorch finds {count}; expected {} or `device = \"cpu\"`",
            match count {
                0 => "a machine with an NVIDIA GPU and its driver".to_owned(),
                count => format!("`cuda:0` to `cuda:{}`", count - 1),
            }
        ));
    }
    Ok(tch::Device::Cuda(usize::from(place)))
}

fn load() -> Result<(), String> {
    // SAFETY: the library's initialisers register its functions with libtorch, which is loaded already.
    let library = unsafe { Library::open(Some(GPU_LIBRARY), RTLD_NOW | RTLD_GLOBAL) };
    let library = library.map_err(|error| {
        format!(
            "libtorch's part for GPUs is not there ({error}); put `{GPU_LIBRARY}` and the CUDA libraries that it needs into \
             LD_LIBRARY_PATH, or take `device = \"cpu\"`"
        )
    })?;
    // It is never unloaded.
    std::mem::forget(library);
    Ok(())
}

/// Sets what products of f32 on a GPU may be rounded to, for all engines of the process.
///
/// libtorch itself rounds to TF32 within cuDNN's recurrences unless it is told not to.
pub(super) fn set_arithmetic(products: Products) {
    let allows = products == Products::Tf32;
    // SAFETY: both are plain setters on libtorch's one context, which lives as long as the process.
    unsafe {
        let context = global_context();
        allow_tf32_in_recurrences(context, allows);
        allow_tf32_in_products(context, allows);
    }
}

/// Keeps values in their place in memory, so that GPUs read and write them by themselves; whether that went well.
pub(super) fn lock_pages<T>(values: &mut [T]) -> bool {
    type Register = unsafe extern "C" fn(*mut c_void, usize, c_uint) -> c_int;
    let library = Library::this();
    // SAFETY: the CUDA runtime, which came with libtorch's part for GPUs, has this function with this signature.
    unsafe {
        let register = library.get::<Register>(b"cudaHostRegister\0");
        register
            .is_ok_and(|register| register(values.as_mut_ptr().cast(), size_of_val(values), 0) == 0)
    }
}

/// Undoes [`lock_pages`]; to be called before the values are freed.
pub(super) fn unlock_pages<T>(values: &mut [T]) {
    type Unregister = unsafe extern "C" fn(*mut c_void) -> c_int;
    let library = Library::this();
    // SAFETY: as above.
    unsafe {
        if let Ok(unregister) = library.get::<Unregister>(b"cudaHostUnregister\0") {
            unregister(values.as_mut_ptr().cast());
        }
    }
}
