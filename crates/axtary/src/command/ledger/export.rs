//! `axtary ledger export`: the ledger for people and programs that do not have this one.

use std::{
    fs::File,
    io::{self, BufWriter, Write as _},
    path::PathBuf,
};

use axtary_ledger::{ExportError, Reader, TileDirectory, lines, write_csv, write_ocsf};
use clap::{Args, ValueEnum};

use super::{LedgerArgument, index, prove::CheckpointArgument, read::Which};
use crate::{
    failure::{Exit, Failure},
    render::Form,
};

/// Write the ledger in a form that others read
#[derive(Args)]
#[command(after_help = "\
tiles  a folder of static files (C2SP tlog-tiles), with a signed checkpoint;
       exporting into it again adds what is new
csv    a row a record (RFC 4180)
ocsf   an event a line (OCSF, API Activity)

Example:
  axtary ledger export tiles --out public/ledger
  axtary ledger export csv --out denials.csv --decision deny
  axtary ledger export ocsf --since 2026-07-28T00:00:00Z | vector")]
pub(in crate::command) struct Export {
    /// The form
    #[arg(value_enum)]
    format: Format,
    /// The file or, for tiles, the folder; standard output if left out
    #[arg(long, short, value_name = "PATH", required_if_eq("format", "tiles"))]
    out: Option<PathBuf>,
    #[command(flatten)]
    ledger: LedgerArgument,
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    checkpoint: CheckpointArgument,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Tiles,
    Csv,
    Ocsf,
}

/// What was exported, and where to.
pub(crate) struct Exported {
    pub(crate) records: u64,
    /// `None` if it went to standard output.
    pub(crate) to: Option<PathBuf>,
}

impl Export {
    pub(super) fn run(self, form: Form) -> Result<Exported, Failure> {
        match self.format {
            Format::Tiles => self.tiles(form),
            Format::Csv => self.records(|entries, mut out| write_csv(entries, &mut out)),
            Format::Ocsf => self.records(|entries, mut out| write_ocsf(entries, &mut out)),
        }
    }

    fn tiles(self, form: Form) -> Result<Exported, Failure> {
        let Some(to) = self.out else {
            return Err(Failure::usage("tiles are a folder").help("name it by --out"));
        };
        if !self.which.is_all() {
            return Err(Failure::usage("tiles hold the whole ledger")
                .help("leave the filter out, or export csv or ocsf"));
        }
        let ledger = self.ledger.open()?;
        let index = index(&ledger.path, form)?;
        let signed = self.checkpoint.signed(&ledger, &index)?;
        let mut tiles = TileDirectory::open(&to, &signed.key)?;
        let exported = tiles.export(signed.text.as_bytes(), lines(&ledger.path)?)?;
        Ok(Exported { records: exported.records, to: Some(to) })
    }

    fn records(
        self,
        write: impl Fn(Reader, &mut dyn io::Write) -> Result<u64, ExportError>,
    ) -> Result<Exported, Failure> {
        let entries = Reader::open(self.ledger.path()?)?.with_filter(self.which.filter());
        let Some(to) = self.out else {
            let records = write(entries, &mut io::stdout().lock())?;
            return Ok(Exported { records, to: None });
        };
        let failed = |error: io::Error| {
            let message = format!("cannot write `{}`: {error}", to.display());
            Failure::trouble(Exit::Unavailable, "file", message)
        };
        let mut file = BufWriter::new(File::create(&to).map_err(failed)?);
        let records = write(entries, &mut file)?;
        file.flush().map_err(failed)?;
        Ok(Exported { records, to: Some(to) })
    }
}
