//! The layer itself and everything that can be chosen about it, with its default.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use http::request::Parts;
use http::{Extensions, HeaderName};
use tower_layer::Layer;

use super::context::AuditContext;
use super::head::{ForwardedBy, Network, Proxies, Query};
use super::limits::HEADERS_MAX;
use super::marker::MarkerLayer;
use super::requests::Requests;
use super::service::AuditService;
use super::skipping::{Reporting, Rule};
use crate::capture::recorder::Recorder;
use crate::entry::{AuditCategory, Redaction};
use crate::log::{AuditLog, Receipt, RecordError};

/// Records every request that passes; see [the module](super).
///
/// Clones, and the services that they make, are one layer: they share their counts.
#[derive(Debug, Clone)]
#[must_use = "a layer records nothing until it is around a service"]
pub struct AuditLayer {
    config: Config,
}

/// Finds something in the head of a request, or in the extensions of a request or response.
enum Find<T> {
    InHead(Search<Parts, T>),
    InExtensions(Search<Extensions, T>),
}

type Search<P, T> = Box<dyn Fn(&P) -> Option<T> + Send + Sync>;

impl<T> Find<T> {
    fn in_head(&self, head: &Parts) -> Option<T> {
        match self {
            Self::InHead(find) => find(head),
            Self::InExtensions(find) => find(&head.extensions),
        }
    }

    fn in_extensions(&self, extensions: &Extensions) -> Option<T> {
        match self {
            Self::InHead(_) => None,
            Self::InExtensions(find) => find(extensions),
        }
    }
}

type Finders<T> = Vec<Arc<Find<T>>>;

/// What was chosen.
#[derive(Clone)]
pub(super) struct Config {
    pub(super) recorder: Recorder,
    pub(super) category: AuditCategory,
    pub(super) query: Query,
    pub(super) headers: Vec<HeaderName>,
    pub(super) proxies: Option<Proxies>,
    pub(super) rules: Vec<Arc<Rule>>,
    pub(super) reporting: Reporting,
    pub(super) waits_durable: bool,
    pub(super) fails_closed: bool,
    begins: Vec<Requests>,
    principal: Finders<String>,
    route: Finders<String>,
    peer: Finders<IpAddr>,
}

impl AuditLayer {
    /// A layer that submits one entry for each request and never waits.
    pub fn new(log: AuditLog) -> Self {
        let recorder = Recorder::new(log, "capture of requests: not recorded", true);
        let config = Config {
            recorder,
            category: AuditCategory::Api,
            query: Query::default(),
            headers: Vec::new(),
            proxies: None,
            rules: Vec::new(),
            reporting: Reporting::default(),
            waits_durable: false,
            fails_closed: false,
            begins: Vec::new(),
            principal: Vec::new(),
            route: Vec::new(),
            peer: Vec::new(),
        };
        Self { config }
    }

    /// Entries are of this category. Default: `api`.
    pub fn category(mut self, category: AuditCategory) -> Self {
        self.config.category = category;
        self
    }

    /// Finds who is accountable in the head of a request. The first that finds one counts; what is said through
    /// [`AuditContext::set_principal`] goes before it. This and its like run before the entry is begun, so they must
    /// not panic.
    pub fn principal_of(mut self, find: impl Fn(&Parts) -> Option<String> + Send + Sync + 'static) -> Self {
        self.config.principal.push(Arc::new(Find::InHead(Box::new(find))));
        self
    }

    /// Takes who is accountable from an extension: of the request as it comes in, of the request where
    /// [`AuditLayer::marker`] stands, or of the response.
    ///
    /// ```
    /// # use bulla::{AuditLog, capture::tower::AuditLayer};
    /// #[derive(Clone)]
    /// struct Claims { subject: String }
    /// # let log = AuditLog::in_memory(128);
    /// let audit = AuditLayer::new(log).principal_from(|claims: &Claims| claims.subject.as_str());
    /// ```
    pub fn principal_from<T, F>(mut self, principal: F) -> Self
    where
        T: Send + Sync + 'static,
        F: Fn(&T) -> &str + Send + Sync + 'static,
    {
        self.config.principal.push(text_from(principal));
        self
    }

    /// Finds the route template in the head of a request.
    pub fn route_of(mut self, find: impl Fn(&Parts) -> Option<String> + Send + Sync + 'static) -> Self {
        self.config.route.push(Arc::new(Find::InHead(Box::new(find))));
        self
    }

    /// Takes the route template from an extension, looked for where [`AuditLayer::principal_from`] looks: with axum,
    /// `route_from(MatchedPath::as_str)`.
    pub fn route_from<T, F>(mut self, route: F) -> Self
    where
        T: Send + Sync + 'static,
        F: Fn(&T) -> &str + Send + Sync + 'static,
    {
        self.config.route.push(text_from(route));
        self
    }

