//! Which hashes are the right ones, where lines and `tree/` differ: those that lead to a signed root.
//!
//! Four trees are grown side by side, and each signed root is compared with all of them: the tree of the stored
//! hashes, of the lines, of the more likely of the two for each leaf, and of that with stored tile roots that
//! neither has. The first that has the root is right up to there, and the others go on from it.

use std::ops::Range;

use bulla_proof::{Frontier, HASH_LEN, Hash, subtree_root};

use crate::read::verify::checkpoints::expected::{Expected, ExpectedRoots};
use crate::read::verify::findings::FINDINGS_MAX;
use crate::read::verify::snapshot::{RowCursor, StoredRows};
use crate::store::disk::DiskError;
use crate::store::layout::TILE_WIDTH;
use crate::store::rows::ROWS;

/// Signed roots that the entries do not have, as long as no later one is had: what is more is counted.
const BAD_MAX: usize = 100;
/// Differences of higher rows that wait for a signed root, and stretches of the log that are right in different
/// ways: what is more is not told.
const WAITING_MAX: usize = 4096;

/// Which of the trees is right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::read::verify) enum Right {
    /// Stored hashes; lines that differ are changed.
    Stored,
    /// For each leaf the more likely of the two.
    Likely,
    /// The lines; stored hashes that differ are changed.
    Lines,
    /// The more likely, except in tiles whose lines and leaves were both changed.
    LikelyAndTiles,
    /// No signed root covers it yet.
    NotCovered,
    /// None of them.
    None,
}

const TREES: [Right; 4] = [Right::Stored, Right::Likely, Right::Lines, Right::LikelyAndTiles];

/// A hash of a higher row that is not the one that follows.
#[derive(Debug, Clone)]
pub(in crate::read::verify) struct RowDifference {
    pub(in crate::read::verify) row: u8,
    pub(in crate::read::verify) index: u64,
    stored: Hash,
    /// What follows, in each of the trees.
    follows: [Hash; TREES.len()],
}

/// A stretch between two signed roots that the entries do not have.
#[derive(Debug)]
pub(in crate::read::verify) struct Broken {
    /// Size of the last checkpoint whose root they have.
    pub(in crate::read::verify) good: u64,
    /// The first whose root they do not have.
    pub(in crate::read::verify) bad: Expected,
    /// How many of them there are.
    pub(in crate::read::verify) count: u64,
}

/// A signed root that is not that of the entries, and a later one that is.
#[derive(Debug)]
pub(in crate::read::verify) struct Contradiction {
    pub(in crate::read::verify) bad: Expected,
    pub(in crate::read::verify) good: Expected,
}

/// What came out.
#[derive(Debug, Default)]
pub(in crate::read::verify) struct Settled {
    /// Stretches by their ends, and which tree is right there.
    stretches: Vec<(u64, Right)>,
    /// Tiles, by the number of their first leaf, in which not the likely leaf but one kind of leaf is right.
    votes: Vec<(u64, Vote)>,
    pub(in crate::read::verify) rows: Vec<(u8, u64)>,
    pub(in crate::read::verify) broken: Option<Broken>,
    pub(in crate::read::verify) contradictions: Vec<Contradiction>,
    /// Stretches in which lines and leaves were both changed, each in one tile.
    pub(in crate::read::verify) changed_tiles: Vec<Range<u64>>,
    /// Signed roots that were compared.
    pub(in crate::read::verify) compared: u64,
    pub(in crate::read::verify) not_listed: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Vote {
    Stored,
    Lines,
}

impl Settled {
    /// Which tree is right for entry `seq`.
    pub(in crate::read::verify) fn right_for(&self, seq: u64) -> Right {
        let at = self.stretches.partition_point(|(end, _)| *end <= seq);
        self.stretches.get(at).map_or(Right::None, |(_, right)| *right)
    }

