//! What is exported verifies with programs that we did not write: the crates `signed_note` and `tlog_tiles`, Python's `aics-tlog`,
//! and the schema of OCSF. The commands are those of `docs/formats/export.md`, as they stand there.
//!
//! The Python packages are installed from their registry on the first run. Where they cannot be, the tests say so loudly and
//! pass; with `AXTARY_REQUIRE_INTEROP` set, as in CI, they fail.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

use axtary_ledger::{Reader, RecordProof, TileDirectory, write_ocsf};
use signed_note::{Note, StandardVerifier, VerifierList};
use tempfile::TempDir;
use tlog_tiles::{checkpoint::Checkpoint, tile, tlog};

use crate::audited::{Audited, Witness};

/// The sizes of the checkpoints that are exported: one that somebody kept, and the one that stands there.
const SIZES: [usize; 2] = [300, 700];

/// What an auditor has: tiles, the checkpoint that was kept earlier, the key of the log, the proof of one record.
struct Handed {
    folder: TempDir,
    audited: Audited,
}

impl Handed {
    fn new() -> Self {
        let audited = Audited::with_records(SIZES[1]);
        let folder = tempfile::tempdir().unwrap();
        for size in SIZES {
            let mut tiles = TileDirectory::open(folder.path().join("tiles"), &audited.log).unwrap();
            let cosigned = Witness::new(1).cosign(&audited.checkpoint(size), 1_785_240_000);
            tiles.export(cosigned.as_bytes(), audited.lines()).unwrap();
        }
        let signed = audited.checkpoint(SIZES[1]);
        let proof = RecordProof::of(
            &audited.line(412),
            audited.inclusion(412, SIZES[1]),
            signed.as_bytes(),
            &audited.log,
        )
        .unwrap();
        let handed = Self { folder, audited };
        handed.put("record.tlog-proof", &proof.to_string());
        handed.put("checkpoint.kept", &handed.audited.checkpoint(SIZES[0]));
        handed.put("log.vkey", &format!("{}\n", handed.audited.log));
        handed.put("witness.vkey", &format!("{}\n", Witness::new(1).vkey));
        handed
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn put(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    /// Changes the byte in the middle of a file.
    fn damage(&self, name: &str) {
        let mut bytes = fs::read(self.path(name)).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        fs::write(self.path(name), bytes).unwrap();
    }

    /// A checkpoint as `signed_note` and `tlog_tiles` read it.
    fn checkpoint(&self, name: &str) -> Result<Checkpoint, String> {
        let note = fs::read(self.path(name)).unwrap();
        let note = Note::from_bytes(&note).map_err(|error| error.to_string())?;
        let verifier = StandardVerifier::new(&self.audited.log.to_string()).unwrap();
        let known = VerifierList::new(vec![Box::new(verifier)]);
        note.verify(&known).map_err(|error| error.to_string())?;
        Checkpoint::from_bytes(note.text()).map_err(|error| error.to_string())
    }
}

/// Tiles as `tlog_tiles` reads them.
struct Tiles(PathBuf);

impl tile::TileReader for Tiles {
    fn height(&self) -> u8 {
        8
    }

    fn read_tiles(&self, tiles: &[tile::Tile]) -> Result<Vec<Vec<u8>>, tlog::Error> {
        // It writes paths as Go's checksum database does, with the height in them.
        let path = |tile: &tile::Tile| self.0.join(tile.path().replacen("tile/8/", "tile/", 1));
        Ok(tiles.iter().map(|tile| fs::read(path(tile)).unwrap()).collect())
    }

    fn save_tiles(&self, _: &[tile::Tile], _: &[Vec<u8>]) {}
}

#[test]
fn signed_note_and_tlog_tiles_verify_an_exported_tree() {
    let handed = Handed::new();
    let tiles = Tiles(handed.path("tiles"));
    let (kept, new) = (handed.checkpoint("checkpoint.kept"), handed.checkpoint("tiles/checkpoint"));
    let (kept, new) = (kept.unwrap(), new.unwrap());
    assert_eq!((kept.size(), new.size()), (300, 700));
    assert_eq!(new.origin(), crate::audited::ORIGIN);

    let hashes = tile::TileHashReader::new(new.size(), *new.hash(), &tiles);
    for index in [0, 1, 255, 256, 299, 300, 511, 512, 698, 699] {
        let proof = tlog::prove_record(new.size(), index, &hashes).unwrap();
        let ours = handed.audited.inclusion(index, 700);
        assert_eq!(proof.iter().map(|hash| hash.0).collect::<Vec<_>>(), ours.hashes);
        let leaf = tlog::record_hash(&handed.audited.line(usize::try_from(index).unwrap()));
        tlog::check_record(&proof, new.size(), *new.hash(), index, leaf).unwrap();
        let other = tlog::record_hash(b"other");
        tlog::check_record(&proof, new.size(), *new.hash(), index, other).unwrap_err();
    }
    let proof = tlog::prove_tree(new.size(), kept.size(), &hashes).unwrap();
    tlog::check_tree(&proof, new.size(), *new.hash(), kept.size(), *kept.hash()).unwrap();

    handed.damage("tiles/tile/0/001");
    // 0.2.0 does not compare each tile with the one above it, so that only the check of the proof shows the damage.
    let leaf = tlog::record_hash(&handed.audited.line(412));
    tlog::prove_record(new.size(), 412, &hashes)
        .and_then(|proof| tlog::check_record(&proof, new.size(), *new.hash(), 412, leaf))
        .unwrap_err();
    handed.damage("checkpoint.kept");
    handed.checkpoint("checkpoint.kept").unwrap_err();
}

/// Where the Python packages are, if they could be installed.
fn packages() -> Option<&'static Path> {
    static PACKAGES: OnceLock<Option<PathBuf>> = OnceLock::new();
    let found = PACKAGES.get_or_init(|| {
        let into = Path::new(env!("CARGO_TARGET_TMPDIR")).join("third-parties");
        let output = Command::new("bash").arg(sources().join("install.sh")).arg(&into).output();
        match output {
            Ok(output) if output.status.success() => Some(into.join("python/bin")),
            failed => {
                let why = failed.map_or_else(
                    |e| e.to_string(),
                    |o| String::from_utf8_lossy(&o.stderr).into_owned(),
                );
                assert!(
                    std::env::var_os("AXTARY_REQUIRE_INTEROP").is_none(),
                    "the packages are required: {why}"
                );
                skip(&why);
                None
            }
        }
    });
    found.as_deref()
}

fn sources() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/interop")
}

