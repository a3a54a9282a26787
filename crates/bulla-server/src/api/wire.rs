//! The forms in which the API speaks of receipts. They are types of their own: the library's may change, these are a
//! promise.

use bulla::{State, StoredEntry};
use serde::Serialize;
use utoipa::ToSchema;

use crate::problem::{Code, Problem};

/// Evidence that an entry reached a state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Receipt {
    /// Number of the entry: its leaf index in the Merkle tree.
    pub(crate) seq: u64,
    /// Leaf hash of the stored line (RFC 6962 §2.1), base64.
    pub(crate) leaf_hash: String,
    /// When the log received the entry, RFC 3339 with nanoseconds.
    pub(crate) recorded_at: String,
    /// What was true when the receipt was made.
    pub(crate) state: WireState,
    /// True when the record had come before: this is its first receipt.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) duplicate: bool,
}

/// How safe an entry is; each state implies those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum WireState {
    /// On disk and synced.
    Durable,
    /// Covered by a published checkpoint.
    Published,
    /// Covered by a checkpoint that witnesses cosigned.
    Witnessed,
}

impl From<State> for WireState {
    fn from(state: State) -> Self {
        match state {
            State::Published => Self::Published,
            State::Witnessed => Self::Witnessed,
            _ => Self::Durable,
        }
    }
}

impl From<&bulla::Receipt> for Receipt {
    fn from(receipt: &bulla::Receipt) -> Self {
        Self {
            seq: receipt.seq().get(),
            leaf_hash: receipt.leaf_hash().to_base64(),
            recorded_at: receipt.recorded_at().to_rfc3339_nanos(),
            state: receipt.state().into(),
            duplicate: false,
        }
    }
}

impl Receipt {
    /// The receipt of an entry that is in the log.
    pub(crate) fn of_stored(entry: &StoredEntry, state: State, duplicate: bool) -> Result<Self, Problem> {
        let envelope = entry.envelope().map_err(|error| {
            Problem::new(Code::ReadFailed, format!("entry {} is damaged: {error}", entry.seq()))
        })?;
        Ok(Self {
            seq: entry.seq().get(),
            leaf_hash: entry.leaf_hash().to_base64(),
            recorded_at: envelope.recorded_at.to_rfc3339_nanos(),
            state: state.into(),
            duplicate,
        })
    }
}
