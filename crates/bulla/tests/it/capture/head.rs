//! What the head of a request tells, and what of it is never believed or recorded.

use std::net::{IpAddr, SocketAddr};

use bulla::capture::tower::{AuditContext, ForwardedBy, Query};
use http::HeaderValue;
use http::header::{AUTHORIZATION, COOKIE, REFERER};

use super::*;

/// The entry of a request with these headers, from 10.0.0.1.
fn entry(
    layer: impl Fn(AuditLayer) -> AuditLayer,
    path: &str,
    headers: &[(&'static str, &[u8])],
) -> AuditEntry {
    let (log, plain) = in_memory();
    let mut request = get(path);
    for (name, value) in headers {
        request.headers_mut().append(*name, HeaderValue::from_bytes(value).unwrap());
    }
    request.extensions_mut().insert(SocketAddr::from(([10, 0, 0, 1], 4711)));
    exchange(&layer(plain), request, |_| respond(200, Scripted::whole("x"))).1.unwrap();
    only(&log)
}

fn text(entry: &AuditEntry) -> String {
    serde_json::to_string(entry).unwrap()
}

#[test]
fn a_forwarded_address_is_believed_only_from_a_trusted_proxy() {
    let check = |networks: &'static [&'static str], expected: &str| {
        let trust = move |layer: AuditLayer| {
            let networks = networks.iter().map(|network| network.parse().unwrap());
            layer.trusted_proxies(ForwardedBy::XForwardedFor, networks)
        };
        let entry =
            entry(trust, "/", &[("x-forwarded-for", b"6.6.6.6, 192.0.2.7"), ("forwarded", b"for=6.6.6.6")]);
        let request = entry.request.unwrap();
        assert_eq!(request.peer_ip.as_deref(), Some("10.0.0.1"));
        assert_eq!(request.client_ip.as_deref(), Some(expected), "{networks:?}");
    };
    check(&[], "10.0.0.1");
    check(&["10.0.0.2"], "10.0.0.1");
    check(&["10.0.0.0/8"], "192.0.2.7");
    let request = entry(|layer| layer, "/", &[("x-forwarded-for", b"6.6.6.6")]).request.unwrap();
    assert_eq!(request.client_ip.as_deref(), Some("10.0.0.1"), "no header is believed unless asked for");
}

#[test]
fn the_peer_is_found_where_the_server_puts_it() {
    #[derive(Clone)]
    struct Info(Option<IpAddr>);
    for (info, expected) in [(Some([192, 0, 2, 1].into()), Some("192.0.2.1")), (None, None)] {
        let (log, layer) = in_memory();
        let mut request = get("/");
        request.extensions_mut().insert(Info(info));
        exchange(&layer.peer_from(|info: &Info| info.0), request, |_| respond(200, Scripted::whole("")))
            .1
            .unwrap();
        assert_eq!(only(&log).request.unwrap().peer_ip.as_deref(), expected);
    }
}

#[test]
fn trace_context_and_request_id_are_taken_over() {
    let trace = b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let entry = entry(|layer| layer, "/", &[("traceparent", trace), ("x-request-id", b"req-1")]);
    let trace = entry.trace.unwrap();
    assert_eq!(trace.trace_id.as_deref(), Some("0af7651916cd43dd8448eb211c80319c"));
    assert_eq!(trace.span_id.as_deref(), Some("b7ad6b7169203331"));
    assert_eq!(entry.correlation_id.as_deref(), Some("req-1"));
    assert_eq!(entry.request.unwrap().id.as_deref(), Some("req-1"));
}

#[test]
fn an_invalid_trace_context_is_as_if_it_were_not_there() {
    let trace = b"00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01";
    assert_eq!(entry(|layer| layer, "/", &[("traceparent", trace)]).trace, None);
}

#[test]
fn a_request_id_that_an_inner_layer_makes_is_found_in_the_response() {
    let (log, layer) = in_memory();
    exchange(&layer, get("/"), |_| {
        let mut response = respond(200, Scripted::whole("x"));
        response.headers_mut().insert("x-request-id", HeaderValue::from_static("made"));
        response
    })
    .1
    .unwrap();
    assert_eq!(only(&log).correlation_id.as_deref(), Some("made"));
}

#[test]
fn only_listed_headers_are_recorded_and_secrets_never() {
    let headers: [(&'static str, &[u8]); 5] = [
        ("authorization", b"Bearer hunter2"),
        ("cookie", b"sid=hunter2"),
        ("x-api-key", b"hunter2"),
        ("referer", b"https://example.org"),
        ("accept", b"text/html"),
    ];
    let all =
        |layer: AuditLayer| layer.headers([AUTHORIZATION, COOKIE, REFERER, "x-api-key".parse().unwrap()]);
    let listed = entry(all, "/", &headers);
    assert_eq!(
        listed.detail.as_ref().unwrap()["http"]["headers"],
        serde_json::json!({"referer": "https://example.org"})
    );
    assert!(!text(&listed).contains("hunter2"));
    assert!(!text(&entry(|layer| layer, "/", &headers)).contains("example.org"));
    let (log, layer) = in_memory();
    let mut request = get("/");
    let mut value = HeaderValue::from_static("hunter2");
    value.set_sensitive(true);
    request.headers_mut().insert(REFERER, value);
    exchange(&layer.headers([REFERER]), request, |_| respond(200, Scripted::whole("x"))).1.unwrap();
    assert!(!text(&only(&log)).contains("hunter2"), "marked as sensitive by a layer outside");
}

#[test]
fn secrets_of_the_query_are_removed_and_the_entry_says_so() {
    let entry_of =
        |query: Query| entry(move |layer| layer.query(query.clone()), "/a?page=2&token=hunter2", &[]);
    let redacted = entry_of(Query::default());
    assert_eq!(redacted.detail.as_ref().unwrap()["http"]["query"], "page=2&token=[redacted]");
    assert_eq!(redacted.redactions[0].path, "/detail/http/query");
    let left_out = entry_of(Query::LeftOut);
    assert!(!text(&left_out).contains("page"), "{left_out:?}");
    assert_eq!(left_out.action, "GET /a");
}

#[test]
fn every_text_of_a_client_is_cut_and_the_entry_says_so() {
    let long = "a".repeat(30_000);
    let quotes = "\"".repeat(30_000);
    let path = format!("/{long}?{quotes}").replace('"', "'");
    let layer = |layer: AuditLayer| {
        let names = (0..40).map(|number| format!("x-{number}").parse().unwrap());
        layer.headers(names).principal_of(|_| Some("p".repeat(30_000)))
    };
    let names: Vec<&'static str> = vec![
        "x-0", "x-1", "x-2", "x-3", "x-4", "x-5", "x-6", "x-7", "x-8", "x-9", "x-10", "x-11", "x-12", "x-13",
        "x-14", "x-15", "x-16",
    ];
    let mut headers: Vec<(&'static str, &[u8])> =
        names.iter().map(|name| (*name, quotes.as_bytes())).collect();
    headers.extend([("user-agent", quotes.as_bytes()), ("x-request-id", quotes.as_bytes())]);
    let entry = entry(layer, &path, &headers);
    let line = text(&entry);
    assert!(line.len() < 33_000, "{} bytes", line.len());
    let cut: Vec<_> = entry.truncated.iter().map(|cut| cut.path.as_str()).collect();
    for path in
        ["/action", "/principal", "/request/path", "/request/id", "/request/user_agent", "/detail/http/query"]
    {
        assert!(cut.contains(&path), "{path} of {cut:?}");
    }
    assert!(entry.truncated.iter().all(|cut| cut.size >= Some(30_000)), "sizes are those before");
    assert!(!line.contains("x-16"), "16 headers at most");
}

#[test]
fn control_characters_never_steer() {
    let headers: [(&'static str, &[u8]); 2] =
        [("user-agent", b"a\tb\xc2\x9b31m\xe2\x80\xae"), ("x-request-id", b"\xff\xfe")];
    let entry = entry(|layer| layer, "/", &headers);
    let request = entry.request.unwrap();
    assert_eq!(request.user_agent.as_deref(), Some("a\u{fffd}b\u{fffd}31m\u{fffd}"));
    assert_eq!(request.id.as_deref(), Some("\u{fffd}\u{fffd}"));
}

#[test]
fn an_entry_that_is_too_long_is_stored_without_what_was_added() {
    let (log, layer) = in_memory();
    exchange(&layer, get("/"), |request: Asked| {
        let audit = request.extensions().get::<AuditContext>().unwrap();
        audit.set_principal("alice");
        for number in 0..200 {
            audit.set_detail(format!("part {number}"), "x".repeat(8000));
        }
        respond(200, Scripted::whole("x"))
    })
    .1
    .unwrap();
    let entry = only(&log);
    assert_eq!(entry.principal.as_deref(), Some("alice"));
    let left_out = entry.detail.as_ref().unwrap()["left_out"].as_str().unwrap();
    assert!(left_out.contains("too long"), "{left_out}");
    assert_eq!(entry.truncated.last().unwrap().path, "/detail");
}
