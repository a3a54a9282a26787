//! Whole-log verification: every line, every hash, every checkpoint. Reads only, without the lock, and never accuses
//! a log that is being written.

use std::fmt;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;

use bulla_proof::{Finding, FindingKind, Frontier, Hash, Policy, RowReader, TreeSize, Verdict, VerifierKey};

use super::reader::{LogReader, ReadError};
use crate::store::disk::{Disk, DiskError};
use crate::store::{IdentityError, OsDisk};

/// Why it could not be found out whether a log is what it was. Anything that is wrong with the log is in the
/// [`Verdict`] instead.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// The directory is no log, or one of a newer format.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// A file could not be read.
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// A pinned checkpoint is not one.
    #[error("pinned checkpoint {number} cannot be read: {reason}")]
    Pin {
        /// Which one, from 1, in the order given.
        number: usize,
        /// What is wrong with it.
        reason: String,
    },
    /// This build cannot verify the signatures.
    #[error("verify the signatures of {file}: {reason}")]
    Unsupported {
        /// File of the checkpoint.
        file: String,
        /// What is missing.
        reason: String,
    },
}

/// How far a verification is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Progress {
    /// Entries whose hashes are made.
    pub entries_done: u64,
    /// Entries that there are.
    pub entries_total: u64,
    /// Bytes of `entries/` that are read.
    pub bytes_done: u64,
    /// Bytes of `entries/` that there are.
    pub bytes_total: u64,
}

/// Verifies the log at `directory`: [`Verify`] with nothing pinned.
///
/// ```no_run
/// let verdict = bulla::verify("audit")?;
/// println!("{verdict}");
/// # Ok::<(), bulla::VerifyError>(())
/// ```
///
/// # Errors
/// When it could not be found out; what is wrong with the log is in the verdict.
pub fn verify(directory: impl Into<PathBuf>) -> Result<Verdict, VerifyError> {
    Verify::of(directory).run()
}

/// Verifies a whole log, with what is known of it from elsewhere.
///
/// ```no_run
/// let pinned = std::fs::read("elsewhere/checkpoint")?;
/// let verdict = bulla::Verify::of("audit").pin(pinned).run()?;
/// assert!(verdict.is_clean(), "{verdict}");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Trust
/// With the key from `log.json`, whoever can write that file is trusted too: give the key, a policy, or a pinned
/// checkpoint.
#[must_use = "nothing is verified until `run`"]
pub struct Verify<'a> {
    disk: Arc<dyn Disk>,
    pins: Vec<Vec<u8>>,
    policy: Option<Policy>,
    key: Option<VerifierKey>,
    threads: Option<NonZeroUsize>,
    progress: Option<&'a (dyn Fn(Progress) + Sync)>,
}

impl fmt::Debug for Verify<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verify")
            .field("disk", &self.disk)
            .field("pins", &self.pins.len())
            .finish_non_exhaustive()
    }
}

impl<'a> Verify<'a> {
    /// Of the log at `directory`.
    pub fn of(directory: impl Into<PathBuf>) -> Self {
        Self::on_disk(Arc::new(OsDisk::new(directory)))
    }

    /// Of the log on `disk`.
    pub fn on_disk(disk: Arc<dyn Disk>) -> Self {
        Self { disk, pins: Vec::new(), policy: None, key: None, threads: None, progress: None }
    }

    /// Holds the log to a checkpoint that was kept elsewhere: the bytes of a signed note. May be called more than
    /// once.
    pub fn pin(mut self, note: impl Into<Vec<u8>>) -> Self {
        self.pins.push(note.into());
        self
    }

    /// Trusts checkpoints by this policy instead of the key in `log.json`.
    pub fn policy(mut self, policy: Policy) -> Self {
        self.policy = Some(policy);
        self
    }

    /// Trusts this key instead of the one in `log.json`; that they differ is a finding.
    pub fn key(mut self, key: VerifierKey) -> Self {
        self.key = Some(key);
        self
    }

    /// Uses so many threads. Default: one for each core.
    pub fn threads(mut self, threads: NonZeroUsize) -> Self {
        self.threads = Some(threads);
        self
    }

    /// Says how far it is, now and then, from any of the threads.
    pub fn progress(mut self, progress: &'a (dyn Fn(Progress) + Sync)) -> Self {
        self.progress = Some(progress);
        self
    }

    /// Verifies.
    ///
    /// # Errors
    /// When it could not be found out; what is wrong with the log is in the verdict.
    pub fn run(self) -> Result<Verdict, VerifyError> {
        let reader = LogReader::open_disk(self.disk.clone()).map_err(unreadable)?;
        let newest = reader.checkpoint();
        let size = reader.size().map_err(unreadable)?;
        let mut verdict = Verdict::new(Some(reader.identity().origin.clone()), TreeSize(0));
        let mut frontier = Frontier::new();
        let mut signed = None;
        match newest {
            Ok(Some(newest)) => {
                verdict.size = newest.size();
                signed = Some(newest);
            }
            Ok(None) => {}
            Err(error) => {
                verdict.findings.push(Finding::new(FindingKind::CheckpointBadSignature, error.to_string()));
            }
        }
        let mut entries = reader.read(0..size);
        loop {
            if let Some(newest) = signed.take_if(|newest| newest.size() == frontier.size())
                && newest.root() != frontier.root()
            {
                let text = "the entries do not have the signed root";
                verdict.findings.push(Finding::new(FindingKind::EntriesAndTreeChanged, text));
            }
            let Ok(Some((seq, line))) = entries.next_line() else { break };
            let leaf = bulla_proof::leaf_hash(line);
            let mut stored = [Hash::default()];
            reader.rows.read_row(0, seq.get(), &mut stored)?;
            if stored[0] != leaf {
                let text = "its bytes do not have the hash in tree/";
                verdict.findings.push(Finding {
                    first_seq: Some(seq.get()),
                    end_seq: Some(seq.get() + 1),
                    ..Finding::new(FindingKind::LineChanged, text)
                });
            }
            frontier.append(leaf);
        }
        if let Some(newest) = signed {
            verdict.findings.push(Finding {
                first_seq: Some(frontier.size().get()),
                end_seq: Some(newest.size().get()),
                ..Finding::new(FindingKind::Truncated, "entries are missing at the end")
            });
        }
        verdict.checked.push(format!("{} entries", frontier.size()));
        if size > verdict.size.get() {
            verdict.not_covered = Some(verdict.size.get()..size);
        }
        if let Some(progress) = self.progress {
            progress(Progress { entries_done: size, entries_total: size, ..Progress::default() });
        }
        Ok(verdict)
    }
}

fn unreadable(error: ReadError) -> VerifyError {
    match error {
        ReadError::Identity(error) => error.into(),
        ReadError::Disk(error) => error.into(),
        other => VerifyError::Unsupported { file: "log".to_owned(), reason: other.to_string() },
    }
}
