//! The capture layers, tested from outside: a scripted service, a scripted body, and what the log then holds.

mod every_ending;
mod grpc;
mod head;
mod promises;
mod requests;
mod skipping;
mod spans;

use std::collections::VecDeque;
use std::convert::Infallible;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bulla::capture::tower::{AuditLayer, AuditService, RequestBody, ResponseBody};
use bulla::{AuditEntry, AuditLog};
use bulla_sim::{ActKind, SimDisk, block_on};
use bytes::Bytes;
use http::{HeaderMap, Request, Response, StatusCode};
use http_body::{Body, Frame, SizeHint};
use http_body_util::{BodyExt, Full};
use tower::{Layer, ServiceExt, service_fn};

/// A response body that does what it was told.
#[derive(Debug, Default)]
struct Scripted {
    steps: VecDeque<Step>,
    length: Option<u64>,
    /// Says with its last frame that it was the last.
    knows_its_end: bool,
}

#[derive(Debug)]
enum Step {
    Data(&'static str),
    Trailers(HeaderMap),
    Fails,
    Panics,
    Hangs,
}

impl Scripted {
    /// Frames whose end is only known when it comes.
    fn stream(steps: impl IntoIterator<Item = Step>) -> Self {
        Self { steps: steps.into_iter().collect(), length: None, knows_its_end: false }
    }

    fn whole(text: &'static str) -> Self {
        let steps = [Step::Data(text)].into_iter().filter(|_| !text.is_empty());
        Self { steps: steps.collect(), length: Some(text.len() as u64), knows_its_end: true }
    }

    fn declared(mut self, length: u64) -> Self {
        self.length = Some(length);
        self
    }
}

impl Body for Scripted {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        match self.steps.pop_front() {
            None => Poll::Ready(None),
            Some(Step::Data(text)) => Poll::Ready(Some(Ok(Frame::data(text.into())))),
            Some(Step::Trailers(trailers)) => Poll::Ready(Some(Ok(Frame::trailers(trailers)))),
            Some(Step::Fails) => Poll::Ready(Some(Err(io::Error::other("the source ran dry")))),
            Some(Step::Panics) => panic!("as told"),
            Some(Step::Hangs) => {
                self.steps.push_front(Step::Hangs);
                Poll::Pending
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.steps.is_empty() && self.knows_its_end
    }

    fn size_hint(&self) -> SizeHint {
        self.length.map_or_else(SizeHint::new, SizeHint::with_exact)
    }
}

type Ask = Request<Full<Bytes>>;
type Asked = Request<RequestBody<Full<Bytes>>>;
type Answer = Response<ResponseBody<Scripted>>;

fn get(path: &str) -> Ask {
    Request::get(path).body(Full::default()).unwrap()
}

fn respond(status: u16, body: Scripted) -> Response<Scripted> {
    Response::builder().status(status).body(body).unwrap()
}

/// A clonable service from a function.
fn service<F>(
    layer: &AuditLayer,
    answer: F,
) -> AuditService<
    impl tower::Service<Asked, Response = Response<Scripted>, Error = Infallible, Future: Send> + Clone + use<F>,
>
where
    F: Fn(Asked) -> Response<Scripted> + Clone + Send + 'static,
{
    layer.layer(service_fn(move |request| {
        let answer = answer.clone();
        async move { Ok(answer(request)) }
    }))
}

/// Asks once and takes the head of the response.
fn ask<F>(layer: &AuditLayer, request: Ask, answer: F) -> Answer
where
    F: Fn(Asked) -> Response<Scripted> + Clone + Send + 'static,
{
    block_on(service(layer, answer).oneshot(request)).unwrap()
}

/// Reads a body to its end, as a server does that asks until there is nothing.
fn read(response: Answer) -> Result<Bytes, io::Error> {
    block_on(response.into_body().collect()).map(http_body_util::Collected::to_bytes)
}

/// Asks once and reads the whole response.
fn exchange<F>(layer: &AuditLayer, request: Ask, answer: F) -> (StatusCode, Result<Bytes, io::Error>)
where
    F: Fn(Asked) -> Response<Scripted> + Clone + Send + 'static,
{
    let response = ask(layer, request, answer);
    (response.status(), read(response))
}

/// What is in memory of the log, oldest first, without the log's own beginning and end.
fn entries(log: &AuditLog) -> Vec<AuditEntry> {
    let mut entries = block_on(log.recent(10_000));
    entries.retain(|entry| !entry.action.starts_with("log."));
    entries.reverse();
    entries
}

/// The one entry.
fn only(log: &AuditLog) -> AuditEntry {
    let mut entries = entries(log);
    assert_eq!(entries.len(), 1, "{entries:?}");
    entries.remove(0)
}

fn code(entry: &AuditEntry) -> Option<&str> {
    entry.reason.as_ref().and_then(|reason| reason.code.as_deref())
}

/// A number in `detail.http`.
fn number(entry: &AuditEntry, name: &str) -> Option<u64> {
    entry.detail.as_ref()?["http"][name].as_u64()
}

fn in_memory() -> (AuditLog, AuditLayer) {
    let log = AuditLog::in_memory(10_000);
    (log.clone(), AuditLayer::new(log))
}

/// A log on a disk that obeys.
fn on_disk() -> (SimDisk, AuditLog) {
    let disk = SimDisk::new(1);
    let log = AuditLog::builder_on(Arc::new(disk.clone())).queue_bytes(QUEUE_BYTES).open().unwrap();
    (disk, log)
}

const QUEUE_BYTES: usize = 4000;

fn filler() -> AuditEntry {
    AuditEntry::api("fill").outcome(bulla::AuditOutcome::Success)
}

/// Holds the writer at its next write and fills the queue behind it; gives how many entries that took.
fn fill(disk: &SimDisk, log: &AuditLog) -> usize {
    disk.hold_next_of(ActKind::Append, "entries/");
    log.submit(filler()).unwrap();
    assert!(disk.await_waiting());
    (1..).find(|_| log.submit(filler()).is_err()).unwrap()
}
