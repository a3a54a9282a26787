//! Verification of a log from the outside: everything that its public format serves, held against a signed checkpoint.
//!
//! Reads every entry once, in constant memory. A log that grows meanwhile is verified up to the checkpoint that was
//! fetched first; what is wrong is a [`Verdict`], and an error means that it could not be found out.

mod fetch;
mod findings;
mod grow;
mod judge;
mod piece;
mod trust;

use std::fmt;
use std::num::NonZeroUsize;

use bulla_proof::{Finding, FindingKind, Policy, TileId, TileKind, TreeSize, Verdict, VerifierKey};

use crate::answer::ClientError;
use crate::connection::Client;
use findings::Findings;
use grow::{Grower, Grown};
use trust::{Disbelief, Signed, Trust};

/// 4 tiles are fetched at once: enough to hide a round trip, too few to keep others out.
const CONNECTIONS: NonZeroUsize = NonZeroUsize::new(4).expect("4 is not 0");

/// Why it could not be found out whether a log is what it says.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// The server did not answer.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// There is nothing to hold the entries against.
    #[error("the log has not published a checkpoint yet: try again when it has entries")]
    NothingPublished,
    /// A pinned checkpoint is not one.
    #[error("pinned checkpoint {number} cannot be read: {reason}")]
    Pin {
        /// Which one, from 1, in the order given.
        number: usize,
        /// What is wrong with it.
        reason: String,
    },
    /// The key that the server names is none.
    #[error(
        "the key that the server names cannot be used: {0}; give the log's key, as you know it from elsewhere"
    )]
    ServerKey(String),
    /// This build cannot verify the signatures.
    #[error("verify the signatures of {what}: {reason}")]
    Unsupported {
        /// Which checkpoint.
        what: String,
        /// What is missing.
        reason: String,
    },
}

/// How far a verification is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Progress {
    /// Entries that are fetched and hashed.
    pub entries_done: u64,
    /// Entries that the checkpoint covers.
    pub entries_total: u64,
}

/// Verifies the log of a server from the outside.
///
/// # What is found
/// An entry, a hash or a checkpoint that is not the one that was signed; a log that is older than a pinned checkpoint, or
/// of another history; entries without the number of their place. Payloads are no part of the public format.
///
/// # Trust
/// Without a key, a policy or a pin, the key is the one that the server names, and so is the server believed.
#[must_use = "nothing is verified until `run`"]
pub struct Verify<'a> {
    client: &'a Client,
    pins: Vec<Vec<u8>>,
    policy: Option<Policy>,
    key: Option<VerifierKey>,
    connections: NonZeroUsize,
    progress: Option<&'a dyn Fn(Progress)>,
}

impl fmt::Debug for Verify<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Verify");
        shown.field("client", &self.client).field("pins", &self.pins.len()).finish_non_exhaustive()
    }
}

impl<'a> Verify<'a> {
    /// Of the log that `client` reaches.
    pub fn of(client: &'a Client) -> Self {
        Self { client, pins: Vec::new(), policy: None, key: None, connections: CONNECTIONS, progress: None }
    }

    /// Holds the log to a checkpoint that was kept: the bytes of a signed note. May be called more than once.
    pub fn pin(mut self, note: impl Into<Vec<u8>>) -> Self {
        self.pins.push(note.into());
        self
    }

    /// Trusts checkpoints by this policy.
    pub fn policy(mut self, policy: Policy) -> Self {
        self.policy = Some(policy);
        self
    }

    /// Trusts this key; that the server names another is a finding.
    pub fn key(mut self, key: VerifierKey) -> Self {
        self.key = Some(key);
        self
    }

    /// Fetches so many tiles at once. Default: 4.
    pub fn connections(mut self, connections: NonZeroUsize) -> Self {
        self.connections = connections;
        self
    }

    /// Says how far it is, behind every tile.
    pub fn progress(mut self, progress: &'a dyn Fn(Progress)) -> Self {
        self.progress = Some(progress);
        self
    }

    /// Verifies.
    ///
    /// # Errors
    /// When it could not be found out; what is wrong with the log is in the verdict.
    pub fn run(self) -> Result<Verdict, VerifyError> {
        let mut findings = Findings::default();
        let trust = self.trust(&mut findings)?;
        let pins = self.judge_pins(&trust, &mut findings)?;
        let Some(newest) = self.newest(&trust, &pins, &mut findings)? else {
            return Ok(findings.into_verdict(Verdict::new(Some(trust.origin().to_owned()), TreeSize(0))));
        };
        judge::compare_pins_beyond(&newest, &pins, &mut findings);
        let grown = self.grow(&newest, &pins, &mut findings)?;
        let roots = judge::judge(grown, &newest, &pins, &mut findings);
        let mut verdict = Verdict::new(Some(trust.origin().to_owned()), newest.size);
        verdict.checked = checked(&newest, roots);
        verdict.not_proved = not_proved(&trust, self.pins.is_empty());
        Ok(findings.into_verdict(verdict))
    }

