//! The folder of an index, which one reader at a time writes; or none, and what was added to an index stays in memory.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io,
    path::{Path, PathBuf},
};

use super::{Damaged, array::Array, manifest::Manifest, passes};
use crate::file::{beside, open_to_read, private, read_small, replace};

/// Where an index is kept.
#[derive(Debug)]
pub(super) struct Storage {
    folder: PathBuf,
    /// The right to write, for as long as everything that is written there succeeds.
    lock: Option<File>,
}

/// How many bytes are written at once.
const MUCH: usize = 1024 * 1024;

/// The file that says what the others are.
const MANIFEST: &str = "manifest";

impl Storage {
    /// The folder of a ledger's index, created if there is none. Waits until nobody else writes it. If it cannot be written, it
    /// is read.
    pub(super) fn acquire(ledger: &Path) -> Self {
        let folder = beside(ledger, "index");
        let lock = lock(&folder).ok();
        Self { folder, lock }
    }

    /// Whether what was added so far is kept, or can be.
    pub(super) fn is_kept(&self) -> bool {
        self.lock.is_some()
    }

    /// What the folder holds, if it can be read.
    pub(super) fn manifest(&self) -> Option<Manifest> {
        Manifest::parse(&read_small(&self.folder.join(MANIFEST)).ok()??)
    }

    /// A file that is there.
    pub(super) fn open(&self, name: &str) -> io::Result<File> {
        let path = self.folder.join(name);
        if self.is_kept() {
            // Links, and whatever else is no regular file, were not made here, and are not written.
            if !fs::symlink_metadata(&path)?.is_file() {
                return Err(io::ErrorKind::InvalidInput.into());
            }
            return OpenOptions::new().read(true).write(true).open(path);
        }
        open_to_read(&path)
    }

    /// An array that a new file holds, instead of what stands under that name; or one in memory.
    pub(super) fn create(&mut self, name: &str) -> Array {
        if !self.is_kept() {
            return Array::default();
        }
        let path = self.folder.join(name);
        // Whoever reads the old file goes on reading it.
        let created = match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            Ok(()) | Err(_) => {
                private(OpenOptions::new().read(true).write(true)).create_new(true).open(&path)
            }
        };
        let array = created.map_err(|_| Damaged).and_then(|file| Array::of(file, 0));
        array.unwrap_or_else(|_| {
            self.lock = None;
            Array::default()
        })
    }

    /// Writes an array to its file.
    pub(super) fn store(&mut self, array: &mut Array) {
        if self.is_kept() && array.store().is_err() {
            self.lock = None;
        }
    }

    /// Writes an array to its file, if much of it is not there yet.
    pub(super) fn store_if_much(&mut self, array: &mut Array) {
        if array.unstored() >= MUCH {
            self.store(array);
        }
    }

    /// Has the folder hold nothing, before it is written anew.
    pub(super) fn clear(&mut self) {
        // Without its manifest, whatever else is there means nothing.
        match fs::remove_file(self.folder.join(MANIFEST)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => self.lock = None,
            Ok(()) | Err(_) => {}
        }
    }

    /// Has the folder hold what this says, which was stored before, and nothing else. Nothing is synced: should a power loss leave less
    /// than the manifest says, that is noticed, and all is built anew.
    pub(super) fn keep(&mut self, manifest: &Manifest) {
        let path = self.folder.join(MANIFEST);
        if self.is_kept() && replace(&path, manifest.to_text().as_bytes(), false).is_err() {
            self.lock = None;
        }
        if self.is_kept() {
            self.remove_old_passes(manifest);
        }
    }

    /// Files that were merged, or that a crash left, only take room; those that cannot be removed now can be next time.
    fn remove_old_passes(&self, manifest: &Manifest) {
        let names: Vec<_> = manifest.passes.iter().map(|file| passes::name(file.number)).collect();
        let entries = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        for entry in entries {
            let is_old = entry.file_name().to_str().is_some_and(|name| {
                name.starts_with("passes.") && !names.iter().any(|n| n == name)
            });
            if is_old {
                drop(fs::remove_file(entry.path()));
            }
        }
    }
}

fn lock(folder: &Path) -> io::Result<File> {
    let mut how = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut how, 0o700);
    match how.create(folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        Ok(()) | Err(_) => {}
    }
    if !fs::symlink_metadata(folder)?.is_dir() {
        return Err(io::ErrorKind::NotADirectory.into());
    }
    let mut how = OpenOptions::new();
    let lock =
        private(&mut how).write(true).create(true).truncate(false).open(folder.join("lock"))?;
    lock.lock()?;
    Ok(lock)
}
