//! Every command explains itself, by an example.

use crate::kit::Gate;

const COMMANDS: [&[&str]; 24] = [
    &[],
    &["init"],
    &["check"],
    &["check", "github.pull_requests.create"],
    &["verify"],
    &["policy"],
    &["policy", "check"],
    &["policy", "schema"],
    &["policy", "cedar-schema"],
    &["policy", "explain"],
    &["policy", "test"],
    &["policy", "replay"],
    &["policy", "bench"],
    &["policy", "draft"],
    &["ledger"],
    &["ledger", "verify"],
    &["ledger", "tail"],
    &["ledger", "show"],
    &["ledger", "prove"],
    &["ledger", "check-proof"],
    &["ledger", "checkpoint"],
    &["ledger", "export"],
    &["ledger", "stats"],
    &["completions"],
];

#[test]
fn every_help_shows_an_example() {
    let gate = Gate::empty();
    for command in COMMANDS {
        let ran = gate.run(&[command, &["--help"]].concat()).code(0);
        let (_, example) = ran.out.split_once("\nExample:\n").expect("an example");
        let call = ["axtary"].iter().chain(command).copied().collect::<Vec<_>>().join(" ");
        assert!(example.contains(&call), "{}", ran.out);
    }
}

#[test]
fn the_help_explains_every_exit_code() {
    let ran = Gate::empty().run(&["--help"]).code(0);
    let (_, codes) = ran.out.split_once("Exit codes:").unwrap();
    for code in ["0", "2", "3", "4", "5"] {
        assert!(codes.contains(&format!("\n  {code}  ")), "{codes}");
    }
}

#[test]
fn no_command_and_an_unknown_one_are_mistakes() {
    let gate = Gate::empty();
    gate.run(&[]).code(2);
    gate.run(&["chek"]).code(2);
    gate.run(&["check", "github.repos.delete"]).code(2);
}

#[test]
fn every_shell_gets_a_completion_script() {
    let gate = Gate::empty();
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let ran = gate.run(&["completions", shell]).code(0);
        assert!(ran.out.contains("ledger"), "{shell}");
    }
}
