//! The viewer as it is served, with one embedded or without: both are builds that people have.

use axum::body::Body;

use crate::server::{Answer, TestServer};

async fn anonymous(server: &TestServer, path: &str) -> Answer {
    server.send(server.anonymous("GET", path).body(Body::empty()).unwrap()).await
}

/// Whether the build under test has a viewer: then anyone gets its page, which holds nothing of the log.
fn is_embedded(page: &Answer) -> bool {
    page.text().contains("<script")
}

#[tokio::test]
async fn the_page_is_the_viewer_or_says_how_to_get_it() {
    let server = TestServer::start().await;
    let page = server.get("/").await;
    assert_eq!(
        (page.status.as_u16(), &page.headers["content-type"]),
        (200, &"text/html; charset=utf-8".parse().unwrap())
    );
    let stranger = anonymous(&server, "/").await;
    if is_embedded(&page) {
        assert_eq!(stranger.body, page.body, "it holds nothing of the log");
        assert_eq!(page.headers["cache-control"], "no-cache");
        let policy = page.headers["content-security-policy"].to_str().unwrap();
        for rule in ["script-src 'self'", "style-src 'self'", "worker-src 'self'", "frame-ancestors 'none'"] {
            assert!(policy.contains(rule), "{policy}");
        }
    } else {
        assert!(page.text().contains("BULLA_UI=require"), "{}", page.text());
        assert_eq!(
            (stranger.status.as_u16(), &stranger.headers["location"]),
            (303, &"/login".parse().unwrap())
        );
    }
    server.stop().await;
}

#[tokio::test]
async fn every_file_that_the_page_loads_is_there_and_kept_for_ever() {
    let server = TestServer::start().await;
    let page = server.get("/").await;
    let text = page.text();
    let names = text.split('"').filter_map(|part| part.strip_prefix("./").or(part.strip_prefix('/')));
    let assets: Vec<_> = names.filter(|name| name.starts_with("assets/")).collect();
    assert_eq!(assets.is_empty(), !is_embedded(&page), "{text}");
    for name in assets {
        let file = anonymous(&server, &format!("/{name}")).await;
        assert_eq!(file.status, 200, "{name}");
        assert_eq!(file.headers["cache-control"], "public, max-age=31536000, immutable", "{name}");
        assert_eq!(file.headers["x-content-type-options"], "nosniff", "{name}");
        // A worker of the page may ask the server for tiles: what it may do is in the answer with its script.
        assert_eq!(
            file.headers["content-security-policy"], page.headers["content-security-policy"],
            "{name}"
        );
    }
    assert_eq!(anonymous(&server, "/assets/nothing.js").await.code(), "unauthenticated");
    server.stop().await;
}

#[tokio::test]
async fn the_offline_page_may_run_its_own_script_and_nothing_else() {
    let server = TestServer::start().await;
    let page = anonymous(&server, "/verify.html").await;
    if page.status == 200 {
        let policy = page.headers["content-security-policy"].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'; script-src 'sha256-"), "{policy}");
        assert!(policy.ends_with("; frame-ancestors 'none'") && !policy.contains("unsafe"), "{policy}");
        let published = anonymous(&server, "/verify.html.sha256").await.text();
        assert_eq!(published, format!("{}  verify.html\n", sha256_hex(&page.body)));
    } else {
        assert_eq!(page.code(), "unauthenticated");
    }
    server.stop().await;
}

#[tokio::test]
async fn a_place_in_the_path_leads_to_the_page() {
    let server = TestServer::start().await;
    for (path, place) in [
        ("/entries/41", "/#/entries/41"),
        ("/sessions?q=a", "/#/sessions?q=a"),
        ("/integrity", "/#/integrity"),
    ] {
        let answer = anonymous(&server, path).await;
        assert_eq!((answer.status.as_u16(), answer.headers["location"].to_str().unwrap()), (307, place));
    }
    server.stop().await;
}

fn sha256_hex(bytes: &[u8]) -> String {
    use sha2::Digest;
    sha2::Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
