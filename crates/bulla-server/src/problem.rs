//! Every error of the HTTP API, as `application/problem+json` (RFC 9457) with a stable code. Only this file turns
//! errors of the crates below into HTTP.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bulla::{InvalidFilter, OpenError, ProveError, ReadError, RecordError, Rejected};
use bulla_search::AskError;
use serde::Serialize;
use utoipa::ToSchema;

use crate::access::tokens::TokenError;

/// What went wrong, in a word that stays the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Code {
    /// The path, query or header cannot be understood.
    BadRequest,
    /// The query string has a mistake; `position` and `length` say where.
    InvalidQuery,
    /// The cursor was not given out by this server.
    InvalidCursor,
    /// The body is no JSON, or not of the form that the route takes.
    MalformedBody,
    /// No credential, or one that is not valid.
    Unauthenticated,
    /// The credential lacks the scope that the route needs.
    Forbidden,
    /// A browser sent the request for another site.
    CrossOrigin,
    /// There is no such route.
    NotFound,
    /// There is no such entry.
    EntryNotFound,
    /// The tree has no such tile, or not with that width.
    TileNotFound,
    /// The entry has no payload with that number, or its file is missing.
    PayloadNotFound,
    /// There is no valid token with that fingerprint.
    TokenNotFound,
    /// The route does not take this method.
    MethodNotAllowed,
    /// Another valid token has the name.
    TokenNameTaken,
    /// The payload was erased, and an entry records that.
    PayloadErased,
    /// The body did not arrive in time.
    RequestTimeout,
    /// The body, or one record in it, is larger than the limit.
    PayloadTooLarge,
    /// The path and query together are longer than the limit.
    UriTooLong,
    /// The body is of a type that the route does not take.
    UnsupportedMediaType,
    /// The entry breaks a rule of the record.
    EntryRejected,
    /// A token cannot have that name, those scopes or that end.
    TokenRejected,
    /// The credential has used up its rate.
    RateLimited,
    /// The log's queue has no room.
    QueueFull,
    /// The server has as many long requests as it takes.
    Busy,
    /// A write or sync of the log failed; it refuses until the server is started again.
    LogPoisoned,
    /// The server is going down.
    ShuttingDown,
    /// The disk is too full to take more entries.
    DiskLow,
    /// The stored data could not be read.
    ReadFailed,
    /// The file of the tokens could not be read or written.
    TokensFailed,
    /// A mistake in the server itself; it is on the record.
    Internal,
}

impl Code {
    /// Every code, in the order of their status.
    pub const ALL: [Self; 30] = [
        Self::BadRequest,
        Self::InvalidQuery,
        Self::InvalidCursor,
        Self::MalformedBody,
        Self::Unauthenticated,
        Self::Forbidden,
        Self::CrossOrigin,
        Self::NotFound,
        Self::EntryNotFound,
        Self::TileNotFound,
        Self::PayloadNotFound,
        Self::TokenNotFound,
        Self::MethodNotAllowed,
        Self::TokenNameTaken,
        Self::PayloadErased,
        Self::RequestTimeout,
        Self::PayloadTooLarge,
        Self::UriTooLong,
        Self::UnsupportedMediaType,
        Self::EntryRejected,
        Self::TokenRejected,
        Self::RateLimited,
        Self::QueueFull,
        Self::Busy,
        Self::LogPoisoned,
        Self::ShuttingDown,
        Self::DiskLow,
        Self::ReadFailed,
        Self::TokensFailed,
        Self::Internal,
    ];

