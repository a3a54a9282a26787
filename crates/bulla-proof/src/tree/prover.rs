//! Many proofs of one growing log: inner nodes near the root are folded once and kept.
//!
//! What is kept belongs to complete subtrees, which never change, so it stays right while the tree grows.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use crate::tree::audit_path::{RowWindow, prove_path};
use crate::tree::consistency::{last_complete_subtree, leads_with_subtree};
use crate::tree::hash::{empty_root, node_hash};
use crate::tree::rows::{ROW_LEVELS, ROW_WIDTH};
use crate::{Frontier, Hash, LeafIndex, ProveError, RowReader, Subtree, TreeSize};

/// Folded blocks kept: 512 of 16 KiB, 8 MiB at most. A block of row 1 covers 65,536 leaves, so with 33 million
/// leaves or fewer only row 0 is ever folded again.
const BLOCKS_MAX: usize = 512;

/// Proves leaves and older trees of one log, faster than one by one.
///
/// A proof folds some 250 hashes for each row that its path crosses; a prover does so once for each block of the
/// rows above the leaves.
///
/// ```
/// use bulla_proof::{LeafIndex, MemoryRows, Prover, check_inclusion, leaf_hash};
///
/// let rows: MemoryRows = (0..1000u32).map(|leaf| leaf_hash(&leaf.to_be_bytes())).collect();
/// let mut prover = Prover::new(rows.frontier().clone());
/// let proof = prover.prove_inclusion(&rows, LeafIndex(7)).unwrap();
/// let leaf = leaf_hash(&7u32.to_be_bytes());
/// assert!(check_inclusion(&leaf, LeafIndex(7), rows.size(), &proof, &rows.root()).is_ok());
/// ```
#[derive(Debug, Clone)]
pub struct Prover {
    edge: Frontier,
    blocks: BlockCache,
}

impl Prover {
    /// A prover of the tree with this right edge.
    pub const fn new(edge: Frontier) -> Self {
        Self { edge, blocks: BlockCache { blocks: BTreeMap::new(), uses: 0 } }
    }

    /// Moves to another size of the same log, and keeps what is folded.
    ///
    /// Proofs of a log that was rebuilt with other leaves need a new prover.
    pub fn advance(&mut self, edge: Frontier) {
        self.edge = edge;
    }

    /// The right edge of the tree it proves in.
    pub const fn edge(&self) -> &Frontier {
        &self.edge
    }

    /// [`prove_inclusion`](crate::prove_inclusion) in the tree of this prover.
    ///
    /// # Errors
    /// As [`prove_inclusion`](crate::prove_inclusion).
    pub fn prove_inclusion<R: RowReader>(
        &mut self,
        rows: &R,
        index: LeafIndex,
    ) -> Result<Vec<Hash>, ProveError<R::Error>> {
        let size = self.edge.size();
        if index.0 >= size.0 {
            return Err(ProveError::IndexOutsideTree { index, size });
        }
        self.prove(rows, Subtree::leaf(index), false).map_err(ProveError::ReadRow)
    }

    /// [`prove_consistency`](crate::prove_consistency) of an older tree with the tree of this prover.
    ///
    /// # Errors
    /// As [`prove_consistency`](crate::prove_consistency).
    pub fn prove_consistency<R: RowReader>(
        &mut self,
        rows: &R,
        old: TreeSize,
    ) -> Result<Vec<Hash>, ProveError<R::Error>> {
        let new = self.edge.size();
        if old > new {
            return Err(ProveError::SizesReversed { old, new });
        }
        if old.0 == 0 || old == new {
            return Ok(Vec::new());
        }
        self.prove(rows, last_complete_subtree(old), leads_with_subtree(old)).map_err(ProveError::ReadRow)
    }

    fn prove<R: RowReader>(
        &mut self,
        rows: &R,
        start: Subtree,
        leads_with_start: bool,
    ) -> Result<Vec<Hash>, R::Error> {
        let size = self.edge.size();
        let mut window = RowWindow::new(rows, size);
        let root_of = |subtree: Subtree| match subtree.level / ROW_LEVELS {
            0 => window.root(subtree),
            _ => self.blocks.root(rows, size, subtree),
        };
        prove_path(root_of, &self.edge, start, leads_with_start)
    }
}

/// Folded blocks by row and place; the one unused for longest makes room.
#[derive(Debug, Clone)]
struct BlockCache {
    blocks: BTreeMap<(u8, u64), FoldedBlock>,
    uses: u64,
}

