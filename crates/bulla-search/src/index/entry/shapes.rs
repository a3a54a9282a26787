//! The shape of an entry: at which paths it has something other than null.
//!
//! Entries of one kind have one shape, so it is said once which paths a shape has, and each entry says only which shape
//! is its own: one fact instead of one for each path. Shapes that are rare, or too many, are not worth that; their
//! entries say each path, as if there were no shapes. Either way `has:path` finds the same entries.
//!
//! Invariant: an entry that names its shape comes with, or behind, an entry that says which paths the shape has.

use std::collections::{BTreeSet, HashSet};
use std::ops::Range;

use sha2::{Digest as _, Sha256};
use tantivy::schema::Field;
use tantivy::{Searcher, SegmentReader};

use super::facts::{self, Kind};

/// 16 bytes of SHA-256 over the paths.
pub(crate) type ShapeDigest = [u8; 16];

/// 4,096 shapes are named by one writer: a search for `has:` looks each of them up.
const NAMED_MAX: usize = 4096;
/// 65,536 shapes that were met once are remembered, so that a second of a kind is known as one: 2 MiB at most.
const MET_MAX: usize = 65_536;

/// The paths of one entry, gathered.
#[derive(Debug, Default)]
pub(crate) struct Paths {
    keys: Vec<u8>,
    ranges: Vec<Range<u32>>,
}

impl Paths {
    pub(crate) fn clear(&mut self) {
        self.keys.clear();
        self.ranges.clear();
    }

    /// Adds a path by its [`facts::path_key`], which may be there already.
    pub(crate) fn add(&mut self, key: &[u8]) {
        // Keys are parts of a line of 64 KiB at most, or digests of them.
        let start = self.keys.len() as u32;
        self.keys.extend_from_slice(key);
        self.ranges.push(start..self.keys.len() as u32);
    }

    /// Each path once, in the order of their bytes.
    pub(crate) fn settle(&mut self) {
        let keys = &self.keys;
        let key = |range: &Range<u32>| &keys[range.start as usize..range.end as usize];
        self.ranges.sort_unstable_by(|a, b| key(a).cmp(key(b)));
        self.ranges.dedup_by(|a, b| key(a) == key(b));
    }

    /// The keys, once they are settled.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &[u8]> {
        self.ranges.iter().map(|range| &self.keys[range.start as usize..range.end as usize])
    }

    /// What the shape is called, once the paths are settled. The length before each key keeps any two lists apart.
    pub(crate) fn digest(&self) -> ShapeDigest {
        let mut hash = Sha256::new();
        for key in self.iter() {
            hash.update((key.len() as u32).to_le_bytes());
            hash.update(key);
        }
        let whole: [u8; 32] = hash.finalize().into();
        whole[..16].try_into().expect("a digest has 32 bytes")
    }
}

/// How an entry says what it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Said {
    /// By the name of its shape.
    Named,
    /// By the name of its shape, and it also says which paths that has.
    Naming,
    /// By each path.
    Each,
}

/// The shapes that one writer has met.
#[derive(Debug, Default)]
pub(crate) struct Shapes {
    named: HashSet<ShapeDigest>,
    met: HashSet<ShapeDigest>,
}

impl Shapes {
    /// A shape is named when it is met again.
    pub(crate) fn meet(&mut self, shape: ShapeDigest) -> Said {
        if self.named.contains(&shape) {
            return Said::Named;
        }
        if self.met.contains(&shape) && self.named.len() < NAMED_MAX {
            self.met.remove(&shape);
            self.named.insert(shape);
            return Said::Naming;
        }
        if self.met.len() >= MET_MAX {
            self.met.clear();
        }
        self.met.insert(shape);
        Said::Each
    }
}

/// The names of all shapes that have a path.
pub(crate) fn with_path(searcher: &Searcher, field: Field, path: &str) -> tantivy::Result<Vec<ShapeDigest>> {
    let mut found = BTreeSet::new();
    for reader in searcher.segment_readers() {
        in_part(reader, field, path, &mut found)?;
    }
    Ok(found.into_iter().collect())
}

fn in_part(
    reader: &SegmentReader,
    field: Field,
    path: &str,
    found: &mut BTreeSet<ShapeDigest>,
) -> tantivy::Result<()> {
    let Range { start, end } = facts::all(path, Kind::InShape);
    let name_at = start.len();
    let index = reader.inverted_index(field)?;
    let mut terms = index.terms().range().ge(&start).lt(&end).into_stream()?;
    while terms.advance() {
        let name: Option<ShapeDigest> = terms.key().get(name_at..).and_then(|name| name.try_into().ok());
        found.extend(name);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(paths: &[&str]) -> Paths {
        let (mut all, mut key) = (Paths::default(), Vec::new());
        for path in paths {
            facts::path_key(path, &mut key);
            all.add(&key);
        }
        all.settle();
        all
    }

    /// Meets the shape of this number.
    fn meet(shapes: &mut Shapes, number: usize) -> Said {
        let mut shape = [0; 16];
        shape[..8].copy_from_slice(&number.to_le_bytes());
        shapes.meet(shape)
    }

    #[test]
    fn order_and_repetition_of_paths_make_no_other_shape() {
        let digest = |names: &[&str]| paths(names).digest();
        assert_eq!(digest(&["a", "b.c", "b"]), digest(&["b", "a", "b.c", "b.c", "a"]));
        assert_ne!(digest(&["a", "b"]), digest(&["ab"]));
        assert_ne!(digest(&["a"]), digest(&["a", ""]));
        assert_eq!(paths(&["b", "a", "b"]).iter().collect::<Vec<_>>(), [b"a\xff", b"b\xff"]);
    }

    #[test]
    fn a_shape_is_named_when_it_is_met_again() {
        let mut shapes = Shapes::default();
        assert_eq!(meet(&mut shapes, 1), Said::Each);
        assert_eq!(meet(&mut shapes, 1), Said::Naming);
        assert_eq!(meet(&mut shapes, 1), Said::Named);
        // However many are met once, memory stays bounded, and what is named stays so.
        for number in 2..200_000 {
            assert_eq!(meet(&mut shapes, number), Said::Each);
        }
        assert!(shapes.met.len() <= MET_MAX);
        assert_eq!(meet(&mut shapes, 1), Said::Named);
    }

    #[test]
    fn only_so_many_shapes_are_named() {
        let mut shapes = Shapes::default();
        for number in 0..NAMED_MAX {
            meet(&mut shapes, number);
            assert_eq!(meet(&mut shapes, number), Said::Naming);
        }
        for _ in 0..3 {
            assert_eq!(meet(&mut shapes, NAMED_MAX), Said::Each);
        }
    }
}
