//! What the recorder itself knows of an entry. An emitter can never set any of it.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::seq::Seq;

/// The recorder's own part of a stored line: its first fields.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Envelope {
    /// Leaf index in the Merkle tree. Contiguous, never reused.
    pub seq: Seq,
    /// When the log received the entry, by the log's clock. Never decreases within a log.
    pub recorded_at: Timestamp,
    /// Where the entry came from, when that is not this process.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<Source>,
}

/// Where an entry came from.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Source {
    /// Name of the emitter, as the recorder knows it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Instance of the emitter: a process, a host, a file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instance: Option<String>,
    /// The emitter's own contiguous counter; a gap in it becomes an entry.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seq: Option<u64>,
    /// How it came: `http`, `file`, `otlp`…
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transport: Option<String>,
    /// Address of the other end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub peer: Option<String>,
    /// How the event is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vantage: Option<Vantage>,
}

/// How an event is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Vantage {
    /// Seen by something between the actor and the act: a proxy, a gate, a kernel.
    Observed,
    /// Told by the actor itself.
    Reported,
    /// Read from a foreign record.
    Imported,
}
