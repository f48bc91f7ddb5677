//! Which paths reach production: a list by category, which a user may replace.

use std::sync::{Arc, OnceLock};

use axtary_actionpass::{GlobError, PathGlobs};

/// The standard list. Patterns read as in `.gitignore`, and match broadly: in any spelling, and all that lies below.
const STANDARD: [(&str, &[&str]); 10] = [
    (
        "ci",
        &[
            "/.github/",
            "/.gitlab-ci.yml",
            "/.circleci/",
            "/.buildkite/",
            "/azure-pipelines*.yml",
            "/Jenkinsfile*",
            "bitbucket-pipelines.yml",
            "/.drone.yml",
            "/cloudbuild*.yaml",
            "/action.yml",
        ],
    ),
    (
        "ownership",
        &[
            "/CODEOWNERS",
            "/docs/CODEOWNERS",
            "/.github/CODEOWNERS",
            ".gitattributes",
            ".gitmodules",
            ".lfsconfig",
            "/.mailmap",
            "/.github/dependabot.yml",
            "renovate.json*",
        ],
    ),
    (
        "infra",
        &[
            "*.tf",
            "*.tfvars*",
            "*.hcl",
            "Pulumi*.yaml",
            "cdk.json",
            "serverless.y*ml",
            "*.bicep",
            "cloudformation/",
            "ansible/",
            "/infra/",
            "/deploy/",
            "/ops/",
        ],
    ),
    (
        "kubernetes",
        &[
            "k8s/",
            "kubernetes/",
            "kustomization.y*ml",
            "Chart.yaml",
            "values*.y*ml",
            "helm/",
            "argocd/",
        ],
    ),
    (
        "image",
        &[
            "Dockerfile*",
            "*.dockerfile",
            "Containerfile*",
            "docker-compose*.y*ml",
            "compose*.y*ml",
            ".dockerignore",
            "Procfile",
            "fly.toml",
            "vercel.json",
            "netlify.toml",
            "wrangler.toml",
            "app.yaml",
        ],
    ),
    ("data", &["migrations/", "migrate/", "*.sql", "schema.prisma", "alembic/", "**/db/schema.rb"]),
    (
        "dependencies",
        &[
            "package.json",
            "package-lock.json",
            "npm-shrinkwrap.json",
            "pnpm-lock.yaml",
            "yarn.lock",
            "bun.lock*",
            ".npmrc",
            ".yarnrc*",
            "Cargo.toml",
            "Cargo.lock",
            ".cargo/",
            "build.rs",
            "go.mod",
            "go.sum",
            "requirements*.txt",
            "pyproject.toml",
            "setup.py",
            "poetry.lock",
            "uv.lock",
            "Gemfile*",
            "pom.xml",
            "build.gradle*",
            "composer.*",
        ],
    ),
    (
        "secrets",
        &[
            ".env*",
            "*.pem",
            "*.key",
            "*.p12",
            "id_rsa*",
            "id_ed25519*",
            ".netrc",
            ".aws/",
            "secrets*.y*ml",
            ".sops.yaml",
            "credentials*",
        ],
    ),
    (
        "agent_config",
        &[
            "/.claude/",
            "/.cursor/",
            "/.codex/",
            "/.gemini/",
            "/.mcp.json",
            "AGENTS.md",
            "CLAUDE.md",
            "/.vscode/",
            "/.devcontainer/",
            "/axtary.yml",
            "/.axtary/",
            "/.husky/",
            "/.pre-commit-config.yaml",
            "/.envrc",
            "/Makefile",
            "/justfile",
        ],
    ),
    (
        "runtime_flags",
        &[
            "feature_flags*",
            "feature-flags*",
            "flags.y*ml",
            "**/config/production*",
            "**/settings/prod*",
            "robots.txt",
            "_redirects",
            "CNAME",
        ],
    ),
];

