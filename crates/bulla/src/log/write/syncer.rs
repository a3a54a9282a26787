//! A thread that does one thing: `fdatasync`, so that the writer can hash the next batch meanwhile.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use crate::log::poison::{Poison, PoisonCause};
use crate::store::disk::{DiskError, DiskFile, During};

#[derive(Debug)]
pub(crate) struct Syncer {
    jobs: SyncSender<(Arc<dyn DiskFile>, String)>,
    results: Receiver<Result<(), DiskError>>,
    is_done: Arc<AtomicBool>,
}

impl Syncer {
    /// Starts the thread; it ends with this value.
    pub(crate) fn start_thread() -> std::io::Result<Self> {
        let (jobs, inbox) = sync_channel::<(Arc<dyn DiskFile>, String)>(1);
        let (outbox, results) = sync_channel(1);
        let is_done = Arc::new(AtomicBool::new(true));
        let done = is_done.clone();
        std::thread::Builder::new().name("bulla-sync".to_owned()).spawn(move || {
            while let Ok((file, name)) = inbox.recv() {
                let synced = file.sync().during("sync segment", name);
                done.store(true, Ordering::Release);
                if outbox.send(synced).is_err() {
                    return;
                }
            }
        })?;
        Ok(Self { jobs, results, is_done })
    }

    /// Begins to sync; [`Syncer::finish`] must follow before the next.
    pub(crate) fn start(&self, file: Arc<dyn DiskFile>, name: String) {
        self.is_done.store(false, Ordering::Relaxed);
        // A thread that is gone is noticed by `finish`.
        let _ = self.jobs.send((file, name));
    }

    /// Whether the sync that was begun has returned.
    pub(crate) fn is_done(&self) -> bool {
        self.is_done.load(Ordering::Acquire)
    }

    /// Waits for the sync that was begun.
    pub(crate) fn finish(&self) -> Result<(), Poison> {
        match self.results.recv() {
            Ok(synced) => synced.map_err(Poison::from),
            Err(_) => Err(PoisonCause::ThreadEnded.into()),
        }
    }
}
