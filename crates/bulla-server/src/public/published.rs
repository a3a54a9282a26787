//! The newest published checkpoint, kept until the log publishes the next: what it covers may be served.

use std::sync::{Arc, RwLock};

use axum::http::HeaderValue;
use bulla::Watermarks;
use bulla_proof::{TileId, TreeSize, TrustedCheckpoint};
use bytes::Bytes;
use sha2::{Digest, Sha256};
use tokio::sync::Semaphore;

use super::off_the_loop;
use crate::hex::hex;
use crate::problem::Problem;
use crate::state::Shared;

/// A checkpoint as it is served.
#[derive(Debug)]
pub(crate) struct Newest {
    pub(super) note: Bytes,
    pub(super) etag: HeaderValue,
    size: TreeSize,
    /// How far the log was before the checkpoint was read: it is at least as new.
    marks: Marks,
}

/// What moves when a checkpoint is published or cosigned.
type Marks = (u64, u64);

fn marks(of: Watermarks) -> Marks {
    (of.published, of.witnessed)
}

/// 16 tiles are read at once; more wait. Each is done within a millisecond, compressed or not.
const READS: usize = 16;

/// What is served of the log to those who check it.
#[derive(Debug)]
pub(crate) struct Published {
    /// The newest checkpoint, and nothing before the first.
    newest: RwLock<Option<Arc<Newest>>>,
    /// Places for reading tiles.
    pub(super) reads: Semaphore,
}

impl Default for Published {
    fn default() -> Self {
        Self { newest: RwLock::default(), reads: Semaphore::new(READS) }
    }
}

impl Published {
    /// The newest checkpoint; `None` before the first.
    pub(crate) async fn newest(shared: &Arc<Shared>) -> Result<Option<Arc<Newest>>, Problem> {
        let now = marks(shared.log.watermarks());
        match shared.published.kept() {
            Some(kept) if kept.marks == now => Ok(Some(kept)),
            _ => Self::read(shared, now).await,
        }
    }

    /// Whether a published checkpoint has the whole tile.
    pub(crate) async fn covers(shared: &Arc<Shared>, tile: TileId) -> Result<bool, Problem> {
        // A log never shrinks: what the kept checkpoint has, the newest has.
        if shared.published.kept().is_some_and(|kept| tile.is_within(kept.size)) {
            return Ok(true);
        }
        Ok(Self::newest(shared).await?.is_some_and(|newest| tile.is_within(newest.size)))
    }

    fn kept(&self) -> Option<Arc<Newest>> {
        self.newest.read().expect("no panic while held").clone()
    }

    async fn read(shared: &Arc<Shared>, marks: Marks) -> Result<Option<Arc<Newest>>, Problem> {
        let reader = shared.reader.clone();
        let Some(checkpoint) = off_the_loop(shared, move || Ok(reader.checkpoint()?)).await? else {
            return Ok(None);
        };
        let newest = Arc::new(Newest::new(&checkpoint, marks));
        let mut kept = shared.published.newest.write().expect("no panic while held");
        // Another request may have read a newer one meanwhile.
        match &*kept {
            Some(other) if other.size > newest.size => Ok(Some(other.clone())),
            _ => {
                *kept = Some(newest.clone());
                Ok(Some(newest))
            }
        }
    }
}

impl Newest {
    fn new(checkpoint: &TrustedCheckpoint, marks: Marks) -> Self {
        let note = checkpoint.note().to_string();
        let digest = Sha256::digest(&note);
        let etag = HeaderValue::from_str(&format!("\"{}\"", hex(&digest[..16]))).expect("it is ASCII");
        Self { note: note.into(), etag, size: checkpoint.size(), marks }
    }
}
