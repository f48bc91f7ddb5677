//! Which rules can apply to a call: an index over what rules name exactly.

use axtary_actionpass::Action;

use super::compile::CompiledRule;
use crate::select::{Scope, ScopeIndex};

/// The positions of rules, by scope.
#[derive(Clone, Debug)]
pub(super) struct RuleIndex(ScopeIndex<Vec<usize>>);

impl RuleIndex {
    pub(super) fn new(rules: &[CompiledRule]) -> Self {
        let mut index: ScopeIndex<Vec<usize>> = ScopeIndex::default();
        for (position, rule) in rules.iter().enumerate() {
            // A rule stands once under each tool it names, and under its agent and resource if it names one of each.
            let single = |names: Option<Vec<&'_ str>>| match names.as_deref() {
                Some([only]) => Some((*only).to_owned()),
                Some(_) | None => None,
            };
            let agent = single(rule.agent.exact());
            let resource = single(rule.resource.exact());
            let tools: Vec<Option<&str>> = match rule.tool.exact() {
                Some(tools) => tools.into_iter().map(Some).collect(),
                None => vec![None],
            };
            for tool in tools {
                let scope = Scope { agent: agent.as_deref(), tool, resource: resource.as_deref() };
                index.bucket(&scope).push(position);
            }
        }
        Self(index)
    }

    /// The positions of the candidates, in the order of the source.
    pub(super) fn candidates(&self, action: &Action) -> Vec<usize> {
        let mut positions: Vec<usize> = self
            .0
            .candidates(Scope {
                agent: Some(action.actor().agent_id().as_str()),
                tool: Some(action.tool().as_str()),
                resource: Some(action.resource().as_str()),
            })
            .flatten()
            .copied()
            .collect();
        positions.sort_unstable();
        positions.dedup();
        positions
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
                .rule(rule("thing").agent("agent").tool("a.b").resource(format!("thing:{n}")));
        }
        let engine = builder
            .rule(Rule::permit("this").agent("agent").tool("a.b").resource("thing:one"))
            .rule(Rule::permit("open").agent("*").tool("a.b").resource("thing:*"))
            .build()
            .unwrap();
        assert_eq!(engine.index.candidates(&testing::action("a.b").unwrap()), [3000, 3001]);
    }
}
