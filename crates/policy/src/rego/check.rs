//! What a module may refer to. Rego is forgiving where a gate must not be: a reference to data that nobody loaded is
//! undefined, so that `not data.lib.bad` holds; a builtin may read a clock; recursion ends the process.
//!
//! References are read without regard to local variables, function arguments aside: a local variable with the name of
//! a rule counts as a reference to that rule. This can only refuse too much, and the message then names the rule.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    ops::Bound,
};

use axtary_actionpass::{Effect, EngineName, Json, Object, PolicyInfo};
use regorus::unstable::{BUILTINS, Expr, Import, Module, Ref, Rule, RuleHead, Span};

use super::{
    builder::{Entrypoints, Wanted},
    builtin,
    graph::{Graph, Node},
    map::InputReads,
    walk::{Call, Reference, Walk},
};
use crate::error::{LoadError, Place};

/// What modules come to.
pub(super) struct Checked {
    pub(super) entrypoints: Entrypoints,
    pub(super) policies: Vec<PolicyInfo>,
    pub(super) reads: InputReads,
}

/// How deep a chain of rules, each of which refers to the next, nests in all. Four times as much still fits into a
/// thread of 2 MiB in a debug build.
const MAX_CHAIN_DEPTH: usize = 100;

/// How many times the values of an entrypoint can double: facts of 10 KB are 640 MB at most.
const MAX_DOUBLINGS: usize = 16;

/// Checks all modules together.
pub(super) fn modules(
    modules: &[Ref<Module>],
    data: &Object,
    wanted: &Wanted,
) -> Result<Checked, LoadError> {
    let rules = Rules::collect(modules);
    rules.refuse_overlap(data)?;
    let mut reads = InputReads::default();
    let mut graph = Graph(vec![Node::default(); rules.count()]);
    for module in modules {
        let names = Names::of(module, &rules, data);
        for import in &module.imports {
            names.check_import(import)?;
            read(&Reference::of(&import.refr), &mut reads);
        }
        for rule in &module.policy {
            let from = rules.exact(&rule_path(module, rule));
            let mut used = Vec::new();
            let walk = Walk::rule(rule);
            for reference in &walk.references {
                read(reference, &mut reads);
                used.extend(names.rules_of(reference, &walk.arguments)?);
            }
            let mut called = Vec::new();
            for call in &walk.calls {
                called.extend(names.function_of(call)?);
            }
            used.extend(&called);
            for target in &walk.replaced {
                names.check_replaced(target)?;
                // What stands in for a part of the input needs the rest around it.
                if target.path.first().is_some_and(|root| root == "input") {
                    reads.add(&[]);
                }
            }
            if let Some(node) = from.and_then(|from| graph.0.get_mut(from.id)) {
                node.uses.extend(used);
                node.calls.extend(called);
                node.depth = node.depth.max(walk.deepest);
                node.doublings = node.doublings.max(walk.doublings);
            }
        }
    }
    rules.refuse_recursion(&graph)?;
    let entrypoints = rules.entrypoints(modules, wanted)?;
    rules.refuse_growth(&graph, &entrypoints)?;
    Ok(Checked { policies: rules.policies(&entrypoints), entrypoints, reads })
}

/// Notes what a reference reads of the input.
fn read(reference: &Reference, reads: &mut InputReads) {
    if let Some((root, below)) = reference.path.split_first()
        && root == "input"
    {
        reads.add(below);
    }
}

/// A path below `data`: `["axtary", "allow"]`.
type Path = Vec<String>;

/// A rule by its path; several definitions of one path are one rule.
struct RuleInfo {
    id: usize,
    is_function: bool,
    span: Span,
}

/// Every rule that is defined, in the order of paths.
struct Rules(BTreeMap<Path, RuleInfo>);

impl Rules {
    fn collect(modules: &[Ref<Module>]) -> Self {
        let mut rules = BTreeMap::new();
        for module in modules {
            for rule in &module.policy {
                let id = rules.len();
                let is_function = match rule.as_ref() {
                    Rule::Spec { head, .. } => matches!(head, RuleHead::Func { .. }),
                    Rule::Default { args, .. } => !args.is_empty(),
                };
                rules
                    .entry(rule_path(module, rule))
                    .and_modify(|known: &mut RuleInfo| known.is_function |= is_function)
                    .or_insert(RuleInfo { id, is_function, span: rule.span().clone() });
            }
        }
        Self(rules)
    }

