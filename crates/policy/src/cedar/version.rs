//! The digest under which Cedar policies are in force: over what they say, whatever their layout, their comments, and the order
//! of their sources.

use axtary_actionpass::{EngineName, Object, PolicyVersion};
use cedar_policy_core::{ast, est};

use super::{CedarSchema, builder::TemplateLink};

/// Collects what is in force.
#[derive(Default)]
pub(super) struct Version(Vec<(String, Vec<u8>)>);

impl Version {
    /// Adds a policy under its id.
    pub(super) fn policy(&mut self, id: &str, policy: &ast::Policy) {
        self.add("policy", id, est::Policy::from(policy.clone()));
    }

    /// Adds a template under its name.
    pub(super) fn template(&mut self, name: &str, template: &ast::Template) {
        self.add("template", name, est::Policy::from(template.clone()));
    }

    /// Cedar's own JSON form of a policy has its members in a fixed order.
    fn add(&mut self, kind: &str, name: &str, policy: est::Policy) {
        let form = serde_json::to_vec(&policy);
        // What has no such form is not known to be the same as anything.
        let form = form.unwrap_or_else(|_| policy.to_string().into_bytes());
        self.0.push((format!("{kind}:{name}"), form));
    }

    /// The digest, with the groups, the links and the schema where there are any.
    pub(super) fn digest(
        mut self,
        members: &[(String, String)],
        links: &[TemplateLink],
        schema: Option<&CedarSchema>,
    ) -> PolicyVersion {
        if !members.is_empty() || !links.is_empty() {
            let mut members: Vec<Vec<&str>> =
                members.iter().map(|(group, agent)| vec![group.as_str(), agent.as_str()]).collect();
            members.sort_unstable();
            members.dedup();
            let mut links: Vec<&TemplateLink> = links.iter().collect();
            links.sort_unstable_by_key(|link| link.id.as_str());
            let links: Vec<Object> = links.into_iter().map(TemplateLink::to_json).collect();
            let mut parts = Vec::new();
            Object::new().with("groups", members).with("links", links).write_canonical(&mut parts);
            self.0.push(("parts".to_owned(), parts));
        }
        if let Some(schema) = schema {
            self.0.push(("schema".to_owned(), schema.to_string().into_bytes()));
        }
        let named: Vec<(String, &[u8])> = self
            .0
            .iter()
            .map(|(name, form)| (format!("{}:{name}", EngineName::CEDAR), form.as_slice()))
            .collect();
        PolicyVersion::of_sources(named.iter().map(|(name, form)| (name.as_str(), *form)))
    }
}
