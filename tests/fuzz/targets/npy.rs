#![no_main]
//! Whatever the bytes, reading them as npy gives tensors or a reason.

use creode::foreign::tensors::from_npy;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let _ = from_npy(bytes);
});