    fn count(&self) -> usize {
        self.0.len()
    }

    fn exact(&self, path: &[String]) -> Option<&RuleInfo> {
        self.0.get(path)
    }

    /// The rules whose value a reference to `path` reads: those at or below it, and the one it goes into.
    fn at(&self, path: &[String]) -> Vec<usize> {
        let below = self
            .0
            .range::<[String], _>((Bound::Included(path), Bound::Unbounded))
            .take_while(|(rule, _)| rule.starts_with(path));
        let above = (0..path.len()).filter_map(|length| {
            path.get(..length).and_then(|prefix| self.0.get_key_value(prefix))
        });
        below.chain(above).map(|(_, info)| info.id).collect()
    }

    /// OPA refuses recursion too. regorus would overflow the stack on a function that calls itself, and on a chain of
    /// rules that is long enough.
    fn refuse_recursion(&self, graph: &Graph) -> Result<(), LoadError> {
        let (at, problem) = match graph.deepest_chain() {
            Ok((_, depth)) if depth <= MAX_CHAIN_DEPTH => return Ok(()),
            Ok((start, depth)) => (
                start,
                format!(
                    "and the rules it refers to nest {depth} levels deep, at most {MAX_CHAIN_DEPTH} are evaluated; \
                     shorten the chain"
                ),
            ),
            Err(on_cycle) => (
                on_cycle,
                "refers to itself, directly or through others; rules must not recurse, and a local variable must not have \
                 the name of a rule"
                    .to_owned(),
            ),
        };
        match self.0.iter().find(|(_, info)| info.id == at) {
            Some((path, info)) => Err(refuse(&info.span, format!("`{}` {problem}", shown(path)))),
            None => Err(LoadError::new("rego", format!("a rule {problem}"))),
        }
    }

    /// Each step can double a value, so that a short module could fill the memory, or never come to the end of a comparison.
    fn refuse_growth(&self, graph: &Graph, entrypoints: &Entrypoints) -> Result<(), LoadError> {
        let mut known = HashMap::new();
        let Entrypoints { allow, deny, step_up } = entrypoints;
        for rule in [Some(allow), deny.as_ref(), step_up.as_ref()].into_iter().flatten() {
            let Some(info) = self.entrypoint(rule)? else { continue };
            let doublings = graph.doublings(info.id, &mut known);
            if doublings > MAX_DOUBLINGS {
                return Err(refuse(
                    &info.span,
                    format!(
                        "`{rule}` and the rules it refers to can double a value {doublings} times, at most {MAX_DOUBLINGS} are \
                         evaluated; build fewer lists, objects and texts of others"
                    ),
                ));
            }
        }
        Ok(())
    }

    /// A path that is both data and a rule would have two values.
    fn refuse_overlap(&self, data: &Object) -> Result<(), LoadError> {
        match self.0.iter().find(|(path, _)| !path.is_empty() && touches(data, path)) {
            None => Ok(()),
            Some((path, info)) => Err(refuse(
                &info.span,
                format!("`{}` is defined by data too; rename one of them", shown(path)),
            )),
        }
    }

    fn entrypoints(
        &self,
        modules: &[Ref<Module>],
        wanted: &Wanted,
    ) -> Result<Entrypoints, LoadError> {
        let optional = |(rule, must): &(String, bool)| -> Result<Option<String>, LoadError> {
            match self.entrypoint(rule)? {
                Some(_) => Ok(Some(rule.clone())),
                None if *must => Err(undefined(modules, rule)),
                None => Ok(None),
            }
        };
        if self.entrypoint(&wanted.allow)?.is_none() {
            return Err(undefined(modules, &wanted.allow));
        }
        Ok(Entrypoints {
            allow: wanted.allow.clone(),
            deny: optional(&wanted.deny)?,
            step_up: optional(&wanted.step_up)?,
        })
    }

