//! Reading: pages of a search, one entry, its proof, and how far the log is.

use std::collections::VecDeque;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::answer::ClientError;
use crate::connection::Client;

/// 16 MiB: a server ends a page behind 8 MiB of lines.
const PAGE_BYTES_MAX: u64 = 16 << 20;
/// 1 MiB: a line has at most 64 KiB, a proof with all its signatures less than this.
const ENTRY_BYTES_MAX: u64 = 1 << 20;
/// 64 MiB: what a log takes as one payload.
const PAYLOAD_BYTES_MAX: u64 = 64 << 20;
/// Entries of a page.
const PAGE_ENTRIES: u64 = 1000;

/// Which entries, and in which order.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Search {
    /// A query, such as `outcome:denied principal:alice`; empty for every entry.
    pub query: String,
    /// Only what happened at or after this moment: RFC 3339, a day, or `2h` ago.
    pub from: Option<String>,
    /// Only what happened before this moment.
    pub to: Option<String>,
    /// Which come first.
    pub order: Order,
}

/// Which entries come first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Order {
    /// The newest.
    #[default]
    Newest,
    /// The oldest.
    Oldest,
}

/// A page of entries.
#[derive(Debug, Deserialize)]
#[non_exhaustive]
pub struct Page {
    /// The stored lines, byte for byte.
    pub entries: Vec<Box<RawValue>>,
    /// For the next page; `None` when there is none.
    pub next_cursor: Option<String>,
    /// Every entry below this number was looked at, or is for a later page.
    pub complete_to_seq: u64,
}

/// The values of a field, as a server counted them.
#[derive(Debug, Clone, Deserialize)]
#[non_exhaustive]
pub struct Facet {
    /// The most frequent first.
    pub values: Vec<FacetValue>,
    /// Entries with values that are not listed.
    pub other: u64,
    /// Entries without the field.
    pub missing: u64,
    /// Whether all values were counted.
    pub exact: bool,
}

/// One value of a field.
#[derive(Debug, Clone, Deserialize)]
#[non_exhaustive]
pub struct FacetValue {
    /// As text.
    pub value: String,
    /// Entries that have it.
    pub count: u64,
}

#[derive(Deserialize)]
struct Facets {
    facets: Vec<Facet>,
}

/// How far a server says that its log is.
#[derive(Debug, Clone, Deserialize)]
#[non_exhaustive]
pub struct Status {
    /// Version of the server.
    pub version: String,
    /// Name of the log.
    pub origin: String,
    /// Key by which its checkpoints are checked.
    pub vkey: String,
    /// How many entries are in each state.
    pub watermarks: Watermarks,
    /// Number of the oldest entry that is stored.
    #[serde(default)]
    pub first_seq: u64,
    /// What else it says.
    #[serde(flatten)]
    pub other: serde_json::Map<String, serde_json::Value>,
}

/// Sizes: each state holds for every entry below its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct Watermarks {
    /// On disk and synced.
    pub durable: u64,
    /// In the tree, and readable.
    pub integrated: u64,
    /// Covered by a checkpoint.
    pub published: u64,
    /// Covered by a cosigned checkpoint.
    pub witnessed: u64,
}

impl Search {
    /// What a query wants, the newest first.
    pub fn of(query: impl Into<String>) -> Self {
        Self { query: query.into(), ..Self::default() }
    }

    fn parameters(&self, limit: u64) -> Vec<(&'static str, String)> {
        let order = match self.order {
            Order::Newest => "desc",
            Order::Oldest => "asc",
        };
        let mut parameters =
            vec![("q", self.query.clone()), ("order", order.to_owned()), ("limit", limit.to_string())];
        parameters.extend(self.from.clone().map(|from| ("from", from)));
        parameters.extend(self.to.clone().map(|to| ("to", to)));
        parameters
    }
}

impl Client {
    /// One page of a search; `cursor` is that of the page before.
    ///
    /// # Errors
    /// When the server did not answer that, as when the query has a mistake.
    pub fn page(&self, search: &Search, limit: u64, cursor: Option<&str>) -> Result<Page, ClientError> {
        let mut parameters = search.parameters(limit);
        parameters.extend(cursor.map(|cursor| ("cursor", cursor.to_owned())));
        let pairs: Vec<String> =
            parameters.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect();
        self.fetch_json(&format!("/v1/entries?{}", pairs.join("&")), PAGE_BYTES_MAX)
    }

