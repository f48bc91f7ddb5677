//! What the text of a title, a comment or a commit message sets off: mentions, commands to bots, checks that are skipped.

use std::collections::BTreeSet;

use axtary_actionpass::is_invisible;

/// What a line begins with that bots take for a command, beside a slash and a letter.
const COMMANDS: [&str; 12] = [
    "@dependabot",
    "@renovate",
    "@renovatebot",
    "@mergify",
    "@mergifyio",
    "@bors",
    "bors ",
    "@github-actions",
    "@copilot",
    "@claude",
    "@codex",
    "@coderabbitai",
];

/// What keeps checks from running, anywhere in a commit message.
const SKIPS: [&str; 5] = ["[skip ci]", "[ci skip]", "[no ci]", "[skip actions]", "[actions skip]"];

/// Users and teams that are notified: `alice`, `company/security`, in lower case.
pub(crate) fn mentions<'t>(texts: impl IntoIterator<Item = &'t str>) -> BTreeSet<String> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '/' | '.');
    let mut found = BTreeSet::new();
    for text in texts {
        let text = shown(text);
        let mut before = None;
        let mut rest = text.as_str();
        while let Some((head, tail)) = rest.split_once('@') {
            let last = head.chars().next_back().or(before);
            let name: String = tail.chars().take_while(|c| is_name(*c)).collect();
            let name = name.trim_end_matches(['.', '/', '-', '_']);
            if !name.is_empty() && !last.is_some_and(|c| c.is_ascii_alphanumeric()) {
                found.insert(name.to_ascii_lowercase());
            }
            before = Some('@');
            rest = tail;
        }
    }
    found
}

/// Whether a line reads as a command to a bot: `/merge`, `@dependabot merge`, `bors r+`.
pub(crate) fn has_command<'t>(texts: impl IntoIterator<Item = &'t str>) -> bool {
    texts.into_iter().any(|text| {
        shown(text).split(['\n', '\r']).any(|line| {
            let line = line.trim_start().to_lowercase();
            let slash =
                line.strip_prefix('/').is_some_and(|rest| rest.starts_with(char::is_alphabetic));
            slash || COMMANDS.iter().any(|command| line.starts_with(command))
        })
    })
}

/// Whether a commit with this message is one for which GitHub runs no checks.
pub(crate) fn skips_ci<'t>(messages: impl IntoIterator<Item = &'t str>) -> bool {
    messages.into_iter().any(|message| {
        let message = shown(message).to_lowercase();
        SKIPS.iter().any(|skip| message.contains(skip))
            || message.lines().any(|line| {
                let line: String = line.chars().filter(|c| !c.is_whitespace()).collect();
                line == "skip-checks:true"
            })
    })
}

/// The text without what nobody sees, which must not part a word that is then read as whole.
fn shown(text: &str) -> String {
    text.chars().filter(|c| matches!(c, '\n' | '\r' | '\t') || !is_invisible(*c)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whom_a_text_notifies() {
        let found = |text| mentions([text]).into_iter().collect::<Vec<_>>();
        assert_eq!(
            found("cc @Alice, @company/Security. (@bob)"),
            ["alice", "bob", "company/security"]
        );
        assert_eq!(found("alice@example.com, @ nobody, @"), [""; 0]);
        assert_eq!(found("@@alice"), ["alice"], "the second sign counts");
        assert_eq!(found("@al\u{200b}ice"), ["alice"]);
    }

    #[test]
    fn commands_to_bots_are_seen_at_the_start_of_a_line() {
        for text in [
            "/merge",
            "please\n  /Approve",
            "@dependabot merge",
            "Bors r+",
            "ok\r@Mergify queue",
            "/\u{200b}merge",
        ] {
            assert!(has_command([text]), "{text:?}");
        }
        for text in ["see docs/merge", "and/or", "/ alone", "// comment", "borscht", "1/2"] {
            assert!(!has_command([text]), "{text:?}");
        }
    }

    #[test]
    fn messages_that_skip_checks_are_seen() {
        for text in [
            "Fix [Skip CI]",
            "x\n\nskip-checks: true",
            "x\n\nSkip-Checks:true",
            "[skip\u{200b} ci]",
        ] {
            assert!(skips_ci([text]), "{text:?}");
        }
        assert!(!skips_ci(["skip ci", "do not skip-checks: true here"]));
    }
}
