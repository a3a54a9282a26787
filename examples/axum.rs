//! A server with axum whose every request is in an audit log: denials, panics and clients that leave included.
//!
//! Try it: `curl -H 'x-user: alice' 127.0.0.1:3000/things/7`, without the header, and with `-X DELETE`.

#![expect(clippy::print_stdout, reason = "an example says where it listens")]

use std::net::SocketAddr;

use axum::Router;
use axum::extract::{ConnectInfo, Extension, MatchedPath, Path, Request};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use bulla::AuditLog;
use bulla::capture::tower::{AuditContext, AuditLayer, Requests};
use http::{Method, StatusCode};
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let log = AuditLog::open("audit")?;
    let audit = AuditLayer::new(log.clone())
        .route_from(MatchedPath::as_str)
        .peer_from(|info: &ConnectInfo<SocketAddr>| info.0.ip())
        .begin(Requests::all().method(Method::DELETE)) // durable before it happens
        .skip("probes", Requests::all().path("/healthz"));
    let app = Router::new()
        .route("/things/{id}", get(show).delete(remove))
        .layer(middleware::from_fn(authenticate))
        .route("/healthz", get(async || "fine"))
        .layer(audit.clone()); // the last layer is the outermost

    let listener = TcpListener::bind("127.0.0.1:3000").await?;
    println!("listening on http://{}, recording to ./audit; end with Ctrl-C", listener.local_addr()?);
    axum::serve(listener, app.into_make_service_with_connect_info::<SocketAddr>())
        .with_graceful_shutdown(async { drop(tokio::signal::ctrl_c().await) })
        .await?;
    audit.flush()?; // how many probes were skipped, before the log is closed
    Ok(log.close().await?)
}

/// Whoever says a name is let in; a real server would ask for proof.
async fn authenticate(request: Request, next: Next) -> Response {
    let user = request.headers().get("x-user").and_then(|name| name.to_str().ok());
    let Some(user) = user else { return StatusCode::UNAUTHORIZED.into_response() };
    if let Some(audit) = request.extensions().get::<AuditContext>() {
        audit.set_principal(user);
    }
    next.run(request).await
}

async fn show(Path(id): Path<u32>, Extension(audit): Extension<AuditContext>) -> String {
    audit.set_detail("thing", id);
    format!("thing {id}\n")
}

async fn remove(Path(id): Path<u32>, Extension(audit): Extension<AuditContext>) -> Response {
    if id < 10 {
        audit.set_reason("kept", "things below 10 cannot be removed");
        return StatusCode::FORBIDDEN.into_response();
    }
    format!("removed thing {id}\n").into_response()
}
