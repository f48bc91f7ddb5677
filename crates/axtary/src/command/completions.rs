//! `axtary completions`: what a shell needs to complete `axtary`'s arguments.

use clap::{Args, CommandFactory as _};
use clap_complete::Shell;

use super::Arguments;

/// Print the completion script of a shell
#[derive(Args)]
#[command(after_help = "\
Example:
  axtary completions bash > ~/.local/share/bash-completion/completions/axtary")]
pub(super) struct Completions {
    /// The shell
    shell: Shell,
}

impl Completions {
    pub(super) fn run(self) -> Vec<u8> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Arguments::command(), "axtary", &mut script);
        script
    }
}
