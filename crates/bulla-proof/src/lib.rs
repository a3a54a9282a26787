//! Merkle trees, tiles, signed notes, checkpoints, cosignatures and proofs in the public formats of
//! RFC 6962 and C2SP.
//!
//! Pure mathematics and formats over opaque bytes: this crate has no clock, disk, network, thread, async
//! or randomness, and does not know what an entry is. Times and seeds come in as arguments; what was
//! tampered with comes out as a [`Verdict`], which is data and not an error.
//!
//! ```
//! use bulla_proof::*;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let mut rows = MemoryRows::new();
//! for line in ["opened", "signed in", "closed"] {
//!     rows.append(leaf_hash(line.as_bytes()));
//! }
//!
//! let signer = SignerKey::from_seed("log.example/audit", [7; 32])?;
//! let checkpoint = Checkpoint::new("log.example/audit", rows.size(), rows.root())?;
//! let note = checkpoint.sign(&[&signer]);
//!
//! let proof = ProofFile::new(LeafIndex(1), prove_inclusion(&rows, LeafIndex(1), rows.size())?, &note)?;
//! let policy = Policy::log_key(signer.verifier_key());
//! assert!(proof.check(b"signed in", &policy)?.is_clean());
//! assert!(!proof.check(b"signed out", &policy)?.is_clean());
//! # Ok(())
//! # }
//! ```
#![no_std]

extern crate alloc;

mod decimal;
mod policy;
mod policy_text;
mod proof_file;
mod signed;
mod tree;
mod verdict;

pub use policy::{Policy, PolicyError, PolicyLog, PolicyWitness, TrustedCheckpoint, WitnessTime};
pub use policy_text::{POLICY_LEN_MAX, PolicyParseError};
pub use proof_file::{CheckError, PROOF_FILE_LEN_MAX, PROOF_HASHES_MAX, ProofFile, ProofFileError};
pub use signed::checkpoint::{Checkpoint, CheckpointError, ORIGIN_LEN_MAX};
pub use signed::cosignature::{CosignerKey, TIME_MAX};
pub use signed::key::{Algorithm, KEY_NAME_LEN_MAX, KeyError, SignatureError, SignerKey, VerifierKey};
pub use signed::note::{
    MalformedSignatureLine, NOTE_LEN_MAX, Note, NoteError, NoteSignature, SIGNATURES_MAX, VerifiedSignature,
};
pub use tree::audit_path::{ProofError, ProveError};
pub use tree::consistency::{check_consistency, prove_consistency};
pub use tree::coordinates::{LeafIndex, Subtree, TreeSize};
pub use tree::frontier::{Frontier, UnalignedSubtree, root_at};
pub use tree::hash::{HASH_LEN, Hash, MalformedHash, empty_root, leaf_hash, node_hash, subtree_root};
pub use tree::inclusion::{check_inclusion, prove_inclusion};
pub use tree::prover::Prover;
pub use tree::rows::{MemoryRows, ROW_COUNT, ROW_WIDTH, RowReader, RowUnavailable};
pub use tree::tile::{
    BundleError, ENTRY_LEN_MAX, EntryBundle, TILE_LEVEL_MAX, TILE_WIDTH, TileError, TileId, TileKind,
};
pub use verdict::{Finding, FindingKind, Verdict};
