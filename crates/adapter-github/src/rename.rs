//! Which removal and which addition are one rename, as git finds it (gitdiffcore(7), "For Detecting Renames").
//!
//! First those of identical content; then files whose name is there once on either side, if three quarters of the content
//! stayed; then the most similar files, if half of it did. libgit2 estimates similarity from a sample and so says other than
//! git at the threshold; here it is counted, within budgets: what is beyond them stays a removal and an addition.

use std::{
    cmp::{Ordering, Reverse},
    collections::{BTreeMap, BTreeSet, HashMap, hash_map::DefaultHasher},
    hash::{Hash, Hasher},
};

use git2::Oid;

use crate::{
    change::kind,
    diff::{Pair, Side},
    error::NormalizeError,
    objects::Objects,
};

/// The most pairs of files that are compared; git's own default.
const MAX_PAIRS: usize = 1000 * 1000;
/// The most bytes that are read to compare them.
const MAX_BYTES: usize = 64 << 20;
/// The most chunks that are looked at while they are compared.
const MAX_STEPS: usize = 500_000_000;

/// Similarity is counted in parts of this.
const WHOLE: u64 = 60_000;
const HALF: u64 = WHOLE / 2;
const THREE_QUARTERS: u64 = WHOLE / 4 * 3;

/// How many removals are kept in mind for each addition.
const CANDIDATES: usize = 4;

/// Joins removals with additions, both in the order of their paths.
pub(crate) fn join(
    objects: &Objects,
    removed: Vec<Side>,
    added: Vec<Side>,
) -> Result<Vec<Pair>, NormalizeError> {
    let mut search = Search::default();
    search.identical(&removed, &added);
    search.similar(objects, &removed, &added)?;
    let mut removed: BTreeMap<usize, Side> = removed.into_iter().enumerate().collect();
    let mut pairs: Vec<Pair> = added
        .into_iter()
        .enumerate()
        .map(|(at, new)| match search.came_from.get(&at).and_then(|from| removed.remove(from)) {
            Some(old) => Pair::renamed(old, new),
            None => Pair::added(new),
        })
        .collect();
    pairs.extend(removed.into_values().map(Pair::removed));
    Ok(pairs)
}

/// What was found so far, by number.
#[derive(Default)]
struct Search {
    /// Addition to removal.
    came_from: BTreeMap<usize, usize>,
    /// Removals that were joined.
    gone_to: BTreeSet<usize>,
}

impl Search {
    fn join(&mut self, removed: usize, added: usize) {
        if !self.gone_to.contains(&removed) && !self.came_from.contains_key(&added) {
            self.gone_to.insert(removed);
            self.came_from.insert(added, removed);
        }
    }

    /// Each addition takes a removal of the same object, one of the same name before others.
    fn identical(&mut self, removed: &[Side], added: &[Side]) {
        let mut by_id: HashMap<(Oid, u32), Vec<(usize, &Side)>> = HashMap::new();
        for (number, side) in removed.iter().enumerate() {
            by_id.entry((side.id, kind(side.mode))).or_default().push((number, side));
        }
        for (number, side) in added.iter().enumerate() {
            let Some(same) = by_id.get_mut(&(side.id, kind(side.mode))) else { continue };
            let of_same_name = same.iter().position(|(_, other)| other.name() == side.name());
            if !same.is_empty() {
                let (from, _) = same.remove(of_same_name.unwrap_or(0));
                self.join(from, number);
            }
        }
    }

    fn similar(
        &mut self,
        objects: &Objects,
        removed: &[Side],
        added: &[Side],
    ) -> Result<(), NormalizeError> {
        let removed: Vec<(usize, &Side)> =
            removed.iter().enumerate().filter(|(at, _)| !self.gone_to.contains(at)).collect();
        let added: Vec<(usize, &Side)> =
            added.iter().enumerate().filter(|(at, _)| !self.came_from.contains_key(at)).collect();
        let sizes = removed
            .iter()
            .chain(&added)
            .filter_map(|(_, side)| side.file())
            .map(|id| objects.blob_size(id))
            // A size is what the object's header says, and so may be anything.
            .try_fold(0_usize, |sum, size| size.map(|size| sum.saturating_add(size)))?;
        if removed.is_empty() || added.is_empty() || sizes > MAX_BYTES {
            return Ok(());
        }
        let read = |sides: Vec<(usize, &Side)>| -> Result<Vec<Candidate>, NormalizeError> {
            sides.into_iter().map(|(number, side)| Candidate::read(objects, number, side)).collect()
        };
        let (mut removed, mut added) = (read(removed)?, read(added)?);
        self.of_one_name(&removed, &added);
        removed.retain(|candidate| !self.gone_to.contains(&candidate.number));
        added.retain(|candidate| !self.came_from.contains_key(&candidate.number));
        let chunks = |side: &[Candidate]| side.iter().map(|one| one.content.chunks.len()).sum();
        let (of_removed, of_added): (usize, usize) = (chunks(&removed), chunks(&added));
        let steps = of_removed
            .saturating_mul(added.len())
            .saturating_add(of_added.saturating_mul(removed.len()));
        if removed.len().saturating_mul(added.len()) <= MAX_PAIRS && steps <= MAX_STEPS {
            self.most_similar(&removed, &added);
        }
        Ok(())
    }

