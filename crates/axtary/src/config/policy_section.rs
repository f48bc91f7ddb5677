//! The section `policy` of `axtary.yml`: which files, and what the engines of Cedar and Rego are told beside them.

use std::{collections::BTreeMap, path::Path};

use axtary_actionpass::{AgentId, InputError};
use axtary_policy::TemplateLink;
use serde::Deserialize;
use serde_saphyr::Spanned;

use super::policy_files::{Entrypoints, PolicyFiles};
use crate::{
    error::ConfigError,
    yaml::{self, place},
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PolicySection {
    #[serde(default)]
    native: Vec<Spanned<String>>,
    #[serde(default)]
    cedar: Vec<String>,
    #[serde(default)]
    rego: Vec<String>,
    #[serde(default, deserialize_with = "yaml::present")]
    groups: Option<Spanned<WrittenGroups>>,
    #[serde(default, deserialize_with = "yaml::present")]
    links: Option<Spanned<Vec<WrittenLink>>>,
    #[serde(default, deserialize_with = "yaml::present")]
    entrypoints: Option<Spanned<WrittenEntrypoints>>,
}

/// Groups by their names, each with the agents in it.
pub(crate) type WrittenGroups = BTreeMap<String, Spanned<Vec<Spanned<String>>>>;

/// A link of a template; its entities are Cedar's to read.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WrittenLink {
    template: String,
    id: String,
    #[serde(default, deserialize_with = "yaml::present")]
    principal: Option<String>,
    #[serde(default, deserialize_with = "yaml::present")]
    resource: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenEntrypoints {
    #[serde(default, deserialize_with = "yaml::present")]
    allow: Option<String>,
    #[serde(default, deserialize_with = "yaml::present")]
    deny: Option<String>,
    #[serde(default, deserialize_with = "yaml::present")]
    step_up: Option<String>,
}

impl PolicySection {
    /// The section of the file at `path`.
    pub(crate) fn files(self, path: &Path) -> Result<PolicyFiles, ConfigError> {
        let Self { native, cedar, rego, groups, links, entrypoints } = self;
        if let Some(second) = native.get(1) {
            return Err(ConfigError::new(path, "`policy.native` names more than one file")
                .at(place(second))
                .advise("put all native rules into one"));
        }
        if native.is_empty() && cedar.is_empty() && rego.is_empty() {
            return Err(ConfigError::new(
                path,
                "no policy is named, so nothing could be permitted",
            )
            .advise(
                "name at least one file under `policy`, such as `native: [policy/rules.yml]`",
            ));
        }
        let for_nothing = |key: &str, language: &str, at| {
            let problem = format!("`policy.{key}` is for {language}, of which no file is named");
            let fix = "name the file under `policy`, or leave the key out";
            Err(ConfigError::new(path, problem).at(at).advise(fix))
        };
        match (&groups, &links, &entrypoints) {
            (Some(groups), ..) if cedar.is_empty() => {
                return for_nothing("groups", "Cedar", place(groups));
            }
            (_, Some(links), _) if cedar.is_empty() => {
                return for_nothing("links", "Cedar", place(links));
            }
            (.., Some(entrypoints)) if rego.is_empty() => {
                return for_nothing("entrypoints", "Rego", place(entrypoints));
            }
            _ => {}
        }
        Ok(PolicyFiles {
            native: native.into_iter().map(|name| name.value).collect(),
            cedar,
            rego,
            groups: groups
                .map(|written| read_groups(path, written.value))
                .transpose()?
                .unwrap_or_default(),
            links: links
                .map(|written| written.value.into_iter().map(WrittenLink::link).collect())
                .unwrap_or_default(),
            entrypoints: entrypoints.map(|written| written.value.entrypoints()).unwrap_or_default(),
            folder: path.parent().unwrap_or(Path::new("")).to_owned(),
            named_in: Some(path.to_owned()),
        })
    }
}

/// Groups whose members are agents; `path` is the file that errors name.
pub(crate) fn read_groups(
    path: &Path,
    written: WrittenGroups,
) -> Result<BTreeMap<String, Vec<AgentId>>, ConfigError> {
    let mut groups = BTreeMap::new();
    for (name, agents) in written {
        let at = place(&agents);
        let refused = |error: InputError, at| ConfigError::new(path, error.to_string()).at(at);
        AgentId::new(name.as_str()).map_err(|error| {
            let name = name.escape_debug();
            let problem = format!("the group `{name}` is named as no agent can be: {error}");
            ConfigError::new(path, problem).at(at)
        })?;
        if agents.value.is_empty() {
            let problem = format!("the group `{name}` is empty; name an agent, or leave it out");
            return Err(ConfigError::new(path, problem).at(at));
        }
        let agent = |agent: Spanned<String>| {
            AgentId::new(agent.value.as_str()).map_err(|error| refused(error, place(&agent)))
        };
        let agents = agents.value.into_iter().map(agent).collect::<Result<_, _>>()?;
        groups.insert(name, agents);
    }
    Ok(groups)
}

impl WrittenLink {
    pub(crate) fn link(self) -> TemplateLink {
        let link = TemplateLink::new(self.template, self.id);
        let link = self.principal.into_iter().fold(link, TemplateLink::principal);
        self.resource.into_iter().fold(link, TemplateLink::resource)
    }
}

impl WrittenEntrypoints {
    fn entrypoints(self) -> Entrypoints {
        let Self { allow, deny, step_up } = self;
        Entrypoints { allow, deny, step_up }
    }
}
