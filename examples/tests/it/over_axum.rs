//! Behind a server of axum.

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{ConnectInfo, DefaultBodyLimit, MatchedPath, Path, Request};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use bulla::AuditEntry;
use bulla::AuditOutcome::{Denied, Failure, Success};
use bulla::capture::tower::{AuditContext, AuditLayer, ForwardedBy};
use http::StatusCode;
use http_body_util::StreamBody;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_stream::StreamExt;
use tower::Layer;

use crate::{Recorded, code, status};

/// Endless chunks.
fn chunks() -> impl tokio_stream::Stream<Item = Result<http_body::Frame<Bytes>, std::convert::Infallible>> {
    tokio_stream::iter(std::iter::repeat(Bytes::from_static(&[b'x'; 1024])))
        .map(|chunk| Ok(http_body::Frame::data(chunk)))
}

async fn panics() {
    panic!("as told");
}

async fn upgrades() -> Response {
    (StatusCode::SWITCHING_PROTOCOLS, [("connection", "upgrade"), ("upgrade", "test")]).into_response()
}

async fn late() -> Response {
    let never = std::future::pending::<()>();
    match tokio::time::timeout(Duration::ZERO, never).await {
        Ok(()) => StatusCode::OK.into_response(),
        Err(_) => StatusCode::REQUEST_TIMEOUT.into_response(),
    }
}

async fn authenticate(request: Request, next: Next) -> Response {
    let user = request.headers().get("x-user").map(|user| user.to_str().unwrap().to_owned());
    let Some(user) = user else { return StatusCode::UNAUTHORIZED.into_response() };
    request.extensions().get::<AuditContext>().unwrap().set_principal(&*user);
    if user == "mallory" { StatusCode::FORBIDDEN.into_response() } else { next.run(request).await }
}

fn routes() -> Router {
    Router::new()
        .route("/things/{id}", get(async |Path(id): Path<String>| format!("thing {id}")))
        .route("/upload", post(async |body: Bytes| body.len().to_string()).layer(DefaultBodyLimit::max(10)))
        .route("/stream", get(async || Body::new(StreamBody::new(chunks().take(3)))))
        .route("/endless", get(async || Body::new(StreamBody::new(chunks()))))
        .route("/hang", get(std::future::pending::<()>))
        .route("/late", get(late))
        .route("/panic", get(panics))
        .route("/upgrade", get(upgrades))
}

fn layer(recorded: &Recorded) -> AuditLayer {
    AuditLayer::new(recorded.log.clone())
        .route_from(MatchedPath::as_str)
        .peer_from(|info: &ConnectInfo<SocketAddr>| info.0.ip())
}

async fn serve(app: Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let app = app.into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move { axum::serve(listener, app).await });
    address
}

/// Sends a request and keeps the connection.
async fn send(address: SocketAddr, request: &str) -> TcpStream {
    let mut connection = TcpStream::connect(address).await.unwrap();
    let head = format!("{request}\r\nhost: test\r\n\r\n").replace("\r\n\r\n\r\n", "\r\n\r\n");
    connection.write_all(head.as_bytes()).await.unwrap();
    connection
}

/// Sends a request whose connection closes with the response, and reads that.
async fn fetch(address: SocketAddr, request: &str) -> String {
    let mut connection = send(address, &format!("{request}\r\nconnection: close")).await;
    let mut response = String::new();
    connection.read_to_string(&mut response).await.unwrap();
    response
}

fn number(entry: &AuditEntry, name: &str) -> u64 {
    entry.detail.as_ref().unwrap()["http"][name].as_u64().unwrap()
}

/// An app whose requests need no name.
async fn open() -> (Recorded, SocketAddr) {
    let recorded = Recorded::new();
    let address = serve(routes().layer(layer(&recorded))).await;
    (recorded, address)
}

#[tokio::test]
async fn four_answers_give_four_entries_with_template_and_principal() {
    let mut recorded = Recorded::new();
    let app = routes().fallback(async || StatusCode::NOT_FOUND);
    let address = serve(app.layer(middleware::from_fn(authenticate)).layer(layer(&recorded))).await;
    for (request, user, expected) in [
        ("GET /things/7 HTTP/1.1\r\nx-user: alice", Some("alice"), (200, Success, "GET /things/{id}")),
        ("GET /things/7 HTTP/1.1", None, (401, Denied, "GET /things/{id}")),
        ("GET /things/7 HTTP/1.1\r\nx-user: mallory", Some("mallory"), (403, Denied, "GET /things/{id}")),
        ("GET /nowhere HTTP/1.1\r\nx-user: bob", Some("bob"), (404, Failure, "GET /nowhere")),
        ("PUT /things/7 HTTP/1.1\r\nx-user: bob", Some("bob"), (405, Failure, "PUT /things/{id}")),
    ] {
        fetch(address, request).await;
        let entry = recorded.next().await;
        assert_eq!((status(&entry).unwrap(), entry.outcome, entry.action.as_str()), expected);
        assert_eq!(entry.principal.as_deref(), user, "{request}");
    }
}

