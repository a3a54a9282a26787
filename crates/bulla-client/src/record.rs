//! Recording: one entry, many, or a stream of lines.

use std::io::Read;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use ureq::SendBody;

use crate::answer::ClientError;
use crate::connection::Client;

/// 64 MiB of receipts: some 400,000 of about 160 bytes.
const RECEIPTS_BYTES_MAX: u64 = 64 << 20;

/// When a recording is answered, and how it may be repeated.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct RecordOptions {
    /// The state that entries must have before they are answered.
    pub wait: Wait,
    /// Gives ids to entries without one, so that sending them again does not record them twice.
    pub idempotency_key: Option<String>,
}

/// A state to wait for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Wait {
    /// On disk and synced.
    #[default]
    Durable,
    /// Covered by a published checkpoint.
    Published,
}

/// The server's word that an entry reached a state.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct Receipt {
    /// Number of the entry.
    pub seq: u64,
    /// Leaf hash of the stored line, base64.
    pub leaf_hash: String,
    /// When the log received it, RFC 3339.
    pub recorded_at: String,
    /// What was true when the receipt was made: `durable`, `published`, `witnessed`.
    pub state: String,
    /// Whether the entry had come before.
    #[serde(default)]
    pub duplicate: bool,
}

/// An entry that was not taken.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct RejectedRecord {
    /// Its number in the request, from 0.
    pub index: u64,
    /// The stable word for the reason.
    pub code: String,
    /// What is wrong with it.
    pub detail: String,
}

/// What became of many entries.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct Recorded {
    /// One for each entry that is in the log, in their order.
    pub receipts: Vec<Receipt>,
    /// The first of those that are not, in their order.
    pub rejected: Vec<RejectedRecord>,
    /// How many are not.
    #[serde(default)]
    pub rejected_count: u64,
}

impl RecordOptions {
    /// With a state to wait for.
    pub fn waiting(wait: Wait) -> Self {
        Self { wait, idempotency_key: None }
    }
}

impl Client {
    /// Records one entry, a JSON object.
    ///
    /// # Durability
    /// The server answers when the entry has the state that was asked for. After [`ClientError::Unreachable`] it may or
    /// may not be in the log: sending it again records it once if it has an `id`.
    ///
    /// # Errors
    /// When the server did not take it.
    pub fn record(&self, entry: &[u8], options: &RecordOptions) -> Result<Receipt, ClientError> {
        self.post("application/json", entry, options)
    }

    /// Records what a reader gives: a JSON object on each line. The receipts come in the end, and are held in memory:
    /// send long streams in parts.
    ///
    /// # Durability
    /// As [`Client::record`], for each entry.
    ///
    /// # Errors
    /// When the server did not take them; a refusal says how many it took.
    pub fn record_lines(
        &self,
        lines: &mut dyn Read,
        options: &RecordOptions,
    ) -> Result<Recorded, ClientError> {
        self.post("application/x-ndjson", SendBody::from_reader(lines), options)
    }

    fn post<T: DeserializeOwned>(
        &self,
        media: &str,
        body: impl ureq::AsSendBody,
        options: &RecordOptions,
    ) -> Result<T, ClientError> {
        let wait = match options.wait {
            Wait::Durable => "durable",
            Wait::Published => "published",
        };
        let path = format!("/v1/entries?wait={wait}");
        let key = options.idempotency_key.as_deref().map(|key| ("idempotency-key", key));
        let headers: Vec<_> = [("content-type", media)].into_iter().chain(key).collect();
        self.send(&path, &headers, body)?.json(RECEIPTS_BYTES_MAX)
    }
}