    /// The rule of this name, which is no function.
    fn entrypoint(&self, name: &str) -> Result<Option<&RuleInfo>, LoadError> {
        if !name.starts_with("data.") {
            let message = format!("the rule `{name}` is refused; name it as `data.axtary.allow`");
            return Err(LoadError::new("rego", message));
        }
        let path: Path = name.split('.').skip(1).map(str::to_owned).collect();
        match self.exact(&path) {
            Some(info) if info.is_function => Err(refuse(
                &info.span,
                format!("`{name}` is a function; make it a rule without arguments"),
            )),
            found => Ok(found),
        }
    }

    /// The entrypoints, each where its first rule stands.
    fn policies(&self, entrypoints: &Entrypoints) -> Vec<PolicyInfo> {
        let rules = [
            (Some(&entrypoints.allow), Effect::Permit),
            (entrypoints.deny.as_ref(), Effect::Deny),
            (entrypoints.step_up.as_ref(), Effect::StepUp),
        ];
        let info = |(rule, effect): (Option<&String>, Effect)| {
            let info = self.entrypoint(rule?).ok()??;
            Some(PolicyInfo {
                engine: EngineName::REGO,
                id: rule?.clone(),
                effect: Some(effect),
                file: info.span.source.get_path().clone(),
                line: Some(info.span.line.into()),
            })
        };
        rules.into_iter().filter_map(info).collect()
    }
}

fn undefined(modules: &[Ref<Module>], rule: &str) -> LoadError {
    let file = match modules {
        [only] => only.package.span.source.get_path().as_str(),
        _ => "rego",
    };
    let (package, name) = rule.rsplit_once('.').unwrap_or(("data", rule));
    let package = package.strip_prefix("data.").unwrap_or(package);
    LoadError::new(
        file,
        format!("no module defines `{rule}`; write `package {package}` and a rule `{name}`"),
    )
}

/// Whether data holds something at a path.
fn holds(data: &Object, path: &[String]) -> bool {
    match path.split_first() {
        None => true,
        Some((name, [])) => data.get(name).is_some(),
        Some((name, rest)) => {
            data.get(name).and_then(Json::as_object).is_some_and(|below| holds(below, rest))
        }
    }
}

/// Whether data says something at a path, below it, or of what it goes into.
fn touches(data: &Object, path: &[String]) -> bool {
    let Some((name, rest)) = path.split_first() else { return true };
    match data.get(name) {
        None => false,
        Some(Json::Object(below)) => touches(below, rest),
        Some(_) => true,
    }
}

/// What names mean within one module.
struct Names<'a> {
    package: Path,
    /// Import aliases of `data` paths.
    aliases: HashMap<String, Path>,
    rules: &'a Rules,
    data: &'a Object,
}

