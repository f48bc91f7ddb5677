//! Serves git repositories as GitHub would, until it is stopped.
//!
//!     axtary-github-server TOKEN OWNER/NAME=PATH …
//!
//! Prints its address as the first line.

#![expect(clippy::print_stdout, reason = "its address is its only output")]

use std::{error::Error, path::Path};

use axtary_github_server::GitHubServer;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let usage = "usage: axtary-github-server TOKEN OWNER/NAME=PATH …";
    let token = arguments.next().ok_or(usage)?;
    let server = GitHubServer::start()?;
    server.world().grant_token(&token);
    for argument in arguments {
        let (name, path) = argument.split_once('=').ok_or(usage)?;
        let (owner, name) = name.split_once('/').ok_or(usage)?;
        server.world().open_repository(owner, name, Path::new(path))?;
    }
    println!("{}", server.url());
    server.wait();
    Ok(())
}
