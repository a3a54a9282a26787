//! How an action ended, and which side of it an entry stands on.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// How an action ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum AuditOutcome {
    /// It did what was asked.
    Success,
    /// It was allowed and did not work.
    Failure,
    /// It was not allowed.
    Denied,
    /// Not known yet. Only an entry written before its act ([`Phase::Pre`]) may say so; this is also what an
    /// entry has until its outcome is set, so that nobody records a success by forgetting.
    #[default]
    Unknown,
}

/// Whether an entry is written once, before its act, or after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// The only entry about the act.
    #[default]
    Single,
    /// Written, and durable, before the act.
    Pre,
    /// Written after the act; `cause_id` names its [`Phase::Pre`] entry.
    Post,
}

impl Phase {
    /// Whether this is [`Phase::Single`], which is left out of the stored line.
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "the shape that serde asks for")]
    pub(crate) fn is_single(&self) -> bool {
        *self == Self::Single
    }
}

/// A word that names no outcome.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("outcome {0:?} is none of success, failure, denied, unknown")]
pub struct InvalidOutcome(String);

impl AuditOutcome {
    /// The word as it is written in an entry.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Failure => "failure",
            Self::Denied => "denied",
            Self::Unknown => "unknown",
        }
    }
}

impl fmt::Display for AuditOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for AuditOutcome {
    type Err = InvalidOutcome;

    fn from_str(word: &str) -> Result<Self, InvalidOutcome> {
        match word {
            "success" => Ok(Self::Success),
            "failure" => Ok(Self::Failure),
            "denied" => Ok(Self::Denied),
            "unknown" => Ok(Self::Unknown),
            other => Err(InvalidOutcome(other.chars().take(80).collect())),
        }
    }
}