    /// Whether the line of entry `seq` is right where it differs from the stored hash.
    pub(in crate::read::verify) fn is_line_right(&self, seq: u64, line: Hash, stored: Hash) -> bool {
        match self.right_for(seq) {
            Right::Stored => false,
            Right::Lines => true,
            Right::Likely | Right::LikelyAndTiles | Right::NotCovered | Right::None => {
                let tile = seq - seq % TILE_WIDTH;
                match self.votes.binary_search_by_key(&tile, |(tile, _)| *tile).map(|at| self.votes[at].1) {
                    Ok(vote) => vote == Vote::Lines,
                    Err(_) => is_likelier(line, stored),
                }
            }
        }
    }
}

/// Whether the stored hash looks like a damaged copy of the line's: a changed line has a hash that agrees with the old
/// one in more than seven bytes of 32 once in 10^13.
pub(in crate::read::verify) fn is_likelier(line: Hash, stored: Hash) -> bool {
    let same = line.as_bytes().iter().zip(stored.as_bytes()).filter(|(a, b)| a == b).count();
    same >= 8 || stored == Hash::from([0; HASH_LEN])
}

/// Whether a crash can have left `stored` where `right` was written: some bytes never reached the disk.
pub(in crate::read::verify) fn is_unfinished(stored: Hash, right: Hash) -> bool {
    stored.as_bytes().iter().zip(right.as_bytes()).all(|(stored, right)| *stored == 0 || stored == right)
}

/// A tile whose lines and leaves were both changed, if a signed root says so: its first leaf.
struct WaitingTile {
    first: u64,
    /// Signed roots of sizes inside it that are counted and not held.
    more_bad: u64,
}

/// The leaf of one entry: as stored, and of its line.
#[derive(Debug, Clone, Copy)]
struct Leaf {
    stored: Hash,
    line: Hash,
}

/// Grows the trees.
pub(in crate::read::verify) struct Truth<'a> {
    roots: ExpectedRoots<'a>,
    rows: Vec<RowCursor<'a>>,
    trees: [Frontier; TREES.len()],
    /// Leaves since the last tile boundary.
    tile: Vec<Leaf>,
    differs: bool,
    /// Whether some leaf is known from neither.
    is_lost: bool,
    /// The last whose root the entries have.
    good: Option<Expected>,
    bad: Vec<Expected>,
    /// How many more there are, and of them those whose size lies in the present tile.
    more_bad: u64,
    more_bad_in_tile: u64,
    waiting: Vec<RowDifference>,
    waiting_tiles: Vec<WaitingTile>,
    settled: Settled,
}

impl<'a> Truth<'a> {
    pub(in crate::read::verify) fn new(rows: &'a StoredRows, roots: ExpectedRoots<'a>) -> Self {
        Self {
            roots,
            rows: (0..ROWS).map(|row| RowCursor::new(rows, row)).collect(),
            trees: std::array::from_fn(|_| Frontier::new()),
            tile: Vec::with_capacity(TILE_WIDTH as usize),
            differs: false,
            is_lost: false,
            good: None,
            bad: Vec::new(),
            more_bad: 0,
            more_bad_in_tile: 0,
            waiting: Vec::new(),
            waiting_tiles: Vec::new(),
            settled: Settled::default(),
        }
    }

    /// Entries so far.
    pub(in crate::read::verify) fn position(&self) -> u64 {
        self.trees[0].size().get() + self.tile.len() as u64
    }

    /// The stored leaf of an entry.
    pub(in crate::read::verify) fn stored(&mut self, seq: u64) -> Result<Option<Hash>, DiskError> {
        self.rows[0].hash(seq)
    }

    /// Adds the leaf of the next entry: the hash of its line, if it has one.
    pub(in crate::read::verify) fn push(&mut self, line: Option<Hash>) -> Result<(), DiskError> {
        self.compare()?;
        let position = self.position();
        let stored = self.rows[0].hash(position)?;
        self.is_lost |= stored.is_none() && line.is_none();
        let stored = stored.or(line).unwrap_or_default();
        let line = line.unwrap_or(stored);
        self.differs |= stored != line;
        self.tile.push(Leaf { stored, line });
        if self.tile.len() == TILE_WIDTH as usize { self.end_tile() } else { Ok(()) }
    }

    /// Compares the roots that are signed for the present size.
    fn compare(&mut self) -> Result<(), DiskError> {
        while self.roots.next_size().is_some_and(|size| size <= self.position()) {
            let expected = self.roots.next()?.expect("its size was seen");
            self.settled.compared += 1;
            let right = (0..TREES.len()).find(|tree| self.root(*tree) == expected.root);
            match right {
                Some(tree) if expected.size == self.position() => self.agree(tree, expected),
                _ if self.is_lost => {}
                _ => self.disagree(expected),
            }
        }
        Ok(())
    }

