//! A ledger's tree as a folder of static files (C2SP tlog-tiles), which any file server serves and other implementations read.
//!
//! Full tiles never change, so an export goes on where the last one ended; the checkpoint is written last, and only once
//! the tiles have its root. Whoever reads the folder meanwhile, or after a crash, finds the tree of the checkpoint before.

use std::{
    collections::BTreeSet,
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Read as _, Write as _},
    path::{Path, PathBuf},
};

use crate::{
    checkpoint::Checkpoint,
    error::{IoFailure, Problem, ReadFailure},
    export::{
        error::ExportError,
        tile::{self, Edge, FULL, Tile},
    },
    line::{Entry, MAX_LINE_BYTES},
    note::NoteKey,
};

/// A folder that tiles are exported into, locked against other exports for as long as it lives.
///
/// Entry bundles hold the records as they are, facts and intents included: who may read the folder may read the ledger.
///
/// # Example
///
/// ```
/// use axtary_actionpass::{Guard, SigningKey, testing};
/// use axtary_ledger::{Checkpoint, Durability, FileLedger, NoteKey, TileDirectory, Tree, lines};
///
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("audit.jsonl");
/// # let policy = testing::permit_if(|action| action.tool().as_str() == "slack.messages.post");
/// # let ledger = FileLedger::open(&path, Durability::Synced)?;
/// # let guard = Guard::new(policy, ledger, SigningKey::generate()?, "https://gate.example".parse()?)?;
/// # let pass = guard.check(&testing::action("slack.messages.post")?)?;
/// let key = SigningKey::generate()?;
/// let log = NoteKey::of_log("ledger.example/axtary", key.verifying_key())?;
/// let mut tree = Tree::new();
/// tree.append(&pass.claims().ledger_hash());
/// let signed = Checkpoint::of(&log, &tree).sign(&log, &key)?;
///
/// let mut tiles = TileDirectory::open(folder.path().join("tiles"), &log)?;
/// let exported = tiles.export(signed.as_bytes(), lines(&path)?)?;
/// assert_eq!((exported.records, exported.tiles), (1, 2));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct TileDirectory {
    root: PathBuf,
    log: NoteKey,
    held: Option<Checkpoint>,
    lock: File,
    /// Folders whose new names are not durable yet.
    unsynced: BTreeSet<PathBuf>,
    /// Folders of partial tiles that the next checkpoint does without.
    replaced: Vec<PathBuf>,
}

/// What an export came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Exported {
    /// How many records the folder holds now.
    pub records: u64,
    /// How many tiles were written; those that stood there already were not.
    pub tiles: u64,
}

impl TileDirectory {
    /// Opens the folder at `path` for exports of the log with this key, and creates it if there is none.
    ///
    /// # Errors
    ///
    /// [`ExportError::Busy`] if another export writes it, [`ExportError::OtherLog`] if its checkpoint is not signed by `log`.
    pub fn open(path: impl AsRef<Path>, log: &NoteKey) -> Result<Self, ExportError> {
        let root = path.as_ref().to_owned();
        fs::create_dir_all(&root).map_err(|e| IoFailure::new("create the folder", &root, e))?;
        let lock = lock(&root)?;
        let mut folder = Self {
            root,
            log: log.clone(),
            held: None,
            lock,
            unsynced: BTreeSet::new(),
            replaced: Vec::new(),
        };
        let path = folder.root.join(CHECKPOINT);
        if let Some(signed) = read(&path)? {
            let held = Checkpoint::verify(&signed, log)
                .map_err(|cause| ExportError::OtherLog { path, cause })?;
            folder.held = Some(held);
        }
        Ok(folder)
    }

    /// The checkpoint of the tree that the folder holds; `None` before its first export.
    pub fn checkpoint(&self) -> Option<&Checkpoint> {
        self.held.as_ref()
    }

