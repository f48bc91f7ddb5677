//! Templates, and the links that make policies of them. A template alone says nothing, so each must be linked.

use std::collections::HashMap;

use cedar_policy::{EntityUid, PolicyId, SlotId, Template};

use super::{
    builder::TemplateLink,
    load::{Loaded, Written},
};
use crate::{error::LoadError, source::Source};

/// Templates by their names, each with the source it stands in.
#[derive(Default)]
pub(super) struct Templates<'a>(Vec<(Source<'a>, String, Template)>);

impl<'a> Templates<'a> {
    pub(super) fn add(
        &mut self,
        source: Source<'a>,
        name: String,
        template: &Template,
    ) -> Result<(), LoadError> {
        let written = Written { source, name, place: None };
        written.check_name()?;
        if self.find(&written.name).is_some() {
            return Err(written.refuse("its id stands twice; give it another"));
        }
        let template = template.new_id(PolicyId::new(&written.name));
        self.0.push((source, written.name, template));
        Ok(())
    }

    /// Makes every link; a template without one is a slip.
    pub(super) fn link(
        &self,
        links: &[TemplateLink],
        loaded: &mut Loaded,
    ) -> Result<(), LoadError> {
        for (_, name, template) in &self.0 {
            loaded.version.template(name, template.as_ref());
        }
        for link in links {
            let Some((source, _, template)) = self.find(&link.template) else {
                let message = format!(
                    "the link `{}` is of the template `{}`, which no source holds; correct its name",
                    link.id.escape_debug(),
                    link.template.escape_debug()
                );
                return Err(LoadError::new("cedar", message));
            };
            let written = Written { source: *source, name: link.id.clone(), place: None };
            let slots = slots(link).map_err(|problem| written.refuse(&problem))?;
            loaded.add_link(&written, template, slots)?;
        }
        let is_linked = |name: &String| links.iter().any(|link| link.template == *name);
        match self.0.iter().find(|(_, name, _)| !is_linked(name)) {
            None => Ok(()),
            Some((source, name, _)) => Err(LoadError::new(
                source.name,
                format!(
                    "the template `{name}` is not linked and would never apply; link it, or write the entity in place of \
                     the slot"
                ),
            )),
        }
    }

    fn find(&self, name: &str) -> Option<&(Source<'a>, String, Template)> {
        self.0.iter().find(|(_, known, _)| known == name)
    }
}

fn slots(link: &TemplateLink) -> Result<HashMap<SlotId, EntityUid>, String> {
    let mut slots = HashMap::new();
    for (slot, text) in
        [(SlotId::principal(), &link.principal), (SlotId::resource(), &link.resource)]
    {
        if let Some(text) = text {
            let entity = text.parse().map_err(|_| {
                format!("`{}` is no entity; write it as `Agent::\"codex\"`", text.escape_debug())
            })?;
            slots.insert(slot, entity);
        }
    }
    Ok(slots)
}
