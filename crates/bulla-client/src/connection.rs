//! One server: its address, who we are to it, and how long we wait.

use std::fmt;
use std::io::Read;
use std::sync::Arc;
use std::time::Duration;

use serde::de::DeserializeOwned;
use ureq::AsSendBody;
use ureq::http::{HeaderMap, HeaderValue, header};
use ureq::tls::{PemItem, RootCerts, TlsConfig, parse_pem};

use crate::answer::{ClientError, Refusal};

/// 10 s to connect, the handshake included.
const CONNECT: Duration = Duration::from_secs(10);
/// 60 s without a byte: a follower hears from a quiet server every 15 s.
const SILENCE: Duration = Duration::from_secs(60);
/// 64 KiB of a refusal are read.
const REFUSAL_BYTES_MAX: u64 = 64 << 10;
/// Tries of a request that changes nothing.
const TRIES: u32 = 4;
/// Pause before the second try; twice as long before each further one: 0.25, 0.5, 1 s.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
/// 5 s: the longest pause that a server may ask for.
const PAUSE_MAX: Duration = Duration::from_secs(5);

/// A server. Cheap to clone; clones share connections.
#[derive(Clone)]
pub struct Client {
    agent: ureq::Agent,
    base: String,
    bearer: Option<HeaderValue>,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("base", &self.base).field("has_token", &self.bearer.is_some()).finish()
    }
}

/// What a [`Client`] is told.
#[derive(Clone)]
#[must_use = "nothing is made until `build`"]
pub struct ClientBuilder {
    url: String,
    token: Option<String>,
    certificates: Option<Vec<u8>>,
}

impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder").field("url", &self.url).finish_non_exhaustive()
    }
}

impl ClientBuilder {
    /// The secret that `bulla token create` printed.
    pub fn token(mut self, token: impl Into<String>) -> Self {
        self.token = Some(token.into());
        self
    }

    /// Certificates (PEM) to trust instead of the system's: those of the authority that signed the server's.
    pub fn certificates(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.certificates = Some(pem.into());
        self
    }

    /// A client; connects to nothing yet.
    ///
    /// # Errors
    /// When the address, the token or the certificates are none.
    pub fn build(self) -> Result<Client, ClientError> {
        let base = base(&self.url).ok_or_else(|| ClientError::Url(self.url.clone()))?;
        let bearer = self.token.map(|token| bearer(token.trim())).transpose()?;
        let roots = match &self.certificates {
            Some(pem) => roots(pem)?,
            None => RootCerts::PlatformVerifier,
        };
        let tls = TlsConfig::builder()
            .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
            .root_certs(roots)
            .build();
        let config = ureq::Agent::config_builder()
            .tls_config(tls)
            .http_status_as_error(false)
            .max_redirects(0)
            .timeout_connect(Some(CONNECT))
            .timeout_per_read(Some(SILENCE))
            .timeout_per_write(Some(SILENCE))
            .user_agent(concat!("bulla/", env!("CARGO_PKG_VERSION")))
            .build();
        Ok(Client { agent: config.into(), base, bearer })
    }
}

/// The address without a slash at its end.
fn base(url: &str) -> Option<String> {
    let url = url.trim().trim_end_matches('/');
    let rest = url.strip_prefix("http://").or_else(|| url.strip_prefix("https://"))?;
    let parsed: ureq::http::Uri = url.parse().ok()?;
    let is_plain = parsed.host().is_some_and(|host| !host.is_empty()) && parsed.query().is_none();
    (is_plain && !rest.contains(['@', '#'])).then(|| url.to_owned())
}

fn bearer(token: &str) -> Result<HeaderValue, ClientError> {
    let is_token = !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic());
    let value = HeaderValue::from_str(&format!("Bearer {token}")).ok().filter(|_| is_token);
    let mut value = value.ok_or(ClientError::Token)?;
    value.set_sensitive(true);
    Ok(value)
}

fn roots(pem: &[u8]) -> Result<RootCerts, ClientError> {
    let mut roots = Vec::new();
    for item in parse_pem(pem) {
        match item {
            Ok(PemItem::Certificate(certificate)) => roots.push(certificate),
            Ok(_) => {}
            Err(error) => return Err(ClientError::Certificates(error.to_string())),
        }
    }
    if roots.is_empty() {
        return Err(ClientError::Certificates("there are none".to_owned()));
    }
    Ok(RootCerts::Specific(Arc::new(roots)))
}

/// An answer with a status of success, its body not yet read.
pub(crate) struct Answer {
    pub(crate) url: String,
    pub(crate) body: ureq::Body,
}

impl Answer {
    /// The whole body, which has at most `bytes_max` bytes.
    pub(crate) fn bytes(self, bytes_max: u64) -> Result<Vec<u8>, ClientError> {
        let Self { url, body } = self;
        let mut bytes = Vec::new();
        let mut reader = body.into_with_config().limit(u64::MAX).reader().take(bytes_max + 1);
        let read = reader.read_to_end(&mut bytes);
        read.map_err(|error| ClientError::Unreachable { url: url.clone(), reason: error.to_string() })?;
        if bytes.len() as u64 > bytes_max {
            let reason = format!("it has more than {bytes_max} bytes");
            return Err(ClientError::Unexpected { url, reason });
        }
        Ok(bytes)
    }

    /// The whole body, which is JSON.
    pub(crate) fn json<T: DeserializeOwned>(self, bytes_max: u64) -> Result<T, ClientError> {
        let url = self.url.clone();
        parsed(&self.bytes(bytes_max)?, || url.clone())
    }
}

impl Client {
    /// The server at `url`, `http://127.0.0.1:2852` or `https://log.example`, for those without a credential.
    ///
    /// # Errors
    /// When it is no address.
    pub fn new(url: &str) -> Result<Self, ClientError> {
        Self::builder(url).build()
    }

