//! What leaves a ledger, for people and programs that do not have this library:
//!
//! ```text
//! lines   -> TileDirectory   the whole tree as static files      C2SP tlog-tiles
//! a line  -> RecordProof     one record and its proof            C2SP tlog-proof
//! entries -> write_csv       a row a record, for a spreadsheet   RFC 4180
//! entries -> write_ocsf      an event a line, for a SIEM         OCSF 1.8, API Activity
//! ```
//!
//! `docs/formats/export.md` says what each holds, and how an auditor checks it with tools that are not ours.

mod csv;
mod error;
mod lines;
mod ocsf;
mod reasons;
mod record_proof;
mod tile;
mod tile_directory;

pub use self::{
    csv::write_csv,
    error::ExportError,
    lines::lines,
    ocsf::write_ocsf,
    record_proof::{ProvenRecord, RecordProof, RecordProofError},
    tile_directory::{Exported, TileDirectory},
};
