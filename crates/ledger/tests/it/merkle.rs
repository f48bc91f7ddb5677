//! The tree, its proofs and its checkpoints agree with published logs and vectors that others made.

use std::{fs, path::Path};

use axtary_actionpass::{Json, LedgerHash, Object, SigningKey};
use axtary_ledger::{Checkpoint, ConsistencyProof, InclusionProof, NoteKey, RootHash, Tree};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use proptest::prelude::*;

const ENTRIES: [&str; 15] = [
    "one", "two", "three", "four", "five", "six", "seven", "eit", "nain", "ten", "ileven", "twelf",
    "threeten", "fourten", "fivten",
];

fn vectors(name: &str) -> Vec<u8> {
    fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors").join(name)).unwrap()
}

fn leaves(count: usize) -> Vec<LedgerHash> {
    ENTRIES[..count].iter().map(|entry| LedgerHash::of_line(entry.as_bytes())).collect()
}

fn tree(leaves: &[LedgerHash]) -> Tree {
    let mut tree = Tree::new();
    leaves.iter().for_each(|leaf| tree.append(leaf));
    tree
}

fn log_key() -> NoteKey {
    NoteKey::parse(String::from_utf8(vectors("tlog-tiles-log/log.vkey")).unwrap().trim()).unwrap()
}

#[test]
fn every_checkpoint_of_a_published_log_verifies_and_has_our_root() {
    for size in 0..=15 {
        let signed = vectors(&format!("tlog-tiles-log/checkpoint.{size}"));
        let checkpoint = Checkpoint::verify(&signed, &log_key()).unwrap();
        assert_eq!(checkpoint, Checkpoint::of(&log_key(), &tree(&leaves(size))));
    }
}

/// A published hash: 32 bytes, or something else that no proof holds.
fn hash(json: &Json) -> Option<[u8; 32]> {
    STANDARD.decode(json.as_str()?).ok()?.try_into().ok()
}

fn hashes(json: Option<&Json>) -> Option<Vec<[u8; 32]>> {
    match json {
        None | Some(Json::Null) => Some(Vec::new()),
        Some(list) => list.as_array()?.iter().map(hash).collect(),
    }
}

/// Runs published cases: `verify` says whether the proof holds, or `None` if it cannot even be written.
fn run(
    file: &str,
    verify: impl Fn(&dyn Fn(&str) -> Option<Json>) -> Option<bool>,
) -> (usize, usize) {
    // Sizes in them go up to 2^64 − 1, beyond our own profile.
    #[expect(clippy::disallowed_methods, reason = "the published files are not of our profile")]
    let cases: serde_json::Value = serde_json::from_slice(&vectors(file)).unwrap();
    let mut counts = (0, 0);
    for case in cases.as_array().unwrap() {
        let member = |name: &str| {
            case.get(name).map(|value| match value.as_u64() {
                Some(number) => Json::from(number.to_string()),
                None => Json::try_from(value).unwrap(),
            })
        };
        let wanted = case["wantErr"] == false;
        let holds = verify(&member).unwrap_or(false);
        // Hashes that do not have 32 bytes, and trees of nothing, are no proofs of ours.
        let odd = case["file"].as_str().unwrap();
        if holds != wanted {
            assert!(wanted && !holds, "{odd}: accepted");
            counts.1 += 1;
        }
        counts.0 += 1;
    }
    counts
}

fn number(member: Option<Json>) -> Option<u64> {
    member?.as_str()?.parse().ok()
}

#[test]
fn published_inclusion_proofs_hold_exactly_where_they_should() {
    let (cases, refused) = run("tlog-merkle/inclusion.json", |member| {
        let proof = InclusionProof {
            index: number(member("leafIdx"))?,
            size: number(member("treeSize"))?,
            hashes: hashes(member("proof").as_ref())?,
        };
        let leaf = LedgerHash::from_bytes(hash(&member("leafHash")?)?);
        Some(proof.verify(&leaf, &RootHash::from_bytes(hash(&member("root")?)?)).is_ok())
    });
    assert_eq!((cases, refused), (98, 0));
}

