//! Places in a tree: which leaf, how many leaves, which complete subtree.
//!
//! The law that everything here rests on: subtree (level, offset) covers leaves
//! `[offset·2^level, (offset+1)·2^level)`, and a tree of n leaves has exactly `n >> level` complete
//! subtrees on a level.

use core::fmt;

/// The number of a leaf, from zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(transparent))]
pub struct LeafIndex(pub u64);

/// How many leaves a tree has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(transparent))]
pub struct TreeSize(pub u64);

impl LeafIndex {
    /// The number itself.
    pub const fn get(self) -> u64 {
        self.0
    }
}

impl TreeSize {
    /// The number itself.
    pub const fn get(self) -> u64 {
        self.0
    }

    /// How many complete subtrees of `2^level` leaves a tree of this size has.
    pub const fn complete_subtrees(self, level: u8) -> u64 {
        if level < 64 { self.0 >> level } else { 0 }
    }
}

impl From<u64> for LeafIndex {
    fn from(index: u64) -> Self {
        Self(index)
    }
}

impl From<u64> for TreeSize {
    fn from(size: u64) -> Self {
        Self(size)
    }
}

impl fmt::Display for LeafIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Display for TreeSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// The complete subtree over leaves `[offset·2^level, (offset+1)·2^level)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Subtree {
    /// Height over the leaves, 0 to 63.
    pub level: u8,
    /// Which one on its level, from the left, from zero.
    pub offset: u64,
}

impl Subtree {
    /// The subtree that is only this leaf.
    pub const fn leaf(index: LeafIndex) -> Self {
        Self { level: 0, offset: index.0 }
    }

    /// The subtree with the same parent.
    pub const fn sibling(self) -> Self {
        Self { level: self.level, offset: self.offset ^ 1 }
    }

    /// The subtree one level up that holds this one.
    pub const fn parent(self) -> Self {
        Self { level: self.level + 1, offset: self.offset >> 1 }
    }

    /// Whether this is the right child of its parent.
    pub const fn is_right(self) -> bool {
        self.offset & 1 == 1
    }

    /// Whether a tree of this size has all its leaves.
    pub const fn is_complete_in(self, size: TreeSize) -> bool {
        self.offset < size.complete_subtrees(self.level)
    }

    /// Whether a tree of this size has at least its first leaf.
    pub const fn begins_in(self, size: TreeSize) -> bool {
        self.offset <= last_offset(self.level, size) && size.0 > 0
    }

    /// Whether, in a tree of this size, there is nothing beside this subtree on its level.
    pub const fn spans(self, size: TreeSize) -> bool {
        last_offset(self.level, size) == 0
    }
}

/// The offset, on a level, of the subtree with the tree's last leaf. The tree is not empty.
const fn last_offset(level: u8, size: TreeSize) -> u64 {
    if level < 64 { size.0.saturating_sub(1) >> level } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subtree_is_complete_exactly_when_its_last_leaf_exists() {
        for size in 0..=70u64 {
            for level in 0..8u8 {
                for offset in 0..=70u64 {
                    let subtree = Subtree { level, offset };
                    let (start, end) = (offset << level, (offset + 1) << level);
                    assert_eq!(subtree.is_complete_in(TreeSize(size)), end <= size, "{subtree:?} in {size}");
                    assert_eq!(subtree.begins_in(TreeSize(size)), start < size, "{subtree:?} in {size}");
                }
            }
        }
    }

    #[test]
    fn the_largest_tree_does_not_overflow() {
        let size = TreeSize(u64::MAX);
        assert!(Subtree { level: 63, offset: 0 }.is_complete_in(size));
        assert!(!Subtree { level: 63, offset: 1 }.is_complete_in(size));
        assert!(Subtree { level: 63, offset: 1 }.begins_in(size));
        assert!(!Subtree { level: 63, offset: 0 }.spans(size));
        assert!(Subtree { level: 64, offset: 0 }.spans(size));
        assert_eq!(size.complete_subtrees(64), 0);
    }
}
