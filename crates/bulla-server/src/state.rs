//! What every handler is given.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bulla::capture::tower::AuditLayer;
use bulla::{AuditLog, LogReader, Timestamp};
use bulla_search::{Index, Search};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use crate::access::caller::Caller;
use crate::access::changes::TokenChanges;
use crate::access::denials::Denials;
use crate::access::rate::Rate;
use crate::access::sessions::Sessions;
use crate::access::tokens::{Token, Tokens};
use crate::api::views::Views;
use crate::ingest::intake::Intake;
use crate::problem::{Code, Problem};
use crate::public::Published;
use crate::settings::Settings;
use crate::watch::alarms::Alarms;
use crate::watch::counters::Counters;
use crate::watch::health::Health;

/// 3 s: longer than most searches take, shorter than people wait.
const WAIT_FOR_PLACE: Duration = Duration::from_secs(3);

/// One running server.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) settings: Settings,
    pub(crate) log: AuditLog,
    pub(crate) reader: LogReader,
    pub(crate) search: Search,
    /// What `search` asks first; none when the settings say so.
    pub(crate) index: Option<Arc<Index>>,
    pub(crate) tokens: Tokens,
    pub(crate) token_changes: TokenChanges,
    pub(crate) sessions: Sessions,
    pub(crate) rate: Option<Rate>,
    pub(crate) denials: Denials,
    pub(crate) intake: Intake,
    pub(crate) views: Views,
    pub(crate) own_record: AuditLayer,
    pub(crate) counters: Counters,
    pub(crate) health: Health,
    pub(crate) published: Published,
    pub(crate) alarms: Alarms,
    /// Entries that were in the log when the server began.
    pub(crate) size_at_start: u64,
    /// Places for connections.
    pub(crate) connections: Arc<Semaphore>,
    /// Requests at once that read far through the log.
    pub(crate) scans: Arc<Semaphore>,
    /// Requests at once that export the log.
    pub(crate) exports: Arc<Semaphore>,
    /// Requests at once that follow the log.
    pub(crate) followers: Arc<Semaphore>,
    /// True once the server goes down: followers end.
    pub(crate) going_down: watch::Receiver<bool>,
}

impl Shared {
    /// A place among the requests that read far through the log; waits a while for one, since a page of the viewer asks
    /// several things at once. It goes with the reading, which goes on when the client has left.
    ///
    /// # Errors
    /// [`Code::Busy`] when none becomes free.
    pub(crate) async fn place_to_search(&self) -> Result<OwnedSemaphorePermit, Problem> {
        let place = tokio::time::timeout(WAIT_FOR_PLACE, self.scans.clone().acquire_owned()).await;
        place.ok().and_then(Result::ok).ok_or_else(|| {
            let detail = format!("{} searches run already; try again", self.settings.limits.scans);
            Problem::new(Code::Busy, detail)
        })
    }

    /// Runs what reads files where it holds up nobody else, with a place among the requests that do.
    ///
    /// # Errors
    /// Its own, and [`Code::Busy`].
    pub(crate) async fn reading<T: Send + 'static>(
        self: &Arc<Self>,
        read: impl FnOnce(&Self) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let (shared, place) = (self.clone(), self.place_to_search().await?);
        let reading = tokio::task::spawn_blocking(move || {
            let _place = place;
            read(&shared)
        });
        reading
            .await
            .map_err(|error| Problem::new(Code::ReadFailed, format!("the reading ended: {error}")))?
    }

    /// Whether a caller that was let in before would be now: a token can be revoked, a login can end.
    pub(crate) fn is_valid(&self, caller: &Caller) -> bool {
        let is_in_time = caller.ends.is_none_or(|end| Instant::now() < end);
        is_in_time && caller.token.as_ref().is_none_or(|token| self.is_valid_token(token))
    }

    /// Whether the token with that fingerprint is valid now.
    pub(crate) fn is_valid_token(&self, fingerprint: &str) -> bool {
        let now = Timestamp::now();
        let is_it = |token: &Token| token.fingerprint() == fingerprint && token.is_valid(now);
        self.tokens.list().is_ok_and(|tokens| tokens.iter().any(is_it))
    }
}
