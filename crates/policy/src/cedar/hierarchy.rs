//! What a request's principal, action and resource are in: groups of agents, families of tools, and repositories in their
//! organizations.

use std::collections::{HashMap, HashSet};

use axtary_actionpass::{Action, Resource};
use cedar_policy_core::{
    ast::{Entity, EntityType, EntityUID},
    entities::{Entities, NoEntitiesSchema, TCComputation},
    extensions::Extensions,
};

use super::map::{Mapped, entity_type, uid};

/// Whom and what requests are in.
pub(super) struct Hierarchy {
    /// The groups of each agent that is in one.
    groups: HashMap<String, HashSet<EntityUID>>,
    org: EntityType,
    repo: EntityType,
    path: EntityType,
}

impl Hierarchy {
    /// Takes pairs of a group and an agent in it.
    pub(super) fn new(members: &[(String, String)]) -> Result<Self, String> {
        let group_type = entity_type("AgentGroup")?;
        let mut groups: HashMap<String, HashSet<EntityUID>> = HashMap::new();
        for (group, agent) in members {
            groups.entry(agent.clone()).or_default().insert(uid(&group_type, group));
        }
        let (org, repo, path) = (entity_type("Org")?, entity_type("Repo")?, entity_type("Path")?);
        Ok(Self { groups, org, repo, path })
    }

    /// The entities of a request, each with what it is in.
    pub(super) fn of(&self, action: &Action, mapped: &Mapped) -> Result<Entities, String> {
        let groups = self.groups.get(action.actor().agent_id().as_str());
        let mut entities =
            vec![entity(EntityUID::clone(&mapped.principal), groups.cloned().unwrap_or_default())];
        let tool = EntityUID::clone(&mapped.action);
        let families = prefixes(action.tool().as_str(), '.');
        let families = families.map(|name| uid(tool.entity_type(), name)).collect();
        chain(tool.clone(), families, &mut entities);
        let above = self.above(action.resource())?;
        chain(EntityUID::clone(&mapped.resource), above, &mut entities);
        // Each has all that it is in, so that nothing is left to compute.
        Entities::from_entities(
            entities,
            None::<&NoEntitiesSchema>,
            TCComputation::AssumeAlreadyComputed,
            Extensions::all_available(),
        )
        .map_err(|error| error.to_string())
    }

    /// What a resource is in, the nearest first.
    fn above(&self, resource: &Resource) -> Result<Vec<EntityUID>, String> {
        let id = resource.id();
        let known = matches!(resource.kind(), "repo" | "path");
        if known && id.split('/').any(|part| matches!(part, "" | "." | "..")) {
            // A second spelling of a place would not be in what a policy forbids.
            return Err(format!(
                "the resource `{}:{id}` has an empty, `.` or `..` part; write it in normal form",
                resource.kind()
            ));
        }
        let typed = |name: &str| match name.split('/').count() {
            1 => uid(&self.org, name),
            2 => uid(&self.repo, name),
            _ => uid(&self.path, name),
        };
        Ok(if known { prefixes(id, '/').map(typed).collect() } else { Vec::new() })
    }
}

/// `a.b` and `a` of `a.b.c`.
fn prefixes(name: &str, separator: char) -> impl Iterator<Item = &str> {
    name.rmatch_indices(separator).filter_map(|(at, _)| name.get(..at))
}

/// Adds an entity, and those above it, each in all that follow.
fn chain(first: EntityUID, above: Vec<EntityUID>, entities: &mut Vec<Entity>) {
    let mut rest = above.as_slice();
    entities.push(entity(first, rest.iter().cloned().collect()));
    while let Some((next, above)) = rest.split_first() {
        entities.push(entity(next.clone(), above.iter().cloned().collect()));
        rest = above;
    }
}

fn entity(uid: EntityUID, ancestors: HashSet<EntityUID>) -> Entity {
    Entity::new_with_attr_partial_value(uid, [], HashSet::new(), ancestors, [])
}
