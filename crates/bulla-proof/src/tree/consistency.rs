//! Consistency: the tree of m leaves is a prefix of the tree of n leaves (RFC 6962 §2.1.2, checked as RFC 9162
//! §2.1.4.2).
//!
//! The proof is the path of the old tree's smallest complete subtree, the one that ends at leaf m. What stands
//! left of that path rebuilds the old root, and everything beside it the new one. The subtree itself leads the
//! proof, except when it is the whole old tree.

use alloc::vec::Vec;

use crate::tree::audit_path::{RowWindow, Sibling, check_length, prove_path, siblings};
use crate::tree::hash::{empty_root, node_hash};
use crate::{Frontier, Hash, ProofError, ProveError, RowReader, Subtree, TreeSize};

/// Proves that the tree of `old` leaves is a prefix of the tree of `new` leaves.
///
/// Empty for equal sizes, and for an empty old tree.
///
/// # Errors
/// When `old` is larger than `new`, or a row cannot be read.
pub fn prove_consistency<R: RowReader>(
    rows: &R,
    old: TreeSize,
    new: TreeSize,
) -> Result<Vec<Hash>, ProveError<R::Error>> {
    Frontier::from_rows(rows, new).map_err(ProveError::ReadRow)?.prove_consistency(rows, old)
}

impl Frontier {
    /// [`prove_consistency`] of an older tree with the tree that this is the right edge of.
    ///
    /// # Errors
    /// As [`prove_consistency`].
    pub fn prove_consistency<R: RowReader>(
        &self,
        rows: &R,
        old: TreeSize,
    ) -> Result<Vec<Hash>, ProveError<R::Error>> {
        let new = self.size();
        if old > new {
            return Err(ProveError::SizesReversed { old, new });
        }
        if old.0 == 0 || old == new {
            return Ok(Vec::new());
        }
        let mut window = RowWindow::new(rows, new);
        let (start, leads) = (last_complete_subtree(old), leads_with_subtree(old));
        prove_path(|subtree| window.root(subtree), self, start, leads).map_err(ProveError::ReadRow)
    }
}

/// Checks that the tree of size `old` and root `old_root` is a prefix of the one of size `new` and root `new_root`.
///
/// Equal sizes are consistent when the roots are equal and the proof is empty. The empty tree is consistent with
/// every tree, with an empty proof.
///
/// ```
/// use bulla_proof::{MemoryRows, TreeSize, check_consistency, leaf_hash, prove_consistency};
///
/// let mut rows: MemoryRows = (0..5u8).map(|leaf| leaf_hash(&[leaf])).collect();
/// let (old, old_root) = (rows.size(), rows.root());
/// rows.append(leaf_hash(b"one more"));
/// let proof = prove_consistency(&rows, old, rows.size()).unwrap();
/// assert_eq!(check_consistency(old, rows.size(), &proof, &old_root, &rows.root()), Ok(()));
/// ```
///
/// # Errors
/// Says what about the proof is wrong. It must have exactly the hashes that belong there, no more and no fewer.
pub fn check_consistency(
    old: TreeSize,
    new: TreeSize,
    proof: &[Hash],
    old_root: &Hash,
    new_root: &Hash,
) -> Result<(), ProofError> {
    if old > new {
        return Err(ProofError::SizesReversed { old, new });
    }
    if old.0 == 0 {
        check_length(0, proof)?;
        expect_old(empty_root(), old_root)?;
        return if new.0 == 0 { expect_new(empty_root(), new_root) } else { Ok(()) };
    }
    if old == new {
        check_length(0, proof)?;
        return expect_new(*old_root, new_root);
    }
    check_growth(old, new, proof, old_root, new_root)
}

/// The case of a not empty tree that grew.
fn check_growth(
    old: TreeSize,
    new: TreeSize,
    proof: &[Hash],
    old_root: &Hash,
    new_root: &Hash,
) -> Result<(), ProofError> {
    let start = last_complete_subtree(old);
    let beside_count = siblings(start, new).count();
    check_length(usize::from(leads_with_subtree(old)) + beside_count, proof)?;
    let (seed, beside) = match proof.split_first() {
        Some((first, rest)) if leads_with_subtree(old) => (*first, rest),
        _ => (*old_root, proof),
    };
    let (mut computed_old, mut computed_new) = (seed, seed);
    for (sibling, hash) in siblings(start, new).zip(beside) {
        match sibling {
            Sibling::Left(_) => {
                computed_old = node_hash(hash, &computed_old);
                computed_new = node_hash(hash, &computed_new);
            }
            Sibling::Right(_) | Sibling::Edge { .. } => computed_new = node_hash(&computed_new, hash),
        }
    }
    expect_old(computed_old, old_root)?;
    expect_new(computed_new, new_root)
}

/// The complete subtree that ends with the last leaf of a tree that is not empty.
pub(crate) fn last_complete_subtree(size: TreeSize) -> Subtree {
    let level = size.0.trailing_zeros() as u8;
    Subtree { level, offset: size.complete_subtrees(level) - 1 }
}

/// Whether the proof begins with the root of [`last_complete_subtree`]: not when that is the whole old tree, whose
/// root the checker has.
pub(crate) fn leads_with_subtree(old: TreeSize) -> bool {
    !old.0.is_power_of_two()
}

fn expect_old(computed: Hash, expected: &Hash) -> Result<(), ProofError> {
    if computed == *expected {
        Ok(())
    } else {
        Err(ProofError::OldRootMismatch { computed, expected: *expected })
    }
}

fn expect_new(computed: Hash, expected: &Hash) -> Result<(), ProofError> {
    if computed == *expected {
        Ok(())
    } else {
        Err(ProofError::RootMismatch { computed, expected: *expected })
    }
}
