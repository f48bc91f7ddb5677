//! A GitHub App: its key signs for minutes, and for each repository and purpose it has a token of its own.

use std::{
    collections::HashMap,
    fmt,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use axtary_actionpass::{Json, Number, Object, Timestamp};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::{
    rand::SystemRandom,
    signature::{RSA_PKCS1_SHA256, RsaKeyPair},
};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};
use ureq::tls::{PemItem, PrivateKey, parse_pem};

use crate::{
    client::{Client, Method, Permissions},
    error::{ApiError, ConfigError},
    secret::Secret,
    url::Path,
};

/// A GitHub App, installed where it acts.
///
/// Each token is for one repository and the permissions that one call needs, so that what leaks opens no more.
pub struct App {
    id: u64,
    installation: u64,
    key: RsaKeyPair,
    tokens: Mutex<HashMap<(String, Permissions), (Secret, Timestamp)>>,
}

/// How long a token must still be good for to be used again: longer than a call takes.
const MARGIN: Duration = Duration::from_secs(300);
/// How long a signature of the app is good; GitHub takes ten minutes at most.
const LIFETIME: Duration = Duration::from_secs(540);
/// How much earlier it says it was made, as GitHub advises, for clocks that differ.
const SKEW: Duration = Duration::from_secs(60);

impl App {
    /// The app `id`, which is the installation `installation` in the account that it acts for, with its private key, as PEM.
    ///
    /// # Errors
    ///
    /// [`ConfigError::AppKey`] if `pem` holds no RSA key that can sign.
    pub fn new(id: u64, installation: u64, pem: &Secret) -> Result<Self, ConfigError> {
        let refuse = |problem| ConfigError::AppKey { problem };
        let key = parse_pem(pem.expose().as_bytes())
            .find_map(|item| match item {
                Ok(PemItem::PrivateKey(key)) => Some(key),
                _ => None,
            })
            .ok_or_else(|| refuse("it is not a private key in PEM"))?;
        let key =
            read_key(&key).ok_or_else(|| refuse("it is not an RSA key of 2048 to 4096 bits"))?;
        Ok(Self { id, installation, key, tokens: Mutex::default() })
    }

    /// A token for one repository and these permissions, made now unless there is one that is good for a while.
    pub(crate) fn token(
        &self,
        client: &Client,
        repository: &str,
        permissions: Permissions,
    ) -> Result<Secret, ApiError> {
        let now = client.now()?;
        let key = (repository.to_owned(), permissions);
        // Not held while a token is fetched: two threads may fetch one each, which does no harm.
        let tokens = || self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        tokens().retain(|_, (_, expires_at)| *expires_at > now.later(MARGIN));
        if let Some((token, _)) = tokens().get(&key) {
            return Ok(token.clone());
        }
        let (token, expires_at) = self.fetch(client, repository, permissions, now)?;
        tokens().insert(key, (token.clone(), expires_at));
        Ok(token)
    }

    /// Lets go of all tokens, since GitHub takes one of them no longer.
    pub(crate) fn forget_tokens(&self) {
        self.tokens.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    fn fetch(
        &self,
        client: &Client,
        repository: &str,
        permissions: Permissions,
        now: Timestamp,
    ) -> Result<(Secret, Timestamp), ApiError> {
        let mut levels = Object::new();
        for (name, level) in permissions {
            levels.insert(*name, *level);
        }
        let body = Object::new().with("repositories", vec![repository]).with("permissions", levels);
        let installation = self.installation.to_string();
        let path = Path::of(["app", "installations", &installation, "access_tokens"]);
        let signature = self.sign(now)?;
        let body = Json::from(body).to_canonical();
        // A token more does no harm, so this may be asked for again.
        let answer = client.repeat(&signature, Method::Post, &path, Some(&body))?;
        let object = answer.object()?;
        let text = |name: &str| object.get(name).and_then(Json::as_str);
        let token = text("token").ok_or_else(|| answer.form("it has no `token`"))?;
        let expires_at = text("expires_at")
            .and_then(|text| OffsetDateTime::parse(text, &Rfc3339).ok())
            .ok_or_else(|| answer.form("`expires_at` is no time"))?;
        let expires_at = Timestamp::from_seconds(expires_at.unix_timestamp())?;
        Ok((Secret::new(token), expires_at))
    }

    /// A JWT (RFC 7519) of the app, signed with RS256, which is all that GitHub takes.
    fn sign(&self, now: Timestamp) -> Result<Secret, ApiError> {
        let problem = |problem: &str| ApiError::NotSent {
            request: "POST /app/installations".to_owned(),
            problem: problem.to_owned(),
        };
        let number = |time: Timestamp| Number::try_from(time.seconds());
        let claims = || -> Result<Object, axtary_actionpass::NumberError> {
            Ok(Object::new()
                .with("exp", number(now.later(LIFETIME))?)
                .with("iat", number(now.earlier(SKEW))?)
                .with("iss", self.id.to_string()))
        };
        let claims = claims().map_err(|_| problem("the time cannot be written as a number"))?;
        let signed = format!(
            "{}.{}",
            URL_SAFE_NO_PAD.encode(r#"{"alg":"RS256","typ":"JWT"}"#),
            URL_SAFE_NO_PAD.encode(Json::from(claims).to_canonical())
        );
        let mut signature = vec![0; self.key.public().modulus_len()];
        self.key
            .sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature)
            .map_err(|_| problem("the key of the GitHub App cannot sign"))?;
        Ok(Secret::new(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))))
    }
}

/// PKCS#1, as GitHub hands keys out, or PKCS#8.
fn read_key(key: &PrivateKey<'_>) -> Option<RsaKeyPair> {
    RsaKeyPair::from_der(key.der()).or_else(|_| RsaKeyPair::from_pkcs8(key.der())).ok()
}

impl fmt::Debug for App {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("App")
            .field("id", &self.id)
            .field("installation", &self.installation)
            .finish_non_exhaustive()
    }
}
