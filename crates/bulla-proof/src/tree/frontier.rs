//! The right edge of a tree: the roots of its complete subtrees, one for each set bit of its size.
//!
//! Enough to add leaves and to compute the root, in constant memory and without allocation.

use core::fmt;

use crate::tree::hash::{empty_root, node_hash, subtree_root};
use crate::tree::rows::{ROW_LEVELS, ROW_WIDTH};
use crate::{Hash, ROW_COUNT, RowReader, TreeSize};

/// Levels a tree can have complete subtrees on: 64, the bits of its size.
const LEVELS: usize = 64;

/// The right edge of a tree.
///
/// ```
/// use bulla_proof::{Frontier, leaf_hash, node_hash};
///
/// let mut tree = Frontier::new();
/// tree.append(leaf_hash(b"a"));
/// tree.append(leaf_hash(b"b"));
/// assert_eq!(tree.root(), node_hash(&leaf_hash(b"a"), &leaf_hash(b"b")));
/// ```
#[derive(Clone)]
pub struct Frontier {
    size: u64,
    /// `peaks[level]` is the root of the complete subtree that bit `level` of the size stands for;
    /// where the bit is not set, it is left over and means nothing.
    peaks: [Hash; LEVELS],
}

/// A subtree was added where a subtree of that size cannot begin, or beyond the largest tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "add a subtree of row {row} to a tree of {size} leaves: it can only begin at a multiple of 256^{row}"
)]
pub struct UnalignedSubtree {
    /// The row of the subtree.
    pub row: u8,
    /// The size of the tree, unchanged.
    pub size: TreeSize,
}

impl Frontier {
    /// The tree without leaves.
    pub const fn new() -> Self {
        Self { size: 0, peaks: [empty_root(); LEVELS] }
    }

    /// How many leaves there are.
    pub const fn size(&self) -> TreeSize {
        TreeSize(self.size)
    }

    /// Adds a leaf.
    pub fn append(&mut self, leaf: Hash) {
        self.append_with(leaf, |_, _, _| {});
    }

    /// Adds a leaf, and names each complete subtree of `256^row` leaves (row at least 1) that it completes:
    /// its row, its index in the row, its root. Lower rows come first.
    pub fn append_with(&mut self, leaf: Hash, on_row: impl FnMut(u8, u64, Hash)) {
        self.push(0, leaf, on_row);
    }

    /// Adds a complete subtree of `256^row` leaves by its root.
    ///
    /// # Errors
    /// When the size is not a multiple of `256^row` (or would pass 2^64). The tree is then unchanged.
    pub fn append_subtree(&mut self, row: u8, hash: Hash) -> Result<(), UnalignedSubtree> {
        self.append_subtree_with(row, hash, |_, _, _| {})
    }

    /// [`Frontier::append_subtree`] that names what it completes above `row`, as [`Frontier::append_with`] does.
    ///
    /// # Errors
    /// As [`Frontier::append_subtree`].
    pub fn append_subtree_with(
        &mut self,
        row: u8,
        hash: Hash,
        on_row: impl FnMut(u8, u64, Hash),
    ) -> Result<(), UnalignedSubtree> {
        let unaligned = UnalignedSubtree { row, size: self.size() };
        if row >= ROW_COUNT {
            return Err(unaligned);
        }
        let level = row * ROW_LEVELS;
        let len = 1u64 << level;
        if !self.size.is_multiple_of(len) || self.size.checked_add(len).is_none() {
            return Err(unaligned);
        }
        self.push(level, hash, on_row);
        Ok(())
    }

    /// Carries a complete subtree upwards as adding one to the size carries its bits.
    fn push(&mut self, mut level: u8, mut hash: Hash, mut on_row: impl FnMut(u8, u64, Hash)) {
        let size = self.size.checked_add(1 << level).expect("a tree has fewer than 2^64 leaves");
        while self.size >> level & 1 == 1 {
            hash = node_hash(&self.peaks[usize::from(level)], &hash);
            level += 1;
            if level.is_multiple_of(ROW_LEVELS) {
                on_row(level / ROW_LEVELS, (size >> level) - 1, hash);
            }
        }
        self.peaks[usize::from(level)] = hash;
        self.size = size;
    }

    /// The root over all leaves.
    pub fn root(&self) -> Hash {
        self.root_of_peaks(self.size).unwrap_or(empty_root())
    }

    /// The root over the leaves right of the last multiple of `2^level`; `None` when there are none.
    pub(crate) fn root_below(&self, level: u8) -> Option<Hash> {
        self.root_of_peaks(self.size & ((1 << level) - 1))
    }

    /// Joins the peaks that these bits of the size stand for, from the right.
    fn root_of_peaks(&self, mut bits: u64) -> Option<Hash> {
        let mut root = None;
        while bits != 0 {
            let peak = self.peaks[bits.trailing_zeros() as usize];
            root = Some(root.map_or(peak, |right| node_hash(&peak, &right)));
            bits &= bits - 1;
        }
        root
    }

    /// The right edge of the tree of this size whose rows are stored: at most 255 hashes of each row are read.
    ///
    /// # Errors
    /// When a row cannot be read.
    pub fn from_rows<R: RowReader>(rows: &R, size: TreeSize) -> Result<Self, R::Error> {
        let mut frontier = Self { size: size.0, ..Self::new() };
        let mut buffer = [empty_root(); ROW_WIDTH];
        for row in 0..ROW_COUNT {
            let stored = size.complete_subtrees(row * ROW_LEVELS);
            let over = stored % ROW_WIDTH as u64;
            if over > 0 {
                let mut edge = &mut buffer[..over as usize];
                rows.read_row(row, stored - over, edge)?;
                for level in (0..ROW_LEVELS).rev().filter(|level| over >> level & 1 == 1) {
                    let (subtree, rest) = edge.split_at_mut(1 << level);
                    frontier.peaks[usize::from(row * ROW_LEVELS + level)] = subtree_root(subtree);
                    edge = rest;
                }
            }
        }
        Ok(frontier)
    }
}

impl Default for Frontier {
    fn default() -> Self {
        Self::new()
    }
}

impl PartialEq for Frontier {
    fn eq(&self, other: &Self) -> bool {
        let is_set = |level: &usize| self.size >> level & 1 == 1;
        self.size == other.size
            && (0..LEVELS).filter(is_set).all(|level| self.peaks[level] == other.peaks[level])
    }
}

impl Eq for Frontier {}

impl fmt::Debug for Frontier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Frontier").field("size", &self.size).field("root", &self.root()).finish()
    }
}

/// The root of the tree of this size whose rows are stored.
///
/// # Errors
/// When a row cannot be read.
pub fn root_at<R: RowReader>(rows: &R, size: TreeSize) -> Result<Hash, R::Error> {
    Ok(Frontier::from_rows(rows, size)?.root())
}
