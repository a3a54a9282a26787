//! What every handler is given.

use std::sync::Arc;

use bulla::{AuditLog, LogReader};
use tokio::sync::{Semaphore, watch};

use crate::access::denials::Denials;
use crate::access::rate::Rate;
use crate::access::sessions::Sessions;
use crate::access::tokens::Tokens;
use crate::api::views::Views;
use crate::public::Published;
use crate::settings::Settings;
use crate::watch::counters::Counters;
use crate::watch::health::Health;

/// One running server.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) settings: Settings,
    pub(crate) log: AuditLog,
    pub(crate) reader: LogReader,
    pub(crate) tokens: Tokens,
    pub(crate) sessions: Sessions,
    pub(crate) rate: Option<Rate>,
    pub(crate) denials: Denials,
    pub(crate) views: Views,
    pub(crate) counters: Counters,
    pub(crate) health: Health,
    pub(crate) published: Published,
    /// Requests at once that read far through the log.
    pub(crate) scans: Arc<Semaphore>,
    /// Requests at once that follow the log.
    pub(crate) followers: Arc<Semaphore>,
    /// True once the server goes down: followers end.
    pub(crate) going_down: watch::Receiver<bool>,
}
