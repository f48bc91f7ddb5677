//! Paths in a repository, as far as every system reads them alike.

use axtary_actionpass::{is_invisible, path_key};

use crate::error::NormalizeError;

/// The longest path, in bytes.
pub(crate) const MAX_BYTES: usize = 4096;
const MAX_SEGMENT: usize = 255;
const MAX_SEGMENTS: usize = 64;

/// Reads a path from a git tree. Nothing is cleaned: a path that needs it is refused, since a server may clean otherwise.
pub(crate) fn read(bytes: &[u8]) -> Result<String, NormalizeError> {
    let refuse = |problem| Err(NormalizeError::Path { path: shown(bytes), problem });
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
    if path.split('/').count() > MAX_SEGMENTS {
        return refuse("it is deeper than 64 folders");
    }
    for segment in path.split('/') {
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
        if key == ".git" {
            return refuse("it leads into `.git`, where git keeps its own files");
        }
        if is_short_name(&key) {
            return refuse("a segment reads as the short name that Windows gives to a longer one");
        }
    }
    Ok(path.to_owned())
}

/// Reads the target of the symbolic link at `link`.
///
/// It may climb from the folder of the link, which is a real folder in the same tree. It may not climb from anywhere else: a
/// folder on the way could be a link itself, and `..` then leads to where nobody can tell from here.
pub(crate) fn read_target(link: &str, target: &[u8]) -> Result<String, NormalizeError> {
    let refuse = |problem| {
        Err(NormalizeError::SymlinkEscapes {
            path: link.to_owned(),
            target: shown(target),
            problem,
        })
    };
    let Ok(text) = std::str::from_utf8(target) else {
        return refuse("it is not UTF-8");
    };
    if text.is_empty() || text.chars().any(is_invisible) {
        return refuse("it is empty, or holds control characters or characters that nobody sees");
    }
    if text.starts_with('/') || text.contains(['\\', ':']) {
        return refuse("it is absolute, or is so on some systems");
    }
    let mut folders = link.split('/').count() - 1;
    let mut descended = false;
    for segment in text.split('/') {
        match segment {
            "" | "." => {}
            ".." if descended => {
                return refuse("it climbs from a folder that may itself be a link");
            }
            ".." if folders == 0 => return refuse("it is not in the repository"),
            ".." => folders -= 1,
            name => {
                let key = path_key(name);
                if key.is_empty() || key == ".git" || is_short_name(&key) {
                    return refuse("it is, or may be, in `.git`, where git keeps its own files");
                }
                descended = true;
            }
        }
    }
    Ok(text.to_owned())
}

/// Where the symbolic link at `link` leads, as a path in the repository; its target was read before.
pub(crate) fn led_to(link: &str, target: &str) -> String {
    let mut segments: Vec<&str> = link.split('/').collect();
    segments.pop();
    for segment in target.split('/') {
        match segment {
            "" | "." => {}
            ".." => drop(segments.pop()),
            name => segments.push(name),
        }
    }
    segments.join("/")
}

/// Whether a part of the path mixes letters that look alike: Latin with Greek, Cyrillic, Armenian, Cherokee or Lisu.
///
/// Letters are taken run by run, so that `отчёт.md` is not mixed, and `gіthub` (U+0456) is. UTS 39 knows more ways to deceive;
/// these are the ones in which a name passes for another one.
pub(crate) fn is_confusable(path: &str) -> bool {
    path.split(|c: char| !c.is_alphabetic()).any(|run| {
        run.contains(|c: char| c.is_ascii_alphabetic()) && run.contains(looks_like_latin)
    })
}

fn looks_like_latin(character: char) -> bool {
    matches!(u32::from(character),
        0x0370..=0x058F | 0x13A0..=0x13FF | 0x1C80..=0x1C8F | 0x1F00..=0x1FFF | 0x2C80..=0x2CFF | 0x2DE0..=0x2DFF
        | 0xA4D0..=0xA4FF | 0xA640..=0xA69F | 0xAB70..=0xABBF)
}

/// Whether a name has the 8.3 form in which Windows also finds a longer one: `GIT~1` is `.git`, `ENV~1.LOC` is `.env.local`.
///
/// Which longer name it finds depends on what else is in the folder, and may be a hash of it (`GI7EBA~1`): so none is taken.
fn is_short_name(key: &str) -> bool {
    let (name, extension) = key.split_once('.').unwrap_or((key, ""));
    let Some((stem, number)) = name.rsplit_once('~') else { return false };
    let digits = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    digits && !stem.is_empty() && name.chars().count() <= 8 && extension.chars().count() <= 3
}

/// The bytes as a message can show them.
pub(crate) fn shown(bytes: &[u8]) -> String {
    let escaped = |chunk: std::str::Utf8Chunk<'_>| {
        format!("{}{}", chunk.valid().escape_debug(), chunk.invalid().escape_ascii())
    };
    bytes.utf8_chunks().take(256).map(escaped).collect::<String>().chars().take(256).collect()
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
            b"GITMOD~1",
            b"GI7EBA~1",
            b"web/ENV~1.LOC",
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
            "notes~",
            "notes.~1~",
            "a-longer-name~1",
            "~1",
        ] {
            assert_eq!(read(path.as_bytes()).unwrap(), path);
        }
    }

    #[test]
    fn a_refused_path_is_shown_so_that_it_can_be_found() {
        let message = |path: &[u8]| read(path).unwrap_err().to_string();
        assert_eq!(message(b"a\xFF/b"), "the path `a\\xff/b` is refused: it is not UTF-8");
        assert_eq!(
            message("a\nb\u{202e}".as_bytes()),
            "the path `a\\nb\\u{202e}` is refused: it holds control characters, or characters that nobody sees"
        );
    }

    #[test]
    fn a_link_that_may_lead_out_is_refused() {
        for (link, target) in [
            ("a", "/etc/passwd"),
            ("a", ".."),
            ("a/b", "../../x"),
            ("a/b", "c/../../../x"),
            ("a/b", "c/../d"),
            ("a", "C:x"),
            ("a", "..\\x"),
            ("a", ""),
            ("a", "b\nc"),
            ("a", ".git/hooks"),
            ("a/b", "../.GIT/config"),
            ("a/b", "../GIT~1/config"),
        ] {
            assert!(read_target(link, target.as_bytes()).is_err(), "{link} -> {target}");
        }
        assert!(read_target("a", b"\xFF").is_err());
        for (link, target) in [
            ("a", "b"),
            ("a/b", "../x"),
            ("docs/x", "../.github/workflows/ci.yml"),
            ("a/b", "./c/"),
        ] {
            assert_eq!(read_target(link, target.as_bytes()).unwrap(), target);
        }
    }

    #[test]
    fn a_link_leads_from_its_own_folder() {
        for (link, target, path) in [
            ("a", "b", "b"),
            ("docs/x", "../.github/workflows/ci.yml", ".github/workflows/ci.yml"),
            ("a/b/c", ".././d//e/", "a/d/e"),
            ("a/b", "..", ""),
        ] {
            assert_eq!(led_to(link, target), path);
        }
    }

    #[test]
    fn letters_that_look_alike_are_seen_where_they_are_mixed() {
        for path in [".g\u{456}thub/ci.yml", "src/\u{3bf}ne.rs", "p\u{430}yments/x"] {
            assert!(is_confusable(path), "{path}");
        }
        for path in ["отчёт.md", "Größe.txt", "日本語README.md", "src/lib.rs", "Ελλάδα/x.md"]
        {
            assert!(!is_confusable(path), "{path}");
        }
    }
}