    /// Exports the records that `signed`, a checkpoint of the log with any cosignatures, is about.
    ///
    /// `lines` begin with the first record, and every file that stands there already is compared; or with a later one, as where
    /// the first are archived, but none behind [`TileDirectory::checkpoint`]. They may go on behind the records of `signed`.
    ///
    /// # Errors
    ///
    /// [`ExportError`]; the checkpoint in the folder is then the one that it was, and its tiles are too.
    pub fn export(
        &mut self,
        signed: &[u8],
        lines: impl IntoIterator<Item = Result<Vec<u8>, ReadFailure>>,
    ) -> Result<Exported, ExportError> {
        let checkpoint = Checkpoint::verify(signed, &self.log).map_err(ExportError::Checkpoint)?;
        if let Some(held) = &self.held {
            if held.size > checkpoint.size {
                let (held, size) = (held.size, checkpoint.size);
                return Err(ExportError::Behind { held, size });
            }
            if held.size == checkpoint.size && held.root != checkpoint.root {
                return Err(self.other_tree(CHECKPOINT));
            }
        }
        let mut lines = lines.into_iter().peekable();
        let held = self.held.as_ref().map_or(0, |held| held.size);
        let first = match lines.peek() {
            Some(Ok(line)) => Entry::parse(line).map_err(ExportError::NotARecord)?.seq,
            Some(Err(_)) | None => held,
        };
        let mut edge = self.edge_before(first)?;
        // What the folder has already, of a ledger whose first segments are archived.
        for _ in first..edge.size() {
            lines.next().transpose()?;
        }
        self.replaced.clear();
        let mut tiles = 0;
        while edge.size() < checkpoint.size {
            let short = || ExportError::Short { records: edge.size(), size: checkpoint.size };
            let line = lines.next().ok_or_else(short)??;
            if line.len() > MAX_LINE_BYTES {
                return Err(ExportError::NotARecord(Problem::TooLong));
            }
            edge.append(&line, |tile, bytes| self.put(tile, bytes, &mut tiles))?;
            if let Some(held) = &self.held
                && held.size == edge.size()
                && held.root != edge.root()
            {
                return Err(self.other_tree(CHECKPOINT));
            }
        }
        if edge.root() != checkpoint.root {
            return Err(ExportError::NotSigned { size: checkpoint.size });
        }
        for (tile, bytes) in edge.partials() {
            self.put(tile, &bytes, &mut tiles)?;
        }
        self.sync()?;
        self.write(&self.root.join(CHECKPOINT), signed)?;
        self.unsynced.insert(self.root.clone());
        self.sync()?;
        // Who still asks for one of these is served the full tile.
        for partials in std::mem::take(&mut self.replaced) {
            fs::remove_dir_all(&partials).map_err(|e| IoFailure::new("remove", &partials, e))?;
        }
        let records = checkpoint.size;
        self.held = Some(checkpoint);
        Ok(Exported { records, tiles })
    }

    /// The edge of the tree that goes on with lines of which the first is this record's.
    fn edge_before(&self, first: u64) -> Result<Edge, ExportError> {
        match &self.held {
            _ if first == 0 => Ok(Edge::default()),
            Some(held) if first <= held.size => {
                let edge = Edge::read(held.size, |tile| self.read_beginning(tile))?;
                edge.filter(|edge| edge.root() == held.root)
                    .ok_or_else(|| self.other_tree(CHECKPOINT))
            }
            held => {
                let held = held.as_ref().map_or(0, |held| held.size);
                Err(ExportError::Start { first, held })
            }
        }
    }

    /// The bytes of a partial tile, from itself or from the full one that has replaced it.
    fn read_beginning(&self, tile: Tile) -> Result<Vec<u8>, ExportError> {
        for path in [tile.path(), tile.of_width(FULL).path()] {
            if let Some(bytes) = read(&self.root.join(path))? {
                return Ok(bytes);
            }
        }
        Err(self.other_tree(&tile.path()))
    }

