//! The public format: which paths there are, what they answer, and who may ask.

pub(crate) mod served;
mod tiles;

use served::Served;

use bulla_server::Scope;

/// Sizes around every edge of a tile, and beyond.
const SIZES: [u64; 4] = [1, 255, 256, 257];

#[test]
fn before_the_first_checkpoint_there_is_nothing() {
    let served = Served::unpublished();
    for path in ["/checkpoint", "/tile/0/000.p/1", "/tile/0/000", "/tile/entries/000.p/1"] {
        assert_eq!(served.get(path).status, 404, "{path}");
    }
    assert_eq!(served.get("/log.json").status, 200);
}

#[test]
fn every_width_that_a_checkpoint_covers_is_served_and_no_other() {
    for size in SIZES {
        let served = Served::of(size);
        for kind in ["0", "entries"] {
            for width in 0..=300 {
                let path = format!("/tile/{kind}/000.p/{width}");
                let expected = if (1..256).contains(&width) && width <= size { 200 } else { 404 };
                assert_eq!(served.get(&path).status, expected, "{path} at size {size}");
            }
            let full = served.get(&format!("/tile/{kind}/000")).status;
            assert_eq!(full, if size >= 256 { 200 } else { 404 }, "size {size}");
            let next = served.get(&format!("/tile/{kind}/001.p/1")).status;
            assert_eq!(next, if size >= 257 { 200 } else { 404 }, "size {size}");
        }
        let above = served.get("/tile/1/000.p/1").status;
        assert_eq!(above, if size >= 256 { 200 } else { 404 }, "size {size}");
    }
}

#[test]
fn a_path_that_is_not_in_its_one_form_is_not_found() {
    let served = Served::of(257);
    // Who has no name does not learn which other routes there are.
    let bearer = format!("Bearer {}", served.token(Scope::Read));
    for path in [
        "/tile/0/0",
        "/tile/0/00",
        "/tile/0/0000",
        "/tile/00/000",
        "/tile/+0/000",
        "/tile/64/000",
        "/tile/8/000.p/1",
        "/tile/63/000",
        "/tile/-1/000",
        "/tile/0/x000/000",
        "/tile/0/x000/001",
        "/tile/0/000/",
        "/tile//0/000",
        "//tile/0/000",
        "/tile/0/%30%30%30",
        "/tile/0/000.p/01",
        "/tile/0/000.p/256",
        "/tile/0/000.p/+1",
        "/tile/0/000.p/",
        "/tile/0/000.p",
        "/tile/0/000.p/1/2",
        "/tile/0/x999/x999/x999/x999/x999/x999/x999/999",
        "/tile/data/000",
        "/tile/Entries/000",
        "/tile/entries/0",
        "/tile/entries/x000/000",
        "/tile/entries",
        "/tile/0",
        "/tile",
        "/tile/8/0/000",
    ] {
        let answer = served.get_with(path, &[("authorization", &bearer)]);
        assert_eq!(answer.status, 404, "{path}");
        let problem: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
        let code = problem["code"].as_str().unwrap();
        assert!(["tile_not_found", "not_found"].contains(&code), "{path}: {code}");
        assert_eq!(answer.header("content-type"), "application/problem+json", "{path}");
    }
}

