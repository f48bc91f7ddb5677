#![no_main]

use axtary_actionpass::testing::properties;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| properties::jwks(bytes));
