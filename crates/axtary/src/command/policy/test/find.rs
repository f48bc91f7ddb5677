//! The files of cases in a folder and in those below it, in the order of their paths.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use crate::{config::CASES, error::FileError, failure::Failure};

/// Folders that hold other people's files.
const PASSED_OVER: [&str; 2] = ["node_modules", "target"];
/// The deepest folder that is looked into.
const MAX_DEPTH: usize = 64;

/// The files at `path`, which is a folder or one such file; there must be one.
pub(super) fn case_files(path: &Path) -> Result<Vec<PathBuf>, Failure> {
    if path.is_file() {
        return Ok(vec![path.to_owned()]);
    }
    let mut found = Vec::new();
    // What lies in `.` is called by its own name.
    let plain = if path == Path::new(".") { Path::new("") } else { path };
    look_into(path, plain, MAX_DEPTH, &mut found)?;
    if found.is_empty() {
        let message =
            format!("`{}` holds no file of cases, so nothing would be tested", path.display());
        return Err(
            Failure::usage(message).help(format!("name a folder with files that end in `{CASES}`"))
        );
    }
    found.sort();
    Ok(found)
}

fn look_into(
    folder: &Path,
    called: &Path,
    depth: usize,
    found: &mut Vec<PathBuf>,
) -> Result<(), FileError> {
    let failed = |cause: io::Error| FileError { operation: "read", path: folder.to_owned(), cause };
    if depth == 0 {
        return Err(failed(io::Error::other(format!(
            "it lies more than {MAX_DEPTH} folders deep"
        ))));
    }
    for entry in fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let name = entry.file_name();
        let text = name.to_string_lossy();
        // A link to a folder is not followed: it could lead back here.
        if entry.file_type().map_err(failed)?.is_dir() {
            if !text.starts_with('.') && !PASSED_OVER.contains(&text.as_ref()) {
                look_into(&folder.join(&name), &called.join(&name), depth - 1, found)?;
            }
        } else if text.ends_with(CASES) {
            found.push(called.join(&name));
        }
    }
    Ok(())
}
