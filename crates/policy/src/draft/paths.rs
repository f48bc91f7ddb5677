//! Patterns that allow the paths that were seen, and little else.

use std::collections::BTreeSet;

/// How many paths of a folder make it likely that others of it will follow.
const SUPPORT: usize = 3;
/// The most patterns.
const MAX_PATTERNS: usize = 64;
/// The longest pattern, in bytes, and the most `*` in it, as the pattern language has them.
const MAX_BYTES: usize = 1024;
const MAX_STARS: usize = 16;

/// The narrowest patterns that allow all these paths: folders of which several were seen, the deepest such ones, and the other
/// paths one by one. Where that takes too many, folders at the root.
pub(super) fn patterns(paths: &BTreeSet<String>) -> Result<Vec<String>, &'static str> {
    if paths.is_empty() {
        return Err("they were always empty, which no constraint can say");
    }
    let seen: BTreeSet<&str> = paths.iter().map(String::as_str).collect();
    if seen.iter().any(|path| pattern(path, "").is_none()) {
        return Err("they hold what no path pattern can name");
    }
    let narrow = cover(&seen, SUPPORT, usize::MAX);
    let patterns = if narrow.len() <= MAX_PATTERNS { narrow } else { cover(&seen, 1, 1) };
    if patterns.len() > MAX_PATTERNS {
        return Err("there are too many paths");
    }
    Ok(patterns)
}

/// Covers paths by folders, the deepest first, of which so many were seen, and that are so deep at most; the rest one by one.
fn cover(paths: &BTreeSet<&str>, support: usize, depth: usize) -> Vec<String> {
    let mut folders: Vec<&str> = paths.iter().flat_map(|path| folders_of(path)).collect();
    folders.sort_by_key(|folder| (std::cmp::Reverse(depth_of(folder)), *folder));
    folders.dedup();
    let mut rest = paths.clone();
    // Folders that are covered, and whether with all below them.
    let mut covered: Vec<(&str, bool)> = Vec::new();
    for folder in folders.into_iter().filter(|folder| depth_of(folder) <= depth) {
        let below: Vec<&str> = rest.iter().copied().filter(|path| is_below(path, folder)).collect();
        if below.len() < support {
            continue;
        }
        let deep = below.iter().any(|path| depth_of(path) > depth_of(folder) + 1);
        if deep {
            covered.retain(|(inner, _)| !is_below(inner, folder));
        }
        covered.push((folder, deep));
        rest.retain(|path| !is_below(path, folder));
    }
    let globs = covered.into_iter().map(|(folder, deep)| (folder, if deep { "/**" } else { "/*" }));
    let all = globs.chain(rest.into_iter().map(|path| (path, "")));
    let patterns: BTreeSet<String> = all.filter_map(|(path, end)| pattern(path, end)).collect();
    patterns.into_iter().collect()
}

/// Whether one of these patterns allows more than one path.
pub(super) fn is_wide(pattern: &str) -> bool {
    pattern.ends_with('*') || pattern.replace("[?]", "").contains('?')
}

/// The folders that a path lies in, but for the root: a pattern for that would allow everything.
fn folders_of(path: &str) -> impl Iterator<Item = &str> {
    path.match_indices('/').filter_map(|(at, _)| path.get(..at))
}

fn depth_of(path: &str) -> usize {
    path.split('/').count()
}

fn is_below(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
}

/// A pattern for a path or a folder, to which `end` is added. What patterns cannot name stands as `?`, for any one byte. `None` if
/// the path is none of a repository.
fn pattern(path: &str, end: &str) -> Option<String> {
    if path.split('/').any(|segment| matches!(segment, "" | "." | "..")) {
        return None;
    }
    // Without a slash it would be a name at any depth, and with `!` a negation.
    let is_anchored = path.contains('/') || !end.is_empty();
    let mut pattern = String::with_capacity(path.len() + 4);
    if !is_anchored || path.starts_with('!') {
        pattern.push('/');
    }
    for character in path.chars() {
        match character {
            '*' | '?' | '[' => pattern.extend(['[', character, ']']),
            '\\' | '{' | '}' => pattern.push('?'),
            other if other.is_control() => pattern.extend((0..other.len_utf8()).map(|_| '?')),
            other => pattern.push(other),
        }
    }
    pattern.push_str(end);
    let stars = pattern.bytes().filter(|byte| *byte == b'*').count();
    (pattern.len() <= MAX_BYTES && stars <= MAX_STARS).then_some(pattern)
}

