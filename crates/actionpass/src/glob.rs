//! Path patterns as `.gitignore` has them, in two strengths: deny patterns match broadly, allow patterns narrowly.
//!
//! A pattern without a slash matches a name at any depth (`.env*` finds `web/.env.local`); one with a slash is anchored
//! at the root. `*` and `?` stay within a segment, `**` is a whole segment, `[ab]` and `[!ab]` are classes. A deny
//! pattern also matches what lies below a path it names, ignores case, and is tried on a folded form of the path
//! (NFKC, ignorable code points dropped), so that no spelling which some file system takes for the same name slips by.

use std::borrow::Cow;

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use unicode_normalization::UnicodeNormalization;

/// The longest pattern, in bytes.
const MAX_PATTERN: usize = 1024;
/// The most wildcards in one pattern.
const MAX_STARS: usize = 16;
/// The most patterns in one list.
const MAX_PATTERNS: usize = 1024;

/// A compiled list of path patterns.
#[derive(Clone, Debug)]
pub struct PathGlobs {
    set: GlobSet,
    strength: Strength,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Strength {
    Deny,
    Allow,
}

/// Why a path pattern is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the path pattern `{pattern}` is refused: {problem}")]
pub struct GlobError {
    pattern: String,
    problem: String,
}

impl GlobError {
    fn new(pattern: &str, problem: impl Into<String>) -> Self {
        Self { pattern: pattern.chars().take(128).collect(), problem: problem.into() }
    }
}

impl PathGlobs {
    /// Compiles patterns that forbid: any spelling, and everything below.
    ///
    /// # Errors
    ///
    /// [`GlobError`] names the pattern and what to write instead. An empty list is an error: it is a typo, not "none".
    pub fn deny<P: AsRef<str>>(patterns: &[P]) -> Result<Self, GlobError> {
        Self::compile(patterns, Strength::Deny)
    }

    /// Compiles patterns that allow: exactly the path as it is spelled.
    ///
    /// # Errors
    ///
    /// As [`PathGlobs::deny`].
    pub fn allow<P: AsRef<str>>(patterns: &[P]) -> Result<Self, GlobError> {
        Self::compile(patterns, Strength::Allow)
    }

    /// Whether one of the patterns matches `path`.
    pub fn matches(&self, path: &str) -> bool {
        if self.set.is_match(path) {
            return true;
        }
        match (self.strength, fold(path)) {
            (Strength::Allow, _) | (Strength::Deny, Cow::Borrowed(_)) => false,
            (Strength::Deny, Cow::Owned(folded)) => self.set.is_match(folded),
        }
    }

    fn compile<P: AsRef<str>>(patterns: &[P], strength: Strength) -> Result<Self, GlobError> {
        if patterns.is_empty() {
            return Err(GlobError::new(
                "",
                "the list is empty; leave the constraint out, or name a pattern",
            ));
        }
        if patterns.len() > MAX_PATTERNS {
            return Err(GlobError::new(
                "",
                format!("the list has more than {MAX_PATTERNS} patterns"),
            ));
        }
        let mut builder = GlobSetBuilder::new();
        for pattern in patterns {
            let pattern = pattern.as_ref();
            for glob in expand(pattern, strength)? {
                let glob = GlobBuilder::new(&glob)
                    .literal_separator(true)
                    .backslash_escape(false)
                    .case_insensitive(strength == Strength::Deny)
                    .build()
                    .map_err(|error| GlobError::new(pattern, error.kind().to_string()))?;
                builder.add(glob);
            }
        }
        let set = builder.build().map_err(|error| GlobError::new("", error.to_string()))?;
        Ok(Self { set, strength })
    }
}

/// The form in which case-insensitive and normalizing file systems compare a path: two paths with one key may be one file.
pub fn path_key(path: &str) -> String {
    fold(path).to_lowercase()
}

/// Whether a reader cannot see this character, or it changes the order in which others are shown.
pub fn is_invisible(character: char) -> bool {
    character.is_control() || is_ignorable(character)
}

/// Turns a pattern as written into anchored globs.
fn expand(pattern: &str, strength: Strength) -> Result<Vec<String>, GlobError> {
    let refuse = |problem: &str| Err(GlobError::new(pattern, problem));
    if pattern.len() > MAX_PATTERN {
        return refuse("it is longer than 1024 bytes");
    }
    if pattern.bytes().filter(|byte| *byte == b'*').count() > MAX_STARS {
        return refuse("it has more than 16 `*`");
    }
    if pattern.starts_with('!') {
        return refuse("negation is not supported; list what is meant");
    }
    if pattern.contains(['\\', '{', '}'])
        || pattern.contains("[^")
        || pattern.contains(char::is_control)
    {
        return refuse(
            "`\\`, `{`, `}`, `[^` and control characters are not part of the pattern language",
        );
    }
    let directory = pattern.ends_with('/');
    let anchored = pattern.strip_suffix('/').unwrap_or(pattern).contains('/');
    let body = pattern.strip_prefix('/').unwrap_or(pattern);
    let body = body.strip_suffix('/').unwrap_or(body);
    for segment in body.split('/') {
        if matches!(segment, "" | "." | "..") {
            return refuse(
                "it has an empty, `.` or `..` segment, which no path in a repository has",
            );
        }
        if segment.contains("**") && segment != "**" {
            return refuse("`**` must stand alone between slashes");
        }
    }
    // The deny form is folded like the paths it is tried on.
    let body = match strength {
        Strength::Deny if !body.is_ascii() => fold_characters(body),
        Strength::Deny | Strength::Allow => body.to_owned(),
    };
    let rooted = if anchored { body } else { format!("**/{body}") };
    Ok(match strength {
        Strength::Deny => {
            // `x/**` also denies `x`, which could become a symlink.
            let base = rooted.strip_suffix("/**").filter(|base| !base.is_empty() && *base != "**");
            let base = base.unwrap_or(&rooted).to_owned();
            vec![format!("{base}/**"), base]
        }
        Strength::Allow if directory => vec![format!("{rooted}/**")],
        Strength::Allow => vec![rooted],
    })
}

/// Folds a path to the form that case-insensitive and normalizing file systems compare: NFKC, ignorable code points
/// dropped, lower case; per segment an NTFS stream (`:…`) cut and trailing dots and spaces stripped.
fn fold(path: &str) -> Cow<'_, str> {
    let plain = path.is_ascii()
        && !path.contains(':')
        && !path.split('/').any(|segment| segment.ends_with(['.', ' ']));
    if plain {
        return Cow::Borrowed(path);
    }
    let visible = fold_characters(path);
    let segments: Vec<&str> = visible
        .split('/')
        .map(|segment| {
            segment.split_once(':').map_or(segment, |(name, _)| name).trim_end_matches(['.', ' '])
        })
        .collect();
    Cow::Owned(segments.join("/"))
}

