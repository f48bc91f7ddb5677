//! A generated policy in Rego.

use axtary_actionpass::Effect;

use super::model::{Decides, Name, Policy, Test};

pub(super) fn text(policy: &Policy) -> String {
    let mut module = Module("package axtary\n\ndefault allow := false\n\n".to_owned());
    for (at, rule) in policy.rules.iter().enumerate() {
        rule.write(at, &mut module);
    }
    module.0
}

struct Module(String);

impl Module {
    fn rule(&mut self, head: &str, body: &[String]) {
        self.0.push_str(&format!("{head} if {{ {} }}\n", body.join("; ")));
    }
}

impl Decides {
    /// A condition is met, or open: met or not to be decided. A rule all of whose conditions are open, but not all met, cannot be decided,
    /// and denies unless it is a permit; so does a step-up whose constraints do not hold.
    fn write(&self, at: usize, module: &mut Module) {
        let about = self.write_about(at, module);
        let met = write_tests(&self.when, &format!("when_{at}"), module);
        let holds = write_tests(&self.constraints, &format!("constraint_{at}"), module);
        let open: Vec<String> = met.iter().map(|met| format!("open_{met}")).collect();
        for (met, test) in met.iter().zip(&self.when) {
            module.rule(&format!("open_{met}"), std::slice::from_ref(met));
            if let Some(decidable) = decidable(test) {
                module.rule(&format!("decidable_{met}"), &[decidable]);
                module.rule(&format!("open_{met}"), &[format!("not decidable_{met}")]);
            }
        }
        let rule = |part: &str| format!("{part}_{at}");
        module.rule(&rule("applies"), &[about.clone(), met].concat());
        module.rule(&rule("holds"), &[vec!["true".to_owned()], holds].concat());
        let undecided = [about, open, vec![format!("not applies_{at}")]].concat();
        let (applies, holds) = (rule("applies"), rule("holds"));
        match self.effect {
            Effect::Permit => module.rule("allow", &[applies, holds]),
            Effect::Deny => {
                module.rule(&format!("deny contains \"rule-{at} applies\""), &[applies]);
                module.rule(&format!("deny contains \"rule-{at} is open\""), &undecided);
            }
            Effect::StepUp => {
                for approver in &self.approvers {
                    let head = format!("step_up contains \"{approver}\"");
                    module.rule(&head, &[applies.clone(), holds.clone()]);
                }
                let unmet = [applies, format!("not {holds}")];
                module.rule(&format!("deny contains \"rule-{at} is not met\""), &unmet);
                module.rule(&format!("deny contains \"rule-{at} is open\""), &undecided);
            }
        }
    }

    /// What the rule is about: the names of rules that must hold.
    fn write_about(&self, at: usize, module: &mut Module) -> Vec<String> {
        let parts = [
            ("agent", &self.agent, "input.actor.agent_id"),
            ("owner", &self.owner, "input.actor.human_owner"),
            ("tool", &self.tool, "input.tool"),
            ("resource", &self.resource, "input.resource"),
            ("task", &self.task, "input.intent.task_id"),
        ];
        let mut about = Vec::new();
        for (part, names, value) in parts.into_iter().filter(|(_, names, _)| !names.is_empty()) {
            let head = format!("{part}_{at}");
            for name in names {
                let condition = match name {
                    Name::Exactly(name) => format!("{value} == \"{name}\""),
                    Name::Beginning(prefix) => {
                        format!("glob.match(\"{prefix}*\", [\"/\"], {value})")
                    }
                    // A call without a task has none.
                    Name::Any => format!("is_string({value})"),
                };
                module.rule(&head, &[condition]);
            }
            about.push(head);
        }
        about
    }
}

/// Writes a rule for each condition, and says their names.
fn write_tests(tests: &[Test], prefix: &str, module: &mut Module) -> Vec<String> {
    let mut names = Vec::new();
    for (number, test) in tests.iter().enumerate() {
        let name = format!("{prefix}_{number}");
        let decidable = decidable(test).into_iter();
        module.rule(&name, &decidable.chain([holds(test)]).collect::<Vec<_>>());
        names.push(name);
    }
    names
}

/// What must hold for a condition to be decided; `None` if it always can be.
fn decidable(test: &Test) -> Option<String> {
    let (_, fact, _) = test.parts();
    let value = format!("input.facts.{fact}");
    Some(match test {
        Test::CountAtMost(_)
        | Test::CountAtLeast(_)
        | Test::CountEquals(_)
        | Test::LevelOneOf(_) => {
            format!("is_number({value})")
        }
        Test::BranchEquals(_) | Test::BranchOneOf(_) => format!("is_string({value})"),
        Test::ProductionEquals(_) | Test::IsTested => format!("is_boolean({value})"),
        Test::KindsSubsetOf(_) | Test::NoPathMatches(_) | Test::AllPathsMatch(_) => {
            format!("is_array({value}); every one in {value} {{ is_string(one) }}")
        }
        Test::HasExtra => return None,
    })
}

fn holds(test: &Test) -> String {
    let (_, fact, operand) = test.parts();
    let value = format!("input.facts.{fact}");
    match test {
        Test::CountAtMost(_) => format!("{value} <= {operand}"),
        Test::CountAtLeast(_) => format!("{value} >= {operand}"),
        Test::BranchEquals(_) | Test::CountEquals(_) | Test::ProductionEquals(_) => {
            format!("{value} == {operand}")
        }
        Test::BranchOneOf(_) | Test::LevelOneOf(_) => format!("{value} in {operand}"),
        Test::KindsSubsetOf(_) => format!("every one in {value} {{ one in {operand} }}"),
        Test::NoPathMatches(patterns) => {
            let blocked = patterns.iter().map(|pattern| {
                let folder = pattern.trim_end_matches("/**");
                format!("one != \"{folder}\"; not startswith(one, \"{folder}/\")")
            });
            format!("every one in {value} {{ {} }}", blocked.collect::<Vec<_>>().join("; "))
        }
        Test::AllPathsMatch(patterns) => {
            format!("every one in {value} {{ glob.match({}, [\"/\"], one) }}", any_of(patterns))
        }
        Test::IsTested => format!("{value} == true"),
        Test::HasExtra => format!("{value} != null"),
    }
}

/// One glob for several.
fn any_of(patterns: &[&str]) -> String {
    format!("\"{{{}}}\"", patterns.join(","))
}
