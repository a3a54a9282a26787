//! Policies: which signatures make a checkpoint trusted (c2sp.org/tlog-policy).
//!
//! A [`TrustedCheckpoint`] comes from here and from nowhere else.

use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;

use crate::{
    Algorithm, Checkpoint, CheckpointError, Hash, Note, NoteError, TreeSize, VerifiedSignature, VerifierKey,
};

/// Logs, witnesses, and how many of these must have cosigned.
///
/// ```
/// use bulla_proof::{Checkpoint, Policy, SignerKey, TreeSize, empty_root};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let signer = SignerKey::from_seed("log.example/audit", [7; 32])?;
/// let note = Checkpoint::new("log.example/audit", TreeSize(0), empty_root())?.sign(&[&signer]);
///
/// let policy: Policy = format!("log {}\nquorum none\n", signer.verifier_key()).parse()?;
/// assert_eq!(policy.verify(note.as_bytes())?.size(), TreeSize(0));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    pub(crate) logs: Vec<PolicyLog>,
    pub(crate) witnesses: Vec<PolicyWitness>,
    pub(crate) groups: Vec<Group>,
    pub(crate) quorum: Option<Member>,
}

/// A log of a policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyLog {
    pub(crate) key: VerifierKey,
    pub(crate) url: Option<String>,
}

/// A witness of a policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyWitness {
    pub(crate) name: String,
    pub(crate) key: VerifierKey,
    pub(crate) url: Option<String>,
}

/// Witnesses and earlier groups, of which `threshold` must have cosigned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Group {
    pub(crate) name: String,
    pub(crate) threshold: usize,
    pub(crate) members: Vec<Member>,
}

/// A position in the policy's witnesses or groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Member {
    Witness(usize),
    Group(usize),
}

/// Why a note is not a checkpoint that the policy trusts.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PolicyError {
    /// It is no note, or the signature of a known key is bad.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// The note's text is no checkpoint.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The policy has no key for this log.
    #[error("trust checkpoint: the policy has no key for log {origin}")]
    UnknownLog {
        /// The log that the checkpoint names.
        origin: String,
    },
    /// No key of the log signed.
    #[error("trust checkpoint: it is not signed by a key of log {origin}")]
    NotSignedByLog {
        /// The log that the checkpoint names.
        origin: String,
    },
    /// Too few witnesses cosigned.
    #[error("trust checkpoint: quorum {quorum} is not met by the cosignatures of {present} known witnesses")]
    QuorumNotMet {
        /// The witness or group that the policy asks for.
        quorum: String,
        /// How many witnesses of the policy cosigned.
        present: usize,
    },
    /// The signatures that this build can verify are not enough, and there is one that it cannot verify: whether
    /// the checkpoint is to be trusted was not found out.
    #[error("trust checkpoint: this build cannot verify the signature of {name}, algorithm {:02x}", .algorithm.byte())]
    Unsupported {
        /// The name of the key.
        name: String,
        /// What this build does not have.
        algorithm: Algorithm,
    },
}

impl Policy {
    /// The policy that trusts one log key and asks for no witness.
    pub fn log_key(key: VerifierKey) -> Self {
        Self::log_keys([key])
    }

    /// The policy that trusts any of these log keys and asks for no witness, as for a log whose key changed.
    pub fn log_keys(keys: impl IntoIterator<Item = VerifierKey>) -> Self {
        let logs = keys.into_iter().map(|key| PolicyLog { key, url: None }).collect();
        Self { logs, witnesses: vec![], groups: vec![], quorum: None }
    }

    /// The logs.
    pub fn logs(&self) -> &[PolicyLog] {
        &self.logs
    }

    /// The witnesses.
    pub fn witnesses(&self) -> &[PolicyWitness] {
        &self.witnesses
    }

    /// Reads a note and decides whether it is a checkpoint to trust: a key that has the origin for its name signed
    /// it, the quorum cosigned it, and no line of any key of the policy is bad.
    ///
    /// # Errors
    /// Says why the note is not to be trusted.
    pub fn verify(&self, note: &[u8]) -> Result<TrustedCheckpoint, PolicyError> {
        self.verify_note(Note::parse(note)?)
    }

    pub(crate) fn verify_note(&self, note: Note) -> Result<TrustedCheckpoint, PolicyError> {
        let checkpoint = Checkpoint::parse(note.text())?;
        let verified = note.verify(&self.keys())?;
        self.check_log(&checkpoint, &note, &verified)?;
        let witness_times = self.witness_times(&verified);
        self.check_quorum(&note, &witness_times)?;
        Ok(TrustedCheckpoint { checkpoint, note, witness_times })
    }

    fn keys(&self) -> Vec<&VerifierKey> {
        let logs = self.logs.iter().map(|log| &log.key);
        logs.chain(self.witnesses.iter().map(|witness| &witness.key)).collect()
    }

