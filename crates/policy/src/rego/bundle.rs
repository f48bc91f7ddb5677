//! An OPA bundle, `tar.gz`, becomes modules and data. What would not be understood whole is refused.

use std::{
    collections::BTreeSet,
    io::{self, Read as _},
    path::Component,
};

use axtary_actionpass::{Json, Object};
use flate2::read::MultiGzDecoder;
use tar::{Archive, Entry, EntryType};

use crate::{error::LoadError, source::MAX_SOURCE_BYTES};

/// The largest bundle, packed.
const MAX_PACKED_BYTES: usize = 16 * 1024 * 1024;
/// The most bytes that are unpacked.
const MAX_UNPACKED_BYTES: u64 = 64 * 1024 * 1024;
/// The most files.
const MAX_FILES: usize = 1024;

/// What a bundle holds.
#[derive(Clone, Debug)]
pub(super) struct Bundle {
    /// Modules by their paths, behind the name of the bundle.
    pub(super) modules: Vec<(String, String)>,
    pub(super) data: Object,
    /// The paths below `data` that it may define, each a list of names.
    pub(super) roots: Vec<Vec<String>>,
}

/// Reads a bundle. `name` is what errors call it, such as its path.
pub(super) fn read(name: &str, bytes: &[u8]) -> Result<Bundle, LoadError> {
    let refuse = |problem: String| LoadError::new(name, problem);
    if bytes.len() > MAX_PACKED_BYTES {
        return Err(refuse(format!("the bundle has more than {MAX_PACKED_BYTES} bytes; split it")));
    }
    let broken = |error: io::Error| refuse(format!("it is no OPA bundle (`tar.gz`): {error}"));
    let mut unpacking = Unpacking::new(name);
    // What no file of the archive accounts for is bounded too.
    let unpacked = MultiGzDecoder::new(bytes).take(2 * MAX_UNPACKED_BYTES);
    let mut archive = Archive::new(unpacked);
    for entry in archive.entries().map_err(broken)? {
        unpacking.take(entry.map_err(broken)?)?;
    }
    unpacking.bundle()
}

struct Unpacking<'a> {
    name: &'a str,
    known: BTreeSet<String>,
    modules: Vec<(String, String)>,
    data: Object,
    manifest: Option<Object>,
    /// How many bytes were unpacked.
    bytes: u64,
}

impl<'a> Unpacking<'a> {
    fn new(name: &'a str) -> Self {
        Self {
            name,
            known: BTreeSet::new(),
            modules: Vec::new(),
            data: Object::new(),
            manifest: None,
            bytes: 0,
        }
    }

    fn take(&mut self, mut entry: Entry<'_, impl io::Read>) -> Result<(), LoadError> {
        let refuse = |problem: &str| LoadError::new(self.name, problem);
        match entry.header().entry_type() {
            EntryType::Regular => {}
            EntryType::Directory | EntryType::XGlobalHeader => return Ok(()),
            _ => return Err(refuse("it holds a link or a device; pack plain files only")),
        }
        let parts = parts(&entry).ok_or_else(|| {
            refuse(
                "it holds a file whose path is not plain; leave out `..` and what is not Unicode",
            )
        })?;
        let file = format!("{}/{}", self.name, parts.join("/"));
        let refuse = |problem: String| LoadError::new(&file, problem);
        if self.known.len() >= MAX_FILES {
            return Err(refuse(format!("the bundle has more than {MAX_FILES} files; split it")));
        }
        if !self.known.insert(file.clone()) {
            return Err(refuse("the bundle holds this file twice; keep one".to_owned()));
        }
        let mut bytes = Vec::new();
        let most = u64::try_from(MAX_SOURCE_BYTES).unwrap_or(u64::MAX);
        let broken = |error: io::Error| refuse(format!("it cannot be unpacked: {error}"));
        entry.by_ref().take(most + 1).read_to_end(&mut bytes).map_err(broken)?;
        if bytes.len() > MAX_SOURCE_BYTES {
            return Err(refuse(format!("it has more than {MAX_SOURCE_BYTES} bytes; split it")));
        }
        self.bytes += u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        if self.bytes > MAX_UNPACKED_BYTES {
            return Err(refuse(format!(
                "the bundle unpacks to more than {MAX_UNPACKED_BYTES} bytes; split it"
            )));
        }
        let (last, folder) =
            parts.split_last().ok_or_else(|| refuse("it has no name".to_owned()))?;
        match (last.as_str(), folder) {
            (".manifest", []) => self.manifest = Some(object(&file, &bytes)?),
            ("data.json", _) => self.add_data(&file, folder, object(&file, &bytes)?)?,
            (module, _) if module.ends_with(".rego") => {
                let text = String::from_utf8(bytes)
                    .map_err(|_| refuse("a module is UTF-8; save it as such".to_owned()))?;
                self.modules.push((file, text));
            }
            (".signatures.json", _) => {
                let problem = "nothing here checks a signature, so none may be claimed; build the bundle without, or load \
                               what you have checked without it";
                return Err(refuse(problem.to_owned()));
            }
            ("data.yaml" | "data.yml", _) => {
                return Err(refuse("data is read from `data.json` only; convert it".to_owned()));
            }
            _ => {
                let problem = "a bundle holds `.manifest`, `data.json` and `*.rego` here; leave out what else there is";
                return Err(refuse(problem.to_owned()));
            }
        }
        Ok(())
    }

