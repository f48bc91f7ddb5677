//! Cases that are decided again whenever they, or the policies that they are about, change.
//!
//! Files are looked at a few times a second, by their times and lengths. Notices of the operating system would come sooner, and
//! not at all for folders that are mounted from elsewhere.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    thread,
    time::{Duration, SystemTime},
};

use super::find;

/// How long nobody looks.
const PAUSE: Duration = Duration::from_millis(250);

/// Tests, and tests again whenever something has `changed`, which says `false` when there is nothing more to wait for.
pub(super) fn repeat<T>(
    mut test: impl FnMut() -> T,
    mut told: impl FnMut(&T),
    mut changed: impl FnMut() -> bool,
) -> T {
    loop {
        let result = test();
        told(&result);
        if !changed() {
            return result;
        }
    }
}

/// The files of cases at a path, and the policies that they are about.
pub(super) struct Watched {
    cases: PathBuf,
    policies: Vec<PathBuf>,
    seen: Stamps,
}

/// The time and the length of each file that there is.
type Stamps = BTreeMap<PathBuf, (Option<SystemTime>, u64)>;

impl Watched {
    /// Looks at everything for the first time. Whoever reads the files, reads them after that, or misses what changes between.
    pub(super) fn new(cases: &Path, policies: Vec<PathBuf>) -> Self {
        let mut watched = Self { cases: cases.to_owned(), policies, seen: Stamps::new() };
        watched.seen = watched.look();
        watched
    }

    /// Waits until something has changed.
    pub(super) fn wait(&mut self) {
        self.wait_by(|| thread::sleep(PAUSE));
    }

    fn wait_by(&mut self, mut pause: impl FnMut()) {
        loop {
            pause();
            let now = self.look();
            if now != self.seen {
                self.seen = now;
                return;
            }
        }
    }

    fn look(&self) -> Stamps {
        // What cannot be read now is told of by whoever tests.
        let cases = find::case_files(&self.cases).unwrap_or_default();
        let policies = self.policies.iter().flat_map(|path| beside(path));
        cases
            .into_iter()
            .chain(policies)
            .filter_map(|path| {
                let metadata = fs::metadata(&path).ok()?;
                Some((path, (metadata.modified().ok(), metadata.len())))
            })
            .collect()
    }
}

/// A file, and those of its folder that could be policy: a set may be a folder, and one more may come.
fn beside(path: &Path) -> Vec<PathBuf> {
    let mut found = vec![path.to_owned()];
    let folder = match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if [".yml", ".yaml", ".cedar", ".rego", ".tar.gz"].iter().any(|end| name.ends_with(end)) {
            found.push(entry.path());
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_watched_is_tested_once_for_each_change() {
        let mut changes = 3;
        let (mut tests, mut told) = (0, Vec::new());
        let last = repeat(
            || {
                tests += 1;
                tests
            },
            |result| told.push(*result),
            || {
                changes -= 1;
                changes >= 0
            },
        );
        assert_eq!((last, told), (4, vec![1, 2, 3, 4]));
    }

    #[test]
    fn a_change_of_cases_or_policies_ends_the_wait_and_of_nothing_else_does() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        for name in ["a.cases.yml", "policy/rules.yml"] {
            fs::create_dir_all(at(name).parent().unwrap()).unwrap();
            fs::write(at(name), "1").unwrap();
        }
        let mut watched = Watched::new(folder.path(), vec![at("policy/rules.yml")]);
        let changes: [(&str, Option<&str>); 5] = [
            ("a.cases.yml", Some("12")),
            ("policy/rules.yml", Some("12")),
            ("below/b.cases.yml", Some("1")),
            ("policy/more.cedar", Some("1")),
            ("a.cases.yml", None),
        ];
        for (name, text) in changes {
            let mut looks = 0;
            watched.wait_by(|| {
                looks += 1;
                match looks {
                    1 => fs::write(at("notes.txt"), name).unwrap(),
                    2 => match text {
                        Some(text) => {
                            fs::create_dir_all(at(name).parent().unwrap()).unwrap();
                            fs::write(at(name), text).unwrap();
                        }
                        None => fs::remove_file(at(name)).unwrap(),
                    },
                    _ => panic!("the change of {name} was not seen"),
                }
            });
            assert_eq!(looks, 2, "{name}");
        }
    }
}
