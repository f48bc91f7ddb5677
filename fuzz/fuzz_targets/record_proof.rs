#![no_main]

use axtary_ledger::RecordProof;

// What is read is written as it was: there is one spelling of each proof.
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Ok(proof) = RecordProof::parse(bytes) {
        assert_eq!(proof.to_string().as_bytes(), bytes);
    }
});
