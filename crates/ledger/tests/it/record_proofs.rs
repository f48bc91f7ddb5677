//! A `.tlog-proof` file proves that its record is in the ledger, to whoever has the log's key, and proves nothing else.

use axtary_actionpass::{LedgerHash, SigningKey};
use axtary_ledger::{
    Checkpoint, NoteKey, RecordProof, RecordProofError, Tree, WitnessError, Witnesses,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use proptest::prelude::*;

use crate::audited::{Audited, ORIGIN, Witness};

fn proof(audited: &Audited, index: usize, signed: &str, size: usize) -> RecordProof {
    let inclusion = audited.inclusion(index as u64, size);
    RecordProof::of(&audited.line(index), inclusion, signed.as_bytes(), &audited.log).unwrap()
}

fn file() -> (Audited, String) {
    let audited = Audited::with_records(40);
    let file = proof(&audited, 11, &audited.checkpoint(37), 37).to_string();
    (audited, file)
}

fn verify(file: &str, log: &NoteKey) -> Result<u64, &'static str> {
    let proof = RecordProof::parse(file.as_bytes()).map_err(|error| error.code())?;
    let proven = proof.verify(log, &Witnesses::none()).map_err(|error| error.code())?;
    Ok(proven.entry.seq)
}

#[test]
fn any_record_is_proven_by_a_file_and_the_key_of_the_log() {
    let audited = Audited::with_records(70);
    for size in [1, 2, 3, 64, 70] {
        let signed = audited.checkpoint(size);
        for index in [0, size / 2, size - 1] {
            let file = proof(&audited, index, &signed, size).to_string();
            let read = RecordProof::parse(file.as_bytes()).unwrap();
            assert_eq!(read.to_string(), file);
            let proven = read.verify(&audited.log, &Witnesses::none()).unwrap();
            assert_eq!(proven.entry.seq, index as u64);
            assert_eq!(proven.entry.hash, LedgerHash::of_line(&audited.line(index)));
            assert_eq!((proven.checkpoint.size, proven.cosignatures), (size as u64, Vec::new()));
        }
    }
}

#[test]
fn a_file_changed_in_any_byte_is_refused() {
    let (audited, file) = file();
    assert_eq!(verify(&file, &audited.log), Ok(11));
    for at in 0..file.len() {
        for bit in [0x01, 0x20, 0x80] {
            let mut changed = file.clone().into_bytes();
            changed[at] ^= bit;
            let verified = RecordProof::parse(&changed)
                .and_then(|proof| proof.verify(&audited.log, &Witnesses::none()));
            assert!(verified.is_err(), "byte {at}");
        }
    }
}

#[test]
fn a_record_that_is_not_the_proven_one_is_refused() {
    let (audited, file) = file();
    let (_, rest) = file.split_once("\nindex").unwrap();
    let with = |line: &[u8]| {
        format!("c2sp.org/tlog-proof@v1\nextra {}\nindex{rest}", STANDARD.encode(line))
    };
    assert_eq!(verify(&with(&audited.line(11)), &audited.log), Ok(11));
    assert_eq!(verify(&with(&audited.line(12)), &audited.log), Err("proof.inclusion"));
    assert_eq!(verify(&with(b""), &audited.log), Err("proof.inclusion"));
    assert_eq!(verify(&file.replace("index 11", "index 12"), &audited.log), Err("proof.inclusion"));
    assert_eq!(verify(&file.replace("index 11", "index 37"), &audited.log), Err("proof.inclusion"));

    let without = format!("c2sp.org/tlog-proof@v1\nindex{rest}");
    assert_eq!(verify(&without, &audited.log), Err("proof.no_record"));
    let bare = RecordProof::parse(without.as_bytes()).unwrap();
    let given = bare.clone().with_line(&audited.line(11));
    assert_eq!(given.verify(&audited.log, &Witnesses::none()).unwrap().entry.seq, 11);
    let other = bare.with_line(&audited.line(12)).verify(&audited.log, &Witnesses::none());
    assert_eq!(other.unwrap_err().code(), "proof.inclusion");
}

