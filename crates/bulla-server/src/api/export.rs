//! `GET /v1/export`: what a query wants, in another format, as a file. It is read no faster than the client takes it,
//! ends when the client leaves, and is an entry itself, whole or not.

use std::io::{self, Write};
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Extension, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use bulla::{AuditCategory, AuditEntry, AuditOutcome, Filter};
use bulla_formats::export::{ExportFormat, Exporter};
use bytes::Bytes;
use futures_util::stream;
use serde::Deserialize;
use serde_json::json;
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, mpsc, watch};
use utoipa::{IntoParams, ToSchema};

use super::params::Params;
use super::search::filter;
use crate::access::caller::{Caller, cut};
use crate::problem::{Code, Problem, ProblemBody};
use crate::state::Shared;

/// 64 KiB of the file leave at once.
const PIECE: usize = 64 << 10;
/// 4 pieces, 256 KiB of one export, wait for the connection.
const PIECES_WAITING: usize = 4;
/// 4,096 entries are looked at between two looks at whether anybody still wants them.
const BLOCK: u64 = 4096;
/// 1 KiB of a query is recorded.
const QUERY_BYTES_MAX: usize = 1024;

/// What to export, and how.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ExportParams {
    /// A query, such as `outcome:denied principal:alice since:2h`; without one, every entry.
    #[serde(default)]
    q: String,
    /// Only what happened at or after this moment: RFC 3339, a day, or `2h` ago.
    from: Option<String>,
    /// Only what happened before this moment.
    to: Option<String>,
    /// What to write.
    #[serde(default)]
    #[param(inline)]
    format: Format,
}

/// A format that can be written.
#[derive(Debug, Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Format {
    /// The stored lines, byte for byte.
    #[default]
    Jsonl,
    /// The format of the module that Bulla replaces.
    Seed,
    /// A table for spreadsheets.
    Csv,
    /// OCSF 1.9 events, one JSON object a line.
    Ocsf,
    /// Elastic Common Schema documents, one JSON object a line.
    Ecs,
    /// ArcSight Common Event Format, one event a line.
    Cef,
    /// CloudEvents 1.0 in structured mode, one JSON object a line.
    Cloudevents,
    /// Apache Parquet.
    Parquet,
}

impl From<Format> for ExportFormat {
    fn from(format: Format) -> Self {
        match format {
            Format::Jsonl => Self::Jsonl,
            Format::Seed => Self::Seed,
            Format::Csv => Self::Csv,
            Format::Ocsf => Self::Ocsf,
            Format::Ecs => Self::Ecs,
            Format::Cef => Self::Cef,
            Format::Cloudevents => Self::CloudEvents,
            Format::Parquet => Self::Parquet,
        }
    }
}

/// Exports entries, the oldest first, up to the end that the log has now. A body that breaks off, without the end that
/// HTTP gives a whole one, is not whole. The export is recorded when it ends, as `export.created`.
#[utoipa::path(get, path = "/v1/export", operation_id = "export_entries", tag = "entries", params(ExportParams), responses(
    (status = 200, description = "The file; its media type is the format's", content(
        (String = "application/jsonl"), (String = "text/csv"), (String = "text/plain"),
        (Vec<u8> = "application/vnd.apache.parquet"))),
    (status = "4XX", description = "The query or another parameter is wrong", body = ProblemBody, content_type = "application/problem+json"),
    (status = 503, description = "Too many exports at once", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn export(
    State(shared): State<Arc<Shared>>,
    Extension(caller): Extension<Caller>,
    Params(params): Params<ExportParams>,
) -> Result<Response, Problem> {
    let filter = filter(&params.q, params.from.as_deref(), params.to.as_deref())?;
    let place = shared.exports.clone().try_acquire_owned().map_err(|_| {
        let detail = format!("{} exports run already; try again", shared.settings.limits.exports);
        Problem::new(Code::Busy, detail)
    })?;
    let rest = shared.reader.first_seq().get()..shared.reader.size()?;
    let format = ExportFormat::from(params.format);
    let (to, pieces) = mpsc::channel(PIECES_WAITING);
    let export = Export { shared, caller, params, filter, format, rest, _place: place };
    let file = format!("bulla-{}-{}.{}", export.rest.start, export.rest.end, format.extension());
    let runtime = Handle::current();
    tokio::task::spawn_blocking(move || export.run(to, runtime));
    let body = stream::unfold(pieces, async |mut pieces| Some((pieces.recv().await?, pieces)));
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(format.media_type())),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (header::CONTENT_DISPOSITION, disposition(&file)),
    ];
    Ok((headers, Body::from_stream(body)).into_response())
}

fn disposition(file: &str) -> HeaderValue {
    HeaderValue::from_str(&format!("attachment; filename=\"{file}\""))
        .expect("digits and letters are a header")
}

/// A piece of the file, or why there is no more of it: then the connection is cut, so that nobody takes it for whole.
type Piece = io::Result<Bytes>;

/// One export.
struct Export {
    shared: Arc<Shared>,
    caller: Caller,
    params: ExportParams,
    filter: Filter,
    format: ExportFormat,
    /// Entries that were not looked at yet.
    rest: Range<u64>,
    _place: OwnedSemaphorePermit,
}

