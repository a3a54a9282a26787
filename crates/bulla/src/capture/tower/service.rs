//! The service around a service: begins an exchange with each request and hands it on to the response's body.

use std::fmt::Display;
use std::future::Future;
use std::mem;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use http::{HeaderValue, Request, Response, StatusCode, header};
use http_body::Body;
use pin_project_lite::pin_project;
use tower_service::Service;

use super::body::{RequestBody, ResponseBody, caught};
use super::context::AuditContext;
use super::exchange::{AtHead, BodyOutlook, Exchange};
use super::head::{Facts, is_grpc};
use super::layer::Config;
use super::outcome::Ending;
use super::skipping::{Plan, plan};
use crate::log::{Receipt, RecordError, Ticket};

/// A service whose requests are recorded; made by [`AuditLayer`](super::AuditLayer).
#[derive(Debug, Clone)]
pub struct AuditService<S> {
    inner: S,
    config: Arc<Config>,
}

impl<S> AuditService<S> {
    pub(super) fn new(inner: S, config: Arc<Config>) -> Self {
        Self { inner, config }
    }
}

impl<S, B, R> Service<Request<B>> for AuditService<S>
where
    S: Service<Request<RequestBody<B>>, Response = Response<R>> + Clone,
    S::Error: Display,
    R: Body,
    R::Data: From<&'static str>,
    R::Error: Display,
{
    type Response = Response<ResponseBody<R>>;
    type Error = S::Error;
    type Future = ResponseFuture<S, S::Future, B, R>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let (request, mut exchange, begins) = self.open(request);
        let config = self.config.clone();
        let step = match exchange.as_mut().filter(|_| begins).map(Exchange::begin) {
            Some(Ok(ticket)) => {
                // The service that is ready is the one to call; the clone takes its place and becomes ready anew.
                let clone = self.inner.clone();
                let service = mem::replace(&mut self.inner, clone);
                let held = Some(Box::new((service, request)));
                Step::Beginning { durable: durable(ticket), held }
            }
            Some(Err(error)) if config.fails_closed => Step::Refused { error },
            _ => Step::Calling { future: caught(&mut exchange, || self.inner.call(request)) },
        };
        ResponseFuture { step, exchange, config }
    }
}

impl<S> AuditService<S> {
    /// The request as the service sees it, its exchange unless a rule skips it, and whether that begins before the
    /// service is called.
    fn open<B>(&self, request: Request<B>) -> (Request<RequestBody<B>>, Option<Exchange>, bool) {
        let (mut head, body) = request.into_parts();
        let context = head.extensions.get_or_insert_default::<AuditContext>().clone();
        self.config.fill(&context, &head);
        let begins = self.config.begins(&head);
        let plan = if begins { Plan::Record } else { plan(&self.config.rules, &head) };
        let received = Arc::default();
        let exchange = match plan {
            Plan::Skip(rule) => {
                rule.skip(self.config.reporting);
                None
            }
            plan => {
                let facts = Facts::of(&head, &self.config);
                Some(Exchange::new(self.config.clone(), facts, context, Arc::clone(&received), plan))
            }
        };
        (Request::from_parts(head, RequestBody::new(body, received)), exchange, begins)
    }
}

type Durable = Pin<Box<dyn Future<Output = Result<Receipt, RecordError>> + Send>>;

fn durable(ticket: Ticket) -> Durable {
    Box::pin(async move { ticket.durable().await })
}

pin_project! {
    /// The response on its way; dropped before it is there, it is recorded as a failure.
    pub struct ResponseFuture<S, F, B, R> {
        #[pin]
        step: Step<S, F, B, R>,
        exchange: Option<Exchange>,
        config: Arc<Config>,
    }
}

pin_project! {
    #[project = StepPinned]
    enum Step<S, F, B, R> {
        // The entry before the act is not durable yet, so the service is not called yet.
        Beginning {
            durable: Durable,
            held: Option<Box<(S, Request<RequestBody<B>>)>>,
        },
        Calling {
            #[pin]
            future: F,
        },
        // The entry is not durable yet, so the response is not sent yet.
        Holding {
            durable: Durable,
            response: Option<Box<Response<ResponseBody<R>>>>,
        },
        Refused {
            error: RecordError,
        },
    }
}

