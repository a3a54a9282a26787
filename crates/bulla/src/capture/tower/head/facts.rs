//! The part of a request that is kept until its entry is written: cheap clones now, texts only then.

use std::net::{IpAddr, SocketAddr};

use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri, Version, header};
use serde_json::{Map, Value, json};

use super::traceparent::TraceParent;
use crate::capture::bounded::Bounds;
use crate::capture::tower::layer::Config;
use crate::capture::tower::limits::{
    ACTION_BYTES_MAX, HEADER_BYTES_MAX, METHOD_BYTES_MAX, PATH_BYTES_MAX, REQUEST_ID_BYTES_MAX,
    ROUTE_BYTES_MAX, USER_AGENT_BYTES_MAX,
};
use crate::entry::{AuditEntry, Request, Trace};

/// What a request said before it was given to the service.
#[derive(Debug)]
pub(in crate::capture::tower) struct Facts {
    pub(in crate::capture::tower) method: Method,
    uri: Uri,
    version: Version,
    user_agent: Option<HeaderValue>,
    pub(in crate::capture::tower) request_id: Option<HeaderValue>,
    /// Headers on the list of those that may be recorded.
    headers: Vec<(HeaderName, HeaderValue)>,
    trace: Option<TraceParent>,
    peer: Option<IpAddr>,
    client: Option<IpAddr>,
    pub(in crate::capture::tower) is_grpc: bool,
}

impl Facts {
    pub(in crate::capture::tower) fn of(head: &Parts, config: &Config) -> Self {
        let peer = config.peer(head).or_else(|| usual_peer(head));
        let client = peer.map(|peer| match &config.proxies {
            Some(proxies) => proxies.client(peer, &head.headers),
            None => peer.to_canonical(),
        });
        let listed = config.headers.iter();
        let listed = listed.filter_map(|name| Some((name, head.headers.get(name)?)));
        let headers = listed.filter(|(_, value)| !value.is_sensitive());
        Self {
            method: head.method.clone(),
            uri: head.uri.clone(),
            version: head.version,
            user_agent: head.headers.get(header::USER_AGENT).cloned(),
            request_id: head.headers.get("x-request-id").cloned(),
            headers: headers.map(|(name, value)| (name.clone(), value.clone())).collect(),
            trace: TraceParent::of(&head.headers),
            peer: peer.map(|peer| peer.to_canonical()),
            client,
            is_grpc: is_grpc(&head.headers),
        }
    }

    /// The entry as far as the head of the request tells it; `is_grpc` is what the response says, once there is one.
    pub(in crate::capture::tower) fn entry(
        &self,
        config: &Config,
        route: Option<String>,
        is_grpc: bool,
        bounds: &mut Bounds,
    ) -> AuditEntry {
        let method = bounds.text("/request/method", self.method.as_str(), METHOD_BYTES_MAX);
        let route = route.or_else(|| is_grpc.then(|| self.uri.path().to_owned()));
        let place = route.as_deref().unwrap_or_else(|| self.uri.path());
        let action = bounds.text("/action", &format!("{method} {place}"), ACTION_BYTES_MAX);
        let mut entry = AuditEntry::new(config.category, action);
        entry.event_name = Some(if is_grpc { "grpc.call" } else { "http.request" }.to_owned());
        let id = self.request_id.as_ref();
        let id = id.map(|id| bounds.bytes("/request/id", id.as_bytes(), REQUEST_ID_BYTES_MAX));
        entry.correlation_id.clone_from(&id);
        let agent = self.user_agent.as_ref();
        entry.request = Some(Box::new(Request {
            id,
            method: Some(method),
            route: route.map(|route| bounds.text("/request/route", &route, ROUTE_BYTES_MAX)),
            path: Some(bounds.text("/request/path", self.uri.path(), PATH_BYTES_MAX)),
            peer_ip: self.peer.map(|peer| peer.to_string()),
            client_ip: self.client.map(|client| client.to_string()),
            user_agent: agent
                .map(|agent| bounds.bytes("/request/user_agent", agent.as_bytes(), USER_AGENT_BYTES_MAX)),
            ..Request::default()
        }));
        entry.trace = self.trace.as_ref().map(|trace| {
            Box::new(Trace {
                trace_id: Some(trace.trace_id.clone()),
                span_id: Some(trace.span_id.clone()),
                ..Trace::default()
            })
        });
        entry
    }

    /// Protocol, query and listed headers, for `detail.http`.
    pub(in crate::capture::tower) fn http(
        &self,
        config: &Config,
        entry: &mut AuditEntry,
        bounds: &mut Bounds,
    ) -> Map<String, Value> {
        let mut http = Map::new();
        http.insert("version".to_owned(), json!(format!("{:?}", self.version)));
        if let Some(query) = self.uri.query() {
            let pointer = "/detail/http/query";
            let query = config.query.recorded(query, pointer, bounds, &mut entry.redactions);
            http.extend(query.map(|query| ("query".to_owned(), json!(query))));
        }
        if !self.headers.is_empty() {
            let headers = self.headers.iter().map(|(name, value)| {
                let pointer = format!("/detail/http/headers/{name}");
                (name.to_string(), json!(bounds.bytes(&pointer, value.as_bytes(), HEADER_BYTES_MAX)))
            });
            http.insert("headers".to_owned(), Value::Object(headers.collect()));
        }
        http
    }
}

/// Addresses that servers put into the extensions under types of the standard library.
fn usual_peer(head: &Parts) -> Option<IpAddr> {
    let socket = head.extensions.get::<SocketAddr>().map(SocketAddr::ip);
    socket.or_else(|| head.extensions.get::<IpAddr>().copied())
}

/// Whether a message is one of gRPC.
pub(in crate::capture::tower) fn is_grpc(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).map(HeaderValue::as_bytes).unwrap_or_default();
    match kind.strip_prefix(b"application/grpc") {
        Some(rest) => matches!(rest.first(), None | Some(b'+' | b';')),
        None => false,
    }
}
