//! Merging a pull request.

use git2::Oid;
use serde_json::json;

use crate::{
    answer::{Answer, Result},
    pulls::Pull,
    route::Call,
    view,
};

impl Call<'_> {
    /// The tree of both, if they do not conflict.
    pub(crate) fn merged_tree(&self, base: Oid, head: Oid) -> Result<Option<Oid>> {
        let git = &self.repository.git;
        let mut index =
            git.merge_commits(&git.find_commit(base)?, &git.find_commit(head)?, None)?;
        if index.has_conflicts() {
            return Ok(None);
        }
        Ok(Some(index.write_tree_to(git)?))
    }

    pub(crate) fn merge_pull(&mut self, number: &str) -> Result {
        let pull = self.pull(number)?.clone();
        let ends = self.ends(&pull);
        let id = self.write_merge(&pull, ends)?;
        let pull = self.pull_mut(number)?;
        pull.shas = ends;
        pull.open = false;
        pull.merged = Some(id);
        Ok(Answer::ok(json!({
            "sha": id.to_string(),
            "merged": true,
            "message": "Pull Request successfully merged",
        })))
    }

    /// `POST merges`
    pub(crate) fn merge_branches(&self) -> Result {
        let text = |name: &str| self.request.text(name).unwrap_or_default();
        let base = self
            .repository
            .branch(text("base"))
            .map_err(|_| Answer::error(404, "Base does not exist"))?;
        let head =
            self.resolve(text("head")).map_err(|_| Answer::error(404, "Head does not exist"))?;
        let git = &self.repository.git;
        if base == head || git.graph_descendant_of(base, head)? {
            return Ok(Answer::no_content());
        }
        let tree = self.merged_tree(base, head)?;
        let tree = tree.ok_or_else(|| Answer::error(409, "Merge conflict"))?;
        let (base, head) = (git.find_commit(base)?, git.find_commit(head)?);
        let message = self.request.text("commit_message").map(str::to_owned);
        let message =
            message.unwrap_or_else(|| format!("Merge {} into {}", text("head"), text("base")));
        let author = self.signature("author")?;
        let tree = git.find_tree(tree)?;
        let id = git.commit(None, &author, &author, &message, &tree, &[&base, &head])?;
        git.reference(&format!("refs/heads/{}", text("base")), id, true, "merged")?;
        let commit = git.find_commit(id)?;
        Ok(Answer::created(view::commit(&self.repository_url(), &self.html_url(), &commit)))
    }

    /// Makes the merge commit and moves the base to it.
    fn write_merge(&self, pull: &Pull, (base, head): (Oid, Oid)) -> Result<Oid> {
        let refuse = |message| Err(Answer::error(405, message));
        if !pull.open {
            return refuse("Pull Request is not mergeable");
        }
        if pull.draft {
            return refuse("Pull Request is still a draft");
        }
        if self.request.text("sha").is_some_and(|sha| sha != head.to_string()) {
            let message = "Head branch was modified. Review and try the merge again.";
            return Err(Answer::error(409, message));
        }
        let Some(tree) = self.merged_tree(base, head)? else {
            return refuse("Pull Request is not mergeable");
        };
        let git = &self.repository.git;
        let (base, head) = (git.find_commit(base)?, git.find_commit(head)?);
        let (parents, title) = match self.request.text("merge_method").unwrap_or("merge") {
            "merge" => {
                let from = format!("{}/{}", self.repository.owner, pull.head);
                let title = format!("Merge pull request #{} from {from}", pull.number);
                (vec![&base, &head], title)
            }
            "squash" => (vec![&base], format!("{} (#{})", pull.title, pull.number)),
            "rebase" => return refuse("Rebase merges are not allowed on this repository."),
            _ => return Err(Answer::invalid("PullRequest", "merge_method", "invalid", "")),
        };
        let title = self.request.text("commit_title").unwrap_or(&title);
        let message = self.request.text("commit_message").unwrap_or_default();
        let text =
            if message.is_empty() { title.to_owned() } else { format!("{title}\n\n{message}") };
        let author = self.signature("author")?;
        let id = git.commit(None, &author, &author, &text, &git.find_tree(tree)?, &parents)?;
        git.reference(&format!("refs/heads/{}", pull.base), id, true, "merged")?;
        Ok(id)
    }
}
