//! A ledger that a guard has written, and checkpoints of it: what an auditor is given.

use std::{future, pin::pin, task::Context};

use axtary_actionpass::{
    Action, Cause, Effect, EngineError, EngineName, Evaluation, Guard, LedgerHash, Object, Record,
    RecordKind, Refusal, Signer as _, SigningKey, Timestamp, testing,
};
use axtary_ledger::{
    Checkpoint, Durability, FileLedger, InclusionProof, NoteKey, Options, ReadFailure, Tree, lines,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};

use crate::kit::Scene;

pub(crate) const ORIGIN: &str = "ledger.example/axtary";

/// A ledger with decisions and outcomes of every kind, and the key that signs its checkpoints.
pub(crate) struct Audited {
    pub(crate) scene: Scene,
    pub(crate) key: SigningKey,
    pub(crate) log: NoteKey,
}

impl Audited {
    /// A ledger of at least `count` records.
    pub(crate) fn with_records(count: usize) -> Self {
        let key = SigningKey::from_seed(&[9; 32]);
        let log = NoteKey::of_log(ORIGIN, key.verifying_key()).unwrap();
        let audited = Self { scene: Scene::new(), key, log };
        audited.grow(count);
        audited
    }

    /// Lets the guard decide, in segments of about a hundred records, until the ledger has at least `count` records.
    pub(crate) fn grow(&self, count: usize) {
        let options = Options::from(Durability::Buffered).with_segment_bytes(64 * 1024);
        let ledger = FileLedger::open(self.scene.path(), options).unwrap();
        let mut written = usize::try_from(ledger.len()).unwrap();
        let issuer = "https://gate.example".parse().unwrap();
        let policy = testing::policy(decide);
        let guard = Guard::new(policy, ledger, SigningKey::from_seed(&[7; 32]), issuer).unwrap();
        while written < count {
            written += act(&guard);
        }
    }

    /// Appends one record of every kind, about a pass that nobody knows of.
    pub(crate) fn append_every_kind(&self) {
        let ledger = FileLedger::open(self.scene.path(), Durability::Buffered).unwrap();
        let at = Timestamp::from_seconds(1_785_240_000).unwrap();
        let body = Object::new().with("action_pass_id", "ap_01K10000000000000000000000");
        for kind in RecordKind::ALL {
            let appended = ledger.append(&Record::new(kind, at, &body)).unwrap();
            ledger.sync(&appended).unwrap();
        }
    }

    pub(crate) fn lines(&self) -> impl Iterator<Item = Result<Vec<u8>, ReadFailure>> {
        lines(self.scene.path()).unwrap()
    }

    pub(crate) fn line(&self, index: usize) -> Vec<u8> {
        self.lines().nth(index).unwrap().unwrap()
    }

    pub(crate) fn leaves(&self) -> Vec<LedgerHash> {
        self.lines().map(|line| LedgerHash::of_line(&line.unwrap())).collect()
    }

    /// The signed checkpoint of the first `size` records.
    pub(crate) fn checkpoint(&self, size: usize) -> String {
        let mut tree = Tree::new();
        self.leaves()[..size].iter().for_each(|leaf| tree.append(leaf));
        Checkpoint::of(&self.log, &tree).sign(&self.log, &self.key).unwrap()
    }

    pub(crate) fn inclusion(&self, index: u64, size: usize) -> InclusionProof {
        InclusionProof::of(index, &self.leaves()[..size]).unwrap()
    }
}

fn decide(action: &Action) -> Result<Evaluation, EngineError> {
    let (effect, cause) = match action.tool().as_str() {
        "slack.messages.post" | "docs.search" => (Effect::Permit, Cause::Permitted),
        "github.pull_requests.merge" => (Effect::StepUp, Cause::StepUp),
        "billing.pay" => {
            let message = "=told to fail\r\n, \"loudly\"".to_owned();
            return Err(EngineError { engine: EngineName::CEDAR, message });
        }
        _ => (Effect::Deny, Cause::Forbidden),
    };
    Ok(testing::answer(effect, cause))
}

/// Has the guard decide once for each effect, and tools end in each way; says how many records that made.
fn act(guard: &Guard) -> usize {
    let post = testing::action("slack.messages.post").unwrap();
    pollster::block_on(guard.authorize(&post, |_| future::ready(Ok::<_, ()>(())))).unwrap();
    let search = testing::action("docs.search").unwrap();
    pollster::block_on(guard.authorize(&search, |_| future::ready(Err::<(), _>(())))).unwrap_err();
    {
        let mut dropped = pin!(guard.authorize(&post, |_| future::pending::<Result<(), ()>>()));
        let mut context = Context::from_waker(std::task::Waker::noop());
        assert!(dropped.as_mut().poll(&mut context).is_pending());
    }
    for tool in ["github.pull_requests.merge", "linear.issues.delete", "billing.pay"] {
        let refusal = guard.check(&testing::action(tool).unwrap()).unwrap_err();
        match refusal {
            Refusal::Denied(_) | Refusal::ApprovalRequired(_) | Refusal::Unavailable(_) => {}
        }
    }
    9
}

/// A witness of the test.
pub(crate) struct Witness {
    key: SigningKey,
    pub(crate) vkey: NoteKey,
}

impl Witness {
    pub(crate) fn new(number: u8) -> Self {
        let key = SigningKey::from_seed(&[100 + number; 32]);
        let name = format!("witness.example/w{number}");
        let vkey = NoteKey::of_witness(&name, key.verifying_key()).unwrap();
        Self { key, vkey }
    }

    /// The checkpoint with this witness's cosignature added.
    pub(crate) fn cosign(&self, signed: &str, time: u64) -> String {
        let (text, _) = signed.split_once("\n\n").unwrap();
        let message = format!("cosignature/v1\ntime {time}\n{text}\n");
        let signature = self.key.sign(message.as_bytes()).unwrap();
        let vkey = self.vkey.to_string();
        let id = u32::from_str_radix(vkey.split('+').nth(1).unwrap(), 16).unwrap();
        let line = [&id.to_be_bytes()[..], &time.to_be_bytes(), &signature].concat();
        format!("{signed}\u{2014} {} {}\n", self.vkey.name(), STANDARD.encode(line))
    }
}
