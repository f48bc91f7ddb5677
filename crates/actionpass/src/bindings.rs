//! What a pass can be bound to beyond its call: a holder's key, a transaction, an approval, a tool's definition.

use crate::{
    hash::{LedgerHash, ToolHash},
    json::{Json, Object, ObjectWriter},
    key::KeyId,
    name::TransactionId,
};

/// Optional bindings of an action, carried by its pass.
///
/// # Example
///
/// ```
/// use axtary_actionpass::{Bindings, SigningKey};
///
/// let holder = SigningKey::generate()?;
/// let bindings = Bindings::none()
///     .to_holder(holder.verifying_key().id().clone())
///     .in_transaction("checkout-7".parse()?);
/// assert!(bindings.holder().is_some());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bindings {
    approval: Option<LedgerHash>,
    holder: Option<KeyId>,
    tool_hash: Option<ToolHash>,
    transaction: Option<TransactionId>,
}

impl Bindings {
    /// No bindings beyond the call itself.
    pub fn none() -> Self {
        Self::default()
    }

    /// Binds the pass to a key (`cnf.jkt`, RFC 7800 and RFC 9449): whoever uses it must prove that they hold the key.
    #[must_use]
    pub fn to_holder(mut self, key: KeyId) -> Self {
        self.holder = Some(key);
        self
    }

    /// Names the transaction that the call is part of (`txn`, RFC 8417), for whoever follows it through several systems.
    #[must_use]
    pub fn in_transaction(mut self, transaction: TransactionId) -> Self {
        self.transaction = Some(transaction);
        self
    }

    /// Names the ledger line of the approval under which the call is made.
    #[must_use]
    pub fn under_approval(mut self, approval: LedgerHash) -> Self {
        self.approval = Some(approval);
        self
    }

    /// Names the definition of the tool that the agent was shown.
    #[must_use]
    pub fn of_tool_definition(mut self, tool_hash: ToolHash) -> Self {
        self.tool_hash = Some(tool_hash);
        self
    }

    /// The key whose holder alone may use the pass.
    pub fn holder(&self) -> Option<&KeyId> {
        self.holder.as_ref()
    }

    /// The transaction that the call is part of.
    pub fn transaction(&self) -> Option<&TransactionId> {
        self.transaction.as_ref()
    }

    /// The ledger line of the approval under which the call is made.
    pub fn approval(&self) -> Option<LedgerHash> {
        self.approval
    }

    /// The definition of the tool that the agent was shown.
    pub fn tool_hash(&self) -> Option<ToolHash> {
        self.tool_hash
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    pub(crate) fn write_approval(&self, out: &mut ObjectWriter) {
        if let Some(approval) = self.approval {
            out.plain("approval", |out| approval.write(out));
        }
    }

    pub(crate) fn write_holder(&self, out: &mut ObjectWriter) {
        if let Some(holder) = &self.holder {
            out.nested("cnf", |out| out.text("jkt", holder.as_str()));
        }
    }

    pub(crate) fn write_tool_hash(&self, out: &mut ObjectWriter) {
        if let Some(tool_hash) = self.tool_hash {
            out.plain("tool_hash", |out| tool_hash.write(out));
        }
    }

    pub(crate) fn write_transaction(&self, out: &mut ObjectWriter) {
        if let Some(transaction) = &self.transaction {
            out.text("txn", transaction.as_str());
        }
    }

    /// Reads the bindings among a pass's claims; answers with the claim that is not in form.
    pub(crate) fn read(claims: &Object) -> Result<Self, &'static str> {
        let text = |claim: &'static str| match claims.get(claim) {
            None => Ok(None),
            Some(value) => value.as_str().map(Some).ok_or(claim),
        };
        let holder = match claims.get("cnf") {
            None => None,
            Some(cnf) => {
                let cnf = cnf.as_object().filter(|cnf| cnf.len() == 1);
                let jkt = cnf.and_then(|cnf| cnf.get("jkt")).and_then(Json::as_str);
                Some(jkt.and_then(KeyId::parse).ok_or("cnf")?)
            }
        };
        Ok(Self {
            approval: text("approval")?
                .map(LedgerHash::parse)
                .transpose()
                .map_err(|_| "approval")?,
            holder,
            tool_hash: text("tool_hash")?
                .map(ToolHash::parse)
                .transpose()
                .map_err(|_| "tool_hash")?,
            transaction: text("txn")?.map(TransactionId::new).transpose().map_err(|_| "txn")?,
        })
    }
}
