//! Keeps a guard's decisions in files that only grow: a [`Record`] goes in, a leaf hash that a pass can carry comes out.
//!
//! ```text
//! Record -> line (seq, prev) -> append -> sync -> head        open: tail -> repair        verify: first line -> last
//! ```
//!
//! ```
//! use axtary_actionpass::{Guard, SigningKey, testing};
//! use axtary_ledger::{Durability, FileLedger, find, verify_against};
//!
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("audit.jsonl");
//! # let policy = testing::permit_if(|action| action.tool().as_str() == "slack.messages.post");
//! let ledger = FileLedger::open(&path, Durability::Synced)?;
//! let guard = Guard::new(policy, ledger, SigningKey::generate()?, "https://gate.example".parse()?)?;
//! let pass = guard.check(&testing::action("slack.messages.post")?)?;
//!
//! let verified = verify_against(&path, &[pass.claims().ledger_hash()])?;
//! assert_eq!(verified.records, 1);
//! assert_eq!(find(&path, pass.id())?.decision().hash, pass.claims().ledger_hash());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # The files
//!
//! `audit.jsonl` holds one record a line, each naming the hash of the line before ([`Entry`] lists the members):
//!
//! ```text
//! {"body":{…},"kind":"decision","prev":"sha256:…","seq":0,"ts":"2026-07-28T12:00:00.000Z","v":1}
//! ```
//!
//! Once it is full ([`Options`]), it is closed under the number of its first record, and the next one begun. Beside it stand a head, which names
//! how many records are durable; the state of the tree; the last signed checkpoint; what records withhold ([`disclosed`]); and the
//! [`Index`], which readers make. `docs/formats/ledger.md` lists them.
//!
//! # For auditors
//!
//! The lines' leaf hashes form the tree of RFC 6962: [`Tree`] gives its root, [`InclusionProof`] and [`ConsistencyProof`] show that a
//! record is in it and that nothing before was changed, and a [`Checkpoint`] is its size and root as a C2SP signed note, which tools
//! that are not ours verify. A [`TileDirectory`] holds the whole tree as static files, a [`RecordProof`] one record with its proof;
//! [`write_csv`] and [`write_ocsf`] are for spreadsheets and security tools. `docs/formats/export.md` has the commands of an auditor.
//!
//! # What is promised
//!
//! - An acknowledged record survives: `kill -9` always, and power loss under [`Durability::Synced`].
//! - After a failed write or sync nothing is acknowledged until the ledger is opened anew; nor is it once the file was
//!   removed, replaced or changed in length by somebody else ([`Durability`] says when that is noticed).
//! - A ledger that does not fit the last checkpoint that was signed of it does not open.
//! - Half a line at the end, as a crash leaves it, is moved aside and reported ([`FileLedger::repair`]). Anything else
//!   that is wrong refuses to open, and no new chain is started over an old file.
//! - One process writes at a time; the second is told which one is first.
//! - [`verify`] finds any edited, inserted, removed or reordered line, and says of each what was done ([`FindingKind`]).
//!
//! # What is not
//!
//! - The chain shows nothing of its own end: only the head, or a hash kept elsewhere, tells that the last line was edited
//!   or that lines behind it are gone. [`Verified::anchored`] says how far such a witness reaches.
//! - Who can write the ledger and all that stands beside it can rewrite history. That is found only against something kept out of
//!   reach: the `ledger_hash` of passes, given to [`verify_against`], or a checkpoint ([`CheckpointSigner::kept_in`], [`Verification`]).
//! - Opening reads what came since the tree's state was last saved, not all of it; [`verify`] does.
//!
//! [`Record`]: axtary_actionpass::Record

mod append;
mod checkpoint;
mod commit;
mod error;
mod export;
#[cfg(test)]
mod fake;
mod file;
mod head;
mod index;
mod line;
mod lock;
mod note;
mod open;
mod options;
mod proof;
mod read;
mod segment;
mod sensitive;
mod state;
mod tree;
mod verify;
mod witness;

pub use crate::{
    append::FileLedger,
    checkpoint::Checkpoint,
    error::{BadLine, CheckpointError, IoFailure, OpenError, Problem, ReadFailure, WriteError},
    export::{
        ExportError, Exported, ProvenRecord, RecordProof, RecordProofError, TileDirectory, lines,
        write_csv, write_ocsf,
    },
    index::{Index, PassHistory, find},
    line::{Entry, MAX_LINE_BYTES},
    note::{NoteError, NoteKey},
    open::Repair,
    options::{CheckpointSigner, Durability, Options},
    proof::{ConsistencyProof, InclusionProof, ProofError},
    read::{Filter, Follow, Reader, tail},
    sensitive::{Disclosures, disclosed},
    tree::{RootHash, Tree},
    verify::{
        Damage, Finding, FindingKind, Place, Progress, Verification, Verified, VerifyFailure,
        verify, verify_against,
    },
    witness::{Cosignature, WitnessError, Witnesses},
};
