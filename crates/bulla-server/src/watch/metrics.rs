//! `GET /metrics`: all counts, and all that can be looked up, in the OpenMetrics text format that Prometheus reads.
//! `docs/operation.md` has a line for each name; a test holds both together.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use bulla::{AuditLog, RecordError};
use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::{ConstCounter, Counter};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::{ConstGauge, Gauge};
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};

use super::disk::Level;
use super::health::{Found, Scrubbed};
use crate::ingest::sources::SourceCounts;
use crate::state::Shared;

const OPENMETRICS: HeaderValue =
    HeaderValue::from_static("application/openmetrics-text; version=1.0.0; charset=utf-8");

/// Everything that can be measured, for Prometheus.
#[utoipa::path(get, path = "/metrics", tag = "operation", responses(
    (status = 200, description = "OpenMetrics text", content_type = "application/openmetrics-text"),
    (status = 401, description = "No credential with the scope `read`, unless metrics are public")))]
pub(crate) async fn metrics(State(shared): State<Arc<Shared>>) -> Response {
    let headers =
        [(header::CONTENT_TYPE, OPENMETRICS), (header::CACHE_CONTROL, HeaderValue::from_static("no-store"))];
    (headers, exposition(&shared)).into_response()
}

/// What there is to tell now. A registry is made for it each time, so that what is not known is absent, not zero.
fn exposition(shared: &Shared) -> String {
    let mut registry = Registry::with_prefix("bulla");
    let found = shared.health.found();
    build(&mut registry);
    shared.counters.register(&mut registry);
    log(&mut registry, &shared.log, shared.size_at_start);
    sources(&mut registry, &shared.intake.sources().counts());
    limits(&mut registry, shared);
    index(&mut registry, shared);
    disk(&mut registry, &found);
    wholeness(&mut registry, &found);
    scrub(&mut registry, &found.scrub);
    let mut out = String::new();
    text::encode(&mut out, &registry).expect("a String takes all that is written");
    out
}

fn gauge(registry: &mut Registry, name: &str, help: &str, value: u64) {
    registry.register(name, help, ConstGauge::new(value));
}

fn bytes(registry: &mut Registry, name: &str, help: &str, value: u64) {
    registry.register_with_unit(name, help, Unit::Bytes, ConstGauge::new(value));
}

fn seconds(registry: &mut Registry, name: &str, help: &str, value: f64) {
    registry.register_with_unit(name, help, Unit::Seconds, ConstGauge::new(value));
}

fn counter(registry: &mut Registry, name: &str, help: &str, value: u64) {
    registry.register(name, help, ConstCounter::new(value));
}

fn build(registry: &mut Registry) {
    #[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
    struct Build {
        version: &'static str,
    }
    let version = env!("CARGO_PKG_VERSION");
    registry.register("build", "Which server this is", Info::new(Build { version }));
}

fn log(registry: &mut Registry, log: &AuditLog, size_at_start: u64) {
    #[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
    struct Mark {
        state: &'static str,
    }
    let (marks, activity) = (log.watermarks(), log.activity());
    let sizes = Family::<Mark, Gauge>::default();
    for (state, size) in [
        ("durable", marks.durable),
        ("integrated", marks.integrated),
        ("published", marks.published),
        ("witnessed", marks.witnessed),
    ] {
        sizes.get_or_create(&Mark { state }).set(i64::try_from(size).unwrap_or(i64::MAX));
    }
    registry.register("log_entries", "Entries that have reached each state", sizes);
    let recorded = marks.durable.saturating_sub(size_at_start);
    counter(registry, "entries_recorded", "Entries recorded since the server began", recorded);
    let help = "Bytes of lines appended to the log since the server began";
    registry.register_with_unit("recorded", help, Unit::Bytes, ConstCounter::new(activity.appended_bytes));
    counter(
        registry,
        "entries_dropped",
        "Entries that could not be recorded, as the log says in `entries.dropped`",
        activity.dropped,
    );
    bytes(registry, "queue", "Bytes of entries that wait for the writer", activity.queued_bytes as u64);
    let help = "The most bytes that ever waited for the writer";
    bytes(registry, "queue_peak", help, activity.queued_bytes_peak as u64);
    let is_poisoned = matches!(log.refusal(), Some(RecordError::Poisoned(_)));
    gauge(
        registry,
        "log_poisoned",
        "1 after a failed write or sync: entries are refused until the server is started again",
        is_poisoned.into(),
    );
}