/// Paths that reach production, by category.
///
/// The standard list has the categories `ci`, `ownership`, `infra`, `kubernetes`, `image`, `data`, `dependencies`, `secrets`,
/// `agent_config` and `runtime_flags`; [`Production::STANDARD`] says what is in each.
#[derive(Clone, Debug)]
pub struct Production {
    categories: Arc<[(String, PathGlobs)]>,
    /// Every pattern of every category: most paths match none, and are looked at once. `None` if there is no category.
    any: Option<PathGlobs>,
}

impl Production {
    /// The standard list: categories, each with its patterns.
    pub const STANDARD: [(&'static str, &'static [&'static str]); 10] = STANDARD;

    /// A list of one's own: categories, each with its patterns.
    ///
    /// # Errors
    ///
    /// [`GlobError`] names the pattern that is refused; all lists together hold at most 1,024.
    ///
    /// # Example
    ///
    /// ```
    /// use axtary_adapter_github::Production;
    ///
    /// let billing = ("billing", ["/billing/"].as_slice());
    /// let production = Production::new(Production::STANDARD.into_iter().chain([billing]))?;
    /// assert_eq!(production.categories_of("billing/schema.sql").collect::<Vec<_>>(), ["data", "billing"]);
    /// # Ok::<(), axtary_actionpass::GlobError>(())
    /// ```
    pub fn new<'a>(
        categories: impl IntoIterator<Item = (&'a str, &'a [&'a str])>,
    ) -> Result<Self, GlobError> {
        let (mut compiled, mut all) = (Vec::new(), Vec::new());
        for (name, patterns) in categories {
            compiled.push((name.to_owned(), PathGlobs::deny(patterns)?));
            all.extend_from_slice(patterns);
        }
        let any = if all.is_empty() { None } else { Some(PathGlobs::deny(&all)?) };
        Ok(Self { categories: compiled.into(), any })
    }

    /// The categories that `path` belongs to.
    pub fn categories_of(&self, path: &str) -> impl Iterator<Item = &str> {
        let is_any = self.any.as_ref().is_some_and(|any| any.matches(path));
        self.categories
            .iter()
            .filter(move |_| is_any)
            .filter(move |(_, globs)| globs.matches(path))
            .map(|(name, _)| name.as_str())
    }
}

/// The standard list; compiled once.
pub(crate) fn standard() -> Result<Production, GlobError> {
    static COMPILED: OnceLock<Result<Production, GlobError>> = OnceLock::new();
    COMPILED.get_or_init(|| Production::new(STANDARD)).clone()
}

/// What GitHub Actions runs; compiled once.
pub(crate) fn workflows() -> Result<&'static PathGlobs, GlobError> {
    static COMPILED: OnceLock<Result<PathGlobs, GlobError>> = OnceLock::new();
    let compile = || PathGlobs::deny(&["/.github/workflows/", "/.github/actions/", "/action.y*ml"]);
    COMPILED.get_or_init(compile).as_ref().map_err(Clone::clone)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_standard_list_finds_what_reaches_production_and_leaves_the_rest() {
        let production = standard().unwrap();
        for (path, category) in [
            (".github/workflows/ci.yml", "ci"),
            (".GitHub/Workflows/ci.yml", "ci"),
            ("docs/CODEOWNERS", "ownership"),
            ("codeowners", "ownership"),
            ("sub/.gitattributes", "ownership"),
            ("modules/net/main.tf", "infra"),
            ("deploy/production.yaml", "infra"),
            ("charts/web/values-prod.yaml", "kubernetes"),
            ("services/api/Dockerfile.prod", "image"),
            ("app/db/migrations/001.sql", "data"),
            ("crates/x/Cargo.toml", "dependencies"),
            ("web/.env.local", "secrets"),
            (".claude/settings.json", "agent_config"),
            ("src/config/production.json", "runtime_flags"),
        ] {
            assert!(
                production.categories_of(path).any(|found| found == category),
                "{path} is {category}"
            );
        }
        for path in [
            "src/lib.rs",
            "tests/login.rs",
            "README.md",
            "docs/deploying.md",
            "src/environment.rs",
            "web/infra.ts",
        ] {
            assert_eq!(production.categories_of(path).collect::<Vec<_>>(), [""; 0], "{path}");
        }
    }
}
