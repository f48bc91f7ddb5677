//! Paths in a repository, as far as every system reads them alike.

use axtary_actionpass::{is_invisible, path_key};

use crate::error::NormalizeError;

const MAX_BYTES: usize = 4096;
const MAX_SEGMENT: usize = 255;
const MAX_SEGMENTS: usize = 64;

/// Reads a path from a git tree. Nothing is cleaned: a path that needs it is refused, since a server may clean otherwise.
pub(crate) fn read(bytes: &[u8]) -> Result<String, NormalizeError> {
    let refuse = |problem| {
        Err(NormalizeError::Path {
            path: String::from_utf8_lossy(bytes).chars().take(256).collect(),
            problem,
        })
    };
    let Ok(path) = std::str::from_utf8(bytes) else {
        return refuse("it is not UTF-8");
    };
    if path.len() > MAX_BYTES {
        return refuse("it is longer than 4096 bytes");
    }
    if path.chars().any(is_invisible) {
        return refuse("it holds control characters, or characters that nobody sees");
    }
    if path.contains('\\') {
        return refuse("a backslash separates folders on some systems");
    }
    let segments: Vec<&str> = path.split('/').collect();
    if segments.len() > MAX_SEGMENTS {
        return refuse("it is deeper than 64 folders");
    }
    for segment in segments {
        if matches!(segment, "" | "." | "..") {
            return refuse("it has an empty, `.` or `..` segment");
        }
        if segment.len() > MAX_SEGMENT {
            return refuse("a segment is longer than 255 bytes");
        }
        let key = path_key(segment);
        if key.is_empty() {
            return refuse("a segment of it is no name on some systems");
        }
        // NTFS finds `.git` under its short name too; more `~` forms are hashes of longer names that git itself protects.
        if matches!(key.as_str(), ".git" | "git~1") {
            return refuse("it leads into `.git`, where git keeps its own files");
        }
    }
    Ok(path.to_owned())
}

/// Whether a symbolic link at `path` that leads to `target` stays within the repository.
pub(crate) fn stays_inside(path: &str, target: &str) -> bool {
    if target.starts_with('/') || target.contains('\\') || target.contains(':') {
        return false;
    }
    // The folder that holds the link is where its target starts.
    let mut depth = path.split('/').count() - 1;
    for segment in target.split('/') {
        match segment {
            "" | "." => {}
            ".." if depth == 0 => return false,
            ".." => depth -= 1,
            _ => depth += 1,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_that_systems_read_differently_are_refused() {
        for path in [
            b"a\xFFb".as_slice(),
            b"a\nb",
            b"a\0b",
            b"\x1b[31m",
            b".github\\workflows\\x.yml",
            b"a//b",
            b"/a",
            b"a/",
            b"./a",
            b"docs/../x",
            b".git/hooks/post-checkout",
            b"sub/.git/config",
            b".GIT/config",
            b".git./config",
            b".git /config",
            b".git::$INDEX_ALLOCATION/config",
            b"GIT~1/config",
            b"a/.../b",
            b"",
            ".g\u{200c}it/config".as_bytes(),
            "a\u{202e}gnp.js".as_bytes(),
            "\u{ff0e}git/config".as_bytes(),
        ] {
            assert!(read(path).is_err(), "{:?}", String::from_utf8_lossy(path));
        }
        assert!(read("a".repeat(256).as_bytes()).is_err());
        assert!(read("a/".repeat(64).as_bytes()).is_err());
        assert!(read(format!("{}b", "a/".repeat(64)).as_bytes()).is_err());
        assert!(read(vec!["a".repeat(200); 21].join("/").as_bytes()).is_err());
    }

    #[test]
    fn ordinary_paths_are_taken_as_they_are() {
        for path in [
            "src/lib.rs",
            ".github/workflows/ci.yml",
            ".gitignore",
            "docs/é.md",
            "a b/c%20d.txt",
            "x~1",
        ] {
            assert_eq!(read(path.as_bytes()).unwrap(), path);
        }
    }

    #[test]
    fn a_link_that_climbs_out_is_seen() {
        for (path, target) in [
            ("a", "/etc/passwd"),
            ("a", ".."),
            ("a/b", "../../x"),
            ("a/b", "c/../../../x"),
            ("a", "C:x"),
            ("a", "..\\x"),
        ] {
            assert!(!stays_inside(path, target), "{path} -> {target}");
        }
        for (path, target) in
            [("a", "b"), ("a/b", "../x"), ("docs/x", "../.github/workflows/ci.yml"), ("a/b", "./c")]
        {
            assert!(stays_inside(path, target), "{path} -> {target}");
        }
    }
}
