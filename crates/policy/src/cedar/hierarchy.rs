//! What a request's principal, action and resource are in: groups of agents, families of tools, and repositories in their
//! organizations.

use std::collections::{HashMap, HashSet};

use axtary_actionpass::{Action, Resource};
use cedar_policy::{Entities, Entity, EntityId, EntityTypeName, EntityUid};

use super::map::entity_type;

/// Whom and what requests are in.
pub(super) struct Hierarchy {
    /// The groups of each agent that is in one.
    groups: HashMap<String, HashSet<EntityUid>>,
    org: EntityTypeName,
    repo: EntityTypeName,
    path: EntityTypeName,
}

impl Hierarchy {
    /// Takes pairs of a group and an agent in it.
    pub(super) fn new(members: &[(String, String)]) -> Result<Self, String> {
        let group_type = entity_type("AgentGroup")?;
        let mut groups: HashMap<String, HashSet<EntityUid>> = HashMap::new();
        for (group, agent) in members {
            groups.entry(agent.clone()).or_default().insert(uid(&group_type, group));
        }
        let (org, repo, path) = (entity_type("Org")?, entity_type("Repo")?, entity_type("Path")?);
        Ok(Self { groups, org, repo, path })
    }

    /// The entities of a request, each with what it is in.
    pub(super) fn of(
        &self,
        action: &Action,
        [principal, tool, resource]: [&EntityUid; 3],
    ) -> Result<Entities, String> {
        let groups = self.groups.get(action.actor().agent_id().as_str());
        let mut entities =
            vec![Entity::new_no_attrs(principal.clone(), groups.cloned().unwrap_or_default())];
        let families =
            prefixes(action.tool().as_str(), '.').map(|name| uid(tool.type_name(), name));
        chain(tool.clone(), families, &mut entities);
        chain(resource.clone(), self.above(action.resource())?.into_iter(), &mut entities);
        Entities::from_entities(entities, None).map_err(|error| error.to_string())
    }

    /// What a resource is in, the nearest first.
    fn above(&self, resource: &Resource) -> Result<Vec<EntityUid>, String> {
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

/// Adds an entity, and those above it, each in the next.
fn chain(first: EntityUid, above: impl Iterator<Item = EntityUid>, entities: &mut Vec<Entity>) {
    let mut below = first;
    for next in above {
        entities.push(Entity::new_no_attrs(below, HashSet::from([next.clone()])));
        below = next;
    }
    entities.push(Entity::new_no_attrs(below, HashSet::new()));
}

fn uid(entity_type: &EntityTypeName, id: &str) -> EntityUid {
    EntityUid::from_type_name_and_id(entity_type.clone(), EntityId::new(id))
}
