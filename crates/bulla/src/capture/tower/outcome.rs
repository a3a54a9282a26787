//! From how an exchange ended to `outcome` and `reason`.

use http::{HeaderMap, StatusCode};

use super::head::percent_decoded;
use super::limits::REASON_BYTES_MAX;
use crate::capture::bounded::Bounds;
use crate::entry::{AuditOutcome, Reason};

/// How an exchange ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Ending {
    /// The whole response was handed to the server.
    Whole,
    /// The response body failed.
    BodyFailed(String),
    /// The response was dropped before its end.
    ResponseDropped,
    /// The request was dropped before there was a response.
    RequestDropped,
    /// The service returned an error instead of a response.
    ServiceError(String),
    /// The service or the response body panicked.
    Panicked,
}

/// Outcome, and why it is not success.
pub(super) type Told = (AuditOutcome, Option<Reason>);

/// What the response says of itself.
#[derive(Debug, Clone, Default)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) grpc: Option<GrpcStatus>,
    /// Whether it must still say its `grpc-status`.
    pub(super) is_grpc: bool,
}

impl Answer {
    /// Outcome of a response that was sent whole.
    fn told(&self, bounds: &mut Bounds) -> Told {
        if !self.is_grpc || !self.status.is_success() {
            return of_status(self.status);
        }
        match &self.grpc {
            Some(grpc) => grpc.told(bounds),
            None => failure("grpc_status_missing", "the response ended without a grpc-status"),
        }
    }
}

/// Outcome and reason of an exchange; `answer` is there as soon as the service gave its response's head.
pub(super) fn told(ending: &Ending, answer: Option<&Answer>, is_begun: bool, bounds: &mut Bounds) -> Told {
    match ending {
        Ending::Whole => answer.map_or((AuditOutcome::Success, None), |answer| answer.told(bounds)),
        Ending::BodyFailed(error) => failure_of("body_failed", "the response body failed", error, bounds),
        Ending::ServiceError(error) => failure_of("service_error", "the service failed", error, bounds),
        Ending::ResponseDropped => failure("response_dropped", "the response was dropped before its end"),
        Ending::RequestDropped if is_begun => {
            failure("abandoned", "the request was dropped after it had begun and before there was a response")
        }
        Ending::RequestDropped => {
            failure("request_dropped", "the request was dropped before there was a response")
        }
        // What a panic says may hold anything, secrets included; it goes to the panic hook, not to the log.
        Ending::Panicked => failure("panicked", "the service panicked"),
    }
}

fn failure(code: &str, message: &str) -> Told {
    (AuditOutcome::Failure, Some(reason(code, message.to_owned())))
}

fn failure_of(code: &str, what: &str, error: &str, bounds: &mut Bounds) -> Told {
    let message = bounds.text("/reason/message", &format!("{what}: {error}"), REASON_BYTES_MAX);
    (AuditOutcome::Failure, Some(reason(code, message)))
}

fn reason(code: &str, message: String) -> Reason {
    Reason { code: Some(code.to_owned()), message: Some(message), ..Reason::default() }
}

/// 401 and 403 are denials; other client and server errors are failures.
fn of_status(status: StatusCode) -> Told {
    let outcome = match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => AuditOutcome::Denied,
        status if status.is_client_error() || status.is_server_error() => AuditOutcome::Failure,
        _ => return (AuditOutcome::Success, None),
    };
    let code = format!("http_{}", status.as_u16());
    (outcome, Some(reason(&code, status.canonical_reason().unwrap_or("no usual meaning").to_owned())))
}

/// Names of the [gRPC status codes](https://grpc.io/docs/guides/status-codes/), by number.
const GRPC_NAMES: [&str; 17] = [
    "OK",
    "CANCELLED",
    "UNKNOWN",
    "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "ABORTED",
    "OUT_OF_RANGE",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
    "UNAUTHENTICATED",
];

