//! The public format (<https://c2sp.org/tlog-tiles>) as a server serves it. Nothing here is checked yet.

use bulla_proof::{ENTRY_LEN_MAX, HASH_LEN, NOTE_LEN_MAX, TILE_WIDTH, TileId, TileKind};
use serde::Deserialize;

use crate::answer::ClientError;
use crate::connection::Client;

/// 64 KiB: `log.json` has a few hundred bytes.
const IDENTITY_BYTES_MAX: u64 = 64 << 10;
/// 8,192 bytes: a full tile of hashes.
const HASHES_BYTES_MAX: u64 = TILE_WIDTH as u64 * HASH_LEN as u64;
/// 16.8 MB: 256 of the longest entries, each behind two bytes of length.
const ENTRIES_BYTES_MAX: u64 = TILE_WIDTH as u64 * (2 + ENTRY_LEN_MAX as u64);

/// Which log a server says that it has.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct LogIdentity {
    /// Name of the log in its checkpoints.
    pub origin: String,
    /// Verifier key by which its checkpoints are checked.
    pub vkey: String,
}

impl Client {
    /// Which log the server says that it has.
    ///
    /// # Errors
    /// When the server did not answer that.
    ///
    /// # Trust
    /// It is the server's word. Get the key by another way.
    pub fn identity(&self) -> Result<LogIdentity, ClientError> {
        self.fetch_json("/log.json", IDENTITY_BYTES_MAX)
    }

    /// The newest checkpoint, a signed note that is not yet checked; `None` before the first.
    ///
    /// # Errors
    /// When the server did not answer that.
    pub fn checkpoint(&self) -> Result<Option<Vec<u8>>, ClientError> {
        found(self.fetch("/checkpoint", NOTE_LEN_MAX as u64))
    }

    /// A tile of hashes or entries as it is served; `None` when the server has no such tile.
    ///
    /// # Errors
    /// When the server did not answer that.
    pub fn tile(&self, tile: TileId) -> Result<Option<Vec<u8>>, ClientError> {
        let bytes_max = match tile.kind() {
            TileKind::Entries => ENTRIES_BYTES_MAX,
            TileKind::Hashes { .. } => HASHES_BYTES_MAX,
        };
        found(self.fetch(&format!("/{tile}"), bytes_max))
    }
}

fn found<T>(answer: Result<T, ClientError>) -> Result<Option<T>, ClientError> {
    match answer {
        Err(error) if error.is_not_found() => Ok(None),
        answer => answer.map(Some),
    }
}
