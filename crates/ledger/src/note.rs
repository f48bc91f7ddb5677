//! Signed notes (C2SP signed-note, version 1): a text, and lines that sign it. What checkpoints are written in, so that tools
//! which are not ours read them.

use std::fmt;

use axtary_actionpass::{SignError, Signer, SigningKey, VerifyingKey};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use sha2::{Digest as _, Sha256};

/// The largest note that is read, in bytes.
pub(crate) const MAX_BYTES: usize = 64 * 1024;
/// The most lines of signatures that are read.
const MAX_SIGNATURES: usize = 100;
/// How a line of signatures begins: an em dash and a space.
const DASH: &str = "\u{2014} ";

/// The type of a key: what its signature is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyType {
    /// Ed25519 over the text: the log's own.
    Ed25519,
    /// Ed25519 over the text and a time: a witness's.
    Cosignature,
}

impl KeyType {
    fn byte(self) -> u8 {
        match self {
            Self::Ed25519 => 0x01,
            Self::Cosignature => 0x04,
        }
    }
}

/// Why a note or a key of notes is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NoteError {
    /// Not a note.
    #[error("not a signed note: {0}")]
    Form(&'static str),
    /// Not a key of notes.
    #[error("not a verifier key, which is a name, an id and a key, joined by `+`: {0}")]
    Key(&'static str),
    /// A name that no key of notes can have.
    #[error("the name {0:?} must not be empty, nor hold spaces or `+`")]
    Name(String),
    /// No signature of the key that is asked for.
    #[error("the note is not signed by `{0}`")]
    NotSigned(String),
    /// A signature of a known key that does not fit.
    #[error("the signature of `{0}` does not fit the note")]
    BadSignature(String),
}

/// A public key of notes: `name+id+key`.
#[derive(Clone, PartialEq, Eq)]
pub struct NoteKey {
    name: String,
    kind: KeyType,
    key: VerifyingKey,
}

impl NoteKey {
    /// The key of a log that signs its checkpoints under `name`.
    ///
    /// # Errors
    ///
    /// [`NoteError::Name`] if no key can have this name.
    pub fn of_log(name: &str, key: VerifyingKey) -> Result<Self, NoteError> {
        check_name(name)?;
        Ok(Self { name: name.to_owned(), kind: KeyType::Ed25519, key })
    }

    /// The key of a witness that cosigns checkpoints under `name`.
    ///
    /// # Errors
    ///
    /// [`NoteError::Name`] if no key can have this name.
    pub fn of_witness(name: &str, key: VerifyingKey) -> Result<Self, NoteError> {
        check_name(name)?;
        Ok(Self { name: name.to_owned(), kind: KeyType::Cosignature, key })
    }

    /// Reads a verifier key as C2SP writes it.
    ///
    /// # Errors
    ///
    /// [`NoteError::Key`] says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, NoteError> {
        let refuse = |problem| NoteError::Key(problem);
        let mut parts = text.splitn(3, '+');
        let (Some(name), Some(id), Some(encoded)) = (parts.next(), parts.next(), parts.next())
        else {
            return Err(refuse("it does not have three parts"));
        };
        check_name(name)?;
        let bytes = STANDARD.decode(encoded).map_err(|_| refuse("its key is not base64"))?;
        let (kind, key) = match bytes.split_first() {
            Some((0x01, key)) => (KeyType::Ed25519, key),
            Some((0x04, key)) => (KeyType::Cosignature, key),
            Some(_) | None => return Err(refuse("its type is neither Ed25519 nor a cosignature")),
        };
        let key =
            <[u8; 32]>::try_from(key).map_err(|_| refuse("its key does not have 32 bytes"))?;
        let key = VerifyingKey::from_bytes(&key).map_err(|_| refuse("its key is weak"))?;
        let read = Self { name: name.to_owned(), kind, key };
        if read.to_string() == text && id.len() == 8 {
            Ok(read)
        } else {
            Err(refuse("its id is not that of its key"))
        }
    }

    /// The name that signatures of this key stand under.
    pub fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn kind(&self) -> KeyType {
        self.kind
    }

    pub(crate) fn key(&self) -> &VerifyingKey {
        &self.key
    }

    /// The first four bytes of the hash of the name, the type and the key.
    pub(crate) fn id(&self) -> [u8; 4] {
        let mut hasher = Sha256::new();
        hasher.update(self.name.as_bytes());
        hasher.update([b'\n', self.kind.byte()]);
        hasher.update(self.key.as_bytes());
        let [a, b, c, d, ..] = <[u8; 32]>::from(hasher.finalize());
        [a, b, c, d]
    }
}

