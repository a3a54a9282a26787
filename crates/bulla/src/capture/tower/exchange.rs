//! One request on its way, and when its entries are written. However an exchange ends, it ends here: what is dropped
//! writes its entry as it goes.

use std::mem;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Instant;

use http::{HeaderMap, Method, StatusCode, header, response};
use serde_json::{Map, Value, json};

use super::context::AuditContext;
use super::head::{Facts, is_grpc};
use super::layer::Config;
use super::limits::HEADER_BYTES_MAX;
use super::outcome::{self, Answer, Ending, GrpcStatus};
use super::skipping::{self, Plan};
use crate::capture::bounded::Bounds;
use crate::entry::{AuditEntry, AuditOutcome, Phase};
use crate::log::{RecordError, Ticket};

/// A request that is being answered.
#[derive(Debug)]
pub(super) struct Exchange {
    config: Arc<Config>,
    facts: Facts,
    context: AuditContext,
    started: Instant,
    /// Bytes of the request's body that the service has read.
    received: Arc<AtomicU64>,
    /// Bytes of the response's body that the server has taken.
    sent: u64,
    answer: Option<Answer>,
    /// What the connection becomes, after 101.
    upgrade: Option<http::HeaderValue>,
    plan: Plan,
    stage: Stage,
    /// Nothing follows the head of the response.
    is_over: bool,
}

/// What is in the log of it so far.
#[derive(Debug)]
enum Stage {
    /// Nothing: one entry is due.
    Fresh,
    /// The entry before the act: the one after it is due.
    Begun { id: String },
    /// The entry, written with the response's head: one more is due if the response is cut short.
    Told { id: String },
    /// All of it.
    Over,
}

/// What to do with a response's head.
#[derive(Debug)]
pub(super) enum AtHead {
    /// Send it.
    Pass,
    /// Send it when this is durable.
    Wait(Ticket),
    /// Send a refusal instead.
    Refuse(RecordError),
}

/// What is known of a response's body before it is sent.
#[derive(Debug, Clone, Copy)]
pub(super) struct BodyOutlook {
    /// There will be nothing more to see of it.
    pub(super) is_over: bool,
    pub(super) length: Option<u64>,
}

impl Exchange {
    pub(super) fn new(
        config: Arc<Config>,
        facts: Facts,
        context: AuditContext,
        received: Arc<AtomicU64>,
        plan: Plan,
    ) -> Self {
        let started = Instant::now();
        let (answer, upgrade, stage) = (None, None, Stage::Fresh);
        let (sent, is_over) = (0, false);
        Self { config, facts, context, started, received, sent, answer, upgrade, plan, stage, is_over }
    }

    /// Whether a caller of gRPC waits for the answer.
    pub(super) fn is_grpc(&self) -> bool {
        self.facts.is_grpc
    }

