//! The disk under a ledger. Nothing else touches it, [`lock`](crate::lock) apart; tests put a disk that fails behind
//! [`Disk`].

#[cfg(target_os = "linux")]
use std::num::NonZeroU64;
use std::{
    fs::{self, File, Metadata, OpenOptions},
    io::{self, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    sync::{PoisonError, RwLock, RwLockReadGuard},
};

use crate::{
    error::{IoFailure, OpenError},
    head::{self, Head},
    segment,
};

/// The files of one ledger, opened for writing.
pub(crate) trait Disk: Send + Sync {
    /// The length of the open segment.
    fn len(&self) -> io::Result<u64>;

    /// Whether the open segment still stands under the name that it was opened by.
    fn is_in_place(&self) -> io::Result<bool>;

    /// Fills as much of `buffer` from the open segment as there is, and says how much.
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize>;

    /// Appends to the open segment with one write call, which may take fewer bytes than it is given.
    fn append(&self, bytes: &[u8]) -> io::Result<usize>;

    /// Has the disk begin to write these bytes of the open segment, without waiting for it.
    fn start_writeback(&self, offset: u64, length: usize) -> io::Result<()>;

    /// Cuts the open segment to this length.
    fn cut(&self, len: u64) -> io::Result<()>;

    /// Makes the open segment durable.
    fn sync(&self) -> io::Result<()>;

    /// Writes these bytes, which stand there already, once more, so that the next sync is certain to write them.
    fn rewrite(&self, offset: u64, bytes: &[u8]) -> io::Result<()>;

    /// Copies the open segment from `offset` on into a new file, durably.
    fn set_aside(&self, offset: u64) -> io::Result<PathBuf>;

    /// How long the closed segment is that starts with this record, if there is one.
    fn closed_len(&self, first: u64) -> io::Result<Option<u64>>;

    /// Gives the open segment the name of a closed one that starts with record `first`, and begins an empty one; durably.
    fn close_segment(&self, first: u64) -> io::Result<()>;

    /// The head's text.
    fn read_head(&self) -> io::Result<Vec<u8>>;

    /// Overwrites the head's text in place.
    fn write_head(&self, text: &[u8]) -> io::Result<()>;

    /// Makes the head durable.
    fn sync_head(&self) -> io::Result<()>;

    /// The content of a small file, if there is one.
    fn read(&self, path: &Path) -> io::Result<Option<Vec<u8>>>;

    /// Puts a small file in the place of another, as a whole or not at all; and durably, if that is asked for.
    fn replace(&self, path: &Path, content: &[u8], durable: bool) -> io::Result<()>;

    /// Appends to a file, which is created if there is none, durably.
    fn append_to(&self, path: &Path, bytes: &[u8]) -> io::Result<()>;
}

/// A ledger's files on a real disk.
pub(crate) struct Files {
    path: PathBuf,
    open: RwLock<OpenSegment>,
    head: File,
}

struct OpenSegment {
    log: File,
    identity: Identity,
}

impl Files {
    /// Opens the log at `path` and its head, and creates them where that loses nothing.
    pub(crate) fn open(path: &Path) -> Result<Self, OpenError> {
        let head_path = beside(path, "head");
        let head = match read_head(path)? {
            Some(text) => Some(
                Head::parse(&text).ok_or_else(|| OpenError::BadHead { head: head_path.clone() })?,
            ),
            None => None,
        };
        let inspected = |e| IoFailure::new("inspect", path, e);
        if let Some(Head { records: records @ 1.., segment, bytes: durable, .. }) = head
            && !fs::exists(path).map_err(inspected)?
            // A crash may have come between closing the full segment and beginning the next.
            && !fs::exists(segment::closed_path(path, segment)).map_err(inspected)?
        {
            return Err(OpenError::Truncated { path: path.into(), bytes: 0, durable, records });
        }
        let log = open_or_create(path, OpenOptions::new().append(true))?;
        let metadata = log.metadata().map_err(inspected)?;
        if head.is_none()
            && (metadata.len() > 0 || !segment::closed(path).map_err(inspected)?.is_empty())
        {
            return Err(OpenError::NoHead { path: path.to_owned(), head: head_path });
        }
        let head = open_or_create(&head_path, OpenOptions::new().write(true))?;
        log.sync_all().map_err(|e| IoFailure::new("sync", path, e))?;
        sync_folder(path).map_err(|e| IoFailure::new("sync the folder of", path, e))?;
        let open = RwLock::new(OpenSegment { log, identity: Identity::of(&metadata) });
        Ok(Self { path: path.to_owned(), open, head })
    }

    fn segment(&self) -> RwLockReadGuard<'_, OpenSegment> {
        self.open.read().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Disk for Files {
    fn len(&self) -> io::Result<u64> {
        // Not from the metadata: Linux from 6.13 on makes the first write behind each look at a file's times cost 2 µs more.
        (&self.segment().log).seek(SeekFrom::End(0))
    }

    fn is_in_place(&self) -> io::Result<bool> {
        match fs::symlink_metadata(&self.path) {
            Ok(metadata) => {
                Ok(metadata.is_file() && Identity::of(&metadata) == self.segment().identity)
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        read_at(&self.segment().log, offset, buffer)
    }

    fn append(&self, bytes: &[u8]) -> io::Result<usize> {
        (&self.segment().log).write(bytes)
    }

    fn start_writeback(&self, offset: u64, length: usize) -> io::Result<()> {
        // The advice that pages are not needed has the kernel write them first; those being written stay cached.
        #[cfg(target_os = "linux")]
        if let Some(length) = u64::try_from(length).ok().and_then(NonZeroU64::new) {
            let advice = rustix::fs::Advice::DontNeed;
            rustix::fs::fadvise(&self.segment().log, offset, Some(length), advice)?;
        }
        #[cfg(not(target_os = "linux"))]
        let _ = (offset, length);
        Ok(())
    }

    fn cut(&self, len: u64) -> io::Result<()> {
        self.segment().log.set_len(len)
    }

    fn sync(&self) -> io::Result<()> {
        self.segment().log.sync_data()
    }

    fn rewrite(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        // What is opened for appending writes nowhere else.
        let mut log = OpenOptions::new().write(true).open(&self.path)?;
        log.seek(SeekFrom::Start(offset))?;
        log.write_all(bytes)
    }

    fn set_aside(&self, offset: u64) -> io::Result<PathBuf> {
        let (path, mut aside) = create_aside(&self.path)?;
        let segment = self.segment();
        let mut log = &segment.log;
        log.seek(SeekFrom::Start(offset))?;
        io::copy(&mut log, &mut aside)?;
        aside.sync_all()?;
        sync_folder(&path)?;
        Ok(path)
    }

    fn closed_len(&self, first: u64) -> io::Result<Option<u64>> {
        match fs::symlink_metadata(segment::closed_path(&self.path, first)) {
            Ok(metadata) => Ok(Some(metadata.len())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn close_segment(&self, first: u64) -> io::Result<()> {
        let mut segment = self.open.write().unwrap_or_else(PoisonError::into_inner);
        let closed = segment::closed_path(&self.path, first);
        if fs::symlink_metadata(&closed).is_ok() {
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, "its closed name is taken"));
        }
        fs::rename(&self.path, closed)?;
        let mut how = OpenOptions::new();
        let log = private(&mut how).append(true).read(true).create_new(true).open(&self.path)?;
        let identity = Identity::of(&log.metadata()?);
        *segment = OpenSegment { log, identity };
        sync_folder(&self.path)
    }

    fn read_head(&self) -> io::Result<Vec<u8>> {
        (&self.head).seek(SeekFrom::Start(0))?;
        read_head_text(&self.head)
    }

    fn write_head(&self, text: &[u8]) -> io::Result<()> {
        let mut head = &self.head;
        head.seek(SeekFrom::Start(0))?;
        // In one call: what is written in two, a crash can leave half new.
        match head.write(text)? {
            written if written == text.len() => Ok(()),
            _ => Err(io::ErrorKind::WriteZero.into()),
        }
    }

    fn sync_head(&self) -> io::Result<()> {
        self.head.sync_all()
    }

    fn read(&self, path: &Path) -> io::Result<Option<Vec<u8>>> {
        read_small(path)
    }

    fn replace(&self, path: &Path, content: &[u8], durable: bool) -> io::Result<()> {
        replace(path, content, durable)
    }

    fn append_to(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let mut how = OpenOptions::new();
        let mut file = private(&mut how).append(true).create(true).open(path)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        sync_folder(path)
    }
}

/// Puts a small file in the place of another, as a whole or not at all; and durably, if that is asked for.
pub(crate) fn replace(path: &Path, content: &[u8], durable: bool) -> io::Result<()> {
    let new = beside(path, "new");
    // What a crash left of the last try is nobody's any more.
    match fs::remove_file(&new) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let mut file = private(OpenOptions::new().write(true)).create_new(true).open(&new)?;
    file.write_all(content)?;
    if durable {
        file.sync_all()?;
    }
    fs::rename(&new, path)?;
    if durable { sync_folder(path) } else { Ok(()) }
}

/// The largest of the small files that are read whole.
const MAX_SMALL: u64 = 64 * 1024;

/// The content of a small file, if there is one; cut short behind what any such file holds, which makes it unreadable.
pub(crate) fn read_small(path: &Path) -> io::Result<Option<Vec<u8>>> {
    match open_to_read(path) {
        Ok(file) => {
            let mut content = Vec::new();
            file.take(MAX_SMALL + 1).read_to_end(&mut content)?;
            Ok(Some(content))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Creates the first of `.torn-1`, `.torn-2`, … that does not exist.
fn create_aside(log: &Path) -> io::Result<(PathBuf, File)> {
    let mut number = 1_u32;
    loop {
        let path = beside(log, &format!("torn-{number}"));
        match private(OpenOptions::new().write(true)).create_new(true).open(&path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                number = number.checked_add(1).ok_or(error)?;
            }
            opened => return opened.map(|file| (path, file)),
        }
    }
}

/// The file beside a log whose name ends in `.suffix`.
pub(crate) fn beside(log: &Path, suffix: &str) -> PathBuf {
    let mut name = log.as_os_str().to_owned();
    name.push(".");
    name.push(suffix);
    name.into()
}

/// Opens a file for reading alone.
pub(crate) fn open_to_read(path: &Path) -> io::Result<File> {
    // A pipe would block the open, and a folder would open.
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a regular file"));
    }
    File::open(path)
}

/// Fills as much of `buffer` from `offset` on as the file has, and says how much. Moves no cursor that another reader uses.
pub(crate) fn read_at(file: &File, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        let at = offset.saturating_add(u64::try_from(filled).unwrap_or(u64::MAX));
        #[cfg(unix)]
        let read = std::os::unix::fs::FileExt::read_at(file, rest, at);
        #[cfg(windows)]
        let read = std::os::windows::fs::FileExt::seek_read(file, rest, at);
        match read {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

/// The text of a log's head, if it has one.
pub(crate) fn read_head(log: &Path) -> Result<Option<Vec<u8>>, IoFailure> {
    let path = beside(log, "head");
    match open_to_read(&path).and_then(|file| read_head_text(&file)) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(IoFailure::new("read", &path, error)),
    }
}

/// Reads one byte more than a head has, so that a longer file is seen to be none.
fn read_head_text(file: &File) -> io::Result<Vec<u8>> {
    let mut text = Vec::with_capacity(head::LENGTH + 1);
    let most = u64::try_from(head::LENGTH + 1).unwrap_or(u64::MAX);
    file.take(most).read_to_end(&mut text)?;
    Ok(text)
}

/// Opens a regular file, readable and as `how` says; creates it, for its owner alone, if nothing stands there.
pub(crate) fn open_or_create(path: &Path, how: &mut OpenOptions) -> Result<File, OpenError> {
    // `create_new` follows no symbolic link, not even one that leads nowhere.
    match private(how).read(true).create_new(true).open(path) {
        Ok(file) => Ok(file),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            open_existing(path, how.create_new(false))
        }
        Err(error) => Err(IoFailure::new("create", path, error).into()),
    }
}

/// Opens a regular file, readable and as `how` says; never through a symbolic link.
fn open_existing(path: &Path, how: &mut OpenOptions) -> Result<File, OpenError> {
    let inspected = |e| IoFailure::new("inspect", path, e);
    let not_a_file = || OpenError::NotAFile { path: path.to_owned() };
    if !fs::symlink_metadata(path).map_err(inspected)?.is_file() {
        return Err(not_a_file());
    }
    let file = how.read(true).open(path).map_err(|e| IoFailure::new("open", path, e))?;
    // Something else may have been put there in between.
    let standing = fs::symlink_metadata(path).map_err(inspected)?;
    let opened = file.metadata().map_err(inspected)?;
    if !standing.is_file() || Identity::of(&standing) != Identity::of(&opened) {
        return Err(not_a_file());
    }
    Ok(file)
}

/// Lets nobody but the owner read or write what is created: facts and intents are nobody else's business.
pub(crate) fn private(how: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(how, 0o600);
    how
}

/// Makes the name of a file durable.
fn sync_folder(path: &Path) -> io::Result<()> {
    #[cfg(unix)]
    if let Some(folder) = path.parent() {
        return File::open(folder)?.sync_all();
    }
    Ok(())
}

/// Which file a name leads to: device and inode.
#[cfg(unix)]
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Identity(u64, u64);

#[cfg(unix)]
impl Identity {
    pub(crate) fn of(metadata: &Metadata) -> Self {
        use std::os::unix::fs::MetadataExt;
        Self(metadata.dev(), metadata.ino())
    }
}

/// Which file a name leads to, as well as the platform tells without further calls: when it was created.
#[cfg(not(unix))]
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Identity(Option<std::time::SystemTime>);

#[cfg(not(unix))]
impl Identity {
    pub(crate) fn of(metadata: &Metadata) -> Self {
        Self(metadata.created().ok())
    }
}