    fn root(&self, tree: usize) -> Hash {
        let mut frontier = self.trees[tree].clone();
        self.tile.iter().for_each(|leaf| frontier.append(leaf.of(TREES[tree])));
        frontier.root()
    }

    /// Up to here this tree is right.
    fn agree(&mut self, tree: usize, good: Expected) {
        let right = TREES[tree];
        if right == Right::LikelyAndTiles {
            self.blame_tiles();
        }
        for bad in self.bad.drain(..) {
            self.settled.contradict(bad, good.clone());
        }
        self.settled.not_listed += std::mem::take(&mut self.more_bad);
        self.more_bad_in_tile = 0;
        self.settle(right, tree);
        self.good = Some(good);
        let root = self.trees[tree].clone();
        self.trees.fill(root);
        for leaf in &mut self.tile {
            let right = leaf.of(right);
            *leaf = Leaf { stored: right, line: right };
        }
    }

    /// Roots of sizes inside a tile whose entries were changed are missed for that, and say where in it.
    fn blame_tiles(&mut self) {
        let good = self.good.as_ref().map_or(0, |good| good.size);
        for WaitingTile { first: tile, more_bad } in self.waiting_tiles.drain(..) {
            self.more_bad -= more_bad;
            let mut range = tile.max(good)..tile + TILE_WIDTH;
            self.bad.retain(|bad| {
                let is_inside = tile < bad.size && bad.size < tile + TILE_WIDTH;
                if is_inside {
                    range.end = range.end.min(bad.size);
                }
                !is_inside
            });
            self.settled.changed_tiles.push(range);
        }
    }

    fn settle(&mut self, right: Right, tree: usize) {
        let end = self.position();
        if self.differs || self.settled.stretches.is_empty() {
            self.settled.stretch(end, right);
        } else {
            self.settled.stretches.last_mut().expect("there is one").0 = end;
        }
        self.differs = false;
        let wrong = self.waiting.drain(..).filter(|difference| match right {
            Right::NotCovered => !is_unfinished(difference.stored, difference.follows[tree]),
            Right::None => false,
            _ => difference.stored != difference.follows[tree],
        });
        self.settled.rows.extend(wrong.map(|difference| (difference.row, difference.index)));
        self.waiting_tiles.clear();
    }

    fn disagree(&mut self, bad: Expected) {
        if let Some(good) = self.good.clone().filter(|good| good.size >= bad.size) {
            self.settled.contradict(bad, good);
        } else if self.bad.len() < BAD_MAX {
            self.bad.push(bad);
        } else {
            self.more_bad += 1;
            self.more_bad_in_tile += u64::from(!bad.size.is_multiple_of(TILE_WIDTH));
        }
    }

    /// A whole tile: its root in each of the trees, judged by the stored root.
    fn end_tile(&mut self) -> Result<(), DiskError> {
        let first = self.trees[0].size().get();
        let stored_root = self.rows[1].hash(first / TILE_WIDTH)?;
        let is_same = self.tile.iter().all(|leaf| leaf.stored == leaf.line);
        let roots = if is_same {
            let root = fold(&self.tile, Right::Stored);
            let with_tile = stored_root.filter(|stored| *stored != root);
            if with_tile.is_some() {
                self.wait_with_tile(first);
            }
            [root, root, root, with_tile.unwrap_or(root)]
        } else {
            self.vote(first, stored_root)
        };
        self.tile.clear();
        self.more_bad_in_tile = 0;
        self.append(roots, stored_root)
    }

    fn wait_with_tile(&mut self, first: u64) {
        self.waiting_tiles.push(WaitingTile { first, more_bad: self.more_bad_in_tile });
    }

    /// The likely tile is the one that has the stored root, if one has.
    fn vote(&mut self, first: u64, stored_root: Option<Hash>) -> [Hash; TREES.len()] {
        let [stored, likely, lines] =
            [Right::Stored, Right::Likely, Right::Lines].map(|right| fold(&self.tile, right));
        match stored_root {
            Some(root) if root == likely => [stored, likely, lines, likely],
            Some(root) if root == stored || root == lines => {
                let vote = if root == stored { Vote::Stored } else { Vote::Lines };
                self.settled.vote(first, vote);
                [stored, root, lines, root]
            }
            Some(root) => {
                self.wait_with_tile(first);
                [stored, likely, lines, root]
            }
            None => [stored, likely, lines, likely],
        }
    }

