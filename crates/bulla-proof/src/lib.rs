//! Merkle trees, tiles, signed notes, checkpoints, cosignatures and proofs of the RFC 6962 and C2SP formats.
