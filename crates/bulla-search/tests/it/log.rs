//! A log of a test, and an index that has read all of it.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bulla::{AuditLog, Event, Filter, LogReader, Timestamp};
use bulla_search::{INDEX_DIRECTORY, Index, IndexOptions, Order, PageLimits, Search, View};
use serde_json::Value;

/// 60 seconds: on a machine that does something else besides.
pub(crate) const COMES_WITHIN: Duration = Duration::from_secs(60);

pub(crate) const LIMITS: PageLimits =
    PageLimits { entries: 100, bytes: 8 << 20, time: Duration::from_secs(600) };

pub(crate) struct TestLog {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) log: AuditLog,
}

impl TestLog {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let log = AuditLog::open(folder.path().join("log")).unwrap();
        Self { folder, log }
    }

    pub(crate) fn of(records: &[Value]) -> Self {
        let this = Self::new();
        this.record(records);
        this
    }

    pub(crate) fn path(&self) -> std::path::PathBuf {
        self.folder.path().join("log")
    }

    /// Records what a JSON object says, as an emitter would.
    pub(crate) fn record(&self, records: &[Value]) {
        let options = self.log.event_options();
        let tickets: Vec<_> = records
            .iter()
            .map(|record| {
                let event = Event::from_json(None, record.to_string().as_bytes(), Timestamp::now(), &options)
                    .unwrap_or_else(|error| panic!("{record}: {error}"));
                self.log.submit_event_blocking(event).unwrap()
            })
            .collect();
        for ticket in tickets {
            ticket.wait_durable().unwrap();
        }
    }

    pub(crate) fn reader(&self) -> LogReader {
        LogReader::open(self.path()).unwrap()
    }

    pub(crate) fn index(&self) -> Arc<Index> {
        let index = follow(&self.path(), options());
        assert!(index.wait_complete_to(self.reader().size().unwrap(), COMES_WITHIN), "{:?}", index.status());
        index
    }

    /// A view with an index that holds all, and one without an index.
    pub(crate) fn views(&self) -> (View, View) {
        let index = self.index();
        let with = Search::with_index(self.reader(), index).now().unwrap();
        (with, Search::without_index(self.reader()).now().unwrap())
    }
}

/// Small commits, so that there are several parts.
pub(crate) fn options() -> IndexOptions {
    let mut options = IndexOptions::default();
    options.memory_bytes = 15_000_000;
    options.commit_interval = Duration::from_millis(50);
    options.retry_interval = Duration::from_millis(50);
    options
}

pub(crate) fn follow(log: &Path, options: IndexOptions) -> Arc<Index> {
    Arc::new(Index::follow(log.join(INDEX_DIRECTORY), LogReader::open(log).unwrap(), options).unwrap())
}

/// Numbers of all entries that match, page by page.
pub(crate) fn seqs(view: &View, filter: &Filter, order: Order, page: usize) -> Vec<u64> {
    let mut found = Vec::new();
    let mut rest = view.all();
    while !rest.is_empty() {
        let answer = view.page(filter, order, rest, PageLimits { entries: page, ..LIMITS }).unwrap();
        assert!(answer.entries.len() <= page);
        found.extend(answer.entries.iter().map(|entry| entry.seq().get()));
        rest = answer.rest;
    }
    found
}

/// What a look at every line finds, oldest first.
pub(crate) fn scanned(reader: &LogReader, filter: &Filter) -> Vec<u64> {
    let all = reader.read(0..u64::MAX).map(Result::unwrap);
    all.filter(|entry| filter.matches(entry.line())).map(|entry| entry.seq().get()).collect()
}