#[test]
fn a_checkpoint_of_another_log_or_another_history_proves_nothing() {
    let (audited, file) = file();
    let stranger = SigningKey::from_seed(&[1; 32]);
    let other = NoteKey::of_log(ORIGIN, stranger.verifying_key()).unwrap();
    assert_eq!(verify(&file, &other), Err("proof.checkpoint"));
    let renamed = NoteKey::of_log("ledger.example/other", audited.key.verifying_key()).unwrap();
    assert_eq!(verify(&file, &renamed), Err("proof.checkpoint"));

    let another = Audited::with_records(40).checkpoint(37);
    let (proof, _) = file.split_once("\n\n").unwrap();
    assert_eq!(verify(&format!("{proof}\n\n{another}"), &audited.log), Err("proof.inclusion"));
    let later = audited.checkpoint(38);
    assert_eq!(verify(&format!("{proof}\n\n{later}"), &audited.log), Err("proof.inclusion"));
}

#[test]
fn a_record_out_of_its_place_is_refused_although_it_is_in_the_tree() {
    let audited = Audited::with_records(3);
    let line = audited.line(1);
    let mut tree = Tree::new();
    tree.append(&LedgerHash::of_line(&line));
    let signed = Checkpoint::of(&audited.log, &tree).sign(&audited.log, &audited.key).unwrap();
    let file =
        format!("c2sp.org/tlog-proof@v1\nextra {}\nindex 0\n\n{signed}", STANDARD.encode(&line));
    assert_eq!(verify(&file, &audited.log), Err("proof.misplaced"));
}

#[test]
fn a_proof_that_would_not_verify_is_not_made() {
    let audited = Audited::with_records(20);
    let make = |line: &[u8], signed: &str| {
        let inclusion = audited.inclusion(5, 15);
        RecordProof::of(line, inclusion, signed.as_bytes(), &audited.log).map(drop)
    };
    let signed = audited.checkpoint(15);
    assert_eq!(make(&audited.line(5), &signed), Ok(()));
    assert_eq!(make(&audited.line(6), &signed).unwrap_err().code(), "proof.inclusion");
    let later = audited.checkpoint(16);
    assert_eq!(make(&audited.line(5), &later).unwrap_err().code(), "proof.inclusion");
    let unsigned = signed.replace("15\n", "16\n");
    assert_eq!(make(&audited.line(5), &unsigned).unwrap_err().code(), "proof.checkpoint");
}

#[test]
fn what_is_not_a_proof_is_refused() {
    let (audited, file) = file();
    let hash = "zMKa4OAqd7D0V4wawXST15z0JiEEkprIBPkfxOesWvA=\n";
    let extra = file.lines().nth(1).unwrap();
    for bad in [
        String::new(),
        "\n\n".to_owned(),
        file.replacen("\n\n", "\n", 1),
        file.replace("@v1", "@v2"),
        file.replace("c2sp.org", " c2sp.org"),
        file.replace('\n', "\r\n"),
        file.replacen("extra ", "extra  ", 1),
        file.replacen("extra ", "Extra ", 1),
        file.replacen("extra ", "extra !", 1),
        file.replace("index 11", "index 011"),
        file.replace("index 11", "index +11"),
        file.replace("index 11", "index -1"),
        file.replace("index 11", "index 99999999999999999999"),
        file.replace("index 11\n", ""),
        file.replace("index 11\n", "index 11\nindex 11\n"),
        file.replace("index 11\n", &format!("index 11\n{extra}\n")),
        file.replace("index 11\n", "index 11\nAAAA\n"),
        file.replace(
            "index 11\n",
            &format!("index 11\n{}\n", hash.trim_end().trim_end_matches('=')),
        ),
        file.replace("index 11\n", &format!("index 11\n{}", hash.repeat(65))),
        file.replacen("extra ", &format!("extra {}", "AAAA".repeat(50_000)), 1),
    ] {
        assert_eq!(verify(&bad, &audited.log), Err("proof.form"), "{:?}", bad.get(..60));
    }
    assert_eq!(RecordProof::parse(&[0xff; 9]).unwrap_err().code(), "proof.form");
    let many = file.replace("index 11\n", &format!("index 11\n{}", hash.repeat(50)));
    assert_eq!(verify(&many, &audited.log), Err("proof.inclusion"));
}

