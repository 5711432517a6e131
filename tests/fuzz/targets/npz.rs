#![no_main]
//! Whatever the bytes, reading them as npz gives tensors or a reason; what is read makes a network or a reason.

use creode::foreign::tensors::from_npz;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(tensors) = from_npz(bytes) {
        let _ = creode::foreign::ForeignNetwork::new(&tensors, &creode::foreign::Options::default());
    }
});
