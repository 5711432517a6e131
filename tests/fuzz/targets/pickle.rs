#![no_main]
//! Whatever the bytes, reading them as the pickle of a PyTorch file gives tensors or a reason, in memory bounded by its length.

use creode::foreign::tensors::from_pickle;
use libfuzzer_sys::fuzz_target;

/// Bytes of the largest storage that there is.
const MOST_BYTES: u64 = 4096;

fuzz_target!(|pickle: &[u8]| {
    let mut load = |_: &str, bytes: u64| {
        if bytes <= MOST_BYTES {
            Ok(vec![1; bytes as usize])
        } else {
            Err("there is no such storage".to_owned())
        }
    };
    match from_pickle(pickle, &mut load) {
        Ok(contents) => assert!(!contents.tensors.is_empty()),
        Err(reason) => assert!(!reason.is_empty()),
    }
});
