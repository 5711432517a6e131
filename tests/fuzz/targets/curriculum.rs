#![no_main]
//! Whatever the text, reading it as a curriculum gives one, or a message with file, line and key.

use creode::curriculum::Curriculum;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Err(error) = Curriculum::parse(text, "fuzzed.toml", &[]) {
        assert!(!error.to_string().is_empty());
    }
});
