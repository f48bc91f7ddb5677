//! What a Cedar engine is built of beside its policies: groups, links of templates, and the schema.

use axtary_actionpass::{AgentId, Object};

use super::{CedarEngine, CedarSchema, hierarchy::Hierarchy, load, map::Mapper};
use crate::{
    error::LoadError,
    nesting::{MAX_TREE, with_room},
    source::Source,
};

/// The most groups and members, and the most links.
const MAX_PARTS: usize = 100_000;

/// Collects the parts of a [`CedarEngine`]; made by [`CedarEngine::builder`].
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct CedarBuilder {
    sources: Vec<(String, String)>,
    /// Pairs of a group and an agent in it.
    members: Vec<(String, String)>,
    links: Vec<TemplateLink>,
    schema: Option<CedarSchema>,
}

/// A policy made of a template: with an entity in the place of each of its slots.
///
/// # Example
///
/// ```
/// use axtary_policy::{CedarEngine, TemplateLink};
///
/// let text = r#"@id("reader") permit (principal == ?principal, action in Action::"docs", resource);"#;
/// let engine = CedarEngine::builder()
///     .source("main.cedar", text)
///     .link(TemplateLink::new("reader", "codex-reads").principal(r#"Agent::"codex""#))
///     .build()?;
/// # let _ = engine;
/// # Ok::<(), axtary_policy::LoadError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct TemplateLink {
    pub(super) template: String,
    pub(super) id: String,
    pub(super) principal: Option<String>,
    pub(super) resource: Option<String>,
}

impl TemplateLink {
    /// Makes the policy `id` of a template.
    pub fn new(template: impl Into<String>, id: impl Into<String>) -> Self {
        Self { template: template.into(), id: id.into(), principal: None, resource: None }
    }

    /// Says what stands in the place of `?principal`, as Cedar writes it: `Agent::"codex"`.
    pub fn principal(mut self, entity: impl Into<String>) -> Self {
        self.principal = Some(entity.into());
        self
    }

    /// Says what stands in the place of `?resource`, as Cedar writes it: `Repo::"company/web-app"`.
    pub fn resource(mut self, entity: impl Into<String>) -> Self {
        self.resource = Some(entity.into());
        self
    }

    pub(super) fn to_json(&self) -> Object {
        let mut object =
            Object::new().with("id", self.id.as_str()).with("template", self.template.as_str());
        for (name, entity) in [("principal", &self.principal), ("resource", &self.resource)] {
            if let Some(entity) = entity {
                object.insert(name, entity.as_str());
            }
        }
        object
    }
}

impl CedarBuilder {
    /// Adds a named text.
    pub fn source(mut self, name: impl Into<String>, text: impl Into<String>) -> Self {
        self.sources.push((name.into(), text.into()));
        self
    }

    /// Puts agents into a group: each is then `in AgentGroup::"<name>"`.
    pub fn group<A: Into<String>>(
        mut self,
        name: impl Into<String>,
        agents: impl IntoIterator<Item = A>,
    ) -> Self {
        let name = name.into();
        self.members.extend(agents.into_iter().map(|agent| (name.clone(), agent.into())));
        self
    }

    /// Makes a policy of a template.
    pub fn link(mut self, link: TemplateLink) -> Self {
        self.links.push(link);
        self
    }

    /// Validates every policy and template against a schema, strictly.
    pub fn schema(mut self, schema: &CedarSchema) -> Self {
        self.schema = Some(schema.clone());
        self
    }

    /// Completes the engine.
    ///
    /// # Errors
    ///
    /// [`LoadError`] if a text is not Cedar or holds no policy, an id stands twice, an annotation is unknown, a template is
    /// not linked or a link has no template, a group holds what is no agent, or a policy does not fit the schema.
    pub fn build(self) -> Result<CedarEngine, LoadError> {
        self.check_parts()?;
        let sources = Source::all(&self.sources, "Cedar policy")?;
        let schema = self.schema.as_ref();
        let loaded = with_room(MAX_TREE, || {
            load::policies(&sources, &self.links, schema.map(|schema| &schema.schema))
        })?;
        let refuse = |message: String| LoadError::new("cedar", message);
        Ok(CedarEngine {
            policies: loaded.policies,
            index: loaded.index,
            depth: loaded.depth,
            hierarchy: loaded
                .reads
                .hierarchy
                .then(|| Hierarchy::new(&self.members))
                .transpose()
                .map_err(refuse)?,
            mapper: Mapper::new(loaded.reads).map_err(refuse)?,
            version: loaded.version.digest(&self.members, &self.links, schema),
        })
    }

    fn check_parts(&self) -> Result<(), LoadError> {
        if self.members.len() > MAX_PARTS || self.links.len() > MAX_PARTS {
            let message = format!("there are more than {MAX_PARTS} members of groups, or links");
            return Err(LoadError::new("cedar", message));
        }
        for (group, agent) in &self.members {
            // Names of groups are bounded as those of agents are.
            for name in [group, agent] {
                AgentId::new(name.as_str()).map_err(|error| {
                    LoadError::new("cedar", format!("a group or its member is refused: {error}"))
                })?;
            }
        }
        Ok(())
    }
}
