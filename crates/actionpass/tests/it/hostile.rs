//! The hostile tokens of `tests/vectors/hostile.json`: each is refused with the code that stands beside it.
//!
//! The file is made by this test (`UPDATE_VECTORS=1 cargo test -p axtary-actionpass --test it hostile`), so that a change of
//! format shows as a change of the file. A verifier in another language can run it: the key, the clock and the call that
//! the tokens are tried on are in the file.

use std::{fs, path::PathBuf};

use axtary_actionpass::{Algorithm, Execution, Json, Object, Payload, Signer as _, SigningKey};
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE, URL_SAFE_NO_PAD},
};
use sha2::{Digest as _, Sha256};

use crate::kit::{NOW, Scene, action, facts, sign};

struct Case {
    name: String,
    token: String,
    code: &'static str,
}

/// A token of fixed id and ledger hash, so that the file is the same each time it is made.
struct Forge {
    key: SigningKey,
    cases: Vec<Case>,
}

fn claims() -> Object {
    let hash = |byte: &str| format!("sha256:{}", byte.repeat(32));
    Object::new()
        .with("aud", "github-executor")
        .with("constraints", crate::kit::constraints())
        .with("exp", number(NOW + 600))
        .with("human_owner", "alice@example.com")
        .with("iat", number(NOW))
        .with(
            "intent",
            Object::new().with("task_id", "AXT-418").with("text", "fix the login redirect"),
        )
        .with("iss", "https://gate.example")
        .with("jti", "ap_01K10000000000000000000000")
        .with("ledger_hash", hash("aa"))
        .with("nbf", number(NOW))
        .with("payload_hash", action().payload().hash().to_string())
        .with("policy", "native:pass")
        .with("policy_version", hash("bb"))
        .with("resource", "repo:company/web-app")
        .with("sub", "codex-prod")
        .with("tool", "github.pull_requests.create")
}

fn number(value: i64) -> Json {
    Json::Number(value.try_into().unwrap())
}

fn bytes(object: &Object) -> Vec<u8> {
    Json::Object(object.clone()).to_canonical()
}

