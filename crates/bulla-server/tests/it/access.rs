//! Who may do what: nobody without a credential, each credential what its scopes say, and every refusal on the record.

use axum::body::Body;
use axum::http::header;
use bulla::LogReader;
use bulla_server::{Scope, Tokens};

use crate::server::{TestServer, record};

/// Every route with what it needs.
const ROUTES: [(&str, &str, Scope); 13] = [
    ("POST", "/v1/entries", Scope::Write),
    ("GET", "/v1/entries", Scope::Read),
    ("GET", "/v1/entries/0", Scope::Read),
    ("GET", "/v1/entries/0/proof", Scope::Verify),
    ("GET", "/v1/tail?from=0", Scope::Read),
    ("GET", "/v1/status", Scope::Read),
    ("GET", "/v1/audit", Scope::Read),
    ("GET", "/v1/entries/0/payloads/0", Scope::Read),
    ("GET", "/v1/checkpoints", Scope::Read),
    ("GET", "/v1/tokens", Scope::Admin),
    ("POST", "/v1/tokens", Scope::Admin),
    ("DELETE", "/v1/tokens/000000000000", Scope::Admin),
    ("GET", "/v1/settings", Scope::Admin),
];

#[tokio::test]
async fn without_a_credential_nothing_answers_but_what_is_documented() {
    let server = TestServer::start().await;
    for (method, path, _) in ROUTES {
        let answer = server.send(server.anonymous(method, path).body(Body::empty()).unwrap()).await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (401, "unauthenticated"), "{path}");
        assert_eq!(answer.headers[header::WWW_AUTHENTICATE], "Bearer realm=\"bulla\"");
        for wrong in ["Bearer bulla_wrong", "Basic YTpi", "bulla_x", "Bearer "] {
            let request = server.anonymous(method, path).header("authorization", wrong);
            assert_eq!(server.send(request.body(Body::empty()).unwrap()).await.code(), "unauthenticated");
        }
    }
    for (path, status) in [("/login", 200), ("/openapi.json", 200), ("/nowhere", 401)] {
        let answer = server.send(server.anonymous("GET", path).body(Body::empty()).unwrap()).await;
        assert_eq!(answer.status, status, "{path}");
    }
    server.stop().await;
}

#[tokio::test]
async fn each_scope_opens_its_routes_and_no_others() {
    let server = TestServer::start().await;
    for held in Scope::ALL {
        let token = server.new_token(&format!("only-{held}"), &[held]);
        for (method, path, needed) in ROUTES {
            let request = server.anonymous(method, path).header("authorization", format!("Bearer {token}"));
            let request = request.header("content-type", "application/json");
            let response = server.client.request(request.body(Body::from("{}")).unwrap()).await.unwrap();
            let is_allowed =
                held == needed || held == Scope::Admin || (held, needed) == (Scope::Read, Scope::Verify);
            assert_eq!(
                response.status() != 403,
                is_allowed,
                "{held} at {method} {path}: {}",
                response.status()
            );
        }
    }
    server.stop().await;
}

#[tokio::test]
async fn a_revoked_token_is_refused_at_once_and_its_tail_ends() {
    let server = TestServer::start().await;
    let token = server.new_token("short", &[Scope::Read]);
    let with_token =
        |path: &str| server.anonymous("GET", path).header("authorization", format!("Bearer {token}"));
    let tail = server.client.request(with_token("/v1/tail").body(Body::empty()).unwrap()).await.unwrap();
    assert_eq!(server.send(with_token("/v1/status").body(Body::empty()).unwrap()).await.status, 200);
    Tokens::of(&server.log()).revoke("short", bulla::Timestamp::now()).unwrap();
    assert_eq!(server.send(with_token("/v1/status").body(Body::empty()).unwrap()).await.status, 401);
    server.post_json("/v1/entries", &record("secret to that token")).await;
    let rest = crate::server::read(tail).await.text();
    assert!(rest.contains("event: cut") && !rest.contains("secret"), "{rest}");
    server.stop().await;
}