#[test]
fn tiles_may_be_kept_for_ever_and_checkpoints_for_a_second() {
    let served = Served::of(257);
    for (path, caching, kind) in [
        ("/checkpoint", "public, max-age=1", "text/plain; charset=utf-8"),
        ("/tile/0/000", "public, max-age=31536000, immutable", "application/octet-stream"),
        ("/tile/0/001.p/1", "public, max-age=31536000, immutable", "application/octet-stream"),
        ("/tile/entries/000", "public, max-age=31536000, immutable", "application/octet-stream"),
        ("/tile/0/002", "no-store", "application/problem+json"),
    ] {
        let answer = served.get(path);
        assert_eq!(answer.header("cache-control"), caching, "{path}");
        assert_eq!(answer.header("content-type"), kind, "{path}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
    }
}

#[test]
fn a_checkpoint_that_is_known_is_not_sent_again() {
    let served = Served::of(1);
    let first = served.get("/checkpoint");
    let etag = first.header("etag");
    for (given, expected) in [
        (etag.as_str(), 304),
        (&format!("W/{etag}"), 304),
        (&format!("\"other\", {etag}"), 304),
        ("*", 304),
        ("\"other\"", 200),
    ] {
        let answer = served.get_with("/checkpoint", &[("if-none-match", given)]);
        assert_eq!(answer.status, expected, "{given}");
        assert_eq!(answer.body.is_empty(), expected == 304, "{given}");
        assert_eq!(answer.header("etag"), etag);
    }
}

#[test]
fn entries_are_compressed_for_those_who_take_it_and_hashes_for_nobody() {
    let served = Served::of(257);
    let plain = served.get("/tile/entries/000");
    assert_eq!(plain.header("content-encoding"), "");
    let (head, small) = served.get_as_sent("/tile/entries/000", "accept-encoding: gzip");
    assert!(head.contains("\r\ncontent-encoding: gzip\r\n"), "{head}");
    assert!(head.contains("\r\nvary: accept-encoding\r\n"), "{head}");
    assert!(head.contains(&format!("\r\ncontent-length: {}\r\n", small.len())), "{head}");
    assert!(small.len() < plain.body.len() / 2, "{} of {}", small.len(), plain.body.len());
    assert_eq!(gunzip(&small), plain.body);
    let (head, hashes) = served.get_as_sent("/tile/0/000", "accept-encoding: gzip");
    assert!(!head.contains("content-encoding"), "{head}");
    assert_eq!(hashes.len(), 8192);
}

#[test]
fn asking_for_the_head_only_tells_the_same_without_the_body() {
    let served = Served::of(257);
    for path in
        ["/checkpoint", "/log.json", "/tile/0/000", "/tile/0/001.p/1", "/tile/entries/000", "/tile/1/000"]
    {
        let (whole, head) = (served.get(path), served.head(path));
        assert_eq!(head.status, whole.status, "{path}");
        assert!(head.body.is_empty(), "{path}");
        for name in ["content-type", "cache-control", "content-length", "etag"] {
            assert_eq!(head.header(name), whole.header(name), "{name} of {path}");
        }
    }
}

#[test]
fn a_log_that_is_not_public_tells_only_those_who_may_know() {
    let served = Served::not_public(257);
    let (verify, read, write) =
        (served.token(Scope::Verify), served.token(Scope::Read), served.token(Scope::Write));
    let status = |path: &str, secret: Option<&str>| {
        let bearer = secret.map(|secret| format!("Bearer {secret}"));
        let headers: Vec<_> = bearer.iter().map(|bearer| ("authorization", bearer.as_str())).collect();
        served.get_with(path, &headers).status
    };
    for path in ["/log.json", "/checkpoint", "/tile/0/000", "/tile/0/000.p/9", "/tile/1/000.p/1"] {
        assert_eq!(status(path, None), 401, "{path}");
        assert_eq!(status(path, Some("bulla_wrong")), 401, "{path}");
        assert_eq!(status(path, Some(&write)), 403, "{path}");
        assert_eq!(status(path, Some(&verify)), 200, "{path}");
        assert_eq!(status(path, Some(&read)), 200, "{path}");
    }
    for path in ["/tile/entries/000", "/tile/entries/000.p/255"] {
        assert_eq!(status(path, None), 401, "{path}");
        assert_eq!(status(path, Some(&verify)), 403, "{path}: entries tell what they say");
        assert_eq!(status(path, Some(&read)), 200, "{path}");
    }
    assert_eq!(status("/tile/0/999", None), 401, "who may not ask does not learn what there is");
    let bearer = format!("Bearer {read}");
    let kept = served.get_with("/tile/0/000", &[("authorization", &bearer)]).header("cache-control");
    assert_eq!(kept, "private, max-age=31536000, immutable");
}

#[test]
fn the_routes_are_described() {
    let served = Served::unpublished();
    let document: serde_json::Value = serde_json::from_slice(&served.get("/openapi.json").body).unwrap();
    for path in ["/checkpoint", "/log.json", "/tile/{level}/{index}", "/tile/entries/{index}"] {
        assert!(document["paths"][path]["get"].is_object(), "{path} is not in {}", document["paths"]);
    }
}

fn gunzip(bytes: &[u8]) -> Vec<u8> {
    let mut plain = Vec::new();
    std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(bytes), &mut plain).unwrap();
    plain
}
