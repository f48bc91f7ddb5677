//! OPA bundles: what they hold is loaded whole, or refused.

use std::io::Write as _;

use axtary_actionpass::{Effect, PolicyEngine};
use axtary_policy::{LoadError, RegoEngine};
use flate2::{Compression, write::GzEncoder};
use insta::assert_snapshot;
use tar::{Builder, EntryType, Header};

use crate::kit::{call, evaluate};

const MANIFEST: (&str, &str) =
    (".manifest", r#"{"revision": "r1", "roots": ["axtary", "team"], "rego_version": 1}"#);
const MODULE: (&str, &str) = (
    "/axtary/main.rego",
    "package axtary\nimport data.team.members\nallow if input.actor.agent_id in members\ndeny contains reason if some \
     reason in data.team.frozen[input.resource]",
);
const DATA: (&str, &str) = (
    "team/data.json",
    r#"{"members": ["codex-prod"], "frozen": {"repo:company/api": ["freeze"]}}"#,
);

fn pack(files: &[(&str, &str)]) -> Vec<u8> {
    let mut builder = Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    for (path, text) in files {
        let mut header = Header::new_gnu();
        // Not `set_path`, which refuses what a hostile bundle would hold.
        let name = &mut header.as_gnu_mut().unwrap().name;
        name.get_mut(..path.len()).unwrap().copy_from_slice(path.as_bytes());
        header.set_size(text.len() as u64);
        header.set_cksum();
        builder.append(&header, text.as_bytes()).unwrap();
    }
    builder.into_inner().unwrap().finish().unwrap()
}

fn load(files: &[(&str, &str)]) -> Result<RegoEngine, LoadError> {
    RegoEngine::builder().bundle("b.tar.gz", pack(files)).build()
}

#[test]
fn a_bundle_decides_by_its_modules_and_its_data() {
    let engine = load(&[MANIFEST, MODULE, DATA]).unwrap();
    assert_eq!(evaluate(&engine, &call()).effect(), Effect::Permit);
    assert_eq!(evaluate(&engine, &call().agent("x")).effect(), Effect::Deny);
    let frozen = evaluate(&engine, &call().resource("repo:company/api"));
    assert_eq!(frozen.reasons()[0].text(), Some("freeze"));
    let listed: Vec<_> = engine.policies().into_iter().map(|p| (p.id, p.file, p.line)).collect();
    let file = || "b.tar.gz/axtary/main.rego".to_owned();
    assert_eq!(
        listed,
        [
            ("data.axtary.allow".to_owned(), file(), Some(3)),
            ("data.axtary.deny".to_owned(), file(), Some(4))
        ]
    );
}

#[test]
fn the_version_follows_the_data_too() {
    let version =
        |data: &str| load(&[MANIFEST, MODULE, ("team/data.json", data)]).unwrap().policy_version();
    let (one, two) = (r#"{"members": [], "frozen": {}}"#, r#"{"members": ["a"], "frozen": {}}"#);
    assert_ne!(version(one), version(two));
    assert_eq!(version(one), version(r#"{"frozen": {}, "members":   []}"#));
}

#[test]
fn a_module_beside_a_bundle_may_read_its_data() {
    let data = pack(&[("lib/data.json", r#"{"team": ["codex-prod"]}"#)]);
    let engine = RegoEngine::builder()
        .module("main.rego", "package axtary\nallow if input.actor.agent_id in data.lib.team")
        .bundle("data.tar.gz", data)
        .build()
        .unwrap();
    assert_eq!(evaluate(&engine, &call()).effect(), Effect::Permit);
}

#[test]
fn a_bundle_that_is_not_understood_whole_is_refused() {
    let with = |file: (&str, &str)| load(&[MANIFEST, MODULE, DATA, file]).unwrap_err();
    let manifest = |text: &str| load(&[(".manifest", text), MODULE, DATA]).unwrap_err();
    let mut errors = vec![
        with(("README.md", "x")),
        with(("policy.wasm", "x")),
        with((".signatures.json", "{}")),
        with(("team/data.yaml", "a: 1")),
        with(("./axtary/main.rego", "package axtary")),
        with(("axtary/../x.rego", "package axtary")),
        with(("axtary/data.json", "[1]")),
        with(("axtary/data.json", r#"{"a": 1, "a": 2}"#)),
        with(("team/members/data.json", r#"{"a": 1}"#)),
        with(("axtary/data.json", r#"{"allow": true}"#)),
        with(("other/data.json", r#"{"a": 1}"#)),
        with(("other/x.rego", "package other\nx := 1")),
        manifest("{"),
        manifest(r#"{"roots": "axtary"}"#),
        manifest(r#"{"roots": ["axtary", "team"], "rego_version": 0}"#),
        manifest(r#"{"roots": ["axtary", "team"], "wasm": [{"entrypoint": "x"}]}"#),
        manifest(r#"{"roots": ["axtary", "team"], "more": 1}"#),
        manifest(r#"{"roots": ["axtary"]}"#),
        load(&[MODULE]).unwrap_err(),
        load(&[]).unwrap_err(),
        RegoEngine::builder().bundle("b.tar.gz", "package axtary").build().unwrap_err(),
        RegoEngine::builder().bundle("b.tar.gz", vec![0; 17 << 20]).build().unwrap_err(),
    ];
    let mut cut = pack(&[MANIFEST, MODULE, DATA]);
    cut.truncate(cut.len() / 2);
    errors.push(RegoEngine::builder().bundle("b.tar.gz", cut).build().unwrap_err());
    let table: String = errors.into_iter().map(|error| format!("{error}\n")).collect();
    assert_snapshot!(table, @r#"
    b.tar.gz/README.md: a bundle holds `.manifest`, `data.json` and `*.rego` here; leave out what else there is
    b.tar.gz/policy.wasm: a bundle holds `.manifest`, `data.json` and `*.rego` here; leave out what else there is
    b.tar.gz/.signatures.json: nothing here checks a signature, so none may be claimed; build the bundle without, or load what you have checked without it
    b.tar.gz/team/data.yaml: data is read from `data.json` only; convert it
    b.tar.gz/axtary/main.rego: the bundle holds this file twice; keep one
    b.tar.gz: it holds a file whose path is not plain; leave out `..` and what is not Unicode
    b.tar.gz/axtary/data.json: it must hold an object, not array
    b.tar.gz/axtary/data.json: the member "a" stands twice in one object, at byte 0
    b.tar.gz/team/members/data.json: another file of the bundle says `team.members` too; keep one
    b.tar.gz/axtary/main.rego:3:1: `data.axtary.allow` is defined by data too; rename one of them
    b.tar.gz: its data at `other` is outside the `roots` of its manifest; add the root
    b.tar.gz/other/x.rego: its package `other` is outside the `roots` of the bundle's manifest; add the root
    b.tar.gz/.manifest: expected a member name in double quotes, at byte 1
    b.tar.gz/.manifest: `roots` is a list of strings, such as `["axtary"]`
    b.tar.gz/.manifest: only Rego version 1 is read; convert the modules using `opa fmt --rego-v1`
    b.tar.gz/.manifest: compiled modules are not run here; build the bundle as Rego
    b.tar.gz/.manifest: it has a member that is unknown here; leave it out
    b.tar.gz: its data at `team` is outside the `roots` of its manifest; add the root
    b.tar.gz/axtary/main.rego:2:17: no module that was loaded defines `data.team.members`, and under `not` it would hold; load the module, or correct the name
    Rego module: no Rego module is given; an engine without one would deny everything
    b.tar.gz: it is no OPA bundle (`tar.gz`): invalid gzip header
    b.tar.gz: the bundle has more than 16777216 bytes; split it
    b.tar.gz/axtary/main.rego: it cannot be unpacked: incomplete deflate stream
    "#);
}

#[test]
fn a_link_in_a_bundle_is_refused() {
    let mut builder = Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    let mut header = Header::new_gnu();
    header.set_entry_type(EntryType::Symlink);
    header.set_size(0);
    builder.append_link(&mut header, "axtary/main.rego", "/etc/passwd").unwrap();
    let bundle = builder.into_inner().unwrap().finish().unwrap();
    let error = RegoEngine::builder().bundle("b.tar.gz", bundle).build().unwrap_err();
    assert_snapshot!(error, @"b.tar.gz: it holds a link or a device; pack plain files only");
}

#[test]
fn a_bundle_that_unpacks_without_end_is_refused() {
    let mut packed = GzEncoder::new(Vec::new(), Compression::best());
    let mut header = Header::new_gnu();
    header.set_path("axtary/main.rego").unwrap();
    header.set_size(1 << 32);
    header.set_cksum();
    packed.write_all(header.as_bytes()).unwrap();
    for _ in 0..100 {
        packed.write_all(&[b'#'; 1 << 20]).unwrap();
    }
    let bundle = packed.finish().unwrap();
    let error = RegoEngine::builder().bundle("b.tar.gz", bundle).build().unwrap_err();
    assert_snapshot!(error, @"b.tar.gz/axtary/main.rego: it has more than 4194304 bytes; split it");

    let large = "#".repeat(4 << 20);
    let names: Vec<String> = (0..17).map(|n| format!("axtary/{n}.rego")).collect();
    let files: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), &*large)).collect();
    assert_snapshot!(load(&files).unwrap_err(), @"b.tar.gz/axtary/16.rego: the bundle unpacks to more than 67108864 bytes; split it");
}

#[test]
fn other_entrypoints_are_asked_and_must_be_there_if_they_are_named() {
    let text = "package company.authz\nmay if input.tool\ndeny contains \"no\" if input.tool == \"a.b\"\nviolation \
                contains \"never\" if input.tool == \"c.d\"";
    let builder =
        || RegoEngine::builder().module("main.rego", text).allow("data.company.authz.may");
    let engine = builder().build().unwrap();
    let evaluation = evaluate(&engine, &call());
    assert_eq!(evaluation.reasons()[0].policy(), Some("data.company.authz.may"));
    assert_eq!(
        evaluate(&engine, &call().tool("a.b")).reasons()[0].policy(),
        Some("data.company.authz.deny"),
        "what stands beside `allow` is asked unasked"
    );
    let engine = builder().deny("data.company.authz.violation").build().unwrap();
    assert_eq!(evaluate(&engine, &call().tool("a.b")).effect(), Effect::Permit);
    assert_eq!(evaluate(&engine, &call().tool("c.d")).effect(), Effect::Deny);
    let refused = |builder: axtary_policy::RegoBuilder| builder.build().unwrap_err().to_string();
    assert_snapshot!(refused(builder().deny("data.company.authz.violations")), @"main.rego: no module defines `data.company.authz.violations`; write `package company.authz` and a rule `violations`");
    assert_snapshot!(refused(builder().step_up("data.company.authz.ask")), @"main.rego: no module defines `data.company.authz.ask`; write `package company.authz` and a rule `ask`");
    assert_snapshot!(refused(builder().allow("data.company.allow")), @"main.rego: no module defines `data.company.allow`; write `package company` and a rule `allow`");
    assert_snapshot!(refused(builder().allow("allow")), @"rego: the rule `allow` is refused; name it as `data.axtary.allow`");
}
