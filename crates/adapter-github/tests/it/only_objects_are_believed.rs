//! Whoever can write to `.git` can say what he likes there, and changes no fact: only the commits themselves are believed.

use std::fs;

use axtary_actionpass::Facts;
use git2::{ObjectType, Oid, Repository};

use crate::kit::{EXECUTABLE, FILE, Files, LINK, Repo, SUBMODULE, files};

/// A head with one of everything that a setting could hide, and a base that went on.
struct Scene {
    repo: Repo,
    fork: Oid,
    base: Oid,
    head: Oid,
}

impl Scene {
    fn new() -> Self {
        let repo = Repo::new();
        let long = "line\n".repeat(50);
        let mut start: Files = files(&[("a.rs", "1\n"), ("old", &long), ("script", "s\n")]);
        start.insert(b"module".to_vec(), (SUBMODULE, vec![1; 20]));
        let mut end: Files = files(&[("a.rs", "1\n2\n3\n"), ("new", &long), ("tests/t.rs", "t\n")]);
        end.insert(b"module".to_vec(), (SUBMODULE, vec![2; 20]));
        end.insert(b"script".to_vec(), (EXECUTABLE, b"s\n".to_vec()));
        end.insert(b"link".to_vec(), (LINK, b"new".to_vec()));
        end.insert(b".gitattributes".to_vec(), (FILE, b"* -diff\n".to_vec()));
        end.insert(
            b".gitmodules".to_vec(),
            (FILE, b"[submodule \"module\"]\n\tpath = module\n\tignore = all\n".to_vec()),
        );
        let fork = repo.commit("main", &start, &[]);
        let head = repo.commit("head", &end, &[fork]);
        start.insert(b"b.rs".to_vec(), (FILE, b"since\n".to_vec()));
        let base = repo.commit("main", &start, &[fork]);
        Self { repo, fork, base, head }
    }

