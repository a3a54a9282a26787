//! Proof files: that an entry is in a log, to be checked offline (c2sp.org/tlog-proof).
//!
//! A proof file is read only in the one form in which it is printed. That it does not prove what it should is a
//! [`Verdict`], not an error.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;
use core::fmt;

use base64ct::{Base64, Encoding};

use crate::decimal::parse_decimal;
use crate::{
    Algorithm, Checkpoint, CheckpointError, Finding, FindingKind, Hash, LeafIndex, Note, NoteError, Policy,
    PolicyError, ProofError, TreeSize, TrustedCheckpoint, Verdict, check_inclusion, leaf_hash,
};

/// The longest proof file read, 2 MiB: a note of 1 MiB, and as much again for extra data and hashes.
pub const PROOF_FILE_LEN_MAX: usize = 2 << 20;

/// The most hashes a proof can have: 64, the levels of a tree of 64-bit size.
pub const PROOF_HASHES_MAX: usize = 64;

const FIRST_LINE: &str = "c2sp.org/tlog-proof@v1";

/// An inclusion proof with the checkpoint it leads to; its `Display` is the file.
///
/// # Trust
/// Nothing about it is verified, and the extra data never is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProofFile {
    extra: Option<Vec<u8>>,
    index: LeafIndex,
    proof: Vec<Hash>,
    note: Note,
}

/// Why this is no proof file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProofFileError {
    /// See [`PROOF_FILE_LEN_MAX`].
    #[error("read proof: it is longer than {PROOF_FILE_LEN_MAX} bytes")]
    TooLong,
    /// Proof files are UTF-8.
    #[error("read proof: it is not UTF-8")]
    NotText,
    /// The first line names the format.
    #[error("read proof: the first line must be {FIRST_LINE}")]
    FirstLine,
    /// An extra line has padded standard base64 of at least one byte.
    #[error("read proof: the extra line must be `extra` and padded standard base64")]
    Extra,
    /// The entry's index is decimal without leading zeros.
    #[error("read proof: the index line must be `index` and a decimal 64-bit number without leading zeros")]
    Index,
    /// Hashes are base64 of 32 bytes, up to a blank line.
    #[error(
        "read proof: each line between index and blank line must be the base64 of 32 bytes, {PROOF_HASHES_MAX} at most"
    )]
    Hashes,
    /// Under the blank line there is no note.
    #[error("read proof: under the blank line there is no signed checkpoint")]
    Note(#[from] NoteError),
    /// Under the blank line there is a note that is no checkpoint.
    #[error("read proof: the note under the blank line is no checkpoint")]
    Checkpoint(#[from] CheckpointError),
}

/// Why it could not be found out whether a proof holds.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CheckError {
    /// The signatures that this build can verify are not enough, and there is one that it cannot verify.
    #[error("check proof: this build cannot verify the signature of {name}, algorithm {:02x}", .algorithm.byte())]
    Unsupported {
        /// The name of the key.
        name: String,
        /// What this build does not have.
        algorithm: Algorithm,
    },
}

impl ProofFile {
    /// Puts a proof and the signed checkpoint it leads to together.
    ///
    /// # Errors
    /// When there are too many hashes, or the note is no signed checkpoint.
    pub fn new(index: LeafIndex, proof: Vec<Hash>, note: &str) -> Result<Self, ProofFileError> {
        if proof.len() > PROOF_HASHES_MAX {
            return Err(ProofFileError::Hashes);
        }
        Ok(Self { extra: None, index, proof, note: parse_checkpoint_note(note)? })
    }

    /// Adds data that travels with the proof and that nothing authenticates; no bytes are no data. A file that gets
    /// longer than [`PROOF_FILE_LEN_MAX`] does not read back.
    #[must_use]
    pub fn with_extra(self, extra: Vec<u8>) -> Self {
        Self { extra: Some(extra).filter(|extra| !extra.is_empty()), ..self }
    }

    /// Reads a proof file.
    ///
    /// # Errors
    /// When the bytes are anything but a proof file in its one form.
    pub fn parse(bytes: &[u8]) -> Result<Self, ProofFileError> {
        if bytes.len() > PROOF_FILE_LEN_MAX {
            return Err(ProofFileError::TooLong);
        }
        let text = core::str::from_utf8(bytes).map_err(|_| ProofFileError::NotText)?;
        let rest = text.strip_prefix(FIRST_LINE).and_then(|rest| rest.strip_prefix('\n'));
        let (line, rest) = split_line(rest.ok_or(ProofFileError::FirstLine)?).ok_or(ProofFileError::Index)?;
        let (extra, line, rest) = match line.strip_prefix("extra ") {
            Some(encoded) => {
                let (line, rest) = split_line(rest).ok_or(ProofFileError::Index)?;
                (Some(parse_extra(encoded)?), line, rest)
            }
            None => (None, line, rest),
        };
        let index = line.strip_prefix("index ").and_then(parse_decimal).ok_or(ProofFileError::Index)?;
        let (proof, note) = parse_hashes(rest)?;
        Ok(Self { extra, index: LeafIndex(index), proof, note: parse_checkpoint_note(note)? })
    }

