//! `POST /v1/entries`: one record, an array, or lines (NDJSON).

use std::sync::Arc;
use std::time::Instant;

use axum::Json;
use axum::body::{Body, BodyDataStream};
use axum::extract::{Extension, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bulla::State as EntryState;
use bytes::Bytes;
use futures_util::StreamExt;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::Deserialize;
use serde_json::value::RawValue;
use utoipa::{IntoParams, ToSchema};

use super::answer::{ManyReceipts, Outcomes};
use super::emitter::Emitter;
use super::intake::WhenFull;
use super::lines::{Line, Lines};
use crate::access::caller::Caller;
use crate::api::params::Params;
use crate::api::wire::Receipt;
use crate::problem::{Code, Problem, ProblemBody};
use crate::state::Shared;

/// How long to wait.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct RecordParams {
    /// Answer when the records are in this state.
    #[serde(default)]
    #[param(inline)]
    wait: Wait,
}

/// A state to wait for.
#[derive(Debug, Default, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Wait {
    /// On disk and synced.
    #[default]
    Durable,
    /// Covered by a published checkpoint.
    Published,
}

impl From<Wait> for EntryState {
    fn from(wait: Wait) -> Self {
        match wait {
            Wait::Durable => Self::Durable,
            Wait::Published => Self::Published,
        }
    }
}

/// What the body is.
#[derive(Debug, PartialEq, Eq)]
enum Form {
    /// One JSON object, or an array of them.
    Json,
    /// A JSON object on each line.
    Lines,
}

