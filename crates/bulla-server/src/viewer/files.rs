//! The files of the viewer as they are served: each with its kind, its tag, and the forms it comes in.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use sha2::{Digest, Sha256};

use crate::hex::hex;
use crate::public::encoding::takes;
use crate::public::names_etag;

/// Path and bytes of what the build script made; nothing when there was no npm.
const EMBEDDED: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/viewer.rs"));

/// Names of these files have a digest of their content in them: what is there never changes.
const HASHED: &str = "assets/";
const FOR_EVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
/// Kept, and asked for each time whether it is still so.
const ASK: HeaderValue = HeaderValue::from_static("no-cache");

/// Forms that a file can lie in, by their endings, the smallest first.
const CODINGS: [(&str, &str); 2] = [("br", "br"), ("gzip", "gz")];

/// All files, by path.
#[derive(Debug, Default)]
pub(super) struct Files(BTreeMap<String, ServedFile>);

/// One file with all its forms.
#[derive(Debug)]
pub(super) struct ServedFile {
    bytes: Bytes,
    /// Coding and bytes, the smallest first.
    packed: Vec<(&'static str, Bytes)>,
    kind: &'static str,
    digest: String,
    caching: HeaderValue,
}

impl Files {
    /// Those that are embedded.
    pub(super) fn embedded() -> &'static Self {
        static FILES: LazyLock<Files> = LazyLock::new(|| {
            Files::of(EMBEDDED.iter().map(|(path, bytes)| ((*path).to_owned(), Bytes::from_static(bytes))))
        });
        &FILES
    }

    /// Files with their packed forms beside them, under the same name and an ending.
    pub(super) fn of(files: impl IntoIterator<Item = (String, Bytes)>) -> Self {
        let mut all: BTreeMap<_, _> = files.into_iter().collect();
        let plain: Vec<_> = all.keys().filter(|path| !is_packed(path)).cloned().collect();
        let files = plain.into_iter().filter_map(|path| {
            let packed = CODINGS
                .into_iter()
                .filter_map(|(coding, ending)| Some((coding, all.remove(&format!("{path}.{ending}"))?)));
            let packed = packed.collect();
            let bytes = all.remove(&path)?;
            Some((path.clone(), ServedFile::new(&path, bytes, packed)))
        });
        Self(files.collect())
    }

    pub(super) fn find(&self, path: &str) -> Option<&ServedFile> {
        self.0.get(path)
    }

