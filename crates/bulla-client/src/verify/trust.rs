//! Which signatures are believed: the policy that was given, the key that was given, or the key that the server names.

use bulla_proof::{
    Checkpoint, Finding, FindingKind, Hash, KeyError, Note, Policy, PolicyError, TreeSize, VerifierKey,
};

use super::VerifyError;
use super::findings::Findings;

/// Decides which checkpoints are this log's.
#[derive(Debug)]
pub(super) struct Trust {
    policy: Policy,
    origin: String,
    is_servers_word: bool,
}

/// A checkpoint that is believed.
#[derive(Debug, Clone)]
pub(super) struct Signed {
    pub(super) size: TreeSize,
    pub(super) root: Hash,
    pub(super) note: String,
}

/// Why a note is not believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Disbelief {
    Malformed(String),
    BadSignature(String),
    /// This build cannot tell.
    Unsupported(String),
}

impl Trust {
    /// From what the caller gave and what the server says. Differences between the two are findings.
    pub(super) fn new(
        policy: Option<Policy>,
        key: Option<VerifierKey>,
        said: Result<Option<VerifierKey>, KeyError>,
        findings: &mut Findings,
    ) -> Result<Self, VerifyError> {
        let is_servers_word = policy.is_none() && key.is_none();
        let said = match said {
            Ok(said) => said,
            Err(error) if is_servers_word => return Err(VerifyError::ServerKey(error.to_string())),
            Err(error) => {
                findings.push(in_identity(
                    FindingKind::IdentityDamaged,
                    format!("its key cannot be read: {error}"),
                ));
                None
            }
        };
        let expected = key.as_ref().map(|key| format!("the log's key is {key}"));
        let expected = expected.or_else(|| policy.as_ref().map(|_| "the policy does not have it".to_owned()));
        if let (Some(said), Some(expected)) = (&said, expected)
            && !is_among(said, key.as_ref(), policy.as_ref())
        {
            let text = format!("the server names the key {said}; {expected}");
            findings.push(in_identity(FindingKind::KeyReplaced, text));
        }
        let origin = origin(key.as_ref(), policy.as_ref(), said.as_ref());
        let policy = policy.or_else(|| key.or(said).map(Policy::log_key));
        let missing = || VerifyError::ServerKey("it names none".to_owned());
        let (policy, origin) = policy.zip(origin).ok_or_else(missing)?;
        Ok(Self { policy, origin, is_servers_word })
    }

    /// The log's name.
    pub(super) fn origin(&self) -> &str {
        &self.origin
    }

    /// Whether the key is the one that the server names.
    pub(super) fn is_servers_word(&self) -> bool {
        self.is_servers_word
    }

    /// Whether witnesses are asked for.
    pub(super) fn has_witnesses(&self) -> bool {
        !self.policy.witnesses().is_empty()
    }

    /// Judges a checkpoint: everything that the policy asks for, and that it is of this log.
    pub(super) fn judge(&self, bytes: &[u8]) -> Result<Signed, Disbelief> {
        let malformed = |error: &dyn std::fmt::Display| Disbelief::Malformed(error.to_string());
        let note = Note::parse(bytes).map_err(|error| malformed(&error))?;
        let checkpoint = Checkpoint::parse(note.text()).map_err(|error| malformed(&error))?;
        if checkpoint.origin() != self.origin {
            let text = format!("it is of log {}, not of {}", checkpoint.origin(), self.origin);
            return Err(Disbelief::BadSignature(text));
        }
        match self.policy.verify(bytes) {
            Ok(_) => Ok(Signed { size: checkpoint.size(), root: checkpoint.root(), note: note.to_string() }),
            Err(error @ PolicyError::Unsupported { .. }) => Err(Disbelief::Unsupported(error.to_string())),
            Err(error) => Err(Disbelief::BadSignature(error.to_string())),
        }
    }
}

fn is_among(said: &VerifierKey, key: Option<&VerifierKey>, policy: Option<&Policy>) -> bool {
    match (key, policy) {
        (Some(key), _) => key == said,
        (None, Some(policy)) => policy.logs().iter().any(|log| log.key() == said),
        (None, None) => true,
    }
}

/// The log's name: that of the key, or of the log in the policy that the server says it is.
fn origin(key: Option<&VerifierKey>, policy: Option<&Policy>, said: Option<&VerifierKey>) -> Option<String> {
    let said = said.map(VerifierKey::name);
    let name = match (key, policy) {
        (Some(key), _) => Some(key.name()),
        (None, Some(policy)) => {
            let mut logs = policy.logs().iter().map(|log| log.key().name());
            logs.clone().find(|name| Some(*name) == said).or_else(|| logs.next())
        }
        (None, None) => said,
    };
    name.map(str::to_owned)
}

fn in_identity(kind: FindingKind, message: String) -> Finding {
    Finding { file: Some("log.json".to_owned()), ..Finding::new(kind, message) }
}
