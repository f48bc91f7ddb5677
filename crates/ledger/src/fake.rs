//! A disk in memory that fails on demand and remembers what a power loss would leave.

use std::{
    collections::BTreeMap,
    io,
    ops::Range,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, MutexGuard,
        mpsc::{Receiver, Sender},
    },
};

use crate::{
    append::FileLedger,
    error::OpenError,
    file::Disk,
    options::{Durability, Options},
};

/// How a call fails.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fault {
    /// Which call, counted from zero.
    pub(crate) at: usize,
    /// If it is an append, how many bytes are written nevertheless. A head is written whole if this is not zero.
    pub(crate) written: usize,
    /// If it is an append, whether it reports these bytes instead of an error.
    pub(crate) reported: bool,
    /// Whether all later calls fail too.
    pub(crate) for_ever: bool,
}

#[derive(Clone, Default)]
pub(crate) struct FakeDisk(Arc<State>);

#[derive(Default)]
struct State {
    content: Mutex<Content>,
    gate: Mutex<Option<Gate>>,
}

/// Tells that a sync has begun, and holds it until it is let through.
pub(crate) struct Gate {
    pub(crate) begun: Sender<()>,
    pub(crate) through: Receiver<()>,
}

#[derive(Clone, Default)]
pub(crate) struct Content {
    pub(crate) log: Vec<u8>,
    pub(crate) head: Vec<u8>,
    /// What of the log would survive a power loss for certain.
    pub(crate) durable: Vec<u8>,
    /// The head as it was last synced; later versions may or may not survive.
    pub(crate) durable_head: Vec<u8>,
    pub(crate) set_aside: Vec<Vec<u8>>,
    /// The closed segments, by their first record.
    pub(crate) closed: BTreeMap<u64, Vec<u8>>,
    /// The small files.
    pub(crate) small: BTreeMap<PathBuf, Vec<u8>>,
    pub(crate) syncs: usize,
    pub(crate) fault: Option<Fault>,
    pub(crate) calls: usize,
    /// Bytes that a failed sync dropped: the log shows them, and no later sync writes them.
    pub(crate) dropped: Range<usize>,
}

impl FakeDisk {
    /// A disk that holds a log and a head, all of it durable.
    pub(crate) fn holding(log: &[u8], head: &[u8]) -> Self {
        let disk = Self::default();
        let mut content = disk.content();
        content.log = log.to_vec();
        content.durable = log.to_vec();
        content.head = head.to_vec();
        content.durable_head = head.to_vec();
        drop(content);
        disk
    }

    /// A disk that holds all of this, as after a restart.
    pub(crate) fn with(content: Content) -> Self {
        let disk = Self::default();
        *disk.content() = Content { fault: None, calls: 0, ..content };
        disk
    }

    pub(crate) fn open(&self) -> Result<FileLedger, OpenError> {
        self.open_with(Durability::Synced.into())
    }

    pub(crate) fn open_with(&self, options: Options) -> Result<FileLedger, OpenError> {
        FileLedger::on(Box::new(self.clone()), PathBuf::from("/ledger.jsonl"), options, None)
    }

    pub(crate) fn content(&self) -> MutexGuard<'_, Content> {
        self.0.content.lock().unwrap()
    }

    /// Holds the next sync at a gate.
    pub(crate) fn hold_next_sync(&self, gate: Gate) {
        *self.0.gate.lock().unwrap() = Some(gate);
    }

    /// Counts a call, and fails it if its time has come.
    fn call(&self) -> Result<MutexGuard<'_, Content>, (MutexGuard<'_, Content>, Fault)> {
        let mut content = self.content();
        let call = content.calls;
        content.calls += 1;
        match content.fault {
            Some(fault) if call == fault.at || fault.for_ever && call > fault.at => {
                Err((content, fault))
            }
            Some(_) | None => Ok(content),
        }
    }

    fn done(&self) -> io::Result<MutexGuard<'_, Content>> {
        self.call().map_err(|_| io::Error::other("injected"))
    }
}

impl Content {
    /// Whether the fault was met.
    pub(crate) fn has_failed(&self) -> bool {
        self.fault.is_some_and(|fault| self.calls > fault.at)
    }

    /// What a power loss may leave of the open segment: the durable part, and behind it any number of the bytes that were written,
    /// with any of their pages missing.
    pub(crate) fn after_power_loss(&self) -> impl Iterator<Item = Vec<u8>> {
        let (durable, log) = (self.durable.len(), self.log.len());
        let prefixes = (durable..=log).map(move |len| {
            let mut left = self.durable.clone();
            left.extend(&self.log[durable..len]);
            left
        });
        let pages: Vec<_> = (durable..log).step_by(PAGE).collect();
        let holes = (0..1_u32 << pages.len().min(6)).map(move |missing| {
            let mut left = self.durable.clone();
            left.extend(&self.log[durable..]);
            for (page, start) in
                pages.iter().enumerate().filter(|(page, _)| missing >> page & 1 == 1)
            {
                let end = if page == 5 { log } else { log.min(start + PAGE) };
                left[*start..end].fill(0);
            }
            left
        });
        prefixes.chain(holes)
    }
}