    /// Who is believed: what the caller gave, or the server's own word.
    fn trust(&self, findings: &mut Findings) -> Result<Trust, VerifyError> {
        let said = match self.client.identity() {
            Ok(identity) => Some(identity),
            // Other logs of the same public format have no such file.
            Err(error) if error.is_not_found() && (self.key.is_some() || self.policy.is_some()) => None,
            Err(error) => return Err(error.into()),
        };
        let said = said.map(|identity| identity.vkey.parse::<VerifierKey>()).transpose();
        Trust::new(self.policy.clone(), self.key.clone(), said, findings)
    }

    fn judge_pins(&self, trust: &Trust, findings: &mut Findings) -> Result<Vec<Signed>, VerifyError> {
        let mut pins = Vec::new();
        for (index, pin) in self.pins.iter().enumerate() {
            match trust.judge(pin) {
                Ok(pin) => pins.push(pin),
                Err(Disbelief::Malformed(reason)) => return Err(VerifyError::Pin { number: index + 1, reason }),
                Err(Disbelief::Unsupported(reason)) => {
                    let what = format!("pinned checkpoint {}", index + 1);
                    return Err(VerifyError::Unsupported { what, reason });
                }
                Err(Disbelief::BadSignature(reason)) => findings.push(Finding {
                    evidence: vec![String::from_utf8_lossy(pin).into_owned()],
                    ..Finding::new(
                        FindingKind::CheckpointBadSignature,
                        format!(
                            "a pinned checkpoint is not signed by the log's key: it is of another log, or the key was \
                             replaced ({reason})"
                        ),
                    )
                }),
            }
        }
        pins.sort_by_key(|pin| pin.size);
        Ok(pins)
    }

    /// The checkpoint that the server serves, if it can be believed.
    fn newest(
        &self,
        trust: &Trust,
        pins: &[Signed],
        findings: &mut Findings,
    ) -> Result<Option<Signed>, VerifyError> {
        let Some(note) = self.client.checkpoint()? else {
            let Some(pin) = pins.last() else { return Err(VerifyError::NothingPublished) };
            let text = format!("the server has no checkpoint, and one of size {} is pinned", pin.size);
            let evidence = vec![pin.note.clone()];
            findings.push(Finding { evidence, ..Finding::new(FindingKind::RolledBack, text) });
            return Ok(None);
        };
        let (kind, reason) = match trust.judge(&note) {
            Ok(newest) => return Ok(Some(newest)),
            Err(Disbelief::Malformed(reason)) => (FindingKind::CheckpointMalformed, reason),
            Err(Disbelief::BadSignature(reason)) => (FindingKind::CheckpointBadSignature, reason),
            Err(Disbelief::Unsupported(reason)) => {
                return Err(VerifyError::Unsupported { what: "the newest checkpoint".to_owned(), reason });
            }
        };
        let evidence = vec![String::from_utf8_lossy(&note).into_owned()];
        findings.push(Finding {
            file: Some("checkpoint".to_owned()),
            evidence,
            ..Finding::new(kind, reason)
        });
        Ok(None)
    }

    /// Fetches everything that the checkpoint covers, and grows the trees that it amounts to.
    fn grow(&self, newest: &Signed, pins: &[Signed], findings: &mut Findings) -> Result<Grown, VerifyError> {
        let size = newest.size;
        let mut grown = Grower::new(self.client, size, pins);
        let say = |entries_done| {
            if let Some(progress) = self.progress {
                progress(Progress { entries_done, entries_total: size.get() });
            }
        };
        say(0);
        let tiles = size.get().div_ceil(bulla_proof::TILE_WIDTH.into());
        let fetch = |index| {
            let tile = TileId::at(TileKind::Entries, index, size).expect("the tree has the tile");
            piece::fetch(self.client, tile)
        };
        fetch::in_order(self.connections, tiles, fetch, |piece| {
            grown.add(piece, findings)?;
            say(grown.size());
            Ok::<_, VerifyError>(())
        })?;
        grown.end(findings)?;
        Ok(grown.into_grown())
    }
}

fn checked(newest: &Signed, roots: usize) -> Vec<String> {
    let mut checked = vec![
        format!("the bytes of {} entries, and every hash in the tiles", newest.size),
        "the signature of the checkpoint that the server serves".to_owned(),
    ];
    if roots > 0 {
        checked.push(format!("the roots of {roots} checkpoints, against the entries"));
    }
    checked
}

fn not_proved(trust: &Trust, nothing_pinned: bool) -> Vec<String> {
    let mut lines = vec![
        "that what the entries say is true, and that everything was reported".to_owned(),
        "that the clock was right: the order of entries is proved, the hour is not".to_owned(),
    ];
    if trust.is_servers_word() {
        lines.push(
            "that the key is the log's: it was taken from the server, which has the entries too".to_owned(),
        );
    }
    if nothing_pinned && !trust.has_witnesses() {
        lines.push(
            "that others are shown the same log, and that this is not an older copy or a history that was signed anew: \
             nothing from elsewhere was compared"
                .to_owned(),
        );
    }
    lines.push("anything about payloads: the public format has their digests only".to_owned());
    lines
}
