//! The Merkle tree of RFC 6962: hashes, coordinates, the right edge, proofs, and the tiles it is served in.

pub(crate) mod audit_path;
pub(crate) mod consistency;
pub(crate) mod coordinates;
pub(crate) mod frontier;
pub(crate) mod hash;
pub(crate) mod inclusion;
pub(crate) mod prover;
pub(crate) mod rows;
pub(crate) mod tile;
