//! The rows of a tree, read from the tiles of a server: what proofs are made from.

use bulla_proof::{
    HASH_LEN, Hash, ProveError, RowReader, TILE_WIDTH, TileId, TileKind, TreeSize, prove_consistency,
};

use crate::answer::ClientError;
use crate::connection::Client;

/// The rows of the tree of one size.
#[derive(Debug)]
struct TileRows<'a> {
    client: &'a Client,
    size: TreeSize,
}

impl Client {
    /// The hashes that should prove that the tree of `old` entries is the beginning of the tree of `new` entries
    /// (RFC 6962 §2.1.2), made from the server's tiles. Check them with [`bulla_proof::check_consistency`].
    ///
    /// # Errors
    /// When the server does not have the tiles, or `old` is larger than `new`.
    pub fn consistency(&self, old: TreeSize, new: TreeSize) -> Result<Vec<Hash>, ClientError> {
        let rows = TileRows { client: self, size: new };
        prove_consistency(&rows, old, new).map_err(|error| match error {
            ProveError::ReadRow(error) => error,
            error => ClientError::Unexpected { url: self.url().to_owned(), reason: error.to_string() },
        })
    }
}

impl TileRows<'_> {
    fn tile(&self, level: u8, index: u64) -> Result<Vec<u8>, ClientError> {
        let unexpected = |path: String, reason: &str| ClientError::Unexpected {
            url: format!("{}/{path}", self.client.url()),
            reason: reason.to_owned(),
        };
        let tile = TileId::at(TileKind::Hashes { level }, index, self.size);
        let tile = tile.ok_or_else(|| unexpected(format!("tile/{level}"), "the tree has no such tile"))?;
        let bytes = self.client.tile(tile)?;
        let bytes = bytes.ok_or_else(|| unexpected(tile.to_string(), "the server does not have the tile"))?;
        if bytes.len() == usize::from(tile.width()) * HASH_LEN {
            Ok(bytes)
        } else {
            Err(unexpected(tile.to_string(), "the tile does not have its length"))
        }
    }
}

impl RowReader for TileRows<'_> {
    type Error = ClientError;

    fn read_row(&self, row: u8, first: u64, out: &mut [Hash]) -> Result<(), ClientError> {
        let width = u64::from(TILE_WIDTH);
        let mut place = first;
        let mut out = out.iter_mut().peekable();
        while out.peek().is_some() {
            let tile = self.tile(row, place / width)?;
            let hashes = tile.as_chunks::<HASH_LEN>().0.iter().skip((place % width) as usize);
            let before = place;
            // The hashes come first: what ends first must not have taken a place from `out`.
            for (bytes, out) in hashes.zip(out.by_ref()) {
                *out = Hash::from(*bytes);
                place += 1;
            }
            if place == before {
                let reason = format!("row {row} ends before hash {place}");
                return Err(ClientError::Unexpected { url: self.client.url().to_owned(), reason });
            }
        }
        Ok(())
    }
}
