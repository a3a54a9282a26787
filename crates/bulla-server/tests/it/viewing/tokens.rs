//! Tokens made, listed and revoked over HTTP: by admins only, from this server's pages only, and on the record.

use axum::body::Body;
use bulla::{LogReader, StoredEntry};
use bulla_server::{Scope, Tokens};
use serde_json::{Value, json};

use crate::server::{Answer, TestServer};

/// A server with an admin, and the admin's token.
async fn administered() -> (TestServer, String) {
    let server = TestServer::start().await;
    let token = server.new_token("boss", &[Scope::Admin]);
    (server, token)
}

async fn ask(server: &TestServer, token: &str, method: &str, path: &str, body: &str) -> Answer {
    let request = server.anonymous(method, path).header("authorization", format!("Bearer {token}"));
    let request = request.header("content-type", "application/json");
    server.send(request.body(Body::from(body.to_owned())).unwrap()).await
}

async fn create(server: &TestServer, token: &str, new: Value) -> Answer {
    ask(server, token, "POST", "/v1/tokens", &new.to_string()).await
}

async fn listed(server: &TestServer, token: &str) -> Vec<Value> {
    let answer = ask(server, token, "GET", "/v1/tokens", "").await;
    answer.json()["tokens"].as_array().unwrap().clone()
}

fn entries_about(reader: &LogReader, token: &str) -> Vec<StoredEntry> {
    let query = format!("category:config detail.token:{token}").parse().unwrap();
    reader.filter(query, 0..u64::MAX).map(Result::unwrap).collect()
}

#[tokio::test]
async fn a_token_is_made_used_and_revoked_and_the_record_says_by_whom() {
    let (server, boss) = administered().await;
    let new = json!({"name": "app", "scopes": ["write", "read"], "expires_at": "2999-01-01T00:00:00Z"});
    let answer = create(&server, &boss, new).await;
    let made = answer.json();
    assert_eq!(
        (answer.status.as_u16(), &answer.headers["cache-control"]),
        (201, &"no-store".parse().unwrap())
    );
    let secret = made["token"].as_str().unwrap();
    assert!(secret.starts_with("bulla_"), "{made}");
    let kept = json!({
        "name": "app", "source": "app", "scopes": ["write", "read"], "fingerprint": made["fingerprint"],
        "created_at": made["created_at"], "expires_at": "2999-01-01T00:00:00Z", "is_valid": true,
    });
    assert_eq!(listed(&server, &boss).await.last(), Some(&kept));
    assert_eq!(ask(&server, secret, "GET", "/v1/status", "").await.status, 200);

    let path = format!("/v1/tokens/{}", made["fingerprint"].as_str().unwrap());
    let revoked = ask(&server, &boss, "DELETE", &path, "").await;
    assert_eq!((revoked.status.as_u16(), &revoked.json()["is_valid"]), (200, &json!(false)));
    assert_eq!(listed(&server, &boss).await.last(), Some(&revoked.json()));
    assert_eq!(ask(&server, secret, "GET", "/v1/status", "").await.code(), "unauthenticated");
    assert_eq!(ask(&server, &boss, "DELETE", &path, "").await.code(), "token_not_found", "only once");

    let (log, secret) = (server.log(), secret.to_owned());
    server
        .stop_keeping_folder(|| {
            let about = entries_about(&LogReader::open(&log).unwrap(), "app");
            let told: Vec<_> = about
                .iter()
                .map(|stored| {
                    let entry = stored.entry().unwrap();
                    assert!(!String::from_utf8_lossy(stored.line()).contains(&secret));
                    let actor = entry.actor.unwrap().credential.unwrap().kind.unwrap();
                    (entry.event_name.unwrap(), entry.principal.unwrap(), actor, entry.detail.unwrap())
                })
                .collect();
            let detail = json!({
                "token": "app", "source": "app", "scopes": ["write", "read"],
                "fingerprint": made["fingerprint"], "expires_at": "2999-01-01T00:00:00Z",
            });
            let expected = ["token.created", "token.revoked"]
                .map(|name| (name.to_owned(), "boss".to_owned(), "bearer_token".to_owned(), detail.clone()));
            assert_eq!(told, expected);
        })
        .await;
}

