//! `GET /v1/tail`: entries as they become durable, as server-sent events. A follower holds a position in the log and
//! never a queue, so one that is slow costs nothing; one that stays far behind is told so and cut.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::{Extension, State};
use axum::http::HeaderMap;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use bulla::{Filter, Follow};
use futures_util::stream;
use serde::Deserialize;
use tokio::sync::OwnedSemaphorePermit;
use utoipa::IntoParams;

use super::params::Params;
use super::search::filter;
use crate::access::caller::Caller;
use crate::api::views::Kind;
use crate::problem::{Code, Problem, ProblemBody};
use crate::state::Shared;

/// 15 s: proxies close connections that are silent for longer.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// 10 s without taking anything.
const STALLED: Duration = Duration::from_secs(10);
/// 256 entries are looked at before others get their turn.
const TURN: usize = 256;

/// What to follow.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct TailParams {
    /// Only entries that this query wants.
    #[serde(default)]
    q: String,
    /// Number of the entry to begin with; without it, the next one. `Last-Event-ID` goes before it.
    from: Option<u64>,
}

/// Follows the log. Each event is one stored line with its number as `id`; `Last-Event-ID` goes on behind that entry,
/// without a gap. An event `cut` says why the stream ends, and `closed` that the server goes down.
#[utoipa::path(get, path = "/v1/tail", operation_id = "tail_entries", tag = "entries", params(TailParams,
    ("Last-Event-ID" = Option<u64>, Header, description = "Number of the last entry that came")),
    responses(
    (status = 200, description = "Server-sent events", body = String, content_type = "text/event-stream"),
    (status = "4XX", description = "The query or another parameter is wrong", body = ProblemBody, content_type = "application/problem+json"),
    (status = 503, description = "Too many followers", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn follow(
    State(shared): State<Arc<Shared>>,
    Extension(caller): Extension<Caller>,
    Params(params): Params<TailParams>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let filter = filter(&params.q, None, None)?;
    let last = match headers
        .get("last-event-id")
        .map(|value| value.to_str().ok().and_then(|id| id.parse::<u64>().ok()))
    {
        Some(None) => {
            return Err(Problem::new(Code::BadRequest, "Last-Event-ID is not the number of an entry"));
        }
        Some(last) => last,
        None => None,
    };
    let place = shared.followers.clone().try_acquire_owned().map_err(|_| {
        Problem::new(Code::Busy, format!("{} followers are here already", shared.settings.limits.followers))
    })?;
    shared.views.opened(&caller, Kind::Tail, &params.q, Instant::now());
    let size = shared.reader.size()?;
    let from = last.map(|last| last.saturating_add(1)).or(params.from).unwrap_or(size);
    let first = shared.reader.first_seq().get();
    let follow = shared.log.follow(from.max(first).min(size.max(first)))?;
    let position =
        Position { shared, follow, filter, caller, _place: place, asked: Instant::now(), is_over: false };
    let events = stream::unfold(position, next_event);
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)).into_response())
}

/// One follower.
struct Position {
    shared: Arc<Shared>,
    follow: Follow,
    filter: Filter,
    caller: Caller,
    _place: OwnedSemaphorePermit,
    /// When the connection last took something.
    asked: Instant,
    is_over: bool,
}

async fn next_event(mut at: Position) -> Option<(Result<Event, Infallible>, Position)> {
    if at.is_over {
        return None;
    }
    let event = match at.why_cut() {
        Some(event) => event,
        None => at.next().await,
    };
    at.asked = Instant::now();
    Some((Ok(event), at))
}

impl Position {
    /// Why the stream must end, if it must. The connection asks for the next event when it has room for one, so a long
    /// time between two questions is a client that does not read.
    fn why_cut(&mut self) -> Option<Event> {
        let behind = self.shared.log.size().saturating_sub(self.follow.position().get());
        if self.asked.elapsed() < STALLED || behind <= self.shared.settings.limits.follower_entries_behind {
            return None;
        }
        let position = self.follow.position();
        Some(self.end("cut", &format!("too slow: {behind} entries behind; go on from entry {position}")))
    }

    fn end(&mut self, name: &str, reason: &str) -> Event {
        self.is_over = true;
        let data = serde_json::json!({"reason": reason, "next_seq": self.follow.position()});
        Event::default().event(name).data(data.to_string())
    }

    /// The next entry that is wanted.
    async fn next(&mut self) -> Event {
        let mut going_down = self.shared.going_down.clone();
        let mut looked_at = 0;
        loop {
            let next = tokio::select! {
                biased;
                _ = going_down.wait_for(|down| *down) => return self.end("closed", "the server goes down"),
                next = self.follow.next() => next,
            };
            match next {
                Ok(Some(entry)) if self.filter.matches(entry.line()) => {
                    let Ok(line) = std::str::from_utf8(entry.line()) else {
                        return self
                            .end("cut", &format!("entry {} is damaged; run `bulla verify`", entry.seq()));
                    };
                    if !self.is_still_allowed() {
                        return self.end("cut", "the credential is not valid any more");
                    }
                    return Event::default().id(entry.seq().to_string()).data(line);
                }
                Ok(Some(_)) => {}
                Ok(None) => return self.end("closed", "the log is closed"),
                Err(error) => return self.end("cut", &error.to_string()),
            }
            looked_at += 1;
            if looked_at % TURN == 0 {
                tokio::task::yield_now().await;
            }
        }
    }

    /// A revoked token ends what was begun with it.
    fn is_still_allowed(&self) -> bool {
        self.shared.is_valid(&self.caller)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::caller::CredentialKind;
    use crate::server::Server;
    use crate::settings::{Limits, Settings};

    #[tokio::test]
    async fn a_follower_that_takes_nothing_and_falls_behind_is_told_where_to_go_on_and_cut() {
        let folder = tempfile::tempdir().unwrap();
        let settings = Settings {
            listen: "127.0.0.1:0".parse().unwrap(),
            log: folder.path().join("audit"),
            limits: Limits { follower_entries_behind: 2, ..Limits::default() },
            ..Settings::default()
        };
        let server = Server::start(settings).await.unwrap();
        let shared = server.shared().clone();
        let long_ago = Instant::now().checked_sub(STALLED).unwrap();
        let caller = Caller {
            name: "x".to_owned(),
            source: "x".to_owned(),
            scopes: Vec::new(),
            credential: CredentialKind::Token,
            fingerprint: String::new(),
            peer: None,
            token: None,
            ends: None,
        };
        let position = |asked| Position {
            follow: shared.log.follow(0).unwrap(),
            filter: Filter::new(),
            caller: caller.clone(),
            _place: shared.followers.clone().try_acquire_owned().unwrap(),
            shared: shared.clone(),
            asked,
            is_over: false,
        };
        assert!(position(long_ago).why_cut().is_none(), "slow, and not far behind");
        for _ in 0..3 {
            let entry = bulla::AuditEntry::api("x").outcome(bulla::AuditOutcome::Success);
            shared.log.record(entry).await.unwrap();
        }
        while shared.log.size() < 3 {
            tokio::task::yield_now().await;
        }
        assert!(position(Instant::now()).why_cut().is_none(), "far behind, and reading");
        let (event, position) = next_event(position(long_ago)).await.unwrap();
        let text = format!("{:?}", event.unwrap());
        assert!(text.contains("cut") && text.contains("go on from entry 0"), "{text}");
        assert!(next_event(position).await.is_none(), "nothing comes behind it");
        server.stop().await.unwrap();
    }
}
