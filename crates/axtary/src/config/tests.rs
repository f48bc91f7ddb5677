use axtary_policy::TemplateLink;

use super::*;

const GOOD: &str = include_str!("../command/init/axtary.yml");

fn parse(text: &str) -> Result<Config, ConfigError> {
    Config::parse(Path::new("gate/axtary.yml"), text)
}

fn refusal(text: &str) -> String {
    let error = parse(text).unwrap_err();
    let fix = error.fix().map(|fix| format!(" | {fix}")).unwrap_or_default();
    format!("{error}{fix}")
}

#[test]
fn paths_are_relative_to_the_file_and_policy_names_stay_as_written() {
    let config = parse(GOOD).unwrap();
    assert_eq!(config.signing_key, Path::new("gate/.axtary/pass.pem"));
    assert_eq!(config.ledger, Path::new("gate/.axtary/ledger.jsonl"));
    assert_eq!(config.policy.native, ["policy/rules.yml"]);
    assert_eq!(config.policy.locate("policy/rules.yml"), Path::new("gate/policy/rules.yml"));
    assert_eq!(config.max_ttl, Duration::from_secs(600));
    assert_eq!(config.durability, Durability::Synced);
}

#[test]
fn what_is_left_out_means_the_safe_thing() {
    let text = GOOD.replace("  durability: synced", "").replace("max_ttl: 10m", "");
    let config = parse(&text).unwrap();
    assert_eq!(config.durability, Durability::Synced);
    assert_eq!(config.max_ttl, Guard::MAX_TTL);
}

#[test]
fn every_mistake_is_named_with_its_place() {
    for (from, to, message) in [
        ("version: 1", "version: 2", ":2:10: the version is 2, and this `axtary` reads 1"),
        (
            "issuer: axtary://local",
            "issuer: a b",
            ":5:9: an issuer must be printable ASCII without spaces, at most 256 bytes, but is \"a b\"",
        ),
        (
            "issuer: axtary://local",
            "issuer: 12",
            ":5:9: `12` does not read as text; quote it, and mind its unit if it has one",
        ),
        (
            "issuer: axtary://local",
            "issuer:",
            ":5:7: the key has no value; write one, or leave the key out",
        ),
        (
            "durability: synced",
            "durability: sync",
            ":16:15: unknown variant `sync`, expected one of synced, buffered",
        ),
        ("cedar: []", "cedar: main.cedar", ":26:10: a list belongs here, such as `[one, two]`"),
        ("cedar: []", "cedar:", ":26:8: a list belongs here, such as `[one, two]`"),
        (
            "[policy/rules.yml]",
            "[a.yml, b.yml]",
            ":25:19: `policy.native` names more than one file | put all native rules into one",
        ),
        (
            "native: [policy/rules.yml]",
            "native: []",
            ": no policy is named, so nothing could be permitted \
             | name at least one file under `policy`, such as `native: [policy/rules.yml]`",
        ),
        (
            "max_ttl: 10m",
            "max_ttl: 10m\nmax_ttl: 1h",
            ":32:1: the key `max_ttl` stands twice; keep one",
        ),
    ] {
        let said = refusal(&GOOD.replacen(from, to, 1));
        assert_eq!(said, format!("gate/axtary.yml{message}"), "{to}");
    }
}

const CEDAR_AND_REGO: &str = r#"  cedar: [policy/main.cedar]
  rego: [policy/main.rego, policy/authz.tar.gz]
  groups:
    backend: [codex-prod, codex-stage]
    nightly: [claude]
  links:
    - { template: reader, id: codex-reads, principal: 'Agent::"codex-prod"' }
    - { template: owner, id: web-app, resource: 'Repo::"company/web-app"' }
  entrypoints: { allow: data.company.authz.allow, deny: data.company.authz.deny }
"#;

fn with_cedar_and_rego() -> String {
    GOOD.replace("  cedar: []\n  rego: []\n", CEDAR_AND_REGO)
}

#[test]
fn what_goes_with_cedar_and_rego_is_read() {
    let policy = parse(&with_cedar_and_rego()).unwrap().policy;
    assert_eq!(policy.rego, ["policy/main.rego", "policy/authz.tar.gz"]);
    let backend: Vec<&str> = policy.groups["backend"].iter().map(|agent| agent.as_str()).collect();
    assert_eq!(backend, ["codex-prod", "codex-stage"]);
    assert_eq!(policy.groups.len(), 2);
    assert_eq!(
        policy.links,
        [
            TemplateLink::new("reader", "codex-reads").principal("Agent::\"codex-prod\""),
            TemplateLink::new("owner", "web-app").resource("Repo::\"company/web-app\""),
        ]
    );
    let Entrypoints { allow, deny, step_up } = policy.entrypoints;
    assert_eq!(allow.as_deref(), Some("data.company.authz.allow"));
    assert_eq!(deny.as_deref(), Some("data.company.authz.deny"));
    assert_eq!(step_up, None);
}

