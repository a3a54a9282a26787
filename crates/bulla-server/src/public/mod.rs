//! The log as others check it: the C2SP tile format (<https://c2sp.org/tlog-tiles>), and `log.json` with the key.
//!
//! Only what a published checkpoint covers is ever served, so whoever gets a tile can get a checkpoint that signs it.
//! Payloads are no part of the format: entries hold their digests.

mod bundle;
pub(crate) mod encoding;
mod hashes;
mod published;

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use bulla_proof::{TileId, TileKind};
use utoipa::OpenApi;

use crate::problem::{Code, Problem};
use crate::state::Shared;
use encoding::takes;

pub(crate) use published::Published;

/// A checkpoint is new every second; nobody should see one for much longer.
const CHECKPOINT_AGE: &str = "max-age=1";
/// A tile never changes: the log only grows, and a wider tile has another path.
const TILE_AGE: &str = "max-age=31536000, immutable";

/// Describes a route with a wildcard, which its router cannot do.
#[derive(OpenApi)]
#[openapi(paths(hashes))]
pub(crate) struct DescribedHashes;

/// As [`DescribedHashes`].
#[derive(OpenApi)]
#[openapi(paths(entries))]
pub(crate) struct DescribedEntries;

/// Which log this is, and the key by which its checkpoints are checked.
#[utoipa::path(get, path = "/log.json", tag = "public format", responses(
    (status = 200, description = "Origin, verifier key and format of the log", content_type = "application/json")))]
pub(crate) async fn identity(State(shared): State<Arc<Shared>>) -> Response {
    let body = serde_json::to_vec(shared.reader.identity()).expect("an identity is JSON");
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/json")),
        (header::CACHE_CONTROL, cache_control(&shared, "max-age=60")),
    ];
    (headers, body).into_response()
}

/// The newest published checkpoint: a signed note.
#[utoipa::path(get, path = "/checkpoint", tag = "public format", responses(
    (status = 200, description = "A signed note (c2sp.org/tlog-checkpoint)", content_type = "text/plain; charset=utf-8"),
    (status = 304, description = "It is still the one that `If-None-Match` names"),
    (status = 404, description = "None is published yet")))]
pub(crate) async fn checkpoint(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let newest = Published::newest(&shared).await?.ok_or_else(|| {
        Problem::new(
            Code::NotFound,
            "no checkpoint is published yet; one is within the publish interval after an entry",
        )
    })?;
    let caching = [
        (header::CACHE_CONTROL, cache_control(&shared, CHECKPOINT_AGE)),
        (header::ETAG, newest.etag.clone()),
    ];
    if names_etag(&headers, &newest.etag) {
        return Ok((StatusCode::NOT_MODIFIED, caching).into_response());
    }
    let kind = [(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"))];
    Ok((kind, caching, newest.note.clone()).into_response())
}

/// Hashes of one row of the tree: 32 bytes each, 256 of them, or as many as the path's width says.
#[utoipa::path(get, path = "/tile/{level}/{index}", tag = "public format",
    params(("level" = u8, Path, description = "0 to 63"),
        ("index" = String, Path, description = "In groups of three digits, as `x001/x234/067`, with `.p/<width>` behind it when partial")),
    responses((status = 200, description = "The hashes", content_type = "application/octet-stream"),
        (status = 404, description = "No published checkpoint has such a tile")))]
pub(crate) async fn hashes(State(shared): State<Arc<Shared>>, uri: Uri) -> Result<Response, Problem> {
    let tile = covered_tile(&shared, &uri).await?;
    let reader = shared.reader.clone();
    let body = off_the_loop(&shared, move || hashes::read(&reader, tile)).await?;
    Ok((tile_headers(&shared), body).into_response())
}

/// Entries, each behind its length (16 bits, big-endian): 256 of them, or as many as the path's width says.
#[utoipa::path(get, path = "/tile/entries/{index}", tag = "public format",
    params(("index" = String, Path, description = "In groups of three digits, as `x001/x234/067`, with `.p/<width>` behind it when partial")),
    responses((status = 200, description = "The entries", content_type = "application/octet-stream"),
        (status = 404, description = "No published checkpoint has such a tile")))]
pub(crate) async fn entries(
    State(shared): State<Arc<Shared>>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let tile = covered_tile(&shared, &uri).await?;
    let reader = shared.reader.clone();
    let is_gzip = takes(&headers, "gzip");
    let body = off_the_loop(&shared, move || {
        let bundle = bundle::read(&reader, tile)?;
        Ok(if is_gzip { encoding::gzip(&bundle) } else { bundle })
    })
    .await?;
    let vary = (header::VARY, HeaderValue::from_static("accept-encoding"));
    let mut response = (tile_headers(&shared), [vary], body).into_response();
    if is_gzip {
        response.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    Ok(response)
}

/// The tile that the path names, in the one form that it has, if a published checkpoint covers it.
async fn covered_tile(shared: &Arc<Shared>, uri: &Uri) -> Result<TileId, Problem> {
    let not_found = |detail: String| Problem::new(Code::TileNotFound, detail);
    let path = uri.path().strip_prefix('/').unwrap_or_default();
    let tile: TileId = path.parse().map_err(|error| not_found(format!("{path}: {error}")))?;
    // Each kind of tile has its own route, and may need another scope.
    debug_assert_eq!(tile.kind() == TileKind::Entries, path.starts_with("tile/entries/"));
    if Published::covers(shared, tile).await? {
        Ok(tile)
    } else {
        Err(not_found(format!("no published checkpoint has {tile}: /checkpoint says how large the log is")))
    }
}

/// Runs what reads files where it holds up nobody else, and a few at once: anyone may ask, and recording goes before.
async fn off_the_loop<T: Send + 'static>(
    shared: &Shared,
    read: impl FnOnce() -> Result<T, Problem> + Send + 'static,
) -> Result<T, Problem> {
    let ended =
        |error: &dyn std::fmt::Display| Problem::new(Code::ReadFailed, format!("the reading ended: {error}"));
    let _place = shared.published.reads.acquire().await.map_err(|error| ended(&error))?;
    tokio::task::spawn_blocking(read).await.map_err(|error| ended(&error))?
}

fn tile_headers(shared: &Shared) -> [(header::HeaderName, HeaderValue); 2] {
    [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/octet-stream")),
        (header::CACHE_CONTROL, cache_control(shared, TILE_AGE)),
    ]
}

/// Caches between us and the reader may keep only what anyone may read.
fn cache_control(shared: &Shared, age: &str) -> HeaderValue {
    let whose = if shared.settings.public { "public" } else { "private" };
    HeaderValue::from_str(&format!("{whose}, {age}")).expect("it is ASCII")
}

/// Whether `If-None-Match` has the tag.
pub(crate) fn names_etag(headers: &HeaderMap, etag: &HeaderValue) -> bool {
    let given = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    given.flat_map(|list| list.split(',')).map(str::trim).any(|given| {
        // Caches may weaken what they compress; reading compares weakly (RFC 9110 §13.1.2).
        given == "*" || given.trim_start_matches("W/").as_bytes() == etag.as_bytes()
    })
}
