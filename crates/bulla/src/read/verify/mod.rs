//! Whole-log verification: every line, every hash, every checkpoint. Reads only, without the lock, and never accuses
//! a log that is being written.

pub(in crate::read) mod checkpoints;
mod examine;
mod findings;
mod in_order;
mod lengths;
mod payloads;
mod piece;
mod prefix;
mod snapshot;
mod sweep;
mod tail;
mod words;

use std::fmt;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;

use bulla_proof::{Finding, FindingKind, Policy, Verdict, VerifierKey};

use crate::read::verify::checkpoints::expected::ExpectedRoots;
use crate::read::verify::checkpoints::published::Heads;
use crate::read::verify::checkpoints::trust::Trust;
use crate::read::verify::findings::Findings;
use crate::read::verify::lengths::check_lengths;
use crate::read::verify::payloads::Payloads;
use crate::read::verify::snapshot::Snapshot;
use crate::store::disk::{Disk, DiskError};
use crate::store::layout::{CHECKPOINTS, ENTRIES};
use crate::store::{Identity, IdentityError, OsDisk};

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
/// # What is found
/// A change of any byte of `entries/`, `tree/`, `checkpoint` and `checkpoints` below the newest checkpoint, and of
/// payloads that entries name. What changes nothing is not found, and need not be:
///
/// - a byte of a sealed segment whose frame still decompresses to the same lines;
/// - a sealed segment beside its plain form, which is the one that counts;
/// - white space and `created_at` in `log.json`;
/// - in `checkpoint`, signature lines of witnesses that no policy names;
/// - a checkpoint taken whole out of the middle of the history, or bytes behind its last one, as a crash leaves them.
///
/// A damaged log is read twice, the second time by one thread.
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
        let threads =
            self.threads.or_else(|| std::thread::available_parallelism().ok()).map_or(1, NonZeroUsize::get);
        let mut findings = Findings::default();
        let trust = self.trust(&mut findings)?;
        let snapshot = Snapshot::take(&self.disk)?;
        let heads = checkpoints::published::judge(
            &self.disk,
            &snapshot.published,
            &trust,
            &self.pins,
            threads,
            &mut findings,
        )?;
        let payloads = Payloads::new(self.disk.clone());
        let roots = || ExpectedRoots::new(&self.disk, &snapshot.published, &trust, &heads);
        let mut swept = sweep::sweep(&self.disk, &snapshot, roots()?, &payloads, threads, self.progress)?;
        check_names(&snapshot, &mut findings);
        let signed = heads.newest.as_ref().map_or(0, |newest| newest.size.get());
        let entries = if swept.is_clean {
            findings.extend(check_lengths(&snapshot.rows, 0, signed, swept.entries));
            swept.entries
        } else {
            examine::examine(&self.disk, &snapshot, roots()?, &payloads, &mut swept, signed, &mut findings)?
        };
        if findings.list.is_empty() {
            findings.extend(tail::look_for_later_checkpoint(&self.disk, signed, entries)?);
        }
        if findings.list.is_empty() {
            findings.extend(tail::look_for_repeated_line(&self.disk, &snapshot)?);
        }
        if swept.lost.is_missing_some() {
            tail::look_for_erasures(&self.disk, &payloads, &mut swept.lost)?;
        }
        check_published_is_there(&snapshot, &heads, entries, &mut findings);
        Ok(words::verdict(&trust, &heads, swept, entries, !self.pins.is_empty(), findings))
    }

    fn trust(&self, findings: &mut Findings) -> Result<Trust, VerifyError> {
        let identity = match Identity::read(self.disk.as_ref()) {
            Err(IdentityError::Damaged(_, reason)) => Err(reason),
            identity => Ok(identity?),
        };
        let mut found = Vec::new();
        let identity = identity.as_ref().map_err(String::clone);
        let trust = Trust::new(self.policy.clone(), self.key.clone(), identity, &mut found);
        findings.extend(found);
        Ok(trust)
    }
}

fn check_names(snapshot: &Snapshot, findings: &mut Findings) {
    for name in &snapshot.strange {
        let text = "it is no segment, and nothing else belongs here";
        let finding = Finding::new(FindingKind::FileUnexpected, text);
        findings.push(Finding { file: Some(name.clone()), ..finding });
    }
    if snapshot.is_entries_missing {
        let finding = Finding::new(FindingKind::FileMissing, "the folder of entries is gone");
        findings.push(Finding { file: Some(ENTRIES.to_owned()), ..finding });
    }
}

/// The history is made before the first entry is.
fn check_published_is_there(snapshot: &Snapshot, heads: &Heads, entries: u64, findings: &mut Findings) {
    if snapshot.published.history.is_none() && heads.newest.is_none() && entries > 0 {
        let finding = Finding::new(FindingKind::FileMissing, "the history of checkpoints is gone");
        findings.push(Finding { file: Some(CHECKPOINTS.to_owned()), ..finding });
    }
}
