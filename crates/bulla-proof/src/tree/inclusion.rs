//! Inclusion: leaf i is in the tree of n leaves with this root (RFC 6962 §2.1.1, checked as RFC 9162 §2.1.3.2).

use alloc::vec::Vec;

use crate::tree::audit_path::{RowWindow, Sibling, check_length, prove_path, siblings};
use crate::tree::hash::node_hash;
use crate::{Frontier, Hash, LeafIndex, ProofError, ProveError, RowReader, Subtree, TreeSize};

/// Proves that a leaf is in the tree of this size: the hashes beside its path, leaf's sibling first.
///
/// Reads at most 256 hashes of each row for the path, and as many again for the right edge. To prove much of one
/// log, keep the tree's [`Frontier`] and use [`Frontier::prove_inclusion`], or keep a [`Prover`](crate::Prover).
///
/// # Errors
/// When the leaf is not in the tree, or a row cannot be read.
pub fn prove_inclusion<R: RowReader>(
    rows: &R,
    index: LeafIndex,
    size: TreeSize,
) -> Result<Vec<Hash>, ProveError<R::Error>> {
    Frontier::from_rows(rows, size).map_err(ProveError::ReadRow)?.prove_inclusion(rows, index)
}

impl Frontier {
    /// [`prove_inclusion`] in the tree that this is the right edge of.
    ///
    /// # Errors
    /// As [`prove_inclusion`].
    pub fn prove_inclusion<R: RowReader>(
        &self,
        rows: &R,
        index: LeafIndex,
    ) -> Result<Vec<Hash>, ProveError<R::Error>> {
        let size = self.size();
        if index.0 >= size.0 {
            return Err(ProveError::IndexOutsideTree { index, size });
        }
        let mut window = RowWindow::new(rows, size);
        prove_path(|subtree| window.root(subtree), self, Subtree::leaf(index), false)
            .map_err(ProveError::ReadRow)
    }
}

/// Checks that a leaf is in the tree of this size and root.
///
/// # Errors
/// Says what about the proof is wrong. It must have exactly the hashes that belong there, no more and no fewer.
pub fn check_inclusion(
    leaf: &Hash,
    index: LeafIndex,
    size: TreeSize,
    proof: &[Hash],
    root: &Hash,
) -> Result<(), ProofError> {
    if index.0 >= size.0 {
        return Err(ProofError::IndexOutsideTree { index, size });
    }
    let start = Subtree::leaf(index);
    check_length(siblings(start, size).count(), proof)?;
    let computed = siblings(start, size).zip(proof).fold(*leaf, |hash, (sibling, beside)| match sibling {
        Sibling::Left(_) => node_hash(beside, &hash),
        Sibling::Right(_) | Sibling::Edge { .. } => node_hash(&hash, beside),
    });
    if computed == *root { Ok(()) } else { Err(ProofError::RootMismatch { computed, expected: *root }) }
}