#[tokio::test]
async fn every_refusal_is_on_the_record_with_who_and_why_and_never_the_credential() {
    let server = TestServer::start().await;
    let weak = server.new_token("weak", &[Scope::Verify]);
    for token in ["bulla_guessed-secret", weak.as_str()] {
        let request = server
            .anonymous("GET", "/v1/entries?q=private")
            .header("authorization", format!("Bearer {token}"));
        server.send(request.header("user-agent", "curl/8").body(Body::empty()).unwrap()).await;
    }
    let log = server.log();
    server
        .stop_keeping_folder(|| {
            let reader = LogReader::open(&log).unwrap();
            let denied: Vec<_> = reader
                .filter("event_name:access.denied".parse().unwrap(), 0..u64::MAX)
                .map(|entry| entry.unwrap())
                .collect();
            let told: Vec<_> = denied
                .iter()
                .map(|entry| {
                    let entry = entry.entry().unwrap();
                    let request = entry.request.unwrap();
                    (
                        entry.principal,
                        entry.reason.unwrap().code.unwrap(),
                        request.status_code.unwrap(),
                        request.path.unwrap(),
                    )
                })
                .collect();
            let path = || "/v1/entries".to_owned();
            assert_eq!(
                told,
                [
                    (None, "unauthenticated".to_owned(), 401, path()),
                    (Some("weak".to_owned()), "forbidden".to_owned(), 403, path()),
                ]
            );
            for entry in denied {
                let line = String::from_utf8_lossy(entry.line()).into_owned();
                assert!(
                    !line.contains("guessed") && !line.contains(&weak) && !line.contains("private"),
                    "{line}"
                );
            }
        })
        .await;
}

#[tokio::test]
async fn a_link_becomes_a_cookie_once_and_pages_of_other_sites_can_do_nothing_with_it() {
    let server = TestServer::start().await;
    let link = server.server.login_link();
    let code = link.split_once("code=").unwrap().1.to_owned();
    let path = link.strip_prefix(&server.server.url()).unwrap().to_owned();
    // Looking at the page uses nothing up.
    for _ in 0..2 {
        let page = server.send(server.anonymous("GET", &path).body(Body::empty()).unwrap()).await;
        assert!(page.text().contains(&code));
    }
    let login = |site: &str| {
        server
            .anonymous("POST", "/login")
            .header("content-type", "application/x-www-form-urlencoded")
            .header("sec-fetch-site", site)
            .body(Body::from(format!("code={code}")))
            .unwrap()
    };
    assert_eq!(server.send(login("cross-site")).await.code(), "cross_origin");
    let answer = server.send(login("same-origin")).await;
    assert_eq!(answer.status, 303, "{}", answer.text());
    let cookie = answer.headers[header::SET_COOKIE].to_str().unwrap().to_owned();
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"), "{cookie}");
    assert_eq!(server.send(login("same-origin")).await.code(), "unauthenticated", "the code is used up");
    let cookie = cookie.split(';').next().unwrap().to_owned();

    let get =
        |path: &str| server.anonymous("GET", path).header("cookie", &cookie).body(Body::empty()).unwrap();
    assert_eq!(server.send(get("/v1/entries")).await.status, 200);
    // What the page verifies with is open to its reader, also when it is not public.
    server.post_json("/v1/entries?wait=published", &record("first")).await;
    for path in ["/log.json", "/checkpoint", "/tile/0/000.p/1", "/tile/entries/000.p/1"] {
        assert_eq!(server.send(get(path)).await.status, 200, "{path}");
        let answer = server.send(server.anonymous("GET", path).body(Body::empty()).unwrap()).await;
        assert_eq!(answer.code(), "unauthenticated", "{path}");
    }
    let post = |site: &str| {
        let request = server.anonymous("POST", "/v1/entries").header("cookie", &cookie);
        let request = request.header("content-type", "application/json").header("sec-fetch-site", site);
        request.body(Body::from(record("by hand").to_string())).unwrap()
    };
    assert_eq!(server.send(post("cross-site")).await.code(), "cross_origin");
    assert_eq!(server.send(post("same-origin")).await.status, 201);
    let logout =
        server.anonymous("POST", "/logout").header("cookie", &cookie).header("sec-fetch-site", "same-origin");
    assert_eq!(server.send(logout.body(Body::empty()).unwrap()).await.status, 303);
    assert_eq!(server.send(get("/v1/entries")).await.code(), "unauthenticated");

    let seen = server.get("/v1/entries?q=event_name:view.opened").await.json();
    assert_eq!(seen["entries"][0]["principal"], "local-operator");
    assert_eq!(seen["entries"].as_array().unwrap().len(), 1, "programs are not people: {seen}");
    server.stop().await;
}

