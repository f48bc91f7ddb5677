//! Every reference and call in a rule, found by walking its syntax tree.
//!
//! The recursion here is bounded by [`nesting`](crate::nesting).

use std::collections::HashSet;

use regorus::unstable::{
    ArithOp, Expr, Literal, LiteralStmt, Query, Ref, Rule, RuleAssign, RuleHead, Span,
};

use super::builtin;

/// What a rule refers to.
#[derive(Default)]
pub(super) struct Walk {
    pub(super) references: Vec<Reference>,
    pub(super) calls: Vec<Call>,
    /// What `with` replaces.
    pub(super) replaced: Vec<Reference>,
    /// How deep its expressions and queries nest.
    pub(super) deepest: usize,
    /// The names of its arguments, if it is a function.
    pub(super) arguments: HashSet<String>,
    depth: usize,
    /// How many of its parts can go through a collection.
    loops: usize,
    /// How many times its values can double over what it refers to.
    pub(super) doublings: usize,
}

/// How many levels of expressions a loop takes as much of the stack as.
const LEVELS_OF_LOOP: usize = 3;

/// A reference from its root as far as its names are fixed: `input.payload.paths[i]` is `input`, `payload`, `paths`.
pub(super) struct Reference {
    pub(super) path: Vec<String>,
    pub(super) span: Span,
}

/// A call of a function or builtin.
pub(super) struct Call {
    pub(super) function: Reference,
    /// Its arguments, as far as they are strings that stand there.
    pub(super) literals: Vec<Option<String>>,
}

impl Reference {
    /// The fixed part of a reference; empty if it starts with something other than a name.
    pub(super) fn of(expr: &Expr) -> Self {
        let (root, steps) = chain(expr);
        let mut path = Vec::with_capacity(steps.len() + 1);
        if let Expr::Var { span, .. } = root {
            path.push(span.text().to_owned());
            path.extend(steps.into_iter().map_while(|step| match step {
                Step::Name(name) => Some(name),
                Step::Computed(_) => None,
            }));
        }
        Self { path, span: expr.span().clone() }
    }
}

enum Step<'a> {
    Name(String),
    Computed(&'a Expr),
}

/// Takes `a.b["c"][d]` apart, without recursion: a chain may be long.
fn chain(expr: &Expr) -> (&Expr, Vec<Step<'_>>) {
    let (mut root, mut steps) = (expr, Vec::new());
    loop {
        match root {
            Expr::RefDot { refr, field, .. } => {
                steps.push(Step::Name(field.0.text().to_owned()));
                root = refr;
            }
            Expr::RefBrack { refr, index, .. } => {
                steps.push(literal(index).map_or(Step::Computed(index), Step::Name));
                root = refr;
            }
            _ => break,
        }
    }
    steps.reverse();
    (root, steps)
}

/// A string that stands there.
fn literal(expr: &Expr) -> Option<String> {
    match expr {
        Expr::String { value, .. } | Expr::RawString { value, .. } => {
            value.as_string().ok().map(ToString::to_string)
        }
        _ => None,
    }
}

impl Walk {
    pub(super) fn rule(rule: &Rule) -> Self {
        let mut walk = Self::default();
        match rule {
            Rule::Spec { head, bodies, .. } => {
                walk.head(head);
                for body in bodies {
                    walk.assigned(body.assign.as_ref());
                    walk.query(&body.query);
                }
            }
            Rule::Default { value, .. } => walk.expr(value),
        }
        walk
    }

    fn head(&mut self, head: &RuleHead) {
        match head {
            RuleHead::Compr { refr, assign, .. } => {
                self.indices(refr);
                self.assigned(assign.as_ref());
            }
            RuleHead::Set { refr, key, .. } => {
                self.indices(refr);
                self.exprs(key);
            }
            RuleHead::Func { args, assign, .. } => {
                for argument in args {
                    self.name_arguments(argument);
                }
                self.assigned(assign.as_ref());
            }
        }
    }

    /// The names in the pattern of an argument stand for the argument, whatever rules there are.
    fn name_arguments(&mut self, pattern: &Expr) {
        match pattern {
            Expr::Var { span, .. } => {
                self.arguments.insert(span.text().to_owned());
            }
            Expr::Array { items, .. } => items.iter().for_each(|item| self.name_arguments(item)),
            Expr::Object { fields, .. } => {
                fields.iter().for_each(|(_, _, value)| self.name_arguments(value));
            }
            _ => {}
        }
    }

    fn assigned(&mut self, assign: Option<&RuleAssign>) {
        if let Some(assign) = assign {
            self.expr(&assign.value);
        }
    }

