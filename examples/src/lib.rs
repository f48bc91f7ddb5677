//! The small git repository that the examples work on, made anew in a temporary folder.

use std::path::Path;

use git2::{Commit, Error, FileMode, Oid, Repository, Signature, Time};

/// A repository `company/web-app` with a branch `main`, and one branch for each thing an agent might propose.
#[expect(missing_debug_implementations, reason = "libgit2 has none for a repository")]
pub struct DemoRepository {
    repository: Repository,
}

/// A branch: its name, and the files that its one commit writes.
const BRANCHES: [(&str, &[&str]); 5] = [
    ("agent/fix-login", &["src/login.rs", "tests/login.rs"]),
    ("agent/rewrite-billing", &["billing/invoice.rs", "tests/invoice.rs"]),
    (
        "agent/rename-everything",
        &[
            "src/a.rs",
            "src/b.rs",
            "src/c.rs",
            "src/d.rs",
            "src/e.rs",
            "src/f.rs",
            "src/g.rs",
            "src/h.rs",
            "src/i.rs",
            "src/j.rs",
            "src/k.rs",
            "src/l.rs",
            "src/m.rs",
            "tests/all.rs",
        ],
    ),
    ("agent/skip-the-tests", &["src/login.rs"]),
    ("agent/change-the-deployment", &["deploy/production.yaml", "tests/deploy.rs"]),
];

impl DemoRepository {
    /// Makes the repository in `folder`. Needs no git, and no identity of its user.
    ///
    /// # Errors
    ///
    /// What libgit2 says if it cannot.
    pub fn create(folder: &Path) -> Result<Self, Error> {
        let repository = Repository::init(folder)?;
        let demo = Self { repository };
        let base = demo.commit(
            "main",
            None,
            &["README.md", "src/login.rs", "tests/login.rs", "billing/invoice.rs"],
        )?;
        for (branch, files) in BRANCHES {
            let base = demo.repository.find_commit(base)?;
            demo.commit(branch, Some(&base), files)?;
        }
        Ok(demo)
    }

    /// The repository.
    pub fn repository(&self) -> &Repository {
        &self.repository
    }

    /// Commits new contents of `files` to `branch`.
    fn commit(
        &self,
        branch: &str,
        parent: Option<&Commit<'_>>,
        files: &[&str],
    ) -> Result<Oid, Error> {
        let mut index = git2::Index::new()?;
        if let Some(parent) = parent {
            index.read_tree(&parent.tree()?)?;
        }
        for file in files {
            let blob = self.repository.blob(format!("// {file}, as of {branch}\n").as_bytes())?;
            index.add(&entry(file, blob))?;
        }
        let tree = self.repository.find_tree(index.write_tree_to(&self.repository)?)?;
        let author = Signature::new("Codex", "codex@example.com", &Time::new(1_785_240_000, 0))?;
        let parents: Vec<&Commit<'_>> = parent.into_iter().collect();
        let reference = format!("refs/heads/{branch}");
        self.repository.commit(
            Some(&reference),
            &author,
            &author,
            &format!("Work on {branch}"),
            &tree,
            &parents,
        )
    }
}

fn entry(path: &str, id: Oid) -> git2::IndexEntry {
    git2::IndexEntry {
        ctime: git2::IndexTime::new(0, 0),
        mtime: git2::IndexTime::new(0, 0),
        dev: 0,
        ino: 0,
        mode: u32::try_from(i32::from(FileMode::Blob)).unwrap_or_default(),
        uid: 0,
        gid: 0,
        file_size: 0,
        id,
        flags: 0,
        flags_extended: 0,
        path: path.as_bytes().to_vec(),
    }
}