#[tokio::test]
async fn around_a_whole_router_the_marker_finds_the_template() {
    let mut recorded = Recorded::new();
    let audit = layer(&recorded);
    let app = audit.layer(routes().route_layer(audit.marker()));
    let address = serve(Router::new().fallback_service(app)).await;
    fetch(address, "GET /things/7 HTTP/1.1").await;
    assert_eq!(recorded.next().await.action, "GET /things/{id}");
    fetch(address, "GET /nowhere HTTP/1.1").await;
    let entry = recorded.next().await;
    assert_eq!((entry.action.as_str(), status(&entry)), ("GET /nowhere", Some(404)));
}

#[tokio::test]
async fn bodies_are_counted_both_ways_and_one_too_large_is_a_failure() {
    let (mut recorded, address) = open().await;
    for (length, expected) in [(10, (200, Success)), (11, (413, Failure))] {
        let request = format!("POST /upload HTTP/1.1\r\ncontent-length: {length}\r\nconnection: close");
        let mut connection = send(address, &request).await;
        connection.write_all(&vec![b'x'; length]).await.unwrap();
        connection.read_to_end(&mut Vec::new()).await.unwrap();
        let entry = recorded.next().await;
        assert_eq!((status(&entry).unwrap(), entry.outcome), expected);
        assert!(number(&entry, "response_bytes") > 0);
        if expected.0 == 200 {
            assert_eq!(number(&entry, "request_bytes"), 10);
        }
    }
}

#[tokio::test]
async fn a_stream_is_recorded_at_its_end() {
    let (mut recorded, address) = open().await;
    assert!(fetch(address, "GET /stream HTTP/1.1").await.ends_with("0\r\n\r\n"));
    let entry = recorded.next().await;
    assert_eq!((entry.outcome, number(&entry, "response_bytes")), (Success, 3 * 1024));
}

#[tokio::test]
async fn a_head_request_has_no_body_to_wait_for() {
    let (mut recorded, address) = open().await;
    fetch(address, "HEAD /things/7 HTTP/1.1").await;
    let entry = recorded.next().await;
    assert_eq!((entry.outcome, number(&entry, "response_bytes")), (Success, 0));
}

#[tokio::test]
async fn a_client_that_leaves_before_the_response_is_recorded() {
    let (mut recorded, address) = open().await;
    drop(send(address, "GET /hang HTTP/1.1").await);
    let entry = recorded.next().await;
    assert_eq!((entry.outcome, code(&entry), status(&entry)), (Failure, Some("request_dropped"), None));
}

#[tokio::test]
async fn a_client_that_leaves_within_the_response_is_recorded() {
    let (mut recorded, address) = open().await;
    let mut connection = send(address, "GET /endless HTTP/1.1").await;
    connection.read_exact(&mut [0; 4096]).await.unwrap();
    drop(connection);
    let entry = recorded.next().await;
    assert_eq!((entry.outcome, code(&entry), status(&entry)), (Failure, Some("response_dropped"), Some(200)));
    assert!(number(&entry, "response_bytes") > 2048);
}

#[tokio::test]
async fn a_panic_closes_the_connection_and_is_recorded() {
    let (mut recorded, address) = open().await;
    let mut connection = send(address, "GET /panic HTTP/1.1").await;
    assert_eq!(connection.read_to_end(&mut Vec::new()).await.unwrap_or(0), 0);
    assert_eq!(code(&recorded.next().await), Some("panicked"));
}

#[tokio::test]
async fn a_timeout_inside_and_an_upgrade_are_what_their_status_says() {
    let (mut recorded, address) = open().await;
    fetch(address, "GET /late HTTP/1.1").await;
    let entry = recorded.next().await;
    assert_eq!((entry.outcome, code(&entry)), (Failure, Some("http_408")));
    drop(send(address, "GET /upgrade HTTP/1.1\r\nconnection: upgrade\r\nupgrade: test").await);
    let entry = recorded.next().await;
    assert_eq!((entry.outcome, status(&entry)), (Success, Some(101)));
}

#[tokio::test]
async fn a_forwarded_address_counts_only_behind_a_trusted_proxy() {
    for (network, expected) in [("127.0.0.0/8", "192.0.2.7"), ("10.0.0.0/8", "127.0.0.1")] {
        let mut recorded = Recorded::new();
        let audit = layer(&recorded).trusted_proxies(ForwardedBy::XForwardedFor, [network.parse().unwrap()]);
        let address = serve(routes().layer(audit)).await;
        fetch(address, "GET /things/7 HTTP/1.1\r\nx-forwarded-for: 6.6.6.6, 192.0.2.7").await;
        let request = recorded.next().await.request.unwrap();
        assert_eq!(request.peer_ip.as_deref(), Some("127.0.0.1"));
        assert_eq!(request.client_ip.as_deref(), Some(expected), "{network}");
    }
}

#[tokio::test]
async fn a_log_that_was_closed_is_503() {
    let recorded = Recorded::new();
    let address = serve(routes().layer(layer(&recorded).fail_closed())).await;
    assert!(fetch(address, "GET /things/7 HTTP/1.1").await.starts_with("HTTP/1.1 200"));
    recorded.log.close().await.unwrap();
    let response = fetch(address, "GET /things/7 HTTP/1.1").await;
    assert!(
        response.starts_with("HTTP/1.1 503") && response.contains("the audit log cannot record"),
        "{response}"
    );
}
