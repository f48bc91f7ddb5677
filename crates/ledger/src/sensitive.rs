//! The values that records withhold: a file beside the log, one line for each record that withholds any.
//!
//! ```text
//! {"disclosures":[["<salt>","phone","+48 600 100 200"]],"seq":17}
//! ```
//!
//! Nothing is chained to it: lines, or the whole file, can be erased, and the ledger verifies as before. What a line says counts only
//! where the record holds the commitment to it.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, Read},
    path::Path,
};

use axtary_actionpass::{Disclosure, Json, Number, Object};

use crate::{
    error::IoFailure,
    file::{beside, open_to_read},
    line::Entry,
};

/// The longest line that is read: as much as the facts of an action can take, and more.
const MAX_BYTES: u64 = 4 * 1024 * 1024;

/// The line of what a record withholds, newline included.
pub(crate) fn line(seq: u64, disclosures: &[Disclosure]) -> Vec<u8> {
    let disclosures: Vec<Json> = disclosures.iter().map(Disclosure::to_json).collect();
    let seq = Number::try_from(seq).map_or(Json::Null, Json::Number);
    let mut line = Vec::new();
    Object::new().with("disclosures", disclosures).with("seq", seq).write_canonical(&mut line);
    line.push(b'\n');
    line
}

/// What `entry`, a record of the ledger at `path`, withholds and was not erased.
///
/// # Errors
///
/// [`IoFailure`] if the file of disclosures is there and cannot be read. Lines that are damaged disclose nothing.
pub fn disclosed(path: impl AsRef<Path>, entry: &Entry) -> Result<Vec<Disclosure>, IoFailure> {
    let Some(commitments) = entry.body.get("sensitive").and_then(Json::as_object) else {
        return Ok(Vec::new());
    };
    let path = beside(path.as_ref(), "sensitive");
    let file = match open_to_read(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(IoFailure::new("open", &path, error)),
    };
    let committed = |disclosure: &Disclosure| {
        let commitment = commitments.get(disclosure.name()).and_then(Json::as_str);
        commitment == Some(&*disclosure.commitment().to_string())
    };
    let found = of_record(file, entry.seq).map_err(|error| IoFailure::new("read", &path, error))?;
    Ok(found.into_iter().filter(committed).collect())
}

/// What stands in the file for the record `seq`.
fn of_record(file: File, seq: u64) -> io::Result<Vec<Disclosure>> {
    let end = format!(",\"seq\":{seq}}}\n");
    let mut input = BufReader::new(file);
    let mut line = Vec::new();
    let mut found = Vec::new();
    loop {
        line.clear();
        (&mut input).take(MAX_BYTES).read_until(b'\n', &mut line)?;
        if line.is_empty() {
            return Ok(found);
        }
        // A number may come twice: a crash left the first without its record.
        if line.ends_with(end.as_bytes()) {
            let json = Json::parse(&line).ok();
            let members = json.as_ref().and_then(Json::as_object);
            let disclosures = members.and_then(|line| line.get("disclosures"));
            let all = disclosures.and_then(Json::as_array).unwrap_or_default();
            found.extend(all.iter().filter_map(Disclosure::from_json));
        }
    }
}