#[tokio::test]
async fn a_login_by_token_ends_when_the_token_is_revoked() {
    let server = TestServer::start().await;
    let token = server.new_token("ann", &[Scope::Read]);
    let request = server
        .anonymous("POST", "/login")
        .header("content-type", "application/x-www-form-urlencoded")
        .header("sec-fetch-site", "same-origin");
    let answer = server.send(request.body(Body::from(format!("token={token}"))).unwrap()).await;
    let cookie = answer.headers[header::SET_COOKIE].to_str().unwrap().split(';').next().unwrap().to_owned();
    let get = || server.anonymous("GET", "/v1/status").header("cookie", &cookie).body(Body::empty()).unwrap();
    assert_eq!(server.send(get()).await.status, 200);
    Tokens::of(&server.log()).revoke("ann", bulla::Timestamp::now()).unwrap();
    assert_eq!(server.send(get()).await.status, 401);
    server.stop().await;
}

#[tokio::test]
async fn a_credential_that_asks_too_often_is_told_when_to_come_back() {
    let server = TestServer::start_with(|settings| settings.limits.requests_per_second = Some(5)).await;
    let mut answers = Vec::new();
    for _ in 0..20 {
        answers.push(server.get("/v1/status").await);
    }
    let limited: Vec<_> = answers.iter().filter(|answer| answer.status == 429).collect();
    assert!(!limited.is_empty());
    assert_eq!(
        (limited[0].code().as_str(), &limited[0].headers["retry-after"]),
        ("rate_limited", &"1".parse().unwrap())
    );
    server.stop().await;
}

#[tokio::test]
async fn every_answer_carries_headers_that_keep_browsers_from_misusing_it() {
    let server = TestServer::start().await;
    for path in ["/login", "/v1/status", "/nowhere", "/v1/entries/0", "/", "/entries/0"] {
        let headers = server.get(path).await.headers;
        assert_eq!(headers["cross-origin-opener-policy"], "same-origin", "{path}");
        assert_eq!(headers["x-content-type-options"], "nosniff", "{path}");
        assert_eq!(headers["x-frame-options"], "DENY", "{path}");
        let policy = headers["content-security-policy"].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
    }
    server.stop().await;
}

#[tokio::test]
async fn a_client_that_leaves_in_the_middle_of_its_records_leaves_an_entry_with_its_name() {
    use std::io::Write;
    let server = TestServer::start().await;
    let head = format!(
        "POST /v1/entries HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\ncontent-type: application/x-ndjson\r\ncontent-length: 9999\r\n\r\n{}\n{{\"cut",
        server.token,
        record("before it left")
    );
    let mut stream = std::net::TcpStream::connect(server.server.address()).unwrap();
    stream.write_all(head.as_bytes()).unwrap();
    let wanted =
        |query: &'static str| async { server.get(query).await.json()["entries"].as_array().unwrap().clone() };
    while wanted("/v1/entries?q=action:%22before%20it%20left%22").await.is_empty() {}
    drop(stream);
    let entries = loop {
        let found = wanted("/v1/entries?q=event_name:http.request").await;
        if !found.is_empty() {
            break found;
        }
    };
    assert_eq!(entries[0]["principal"], "ci-0");
    assert_eq!(
        (&entries[0]["outcome"], &entries[0]["action"]),
        (&"failure".into(), &"POST /v1/entries".into())
    );
    server.stop().await;
}