impl Forge {
    fn header(&self) -> String {
        format!(r#"{{"alg":"EdDSA","kid":"{}","typ":"actionpass+jwt"}}"#, self.key.key_id())
    }

    fn valid(&self) -> String {
        sign(&self.key, self.header().as_bytes(), &bytes(&claims()))
    }

    fn add(&mut self, name: impl Into<String>, token: impl Into<String>, code: &'static str) {
        self.cases.push(Case { name: name.into(), token: token.into(), code });
    }

    /// The valid claims under another header, signed as it should be.
    fn with_header(&mut self, name: &str, header: &str, code: &'static str) {
        let token = sign(&self.key, header.as_bytes(), &bytes(&claims()));
        self.add(format!("header: {name}"), token, code);
    }

    /// The valid header over other claims, signed as it should be.
    fn with_claims(&mut self, name: &str, claims: &[u8], code: &'static str) {
        let token = sign(&self.key, self.header().as_bytes(), claims);
        self.add(format!("claims: {name}"), token, code);
    }

    fn with_claim(&mut self, claim: &str, value: impl Into<Json>, code: &'static str) {
        let value = value.into();
        let name =
            format!("`{claim}` is {}", value.to_string().chars().take(60).collect::<String>());
        self.with_claims(&name, &bytes(&claims().with(claim, value)), code);
    }

    fn shapes(&mut self) {
        let valid = self.valid();
        let parts: Vec<&str> = valid.split('.').collect();
        let (header, body, signature) = (parts[0], parts[1], parts[2]);
        let json =
            format!(r#"{{"payload":"{body}","protected":"{header}","signature":"{signature}"}}"#);
        let general = format!(
            r#"{{"payload":"{body}","signatures":[{{"protected":"{header}","signature":"{signature}"}}]}}"#
        );
        for (name, token, code) in [
            ("empty", String::new(), "not_compact_jws"),
            ("one dot", ".".to_owned(), "not_compact_jws"),
            ("two dots", "..".to_owned(), "not_compact_jws"),
            ("one segment", header.to_owned(), "not_compact_jws"),
            ("two segments", format!("{header}.{body}"), "not_compact_jws"),
            ("no signature", format!("{header}.{body}."), "not_compact_jws"),
            ("no header", format!(".{body}.{signature}"), "not_compact_jws"),
            ("no claims", format!("{header}..{signature}"), "not_compact_jws"),
            ("four segments", format!("{valid}.{signature}"), "not_compact_jws"),
            (
                "five segments, as a JWE",
                format!("{header}.{body}.{signature}.{body}.{signature}"),
                "not_compact_jws",
            ),
            ("a dot behind", format!("{valid}."), "not_compact_jws"),
            ("a dot in front", format!(".{valid}"), "not_compact_jws"),
            ("flattened JSON serialization", json, "not_compact_jws"),
            ("general JSON serialization", general, "not_compact_jws"),
            ("larger than 16 KiB", "A".repeat(16 * 1024 + 1), "token_too_large"),
            (
                "a valid token grown beyond 16 KiB",
                format!("{valid}{}", "A".repeat(16 * 1024)),
                "token_too_large",
            ),
            ("ten megabytes of dots", ".".repeat(20_000), "token_too_large"),
            ("a bearer prefix", format!("Bearer {valid}"), "bad_encoding"),
            ("a space in front", format!(" {valid}"), "bad_encoding"),
            ("a space behind", format!("{valid} "), "bad_encoding"),
            ("a newline behind", format!("{valid}\n"), "bad_encoding"),
            ("a NUL behind", format!("{valid}\0"), "bad_encoding"),
            ("one padding character", format!("{valid}="), "bad_encoding"),
            ("two padding characters", format!("{valid}=="), "bad_encoding"),
            ("padded header", format!("{header}=.{body}.{signature}"), "bad_encoding"),
            ("padded claims", format!("{header}.{body}=.{signature}"), "bad_encoding"),
            (
                "a newline within the claims",
                format!("{header}.{}\n{}.{signature}", &body[..10], &body[10..]),
                "bad_encoding",
            ),
            (
                "a space within the header",
                format!("{} {}.{body}.{signature}", &header[..10], &header[10..]),
                "bad_encoding",
            ),
            (
                "percent encoding in the claims",
                format!("{header}.{}%2D{}.{signature}", &body[..10], &body[10..]),
                "bad_encoding",
            ),
            ("a letter beyond ASCII", format!("{header}.{body}é.{signature}"), "bad_encoding"),
        ] {
            self.add(format!("shape: {name}"), token, code);
        }
    }

    fn encodings(&mut self) {
        let valid = self.valid();
        let parts: Vec<&str> = valid.split('.').collect();
        let (header, body, signature) = (parts[0], parts[1], parts[2]);
        let raw = URL_SAFE_NO_PAD.decode(signature).unwrap();
        let signed = format!("{header}.{body}");
        // Every other value of the spare bits in the signature's last character spells the same 64 bytes.
        let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        let last = alphabet.find(&signature[85..]).unwrap();
        for spare in 1..16 {
            let spelling =
                format!("{}{}", &signature[..85], &alphabet[last + spare..=last + spare]);
            self.add(
                format!("encoding: spare bits {spare} of the signature"),
                format!("{signed}.{spelling}"),
                "bad_encoding",
            );
        }
        for (name, signature, code) in [
            ("the standard alphabet", format!("{}+/", &signature[..84]), "bad_encoding"),
            ("padded base64", URL_SAFE.encode(&raw), "bad_encoding"),
            ("padded standard base64", STANDARD.encode(&raw), "bad_encoding"),
            ("hexadecimal", raw.iter().map(|byte| format!("{byte:02x}")).collect(), "bad_encoding"),
            ("63 bytes", URL_SAFE_NO_PAD.encode(&raw[..63]), "bad_encoding"),
            ("65 bytes", URL_SAFE_NO_PAD.encode([raw.as_slice(), &[0]].concat()), "bad_encoding"),
            ("32 bytes", URL_SAFE_NO_PAD.encode(&raw[..32]), "bad_encoding"),
            ("one character", "A".to_owned(), "bad_encoding"),
            ("all zero", URL_SAFE_NO_PAD.encode([0; 64]), "bad_signature"),
            ("all ones", URL_SAFE_NO_PAD.encode([0xFF; 64]), "bad_signature"),
            (
                "R and S swapped",
                URL_SAFE_NO_PAD.encode([&raw[32..], &raw[..32]].concat()),
                "bad_signature",
            ),
        ] {
            self.add(format!("signature: {name}"), format!("{signed}.{signature}"), code);
        }
        let mut altered = |name: &str, change: &dyn Fn(&mut Vec<u8>)| {
            let mut bytes = raw.clone();
            change(&mut bytes);
            self.add(
                format!("signature: {name}"),
                format!("{signed}.{}", URL_SAFE_NO_PAD.encode(bytes)),
                "bad_signature",
            );
        };
        altered("one bit of R", &|bytes| bytes[0] ^= 1);
        altered("one bit of S", &|bytes| bytes[32] ^= 1);
        altered("the top bit of S", &|bytes| bytes[63] ^= 0x80);
        altered("the sign of R", &|bytes| bytes[31] ^= 0x80);
        altered("S plus the group order", &|bytes| add_group_order(&mut bytes[32..]));
        altered("R of small order", &|bytes| {
            bytes[..32].copy_from_slice(&{
                let mut one = [0; 32];
                one[0] = 1;
                one
            })
        });
        altered("R zero", &|bytes| bytes[..32].fill(0));
        altered("S zero", &|bytes| bytes[32..].fill(0));
    }

    fn headers(&mut self) {
        let kid = self.key.key_id().to_string();
        let full =
            |alg: &str, typ: &str| format!(r#"{{"alg":"{alg}","kid":"{kid}","typ":"{typ}"}}"#);
        for alg in [
            "none",
            "None",
            "nOnE",
            "NONE",
            "",
            "HS256",
            "HS512",
            "RS256",
            "PS256",
            "ES256",
            "ES256K",
            "Ed25519",
            "Ed448",
            "eddsa",
            "EDDSA",
            "EdDSA ",
            "RSA-OAEP",
            "dir",
            "PBES2-HS256+A128KW",
        ] {
            self.with_header(&format!("alg {alg:?}"), &full(alg, "actionpass+jwt"), "alg_mismatch");
        }
        for typ in [
            "",
            "JWT",
            "jwt",
            "actionpass",
            "actionpass+JWT",
            "ACTIONPASS+JWT",
            "application/actionpass+jwt",
            "actionpass-approval+jwt",
            "actionpass-receipt+jwt",
            "actionpass-proof+jwt",
            "at+jwt",
            "dpop+jwt",
            "actionpass+jwt ",
        ] {
            self.with_header(&format!("typ {typ:?}"), &full("EdDSA", typ), "bad_header");
        }
        for member in [
            r#""crit":["exp"]"#,
            r#""crit":[]"#,
            r#""b64":false"#,
            r#""b64":true"#,
            r#""zip":"DEF""#,
            r#""cty":"JWT""#,
            r#""jku":"https://evil.example/jwks.json""#,
            r#""x5u":"https://evil.example/cert.pem""#,
            r#""x5c":["MIIB"]"#,
            r#""x5t":"AAAA""#,
            r#""jwk":{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#,
            r#""enc":"A128GCM""#,
            r#""epk":{}"#,
            r#""p2c":100000000"#,
            r#""nonce":"x""#,
            r#""iss":"https://gate.example""#,
        ] {
            let header = full("EdDSA", "actionpass+jwt").replacen('{', &format!("{{{member},"), 1);
            self.with_header(&format!("with {member}"), &header, "bad_header");
        }
        for (name, header) in [
            ("no alg", format!(r#"{{"kid":"{kid}","typ":"actionpass+jwt"}}"#)),
            ("no kid", r#"{"alg":"EdDSA","typ":"actionpass+jwt"}"#.to_owned()),
            ("no typ", format!(r#"{{"alg":"EdDSA","kid":"{kid}"}}"#)),
            ("empty object", "{}".to_owned()),
            ("an array", format!(r#"["EdDSA","{kid}"]"#)),
            ("null", "null".to_owned()),
            ("not JSON", "EdDSA".to_owned()),
            ("not UTF-8 where a string is", "\u{0}".to_owned()),
            ("alg null", format!(r#"{{"alg":null,"kid":"{kid}","typ":"actionpass+jwt"}}"#)),
            ("alg a list", format!(r#"{{"alg":["EdDSA"],"kid":"{kid}","typ":"actionpass+jwt"}}"#)),
            ("kid a number", r#"{"alg":"EdDSA","kid":0,"typ":"actionpass+jwt"}"#.to_owned()),
            ("kid null", r#"{"alg":"EdDSA","kid":null,"typ":"actionpass+jwt"}"#.to_owned()),
            (
                "alg twice, the last good",
                format!(r#"{{"alg":"none","alg":"EdDSA","kid":"{kid}","typ":"actionpass+jwt"}}"#),
            ),
            (
                "alg twice, the first good",
                format!(r#"{{"alg":"EdDSA","alg":"none","kid":"{kid}","typ":"actionpass+jwt"}}"#),
            ),
            (
                "alg twice, once escaped",
                format!(
                    r#"{{"alg":"EdDSA","\u0061lg":"none","kid":"{kid}","typ":"actionpass+jwt"}}"#
                ),
            ),
            (
                "kid twice",
                format!(r#"{{"alg":"EdDSA","kid":"x","kid":"{kid}","typ":"actionpass+jwt"}}"#),
            ),
            ("a byte order mark", format!("\u{feff}{}", full("EdDSA", "actionpass+jwt"))),
            ("bytes behind", format!("{}{{}}", full("EdDSA", "actionpass+jwt"))),
            ("nested 65 deep", format!("{}{}", "[".repeat(65), "]".repeat(65))),
            ("nested 5000 deep", "[".repeat(5000)),
            ("a comment", full("EdDSA", "actionpass+jwt").replace("{", "{/**/")),
            ("a trailing comma", full("EdDSA", "actionpass+jwt").replace("}", ",}")),
        ] {
            self.with_header(name, &header, "bad_header");
        }
        for kid in [
            "",
            "x",
            "../../../dev/null",
            "/etc/passwd",
            "https://evil.example/key",
            "' OR 1=1 --",
            "0",
            "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        ] {
            let header = Json::from(
                Object::new().with("alg", "EdDSA").with("kid", kid).with("typ", "actionpass+jwt"),
            );
            self.with_header(&format!("kid {kid:?}"), &header.to_string(), "unknown_key");
        }
        let upper = kid.to_uppercase();
        self.with_header(
            "kid in another case",
            &full("EdDSA", "actionpass+jwt").replace(&kid, &upper),
            "unknown_key",
        );
        self.with_header(
            "kid with a NUL",
            &full("EdDSA", "actionpass+jwt").replace(&kid, &format!("{kid}\\u0000")),
            "unknown_key",
        );
        self.with_header(
            "kid of 10,000 bytes",
            &full("EdDSA", "actionpass+jwt").replace(&kid, &"k".repeat(10_000)),
            "unknown_key",
        );
        let stranger = SigningKey::from_seed(&[8; 32]);
        let own = self.header().replace(&kid, stranger.key_id().as_str());
        self.add(
            "key: a stranger's own",
            sign(&stranger, own.as_bytes(), &bytes(&claims())),
            "unknown_key",
        );
        self.add(
            "key: a stranger's under the trusted id",
            sign(&stranger, self.header().as_bytes(), &bytes(&claims())),
            "bad_signature",
        );
        // The public key as an HMAC secret, and a digest where a signature belongs.
        let signed = format!(
            "{}.{}",
            URL_SAFE_NO_PAD.encode(full("HS256", "actionpass+jwt")),
            URL_SAFE_NO_PAD.encode(bytes(&claims()))
        );
        let digest = Sha256::digest(
            [self.key.verifying_key().as_bytes().as_slice(), signed.as_bytes()].concat(),
        );
        let doubled = [digest.as_slice(), digest.as_slice()].concat();
        self.add(
            "key: the public key as a shared secret",
            format!("{signed}.{}", URL_SAFE_NO_PAD.encode(doubled)),
            "alg_mismatch",
        );
        self.add("key: RFC 8037 A.4, a plain JWS", "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg", "bad_header");
    }

    fn claim_forms(&mut self) {
        let valid = bytes(&claims());
        let text = String::from_utf8(valid.clone()).unwrap();
        for (name, claims) in [
            ("not JSON", b"claims".to_vec()),
            ("empty object", b"{}".to_vec()),
            ("an array", b"[]".to_vec()),
            ("a string", b"\"x\"".to_vec()),
            ("invalid UTF-8", [valid.as_slice(), b"\xff"].concat()),
            ("a byte order mark", [b"\xef\xbb\xbf".as_slice(), &valid].concat()),
            ("bytes behind", [valid.as_slice(), b" {}"].concat()),
            ("cut short", valid[..valid.len() - 1].to_vec()),
            ("aud twice, the last good", text.replacen('{', r#"{"aud":"x","#, 1).into_bytes()),
            (
                "tool twice, once escaped",
                text.replacen('{', r#"{"t\u006fol":"github.repos.delete","#, 1).into_bytes(),
            ),
            ("exp twice", text.replacen('{', r#"{"exp":99999999999,"#, 1).into_bytes()),
            ("a lone surrogate", text.replace("fix the", "\\ud800").into_bytes()),
            ("a noncharacter", text.replace("fix the", "\u{FFFF}").into_bytes()),
            (
                "nested 65 deep",
                text.replace(r#""native:pass""#, &format!("{}{}", "[".repeat(65), "]".repeat(65)))
                    .into_bytes(),
            ),
            (
                "exp beyond 2^53",
                text.replace(&(NOW + 600).to_string(), "9007199254740993").into_bytes(),
            ),
            (
                "exp with an exponent beyond doubles",
                text.replace(&(NOW + 600).to_string(), "1e400").into_bytes(),
            ),
            (
                "iat minus zero",
                text.replace(&format!(r#""iat":{NOW}"#), r#""iat":-0"#).into_bytes(),
            ),
            ("a deflated body", [0x78, 0x9c, 0xab, 0x56, 0x2a, 0x03, 0x00].to_vec()),
            ("a nested token", self.valid().into_bytes()),
        ] {
            self.with_claims(name, &claims, "bad_claims");
        }
        for (claim, _) in claims().iter() {
            let mut without = Object::new();
            for (other, value) in claims().iter().filter(|(other, _)| *other != claim) {
                without.insert(other, value.clone());
            }
            self.with_claims(&format!("no `{claim}`"), &bytes(&without), "bad_claims");
            self.with_claim(claim, Json::Null, "bad_claims");
        }
        self.with_claim("aud", vec!["github-executor"], "bad_claims");
        self.with_claim("aud", vec!["other", "github-executor"], "bad_claims");
        self.with_claim("jti", "ap_01k10000000000000000000000", "bad_claims");
        self.with_claim("jti", "AP_01K10000000000000000000000", "bad_claims");
        self.with_claim("jti", "ap_81K10000000000000000000000", "bad_claims");
        self.with_claim("jti", "01K10000000000000000000000", "bad_claims");
        self.with_claim("exp", (NOW + 600).to_string(), "bad_claims");
        self.with_claim(
            "exp",
            Json::Number((1_785_240_600.5_f64).try_into().unwrap()),
            "bad_claims",
        );
        self.with_claim("exp", number(-1), "bad_claims");
        self.with_claim("exp", number(1_000_000_000_000_000), "bad_claims");
        self.with_claim("iat", true, "bad_claims");
        self.with_claim("sub", "", "bad_claims");
        self.with_claim("sub", "codex\u{0}prod", "bad_claims");
        self.with_claim("tool", "create", "bad_claims");
        self.with_claim("tool", "github.pull_requests.create\n", "bad_claims");
        self.with_claim("resource", "repo: company/web-app", "bad_claims");
        self.with_claim("resource", "repo:company/w\u{435}b-app", "bad_claims");
        self.with_claim("payload_hash", "sha256:", "bad_claims");
        self.with_claim(
            "payload_hash",
            action().payload().hash().to_string().to_uppercase(),
            "bad_claims",
        );
        self.with_claim(
            "payload_hash",
            action().payload().hash().to_string().replace("sha256:", "md5:"),
            "bad_claims",
        );
        self.with_claim("constraints", Vec::<Json>::new(), "bad_claims");
        self.with_claim("intent", "fix the login redirect", "bad_claims");
        self.with_claim(
            "intent",
            Object::new().with("text", "x").with("approved", true),
            "bad_claims",
        );
        self.with_claim("policy", "native pass", "bad_claims");
        self.with_claim("admin", true, "bad_claims");
        self.with_claim("scope", "repo", "bad_claims");
        self.with_claim("cnf", Object::new().with("jkt", "x"), "bad_claims");
        self.with_claim("cnf", Object::new().with("jwk", Object::new()), "bad_claims");
        self.with_claim("act", Object::new().with("sub", ""), "bad_claims");
        self.with_claim("txn", 7, "bad_claims");
    }

    fn other_calls(&mut self) {
        self.with_claim("iss", "https://gate.example/", "issuer_mismatch");
        self.with_claim("iss", "https://gate.example.evil", "issuer_mismatch");
        self.with_claim("iss", "HTTPS://gate.example", "issuer_mismatch");
        self.with_claim("nbf", number(NOW + 31), "pass_not_yet_valid");
        self.with_claim("iat", number(NOW + 31), "pass_not_yet_valid");
        self.with_claim("exp", number(NOW - 30), "pass_expired");
        self.with_claim("exp", number(0), "pass_expired");
        self.with_claim("exp", number(NOW), "lifetime_refused");
        self.with_claim("exp", number(NOW + 3601), "lifetime_refused");
        self.with_claim("exp", number(253_402_300_799), "lifetime_refused");
        self.with_claim("iat", number(0), "lifetime_refused");
        self.with_claim("nbf", number(0), "lifetime_refused");
        for audience in ["github-executor/", "github", "github-executor2", "GITHUB-EXECUTOR", "*"] {
            self.with_claim("aud", audience, "audience_mismatch");
        }
        for tool in [
            "github.pull_requests.merge",
            "github.pull_requests",
            "github.pull_requests.create.x",
            "GitHub.pull_requests.create",
        ] {
            self.with_claim("tool", tool, "tool_mismatch");
        }
        for resource in [
            "repo:company/web-app2",
            "repo:company/web",
            "repo:Company/web-app",
            "org:company/web-app",
            "repo:*",
        ] {
            self.with_claim("resource", resource, "resource_mismatch");
        }
        let other =
            Payload::parse(br#"{"title":"Fix login","head":"evil","base":"main"}"#).unwrap();
        self.with_claim("payload_hash", other.hash().to_string(), "payload_mismatch");
        self.with_claim("payload_hash", format!("sha256:{}", "0".repeat(64)), "payload_mismatch");
        self.with_claim(
            "constraints",
            Object::new().with("max_lines_changed", 3),
            "constraint_unreadable",
        );
        self.with_claim(
            "constraints",
            Object::new().with("max_files_changed", "3"),
            "constraint_unreadable",
        );
        self.with_claim(
            "constraints",
            Object::new().with("blocked_paths", vec!["../x"]),
            "constraint_unreadable",
        );
        self.with_claim(
            "constraints",
            Object::new().with("max_files_changed", 2),
            "constraint_violated",
        );
        self.with_claim(
            "constraints",
            Object::new().with("blocked_paths", vec!["src/**"]),
            "constraint_violated",
        );
        let holder = SigningKey::from_seed(&[9; 32]);
        self.with_claim(
            "cnf",
            Object::new().with("jkt", holder.key_id().as_str()),
            "holder_proof_missing",
        );
    }
}

/// Adds the order of the group to a scalar: the same scalar, a second spelling (RFC 8032, section 5.1.7 forbids it).
fn add_group_order(scalar: &mut [u8]) {
    const ORDER: [u8; 32] = [
        0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde,
        0x14, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
    ];
    let mut carry = 0_u16;
    for (byte, order) in scalar.iter_mut().zip(ORDER) {
        let sum = u16::from(*byte) + u16::from(order) + carry;
        *byte = sum.to_le_bytes()[0];
        carry = sum >> 8;
    }
}

fn file() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/hostile.json")
}

fn made() -> String {
    let mut forge = Forge { key: SigningKey::from_seed(&[7; 32]), cases: Vec::new() };
    forge.shapes();
    forge.encodings();
    forge.headers();
    forge.claim_forms();
    forge.other_calls();
    let action = action();
    // Our own objects keep their order, whatever features serde_json was built with.
    let cases: Vec<Object> = forge
        .cases
        .iter()
        .map(|case| {
            Object::new()
                .with("code", case.code)
                .with("name", case.name.as_str())
                .with("token", case.token.as_str())
        })
        .collect();
    let file = Object::new()
        .with("now", number(NOW))
        .with("issuer", "https://gate.example")
        .with("audience", "github-executor")
        .with("jwk", forge.key.verifying_key().to_jwk(Algorithm::EdDsa))
        .with("tool", action.tool().as_str())
        .with("resource", action.resource().as_str())
        .with("payload", String::from_utf8(action.payload().canonical().to_vec()).unwrap())
        .with("facts", facts(3).as_object().clone())
        .with("valid", forge.valid())
        .with("cases", cases);
    serde_json::to_string_pretty(&file).unwrap() + "\n"
}

#[test]
fn the_file_is_what_this_test_makes() {
    if std::env::var_os("UPDATE_VECTORS").is_some() {
        fs::write(file(), made()).unwrap();
    }
    assert!(
        fs::read_to_string(file()).unwrap() == made(),
        "run with UPDATE_VECTORS=1 and look at what changed"
    );
}

#[test]
fn every_hostile_token_is_refused_with_its_code() {
    #[expect(clippy::disallowed_methods, reason = "the file is the test's own")]
    let file: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(file()).unwrap()).unwrap();
    let scene = Scene::new();
    let cases = file["cases"].as_array().unwrap();
    assert!(cases.len() >= 150, "{}", cases.len());
    let mut names = std::collections::HashSet::new();
    for case in cases {
        let (name, code) = (case["name"].as_str().unwrap(), case["code"].as_str().unwrap());
        assert!(names.insert(name), "{name} stands twice");
        let token = case["token"].as_str().unwrap();
        let error = scene.verify(token).expect_err(name);
        assert_eq!(error.code(), code, "{name}: {error}");
        let message = error.to_string();
        assert!(message.len() < 600, "{name}: {message}");
        assert!(
            token.is_empty() || !message.contains(token),
            "{name}: the message repeats the token"
        );
    }
    let action = action();
    let execution = Execution { facts: &facts(3), ..crate::kit::execution(&action) };
    assert!(
        scene.verifier.verify(file["valid"].as_str().unwrap(), &execution).is_ok(),
        "the call itself is fine"
    );
}
