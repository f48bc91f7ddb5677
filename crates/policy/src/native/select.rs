//! Which rules can apply to a call: an index over what rules name, and over how their patterns start.

use axtary_actionpass::Action;

use super::compile::CompiledRule;
use crate::select::{Named, ScopeIndex};

/// The positions of rules, by scope.
#[derive(Clone, Debug)]
pub(super) struct RuleIndex(ScopeIndex);

/// Under the most scopes that a rule stands.
const MAX_SCOPES: usize = 64;

impl RuleIndex {
    pub(super) fn new(rules: &[CompiledRule]) -> Self {
        let mut index = ScopeIndex::default();
        for (position, rule) in rules.iter().enumerate() {
            let (mut agents, tools, mut resources) =
                (rule.agent.named(), rule.tool.named(), rule.resource.named());
            // A rule stands under each combination of what it names, as long as these are few.
            if agents.len() * tools.len() * resources.len() > MAX_SCOPES {
                resources = vec![Named::Any];
            }
            if agents.len() * tools.len() > MAX_SCOPES {
                agents = vec![Named::Any];
            }
            for &agent in &agents {
                for &tool in &tools {
                    resources.iter().for_each(|&named| index.add([agent, tool, named], position));
                }
            }
        }
        Self(index)
    }

    /// The positions of the candidates, in the order of the source.
    pub(super) fn candidates(&self, action: &Action) -> Vec<usize> {
        self.0.candidates([
            action.actor().agent_id().as_str(),
            action.tool().as_str(),
            action.resource().as_str(),
        ])
    }
}

#[cfg(test)]
mod tests {
    use axtary_actionpass::{Vocabulary, testing};

    use crate::native::{NativeEngine, Rule};

    #[test]
    fn rules_for_other_agents_tools_and_resources_are_not_looked_at() {
        let vocabulary = Vocabulary::new();
        let mut builder = NativeEngine::builder(&vocabulary);
        for n in 0..1000 {
            let rule = |part: &str| Rule::forbid(format!("{part}-{n}"));
            builder = builder
                .rule(rule("tool").agent("agent").tool(format!("a.t{n}")).resource("thing:one"))
                .rule(rule("agent").agent(format!("agent{n}")).tool("a.b").resource("thing:one"))
                .rule(rule("thing").agent("agent").tool("a.b").resource(format!("thing:{n}")))
                .rule(rule("things").agent("agent").tool("a.*").resource(format!("thing:{n}*")))
                .rule(rule("tools").agent("*").tool(format!("a{n}.**")).resource("**"))
                .rule(
                    rule("several")
                        .agent("agent")
                        .agent("other")
                        .tool(format!("a.c{n}"))
                        .tool(format!("b{n}.**"))
                        .resource("thing:one")
                        .resource("thing:two"),
                );
        }
        let engine = builder
            .rule(Rule::permit("this").agent("agent").tool("a.b").resource("thing:one"))
            .rule(Rule::permit("open").agent("*").tool("a.b").resource("thing:*"))
            .build()
            .unwrap();
        assert_eq!(engine.index.candidates(&testing::action("a.b").unwrap()), [6000, 6001]);
    }
}