/// Sums over all sources: `/v1/status` has them one by one.
fn sources(registry: &mut Registry, counts: &[SourceCounts]) {
    let sum = |count: fn(&SourceCounts) -> u64| counts.iter().map(count).sum();
    let help = "Records that came again and were recorded before";
    counter(registry, "records_duplicate", help, sum(|source| source.duplicates));
    counter(registry, "records_rejected", "Records that broke a rule", sum(|source| source.rejected));
    let help = "Records that never came, by the emitters' own counters, as the log says in `gap.detected`";
    counter(registry, "records_missing", help, sum(|source| source.missing));
}

fn limits(registry: &mut Registry, shared: &Shared) {
    let limits = &shared.settings.limits;
    bytes(
        registry,
        "queue_limit",
        "Bytes of entries that may wait for the writer",
        shared.settings.queue_bytes as u64,
    );
    let connections = limits.connections.saturating_sub(shared.connections.available_permits());
    gauge(
        registry,
        "connections",
        "Connections that are open, and the one that is waited for",
        connections as u64,
    );
    gauge(registry, "connections_limit", "Connections that may be open", limits.connections as u64);
    let followers = limits.followers.saturating_sub(shared.followers.available_permits());
    gauge(registry, "followers", "Requests that follow the log", followers as u64);
}

/// How far the index is; absent without one.
fn index(registry: &mut Registry, shared: &Shared) {
    let Some(status) = shared.index.as_ref().map(|index| index.status()) else { return };
    let complete = status.complete_to_seq.unwrap_or(0);
    gauge(registry, "index_entries", "Entries below which all are in the index", complete);
    let help = "Entries of the log that the index does not hold yet";
    gauge(registry, "index_lag_entries", help, shared.log.size().saturating_sub(complete));
    let help = "1 while the index is stopped, by a full disk for example; searches then read the log";
    gauge(registry, "index_stopped", help, status.trouble.is_some().into());
    let help = "Times that the index was built anew since the server began";
    counter(registry, "index_rebuilds", help, status.rebuilds);
}

fn disk(registry: &mut Registry, found: &Found) {
    if let Some(space) = found.space {
        bytes(registry, "disk_free", "Bytes that can still be written where the log lies", space.free_bytes);
        bytes(registry, "disk_size", "Bytes of the file system where the log lies", space.total_bytes);
    }
    let refuses = found.level == Level::Full;
    let help = "1 while new entries are refused because the disk is nearly full";
    gauge(registry, "disk_full", help, refuses.into());
    if let Some(left) = found.time_left {
        let help = "Time until entries are refused, at the rate of about the last hour; absent when no end is in sight";
        seconds(registry, "disk_left", help, left.as_secs_f64());
    }
}

fn wholeness(registry: &mut Registry, found: &Found) {
    if let Some((_, since)) = found.published {
        let age = Instant::now().saturating_duration_since(since);
        seconds(
            registry,
            "checkpoint_age",
            "Time since the newest checkpoint was seen first",
            age.as_secs_f64(),
        );
    }
    let help = "Files of the log that were removed, replaced or cut by another hand";
    gauge(registry, "files_misplaced", help, found.misplaced.len() as u64);
}

fn scrub(registry: &mut Registry, scrub: &Scrubbed) {
    #[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
    struct Ended {
        result: &'static str,
    }
    let runs = Family::<Ended, Counter>::default();
    for (result, count) in
        [("clean", scrub.clean_runs), ("damaged", scrub.damaged_runs), ("failed", scrub.failed_runs)]
    {
        runs.get_or_create(&Ended { result }).inc_by(count);
    }
    registry.register("scrub_runs", "Verifications of the whole log, by how they ended", runs);
    if let Some(progress) = scrub.running {
        bytes(registry, "scrub_done", "Bytes that the verification under way has read", progress.bytes_done);
        bytes(
            registry,
            "scrub_size",
            "Bytes that the verification under way has to read",
            progress.bytes_total,
        );
    }
    if let Some(run) = scrub.last {
        gauge(registry, "scrub_findings", "What the last verification found wrong; 0 is clean", run.findings);
        seconds(registry, "scrub_duration", "How long the last verification took", run.took.as_secs_f64());
        let ended = Duration::from_nanos(u64::try_from(run.ended_at.unix_nanos()).unwrap_or(0));
        seconds(
            registry,
            "scrub_ended_timestamp",
            "When the last verification ended, since 1970",
            ended.as_secs_f64(),
        );
    }
}

#[cfg(test)]
mod tests;