    /// Adds data at the path of its folder.
    fn add_data(&mut self, file: &str, folder: &[String], data: Object) -> Result<(), LoadError> {
        let nested =
            folder.iter().rev().fold(data, |data, name| Object::new().with(name.as_str(), data));
        merge(&mut self.data, nested).map_err(|at| {
            LoadError::new(file, format!("another file of the bundle says `{at}` too; keep one"))
        })
    }

    fn bundle(self) -> Result<Bundle, LoadError> {
        let file = format!("{}/.manifest", self.name);
        let roots = match self.manifest {
            Some(manifest) => roots(&file, &manifest)?,
            None => vec![Vec::new()],
        };
        if let Some(path) = outside(&self.data, &mut Vec::new(), &roots) {
            return Err(LoadError::new(
                self.name,
                format!(
                    "its data at `{path}` is outside the `roots` of its manifest; add the root"
                ),
            ));
        }
        Ok(Bundle { modules: self.modules, data: self.data, roots })
    }
}

/// The names of a path, without `/` and `./` before it.
fn parts(entry: &Entry<'_, impl io::Read>) -> Option<Vec<String>> {
    let path = entry.path().ok()?;
    let mut parts = Vec::new();
    for component in path.components() {
        match component {
            Component::RootDir | Component::CurDir => {}
            Component::Normal(part) => parts.push(part.to_str()?.to_owned()),
            Component::ParentDir | Component::Prefix(_) => return None,
        }
    }
    Some(parts)
}

fn object(file: &str, bytes: &[u8]) -> Result<Object, LoadError> {
    match Json::parse(bytes) {
        Ok(Json::Object(object)) => Ok(object),
        Ok(other) => {
            Err(LoadError::new(file, format!("it must hold an object, not {}", other.type_name())))
        }
        Err(error) => Err(LoadError::new(file, error.to_string())),
    }
}

/// What a manifest allows its bundle to define.
fn roots(file: &str, manifest: &Object) -> Result<Vec<Vec<String>>, LoadError> {
    let refuse = |problem: &str| Err(LoadError::new(file, problem));
    for (name, value) in manifest.iter() {
        match name {
            "revision" | "metadata" | "roots" => {}
            "rego_version" if value.as_i64() == Some(1) => {}
            "rego_version" | "file_rego_versions" => {
                return refuse(
                    "only Rego version 1 is read; convert the modules using `opa fmt --rego-v1`",
                );
            }
            "wasm" if value.as_array().is_some_and(<[Json]>::is_empty) => {}
            "wasm" => return refuse("compiled modules are not run here; build the bundle as Rego"),
            _ => return refuse("it has a member that is unknown here; leave it out"),
        }
    }
    let Some(roots) = manifest.get("roots") else { return Ok(vec![Vec::new()]) };
    let names = roots.as_array().and_then(|roots| {
        let names = |root: &Json| {
            let parts = root.as_str()?.split('/').filter(|part| !part.is_empty());
            Some(parts.map(str::to_owned).collect())
        };
        roots.iter().map(names).collect()
    });
    match names {
        Some(names) => Ok(names),
        None => refuse("`roots` is a list of strings, such as `[\"axtary\"]`"),
    }
}

/// Joins two objects; the path that both say something of is the error.
pub(super) fn merge(into: &mut Object, from: Object) -> Result<(), String> {
    for (name, value) in from {
        let joined = match (into.get(&name).cloned(), value) {
            (None, value) => value,
            (Some(Json::Object(mut known)), Json::Object(more)) => {
                merge(&mut known, more).map_err(|at| format!("{name}.{at}"))?;
                Json::Object(known)
            }
            (Some(_), _) => return Err(name),
        };
        into.insert(name, joined);
    }
    Ok(())
}

/// The first path that no root covers.
fn outside(data: &Object, at: &mut Vec<String>, roots: &[Vec<String>]) -> Option<String> {
    for (name, value) in data.iter() {
        at.push(name.to_owned());
        if !roots.iter().any(|root| at.starts_with(root)) {
            let leads_on = roots.iter().any(|root| root.starts_with(at));
            let found = match value {
                Json::Object(below) if leads_on => outside(below, at, roots),
                _ => Some(at.join(".")),
            };
            if found.is_some() {
                return found;
            }
        }
        at.pop();
    }
    None
}