impl fmt::Display for NoteKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let id = u32::from_be_bytes(self.id());
        let key = [&[self.kind.byte()], self.key.as_bytes().as_slice()].concat();
        write!(f, "{}+{id:08x}+{}", self.name, STANDARD.encode(key))
    }
}

impl fmt::Debug for NoteKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

fn check_name(name: &str) -> Result<(), NoteError> {
    if name.is_empty() || name.contains(|c: char| c.is_whitespace() || c.is_control() || c == '+') {
        return Err(NoteError::Name(name.chars().take(128).collect()));
    }
    Ok(())
}

/// A note taken apart: its text, and the signatures below it. None of them is verified yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Note {
    pub(crate) text: String,
    signatures: Vec<Signature>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Signature {
    name: String,
    id: [u8; 4],
    bytes: Vec<u8>,
}

impl Note {
    /// Takes a note apart.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, NoteError> {
        if bytes.len() > MAX_BYTES {
            return Err(NoteError::Form("it is larger than 64 KiB"));
        }
        let note = std::str::from_utf8(bytes).map_err(|_| NoteError::Form("it is not UTF-8"))?;
        if note.bytes().any(|byte| byte < 0x20 && byte != b'\n') {
            return Err(NoteError::Form("it holds control characters"));
        }
        // The text may hold empty lines; the last one ends it.
        let at = note.rfind("\n\n").ok_or(NoteError::Form("no empty line ends its text"))?;
        let (text, rest) =
            note.split_at_checked(at + 1).ok_or(NoteError::Form("it has no text"))?;
        let lines = rest.strip_prefix('\n').and_then(|lines| lines.strip_suffix('\n'));
        let lines = lines.ok_or(NoteError::Form("no newline ends its last line"))?;
        let signatures = lines.split('\n').map(Signature::parse).collect::<Result<Vec<_>, _>>()?;
        if signatures.len() > MAX_SIGNATURES {
            return Err(NoteError::Form("it has more than 100 signatures"));
        }
        Ok(Self { text: text.to_owned(), signatures })
    }

    /// The signature of this key: there must be one, and no second.
    pub(crate) fn signature_of(&self, key: &NoteKey) -> Result<&[u8], NoteError> {
        let id = key.id();
        let mut found =
            self.signatures.iter().filter(|line| line.name == key.name && line.id == id);
        match (found.next(), found.next()) {
            (Some(only), None) => Ok(&only.bytes),
            (None, _) => Err(NoteError::NotSigned(key.name.clone())),
            (Some(_), Some(_)) => Err(NoteError::Form("a key signs it twice")),
        }
    }
}

impl Signature {
    fn parse(line: &str) -> Result<Self, NoteError> {
        let refuse = || NoteError::Form("a line below its text is no signature");
        let (name, encoded) =
            line.strip_prefix(DASH).and_then(|line| line.split_once(' ')).ok_or_else(refuse)?;
        check_name(name)?;
        let bytes = STANDARD.decode(encoded).map_err(|_| refuse())?;
        let (id, bytes) = bytes.split_first_chunk::<4>().ok_or_else(refuse)?;
        if bytes.is_empty() {
            return Err(refuse());
        }
        Ok(Self { name: name.to_owned(), id: *id, bytes: bytes.to_vec() })
    }
}

/// Signs `text`, which ends in a newline, as the log's note.
pub(crate) fn sign(text: &str, name: &NoteKey, key: &SigningKey) -> Result<String, SignError> {
    let signature = key.sign(text.as_bytes())?;
    let line = STANDARD.encode([name.id().as_slice(), &signature].concat());
    Ok(format!("{text}\n{DASH}{} {line}\n", name.name))
}