fn fold_characters(text: &str) -> String {
    text.nfkc().filter(|c| !is_ignorable(*c)).flat_map(char::to_lowercase).collect()
}

/// Code points that some file systems skip when they compare names (Unicode `Default_Ignorable_Code_Point`).
fn is_ignorable(character: char) -> bool {
    matches!(u32::from(character),
        0x00AD | 0x034F | 0x061C | 0x115F..=0x1160 | 0x17B4..=0x17B5 | 0x180B..=0x180F | 0x200B..=0x200F
        | 0x202A..=0x202E | 0x2060..=0x206F | 0x3164 | 0xFE00..=0xFE0F | 0xFEFF | 0xFFA0 | 0xFFF0..=0xFFF8
        | 0x1BCA0..=0x1BCA3 | 0x1D173..=0x1D17A | 0xE0000..=0xE0FFF)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn denies(pattern: &str, path: &str) -> bool {
        PathGlobs::deny(&[pattern]).unwrap().matches(path)
    }

    fn allows(pattern: &str, path: &str) -> bool {
        PathGlobs::allow(&[pattern]).unwrap().matches(path)
    }

    #[test]
    fn a_deny_pattern_without_a_slash_matches_a_name_at_any_depth() {
        assert!(denies(".env*", ".env"));
        assert!(denies(".env*", "web/.env.local"));
        assert!(denies("node_modules", "a/node_modules/b/c.js"));
        assert!(!denies(".env*", "web/env.local"));
    }

    #[test]
    fn a_deny_pattern_with_a_slash_is_anchored_at_the_root() {
        assert!(denies("infra/prod", "infra/prod"));
        assert!(denies("infra/prod", "infra/prod/main.tf"));
        assert!(denies("/Makefile", "Makefile"));
        assert!(!denies("/Makefile", "sub/Makefile"));
        assert!(!denies("infra/prod", "x/infra/prod"));
        assert!(!denies("infra/prod", "infra/production"));
    }

    #[test]
    fn a_star_stays_within_its_segment_and_a_double_star_does_not() {
        assert!(!denies("src/*.rs", "src/a/b.rs"));
        assert!(denies("src/**/*.rs", "src/a/b.rs"));
        assert!(denies("src/**/*.rs", "src/b.rs"));
        assert!(denies("**/*.yml", ".github/workflows/ci.yml"));
    }

    #[test]
    fn a_deny_pattern_finds_every_spelling_of_a_name() {
        for path in [
            ".github/workflows/ci.yml",
            ".GitHub/Workflows/CI.yml",
            ".g\u{200c}ithub/workflows/ci.yml",
            ".github./workflows/ci.yml",
            ".github /workflows/ci.yml",
            ".github::$INDEX_ALLOCATION/workflows/ci.yml",
            ".\u{ff47}ithub/workflows/ci.yml",
            ".github",
            ".github/workflows",
        ] {
            let pattern = if path.contains('/') { ".github/workflows/**" } else { ".github/**" };
            assert!(denies(pattern, path), "{path:?}");
        }
        assert!(
            denies("caf\u{e9}", "cafe\u{301}"),
            "composed and decomposed are one name on some file systems"
        );
    }

    #[test]
    fn an_allow_pattern_matches_the_spelling_and_nothing_else() {
        assert!(allows("docs/**", "docs/a/b.md"));
        assert!(allows("*.md", "docs/a.md"));
        assert!(allows("docs/", "x/docs/a.md"));
        assert!(!allows("docs/**", "Docs/a.md"));
        assert!(!allows("docs/**", "docs"));
        assert!(!allows("docs/a", "docs/a/b"));
        assert!(!allows("docs", "docs/a.md"));
    }

    #[test]
    fn a_pattern_outside_the_language_is_refused_with_its_text() {
        for pattern in [
            "", "/", "a//b", "../x", "./x", "a/../b", "!x", "a\\b", "{a,b}", "[^a]", "a**",
            "x/**y", "[a", "a\nb",
        ] {
            let error = PathGlobs::deny(&[pattern]).expect_err(pattern);
            assert!(error.to_string().starts_with("the path pattern `"), "{error}");
        }
        assert!(PathGlobs::deny::<&str>(&[]).is_err(), "an empty list is a typo");
        assert!(PathGlobs::deny(&["*".repeat(17)]).is_err());
        assert!(PathGlobs::deny(&["a".repeat(1025)]).is_err());
    }
}
