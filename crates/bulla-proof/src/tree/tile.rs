//! Tiles: the pieces of 256 hashes or entries in which a log is served (c2sp.org/tlog-tiles).
//!
//! A tile of level L and index N holds hashes `256·N..256·N + width` of row L of the tree; an entries tile holds
//! those entries. A path is read only in the one form in which it is printed.

use alloc::vec::Vec;
use core::fmt;
use core::iter;
use core::ops::Range;
use core::str::FromStr;

use crate::decimal::parse_decimal;
use crate::tree::rows::ROW_LEVELS;
use crate::{ROW_COUNT, ROW_WIDTH, TreeSize};

/// Hashes or entries in a full tile: 256.
pub const TILE_WIDTH: u16 = ROW_WIDTH as u16;

/// The highest tile level a path may name: 63. (Trees of 64-bit size end at level 7.)
pub const TILE_LEVEL_MAX: u8 = 63;

/// The longest entry a bundle can carry, 65,535 bytes: its length is 16 bits.
pub const ENTRY_LEN_MAX: usize = u16::MAX as usize;

/// What a tile holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TileKind {
    /// Hashes of a row of the tree.
    Hashes {
        /// The row: level L is the row of subtrees of `256^L` leaves.
        level: u8,
    },
    /// Entries themselves, see [`EntryBundle`].
    Entries,
}

/// Which tile, and how wide. Its last hash or entry has a 64-bit number.
///
/// ```
/// use bulla_proof::{TileId, TileKind, TreeSize};
///
/// let tile = TileId::at(TileKind::Hashes { level: 0 }, 273, TreeSize(70_000)).unwrap();
/// assert_eq!(tile.to_string(), "tile/0/273.p/112");
/// assert_eq!("tile/0/273.p/112".parse(), Ok(tile));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TileId {
    kind: TileKind,
    index: u64,
    width: u16,
}

/// Why this is no tile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TileError {
    /// A path is `tile/<level or "entries">/<index>`, with `.p/<width>` behind it when partial.
    #[error(
        "read tile path: expected tile/<level>/<index> or tile/entries/<index>, each with optional .p/<width>"
    )]
    Path,
    /// Levels are 0 to 63, decimal.
    #[error("read tile path: the level is a number from 0 to {TILE_LEVEL_MAX} without leading zeros")]
    Level,
    /// Indices are groups of three digits, all but the last behind an `x`, without groups of leading zeros.
    #[error(
        "read tile path: the index is groups of three digits, as in x001/x234/067, and small enough to exist"
    )]
    Index,
    /// Partial widths are 1 to 255; a full tile has none in its path.
    #[error("read tile path: the width is a number from 1 to 255 without leading zeros")]
    Width,
}

impl TileId {
    /// A tile of the given width, 1 to 256.
    ///
    /// # Errors
    /// When level or width are out of range, or no tree of 64-bit size could have the tile.
    pub fn new(kind: TileKind, index: u64, width: u16) -> Result<Self, TileError> {
        if matches!(kind, TileKind::Hashes { level } if level > TILE_LEVEL_MAX) {
            return Err(TileError::Level);
        }
        if !(1..=TILE_WIDTH).contains(&width) {
            return Err(TileError::Width);
        }
        let fits = index.checked_mul(TILE_WIDTH.into()).and_then(|first| first.checked_add(width.into()));
        if fits.is_none() { Err(TileError::Index) } else { Ok(Self { kind, index, width }) }
    }

    /// The tile as a tree of this size has it: full, partial, or not there.
    pub fn at(kind: TileKind, index: u64, size: TreeSize) -> Option<Self> {
        let first = index.checked_mul(TILE_WIDTH.into())?;
        let there = kind.len_in(size).checked_sub(first)?;
        let width = there.min(TILE_WIDTH.into()) as u16;
        Self::new(kind, index, width).ok()
    }

    /// All tiles of one kind in a tree of this size, from the left; only the last can be partial.
    pub fn all_of(kind: TileKind, size: TreeSize) -> impl Iterator<Item = Self> {
        let count = kind.len_in(size).div_ceil(TILE_WIDTH.into());
        (0..count).filter_map(move |index| Self::at(kind, index, size))
    }

    /// All hash tiles of a tree of this size, lowest level first.
    pub fn all_hashes(size: TreeSize) -> impl Iterator<Item = Self> {
        (0..ROW_COUNT).flat_map(move |level| Self::all_of(TileKind::Hashes { level }, size))
    }

    /// What it holds.
    pub const fn kind(&self) -> TileKind {
        self.kind
    }

    /// Which one of its kind, from the left, from zero.
    pub const fn index(&self) -> u64 {
        self.index
    }

    /// How many hashes or entries it holds: 1 to 256.
    pub const fn width(&self) -> u16 {
        self.width
    }

    /// Whether it holds fewer than 256.
    pub const fn is_partial(&self) -> bool {
        self.width < TILE_WIDTH
    }

    /// The row of the tree that its hashes are from; for entries, the row of their leaf hashes.
    pub const fn row(&self) -> u8 {
        match self.kind {
            TileKind::Hashes { level } => level,
            TileKind::Entries => 0,
        }
    }

    /// The numbers of its hashes in the row, or of its entries in the log.
    pub const fn range(&self) -> Range<u64> {
        let first = self.index * TILE_WIDTH as u64;
        first..first + self.width as u64
    }

    /// Whether a tree of this size has everything in it. (A tree has each narrower form of its partial tiles too.)
    pub fn is_within(&self, size: TreeSize) -> bool {
        self.range().end <= self.kind.len_in(size)
    }
}

