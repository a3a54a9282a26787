//! One tile of entries with its leaf hashes: fetched, hashed, and compared with each other.

use std::borrow::Cow;

use bulla_proof::{EntryBundle, HASH_LEN, Hash, TILE_WIDTH, TileId, TileKind, leaf_hash, subtree_root};
use serde::Deserialize;

use super::VerifyError;
use crate::connection::Client;

/// What one tile came to.
#[derive(Debug)]
pub(super) struct Piece {
    pub(super) entries_tile: TileId,
    pub(super) hashes_tile: TileId,
    /// Leaves as the entries have them; why there are none.
    pub(super) of_entries: Result<Vec<Hash>, Unusable>,
    /// Leaves as the tile of hashes has them; why there are none.
    pub(super) of_tile: Result<Vec<Hash>, Unusable>,
    /// What stands for the leaves when nothing tells them, so that the others keep their places.
    unknown: Vec<Hash>,
    /// Roots of both, when the tile is full.
    pub(super) roots: Option<Sides>,
    /// What its lines say of themselves that cannot be.
    pub(super) strange: Vec<Strange>,
    /// When its first and last line were recorded.
    pub(super) times: Option<(String, String)>,
}

/// Something as the entries have it, and as the tiles have it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sides {
    pub(super) entries: Hash,
    pub(super) tiles: Hash,
}

/// Why a tile cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Unusable {
    Missing,
    Malformed(String),
}

/// A line that is not what a line of its place is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Strange {
    pub(super) seq: u64,
    pub(super) what: StrangeLine,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum StrangeLine {
    /// It bears another number.
    Number(u64),
    /// It is no entry.
    NoEntry(String),
    /// It was recorded before the line before it.
    Earlier,
}

/// What every line has.
#[derive(Deserialize)]
struct Line<'a> {
    seq: u64,
    #[serde(borrow)]
    recorded_at: Cow<'a, str>,
}

/// Fetches a tile of entries and the tile of their hashes.
pub(super) fn fetch(client: &Client, entries_tile: TileId) -> Result<Piece, VerifyError> {
    let kind = TileKind::Hashes { level: 0 };
    let hashes_tile = TileId::new(kind, entries_tile.index(), entries_tile.width());
    let hashes_tile = hashes_tile.expect("both have the same places");
    let bundle = client.tile(entries_tile)?;
    let of_tile = hashes(client, hashes_tile)?;
    let mut piece = Piece {
        entries_tile,
        hashes_tile,
        of_entries: Err(Unusable::Missing),
        of_tile,
        unknown: Vec::new(),
        roots: None,
        strange: Vec::new(),
        times: None,
    };
    if let Some(bundle) = bundle {
        piece.of_entries = piece.read_lines(&bundle);
    }
    if piece.of_entries.is_err() && piece.of_tile.is_err() {
        piece.unknown = vec![Hash::default(); usize::from(entries_tile.width())];
    }
    piece.roots = piece.roots();
    Ok(piece)
}

/// The hashes of a tile.
pub(super) fn hashes(client: &Client, tile: TileId) -> Result<Result<Vec<Hash>, Unusable>, VerifyError> {
    let Some(bytes) = client.tile(tile)? else { return Ok(Err(Unusable::Missing)) };
    let expected = usize::from(tile.width()) * HASH_LEN;
    if bytes.len() != expected {
        return Ok(Err(Unusable::Malformed(format!("it has {} bytes, not {expected}", bytes.len()))));
    }
    Ok(Ok(bytes.as_chunks::<HASH_LEN>().0.iter().map(|bytes| Hash::from(*bytes)).collect()))
}

impl Piece {
    /// The leaves that count for the tree of entries: without usable entries, those of the tile.
    pub(super) fn leaves_of_entries(&self) -> &[Hash] {
        self.of_entries.as_ref().or(self.of_tile.as_ref()).unwrap_or(&self.unknown)
    }

    /// The leaves that count for the tree of tiles: without a usable tile, those of the entries.
    pub(super) fn leaves_of_tile(&self) -> &[Hash] {
        self.of_tile.as_ref().or(self.of_entries.as_ref()).unwrap_or(&self.unknown)
    }

    /// Whether neither the entries nor their hashes can be used.
    pub(super) fn is_unknown(&self) -> bool {
        !self.unknown.is_empty()
    }

    fn read_lines(&mut self, bundle: &[u8]) -> Result<Vec<Hash>, Unusable> {
        let lines = EntryBundle::decode(bundle).map_err(|error| Unusable::Malformed(error.to_string()))?;
        let expected = usize::from(self.entries_tile.width());
        if lines.len() != expected {
            return Err(Unusable::Malformed(format!("it has {} entries, not {expected}", lines.len())));
        }
        for (seq, line) in self.entries_tile.range().zip(&lines) {
            if let Err(what) = self.read_line(seq, line) {
                self.strange.push(Strange { seq, what });
            }
        }
        Ok(lines.into_iter().map(leaf_hash).collect())
    }

    fn read_line(&mut self, seq: u64, line: &[u8]) -> Result<(), StrangeLine> {
        let line: Line<'_> =
            serde_json::from_slice(line).map_err(|error| StrangeLine::NoEntry(error.to_string()))?;
        if line.seq != seq {
            return Err(StrangeLine::Number(line.seq));
        }
        // Times have one form with nine digits behind the second: their order is that of their texts.
        match &mut self.times {
            None => self.times = Some((line.recorded_at.clone().into_owned(), line.recorded_at.into_owned())),
            Some((_, last)) if *line.recorded_at < **last => return Err(StrangeLine::Earlier),
            Some((_, last)) => line.recorded_at.as_ref().clone_into(last),
        }
        Ok(())
    }

    fn roots(&self) -> Option<Sides> {
        let root = |leaves: &[Hash]| {
            (leaves.len() == usize::from(TILE_WIDTH)).then(|| subtree_root(&mut leaves.to_vec()))
        };
        let (of_entries, of_tile) = (self.leaves_of_entries(), self.leaves_of_tile());
        let entries = root(of_entries)?;
        let tiles = if of_entries == of_tile { entries } else { root(of_tile)? };
        Some(Sides { entries, tiles })
    }
}
