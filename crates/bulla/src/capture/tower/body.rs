//! Bodies that are counted as they pass, and a response body that finishes its exchange when it ends, fails or is
//! dropped.

use std::fmt::Display;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::task::{Context, Poll, ready};

use bytes::Buf;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

use super::exchange::Exchange;
use super::outcome::Ending;

pin_project! {
    /// The request's body, counted as the service reads it.
    #[derive(Debug)]
    pub struct RequestBody<B> {
        #[pin]
        inner: B,
        received: Arc<AtomicU64>,
    }
}

impl<B> RequestBody<B> {
    pub(super) fn new(inner: B, received: Arc<AtomicU64>) -> Self {
        Self { inner, received }
    }
}

impl<B: Body> Body for RequestBody<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let this = self.project();
        let frame = ready!(this.inner.poll_frame(context));
        if let Some(Ok(frame)) = &frame {
            this.received.fetch_add(frame.data_ref().map_or(0, Buf::remaining) as u64, Relaxed);
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

pin_project! {
    /// The response's body, watched to its end; or the text of a refusal.
    #[derive(Debug)]
    pub struct ResponseBody<B> {
        #[pin]
        kind: Kind<B>,
    }
}

pin_project! {
    #[project = KindPinned]
    #[derive(Debug)]
    enum Kind<B> {
        Watched {
            #[pin]
            inner: B,
            // Taken when the exchange is finished; none when it is not recorded.
            exchange: Option<Exchange>,
            length: Option<u64>,
        },
        Refusal {
            text: Option<&'static str>,
        },
    }
}

impl<B> ResponseBody<B> {
    pub(super) fn watched(inner: B, exchange: Option<Exchange>, length: Option<u64>) -> Self {
        Self { kind: Kind::Watched { inner, exchange, length } }
    }

    /// The head is on its way to the server; where no body follows, that was the end.
    pub(super) fn head_is_sent(&mut self) {
        let Kind::Watched { exchange, .. } = &mut self.kind else { return };
        if let Some(exchange) = exchange.take_if(|exchange| exchange.is_over()) {
            exchange.finish(&Ending::Whole);
        }
    }

    /// What is still to be recorded of it.
    pub(super) fn into_exchange(self) -> Option<Exchange> {
        match self.kind {
            Kind::Watched { exchange, .. } => exchange,
            Kind::Refusal { .. } => None,
        }
    }

    /// A text; none at all when it is empty.
    pub(super) fn refusal(text: &'static str) -> Self {
        Self { kind: Kind::Refusal { text: Some(text).filter(|text| !text.is_empty()) } }
    }
}

impl<B> Body for ResponseBody<B>
where
    B: Body,
    B::Data: From<&'static str>,
    B::Error: Display,
{
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        match self.project().kind.project() {
            KindPinned::Refusal { text } => {
                Poll::Ready(text.take().map(|text| Ok(Frame::data(B::Data::from(text)))))
            }
            KindPinned::Watched { mut inner, exchange, length } => {
                let polled = caught(exchange, || inner.as_mut().poll_frame(context));
                let frame = ready!(polled);
                watch(&frame, inner.is_end_stream(), exchange, *length);
                Poll::Ready(frame)
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.kind {
            Kind::Watched { inner, .. } => inner.is_end_stream(),
            Kind::Refusal { text } => text.is_none(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.kind {
            Kind::Watched { inner, .. } => inner.size_hint(),
            Kind::Refusal { text } => SizeHint::with_exact(text.map_or(0, |text| text.len() as u64)),
        }
    }
}

/// Counts what passes, and finishes the exchange with the last of it: a server need not ask again.
fn watch<D: Buf, E: Display>(
    frame: &Option<Result<Frame<D>, E>>,
    is_end: bool,
    exchange: &mut Option<Exchange>,
    length: Option<u64>,
) {
    let Some(open) = exchange else { return };
    let ending = match frame {
        None => Ending::Whole,
        Some(Err(error)) => Ending::BodyFailed(error.to_string()),
        Some(Ok(frame)) => {
            open.sent(frame.data_ref().map_or(0, Buf::remaining));
            if let Some(trailers) = frame.trailers_ref() {
                open.trailers(trailers);
            }
            if !is_end && !open.has_sent(length) {
                return;
            }
            Ending::Whole
        }
    };
    if let Some(open) = exchange.take() {
        open.finish(&ending);
    }
}

/// Runs code of the service; a panic is recorded and goes on.
pub(super) fn caught<T>(exchange: &mut Option<Exchange>, act: impl FnOnce() -> T) -> T {
    catch_unwind(AssertUnwindSafe(act)).unwrap_or_else(|panic| {
        if let Some(exchange) = exchange.take() {
            exchange.finish(&Ending::Panicked);
        }
        resume_unwind(panic)
    })
}