#[test]
fn a_quorum_of_trusted_witnesses_is_demanded_and_each_counts_once() {
    let audited = Audited::with_records(9);
    let witnesses: Vec<_> = (1..=3).map(Witness::new).collect();
    let key = |number: usize| witnesses[number - 1].vkey.clone();
    let signed = audited.checkpoint(9);
    let once = witnesses[0].cosign(&signed, 1_785_240_000);
    let twice = witnesses[2].cosign(&once, 1_785_240_007);
    let check = |signed: &str, keys: &[NoteKey], quorum| {
        let witnesses = Witnesses::new(keys.iter().cloned(), quorum).unwrap();
        let proven = proof(&audited, 4, signed, 9).verify(&audited.log, &witnesses)?;
        let found = proven.cosignatures.into_iter();
        Ok::<Vec<_>, RecordProofError>(found.map(|found| (found.witness, found.at)).collect())
    };
    let (first, third) = (
        ("witness.example/w1".to_owned(), 1_785_240_000),
        ("witness.example/w3".to_owned(), 1_785_240_007),
    );
    let all = [key(1), key(2), key(3)];
    assert_eq!(check(&twice, &all, 2), Ok(vec![first.clone(), third]));
    assert_eq!(check(&twice, &[key(1)], 1), Ok(vec![first]));
    let too_few =
        |found, quorum| Err(RecordProofError::Witness(WitnessError::TooFew { found, quorum }));
    assert_eq!(check(&twice, &all, 3), too_few(2, 3));
    assert_eq!(check(&once, &all, 2), too_few(1, 2));
    assert_eq!(check(&signed, &all, 1), too_few(0, 1));
    assert_eq!(check(&once, &[key(2)], 1), too_few(0, 1));

    // The same cosignature twice is no second one, and one for another checkpoint is none.
    let line = once.lines().last().unwrap();
    let repeated = check(&format!("{once}{line}\n"), &all, 1).unwrap_err();
    assert_eq!(repeated.code(), "proof.witness");
    let stale = witnesses[0].cosign(&audited.checkpoint(8), 1);
    let stale = stale.lines().last().unwrap();
    let moved = check(&format!("{signed}{stale}\n"), &all, 1).unwrap_err();
    assert_eq!(moved.to_string(), "the signature of `witness.example/w1` does not fit the note");
}

#[test]
fn witnesses_that_cannot_vouch_are_refused_when_they_are_named() {
    let audited = Audited::with_records(0);
    let (first, second) = (Witness::new(1).vkey, Witness::new(2).vkey);
    let code = |keys: &[&NoteKey], quorum| {
        Witnesses::new(keys.iter().copied().cloned(), quorum).unwrap_err().code()
    };
    assert_eq!(code(&[&first, &audited.log], 1), "ledger.not_a_witness");
    assert_eq!(code(&[&first, &second, &first], 1), "ledger.witness_twice");
    let key = SigningKey::from_seed(&[101; 32]).verifying_key();
    let alias = NoteKey::of_witness("witness.example/alias", key).unwrap();
    assert_eq!(code(&[&first, &alias], 1), "ledger.witness_twice");
    for (keys, quorum) in [(&[&first, &second][..], 0), (&[&first, &second], 3), (&[], 1), (&[], 0)]
    {
        assert_eq!(code(keys, quorum), "ledger.bad_quorum", "{quorum}");
    }
}

proptest! {
    #[test]
    fn what_parses_is_written_as_it_was_read(
        lines in prop::collection::vec(
            prop_oneof![
                Just("c2sp.org/tlog-proof@v1"), Just("extra eyJ9"), Just("extra "), Just("index 5"), Just("index 05"), Just(""),
                Just("zMKa4OAqd7D0V4wawXST15z0JiEEkprIBPkfxOesWvA="), Just("zMKa4OAqd7D0V4wawXST15z0JiEEkprIBPkfxOesWvB="),
                Just("ledger.example/axtary"), Just(" "), Just("\r"),
            ],
            0..8,
        ),
        newline in any::<bool>(),
    ) {
        let mut text = format!("c2sp.org/tlog-proof@v1\n{}", lines.join("\n"));
        if newline {
            text.push('\n');
        }
        if let Ok(proof) = RecordProof::parse(text.as_bytes()) {
            prop_assert_eq!(proof.to_string(), text);
        }
    }
}
