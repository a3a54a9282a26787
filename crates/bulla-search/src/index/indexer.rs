//! The thread that follows the log and writes the index, at low priority and behind everything else.
//!
//! Its place is in the index itself: a commit holds documents and the number up to which they go, or neither. So after
//! a crash at any point it goes on where the last commit ended, and no entry is missed or there twice.

use std::path::PathBuf;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use bulla::LogReader;
use tantivy::index::SegmentId;
use tantivy::indexer::{IndexWriterOptions, NoMergePolicy};
use tantivy::{FutureResult, IndexWriter};

use super::damage::Damage;
use super::disk::files::{self, Files, Label};
use super::entry::document::{Documents, IndexedEntry};
use super::neighbours;
use super::pace::Pace;
use super::state::{Progress, State};

/// How it works; the defaults fit a server.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct IndexOptions {
    /// Memory for entries that are not committed yet, in bytes.
    pub memory_bytes: usize,
    /// A commit comes at the latest after so many entries…
    pub commit_entries: u64,
    /// …and at the latest so long after an entry, when fewer than that are still to come.
    pub commit_interval: Duration,
    /// How long it waits before it tries again after the disk failed.
    pub retry_interval: Duration,
    /// Whether every byte is checked when an index is opened, in the background.
    pub check_bytes: bool,
}

impl Default for IndexOptions {
    fn default() -> Self {
        Self {
            memory_bytes: 96 << 20,
            commit_entries: 400_000,
            commit_interval: Duration::from_secs(2),
            retry_interval: Duration::from_secs(10),
            check_bytes: true,
        }
    }
}

/// 100 ms between two looks at a log that does not grow.
const LOOK_AGAIN: Duration = Duration::from_millis(100);
/// 1,024 entries are read between two looks at the clock and at whether to stop.
const BLOCK: u64 = 1024;

/// What the thread needs.
pub(crate) struct Indexer {
    pub(crate) directory: PathBuf,
    pub(crate) log: LogReader,
    pub(crate) options: IndexOptions,
    pub(crate) state: Arc<State>,
}

/// An open index that is written.
struct Writing {
    files: Files,
    writer: IndexWriter<IndexedEntry>,
    /// As long as the writer: what it has told, a writer that failed may not have written.
    documents: Documents,
    /// The next entry to index.
    next: u64,
    /// All before this one are committed.
    committed: u64,
    /// When the oldest entry that is not committed came.
    since: Option<Instant>,
    merge: Option<FutureResult<Option<tantivy::SegmentMeta>>>,
}

impl Indexer {
    /// Follows the log until it is told to stop.
    pub(crate) fn run(self) {
        let mut pace = Pace::Idle;
        while !self.state.is_stopping() {
            match self.follow_in_thread(pace) {
                Ok(next) => pace = next,
                Err(damage) => self.recover_from(&damage),
            }
        }
    }

    fn recover_from(&self, damage: &Damage) {
        self.state.report(damage.clone());
        if damage.needs_rebuild() {
            tracing::warn!(%damage, "building the index anew");
            self.state.forget();
            if let Err(damage) = files::empty(&self.directory) {
                self.state.report(damage);
                self.state.wait(self.options.retry_interval);
            }
        } else {
            tracing::warn!(%damage, "indexing stopped");
            self.state.wait(self.options.retry_interval);
        }
    }

    /// Follows the log at a pace until another is due.
    fn follow_in_thread(&self, pace: Pace) -> Result<Pace, Damage> {
        let follow = || {
            pace.take();
            self.follow(pace)
        };
        std::thread::scope(|scope| {
            let thread = std::thread::Builder::new().name("bulla-indexing".to_owned());
            let thread = thread.spawn_scoped(scope, follow)?;
            thread.join().unwrap_or_else(|_| Err(Damage::Disk("its thread ended by a bug".to_owned())))
        })
    }

    fn follow(&self, pace: Pace) -> Result<Pace, Damage> {
        let mut writing = self.open()?;
        let checked = self.options.check_bytes.then(|| check_in_background(&writing.files)).transpose()?;
        let (mut next, mut complete) = (pace, Instant::now());
        while !self.state.is_stopping() && next == pace {
            if let Some(damage) = checked.as_ref().and_then(|found| found.try_recv().ok()) {
                return Err(damage);
            }
            let size = self.log.size()?;
            if writing.next < size {
                self.index_some(&mut writing, size)?;
            } else {
                complete = Instant::now();
                self.state.wait(LOOK_AGAIN);
            }
            if self.is_commit_due(&writing, size) {
                self.commit(&mut writing)?;
            }
            self.tend_parts(&mut writing)?;
            next = pace.next(size.saturating_sub(writing.next), complete.elapsed());
        }
        self.finish(writing)?;
        Ok(next)
    }