    /// All entries of a search, at most `limit`, fetched a page at a time.
    pub fn search(&self, search: Search, limit: Option<u64>) -> Found<'_> {
        let rest = limit.unwrap_or(u64::MAX);
        Found { client: self, search, rest, page: VecDeque::new(), next: Next::First }
    }

    /// Entries of a search, counted by the values of a field, of which at most `limit` are listed (10,000 is the most).
    ///
    /// # Errors
    /// When the server did not answer that, as when the query has a mistake.
    pub fn facet(&self, search: &Search, field: &str, limit: u64) -> Result<Facet, ClientError> {
        let mut pairs = vec![("q", search.query.as_str()), ("field", field)];
        pairs.extend(search.from.as_deref().map(|from| ("from", from)));
        pairs.extend(search.to.as_deref().map(|to| ("to", to)));
        let pairs: Vec<String> =
            pairs.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect();
        let path = format!("/v1/facets?{}&limit={limit}", pairs.join("&"));
        let facets: Facets = self.fetch_json(&path, PAGE_BYTES_MAX)?;
        Ok(facets.facets.into_iter().next().unwrap_or(Facet {
            values: vec![],
            other: 0,
            missing: 0,
            exact: true,
        }))
    }

    /// The stored bytes of the entry with this number or id.
    ///
    /// # Errors
    /// When the server did not answer that.
    pub fn entry(&self, name: &str) -> Result<Vec<u8>, ClientError> {
        self.fetch(&format!("/v1/entries/{}", encoded(name)), ENTRY_BYTES_MAX)
    }

    /// The content of a payload of the entry with this number or id, by its place in `payloads`.
    ///
    /// # Trust
    /// The server holds it against the digest in the entry; here it is not looked at.
    ///
    /// # Errors
    /// When the server did not answer that.
    pub fn payload(&self, name: &str, place: usize) -> Result<Vec<u8>, ClientError> {
        self.fetch(&format!("/v1/entries/{}/payloads/{place}", encoded(name)), PAYLOAD_BYTES_MAX)
    }

    /// The proof that the entry with this number or id is in the log: a `.tlog-proof` file, not yet checked.
    ///
    /// # Errors
    /// When the server did not answer that.
    pub fn proof(&self, name: &str) -> Result<Vec<u8>, ClientError> {
        self.fetch(&format!("/v1/entries/{}/proof", encoded(name)), ENTRY_BYTES_MAX)
    }

    /// How far the log is.
    ///
    /// # Errors
    /// When the server did not answer that.
    pub fn status(&self) -> Result<Status, ClientError> {
        self.fetch_json("/v1/status", PAGE_BYTES_MAX)
    }
}

pub(crate) fn encoded(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

/// Iterator of [`Client::search`].
#[derive(Debug)]
pub struct Found<'a> {
    client: &'a Client,
    search: Search,
    rest: u64,
    page: VecDeque<Box<RawValue>>,
    next: Next,
}

#[derive(Debug)]
enum Next {
    First,
    Cursor(String),
    Nothing,
}

impl Found<'_> {
    fn turn(&mut self) -> Result<(), ClientError> {
        let cursor = match std::mem::replace(&mut self.next, Next::Nothing) {
            Next::Nothing => return Ok(()),
            Next::First => None,
            Next::Cursor(cursor) => Some(cursor),
        };
        let page = self.client.page(&self.search, self.rest.min(PAGE_ENTRIES), cursor.as_deref())?;
        self.page = page.entries.into();
        self.next = page.next_cursor.map_or(Next::Nothing, Next::Cursor);
        Ok(())
    }
}

impl Iterator for Found<'_> {
    type Item = Result<Box<RawValue>, ClientError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest == 0 {
            return None;
        }
        // A page may be empty and another one follow.
        while self.page.is_empty() && !matches!(self.next, Next::Nothing) {
            if let Err(error) = self.turn() {
                return Some(Err(error));
            }
        }
        let line = self.page.pop_front()?;
        self.rest -= 1;
        Some(Ok(line))
    }
}
