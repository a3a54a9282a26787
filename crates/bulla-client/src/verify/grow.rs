//! Grows the trees that what is served amounts to, side by side: that of the entries, that of the leaf hashes, and that
//! of the roots of whole tiles above them. Which of them is right, the signed root decides in the end.
//!
//! Memory: at most 256 pairs of hashes of each row, and a bounded list of differences.

use bulla_proof::{
    Finding, FindingKind, Frontier, HASH_LEN, Hash, ROW_COUNT, TILE_WIDTH, TileId, TileKind, TreeSize,
    subtree_root,
};

use super::VerifyError;
use super::findings::Findings;
use super::piece::{self, Piece, Sides, Strange, StrangeLine, Unusable};
use super::trust::Signed;
use crate::connection::Client;

/// 10,000 differences are looked at one by one, some 600 KiB; further ones are counted.
const DIFFERENCES_MAX: usize = 10_000;

/// Roots of the three trees at one size.
#[derive(Debug, Clone, Copy)]
pub(super) struct Roots {
    pub(super) entries: Hash,
    pub(super) leaves: Hash,
    pub(super) tiles: Hash,
}

/// A place at which two of them say different things.
#[derive(Debug)]
pub(super) enum Difference {
    /// The entry's hash is not the one in the tile of leaf hashes.
    Leaf { tile: TileId, seq: u64 },
    /// A hash of an upper row is not the one that follows from the entries, or from the leaf hashes.
    Upper { tile: TileId, place: u64, is_of_entries: bool, is_of_leaves: bool },
}

/// What all of it amounts to.
#[derive(Debug, Default)]
pub(super) struct Grown {
    /// At the size of the checkpoint.
    pub(super) roots: Option<Roots>,
    /// At the sizes of pinned checkpoints, in their order.
    pub(super) at_pins: Vec<Roots>,
    pub(super) differences: Vec<Difference>,
    pub(super) differences_not_kept: u64,
    pub(super) strange: Vec<Strange>,
}

#[derive(Debug, Clone, Default)]
struct Trees {
    entries: Frontier,
    leaves: Frontier,
    tiles: Frontier,
}

pub(super) struct Grower<'a> {
    client: &'a Client,
    size: TreeSize,
    pins: std::vec::IntoIter<TreeSize>,
    next_pin: Option<TreeSize>,
    trees: Trees,
    /// Row r at index r: what follows for it from below, not yet a whole tile.
    rows: [Vec<Sides>; ROW_COUNT as usize],
    /// The tile of row 1 that is being passed.
    row_1: Option<(TileId, Vec<Hash>)>,
    last_time: String,
    grown: Grown,
}

impl Trees {
    fn roots(&self) -> Roots {
        Roots { entries: self.entries.root(), leaves: self.leaves.root(), tiles: self.tiles.root() }
    }

    fn append(&mut self, entry: Hash, leaf: Hash) {
        self.entries.append(entry);
        self.leaves.append(leaf);
        self.tiles.append(leaf);
    }

    fn append_tile(&mut self, roots: Sides, stored: Hash) {
        let appended = [
            self.entries.append_subtree(1, roots.entries),
            self.leaves.append_subtree(1, roots.tiles),
            self.tiles.append_subtree(1, stored),
        ];
        appended.into_iter().for_each(|appended| appended.expect("tiles come in order and whole"));
    }
}

impl Grown {
    fn push(&mut self, difference: Difference) {
        if self.differences.len() < DIFFERENCES_MAX {
            self.differences.push(difference);
        } else {
            self.differences_not_kept += 1;
        }
    }
}

impl<'a> Grower<'a> {
    pub(super) fn new(client: &'a Client, size: TreeSize, pins: &[Signed]) -> Self {
        let pins: Vec<_> = pins.iter().map(|pin| pin.size).filter(|pin| *pin <= size).collect();
        let mut pins = pins.into_iter();
        let next_pin = pins.next();
        let mut grower = Self {
            client,
            size,
            pins,
            next_pin,
            trees: Trees::default(),
            rows: Default::default(),
            row_1: None,
            last_time: String::new(),
            grown: Grown::default(),
        };
        grower.pass_pins();
        grower
    }