    fn open(&self) -> Result<Writing, Damage> {
        let files = Files::open_or_create(&self.directory, &self.log)?;
        let writer = files.index.writer_with_options(
            IndexWriterOptions::builder()
                .num_worker_threads(1)
                .num_merge_threads(1)
                .memory_budget_per_thread(self.options.memory_bytes)
                .build(),
        )?;
        // Parts are joined here, and neighbours only.
        writer.set_merge_policy(Box::new(NoMergePolicy));
        let snapshot = files.snapshot()?;
        let next = snapshot.covers().end.max(self.log.first_seq().get());
        self.state.publish(snapshot, self.log.size()?);
        let documents = Documents::new(files.fields);
        Ok(Writing { files, writer, documents, next, committed: next, since: None, merge: None })
    }

    fn index_some(&self, writing: &mut Writing, size: u64) -> Result<(), Damage> {
        let end = size.min(writing.next + BLOCK);
        let mut entries = self.log.read(writing.next..end);
        while let Some((seq, line)) = entries.next_line()? {
            writing.writer.add_document(writing.documents.of(seq.get(), line))?;
            writing.next = seq.get() + 1;
        }
        writing.since.get_or_insert_with(Instant::now);
        self.state.advance(Progress { indexed: writing.next, size });
        Ok(())
    }

    fn is_commit_due(&self, writing: &Writing, size: u64) -> bool {
        let waiting = writing.next - writing.committed;
        // Far behind, more is won by large parts than by showing each of them soon.
        let is_near = size.saturating_sub(writing.next) < self.options.commit_entries;
        waiting >= self.options.commit_entries
            || (is_near && writing.since.is_some_and(|since| since.elapsed() >= self.options.commit_interval))
    }

    fn commit(&self, writing: &mut Writing) -> Result<(), Damage> {
        if writing.next == writing.committed {
            return Ok(());
        }
        let label = Label::of(&self.log, writing.next)?;
        let mut prepared = writing.writer.prepare_commit()?;
        prepared.set_payload(&serde_json::to_string(&label).expect("a label is JSON"));
        prepared.commit()?;
        (writing.committed, writing.since) = (writing.next, None);
        self.show(writing)
    }

    /// Shows what is committed, which must be what was indexed.
    fn show(&self, writing: &Writing) -> Result<(), Damage> {
        let snapshot = writing.files.snapshot()?;
        let covers = snapshot.covers();
        if covers.end != writing.committed {
            return Err(Damage::Content(format!(
                "it holds entries {covers:?} after a commit of all to {}",
                writing.committed
            )));
        }
        self.state.publish(snapshot, self.log.size()?);
        Ok(())
    }

    /// Starts joining parts when some should be joined, and shows the result when it is there.
    fn tend_parts(&self, writing: &mut Writing) -> Result<(), Damage> {
        if let Some(merge) = &mut writing.merge {
            let mut context = Context::from_waker(Waker::noop());
            let Poll::Ready(ended) = std::pin::Pin::new(merge).poll(&mut context) else { return Ok(()) };
            writing.merge = None;
            ended?;
            self.show(writing)?;
        }
        let Some(snapshot) = self.state.snapshot() else { return Ok(()) };
        let sizes: Vec<u32> = snapshot.parts.iter().map(|part| part.reader.max_doc()).collect();
        if let Some(run) = neighbours::to_merge(&sizes) {
            let ids: Vec<SegmentId> =
                snapshot.parts[run].iter().map(|part| part.reader.segment_id()).collect();
            writing.merge = Some(writing.writer.merge(&ids));
        }
        Ok(())
    }

    /// Commits the rest and waits until nothing is written any more.
    fn finish(&self, mut writing: Writing) -> Result<(), Damage> {
        self.commit(&mut writing)?;
        Ok(writing.writer.wait_merging_threads()?)
    }
}

/// Reads all bytes of the index in a thread of its own; what it finds wrong comes through the channel.
fn check_in_background(files: &Files) -> Result<std::sync::mpsc::Receiver<Damage>, Damage> {
    let (found, receiver) = std::sync::mpsc::channel();
    let index = files.index.clone();
    std::thread::Builder::new().name("bulla-index-check".to_owned()).spawn(move || {
        // A file that a merge replaced meanwhile is gone, not damaged; only checksums count.
        if let Err(damage @ Damage::Content(_)) = files::check_bytes(&index) {
            // Nobody may listen any more.
            let _ = found.send(damage);
        }
    })?;
    Ok(receiver)
}