impl<'a> Names<'a> {
    fn of(module: &Module, rules: &'a Rules, data: &'a Object) -> Self {
        let mut aliases = HashMap::new();
        for import in &module.imports {
            let Some(path) = below_data(&Reference::of(&import.refr)) else { continue };
            let alias = match &import.r#as {
                Some(alias) => Some(alias.text().to_owned()),
                None => path.last().cloned(),
            };
            if let Some(alias) = alias {
                aliases.insert(alias, path);
            }
        }
        Self { package: package_path(module), aliases, rules, data }
    }

    fn check_import(&self, import: &Import) -> Result<(), LoadError> {
        let reference = Reference::of(&import.refr);
        match below_data(&reference) {
            Some(path) => self.resolve(&path, &reference.span).map(drop),
            None => Ok(()),
        }
    }

    /// What a reference can mean below `data`. A name can be an alias and a rule; both are looked at.
    fn meanings(&self, reference: &Reference) -> Vec<Path> {
        let Some((root, rest)) = reference.path.split_first() else { return Vec::new() };
        if root == "data" {
            return vec![rest.to_vec()];
        }
        let mut meanings = Vec::new();
        if let Some(path) = self.aliases.get(root) {
            meanings.push([path.as_slice(), rest].concat());
        }
        let local = [self.package.as_slice(), std::slice::from_ref(root)].concat();
        if !self.rules.at(&local).is_empty() {
            meanings.push([local.as_slice(), rest].concat());
        }
        meanings
    }

    /// The rules that a reference reads. The name of an argument is not that of a rule, but may be that of an import.
    fn rules_of(
        &self,
        reference: &Reference,
        arguments: &HashSet<String>,
    ) -> Result<Vec<usize>, LoadError> {
        let is_argument = reference.path.first().is_some_and(|root| {
            arguments.contains(root) && root != "data" && !self.aliases.contains_key(root)
        });
        if is_argument {
            return Ok(Vec::new());
        }
        let mut rules = Vec::new();
        for path in self.meanings(reference) {
            rules.extend(self.resolve(&path, &reference.span)?);
        }
        Ok(rules)
    }

    /// The rules at a path; there must be one, or data.
    fn resolve(&self, path: &[String], span: &Span) -> Result<Vec<usize>, LoadError> {
        if path.is_empty() {
            let message =
                "`data` as a whole, or a name in it that is computed, is refused; name the package";
            return Err(refuse(span, message));
        }
        let rules = self.rules.at(path);
        if rules.is_empty() && !holds(self.data, path) {
            return Err(refuse(
                span,
                format!(
                    "no module that was loaded defines `{}`, and under `not` it would hold; load the module, or correct \
                     the name",
                    shown(path)
                ),
            ));
        }
        Ok(rules)
    }

    /// The rules of the function that is called, or none if it is a builtin that may be called.
    fn function_of(&self, call: &Call) -> Result<Vec<usize>, LoadError> {
        let meanings = self.meanings(&call.function);
        let functions: Vec<usize> =
            meanings.iter().filter_map(|path| self.rules.exact(path)).map(|info| info.id).collect();
        if !functions.is_empty() {
            return Ok(functions);
        }
        let name = call.function.path.join(".");
        let span = &call.function.span;
        if let Some(problem) = builtin::refused_call(&name, &call.literals) {
            return Err(refuse(span, problem));
        }
        // regorus would notice only when the line is reached.
        if name != "print" && !BUILTINS.contains_key(name.as_str()) {
            return Err(refuse(
                span,
                format!(
                    "`{name}` is neither a function that was loaded nor a builtin of this engine"
                ),
            ));
        }
        Ok(Vec::new())
    }

    /// What `with` replaces must be input or data: a function that stands in for another could recurse unseen.
    fn check_replaced(&self, target: &Reference) -> Result<(), LoadError> {
        if target.path.first().is_some_and(|root| root == "input") {
            return Ok(());
        }
        let meanings = self.meanings(target);
        for path in &meanings {
            self.resolve(path, &target.span)?;
        }
        let is_function =
            meanings.iter().any(|path| self.rules.exact(path).is_some_and(|info| info.is_function));
        if meanings.is_empty() || is_function {
            let message = "`with` may replace `input` and `data`, but not a function";
            return Err(refuse(&target.span, message));
        }
        Ok(())
    }
}

pub(super) fn package_path(module: &Module) -> Path {
    Reference::of(&module.package.refr).path
}

fn rule_path(module: &Module, rule: &Rule) -> Path {
    let head: &Expr = match rule {
        Rule::Spec { head: RuleHead::Compr { refr, .. }, .. }
        | Rule::Spec { head: RuleHead::Set { refr, .. }, .. }
        | Rule::Spec { head: RuleHead::Func { refr, .. }, .. }
        | Rule::Default { refr, .. } => refr,
    };
    let mut path = package_path(module);
    path.extend(Reference::of(head).path);
    path
}

/// The path below `data`, if the reference starts there.
fn below_data(reference: &Reference) -> Option<Path> {
    let (root, rest) = reference.path.split_first()?;
    (root == "data").then(|| rest.to_vec())
}

fn refuse(span: &Span, message: impl Into<String>) -> LoadError {
    LoadError::new(span.source.get_path(), message)
        .at(Some(Place { line: span.line.into(), column: span.col.into() }))
}

fn shown(path: &[String]) -> String {
    std::iter::once("data").chain(path.iter().map(String::as_str)).collect::<Vec<_>>().join(".")
}
