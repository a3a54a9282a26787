//! Proofs that others can check: an entry in a checkpoint, and one checkpoint before another.

use std::sync::MutexGuard;

use bulla_proof::{Frontier, Hash, LeafIndex, ProofFile, Prover, TreeSize, TrustedCheckpoint};

use super::reader::{LogReader, ReadError};
use crate::log::poison::Poison;
use crate::seq::Seq;
use crate::store::disk::DiskError;

/// Why there is no proof.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum ProveError {
    /// There is no such entry.
    #[error("there is no entry {seq}: the log has {size}")]
    NoEntry {
        /// Number that was asked for.
        seq: Seq,
        /// Entries in the log.
        size: u64,
    },
    /// No published checkpoint covers the entry yet.
    #[error(
        "no checkpoint covers entry {seq} yet, the newest has size {published}; wait a publish interval, or close \
         the log"
    )]
    NotCovered {
        /// Number that was asked for.
        seq: Seq,
        /// Size of the newest checkpoint.
        published: u64,
    },
    /// The older size is larger than the newer one.
    #[error("a checkpoint of size {old} cannot be before one of size {new}")]
    WrongOrder {
        /// Size that should be the older.
        old: u64,
        /// Size that should be the newer.
        new: u64,
    },
    /// The log stopped or was closed before it published.
    #[error("the log ended before a checkpoint covered the entry{}", .0.as_ref().map_or(String::new(), |poison| format!(": {poison}")))]
    Ended(Option<Poison>),
    /// Something could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
}

impl LogReader {
    /// Proves that entry `seq` is in the newest published checkpoint: a `.tlog-proof` file
    /// ([C2SP tlog-proof](https://c2sp.org/tlog-proof)).
    ///
    /// # Errors
    /// [`ProveError::NotCovered`] when no checkpoint covers it yet.
    pub fn prove(&self, seq: impl Into<Seq>) -> Result<ProofFile, ProveError> {
        let seq = seq.into();
        let size = self.size()?;
        if seq.get() >= size {
            return Err(ProveError::NoEntry { seq, size });
        }
        match self.checkpoint()? {
            Some(checkpoint) if checkpoint.size().get() > seq.get() => self.prove_in(seq, &checkpoint),
            checkpoint => {
                let published = checkpoint.map_or(0, |checkpoint| checkpoint.size().get());
                Err(ProveError::NotCovered { seq, published })
            }
        }
    }

    /// Proves that entry `seq` is in `checkpoint`.
    ///
    /// # Errors
    /// [`ProveError::NotCovered`] when the checkpoint is smaller.
    pub fn prove_in(&self, seq: Seq, checkpoint: &TrustedCheckpoint) -> Result<ProofFile, ProveError> {
        let size = checkpoint.size();
        let hashes = self.inclusion(seq, size)?;
        ProofFile::new(LeafIndex::from(seq.get()), hashes, &checkpoint.note().to_string()).map_err(|error| {
            let reason = error.to_string();
            ReadError::Damaged { seq, reason }.into()
        })
    }

    /// The hashes that prove that entry `seq` is in the tree of `size` entries (RFC 6962 §2.1.1).
    ///
    /// # Errors
    /// [`ProveError::NotCovered`] when the tree is smaller.
    pub fn inclusion(&self, seq: Seq, size: TreeSize) -> Result<Vec<Hash>, ProveError> {
        if seq.get() >= size.get() {
            return Err(ProveError::NotCovered { seq, published: size.get() });
        }
        let mut prover = self.prover_at(size)?;
        let proof = prover.prove_inclusion(self.rows.as_ref(), LeafIndex::from(seq.get()));
        proof.map_err(|error| not_proved(seq, error))
    }

    /// The hashes that prove that the tree of `old` entries is the beginning of the tree of `new` entries (RFC 6962
    /// §2.1.2).
    ///
    /// # Errors
    /// [`ProveError::WrongOrder`] when `old` is larger than `new`.
    pub fn consistency(&self, old: TreeSize, new: TreeSize) -> Result<Vec<Hash>, ProveError> {
        if old > new {
            return Err(ProveError::WrongOrder { old: old.get(), new: new.get() });
        }
        let mut prover = self.prover_at(new)?;
        let proof = prover.prove_consistency(self.rows.as_ref(), old);
        proof.map_err(|error| not_proved(old.get().into(), error))
    }

    /// The shared prover, moved to the tree of `size` entries.
    fn prover_at(&self, size: TreeSize) -> Result<MutexGuard<'_, Prover>, ReadError> {
        let mut prover = self.prover.lock().expect("no panic while held");
        if prover.edge().size() != size {
            prover.advance(Frontier::from_rows(self.rows.as_ref(), size)?);
        }
        Ok(prover)
    }
}

fn not_proved(seq: Seq, error: bulla_proof::ProveError<DiskError>) -> ProveError {
    match error {
        bulla_proof::ProveError::ReadRow(error) => ReadError::from(error).into(),
        other => ReadError::Damaged { seq, reason: other.to_string() }.into(),
    }
}
