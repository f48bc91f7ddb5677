//! What the command line says, as text or as JSON. The only file that prints; everything it prints goes through
//! [`escape::visible`], since intents, titles and paths are an agent's words.

mod escape;
mod json;
mod junit;
mod text;

use std::{
    fmt,
    io::{self, IsTerminal as _, Write as _},
};

use axtary_ledger::Entry;

use crate::{
    command::{Answer, Tested},
    failure::{Exit, Failure},
};

/// How answers are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// For humans.
    Text,
    /// One object on one line.
    Json,
}

/// Prints an answer to standard output.
pub(crate) fn answer(answer: &Answer, form: Form) -> Exit {
    let printed = match (answer, form) {
        // A script is ours from end to end.
        (Answer::Script(script), _) => io::stdout().lock().write_all(script),
        (_, Form::Text) => text::answer(answer).and_then(|text| print(&text)),
        (_, Form::Json) => json::answer(answer).and_then(|text| print(&text)),
    };
    match printed {
        Ok(()) => answer.exit(),
        Err(error) => unprinted(&error),
    }
}

/// Prints a failure: as text to standard error, as JSON to standard output, where programs look for it.
pub(crate) fn failure(failure: &Failure, form: Form) -> Exit {
    let printed = match form {
        Form::Text => print_error(&text::failure(failure)),
        Form::Json => print(&json::failure(failure)),
    };
    match printed {
        Ok(()) => failure.exit(),
        Err(error) => unprinted(&error),
    }
}

/// Prints what is wrong with the arguments, or the help that they ask for.
pub(crate) fn usage(error: &clap::Error, as_json: bool) -> Exit {
    if !error.use_stderr() {
        return match error.print() {
            Ok(()) => Exit::Success,
            Err(error) => unprinted(&error),
        };
    }
    let message = error.render().to_string();
    if !as_json {
        return match print_error(&message) {
            Ok(()) => Exit::Usage,
            Err(error) => unprinted(&error),
        };
    }
    // What is wrong stands before the first empty line; usage and hints follow.
    let lines: Vec<_> = message.lines().map(str::trim).take_while(|l| !l.is_empty()).collect();
    let problem = lines.join(" ");
    failure(&Failure::usage(problem.strip_prefix("error: ").unwrap_or(&problem)), Form::Json)
}

/// Prints one record of many, at once. `false` if nobody reads on.
pub(crate) fn entry(entry: &Entry, form: Form) -> bool {
    let line = match form {
        Form::Text => text::entry(entry),
        Form::Json => json::entry(entry),
    };
    line.and_then(|line| print(&line)).is_ok()
}

/// What came of cases, as a document for CI systems.
pub(crate) fn junit(tested: &Tested) -> io::Result<String> {
    junit::report(tested).map_err(io::Error::other)
}

/// Takes away what stands on a terminal.
pub(crate) fn clear() {
    let mut out = io::stdout().lock();
    if out.is_terminal() {
        // What cannot be cleared can still be read.
        drop(out.write_all(b"\x1b[2J\x1b[3J\x1b[H"));
    }
}

/// How far something long is, on a terminal where a person waits for it.
pub(crate) struct Progress {
    doing: &'static str,
    told: Option<u64>,
    on: bool,
}

impl Progress {
    /// Nothing is shown to programs.
    pub(crate) fn of(doing: &'static str, form: Form) -> Self {
        Self { doing, told: None, on: form == Form::Text && io::stderr().is_terminal() }
    }

    /// Shows how many bytes of how many are read, once for each hundredth of it. What is quick is not told of.
    pub(crate) fn show(&mut self, bytes: u64, of: u64) {
        if of >= WORTH_TELLING {
            self.tell(bytes, of, format_args!("{} MB", of / 1_000_000));
        }
    }

    /// The same of things that are counted.
    pub(crate) fn count(&mut self, done: usize, of: usize) {
        if of >= WORTH_COUNTING {
            let number = |count| u64::try_from(count).unwrap_or(u64::MAX);
            self.tell(number(done), number(of), format_args!("{of}"));
        }
    }

    fn tell(&mut self, done: u64, of: u64, all: fmt::Arguments<'_>) {
        let percent = done.saturating_mul(100).checked_div(of).unwrap_or(100).min(100);
        if self.on && self.told != Some(percent) {
            self.told = Some(percent);
            let filled = usize::try_from(percent / 4).unwrap_or(0);
            let (doing, bar) = (self.doing, "#".repeat(filled));
            rewrite_line(&format!("{doing} [{bar:<25}] {percent:>3} % of {all}"));
        }
    }

    /// Takes the line away.
    pub(crate) fn end(self) {
        if self.told.is_some() {
            rewrite_line(&" ".repeat(60));
            rewrite_line("");
        }
    }
}

/// From how many bytes on a person would wait.
const WORTH_TELLING: u64 = 50_000_000;
/// From how many decisions on.
const WORTH_COUNTING: usize = 20_000;

/// Writes a line of our own words over the one that the cursor is in; the return to its start must stay one.
fn rewrite_line(text: &str) {
    // It is only for looking at.
    drop(io::stderr().lock().write_all(format!("\r{text}").as_bytes()));
}

/// Prints something that is worth knowing beside the answer.
pub(crate) fn note(text: &str) {
    // An answer that goes well is not held up by a note that cannot be printed.
    drop(print_error(&format!("note: {text}\n")));
}

fn print(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(escape::visible(text).as_bytes())?;
    out.flush()
}

fn print_error(text: &str) -> io::Result<()> {
    io::stderr().lock().write_all(escape::visible(text).as_bytes())
}

/// An answer that nobody got is none. Whoever closed the pipe knows that they did.
fn unprinted(error: &io::Error) -> Exit {
    if error.kind() != io::ErrorKind::BrokenPipe {
        drop(print_error(&format!("error: cannot write to standard output: {error}\n")));
    }
    Exit::Unavailable
}
