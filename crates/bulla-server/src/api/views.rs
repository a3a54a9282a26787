//! What people looked at goes on the record, as `view.opened`: the first look at once, and what the same reader looks at
//! in the minute after it together, so that reading fills no log. Nothing is left out: each view is named, once in a while.

use std::collections::{BTreeMap, HashMap};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use bulla::{AuditCategory, AuditEntry, AuditLog, AuditOutcome};
use serde_json::json;

use crate::access::caller::{Caller, cut};
use crate::settings::RecordReads;

/// 5 minutes: paging through one view, or leaving it open, is one act.
const SAME_VIEW: Duration = Duration::from_secs(5 * 60);
/// 1 minute: how soon the views after the first are in the log.
const TOGETHER: Duration = Duration::from_secs(60);
/// 4,096 views are remembered; beyond that all are forgotten, and recorded once more at most.
const VIEWS_MAX: usize = 4096;
/// 1 KiB of a query is recorded.
const QUERY_BYTES_MAX: usize = 1024;
/// 16 KiB of views, as JSON, are in one entry: a quarter of the longest line. More are in one more entry, sooner.
const TOGETHER_BYTES_MAX: usize = 16 * 1024;

/// What was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// What a query finds: its entries, their counts and their values.
    Search,
    /// One entry.
    Entry,
    /// One payload of an entry.
    Payload,
    /// What a query finds, as it comes.
    Tail,
    Sessions,
    Session,
    Sources,
    /// Who has which token.
    Tokens,
    /// How the server was started.
    Settings,
    /// The log as the module that Bulla replaces shows it.
    Audit,
}

impl Kind {
    fn as_str(self) -> &'static str {
        match self {
            Self::Search => "search",
            Self::Entry => "entry",
            Self::Payload => "payload",
            Self::Tail => "tail",
            Self::Sessions => "sessions",
            Self::Session => "session",
            Self::Sources => "sources",
            Self::Tokens => "tokens",
            Self::Settings => "settings",
            Self::Audit => "audit",
        }
    }
}

#[derive(Debug)]
pub(crate) struct Views {
    log: AuditLog,
    recorded: RecordReads,
    readers: Mutex<Readers>,
}

#[derive(Debug, Default)]
struct Readers {
    /// When each view was last opened, by the fingerprint of the credential.
    seen: HashMap<(String, Kind, String), Instant>,
    /// Those who looked at something less than a minute ago.
    active: HashMap<String, Gathered>,
}

/// What one reader looked at since the last entry about it.
#[derive(Debug)]
struct Gathered {
    caller: Caller,
    since: Instant,
    views: BTreeMap<Kind, Vec<String>>,
    bytes: usize,
}

impl Views {
    pub(crate) fn new(log: AuditLog, recorded: RecordReads) -> Self {
        Self { log, recorded, readers: Mutex::default() }
    }

    /// Notes that `caller` looks at what `query` names.
    pub(crate) fn opened(&self, caller: &Caller, kind: Kind, query: &str, now: Instant) {
        let is_recorded = match self.recorded {
            RecordReads::Nobody => false,
            RecordReads::People => caller.is_person(),
            RecordReads::Everybody => true,
        };
        let mut readers = self.readers.lock().expect("no panic while held");
        if !is_recorded || !readers.is_new(caller, kind, query, now) {
            return;
        }
        let query = cut(query, QUERY_BYTES_MAX);
        let Some(gathered) = readers.active.get_mut(&caller.fingerprint) else {
            self.submit(first(caller, kind, &query), 1);
            readers.active.insert(caller.fingerprint.clone(), Gathered::new(caller, now));
            return;
        };
        gathered.add(kind, query);
        if gathered.bytes >= TOGETHER_BYTES_MAX {
            self.record(gathered, now);
        }
    }

    /// Records what was gathered for long enough.
    pub(crate) fn tick(&self, now: Instant) {
        let mut readers = self.readers.lock().expect("no panic while held");
        readers.active.retain(|_, gathered| {
            let is_due = now.saturating_duration_since(gathered.since) >= TOGETHER;
            let goes_on = gathered.count() > 0;
            if is_due && goes_on {
                self.record(gathered, now);
            }
            !is_due || goes_on
        });
    }

    /// Records what was gathered so far: the server goes down.
    pub(crate) fn flush(&self) {
        let mut readers = self.readers.lock().expect("no panic while held");
        for (_, mut gathered) in readers.active.drain() {
            if gathered.count() > 0 {
                self.record(&mut gathered, Instant::now());
            }
        }
    }

