//! Why a decision fell as it did, in words: what a spreadsheet and a SIEM show of a record's reasons.

use axtary_actionpass::{Json, Object};

/// The reasons of a record, or of a decision that could not be made what failed; nothing for other records.
pub(super) fn reasons(body: &Object) -> String {
    let text = |name| body.get(name).and_then(Json::as_str);
    match (text("part"), text("message")) {
        (Some(part), Some(message)) => format!("{part} failed: {message}"),
        (Some(_) | None, _) => {
            let reasons = body.get("reasons").and_then(Json::as_array).unwrap_or_default();
            let reasons = reasons.iter().filter_map(Json::as_object).map(reason);
            reasons.collect::<Vec<_>>().join("; ")
        }
    }
}

/// `native:small-changes violated: max_files_changed allows 12, files_changed is 14`.
fn reason(reason: &Object) -> String {
    let text = |name| reason.get(name).and_then(Json::as_str).unwrap_or_default();
    let detail = reason.get("violation").and_then(Json::as_object).map_or_else(
        || [text("message"), text("text")].concat(),
        |violation| {
            let member = |name| violation.get(name).map_or_else(|| "missing".into(), plain);
            let seen = if violation.get("offending").is_some() { "offending" } else { "seen" };
            format!(
                "{} allows {}, {} is {}",
                member("constraint"),
                member("allowed"),
                member("fact"),
                member(seen)
            )
        },
    );
    let mut line = format!("{} {}", policy(reason), text("cause"));
    if !detail.is_empty() {
        line.push_str(": ");
        line.push_str(&detail);
    }
    line
}

/// The policy that gave a reason: `native:small-changes`; the engine alone where it names none.
pub(super) fn policy(reason: &Object) -> String {
    let text = |name| reason.get(name).and_then(Json::as_str);
    let engine = text("engine").unwrap_or_default();
    text("policy").map_or_else(|| engine.to_owned(), |policy| format!("{engine}:{policy}"))
}

/// A value as people read it: text without its quotes, anything else as JSON.
pub(super) fn plain(value: &Json) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_is_told_with_what_it_saw_and_what_it_allows() {
        let body = Json::parse(
            br#"{"reasons":[
                {"cause":"violated","engine":"native","policy":"small-changes","violation":
                    {"allowed":12,"constraint":"max_files_changed","fact":"files_changed","seen":14}},
                {"cause":"violated","engine":"native","policy":"paths","violation":
                    {"allowed":[".env*"],"constraint":"blocked_paths","fact":"paths","seen":[".env","a"],"offending":[".env"]}},
                {"cause":"violated","engine":"native","policy":"tests","violation":
                    {"allowed":true,"constraint":"requires_tests","fact":"has_tests"}},
                {"cause":"forbidden","engine":"rego","text":"not on Fridays"},
                {"cause":"failed","engine":"cedar","policy":"p0","message":"overflow"},
                {"cause":"no_permit","engine":"cedar"}
            ]}"#,
        )
        .unwrap();
        assert_eq!(
            reasons(body.as_object().unwrap()).split("; ").collect::<Vec<_>>(),
            [
                "native:small-changes violated: max_files_changed allows 12, files_changed is 14",
                r#"native:paths violated: blocked_paths allows [".env*"], paths is [".env"]"#,
                "native:tests violated: requires_tests allows true, has_tests is missing",
                "rego forbidden: not on Fridays",
                "cedar:p0 failed: overflow",
                "cedar no_permit",
            ]
        );
    }
}
