//! Who sent a request, as the server knows it: by a token, by a login, or nobody.

use std::net::{IpAddr, SocketAddr};
use std::time::Instant;

use axum::http::{HeaderMap, header, request::Parts};
use bulla::Timestamp;
use bulla::entry::{Actor, Credential, Request};

use super::scope::Scope;
use super::sessions::Session;
use super::tokens::Token;
use crate::problem::{Code, Problem};
use crate::state::Shared;

/// The other end of the connection; the accept loop puts it into every request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer {
    pub(crate) address: SocketAddr,
    pub(crate) is_tls: bool,
}

/// Who has the machine: whoever logs in by the link on the server's terminal, and whoever changes tokens in its directory.
pub(super) const LOCAL_OPERATOR: &str = "local-operator";

/// 256 bytes of a user agent are recorded; longer ones are made up.
const USER_AGENT_BYTES_MAX: usize = 256;
/// 1 KiB of a path is recorded.
const PATH_BYTES_MAX: usize = 1024;

/// Whoever sent a request and may do something.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    pub(crate) name: String,
    /// `source.id` of what it records.
    pub(crate) source: String,
    pub(crate) scopes: Vec<Scope>,
    pub(crate) credential: CredentialKind,
    /// Fingerprint of the credential.
    pub(crate) fingerprint: String,
    pub(crate) peer: Option<IpAddr>,
    /// Fingerprint of the token on which this rests, by itself or through a login.
    pub(crate) token: Option<String>,
    /// When a login ends.
    pub(crate) ends: Option<Instant>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CredentialKind {
    /// A program, with a bearer token.
    Token,
    /// A person, with a login.
    Session,
}

impl Caller {
    pub(crate) fn is_person(&self) -> bool {
        self.credential == CredentialKind::Session
    }

    fn of_token(token: Token, peer: Option<IpAddr>) -> Self {
        let fingerprint = token.fingerprint().to_owned();
        Self {
            name: token.name,
            source: token.source,
            scopes: token.scopes,
            credential: CredentialKind::Token,
            token: Some(fingerprint.clone()),
            ends: None,
            fingerprint,
            peer,
        }
    }

    fn of_session(session: Session, peer: Option<IpAddr>) -> Self {
        let ends = Some(session.end());
        Self {
            source: session.name.clone(),
            name: session.name,
            scopes: session.scopes,
            credential: CredentialKind::Session,
            ends,
            token: session.token,
            fingerprint: session.fingerprint,
            peer,
        }
    }

    /// How entries name the caller.
    pub(crate) fn actor(&self) -> Actor {
        let (kind, credential) = match self.credential {
            CredentialKind::Token => ("api_key", "bearer_token"),
            CredentialKind::Session => ("user", "session"),
        };
        Actor {
            kind: Some(kind.to_owned()),
            id: Some(self.name.clone()),
            credential: Some(Credential {
                kind: Some(credential.to_owned()),
                id: Some(self.fingerprint.clone()),
                ..Credential::default()
            }),
            ..Actor::default()
        }
    }
}

/// Name of the session cookie. `__Host-` ties it to this host and to TLS; without TLS a browser would refuse that.
pub(crate) fn cookie_name(is_tls: bool) -> &'static str {
    if is_tls { "__Host-bulla_session" } else { "bulla_session" }
}

/// The secret of the session cookie, if there is one.
pub(crate) fn session_secret(headers: &HeaderMap, is_tls: bool) -> Option<&str> {
    let name = cookie_name(is_tls);
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|cookies| cookies.split(';'))
        .filter_map(|cookie| cookie.trim().split_once('='))
        .find_map(|(key, value)| (key == name).then_some(value))
}

pub(crate) fn peer(parts: &Parts) -> Option<Peer> {
    parts.extensions.get::<Peer>().copied()
}

/// Who sent the request.
///
/// # Errors
/// [`Code::Unauthenticated`] when there is no credential, or it is not valid.
pub(crate) fn identify(shared: &Shared, parts: &Parts) -> Result<Caller, Problem> {
    let peer = peer(parts);
    let ip = peer.map(|peer| peer.address.ip());
    if let Some(value) = parts.headers.get(header::AUTHORIZATION) {
        let token = value.to_str().ok().and_then(bearer).ok_or_else(|| {
            Problem::new(Code::Unauthenticated, "the Authorization header is not `Bearer <token>`")
        })?;
        let found = shared.tokens.find(token, Timestamp::now()).map_err(|error| {
            tracing::error!(%error, "tokens cannot be read");
            Problem::new(Code::Unauthenticated, "the server cannot read its tokens; its log says why")
        })?;
        let unknown = || {
            Problem::new(
                Code::Unauthenticated,
                "the token is unknown, expired or revoked; make one with `bulla token create`",
            )
        };
        return found.map(|token| Caller::of_token(token, ip)).ok_or_else(unknown);
    }
    let is_tls = peer.is_some_and(|peer| peer.is_tls);
    if let Some(secret) = session_secret(&parts.headers, is_tls) {
        let session = shared.sessions.find(secret, Instant::now());
        let is_valid =
            |session: &Session| session.token.as_ref().is_none_or(|token| shared.is_valid_token(token));
        let session = session.filter(is_valid);
        let over = || Problem::new(Code::Unauthenticated, "the login is over: log in again at /login");
        return session.map(|session| Caller::of_session(session, ip)).ok_or_else(over);
    }
    Err(Problem::new(
        Code::Unauthenticated,
        "no credential: send `Authorization: Bearer <token>`, or log in at /login",
    ))
}

fn bearer(value: &str) -> Option<&str> {
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// A request as entries name it. The query is left out: it may hold what nobody meant to record.
pub(crate) fn recorded_request(parts: &Parts, status: u16) -> Request {
    let text = |name| parts.headers.get(name).and_then(|value| value.to_str().ok());
    Request {
        method: Some(parts.method.to_string()),
        path: Some(cut(parts.uri.path(), PATH_BYTES_MAX)),
        status_code: Some(status),
        peer_ip: peer(parts).map(|peer| peer.address.ip().to_string()),
        user_agent: text(header::USER_AGENT).map(|agent| cut(agent, USER_AGENT_BYTES_MAX)),
        ..Request::default()
    }
}

/// The first so many bytes, at a character's end.
pub(crate) fn cut(text: &str, bytes_max: usize) -> String {
    text[..text.floor_char_boundary(bytes_max)].to_owned()
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn the_session_cookie_is_found_among_others_and_by_its_whole_name() {
        let mut headers = HeaderMap::new();
        headers.append(header::COOKIE, HeaderValue::from_static("a=1; xbulla_session=no"));
        headers.append(header::COOKIE, HeaderValue::from_static("bulla_session=yes; b=2"));
        assert_eq!(session_secret(&headers, false), Some("yes"));
        assert_eq!(session_secret(&headers, true), None);
    }

    #[test]
    fn a_bearer_token_is_read_in_any_case_of_its_scheme() {
        for (value, expected) in
            [("Bearer abc", Some("abc")), ("bearer abc", Some("abc")), ("Basic abc", None), ("abc", None)]
        {
            assert_eq!(bearer(value), expected, "{value}");
        }
    }

    #[test]
    fn cutting_keeps_characters_whole() {
        for (text, bytes, expected) in [("abc", 2, "ab"), ("aé", 2, "a"), ("abc", 9, "abc")] {
            assert_eq!(cut(text, bytes), expected);
        }
    }
}