    /// Sees to it that a tile stands in the folder.
    fn put(&mut self, tile: Tile, bytes: &[u8], written: &mut u64) -> Result<(), ExportError> {
        let path = self.root.join(tile.path());
        // Also of what stands there: the export that wrote it may not have come to that.
        let above = path.ancestors().skip(1).take_while(|folder| folder.starts_with(&self.root));
        self.unsynced.extend(above.map(Path::to_owned));
        // Without a checkpoint, the tiles are all that tells whose tree it is; behind it stands what an export left unfinished.
        let settled = self.held.as_ref().is_none_or(|held| tile.end() <= held.size);
        let partials = self.root.join(tile.partials());
        let has_partials =
            fs::exists(&partials).map_err(|e| IoFailure::new("inspect", &partials, e))?;
        match read(&path)? {
            Some(there) if there == bytes => {}
            Some(_) if settled => return Err(self.other_tree(&tile.path())),
            Some(_) | None => {
                if has_partials && self.held.is_none() {
                    self.compare_partials(tile, bytes)?;
                }
                self.write(&path, bytes)?;
                *written += 1;
            }
        }
        if has_partials && tile.is_full() {
            self.replaced.push(partials);
        }
        Ok(())
    }

    /// Refuses partial forms of a tile that are not as it begins.
    fn compare_partials(&self, tile: Tile, bytes: &[u8]) -> Result<(), ExportError> {
        for width in 1..FULL {
            let partial = tile.of_width(width);
            if let Some(there) = read(&self.root.join(partial.path()))?
                && !bytes.starts_with(&there)
                && !there.starts_with(bytes)
            {
                return Err(self.other_tree(&partial.path()));
            }
        }
        Ok(())
    }

    /// Puts a file in its place as a whole: under another name first, durable before it bears its own.
    fn write(&self, path: &Path, bytes: &[u8]) -> Result<(), ExportError> {
        let folder = path.parent().unwrap_or(&self.root);
        fs::create_dir_all(folder).map_err(|e| IoFailure::new("create the folder", folder, e))?;
        let unfinished = self.root.join(UNFINISHED);
        File::create(&unfinished)
            .and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()))
            .map_err(|e| IoFailure::new("write", &unfinished, e))?;
        fs::rename(&unfinished, path).map_err(|e| IoFailure::new("create", path, e))?;
        Ok(())
    }

    /// Makes all names in the folder durable.
    fn sync(&mut self) -> Result<(), ExportError> {
        for folder in std::mem::take(&mut self.unsynced) {
            sync_folder(&folder).map_err(|e| IoFailure::new("sync", &folder, e))?;
        }
        Ok(())
    }

    fn other_tree(&self, file: &str) -> ExportError {
        ExportError::OtherTree { path: self.root.join(file) }
    }
}

impl Drop for TileDirectory {
    fn drop(&mut self) {
        // Closing alone would not do: a child that is being spawned holds the file open until it becomes another program.
        drop(self.lock.unlock());
    }
}

/// The name of the checkpoint's file.
const CHECKPOINT: &str = "checkpoint";
/// The name of the file that is being written.
const UNFINISHED: &str = ".unfinished";
/// The name of the file that is locked.
const LOCK: &str = ".lock";

fn lock(root: &Path) -> Result<File, ExportError> {
    let path = root.join(LOCK);
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .open(&path)
        .map_err(|e| IoFailure::new("create", &path, e))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(ExportError::Busy { path: root.to_owned() }),
        Err(TryLockError::Error(error)) => Err(IoFailure::new("lock", &path, error).into()),
    }
}

/// What a file holds, if there is one. Of one that is larger than any that is written, only the beginning is read.
fn read(path: &Path) -> Result<Option<Vec<u8>>, ExportError> {
    let most = u64::try_from(tile::MAX_BYTES + 1).unwrap_or(u64::MAX);
    let read = |file: File| {
        let mut bytes = Vec::new();
        file.take(most).read_to_end(&mut bytes).map(|_| bytes)
    };
    match File::open(path).and_then(read) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(IoFailure::new("read", path, error).into()),
    }
}

/// Makes the names in a folder durable, where the platform needs that.
fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}
