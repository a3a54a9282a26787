//! What the server records of its own requests, with the layer that others use: all that its handlers and gates do not
//! record themselves, which is what went wrong.

use std::time::Duration;

use axum::extract::MatchedPath;
use axum::http::Method;
use bulla::AuditLog;
use bulla::capture::tower::{AuditLayer, Query, Requests};

use crate::access::caller::{Caller, Peer};

/// 1 hour: how often the counts of what was skipped are in the log.
const SKIPPED_INTERVAL: Duration = Duration::from_secs(60 * 60);

/// The layer for routes behind the gate: whoever comes so far has a name, so nobody fills the log without one. Refusals
/// are the gate's, records are entries themselves, and views are recorded as such; they are counted here only.
pub(crate) fn layer(log: AuditLog) -> AuditLayer {
    AuditLayer::new(log)
        .route_from(MatchedPath::as_str)
        .principal_from(|caller: &Caller| caller.name.as_str())
        .peer_from(|peer: &Peer| peer.address.ip())
        .query(Query::LeftOut)
        // A tail ends when its reader leaves, which is no failure. First, because the first rule that fits decides.
        .skip("tails", Requests::all().path("/v1/tail"))
        .skip(
            "recorded or rejected",
            Requests::all().method(Method::POST).path("/v1/entries").status(200..=407).status(409..=499),
        )
        .skip("refused for now", Requests::all().path_prefix("/").status(503..=503))
        .skip("reads", Requests::all().method(Method::GET).method(Method::HEAD).status(200..=499))
        .report_skipped(u64::MAX, SKIPPED_INTERVAL)
}