impl<S, B, R> Future for ResponseFuture<S, S::Future, B, R>
where
    S: Service<Request<RequestBody<B>>, Response = Response<R>>,
    S::Error: Display,
    R: Body,
{
    type Output = Result<Response<ResponseBody<R>>, S::Error>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        loop {
            match this.step.as_mut().project() {
                StepPinned::Beginning { durable, held } => {
                    let began = ready!(durable.as_mut().poll(context));
                    let step = match this.config.doubt(began) {
                        Some(error) => Step::Refused { error },
                        None => {
                            let (mut service, request) = *held.take().expect("polled once when ready");
                            Step::Calling { future: caught(this.exchange, || service.call(request)) }
                        }
                    };
                    this.step.set(step);
                }
                StepPinned::Calling { future } => {
                    let answer = ready!(caught(this.exchange, || future.poll(context)));
                    let response = match answer {
                        Ok(response) => response,
                        Err(error) => return Poll::Ready(Err(failed(this.exchange, error))),
                    };
                    let (at_head, mut response) = answered(this.exchange, response);
                    match at_head {
                        AtHead::Pass => {
                            response.body_mut().head_is_sent();
                            return Poll::Ready(Ok(response));
                        }
                        AtHead::Refuse(error) => {
                            return Poll::Ready(Ok(refused_in_place_of(response, &error)));
                        }
                        AtHead::Wait(ticket) => {
                            let response = Some(Box::new(response));
                            this.step.set(Step::Holding { durable: durable(ticket), response });
                        }
                    }
                }
                StepPinned::Holding { durable, response } => {
                    let written = ready!(durable.as_mut().poll(context));
                    let mut response = *response.take().expect("polled once when ready");
                    if let Some(error) = this.config.doubt(written) {
                        return Poll::Ready(Ok(refused_in_place_of(response, &error)));
                    }
                    response.body_mut().head_is_sent();
                    return Poll::Ready(Ok(response));
                }
                StepPinned::Refused { error } => {
                    let exchange = this.exchange.take();
                    let is_grpc = exchange.as_ref().is_some_and(Exchange::is_grpc);
                    exchange.into_iter().for_each(Exchange::forget);
                    return Poll::Ready(Ok(refusal(is_grpc, error)));
                }
            }
        }
    }
}

/// Notes the response's head; its body takes the exchange along.
fn answered<R: Body>(
    exchange: &mut Option<Exchange>,
    response: Response<R>,
) -> (AtHead, Response<ResponseBody<R>>) {
    let (head, body) = response.into_parts();
    let declared =
        head.headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    let length = body.size_hint().exact().or(declared);
    let mut exchange = exchange.take();
    let mut at_head = AtHead::Pass;
    if let Some(open) = &mut exchange {
        let is_empty = length == Some(0) && !is_grpc(&head.headers);
        let is_over = is_empty || body.is_end_stream() || open.is_bodiless(head.status);
        at_head = open.answered(&head, BodyOutlook { is_over, length });
    }
    (at_head, Response::from_parts(head, ResponseBody::watched(body, exchange, length)))
}

/// Records that there is no response.
fn failed<E: Display>(exchange: &mut Option<Exchange>, error: E) -> E {
    if let Some(exchange) = exchange.take() {
        exchange.finish(&Ending::ServiceError(error.to_string()));
    }
    error
}

/// The act is done, but its caller is not told that it worked, because the log does not hold it.
fn refused_in_place_of<R>(
    response: Response<ResponseBody<R>>,
    error: &RecordError,
) -> Response<ResponseBody<R>> {
    let is_grpc = is_grpc(response.headers());
    response.into_body().into_exchange().into_iter().for_each(Exchange::forget);
    refusal(is_grpc, error)
}

/// The refusal of a service whose log cannot record, as [problem details](https://www.rfc-editor.org/rfc/rfc9457).
const PROBLEM: &str = r#"{"type":"about:blank","title":"Service Unavailable","status":503,"detail":"the audit log cannot record this request"}"#;

/// `UNAVAILABLE` of gRPC.
const GRPC_UNAVAILABLE: HeaderValue = HeaderValue::from_static("14");

/// 503, or its like in gRPC. Only a full queue empties by itself, so only then there is a `Retry-After`.
fn refusal<R>(is_grpc: bool, error: &RecordError) -> Response<ResponseBody<R>> {
    let mut response = Response::new(ResponseBody::refusal(if is_grpc { "" } else { PROBLEM }));
    let headers = response.headers_mut();
    if is_grpc {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
        headers.insert("grpc-status", GRPC_UNAVAILABLE);
        headers.insert("grpc-message", HeaderValue::from_static("the audit log cannot record this request"));
        return response;
    }
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    if matches!(error, RecordError::QueueFull { .. }) {
        headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    }
    *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    response
}