    fn record(&self, gathered: &mut Gathered, now: Instant) {
        self.submit(gathered.entry(), gathered.count() as u64);
        *gathered = Gathered::new(&gathered.caller, now);
    }

    fn submit(&self, entry: AuditEntry, views: u64) {
        if self.log.submit(entry).is_err() {
            self.log.report_dropped("views could not be queued", views);
        }
    }
}

impl Readers {
    fn is_new(&mut self, caller: &Caller, kind: Kind, query: &str, now: Instant) -> bool {
        if self.seen.len() >= VIEWS_MAX {
            self.seen.clear();
        }
        let key = (caller.fingerprint.clone(), kind, query.to_owned());
        let before = self.seen.insert(key, now);
        before.is_none_or(|before| now.saturating_duration_since(before) >= SAME_VIEW)
    }
}

impl Gathered {
    fn new(caller: &Caller, since: Instant) -> Self {
        Self { caller: caller.clone(), since, views: BTreeMap::new(), bytes: 0 }
    }

    fn add(&mut self, kind: Kind, query: String) {
        // As it is written: a sign that JSON escapes has up to six bytes.
        self.bytes += json!(query).to_string().len() + 1;
        self.views.entry(kind).or_default().push(query);
    }

    fn count(&self) -> usize {
        self.views.values().map(Vec::len).sum()
    }

    fn entry(&self) -> AuditEntry {
        let views: serde_json::Map<_, _> =
            self.views.iter().map(|(kind, queries)| (kind.as_str().to_owned(), json!(queries))).collect();
        let what = match self.count() {
            1 => "1 more view".to_owned(),
            count => format!("{count} more views"),
        };
        by(&self.caller, what).detail(json!({"count": self.count(), "views": views}))
    }
}

fn first(caller: &Caller, kind: Kind, query: &str) -> AuditEntry {
    let views = json!({kind.as_str(): [query]});
    by(caller, format!("view {}", kind.as_str())).detail(json!({"count": 1, "views": views}))
}

fn by(caller: &Caller, action: String) -> AuditEntry {
    AuditEntry::new(AuditCategory::Audit, action)
        .event_name("view.opened")
        .principal(&caller.name)
        .actor(caller.actor())
        .outcome(AuditOutcome::Success)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::caller::CredentialKind;

    fn ann() -> Caller {
        Caller {
            name: "ann".to_owned(),
            source: "ann".to_owned(),
            scopes: Vec::new(),
            credential: CredentialKind::Session,
            fingerprint: "f".to_owned(),
            peer: None,
            token: None,
            ends: None,
        }
    }

    #[tokio::test]
    async fn the_first_view_is_recorded_at_once_and_the_others_of_its_minute_together() {
        let log = AuditLog::in_memory(64);
        let (views, ann, start) = (Views::new(log.clone(), RecordReads::People), ann(), Instant::now());
        for query in ["", "", "outcome:denied", "outcome:denied"] {
            views.opened(&ann, Kind::Search, query, start);
        }
        views.opened(&ann, Kind::Entry, "41", start);
        assert_eq!(log.size(), 1);
        views.tick(start + TOGETHER / 2);
        assert_eq!(log.size(), 1, "the minute is not over");
        views.tick(start + TOGETHER);
        let newest = log.recent(1).await.remove(0);
        let expected = json!({"count": 2, "views": {"search": ["outcome:denied"], "entry": ["41"]}});
        assert_eq!((log.size(), newest.detail), (2, Some(expected)));

        views.opened(&ann, Kind::Search, "", start + TOGETHER);
        views.tick(start + TOGETHER * 3);
        assert_eq!(log.size(), 2, "nothing new was looked at");
        views.opened(&ann, Kind::Search, "", start + TOGETHER + SAME_VIEW);
        assert_eq!(log.size(), 3, "a view that is opened again much later is one more act");
    }

    #[tokio::test]
    async fn every_view_is_named_however_many_there_are() {
        let log = AuditLog::in_memory(64);
        let (views, ann, now) = (Views::new(log.clone(), RecordReads::People), ann(), Instant::now());
        let queries: Vec<_> = (0..100).map(|number| format!("{number}{}", "\u{1}".repeat(500))).collect();
        queries.iter().for_each(|query| views.opened(&ann, Kind::Search, query, now));
        views.flush();
        let entries = log.recent(64).await;
        let mut named: Vec<_> = entries
            .iter()
            .flat_map(|entry| entry.detail.as_ref().unwrap()["views"]["search"].as_array().unwrap().clone())
            .collect();
        named.sort_by_key(|query| queries.iter().position(|one| query == one));
        assert_eq!(named, queries);
        assert!(entries.iter().all(|entry| entry.truncated.is_empty()));
    }
}