    /// Whether the response of this exchange has no body, whatever it says.
    pub(super) fn is_bodiless(&self, status: StatusCode) -> bool {
        self.facts.method == Method::HEAD
            || self.facts.method == Method::CONNECT && status.is_success()
            || status.is_informational()
            || matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED)
    }

    /// Whether the exchange ends with the head of the response.
    pub(super) fn is_over(&self) -> bool {
        self.is_over
    }

    /// Queues the entry before the act.
    pub(super) fn begin(&mut self) -> Result<Ticket, RecordError> {
        let entry = self.before();
        let id = entry.id.clone();
        let ticket = self.config.recorder.submit(entry)?;
        self.stage = Stage::Begun { id };
        Ok(ticket)
    }

    /// Nothing more is written: the caller got a refusal instead of an answer.
    pub(super) fn forget(mut self) {
        self.stage = Stage::Over;
    }

    /// Notes the head of the response, and writes what is due with it.
    pub(super) fn answered(&mut self, head: &response::Parts, body: BodyOutlook) -> AtHead {
        self.note_answer(head);
        self.is_over = body.is_over;
        if !self.config.tells_at_head() || matches!(self.plan, Plan::Skip(_)) {
            return AtHead::Pass;
        }
        match (self.settled_length(body), &self.stage) {
            (Some(length), _) => self.tell(length),
            (None, Stage::Fresh) => {
                let written = self.begin();
                self.at_head(written)
            }
            // The entry before the act is the evidence until its end.
            (None, _) => AtHead::Pass,
        }
    }

    fn note_answer(&mut self, head: &response::Parts) {
        self.config.fill_from(&self.context, &head.extensions);
        if self.facts.request_id.is_none() {
            self.facts.request_id = head.headers.get("x-request-id").cloned();
        }
        if head.status == StatusCode::SWITCHING_PROTOCOLS {
            self.upgrade = head.headers.get(header::UPGRADE).cloned();
        }
        if let Plan::ByStatus(candidates) = &self.plan {
            self.plan = skipping::by_status(candidates, head.status);
        }
        self.answer = Some(Answer {
            status: head.status,
            grpc: GrpcStatus::of(&head.headers),
            is_grpc: is_grpc(&head.headers),
        });
    }

    /// The declared length of a response whose outcome its head settles.
    fn settled_length(&self, body: BodyOutlook) -> Option<u64> {
        if body.is_over {
            return Some(0);
        }
        let says_more = self.answer.as_ref().is_some_and(|answer| answer.is_grpc && answer.grpc.is_none());
        body.length.filter(|_| !says_more)
    }

    /// Writes the entry before its body is sent.
    fn tell(&mut self, length: u64) -> AtHead {
        let stage = mem::replace(&mut self.stage, Stage::Over);
        let entry = self.after(&stage, &Ending::Whole, length);
        let id = entry.id.clone();
        let written = self.config.recorder.submit(entry);
        if written.is_ok() {
            self.stage = Stage::Told { id };
        }
        self.at_head(written)
    }

    fn at_head(&self, written: Result<Ticket, RecordError>) -> AtHead {
        match written {
            Ok(ticket) if self.config.waits_durable => AtHead::Wait(ticket),
            Err(error) if self.config.fails_closed => AtHead::Refuse(error),
            _ => AtHead::Pass,
        }
    }

    /// The server took so many bytes of the response's body.
    pub(super) fn sent(&mut self, bytes: usize) {
        self.sent += bytes as u64;
    }

    /// Whether all that was declared has been sent, so that the server may drop the body without another look.
    pub(super) fn has_sent(&self, length: Option<u64>) -> bool {
        let is_grpc = self.answer.as_ref().is_some_and(|answer| answer.is_grpc);
        !is_grpc && length.is_some_and(|length| self.sent >= length)
    }

    /// Notes what follows the response's body.
    pub(super) fn trailers(&mut self, trailers: &HeaderMap) {
        if let (Some(answer), Some(status)) = (&mut self.answer, GrpcStatus::of(trailers)) {
            answer.grpc = Some(status);
        }
    }

    /// Writes what is still due.
    pub(super) fn finish(mut self, ending: &Ending) {
        self.end(ending);
    }

    fn end(&mut self, ending: &Ending) {
        let stage = mem::replace(&mut self.stage, Stage::Over);
        match (&stage, &self.plan) {
            (Stage::Over, _) => {}
            (Stage::Told { .. }, _) if *ending == Ending::Whole => {}
            (Stage::Fresh, Plan::Skip(rule)) if *ending == Ending::Whole => rule.skip(self.config.reporting),
            // What cannot be queued is counted there, and nobody is left to be told.
            _ => drop(self.config.recorder.submit(self.after(&stage, ending, self.sent))),
        }
    }

    /// The entry before the act.
    fn before(&self) -> AuditEntry {
        let (mut entry, http, bounds) = self.described();
        entry = entry.phase(Phase::Pre).outcome(AuditOutcome::Unknown);
        finish_detail(entry, http, bounds)
    }

    /// The entry after the act, or its only one.
    fn after(&self, stage: &Stage, ending: &Ending, sent: u64) -> AuditEntry {
        let (mut entry, mut http, mut bounds) = self.described();
        match stage {
            Stage::Begun { id } => {
                entry.phase = Phase::Post;
                entry.cause_id = Some(id.clone());
            }
            Stage::Told { id } => {
                entry.event_name = Some("http.response_cut".to_owned());
                entry.cause_id = Some(id.clone());
            }
            Stage::Fresh | Stage::Over => {}
        }
        self.judge(&mut entry, stage, ending, &mut bounds);
        entry = entry.duration(self.started.elapsed());
        http.insert("request_bytes".to_owned(), json!(self.received.load(Relaxed)));
        http.insert("response_bytes".to_owned(), json!(sent));
        if let Some(upgrade) = &self.upgrade {
            let pointer = "/detail/http/upgrade";
            let upgrade = bounds.bytes(pointer, upgrade.as_bytes(), HEADER_BYTES_MAX);
            http.insert("upgrade".to_owned(), json!(upgrade));
        }
        if let Some(grpc) = self.answer.as_ref().and_then(|answer| answer.grpc.as_ref()) {
            http.insert("grpc_status".to_owned(), json!(grpc.code));
        }
        if let Plan::Sample(rule) = &self.plan {
            http.insert("sampled".to_owned(), json!({"rule": rule.name, "one_in": rule.one_in}));
        }
        finish_detail(entry, http, bounds)
    }

    /// Sets outcome and reason: what the inside said goes before what the status says, but not before what was seen
    /// to be cut short.
    fn judge(&self, entry: &mut AuditEntry, stage: &Stage, ending: &Ending, bounds: &mut Bounds) {
        let is_begun = matches!(stage, Stage::Begun { .. });
        let (outcome, reason) = outcome::told(ending, self.answer.as_ref(), is_begun, bounds);
        let (said_outcome, said_reason) = self.context.told(bounds);
        let is_whole = *ending == Ending::Whole;
        entry.outcome = said_outcome.filter(|_| is_whole).unwrap_or(outcome);
        let keeps_found = !is_whole || said_outcome.is_none();
        let found = reason.filter(|_| keeps_found);
        entry.reason = if is_whole { said_reason.or(found) } else { found }.map(Box::new);
    }

    /// What is known so far, as an entry whose detail is still apart.
    fn described(&self) -> (AuditEntry, Map<String, Value>, Bounds) {
        let mut bounds = Bounds::default();
        let is_grpc = self.answer.as_ref().map_or(self.facts.is_grpc, |answer| answer.is_grpc);
        let mut entry = self.facts.entry(&self.config, self.context.route(), is_grpc, &mut bounds);
        let detail = self.context.fill(&mut entry, &mut bounds);
        entry.detail = Some(Value::Object(detail));
        if let (Some(request), Some(answer)) = (&mut entry.request, &self.answer) {
            request.status_code = Some(answer.status.as_u16());
        }
        let http = self.facts.http(&self.config, &mut entry, &mut bounds);
        (entry, http, bounds)
    }
}

fn finish_detail(mut entry: AuditEntry, http: Map<String, Value>, bounds: Bounds) -> AuditEntry {
    if let Some(Value::Object(detail)) = &mut entry.detail {
        detail.insert("http".to_owned(), Value::Object(http));
    }
    entry.truncated = bounds.truncated;
    entry
}

impl Drop for Exchange {
    /// Dropped by the server, because the client went away, or by a layer outside that gave up.
    fn drop(&mut self) {
        let is_answered = self.answer.is_some();
        self.end(if is_answered { &Ending::ResponseDropped } else { &Ending::RequestDropped });
    }
}
