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
    io::{self, BufRead, BufReader, Read as _, Seek as _, SeekFrom},
    path::{Path, PathBuf},
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
    Disclosures::of(path).of_record(entry)
}

/// What the records of a ledger withhold, for those who go through many of them: asked for in the ledger's order, they are found
/// in one reading of the file.
#[derive(Debug)]
pub struct Disclosures {
    path: PathBuf,
    /// The file, at the line behind the last that was of use; `None` before it was opened.
    input: Option<BufReader<File>>,
}

impl Disclosures {
    /// Those of the ledger at `path`. Nothing is read yet.
    pub fn of(path: impl AsRef<Path>) -> Self {
        Self { path: beside(path.as_ref(), "sensitive"), input: None }
    }

    /// What `entry`, a record of the ledger, withholds and was not erased.
    ///
    /// # Errors
    ///
    /// As [`disclosed`].
    pub fn of_record(&mut self, entry: &Entry) -> Result<Vec<Disclosure>, IoFailure> {
        let Some(commitments) = entry.body.get("sensitive").and_then(Json::as_object) else {
            return Ok(Vec::new());
        };
        let input = match &mut self.input {
            Some(input) => input,
            None => match open_to_read(&self.path) {
                Ok(file) => self.input.insert(BufReader::new(file)),
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
                Err(error) => return Err(IoFailure::new("open", &self.path, error)),
            },
        };
        search(input, entry.seq, commitments)
            .map_err(|error| IoFailure::new("read", &self.path, error))
    }

    /// The same as values by name, for those who decide on a record again.
    ///
    /// # Errors
    ///
    /// As [`disclosed`].
    pub fn values_of_record(&mut self, entry: &Entry) -> Result<Object, IoFailure> {
        let disclosures = self.of_record(entry)?;
        let values = disclosures.iter().map(|one| (one.name(), one.value().clone()));
        Ok(values.fold(Object::new(), |all, (name, value)| all.with(name, value)))
    }
}

/// What stands in the file for the record `seq`: on from here, and, if that is not all, in the whole file.
fn search(
    input: &mut BufReader<File>,
    seq: u64,
    commitments: &Object,
) -> io::Result<Vec<Disclosure>> {
    let here = input.stream_position()?;
    let mut found = read_on(input, seq, commitments)?;
    if found.len() < commitments.len() {
        input.rewind()?;
        found = read_on(input, seq, commitments)?;
    }
    if found.len() < commitments.len() {
        // Some were erased; what the next records withhold is still ahead.
        input.seek(SeekFrom::Start(here))?;
    }
    Ok(found)
}

/// What stands in the lines ahead for the record `seq`, as far as the record holds the commitment to it. Reads no further than to
/// the last of it.
fn read_on(
    input: &mut impl BufRead,
    seq: u64,
    commitments: &Object,
) -> io::Result<Vec<Disclosure>> {
    let end = format!(",\"seq\":{seq}}}\n");
    let mut line = Vec::new();
    let mut found: Vec<Disclosure> = Vec::new();
    while found.len() < commitments.len() {
        line.clear();
        input.take(MAX_BYTES).read_until(b'\n', &mut line)?;
        if line.is_empty() {
            break;
        }
        // A number may come twice: a crash left the first without its record.
        if line.ends_with(end.as_bytes()) {
            let json = Json::parse(&line).ok();
            let members = json.as_ref().and_then(Json::as_object);
            let disclosures = members.and_then(|line| line.get("disclosures"));
            let all = disclosures.and_then(Json::as_array).unwrap_or_default();
            for disclosure in all.iter().filter_map(Disclosure::from_json) {
                let commitment = commitments.get(disclosure.name()).and_then(Json::as_str);
                let is_new = !found.iter().any(|known| known.name() == disclosure.name());
                if is_new && commitment == Some(&*disclosure.commitment().to_string()) {
                    found.push(disclosure);
                }
            }
        }
    }
    Ok(found)
}
