//! What a caller holds: a ticket while the entry is on its way, a receipt when a state is true.

use std::sync::Arc;

use bulla_proof::Hash;
use serde::Serialize;

use super::poison::Poison;
use super::watermarks::SharedWatermarks;
use super::write::queue::Fate;
use super::{OpenError, Rejected};
use crate::clock::Timestamp;
use crate::seq::Seq;

/// How safe an entry is. Each state implies those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum State {
    /// In memory only: all that a log without a directory can promise.
    Submitted,
    /// On disk, synced: no crash and no power failure takes it away.
    Durable,
    /// Covered by a checkpoint that the log signed and published.
    Published,
    /// Covered by a checkpoint that witnesses cosigned.
    Witnessed,
}

/// Evidence that an entry reached a state. It was true before the receipt existed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Receipt {
    seq: Seq,
    leaf_hash: Hash,
    #[serde(serialize_with = "as_stored")]
    recorded_at: Timestamp,
    state: State,
}

/// A receipt gives the time with nine decimals, as the stored line does.
fn as_stored<S: serde::Serializer>(at: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&at.to_rfc3339_nanos())
}

impl Receipt {
    pub(crate) fn new(seq: u64, leaf_hash: Hash, recorded_at: Timestamp, state: State) -> Self {
        Self { seq: seq.into(), leaf_hash, recorded_at, state }
    }

    /// Number of the entry: its leaf index in the Merkle tree.
    pub fn seq(&self) -> Seq {
        self.seq
    }

    /// Leaf hash of the stored line (RFC 6962 §2.1): `SHA-256(00 ‖ line)`.
    pub fn leaf_hash(&self) -> Hash {
        self.leaf_hash
    }

    /// When the log received the entry.
    pub fn recorded_at(&self) -> Timestamp {
        self.recorded_at
    }

    /// What was true when the receipt was made.
    pub fn state(&self) -> State {
        self.state
    }

    fn in_state(mut self, state: State) -> Self {
        self.state = state;
        self
    }
}

/// Why an entry was not recorded.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum RecordError {
    /// The entry breaks a rule; nothing of it is stored. Correct it and record it again.
    #[error("entry rejected: {0}")]
    Rejected(#[from] Rejected),
    /// The queue has no room; nothing of the entry is stored. Wait, or record it with a call that waits.
    #[error("the queue is full: {queued} of {limit} bytes; record again later, or use a call that waits")]
    QueueFull {
        /// Bytes in the queue.
        queued: usize,
        /// Bytes that it takes.
        limit: usize,
    },
    /// A write or sync failed; the entry may or may not be stored. Open the log again: its `id` tells.
    #[error(transparent)]
    Poisoned(#[from] Poison),
    /// The log was closed before; nothing of the entry is stored.
    #[error("the log is closed; open it again to record")]
    Closed,
    /// The log could not be opened; nothing is stored until it is.
    #[error("the log is not open: {0}")]
    NotOpen(Arc<OpenError>),
    /// The entry is in memory only: the log has no directory, so it cannot become durable or provable.
    #[error("the log is in memory only and cannot publish; open it with a directory")]
    MemoryOnly,
}

/// An entry on its way. Dropping it changes nothing: the entry is written all the same.
#[derive(Debug, Clone)]
pub struct Ticket {
    pub(crate) kind: TicketKind,
}

#[derive(Debug, Clone)]
pub(crate) enum TicketKind {
    /// Entry `index` of a chunk of the queue.
    Queued { fate: Arc<Fate>, index: u32, marks: Arc<SharedWatermarks> },
    /// Recorded in memory, as far as that goes.
    InMemory(Receipt),
}

impl Ticket {
    /// Completes when the entry is durable.
    ///
    /// # Errors
    /// [`RecordError::Poisoned`] when a write or sync failed: the entry may or may not be stored.
    pub async fn durable(&self) -> Result<Receipt, RecordError> {
        match &self.kind {
            TicketKind::Queued { fate, index, .. } => fate.settled.ready().await.receipt(*index),
            TicketKind::InMemory(receipt) => Ok(receipt.clone()),
        }
    }

    /// Blocks until the entry is durable.
    ///
    /// # Errors
    /// As [`Ticket::durable`].
    pub fn wait_durable(&self) -> Result<Receipt, RecordError> {
        match &self.kind {
            TicketKind::Queued { fate, index, .. } => fate.settled.wait().receipt(*index),
            TicketKind::InMemory(receipt) => Ok(receipt.clone()),
        }
    }

    /// Completes when a published checkpoint covers the entry: at most a publish interval after it is durable.
    ///
    /// # Errors
    /// As [`Ticket::durable`], or [`RecordError::Closed`] when the log ended first.
    pub async fn published(&self) -> Result<Receipt, RecordError> {
        let receipt = self.durable().await?;
        let seq = receipt.seq.get();
        match self.marks()?.reached(move |marks| marks.published > seq).await {
            Ok(_) => Ok(receipt.in_state(State::Published)),
            Err(ended) => Err(ended.map_or(RecordError::Closed, RecordError::Poisoned)),
        }
    }

    /// Blocks until a published checkpoint covers the entry.
    ///
    /// # Errors
    /// As [`Ticket::published`].
    pub fn wait_published(&self) -> Result<Receipt, RecordError> {
        let receipt = self.wait_durable()?;
        let seq = receipt.seq.get();
        match self.marks()?.wait(move |marks| marks.published > seq) {
            Ok(_) => Ok(receipt.in_state(State::Published)),
            Err(ended) => Err(ended.map_or(RecordError::Closed, RecordError::Poisoned)),
        }
    }

    /// Completes when a checkpoint that witnesses cosigned covers the entry
    /// (see [`AuditLog::accept_cosigned`](crate::AuditLog::accept_cosigned)).
    ///
    /// # Errors
    /// As [`Ticket::published`].
    pub async fn witnessed(&self) -> Result<Receipt, RecordError> {
        let receipt = self.published().await?;
        let seq = receipt.seq.get();
        match self.marks()?.reached(move |marks| marks.witnessed > seq).await {
            Ok(_) => Ok(receipt.in_state(State::Witnessed)),
            Err(ended) => Err(ended.map_or(RecordError::Closed, RecordError::Poisoned)),
        }
    }

    fn marks(&self) -> Result<&SharedWatermarks, RecordError> {
        match &self.kind {
            TicketKind::Queued { marks, .. } => Ok(marks),
            TicketKind::InMemory(_) => Err(RecordError::MemoryOnly),
        }
    }
}