    /// Appends the tile to all trees, and compares what is completed with the higher rows.
    fn append(&mut self, roots: [Hash; TREES.len()], stored: Option<Hash>) -> Result<(), DiskError> {
        let index = self.trees[0].size().get() / TILE_WIDTH;
        let mut completed = vec![(1, index, roots)];
        for (tree, root) in roots.into_iter().enumerate() {
            let mut place = 1;
            self.trees[tree]
                .append_subtree_with(1, root, |row, index, hash| {
                    if completed.len() == place {
                        completed.push((row, index, [hash; TREES.len()]));
                    }
                    completed[place].2[tree] = hash;
                    place += 1;
                })
                .expect("tiles begin at multiples of 256");
        }
        for (row, index, follows) in completed {
            let stored = if row == 1 { stored } else { self.rows[usize::from(row)].hash(index)? };
            // A hash that is not there is told by the length of the file.
            let Some(stored) = stored.filter(|stored| follows.iter().any(|hash| hash != stored)) else {
                continue;
            };
            if self.waiting.len() < WAITING_MAX {
                self.waiting.push(RowDifference { row, index, stored, follows });
            } else {
                self.settled.not_listed += 1;
            }
        }
        Ok(())
    }

    /// Ends where the entries end.
    pub(in crate::read::verify) fn finish(mut self) -> Result<Settled, DiskError> {
        self.compare()?;
        let has_bad = !self.bad.is_empty();
        if has_bad {
            let count = self.bad.len() as u64 + self.more_bad;
            let bad = self.bad.swap_remove(0);
            self.settled.broken =
                Some(Broken { good: self.good.as_ref().map_or(0, |good| good.size), bad, count });
        }
        let right = if has_bad || self.is_lost { Right::None } else { Right::NotCovered };
        self.differs = true;
        self.settle(right, TREES.iter().position(|tree| *tree == Right::Likely).expect("it is one of them"));
        self.settled.stretches.last_mut().expect("there is one").0 = u64::MAX;
        Ok(self.settled)
    }
}

impl Settled {
    fn contradict(&mut self, bad: Expected, good: Expected) {
        if self.contradictions.len() < FINDINGS_MAX {
            self.contradictions.push(Contradiction { bad, good });
        } else {
            self.not_listed += 1;
        }
    }

    fn stretch(&mut self, end: u64, right: Right) {
        let is_full = self.stretches.len() > WAITING_MAX;
        match self.stretches.last_mut() {
            Some(last) if last.1 == right => last.0 = end,
            Some(last) if is_full => *last = (end, Right::None),
            _ => self.stretches.push((end, right)),
        }
    }

    fn vote(&mut self, tile: u64, vote: Vote) {
        if self.votes.len() < WAITING_MAX {
            self.votes.push((tile, vote));
        }
    }
}

impl Leaf {
    fn of(self, right: Right) -> Hash {
        match right {
            Right::Stored => self.stored,
            Right::Lines => self.line,
            _ if is_likelier(self.line, self.stored) => self.line,
            _ => self.stored,
        }
    }
}