    fn query(&mut self, query: &Query) {
        let around = self.depth;
        self.deeper(|walk| {
            for statement in &query.stmts {
                let loops = walk.loops;
                walk.statement(statement);
                // What follows a loop is evaluated inside it.
                walk.depth += LEVELS_OF_LOOP * (walk.loops - loops);
                walk.deepest = walk.deepest.max(walk.depth);
            }
        });
        self.depth = around;
    }

    fn deeper(&mut self, inside: impl FnOnce(&mut Self)) {
        let around = self.depth;
        self.depth += 1;
        self.deepest = self.deepest.max(self.depth);
        inside(self);
        self.depth = around;
    }

    fn statement(&mut self, statement: &LiteralStmt) {
        match &statement.literal {
            Literal::SomeVars { .. } => {}
            Literal::SomeIn { key, value, collection, .. } => {
                self.loops += 1;
                self.exprs(key);
                self.exprs([value, collection]);
            }
            Literal::Expr { expr, .. } | Literal::NotExpr { expr, .. } => self.expr(expr),
            Literal::Every { domain, query, .. } => {
                self.expr(domain);
                self.query(query);
            }
        }
        for modifier in &statement.with_mods {
            self.replaced.push(Reference::of(&modifier.refr));
            self.indices(&modifier.refr);
            self.expr(&modifier.r#as);
        }
    }

    /// Walks what can put the values that it refers to into one, however often it names them.
    fn repeating(&mut self, parts: impl FnOnce(&mut Self)) {
        let before = self.references.len() + self.calls.len();
        parts(self);
        let named = self.references.len() + self.calls.len() - before;
        self.doublings += named.next_power_of_two().ilog2() as usize;
    }

    fn exprs<'a>(&mut self, exprs: impl IntoIterator<Item = &'a Ref<Expr>>) {
        for expr in exprs {
            self.expr(expr);
        }
    }

    fn expr(&mut self, expr: &Expr) {
        self.deeper(|walk| walk.parts(expr));
    }

    fn parts(&mut self, expr: &Expr) {
        match expr {
            Expr::String { .. }
            | Expr::RawString { .. }
            | Expr::Number { .. }
            | Expr::Bool { .. }
            | Expr::Null { .. } => {}
            Expr::Var { .. } | Expr::RefDot { .. } | Expr::RefBrack { .. } => {
                self.references.push(Reference::of(expr));
                self.indices(expr);
            }
            Expr::Array { items, .. } | Expr::Set { items, .. } => {
                self.repeating(|walk| walk.exprs(items));
            }
            Expr::Object { fields, .. } => self.repeating(|walk| {
                for (_, key, value) in fields {
                    walk.exprs([key, value]);
                }
            }),
            Expr::ArrayCompr { term, query, .. } | Expr::SetCompr { term, query, .. } => {
                // What it holds is bounded by the steps that each element takes.
                self.doublings += 1;
                self.expr(term);
                self.query(query);
            }
            Expr::ObjectCompr { key, value, query, .. } => {
                // What it holds is bounded by the steps that each element takes.
                self.doublings += 1;
                self.exprs([key, value]);
                self.query(query);
            }
            Expr::Call { fcn, params, .. } => {
                let function = Reference::of(fcn);
                self.loops += usize::from(function.path == ["walk"]);
                self.calls.push(Call {
                    function,
                    literals: params.iter().map(|argument| literal(argument)).collect(),
                });
                self.indices(fcn);
                match self.calls.last().map_or(0, builtin::doublings) {
                    0 => self.exprs(params),
                    doublings => {
                        self.doublings += doublings;
                        self.repeating(|walk| walk.exprs(params));
                    }
                }
            }
            // The digits of a product are those of both.
            Expr::ArithExpr { op: ArithOp::Mul, lhs, rhs, .. } => {
                self.repeating(|walk| walk.exprs([lhs, rhs]));
            }
            Expr::UnaryExpr { expr, .. } => self.expr(expr),
            Expr::BinExpr { lhs, rhs, .. }
            | Expr::BoolExpr { lhs, rhs, .. }
            | Expr::ArithExpr { lhs, rhs, .. }
            | Expr::AssignExpr { lhs, rhs, .. } => self.exprs([lhs, rhs]),
            Expr::Membership { key, value, collection, .. } => {
                self.exprs(key);
                self.exprs([value, collection]);
            }
        }
    }

    /// What stands inside a reference: computed indices, and a root that is not a name.
    fn indices(&mut self, expr: &Expr) {
        let (root, steps) = chain(expr);
        for step in steps {
            if let Step::Computed(index) = step {
                // If the index is a variable that nothing binds, every element is gone through.
                self.loops += usize::from(!matches!(index, Expr::Number { .. }));
                self.expr(index);
            }
        }
        if !matches!(root, Expr::Var { .. }) {
            self.expr(root);
        }
    }
}
