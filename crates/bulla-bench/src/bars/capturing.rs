//! Bar 16: what the tower layer costs a request, beside the same service without it.

use std::convert::Infallible;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use anyhow::{Context as _, ensure};
use axum::Router;
use axum::extract::MatchedPath;
use axum::routing::get;
use bulla::AuditLog;
use bulla::capture::tower::{AuditLayer, Requests};
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use tower::{Layer, Service, service_fn};

use super::Bench;
use crate::measure::{Samples, micros, raw_appends};
use crate::report::{Figure, Part};
use crate::workload;

/// Requests in one go, then the log is awaited, so that its queue never fills.
const BURST: usize = 1000;
/// About what an entry of these requests takes.
const ENTRY_BYTES: usize = 520;
/// What the layer may add to a request on the thread that serves it.
const ADDED_MICROS_MAX: f64 = 5.0;

pub(crate) fn measure(bench: &Bench) -> anyhow::Result<Figure> {
    let log = AuditLog::open(bench.folder.join("capturing"))?;
    let plain_layer = AuditLayer::new(log.clone());
    let (mut without, mut with) = (Samples::default(), Samples::default());
    for _ in 0..bench.count(200) {
        without.extend(requests(hello())?);
        with.extend(requests(plain_layer.layer(hello()))?);
        settle(&log)?;
    }
    ensure!(plain_layer.lost() == 0, "the queue must not fill");
    let skipping = plain_layer.clone().skip("all", Requests::all());
    let mut skipped = Samples::default();
    for _ in 0..bench.count(100) {
        skipped.extend(requests(skipping.layer(hello()))?);
    }
    let (base, p50) = (micros(without.percentile(50.0)), micros(with.percentile(50.0)));
    let mut parts = vec![
        Part::seen("in process: without, p99", micros(without.percentile(99.0)), "us"),
        Part::seen("in process: with, p99", micros(with.percentile(99.0)), "us"),
        Part::seen(
            "in process: a skipped request, p50, more than without",
            micros(skipped.percentile(50.0)) - base,
            "us",
        ),
    ];
    parts.extend(over_loopback(bench, &log)?);
    let (_, mut raw) =
        raw_appends(&bench.folder.join("capturing-raw"), &vec![ENTRY_BYTES; bench.count(1000)])?;
    parts.push(Part::seen(
        "raw append and fdatasync, p50, which the last two wait for",
        micros(raw.percentile(50.0)),
        "us",
    ));
    log.close_blocking()?;
    Ok(Figure {
        bar: 16,
        value: p50 - base,
        reference: base,
        ratio: p50 / base,
        holds: p50 - base <= ADDED_MICROS_MAX,
        unit: "us (p50)",
        what: "what the tower layer adds to a request in process; reference: the request without it",
        bound: "at most 5 us",
        parts,
    })
}

/// A service that answers at once.
fn hello<B: Send + 'static>()
-> impl Service<Request<B>, Response = Response<Full<Bytes>>, Error = Infallible, Future: Send> + Clone {
    service_fn(async |_: Request<B>| Ok(Response::new(Full::new(Bytes::from_static(b"hello")))))
}

/// Times requests from their making to the end of the response's body.
fn requests<S, R>(mut service: S) -> anyhow::Result<Samples>
where
    S: Service<Request<Full<Bytes>>, Response = Response<R>, Error = Infallible>,
    R: http_body::Body<Data = Bytes, Error = Infallible>,
{
    let mut samples = Samples::default();
    for _ in 0..BURST {
        let before = Instant::now();
        let request = Request::get("/v1/things/7?page=2")
            .header("user-agent", "bench/1.0")
            .header("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
            .body(Full::default())?;
        let Ok(response) = at_once(service.call(request))?;
        let Ok(body) = at_once(response.into_body().collect())?;
        samples.push(before.elapsed());
        ensure!(body.to_bytes().len() == 5, "the whole body came");
    }
    Ok(samples)
}

/// The value of a future that never waits.
fn at_once<T>(future: impl Future<Output = T>) -> anyhow::Result<T> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => Ok(value),
        Poll::Pending => anyhow::bail!("nothing here waits"),
    }
}

/// Waits until all that was submitted is durable.
fn settle(log: &AuditLog) -> anyhow::Result<()> {
    log.record_blocking(workload::entry(0))?;
    Ok(())
}

/// The same over HTTP: one connection, one request after the other.
fn over_loopback(bench: &Bench, log: &AuditLog) -> anyhow::Result<Vec<Part>> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_io().build()?;
    let layer = AuditLayer::new(log.clone()).route_from(MatchedPath::as_str);
    let app = || Router::new().route("/v1/things/{id}", get(async || "hello"));
    let layers = [
        ("without", app()),
        ("with", app().layer(layer.clone())),
        ("with wait_durable", app().layer(layer.clone().wait_durable())),
        ("with begin", app().layer(layer.begin(Requests::all()))),
    ];
    let mut clients = Vec::new();
    for (name, app) in layers {
        clients.push((name, Client::connect(runtime.block_on(serve(app))?)?, Samples::default()));
    }
    for _ in 0..bench.count(100) {
        for (_, client, samples) in &mut clients {
            for _ in 0..100 {
                let before = Instant::now();
                client.fetch()?;
                samples.push(before.elapsed());
            }
        }
        settle(log)?;
    }
    let mut clients = clients.into_iter();
    let (_, _, mut without) = clients.next().context("the first is the reference")?;
    let base = micros(without.percentile(50.0));
    let mut parts = vec![Part::seen("over loopback: without, p50", base, "us")];
    for (name, _, mut samples) in clients {
        let p50 = micros(samples.percentile(50.0));
        parts.push(Part::seen(format!("over loopback: {name}, p50, more than without"), p50 - base, "us"));
        parts.push(Part::seen(format!("over loopback: {name}, p50, ratio"), p50 / base, "times"));
    }
    Ok(parts)
}

async fn serve(app: Router) -> anyhow::Result<SocketAddr> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move { axum::serve(listener, app).await });
    Ok(address)
}

/// One kept connection, with as little of a client as there can be.
struct Client {
    connection: TcpStream,
    buffer: [u8; 4096],
}

impl Client {
    fn connect(address: SocketAddr) -> anyhow::Result<Self> {
        let connection = TcpStream::connect(address)?;
        connection.set_nodelay(true)?;
        Ok(Self { connection, buffer: [0; 4096] })
    }

    /// A small response comes in one piece, head and body.
    fn fetch(&mut self) -> anyhow::Result<()> {
        self.connection
            .write_all(b"GET /v1/things/7?page=2 HTTP/1.1\r\nhost: bench\r\nuser-agent: bench/1.0\r\n\r\n")?;
        let mut len = 0;
        while !self.buffer[..len].ends_with(b"\r\n\r\nhello") {
            let read = self.connection.read(&mut self.buffer[len..])?;
            ensure!(read > 0, "the server answers: {}", String::from_utf8_lossy(&self.buffer[..len]));
            len += read;
        }
        Ok(())
    }
}
