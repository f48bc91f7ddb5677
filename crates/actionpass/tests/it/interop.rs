//! JOSE libraries of other languages verify our passes, and we verify theirs, when header and claims are right.
//!
//! The libraries are installed from their registries on the first run. Where they cannot be, the tests say so loudly and
//! pass; with `AXTARY_REQUIRE_INTEROP` set, as in CI, they fail.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

use axtary_actionpass::{
    Clock as _, Guard, Json, KeySet, MemoryStore, Object, Signer as _, SigningKey, SystemClock,
    Verifier, testing,
};
use tempfile::TempDir;

use crate::kit::{action, execution, issuer, parts};

fn sources() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/interop")
}

/// Where the libraries are, if they could be installed.
fn libraries() -> Option<&'static Path> {
    static LIBRARIES: OnceLock<Option<PathBuf>> = OnceLock::new();
    let found = LIBRARIES.get_or_init(|| {
        let into = Path::new(env!("CARGO_TARGET_TMPDIR")).join("interop");
        let output = Command::new("bash").arg(sources().join("install.sh")).arg(&into).output();
        match output {
            Ok(output) if output.status.success() => Some(into),
            failed => {
                let why = failed.map_or_else(
                    |e| e.to_string(),
                    |o| String::from_utf8_lossy(&o.stderr).into_owned(),
                );
                assert!(
                    std::env::var_os("AXTARY_REQUIRE_INTEROP").is_none(),
                    "the libraries are required: {why}"
                );
                skip(&why);
                None
            }
        }
    });
    found.as_deref()
}

#[expect(clippy::print_stderr, reason = "a test that was not made must not look as if it was")]
fn skip(why: &str) {
    eprintln!(
        "\n*** SKIPPED: interop with PyJWT, joserfc and jose, which could not be installed: {why}\n"
    );
}

/// A pass of the moment, its key set, and its payload, as files.
struct Issued {
    folder: TempDir,
    token: String,
    id: String,
    key: SigningKey,
}

impl Issued {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let key = SigningKey::generate().unwrap();
        let policy =
            testing::permit_if(|action| action.tool().as_str() == "github.pull_requests.create");
        let guard =
            Guard::new(policy, testing::MemoryLedger::new(), key.clone(), issuer()).unwrap();
        let pass = guard.check(&action()).unwrap();
        let keys = KeySet::new().trust(issuer(), key.verifying_key()).unwrap();
        fs::write(folder.path().join("jwks.json"), Json::Object(keys.to_jwks()).to_canonical())
            .unwrap();
        fs::write(folder.path().join("payload.json"), action().payload().canonical()).unwrap();
        fs::write(folder.path().join("key.pem"), key.to_pkcs8_pem().unwrap().as_bytes()).unwrap();
        Self { folder, token: pass.token().to_owned(), id: pass.id().to_string(), key }
    }

    fn file(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    /// The claims of the pass under a new id.
    fn claims(&self) -> Object {
        let Json::Object(claims) = Json::parse(&parts(&self.token).1).unwrap() else {
            panic!("an object")
        };
        claims.with("jti", "ap_01K10000000000000000000000")
    }

    /// Whether we accept a token that another library signed.
    fn accepts(&self, token: &str) -> Result<(), &'static str> {
        let keys = KeySet::new().trust(issuer(), self.key.verifying_key()).unwrap();
        let verifier =
            Verifier::new(keys, "github-executor".parse().unwrap(), MemoryStore::default())
                .unwrap();
        verifier.verify(token, &execution(&action())).map(drop).map_err(|error| error.code())
    }
}

fn run(program: &Path, arguments: &[&str]) -> Result<String, String> {
    let output = Command::new(program).args(arguments).output().unwrap();
    if output.status.success() {
        Ok(String::from_utf8(output.stdout).unwrap().trim().to_owned())
    } else {
        Err(String::from_utf8_lossy(&output.stderr).into_owned())
    }
}

/// A code block of the page about verifying elsewhere.
fn snippet(language: &str) -> String {
    let page = fs::read_to_string(
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/verify-elsewhere.md"),
    )
    .unwrap();
    let (_, rest) = page.split_once(&format!("```{language}\n")).unwrap();
    let code = rest.split_once("\n```").unwrap().0.to_owned();
    assert!(code.lines().count() <= 15, "{language}: {} lines", code.lines().count());
    code
}