fn fold(tile: &[Leaf], right: Right) -> Hash {
    let mut leaves = [Hash::default(); TILE_WIDTH as usize];
    for (hash, leaf) in leaves.iter_mut().zip(tile) {
        *hash = leaf.of(right);
    }
    subtree_root(&mut leaves)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use bulla_hostile::{Original, Shape};

    use super::*;
    use crate::read::verify::Verify;
    use crate::read::verify::checkpoints::expected::ExpectedBy;
    use crate::read::verify::checkpoints::published::judge;
    use crate::read::verify::findings::Findings;
    use crate::read::verify::snapshot::Snapshot;
    use crate::store::OsDisk;
    use crate::store::disk::Disk;
    use crate::store::layout;

    /// Does something with the trees of a log whose rows, from row 1 on, are these.
    fn with_rows(rows: &[Vec<Hash>], act: impl FnOnce(Truth<'_>)) {
        let folder = tempfile::tempdir().unwrap();
        let shape = Shape { entries: 2, sessions: 1, segment_bytes: 1, seal: false, payloads: false };
        let log = Original::write(folder.path().join("audit"), shape).directory;
        for (row, hashes) in (1..).zip(rows) {
            let bytes: Vec<u8> = hashes.iter().flat_map(|hash| *hash.as_bytes()).collect();
            log.write(&layout::row(row), bytes);
        }
        let disk: Arc<dyn Disk> = Arc::new(OsDisk::new(log.root()));
        let mut findings = Findings::default();
        let trust = Verify::on_disk(disk.clone()).trust(&mut findings).unwrap();
        let snapshot = Snapshot::take(&disk).unwrap();
        let heads = judge(&disk, &snapshot.published, &trust, &[], 1, &mut findings).unwrap();
        let roots = ExpectedRoots::new(&disk, &snapshot.published, &trust, &heads).unwrap();
        act(Truth::new(&snapshot.rows, roots));
    }

    fn hash(number: u64) -> Hash {
        let mut bytes = [9; HASH_LEN];
        bytes[..8].copy_from_slice(&number.to_be_bytes());
        Hash::from(bytes)
    }

    #[test]
    fn rows_that_are_completed_together_are_each_compared() {
        let mut rows = vec![Vec::new(); 3];
        let mut frontier = Frontier::new();
        for tile in 0..65_536 {
            rows[0].push(hash(tile));
            frontier
                .append_subtree_with(1, hash(tile), |row, _, hash| rows[usize::from(row) - 1].push(hash))
                .unwrap();
        }
        assert_eq!(rows.iter().map(Vec::len).collect::<Vec<_>>(), [65_536, 256, 1]);
        with_rows(&rows, |mut truth| {
            for tile in 0..65_536 {
                truth.append([hash(tile); TREES.len()], Some(hash(tile))).unwrap();
            }
            assert!(truth.waiting.is_empty(), "{:?}", truth.waiting.first());
        });
        rows[2][0] = hash(7);
        with_rows(&rows, |mut truth| {
            for tile in 0..65_536 {
                truth.append([hash(tile); TREES.len()], Some(hash(tile))).unwrap();
            }
            let found: Vec<_> = truth.waiting.iter().map(|found| (found.row, found.index)).collect();
            assert_eq!(found, [(3, 0)]);
        });
    }

    #[test]
    fn differences_of_rows_that_do_not_fit_are_counted() {
        with_rows(&[], |mut truth| {
            for tile in 0..WAITING_MAX as u64 + 3 {
                truth.append([hash(tile); TREES.len()], Some(hash(tile + 1))).unwrap();
            }
            assert_eq!((truth.waiting.len(), truth.settled.not_listed), (WAITING_MAX, 3));
        });
    }

    #[test]
    fn contradictions_that_do_not_fit_are_counted() {
        let signed = |size| Expected { size, root: hash(size), by: ExpectedBy::Pin, text: String::new() };
        let mut settled = Settled::default();
        for size in 0..FINDINGS_MAX as u64 + 3 {
            settled.contradict(signed(size), signed(size + 1));
        }
        assert_eq!((settled.contradictions.len(), settled.not_listed), (FINDINGS_MAX, 3));
    }

    #[test]
    fn stretches_and_votes_that_do_not_fit_are_not_believed() {
        let mut settled = Settled::default();
        settled.stretch(5, Right::Lines);
        settled.stretch(9, Right::Lines);
        assert_eq!(settled.stretches, [(9, Right::Lines)], "one stretch");
        let rights = [Right::Stored, Right::Likely];
        let most = WAITING_MAX as u64;
        for number in 0..most {
            settled.stretch(10 + number, rights[number as usize % 2]);
        }
        assert_eq!(settled.stretches.len() as u64, 1 + most);
        assert_eq!(settled.right_for(8 + most), rights[(most - 1) as usize % 2]);
        for number in most..most + 4 {
            settled.stretch(10 + number, rights[number as usize % 2]);
            assert_eq!(settled.stretches.len() as u64, 1 + most);
            assert_eq!(settled.stretches.last(), Some(&(10 + number, Right::None)));
        }
        for tile in 0..most + 3 {
            settled.vote(tile, Vote::Lines);
        }
        assert_eq!(settled.votes.len() as u64, most);
    }
}
