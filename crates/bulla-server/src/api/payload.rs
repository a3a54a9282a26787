//! `GET /v1/entries/{name}/payloads/{index}`: content that lies beside the log. Whoever wrote it may mean harm, so it
//! is a file to keep, never a page to show; and it may be large, so it goes out a piece at a time.

use std::io;
use std::sync::Arc;
use std::time::Instant;

use axum::body::Body;
use axum::extract::{Extension, State};
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use bulla::entry::Payload;
use bulla::store::StoredPayload;
use bulla::{Filter, ReadError, StoredEntry};
use bytes::Bytes;
use futures_util::stream;

use super::entry::find;
use super::params::Parts;
use super::views::Kind;
use crate::access::caller::{Caller, cut};
use crate::hex::hex;
use crate::problem::{Code, Problem, ProblemBody};
use crate::state::Shared;

/// The salt of the payload in the answer, in hexadecimal: SHA-256 of salt and content is what the entry names.
const SALT: HeaderName = HeaderName::from_static("bulla-payload-salt");
/// Nothing that is in a payload runs or loads anything, whatever a browser makes of it.
const CONTENT_POLICY: &str = "default-src 'none'; frame-ancestors 'none'; sandbox";
/// 256 KiB of content are held at once.
const PIECE: usize = 256 << 10;
/// 100 bytes of a name.
const NAME_BYTES_MAX: usize = 100;

/// The content of one payload of an entry, as it is stored, at most 64 MiB. It is checked against the digest that the
/// entry names before any of it is sent. Its media type is in the entry; the answer's is always the same.
#[utoipa::path(get, path = "/v1/entries/{name}/payloads/{index}", operation_id = "show_payload", tag = "entries",
    params(("name" = String, Path, description = "The entry's number, or its id"),
        ("index" = u64, Path, description = "Place in the entry's `payloads`, from 0")),
    responses(
    (status = 200, description = "The content, as a file; `Bulla-Payload-Salt` is the salt before it, in hexadecimal", body = Vec<u8>, content_type = "application/octet-stream"),
    (status = 404, description = "There is no such entry, it has no payload with that number, or the file is missing", body = ProblemBody, content_type = "application/problem+json"),
    (status = 410, description = "The payload was erased, and an entry records that", body = ProblemBody, content_type = "application/problem+json"),
    (status = "4XX", description = "The number is none, or the caller may not read", body = ProblemBody, content_type = "application/problem+json"),
    (status = 503, description = "Too many searches at once", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn show(
    State(shared): State<Arc<Shared>>,
    Extension(caller): Extension<Caller>,
    Parts((name, index)): Parts<(String, String)>,
) -> Result<Response, Problem> {
    if index.is_empty() || !index.bytes().all(|byte| byte.is_ascii_digit()) {
        let detail = format!("`{}` is no number of a payload: it is one from 0", cut(&index, NAME_BYTES_MAX));
        return Err(Problem::new(Code::BadRequest, detail));
    }
    let entry = find(&shared, &name).await?;
    let seq = entry.seq().get();
    let (place, payload) = named(&entry, &index)?;
    let file = disposition(seq, place, &payload.name);
    let (content, salt) = shared.reading(move |shared| open(shared, seq, &payload)).await?;
    shared.views.opened(&caller, Kind::Payload, &format!("{seq}/{place}"), Instant::now());
    let salt = HeaderValue::from_str(&hex(&salt)).expect("digits are a header");
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/octet-stream")),
        (header::CONTENT_DISPOSITION, file),
        (header::CONTENT_LENGTH, HeaderValue::from(content.size())),
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(CONTENT_POLICY)),
        // It can be erased, and no copy is to outlive that here.
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (SALT, salt),
    ];
    Ok((headers, Body::from_stream(pieces(content))).into_response())
}

/// What the entry says of its payload with that number.
fn named(entry: &StoredEntry, index: &str) -> Result<(usize, Payload), Problem> {
    let seq = entry.seq();
    let mut payloads = entry
        .entry()
        .map_err(|error| Problem::new(Code::ReadFailed, format!("entry {seq} is damaged: {error}")))?
        .payloads;
    // A number that does not fit is one that no entry has.
    let place = index.parse().ok().filter(|place: &usize| *place < payloads.len());
    place.map(|place| (place, payloads.swap_remove(place))).ok_or_else(|| {
        let detail = match payloads.len() {
            0 => format!("entry {seq} has no payloads"),
            1 => format!("entry {seq} has one payload, with the number 0"),
            count => format!("entry {seq} has {count} payloads, numbered from 0"),
        };
        Problem::new(Code::PayloadNotFound, detail)
    })
}