#[tokio::test]
async fn what_cannot_be_a_token_is_refused_and_nothing_is_made() {
    let (server, boss) = administered().await;
    let before = listed(&server, &boss).await;
    let fine = || json!({"name": "x", "scopes": ["read"]});
    let with = |key: &str, value: Value| {
        let mut body = fine();
        body[key] = value;
        body.to_string()
    };
    for (body, status, code) in [
        (String::new(), 400, "malformed_body"),
        ("{".to_owned(), 400, "malformed_body"),
        ("[]".to_owned(), 400, "malformed_body"),
        (r#"{"scopes":["read"]}"#.to_owned(), 400, "malformed_body"),
        (r#"{"name":"x"}"#.to_owned(), 400, "malformed_body"),
        (r#"{"name":"x","name":"y","scopes":["read"]}"#.to_owned(), 400, "malformed_body"),
        (with("scopes", json!(["root"])), 400, "malformed_body"),
        (with("scopes", json!("read")), 400, "malformed_body"),
        (with("sha256", json!("00")), 400, "malformed_body"),
        (with("scopes", json!([])), 422, "token_rejected"),
        (with("name", json!("")), 422, "token_rejected"),
        (with("name", json!("../../log.key")), 422, "token_rejected"),
        (with("name", json!("a\u{0}b")), 422, "token_rejected"),
        (with("name", json!("<b>")), 422, "token_rejected"),
        (with("name", json!("n".repeat(65))), 422, "token_rejected"),
        (with("source", json!("a b")), 422, "token_rejected"),
        (with("expires_at", json!("tomorrow")), 422, "token_rejected"),
        (with("expires_at", json!("2001-01-01T00:00:00Z")), 422, "token_rejected"),
        (with("expires_at", json!("99999999-01-01T00:00:00Z")), 422, "token_rejected"),
        (with("name", json!("boss")), 409, "token_name_taken"),
        (with("name", json!("n".repeat(20_000))), 413, "payload_too_large"),
    ] {
        let answer = ask(&server, &boss, "POST", "/v1/tokens", &body).await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (status, code), "{body:.100}");
    }
    for media in ["text/plain", "application/x-www-form-urlencoded", ""] {
        let request =
            server.anonymous("POST", "/v1/tokens").header("authorization", format!("Bearer {boss}"));
        let request = request.header("content-type", media).body(Body::from(fine().to_string()));
        assert_eq!(server.send(request.unwrap()).await.code(), "unsupported_media_type", "{media}");
    }
    for (fingerprint, status, code) in [
        ("000000000000", 404, "token_not_found"),
        ("boss", 404, "token_not_found"),
        ("%00", 404, "token_not_found"),
        ("..%2ftokens.json", 404, "token_not_found"),
        (&"9".repeat(4000), 404, "token_not_found"),
        ("%ff", 400, "bad_request"),
        ("", 404, "not_found"),
    ] {
        let answer = ask(&server, &boss, "DELETE", &format!("/v1/tokens/{fingerprint}"), "").await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (status, code), "{fingerprint:.100}");
    }
    assert_eq!(listed(&server, &boss).await, before);
    server.stop().await;
}

#[tokio::test]
async fn a_page_of_another_site_makes_and_revokes_nothing_with_a_login() {
    let server = TestServer::start().await;
    let cookie = server.log_in().await;
    let send = async |method: &str, path: &str, site: Option<&str>, body: &str| {
        let mut request = server.anonymous(method, path).header("cookie", &cookie);
        if let Some(site) = site {
            request = request.header("sec-fetch-site", site);
        }
        let request = request.header("content-type", "application/json");
        server.send(request.body(Body::from(body.to_owned())).unwrap()).await
    };
    let new = json!({"name": "app", "scopes": ["read"]}).to_string();
    for site in [Some("cross-site"), Some("same-site"), Some("none"), None] {
        assert_eq!(send("POST", "/v1/tokens", site, &new).await.code(), "cross_origin", "{site:?}");
    }
    // The printed link is for whoever started the server: it makes an admin.
    let made = send("POST", "/v1/tokens", Some("same-origin"), &new).await;
    assert_eq!(made.status, 201, "{}", made.text());
    let path = format!("/v1/tokens/{}", made.json()["fingerprint"].as_str().unwrap());
    assert_eq!(send("DELETE", &path, Some("cross-site"), "").await.code(), "cross_origin");
    let listed = send("GET", "/v1/tokens", None, "").await.json();
    assert_eq!(listed["tokens"][1]["is_valid"], true, "{listed}");
    assert_eq!(send("DELETE", &path, Some("same-origin"), "").await.status, 200);
    let seen = server.get("/v1/entries?q=event_name:token.revoked").await.json();
    assert_eq!(seen["entries"][0]["principal"], "local-operator");
    assert_eq!(seen["entries"][0]["actor"]["credential"]["type"], "session");
    server.stop().await;
}

#[tokio::test]
async fn tokens_that_cannot_be_read_are_told_to_an_admin_and_not_replaced() {
    let server = TestServer::start().await;
    let cookie = server.log_in().await;
    let file = server.log().join("server/tokens.json");
    std::fs::write(&file, "{").unwrap();
    for (method, path) in
        [("GET", "/v1/tokens"), ("POST", "/v1/tokens"), ("DELETE", "/v1/tokens/000000000000")]
    {
        let request = server.anonymous(method, path).header("cookie", &cookie);
        let request =
            request.header("sec-fetch-site", "same-origin").header("content-type", "application/json");
        let body = json!({"name": "app", "scopes": ["read"]}).to_string();
        let answer = server.send(request.body(Body::from(body)).unwrap()).await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (500, "tokens_failed"), "{method}");
    }
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "{");
    server.stop().await;
}

#[tokio::test]
async fn an_admin_who_revokes_the_own_token_is_out() {
    let (server, boss) = administered().await;
    let tokens = Tokens::of(&server.log()).list().unwrap();
    let own = tokens.iter().find(|token| token.name == "boss").unwrap().fingerprint().to_owned();
    assert_eq!(ask(&server, &boss, "DELETE", &format!("/v1/tokens/{own}"), "").await.status, 200);
    assert_eq!(ask(&server, &boss, "GET", "/v1/tokens", "").await.code(), "unauthenticated");
    server.stop().await;
}
