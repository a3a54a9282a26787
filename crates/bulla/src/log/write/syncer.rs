//! A thread that does one thing: `fdatasync`, so that the writer can hash the next batch meanwhile.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use crate::log::poison::{Poison, PoisonCause};
use crate::store::disk::{DiskError, DiskFile, During};

#[derive(Debug)]
pub(crate) struct Syncer {
    jobs: SyncSender<(Arc<dyn DiskFile>, String)>,
    results: Receiver<Result<(), DiskError>>,
}

impl Syncer {
    /// Starts the thread; it ends with this value.
    pub(crate) fn start_thread() -> std::io::Result<Self> {
        let (jobs, inbox) = sync_channel::<(Arc<dyn DiskFile>, String)>(1);
        let (outbox, results) = sync_channel(1);
        std::thread::Builder::new().name("bulla-sync".to_owned()).spawn(move || {
            while let Ok((file, name)) = inbox.recv() {
                if outbox.send(file.sync().during("sync segment", name)).is_err() {
                    return;
                }
            }
        })?;
        Ok(Self { jobs, results })
    }

    /// Begins to sync; [`Syncer::finish`] must follow before the next.
    pub(crate) fn start(&self, file: Arc<dyn DiskFile>, name: String) {
        // A thread that is gone is noticed by `finish`.
        let _ = self.jobs.send((file, name));
    }

    /// Waits for the sync that was begun.
    pub(crate) fn finish(&self) -> Result<(), Poison> {
        match self.results.recv() {
            Ok(synced) => synced.map_err(Poison::from),
            Err(_) => Err(PoisonCause::ThreadEnded.into()),
        }
    }
}