#[test]
fn a_mistake_in_what_goes_with_cedar_and_rego_is_named_with_its_place() {
    for (from, to, message) in [
        (
            "[claude]",
            "[a b]",
            ":30:15: an agent id must be printable ASCII without spaces, at most 128 bytes, but is \"a b\"",
        ),
        ("[claude]", "[]", ":30:14: the group `nightly` is empty; name an agent, or leave it out"),
        ("[claude]", "claude", ":30:14: a list belongs here, such as `[one, two]`"),
        (
            "nightly:",
            "night shift:",
            ":30:18: the group `night shift` is named as no agent can be: an agent id must be printable ASCII without spaces, at most 128 bytes, but is \"night shift\"",
        ),
        ("nightly:", "backend:", ":30:5: the key `backend` stands twice; keep one"),
        ("template: reader, ", "", ":32:26: missing field `template`"),
        (
            "principal:",
            "principle:",
            ":32:44: unknown field `principle`, expected one of template, id, principal, resource",
        ),
        (
            "deny:",
            "denies:",
            ":34:51: unknown field `denies`, expected one of allow, deny, step_up",
        ),
        (
            "[policy/main.cedar]",
            "[]",
            ":29:5: `policy.groups` is for Cedar, of which no file is named | name the file under `policy`, or leave the key out",
        ),
        (
            "[policy/main.rego, policy/authz.tar.gz]",
            "[]",
            ":34:16: `policy.entrypoints` is for Rego, of which no file is named | name the file under `policy`, or leave the key out",
        ),
    ] {
        let said = refusal(&with_cedar_and_rego().replacen(from, to, 1));
        assert_eq!(said, format!("gate/axtary.yml{message}"), "{to}");
    }
}

#[test]
fn a_key_that_is_unknown_or_missing_is_named() {
    let unknown = refusal(&GOOD.replace("issuer:", "isuer:"));
    assert!(unknown.starts_with("gate/axtary.yml:5:1: unknown field `isuer`"), "{unknown}");
    for key in ["version", "issuer", "audience", "signing_key", "ledger", "policy"] {
        let text: String = GOOD
            .lines()
            .scan(false, |inside, line| {
                *inside = line.starts_with(key) || (*inside && line.starts_with(' '));
                Some(if *inside { String::new() } else { format!("{line}\n") })
            })
            .collect();
        let missing = refusal(&text);
        assert!(missing.contains(&format!("missing field `{key}`")), "{missing}");
    }
}

#[test]
fn anchors_aliases_and_second_documents_are_refused() {
    for (from, to) in [
        ("issuer: axtary://local", "issuer: &name axtary://local"),
        ("max_ttl: 10m", "max_ttl: 10m\n---\nversion: 1"),
    ] {
        assert!(parse(&GOOD.replacen(from, to, 1)).is_err(), "{to}");
    }
}

#[test]
fn a_ttl_has_one_form_and_a_bound() {
    for (text, seconds) in [("30s", 30), ("10m", 600), ("1h", 3600), ("3600s", 3600)] {
        let config = parse(&GOOD.replace("max_ttl: 10m", &format!("max_ttl: {text}"))).unwrap();
        assert_eq!(config.max_ttl, Duration::from_secs(seconds));
    }
    for text in [
        "0s", "2h", "3601s", "-1s", "+1s", "1.5h", "10 m", "10d", "m", "''", "1m30s", "99999h", "é",
    ] {
        let said = refusal(&GOOD.replace("max_ttl: 10m", &format!("max_ttl: {text}")));
        assert!(said.ends_with("| write `30s`, `10m` or `1h`, at most `1h`"), "{said}");
    }
}

#[test]
fn a_segment_of_no_size_or_of_any_size_is_refused() {
    let with = |mib: &str| {
        GOOD.replace("  checkpoints:", &format!("  segment_mib: {mib}\n  checkpoints:"))
    };
    assert_eq!(parse(&with("1")).unwrap().segment_bytes, Some(1024 * 1024));
    assert_eq!(parse(&with("65536")).unwrap().segment_bytes, Some(1 << 36));
    for mib in ["0", "65537"] {
        let refused = refusal(&with(mib));
        assert!(refused.contains(&format!("`segment_mib` is {mib} | write a number")), "{refused}");
    }
}
