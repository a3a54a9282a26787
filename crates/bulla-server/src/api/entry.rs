//! One entry: its stored bytes, and the proof that it is in the log.

use std::sync::Arc;
use std::time::Instant;

use axum::extract::{Extension, State};
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use bulla::StoredEntry;
use bulla_search::AskError;

use super::params::Parts;
use crate::access::caller::{Caller, cut};
use crate::api::views::Kind;
use crate::problem::{Code, Problem, ProblemBody};
use crate::state::Shared;

/// The leaf hash of the entry in the answer, base64.
const LEAF_HASH: HeaderName = HeaderName::from_static("bulla-leaf-hash");
/// The number of the entry in the answer.
const SEQ: HeaderName = HeaderName::from_static("bulla-seq");

/// One entry: exactly the bytes that are stored and hashed, without a newline.
#[utoipa::path(get, path = "/v1/entries/{name}", operation_id = "show_entry", tag = "entries", params(("name" = String, Path, description = "The entry's number, or its id")), responses(
    (status = 200, description = "The stored bytes; `Bulla-Leaf-Hash` is their leaf hash (RFC 6962)", body = serde_json::Value),
    (status = "4XX", description = "There is no such entry, or the caller may not read", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn show(
    State(shared): State<Arc<Shared>>,
    Extension(caller): Extension<Caller>,
    Parts(name): Parts<String>,
) -> Result<Response, Problem> {
    let entry = find(&shared, &name).await?;
    shared.views.opened(&caller, Kind::Entry, &name, Instant::now());
    let hash = entry.leaf_hash().to_base64();
    // A number or id names one entry for ever, but who may read it can change.
    let headers = [
        (header::CONTENT_TYPE, value("application/json")),
        (header::CACHE_CONTROL, value("private, no-cache")),
        (header::ETAG, value(&format!("\"{hash}\""))),
        (SEQ, HeaderValue::from(entry.seq().get())),
        (LEAF_HASH, value(&hash)),
    ];
    Ok((headers, entry.into_line()).into_response())
}

/// The proof that an entry is in the newest checkpoint: a `.tlog-proof` file (c2sp.org/tlog-proof). Waits for the next
/// checkpoint when none covers the entry yet.
#[utoipa::path(get, path = "/v1/entries/{name}/proof", operation_id = "prove_entry", tag = "entries", params(("name" = String, Path, description = "The entry's number, or its id")), responses(
    (status = 200, description = "The proof", body = String, content_type = "text/plain"),
    (status = "4XX", description = "There is no such entry, or the caller may not verify", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn proof(
    State(shared): State<Arc<Shared>>,
    Parts(name): Parts<String>,
) -> Result<Response, Problem> {
    let seq = match name.parse::<u64>() {
        Ok(seq) => seq,
        Err(_) => find(&shared, &name).await?.seq().get(),
    };
    let proof = shared.log.prove(seq).await?;
    let headers = [
        (header::CONTENT_TYPE, value("text/plain; charset=utf-8")),
        (header::CACHE_CONTROL, value("no-store")),
        (SEQ, HeaderValue::from(seq)),
    ];
    Ok((headers, proof.to_string()).into_response())
}

fn value(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).expect("it is visible ASCII")
}

/// The entry with that number, or the newest with that id.
pub(crate) async fn find(shared: &Arc<Shared>, name: &str) -> Result<StoredEntry, Problem> {
    let (shared, name) = (shared.clone(), name.to_owned());
    let seq = name.parse::<u64>().ok();
    let place = if seq.is_none() { Some(shared.place_to_search().await?) } else { None };
    let found = tokio::task::spawn_blocking(move || {
        let _place = place;
        let found = match seq {
            Some(seq) => shared.reader.get(seq)?,
            None => shared.search.now()?.find(&name)?,
        };
        Ok::<_, AskError>(found.ok_or(name))
    });
    match found.await.map_err(|error| Problem::new(Code::ReadFailed, error.to_string()))?? {
        Ok(entry) => Ok(entry),
        Err(name) => {
            let name = cut(&name, 256);
            Err(Problem::new(
                Code::EntryNotFound,
                format!("there is no entry with the number or id `{name}`"),
            ))
        }
    }
}
