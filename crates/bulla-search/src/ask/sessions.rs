//! Sessions: which there are, newest activity first, and what is in one.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::ops::Range;

use bulla::{AuditEntry, Filter, StoredEntry, Timestamp};

use super::histogram::place;
use super::page::PageLimits;
use super::walk::Order;
use super::{AskError, View};

/// What is known of a session at a glance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionSummary {
    /// Its id.
    pub session_id: String,
    /// Its entries, whether they match or not.
    pub entries: u64,
    /// Number of its first entry.
    pub first_seq: u64,
    /// Number of its last entry.
    pub last_seq: u64,
    /// Earliest `timestamp` of those that were read.
    pub began: Timestamp,
    /// Latest `timestamp` of those that were read.
    pub ended: Timestamp,
    /// Who is accountable.
    pub principals: BTreeSet<String>,
    /// Types of actors.
    pub actor_types: BTreeSet<String>,
    /// Models.
    pub models: BTreeSet<String>,
    /// Calls that began.
    pub calls: u64,
    /// Entries by outcome, in the order of [`OUTCOMES`](crate::OUTCOMES).
    pub outcomes: [u64; 4],
    /// Whether it has more entries than were read; then names, calls and outcomes are of its newest ones.
    pub is_partial: bool,
}

/// A page of sessions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sessions {
    /// Newest activity first.
    pub sessions: Vec<SessionSummary>,
    /// Entries that were not looked at; the next page goes on there. Empty at the end.
    pub rest: Range<u64>,
}

/// 200 entries of a session are read for its summary: some milliseconds, and a page of sessions has many.
const READ_MAX: usize = 200;
/// 256 matches are looked at in one step for sessions that are not listed yet.
const STEP: usize = 256;

impl View {
    /// Sessions with entries that match, by the newest of them, in a range of entries.
    ///
    /// # Errors
    /// When the log or the index cannot be read.
    pub fn sessions(
        &self,
        filter: &Filter,
        range: Range<u64>,
        limit: usize,
        limits: PageLimits,
    ) -> Result<Sessions, AskError> {
        let in_sessions = filter.clone().has("session_id");
        let mut listed: HashSet<String> = HashSet::new();
        let mut sessions = Vec::new();
        let mut rest = range;
        let step = PageLimits { entries: STEP, ..limits };
        let began = std::time::Instant::now();
        while sessions.len() < limit && !rest.is_empty() && began.elapsed() < limits.time {
            let page = self.page(&in_sessions, Order::NewestFirst, rest.clone(), step)?;
            rest = page.rest;
            for entry in page.entries {
                let Some(session_id) = session_of(&entry) else { continue };
                if !listed.insert(session_id.clone()) {
                    continue;
                }
                // A page before this one lists the sessions that have a newer match.
                if self.has_newer(&in_sessions, &session_id, entry.seq().get(), limits)? {
                    continue;
                }
                if sessions.len() == limit {
                    rest = self.first..entry.seq().get() + 1;
                    return Ok(Sessions { sessions, rest });
                }
                sessions.push(self.summary(&session_id, limits)?);
            }
        }
        Ok(Sessions { sessions, rest })
    }

    fn has_newer(
        &self,
        filter: &Filter,
        session_id: &str,
        seq: u64,
        limits: PageLimits,
    ) -> Result<bool, AskError> {
        let of_session = filter.clone().session(session_id);
        let one = PageLimits { entries: 1, ..limits };
        let newer = self.page(&of_session, Order::NewestFirst, seq + 1..self.size, one)?;
        Ok(!newer.entries.is_empty())
    }

    fn summary(&self, session_id: &str, limits: PageLimits) -> Result<SessionSummary, AskError> {
        let filter = Filter::new().session(session_id);
        let many = PageLimits { entries: READ_MAX, ..limits };
        let newest = self.page(&filter, Order::NewestFirst, self.all(), many)?;
        let mut summary = SessionSummary {
            session_id: session_id.to_owned(),
            entries: newest.entries.len() as u64,
            first_seq: 0,
            last_seq: newest.entries.first().map_or(0, |entry| entry.seq().get()),
            began: Timestamp::UNIX_EPOCH,
            ended: Timestamp::UNIX_EPOCH,
            principals: BTreeSet::new(),
            actor_types: BTreeSet::new(),
            models: BTreeSet::new(),
            calls: 0,
            outcomes: [0; 4],
            is_partial: !newest.rest.is_empty(),
        };
        if summary.is_partial {
            summary.entries = self.count(&filter)?.total.value;
            let one = PageLimits { entries: 1, ..limits };
            let first = self.page(&filter, Order::OldestFirst, self.all(), one)?;
            summary.add_all(&first.entries[..], true);
        }
        summary.add_all(&newest.entries, false);
        Ok(summary)
    }

    /// All entries of the sessions whose id begins so, oldest first, by their ids; at most `limit` entries, and whether
    /// there are more.
    ///
    /// # Errors
    /// When the log or the index cannot be read.
    pub fn entries_of_sessions(
        &self,
        filter: &Filter,
        limit: usize,
        limits: PageLimits,
    ) -> Result<(BTreeMap<String, Vec<StoredEntry>>, bool), AskError> {
        let all = PageLimits { entries: limit, bytes: usize::MAX, ..limits };
        let page = self.page(filter, Order::OldestFirst, self.all(), all)?;
        Ok((by_session(page.entries), !page.rest.is_empty()))
    }
}

/// Entries by the session that they belong to, in the order in which they come; those of none are left out.
pub fn by_session(entries: impl IntoIterator<Item = StoredEntry>) -> BTreeMap<String, Vec<StoredEntry>> {
    let mut sessions: BTreeMap<String, Vec<StoredEntry>> = BTreeMap::new();
    for entry in entries {
        if let Some(session_id) = session_of(&entry) {
            sessions.entry(session_id).or_default().push(entry);
        }
    }
    sessions
}

fn session_of(entry: &StoredEntry) -> Option<String> {
    // What cannot be read as an entry is damage, and belongs to no session.
    entry.entry().ok()?.session_id
}

impl SessionSummary {
    fn add_all(&mut self, entries: &[StoredEntry], is_only_begin: bool) {
        for stored in entries {
            let Ok(entry) = stored.entry() else { continue };
            self.first_seq = stored.seq().get();
            let is_first = self.began == Timestamp::UNIX_EPOCH;
            self.began = if is_first { entry.timestamp } else { self.began.min(entry.timestamp) };
            self.ended = self.ended.max(entry.timestamp);
            if !is_only_begin {
                self.add(&entry);
            }
        }
    }

    fn add(&mut self, entry: &AuditEntry) {
        self.principals.extend(entry.principal.clone());
        let actor_type = entry.actor.as_ref().and_then(|actor| actor.kind.clone());
        self.actor_types.extend(actor_type);
        let model = entry.model.as_ref().and_then(|model| model.response.clone().or(model.request.clone()));
        self.models.extend(model);
        let is_call = match entry.phase {
            bulla::Phase::Pre => true,
            bulla::Phase::Post => false,
            bulla::Phase::Single => entry.tool.is_some(),
        };
        self.calls += u64::from(is_call);
        self.outcomes[place(entry.outcome.as_str())] += 1;
    }
}
