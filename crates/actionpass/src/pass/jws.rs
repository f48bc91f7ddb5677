//! The exact compact form (RFC 7515, section 7.1): `base64url(header).base64url(claims).base64url(signature)`.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

use crate::{
    json::Json,
    key::{Algorithm, KeyId},
};

/// The largest token that is looked at, in bytes.
pub(crate) const MAX_TOKEN_BYTES: usize = 16 * 1024;

/// The media type of a pass (RFC 8725, section 3.11): approvals and receipts have others, so none stands in for it.
const TYPE: &str = "actionpass+jwt";

/// A pass's header: exactly `alg`, `kid` and `typ`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) alg: String,
    pub(crate) kid: String,
}

/// What is wrong with a header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HeaderProblem(pub(crate) String);

impl Header {
    /// The header segment of every pass that this key signs.
    pub(crate) fn segment(algorithm: Algorithm, kid: &KeyId) -> String {
        // Neither name needs an escape.
        let header = format!(r#"{{"alg":"{}","kid":"{kid}","typ":"{TYPE}"}}"#, algorithm.as_str());
        URL_SAFE_NO_PAD.encode(header)
    }

    /// Reads the decoded header: these three members, no other (RFC 8725, section 3.10: everything in a header is the
    /// sender's word, so nothing in it may choose a key, an algorithm or a way to parse).
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, HeaderProblem> {
        let json = Json::parse_bounded(bytes, MAX_TOKEN_BYTES)
            .map_err(|error| HeaderProblem(error.to_string()))?;
        let members =
            json.as_object().ok_or_else(|| HeaderProblem("it is not a JSON object".to_owned()))?;
        if let Some((name, _)) =
            members.iter().find(|(name, _)| !matches!(*name, "alg" | "kid" | "typ"))
        {
            return Err(HeaderProblem(format!(
                "it holds {:?}; only `alg`, `kid` and `typ` may stand in it",
                crate::error::cut(name, 64)
            )));
        }
        let text = |name: &str| {
            members
                .get(name)
                .and_then(Json::as_str)
                .ok_or_else(|| HeaderProblem(format!("it has no `{name}` that is a string")))
        };
        let typ = text("typ")?;
        if typ != TYPE {
            return Err(HeaderProblem(format!(
                "its `typ` is {:?}, not `{TYPE}`",
                crate::error::cut(typ, 64)
            )));
        }
        Ok(Self { alg: text("alg")?.to_owned(), kid: text("kid")?.to_owned() })
    }
}

/// A token taken apart; nothing in it is trusted yet.
#[derive(Debug)]
pub(crate) struct Token<'a> {
    /// The header segment, still encoded.
    pub(crate) header: &'a str,
    /// What the signature is over: the first two segments with their dot.
    pub(crate) signed: &'a str,
    /// The claims, decoded.
    pub(crate) claims: Vec<u8>,
    /// The signature, decoded.
    pub(crate) signature: [u8; 64],
}

/// Why a text is not a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenProblem {
    TooLarge,
    NotCompact,
    Encoding(&'static str),
}

impl<'a> Token<'a> {
    /// Takes a token apart. Each segment must be the one base64url spelling of its bytes (RFC 4648, section 3.5).
    pub(crate) fn split(token: &'a str) -> Result<Self, TokenProblem> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err(TokenProblem::TooLarge);
        }
        let mut segments = token.split('.');
        let parts = [segments.next(), segments.next(), segments.next(), segments.next()];
        let [Some(header), Some(claims), Some(signature), None] = parts else {
            return Err(TokenProblem::NotCompact);
        };
        if header.is_empty() || claims.is_empty() || signature.is_empty() {
            return Err(TokenProblem::NotCompact);
        }
        let signed =
            token.get(..header.len() + 1 + claims.len()).ok_or(TokenProblem::NotCompact)?;
        // A signature of another length is refused before it is decoded.
        let mut bytes = [0_u8; 64];
        let length =
            (signature.len() == 86).then(|| URL_SAFE_NO_PAD.decode_slice(signature, &mut bytes));
        if !matches!(length, Some(Ok(64))) {
            return Err(TokenProblem::Encoding("signature"));
        }
        Ok(Self { header, signed, claims: Self::decode(claims, "claims")?, signature: bytes })
    }

    pub(crate) fn decode(segment: &str, what: &'static str) -> Result<Vec<u8>, TokenProblem> {
        URL_SAFE_NO_PAD.decode(segment).map_err(|_| TokenProblem::Encoding(what))
    }

    /// The text that is signed.
    pub(crate) fn to_sign(header_segment: &str, claims: &[u8]) -> String {
        let mut text = String::with_capacity(header_segment.len() + claims.len() * 4 / 3 + 96);
        text.push_str(header_segment);
        text.push('.');
        URL_SAFE_NO_PAD.encode_string(claims, &mut text);
        text
    }

    /// Completes the signed text to a token.
    pub(crate) fn join(mut signed: String, signature: &[u8; 64]) -> String {
        signed.push('.');
        URL_SAFE_NO_PAD.encode_string(signature, &mut signed);
        signed
    }
}
