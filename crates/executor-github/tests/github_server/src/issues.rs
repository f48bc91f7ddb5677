//! Comments on pull requests, which are issues too.

use serde_json::json;

use crate::{
    answer::{Answer, Result},
    route::Call,
    view,
};

impl Call<'_> {
    pub(crate) fn create_comment(&mut self, number: &str) -> Result {
        self.pull(number)?;
        let body = self.request.text("body").filter(|body| !body.is_empty());
        let body =
            body.ok_or_else(|| Answer::invalid("IssueComment", "body", "missing_field", ""))?;
        let id = self.repository.comments.len() + 1;
        let issue = format!("{}/issues/{number}", self.repository_url());
        let comment = json!({
            "id": id,
            "node_id": format!("IC_{id}"),
            "url": format!("{}/issues/comments/{id}", self.repository_url()),
            "html_url": format!("{}/pull/{number}#issuecomment-{id}", self.html_url()),
            "issue_url": issue,
            "body": body,
            "user": view::user(self.url, "codex"),
            "created_at": view::date(self.now),
            "updated_at": view::date(self.now),
            "author_association": "MEMBER",
        });
        self.repository.comments.push(comment.clone());
        Ok(Answer::created(comment))
    }
}