/// How far an export came.
#[derive(Debug, Default)]
struct Exported {
    entries: u64,
    /// Entries that have no place in the format.
    left_out: u64,
}

impl Export {
    /// Writes the file, then the entry about it.
    fn run(mut self, to: mpsc::Sender<Piece>, runtime: Handle) {
        let mut exported = Exported::default();
        let written = self.write(to.clone(), runtime, &mut exported);
        if let Err(reason) = &written {
            // Nobody may be there to hear it; a full queue is a client that takes nothing, and dropping `to` is enough.
            let _ = to.try_send(Err(io::Error::other(reason.clone())));
        }
        self.record(&exported, written.err());
    }

    fn write(
        &mut self,
        to: mpsc::Sender<Piece>,
        runtime: Handle,
        exported: &mut Exported,
    ) -> Result<(), String> {
        let reader = self.shared.reader.clone();
        let limits = &self.shared.settings.limits;
        let pieces = Pieces {
            to: to.clone(),
            runtime,
            held: Vec::with_capacity(PIECE),
            patience: limits.body_timeout,
            going_down: self.shared.going_down.clone(),
        };
        let exporter = Exporter::new(self.format, &reader.identity().origin, pieces);
        let mut exporter =
            exporter.map_err(|error| error.to_string())?.with_segments(reader.segment_starts());
        while !self.rest.is_empty() {
            let end = ((self.rest.start / BLOCK + 1) * BLOCK).min(self.rest.end);
            for entry in reader.filter(self.filter.clone(), self.rest.start..end) {
                let entry = entry.map_err(|error| error.to_string())?;
                match exporter.write(entry.line()) {
                    Ok(()) => exported.entries += 1,
                    Err(error) if error.is_about_entry() => exported.left_out += 1,
                    Err(error) => return Err(error.to_string()),
                }
            }
            self.rest.start = end;
            exporter.flush().map_err(|error| error.to_string())?;
            self.check_wanted(&to)?;
        }
        exporter.finish().map(drop).map_err(|error| error.to_string())
    }

    /// A query that matches little sends little, and would not notice by that.
    fn check_wanted(&self, to: &mpsc::Sender<Piece>) -> Result<(), String> {
        if to.is_closed() {
            return Err(LEFT.to_owned());
        }
        if *self.shared.going_down.borrow() {
            return Err(GOING_DOWN.to_owned());
        }
        if !self.shared.is_valid(&self.caller) {
            return Err("the credential is not valid any more".to_owned());
        }
        Ok(())
    }

    fn record(&self, exported: &Exported, failed: Option<String>) {
        if !self.shared.settings.record_exports {
            return;
        }
        let outcome = if failed.is_none() { AuditOutcome::Success } else { AuditOutcome::Failure };
        let mut entry = AuditEntry::new(AuditCategory::Audit, "export.created")
            .event_name("export.created")
            .principal(&self.caller.name)
            .actor(self.caller.actor())
            .outcome(outcome)
            .detail(json!({
                "query": cut(&self.params.q, QUERY_BYTES_MAX), "since": self.params.from, "until": self.params.to,
                "format": self.format.as_str(), "entries": exported.entries, "left_out": exported.left_out,
                "complete": failed.is_none(), "to": "http",
            }));
        if let Some(reason) = failed {
            entry = entry.reason("export.failed", reason);
        }
        if self.shared.log.submit(entry).is_err() {
            self.shared.log.report_dropped("an export could not be queued", 1);
        }
    }
}

const LEFT: &str = "the client left";
const GOING_DOWN: &str = "the server goes down";

/// The way to the connection: waits while the client does, and not for ever.
struct Pieces {
    to: mpsc::Sender<Piece>,
    runtime: Handle,
    held: Vec<u8>,
    /// How long a client may take nothing.
    patience: Duration,
    going_down: watch::Receiver<bool>,
}

impl Pieces {
    fn send(&mut self) -> io::Result<()> {
        if self.held.is_empty() {
            return Ok(());
        }
        let piece = Bytes::from(std::mem::replace(&mut self.held, Vec::with_capacity(PIECE)));
        let sent = self.to.send_timeout(Ok(piece), self.patience);
        let sent = self.runtime.block_on(async {
            tokio::select! {
                biased;
                _ = self.going_down.wait_for(|down| *down) => Err(GOING_DOWN.to_owned()),
                sent = sent => Ok(sent),
            }
        });
        match sent {
            Ok(Ok(())) => Ok(()),
            Ok(Err(mpsc::error::SendTimeoutError::Closed(_))) => Err(io::Error::other(LEFT)),
            Ok(Err(mpsc::error::SendTimeoutError::Timeout(_))) => {
                let took = self.patience.as_secs_f32();
                Err(io::Error::other(format!("the client took nothing for {took} s")))
            }
            Err(reason) => Err(io::Error::other(reason)),
        }
    }
}

impl Write for Pieces {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.held.len() == PIECE {
            self.send()?;
        }
        let taken = bytes.len().min(PIECE - self.held.len());
        self.held.extend_from_slice(&bytes[..taken]);
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.send()
    }
}