    /// The word, as it stands in the body.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::BadRequest => "bad_request",
            Self::InvalidQuery => "invalid_query",
            Self::InvalidCursor => "invalid_cursor",
            Self::MalformedBody => "malformed_body",
            Self::Unauthenticated => "unauthenticated",
            Self::Forbidden => "forbidden",
            Self::CrossOrigin => "cross_origin",
            Self::NotFound => "not_found",
            Self::EntryNotFound => "entry_not_found",
            Self::TileNotFound => "tile_not_found",
            Self::PayloadNotFound => "payload_not_found",
            Self::TokenNotFound => "token_not_found",
            Self::MethodNotAllowed => "method_not_allowed",
            Self::TokenNameTaken => "token_name_taken",
            Self::PayloadErased => "payload_erased",
            Self::RequestTimeout => "request_timeout",
            Self::PayloadTooLarge => "payload_too_large",
            Self::UriTooLong => "uri_too_long",
            Self::UnsupportedMediaType => "unsupported_media_type",
            Self::EntryRejected => "entry_rejected",
            Self::TokenRejected => "token_rejected",
            Self::RateLimited => "rate_limited",
            Self::QueueFull => "queue_full",
            Self::Busy => "busy",
            Self::LogPoisoned => "log_poisoned",
            Self::ShuttingDown => "shutting_down",
            Self::DiskLow => "disk_low",
            Self::ReadFailed => "read_failed",
            Self::TokensFailed => "tokens_failed",
            Self::Internal => "internal",
        }
    }

    /// Its HTTP status.
    pub const fn status(self) -> StatusCode {
        match self {
            Self::BadRequest | Self::InvalidQuery | Self::InvalidCursor | Self::MalformedBody => {
                StatusCode::BAD_REQUEST
            }
            Self::Unauthenticated => StatusCode::UNAUTHORIZED,
            Self::Forbidden | Self::CrossOrigin => StatusCode::FORBIDDEN,
            Self::NotFound
            | Self::EntryNotFound
            | Self::TileNotFound
            | Self::PayloadNotFound
            | Self::TokenNotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::TokenNameTaken => StatusCode::CONFLICT,
            Self::PayloadErased => StatusCode::GONE,
            Self::RequestTimeout => StatusCode::REQUEST_TIMEOUT,
            Self::PayloadTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::UriTooLong => StatusCode::URI_TOO_LONG,
            Self::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::EntryRejected | Self::TokenRejected => StatusCode::UNPROCESSABLE_ENTITY,
            Self::RateLimited => StatusCode::TOO_MANY_REQUESTS,
            Self::QueueFull | Self::Busy | Self::LogPoisoned | Self::ShuttingDown | Self::DiskLow => {
                StatusCode::SERVICE_UNAVAILABLE
            }
            Self::ReadFailed | Self::TokensFailed | Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// Seconds after which another try makes sense; `None` when it does not.
    const fn retry_after(self) -> Option<u64> {
        match self {
            Self::QueueFull | Self::Busy | Self::RateLimited => Some(1),
            Self::ShuttingDown => Some(5),
            Self::LogPoisoned | Self::DiskLow => Some(30),
            _ => None,
        }
    }
}

/// The body of every answer that is no success.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct ProblemBody {
    /// `urn:bulla:problem:` and the code.
    r#type: String,
    /// The status in words.
    title: String,
    /// The HTTP status.
    status: u16,
    /// The stable word for it.
    code: Code,
    /// What happened, to what, and what to do.
    detail: String,
    /// Character at which a query's mistake begins, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    position: Option<usize>,
    /// How many characters of the query are wrong; 0 when something is missing at `position`.
    #[serde(skip_serializing_if = "Option::is_none")]
    length: Option<usize>,
}

/// An answer that is no success.
#[derive(Debug, Clone)]
pub(crate) struct Problem {
    code: Code,
    detail: String,
    /// Of a mistake in a query: the character at which it begins, and how many it has.
    place: Option<(usize, usize)>,
    retry_after: Option<u64>,
}

impl Problem {
    pub(crate) fn new(code: Code, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into(), place: None, retry_after: code.retry_after() }
    }

    pub(crate) fn code(&self) -> Code {
        self.code
    }

    pub(crate) fn detail(&self) -> &str {
        &self.detail
    }

    /// Whether the record itself is wrong, so that the records beside it can still be taken.
    pub(crate) fn is_about_the_record(&self) -> bool {
        matches!(self.code, Code::EntryRejected | Code::PayloadTooLarge | Code::MalformedBody)
    }

    /// Adds what else is to be known.
    pub(crate) fn with_note(mut self, note: &str) -> Self {
        self.detail = format!("{}; {note}", self.detail);
        self
    }

    pub(crate) fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after = Some(seconds.max(1));
        self
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = self.code.status();
        let body = ProblemBody {
            r#type: format!("urn:bulla:problem:{}", self.code.as_str()),
            title: status.canonical_reason().unwrap_or_default().to_owned(),
            status: status.as_u16(),
            code: self.code,
            detail: self.detail,
            position: self.place.map(|(position, _)| position),
            length: self.place.map(|(_, length)| length),
        };
        let mut response = (status, Json(body)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.code == Code::Unauthenticated {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"bulla\""));
        }
        response.extensions_mut().insert(self.code);
        response
    }
}

