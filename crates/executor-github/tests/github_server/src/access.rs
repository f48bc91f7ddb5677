//! Who may do what: tokens, GitHub Apps, and the tokens of their installations.

use std::collections::{BTreeMap, BTreeSet};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use serde_json::{Value, json};

use crate::{
    answer::{Answer, Result},
    request::Request,
    view,
    world::World,
};

/// What a token opens.
#[derive(Clone, Debug, Default)]
pub struct Access {
    /// The names of repositories, without their owner, in lower case; `None` is all of them.
    pub repositories: Option<BTreeSet<String>>,
    /// `read` or `write` for each permission; `None` is all of them.
    pub permissions: Option<BTreeMap<String, String>>,
    /// When it ends, in seconds since the epoch.
    pub expires_at: Option<i64>,
}

/// A GitHub App with one installation, which has all repositories.
#[derive(Clone, Debug)]
pub(crate) struct App {
    installation: u64,
    public_key: Vec<u8>,
    tokens: u64,
}

impl World {
    /// Accepts this token for everything.
    pub fn grant_token(&mut self, token: &str) {
        self.tokens.insert(token.to_owned(), Access::default());
    }

    /// Accepts no token any more.
    pub fn revoke_tokens(&mut self) {
        self.tokens.clear();
    }

    /// Knows an app by its RSA public key (PKCS#1, DER), with one installation.
    pub fn register_app(&mut self, app: u64, installation: u64, public_key: Vec<u8>) {
        self.apps.insert(app, App { installation, public_key, tokens: 0 });
    }

    /// What the request's token opens.
    pub(crate) fn access(&self, request: &Request) -> Result<Access> {
        let token = bearer(request).ok_or_else(|| Answer::error(401, "Requires authentication"))?;
        let access = self.tokens.get(token).ok_or_else(|| Answer::error(401, "Bad credentials"))?;
        if access.expires_at.is_some_and(|end| end <= self.now) {
            return Err(Answer::error(401, "Bad credentials"));
        }
        Ok(access.clone())
    }

    /// `POST /app/installations/{id}/access_tokens`
    pub(crate) fn installation_token(&mut self, request: &Request, id: &str) -> Result {
        let (number, app) = self.authenticated_app(request)?;
        if id != app.installation.to_string() {
            return Err(Answer::not_found());
        }
        let app = self.apps.get_mut(&number).ok_or_else(Answer::not_found)?;
        app.tokens += 1;
        let token = format!("ghs_{number}x{}", app.tokens);
        let texts = |value: &Value| value.as_str().map(str::to_ascii_lowercase);
        let repositories: Option<BTreeSet<String>> = request
            .body
            .get("repositories")
            .and_then(Value::as_array)
            .map(|names| names.iter().filter_map(texts).collect());
        let permissions: Option<BTreeMap<String, String>> =
            request.body.get("permissions").and_then(Value::as_object).map(|permissions| {
                let pair = |(name, level): (&String, &Value)| Some((name.clone(), texts(level)?));
                permissions.iter().filter_map(pair).collect()
            });
        let expires_at = self.now + 3600;
        let body = json!({
            "token": token,
            "expires_at": view::date(expires_at),
            "permissions": permissions.clone().unwrap_or_default(),
            "repository_selection": if repositories.is_some() { "selected" } else { "all" },
        });
        let access = Access { repositories, permissions, expires_at: Some(expires_at) };
        self.tokens.insert(token, access);
        Ok(Answer::created(body))
    }

    /// `GET /apps/{slug}`
    pub(crate) fn get_app(&self, slug: &str) -> Result {
        let id = slug.strip_prefix("app-").and_then(|id| id.parse().ok());
        Ok(Answer::ok(view::app(&self.url, id.ok_or_else(Answer::not_found)?)))
    }

    fn authenticated_app(&self, request: &Request) -> Result<(u64, App)> {
        let refuse = || Answer::error(401, "A JSON web token could not be decoded");
        let token = bearer(request).ok_or_else(refuse)?;
        let (signed, signature) = token.rsplit_once('.').ok_or_else(refuse)?;
        let (header, claims) = signed.split_once('.').ok_or_else(refuse)?;
        let decode = |text: &str| URL_SAFE_NO_PAD.decode(text).map_err(|_| refuse());
        #[expect(clippy::disallowed_methods, reason = "GitHub is as lenient as this")]
        let parse = |text: &str| -> Result<Value> {
            serde_json::from_slice(&decode(text)?).map_err(|_| refuse())
        };
        let (header, claims) = (parse(header)?, parse(claims)?);
        let number: u64 = match &claims["iss"] {
            Value::String(text) => text.parse().map_err(|_| refuse())?,
            other => other.as_u64().ok_or_else(refuse)?,
        };
        let app = self.apps.get(&number).ok_or_else(refuse)?;
        UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &app.public_key)
            .verify(signed.as_bytes(), &decode(signature)?)
            .map_err(|_| refuse())?;
        let (issued, expires) = (claims["iat"].as_i64(), claims["exp"].as_i64());
        match (issued, expires) {
            _ if header["alg"] != "RS256" => Err(refuse()),
            (Some(issued), _) if issued > self.now => Err(Answer::error(
                401,
                "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued",
            )),
            (_, Some(expires)) if expires > self.now && expires <= self.now + 600 => {
                Ok((number, app.clone()))
            }
            _ => {
                Err(Answer::error(401, "'Expiration time' claim ('exp') is too far in the future"))
            }
        }
    }
}

impl Access {
    /// Refuses as GitHub does: what a token does not see is not there; what it sees and may not do is forbidden.
    pub(crate) fn demand(&self, repository: &str, permission: &str, level: &str) -> Result<()> {
        let seen = self
            .repositories
            .as_ref()
            .is_none_or(|names| names.contains(&repository.to_ascii_lowercase()));
        if !seen {
            return Err(Answer::not_found());
        }
        let granted = match &self.permissions {
            None => "write",
            Some(_) if permission == "metadata" => "read",
            Some(permissions) => permissions.get(permission).map_or("none", String::as_str),
        };
        match (level, granted) {
            ("read", "read" | "write") | ("write", "write") => Ok(()),
            _ => Err(Answer::error(403, "Resource not accessible by integration")),
        }
    }
}

fn bearer(request: &Request) -> Option<&str> {
    let value = request.header("authorization");
    value
        .strip_prefix("Bearer ")
        .or_else(|| value.strip_prefix("bearer "))
        .or_else(|| value.strip_prefix("token "))
}
