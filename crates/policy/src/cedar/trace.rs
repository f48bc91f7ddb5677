//! Which conditions of which policies hold: each is evaluated on its own, behind the scope of its policy.

use std::sync::Arc;

use axtary_actionpass::{Action, Condition, Object, Trace};
use cedar_policy::{
    Policy, Template,
    pst::{self, BinaryOp, Clause, Expr, StaticPolicy},
};
use cedar_policy_core::{ast, evaluator::Evaluator};

use super::{CedarEngine, evaluate::holds, load::LoadedPolicy, reads::RequestReads};
use crate::reads::Reads;

impl CedarEngine {
    /// The policies whose scope fits the action, in their order; an error says why it has no form in Cedar.
    pub(super) fn trace_candidates(&self, action: &Action) -> Result<Vec<Trace>, String> {
        let mapped = self.mapper.map(action)?;
        let entities = self.entities(action, &mapped)?;
        let evaluator = mapped.evaluator(&entities);
        let mut found = Vec::new();
        for policy in self.candidates(&mapped) {
            let probe = Probe { policy, evaluator: &evaluator };
            if probe.holds(None) != Some(true) {
                continue;
            }
            let conditions = conditions(&policy.policy)
                .into_iter()
                .map(|clause| Condition {
                    text: clause.to_string(),
                    seen: seen(&clause, action),
                    holds: probe.holds(Some(clause)),
                })
                .collect();
            found.push(Trace { policy: policy.info(), conditions });
        }
        Ok(found)
    }
}

/// A policy with one of its conditions, or none, over a request.
struct Probe<'a> {
    policy: &'a LoadedPolicy,
    evaluator: &'a Evaluator<'a>,
}

impl Probe<'_> {
    /// Whether the scope and this condition hold; `None` if they cannot be evaluated.
    fn holds(&self, clause: Option<Clause>) -> Option<bool> {
        holds(self.evaluator, &self.condition(clause)?, self.policy.slots()).ok()
    }

    fn condition(&self, clause: Option<Clause>) -> Option<ast::Expr> {
        let policy = self.policy.policy.to_pst().ok()?;
        let body = policy.body().clone().try_with_clauses(clause).ok()?;
        Some(match policy {
            // A link whose slots are filled in already is one too.
            pst::Policy::Static(_) => {
                let policy = pst::Policy::Static(StaticPolicy::try_from(body).ok()?);
                let policy = Policy::from_pst(policy).ok()?;
                AsRef::<ast::Policy>::as_ref(&policy).condition()
            }
            pst::Policy::Linked(_) => {
                let template = Template::from_pst(body).ok()?;
                AsRef::<ast::Template>::as_ref(&template).condition()
            }
        })
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
