//! Files as the gate and its command line read and write them: bounded, private where they hold secrets, never over one
//! another by accident.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

use zeroize::Zeroizing;

use crate::error::FileError;

/// Who may read a file that is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// Whoever the umask lets.
    Shared,
    /// The user alone.
    Private,
}

/// The path as it is from the root.
pub(crate) fn absolute(path: &Path) -> Result<PathBuf, FileError> {
    std::path::absolute(path).map_err(failed("find the folder of", path))
}

/// Reads a file of at most `max` bytes.
pub(crate) fn read(path: &Path, max: usize) -> Result<Vec<u8>, FileError> {
    let file = File::open(path).map_err(failed("open", path))?;
    read_from(file, max).map_err(failed("read", path))
}

/// Reads a text of at most `max` bytes.
pub(crate) fn read_text(path: &Path, max: usize) -> Result<String, FileError> {
    String::from_utf8(read(path, max)?).map_err(|_| not_text(path))
}

/// Reads at most `max` bytes; more are an error.
pub(crate) fn read_from(source: impl Read, max: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    source.take(one_more(max)).read_to_end(&mut bytes)?;
    within(bytes.len(), max)?;
    Ok(bytes)
}

/// One byte beyond the bound tells that there is more.
fn one_more(max: usize) -> u64 {
    u64::try_from(max).unwrap_or(u64::MAX).saturating_add(1)
}

fn within(bytes: usize, max: usize) -> io::Result<()> {
    if bytes <= max {
        return Ok(());
    }
    Err(io::Error::other(format!("it is larger than {max} bytes")))
}

/// A secret that was read, and the mode of its file where there are modes.
pub(crate) struct Secret {
    pub(crate) text: Zeroizing<String>,
    pub(crate) mode: Option<u32>,
}

/// Reads a secret of at most `max` bytes. The mode is that of the file that was read, whatever stands at the path by then.
pub(crate) fn read_secret(path: &Path, max: usize) -> Result<Secret, FileError> {
    let file = File::open(path).map_err(failed("open", path))?;
    let mode = mode(&file.metadata().map_err(failed("inspect", path))?);
    // Never moved as it grows, so that no copy is left behind.
    let mut text = Zeroizing::new(String::with_capacity(max.saturating_add(1)));
    file.take(one_more(max)).read_to_string(&mut text).map_err(failed("read", path))?;
    within(text.len(), max).map_err(failed("read", path))?;
    Ok(Secret { text, mode })
}

#[cfg(unix)]
fn mode(metadata: &fs::Metadata) -> Option<u32> {
    use std::os::unix::fs::PermissionsExt as _;
    Some(metadata.permissions().mode() & 0o7777)
}

#[cfg(not(unix))]
fn mode(_: &fs::Metadata) -> Option<u32> {
    None
}

/// Creates a folder for the user alone. One that is there already stays as it is.
pub(crate) fn create_private_folder(path: &Path) -> Result<(), FileError> {
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    match builder.create(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
        result => result.map_err(failed("create", path)),
    }
}

/// Creates a folder and those above it.
pub(crate) fn create_folder(path: &Path) -> Result<(), FileError> {
    fs::create_dir_all(path).map_err(failed("create", path))
}

/// Creates a file; one that is there already is an error.
pub(crate) fn create(path: &Path, bytes: &[u8], access: Access) -> Result<(), FileError> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    if access == Access::Private {
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    }
    let mut file = options.open(path).map_err(failed("create", path))?;
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(failed("write", path))
}

/// Writes a file for the user alone, whole or not at all, in the place of an older one. Whatever else stands there, such as a
/// link or `/dev/stdout`, is an error.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    if path.symlink_metadata().is_ok_and(|there| !there.is_file()) {
        return Err(failed("replace", path)(io::Error::other("it is not a regular file")));
    }
    let beside = beside(path);
    create(&beside, bytes, Access::Private)
        .map_err(|error| FileError { path: path.to_owned(), ..error })?;
    fs::rename(&beside, path).map_err(|error| {
        // The error of the rename is the one to tell.
        drop(fs::remove_file(&beside));
        failed("replace", path)(error)
    })
}

fn beside(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.new", std::process::id()));
    path.with_file_name(name)
}

fn not_text(path: &Path) -> FileError {
    failed("read", path)(io::Error::new(io::ErrorKind::InvalidData, "it is not UTF-8"))
}

fn failed(operation: &'static str, path: &Path) -> impl FnOnce(io::Error) -> FileError {
    move |cause| FileError { operation, path: path.to_owned(), cause }
}