impl From<RecordError> for Problem {
    fn from(error: RecordError) -> Self {
        let code = match &error {
            RecordError::Rejected(rejected) => return rejected.clone().into(),
            RecordError::QueueFull { .. } => Code::QueueFull,
            RecordError::Closed => Code::ShuttingDown,
            _ => Code::LogPoisoned,
        };
        Self::new(code, error.to_string())
    }
}

impl From<Rejected> for Problem {
    fn from(rejected: Rejected) -> Self {
        let code = match &rejected {
            Rejected::NotJson(_) => Code::MalformedBody,
            Rejected::TooLong { .. } | Rejected::PayloadTooLarge { .. } => Code::PayloadTooLarge,
            _ => Code::EntryRejected,
        };
        Self::new(code, rejected.to_string())
    }
}

impl From<ReadError> for Problem {
    fn from(error: ReadError) -> Self {
        Self::new(Code::ReadFailed, error.to_string())
    }
}

impl From<TokenError> for Problem {
    fn from(error: TokenError) -> Self {
        let code = match &error {
            TokenError::InvalidName(_) | TokenError::NoScope => Code::TokenRejected,
            TokenError::NameTaken(_) => Code::TokenNameTaken,
            TokenError::NoSuchToken(_) => Code::TokenNotFound,
            TokenError::File { .. } | TokenError::Damaged(..) => Code::TokensFailed,
        };
        Self::new(code, error.to_string())
    }
}

impl From<AskError> for Problem {
    fn from(error: AskError) -> Self {
        Self::new(Code::ReadFailed, error.to_string())
    }
}

impl From<ProveError> for Problem {
    fn from(error: ProveError) -> Self {
        let code = match &error {
            ProveError::NoEntry { .. } => Code::EntryNotFound,
            ProveError::NotCovered { .. } => Code::Busy,
            ProveError::WrongOrder { .. } => Code::BadRequest,
            ProveError::Ended(None) => Code::ShuttingDown,
            ProveError::Ended(Some(_)) => Code::LogPoisoned,
            _ => Code::ReadFailed,
        };
        Self::new(code, error.to_string())
    }
}

impl From<InvalidFilter> for Problem {
    fn from(error: InvalidFilter) -> Self {
        let mut problem = Self::new(Code::InvalidQuery, error.problem());
        problem.place = Some((error.position(), error.length()));
        problem
    }
}

impl From<OpenError> for Problem {
    fn from(error: OpenError) -> Self {
        Self::new(Code::LogPoisoned, error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_listed_once_and_named_as_it_is_serialised() {
        for (position, code) in Code::ALL.into_iter().enumerate() {
            assert_eq!(serde_json::to_value(code).unwrap(), code.as_str());
            assert_eq!(Code::ALL.iter().position(|other| *other == code), Some(position));
            assert!(!code.status().is_success());
        }
    }

    #[test]
    fn what_the_log_says_becomes_a_code_that_tells_whether_to_try_again() {
        let poison = RecordError::Poisoned(bulla::PoisonCause::ThreadEnded.into());
        let full = RecordError::QueueFull { queued: 9, limit: 8 };
        for (error, code, retry_after) in [
            (full, Code::QueueFull, Some("1")),
            (RecordError::Closed, Code::ShuttingDown, Some("5")),
            (poison, Code::LogPoisoned, Some("30")),
            (Rejected::TooDeep.into(), Code::EntryRejected, None),
            (Rejected::NotJson(String::new()).into(), Code::MalformedBody, None),
        ] {
            let problem = Problem::from(error);
            assert_eq!(problem.code(), code);
            let response = problem.into_response();
            assert_eq!(response.status(), code.status());
            let told = response.headers().get(header::RETRY_AFTER).map(|value| value.to_str().unwrap());
            assert_eq!(told, retry_after, "{code:?}");
        }
        let damaged = ReadError::Damaged { seq: 7.into(), reason: "it is missing".to_owned() };
        assert_eq!(Problem::from(damaged).code(), Code::ReadFailed);
    }
}
