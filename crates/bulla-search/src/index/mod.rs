//! The index: derived from the log, in a directory of its own, thrown away and built anew whenever it is not right.
//!
//! Nothing here writes to the log or makes a writer of the log wait.

mod damage;
mod disk;
mod entry;
mod indexer;
mod neighbours;
mod pace;
mod snapshot;
mod state;

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use bulla::LogReader;

pub use damage::Damage;
pub(crate) use entry::{facts, schema, shapes};
pub use indexer::IndexOptions;
pub(crate) use snapshot::Part;
pub use snapshot::Snapshot;
pub use state::{IndexStatus, Progress};

use disk::files::{self, Files};
use indexer::Indexer;
use state::State;

/// Name of the index's directory in a log's directory.
pub const INDEX_DIRECTORY: &str = "index";

/// An index that follows its log for as long as this is there.
#[derive(Debug)]
pub struct Index {
    state: Arc<State>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Index {
    /// Opens the index in `directory`, or makes one, and follows `log` in a thread at low priority.
    ///
    /// An index that is damaged, of another version or of another log is built anew; one that cannot be written is
    /// tried again. Neither is an error here: [`Index::status`] tells of it.
    ///
    /// # Errors
    /// When no thread can be started.
    pub fn follow(
        directory: impl AsRef<Path>,
        log: LogReader,
        options: IndexOptions,
    ) -> std::io::Result<Self> {
        let state = Arc::new(State::default());
        let indexer =
            Indexer { directory: directory.as_ref().to_owned(), log, options, state: state.clone() };
        let thread =
            std::thread::Builder::new().name("bulla-index".to_owned()).spawn(move || indexer.run())?;
        Ok(Self { state, thread: Mutex::new(Some(thread)) })
    }

    /// The newest snapshot; `None` while there is none.
    pub fn snapshot(&self) -> Option<Arc<Snapshot>> {
        self.state.snapshot()
    }

    /// How far it is, and what stopped it.
    pub fn status(&self) -> IndexStatus {
        self.state.status()
    }

    /// Waits until all entries below `seq` can be found in the index, at most `time`; says whether they can.
    pub fn wait_complete_to(&self, seq: u64, time: Duration) -> bool {
        self.state.wait_until(time, |status| status.complete_to_seq.is_some_and(|complete| complete >= seq))
    }

    /// Commits what was read and stops following. What is committed stays searchable.
    pub fn close(&self) {
        self.state.stop();
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        // It ended by itself or by a bug; either way there is nothing left to wait for.
        thread.map(JoinHandle::join);
    }
}

impl Drop for Index {
    fn drop(&mut self) {
        self.close();
    }
}

/// What the index in `directory` holds now, without following the log: for a command that asks once. Works while another
/// process writes it.
///
/// # Errors
/// When there is none, or it is not of this log and version.
pub fn open_snapshot(directory: impl AsRef<Path>, log: &LogReader) -> Result<Arc<Snapshot>, Damage> {
    Files::open(directory.as_ref(), log)?.snapshot().map(Arc::new)
}

/// Removes the index in `directory`, which loses nothing.
///
/// # Errors
/// When it cannot be removed.
pub fn remove(directory: impl AsRef<Path>) -> Result<(), Damage> {
    files::empty(directory.as_ref())
}
