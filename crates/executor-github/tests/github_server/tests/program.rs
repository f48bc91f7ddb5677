//! The program serves a repository that is on disk, so that clients in any language can be tried on it.

#![expect(clippy::unwrap_used, reason = "tests stop where they fail")]

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    process::{Child, Command, Stdio},
};

struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

fn get(address: &str, token: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    let request = format!(
        "GET /repos/company/web-app HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn a_repository_on_disk_is_served_to_whoever_has_the_token() {
    let folder = tempfile::tempdir().unwrap();
    git2::Repository::init_bare(folder.path()).unwrap();
    let repository = format!("company/web-app={}", folder.path().display());
    let program = Command::new(env!("CARGO_BIN_EXE_axtary-github-server"))
        .args(["a-token", &repository])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut program = Running(program);
    let mut url = String::new();
    BufReader::new(program.0.stdout.take().unwrap()).read_line(&mut url).unwrap();
    let address = url.trim().strip_prefix("http://").unwrap();
    assert!(get(address, "a-token").contains(r#""full_name":"company/web-app""#));
    assert!(get(address, "another").starts_with("HTTP/1.1 401"));
}
