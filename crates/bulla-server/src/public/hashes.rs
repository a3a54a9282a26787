//! Tiles of hashes: a slice of one file of `tree/`, exactly as wide as asked for.

use bulla::LogReader;
use bulla_proof::{HASH_LEN, Hash, TILE_WIDTH, TileId};

use crate::problem::Problem;

/// The hashes of a tile that the tree has, one behind the other.
pub(super) fn read(reader: &LogReader, tile: TileId) -> Result<Vec<u8>, Problem> {
    let mut hashes = [Hash::default(); TILE_WIDTH as usize];
    let hashes = &mut hashes[..usize::from(tile.width())];
    reader.read_row(tile.row(), tile.range().start, hashes)?;
    let mut bytes = Vec::with_capacity(hashes.len() * HASH_LEN);
    hashes.iter().for_each(|hash| bytes.extend_from_slice(hash.as_bytes()));
    Ok(bytes)
}