    /// The entry's index in the log.
    pub const fn index(&self) -> LeafIndex {
        self.index
    }

    /// The hashes beside the entry's path, lowest first.
    pub fn proof(&self) -> &[Hash] {
        &self.proof
    }

    /// The signed checkpoint.
    pub const fn note(&self) -> &Note {
        &self.note
    }

    /// Data that came along. Nothing authenticates it.
    pub fn extra(&self) -> Option<&[u8]> {
        self.extra.as_deref()
    }

    /// Checks that these bytes are the entry at [`ProofFile::index`] of a log that the policy trusts.
    ///
    /// # Trust
    /// Only a verdict that [is clean](Verdict::is_clean) shows it. The verdict says what it does not show.
    ///
    /// # Errors
    /// Only when it could not be found out. A bad proof, entry or signature is a finding of the verdict.
    pub fn check(&self, entry: &[u8], policy: &Policy) -> Result<Verdict, CheckError> {
        match policy.verify_note(self.note.clone()) {
            Ok(trusted) => Ok(self.check_entry(entry, &trusted)),
            Err(PolicyError::Unsupported { name, algorithm }) => {
                Err(CheckError::Unsupported { name, algorithm })
            }
            Err(refused) => Ok(self.distrust(&refused)),
        }
    }

    fn check_entry(&self, entry: &[u8], trusted: &TrustedCheckpoint) -> Verdict {
        let (origin, size) = (trusted.origin(), trusted.size());
        let mut verdict = Verdict::new(Some(origin.to_string()), size);
        verdict.checked.push(format!("the checkpoint of {origin} at size {size} has a good signature"));
        if !trusted.witness_times().is_empty() {
            let names: Vec<&str> = trusted.witness_times().iter().map(|by| by.name.as_str()).collect();
            verdict.checked.push(format!("it is cosigned by {}", names.join(", ")));
        }
        match check_inclusion(&leaf_hash(entry), self.index, size, &self.proof, &trusted.root()) {
            Ok(()) => {
                verdict.checked.push(format!(
                    "the {} bytes given are entry {} of it",
                    entry.len(),
                    self.index
                ));
            }
            Err(error) => verdict.findings.push(self.finding(&error)),
        }
        verdict.not_proved = self.not_proved(trusted);
        verdict
    }

    fn finding(&self, error: &ProofError) -> Finding {
        let (kind, message) = match error {
            ProofError::RootMismatch { .. } => (
                FindingKind::EntryMismatch,
                format!("the bytes given are not entry {}, or the proof was changed: {error}", self.index),
            ),
            _ => (FindingKind::ProofInvalid, error.to_string()),
        };
        Finding { first_seq: Some(self.index.get()), ..Finding::new(kind, message) }
    }

    fn distrust(&self, refused: &PolicyError) -> Verdict {
        let finding = Finding::new(FindingKind::CheckpointBadSignature, refused.to_string());
        let finding = Finding { evidence: vec![self.note.to_string()], ..finding };
        Verdict { findings: vec![finding], ..Verdict::new(None, TreeSize(0)) }
    }

    fn not_proved(&self, trusted: &TrustedCheckpoint) -> Vec<String> {
        let mut scope = vec!["that what the entry says is true: only that the log has it".to_string()];
        if trusted.witness_times().is_empty() {
            scope.push(
                "that the log shows everyone the same tree: no witness of the policy cosigned".to_string(),
            );
        }
        if self.extra.is_some() {
            scope.push("anything about the extra data: nothing authenticates it".to_string());
        }
        scope
    }
}

impl fmt::Display for ProofFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{FIRST_LINE}")?;
        if let Some(extra) = &self.extra {
            writeln!(f, "extra {}", Base64::encode_string(extra))?;
        }
        writeln!(f, "index {}", self.index)?;
        self.proof.iter().try_for_each(|hash| writeln!(f, "{}", hash.to_base64()))?;
        write!(f, "\n{}", self.note)
    }
}

/// Reads a note whose text is a checkpoint; without this, hash lines under a second blank line would pass for text.
fn parse_checkpoint_note(text: &str) -> Result<Note, ProofFileError> {
    let note = Note::parse(text.as_bytes())?;
    Checkpoint::parse(note.text())?;
    Ok(note)
}

fn split_line(text: &str) -> Option<(&str, &str)> {
    text.split_once('\n')
}

fn parse_extra(encoded: &str) -> Result<Vec<u8>, ProofFileError> {
    match Base64::decode_vec(encoded) {
        Ok(extra) if !extra.is_empty() => Ok(extra),
        _ => Err(ProofFileError::Extra),
    }
}

/// The hashes up to the blank line, and what follows it.
fn parse_hashes(text: &str) -> Result<(Vec<Hash>, &str), ProofFileError> {
    let mut proof = Vec::new();
    let mut rest = text;
    loop {
        let (line, after) = split_line(rest).ok_or(ProofFileError::Hashes)?;
        if line.is_empty() {
            return Ok((proof, after));
        }
        if proof.len() == PROOF_HASHES_MAX {
            return Err(ProofFileError::Hashes);
        }
        proof.push(Hash::from_base64(line).map_err(|_| ProofFileError::Hashes)?);
        rest = after;
    }
}
