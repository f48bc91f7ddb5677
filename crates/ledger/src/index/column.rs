//! Values of one length after another, in a file or in memory.

use std::{
    fs::{File, OpenOptions},
    io::{self, Seek, SeekFrom, Write},
    path::Path,
};

use crate::file::{open_or_create, read_at};

/// Where values are kept.
#[derive(Debug)]
pub(super) struct Column {
    kept: Kept,
    /// What was appended and not written yet.
    unwritten: Vec<u8>,
    /// How many bytes there are in front of that.
    written: u64,
}

#[derive(Debug)]
enum Kept {
    File(File),
    Memory(Vec<u8>),
}

/// How much is written at once.
const BUFFER: usize = 256 * 1024;

impl Column {
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let file =
            open_or_create(path, OpenOptions::new().write(true)).map_err(io::Error::other)?;
        let written = file.metadata()?.len();
        Ok(Self { kept: Kept::File(file), unwritten: Vec::new(), written })
    }

    pub(super) fn in_memory() -> Self {
        Self { kept: Kept::Memory(Vec::new()), unwritten: Vec::new(), written: 0 }
    }

    /// Cuts off, or fills with zeros, what differs from this length.
    pub(super) fn resize(&mut self, len: u64) -> io::Result<()> {
        self.flush()?;
        match &mut self.kept {
            Kept::File(file) => file.set_len(len)?,
            Kept::Memory(bytes) => {
                bytes.resize(usize::try_from(len).map_err(io::Error::other)?, 0);
            }
        }
        self.written = len;
        Ok(())
    }

    pub(super) fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.unwritten.extend_from_slice(bytes);
        if self.unwritten.len() >= BUFFER { self.flush() } else { Ok(()) }
    }

    /// Overwrites bytes that are there.
    pub(super) fn overwrite(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.flush()?;
        self.write_at(offset, bytes)
    }

    pub(super) fn flush(&mut self) -> io::Result<()> {
        let unwritten = std::mem::take(&mut self.unwritten);
        self.write_at(self.written, &unwritten)?;
        self.written += u64::try_from(unwritten.len()).unwrap_or(u64::MAX);
        self.unwritten = unwritten;
        self.unwritten.clear();
        Ok(())
    }

    fn write_at(&mut self, offset: u64, new: &[u8]) -> io::Result<()> {
        match &mut self.kept {
            Kept::File(file) => {
                file.seek(SeekFrom::Start(offset))?;
                file.write_all(new)
            }
            Kept::Memory(bytes) => {
                let start = usize::try_from(offset).map_err(io::Error::other)?;
                let end = start + new.len();
                if bytes.len() < end {
                    bytes.resize(end, 0);
                }
                if let Some(place) = bytes.get_mut(start..end) {
                    place.copy_from_slice(new);
                }
                Ok(())
            }
        }
    }

    pub(super) fn sync(&self) -> io::Result<()> {
        match &self.kept {
            Kept::File(file) => file.sync_data(),
            Kept::Memory(_) => Ok(()),
        }
    }

    /// Fills `buffer` from `offset` on, of what was flushed.
    pub(super) fn read(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        let read = match &self.kept {
            Kept::File(file) => read_at(file, offset, buffer)?,
            Kept::Memory(bytes) => {
                let start = usize::try_from(offset).map_err(io::Error::other)?;
                let rest = bytes.get(start..).unwrap_or_default();
                let read = rest.len().min(buffer.len());
                for (to, from) in buffer.iter_mut().zip(rest) {
                    *to = *from;
                }
                read
            }
        };
        if read == buffer.len() { Ok(()) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
    }
}
