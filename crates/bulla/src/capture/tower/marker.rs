//! A small layer for the inside: what routing and authentication put into the extensions of a request is not there
//! yet when the outermost layer sees it.

use std::sync::Arc;
use std::task::{Context, Poll};

use http::Request;
use tower_layer::Layer;
use tower_service::Service;

use super::context::AuditContext;
use super::layer::Config;

/// Tells the [`AuditLayer`](super::AuditLayer) outside what it finds here; made by
/// [`AuditLayer::marker`](super::AuditLayer::marker).
#[derive(Debug, Clone)]
pub struct MarkerLayer {
    config: Arc<Config>,
}

impl MarkerLayer {
    pub(super) fn new(config: Arc<Config>) -> Self {
        Self { config }
    }
}

impl<S> Layer<S> for MarkerLayer {
    type Service = MarkerService<S>;

    fn layer(&self, inner: S) -> MarkerService<S> {
        MarkerService { inner, config: self.config.clone() }
    }
}

/// A service whose requests are looked at; made by [`MarkerLayer`].
#[derive(Debug, Clone)]
pub struct MarkerService<S> {
    inner: S,
    config: Arc<Config>,
}

impl<S, B> Service<Request<B>> for MarkerService<S>
where
    S: Service<Request<B>>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> S::Future {
        let (head, body) = request.into_parts();
        if let Some(context) = head.extensions.get::<AuditContext>() {
            self.config.fill(context, &head);
        }
        self.inner.call(Request::from_parts(head, body))
    }
}
