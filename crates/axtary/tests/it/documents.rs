//! What the reference of policy says is so: its examples load, and its tables are those of the code.

use std::{collections::BTreeSet, fs, path::Path};

use axtary::{
    actionpass::{Json, Object, Operator},
    policy::{NativeEngine, RegoEngine},
};

use crate::kit::Gate;

fn reference() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/formats/policy.md");
    fs::read_to_string(path).unwrap()
}

/// The blocks of code in a language.
fn blocks(text: &str, language: &str) -> Vec<String> {
    let start = format!("\n```{language}\n");
    let block = |rest: &str| rest.split("\n```\n").next().unwrap_or_default().to_owned();
    text.split(&start).skip(1).map(block).collect()
}

/// The rows of the tables under a heading, up to the next one.
fn rows(text: &str, heading: &str) -> Vec<Vec<String>> {
    let (_, rest) = text.split_once(&format!("\n{heading}\n")).unwrap();
    let section = rest.split("\n#").next().unwrap_or_default();
    let cells =
        |line: &str| line.trim_matches('|').split('|').map(|c| c.trim().to_owned()).collect();
    let rows = section.lines().filter(|line| line.starts_with('|') && !line.starts_with("|---"));
    rows.skip(1).map(cells).collect()
}

/// What stands in backticks.
fn quoted(cell: &str) -> Vec<&str> {
    cell.split('`').skip(1).step_by(2).collect()
}

/// Puts this section into the `axtary.yml` of a gate.
fn configure(gate: &Gate, section: &str) {
    let config = gate.read("axtary.yml");
    let (before, rest) = config.split_once("policy:\n").unwrap();
    let (_, after) = rest.split_once("# How long").unwrap();
    gate.write("axtary.yml", &format!("{before}{section}\n# How long{after}"));
}

#[test]
fn every_example_of_policy_loads() {
    let text = reference();
    let gate = Gate::new();
    let examples: Vec<(&str, String)> = ["yaml", "cedar", "rego"]
        .into_iter()
        .flat_map(|language| {
            blocks(&text, language).into_iter().map(move |block| (language, block))
        })
        .filter(|(_, block)| !block.starts_with("policy:"))
        .collect();
    assert_eq!(examples.len(), 5);
    for (language, block) in examples {
        gate.write("example", &block);
        configure(
            &gate,
            match language {
                "yaml" => "policy:\n  native: [example]",
                "cedar" => "policy:\n  cedar: [example]\n  groups: { backend: [codex-prod] }",
                _ => "policy:\n  rego: [example]",
            },
        );
        gate.run(&["policy", "check"]).code(0);
    }
}

#[test]
fn the_example_of_the_configuration_is_read() {
    let text = reference();
    let section = blocks(&text, "yaml").into_iter().find(|block| block.starts_with("policy:"));
    let gate = Gate::new();
    configure(&gate, &section.unwrap());
    let config = axtary::Config::load(gate.path("axtary.yml")).unwrap();
    assert_eq!((config.policy.links.len(), config.policy.groups.len()), (1, 1));
}

#[test]
fn the_keys_of_a_rule_are_those_of_the_schema() {
    let gate = Gate::empty();
    let schema = gate.run(&["policy", "schema", "--json"]).code(0).json();
    fn below<'a>(object: &'a Object, path: &[&str]) -> &'a Object {
        path.iter().fold(object, |object, name| object.get(name).and_then(Json::as_object).unwrap())
    }
    let known = below(&schema, &["properties", "rules", "items", "properties"]);
    let known: BTreeSet<&str> = known.iter().map(|(name, _)| name).collect();
    let text = reference();
    let rows = rows(&text, "### A rule");
    let told: BTreeSet<&str> = rows.iter().flat_map(|row| quoted(&row[0])).collect();
    assert_eq!(told, known);
}

#[test]
fn the_operators_are_those_of_the_vocabulary() {
    let operators = [
        Operator::AtMost,
        Operator::AtLeast,
        Operator::Equals,
        Operator::OneOf,
        Operator::SubsetOf,
        Operator::NoneMatch,
        Operator::AllMatch,
        Operator::IsTrue,
        Operator::Present,
    ];
    let text = reference();
    let rows = rows(&text, "### Conditions and constraints");
    let told: Vec<&str> = rows.iter().map(|row| row[0].as_str()).take(operators.len()).collect();
    assert_eq!(told, operators.map(Operator::phrase));
}

#[test]
fn the_annotations_are_those_that_load() {
    let text = reference();
    let rows = rows(&text, "### Annotations");
    let told: Vec<&str> = rows.iter().flat_map(|row| quoted(&row[0])).collect();
    let gate = Gate::empty();
    for annotation in &told {
        let value = if annotation.starts_with("@ttl") {
            *annotation
        } else {
            &annotation.replace('…', "x")
        };
        gate.write(
            "a.cedar",
            &format!("{value} permit (principal == Agent::\"a\", action, resource);"),
        );
        gate.run(&["policy", "check", "--policy", "a.cedar"]).code(0);
    }
    gate.write("a.cedar", "@stepup(\"x\") permit (principal == Agent::\"a\", action, resource);");
    let ran = gate.run(&["policy", "check", "--policy", "a.cedar"]).code(2);
    let names: Vec<&str> =
        told.iter().filter_map(|annotation| annotation.split('(').next()).collect();
    let (last, others) = names.split_last().unwrap();
    assert!(ran.err.contains(&format!("known are {} and {last}", others.join(", "))), "{ran:?}");
}

#[test]
fn the_builtins_that_are_refused_do_not_load() {
    let text = reference();
    let rows = rows(&text, "### What does not load");
    let told: Vec<&str> = rows.iter().flat_map(|row| quoted(&row[0])).collect();
    assert_eq!(told.len(), 11);
    for builtin in told {
        let module = format!("package axtary\nallow if {builtin}(input.tool)\n");
        let error = RegoEngine::from_modules(&[("a.rego", module)]).unwrap_err();
        let refused = format!("the builtin `{builtin}` is refused: ");
        assert!(error.message().starts_with(&refused), "{error}");
    }
}

#[test]
fn the_bounds_are_those_of_the_code() {
    let text = reference();
    let thousands = |number: usize| {
        let (thousands, rest) = (number / 1000, number % 1000);
        format!("{thousands},{rest:03}")
    };
    let steps = usize::try_from(RegoEngine::MAX_STEPS).unwrap();
    assert!(text.contains(&format!("bounded by {} steps", thousands(steps))));
    let rules = thousands(NativeEngine::MAX_RULES);
    assert!(text.contains(&format!("| native rules | {rules} |")));
}

#[test]
fn every_command_on_policy_is_in_the_reference() {
    let help = Gate::empty().run(&["policy", "--help"]).code(0).out;
    let (_, commands) = help.split_once("Commands:\n").unwrap();
    let text = reference();
    for line in commands.lines().take_while(|line| !line.is_empty()) {
        // What goes on in the next line stands further in.
        let name = line.trim_start_matches("  ").split(' ').next().unwrap_or_default();
        if !line.starts_with("   ") && name != "help" {
            assert!(text.contains(&format!("{name}`")), "{name}");
        }
    }
}
