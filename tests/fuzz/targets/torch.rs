#![no_main]
//! Whatever the bytes, reading them as a PyTorch file gives tensors or a reason; what is read makes a network or a reason.

use creode::foreign::tensors::from_torch;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(contents) = from_torch(bytes) {
        let options = creode::foreign::Options::default();
        let _ = creode::foreign::ForeignNetwork::new(&contents.tensors, &options);
    }
});
