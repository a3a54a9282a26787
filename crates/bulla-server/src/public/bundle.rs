//! Tiles of entries: the stored lines, each behind its length.

use bulla::LogReader;
use bulla_proof::{EntryBundle, TileId};

use crate::problem::{Code, Problem};

/// The entries of a tile that the tree has.
pub(super) fn read(reader: &LogReader, tile: TileId) -> Result<Vec<u8>, Problem> {
    let range = tile.range();
    if range.start < reader.first_seq().get() {
        let detail =
            format!("the entries of {tile} are stored no longer; their hashes are at {}", hashes_of(tile));
        return Err(Problem::new(Code::TileNotFound, detail));
    }
    let mut bundle = EntryBundle::new();
    let mut entries = reader.read(range);
    while let Some((seq, line)) = entries.next_line()? {
        bundle
            .push(line)
            .map_err(|error| Problem::new(Code::ReadFailed, format!("serve entry {seq}: {error}")))?;
    }
    if bundle.len() == tile.width() {
        return Ok(bundle.into_bytes());
    }
    let detail = format!("{tile} should have {} entries, {} were found", tile.width(), bundle.len());
    Err(Problem::new(Code::ReadFailed, detail))
}

/// The path of the leaf hashes of the same entries.
fn hashes_of(tile: TileId) -> String {
    tile.to_string().replace("entries", "0")
}