/// Records entries: one (a JSON object), many (an array), or a stream of lines (NDJSON) of any length.
///
/// Records are in the log when the answer comes. The envelope (`seq`, `recorded_at`, `source`) is the server's; a
/// record that sets a field of it is rejected. A record that comes again with the same `id` from the same source gets
/// its first receipt, marked `duplicate`; `Idempotency-Key` gives ids to records without one. Of an array or of lines,
/// good records are kept and bad ones answered one by one (status 207).
#[utoipa::path(post, path = "/v1/entries", operation_id = "record_entries", tag = "entries", params(RecordParams,
    ("Idempotency-Key" = Option<String>, Header, description = "Gives ids to records without one: the key, and for many `key/index`"),
    ("Bulla-Source-Instance" = Option<String>, Header, description = "The emitter's process or host"),
    ("Bulla-Source-Seq" = Option<u64>, Header, description = "The emitter's own counter at the first record; a skipped number becomes an entry `gap.detected`")),
    request_body(content((serde_json::Value = "application/json"), (String = "application/x-ndjson"))),
    responses(
        (status = 201, description = "One record is in the log", body = Receipt),
        (status = 200, description = "All of many are; or one that came before", body = ManyReceipts),
        (status = 207, description = "Some of many are", body = ManyReceipts),
        (status = "4XX", description = "Nothing is recorded", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "Nothing is recorded, or what `detail` says", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn record(
    State(shared): State<Arc<Shared>>,
    Extension(caller): Extension<Caller>,
    Params(params): Params<RecordParams>,
    parts: Parts,
    body: Body,
) -> Result<Response, Problem> {
    shared.health.may_record()?;
    let emitter = Emitter::new(&caller, &parts.headers)?;
    let wait = EntryState::from(params.wait);
    match form(&parts.headers)? {
        Form::Lines => lines(shared, &emitter, wait, body.into_data_stream()).await,
        Form::Json => {
            let body = whole(body, shared.settings.limits.body_bytes).await?;
            let began = Instant::now();
            let answered = match body.trim_ascii_start().first() {
                Some(b'[') => array(shared.clone(), &emitter, wait, &body).await,
                _ => one(&shared, &emitter, wait, &body).await,
            };
            if answered.is_ok() {
                shared.counters.appended(wait, began.elapsed());
            }
            answered
        }
    }
}

fn form(headers: &HeaderMap) -> Result<Form, Problem> {
    let given = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
    let media = given.split(';').next().unwrap_or("").trim().to_ascii_lowercase();
    match media.as_str() {
        "application/json" => Ok(Form::Json),
        "application/x-ndjson" | "application/ndjson" | "application/jsonl" | "application/json-lines" => {
            Ok(Form::Lines)
        }
        _ => Err(Problem::new(
            Code::UnsupportedMediaType,
            "set Content-Type to application/json for one record or an array, or to application/x-ndjson for lines",
        )),
    }
}

async fn whole(body: Body, limit: usize) -> Result<Bytes, Problem> {
    match Limited::new(body, limit).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => {
            let detail = format!("the body is longer than {limit} bytes; send NDJSON, which has no limit");
            Err(Problem::new(Code::PayloadTooLarge, detail))
        }
        Err(error) => Err(broken_off(error.as_ref())),
    }
}

/// The body ended before its end: a slow client's time is up, or the connection is gone.
fn broken_off(error: &(dyn std::error::Error + 'static)) -> Problem {
    Problem::new(Code::RequestTimeout, format!("the body did not arrive whole: {error}"))
}

async fn one(shared: &Shared, emitter: &Emitter, wait: EntryState, body: &[u8]) -> Result<Response, Problem> {
    let admitted = shared.intake.admit(emitter, 0, body, emitter.key.as_deref(), WhenFull::Refuse).await;
    let mut outcome = super::sources::Brought::default();
    let answered = match admitted {
        Ok(admitted) => shared.intake.receipt(&admitted, wait).await,
        Err(problem) => Err(problem),
    };
    match &answered {
        Ok(receipt) if receipt.duplicate => outcome.duplicates = 1,
        Ok(_) => outcome.recorded = 1,
        Err(problem) if problem.is_about_the_record() => outcome.rejected = 1,
        Err(_) => {}
    }
    shared.intake.brought(emitter, outcome);
    answered.map(|receipt| {
        let status = if receipt.duplicate { StatusCode::OK } else { StatusCode::CREATED };
        (status, Json(receipt)).into_response()
    })
}

async fn array(
    shared: Arc<Shared>,
    emitter: &Emitter,
    wait: EntryState,
    body: &[u8],
) -> Result<Response, Problem> {
    let records: Vec<&RawValue> = serde_json::from_slice(body).map_err(|error| {
        Problem::new(Code::MalformedBody, format!("the array cannot be read: {error}; nothing is recorded"))
    })?;
    let mut many = Many::new(&shared, emitter);
    for record in records {
        many.record(record.get().as_bytes()).await?;
    }
    many.finish(wait).await
}

async fn lines(
    shared: Arc<Shared>,
    emitter: &Emitter,
    wait: EntryState,
    mut body: BodyDataStream,
) -> Result<Response, Problem> {
    let mut lines = Lines::new(shared.settings.limits.line_bytes);
    let mut many = Many::new(&shared, emitter);
    while let Some(piece) = body.next().await {
        match piece {
            Ok(piece) => lines.push(&piece),
            Err(error) => return Err(many.break_off(broken_off(&error)).await),
        }
        // A disk that fills up stops the stream between two pieces, not in the middle of one.
        if let Err(problem) = shared.health.may_record() {
            return Err(many.break_off(problem).await);
        }
        while let Some(line) = lines.next() {
            many.line(line).await?;
        }
    }
    if let Some(line) = lines.last() {
        many.line(line).await?;
    }
    many.finish(wait).await
}

/// The records of one request, one after the other.
struct Many<'a> {
    shared: &'a Arc<Shared>,
    emitter: &'a Emitter,
    outcomes: Outcomes,
    index: u64,
    /// Records, blank lines left out: what the emitter's counter counts.
    records: u64,
}

impl<'a> Many<'a> {
    fn new(shared: &'a Arc<Shared>, emitter: &'a Emitter) -> Self {
        Self { shared, emitter, outcomes: Outcomes::default(), index: 0, records: 0 }
    }

    async fn line(&mut self, line: Line) -> Result<(), Problem> {
        match line {
            Line::Whole(text) if text.trim_ascii().is_empty() => {
                self.index += 1;
                Ok(())
            }
            Line::Whole(text) => self.record(&text).await,
            Line::TooLong(size) => {
                let limit = self.shared.settings.limits.line_bytes;
                let detail = format!("the line has {size} bytes, at most {limit}");
                let index = self.next_index();
                let rejected = Err(Problem::new(Code::PayloadTooLarge, detail));
                self.outcomes.add(&self.shared.intake, index, rejected).await.map_err(Problem::from)
            }
        }
    }

    async fn record(&mut self, json: &[u8]) -> Result<(), Problem> {
        let (counter, index) = (self.records, self.next_index());
        let default_id = self.emitter.key.as_ref().map(|key| format!("{key}/{index}"));
        // Until something of the request is recorded, it can still be refused whole.
        let is_first = self.outcomes.is_nothing_recorded();
        let when_full = if is_first { WhenFull::Refuse } else { WhenFull::Wait };
        let intake = &self.shared.intake;
        let admitted = intake.admit(self.emitter, counter, json, default_id.as_deref(), when_full).await;
        let added = match admitted {
            Err(problem) if !problem.is_about_the_record() => Err(problem),
            admitted => self.outcomes.add(intake, index, admitted).await.map_err(Problem::from),
        };
        match added {
            Err(problem) => Err(self.break_off(problem).await),
            Ok(()) => Ok(()),
        }
    }

    fn next_index(&mut self) -> u64 {
        self.index += 1;
        self.records += 1;
        self.index - 1
    }

    /// Ends early; what is certain of the records so far is in the problem.
    async fn break_off(&mut self, problem: Problem) -> Problem {
        let outcomes = std::mem::take(&mut self.outcomes);
        if outcomes.is_nothing_recorded() {
            self.shared.intake.brought(self.emitter, outcomes.brought);
            return problem;
        }
        outcomes.explain(&self.shared.intake, self.emitter, problem).await
    }

    async fn finish(mut self, wait: EntryState) -> Result<Response, Problem> {
        if let Err(error) = self.outcomes.settle_all(&self.shared.intake).await {
            return Err(self.break_off(error.into()).await);
        }
        let outcomes = std::mem::take(&mut self.outcomes);
        self.shared.intake.brought(self.emitter, outcomes.brought);
        Ok(outcomes.into_response(self.shared.clone(), wait).await)
    }
}

impl Drop for Many<'_> {
    /// The client is gone in the middle: what is on its way is recorded all the same, and counted.
    fn drop(&mut self) {
        self.shared.intake.brought(self.emitter, self.outcomes.brought_at_least());
    }
}
