//! Who emits the records of one request, as the server knows it and as the request's headers say.

use axum::http::HeaderMap;
use bulla::{Source, Vantage};

use crate::access::caller::Caller;
use crate::problem::{Code, Problem};

/// Names the instance of an emitter: a process, a host.
const INSTANCE: &str = "bulla-source-instance";
/// The emitter's own counter at the first record of the request; it goes up by one with each record.
const SEQ: &str = "bulla-source-seq";
/// Makes a request that is sent again record nothing twice.
const IDEMPOTENCY_KEY: &str = "idempotency-key";
/// 128: an instance is named, not described.
const INSTANCE_BYTES_MAX: usize = 128;
/// 200: leaves room in an id of 256 bytes for the number of a record behind it.
const KEY_BYTES_MAX: usize = 200;

/// Where the records of one request come from.
#[derive(Debug, Clone)]
pub(crate) struct Emitter {
    pub(crate) id: String,
    pub(crate) instance: Option<String>,
    /// The emitter's counter at the first record.
    pub(crate) first_seq: Option<u64>,
    /// What ids of records without one begin with.
    pub(crate) key: Option<String>,
    transport: &'static str,
    peer: Option<String>,
}

impl Emitter {
    /// # Errors
    /// [`Code::BadRequest`] when a header is not what it should be.
    pub(crate) fn new(caller: &Caller, headers: &HeaderMap) -> Result<Self, Problem> {
        let first_seq = match text(headers, SEQ, 20)? {
            None => None,
            Some(digits) => Some(digits.parse().map_err(|_| wrong(SEQ, "a number from 0 to 2^64 - 1"))?),
        };
        Ok(Self {
            id: caller.source.clone(),
            instance: text(headers, INSTANCE, INSTANCE_BYTES_MAX)?,
            first_seq,
            key: text(headers, IDEMPOTENCY_KEY, KEY_BYTES_MAX)?,
            transport: "http",
            peer: caller.peer.map(|peer| peer.to_string()),
        })
    }

    /// The envelope's source of record `index` of the request.
    pub(crate) fn source(&self, index: u64) -> Source {
        Source {
            id: Some(self.id.clone()),
            instance: self.instance.clone(),
            seq: self.first_seq.map(|first| first.saturating_add(index)),
            transport: Some(self.transport.to_owned()),
            peer: self.peer.clone(),
            vantage: Some(Vantage::Reported),
        }
    }
}

/// A header of visible ASCII without quotes and backslashes, which can stand in JSON as it is.
fn text(headers: &HeaderMap, name: &'static str, bytes_max: usize) -> Result<Option<String>, Problem> {
    let Some(value) = headers.get(name) else { return Ok(None) };
    let is_plain = |byte: &u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\');
    let bytes = value.as_bytes();
    if bytes.is_empty() || bytes.len() > bytes_max || !bytes.iter().all(is_plain) {
        let what = format!("1 to {bytes_max} visible ASCII characters without quotes and backslashes");
        return Err(wrong(name, &what));
    }
    Ok(value.to_str().ok().map(str::to_owned))
}

fn wrong(name: &str, what: &str) -> Problem {
    Problem::new(Code::BadRequest, format!("the header {name} is not {what}"))
}