#[expect(clippy::print_stderr, reason = "a test that was not made must not look as if it was")]
fn skip(why: &str) {
    eprintln!("\n*** SKIPPED: aics-tlog and the schema of OCSF could not be installed: {why}\n");
}

/// The commands of the page about exports that stand below a heading.
fn commands(heading: &str) -> String {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/formats/export.md");
    let page = fs::read_to_string(page).unwrap();
    let (_, section) = page.split_once(&format!("## {heading}\n")).unwrap();
    let (_, rest) = section.split_once("```sh\n").unwrap();
    rest.split_once("```").unwrap().0.to_owned()
}

/// Runs commands in the auditor's folder.
fn run(handed: &Handed, packages: &Path, commands: &str) -> Result<String, String> {
    let path = std::env::join_paths(
        [packages.to_owned()]
            .into_iter()
            .chain(std::env::split_paths(&std::env::var_os("PATH").unwrap())),
    );
    let output = Command::new("bash")
        .args(["-euo", "pipefail", "-c", commands])
        .current_dir(handed.folder.path())
        .env("PATH", path.unwrap())
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
}

#[test]
fn aics_tlog_verifies_an_exported_tree_by_the_commands_of_the_page() {
    let Some(packages) = packages() else { return };
    let commands = commands("Tiles");
    let handed = Handed::new();
    run(&handed, packages, &commands).unwrap();
    assert_eq!(fs::read(handed.path("record.json")).unwrap(), handed.audited.line(412));

    for file in
        ["tiles/checkpoint", "checkpoint.kept", "tiles/tile/0/001", "tiles/tile/entries/001"]
    {
        let handed = Handed::new();
        handed.damage(file);
        run(&handed, packages, &commands).unwrap_err();
    }
    let fork = Handed::new();
    fork.put("checkpoint.kept", &Audited::with_records(300).checkpoint(300));
    run(&fork, packages, &commands).unwrap_err();
    let cosigned_by_another = Handed::new();
    let other = Witness::new(2).vkey;
    cosigned_by_another.put("witness.vkey", &other.to_string());
    run(&cosigned_by_another, packages, &commands).unwrap_err();
}

#[test]
fn aics_tlog_builds_the_same_tiles_from_the_same_ledger() {
    let Some(packages) = packages() else { return };
    let handed = Handed::new();
    let leaves: Vec<_> = handed
        .audited
        .lines()
        .take(SIZES[1])
        .flat_map(|line| [line.unwrap(), b"\n".to_vec()])
        .collect();
    fs::write(handed.path("leaves"), leaves.concat()).unwrap();
    run(&handed, packages, "aics-tlog build-tiles --leaves leaves --out theirs").unwrap();
    let compare = "cd theirs && find tile -type f -exec cmp {} ../tiles/{} ';' -print";
    let compared = run(&handed, packages, compare).unwrap();
    assert_eq!(compared.lines().count(), 7, "{compared}");
}

#[test]
fn aics_tlog_verifies_the_proof_of_one_record_by_the_commands_of_the_page() {
    let Some(packages) = packages() else { return };
    let commands = commands("One record");
    let handed = Handed::new();
    run(&handed, packages, &commands).unwrap();
    let proof = fs::read_to_string(handed.path("record.tlog-proof")).unwrap();
    for (from, to) in [("index 412", "index 413"), ("\n700\n", "\n701\n"), ("extra ey", "extra eZ")]
    {
        handed.put("record.tlog-proof", &proof.replacen(from, to, 1));
        run(&handed, packages, &commands).unwrap_err();
    }
}

#[test]
fn every_event_is_valid_by_the_schema_of_its_class() {
    let Some(packages) = packages() else { return };
    let handed = Handed::new();
    handed.audited.append_every_kind();
    let mut events = Vec::new();
    let entries = || Reader::open(handed.audited.scene.path()).unwrap();
    write_ocsf(entries(), &mut events).unwrap();
    // An outcome whose decision is not there.
    write_ocsf(entries().skip(1).take(1), &mut events).unwrap();
    fs::write(handed.path("events.jsonl"), &events).unwrap();
    let validate = sources().join("ocsf_validate.py");
    let validate = format!("python '{}' events.jsonl", validate.display());
    let count = run(&handed, packages, &validate).unwrap();
    assert_eq!(count.trim().parse::<usize>().unwrap(), entries().count() + 1);

    let text = String::from_utf8(events).unwrap();
    for (from, to) in [
        ("\"class_uid\":6003,", ""),
        ("\"action_id\":1", "\"action_id\":7"),
        ("\"actor\":", "\"actress\":"),
    ] {
        handed.put("events.jsonl", &text.replacen(from, to, 1));
        run(&handed, packages, &validate).unwrap_err();
    }
}
