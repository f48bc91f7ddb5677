//! A service that acts only on passes, and depends on `axtary-actionpass` alone: its tree holds no policy engine and no async
//! runtime.
//!
//!     cargo run -p verify_in_a_service
//!
//! It listens on the loopback interface for `POST`s of a JSON body with the header `Authorization: ActionPass <token>`, and
//! posts the message only if the pass fits. Below it, a gate and a client try it out.

#![expect(clippy::print_stdout, reason = "an example shows what happens")]

use std::{
    error::Error,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    thread,
};

use axtary_actionpass::{
    Execution, Facts, Json, KeySet, MemoryStore, Number, Object, Operator, Payload, Resource,
    SigningKey, ToolName, VerifiedPass, Verifier, Vocabulary,
};

mod gate;

/// The largest body that the service reads.
const MAX_BODY: usize = 64 * 1024;

struct Service {
    verifier: Verifier,
    tool: ToolName,
}

impl Service {
    fn new(keys: KeySet) -> Result<Self, Box<dyn Error>> {
        let vocabulary =
            Vocabulary::new().with_constraint("max_characters", Operator::AtMost, "characters");
        let verifier = Verifier::new(keys, "chat-executor".parse()?, MemoryStore::default())?
            .with_vocabulary(vocabulary);
        Ok(Self { verifier, tool: "chat.messages.post".parse()? })
    }

    /// Answers one request: its status and what to say.
    fn answer(&self, stream: &mut TcpStream) -> Result<(u16, String), Box<dyn Error>> {
        let (token, body) = read(stream)?;
        let payload = Payload::parse(&body)?;
        let (resource, facts) = derive(&payload)?;
        let execution =
            Execution { tool: &self.tool, resource: &resource, payload: &payload, facts: &facts };
        Ok(match self.verifier.verify(&token, &execution) {
            Ok(pass) => (200, post(&pass, &payload)),
            Err(error) => (403, format!("{}: {error}", error.code())),
        })
    }
}

/// The service's own work. It cannot be called without a verified pass.
fn post(pass: &VerifiedPass, payload: &Payload) -> String {
    format!(
        "posted {} for {}",
        String::from_utf8_lossy(payload.canonical()),
        pass.claims().actor().agent_id()
    )
}

/// What the service derives itself from what it is about to do; it takes nobody's word for it.
fn derive(payload: &Payload) -> Result<(Resource, Facts), Box<dyn Error>> {
    let json = Json::parse(payload.canonical())?;
    let text = |name: &str| {
        json.as_object()
            .and_then(|message| message.get(name))
            .and_then(Json::as_str)
            .ok_or(format!("no `{name}`"))
    };
    let characters = Number::try_from(text("text")?.len())?;
    Ok((
        format!("channel:{}", text("channel")?).parse()?,
        Facts::new(Object::new().with("characters", characters))?,
    ))
}

/// Reads the token and the body of a request.
fn read(stream: &mut TcpStream) -> Result<(String, Vec<u8>), Box<dyn Error>> {
    let mut reader = BufReader::new(stream);
    let (mut token, mut length) = (String::new(), 0);
    let mut line = String::new();
    while (&mut reader).take(32 * 1024).read_line(&mut line)? > 2 {
        if let Some((name, value)) = line.split_once(':') {
            match name.to_ascii_lowercase().as_str() {
                "authorization" => {
                    token = value.trim().trim_start_matches("ActionPass ").to_owned()
                }
                "content-length" => length = value.trim().parse()?,
                _ => {}
            }
        }
        line.clear();
    }
    if length > MAX_BODY {
        return Err("the body is too large".into());
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    Ok((token, body))
}

fn serve(listener: &TcpListener, service: &Service) {
    for mut stream in listener.incoming().flatten() {
        let (status, text) =
            service.answer(&mut stream).unwrap_or_else(|error| (400, error.to_string()));
        let answer = format!(
            "HTTP/1.1 {status} -\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{text}",
            text.len()
        );
        // A client that has gone away is no concern of the service's.
        drop(stream.write_all(answer.as_bytes()));
    }
}

/// Sends a request, and gives the status line and body of the answer.
fn send(address: SocketAddr, token: &str, body: &str) -> Result<String, Box<dyn Error>> {
    let mut stream = TcpStream::connect(address)?;
    write!(
        stream,
        "POST / HTTP/1.1\r\nHost: localhost\r\nAuthorization: ActionPass {token}\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let (head, text) = answer.split_once("\r\n\r\n").ok_or("no answer")?;
    Ok(format!("{}: {text}", head.get(9..12).unwrap_or_default()))
}

fn main() -> Result<(), Box<dyn Error>> {
    let key = SigningKey::generate()?;
    let keys = KeySet::new().trust("https://gate.example".parse()?, key.verifying_key())?;
    let service = Service::new(keys)?;
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    thread::spawn(move || serve(&listener, &service));

    let body = r#"{"channel":"releases","text":"1.4.0 is out"}"#;
    let token = gate::issue(key, body)?;
    println!("no pass            -> {}", send(address, "", body)?);
    println!("another message    -> {}", send(address, &token, &body.replace("1.4.0", "6.6.6"))?);
    println!(
        "another channel    -> {}",
        send(address, &token, &body.replace("releases", "general"))?
    );
    println!("the very message   -> {}", send(address, &token, body)?);
    println!("the same pass again -> {}", send(address, &token, body)?);
    Ok(())
}