    fn check_log(
        &self,
        checkpoint: &Checkpoint,
        note: &Note,
        verified: &[VerifiedSignature<'_>],
    ) -> Result<(), PolicyError> {
        let origin = checkpoint.origin();
        let keys = self.logs.iter().map(|log| &log.key).filter(|key| key.name() == origin);
        if keys.clone().next().is_none() {
            return Err(PolicyError::UnknownLog { origin: origin.to_string() });
        }
        if keys.clone().any(|key| verified.iter().any(|signature| signature.key == key)) {
            return Ok(());
        }
        refuse_unsupported(keys, note)?;
        Err(PolicyError::NotSignedByLog { origin: origin.to_string() })
    }

    /// The witnesses of the policy that cosigned, each with the latest time it gave.
    fn witness_times(&self, verified: &[VerifiedSignature<'_>]) -> Vec<WitnessTime> {
        let latest = |witness: &PolicyWitness| {
            let by_witness = verified.iter().filter(|signature| *signature.key == witness.key);
            let time = by_witness.filter_map(|signature| signature.time).max()?;
            Some(WitnessTime { name: witness.name.clone(), time })
        };
        self.witnesses.iter().filter_map(latest).collect()
    }

    fn check_quorum(&self, note: &Note, present: &[WitnessTime]) -> Result<(), PolicyError> {
        let Some(quorum) = self.quorum else { return Ok(()) };
        let cosigned = |witness: &PolicyWitness| present.iter().any(|by| by.name == witness.name);
        if self.is_met(quorum, cosigned) {
            return Ok(());
        }
        let may_have = |witness: &PolicyWitness| cosigned(witness) || is_unsupported_in(&witness.key, note);
        if self.is_met(quorum, may_have) {
            refuse_unsupported(self.witnesses.iter().map(|witness| &witness.key), note)?;
        }
        let quorum = match quorum {
            Member::Witness(index) => &self.witnesses[index].name,
            Member::Group(index) => &self.groups[index].name,
        };
        Err(PolicyError::QuorumNotMet { quorum: quorum.clone(), present: present.len() })
    }

    /// Whether these witnesses make the quorum. Groups come after their members, so one pass decides.
    fn is_met(&self, quorum: Member, cosigned: impl Fn(&PolicyWitness) -> bool) -> bool {
        let cosigned: Vec<bool> = self.witnesses.iter().map(cosigned).collect();
        let mut met = Vec::with_capacity(self.groups.len());
        for group in &self.groups {
            let count = group.members.iter().filter(|member| member.is_in(&cosigned, &met)).count();
            met.push(count >= group.threshold);
        }
        quorum.is_in(&cosigned, &met)
    }
}

impl Member {
    /// Whether it is among the witnesses that cosigned or the groups that met their threshold.
    fn is_in(self, cosigned: &[bool], met: &[bool]) -> bool {
        match self {
            Self::Witness(index) => cosigned[index],
            Self::Group(index) => met[index],
        }
    }
}

/// Whether the note has a line of this key that this build cannot verify.
fn is_unsupported_in(key: &VerifierKey, note: &Note) -> bool {
    !key.is_supported() && note.signatures().iter().any(|line| key.made(line))
}

/// Says "not found out" when one of these keys signed in a way that this build cannot verify.
fn refuse_unsupported<'k>(
    mut keys: impl Iterator<Item = &'k VerifierKey>,
    note: &Note,
) -> Result<(), PolicyError> {
    match keys.find(|key| is_unsupported_in(key, note)) {
        Some(key) => {
            Err(PolicyError::Unsupported { name: key.name().to_string(), algorithm: key.algorithm() })
        }
        None => Ok(()),
    }
}

impl PolicyLog {
    /// The log's key; its name is the log's origin.
    pub fn key(&self) -> &VerifierKey {
        &self.key
    }

    /// Where the log is, if the policy says so.
    pub fn url(&self) -> Option<&str> {
        self.url.as_deref()
    }
}

impl PolicyWitness {
    /// What the policy calls it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The witness's key.
    pub fn key(&self) -> &VerifierKey {
        &self.key
    }

    /// Where the witness is, if the policy says so.
    pub fn url(&self) -> Option<&str> {
        self.url.as_deref()
    }
}

/// A checkpoint that a policy trusts.
///
/// # Trust
/// A log key of the policy signed it, its quorum cosigned it, and no line of a known key was bad. That the log
/// shows everyone the same tree is only as sure as its witnesses are independent of it. Extension lines are as the
/// log made them only when it signed with Ed25519: ML-DSA-44 signatures do not cover them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustedCheckpoint {
    checkpoint: Checkpoint,
    note: Note,
    witness_times: Vec<WitnessTime>,
}

/// A witness that cosigned, and when it says it did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WitnessTime {
    /// What the policy calls the witness.
    pub name: String,
    /// POSIX seconds, by the witness's clock.
    pub time: u64,
}

impl TrustedCheckpoint {
    /// Which log.
    pub fn origin(&self) -> &str {
        self.checkpoint.origin()
    }

    /// How many leaves its tree has.
    pub const fn size(&self) -> TreeSize {
        self.checkpoint.size()
    }

    /// The root of its tree.
    pub const fn root(&self) -> Hash {
        self.checkpoint.root()
    }

    /// The checkpoint itself.
    pub const fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// The note it came from, with all its signatures.
    pub const fn note(&self) -> &Note {
        &self.note
    }

    /// The witnesses of the policy that cosigned it, in the policy's order.
    pub fn witness_times(&self) -> &[WitnessTime] {
        &self.witness_times
    }
}
