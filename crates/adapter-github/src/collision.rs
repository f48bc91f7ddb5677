//! Names in one folder that some file systems take for one: `README.md` and `readme.md`, `é` composed and decomposed.
//!
//! A checkout on such a system writes one over the other; where one of them is a symbolic link and the other a folder, it
//! writes through the link (CVE-2021-21300). So a change set may not bring a name that meets another in the head's tree,
//! whether the change set touches the other or not.

use std::collections::{BTreeSet, HashMap, hash_map::Entry};

use axtary_actionpass::path_key;
use git2::{ObjectType, Oid, Tree};

use crate::{
    change::{Change, Status},
    error::NormalizeError,
    objects::Objects,
};

/// Refuses a change set with a new name that meets another.
pub(crate) fn refuse(
    objects: &Objects,
    head: Oid,
    changes: &[Change],
) -> Result<(), NormalizeError> {
    let mut tree = Names { objects, folders: HashMap::new() };
    for change in changes {
        if let (Status::Added | Status::Renamed, Some(path)) = (change.status, &change.new_path) {
            tree.look_along(head, path)?;
        }
    }
    Ok(())
}

/// The names in the folders of a tree; each folder is read once.
struct Names<'o> {
    objects: &'o Objects,
    folders: HashMap<Oid, Folder>,
}

/// The names in a folder under their keys, and which of them are folders.
#[derive(Default)]
struct Folder {
    by_key: HashMap<String, BTreeSet<Vec<u8>>>,
    folders: HashMap<Vec<u8>, Oid>,
}

impl Names<'_> {
    /// Follows `path` from the folder `id` down, and looks at each of its names.
    fn look_along(&mut self, id: Oid, path: &str) -> Result<(), NormalizeError> {
        let mut id = id;
        let mut walked = String::new();
        for name in path.split('/') {
            let folder = self.folder(id)?;
            let others = folder.by_key.get(&path_key(name));
            if let Some(other) =
                others.and_then(|names| names.iter().find(|n| **n != name.as_bytes()))
            {
                return Err(NormalizeError::Ambiguous {
                    first: format!("{walked}{}", String::from_utf8_lossy(other)),
                    second: format!("{walked}{name}"),
                });
            }
            let Some(below) = folder.folders.get(name.as_bytes()) else { break };
            id = *below;
            walked.push_str(name);
            walked.push('/');
        }
        Ok(())
    }

    fn folder(&mut self, id: Oid) -> Result<&Folder, NormalizeError> {
        match self.folders.entry(id) {
            Entry::Occupied(known) => Ok(known.into_mut()),
            Entry::Vacant(new) => Ok(new.insert(Folder::read(&self.objects.tree(id)?))),
        }
    }
}

impl Folder {
    fn read(tree: &Tree<'_>) -> Self {
        let mut folder = Self::default();
        for entry in tree {
            let name = entry.name_bytes();
            let key = path_key(&String::from_utf8_lossy(name));
            folder.by_key.entry(key).or_default().insert(name.to_vec());
            if entry.kind() == Some(ObjectType::Tree) {
                folder.folders.insert(name.to_vec(), entry.id());
            }
        }
        folder
    }
}
