//! `axtary check`: a pass for what policy permits, reasons for what it does not, and an exit code for each.

use axtary::actionpass::Json;
use insta::assert_snapshot;

use crate::kit::{Gate, pretty, steady, text};

const PULL_REQUEST: [&str; 6] = [
    "check",
    "github.pull_requests.create",
    "--base=main",
    "--head=agent/fix",
    "--agent=codex-prod",
    "--owner=alice@example.com",
];

#[test]
fn a_permitted_call_yields_a_pass() {
    let gate = Gate::new();
    let ran = gate.check("agent/fix", &[]).code(0);
    assert_eq!(ran.err, "");
    let (view, token) = ran.out.split_once("\n\n").unwrap();
    assert_snapshot!(steady(view), @r#"
    {
      "action_pass_id": "AP_ID",
      "agent_id": "codex-prod",
      "human_owner": "alice@example.com",
      "intent": "AXT-418: Fix the login redirect",
      "tool": "github.pull_requests.create",
      "resource": "repo:company/web-app",
      "constraints": {
        "base_branches": [
          "main",
          "master",
          "develop"
        ],
        "blocked_paths": [
          ".env*",
          "*.pem",
          "*.key",
          "id_rsa*",
          ".axtary/",
          "axtary.yml"
        ],
        "max_files_changed": 20,
        "requires_tests": true,
        "touches_production": false
      },
      "expires_in": "SOON",
      "payload_hash": "SHA256",
      "policy": "native:pass",
      "ledger_hash": "SHA256"
    }
    "#);
    assert_eq!(token.trim_end().split('.').count(), 3);
}

#[test]
fn a_denied_call_is_told_every_reason_and_what_would_pass() {
    let ran = Gate::new().check("agent/leak", &[]).code(3);
    assert_eq!(ran.out, "");
    assert_snapshot!(steady(&ran.err), @"
    error: denied (native:deny)
      `native:small-tested-changes`: `paths` holds `web/.env.local`, which blocked_paths blocks
        help: leave out `web/.env.local`
      `native:small-tested-changes`: `tests_changed` is false, must be true
        help: make `tests_changed` true
      `native:small-tested-changes`: `touches_production` is true, must be false
        help: make `touches_production` false
    recorded as SHA256
    ");
}

#[test]
fn a_call_that_needs_a_human_is_told_who_and_for_which_payload() {
    let ran = Gate::new().check("agent/deploy", &[]).code(4);
    assert_eq!(ran.out, "");
    assert_snapshot!(steady(&ran.err), @"
    error: a human must approve first (native:step_up)
      `native:production-needs-a-human`: changes to production need a maintainer's approval
    help: ask maintainers to approve exactly the payload SHA256
    recorded as SHA256
    ");
}

#[test]
fn a_permit_as_json_has_stable_members() {
    let permit = Gate::new().check("agent/fix", &["--json"]).code(0).json();
    let members: Vec<_> = permit.iter().map(|(name, _)| name).collect();
    assert_eq!(members, ["decision", "facts", "payload", "token", "view"]);
    assert_eq!(text(&permit, "decision"), "permit");
    assert_snapshot!(steady(&permit.get("payload").unwrap().to_string()), @r#"{"base":"main","base_sha":"COMMIT","head":"agent/fix","head_sha":"COMMIT","owner":"company","repo":"web-app","title":"Fix the login redirect"}"#);
}

#[test]
fn a_denial_as_json_has_stable_members() {
    let ran = Gate::new().check("agent/leak", &["--json"]).code(3);
    assert_snapshot!(pretty(&ran.json()), @r#"
    {
      "code": "denied",
      "decision": "denied",
      "ledger_hash": "SHA256",
      "message": "denied by `native:small-tested-changes`: `paths` holds `web/.env.local`, which blocked_paths blocks; `native:small-tested-changes`: `tests_changed` is false, must be true; `native:small-tested-changes`: `touches_production` is true, must be false",
      "payload_hash": "SHA256",
      "policy": "native:deny",
      "policy_version": "SHA256",
      "reasons": [
        {
          "cause": "violated",
          "engine": "native",
          "policy": "small-tested-changes",
          "violation": {
            "allowed": [
              ".env*",
              "*.pem",
              "*.key",
              "id_rsa*",
              ".axtary/",
              "axtary.yml"
            ],
            "constraint": "blocked_paths",
            "fact": "paths",
            "offending": [
              "web/.env.local"
            ],
            "remedy": "leave out `web/.env.local`"
          }
        },
        {
          "cause": "violated",
          "engine": "native",
          "policy": "small-tested-changes",
          "violation": {
            "allowed": true,
            "constraint": "requires_tests",
            "fact": "tests_changed",
            "remedy": "make `tests_changed` true",
            "seen": false
          }
        },
        {
          "cause": "violated",
          "engine": "native",
          "policy": "small-tested-changes",
          "violation": {
            "allowed": false,
            "constraint": "touches_production",
            "fact": "touches_production",
            "remedy": "make `touches_production` false",
            "seen": true
          }
        }
      ]
    }
    "#);
}

#[test]
fn a_step_up_as_json_has_stable_members() {
    let ran = Gate::new().check("agent/deploy", &["--json"]).code(4);
    assert_snapshot!(pretty(&ran.json()), @r#"
    {
      "approvers": [
        "maintainers"
      ],
      "code": "approval_required",
      "decision": "approval_required",
      "ledger_hash": "SHA256",
      "message": "approval required from maintainers by `native:production-needs-a-human`: changes to production need a maintainer's approval",
      "payload_hash": "SHA256",
      "policy": "native:step_up",
      "policy_version": "SHA256",
      "reasons": [
        {
          "cause": "step_up",
          "engine": "native",
          "policy": "production-needs-a-human",
          "text": "changes to production need a maintainer's approval"
        }
      ]
    }
    "#);
}

#[test]
fn a_branch_that_is_not_there_is_refused() {
    let ran = Gate::new().check("agent/nothing", &["--json"]).code(3);
    assert_eq!(text(&ran.json(), "code"), "github.no_such_branch");
}

#[test]
fn what_is_no_branch_is_a_mistake_in_the_arguments() {
    let ran = Gate::new().check("main~3", &["--json"]).code(2);
    assert_eq!(text(&ran.json(), "code"), "usage");
}

#[test]
fn a_clone_without_a_remote_on_github_must_be_named() {
    let gate = Gate::new();
    gate.repository().remote_set_url("origin", "https://gitlab.com/company/web-app").unwrap();
    let ran = gate.check("agent/fix", &[]).code(2);
    assert_snapshot!(ran.err, @"
    error: the clone has no remote `origin` on GitHub, so its name is not known
    help: name the repository using `--repository owner/name`
    ");

    let ran = gate.check("agent/fix", &["--repository=Other/Name", "--json"]).code(0);
    let view = ran.json();
    let view = view.get("view").and_then(Json::as_object).unwrap();
    assert_eq!(text(view, "resource"), "repo:other/name");
}

#[test]
fn a_folder_that_is_no_clone_is_named() {
    let gate = Gate::new();
    let ran = gate.run(&[&PULL_REQUEST, ["--repo=policy", "--title=t"].as_slice()].concat());
    let ran = ran.code(2);
    assert!(ran.err.starts_with("error: `policy` is not in a git repository: "), "{}", ran.err);
    assert!(ran.err.ends_with("\nhelp: name a clone using `--repo`\n"), "{}", ran.err);
}

#[test]
fn a_title_may_look_like_an_option() {
    let title = ["--repo=web-app", "--title", "--draft", "--json"];
    let ran = Gate::new().run(&[&PULL_REQUEST, title.as_slice()].concat()).code(0).json();
    let payload = ran.get("payload").and_then(Json::as_object).unwrap();
    assert_eq!(text(payload, "title"), "--draft");
    assert_eq!(payload.get("draft"), None);
}

#[test]
fn an_intent_that_is_too_long_is_refused() {
    let intent = format!("--intent={}", "x".repeat(5000));
    Gate::new().check("agent/fix", &[&intent]).code(3);
}

#[test]
fn a_draft_and_a_body_are_part_of_the_payload() {
    let gate = Gate::new();
    let ran = gate.check("agent/fix", &["--draft", "--body=All of it", "--json"]).code(0).json();
    let payload = ran.get("payload").and_then(Json::as_object).unwrap();
    assert_eq!(payload.get("draft"), Some(&Json::Bool(true)));
    assert_eq!(text(payload, "body"), "All of it");
}

#[test]
fn a_pass_that_is_written_is_not_printed_and_for_the_user_alone() {
    let gate = Gate::new();
    gate.write("pass.jws", "an old pass, readable by all");
    let ran = gate.check("agent/fix", &["--pass-out=pass.jws"]).code(0);
    let token = gate.read("pass.jws");
    assert!(!ran.out.contains(token.trim_end()), "{}", ran.out);
    assert!(ran.out.ends_with("the pass was written to pass.jws\n"), "{}", ran.out);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = gate.path("pass.jws").metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

#[test]
fn a_pass_that_cannot_be_written_is_not_released() {
    let ran = Gate::new().check("agent/fix", &["--pass-out=nowhere/pass.jws"]).code(5);
    assert_eq!(ran.out, "");
    assert!(ran.err.starts_with("error: cannot create `nowhere/pass.jws`"), "{}", ran.err);
}

#[cfg(unix)]
#[test]
fn a_pass_is_not_written_over_what_is_no_file() {
    let gate = Gate::new();
    gate.write("elsewhere", "mine");
    std::os::unix::fs::symlink(gate.path("elsewhere"), gate.path("link")).unwrap();
    for name in ["link", "policy", "/dev/null"] {
        let ran = gate.check("agent/fix", &["--pass-out", name]).code(5);
        assert_eq!(ran.err, format!("error: cannot replace `{name}`: it is not a regular file\n"));
    }
    assert_eq!(gate.read("elsewhere"), "mine");
    assert!(gate.path("link").is_symlink());
}

#[test]
fn a_gate_that_is_open_elsewhere_is_unavailable() {
    let gate = Gate::new();
    let open = axtary::Axtary::open(gate.path("axtary.yml")).unwrap();
    let ran = gate.check("agent/fix", &["--json"]).code(5);
    assert_eq!(text(&ran.json(), "code"), "ledger.locked");
    assert!(text(&ran.json(), "message").contains(&format!("process {}", std::process::id())));
    drop(open);
    gate.check("agent/fix", &[]).code(0);
}

#[test]
fn a_torn_end_of_the_ledger_is_repaired_and_told() {
    let gate = Gate::new();
    gate.check("agent/fix", &[]).code(0);
    let whole = gate.read(".axtary/ledger.jsonl");
    gate.write(".axtary/ledger.jsonl", &format!("{whole}{{\"body\":"));
    let ran = gate.check("agent/fix", &["--json"]).code(0);
    assert!(ran.err.starts_with("note: the ledger was repaired: "), "{}", ran.err);
    assert_eq!(text(&ran.json(), "decision"), "permit");
}