#[test]
fn published_consistency_proofs_hold_exactly_where_they_should() {
    let (cases, refused) = run("tlog-merkle/consistency.json", |member| {
        let proof = ConsistencyProof {
            earlier: number(member("size1"))?,
            later: number(member("size2"))?,
            hashes: hashes(member("proof").as_ref())?,
        };
        let root = |name: &str| Some(RootHash::from_bytes(hash(&member(name)?)?));
        Some(proof.verify(&root("root1")?, &root("root2")?).is_ok())
    });
    // One case has roots of twelve bytes, and expects them to be equal.
    assert_eq!((cases, refused), (98, 1));
}

#[test]
fn our_proofs_are_those_of_the_published_log() {
    let file = Json::parse(&vectors("tlog-tiles-log/proofs.json")).unwrap();
    let file = file.as_object().unwrap();
    let theirs = |case: &Object| hashes(case.get("proof_b64")).unwrap();
    let cases = |name: &str| file.get(name).and_then(Json::as_array).unwrap().to_vec();
    for case in cases("inclusion") {
        let case = case.as_object().unwrap();
        let at =
            |name: &str| u64::try_from(case.get(name).and_then(Json::as_i64).unwrap()).unwrap();
        let leaves = leaves(usize::try_from(at("size")).unwrap());
        let proof = InclusionProof::of(at("index"), &leaves).unwrap();
        assert_eq!(proof.hashes, theirs(case));
    }
    for case in cases("consistency") {
        let case = case.as_object().unwrap();
        let at =
            |name: &str| u64::try_from(case.get(name).and_then(Json::as_i64).unwrap()).unwrap();
        let leaves = leaves(usize::try_from(at("new")).unwrap());
        if at("old") > 0 {
            assert_eq!(ConsistencyProof::of(at("old"), &leaves).unwrap().hashes, theirs(case));
        }
    }
}

#[test]
fn a_checkpoint_has_the_bytes_of_the_known_answer() {
    let key = SigningKey::from_jwk(
        br#"{"kty":"OKP","crv":"Ed25519","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#,
    )
    .unwrap();
    let log = NoteKey::of_log("ledger.example/axtary", key.verifying_key()).unwrap();
    assert_eq!(
        log.to_string(),
        "ledger.example/axtary+62ede497+AddamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea"
    );
    let signed = Checkpoint::of(&log, &tree(&leaves(15))).sign(&log, &key).unwrap();
    let expected = "ledger.example/axtary\n15\nrKbDipCvhuX1GZ7g5BBe8sA6BbJ7ja/1nk427v383cs=\n\n\u{2014} ledger.example/axtary \
        Yu3kl5PUqJxXcF83AiXc0p11mkVJIuly1BObfqxhUNUdV5Y3iHFYM+3MGIsG2h624HoLeuCQTLHw2LKHiXuB6A0EUgk=\n";
    assert_eq!(signed, expected);

    let witness =
        NoteKey::parse("witness.example/w1+eb762cc2+BNdamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea")
            .unwrap();
    let line = "\u{2014} witness.example/w1 63YswgAAAABqaJnAUpO33arcyMPIuMwTwUTaFc2zpT0De8MOShUElqroaEpMbRbWgLeUbQ6l1qPQzYwcEAC7Yr30ZmGaWZ+r7mR3Dw==\n";
    let cosigned = format!("{signed}{line}");
    assert_eq!(Checkpoint::verify_witness(cosigned.as_bytes(), &witness), Ok(1_785_240_000));
    assert!(Checkpoint::verify(cosigned.as_bytes(), &log).is_ok());
    assert!(Checkpoint::verify_witness(signed.as_bytes(), &witness).is_err(), "not cosigned");
}