const GRPC_PERMISSION_DENIED: u32 = 7;
const GRPC_UNAUTHENTICATED: u32 = 16;
/// What a status that is no number means.
const GRPC_UNKNOWN: u32 = 2;

/// `grpc-status` and `grpc-message`, from a response's head or its trailers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct GrpcStatus {
    pub(super) code: u32,
    message: Option<String>,
}

impl GrpcStatus {
    pub(super) fn of(headers: &HeaderMap) -> Option<Self> {
        let code = headers.get("grpc-status")?.to_str().ok().and_then(|text| text.parse().ok());
        let message = headers.get("grpc-message").and_then(|value| value.to_str().ok());
        Some(Self { code: code.unwrap_or(GRPC_UNKNOWN), message: message.map(percent_decoded) })
    }

    fn told(&self, bounds: &mut Bounds) -> Told {
        let outcome = match self.code {
            0 => return (AuditOutcome::Success, None),
            GRPC_PERMISSION_DENIED | GRPC_UNAUTHENTICATED => AuditOutcome::Denied,
            _ => AuditOutcome::Failure,
        };
        let name = usize::try_from(self.code).ok().and_then(|code| GRPC_NAMES.get(code).copied());
        let code = name
            .map_or_else(|| format!("grpc_{}", self.code), |name| format!("grpc_{}", name.to_lowercase()));
        let message = self.message.as_deref().filter(|message| !message.is_empty());
        let message = message.or(name).unwrap_or("no usual meaning");
        (outcome, Some(reason(&code, bounds.text("/reason/message", message, REASON_BYTES_MAX))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use AuditOutcome::{Denied, Failure, Success};

    fn code((outcome, reason): Told) -> (AuditOutcome, Option<String>) {
        (outcome, reason.and_then(|reason| reason.code))
    }

    #[test]
    fn every_status_has_its_outcome() {
        for number in 100..1000_u16 {
            let expected = match number {
                401 | 403 => Denied,
                400..600 => Failure,
                _ => Success,
            };
            let (outcome, code) = code(of_status(StatusCode::from_u16(number).unwrap()));
            assert_eq!(outcome, expected, "{number}");
            assert_eq!(code, (expected != Success).then(|| format!("http_{number}")));
        }
    }

    #[test]
    fn every_grpc_status_has_its_outcome() {
        let check = |status: &str, expected: AuditOutcome, name: Option<&str>| {
            let mut headers = HeaderMap::new();
            headers.insert("grpc-status", status.parse().unwrap());
            let told = GrpcStatus::of(&headers).unwrap().told(&mut Bounds::default());
            assert_eq!(code(told), (expected, name.map(str::to_owned)), "{status}");
        };
        check("0", Success, None);
        check("7", Denied, Some("grpc_permission_denied"));
        check("16", Denied, Some("grpc_unauthenticated"));
        for number in (1..7).chain(8..16) {
            let name = format!("grpc_{}", GRPC_NAMES[number].to_lowercase());
            check(&number.to_string(), Failure, Some(&name));
        }
        check("17", Failure, Some("grpc_17"));
        check("4294967295", Failure, Some("grpc_4294967295"));
        check("4294967296", Failure, Some("grpc_unknown"));
        check("-1", Failure, Some("grpc_unknown"));
        check("ok", Failure, Some("grpc_unknown"));
    }

    #[test]
    fn a_grpc_message_is_decoded_and_cannot_steer() {
        let mut headers = HeaderMap::new();
        headers.insert("grpc-status", "5".parse().unwrap());
        headers.insert("grpc-message", "no%20such%0Athing".parse().unwrap());
        let (_, reason) = GrpcStatus::of(&headers).unwrap().told(&mut Bounds::default());
        assert_eq!(reason.unwrap().message.as_deref(), Some("no such\u{fffd}thing"));
        assert_eq!(GrpcStatus::of(&HeaderMap::new()), None);
    }
}
