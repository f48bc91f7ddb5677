//! Which repository on GitHub a clone is of, by the URL of its remote `origin`.

use axtary_adapter_github::RepositoryName;

/// Reads `owner/name` from a URL of GitHub, in the forms that git takes: `https://…`, `ssh://…`, `git@github.com:…`.
pub(super) fn repository_of(url: &str) -> Option<RepositoryName> {
    let path = match url.split_once("://") {
        Some(("https" | "http" | "ssh" | "git", rest)) => {
            let (authority, path) = rest.split_once('/')?;
            let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
            let host = host.split_once(':').map_or(host, |(host, _)| host);
            is_github(host).then_some(path)?
        }
        Some(_) => return None,
        None => {
            let (host, path) = url.split_once(':')?;
            let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
            is_github(host).then_some(path)?
        }
    };
    let path = path.strip_prefix('/').unwrap_or(path);
    let path = path.strip_suffix('/').unwrap_or(path);
    RepositoryName::new(path.strip_suffix(".git").unwrap_or(path)).ok()
}

fn is_github(host: &str) -> bool {
    ["github.com", "www.github.com", "ssh.github.com"]
        .iter()
        .any(|known| host.eq_ignore_ascii_case(known))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_a_github_url_names_the_repository() {
        for url in [
            "https://github.com/Company/Web-App.git",
            "https://github.com/company/web-app",
            "https://github.com/company/web-app/",
            "https://user:token@github.com/company/web-app.git",
            "git@github.com:company/web-app.git",
            "github.com:company/web-app",
            "ssh://git@github.com/company/web-app.git",
            "ssh://git@ssh.github.com:443/company/web-app.git",
            "git://GitHub.com/company/web-app.git",
        ] {
            let repository = repository_of(url).map(|name| name.to_string());
            assert_eq!(repository.as_deref(), Some("company/web-app"), "{url}");
        }
    }

    #[test]
    fn what_is_not_on_github_names_nothing() {
        for url in [
            "",
            "web-app",
            "/srv/git/web-app.git",
            "file:///srv/github.com/company/web-app",
            "https://gitlab.com/company/web-app",
            "https://github.com.evil.example/company/web-app",
            "https://evil.example/github.com/company/web-app",
            "https://github.com@evil.example/company/web-app",
            "git@evil.example:github.com/company/web-app",
            "https://github.com/company",
            "https://github.com/company/web-app/tree/main",
            "ext::sh -c true",
        ] {
            assert_eq!(repository_of(url), None, "{url}");
        }
    }
}
