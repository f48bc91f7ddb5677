//! The binary `axtary`: arguments go in, an exit code comes out.

use std::process::ExitCode;

fn main() -> ExitCode {
    axtary::command::run(std::env::args_os())
}
