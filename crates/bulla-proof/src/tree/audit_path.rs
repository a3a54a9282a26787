//! The way from a subtree up to the root: which hashes stand beside it (RFC 6962 §2.1.1 and §2.1.2).
//!
//! An inclusion proof is the path of a leaf; a consistency proof is the path of the old tree's smallest
//! complete subtree. Proving and checking walk the same [`siblings`], so that they cannot disagree about shape.

use alloc::vec::Vec;

use crate::tree::hash::{empty_root, subtree_root};
use crate::tree::rows::{ROW_LEVELS, ROW_WIDTH};
use crate::{Frontier, Hash, LeafIndex, RowReader, Subtree, TreeSize};

/// Why a proof could not be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProveError<E> {
    /// The leaf is not in a tree of this size.
    #[error("prove leaf {index}: a tree of {size} leaves does not have it")]
    IndexOutsideTree {
        /// The leaf asked for.
        index: LeafIndex,
        /// The size asked for.
        size: TreeSize,
    },
    /// A larger tree cannot be a prefix of a smaller one.
    #[error("prove size {new} consistent with size {old}: the older tree must not be the larger")]
    SizesReversed {
        /// The older size.
        old: TreeSize,
        /// The newer size.
        new: TreeSize,
    },
    /// The stored hashes could not be read.
    #[error("read the stored hashes for a proof")]
    ReadRow(#[source] E),
}

/// Why a proof does not show what it should.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProofError {
    /// The leaf cannot be in a tree of this size.
    #[error("check leaf {index}: a tree of {size} leaves does not have it")]
    IndexOutsideTree {
        /// The leaf claimed.
        index: LeafIndex,
        /// The size claimed.
        size: TreeSize,
    },
    /// A larger tree cannot be a prefix of a smaller one.
    #[error("check size {new} against size {old}: the older tree must not be the larger")]
    SizesReversed {
        /// The older size.
        old: TreeSize,
        /// The newer size.
        new: TreeSize,
    },
    /// There is one right number of hashes for each place and size.
    #[error("check proof: it has {actual} hashes where {expected} belong")]
    WrongLength {
        /// How many hashes belong there.
        expected: usize,
        /// How many there are.
        actual: usize,
    },
    /// The proof leads to another root.
    #[error("check proof: it leads to root {computed}, not {expected}")]
    RootMismatch {
        /// The root that the proof leads to.
        computed: Hash,
        /// The root it should lead to.
        expected: Hash,
    },
    /// The proof leads to another root for the older tree.
    #[error("check proof: it leads to root {computed} for the older tree, not {expected}")]
    OldRootMismatch {
        /// The root that the proof leads to.
        computed: Hash,
        /// The root it should lead to.
        expected: Hash,
    },
}

/// What stands beside one subtree of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sibling {
    /// A subtree to the left, always complete.
    Left(Subtree),
    /// A complete subtree to the right.
    Right(Subtree),
    /// All leaves to the right, fewer than `2^level`: the tree's right edge.
    Edge {
        /// The level of the subtree beside it.
        level: u8,
    },
}

/// What stands beside the path from `start`, which begins in the tree, up to the root.
pub(crate) fn siblings(start: Subtree, size: TreeSize) -> impl Iterator<Item = Sibling> + Clone {
    let mut at = start;
    core::iter::from_fn(move || {
        while !at.spans(size) {
            let (level, sibling, is_right) = (at.level, at.sibling(), at.is_right());
            at = at.parent();
            if is_right {
                return Some(Sibling::Left(sibling));
            } else if sibling.is_complete_in(size) {
                return Some(Sibling::Right(sibling));
            } else if sibling.begins_in(size) {
                return Some(Sibling::Edge { level });
            }
        }
        None
    })
}

/// Refuses a proof of any but the one right number of hashes.
pub(crate) fn check_length(expected: usize, proof: &[Hash]) -> Result<(), ProofError> {
    let actual = proof.len();
    if actual == expected { Ok(()) } else { Err(ProofError::WrongLength { expected, actual }) }
}

/// The hashes beside the path from `start`, lowest first, behind the root of `start` itself where that leads.
/// `root_of` gives the roots of complete subtrees.
pub(crate) fn prove_path<E>(
    mut root_of: impl FnMut(Subtree) -> Result<Hash, E>,
    edge: &Frontier,
    start: Subtree,
    leads_with_start: bool,
) -> Result<Vec<Hash>, E> {
    let beside = siblings(start, edge.size());
    let mut proof = Vec::with_capacity(usize::from(leads_with_start) + beside.clone().count());
    if leads_with_start {
        proof.push(root_of(start)?);
    }
    for sibling in beside {
        proof.push(match sibling {
            Sibling::Left(subtree) | Sibling::Right(subtree) => root_of(subtree)?,
            Sibling::Edge { level } => edge.root_below(level).expect("an edge sibling has at least one leaf"),
        });
    }
    Ok(proof)
}

/// The 256 stored hashes around a path, read once for each row that the path crosses.
///
/// Roots are folded in place: the subtrees asked for on one path do not overlap, so no hash is needed twice.
pub(crate) struct RowWindow<'a, R> {
    rows: &'a R,
    size: TreeSize,
    loaded: Option<(u8, u64)>,
    hashes: [Hash; ROW_WIDTH],
}

impl<'a, R: RowReader> RowWindow<'a, R> {
    pub(crate) fn new(rows: &'a R, size: TreeSize) -> Self {
        Self { rows, size, loaded: None, hashes: [empty_root(); ROW_WIDTH] }
    }

    /// The root of a complete subtree.
    pub(crate) fn root(&mut self, subtree: Subtree) -> Result<Hash, R::Error> {
        let (row, height) = (subtree.level / ROW_LEVELS, subtree.level % ROW_LEVELS);
        let first = subtree.offset << height;
        self.load(row, first / ROW_WIDTH as u64)?;
        let start = (first % ROW_WIDTH as u64) as usize;
        Ok(subtree_root(&mut self.hashes[start..start + (1 << height)]))
    }

    fn load(&mut self, row: u8, block: u64) -> Result<(), R::Error> {
        if self.loaded != Some((row, block)) {
            let first = block * ROW_WIDTH as u64;
            let stored = self.size.complete_subtrees(row * ROW_LEVELS) - first;
            let len = stored.min(ROW_WIDTH as u64) as usize;
            self.rows.read_row(row, first, &mut self.hashes[..len])?;
            self.loaded = Some((row, block));
        }
        Ok(())
    }
}