/// Runs `verify` on a good token and on tokens that it must refuse.
fn check_verifier(issued: &Issued, verify: impl Fn(&str, &str) -> Result<String, String>) {
    let payload = issued.file("payload.json");
    assert_eq!(verify(&issued.token, &payload), Ok(issued.id.clone()));
    let mut tampered = issued.token.clone().into_bytes();
    let at = issued.token.find('.').unwrap() + 20;
    tampered[at] = if tampered[at] == b'A' { b'B' } else { b'A' };
    assert!(verify(&String::from_utf8(tampered).unwrap(), &payload).is_err(), "a changed token");
    let stranger = Issued::new();
    assert!(verify(&stranger.token, &payload).is_err(), "a stranger's token");
}

#[test]
fn the_python_snippet_accepts_our_pass_and_refuses_what_does_not_fit() {
    let Some(libraries) = libraries() else { return };
    let issued = Issued::new();
    let script = issued.file("verify.py");
    fs::write(&script, snippet("python")).unwrap();
    let python = libraries.join("python/bin/python");
    check_verifier(&issued, |token, payload| {
        run(&python, &[&script, token, &issued.file("jwks.json"), payload])
    });
    fs::write(issued.folder.path().join("other.json"), b"{}").unwrap();
    assert!(
        run(
            &python,
            &[&script, &issued.token, &issued.file("jwks.json"), &issued.file("other.json")]
        )
        .is_err()
    );
}

#[test]
fn the_javascript_snippet_accepts_our_pass_and_refuses_what_does_not_fit() {
    let Some(libraries) = libraries() else { return };
    let issued = Issued::new();
    // Beside the library, where node looks for it.
    let script = libraries.join("node").join(format!("verify-{}.mjs", issued.id));
    fs::write(&script, snippet("javascript")).unwrap();
    let (node, script) = (Path::new("node"), script.to_str().unwrap());
    check_verifier(&issued, |token, payload| {
        run(node, &[script, token, &issued.file("jwks.json"), payload])
    });
    fs::write(issued.folder.path().join("other.json"), b"{}").unwrap();
    assert!(
        run(node, &[script, &issued.token, &issued.file("jwks.json"), &issued.file("other.json")])
            .is_err()
    );
    fs::remove_file(script).unwrap();
}

#[test]
fn joserfc_accepts_our_pass() {
    let Some(libraries) = libraries() else { return };
    let issued = Issued::new();
    let (python, script) =
        (libraries.join("python/bin/python"), sources().join("joserfc_verify.py"));
    check_verifier(&issued, |token, _| {
        run(&python, &[script.to_str().unwrap(), token, &issued.file("jwks.json")])
    });
}

#[test]
fn passes_that_other_libraries_sign_are_accepted_when_header_and_claims_are_right() {
    let Some(libraries) = libraries() else { return };
    let issued = Issued::new();
    let python = libraries.join("python/bin/python");
    let jose = libraries.join("node").join(format!("sign-{}.mjs", issued.id));
    fs::copy(sources().join("jose_sign.mjs"), &jose).unwrap();
    let node = PathBuf::from("node");
    for (program, script) in [
        (&python, sources().join("pyjwt_sign.py")),
        (&python, sources().join("joserfc_sign.py")),
        (&node, jose.clone()),
    ] {
        let sign = |claims: &Object, kid: &str| {
            let claims = Json::Object(claims.clone()).to_string();
            run(program, &[script.to_str().unwrap(), &issued.file("key.pem"), kid, &claims])
                .unwrap()
        };
        let kid = issued.key.key_id().as_str();
        let name = script.display();
        assert_eq!(issued.accepts(&sign(&issued.claims(), kid)), Ok(()), "{name}");
        assert_eq!(
            issued.accepts(&sign(&issued.claims(), "another")),
            Err("unknown_key"),
            "{name}"
        );
        assert_eq!(
            issued.accepts(&sign(&issued.claims().with("aud", "other"), kid)),
            Err("audience_mismatch"),
            "{name}"
        );
        let expired = SystemClock.now().unwrap().seconds() - 31;
        let expired = issued.claims().with("exp", Json::Number(expired.try_into().unwrap()));
        assert_eq!(issued.accepts(&sign(&expired, kid)), Err("pass_expired"), "{name}");
    }
    fs::remove_file(jose).unwrap();
}