impl BlockCache {
    fn root<R: RowReader>(&mut self, rows: &R, size: TreeSize, subtree: Subtree) -> Result<Hash, R::Error> {
        let (row, height) = (subtree.level / ROW_LEVELS, subtree.level % ROW_LEVELS);
        let place = (row, (subtree.offset << height) / ROW_WIDTH as u64);
        let at = (subtree.offset % ((ROW_WIDTH as u64) >> height)) as usize;
        self.uses += 1;
        if let Some(block) = self.blocks.get_mut(&place)
            && let Some(root) = block.root(height, at)
        {
            block.last_use = self.uses;
            return Ok(root);
        }
        let block = FoldedBlock::read(rows, size, place, self.uses)?;
        let root = block.root(height, at).expect("a complete subtree is in the block that was read for it");
        self.insert(place, block);
        Ok(root)
    }

    fn insert(&mut self, place: (u8, u64), block: FoldedBlock) {
        if self.blocks.len() >= BLOCKS_MAX && !self.blocks.contains_key(&place) {
            let oldest = self.blocks.iter().min_by_key(|(_, block)| block.last_use).map(|(place, _)| *place);
            oldest.map(|place| self.blocks.remove(&place));
        }
        self.blocks.insert(place, block);
    }
}

/// Up to 256 stored hashes and all complete subtrees over them.
#[derive(Debug, Clone)]
struct FoldedBlock {
    /// Height h of the block begins at `512 - (512 >> h)`.
    nodes: Box<[Hash; 2 * ROW_WIDTH]>,
    /// How many stored hashes there were; a block at the right edge is read again when it has more.
    len: usize,
    last_use: u64,
}

impl FoldedBlock {
    fn read<R: RowReader>(
        rows: &R,
        size: TreeSize,
        (row, block): (u8, u64),
        last_use: u64,
    ) -> Result<Self, R::Error> {
        let first = block * ROW_WIDTH as u64;
        let stored = size.complete_subtrees(row * ROW_LEVELS) - first;
        let len = stored.min(ROW_WIDTH as u64) as usize;
        let mut nodes = Box::new([empty_root(); 2 * ROW_WIDTH]);
        rows.read_row(row, first, &mut nodes[..len])?;
        for height in 1..ROW_LEVELS {
            let (below, above) = (Self::begin(height - 1), Self::begin(height));
            for at in 0..len >> height {
                nodes[above + at] = node_hash(&nodes[below + 2 * at], &nodes[below + 2 * at + 1]);
            }
        }
        Ok(Self { nodes, len, last_use })
    }

    fn root(&self, height: u8, at: usize) -> Option<Hash> {
        if at < self.len >> height { Some(self.nodes[Self::begin(height) + at]) } else { None }
    }

    const fn begin(height: u8) -> usize {
        2 * ROW_WIDTH - ((2 * ROW_WIDTH) >> height)
    }
}

#[cfg(test)]
mod tests {
    use core::cell::Cell;
    use core::convert::Infallible;

    use super::*;

    /// Rows of equal hashes, as long as anyone asks, that count how often they are read.
    #[derive(Default)]
    struct Counting(Cell<usize>);

    impl RowReader for Counting {
        type Error = Infallible;

        fn read_row(&self, _: u8, _: u64, out: &mut [Hash]) -> Result<(), Infallible> {
            self.0.set(self.0.get() + 1);
            out.fill(empty_root());
            Ok(())
        }
    }

    /// A subtree in the nth block of row 1.
    fn in_block(n: usize) -> Subtree {
        Subtree { level: ROW_LEVELS, offset: (n * ROW_WIDTH) as u64 }
    }

    #[test]
    fn the_block_unused_for_longest_makes_room() {
        let (rows, size) = (Counting::default(), TreeSize(u64::MAX));
        let mut cache = BlockCache { blocks: BTreeMap::new(), uses: 0 };
        let mut reads_for = |n| {
            let before = rows.0.get();
            cache.root(&rows, size, in_block(n)).expect("counting rows cannot fail");
            (rows.0.get() - before, cache.blocks.len())
        };
        for n in 0..BLOCKS_MAX {
            assert_eq!(reads_for(n), (1, n + 1));
        }
        assert_eq!(reads_for(0), (0, BLOCKS_MAX), "kept");
        assert_eq!(reads_for(BLOCKS_MAX), (1, BLOCKS_MAX), "one makes room");
        assert_eq!(reads_for(0), (0, BLOCKS_MAX), "not the one just used");
        assert_eq!(reads_for(1), (1, BLOCKS_MAX), "but the one unused for longest");
    }
}
