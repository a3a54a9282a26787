//! An entry as it is stored: the exact bytes, and views of them.

use bulla_proof::{Hash, leaf_hash};

use crate::entry::{AuditEntry, Envelope};
use crate::seq::Seq;
use crate::store::segment::line::parse_prefix;

/// Bytes that do not begin as a stored line does, with number and time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("read stored entry: it does not begin with its number and the time of recording")]
pub struct NotStored;

/// One stored line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredEntry {
    seq: Seq,
    line: Vec<u8>,
}

impl StoredEntry {
    pub(crate) fn new(seq: u64, line: Vec<u8>) -> Self {
        Self { seq: seq.into(), line }
    }

    /// A stored line that came from elsewhere, such as a server; its number is the one that it bears.
    ///
    /// # Trust
    /// Nothing but that it begins as a stored line does is checked: for the rest there are proofs.
    ///
    /// # Errors
    /// When it does not.
    pub fn from_line(line: Vec<u8>) -> Result<Self, NotStored> {
        let (seq, _) = parse_prefix(&line).ok_or(NotStored)?;
        Ok(Self::new(seq, line))
    }

    /// Number of the entry.
    pub fn seq(&self) -> Seq {
        self.seq
    }

    /// The stored bytes without the newline: what the leaf hash covers.
    pub fn line(&self) -> &[u8] {
        &self.line
    }

    /// The stored bytes, owned.
    pub fn into_line(self) -> Vec<u8> {
        self.line
    }

    /// `SHA-256(00 ‖ line)` (RFC 6962 §2.1).
    pub fn leaf_hash(&self) -> Hash {
        leaf_hash(&self.line)
    }

    /// What the recorder knows of the entry.
    ///
    /// # Errors
    /// When the line is not an entry, which is damage.
    pub fn envelope(&self) -> Result<Envelope, serde_json::Error> {
        serde_json::from_slice(&self.line)
    }

    /// What the emitter says happened.
    ///
    /// # Errors
    /// When the line is not an entry, which is damage.
    pub fn entry(&self) -> Result<AuditEntry, serde_json::Error> {
        serde_json::from_slice(&self.line)
    }
}