    /// Entries so far.
    pub(super) fn size(&self) -> u64 {
        self.trees.entries.size().get()
    }

    /// Adds the next tile.
    pub(super) fn add(&mut self, piece: Piece, findings: &mut Findings) -> Result<(), VerifyError> {
        tell_unusable(&piece, findings);
        self.compare_leaves(&piece);
        self.take_strange(&piece);
        let leaves = || piece.leaves_of_entries().iter().copied().zip(piece.leaves_of_tile().iter().copied());
        let first = self.size();
        let end = first + leaves().len() as u64;
        while let Some(pin) = self.next_pin.filter(|pin| pin.get() < end) {
            let mut trees = self.trees.clone();
            leaves().take((pin.get() - first) as usize).for_each(|(entry, leaf)| trees.append(entry, leaf));
            self.grown.at_pins.push(trees.roots());
            self.next_pin = self.pins.next();
        }
        match piece.roots {
            Some(roots) => self.add_tile(roots, piece.is_unknown(), findings)?,
            None => leaves().for_each(|(entry, leaf)| self.trees.append(entry, leaf)),
        }
        self.pass_pins();
        Ok(())
    }

    /// Compares what is left in every row: the partial tiles.
    pub(super) fn end(&mut self, findings: &mut Findings) -> Result<(), VerifyError> {
        for row in 2..ROW_COUNT {
            self.compare_row(row, findings)?;
        }
        self.grown.roots = Some(self.trees.roots());
        Ok(())
    }

    pub(super) fn into_grown(self) -> Grown {
        self.grown
    }

    /// Takes the roots for pins of just this size.
    fn pass_pins(&mut self) {
        while self.next_pin == Some(self.trees.entries.size()) {
            self.grown.at_pins.push(self.trees.roots());
            self.next_pin = self.pins.next();
        }
    }

    fn compare_leaves(&mut self, piece: &Piece) {
        let (Ok(of_entries), Ok(of_tile)) = (&piece.of_entries, &piece.of_tile) else { return };
        let tile = piece.hashes_tile;
        for ((seq, entry), leaf) in tile.range().zip(of_entries).zip(of_tile) {
            if entry != leaf {
                self.grown.push(Difference::Leaf { tile, seq });
            }
        }
    }

    fn take_strange(&mut self, piece: &Piece) {
        let first = piece.entries_tile.range().start;
        if let Some((earliest, latest)) = &piece.times {
            if *earliest < self.last_time {
                self.grown.keep_strange(Strange { seq: first, what: StrangeLine::Earlier });
            }
            self.last_time.clone_from(latest);
        }
        piece.strange.iter().for_each(|strange| self.grown.keep_strange(strange.clone()));
    }

    /// Adds a full tile by its roots, and compares them with row 1.
    fn add_tile(
        &mut self,
        roots: Sides,
        is_unknown: bool,
        findings: &mut Findings,
    ) -> Result<(), VerifyError> {
        let place = self.size() / u64::from(TILE_WIDTH);
        let width = u64::from(TILE_WIDTH);
        if place.is_multiple_of(width) {
            let tile = TileId::at(TileKind::Hashes { level: 1 }, place / width, self.size);
            let tile = tile.expect("a tree with a full tile has its root in row 1");
            self.row_1 = fetch(self.client, tile, findings)?.map(|hashes| (tile, hashes));
        }
        let stored = self.row_1.as_ref().map(|(tile, hashes)| (*tile, hashes[(place % width) as usize]));
        if let Some((tile, stored)) = stored
            && !is_unknown
        {
            self.compare_upper(tile, place, roots, stored);
        }
        self.trees.append_tile(roots, stored.map_or(roots.tiles, |(_, stored)| stored));
        self.push_row(1, roots, findings)
    }