#[test]
fn a_checkpoint_changed_in_any_byte_is_refused() {
    let signed = vectors("tlog-tiles-log/checkpoint.15");
    for at in 0..signed.len() {
        for bit in [0x01, 0x20, 0x80] {
            let mut changed = signed.clone();
            changed[at] ^= bit;
            assert!(Checkpoint::verify(&changed, &log_key()).is_err(), "byte {at}");
        }
    }
}

#[test]
fn notes_and_keys_that_are_not_in_form_are_refused() {
    let signed = String::from_utf8(vectors("tlog-tiles-log/checkpoint.15")).unwrap();
    let (text, lines) = signed.split_once("\n\n").unwrap();
    for note in [
        String::new(),
        "\n\n".to_owned(),
        text.to_owned(),
        format!("{text}\n\n"),
        signed.trim_end().to_owned(),
        format!("{signed}{lines}"),
        format!("{signed}no signature\n"),
        signed.replace("\u{2014} ", "- "),
        signed.replace("15", "015"),
        signed.replace("15\n", "15\nextension\n"),
        format!("{signed}{}", "\u{2014} other AAAAAAA=\n".repeat(101)),
        format!("{signed}{}", " ".repeat(64 * 1024)),
    ] {
        assert!(Checkpoint::verify(note.as_bytes(), &log_key()).is_err(), "{:?}", note.get(..80));
    }
    let key = log_key().to_string();
    for text in [
        String::new(),
        "a+b".to_owned(),
        key.replace("example", "exbmple"),
        key.replace('+', " "),
        key.to_uppercase(),
        format!("{key}="),
        key.replace("33d7b496", "33d7b497"),
        "a+00000000+AQ==".to_owned(),
    ] {
        assert!(NoteKey::parse(&text).is_err(), "{text}");
    }
    for name in ["", "a b", "a+b", "a\u{2003}b", "a\nb"] {
        assert!(
            NoteKey::of_log(name, SigningKey::from_seed(&[1; 32]).verifying_key()).is_err(),
            "{name:?}"
        );
    }
}

proptest! {
    #[test]
    fn every_proof_that_is_made_holds_and_no_other_does(
        (size, index, earlier) in (1_usize..200).prop_flat_map(|size| (Just(size), 0..size, 1..=size)),
        flip in any::<prop::sample::Index>(),
    ) {
        let leaves: Vec<LedgerHash> = (0..size).map(|n| LedgerHash::of_line(n.to_string().as_bytes())).collect();
        let root = tree(&leaves).root();
        let inclusion = InclusionProof::of(index as u64, &leaves).unwrap();
        prop_assert_eq!(inclusion.verify(&leaves[index], &root), Ok(()));
        let consistency = ConsistencyProof::of(earlier as u64, &leaves).unwrap();
        let before = tree(&leaves[..earlier]).root();
        prop_assert_eq!(consistency.verify(&before, &root), Ok(()));

        let other = LedgerHash::of_line(b"other");
        prop_assert!(inclusion.verify(&other, &root).is_err());
        let mut elsewhere = inclusion.clone();
        elsewhere.index = (elsewhere.index + 1) % elsewhere.size;
        prop_assert!(size == 1 || elsewhere.verify(&leaves[index], &root).is_err());
        if !inclusion.hashes.is_empty() {
            let mut changed = inclusion.clone();
            let at = flip.index(changed.hashes.len());
            changed.hashes[at][0] ^= 1;
            prop_assert!(changed.verify(&leaves[index], &root).is_err());
            changed.hashes.remove(at);
            prop_assert!(changed.verify(&leaves[index], &root).is_err());
        }
        if !consistency.hashes.is_empty() {
            let mut changed = consistency.clone();
            let at = flip.index(changed.hashes.len());
            changed.hashes[at][0] ^= 1;
            prop_assert!(changed.verify(&before, &root).is_err());
        }
        let mut longer = inclusion;
        longer.hashes.push([0; 32]);
        prop_assert!(longer.verify(&leaves[index], &root).is_err());
    }
}
