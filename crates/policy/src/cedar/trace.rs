//! Which conditions of which policies hold: each is evaluated on its own, behind the scope of its policy.

use std::sync::Arc;

use axtary_actionpass::{Action, Condition, Object, Trace};
use cedar_policy::{
    Entities, Policy, PolicyId, PolicySet, Request, Template,
    pst::{self, BinaryOp, Clause, Expr, StaticPolicy},
};

use super::{CedarEngine, reads::RequestReads};
use crate::reads::Reads;

impl CedarEngine {
    /// The policies whose scope fits the action, in their order; an error says why it has no form in Cedar.
    pub(super) fn trace_candidates(&self, action: &Action) -> Result<Vec<Trace>, String> {
        let mapped = self.mapper.map(action)?;
        let entities = self.entities(action, &mapped)?;
        let mut found = Vec::new();
        for policy in self.index.candidates(mapped.scope()).flat_map(PolicySet::policies) {
            let probe =
                Probe { engine: self, policy, request: &mapped.request, entities: &entities };
            let (Some(annotated), Some(true)) = (self.policies.get(policy.id()), probe.holds(None))
            else {
                continue;
            };
            let conditions = conditions(policy)
                .into_iter()
                .map(|clause| Condition {
                    text: clause.to_string(),
                    seen: seen(&clause, action),
                    holds: probe.holds(Some(clause)),
                })
                .collect();
            let trace = Trace { policy: annotated.info(policy.id()), conditions };
            found.push((annotated.position, trace));
        }
        found.sort_by_key(|(position, _)| *position);
        Ok(found.into_iter().map(|(_, trace)| trace).collect())
    }
}

/// A policy with one of its conditions, or none, over a request.
struct Probe<'a> {
    engine: &'a CedarEngine,
    policy: &'a Policy,
    request: &'a Request,
    entities: &'a Entities,
}

impl Probe<'_> {
    /// Whether the scope and this condition hold; `None` if they cannot be evaluated.
    fn holds(&self, condition: Option<Clause>) -> Option<bool> {
        let set = self.set(condition)?;
        let response = self.engine.authorizer.is_authorized(self.request, &set, self.entities);
        match response.diagnostics().errors().next() {
            Some(_) => None,
            None => Some(response.diagnostics().reason().next().is_some()),
        }
    }

    fn set(&self, condition: Option<Clause>) -> Option<PolicySet> {
        let policy = self.policy.to_pst().ok()?;
        let body = policy.body().clone().try_with_clauses(condition).ok()?;
        let mut set = PolicySet::new();
        match policy {
            // A link whose slots are filled in already is one too.
            pst::Policy::Static(_) => {
                let policy = pst::Policy::Static(StaticPolicy::try_from(body).ok()?);
                set.add(Policy::from_pst(policy).ok()?).ok()?;
            }
            pst::Policy::Linked(_) => {
                let slots = self.policy.template_links()?;
                let template = Template::from_pst(body).ok()?;
                let (of, id) = (template.id().clone(), PolicyId::new("probe"));
                set.add_template(template).ok()?;
                set.link(of, id, slots).ok()?;
            }
        }
        Some(set)
    }
}

/// The conditions of a policy, those joined by `&&` one by one.
fn conditions(policy: &Policy) -> Vec<Clause> {
    let Ok(policy) = policy.to_pst() else { return Vec::new() };
    let mut found = Vec::new();
    for clause in policy.body().clauses() {
        match clause {
            Clause::When(condition) => conjuncts(condition, &mut found),
            Clause::Unless(_) => found.push(clause.clone()),
        }
    }
    found
}

/// The recursion is bounded by what the parser accepts.
fn conjuncts(condition: &Arc<Expr>, found: &mut Vec<Clause>) {
    match condition.as_ref() {
        Expr::BinaryOp { op: BinaryOp::And, left, right } => {
            conjuncts(left, found);
            conjuncts(right, found);
        }
        _ => found.push(Clause::When(Arc::clone(condition))),
    }
}

/// The facts that a condition names, as far as they are there.
fn seen(clause: &Clause, action: &Action) -> Object {
    let (Clause::When(condition) | Clause::Unless(condition)) = clause;
    let mut reads = RequestReads::default();
    reads.expr(condition);
    let mut seen = Object::new();
    if let Reads::Named(names) = &reads.payload {
        for name in names {
            if let Some(value) = action.facts().get(name) {
                seen.insert(name.as_str(), value.clone());
            }
        }
    }
    seen
}
