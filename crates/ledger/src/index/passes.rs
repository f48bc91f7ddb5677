//! Which records name a pass, in sorted runs ([`Run`]): those of the records that were added together are one, and two are merged once
//! the older has no more than twice the entries of the newer. So there are few, however the ledger grew.

use axtary_actionpass::PassId;
use sha2::{Digest as _, Sha256};

use super::{
    Damaged,
    manifest::PassFile,
    run::{Entry, Run, RunWriter},
    storage::Storage,
};

/// The entries that are sorted at once: 8 MiB of memory.
const MOST: usize = 512 * 1024;

/// The records that name a pass.
#[derive(Debug, Default)]
pub(super) struct Passes {
    runs: Vec<Run>,
    /// Those that are in no run yet.
    added: Vec<Entry>,
}

impl Passes {
    /// Those that a manifest names.
    pub(super) fn of(files: &[PassFile], storage: &Storage) -> Result<Self, Damaged> {
        let run = |file: &PassFile| {
            let content = storage.open(&name(file.number)).map_err(|_| Damaged)?;
            Run::of(*file, content)
        };
        Ok(Self { runs: files.iter().map(run).collect::<Result<_, _>>()?, added: Vec::new() })
    }

    /// What a manifest says of them.
    pub(super) fn files(&self) -> Vec<PassFile> {
        self.runs.iter().map(Run::file).collect()
    }

    /// Adds the record that stands in this line, under each pass that it names.
    pub(super) fn add(&mut self, line: &[u8], record: u64) {
        // In canonical JSON an unescaped quote is never part of a string, so what follows this is a member's value. Of another than the
        // body's own member, it does no harm: what is found is looked at.
        if let Some(rest) = line.strip_prefix(b"{\"body\":{\"action_pass_id\":\"") {
            self.added.extend(key_of(rest).map(|key| (key, record)));
            return;
        }
        let line = std::str::from_utf8(line).unwrap_or_default();
        for (at, mark) in line.match_indices("\"action_pass_id\":\"") {
            let value = line.as_bytes().get(at + mark.len()..).unwrap_or_default();
            self.added.extend(key_of(value).map(|key| (key, record)));
        }
    }

    /// Whether enough was added for a run.
    pub(super) fn are_many(&self) -> bool {
        self.added.len() >= MOST
    }

    /// Sorts what was added into the runs.
    pub(super) fn sort(&mut self, storage: &mut Storage) -> Result<(), Damaged> {
        if self.added.is_empty() {
            return Ok(());
        }
        self.added.sort_unstable();
        let mut writer = self.begin_run(storage);
        self.added.drain(..).for_each(|entry| writer.push(entry));
        self.end_run(writer, storage);
        while storage.is_kept()
            && let [.., older, newer] = self.runs.as_slice()
            && older.file().entries <= 2 * newer.file().entries
        {
            let mut writer = self.begin_run(storage);
            merge(older, newer, |entry| {
                writer.push(entry);
                storage.store_if_much(writer.array());
            })?;
            self.runs.truncate(self.runs.len() - 2);
            self.end_run(writer, storage);
        }
        Ok(())
    }

    /// The numbers of the records that may name this pass, in order: those that do, and of others whose pass has the same key.
    pub(super) fn find(&self, pass: &PassId) -> Result<Vec<u64>, Damaged> {
        let mut records = Vec::new();
        for run in &self.runs {
            run.find(key(pass.as_str().as_bytes()), &mut records)?;
        }
        records.sort_unstable();
        records.dedup();
        Ok(records)
    }

    fn begin_run(&self, storage: &mut Storage) -> RunWriter {
        let number = self.runs.iter().map(|run| run.file().number + 1).max().unwrap_or(0);
        RunWriter::new(number, storage.create(&name(number)))
    }

    fn end_run(&mut self, writer: RunWriter, storage: &mut Storage) {
        let mut run = writer.finish();
        storage.store(run.array());
        self.runs.push(run);
    }
}

/// The name of a file of passes.
pub(super) fn name(number: u64) -> String {
    format!("passes.{number}")
}

