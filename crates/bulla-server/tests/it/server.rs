//! A server under test, and requests to it.

use std::path::Path;

use axum::body::Body;
use axum::http::{Request, Response, StatusCode};
use bulla::Timestamp;
use bulla_server::settings::Settings;
use bulla_server::{NewToken, Scope, Server, Tokens};
use http_body_util::BodyExt;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;

/// A running server and the folder of its log.
pub(crate) struct TestServer {
    pub(crate) server: Server,
    pub(crate) client: Client<HttpConnector, Body>,
    pub(crate) token: String,
    folder: tempfile::TempDir,
}

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: axum::http::HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The code of a problem.
    pub(crate) fn code(&self) -> String {
        assert_eq!(self.headers["content-type"], "application/problem+json", "{}", self.text());
        self.json()["code"].as_str().unwrap_or_default().to_owned()
    }
}

/// Settings for a log in `folder`, on a port that the system chooses.
pub(crate) fn settings(folder: &Path) -> Settings {
    let listen = "127.0.0.1:0".parse().unwrap();
    let publish_interval = std::time::Duration::from_millis(50);
    Settings { listen, log: folder.join("audit"), publish_interval, ..Settings::default() }
}

impl TestServer {
    pub(crate) async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    /// Starts with other settings than the defaults; the token has the scopes `read` and `write`.
    pub(crate) async fn start_with(change: impl FnOnce(&mut Settings)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut settings = settings(folder.path());
        change(&mut settings);
        let server = Server::start(settings).await.unwrap();
        let client = Client::builder(TokioExecutor::new()).build_http();
        let mut started = Self { server, client, token: String::new(), folder };
        let tokens = Tokens::of(&started.log());
        let name = format!("ci-{}", tokens.list().unwrap().len());
        let scopes = vec![Scope::Read, Scope::Write];
        let new = NewToken { name, source: Some("ci".to_owned()), scopes, expires_at: None };
        started.token = tokens.create(new, Timestamp::now()).unwrap().0;
        started
    }

    pub(crate) fn log(&self) -> std::path::PathBuf {
        self.server.directory()
    }

    pub(crate) fn new_token(&self, name: &str, scopes: &[Scope]) -> String {
        let new = NewToken { name: name.into(), source: None, scopes: scopes.to_vec(), expires_at: None };
        Tokens::of(&self.log()).create(new, Timestamp::now()).unwrap().0
    }

    /// Logs in by the printed link; gives the cookie.
    pub(crate) async fn log_in(&self) -> String {
        let link = self.server.login_link();
        let (_, code) = link.split_once("code=").unwrap();
        let request = self
            .anonymous("POST", "/login")
            .header("content-type", "application/x-www-form-urlencoded")
            .header("sec-fetch-site", "same-origin");
        let answer = self.send(request.body(Body::from(format!("code={code}"))).unwrap()).await;
        let cookie = answer.headers["set-cookie"].to_str().unwrap();
        cookie.split(';').next().unwrap().to_owned()
    }

    /// A request with the token of the server.
    pub(crate) fn request(&self, method: &str, path: &str) -> axum::http::request::Builder {
        self.anonymous(method, path).header("authorization", format!("Bearer {}", self.token))
    }

    pub(crate) fn anonymous(&self, method: &str, path: &str) -> axum::http::request::Builder {
        Request::builder().method(method).uri(format!("{}{path}", self.server.url()))
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        read(self.client.request(request).await.unwrap()).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(self.request("GET", path).body(Body::empty()).unwrap()).await
    }

    pub(crate) async fn post_json(&self, path: &str, json: &Value) -> Answer {
        let request = self.request("POST", path).header("content-type", "application/json");
        self.send(request.body(Body::from(json.to_string())).unwrap()).await
    }

    pub(crate) async fn post_lines(&self, path: &str, lines: impl Into<Body>) -> Answer {
        let request = self.request("POST", path).header("content-type", "application/x-ndjson");
        self.send(request.body(lines.into()).unwrap()).await
    }

    /// Ends the server, then looks at its log.
    pub(crate) async fn stop_keeping_folder(self, look: impl FnOnce()) {
        let folder = self.stop().await;
        look();
        drop(folder);
    }

    /// Ends the server and checks its log: clean, and every entry in order.
    pub(crate) async fn stop(self) -> tempfile::TempDir {
        let log = self.log();
        self.server.stop().await.unwrap();
        let verdict = bulla::verify(log).unwrap();
        assert!(verdict.is_clean(), "{verdict}");
        self.folder
    }
}

pub(crate) async fn read(response: Response<hyper::body::Incoming>) -> Answer {
    let (parts, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes().to_vec();
    Answer { status: parts.status, headers: parts.headers, body }
}

/// A record that is good.
pub(crate) fn record(action: &str) -> Value {
    serde_json::json!({"category": "api", "action": action, "outcome": "success", "principal": "alice"})
}