/// Opens the payload and holds it against the digest that the entry names.
fn open(shared: &Shared, seq: u64, payload: &Payload) -> Result<(StoredPayload, [u8; 32]), Problem> {
    let Some(reference) = &payload.reference else {
        let detail = format!("entry {seq} names the payload, and its content was never in this log");
        return Err(Problem::new(Code::PayloadNotFound, detail));
    };
    let Some(content) = shared.reader.open_payload(reference)? else {
        return Err(gone(shared, seq, reference)?);
    };
    if !content.is_whole().map_err(ReadError::from)? {
        let detail = format!("the payload of entry {seq} is not what was recorded; run `bulla verify`");
        return Err(Problem::new(Code::ReadFailed, detail));
    }
    let salt = content.salt().map_err(ReadError::from)?;
    Ok((content, salt))
}

/// Why there is no file: an entry records that it was erased, or none does.
fn gone(shared: &Shared, seq: u64, reference: &str) -> Result<Problem, Problem> {
    // The record names the digest, or the path of the file.
    let digest = reference.rsplit('/').next().unwrap_or_default();
    let erased = Filter::new().field("event_name", "payload.erased");
    let named = [digest.to_owned(), format!("payloads/{}/{digest}", digest.get(..2).unwrap_or_default())];
    let view = shared.search.now()?;
    for name in named {
        if view.count(&erased.clone().field("detail.ref", &name))?.total.value > 0 {
            let detail = format!("the payload of entry {seq} was erased; the entry and its proof are whole");
            return Ok(Problem::new(Code::PayloadErased, detail));
        }
    }
    let detail = format!(
        "the file of the payload of entry {seq} is missing, and no entry records that it was erased; \
         run `bulla verify`"
    );
    Ok(Problem::new(Code::PayloadNotFound, detail))
}

/// A name that says where the file is from, and holds nothing that a shell, a path or a header takes for its own.
fn disposition(seq: u64, place: usize, name: &str) -> HeaderValue {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let name: String = name.chars().map(|c| if is_plain(c) { c } else { '_' }).collect();
    let name = cut(name.trim_matches(['_', '.']), NAME_BYTES_MAX);
    let dash = if name.is_empty() { "" } else { "-" };
    let file = format!("bulla-{seq}-{place}{dash}{name}");
    HeaderValue::from_str(&format!("attachment; filename=\"{file}\""))
        .expect("letters and digits are a header")
}

/// The content, read as its client takes it. A failure cuts the connection, so that nobody takes a part for the whole.
fn pieces(content: StoredPayload) -> impl futures_util::Stream<Item = io::Result<Bytes>> {
    stream::try_unfold((content, 0), |(content, at)| async move {
        let rest = content.size().saturating_sub(at);
        if rest == 0 {
            return Ok(None);
        }
        let reading = tokio::task::spawn_blocking(move || {
            let mut piece = vec![0; PIECE.min(usize::try_from(rest).unwrap_or(PIECE))];
            let count = content.read_at(&mut piece, at).map_err(io::Error::other)?;
            if count < piece.len() {
                return Err(io::Error::from(io::ErrorKind::UnexpectedEof));
            }
            Ok((Bytes::from(piece), (content, at + count as u64)))
        });
        reading.await.map_err(io::Error::other)?.map(Some)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_files_are_plain_whatever_the_payload_is_called() {
        for (name, expected) in [
            ("report.pdf", "bulla-7-0-report.pdf"),
            ("/detail/output", "bulla-7-0-detail_output"),
            ("../../etc/passwd", "bulla-7-0-etc_passwd"),
            ("a\"; filename=\"b.exe", "bulla-7-0-a___filename__b.exe"),
            ("a\r\nset-cookie: x", "bulla-7-0-a__set-cookie__x"),
            ("naïve \u{202e}fdp.exe", "bulla-7-0-na_ve__fdp.exe"),
            ("", "bulla-7-0"),
            ("...", "bulla-7-0"),
        ] {
            let expected = format!("attachment; filename=\"{expected}\"");
            assert_eq!(disposition(7, 0, name), expected, "{name:?}");
        }
        assert_eq!(
            disposition(7, 0, &"x".repeat(1000)).len(),
            "attachment; filename=\"bulla-7-0-\"".len() + 100
        );
    }
}
