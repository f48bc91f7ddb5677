//! From the text of a document to the root fields of the operation that is run.

use std::collections::{BTreeMap, BTreeSet};

use apollo_parser::{
    Parser,
    cst::{self, Definition, Selection, SelectionSet},
};
use axtary_actionpass::Object;

use super::value;
use crate::error::NormalizeError;

/// The longest document, in bytes. What is long belongs into the variables.
const MAX_BYTES: usize = 64 << 10;
/// The most tokens of a document.
const MAX_TOKENS: usize = 10_000;
/// How deep its parts may lie in each other.
const MAX_DEPTH: usize = 64;
/// The most root fields, fragments counted each time that they are used.
const MAX_FIELDS: usize = 64;

/// The operation that a document runs.
pub(super) struct Operation {
    pub(super) is_mutation: bool,
    pub(super) fields: Vec<Field>,
    /// Each variable that is declared, with what it is if it is not given.
    pub(super) variables: BTreeMap<String, Option<cst::Value>>,
}

/// A root field.
pub(super) struct Field {
    pub(super) name: String,
    arguments: Vec<(String, cst::Value)>,
}

impl Field {
    /// The one argument that mutations have, with its variables filled in.
    pub(super) fn input(
        &self,
        operation: &Operation,
        variables: &Object,
    ) -> Result<Object, NormalizeError> {
        let [(name, written)] = self.arguments.as_slice() else {
            return refuse(format!("`{}` takes one argument, `input`", self.name));
        };
        if name != "input" {
            return refuse(format!("`{}` takes the argument `input`, not `{name}`", self.name));
        }
        value::input(written, operation, variables)
    }
}

/// Reads a document, and finds the operation that is run.
pub(super) fn read(text: &str, name: Option<&str>) -> Result<Operation, NormalizeError> {
    if text.len() > MAX_BYTES {
        return refuse(format!(
            "it is {} bytes long, at most {MAX_BYTES} are taken; send what is long as variables",
            text.len()
        ));
    }
    let tree = Parser::new(text).recursion_limit(MAX_DEPTH).token_limit(MAX_TOKENS).parse();
    if let Some(error) = tree.errors().next() {
        return refuse(error.message().to_owned());
    }
    let mut operations = Vec::new();
    let mut fragments = BTreeMap::new();
    for definition in tree.document().definitions() {
        match definition {
            Definition::OperationDefinition(operation) => operations.push(operation),
            Definition::FragmentDefinition(fragment) => {
                let name = name_of(fragment.fragment_name().and_then(|name| name.name()))?;
                if fragments.insert(name.clone(), fragment).is_some() {
                    return refuse(format!("the fragment `{name}` is there twice"));
                }
            }
            _ => return refuse("it defines a schema".into()),
        }
    }
    let operation = chosen(&operations, name)?;
    let is_mutation = match operation.operation_type() {
        None => false,
        Some(kind) if kind.mutation_token().is_some() => true,
        Some(kind) if kind.query_token().is_some() => false,
        Some(_) => return refuse("only a query or a mutation is run".into()),
    };
    let mut root =
        Root { fragments, is_mutation, fields: Vec::new(), keys: BTreeSet::new(), depth: 0 };
    if operation.directives().is_some() {
        return refuse("a directive stands at the operation".into());
    }
    root.collect(operation.selection_set(), &mut Vec::new())?;
    Ok(Operation { is_mutation, fields: root.fields, variables: variables(operation)? })
}

/// The operation of this name, or the only one.
fn chosen<'o>(
    operations: &'o [cst::OperationDefinition],
    name: Option<&str>,
) -> Result<&'o cst::OperationDefinition, NormalizeError> {
    let mut names = BTreeSet::new();
    for operation in operations {
        let name = operation.name().map(|name| name.text().to_string());
        if !names.insert(name) {
            return refuse("two operations have one name, or none".into());
        }
    }
    match (operations, name) {
        ([], _) => refuse("it has no operation".into()),
        ([one], None) => Ok(one),
        (_, None) => refuse("it has several operations, and `operationName` names none".into()),
        (_, Some(wanted)) => {
            let is_wanted = |operation: &&cst::OperationDefinition| {
                operation.name().is_some_and(|name| name.text() == wanted)
            };
            match operations.iter().find(is_wanted) {
                Some(operation) => Ok(operation),
                None => refuse("`operationName` names none of its operations".into()),
            }
        }
    }
}

