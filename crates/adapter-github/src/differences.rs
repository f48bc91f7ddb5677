//! Where two trees differ, path by path. Folders that are the same on both sides are not read.

use std::collections::BTreeMap;

use git2::Oid;

use crate::{change::MAX_CHANGES, error::NormalizeError, path};

/// The mode of a folder.
const FOLDER: u32 = 0o040_000;

/// One entry of a tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Without the folders.
    pub(crate) name: Vec<u8>,
    pub(crate) mode: u32,
    pub(crate) id: Oid,
}

/// A mode and an object.
pub(crate) type Node = (u32, Oid);

/// A path at which two trees have something else; `None` is nothing, or a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Difference {
    pub(crate) path: String,
    pub(crate) old: Option<Node>,
    pub(crate) new: Option<Node>,
}

/// Finds where two trees differ, in the order of the paths; `read` reads the entries of one folder.
pub(crate) fn between(
    read: impl Fn(Oid) -> Result<Vec<Entry>, NormalizeError>,
    old: Oid,
    new: Oid,
) -> Result<Vec<Difference>, NormalizeError> {
    let mut differences = Vec::new();
    if old == new {
        return Ok(differences);
    }
    let mut folders = vec![(Vec::new(), Some(old), Some(new))];
    while let Some((folder, old, new)) = folders.pop() {
        let mut names: BTreeMap<Vec<u8>, (Option<Node>, Option<Node>)> = BTreeMap::new();
        for (id, is_new) in [(old, false), (new, true)] {
            for Entry { name, mode, id } in id.map_or(Ok(Vec::new()), &read)? {
                if let Some((old, new)) = names.get_mut(&name) {
                    if (if is_new { new } else { old }).replace((mode, id)).is_some() {
                        return refuse(&join(&folder, &name), "its tree holds it twice");
                    }
                    continue;
                }
                let node = Some((mode, id));
                names.insert(name, if is_new { (None, node) } else { (node, None) });
            }
        }
        for (name, (old, new)) in names.into_iter().filter(|(_, (old, new))| old != new) {
            let at = join(&folder, &name);
            if name.is_empty() || name.contains(&b'/') {
                return refuse(&at, "its tree holds a name that is none");
            }
            let is_folder = |node: &Node| node.0 == FOLDER;
            let below = |node: Option<Node>| node.filter(is_folder).map(|(_, id)| id);
            let thing = |node: Option<Node>| node.filter(|node| !is_folder(node));
            if thing(old).or(thing(new)).is_some() {
                let path = path::read(&at)?;
                differences.push(Difference { path, old: thing(old), new: thing(new) });
                // A rename is two of these until it is found to be one; finding out costs more than counting.
                let (seen, max) = (differences.len(), 2 * MAX_CHANGES);
                if seen > max {
                    return Err(NormalizeError::TooLarge { seen, max: MAX_CHANGES });
                }
            }
            if below(old).or(below(new)).is_some() {
                // Whatever is below a name that is too long is refused anyway; so the walk is not deeper than that.
                if at.len() > path::MAX_BYTES {
                    path::read(&at)?;
                }
                folders.push((at, below(old), below(new)));
            }
        }
    }
    differences.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(differences)
}

fn join(folder: &[u8], name: &[u8]) -> Vec<u8> {
    if folder.is_empty() { name.to_vec() } else { [folder, b"/", name].concat() }
}

fn refuse<T>(at: &[u8], problem: &'static str) -> Result<T, NormalizeError> {
    Err(NormalizeError::Path { path: path::shown(at), problem })
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    const FILE: u32 = 0o100_644;

    fn id(byte: u8) -> Oid {
        Oid::from_bytes(&[byte; 20]).unwrap()
    }

    /// Name, mode, and the byte that the id is made of.
    type Written<'e> = (&'e str, u32, u8);

    /// The paths in which the folders 1 and 2 differ, among folders by the byte of their id; the code of a refusal.
    fn paths(folders: &[(u8, &[Written<'_>])]) -> Result<Vec<String>, &'static str> {
        let folders: HashMap<Oid, Vec<Entry>> = folders
            .iter()
            .map(|(folder, entries)| {
                let entry = |(name, mode, byte): &Written<'_>| Entry {
                    name: name.as_bytes().to_vec(),
                    mode: *mode,
                    id: id(*byte),
                };
                (id(*folder), entries.iter().map(entry).collect())
            })
            .collect();
        let read = |id: Oid| Ok(folders.get(&id).unwrap_or_else(|| panic!("{id} is read")).clone());
        let found = between(read, id(1), id(2)).map_err(|error| error.code())?;
        Ok(found.into_iter().map(|difference| difference.path).collect())
    }

    #[test]
    fn a_folder_that_is_the_same_is_not_read() {
        let old: &[_] = &[("a", FOLDER, 9), ("b", FILE, 10)];
        let new: &[_] = &[("a", FOLDER, 9), ("b", FILE, 11), ("c", FOLDER, 3)];
        let found = paths(&[(1, old), (2, new), (3, &[("d", FILE, 12)])]);
        assert_eq!(found, Ok(vec!["b".to_owned(), "c/d".to_owned()]));
    }

    #[test]
    fn a_file_that_became_a_folder_is_both() {
        let found =
            paths(&[(1, &[("a", FILE, 9)]), (2, &[("a", FOLDER, 3)]), (3, &[("x", FILE, 9)])]);
        assert_eq!(found, Ok(vec!["a".to_owned(), "a/x".to_owned()]));
    }

    #[test]
    fn names_that_are_none_or_stand_twice_are_refused() {
        let below: &[_] = &[(".github", FILE, 9)];
        let cases: [&[Written<'_>]; 4] = [
            &[("", FOLDER, 3)],
            &[("a/b", FILE, 9)],
            &[("a/b", FOLDER, 3)],
            &[("a", FILE, 9), ("a", FOLDER, 3)],
        ];
        for new in cases {
            assert_eq!(paths(&[(1, &[]), (2, new), (3, below)]), Err("github.path"), "{new:?}");
        }
    }

    #[test]
    fn trees_without_end_are_refused() {
        // A folder cannot hold itself; a stranger's source may say that it does.
        let name = "a".repeat(200);
        let entry: &[_] = &[(name.as_str(), FOLDER, 2)];
        assert_eq!(paths(&[(1, &[]), (2, entry)]), Err("github.path"));
    }
}
