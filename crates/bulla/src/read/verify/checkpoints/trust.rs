//! Which signatures are believed: the policy that was given, the key that was given, or the key in `log.json`.

use bulla_proof::{Checkpoint, Finding, FindingKind, Hash, Note, Policy, PolicyError, TreeSize, VerifierKey};

use crate::read::verify::checkpoints::history::read_note;
use crate::store::Identity;
use crate::store::layout::IDENTITY;

/// Decides which checkpoints are this log's.
#[derive(Debug)]
pub(in crate::read::verify) struct Trust {
    policy: Option<Policy>,
    origin: Option<String>,
    is_own_key: bool,
}

/// A checkpoint that is believed, and where it came from.
#[derive(Debug, Clone)]
pub(in crate::read::verify) struct Believed {
    pub(in crate::read::verify) size: TreeSize,
    pub(in crate::read::verify) root: Hash,
    pub(in crate::read::verify) text: String,
}

/// Why a note is not believed.
#[derive(Debug, Clone)]
pub(in crate::read::verify) enum Disbelief {
    Malformed(String),
    BadSignature(String),
    /// This build cannot tell.
    Unsupported(String),
}

impl Trust {
    /// From what the caller gave and what `log.json` says. Differences between the two are findings.
    pub(in crate::read::verify) fn new(
        policy: Option<Policy>,
        key: Option<VerifierKey>,
        identity: Result<&Identity, String>,
        findings: &mut Vec<Finding>,
    ) -> Self {
        let own = match identity {
            Ok(identity) => Some(identity.key()),
            Err(reason) => {
                let repairable = key.is_some() || policy.is_some();
                findings.push(Finding { repairable, ..in_identity(FindingKind::IdentityDamaged, reason) });
                None
            }
        };
        if let (Some(own), Some(key)) = (&own, &key)
            && own != key
        {
            let text = format!("it names the key {own}, but the log's key is {key}");
            findings.push(in_identity(FindingKind::KeyReplaced, text));
        }
        if let (Some(own), Some(policy), None) = (&own, &policy, &key)
            && policy.logs().iter().all(|log| log.key() != own)
        {
            let text = format!("it names the key {own}, which the policy does not have");
            findings.push(in_identity(FindingKind::KeyReplaced, text));
        }
        let is_own_key = key.is_none() && policy.is_none();
        let origin = match (&key, &policy, &own) {
            (Some(key), ..) | (None, None, Some(key)) => Some(key.name().to_owned()),
            (None, Some(policy), own) => {
                let mut logs = policy.logs().iter().map(|log| log.key().name());
                let own = own.as_ref().map(VerifierKey::name);
                let known = logs.clone().find(|name| Some(*name) == own);
                known.or_else(|| logs.next()).map(str::to_owned)
            }
            (None, None, None) => None,
        };
        let policy = policy.or_else(|| key.or(own).map(Policy::log_key));
        Self { policy, origin, is_own_key }
    }

    /// The log's name, when something that is believed says it.
    pub(in crate::read::verify) fn origin(&self) -> Option<&str> {
        self.origin.as_deref()
    }

    /// Whether there is a key to check with.
    pub(in crate::read::verify) fn has_key(&self) -> bool {
        self.policy.is_some()
    }

    /// Whether the key is the one that lies beside the entries.
    pub(in crate::read::verify) fn is_own_key(&self) -> bool {
        self.is_own_key
    }

    /// Whether witnesses are asked for.
    pub(in crate::read::verify) fn has_witnesses(&self) -> bool {
        self.policy.as_ref().is_some_and(|policy| !policy.witnesses().is_empty())
    }

    /// Judges the newest checkpoint, or a pinned one: everything that the policy asks for.
    pub(in crate::read::verify) fn judge(&self, bytes: &[u8]) -> Result<Believed, Disbelief> {
        let (note, checkpoint) = read_note(bytes).map_err(Disbelief::Malformed)?;
        let Some(policy) = &self.policy else { return Ok(Believed::of(&note, &checkpoint)) };
        self.check_origin(&checkpoint)?;
        match policy.verify(bytes) {
            Ok(_) => Ok(Believed::of(&note, &checkpoint)),
            Err(error @ PolicyError::Unsupported { .. }) => Err(Disbelief::Unsupported(error.to_string())),
            Err(error) => Err(Disbelief::BadSignature(error.to_string())),
        }
    }

    /// Judges a checkpoint of the history: the log's own signature, for witnesses sign the newest only.
    pub(in crate::read::verify) fn judge_history(&self, bytes: &[u8]) -> Result<Believed, Disbelief> {
        let (note, checkpoint) = read_note(bytes).map_err(Disbelief::Malformed)?;
        let Some(policy) = &self.policy else { return Ok(Believed::of(&note, &checkpoint)) };
        self.check_origin(&checkpoint)?;
        let keys: Vec<&VerifierKey> = policy.logs().iter().map(bulla_proof::PolicyLog::key).collect();
        match note.verify(&keys) {
            Ok(verified) if verified.iter().any(|by| by.key.name() == checkpoint.origin()) => {
                Ok(Believed::of(&note, &checkpoint))
            }
            Ok(_) => {
                let text = format!("it is not signed by a key of log {}", checkpoint.origin());
                Err(Disbelief::BadSignature(text))
            }
            Err(error) => Err(Disbelief::BadSignature(error.to_string())),
        }
    }

    fn check_origin(&self, checkpoint: &Checkpoint) -> Result<(), Disbelief> {
        match &self.origin {
            Some(origin) if origin != checkpoint.origin() => {
                let text = format!("it is of log {}, not of {origin}", checkpoint.origin());
                Err(Disbelief::BadSignature(text))
            }
            _ => Ok(()),
        }
    }
}

impl Believed {
    /// Whether both say the same of the tree, however they are signed.
    pub(in crate::read::verify) fn is_same_tree(&self, other: &Self) -> bool {
        self.size == other.size && self.root == other.root
    }

    fn of(note: &Note, checkpoint: &Checkpoint) -> Self {
        Self { size: checkpoint.size(), root: checkpoint.root(), text: note.to_string() }
    }
}

fn in_identity(kind: FindingKind, message: String) -> Finding {
    Finding { file: Some(IDENTITY.to_owned()), ..Finding::new(kind, message) }
}