fn variables(
    operation: &cst::OperationDefinition,
) -> Result<BTreeMap<String, Option<cst::Value>>, NormalizeError> {
    let mut variables = BTreeMap::new();
    for definition in
        operation.variable_definitions().into_iter().flat_map(|all| all.variable_definitions())
    {
        let name = name_of(definition.variable().and_then(|variable| variable.name()))?;
        if definition.directives().is_some() {
            return refuse(format!("a directive stands at the variable `{name}`"));
        }
        let default = definition.default_value().and_then(|default| default.value());
        if variables.insert(name.clone(), default).is_some() {
            return refuse(format!("the variable `{name}` is declared twice"));
        }
    }
    Ok(variables)
}

/// The fields of the root, those in fragments too.
struct Root {
    fragments: BTreeMap<String, cst::FragmentDefinition>,
    is_mutation: bool,
    fields: Vec<Field>,
    /// The names under which their answers stand. Two fields of one name would be one.
    keys: BTreeSet<String>,
    depth: usize,
}

impl Root {
    /// `within` are the fragments that are being looked through.
    fn collect(
        &mut self,
        set: Option<SelectionSet>,
        within: &mut Vec<String>,
    ) -> Result<(), NormalizeError> {
        // The parser bounds how deep one fragment is, and not how many lead to each other.
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return refuse(format!("its fragments lie more than {MAX_DEPTH} deep in each other"));
        }
        for selection in set.into_iter().flat_map(|set| set.selections()) {
            match selection {
                Selection::Field(field) => self.add(&field)?,
                Selection::InlineFragment(fragment) => {
                    may_be_left_out(fragment.directives())?;
                    self.on_root(fragment.type_condition())?;
                    self.collect(fragment.selection_set(), within)?;
                }
                Selection::FragmentSpread(spread) => {
                    may_be_left_out(spread.directives())?;
                    let name = name_of(spread.fragment_name().and_then(|name| name.name()))?;
                    if within.contains(&name) {
                        return refuse(format!("the fragment `{name}` is within itself"));
                    }
                    let Some(fragment) = self.fragments.get(&name).cloned() else {
                        return refuse(format!("there is no fragment `{name}`"));
                    };
                    if fragment.directives().is_some() {
                        return refuse(format!("a directive stands at the fragment `{name}`"));
                    }
                    self.on_root(fragment.type_condition())?;
                    within.push(name);
                    self.collect(fragment.selection_set(), within)?;
                    within.pop();
                }
            }
        }
        self.depth -= 1;
        Ok(())
    }

    fn add(&mut self, field: &cst::Field) -> Result<(), NormalizeError> {
        may_be_left_out(field.directives())?;
        let name = name_of(field.name())?;
        let key = match field.alias() {
            Some(alias) => name_of(alias.name())?,
            None => name.clone(),
        };
        if !self.keys.insert(key.clone()) {
            return refuse(format!("two root fields answer as `{key}`; give one an alias"));
        }
        if self.fields.len() >= MAX_FIELDS {
            return refuse(format!("it has more than {MAX_FIELDS} root fields; split it"));
        }
        let mut arguments: Vec<(String, cst::Value)> = Vec::new();
        for argument in field.arguments().into_iter().flat_map(|all| all.arguments()) {
            let argument_name = name_of(argument.name())?;
            let Some(value) = argument.value() else {
                return refuse(format!("the argument `{argument_name}` has no value"));
            };
            if arguments.iter().any(|(known, _)| *known == argument_name) {
                return refuse(format!("the argument `{argument_name}` stands twice"));
            }
            arguments.push((argument_name, value));
        }
        self.fields.push(Field { name, arguments });
        Ok(())
    }

    /// A fragment on another type than the root's would not be run, or not be valid.
    fn on_root(&self, condition: Option<cst::TypeCondition>) -> Result<(), NormalizeError> {
        let root = if self.is_mutation { "Mutation" } else { "Query" };
        let Some(condition) = condition else { return Ok(()) };
        let name = name_of(condition.named_type().and_then(|named| named.name()))?;
        if name != root {
            return refuse(format!("a fragment at the root is on `{name}`, not on `{root}`"));
        }
        Ok(())
    }
}

/// What might not run counts as run; a directive that does anything else is not known.
fn may_be_left_out(directives: Option<cst::Directives>) -> Result<(), NormalizeError> {
    for directive in directives.into_iter().flat_map(|all| all.directives()) {
        let name = name_of(directive.name())?;
        if !matches!(name.as_str(), "skip" | "include") {
            return refuse(format!("the directive `@{name}` is not known"));
        }
    }
    Ok(())
}

/// A name that the grammar demands.
pub(super) fn name_of(name: Option<cst::Name>) -> Result<String, NormalizeError> {
    match name {
        Some(name) => Ok(name.text().to_string()),
        None => refuse("a name is missing".into()),
    }
}

pub(super) fn refuse<T>(problem: String) -> Result<T, NormalizeError> {
    Err(NormalizeError::document(problem))
}
