//! A layer for axum, tonic and anything else of tower: an entry for every request, however it ends.
//!
//! ```
//! # let folder = tempfile::tempdir()?;
//! # let directory = folder.path().join("audit");
//! # tokio::runtime::Runtime::new()?.block_on(async {
//! use bulla::AuditLog;
//! use bulla::capture::tower::{AuditContext, AuditLayer, Requests};
//! use bytes::Bytes;
//! use http::{Request, Response};
//! use http_body_util::{Empty, Full};
//! use tower::{Layer, ServiceExt, service_fn};
//!
//! #[derive(Clone)]
//! struct Route(&'static str); // with axum: `route_from(MatchedPath::as_str)`
//!
//! let log = AuditLog::open(directory)?;
//! let audit = AuditLayer::new(log.clone())
//!     .route_from(|route: &Route| route.0)
//!     .skip("probes", Requests::all().path("/healthz"));
//!
//! let service = audit.layer(service_fn(async |request: Request<_>| {
//!     let context = request.extensions().get::<AuditContext>().expect("the layer puts it there");
//!     context.set_principal("alice");
//!     Ok::<_, std::convert::Infallible>(Response::new(Full::new(Bytes::from("hello"))))
//! }));
//!
//! let request = Request::get("/things/7").extension(Route("/things/{id}")).body(Empty::<&[u8]>::new())?;
//! let response = service.oneshot(request).await?;
//! drop(response); // the server sends it; here nobody does, and the entry says so
//! audit.flush()?; // counts of what was skipped, before the log is closed
//! log.close().await?;
//! # let entry = log.read(1..2)?.next().ok_or("stored")??.entry()?;
//! # assert_eq!(entry.action, "GET /things/{id}");
//! # assert_eq!(entry.principal.as_deref(), Some("alice"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # }).unwrap();
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Where it stands
//! Outermost: what a layer outside refuses, it never sees. With axum, `Router::layer` as the last call is outermost and
//! yet behind routing, so that the route template is there. Around a whole `Router`, or before an authentication layer
//! that puts the principal into the *request*, add [`AuditLayer::marker`] inside (`Router::route_layer`): it looks again
//! where routing and authentication are done. Principal and route are looked for, in this order: what was said through
//! [`AuditContext`], which every request carries; the request as it came in; the request at the marker; the response.
//! The body of the request changes its type to [`RequestBody`], as with other layers that look into bodies.
//!
//! # What is recorded
//! Category `api`, action `GET /v1/things/{id}` (the path where no template is known), `outcome`, `reason`, `request`,
//! `trace` from a strictly valid `traceparent`, `correlation_id` from `x-request-id`, the time from the call to the end
//! of the response's body, and in `detail.http` the version, query, listed headers, and bytes of both bodies. Status 401
//! and 403 are `denied`, other 4xx and 5xx `failure`. For gRPC, `grpc-status` counts, in the head or in the trailers:
//! 7 and 16 are `denied`, all others but 0 `failure`; gRPC-Web is seen as plain HTTP. What was cut short is a failure, whatever its status:
//!
//! | `reason.code` | means |
//! |---|---|
//! | `request_dropped` | dropped before there was a response: the client left, or a layer outside gave up |
//! | `abandoned` | the same, of an act that had begun durably |
//! | `response_dropped` | dropped before the end of the response's body |
//! | `body_failed`, `service_error` | the response's body, or the service, returned an error |
//! | `panicked` | the service panicked; the panic goes on |
//! | `grpc_status_missing` | a gRPC response ended without its status |
//!
//! "Sent" means handed to the server, which may still fail to deliver it. After 101 the connection's further bytes are
//! not seen.
//!
//! # What is not recorded
//! Bodies, and headers that were not listed. `Authorization`, `Cookie` and their like are never recorded, nor the values
//! of secrets in the query (see [`Query`]). A path is recorded as it came: do not put secrets there. Everything a client
//! writes is cut at a fixed limit, which `truncated` then says, and control characters are replaced.
//!
//! # When the entry is written
//! | | written | the response's head waits |
//! |---|---|---|
//! | default | when the response's body ends, fails or is dropped | no |
//! | [`AuditLayer::wait_durable`] | before the head | until it is durable |
//! | [`AuditLayer::fail_closed`] | before the head | no: it is refused at once when the entry is not taken |
//! | [`AuditLayer::begin`] | before the service is called, durable; and after it as above | |
//!
//! Before the head, not all is known. If the body has a length, the entry is written as if it will be sent, and a second
//! one, `http.response_cut` with `cause_id`, follows only if it is not. If it has none, or is gRPC whose status comes
//! last, the entry before the head has phase `pre` and outcome `unknown`, and one with phase `post` follows at the end.
//!
//! # When recording fails
//! By default the layer **fails open**: the request is served, the entry is counted as lost ([`AuditLayer::lost`]), a full
//! queue is said in the log as `entries.dropped` as soon as there is room, and a log that stopped is a `tracing` error.
//!
//! [`AuditLayer::fail_closed`] answers 503 instead (gRPC: `UNAVAILABLE`), with `Retry-After` only when the queue was full.
//! What each combination promises when that is set:
//!
//! | | an act that is not recorded | a response to it |
//! |---|---|---|
//! | `begin` | does not happen: the service is not called | is a 503 |
//! | `wait_durable` | may have happened, unsaid | is a 503 in place of the service's |
//! | neither | may have happened, unsaid | is a 503 once the log is known to fail; entries of the very batch that failed were queued, and their responses sent |
//!
//! None can take back the head of a response: what follows it (the end of a stream, a `post`) fails open.
//!
//! # Rules that skip
//! [`AuditLayer::skip`] and [`AuditLayer::sample`] leave out requests and write how many, as entries `requests.skipped`
//! per rule; entries and counts add up exactly. A request that is cut short is always recorded, unless a rule without
//! a status skipped it as it came in.

mod body;
mod context;
mod exchange;
mod head;
mod layer;
mod limits;
mod marker;
mod outcome;
mod requests;
mod service;
mod skipping;

pub use body::{RequestBody, ResponseBody};
pub use context::AuditContext;
pub use head::{ForwardedBy, InvalidNetwork, Network, Query};
pub use layer::AuditLayer;
pub use marker::{MarkerLayer, MarkerService};
pub use requests::Requests;
pub use service::{AuditService, ResponseFuture};