/// A page, small enough for a line to have several.
const PAGE: usize = 96;

impl Disk for FakeDisk {
    fn len(&self) -> io::Result<u64> {
        Ok(self.done()?.log.len() as u64)
    }

    fn is_in_place(&self) -> io::Result<bool> {
        self.done().map(|_| true)
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let content = self.done()?;
        let rest = content.log.get(usize::try_from(offset).unwrap()..).unwrap_or_default();
        let read = rest.len().min(buffer.len());
        buffer[..read].copy_from_slice(&rest[..read]);
        Ok(read)
    }

    fn append(&self, bytes: &[u8]) -> io::Result<usize> {
        match self.call() {
            Ok(mut content) => {
                content.log.extend_from_slice(bytes);
                Ok(bytes.len())
            }
            Err((mut content, fault)) => {
                let written = fault.written.min(bytes.len() - 1);
                content.log.extend_from_slice(&bytes[..written]);
                if fault.reported { Ok(written) } else { Err(io::Error::other("injected")) }
            }
        }
    }

    fn start_writeback(&self, _: u64, _: usize) -> io::Result<()> {
        Ok(())
    }

    fn cut(&self, len: u64) -> io::Result<()> {
        let mut content = self.done()?;
        let len = usize::try_from(len).unwrap();
        content.log.truncate(len);
        content.durable.truncate(len);
        content.dropped.end = content.dropped.end.min(len);
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        let gate = self.0.gate.lock().unwrap().take();
        // What is written while the sync runs is not part of it.
        let log = self.content().log.clone();
        if let Some(gate) = gate {
            gate.begun.send(()).unwrap();
            gate.through.recv().unwrap();
        }
        match self.call() {
            Ok(mut content) => {
                content.syncs += 1;
                let dropped = content.dropped.clone();
                content.durable = log;
                content.durable.iter_mut().enumerate().for_each(|(at, byte)| {
                    if dropped.contains(&at) {
                        *byte = 0;
                    }
                });
                Ok(())
            }
            Err((mut content, _)) => {
                content.syncs += 1;
                content.dropped = content.durable.len()..content.log.len();
                Err(io::Error::other("injected"))
            }
        }
    }

    fn rewrite(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let mut content = self.done()?;
        let start = usize::try_from(offset).unwrap();
        let end = start + bytes.len();
        assert_eq!(content.log[start..end], *bytes);
        // Written anew, these bytes are among those that the next sync writes.
        let Range { start: from, end: to } = content.dropped;
        if start <= from && to <= end {
            content.dropped = 0..0;
        }
        Ok(())
    }

    fn set_aside(&self, offset: u64) -> io::Result<PathBuf> {
        let mut content = self.done()?;
        let torn = content.log[usize::try_from(offset).unwrap()..].to_vec();
        content.set_aside.push(torn);
        Ok(PathBuf::from("/ledger.jsonl.torn-1"))
    }

    fn read_head(&self) -> io::Result<Vec<u8>> {
        Ok(self.done()?.head.clone())
    }

    fn write_head(&self, text: &[u8]) -> io::Result<()> {
        match self.call() {
            Ok(mut content) => {
                content.head = text.to_vec();
                Ok(())
            }
            Err((mut content, fault)) => {
                if fault.written > 0 {
                    content.head = text.to_vec();
                }
                Err(io::Error::other("injected"))
            }
        }
    }

    fn sync_head(&self) -> io::Result<()> {
        let mut content = self.done()?;
        content.durable_head = content.head.clone();
        Ok(())
    }

    fn closed_len(&self, first: u64) -> io::Result<Option<u64>> {
        let content = self.done()?;
        Ok(content.closed.get(&first).map(|log| log.len() as u64))
    }

    fn close_segment(&self, first: u64) -> io::Result<()> {
        let mut content = self.done()?;
        assert_eq!(content.durable, content.log, "what is closed is durable");
        let log = std::mem::take(&mut content.log);
        content.durable.clear();
        assert!(content.closed.insert(first, log).is_none());
        Ok(())
    }

    fn read(&self, path: &Path) -> io::Result<Option<Vec<u8>>> {
        Ok(self.done()?.small.get(path).cloned())
    }

    fn replace(&self, path: &Path, content: &[u8], _: bool) -> io::Result<()> {
        self.done()?.small.insert(path.to_owned(), content.to_vec());
        Ok(())
    }

    fn append_to(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        self.done()?.small.entry(path.to_owned()).or_default().extend_from_slice(bytes);
        Ok(())
    }
}
