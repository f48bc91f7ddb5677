//! What Cedar policies read of a request, found in their syntax trees.

use cedar_policy::{
    ActionConstraint, Policy, PrincipalConstraint, ResourceConstraint,
    pst::{BinaryOp, Clause, Expr, Var},
};

use crate::reads::Reads;

/// The parts of a request that some policy reads.
#[derive(Clone, Debug, Default)]
pub(super) struct RequestReads {
    pub(super) members: Reads,
    pub(super) intent: Reads,
    pub(super) payload: Reads,
    /// Whether a policy asks an entity, such as what it is in.
    pub(super) hierarchy: bool,
}

impl RequestReads {
    /// Adds what a policy reads; everything, if its tree cannot be had.
    pub(super) fn add(&mut self, policy: &Policy) {
        self.hierarchy |= scope_has_in(policy);
        match policy.to_pst() {
            Ok(policy) => {
                for clause in policy.body().clauses() {
                    let (Clause::When(condition) | Clause::Unless(condition)) = clause;
                    self.expr(condition);
                }
            }
            Err(_) => {
                self.hierarchy = true;
                self.path(&[]);
            }
        }
    }

    /// Adds a read of what stands at a path below the context.
    fn path(&mut self, path: &[&str]) {
        self.members.add(path);
        let (member, below) = match path.split_first() {
            Some((member, below)) => (Some(*member), below),
            None => (None, path),
        };
        if matches!(member, None | Some("intent")) {
            self.intent.add(below);
        }
        if matches!(member, None | Some("payload")) {
            self.payload.add(below);
        }
    }

    /// Adds what a condition reads. The recursion is bounded by what the parser accepts.
    pub(super) fn expr(&mut self, expr: &Expr) {
        if let Some(path) = path(expr) {
            return self.path(&path);
        }
        match expr {
            Expr::Literal(_) | Expr::Var(_) | Expr::Slot(_) => {}
            Expr::UnaryOp { expr, .. } | Expr::Like { expr, .. } => self.expr(expr),
            // No entity has attributes or tags; but one that is not there errs in other words than one without them.
            Expr::GetAttr { expr, .. } | Expr::HasAttr { expr, .. } => {
                self.hierarchy = true;
                self.expr(expr);
            }
            Expr::BinaryOp { op, left, right } => {
                self.hierarchy |= matches!(op, BinaryOp::In | BinaryOp::GetTag | BinaryOp::HasTag);
                self.expr(left);
                self.expr(right);
            }
            Expr::Is { expr, in_expr, .. } => {
                self.expr(expr);
                self.hierarchy |= in_expr.is_some();
                in_expr.iter().for_each(|expr| self.expr(expr));
            }
            Expr::IfThenElse { cond, then_expr, else_expr } => {
                [cond, then_expr, else_expr].into_iter().for_each(|expr| self.expr(expr));
            }
            Expr::Set(items) => items.iter().for_each(|item| self.expr(item)),
            Expr::Record(fields) => fields.values().for_each(|value| self.expr(value)),
            // What a later Cedar adds may read anything.
            _ => {
                self.hierarchy = true;
                self.path(&[]);
            }
        }
    }
}

fn scope_has_in(policy: &Policy) -> bool {
    let principal = match policy.principal_constraint() {
        PrincipalConstraint::Any | PrincipalConstraint::Eq(_) | PrincipalConstraint::Is(_) => false,
        PrincipalConstraint::In(_) | PrincipalConstraint::IsIn(..) => true,
    };
    let action = match policy.action_constraint() {
        ActionConstraint::Any | ActionConstraint::Eq(_) => false,
        ActionConstraint::In(_) => true,
    };
    let resource = match policy.resource_constraint() {
        ResourceConstraint::Any | ResourceConstraint::Eq(_) | ResourceConstraint::Is(_) => false,
        ResourceConstraint::In(_) | ResourceConstraint::IsIn(..) => true,
    };
    principal || action || resource
}

/// The names of a chain that starts at the context: `context.payload.paths` and `context.payload has paths` are `payload`,
/// `paths`.
fn path(expr: &Expr) -> Option<Vec<&str>> {
    match expr {
        Expr::Var(Var::Context) => Some(Vec::new()),
        Expr::GetAttr { expr, attr } => {
            let mut names = path(expr)?;
            names.push(attr);
            Some(names)
        }
        Expr::HasAttr { expr, attrs } => {
            let mut names = path(expr)?;
            names.extend(attrs.iter().map(|attr| attr.as_str()));
            Some(names)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use cedar_policy::PolicySet;

    use super::*;

    fn reads(condition: &str) -> RequestReads {
        let text = format!("permit (principal, action, resource) when {{ {condition} }};");
        let mut reads = RequestReads::default();
        text.parse::<PolicySet>().unwrap().policies().for_each(|policy| reads.add(policy));
        reads
    }

    fn named(names: &[&str]) -> Reads {
        let mut reads = Reads::default();
        names.iter().for_each(|name| reads.add(&[name]));
        reads
    }

    #[test]
    fn what_is_named_is_read_wherever_it_stands() {
        for (condition, payload) in [
            ("true", named(&[])),
            ("context.payload.a.b == 1", named(&["a"])),
            ("context has payload.a && context.payload has b", named(&["a", "b"])),
            ("context[\"payload\"][\"a\"] like \"x*\"", named(&["a"])),
            ("if context.payload.a then true else !context.payload.b", named(&["a", "b"])),
            ("[1, context.payload.a].contains({ x: context.payload.b }.x)", named(&["a", "b"])),
            ("ip(context.payload.a).isLoopback()", named(&["a"])),
            ("principal in context.payload.a", named(&["a"])),
            ("resource is Repo in context.payload.a", named(&["a"])),
            ("context.payload.a.getTag(context.payload.b) == 1", named(&["a", "b"])),
            ("context.human_owner == \"x\"", named(&[])),
        ] {
            assert_eq!(reads(condition).payload, payload, "{condition}");
        }
        let reads = reads("context.intent.task_id == \"x\"");
        assert_eq!((reads.members, reads.intent), (named(&["intent"]), named(&["task_id"])));
    }

    #[test]
    fn an_object_that_is_read_as_a_whole_is_read_with_all_it_holds() {
        for condition in [
            "context.payload == { a: 1 }",
            "context == { a: 1 }",
            "context has payload",
            "{ x: context }.x.payload.a == 1",
            "(if true then context.payload else context.payload).a == 1",
        ] {
            assert_eq!(reads(condition).payload, Reads::All, "{condition}");
        }
        assert_eq!(reads("[context].isEmpty()").members, Reads::All);
    }

    #[test]
    fn whether_an_entity_is_asked_is_known() {
        for (condition, asked) in [
            ("principal == Agent::\"a\" && context.payload.a == 1", false),
            ("context has payload.a && principal is Agent", false),
            ("principal in AgentGroup::\"g\"", true),
            ("resource is Repo in Org::\"o\"", true),
            ("principal.name == \"x\"", true),
            ("principal has name", true),
            ("Agent::\"a\".hasTag(\"x\")", true),
        ] {
            assert_eq!(reads(condition).hierarchy, asked, "{condition}");
        }
    }
}
