//! The form that humans read has the fields of the landing example, in their order.

use axtary_actionpass::Timestamp;

use crate::kit::{NOW, Scene};

#[test]
fn the_view_has_these_fields_in_this_order() {
    let scene = Scene::new();
    let pass = scene.pass();
    let view = pass.claims().view(Timestamp::from_seconds(NOW + 2).unwrap());
    let text = serde_json::to_string_pretty(&view)
        .unwrap()
        .replace(pass.id().as_str(), "ap_…")
        .replace(&pass.claims().ledger_hash().to_string(), "sha256:…");
    insta::assert_snapshot!(text, @r#"
    {
      "action_pass_id": "ap_…",
      "agent_id": "codex-prod",
      "human_owner": "alice@example.com",
      "intent": "AXT-418: fix the login redirect",
      "tool": "github.pull_requests.create",
      "resource": "repo:company/web-app",
      "constraints": {
        "blocked_paths": [
          ".env*"
        ],
        "max_files_changed": 12
      },
      "expires_in": "9m 58s",
      "payload_hash": "sha256:7eb149531cb22152232c2cbb818df1571cd85f8d65307976ced8dbbd0f4596b7",
      "policy": "testing:pass",
      "ledger_hash": "sha256:…"
    }
    "#);
}
