//! Records as a table (RFC 4180), for people who look at them in a spreadsheet.

use std::io::Write;

use axtary_actionpass::is_invisible;

use crate::{
    error::ReadFailure,
    export::{
        error::ExportError,
        reasons::{plain, reasons},
    },
    line::Entry,
};

/// The members of a record's body that have a column of their own, in front of the reasons.
const MEMBERS: [&str; 8] = [
    "action_pass_id",
    "agent_id",
    "human_owner",
    "tool",
    "resource",
    "decision",
    "policy",
    "policy_version",
];

/// Writes one row for each record, below a row with the columns' names, and says how many records there were.
///
/// No cell reads as a formula, whatever an agent wrote: one that would begin as such begins with `'`. What cannot be seen is
/// escaped, line ends too, so that one line is one record.
///
/// # Errors
///
/// [`ExportError`] if the ledger cannot be read on, or `out` not be written.
pub fn write_csv(
    entries: impl IntoIterator<Item = Result<Entry, ReadFailure>>,
    out: &mut impl Write,
) -> Result<u64, ExportError> {
    let names = ["seq", "ts", "kind"].into_iter().chain(MEMBERS);
    let names = names.chain(["reasons", "outcome", "payload_hash", "leaf_hash"]);
    write_row(names.map(str::to_owned), out)?;
    let mut records = 0;
    for entry in entries {
        write_row(cells(&entry?), out)?;
        records += 1;
    }
    out.flush().map_err(ExportError::Output)?;
    Ok(records)
}

fn cells(entry: &Entry) -> impl Iterator<Item = String> {
    let member = |name| entry.body.get(name).map_or_else(String::new, plain);
    [entry.seq.to_string(), entry.at.to_string(), entry.kind.clone()]
        .into_iter()
        .chain(MEMBERS.map(member))
        .chain([
            reasons(&entry.body),
            member("outcome"),
            member("payload_hash"),
            entry.hash.to_string(),
        ])
}

fn write_row(cells: impl Iterator<Item = String>, out: &mut impl Write) -> Result<(), ExportError> {
    let row = cells.map(|text| cell(&text)).collect::<Vec<_>>().join(",");
    write!(out, "{row}\r\n").map_err(ExportError::Output)
}

/// A value as a cell.
fn cell(text: &str) -> String {
    let mut cell = String::with_capacity(text.len() + 2);
    if text.trim_start().starts_with(FORMULA) {
        cell.push('\'');
    }
    for character in text.chars() {
        match character {
            '"' => cell.push_str("\"\""),
            _ if is_invisible(character) => {
                character.encode_utf16(&mut [0; 2]).iter().for_each(|unit| {
                    cell.push_str(&format!("\\u{unit:04x}"));
                });
            }
            _ => cell.push(character),
        }
    }
    if cell.contains(['"', ',']) { format!("\"{cell}\"") } else { cell }
}

/// What a cell begins with that spreadsheets take for a formula, or that marks one as text; the wide forms too, which some fold.
/// Tabs and line ends, of which the same is true, are escaped wherever they stand.
const FORMULA: [char; 9] =
    ['=', '+', '-', '@', '\'', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}'];

#[cfg(test)]
mod tests {
    use super::cell;

    #[test]
    fn no_cell_begins_as_a_formula() {
        for (text, expected) in [
            ("=1+1", "'=1+1"),
            ("+1", "'+1"),
            ("-1", "'-1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("  =1+1", "'  =1+1"),
            ("\u{a0}=1", "'\u{a0}=1"),
            ("\u{ff1d}1", "'\u{ff1d}1"),
            ("\t=1", "'\\u0009=1"),
            ("\r\n=1", "'\\u000d\\u000a=1"),
            ("'=1", "''=1"),
            ("=A,\"B\"", "\"'=A,\"\"B\"\"\""),
            ("a=1", "a=1"),
            ("", ""),
        ] {
            assert_eq!(cell(text), expected, "{text:?}");
        }
    }

    #[test]
    fn what_cannot_be_seen_is_escaped_and_what_ends_a_cell_is_quoted() {
        assert_eq!(cell("a\nb"), "a\\u000ab");
        assert_eq!(cell("\u{1b}[2J\u{202e}\u{e0041}"), "\\u001b[2J\\u202e\\udb40\\udc41");
        assert_eq!(cell("a,b"), "\"a,b\"");
        assert_eq!(cell("say \"no\""), "\"say \"\"no\"\"\"");
        assert_eq!(cell("zażółć 日本"), "zażółć 日本");
    }
}