fn merge(a: &Run, b: &Run, mut take: impl FnMut(Entry)) -> Result<(), Damaged> {
    let (mut left, mut right) = (a.entries(), b.entries());
    let (mut next_left, mut next_right) = (left.next()?, right.next()?);
    loop {
        match (next_left, next_right) {
            (Some(entry), other) if other.is_none_or(|other| entry <= other) => {
                take(entry);
                next_left = left.next()?;
            }
            (_, Some(entry)) => {
                take(entry);
                next_right = right.next()?;
            }
            (_, None) => return Ok(()),
        }
    }
}

/// The key of the pass whose id a text starts with, if it has the length of one.
fn key_of(text: &[u8]) -> Option<u64> {
    const LENGTH: usize = "ap_01K1A2B3C4D5E6F7G8H9J0K1M2".len();
    let (id, rest) = text.split_first_chunk::<LENGTH>()?;
    rest.starts_with(b"\"").then(|| key(id))
}

fn key(id: &[u8]) -> u64 {
    let digest: [u8; 32] = Sha256::digest(id).into();
    let (first, _) = digest.split_first_chunk().unwrap_or((&[0; 8], &[]));
    u64::from_be_bytes(*first)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn pass(number: u16) -> PassId {
        PassId::new(format!("ap_01K1A2B3C4D5E6F7G8H9J{number:05}")).unwrap()
    }

    /// Adds each batch at once, and looks all passes up, also in what is read from the folder again.
    fn check(batches: &[Vec<u16>], is_kept: bool) {
        let folder = tempfile::tempdir().unwrap();
        let ledger = folder.path().join("audit.jsonl");
        if !is_kept {
            std::fs::write(folder.path().join("audit.jsonl.index"), "").unwrap();
        }
        let mut storage = Storage::acquire(&ledger);
        let mut passes = Passes::default();
        let mut added: BTreeMap<u16, Vec<u64>> = BTreeMap::new();
        let mut record = 0;
        for batch in batches {
            for number in batch {
                let line = format!("{{\"body\":{{\"a\":1,\"action_pass_id\":\"{}\"", pass(*number));
                passes.add(line.as_bytes(), record);
                added.entry(*number).or_default().push(record);
                record += 1;
            }
            passes.sort(&mut storage).unwrap();
        }
        assert_eq!(storage.is_kept(), is_kept);
        let read = is_kept.then(|| Passes::of(&passes.files(), &storage).unwrap());
        for number in 0..200 {
            let expected = added.remove(&number).unwrap_or_default();
            for passes in [Some(&passes), read.as_ref()].into_iter().flatten() {
                assert_eq!(passes.find(&pass(number)).unwrap(), expected);
            }
        }
        let entries =
            |passes: &Passes| passes.runs.iter().map(|run| run.file().entries).collect::<Vec<_>>();
        if is_kept {
            let entries = entries(&passes);
            assert!(entries.windows(2).all(|pair| pair[0] > 2 * pair[1]), "{entries:?}");
        }
    }

    #[test]
    fn a_pass_that_fills_many_pages_is_found_whole() {
        let batches = [vec![7; 1000], (0..200).collect(), vec![7; 300], vec![150; 256]];
        check(&batches, true);
        check(&batches, false);
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]
        #[test]
        fn every_record_of_a_pass_is_found_however_runs_were_merged(
            batches in prop::collection::vec(prop::collection::vec(0..120_u16, 0..400), 0..8),
            is_kept in any::<bool>(),
        ) {
            check(&batches, is_kept);
        }
    }

    #[test]
    fn only_the_value_of_a_member_is_taken_for_a_pass() {
        let pass = pass(1);
        let found = |line: &str| {
            let mut passes = Passes::default();
            passes.add(line.as_bytes(), 5);
            passes.added == [(key(pass.as_str().as_bytes()), 5)]
        };
        for line in [
            format!("{{\"body\":{{\"action_pass_id\":\"{pass}\"}}"),
            format!("{{\"body\":{{\"a\":\"\\\"\",\"action_pass_id\":\"{pass}\",\"b\":1}}"),
        ] {
            assert!(found(&line), "{line}");
        }
        for line in [
            format!("{{\"body\":{{\"a\":\"\\\"action_pass_id\\\":\\\"{pass}\\\"\"}}"),
            format!("{{\"body\":{{\"action_pass_id\":\"{pass}x\"}}"),
            "{\"body\":{\"action_pass_id\":\"ap_\"}".to_owned(),
        ] {
            assert!(!found(&line), "{line}");
        }
    }
}
