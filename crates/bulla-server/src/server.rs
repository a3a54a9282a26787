//! One server from settings to its end, as a list of steps.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bulla::{AuditLog, LogReader, OpenError, ReadError, RecordError};
use bulla_search::{INDEX_DIRECTORY, Index, IndexOptions, Search};
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use crate::access::changes::TokenChanges;
use crate::access::denials::Denials;
use crate::access::rate::Rate;
use crate::access::sessions::Sessions;
use crate::access::tokens::Tokens;
use crate::api::views::Views;
use crate::ingest::intake::Intake;
use crate::listen::accept::{self, Connections};
use crate::listen::tls::{self, TlsError};
use crate::public::Published;
use crate::settings::{InvalidSettings, Settings};
use crate::state::Shared;
use crate::watch::alarms::Alarms;
use crate::watch::counters::Counters;
use crate::watch::health::Health;
use crate::watch::scrub::Scrubber;
use crate::watch::{disk, files};
use crate::{own_record, router};

/// How often the counts of refusals and the gaps of emitters are looked at.
const TICK: Duration = Duration::from_secs(1);
/// 48 MiB of entries that the index has not committed: half of what it takes where it runs alone.
const INDEX_MEMORY: usize = 48 << 20;

/// Why a server did not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The settings do not go together.
    #[error(transparent)]
    Settings(#[from] InvalidSettings),
    /// TLS cannot be spoken.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The log could not be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The log could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The address is taken, or not this machine's.
    #[error("listen on {0}: {1}; choose another with --listen")]
    Listen(SocketAddr, std::io::Error),
    /// The thread that verifies, or the one that indexes, could not be started.
    #[error("start a thread: {0}")]
    Thread(std::io::Error),
}

/// A server that runs.
#[derive(Debug)]
pub struct Server {
    shared: Arc<Shared>,
    address: SocketAddr,
    serving: tokio::task::JoinHandle<()>,
    ticking: tokio::task::JoinHandle<()>,
    /// What looks at the disk and the files; it ends with this value.
    watching: JoinSet<()>,
    scrubber: Option<Scrubber>,
    going_down: watch::Sender<bool>,
}

impl Server {
    /// Opens the log and begins to listen.
    ///
    /// # Errors
    /// See [`StartError`]; nothing is left running then.
    pub async fn start(settings: Settings) -> Result<Self, StartError> {
        settings.check()?;
        let tls = settings.tls.as_ref().map(|(cert, key)| tls::acceptor(cert, key)).transpose()?;
        let listener = TcpListener::bind(settings.listen)
            .await
            .map_err(|error| StartError::Listen(settings.listen, error))?;
        let address = listener.local_addr().map_err(|error| StartError::Listen(settings.listen, error))?;
        let settings = Settings { listen: address, ..settings };
        let (going_down, is_going_down) = watch::channel(false);
        let shared = Arc::new(open(settings, is_going_down.clone())?);
        let (router, _) = router::routes(&shared);
        let (limits, places) = (shared.settings.limits, shared.connections.clone());
        let connections = Connections { router, tls, limits, places };
        let serving = tokio::spawn(accept::serve(listener, connections, is_going_down));
        let ticking = tokio::spawn(tick(shared.clone()));
        let mut watching = JoinSet::new();
        watching.spawn(disk::watch(shared.clone()));
        watching.spawn(files::watch(shared.clone()));
        let scrub = shared.settings.scrub.map(|scrub| Scrubber::start(shared.clone(), scrub));
        let scrubber = scrub.transpose().map_err(StartError::Thread)?;
        Ok(Self { shared, address, serving, ticking, watching, scrubber, going_down })
    }

    #[cfg(test)]
    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// The address that it listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where a browser finds it.
    pub fn url(&self) -> String {
        let scheme = if self.shared.settings.tls.is_some() { "https" } else { "http" };
        format!("{scheme}://{}", self.address)
    }

