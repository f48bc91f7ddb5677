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
                let (old, new) = names.entry(name.clone()).or_default();
                if (if is_new { new } else { old }).replace((mode, id)).is_some() {
                    return twice(&join(&folder, &name));
                }
            }
        }
        for (name, (old, new)) in names.into_iter().filter(|(_, (old, new))| old != new) {
            let at = join(&folder, &name);
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

fn twice<T>(at: &[u8]) -> Result<T, NormalizeError> {
    let problem = "its tree holds it twice";
    Err(NormalizeError::Path { path: path::shown(at), problem })
}
