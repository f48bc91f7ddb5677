//! What came of cases as JUnit's XML, which CI systems show: a suite for each file of cases, a test for each case under each set of
//! policies, and a suite for coverage where that is demanded.

use std::fmt::{self, Write as _};

use super::{escape::visible, text};
use crate::command::{PolicyCheck, Tested, TestedFile};

/// The report as a document.
pub(super) fn report(tested: &Tested) -> Result<String, fmt::Error> {
    let uncovered = tested.uncovered().count();
    let (tests, failures) = (tested.checks().count(), tested.failed());
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    writeln!(
        out,
        "<testsuites name=\"axtary policy test\" tests=\"{}\" failures=\"{}\" errors=\"0\">",
        tests + uncovered,
        failures + uncovered
    )?;
    tested.files.iter().try_for_each(|file| suite(&mut out, file))?;
    if uncovered > 0 {
        open_suite(&mut out, "coverage", uncovered, uncovered)?;
        for policy in tested.uncovered() {
            let name = format!("{}:{} decides a case", policy.engine, policy.id);
            write!(out, "    <testcase name=\"{}\" classname=\"coverage\"", Xml(&name))?;
            place(&mut out, &policy.file, policy.line)?;
            let message = "the policy never decided a case";
            writeln!(out, "><failure message=\"{message}\" type=\"coverage\"/></testcase>")?;
        }
        out.push_str("  </testsuite>\n");
    }
    out.push_str("</testsuites>\n");
    Ok(out)
}

fn suite(out: &mut String, file: &TestedFile) -> fmt::Result {
    let failures = file.checks.iter().filter(|check| check.failed.is_some()).count();
    let name = file.path.display().to_string();
    open_suite(out, &name, file.checks.len(), failures)?;
    for check in &file.checks {
        let test = format!("{} [{}]", check.case, check.policies);
        write!(out, "    <testcase name=\"{}\" classname=\"{}\"", Xml(&test), Xml(&name))?;
        place(out, &name, check.line)?;
        failure(out, check)?;
    }
    out.push_str("  </testsuite>\n");
    Ok(())
}

fn open_suite(out: &mut String, name: &str, tests: usize, failures: usize) -> fmt::Result {
    let name = Xml(name);
    writeln!(
        out,
        "  <testsuite name=\"{name}\" tests=\"{tests}\" failures=\"{failures}\" errors=\"0\" skipped=\"0\">"
    )
}

fn place(out: &mut String, file: &str, line: Option<u64>) -> fmt::Result {
    write!(out, " file=\"{}\"", Xml(file))?;
    line.map_or(Ok(()), |line| write!(out, " line=\"{line}\""))
}

fn failure(out: &mut String, check: &PolicyCheck) -> fmt::Result {
    let Some(failed) = &check.failed else { return writeln!(out, "/>") };
    let unmet = failed.unmet.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
    let part = failed.unmet.first().map_or("decision", |unmet| unmet.part);
    let mut told = String::new();
    text::failed_check(&mut told, check)?;
    write!(out, "><failure message=\"{}\" type=\"{part}\">", Xml(&unmet))?;
    writeln!(out, "{}</failure></testcase>", Xml(told.trim_end()))
}

/// Text as XML 1.0 takes it, as content and in attributes.
struct Xml<'a>(&'a str);

impl fmt::Display for Xml<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for character in visible(self.0).chars() {
            match character {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                // The only characters left that XML has no way to write.
                '\u{FFFE}' | '\u{FFFF}' => f.write_char(char::REPLACEMENT_CHARACTER)?,
                other => f.write_char(other)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_breaks_out_of_the_document() {
        assert_eq!(
            Xml("a\"><b>&amp;\u{1b}\u{0}\u{FFFF}").to_string(),
            "a&quot;&gt;&lt;b&gt;&amp;amp;\\u001b\\u0000\u{FFFD}"
        );
    }
}