    /// Takes the address of the connection's other end from an extension of the request: with axum,
    /// `peer_from(|info: &ConnectInfo<SocketAddr>| info.0.ip())`. A `SocketAddr` or `IpAddr` is found by itself.
    pub fn peer_from<T, A>(mut self, peer: impl Fn(&T) -> A + Send + Sync + 'static) -> Self
    where
        T: Send + Sync + 'static,
        A: Into<Option<IpAddr>>,
    {
        let find = move |extensions: &Extensions| extensions.get::<T>().and_then(|value| peer(value).into());
        self.config.peer.push(Arc::new(Find::InExtensions(Box::new(find))));
        self
    }

    /// Believes this header, but only as long as the address that vouches for it is in these networks. Without a
    /// call, no header is believed and the client is the peer.
    pub fn trusted_proxies(
        mut self,
        header: ForwardedBy,
        networks: impl IntoIterator<Item = Network>,
    ) -> Self {
        self.config.proxies = Some(Proxies { header, networks: networks.into_iter().collect() });
        self
    }

    /// What becomes of query strings. Default: recorded without the values of secrets.
    pub fn query(mut self, query: Query) -> Self {
        self.config.query = query;
        self
    }

    /// Records these request headers as well, the first 16 named. Those that carry secrets (`authorization`,
    /// `cookie` and all that [`Redaction::secrets`] names, and values that are marked as sensitive) are never recorded,
    /// also when they are named here.
    pub fn headers(mut self, names: impl IntoIterator<Item = HeaderName>) -> Self {
        let secrets = Redaction::secrets();
        self.config.headers.extend(names.into_iter().filter(|name| !secrets.removes(name.as_str())));
        self.config.headers.truncate(HEADERS_MAX);
        self
    }

    /// Records these requests before they are served, durably, and once more after. A rule that asks for a status
    /// never applies here. What begins so is not skipped by any rule.
    pub fn begin(mut self, requests: Requests) -> Self {
        self.config.begins.push(requests);
        self
    }

    /// Sends a response only when its entry is durable. The entry is then written with the head of the response; see
    /// [the module](super#when-the-entry-is-written).
    pub fn wait_durable(mut self) -> Self {
        self.config.waits_durable = true;
        self
    }

    /// Answers 503 when a request cannot be recorded; see [the module](super#when-recording-fails).
    pub fn fail_closed(mut self) -> Self {
        self.config.fails_closed = true;
        self
    }

    /// Does not record these requests, but counts them, under this name. The first rule that fits decides.
    pub fn skip(self, name: impl Into<String>, requests: Requests) -> Self {
        self.rule(name.into(), requests, 0)
    }

    /// Records the first of every so many of these requests, and counts the others.
    pub fn sample(self, name: impl Into<String>, one_in: u64, requests: Requests) -> Self {
        self.rule(name.into(), requests, one_in.max(1))
    }

    fn rule(mut self, name: String, requests: Requests, one_in: u64) -> Self {
        let recorder = self.config.recorder.clone();
        self.config.rules.push(Arc::new(Rule::new(name, requests, one_in, recorder)));
        self
    }

    /// Writes the count of a rule at so many skipped requests, and with the first one that is so long after the last
    /// count. Default: 1,000, or a minute. What is left is written by [`AuditLayer::flush`] and when the last clone
    /// of the layer and its services is dropped.
    pub fn report_skipped(mut self, count: u64, interval: Duration) -> Self {
        self.config.reporting = Reporting { count, interval };
        self
    }

    /// Writes all counts now. Call it before the log is closed: after that they cannot be said in it any more.
    ///
    /// # Errors
    /// When one could not be queued. It stays counted.
    pub fn flush(&self) -> Result<(), RecordError> {
        self.config.rules.iter().try_for_each(|rule| rule.report())
    }

    /// Entries that could not be recorded so far.
    pub fn lost(&self) -> u64 {
        self.config.recorder.lost()
    }

    /// A layer for further inside, behind routing and authentication, that looks once more for principal and route
    /// and tells this one.
    pub fn marker(&self) -> MarkerLayer {
        MarkerLayer::new(Arc::new(self.config.clone()))
    }
}

impl<S> Layer<S> for AuditLayer {
    type Service = AuditService<S>;

    fn layer(&self, inner: S) -> AuditService<S> {
        AuditService::new(inner, Arc::new(self.config.clone()))
    }
}

fn text_from<T, F>(text: F) -> Arc<Find<String>>
where
    T: Send + Sync + 'static,
    F: Fn(&T) -> &str + Send + Sync + 'static,
{
    let find = move |extensions: &Extensions| extensions.get::<T>().map(|value| text(value).to_owned());
    Arc::new(Find::InExtensions(Box::new(find)))
}

impl Config {
    /// Whether entries are written with the head of the response, not with the end of its body.
    pub(super) fn tells_at_head(&self) -> bool {
        self.waits_durable || self.fails_closed
    }

    pub(super) fn begins(&self, head: &Parts) -> bool {
        self.begins.iter().any(|requests| !requests.needs_status() && requests.has_head(head))
    }

    pub(super) fn peer(&self, head: &Parts) -> Option<IpAddr> {
        self.peer.iter().find_map(|find| find.in_head(head))
    }

    /// Looks for principal and route in the head of a request.
    pub(super) fn fill(&self, context: &AuditContext, head: &Parts) {
        context.find_principal(|| self.principal.iter().find_map(|find| find.in_head(head)));
        context.find_route(|| self.route.iter().find_map(|find| find.in_head(head)));
    }

    /// Looks for principal and route in the extensions of a response.
    pub(super) fn fill_from(&self, context: &AuditContext, extensions: &Extensions) {
        context.find_principal(|| self.principal.iter().find_map(|find| find.in_extensions(extensions)));
        context.find_route(|| self.route.iter().find_map(|find| find.in_extensions(extensions)));
    }

    /// Counts an entry that did not become durable; gives the error when the caller must not go on without it.
    pub(super) fn doubt(&self, written: Result<Receipt, RecordError>) -> Option<RecordError> {
        let error = written.err()?;
        self.recorder.lose(&error, 1);
        self.fails_closed.then_some(error)
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("recorder", &self.recorder)
            .field("category", &self.category)
            .field("rules", &self.rules.iter().map(|rule| rule.name.as_str()).collect::<Vec<_>>())
            .field("waits_durable", &self.waits_durable)
            .field("fails_closed", &self.fails_closed)
            .finish_non_exhaustive()
    }
}
