//! `GET /v1/sessions/{id}`: one session, put together from its entries.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Extension, Path, State};
use bulla::Filter;
use bulla_search::{Missing, Session, Step};
use serde::Serialize;
use utoipa::ToSchema;

use super::{ask, page_limits};
use crate::access::caller::Caller;
use crate::api::views::Kind;
use crate::problem::{Code, Problem, ProblemBody};
use crate::state::Shared;

/// 50,000 entries of a session, some 20 MB: a long day of an agent is a few thousand.
const ENTRIES_MAX: usize = 50_000;

/// A session.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SessionBody {
    /// Its id.
    session_id: String,
    /// Its entries.
    entries: u64,
    /// Number of its first entry.
    first_seq: u64,
    /// Number of its last entry.
    last_seq: u64,
    /// When it began, RFC 3339.
    began: String,
    /// When its last entry happened, RFC 3339.
    ended: String,
    /// Who is accountable, with numbers of entries.
    principals: BTreeMap<String, u64>,
    /// Models, with numbers of entries.
    models: BTreeMap<String, u64>,
    /// How the log knows of it: `imported`, `observed`, `reported`, or `recorded` by the log's own process.
    vantages: BTreeMap<String, u64>,
    /// Tools and other acts, with numbers of calls.
    tools: BTreeMap<String, u64>,
    /// Outcomes of calls; `unknown` for one that has no end.
    call_outcomes: BTreeMap<&'static str, u64>,
    /// Tokens that models were given.
    input_tokens: u64,
    /// Tokens that models gave.
    output_tokens: u64,
    /// Calls of which one entry is not there.
    coverage: SessionCoverage,
    /// In the order of their first entries.
    steps: Vec<StepBody>,
    /// True when it has more entries than one answer takes; then these are its oldest.
    truncated: bool,
}

/// Calls of which one entry is not there, by the number of the other.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SessionCoverage {
    /// They began and have no end.
    without_end: Vec<u64>,
    /// They ended and have no beginning.
    without_begin: Vec<u64>,
}

/// What happened, from one entry, or from the one before an act and the one after it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct StepBody {
    /// Entry before the act, or the only one.
    seq: u64,
    /// Entry after it.
    #[serde(skip_serializing_if = "Option::is_none")]
    end_seq: Option<u64>,
    /// Place among the steps of the one inside which it happened.
    parent: Option<usize>,
    /// How many steps it is inside of.
    depth: usize,
    /// When it began, RFC 3339.
    timestamp: String,
    /// What kind of act it is.
    category: String,
    /// What it is called.
    action: String,
    /// Whether a tool is called, or an act is recorded before and after.
    is_call: bool,
    /// What the call was asked to do, in a few words.
    #[serde(skip_serializing_if = "Option::is_none")]
    what: Option<String>,
    /// `unknown` for a call that has no end.
    outcome: &'static str,
    /// Why it failed or was denied.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// How long it took, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    duration_ms: Option<u64>,
    /// Which of its two entries is not there: `begin` or `end`.
    #[serde(skip_serializing_if = "Option::is_none")]
    missing: Option<&'static str>,
    /// Who acted.
    #[serde(skip_serializing_if = "Option::is_none")]
    actor: Option<ActorBody>,
}

/// Who acted.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ActorBody {
    /// `agent`, `subagent`, `user` and so on.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    kind: Option<String>,
    /// Which one.
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
}

/// Shows one session: its steps as a tree, and what of it is not there.
#[utoipa::path(get, path = "/v1/sessions/{id}", operation_id = "show_session", tag = "sessions",
    params(("id" = String, Path, description = "The session's id, whole")), responses(
    (status = 200, description = "The session", body = SessionBody),
    (status = "4XX", description = "There is no such session", body = ProblemBody, content_type = "application/problem+json"),
    (status = 503, description = "Too many searches at once", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn show(
    State(shared): State<Arc<Shared>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<Json<SessionBody>, Problem> {
    let (filter, wanted) = (Filter::new().session(&id), id.clone());
    let found = ask(&shared, &caller, Kind::Session, &id, move |view| {
        let (mut sessions, is_cut) =
            view.entries_of_sessions(&filter, ENTRIES_MAX, page_limits(usize::MAX))?;
        let session = sessions.remove(&wanted).and_then(|entries| Session::of(&wanted, &entries));
        Ok(session.map(|session| SessionBody::of(session, is_cut)))
    });
    found.await?.map(Json).ok_or_else(|| {
        Problem::new(Code::NotFound, format!("no entry has the session id {id:?}; /v1/sessions lists them"))
    })
}

impl SessionBody {
    fn of(session: Session, truncated: bool) -> Self {
        let coverage = SessionCoverage {
            without_end: session.missing(Missing::End),
            without_begin: session.missing(Missing::Begin),
        };
        Self {
            coverage,
            session_id: session.session_id,
            entries: session.entries,
            first_seq: session.first_seq,
            last_seq: session.last_seq,
            began: session.began.to_rfc3339_nanos(),
            ended: session.ended.to_rfc3339_nanos(),
            principals: session.principals,
            models: session.models,
            vantages: session.vantages,
            tools: session.tools,
            call_outcomes: session.call_outcomes,
            input_tokens: session.input_tokens,
            output_tokens: session.output_tokens,
            steps: session.steps.into_iter().map(StepBody::of).collect(),
            truncated,
        }
    }
}

impl StepBody {
    fn of(step: Step) -> Self {
        Self {
            seq: step.seq,
            end_seq: step.end_seq,
            parent: step.parent,
            depth: step.depth,
            timestamp: step.timestamp.to_rfc3339_nanos(),
            category: step.category.as_str().to_owned(),
            action: step.action,
            is_call: step.is_call,
            what: step.what,
            outcome: step.outcome.as_str(),
            reason: step.reason,
            duration_ms: step.duration_ms,
            missing: step.missing.map(|missing| match missing {
                Missing::Begin => "begin",
                Missing::End => "end",
            }),
            actor: step.actor.map(|actor| ActorBody { kind: actor.kind, id: actor.id }),
        }
    }
}
