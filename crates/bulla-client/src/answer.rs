//! What comes back when it is not what was asked for: the server's own words, or why there are none.

use serde::Deserialize;

/// Why a request was not answered.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// The address is no URL of a server.
    #[error("`{0}` is no address of a server: write http://HOST:PORT or https://HOST")]
    Url(String),
    /// The token holds something that no token has.
    #[error("the token has characters that no token has: it is one line, as `bulla token create` printed it")]
    Token,
    /// The certificates to trust cannot be read.
    #[error("read the certificates to trust: {0}; they should be PEM")]
    Certificates(String),
    /// Nobody answered, or the connection broke.
    #[error("reach {url}: {reason}")]
    Unreachable {
        /// What was asked.
        url: String,
        /// What happened.
        reason: String,
    },
    /// The server answered that it will not.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The server answered something that is not what was asked for.
    #[error("{url} answered something else than expected: {reason}; is it a server of Bulla?")]
    Unexpected {
        /// What was asked.
        url: String,
        /// What is wrong with the answer.
        reason: String,
    },
}

impl ClientError {
    /// Whether the server says that there is no such thing.
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::Refused(refusal) if refusal.status == 404)
    }

    /// Whether another try may succeed.
    pub(crate) fn is_passing(&self) -> bool {
        match self {
            Self::Unreachable { .. } => true,
            Self::Refused(refusal) => matches!(refusal.status, 429 | 502 | 503 | 504),
            _ => false,
        }
    }
}

/// A server's no.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{url} answered {status}{}: {detail}", .code.as_ref().map_or(String::new(), |code| format!(" ({code})")))]
#[non_exhaustive]
pub struct Refusal {
    /// What was asked.
    pub url: String,
    /// The HTTP status.
    pub status: u16,
    /// The stable word for it, if the server said one.
    pub code: Option<String>,
    /// What happened and what to do.
    pub detail: String,
    /// Seconds after which another try makes sense.
    pub retry_after: Option<u64>,
}

/// `application/problem+json`, as far as it is understood.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ProblemBody {
    code: Option<String>,
    title: Option<String>,
    detail: Option<String>,
}

impl Refusal {
    /// 200 characters of an answer that is no problem document are shown.
    const SHOWN: usize = 200;

    pub(crate) fn new(url: String, status: u16, retry_after: Option<u64>, body: &[u8]) -> Self {
        let problem: ProblemBody = serde_json::from_slice(body).unwrap_or_default();
        let detail = problem.detail.or(problem.title).unwrap_or_else(|| {
            let text = String::from_utf8_lossy(body);
            match text.trim() {
                "" => "it said no more".to_owned(),
                text => text.chars().take(Self::SHOWN).collect(),
            }
        });
        Self { url, status, code: problem.code, detail, retry_after }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_says_what_the_server_said() {
        for (body, expected) in [
            (r#"{"code":"forbidden","detail":"lacks read"}"#, "u answered 403 (forbidden): lacks read"),
            (r#"{"title":"Forbidden"}"#, "u answered 403: Forbidden"),
            ("<html>no</html>", "u answered 403: <html>no</html>"),
            ("", "u answered 403: it said no more"),
        ] {
            assert_eq!(Refusal::new("u".to_owned(), 403, None, body.as_bytes()).to_string(), expected);
        }
    }

    #[test]
    fn only_what_may_pass_is_tried_again() {
        for (status, expected) in
            [(401, false), (403, false), (404, false), (429, true), (500, false), (503, true)]
        {
            let refusal = Refusal::new(String::new(), status, None, b"");
            assert_eq!(ClientError::from(refusal).is_passing(), expected, "{status}");
        }
    }
}
