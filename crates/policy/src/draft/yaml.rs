//! The draft as YAML. Names, paths and values are an agent's words: each stands in double quotes, and nothing in it ends a line.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use axtary_actionpass::{Effect, Json, Object};

use super::{
    Draft,
    group::{Group, Span},
    limit::Limits,
};

/// A rule as it is written: whom it is about, and what it was drawn from.
struct Drafted<'a> {
    agent: &'a str,
    tool: &'a str,
    resources: Vec<&'a str>,
    owners: Option<Vec<&'a str>>,
    constraints: Object,
    sources: Vec<(&'a Group, Limits)>,
}

const HEAD: &str = "\
# A draft, for a human to edit: it permits what was observed, and little else.
# Above each rule stands what it was drawn from, and what it does not limit.
# No rule limits tasks and intents, nor how long passes live.
";

/// The most resources that a rule lists.
const MAX_RESOURCES: usize = 64;

/// A draft, as it is shown.
pub(super) struct Yaml<'a>(pub(super) &'a Draft<'a>);

impl fmt::Display for Yaml<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let draft = self.0;
        out.write_str(HEAD)?;
        for effect in draft.include.iter().filter(|effect| **effect != Effect::Permit) {
            writeln!(out, "#")?;
            writeln!(
                out,
                "# CAUTION: decisions of `{effect}` were learnt from. What was not permitted then is permitted below."
            )?;
        }
        writeln!(out, "#")?;
        let learnt: Vec<String> =
            draft.learnt.iter().map(|(what, count)| format!("{count} {what}")).collect();
        writeln!(out, "# Learnt from {} decisions: {}.", draft.learnt(), learnt.join(", "))?;
        if let Some(span) = draft.span {
            writeln!(out, "# In {}.", told(span))?;
        }
        for (why, count) in &draft.left_out {
            writeln!(out, "# LEFT OUT: {count} decisions; {why}.")?;
        }
        writeln!(out, "version: 1\nrules:")?;
        for (position, rule) in rules(draft).iter().enumerate() {
            if position > 0 {
                writeln!(out)?;
            }
            rule.write(out, position + 1)?;
        }
        Ok(())
    }
}

/// The rules, of one agent and tool those together that say the same.
fn rules<'a>(draft: &'a Draft<'_>) -> Vec<Drafted<'a>> {
    let mut rules: Vec<Drafted<'a>> = Vec::new();
    let mut first_of_pair = 0;
    for (call, group) in &draft.groups {
        let limits = group.limits(draft.vocabulary);
        let (agent, tool) = (call.agent.as_str(), call.tool.as_str());
        if rules.last().is_some_and(|last| (last.agent, last.tool) != (agent, tool)) {
            first_of_pair = rules.len();
        }
        let owners = group.owners();
        let same = rules.iter_mut().skip(first_of_pair).find(|rule| {
            rule.owners == owners
                && rule.constraints == limits.constraints
                && rule.resources.len() < MAX_RESOURCES
        });
        match same {
            Some(rule) => {
                rule.resources.push(call.resource.as_str());
                rule.sources.push((group, limits));
            }
            None => rules.push(Drafted {
                agent,
                tool,
                resources: vec![call.resource.as_str()],
                owners,
                constraints: limits.constraints.clone(),
                sources: vec![(group, limits)],
            }),
        }
    }
    rules
}

impl Drafted<'_> {
    fn write(&self, out: &mut fmt::Formatter<'_>, number: usize) -> fmt::Result {
        self.write_comment(out)?;
        writeln!(out, "  - id: draft-{number}")?;
        writeln!(out, "    effect: permit")?;
        writeln!(out, "    agent: {}", quoted(self.agent))?;
        if let Some(owners) = &self.owners {
            writeln!(out, "    human_owner: {}", list(owners))?;
        }
        writeln!(out, "    tool: {}", quoted(self.tool))?;
        writeln!(out, "    resource: {}", list(&self.resources))?;
        if !self.constraints.is_empty() {
            writeln!(out, "    constraints:")?;
            for (name, operand) in self.constraints.iter() {
                writeln!(out, "      {}: {}", key(name), value(operand))?;
            }
        }
        Ok(())
    }

    fn write_comment(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let records: u64 = self.sources.iter().map(|(group, _)| group.records).sum();
        let spans = self.sources.iter().filter_map(|(group, _)| group.span);
        let span = spans.fold(None, |all, span| Some(span.join(all)));
        let span = span.map_or_else(String::new, |span| format!(": {}", told(span)));
        let what = if records == 1 { "decision" } else { "decisions" };
        writeln!(out, "  # Drawn from {records} {what}{span}")?;
        if let Some(pass) = self.sources.iter().find_map(|(group, _)| group.pass.as_ref()) {
            writeln!(out, "  # One of them: {pass}")?;
        }
        if self.owners.is_none() {
            writeln!(
                out,
                "  # Not limited, since there were too many, or one has a `*` in its name: human_owner"
            )?;
        }
        let mut loose: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
        for (fact, why) in self.sources.iter().flat_map(|(_, limits)| &limits.loose) {
            loose.entry(why).or_default().insert(key(fact));
        }
        for (why, facts) in loose {
            write_names(out, &format!("Not limited, since {why}"), &facts)?;
        }
        let names = |of: fn(&Limits) -> &Vec<String>| -> BTreeSet<String> {
            let facts = self.sources.iter().flat_map(|(_, limits)| of(limits));
            facts.map(|fact| key(fact)).collect()
        };
        let wide = "Wider than what was seen, folders standing for all in them";
        write_names(out, wide, &names(|limits| &limits.wide))?;
        let constant = "Never varied, so the limit may be too tight";
        write_names(out, constant, &names(|limits| &limits.constant))
    }
}

/// Writes the names of facts of which something holds, if there are any.
fn write_names(out: &mut fmt::Formatter<'_>, what: &str, names: &BTreeSet<String>) -> fmt::Result {
    if names.is_empty() {
        return Ok(());
    }
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    writeln!(out, "  # {what}: {}", names.join(", "))
}

fn told(span: Span) -> String {
    let ((first, from), (last, to)) = (span.first, span.last);
    if first == last {
        format!("record {first}, {from}")
    } else {
        format!("records {first} to {last}, {from} to {to}")
    }
}

/// A name as a key: plain if nothing in it means anything to YAML.
fn key(name: &str) -> String {
    let is_plain = name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
        && !["true", "false", "null", "yes", "no", "on", "off", "y", "n"].contains(&name);
    if is_plain { name.to_owned() } else { quoted(name) }
}

fn value(operand: &Json) -> String {
    match operand {
        Json::String(text) => quoted(text),
        Json::Array(items) => {
            format!("[{}]", items.iter().map(value).collect::<Vec<_>>().join(", "))
        }
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::Object(_) => operand.to_string(),
    }
}

fn list(names: &[&str]) -> String {
    match names {
        [only] => quoted(only),
        several => {
            format!("[{}]", several.iter().map(|name| quoted(name)).collect::<Vec<_>>().join(", "))
        }
    }
}

/// Text in double quotes. Whatever is no letter, digit or printable ASCII stands as its number.
fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for character in text.chars() {
        match character {
            '"' | '\\' => out.extend(['\\', character]),
            ' '..='~' => out.push(character),
            other if other.is_alphanumeric() => out.push(other),
            other => out.push_str(&escape(u32::from(other))),
        }
    }
    out.push('"');
    out
}

fn escape(code: u32) -> String {
    if code <= 0xFFFF { format!("\\u{code:04X}") } else { format!("\\U{code:08X}") }
}