    pub(super) fn paths(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

fn is_packed(path: &str) -> bool {
    CODINGS.iter().any(|(_, ending)| path.strip_suffix(ending).is_some_and(|path| path.ends_with('.')))
}

impl ServedFile {
    fn new(path: &str, bytes: Bytes, packed: Vec<(&'static str, Bytes)>) -> Self {
        let digest = hex(&Sha256::digest(&bytes)[..16]);
        let caching = if path.starts_with(HASHED) { FOR_EVER } else { ASK };
        Self { bytes, packed, kind: kind(path), digest, caching }
    }

    /// The file's text, when it is one.
    pub(super) fn text(&self) -> Option<&str> {
        std::str::from_utf8(&self.bytes).ok()
    }

    /// The file, in the smallest form that the reader takes.
    pub(super) fn answer(&self, request: &HeaderMap) -> Response {
        let form = self.packed.iter().find(|(coding, _)| takes(request, coding));
        // Each form is other bytes, so it has another tag (RFC 9110 §8.8.3.3).
        let tag = format!("\"{}{}\"", self.digest, form.map_or("", |(coding, _)| coding));
        let tag = HeaderValue::from_str(&tag).expect("it is ASCII");
        let common = [
            (header::CACHE_CONTROL, self.caching.clone()),
            (header::VARY, HeaderValue::from_static("accept-encoding")),
            (header::ETAG, tag.clone()),
        ];
        if names_etag(request, &tag) {
            return (StatusCode::NOT_MODIFIED, common).into_response();
        }
        let kind = [(header::CONTENT_TYPE, HeaderValue::from_static(self.kind))];
        match form {
            Some((coding, bytes)) => {
                let coding = [(header::CONTENT_ENCODING, HeaderValue::from_static(coding))];
                (common, kind, coding, bytes.clone()).into_response()
            }
            None => (common, kind, self.bytes.clone()).into_response(),
        }
    }
}

/// What a browser is told that a file is. Others are bytes: nothing is guessed, see `nosniff`.
fn kind(path: &str) -> &'static str {
    match path.rsplit_once('.').map(|(_, ending)| ending) {
        Some("html") => "text/html; charset=utf-8",
        Some("js" | "mjs") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("ico") => "image/x-icon",
        Some("woff2") => "font/woff2",
        Some("json" | "map") => "application/json",
        Some("webmanifest") => "application/manifest+json",
        Some("txt" | "sha256") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files() -> Files {
        let files = [
            ("index.html", "<!doctype html>"),
            ("assets/a-1.js", "let a"),
            ("assets/a-1.js.gz", "zipped"),
            ("assets/a-1.js.br", "brotli"),
            ("icon.svg", "<svg/>"),
        ];
        Files::of(files.map(|(path, text)| (path.to_owned(), Bytes::from_static(text.as_bytes()))))
    }

    fn answer(path: &str, headers: &[(&'static str, &str)]) -> Response {
        let mut request = HeaderMap::new();
        for (name, value) in headers {
            request.insert(*name, value.parse().unwrap());
        }
        files().find(path).unwrap().answer(&request)
    }

    async fn body(response: Response) -> Bytes {
        axum::body::to_bytes(response.into_body(), 1024).await.unwrap()
    }

    #[test]
    fn packed_forms_are_no_files_of_their_own() {
        assert_eq!(files().paths().collect::<Vec<_>>(), ["assets/a-1.js", "icon.svg", "index.html"]);
    }

    #[tokio::test]
    async fn the_smallest_form_that_a_reader_takes_is_sent() {
        for (accepted, coding, expected) in [
            ("gzip, br", Some("br"), "brotli"),
            ("gzip", Some("gzip"), "zipped"),
            ("br;q=0, gzip", Some("gzip"), "zipped"),
            ("zstd", None, "let a"),
        ] {
            let response = answer("assets/a-1.js", &[("accept-encoding", accepted)]);
            let sent = response.headers().get("content-encoding").map(|coding| coding.to_str().unwrap());
            assert_eq!(sent, coding, "{accepted}");
            assert_eq!(response.headers()["vary"], "accept-encoding");
            assert_eq!(body(response).await, expected, "{accepted}");
        }
    }

    #[test]
    fn what_has_a_digest_in_its_name_is_kept_for_ever_and_all_else_is_asked_for() {
        for (path, caching, kind) in [
            ("assets/a-1.js", "public, max-age=31536000, immutable", "text/javascript; charset=utf-8"),
            ("index.html", "no-cache", "text/html; charset=utf-8"),
            ("icon.svg", "no-cache", "image/svg+xml"),
        ] {
            let response = answer(path, &[]);
            assert_eq!(response.headers()["cache-control"], caching, "{path}");
            assert_eq!(response.headers()["content-type"], kind, "{path}");
        }
    }

    #[test]
    fn a_form_that_is_known_is_not_sent_again_and_another_form_is() {
        let zipped = answer("assets/a-1.js", &[("accept-encoding", "gzip")]);
        let tag = zipped.headers()["etag"].to_str().unwrap().to_owned();
        for (accepted, expected) in [("gzip", 304), ("br", 200), ("", 200)] {
            let response = answer("assets/a-1.js", &[("accept-encoding", accepted), ("if-none-match", &tag)]);
            assert_eq!(response.status(), expected, "{accepted}");
        }
    }
}
