//! What no budget of steps sees is refused at load: work without bound inside one builtin, and builtins that panic.

use axtary_actionpass::{Effect, PolicyEngine};
use axtary_policy::{LoadError, RegoEngine};
use insta::assert_snapshot;

use crate::kit::{call, evaluate};

fn load(rules: &str) -> Result<RegoEngine, LoadError> {
    RegoEngine::from_modules(&[("main.rego", format!("package axtary\n{rules}"))])
}

#[test]
fn a_builtin_that_works_without_bound_or_panics_is_refused_by_name() {
    let table: String = [
        "allow if numbers.range_step(1, 9000000, 1) == []",
        "allow if graph.reachable_paths({}, {}) == set()",
        "allow if units.parse(input.payload.size) < 3",
        "allow if units.parse_bytes(\"1e1000000000\") < 3",
        "allow if sprintf(\"%999999999d\", [1]) == \"\"",
        "allow if sprintf(\"%.99999999f\", [1.5]) == \"\"",
        "allow if sprintf(\"%\u{663}d\", [1]) == \"\"",
        "allow if strings.count(input.tool, input.payload.part) == 1",
        "allow if strings.count(input.tool, \"\") == 1",
        "allow if replace(input.tool, \"a\", input.tool) == \"\"",
        "allow if regex.replace(input.tool, \"a\", input.tool) == \"\"",
        "allow if strings.replace_n({\"a\": input.tool}, input.tool) == \"\"",
        "allow if yaml.unmarshal(input.tool) == 1",
        "allow if strings.repeat(\"x\", 1000000000) == \"\"",
        "allow if f(1)\nf(x) if http.send({\"url\": x})",
        "allow if [1 | time.now_ns() > 0] == []",
        "allow if ok with input.x as rand.intn(\"a\", 2)\nok := true",
    ]
    .into_iter()
    .map(|rules| format!("{}\n", load(rules).expect_err(rules)))
    .collect();
    assert_snapshot!(table, @r"
    main.rego:2:17: the builtin `numbers.range_step` is refused: it does work without bound in one step; list the numbers
    main.rego:2:15: the builtin `graph.reachable_paths` is refused: it does work without bound in one step
    main.rego:2:15: the builtin `units.parse` is refused: it does work without bound in one step, on `1e1000000000`
    main.rego:2:15: the builtin `units.parse_bytes` is refused: it does work without bound in one step, on `1e1000000000`
    main.rego:2:10: a width or precision in the format of `sprintf` has at most 2 digits
    main.rego:2:10: a width or precision in the format of `sprintf` has at most 2 digits
    main.rego:2:10: a width or precision in the format of `sprintf` has at most 2 digits
    main.rego:2:17: what `strings.count` looks for must be a literal that is not empty: regorus panics on the empty string
    main.rego:2:17: what `strings.count` looks for must be a literal that is not empty: regorus panics on the empty string
    main.rego:2:10: what `replace` puts in must be a literal: else what it writes can grow by its own length
    main.rego:2:15: what `regex.replace` puts in must be a literal: else what it writes can grow by its own length
    main.rego:2:17: the builtin `strings.replace_n` is refused: use `replace`, with literals
    main.rego:2:14: `yaml.unmarshal` is neither a function that was loaded nor a builtin of this engine
    main.rego:2:17: `strings.repeat` is neither a function that was loaded nor a builtin of this engine
    main.rego:3:13: the builtin `http.send` is refused: it reads the network, so that a decision could not be derived again
    main.rego:2:19: the builtin `time.now_ns` is refused: it reads a clock, so that a decision could not be derived again
    main.rego:2:33: the builtin `rand.intn` is refused: it depends on chance, so that a decision could not be derived again
    ");
}

#[test]
fn builtins_with_bounded_arguments_are_what_they_are_in_opa() {
    for rules in [
        "allow if sprintf(\"%s: %3d of 100%%\", [input.tool, 7]) != \"\"",
        "allow if strings.count(input.tool, \".\") == 2",
        "allow if replace(input.tool, \".\", \"/\") == \"github/pull_requests/create\"",
        "allow if regex.replace(input.tool, \"[a-z]+\", \"x\") == \"x.x_x.x\"",
    ] {
        assert_eq!(evaluate(&load(rules).unwrap(), &call()).effect(), Effect::Permit, "{rules}");
    }
}

/// Each step is one, however large the values are that it copies or compares.
#[test]
fn a_module_whose_values_can_double_without_end_is_refused() {
    let chain = |step: &dyn Fn(usize) -> String| -> String {
        (1..40).map(|n| format!("x{n} := {}\n", step(n - 1))).collect()
    };
    for (first, step) in [
        ("input.tool", &(|n| format!("concat(\"\", [x{n}, x{n}])")) as &dyn Fn(usize) -> String),
        ("input.tool", &|n| format!("sprintf(\"%s%s\", [x{n}, x{n}])")),
        ("[input.tool]", &|n| format!("array.concat(x{n}, x{n})")),
        ("[input.tool]", &|n| format!("[x{n}, x{n}]")),
        ("[input.tool]", &|n| format!("{{\"a\": x{n}, \"b\": x{n}}}")),
        ("input.tool", &|n| format!("replace(x{n}, \"a\", \"aaaaaaaa\")")),
        ("input.tool", &|n| format!("json.marshal(x{n})")),
        ("input.payload.max_files_changed", &|n| format!("x{n} * x{n}")),
        ("input.tool", &|n| format!("f(x{n})")),
    ] {
        let steps = chain(step);
        let rules = format!(
            "allow if {{\nx0 := {first}\n{steps}x39 != \"\"\n}}\nf(x) := concat(\"\", [x, x])"
        );
        let error = load(&rules).expect_err(&rules);
        assert!(error.message().contains("can double a value"), "{error}");
        assert_eq!(error.line(), Some(2));
    }
    // Over rules, too.
    let rules: String = (0..30).map(|n| format!("x{n} := [x{}, x{}]\n", n + 1, n + 1)).collect();
    let error = load(&format!("allow if count(x0) == 2\n{rules}x30 := [1]")).unwrap_err();
    assert!(error.message().contains("can double a value 30 times"), "{error}");
    // What is built beside one another is not built of one another.
    let reasons: String = (0..100)
        .map(|n| format!("deny contains msg if {{ input.payload.n{n} > 1; msg := sprintf(\"%s %s\", [input.tool, input.resource]) }}\n"))
        .collect();
    load(&format!("allow := true\n{reasons}")).unwrap();
    let counted =
        "count({p | some p in input.payload.paths; endswith(p, \".pem\")}) == 0\n".repeat(10);
    load(&format!("allow if {{\n{counted}}}")).unwrap();
}

/// Loops of every kind, one inside the other, over what the module holds itself.
#[test]
fn a_hostile_loop_ends_as_a_failure_of_the_engine() {
    let ten = "[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]";
    let some = (0..8).map(|n| format!("some x{n} in {ten}\n")).collect::<String>();
    let every = format!(
        "every x in {ten} {{ every y in {ten} {{ every z in {ten} {{ every w in {ten} {{ every v in {ten} {{ w + v >= x }}}}}}}}}}"
    );
    for rules in [
        format!("allow if {{ {some} x0 + x1 + x7 > 99 }}"),
        format!("allow if not slow\nslow if {{ {some} x0 + x1 + x7 > 99 }}"),
        format!("allow if count({{x0 | {some}}}) == 10"),
        format!("allow if {{ {every} }}"),
        format!("allow if ten[_] + ten[_] + ten[_] + ten[_] + ten[_] + ten[_] > 99\nten := {ten}"),
        format!("allow if f(f(f(1))) > 0\nf(x) := y if {{ y := count([x | {some}]) }}"),
    ] {
        let error = load(&rules).unwrap().evaluate(&call().action()).expect_err(&rules);
        assert!(error.message.contains("takes more than 20000 steps"), "{error}");
    }
}

#[test]
fn what_with_replaces_can_make_no_rule_recurse() {
    for rules in [
        "allow if x with data.axtary.y as allow\nx if y\ny := true",
        "allow if x with input.a as data.axtary.allow\nx := true",
        "allow if x with data.axtary.x as y\nx := true\ny if x with data.axtary.z as allow\nz := 1",
    ] {
        let error = load(rules).expect_err(rules);
        assert!(error.message().contains("refers to itself"), "{error}");
    }
    let error = load("allow if f(1) with f as g\nf(x) := x\ng(x) if f(x)").unwrap_err();
    assert!(error.message().contains("not a function"), "{error}");
}
