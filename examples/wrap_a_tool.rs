//! A plain async tool function, wrapped so that it runs only with a pass, in a small agent loop.
//!
//!     cargo run --example wrap_a_tool

#![expect(clippy::print_stdout, reason = "an example shows what happens")]

use std::error::Error;

use axtary_actionpass::{
    Action, Actor, AuthorizeError, FactType, Facts, Guard, Intent, Json, Number, Object, Operator,
    Payload, SigningKey, Vocabulary,
};
use axtary_ledger::{Durability, FileLedger};
use axtary_policy::{NativeEngine, Rule};

/// The tool as it was before: it knows nothing of passes.
async fn post_message(channel: &str, text: &str) -> Result<String, std::io::Error> {
    Ok(format!("posted {} characters to {channel}", text.len()))
}

/// What the adapter of this tool makes of a call. The facts are derived here, from what will be sent.
fn normalize(channel: &str, text: &str) -> Result<Action, Box<dyn Error>> {
    let payload = Json::from(Object::new().with("channel", channel).with("text", text));
    let facts = Object::new()
        .with("characters", Number::try_from(text.len())?)
        .with("mentions_everyone", text.contains("@everyone"));
    let actor = Actor::new("release-bot".parse()?, "alice@example.com".parse()?);
    Ok(Action::builder(actor, "chat.messages.post".parse()?, format!("channel:{channel}").parse()?)
        .intent(Intent::new("announce the release")?)
        .audience("chat-executor".parse()?)
        .payload(Payload::from_json(&payload)?)
        .facts(Facts::new(facts)?)
        .build()?)
}

async fn run(guard: &Guard) -> Result<(), Box<dyn Error>> {
    for (channel, text) in [
        ("releases", "1.4.0 is out"),
        ("releases", "@everyone 1.4.0 is out"),
        ("general", "1.4.0 is out"),
    ] {
        let action = normalize(channel, text)?;
        match guard.authorize(&action, |_pass| post_message(channel, text)).await {
            Ok(answer) => println!("the model sees: {answer}"),
            Err(AuthorizeError::Refused(refusal)) => println!("the model sees: {refusal}"),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let vocabulary = Vocabulary::new()
        .with_fact("characters", FactType::Integer, "the length of the message")
        .with_fact("mentions_everyone", FactType::Boolean, "whether the message rings for all")
        .with_constraint("max_characters", Operator::AtMost, "characters")
        .with_constraint("mentions_everyone", Operator::Equals, "mentions_everyone");
    let announcements = Rule::permit("quiet-announcements")
        .agent("release-bot")
        .tool("chat.messages.post")
        .resource("channel:releases")
        .constraint("max_characters", 500)
        .constraint("mentions_everyone", false);
    let policy = NativeEngine::builder(&vocabulary).rule(announcements).build()?;
    let folder = tempfile::tempdir()?;
    let ledger = FileLedger::open(folder.path().join("ledger.jsonl"), Durability::Synced)?;
    let guard =
        Guard::new(policy, ledger, SigningKey::generate()?, "https://gate.example".parse()?)?;
    pollster::block_on(run(&guard))
}
