//! Which policy is in force, as the ledger has it: a record whenever it changes, durable before the change takes force.

use axtary_actionpass::{
    Clock as _, Event, Json, Object, PolicyVersion, Record, RecordKind, SystemClock,
};
use axtary_ledger::{FileLedger, WriteError, tail};

use crate::error::OpenError;

/// How many of the last records are looked at. If none of them says, the policy is recorded once more than need be.
const LOOKED_AT: usize = 64;

/// The version that was in force last, by the record of its coming into force or of a decision under it.
pub(crate) fn last(ledger: &FileLedger) -> Result<Option<PolicyVersion>, OpenError> {
    let version = |body: &Object| {
        let text = body.get("policy_version").and_then(Json::as_str)?;
        PolicyVersion::parse(text).ok()
    };
    let says = [RecordKind::Decision, RecordKind::Policy].map(RecordKind::as_str);
    let records = tail(ledger.path(), LOOKED_AT)?;
    let mut records = records.iter().rev().filter(|entry| says.contains(&entry.kind.as_str()));
    Ok(records.find_map(|entry| version(&entry.body)))
}

/// Records that this version comes into force in the place of `before`, and returns once that is durable.
pub(crate) fn change(
    ledger: &FileLedger,
    before: Option<PolicyVersion>,
    version: PolicyVersion,
) -> Result<(), OpenError> {
    let written = || -> Result<(), WriteError> {
        let at = SystemClock.now().map_err(WriteError::Clock)?;
        let appended = ledger.append(&Record::event(at, &Event::Policy { version, before }))?;
        ledger.sync(&appended)
    };
    written().map_err(OpenError::Unrecorded)
}
