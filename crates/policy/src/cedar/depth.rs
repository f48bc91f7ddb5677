//! How deep the tree of a condition is, found without recursion: it is asked of trees that may be too deep for it.

use cedar_policy_core::ast::{Expr, ExprKind};

/// The number of expressions from the root to the deepest leaf.
pub(super) fn of(expr: &Expr) -> usize {
    let mut deepest = 0;
    let mut open = vec![(expr, 1)];
    while let Some((expr, depth)) = open.pop() {
        deepest = deepest.max(depth);
        let mut below = |expr| open.push((expr, depth + 1));
        match expr.expr_kind() {
            ExprKind::Lit(_) | ExprKind::Var(_) | ExprKind::Slot(_) | ExprKind::Unknown(_) => {}
            ExprKind::If { test_expr, then_expr, else_expr } => {
                [test_expr, then_expr, else_expr].into_iter().for_each(|expr| below(expr));
            }
            ExprKind::And { left, right } | ExprKind::Or { left, right } => {
                [left, right].into_iter().for_each(|expr| below(expr));
            }
            ExprKind::BinaryApp { arg1, arg2, .. } => {
                [arg1, arg2].into_iter().for_each(|expr| below(expr));
            }
            // Evaluated one name after another, without going deeper.
            ExprKind::ExtHasAttr { expr, .. }
            | ExprKind::UnaryApp { arg: expr, .. }
            | ExprKind::GetAttr { expr, .. }
            | ExprKind::HasAttr { expr, .. }
            | ExprKind::Like { expr, .. }
            | ExprKind::Is { expr, .. } => below(expr),
            ExprKind::ExtensionFunctionApp { args, .. } | ExprKind::Set(args) => {
                args.iter().for_each(below);
            }
            ExprKind::Record(fields) => fields.values().for_each(below),
        }
    }
    deepest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_expression_is_one_level_above_what_it_holds() {
        for (text, depth) in [
            ("true", 1),
            ("context", 1),
            ("context.a", 2),
            ("context has a", 2),
            ("!context.a", 3),
            ("1 + 2 + context.a", 3),
            ("context.a || context.b && context.c", 4),
            ("if context.a.b then 1 else 2", 4),
            ("[1, [2, [context.a]]]", 5),
            ("{ a: { b: 1 } }", 3),
            ("ip(context.a).isLoopback()", 4),
            ("context.a like \"x*\"", 3),
            ("principal is Agent", 2),
        ] {
            assert_eq!(of(&text.parse().unwrap()), depth, "{text}");
        }
    }

    #[test]
    fn a_tree_that_no_recursion_would_survive_is_measured() {
        let mut expr: Expr = Expr::val(true);
        for _ in 0..100_000 {
            expr = Expr::not(expr);
        }
        assert_eq!(of(&expr), 100_001);
        // To drop it would end the process.
        std::mem::forget(expr);
    }
}
