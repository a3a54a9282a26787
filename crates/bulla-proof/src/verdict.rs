//! Verdicts: what was checked, what was found, where, and what was not checked.
//!
//! That something was tampered with is data, never an error: an error means that it could not be found out.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::ops::Range;

use crate::TreeSize;

/// What came out of checking a proof or a log; its `Display` is one line.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Verdict {
    /// The log's origin, when a checkpoint could be trusted so far as to believe it.
    pub origin: Option<String>,
    /// The size of the tree that the verdict is about; 0 when no checkpoint could be trusted.
    pub size: TreeSize,
    /// What was checked and is right, in words.
    pub checked: Vec<String>,
    /// What is wrong.
    pub findings: Vec<Finding>,
    /// How many more things are wrong than are listed.
    pub findings_not_listed: u64,
    /// Entries at the end that no checkpoint covers yet: neither right nor wrong.
    pub not_covered: Option<Range<u64>>,
    /// What a clean verdict still does not show, in words.
    pub not_proved: Vec<String>,
}

impl Verdict {
    /// A verdict in which nothing is checked yet.
    pub fn new(origin: Option<String>, size: TreeSize) -> Self {
        Self { origin, size, ..Self::default() }
    }

    /// How many things are wrong, listed or not.
    pub fn findings_total(&self) -> u64 {
        self.findings.len() as u64 + self.findings_not_listed
    }

    /// Whether something was checked and nothing is wrong.
    pub fn is_clean(&self) -> bool {
        self.findings.is_empty() && !self.checked.is_empty()
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let origin = self.origin.as_deref().unwrap_or("unknown log");
        match (self.findings.as_slice(), self.findings_total()) {
            ([], _) if self.checked.is_empty() => write!(f, "{origin}: nothing was checked")?,
            ([], _) => write!(f, "{origin}: clean at size {}", self.size)?,
            ([first, ..], 1) => write!(f, "{origin}: 1 finding: {first}")?,
            ([first, ..], total) => write!(f, "{origin}: {total} findings, the first: {first}")?,
        }
        match &self.not_covered {
            Some(tail) if !tail.is_empty() => {
                write!(f, "; entries {} to {} not yet covered by a checkpoint", tail.start, tail.end - 1)
            }
            _ => Ok(()),
        }
    }
}

/// One thing that is wrong; its `Display` is one line.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Finding {
    /// What is wrong.
    pub kind: FindingKind,
    /// The first entry it is about.
    pub first_seq: Option<u64>,
    /// The entry after the last one it is about.
    pub end_seq: Option<u64>,
    /// The file it is in, relative to the log directory.
    pub file: Option<String>,
    /// Where in the file.
    pub bytes: Option<Range<u64>>,
    /// Whether it can be made right from what the log still has.
    pub repairable: bool,
    /// What is wrong, for people.
    pub message: String,
    /// What shows it to others, such as both notes of a fork.
    pub evidence: Vec<String>,
}

impl Finding {
    /// A finding without a place.
    pub fn new(kind: FindingKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            first_seq: None,
            end_seq: None,
            file: None,
            bytes: None,
            repairable: false,
            message: message.into(),
            evidence: Vec::new(),
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind.as_str())?;
        match (self.first_seq, self.end_seq) {
            (Some(first), Some(end)) if end > first.saturating_add(1) => {
                write!(f, " at entries {first} to {}", end - 1)?;
            }
            (Some(first), _) => write!(f, " at entry {first}")?,
            (None, Some(end)) => write!(f, " before entry {end}")?,
            (None, None) => {}
        }
        if let Some(file) = &self.file {
            write!(f, " in {}", one_line(file))?;
        }
        if let Some(bytes) = &self.bytes {
            write!(f, " bytes {}..{}", bytes.start, bytes.end)?;
        }
        if self.repairable {
            f.write_str(" (repairable)")?;
        }
        write!(f, ": {}", one_line(&self.message))
    }
}

/// Text that cannot leave its line or drive a terminal.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

/// Kinds of finding. Names are stable; more can come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum FindingKind {
    /// An entry's bytes are not those that were logged.
    LineChanged,
    /// An entry is gone.
    LineRemoved,
    /// An entry is there that was not logged.
    LineInserted,
    /// An entry is in another place than it was logged at.
    LineMoved,
    /// An entry is there more than once.
    LineDuplicated,
    /// Entries are missing at the end.
    Truncated,
    /// Stored hashes are not those of the entries, which are right.
    TreeChanged,
    /// Neither the entries nor the stored hashes lead to the signed root.
    EntriesAndTreeChanged,
    /// A checkpoint is not signed as it must be.
    CheckpointBadSignature,
    /// A checkpoint cannot be read.
    CheckpointMalformed,
    /// The published checkpoints do not follow from one another.
    CheckpointHistoryInconsistent,
    /// The log is older than a checkpoint of it that is known.
    RolledBack,
    /// Two signed roots for one size.
    Fork,
    /// The file that says which log this is cannot be believed.
    IdentityDamaged,
    /// The log names another key than the one that is expected.
    KeyReplaced,
    /// An entry does not have the number of its place.
    SeqWrong,
    /// An entry's time of receipt is before that of an earlier one.
    RecordedAtWrong,
    /// A payload is gone without a record of its erasure.
    PayloadMissing,
    /// A payload is not the one that was logged.
    PayloadChanged,
    /// A segment cannot be read.
    SegmentUnreadable,
    /// A file of the log is gone.
    FileMissing,
    /// A file is there that is not part of the log.
    FileUnexpected,
    /// A proof does not have the form that its place and size ask for.
    ProofInvalid,
    /// The proof does not lead from the entry given to the signed root.
    EntryMismatch,
}

impl FindingKind {
    /// The stable name, in snake case.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::LineChanged => "line_changed",
            Self::LineRemoved => "line_removed",
            Self::LineInserted => "line_inserted",
            Self::LineMoved => "line_moved",
            Self::LineDuplicated => "line_duplicated",
            Self::Truncated => "truncated",
            Self::TreeChanged => "tree_changed",
            Self::EntriesAndTreeChanged => "entries_and_tree_changed",
            Self::CheckpointBadSignature => "checkpoint_bad_signature",
            Self::CheckpointMalformed => "checkpoint_malformed",
            Self::CheckpointHistoryInconsistent => "checkpoint_history_inconsistent",
            Self::RolledBack => "rolled_back",
            Self::Fork => "fork",
            Self::IdentityDamaged => "identity_damaged",
            Self::KeyReplaced => "key_replaced",
            Self::SeqWrong => "seq_wrong",
            Self::RecordedAtWrong => "recorded_at_wrong",
            Self::PayloadMissing => "payload_missing",
            Self::PayloadChanged => "payload_changed",
            Self::SegmentUnreadable => "segment_unreadable",
            Self::FileMissing => "file_missing",
            Self::FileUnexpected => "file_unexpected",
            Self::ProofInvalid => "proof_invalid",
            Self::EntryMismatch => "entry_mismatch",
        }
    }
}

impl fmt::Display for FindingKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
