//! `GET /v1/settings`: the settings in force, as the server was started with them. There is no secret among them, and
//! nothing here changes one.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Json;
use axum::extract::{Extension, State};
use serde::Serialize;
use utoipa::ToSchema;

use crate::access::caller::Caller;
use crate::access::sessions::{CODE_LIFETIME, SESSION_LIFETIME, SESSIONS_MAX};
use crate::api::views::Kind;
use crate::problem::ProblemBody;
use crate::settings::{Limits, RecordReads, Scrub, Settings};
use crate::state::Shared;

/// The settings in force; most have the name that they have in the settings file.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SettingsBody {
    /// Address that it listens on.
    listen: String,
    /// Whether it speaks HTTPS.
    tls: bool,
    /// Whether plain HTTP is allowed beyond loopback.
    insecure_http: bool,
    /// Directory of the log.
    log: String,
    /// Name of the log.
    origin: String,
    /// Whether anyone may read checkpoints, tiles and entry bundles.
    public: bool,
    /// Whether anyone may read `/metrics`.
    metrics_public: bool,
    /// Whether an index for searches is kept.
    index: bool,
    /// Longest time between an entry and the checkpoint that covers it.
    publish_interval_ms: u64,
    /// Bytes that may wait for the writer.
    queue_bytes: usize,
    /// Limits of requests and connections.
    limits: LimitsBody,
    /// What is recorded of the server's own use.
    record: RecordBody,
    /// Free bytes below which it warns and refuses.
    disk: DiskBody,
    /// The verification in the background.
    scrub: ScrubBody,
    /// Logins of people.
    sessions: SessionsSettings,
}

/// Limits of requests and connections.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LimitsBody {
    /// Bytes of a body that is held in memory.
    body_bytes: usize,
    /// Bytes of a line of NDJSON.
    line_bytes: usize,
    /// Bytes of all headers.
    header_bytes: usize,
    /// Bytes of path and query.
    uri_bytes: usize,
    /// Connections at once.
    connections: usize,
    /// Time to send the headers.
    header_timeout_ms: u64,
    /// Time without a byte of a body.
    body_timeout_ms: u64,
    /// Time to finish requests when going down.
    shutdown_timeout_ms: u64,
    /// Requests per second of one credential; null: no limit.
    requests_per_second: Option<u32>,
    /// Requests at once that read far through the log.
    scans: usize,
    /// Exports at once.
    exports: usize,
    /// Followers at once.
    followers: usize,
    /// Entries that a follower which takes nothing may be behind.
    follower_entries_behind: u64,
}

/// What is recorded of the server's own use.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RecordBody {
    /// Whose reads.
    #[schema(inline)]
    reads: RecordReads,
    /// Whether exports are.
    exports: bool,
}

/// Free bytes below which the server warns and refuses.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DiskBody {
    /// Below this it warns.
    warn_bytes: u64,
    /// Below this it refuses new entries.
    refuse_bytes: u64,
}

/// The verification in the background.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ScrubBody {
    /// Whether it runs.
    enabled: bool,
    /// From the end of one run to the begin of the next.
    #[serde(skip_serializing_if = "Option::is_none")]
    interval_s: Option<u64>,
    /// How fast it reads.
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes_per_second: Option<u64>,
}

/// Logins of people; all end with the server.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SessionsSettings {
    /// How long a login holds.
    lifetime_s: u64,
    /// How long a link to log in with can be used.
    link_lifetime_s: u64,
    /// People at once; the one who logged in first goes.
    people_max: usize,
}

/// The settings in force.
#[utoipa::path(get, path = "/v1/settings", operation_id = "show_settings", tag = "operation", responses(
    (status = 200, description = "The settings; none of them is a secret", body = SettingsBody),
    (status = "4XX", description = "The caller is no admin", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn show(
    State(shared): State<Arc<Shared>>,
    Extension(caller): Extension<Caller>,
) -> Json<SettingsBody> {
    shared.views.opened(&caller, Kind::Settings, "", Instant::now());
    Json(SettingsBody::of(&shared.settings, &shared.reader.identity().origin))
}

impl SettingsBody {
    fn of(settings: &Settings, origin: &str) -> Self {
        let log = std::path::absolute(&settings.log).unwrap_or_else(|_| settings.log.clone());
        Self {
            listen: settings.listen.to_string(),
            tls: settings.tls.is_some(),
            insecure_http: settings.insecure_http,
            log: log.display().to_string(),
            origin: origin.to_owned(),
            public: settings.public,
            metrics_public: settings.metrics_public,
            index: settings.index,
            publish_interval_ms: millis(settings.publish_interval),
            queue_bytes: settings.queue_bytes,
            limits: settings.limits.into(),
            record: RecordBody { reads: settings.record_reads, exports: settings.record_exports },
            disk: DiskBody { warn_bytes: settings.disk.warn_bytes, refuse_bytes: settings.disk.refuse_bytes },
            scrub: settings.scrub.into(),
            sessions: SessionsSettings {
                lifetime_s: SESSION_LIFETIME.as_secs(),
                link_lifetime_s: CODE_LIFETIME.as_secs(),
                people_max: SESSIONS_MAX,
            },
        }
    }
}

impl From<Limits> for LimitsBody {
    fn from(limits: Limits) -> Self {
        Self {
            body_bytes: limits.body_bytes,
            line_bytes: limits.line_bytes,
            header_bytes: limits.header_bytes,
            uri_bytes: limits.uri_bytes,
            connections: limits.connections,
            header_timeout_ms: millis(limits.header_timeout),
            body_timeout_ms: millis(limits.body_timeout),
            shutdown_timeout_ms: millis(limits.shutdown_timeout),
            requests_per_second: limits.requests_per_second,
            scans: limits.scans,
            exports: limits.exports,
            followers: limits.followers,
            follower_entries_behind: limits.follower_entries_behind,
        }
    }
}

impl From<Option<Scrub>> for ScrubBody {
    fn from(scrub: Option<Scrub>) -> Self {
        Self {
            enabled: scrub.is_some(),
            interval_s: scrub.map(|scrub| scrub.interval.as_secs()),
            bytes_per_second: scrub.map(|scrub| scrub.bytes_per_second),
        }
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
