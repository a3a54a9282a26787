//! Common field names and words of foreign records, and what they mean. The tables of this crate's README.md, as code.

use bulla::AuditOutcome;

/// What a field says about an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Time,
    Category,
    EventName,
    Action,
    Message,
    Principal,
    Outcome,
    Status,
    Error,
    Severity,
    DurationMs,
    Session,
    Correlation,
    RequestId,
    Method,
    Path,
    ClientIp,
    UserAgent,
    TraceId,
    SpanId,
    Host,
}

impl Role {
    /// How many roles there are.
    pub(crate) const COUNT: usize = Self::Host as usize + 1;
}

/// The role of a field at the top of a record, and its rank among the names for that role: the lowest wins.
pub(crate) fn role_of(name: &str) -> Option<(Role, u8)> {
    use Role::{
        Action, Category, ClientIp, Correlation, DurationMs, Error, EventName, Host, Message, Method,
        Outcome, Path, Principal, RequestId, Session, Severity, SpanId, Status, Time, TraceId, UserAgent,
    };
    Some(match name {
        "@timestamp" => (Time, 0),
        "timestamp" => (Time, 1),
        "eventTime" => (Time, 2),
        "event_time" => (Time, 3),
        "time" => (Time, 4),
        "ts" => (Time, 5),
        "datetime" => (Time, 6),
        "created_at" | "createdAt" => (Time, 7),
        "EventTime" | "TimeCreated" => (Time, 8),
        "date" => (Time, 9),
        "category" | "event.category" => (Category, 0),
        "event_name" | "eventName" => (EventName, 0),
        "event.code" | "event_type" | "eventType" => (EventName, 1),
        "action" | "event.action" => (Action, 0),
        "operation" | "operationName" | "op" => (Action, 1),
        "event" | "activity" => (Action, 2),
        "type" | "name" => (Action, 3),
        "message" | "msg" | "Message" => (Message, 0),
        "principal" => (Principal, 0),
        "user.name" | "user.email" | "actor.name" | "actor.id" => (Principal, 1),
        "user" | "username" | "user_name" | "userName" => (Principal, 2),
        "user.id" | "user_id" | "userId" | "uid" => (Principal, 3),
        "actor" | "subject" | "account" | "email" | "login" => (Principal, 4),
        "outcome" | "event.outcome" => (Outcome, 0),
        "result" | "decision" => (Outcome, 1),
        "success" => (Outcome, 2),
        "http.response.status_code" | "status_code" | "statusCode" | "http_status" => (Status, 0),
        "status" => (Status, 1),
        "error" | "err" | "exception" | "error.message" | "errorCode" | "error_code" => (Error, 0),
        "level" | "log.level" | "severity" | "Severity" | "lvl" => (Severity, 0),
        "duration_ms" | "durationMs" | "elapsed_ms" | "latency_ms" => (DurationMs, 0),
        "session_id" | "sessionId" | "session.id" | "session" => (Session, 0),
        "correlation_id" | "correlationId" => (Correlation, 0),
        "request_id" | "requestId" | "requestID" | "http.request.id" => (RequestId, 0),
        "method" | "http.request.method" | "http_method" => (Method, 0),
        "path" | "url.path" | "uri" | "request_uri" => (Path, 0),
        "client_ip" | "client.ip" | "clientIp" => (ClientIp, 0),
        "source_ip" | "source.ip" | "src_ip" | "sourceIPAddress" | "remote_addr" | "ip" => (ClientIp, 1),
        "user_agent" | "userAgent" | "user_agent.original" => (UserAgent, 0),
        "trace_id" | "traceId" | "trace.id" => (TraceId, 0),
        "span_id" | "spanId" | "span.id" => (SpanId, 0),
        "hostname" | "Hostname" | "host.name" => (Host, 0),
        "host" => (Host, 1),
        _ => return None,
    })
}

/// Whether the fields inside this object have roles of their own, as `outer.inner`.
pub(crate) fn is_namespace(name: &str) -> bool {
    matches!(
        name,
        "event"
            | "user"
            | "actor"
            | "source"
            | "client"
            | "host"
            | "http"
            | "url"
            | "trace"
            | "span"
            | "error"
            | "log"
            | "session"
            | "request"
            | "response"
            | "user_agent"
    )
}

/// What a word says about how an event ended.
pub(crate) fn outcome_of(word: &str) -> Option<AuditOutcome> {
    let word: String =
        word.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
    Some(match word.as_str() {
        "success" | "successful" | "succeeded" | "ok" | "okay" | "true" | "pass" | "passed" | "allow"
        | "allowed" | "permit" | "permitted" | "grant" | "granted" | "accept" | "accepted" | "complete"
        | "completed" | "auditsuccess" => AuditOutcome::Success,
        "failure" | "fail" | "failed" | "error" | "errored" | "false" | "exception" | "timeout"
        | "aborted" | "auditfailure" => AuditOutcome::Failure,
        "deny" | "denied" | "accessdenied" | "permissiondenied" | "unauthorized" | "unauthorised"
        | "forbidden" | "reject" | "rejected" | "refused" | "block" | "blocked" => AuditOutcome::Denied,
        _ => return None,
    })
}

/// What an HTTP status says about how a request ended.
pub(crate) fn outcome_of_status(status: u16) -> Option<AuditOutcome> {
    match status {
        100..400 => Some(AuditOutcome::Success),
        401 | 403 => Some(AuditOutcome::Denied),
        400..600 => Some(AuditOutcome::Failure),
        _ => None,
    }
}

/// Whether a log level says that something went wrong.
pub(crate) fn is_error_level(word: &str) -> bool {
    let levels = ["error", "err", "critical", "crit", "fatal", "alert", "emergency", "emerg", "panic"];
    levels.iter().any(|level| word.eq_ignore_ascii_case(level))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_statuses_become_outcomes() {
        use AuditOutcome::{Denied, Failure, Success};
        for (word, expected) in [
            ("OK", Some(Success)),
            ("AUDIT_SUCCESS", Some(Success)),
            ("Audit Failure", Some(Failure)),
            ("Access-Denied", Some(Denied)),
            ("pending", None),
            ("", None),
        ] {
            assert_eq!(outcome_of(word), expected, "{word}");
        }
        for (status, expected) in [
            (204, Some(Success)),
            (302, Some(Success)),
            (401, Some(Denied)),
            (403, Some(Denied)),
            (404, Some(Failure)),
            (500, Some(Failure)),
            (0, None),
            (7, None),
        ] {
            assert_eq!(outcome_of_status(status), expected, "{status}");
        }
    }
}