    /// Joins files whose name is there once on either side.
    fn of_one_name(&mut self, removed: &[Candidate], added: &[Candidate]) {
        let (removed, added) = (by_name(removed), by_name(added));
        for (name, from) in &removed {
            if let ([from], Some([to])) = (from.as_slice(), added.get(name).map(Vec::as_slice))
                && from.content.similarity(&to.content) >= THREE_QUARTERS
            {
                self.join(from.number, to.number);
            }
        }
    }

    /// Joins the most similar pair, then the most similar of what is left, and so on.
    fn most_similar(&mut self, removed: &[Candidate], added: &[Candidate]) {
        let mut all = Vec::new();
        for to in added {
            let mut best: Vec<(u64, bool, usize, usize)> = removed
                .iter()
                .map(|from| {
                    let similarity = from.content.similarity(&to.content);
                    (similarity, from.name == to.name, from.number, to.number)
                })
                .filter(|(similarity, ..)| *similarity >= HALF)
                .collect();
            best.sort_by_key(|(similarity, same_name, ..)| Reverse((*similarity, *same_name)));
            all.extend(best.into_iter().take(CANDIDATES));
        }
        all.sort_by_key(|(similarity, same_name, ..)| Reverse((*similarity, *same_name)));
        for (_, _, from, to) in all {
            self.join(from, to);
        }
    }
}

fn by_name(candidates: &[Candidate]) -> BTreeMap<Option<&str>, Vec<&Candidate>> {
    let mut names: BTreeMap<Option<&str>, Vec<&Candidate>> = BTreeMap::new();
    for candidate in candidates {
        names.entry(candidate.name.as_deref()).or_default().push(candidate);
    }
    names
}

/// Something removed or added; only files have content to compare.
struct Candidate {
    number: usize,
    name: Option<String>,
    content: Chunks,
}

impl Candidate {
    fn read(objects: &Objects, number: usize, side: &Side) -> Result<Self, NormalizeError> {
        let content = match side.file() {
            Some(id) => objects.blob(id, MAX_BYTES)?.map(|bytes| Chunks::of(&bytes)),
            None => None,
        };
        let name = side.name().map(str::to_owned);
        Ok(Self { number, name, content: content.unwrap_or_default() })
    }
}

/// The lines of a file, cut where they are longer than 64 bytes: for each, its hash and how many bytes of the file it makes up.
#[derive(Default)]
struct Chunks {
    size: u64,
    // INVARIANT: in the order of the hashes, none twice.
    chunks: Vec<(u64, u64)>,
}

impl Chunks {
    const MAX_CHUNK: usize = 64;

    fn of(bytes: &[u8]) -> Self {
        // What git takes for text: no NUL near the start. There, a line ends alike with and without a return.
        let is_text = !bytes.iter().take(8000).any(|byte| *byte == 0);
        let mut counts: BTreeMap<u64, u64> = BTreeMap::new();
        let mut add = |chunk: &[u8]| {
            if !chunk.is_empty() {
                let mut hasher = DefaultHasher::new();
                chunk.hash(&mut hasher);
                *counts.entry(hasher.finish()).or_default() += length(chunk);
            }
        };
        for line in bytes.split_inclusive(|byte| *byte == b'\n') {
            match line.strip_suffix(b"\r\n").filter(|_| is_text) {
                Some(line) => [line, b"\n"].concat().chunks(Self::MAX_CHUNK).for_each(&mut add),
                None => line.chunks(Self::MAX_CHUNK).for_each(&mut add),
            }
        }
        Self { size: length(bytes), chunks: counts.into_iter().collect() }
    }

    /// How much of the larger one is in both.
    fn similarity(&self, other: &Self) -> u64 {
        let (mut ours, mut theirs) =
            (self.chunks.iter().peekable(), other.chunks.iter().peekable());
        let mut common = 0;
        while let (Some((our, our_bytes)), Some((their, their_bytes))) =
            (ours.peek(), theirs.peek())
        {
            match our.cmp(their) {
                Ordering::Less => drop(ours.next()),
                Ordering::Greater => drop(theirs.next()),
                Ordering::Equal => {
                    common += our_bytes.min(their_bytes);
                    ours.next();
                    theirs.next();
                }
            }
        }
        (common * WHOLE).checked_div(self.size.max(other.size)).unwrap_or(0)
    }
}

fn length(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn similarity(a: &str, b: &str) -> u64 {
        Chunks::of(a.as_bytes()).similarity(&Chunks::of(b.as_bytes()))
    }

    #[test]
    fn similarity_is_what_the_larger_file_has_in_common_with_the_other() {
        assert_eq!(similarity("1\n2\n", "1\n2\n3\n4\n"), HALF);
        assert_eq!(similarity("1\n2\n3\n4\n", "2\n1\n"), HALF, "in any order");
        assert_eq!(similarity("1\n1\n", "1\n2\n"), HALF, "a line counts as often as it is there");
        assert_eq!(similarity("1\n", "2\n"), 0);
        assert_eq!(similarity("", ""), 0, "nothing is not like nothing");
        assert_eq!(similarity("1\r\n", "1\r\n"), WHOLE / 3 * 2, "a return is not looked at");
        let long = "x".repeat(64);
        assert_eq!(similarity(&long, &format!("{long}y")), 64 * WHOLE / 65, "lines are cut");
    }
}