    /// A link that logs one person in, once, with every scope.
    pub fn login_link(&self) -> String {
        format!("{}/login?code={}", self.url(), self.shared.sessions.new_code(Instant::now()))
    }

    /// The key by which the log's checkpoints are checked.
    pub fn verifier_key(&self) -> &str {
        &self.shared.reader.identity().vkey
    }

    /// The directory of the log.
    pub fn directory(&self) -> PathBuf {
        let given = &self.shared.settings.log;
        std::path::absolute(given).unwrap_or_else(|_| given.clone())
    }

    /// Stops taking connections, lets requests end, and closes the log.
    ///
    /// # Errors
    /// When something that was accepted could not be written.
    pub async fn stop(mut self) -> Result<(), RecordError> {
        self.going_down.send_replace(true);
        self.watching.shutdown().await;
        drop(self.scrubber.take());
        self.ticking.abort();
        // It was told to end; if it panicked instead, that was said, and the log is closed all the same.
        let _ = self.serving.await;
        self.shared.denials.flush();
        self.shared.views.flush();
        // Only a log that takes nothing any more refuses the counts, and closing it says so below.
        let _ = self.shared.own_record.flush();
        self.shared.token_changes.tick(&self.shared.tokens);
        let closed = self.shared.log.close().await;
        // Behind the log: what it recorded last is in the index as well then.
        if let Some(index) = self.shared.index.clone() {
            // A thread that panicked has said so.
            let _ = tokio::task::spawn_blocking(move || index.close()).await;
        }
        closed
    }
}

fn open(settings: Settings, going_down: watch::Receiver<bool>) -> Result<Shared, StartError> {
    let mut builder = AuditLog::builder(&settings.log)
        .publish_interval(settings.publish_interval)
        .queue_bytes(settings.queue_bytes);
    if let Some(origin) = &settings.origin {
        builder = builder.origin(origin);
    }
    let log = builder.open()?;
    let reader = log.reader()?.clone();
    let size_at_start = log.size();
    let index =
        settings.index.then(|| index(&settings.log, &reader)).transpose().map_err(StartError::Thread)?;
    let search = match &index {
        Some(index) => Search::with_index(reader.clone(), index.clone()),
        None => Search::without_index(reader.clone()),
    };
    let tokens = Tokens::of(&settings.log);
    Ok(Shared {
        token_changes: TokenChanges::new(log.clone(), &tokens),
        tokens,
        sessions: Sessions::default(),
        rate: Rate::new(settings.limits.requests_per_second),
        denials: Denials::new(log.clone(), Instant::now()),
        intake: Intake::new(log.clone(), reader.clone())?,
        own_record: own_record::layer(log.clone()),
        views: Views::new(log.clone(), settings.record_reads),
        counters: Counters::default(),
        health: Health::default(),
        published: Published::default(),
        alarms: Alarms::new(log.clone()),
        size_at_start,
        connections: Arc::new(Semaphore::new(settings.limits.connections)),
        scans: Arc::new(Semaphore::new(settings.limits.scans)),
        exports: Arc::new(Semaphore::new(settings.limits.exports)),
        followers: Arc::new(Semaphore::new(settings.limits.followers)),
        going_down,
        search,
        index,
        reader,
        log,
        settings,
    })
}

/// The index of the log, which follows it from now on. What is wrong with it never keeps a server from starting.
fn index(log: &Path, reader: &LogReader) -> std::io::Result<Arc<Index>> {
    let mut options = IndexOptions::default();
    options.memory_bytes = INDEX_MEMORY;
    Index::follow(log.join(INDEX_DIRECTORY), reader.clone(), options).map(Arc::new)
}

async fn tick(shared: Arc<Shared>) {
    let mut ticks = tokio::time::interval(TICK);
    loop {
        ticks.tick().await;
        let now = Instant::now();
        shared.denials.tick(now);
        shared.views.tick(now);
        shared.token_changes.tick(&shared.tokens);
        shared.intake.tick(now);
    }
}