impl TileKind {
    /// How many hashes or entries of this kind a tree of this size has.
    fn len_in(self, size: TreeSize) -> u64 {
        match self {
            Self::Hashes { level } => size.complete_subtrees(level.saturating_mul(ROW_LEVELS)),
            Self::Entries => size.0,
        }
    }
}

impl fmt::Display for TileId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            TileKind::Hashes { level } => write!(f, "tile/{level}/")?,
            TileKind::Entries => f.write_str("tile/entries/")?,
        }
        let mut unit = 1;
        while self.index / unit >= 1000 {
            unit *= 1000;
        }
        while unit > 1 {
            write!(f, "x{:03}/", self.index / unit % 1000)?;
            unit /= 1000;
        }
        write!(f, "{:03}", self.index % 1000)?;
        if self.is_partial() { write!(f, ".p/{}", self.width) } else { Ok(()) }
    }
}

impl FromStr for TileId {
    type Err = TileError;

    fn from_str(path: &str) -> Result<Self, TileError> {
        let (kind, rest) =
            path.strip_prefix("tile/").and_then(|rest| rest.split_once('/')).ok_or(TileError::Path)?;
        let kind = match kind {
            "entries" => TileKind::Entries,
            level => TileKind::Hashes { level: parse_level(level)? },
        };
        let (index, width) = match rest.split_once(".p/") {
            Some((index, width)) => (index, parse_partial_width(width)?),
            None => (rest, TILE_WIDTH),
        };
        Self::new(kind, parse_index(index)?, width)
    }
}

fn parse_level(text: &str) -> Result<u8, TileError> {
    parse_decimal(text)
        .and_then(|level| u8::try_from(level).ok())
        .filter(|level| *level <= TILE_LEVEL_MAX)
        .ok_or(TileError::Level)
}

fn parse_partial_width(text: &str) -> Result<u16, TileError> {
    match parse_decimal(text) {
        Some(width @ 1..256) => Ok(width as u16),
        _ => Err(TileError::Width),
    }
}

fn parse_index(text: &str) -> Result<u64, TileError> {
    let (higher, last) = match text.rsplit_once('/') {
        Some((higher, last)) => (Some(higher), last),
        None => (None, text),
    };
    let higher = higher.into_iter().flat_map(|groups| groups.split('/')).map(|group| group.strip_prefix('x'));
    let mut index = 0u64;
    for (position, group) in higher.chain(iter::once(Some(last))).enumerate() {
        let group = group.and_then(parse_group).ok_or(TileError::Index)?;
        let is_leading_zero = position == 0 && group == 0 && text.contains('/');
        index = index
            .checked_mul(1000)
            .and_then(|index| index.checked_add(group))
            .filter(|_| !is_leading_zero)
            .ok_or(TileError::Index)?;
    }
    Ok(index)
}

fn parse_group(text: &str) -> Option<u64> {
    if text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_digit()) { text.parse().ok() } else { None }
}

/// The bytes of an entries tile: each entry behind its length, 16 bits big-endian.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EntryBundle {
    bytes: Vec<u8>,
    count: u16,
}

/// Why these are no entries of a bundle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BundleError {
    /// A bundle's lengths are 16 bits.
    #[error("add entry to bundle: it has {0} bytes, more than the {ENTRY_LEN_MAX} that a bundle can carry")]
    EntryTooLong(usize),
    /// A tile holds at most 256 entries.
    #[error("add entry to bundle: it already has {TILE_WIDTH} entries")]
    Full,
    /// The bytes end within an entry or a length.
    #[error("read entry bundle: it ends within entry {0}")]
    Torn(u16),
}

impl EntryBundle {
    /// A bundle without entries.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an entry.
    ///
    /// # Errors
    /// When the entry is too long, or there are 256 already; the bundle is then unchanged.
    pub fn push(&mut self, entry: &[u8]) -> Result<(), BundleError> {
        let length = u16::try_from(entry.len()).map_err(|_| BundleError::EntryTooLong(entry.len()))?;
        if self.count == TILE_WIDTH {
            return Err(BundleError::Full);
        }
        self.bytes.extend_from_slice(&length.to_be_bytes());
        self.bytes.extend_from_slice(entry);
        self.count += 1;
        Ok(())
    }

    /// The bytes of a bundle of these entries.
    ///
    /// # Errors
    /// As [`EntryBundle::push`].
    pub fn encode<T: AsRef<[u8]>>(entries: impl IntoIterator<Item = T>) -> Result<Vec<u8>, BundleError> {
        let mut bundle = Self::new();
        entries.into_iter().try_for_each(|entry| bundle.push(entry.as_ref()))?;
        Ok(bundle.into_bytes())
    }

    /// The entries in a bundle, at most 256. How many there should be, the tile's width says.
    ///
    /// # Errors
    /// When the bytes end within an entry, or hold more than 256.
    pub fn decode(bytes: &[u8]) -> Result<Vec<&[u8]>, BundleError> {
        let mut entries = Vec::new();
        let mut rest = bytes;
        while !rest.is_empty() {
            let number = entries.len() as u16;
            if number == TILE_WIDTH {
                return Err(BundleError::Full);
            }
            let (length, after) = rest.split_first_chunk().ok_or(BundleError::Torn(number))?;
            let length = usize::from(u16::from_be_bytes(*length));
            let (entry, after) = after.split_at_checked(length).ok_or(BundleError::Torn(number))?;
            entries.push(entry);
            rest = after;
        }
        Ok(entries)
    }

    /// How many entries there are.
    pub const fn len(&self) -> u16 {
        self.count
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The bytes as served.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}
