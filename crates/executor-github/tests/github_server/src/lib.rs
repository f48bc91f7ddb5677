//! GitHub's REST API over real git repositories, on loopback, for tests and examples.
//!
//! No GitHub can be reached from a test. This server has the routes that an executor uses, with GitHub's limits, status codes and
//! error bodies, over bare repositories that libgit2 keeps; pull requests, checks, statuses and comments are in memory. Its
//! clock stands still. What it answers is held against GitHub's published OpenAPI description, and the clients `octokit` and
//! `PyGithub` work with it.
//!
//! ```
//! use axtary_github_server::GitHubServer;
//!
//! let server = GitHubServer::start()?;
//! server.world().create_repository("company", "web-app")?.commit("main", &[("README.md", "Hello\n")], &[])?;
//! server.world().grant_token("a-token");
//! assert!(server.url().starts_with("http://127.0.0.1:"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A [`Fault`] makes one request go wrong: no answer, half an answer, a redirect, a change of the world just before.

#![expect(clippy::indexing_slicing, reason = "a member that JSON has not reads as `null`")]
#![recursion_limit = "256"] // `json!` takes a level for each member

mod access;
mod answer;
mod checks;
mod compare;
mod contents;
mod fault;
mod issues;
mod merge;
mod objects;
mod pulls;
mod refs;
mod request;
mod route;
mod view;
mod world;

use std::{
    fmt, io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread::JoinHandle,
};

pub use crate::{
    access::Access,
    answer::Answer,
    checks::{CheckRun, CommitStatus},
    fault::{Fault, Mishap},
    request::Request,
    world::{Exchange, NOW, Repository, World},
};

/// Clients that keep a connection open occupy none of these: they only wait for requests.
const THREADS: usize = 4;

/// A GitHub of one's own. It stops when it is dropped.
pub struct GitHubServer {
    url: String,
    world: Arc<Mutex<World>>,
    server: Arc<tiny_http::Server>,
    threads: Vec<JoinHandle<()>>,
}

impl GitHubServer {
    /// Starts at a free port of the loopback address.
    ///
    /// # Errors
    ///
    /// If there is none.
    pub fn start() -> io::Result<Self> {
        let server = tiny_http::Server::http("127.0.0.1:0").map_err(io::Error::other)?;
        let url = format!("http://{}", server.server_addr());
        let world = Arc::new(Mutex::new(World::new(url.clone())));
        let server = Arc::new(server);
        let threads = (0..THREADS)
            .map(|_| {
                let (server, world) = (Arc::clone(&server), Arc::clone(&world));
                std::thread::spawn(move || serve(&server, &world))
            })
            .collect();
        Ok(Self { url, world, server, threads })
    }

    /// Where it is, without a slash at the end.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// What it knows, to look at and to change. It answers nobody meanwhile.
    pub fn world(&self) -> MutexGuard<'_, World> {
        lock(&self.world)
    }

    /// Waits until the server stops, which it does not by itself.
    pub fn wait(mut self) {
        for thread in std::mem::take(&mut self.threads) {
            drop(thread.join());
        }
    }
}

impl fmt::Debug for GitHubServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GitHubServer").field("url", &self.url).finish_non_exhaustive()
    }
}

impl Drop for GitHubServer {
    fn drop(&mut self) {
        for _ in &self.threads {
            self.server.unblock();
        }
        for thread in self.threads.drain(..) {
            drop(thread.join());
        }
    }
}

// A test that panicked while it held the world has failed already.
fn lock(world: &Mutex<World>) -> MutexGuard<'_, World> {
    world.lock().unwrap_or_else(PoisonError::into_inner)
}

fn serve(server: &tiny_http::Server, world: &Mutex<World>) {
    while let Ok(mut incoming) = server.recv() {
        let (answer, mishap) = match Request::read(&mut incoming) {
            Ok(request) => lock(world).respond(&request),
            Err(problem) => (Answer::error(400, problem), None),
        };
        // A client that is gone already is none of the server's business.
        drop(fault::send(incoming, &answer, mishap.as_ref()));
    }
}