    /// Writes a file of `.git`.
    fn write(&self, path: &str, content: impl AsRef<[u8]>) {
        let path = self.repo.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    /// The facts, by a repository that was opened after all was written.
    fn facts(&self) -> Facts {
        self.repo.reopened().facts()
    }
}

#[test]
fn the_scene_holds_what_could_be_hidden() {
    let facts = Scene::new().facts();
    for (fact, value) in [
        ("files_changed", 8.into()),
        ("lines_added", 7.into()),
        ("binary_files", 0.into()),
        ("renames", 1.into()),
        ("commits", 1.into()),
        ("submodules", vec!["module"].into()),
        ("symlinks", vec!["link"].into()),
        ("mode_changes", vec!["script"].into()),
        ("tests_changed", true.into()),
    ] {
        assert_eq!(facts.get(fact), Some(&value), "{fact}");
    }
}

#[test]
fn no_setting_hides_a_change() {
    let scene = Scene::new();
    let before = scene.facts();
    let config = scene.repo.path().join("config");
    let settings = "[diff]\n\tignoreSubmodules = all\n\trenames = false\n\trenameLimit = 1\n\torderFile = x\n\
        [core]\n\tfileMode = false\n\tignoreCase = true\n\tsymlinks = false\n\tbigFileThreshold = 1\n\
        [submodule \"module\"]\n\tignore = all\n";
    let text = fs::read_to_string(&config).unwrap();
    fs::write(&config, format!("{text}{settings}")).unwrap();
    assert_eq!(scene.facts(), before);
}

#[test]
fn no_attribute_hides_a_line() {
    let scene = Scene::new();
    let before = scene.facts();
    scene.write("info/attributes", "* -diff -text binary\n");
    assert_eq!(scene.facts(), before);
}

#[test]
fn no_replacement_graft_or_shallow_root_moves_the_merge_base() {
    let scene = Scene::new();
    let before = scene.facts();
    scene.write(&format!("refs/replace/{}", scene.head), format!("{}\n", scene.fork));
    assert_eq!(scene.facts(), before, "a replacement");
    scene.write("info/grafts", format!("{} {}\n", scene.base, scene.head));
    assert_eq!(scene.facts(), before, "a graft");
    scene.write("shallow", format!("{}\n{}\n", scene.head, scene.base));
    assert_eq!(scene.facts(), before, "a shallow root");
}

#[test]
fn no_commit_graph_moves_the_merge_base() {
    let scene = Scene::new();
    let before = scene.facts();
    // It says that the base was made on top of the head, so that nothing would be left to merge.
    let lie = commit_graph(&[(scene.base, Some(scene.head)), (scene.head, None)]);
    scene.write("objects/info/commit-graph", lie);
    let repository = Repository::open(scene.repo.path()).unwrap();
    let fooled = repository.merge_base(scene.base, scene.head).unwrap();
    assert_eq!(fooled, scene.head, "libgit2 itself believes it; or else this test shows nothing");
    assert_eq!(scene.facts(), before);
}

#[test]
fn an_object_with_the_content_of_another_is_refused() {
    let scene = Scene::new();
    let [head, fork] = [scene.head, scene.fork].map(|id| scene.repo.object(id));
    fs::remove_file(&head).unwrap();
    fs::copy(fork, head).unwrap();
    let error = scene.repo.reopened().changes().unwrap_err();
    assert_eq!(error.code(), "github.git");
    assert!(error.to_string().contains("hash mismatch"), "{error}");
}

#[test]
fn an_object_that_says_it_is_enormous_is_neither_read_nor_believed() {
    let repo = Repo::with(&files(&[("a", "1"), ("b", "2")]), &files(&[("c", "3"), ("d", "4")]));
    for content in ["1", "2", "3", "4"] {
        let object = repo.object(Oid::hash_object(ObjectType::Blob, content.as_bytes()).unwrap());
        fs::remove_file(&object).unwrap();
        fs::write(object, stored(format!("blob {}\0", usize::MAX >> 1).as_bytes())).unwrap();
    }
    match repo.reopened().changes() {
        Ok(set) => assert!(set.changes().iter().all(|change| change.lines_added.is_none())),
        Err(error) => assert_eq!(error.code(), "github.git"),
    }
}

#[test]
fn a_history_that_was_cut_off_is_refused_with_what_to_do() {
    let repo = Repo::new();
    let root = repo.commit("main", &files(&[("a", "1")]), &[]);
    let middle = repo.commit("main", &files(&[("a", "2")]), &[root]);
    repo.commit("main", &files(&[("a", "3")]), &[middle]);
    repo.commit("head", &files(&[("a", "4")]), &[root]);
    fs::remove_file(repo.object(middle)).unwrap();
    fs::write(repo.path().join("shallow"), format!("{root}\n")).unwrap();
    let error = repo.reopened().changes().unwrap_err();
    assert_eq!(error.code(), "github.commit");
    assert!(error.to_string().contains("git fetch --unshallow"), "{error}");
}

#[test]
fn a_branch_that_is_an_alias_or_no_commit_is_refused() {
    let scene = Scene::new();
    let git = &scene.repo.git;
    git.reference_symbolic("refs/heads/alias", "refs/heads/head", true, "test").unwrap();
    let tree = git.find_commit(scene.head).unwrap().tree_id();
    git.reference("refs/heads/tree", tree, true, "test").unwrap();
    let commit = git.find_object(scene.head, None).unwrap();
    let author = commit.as_commit().unwrap().author().to_owned();
    let tag = git.tag_annotation_create("t", &commit, &author, "t").unwrap();
    git.reference("refs/heads/tag", tag, true, "test").unwrap();
    for (name, code) in
        [("alias", "github.branch"), ("tree", "github.commit"), ("tag", "github.commit")]
    {
        assert_eq!(scene.repo.between("main", name).unwrap_err().code(), code, "{name}");
        assert_eq!(scene.repo.between(name, "head").unwrap_err().code(), code, "{name}");
    }
}

/// A zlib stream (RFC 1950) that holds `bytes` as they are.
fn stored(bytes: &[u8]) -> Vec<u8> {
    let length = u16::try_from(bytes.len()).unwrap();
    let mut stream = vec![0x78, 0x01, 1];
    stream.extend_from_slice(&length.to_le_bytes());
    stream.extend_from_slice(&(!length).to_le_bytes());
    stream.extend_from_slice(bytes);
    let (mut a, mut b) = (1_u32, 0_u32);
    for byte in bytes {
        a = (a + u32::from(*byte)) % 65_521;
        b = (b + a) % 65_521;
    }
    stream.extend_from_slice(&(b << 16 | a).to_be_bytes());
    stream
}

/// A commit graph file (gitformat-commit-graph(5)) of commits, each with its parent. Nobody checks its checksum.
fn commit_graph(commits: &[(Oid, Option<Oid>)]) -> Vec<u8> {
    let mut sorted = commits.to_vec();
    sorted.sort();
    let count = u32::try_from(sorted.len()).unwrap();
    let mut file = b"CGPH\x01\x01\x03\x00".to_vec();
    let (fanout, ids) = (8 + 4 * 12, 20 * count);
    for (chunk, offset) in [
        (b"OIDF", fanout),
        (b"OIDL", fanout + 1024),
        (b"CDAT", fanout + 1024 + ids),
        (b"\0\0\0\0", fanout + 1024 + ids + 36 * count),
    ] {
        file.extend_from_slice(chunk);
        file.extend_from_slice(&u64::from(offset).to_be_bytes());
    }
    for first in 0..=255_u8 {
        let up_to = sorted.iter().filter(|(id, _)| id.as_bytes()[0] <= first).count();
        file.extend_from_slice(&u32::try_from(up_to).unwrap().to_be_bytes());
    }
    for (id, _) in &sorted {
        file.extend_from_slice(id.as_bytes());
    }
    for (_, parent) in &sorted {
        let at = |wanted: &Oid| sorted.iter().position(|(id, _)| id == wanted).unwrap();
        let parent = parent.as_ref().map_or(0x7000_0000, |id| u32::try_from(at(id)).unwrap());
        file.extend_from_slice(&[0; 20]);
        file.extend_from_slice(&parent.to_be_bytes());
        file.extend_from_slice(&0x7000_0000_u32.to_be_bytes());
        file.extend_from_slice(&(1_u64 << 34 | 1_785_240_000).to_be_bytes());
    }
    file.extend_from_slice(&[0; 20]);
    file
}