    fn push_row(&mut self, row: u8, sides: Sides, findings: &mut Findings) -> Result<(), VerifyError> {
        let pending = &mut self.rows[usize::from(row)];
        pending.push(sides);
        if pending.len() < usize::from(TILE_WIDTH) {
            return Ok(());
        }
        // Row 1 was compared hash by hash.
        if row > 1 {
            self.compare_row(row, findings)?;
        }
        let pending = std::mem::take(&mut self.rows[usize::from(row)]);
        let root = |side: fn(&Sides) -> Hash| subtree_root(&mut pending.iter().map(side).collect::<Vec<_>>());
        let above = Sides { entries: root(|sides| sides.entries), tiles: root(|sides| sides.tiles) };
        self.push_row(row + 1, above, findings)
    }

    /// Compares the last tile of a row with what follows for it from below.
    fn compare_row(&mut self, row: u8, findings: &mut Findings) -> Result<(), VerifyError> {
        let pending = std::mem::take(&mut self.rows[usize::from(row)]);
        if !pending.is_empty() {
            let len = self.trees.entries.size().complete_subtrees(row * 8);
            let index = (len - 1) / u64::from(TILE_WIDTH);
            let tile = TileId::at(TileKind::Hashes { level: row }, index, self.size);
            let tile = tile.expect("the tree has what follows from its own entries");
            let stored = fetch(self.client, tile, findings)?.unwrap_or_default();
            for ((place, sides), stored) in tile.range().zip(&pending).zip(stored) {
                self.compare_upper(tile, place, *sides, stored);
            }
        }
        self.rows[usize::from(row)] = pending;
        Ok(())
    }

    fn compare_upper(&mut self, tile: TileId, place: u64, sides: Sides, stored: Hash) {
        let (is_of_entries, is_of_leaves) = (stored == sides.entries, stored == sides.tiles);
        if !(is_of_entries && is_of_leaves) {
            self.grown.push(Difference::Upper { tile, place, is_of_entries, is_of_leaves });
        }
    }
}

impl Grown {
    fn keep_strange(&mut self, strange: Strange) {
        if self.strange.len() < DIFFERENCES_MAX {
            self.strange.push(strange);
        } else {
            self.differences_not_kept += 1;
        }
    }
}

/// A tile of an upper row; that it cannot be used is a finding.
fn fetch(client: &Client, tile: TileId, findings: &mut Findings) -> Result<Option<Vec<Hash>>, VerifyError> {
    Ok(match piece::hashes(client, tile)? {
        Ok(hashes) => Some(hashes),
        Err(unusable) => {
            findings.push(unusable_tile(tile, &unusable, FindingKind::TreeChanged));
            None
        }
    })
}

fn tell_unusable(piece: &Piece, findings: &mut Findings) {
    if let Err(unusable) = &piece.of_entries {
        findings.push(unusable_tile(piece.entries_tile, unusable, FindingKind::SegmentUnreadable));
    }
    if let Err(unusable) = &piece.of_tile {
        findings.push(unusable_tile(piece.hashes_tile, unusable, FindingKind::TreeChanged));
    }
}

fn unusable_tile(tile: TileId, unusable: &Unusable, malformed: FindingKind) -> Finding {
    let span = u32::from(tile.row()) * 8;
    let (kind, text) = match unusable {
        Unusable::Missing => {
            (FindingKind::FileMissing, "the server does not have it, and its checkpoint covers it".to_owned())
        }
        Unusable::Malformed(reason) => (malformed, reason.clone()),
    };
    Finding {
        first_seq: Some(tile.range().start << span),
        end_seq: Some(tile.range().end << span),
        file: Some(tile.to_string()),
        ..Finding::new(kind, text)
    }
}

/// Bytes of a hash in its tile.
pub(super) fn bytes_in(tile: TileId, place: u64) -> std::ops::Range<u64> {
    let first = (place - tile.range().start) * HASH_LEN as u64;
    first..first + HASH_LEN as u64
}