    /// The server at `url`, with more to say.
    pub fn builder(url: &str) -> ClientBuilder {
        ClientBuilder { url: url.to_owned(), token: None, certificates: None }
    }

    /// The server's address.
    pub fn url(&self) -> &str {
        &self.base
    }

    /// Asks for `path`; asks again when the network or the server has a bad moment.
    pub(crate) fn fetch(&self, path: &str, bytes_max: u64) -> Result<Vec<u8>, ClientError> {
        let mut pauses = Pauses::new(TRIES);
        loop {
            match self.ask(path, &[]).and_then(|answer| answer.bytes(bytes_max)) {
                Err(error) if error.is_passing() && pauses.wait(&error) => {}
                settled => return settled,
            }
        }
    }

    /// As [`Client::fetch`], of JSON.
    pub(crate) fn fetch_json<T: DeserializeOwned>(
        &self,
        path: &str,
        bytes_max: u64,
    ) -> Result<T, ClientError> {
        let bytes = self.fetch(path, bytes_max)?;
        parsed(&bytes, || format!("{}{path}", self.base))
    }

    /// Asks for `path` once.
    pub(crate) fn ask(&self, path: &str, headers: &[(&str, &str)]) -> Result<Answer, ClientError> {
        let url = format!("{}{path}", self.base);
        let mut request = self.agent.get(&url);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(bearer) = &self.bearer {
            request = request.header(header::AUTHORIZATION, bearer);
        }
        answered(url, request.call())
    }

    /// Sends something to `path`, once: it may change the log.
    pub(crate) fn send(
        &self,
        path: &str,
        headers: &[(&str, &str)],
        body: impl AsSendBody,
    ) -> Result<Answer, ClientError> {
        let url = format!("{}{path}", self.base);
        let mut request = self.agent.post(&url);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(bearer) = &self.bearer {
            request = request.header(header::AUTHORIZATION, bearer);
        }
        answered(url, request.send(body))
    }
}

fn parsed<T: DeserializeOwned>(bytes: &[u8], url: impl Fn() -> String) -> Result<T, ClientError> {
    serde_json::from_slice(bytes)
        .map_err(|error| ClientError::Unexpected { url: url(), reason: error.to_string() })
}

/// Waiting between tries, each time twice as long.
#[derive(Debug)]
pub(crate) struct Pauses {
    tries: u32,
    pause: Duration,
}

impl Pauses {
    pub(crate) fn new(tries: u32) -> Self {
        Self { tries, pause: FIRST_PAUSE }
    }

    /// Waits as long as the refusal says, or a while; false when it was tried often enough.
    pub(crate) fn wait(&mut self, error: &ClientError) -> bool {
        self.wait_for(asked_pause(error))
    }

    /// Waits a while; false when it was tried often enough.
    pub(crate) fn wait_for_stream(&mut self) -> bool {
        self.wait_for(None)
    }

    fn wait_for(&mut self, asked: Option<Duration>) -> bool {
        self.tries = self.tries.saturating_sub(1);
        if self.tries == 0 {
            return false;
        }
        wait(asked.unwrap_or(self.pause).min(PAUSE_MAX));
        self.pause *= 2;
        true
    }
}

#[expect(clippy::disallowed_methods, reason = "nothing tells when the other end is well again")]
fn wait(pause: Duration) {
    std::thread::sleep(pause);
}

fn asked_pause(error: &ClientError) -> Option<Duration> {
    match error {
        ClientError::Refused(refusal) => refusal.retry_after.map(Duration::from_secs),
        _ => None,
    }
}

/// Tells success from refusal.
fn answered(
    url: String,
    answer: Result<ureq::http::Response<ureq::Body>, ureq::Error>,
) -> Result<Answer, ClientError> {
    let answer =
        answer.map_err(|error| ClientError::Unreachable { url: url.clone(), reason: error.to_string() })?;
    let (parts, body) = answer.into_parts();
    if parts.status.is_success() {
        return Ok(Answer { url, body });
    }
    let mut said = Vec::new();
    // What can be read of it: the status alone says enough.
    let _ = body.into_with_config().limit(REFUSAL_BYTES_MAX).reader().read_to_end(&mut said);
    Err(Refusal::new(url, parts.status.as_u16(), retry_after(&parts.headers), &said).into())
}

fn retry_after(headers: &HeaderMap) -> Option<u64> {
    headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_scheme_and_a_host() {
        for (url, expected) in [
            ("http://127.0.0.1:2852", Some("http://127.0.0.1:2852")),
            ("https://log.example/", Some("https://log.example")),
            (" https://log.example/audit/ ", Some("https://log.example/audit")),
            ("http://[::1]:1", Some("http://[::1]:1")),
            ("127.0.0.1:2852", None),
            ("ftp://log.example", None),
            ("http://", None),
            ("https://log.example?q=1", None),
            ("https://user@log.example", None),
            ("audit", None),
        ] {
            assert_eq!(base(url).as_deref(), expected, "{url}");
        }
    }

    #[test]
    fn a_token_is_one_word_and_is_never_printed() {
        for (token, is_one) in
            [("bulla_abc", true), ("", false), ("a b", false), ("a\nb", false), ("ä", false)]
        {
            assert_eq!(bearer(token).is_ok(), is_one, "{token:?}");
        }
        let builder = Client::builder("http://h").token("secret");
        assert!(!format!("{builder:?} {:?}", builder.clone().build()).contains("secret"));
    }

    #[test]
    fn certificates_that_are_none_are_refused() {
        for pem in ["", "-----BEGIN CERTIFICATE-----\n", "text"] {
            assert!(Client::builder("https://h").certificates(pem).build().is_err(), "{pem}");
        }
    }
}
