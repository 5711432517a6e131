#![no_main]
//! Whatever the bytes, reading them as safetensors gives tensors or a reason; what is read makes a network or a reason.

use creode::foreign::tensors::from_safetensors;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(tensors) = from_safetensors(bytes) {
        let _ = creode::foreign::ForeignNetwork::new(&tensors, &creode::foreign::Options::default());
    }
});
