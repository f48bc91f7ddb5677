//! What does not load, and what the error says: the file, the place, and what to write instead.

use axtary_policy::{CedarEngine, LoadError, NativeEngine, RegoEngine, Rule, TemplateLink};
use insta::assert_snapshot;

use crate::kit::vocabulary;

fn native(text: &str) -> LoadError {
    NativeEngine::from_yaml("policy.yml", text, &vocabulary()).expect_err(text)
}

fn cedar(text: &str) -> LoadError {
    CedarEngine::from_sources(&[("main.cedar", text)]).expect_err(text)
}

fn rego(text: &str) -> LoadError {
    RegoEngine::from_modules(&[("main.rego", text)]).expect_err(text)
}

/// Messages in a table, one a line.
fn table(errors: impl IntoIterator<Item = LoadError>) -> String {
    errors.into_iter().map(|error| format!("{error}\n")).collect()
}

const RULE: &str = "version: 1\nrules:\n  - id: a\n    effect: permit\n    agent: x\n    tool: a.b\n    resource: r:1\n";

#[test]
fn a_native_source_is_refused_at_the_place_that_is_at_fault() {
    let with = |line: &str| native(&format!("{RULE}    {line}\n"));
    assert_snapshot!(table([
        with("agnt: y"),
        with("tool: c.d"),
        with("human_owner: []"),
        with("human_owner: 12"),
        with("human_owner:"),
        with("task: 'AXT 418'"),
        with("when:"),
        with("when: {}"),
        with("when: { touches_prod: true }"),
        with("when: { touches_production: on }"),
        with("constraints:"),
        with("constraints: { max_file_changed: 12 }"),
        with("constraints: { max_files_changed: '12' }"),
        with("constraints: { max_files_changed: 1.5 }"),
        with("constraints: { max_files_changed: 9007199254740992 }"),
        with("constraints: { max_files_changed: 1, max_files_changed: 2 }"),
        with("constraints: { blocked_paths: [] }"),
        with("constraints: { blocked_paths: ['../x'] }"),
        with("constraints: { requires_tests: false }"),
        with("ttl: 2h"),
        with("approvers: [security]"),
        with("reason: \"a\\nb\""),
        with("sensitive: [path]"),
        with("enforce: no"),
        with("enforce:"),
    ]), @r#"
    policy.yml:8:5: unknown field `agnt`, expected one of id, effect, agent, human_owner, tool, resource, task, when, constraints, ttl, approvers, reason, sensitive, enforce
    policy.yml:8:5: the key `tool` stands twice; keep one
    policy.yml:8:18: the list is empty; leave it out, or name something
    policy.yml:8:5: invalid type: integer `12`, expected a string or a list of strings; quote what looks like something else
    policy.yml:8:5: invalid type: unit value, expected a string or a list of strings; quote what looks like something else
    policy.yml:8:11: the rule `a`: a task id must be printable ASCII without spaces, at most 128 bytes, but is "AXT 418"
    policy.yml:8:5: invalid type: unit value, expected names with operands, as in `{ max_files_changed: 12 }`
    policy.yml:8:11: the rule `a`: `when` is empty; leave it out, or name something
    policy.yml:8:27: the rule `a`: the constraint `touches_prod` is unknown; known are base_branch, blocked_paths, max_files_changed, requires_tests, touches_production
    policy.yml:8:33: the rule `a`: the constraint `touches_production` is about `touches_production`, which is true or false; `"on"` does not fit
    policy.yml:8:5: invalid type: unit value, expected names with operands, as in `{ max_files_changed: 12 }`
    policy.yml:8:38: the rule `a`: the constraint `max_file_changed` is unknown; known are base_branch, blocked_paths, max_files_changed, requires_tests, touches_production
    policy.yml:8:39: the rule `a`: the constraint `max_files_changed` takes an integer
    policy.yml:8:20: invalid type: floating point `1.5`, expected a boolean, an integer, a string, or a list of these
    policy.yml:8:39: an integral number must lie within ±9007199254740991; send larger ones as strings
    policy.yml:8:42: the key `max_files_changed` stands twice; keep one
    policy.yml:8:35: the rule `a`: the constraint `blocked_paths` cannot be read: the path pattern `` is refused: the list is empty; leave the constraint out, or name a pattern
    policy.yml:8:35: the rule `a`: the constraint `blocked_paths` cannot be read: the path pattern `../x` is refused: it has an empty, `.` or `..` segment, which no path in a repository has
    policy.yml:8:36: the rule `a`: the constraint `requires_tests` takes `true`; to demand nothing, leave the constraint out
    policy.yml:8:10: a ttl is `30s`, `10m` or `1h`, at most 1h, but is `2h`
    policy.yml:8:16: the rule `a`: only a `step_up` has `approvers`; leave them out, or change the effect
    policy.yml:8:13: the rule `a`: a reason is one line of 1 to 1024 bytes
    policy.yml:8:16: the rule `a`: the fact `path` is unknown; known are base_branch, max_files_changed, paths, tests_changed, touches_production, payload_hash
    policy.yml:8:14: invalid boolean (strict mode expects true/false)
    policy.yml:8:12: invalid boolean (strict mode expects true/false)
    "#);
}

#[test]
fn a_rule_without_what_it_needs_is_refused() {
    let rule = |text: &str| native(&format!("version: 1\nrules:\n  - {text}\n"));
    assert_snapshot!(table([
        rule("{ id: a, effect: permit, tool: a.b, resource: 'r:1' }"),
        rule("{ id: a, effect: permit, agent: x, resource: 'r:1' }"),
        rule("{ id: a, effect: permit, agent: x, tool: a.b }"),
        rule("{ effect: permit, agent: x, tool: a.b, resource: 'r:1' }"),
        rule("{ id: a, agent: x, tool: a.b, resource: 'r:1' }"),
        rule("{ id: a b, effect: permit, agent: x, tool: a.b, resource: 'r:1' }"),
        rule("{ id: a, effect: allow, agent: x, tool: a.b, resource: 'r:1' }"),
        rule("{ id: a, effect: permit, agent: x, tool: create, resource: 'r:1' }"),
        rule("{ id: a, effect: permit, agent: x, tool: a.b, resource: 'Repo:*' }"),
        rule("{ id: a, effect: permit, agent: 'x?*', tool: a.b, resource: 'r:1' }"),
        rule("{ id: a, effect: forbid, agent: x, tool: a.b, resource: 'r:1', ttl: 10m }"),
        rule("{ id: a, effect: forbid, agent: x, tool: a.b, resource: 'r:1', constraints: { max_files_changed: 1 } }"),
        rule("{ id: a, effect: step_up, agent: x, tool: a.b, resource: 'r:1', approvers: ['a b'] }"),
    ]), @r#"
    policy.yml:3:11: the rule `a`: it names no `agent`; name one, or write `**` for any
    policy.yml:3:11: the rule `a`: it names no `tool`; name one, or write `**` for any
    policy.yml:3:11: the rule `a`: it names no `resource`; name one, or write `**` for any
    policy.yml:3:44: missing field `id`
    policy.yml:3:35: missing field `effect`
    policy.yml:3:11: the rule `a b`: an id is printable ASCII without spaces, 1 to 128 bytes
    policy.yml:3:22: unknown variant `allow`, expected one of permit, forbid, step_up
    policy.yml:3:46: the rule `a`: a tool name must be two or more parts of letters, digits, `_` and `-` joined by dots, at most 256 bytes, but is "create"
    policy.yml:3:61: the rule `a`: the pattern `Repo:*` matches no resource; write it as `repo:company/*`
    policy.yml:3:37: the rule `a`: the pattern `x?*` is refused: `*` and `**` are the only wildcards
    policy.yml:3:73: the rule `a`: only a `permit` has a `ttl`; leave it out
    policy.yml:3:81: the rule `a`: a `forbid` has no `constraints`; write conditions under `when`
    policy.yml:3:80: the rule `a`: an approver is printable ASCII without spaces, at most 256 bytes, but is `a b`
    "#);
}

#[test]
fn a_native_source_of_another_shape_is_refused() {
    let twice = format!(
        "{RULE}  - id: a\n    effect: forbid\n    agent: x\n    tool: a.b\n    resource: r:1\n"
    );
    let deep = format!("version: 1\nrules: {}", "[".repeat(20_000));
    assert_snapshot!(table([
        native(""),
        native("version: 1\n"),
        native("version: 2\nrules: []\n"),
        native("version: 1\nrules: []\n"),
        native("version: 1\nrules: [\n"),
        native("version: 1\nrules:\n\t- id: x\n"),
        native("version: 1\nrules: []\n---\nversion: 1\n"),
        native(&twice),
        native(&RULE.replace("agent: x", "agent: &x x")),
        native(&RULE.replace("agent: x", "<<: { agent: x }")),
        native(&deep),
        native(&" ".repeat(5_000_000)),
    ]), @r"
    policy.yml:1:1: unexpected end of input
    policy.yml:1:1: missing field `rules`
    policy.yml:1:10: the version is 2, but only 1 is known
    policy.yml: there is no rule, so everything would be denied; add a rule
    policy.yml:2:8: unclosed bracket '['
    policy.yml:3:2: tabs disallowed within this context (block indentation)
    policy.yml:3:1: the source must be one YAML document without anchors and aliases, at most 16 levels deep; split or flatten it
    policy.yml:8:9: the rule `a`: its id stands twice; give it another
    policy.yml:5:15: the source must be one YAML document without anchors and aliases, at most 16 levels deep; split or flatten it
    policy.yml:5:5: YAML merge keys are not allowed by configured policy
    policy.yml:2:263: recursion limit exceeded
    policy.yml: the source has 5000000 bytes, at most 4194304 are read; split it
    ");
}

#[test]
fn rules_that_are_built_are_refused_like_rules_that_are_read() {
    let vocabulary = vocabulary();
    let build = |rules: Vec<Rule>| {
        rules
            .into_iter()
            .fold(NativeEngine::builder(&vocabulary), |b, rule| b.rule(rule))
            .build()
            .unwrap_err()
    };
    let rule = || Rule::permit("a").agent("x").tool("a.b").resource("r:1");
    assert_snapshot!(table([
        build(vec![]),
        build(vec![rule(), rule()]),
        build(vec![Rule::permit("a").agent("x").tool("a.b")]),
        build(vec![rule().constraint("max_file_changed", 1)]),
        build(vec![rule().ttl(std::time::Duration::from_millis(500))]),
        build(vec![rule().approver("security")]),
        build(vec![(0..65).fold(Rule::permit("a"), |r, n| r.agent(format!("x{n}"))).tool("a.b").resource("r:1")]),
        build(vec![(0..17).fold(Rule::step_up("a"), |r, n| r.approver(format!("x{n}"))).agent("x").tool("a.b").resource("r:1")]),
    ]), @r"
    builder: there is no rule, so everything would be denied; add a rule
    builder: the rule `a`: its id stands twice; give it another
    builder: the rule `a`: it names no `resource`; name one, or write `**` for any
    builder: the rule `a`: the constraint `max_file_changed` is unknown; known are base_branch, blocked_paths, max_files_changed, requires_tests, touches_production
    builder: the rule `a`: a ttl is at least 1s and at most 1h in whole seconds, but is 500ms
    builder: the rule `a`: only a `step_up` has `approvers`; leave them out, or change the effect
    builder: the rule `a`: a list holds at most 64 patterns; split the rule
    builder: the rule `a`: there are more than 16 approvers
    ");
}

#[test]
fn a_cedar_source_is_refused_with_its_reason() {
    let all = "permit (principal, action, resource)";
    assert_snapshot!(table([
        cedar(""),
        cedar("// nothing\n"),
        cedar("permit (principal);"),
        cedar(&format!("{all}\nwhen {{ context.x + }};")),
        cedar(&format!("{all} when {{ like(1) }};")),
        cedar("permit (principal == ?principal, action, resource);"),
        cedar(&format!("@stepup(\"a\") {all};")),
        cedar(&format!("@step_up(\"a b\") {all};")),
        cedar(&format!("@ttl(\"1d\") {all};")),
        cedar(&format!("@reason(\"\") {all};")),
        cedar("@step_up(\"a\") forbid (principal, action, resource);"),
        cedar(&format!("@id(\"a\") {all}; @id(\"a\") {all};")),
        cedar(&format!("@id(\"\") {all};")),
    ]), @r"
    main.cedar: the source holds no policy; add one, or leave the source out
    main.cedar: the source holds no policy; add one, or leave the source out
    main.cedar:1:18: this policy is missing the `action` variable in the scope; policy scopes must contain a `principal`, `action`, and `resource` element in that order
    main.cedar:2:20: unexpected token `}`: expected `!`, `(`, `-`, `[`, `{`, `false`, identifier, `if`, number, `?principal`, `?resource`, string literal, or `true`
    main.cedar:1:45: this identifier is reserved and cannot be used: like
    main.cedar: the template `main.cedar:policy0` is not linked and would never apply; link it, or write the entity in place of the slot
    main.cedar:1:1: the policy `main.cedar:policy0`: the annotation `@stepup` is unknown; known are @id, @reason, @step_up and @ttl, and notes go into comments
    main.cedar:1:1: the policy `main.cedar:policy0`: @step_up names approvers between commas, as in `security, release`, but is `a b`
    main.cedar:1:1: the policy `main.cedar:policy0`: a ttl is `30s`, `10m` or `1h`, at most 1h, but is `1d`
    main.cedar:1:1: the policy `main.cedar:policy0`: @reason is one line of 1 to 1024 bytes
    main.cedar:1:1: the policy `main.cedar:policy0`: only a permit has @step_up or @ttl; leave them out
    main.cedar:1:48: the policy `a`: its id stands twice; give it another
    main.cedar:1:1: the policy ``: an id has 1 to 256 bytes and no control characters
    ");
    let linked = |link: TemplateLink| {
        let text = "@id(\"t\") permit (principal == ?principal, action, resource);";
        let other = TemplateLink::new("t", "good").principal("Agent::\"x\"");
        CedarEngine::builder()
            .source("main.cedar", text)
            .link(other)
            .link(link)
            .build()
            .unwrap_err()
    };
    assert_snapshot!(table([
        linked(TemplateLink::new("u", "a").principal("Agent::\"x\"")),
        linked(TemplateLink::new("t", "a")),
        linked(TemplateLink::new("t", "a").principal("x")),
        linked(TemplateLink::new("t", "a").principal("Agent::\"x\"").resource("Repo::\"x\"")),
        linked(TemplateLink::new("t", "good").principal("Agent::\"x\"")),
        linked(TemplateLink::new("t", "").principal("Agent::\"x\"")),
        CedarEngine::builder().source("a", format!("{all};")).group("g", ["a b"]).build().unwrap_err(),
    ]), @r#"
    cedar: the link `a` is of the template `u`, which no source holds; correct its name
    main.cedar: the policy `a`: its template takes ?principal; give an entity for each, and for no other
    main.cedar: the policy `a`: `x` is no entity; write it as `Agent::"codex"`
    main.cedar: the policy `a`: its template takes ?principal; give an entity for each, and for no other
    main.cedar: the policy `good`: its id stands twice; give it another
    main.cedar: the policy ``: an id has 1 to 256 bytes and no control characters
    cedar: a group or its member is refused: an agent id must be printable ASCII without spaces, at most 128 bytes, but is "a b"
    "#);
    let all = format!("@id(\"a\") {all};");
    let twice = CedarEngine::from_sources(&[("a.cedar", &all), ("b.cedar", &all)]).unwrap_err();
    assert_snapshot!(twice, @"b.cedar:1:1: the policy `a`: its id stands twice; give it another");
    assert!(CedarEngine::from_sources::<&str, &str>(&[]).is_err());
}

#[test]
fn a_rego_module_is_refused_with_its_reason() {
    let module = |rules: &str| rego(&format!("package axtary\n{rules}"));
    assert_snapshot!(table([
        rego(""),
        rego("package other\nallow := true"),
        module(""),
        module("allow { true }"),
        module("allow if {\n  \"x\""),
        module("allow if not bad"),
        module("allow(x) if x"),
        module("allow if io.jwt.decode(\"x\")"),
        module("allow if http.send({})"),
        module("allow if opa.runtime()"),
        module("allow if rand.intn(\"a\", 2) == 1"),
        module("allow if time.now_ns() > 1"),
        module("allow if uuid.rfc4122(\"a\") == \"\""),
        module("allow if count(numbers.range(1, input.payload.n)) == 3"),
        module("allow if bits.lsh(1, input.payload.n) == 3"),
        module("allow if sprintf(input.tool, []) == \"\""),
    ]), @r"
    main.rego:1:1: expecting `package` Missing package declaration.
    main.rego: no module defines `data.axtary.allow`; write `package axtary` and a rule `allow`
    main.rego: no module defines `data.axtary.allow`; write `package axtary` and a rule `allow`
    main.rego:2:7: `if` keyword is required before rule body
    main.rego:3:6: expecting `}` while parsing query
    main.rego:2:14: use of undefined variable `bad` is unsafe
    main.rego:2:1: `data.axtary.allow` is a function; make it a rule without arguments
    main.rego:2:16: `io.jwt.decode` is neither a function that was loaded nor a builtin of this engine
    main.rego:2:14: the builtin `http.send` is refused: it reads the network, so that a decision could not be derived again
    main.rego:2:13: the builtin `opa.runtime` is refused: it reads the environment, so that a decision could not be derived again
    main.rego:2:14: the builtin `rand.intn` is refused: it depends on chance, so that a decision could not be derived again
    main.rego:2:14: the builtin `time.now_ns` is refused: it reads a clock, so that a decision could not be derived again
    main.rego:2:14: the builtin `uuid.rfc4122` is refused: it depends on chance, so that a decision could not be derived again
    main.rego:2:23: the builtin `numbers.range` is refused: it does work without bound in one step; list the numbers
    main.rego:2:14: the builtin `bits.lsh` is refused: it does work without bound in one step
    main.rego:2:10: the format of `sprintf` must be a literal: a width in it decides how much is written
    ");
}

#[test]
fn a_rego_module_that_refers_to_nothing_is_refused() {
    let module = |rules: &str| rego(&format!("package axtary\n{rules}"));
    assert_snapshot!(table([
        module("allow if not data.lib.bad"),
        module("import data.lib\nallow if not lib.bad"),
        module("allow if not data.axtary.bad"),
        module("allow if not data[input.tool].bad"),
        module("allow if { some x in data; x }"),
        module("allow if count({x | x := data.lib.a}) == 0"),
        module("allow if input.a[data.lib.a]"),
        module("allow if { every x in data.lib.a { x } }"),
        module("allow if ok with data.lib.a as 1\nok := true"),
        module("allow if f(1)\nf(data) if not data.lib.bad"),
        module("import data.lib\nallow if f(1)\nf(lib) if not lib.bad"),
        module("allow if f(1) with f as g\nf(x) := x\ng(x) := x"),
        module("allow if count([1]) == 2 with count as 2"),
    ]), @r"
    main.rego:2:22: no module that was loaded defines `data.lib.bad`, and under `not` it would hold; load the module, or correct the name
    main.rego:2:12: no module that was loaded defines `data.lib`, and under `not` it would hold; load the module, or correct the name
    main.rego:2:25: no module that was loaded defines `data.axtary.bad`, and under `not` it would hold; load the module, or correct the name
    main.rego:2:30: `data` as a whole, or a name in it that is computed, is refused; name the package
    main.rego:2:22: `data` as a whole, or a name in it that is computed, is refused; name the package
    main.rego:2:34: no module that was loaded defines `data.lib.a`, and under `not` it would hold; load the module, or correct the name
    main.rego:2:26: no module that was loaded defines `data.lib.a`, and under `not` it would hold; load the module, or correct the name
    main.rego:2:31: no module that was loaded defines `data.lib.a`, and under `not` it would hold; load the module, or correct the name
    main.rego:2:26: no module that was loaded defines `data.lib.a`, and under `not` it would hold; load the module, or correct the name
    main.rego:3:24: no module that was loaded defines `data.lib.bad`, and under `not` it would hold; load the module, or correct the name
    main.rego:2:12: no module that was loaded defines `data.lib`, and under `not` it would hold; load the module, or correct the name
    main.rego:2:20: `with` may replace `input` and `data`, but not a function
    main.rego:2:31: `with` may replace `input` and `data`, but not a function
    ");
}

#[test]
fn a_text_that_nests_too_deep_is_refused_before_it_is_parsed() {
    let nested = format!("{}1{}", "[".repeat(20_000), "]".repeat(20_000));
    assert_snapshot!(table([
        cedar(&format!("permit (principal, action, resource) when {{ {nested} == 1 }};")),
        rego(&format!("package axtary\nallow := {nested}")),
        rego(&format!("package axtary\nallow := 1{}", " + 1".repeat(20_000))),
    ]), @r"
    main.cedar:1:60: brackets and `if` are nested deeper than 16; split the policy
    main.rego:2:26: brackets are nested deeper than 16; split the policy
    main.rego:2:268: one expression has more than 64 operators in a chain; split it
    ");
}

#[test]
fn a_rego_module_that_recurses_is_refused() {
    let module = |rules: &str| rego(&format!("package axtary\n{rules}"));
    assert_snapshot!(table([
        module("allow if allow"),
        module("allow if f(1)\nf(x) if f(x + 1)"),
        module("allow if f(1)\nf(x) if g(x)\ng(x) if data.axtary.f(x)"),
        module("allow if data.axtary == {}"),
        module("allow if a.b == 1\na.b := a.c\na.c := a.b"),
        module("allow := [1 | f(2)] == []\nf(x) := y if y := {z | z := f(x)}"),
    ]), @r"
    main.rego:2:1: `data.axtary.allow` refers to itself, directly or through others; rules must not recurse, and a local variable must not have the name of a rule
    main.rego:3:1: `data.axtary.f` refers to itself, directly or through others; rules must not recurse, and a local variable must not have the name of a rule
    main.rego:3:1: `data.axtary.f` refers to itself, directly or through others; rules must not recurse, and a local variable must not have the name of a rule
    main.rego:2:1: `data.axtary.allow` refers to itself, directly or through others; rules must not recurse, and a local variable must not have the name of a rule
    main.rego:3:1: `data.axtary.a.b` refers to itself, directly or through others; rules must not recurse, and a local variable must not have the name of a rule
    main.rego:3:1: `data.axtary.f` refers to itself, directly or through others; rules must not recurse, and a local variable must not have the name of a rule
    ");
    let two = RegoEngine::from_modules(&[
        ("a.rego", "package axtary\nimport data.lib as l\nallow if l.f(1)\ng(x) if l.f(x)"),
        ("b.rego", "package lib\nf(x) if data.axtary.g(x)"),
    ]);
    assert!(two.unwrap_err().to_string().contains("refers to itself"));
}
