//! Builtins that are refused although `regorus` knows them: those that read what is not in the action, those that do work
//! without bound in one step, which no budget of steps sees, and those that panic.

/// Builtins that are refused although regorus may know them, and why.
const REFUSED: [(&str, &str); 13] = [
    ("http.send", "it reads the network, so that a decision could not be derived again"),
    ("opa.runtime", "it reads the environment, so that a decision could not be derived again"),
    ("rand.intn", "it depends on chance, so that a decision could not be derived again"),
    ("time.now_ns", "it reads a clock, so that a decision could not be derived again"),
    ("uuid.rfc4122", "it depends on chance, so that a decision could not be derived again"),
    ("bits.lsh", "it does work without bound in one step"),
    ("graph.reachable_paths", "it does work without bound in one step"),
    ("net.cidr_expand", "it does work without bound in one step"),
    ("numbers.range", "it does work without bound in one step; list the numbers"),
    ("numbers.range_step", "it does work without bound in one step; list the numbers"),
    ("trace", "it would be ignored"),
    ("units.parse", "it does work without bound in one step, on `1e1000000000`"),
    ("units.parse_bytes", "it does work without bound in one step, on `1e1000000000`"),
];

use super::walk::Call;

/// Why a call of a builtin is refused, given its arguments as far as they are strings that stand there.
pub(super) fn refused_call(name: &str, literals: &[Option<String>]) -> Option<String> {
    if let Some((_, why)) = REFUSED.iter().find(|(refused, _)| *refused == name) {
        return Some(format!("the builtin `{name}` is refused: {why}"));
    }
    let literal = |at: usize| literals.get(at).and_then(Option::as_deref);
    match name {
        "sprintf" => match literal(0) {
            None => Some(
                "the format of `sprintf` must be a literal: a width in it decides how much is written"
                    .to_owned(),
            ),
            Some(format) if !has_small_widths(format) => Some(format!(
                "a width or precision in the format of `sprintf` has at most {MAX_WIDTH_DIGITS} digits"
            )),
            Some(_) => None,
        },
        "strings.count" if literal(1).is_none_or(str::is_empty) => Some(
            "what `strings.count` looks for must be a literal that is not empty: regorus panics on the empty string"
                .to_owned(),
        ),
        "replace" | "regex.replace" if literal(2).is_none() => Some(format!(
            "what `{name}` puts in must be a literal: else what it writes can grow by its own length"
        )),
        "strings.replace_n" => {
            Some("the builtin `strings.replace_n` is refused: use `replace`, with literals".to_owned())
        }
        _ => None,
    }
}

/// How many times what a builtin writes can be twice as large as what it is given, beside what it is given more than once.
pub(super) fn doublings(call: &Call) -> usize {
    match call.function.path.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        // Every character can become as long as what is put in.
        ["replace"] | ["regex", "replace"] => {
            let written = call.literals.get(2).and_then(Option::as_ref).map_or(0, String::len);
            written.checked_ilog2().map_or(1, |log| log as usize + 1)
        }
        ["array", "concat"]
        | ["base64", "encode"]
        | ["base64url", _]
        | ["concat" | "product" | "sprintf"]
        | ["hex", "encode"]
        | ["json", "marshal" | "marshal_with_options" | "patch"]
        | ["object", "union" | "union_n"] => 1,
        _ => 0,
    }
}

/// The most digits of a width.
const MAX_WIDTH_DIGITS: usize = 2;

/// Whether no number in a format is long, or of digits that regorus would panic on.
fn has_small_widths(format: &str) -> bool {
    format.split('%').skip(1).all(|verb| {
        let is_flag = |c: char| matches!(c, '+' | '-' | '#' | ' ' | '.') || c.is_numeric();
        let flags = verb.split(|c| !is_flag(c)).next().unwrap_or_default();
        flags.split(|c: char| !c.is_numeric()).all(|number| {
            number.len() <= MAX_WIDTH_DIGITS && number.bytes().all(|byte| byte.is_ascii_digit())
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_width_is_small_wherever_it_stands() {
        for format in ["%d", "%5d files", "100%%", "%-12s%.2f", "%s 123456", "% d", "a 1000 b"] {
            assert!(has_small_widths(format), "{format}");
        }
        for format in ["%999d", "%s%0999d", "%.999f", "%2.999f", "%\u{663}d", "%-999s", "%+ 999d"] {
            assert!(!has_small_widths(format), "{format}");
        }
    }
}