#[cfg(test)]
mod tests {
    use axtary_actionpass::PathGlobs;
    use proptest::prelude::*;

    use super::*;

    fn of(paths: &[&str]) -> Result<Vec<String>, &'static str> {
        patterns(&paths.iter().map(|path| (*path).to_owned()).collect())
    }

    #[test]
    fn a_folder_of_which_several_paths_were_seen_stands_for_them_and_others_stand_alone() {
        assert_eq!(of(&["src/a.rs", "src/b.rs"]).unwrap(), ["src/a.rs", "src/b.rs"]);
        assert_eq!(of(&["src/a.rs", "src/b.rs", "src/c.rs"]).unwrap(), ["src/*"]);
        assert_eq!(
            of(&["src/a/x", "src/a/y", "src/a/z", "src/b/x", "README.md"]).unwrap(),
            ["/README.md", "src/a/*", "src/b/x"]
        );
        assert_eq!(of(&["src/a/x", "src/b/y", "src/c/z"]).unwrap(), ["src/**"]);
        assert_eq!(
            of(&["a/b/1", "a/b/2", "a/b/3", "a/x/1", "a/y/1", "a/z"]).unwrap(),
            ["a/**"],
            "what lies in a folder that is covered whole is not named again"
        );
        assert_eq!(of(&["a", "b", "c", "d"]).unwrap(), ["/a", "/b", "/c", "/d"], "never the root");
    }

    #[test]
    fn what_cannot_be_named_is_refused_and_too_many_become_folders_of_the_root() {
        for path in ["", "/a", "a/", "a//b", "../a", "a/./b", &"x".repeat(1025), &"*".repeat(17)] {
            assert!(of(&["src/a.rs", path]).is_err(), "{path}");
        }
        assert!(of(&[]).is_err());
        let many =
            |format: fn(usize) -> String| -> BTreeSet<String> { (0..70).map(format).collect() };
        assert_eq!(patterns(&many(|n| format!("src/{n}/main.rs"))).unwrap(), ["src/**"]);
        let pairs: BTreeSet<String> =
            (0..70).map(|n| format!("{}/{}/main.rs", n % 20, n / 2)).collect();
        assert!(patterns(&pairs).unwrap().len() <= MAX_PATTERNS);
        assert!(patterns(&many(|n| format!("{n}"))).is_err());
    }

    proptest! {
        #[test]
        fn whatever_was_seen_is_allowed_and_a_new_folder_of_the_root_is_not(
            paths in prop::collection::btree_set("[a-c*?!{}\\[\\]\\\\^\n\u{1}\u{85}é]{1,3}(/[a-c*?!{}\\[\\]\\\\^\n\u{85}-]{1,3}){0,3}", 1..40),
        ) {
            let paths: BTreeSet<String> = paths.into_iter().filter(|path| pattern(path, "/**").is_some()).collect();
            prop_assume!(!paths.is_empty());
            if let Ok(patterns) = patterns(&paths) {
                let globs = PathGlobs::allow(&patterns).map_err(|e| TestCaseError::fail(format!("{e} of {paths:?}")))?;
                for path in &paths {
                    prop_assert!(globs.matches(path), "{path:?} by {patterns:?}");
                }
                for other in ["elsewhere/a", "elsewhere", "elsewhere/a/b"] {
                    prop_assert!(!globs.matches(other), "{other:?} by {patterns:?}");
                }
            }
        }
    }
}
