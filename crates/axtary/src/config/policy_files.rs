//! The files that hold policy.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use axtary_actionpass::{AgentId, EngineName};
use axtary_policy::TemplateLink;

use crate::error::{ConfigError, FileError};

/// The files that hold policy, by language, and what goes with them.
///
/// The names are part of the policy version, so they stay as they are written: a gate has one version wherever its files lie.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct PolicyFiles {
    /// Native rules; at most one file.
    pub native: Vec<String>,
    /// Cedar policies.
    pub cedar: Vec<String>,
    /// Rego modules, and OPA bundles: those whose names end in `.tar.gz`.
    pub rego: Vec<String>,
    /// Groups of agents, as Cedar knows them.
    pub groups: BTreeMap<String, Vec<AgentId>>,
    /// Policies that are made of Cedar templates.
    pub links: Vec<TemplateLink>,
    /// The Rego rules that are asked.
    pub entrypoints: Entrypoints,
    /// What the names are relative to.
    pub(super) folder: PathBuf,
    /// The file that names them, if one does.
    pub(super) named_in: Option<PathBuf>,
}

/// The Rego rules that are asked; where one is not named, as [`RegoEngine`](axtary_policy::RegoEngine) says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Entrypoints {
    /// Whose `true` permits: `data.axtary.allow`.
    pub allow: Option<String>,
    /// Whose entries deny.
    pub deny: Option<String>,
    /// Which asks for approval.
    pub step_up: Option<String>,
}

impl PolicyFiles {
    /// Files whose language their names tell: `.yml` for native rules, `.cedar`, `.rego`, and `.tar.gz` for OPA bundles. A
    /// folder stands for all of these in it, but not in folders within.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if a name tells no language, a folder cannot be read, or there is no policy or two files of native rules.
    pub fn of_paths<P: AsRef<Path>>(paths: &[P]) -> Result<Self, ConfigError> {
        let mut files = Self::default();
        for path in paths.iter().map(AsRef::as_ref) {
            if path.is_dir() {
                for path in policies_in(path)? {
                    files.add(&path)?;
                }
            } else if !files.add(path)? {
                let problem = "its name tells no policy language";
                return Err(ConfigError::new(path, problem).advise(WHAT_TO_NAME));
            }
        }
        if files.is_empty() {
            let first = paths.first().map_or(Path::new("."), AsRef::as_ref);
            return Err(ConfigError::new(first, "it holds no policy").advise(WHAT_TO_NAME));
        }
        Ok(files)
    }

    /// Where all of them lie.
    pub(crate) fn paths(&self) -> Vec<PathBuf> {
        let names = self.native.iter().chain(&self.cedar).chain(&self.rego);
        names.map(|name| self.locate(name)).collect()
    }

    /// Where a file lies.
    pub(crate) fn locate(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Where what an error calls `name` lies: a file, or what is in a bundle. What is none of these, such as a link of a
    /// template, is where the files are named.
    pub(crate) fn blame(&self, name: &str) -> PathBuf {
        let mut names = [&self.native, &self.cedar, &self.rego].into_iter().flatten();
        let is_of = |file: &String| {
            let rest = name.strip_prefix(file.as_str());
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        match &self.named_in {
            Some(named_in) if !names.any(is_of) => named_in.clone(),
            Some(_) | None => self.locate(name),
        }
    }

    /// The same, a language at a time.
    pub(crate) fn by_language(&self) -> Vec<(EngineName, Self)> {
        let none = Self { native: Vec::new(), cedar: Vec::new(), rego: Vec::new(), ..self.clone() };
        let all = [
            (EngineName::NATIVE, Self { native: self.native.clone(), ..none.clone() }),
            (EngineName::CEDAR, Self { cedar: self.cedar.clone(), ..none.clone() }),
            (EngineName::REGO, Self { rego: self.rego.clone(), ..none }),
        ];
        all.into_iter().filter(|(_, files)| !files.is_empty()).collect()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.native.is_empty() && self.cedar.is_empty() && self.rego.is_empty()
    }

    /// Adds a file, if its name tells its language.
    fn add(&mut self, path: &Path) -> Result<bool, ConfigError> {
        let Some(name) = path.to_str() else {
            return Err(ConfigError::new(path, "its name is not UTF-8; rename it"));
        };
        let list = match path.extension().and_then(|extension| extension.to_str()) {
            Some("yml" | "yaml") => &mut self.native,
            Some("cedar") => &mut self.cedar,
            Some("rego") => &mut self.rego,
            Some("gz") if is_bundle(name) => &mut self.rego,
            _ => return Ok(false),
        };
        list.push(name.to_owned());
        if self.native.len() > 1 {
            return Err(ConfigError::new(path, "it is the second file of native rules")
                .advise("put all native rules into one"));
        }
        Ok(true)
    }
}

/// The files in a folder, by name. Cases of tests are no policy, and neither is an `axtary.yml`.
fn policies_in(folder: &Path) -> Result<Vec<PathBuf>, ConfigError> {
    let failed = |cause| {
        let error = FileError { operation: "read", path: folder.to_owned(), cause };
        ConfigError::new(folder, error.problem())
    };
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if path.is_file() && name != "axtary.yml" && !name.ends_with(CASES) {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

/// Whether a file of this name is an OPA bundle, and no module.
pub(crate) fn is_bundle(name: &str) -> bool {
    name.ends_with(".tar.gz")
}

const WHAT_TO_NAME: &str =
    "name files that end in `.yml`, `.cedar`, `.rego` or `.tar.gz`, or folders of these";

/// How the names of files with test cases end.
pub(crate) const CASES: &str = ".cases.yml";
