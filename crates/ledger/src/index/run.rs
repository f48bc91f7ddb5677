//! A sorted run of entries, each a key and the number of a record. It is written once, page by page, and behind the pages a table
//! says with which key each starts and what its digest is.
//!
//! ```text
//! page 0 | page 1 | … | first key, digest of page 0 | first key, digest of page 1 | …
//! ```
//!
//! That a key is not there cannot be checked against any record. So each page that is looked at is checked against its digest, and the
//! table against its own, which the manifest holds.

use std::fs::File;

use sha2::{Digest as _, Sha256};

use super::{Damaged, array::Array, manifest::PassFile};

/// A key, and the number of a record that has it.
pub(super) type Entry = (u64, u64);

/// The bytes of an entry.
const WIDTH: usize = 16;
/// The entries of a page.
const PAGE: usize = 256;
/// The bytes of a line of the table.
const FENCE: usize = 8 + 32;

/// A run that is complete.
#[derive(Debug)]
pub(super) struct Run {
    file: PassFile,
    array: Array,
    fences: Vec<Fence>,
}

/// What the table says of a page.
#[derive(Clone, Copy, Debug)]
struct Fence {
    first: u64,
    digest: [u8; 32],
}

impl Run {
    /// The run that the manifest says is in this file.
    pub(super) fn of(file: PassFile, content: File) -> Result<Self, Damaged> {
        let pages = file.entries.div_ceil(size(PAGE));
        let table_at = file.entries * size(WIDTH);
        // INVARIANT: no memory is asked for that the file does not fill.
        let array = Array::of(content, table_at + pages * size(FENCE))?;
        let mut table = vec![0; usize::try_from(pages).map_err(|_| Damaged)? * FENCE];
        array.read(table_at, &mut table)?;
        if digest(&table) != file.digest {
            return Err(Damaged);
        }
        let (fences, _) = table.as_chunks::<FENCE>();
        Ok(Self { file, array, fences: fences.iter().map(Fence::of).collect() })
    }

    /// What the manifest says of it.
    pub(super) fn file(&self) -> PassFile {
        self.file
    }

    pub(super) fn array(&mut self) -> &mut Array {
        &mut self.array
    }

    /// Adds the numbers of the records that have this key.
    pub(super) fn find(&self, key: u64, records: &mut Vec<u64>) -> Result<(), Damaged> {
        // A page may start with the key and the one before end with it.
        let page = self.fences.partition_point(|fence| fence.first < key).saturating_sub(1);
        let mut entries = self.entries_from(page);
        while let Some((found, record)) = entries.next()? {
            if found > key {
                break;
            }
            if found == key {
                records.push(record);
            }
        }
        Ok(())
    }

    /// All entries.
    pub(super) fn entries(&self) -> Entries<'_> {
        self.entries_from(0)
    }

    fn entries_from(&self, page: usize) -> Entries<'_> {
        Entries { run: self, next_page: page, page: Vec::new().into_iter() }
    }

    fn page(&self, number: usize) -> Result<Option<Vec<Entry>>, Damaged> {
        let Some(fence) = self.fences.get(number) else { return Ok(None) };
        let first = number * PAGE;
        let entries = usize::try_from(self.file.entries).map_err(|_| Damaged)?;
        let mut page = vec![0; PAGE.min(entries.saturating_sub(first)) * WIDTH];
        self.array.read(size(first * WIDTH), &mut page)?;
        if digest(&page) != fence.digest {
            return Err(Damaged);
        }
        let (entries, _) = page.as_chunks::<WIDTH>();
        Ok(Some(entries.iter().map(read_entry).collect()))
    }
}

/// The entries of a run, in order.
#[derive(Debug)]
pub(super) struct Entries<'a> {
    run: &'a Run,
    next_page: usize,
    page: std::vec::IntoIter<Entry>,
}

impl Entries<'_> {
    pub(super) fn next(&mut self) -> Result<Option<Entry>, Damaged> {
        if self.page.len() == 0 {
            let Some(page) = self.run.page(self.next_page)? else { return Ok(None) };
            self.page = page.into_iter();
            self.next_page += 1;
        }
        Ok(self.page.next())
    }
}

/// A run that is being written.
#[derive(Debug)]
pub(super) struct RunWriter {
    number: u64,
    array: Array,
    entries: u64,
    page: Vec<u8>,
    first: u64,
    fences: Vec<Fence>,
}

impl RunWriter {
    /// Begins the run with this number.
    pub(super) fn new(number: u64, array: Array) -> Self {
        let page = Vec::with_capacity(PAGE * WIDTH);
        Self { number, array, entries: 0, page, first: 0, fences: Vec::new() }
    }

    /// Adds an entry, which no earlier one comes behind.
    pub(super) fn push(&mut self, (key, record): Entry) {
        if self.page.is_empty() {
            self.first = key;
        }
        self.page.extend_from_slice(&key.to_be_bytes());
        self.page.extend_from_slice(&record.to_be_bytes());
        self.entries += 1;
        if self.page.len() == PAGE * WIDTH {
            self.end_page();
        }
    }

    pub(super) fn array(&mut self) -> &mut Array {
        &mut self.array
    }

    /// Writes the table.
    pub(super) fn finish(mut self) -> Run {
        if !self.page.is_empty() {
            self.end_page();
        }
        let mut table = Vec::with_capacity(self.fences.len() * FENCE);
        for Fence { first, digest } in &self.fences {
            table.extend_from_slice(&first.to_be_bytes());
            table.extend_from_slice(digest);
        }
        self.array.push(&table);
        let file = PassFile { number: self.number, entries: self.entries, digest: digest(&table) };
        Run { file, array: self.array, fences: self.fences }
    }

    fn end_page(&mut self) {
        self.fences.push(Fence { first: self.first, digest: digest(&self.page) });
        self.array.push(&self.page);
        self.page.clear();
    }
}

impl Fence {
    fn of(line: &[u8; FENCE]) -> Self {
        let (first, rest) = line.split_first_chunk().unwrap_or((&[0; 8], &[]));
        let digest = rest.first_chunk().copied().unwrap_or_default();
        Self { first: u64::from_be_bytes(*first), digest }
    }
}

fn read_entry(bytes: &[u8; WIDTH]) -> Entry {
    let (key, record) = bytes.split_first_chunk().unwrap_or((&[0; 8], &[]));
    let record = record.first_chunk().copied().unwrap_or_default();
    (u64::from_be_bytes(*key), u64::from_be_bytes(record))
}

fn digest(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// As an offset.
fn size(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}
