#![no_main]

use std::fs;

use axtary_ledger::{Durability, FileLedger, Index, Reader, verify};

// Whatever stands in a ledger's file, reading it ends, in an answer or an error; and what verifies is read to its end.
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Ok(folder) = tempfile::tempdir() else { return };
    let path = folder.path().join("ledger");
    if fs::write(&path, bytes).is_err() {
        return;
    }
    let read = Reader::open(&path).map(|reader| reader.filter(Result::is_ok).count());
    if let (Ok(verified), Ok(read)) = (verify(&path), read) {
        assert_eq!(verified.records, read as u64);
        assert_eq!(Index::open(&path).map(|index| index.len()).ok(), Some(verified.records));
    }
    drop(FileLedger::open(&path, Durability::Buffered));
});
