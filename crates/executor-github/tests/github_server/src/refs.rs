//! The repository itself, its branches and its refs.

use git2::{Oid, Reference};
use serde_json::{Value, json};

use crate::{
    answer::{Answer, Result},
    route::Call,
    view,
};

impl Call<'_> {
    /// Where the repository is in the API.
    pub(crate) fn repository_url(&self) -> String {
        format!("{}/repos/{}/{}", self.url, self.repository.owner, self.repository.name)
    }

    /// Where its pages would be.
    pub(crate) fn html_url(&self) -> String {
        format!("{}/{}/{}", self.url, self.repository.owner, self.repository.name)
    }

    pub(crate) fn default_branch(&self) -> String {
        let head = self.repository.git.find_reference("HEAD").ok();
        let target = head.and_then(|head| head.symbolic_target().ok().flatten().map(str::to_owned));
        target
            .as_deref()
            .and_then(|name| name.strip_prefix("refs/heads/"))
            .unwrap_or("main")
            .to_owned()
    }

    pub(crate) fn repository_view(&self) -> Value {
        let repository = &*self.repository;
        let branch = self.default_branch();
        view::repository(self.url, &repository.owner, &repository.name, repository.id, &branch)
    }

    pub(crate) fn get_repository(&self) -> Answer {
        Answer::ok(self.repository_view())
    }

    pub(crate) fn get_branch(&self, branch: &str) -> Result {
        let id =
            self.repository.branch(branch).map_err(|_| Answer::error(404, "Branch not found"))?;
        let commit = self.repository.git.find_commit(id)?;
        let url = format!("{}/branches/{branch}", self.repository_url());
        Ok(Answer::ok(json!({
            "name": branch,
            "commit": view::commit(&self.repository_url(), &self.html_url(), &commit),
            "_links": { "self": url, "html": format!("{}/tree/{branch}", self.html_url()) },
            "protected": self.repository.protected.contains(branch),
            "protection": {},
            "protection_url": format!("{url}/protection"),
        })))
    }

    /// The rules of the rulesets that hold for a branch.
    pub(crate) fn list_rules(&self, branch: &str) -> Answer {
        let ruled = self.repository.ruled.contains(branch);
        let rule = json!({
            "type": "deletion",
            "ruleset_source_type": "Repository",
            "ruleset_source": format!("{}/{}", self.repository.owner, self.repository.name),
            "ruleset_id": 1,
        });
        let rules = if ruled { vec![rule] } else { Vec::new() };
        Answer::page(self.request, self.url, &rules, 30)
    }

    /// A tag that is an object of its own.
    pub(crate) fn get_tag(&self, id: &str) -> Result {
        let id = Oid::from_str(id).map_err(|_| Answer::not_found())?;
        let tag = self.repository.git.find_tag(id)?;
        let url = self.repository_url();
        let kind = tag.target_type().map_or("commit", |kind| kind.str());
        let tagger = tag.tagger().ok_or_else(Answer::not_found)?;
        Ok(Answer::ok(json!({
            "node_id": format!("TAG_{id}"),
            "tag": String::from_utf8_lossy(tag.name_bytes()),
            "sha": id.to_string(),
            "url": format!("{url}/git/tags/{id}"),
            "message": String::from_utf8_lossy(tag.message_bytes().unwrap_or_default()),
            "tagger": view::person(&tagger),
            "object": {
                "type": kind,
                "sha": tag.target_id().to_string(),
                "url": format!("{url}/git/{kind}s/{}", tag.target_id()),
            },
            "verification": view::verification(),
        })))
    }

    /// A commit by its id, or by the name of a branch.
    pub(crate) fn resolve(&self, name: &str) -> Result<Oid> {
        let by_id = Oid::from_str(name)
            .ok()
            .filter(|_| name.len() == 40)
            .filter(|id| self.repository.git.find_commit(*id).is_ok());
        by_id
            .map_or_else(|| self.repository.branch(name), Ok)
            .map_err(|_| Answer::unprocessable(&format!("No commit found for SHA: {name}")))
    }

    fn find_ref(&self, name: &str) -> Result<Reference<'_>> {
        Ok(self.repository.git.find_reference(&format!("refs/{name}"))?)
    }

    fn ref_view(&self, name: &str, id: Oid) -> Value {
        let url = self.repository_url();
        let kind = self
            .repository
            .git
            .find_object(id, None)
            .ok()
            .and_then(|object| object.kind())
            .map_or("commit", |kind| kind.str());
        json!({
            "ref": name,
            "node_id": format!("REF_{name}"),
            "url": format!("{url}/git/{name}"),
            "object": {
                "type": kind,
                "sha": id.to_string(),
                "url": format!("{url}/git/{kind}s/{id}"),
            },
        })
    }

    pub(crate) fn get_ref(&self, name: &str) -> Result {
        let found = self.find_ref(name)?;
        let id = found.target().ok_or_else(Answer::not_found)?;
        Ok(Answer::ok(self.ref_view(&format!("refs/{name}"), id))
            .with_header("etag", format!("\"{id}\"")))
    }

    fn sha_of_body(&self) -> Result<Oid> {
        let id = self.request.text("sha").and_then(|sha| Oid::from_str(sha).ok());
        id.filter(|id| self.repository.git.find_object(*id, None).is_ok())
            .ok_or_else(|| Answer::unprocessable("Object does not exist"))
    }

    pub(crate) fn create_ref(&self) -> Result {
        let name = self.request.text("ref").unwrap_or_default();
        if !name.starts_with("refs/") || !Reference::is_valid_name(name) {
            return Err(Answer::unprocessable("Reference name is not valid"));
        }
        let id = self.sha_of_body()?;
        if self.repository.git.find_reference(name).is_ok() {
            return Err(Answer::unprocessable("Reference already exists"));
        }
        self.repository.git.reference(name, id, false, "created")?;
        Ok(Answer::created(self.ref_view(name, id)))
    }

    pub(crate) fn update_ref(&self, name: &str) -> Result {
        let missing = |_| Answer::unprocessable("Reference does not exist");
        let before =
            self.find_ref(name).map_err(missing)?.target().ok_or_else(Answer::not_found)?;
        let id = self.sha_of_body()?;
        let git = &self.repository.git;
        let forward = before == id || git.graph_descendant_of(id, before)?;
        if !forward && self.request.body["force"] != true {
            return Err(Answer::unprocessable("Update is not a fast forward"));
        }
        let full = format!("refs/{name}");
        git.reference(&full, id, true, "updated")?;
        Ok(Answer::ok(self.ref_view(&full, id)))
    }

    pub(crate) fn delete_ref(&self, name: &str) -> Result {
        let missing = |_| Answer::unprocessable("Reference does not exist");
        let mut found = self.find_ref(name).map_err(missing)?;
        let branch = name.strip_prefix("heads/").unwrap_or_default();
        if self.repository.protected.contains(branch) {
            return Err(Answer::unprocessable("Cannot delete a protected branch"));
        }
        found.delete()?;
        Ok(Answer::no_content())
    }
}
