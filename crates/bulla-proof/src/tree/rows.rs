//! Stored hashes: row L holds the roots of complete subtrees of `256^L` leaves, from the left.
//!
//! Rows are what a log keeps on disk and what tiles are cut from. Everything between two rows is
//! recomputed from at most 256 hashes.

use alloc::vec::Vec;

use crate::{Frontier, Hash, TreeSize};

/// Hashes of a row under one hash of the row above: 256.
pub const ROW_WIDTH: usize = 1 << ROW_LEVELS;

/// Rows of a tree: 8, since 256^8 leaves are more than a 64-bit size can count.
pub const ROW_COUNT: u8 = 64 / ROW_LEVELS;

/// Tree levels from one row to the next.
pub(crate) const ROW_LEVELS: u8 = 8;

/// Reads stored hashes of a tree.
pub trait RowReader {
    /// Why stored hashes could not be read.
    type Error;

    /// Fills `out` with hashes `first..first + out.len()` of a row.
    ///
    /// Row 0 holds leaf hashes, row L the roots of complete subtrees of `256^L` leaves. Callers ask for at
    /// most [`ROW_WIDTH`] hashes at once, and only for hashes that the tree size they work at has.
    ///
    /// # Errors
    /// When any of the hashes cannot be read; `out` may then hold anything.
    fn read_row(&self, row: u8, first: u64, out: &mut [Hash]) -> Result<(), Self::Error>;
}

impl<R: RowReader + ?Sized> RowReader for &R {
    type Error = R::Error;

    fn read_row(&self, row: u8, first: u64, out: &mut [Hash]) -> Result<(), Self::Error> {
        (**self).read_row(row, first, out)
    }
}

/// A tree whose rows are in memory.
#[derive(Debug, Clone, Default)]
pub struct MemoryRows {
    rows: Vec<Vec<Hash>>,
    frontier: Frontier,
}

/// The row does not have these hashes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("read row {row}: no hashes {first} to {} (exclusive) in it", first.saturating_add(*len as u64))]
pub struct RowUnavailable {
    /// The row asked for.
    pub row: u8,
    /// The first hash asked for.
    pub first: u64,
    /// How many were asked for.
    pub len: usize,
}

impl MemoryRows {
    /// The tree without leaves.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a leaf.
    pub fn append(&mut self, leaf: Hash) {
        let rows = &mut self.rows;
        push(rows, 0, leaf);
        self.frontier.append_with(leaf, |row, _, hash| push(rows, usize::from(row), hash));
    }

    /// How many leaves there are.
    pub fn size(&self) -> TreeSize {
        self.frontier.size()
    }

    /// The root over all leaves.
    pub fn root(&self) -> Hash {
        self.frontier.root()
    }

    /// The right edge.
    pub fn frontier(&self) -> &Frontier {
        &self.frontier
    }

    /// All hashes of a row; empty for a row that the tree does not reach.
    pub fn row(&self, row: u8) -> &[Hash] {
        self.rows.get(usize::from(row)).map_or(&[], Vec::as_slice)
    }
}

impl RowReader for MemoryRows {
    type Error = RowUnavailable;

    fn read_row(&self, row: u8, first: u64, out: &mut [Hash]) -> Result<(), RowUnavailable> {
        let stored = usize::try_from(first)
            .ok()
            .and_then(|start| self.row(row).get(start..)?.get(..out.len()))
            .ok_or(RowUnavailable { row, first, len: out.len() })?;
        out.copy_from_slice(stored);
        Ok(())
    }
}

impl Extend<Hash> for MemoryRows {
    fn extend<I: IntoIterator<Item = Hash>>(&mut self, leaves: I) {
        leaves.into_iter().for_each(|leaf| self.append(leaf));
    }
}

impl FromIterator<Hash> for MemoryRows {
    fn from_iter<I: IntoIterator<Item = Hash>>(leaves: I) -> Self {
        let mut rows = Self::new();
        rows.extend(leaves);
        rows
    }
}

fn push(rows: &mut Vec<Vec<Hash>>, row: usize, hash: Hash) {
    if rows.len() == row {
        rows.push(Vec::new());
    }
    rows[row].push(hash);
}
