//! One session, put together from its entries: each call's two entries joined into one step, with its real outcome, in
//! the tree of causes, and which calls have only one of the two.
//!
//! A chain of causes is a timeline, not a staircase: only what happens inside an act, or a call that a message asks
//! for, goes one level deeper.

use std::collections::{BTreeMap, HashMap};

use bulla::entry::{Reason, Tool};
use bulla::{AuditCategory, AuditEntry, AuditOutcome, Phase, StoredEntry, Timestamp, Vantage};
use serde::Serialize;
use serde_json::Value;

/// Members of a call's input that say most about it, best first.
const TELLING: [&str; 12] = [
    "command",
    "cmd",
    "pattern",
    "query",
    "file_path",
    "path",
    "url",
    "uri",
    "description",
    "prompt",
    "name",
    "subject",
];

/// 240 characters of a call's input: more than a line of a terminal.
const WHAT_CHARS_MAX: usize = 240;

/// One line of the timeline.
#[derive(Debug, Serialize)]
pub struct Step {
    /// Entry before the act, or the only one.
    pub seq: u64,
    /// Entry after it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end_seq: Option<u64>,
    /// Place of the step inside which it happened.
    pub parent: Option<usize>,
    /// How many steps it is inside of.
    pub depth: usize,
    /// When it began.
    pub timestamp: Timestamp,
    /// What kind of act it is.
    pub category: AuditCategory,
    /// What it is called; of a tool, `tool:` and its name.
    pub action: String,
    /// Whether a tool is called, or an act is recorded before and after.
    pub is_call: bool,
    /// Who acted, when the entry says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actor: Option<StepActor>,
    /// What the call was asked to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub what: Option<String>,
    /// `unknown` for a call that has no end.
    pub outcome: AuditOutcome,
    /// Why it failed or was denied.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// How long it took, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<u64>,
    /// Whether it should have two entries and has only the first, or only the second.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub missing: Option<Missing>,
}

/// Who acted in a step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StepActor {
    /// `agent`, `subagent`, `user` and so on.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Which one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
}

/// Which entry of a call is not in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Missing {
    /// The one before it.
    Begin,
    /// The one after it.
    End,
}

/// What a session is made of.
#[derive(Debug, Serialize)]
pub struct Session {
    /// Its id.
    pub session_id: String,
    /// Its entries.
    pub entries: u64,
    /// Number of the first.
    pub first_seq: u64,
    /// Number of the last.
    pub last_seq: u64,
    /// Earliest `timestamp`.
    pub began: Timestamp,
    /// Latest `timestamp`.
    pub ended: Timestamp,
    /// Who is accountable, with numbers of entries.
    pub principals: BTreeMap<String, u64>,
    /// Models, with numbers of entries.
    pub models: BTreeMap<String, u64>,
    /// How the log knows of it: `imported`, `observed`, `reported`, or `recorded` by this log itself.
    pub vantages: BTreeMap<String, u64>,
    /// Tools and other acts, with numbers of calls.
    pub tools: BTreeMap<String, u64>,
    /// Outcomes of calls; `unknown` for one that has no end.
    pub call_outcomes: BTreeMap<&'static str, u64>,
    /// Tokens that models were given.
    pub input_tokens: u64,
    /// Tokens that models gave.
    pub output_tokens: u64,
    /// Steps in the order of their first entries.
    pub steps: Vec<Step>,
    #[serde(skip)]
    joins: Joins,
}

/// Where later entries find the steps that they belong to.
#[derive(Debug, Default)]
struct Joins {
    /// Step of each call that began and has no end yet, by entry id and by call id.
    open: HashMap<String, usize>,
    places: HashMap<String, Place>,
}

/// The step that an entry belongs to.
#[derive(Debug, Clone, Copy)]
struct Place {
    step: usize,
    kind: PlaceKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum PlaceKind {
    /// An act that is under way.
    Open,
    /// An act that is over.
    Over,
    /// Anything else.
    Message,
}

impl Session {
    /// Puts a session together from all its entries, in order. What cannot be read as an entry is left out: that is
    /// damage, and verification tells of it.
    pub fn of(session_id: &str, entries: &[StoredEntry]) -> Option<Self> {
        let mut readable =
            entries.iter().filter_map(|stored| Some((stored, stored.entry().ok()?))).peekable();
        let (stored, first) = readable.peek()?;
        let mut session = Self::new(session_id, stored.seq().get(), first);
        for (stored, entry) in readable {
            *session.vantages.entry(vantage(stored).to_owned()).or_default() += 1;
            session.add(stored.seq().get(), &entry);
        }
        session.finish();
        Some(session)
    }

    fn new(session_id: &str, seq: u64, first: &AuditEntry) -> Self {
        Self {
            session_id: session_id.to_owned(),
            entries: 0,
            first_seq: seq,
            last_seq: seq,
            began: first.timestamp,
            ended: first.timestamp,
            principals: BTreeMap::new(),
            models: BTreeMap::new(),
            vantages: BTreeMap::new(),
            tools: BTreeMap::new(),
            call_outcomes: BTreeMap::new(),
            input_tokens: 0,
            output_tokens: 0,
            steps: Vec::new(),
            joins: Joins::default(),
        }
    }

    /// Adds the next entry of the session.
    fn add(&mut self, seq: u64, entry: &AuditEntry) {
        self.entries += 1;
        self.last_seq = seq;
        self.began = self.began.min(entry.timestamp);
        self.ended = self.ended.max(entry.timestamp);
        if let Some(principal) = &entry.principal {
            *self.principals.entry(principal.clone()).or_default() += 1;
        }
        if let Some(model) = &entry.model {
            self.input_tokens += model.input_tokens.unwrap_or(0);
            self.output_tokens += model.output_tokens.unwrap_or(0);
            if let Some(name) = model.response.as_ref().or(model.request.as_ref()) {
                *self.models.entry(name.clone()).or_default() += 1;
            }
        }
        match entry.phase {
            Phase::Post => self.add_end(seq, entry),
            Phase::Pre => self.add_step(seq, entry, Some(Missing::End)),
            Phase::Single => self.add_step(seq, entry, None),
        }
    }

    /// Calls, and what is not known of them, once all entries are there.
    fn finish(&mut self) {
        for step in self.steps.iter().filter(|step| step.is_call) {
            let tool = step.action.strip_prefix("tool:").unwrap_or(&step.action);
            *self.tools.entry(tool.to_owned()).or_default() += 1;
            *self.call_outcomes.entry(step.outcome.as_str()).or_default() += 1;
        }
    }

    /// Steps of which one entry is missing.
    pub fn missing(&self, which: Missing) -> Vec<u64> {
        self.steps.iter().filter(|step| step.missing == Some(which)).map(|step| step.seq).collect()
    }

    fn add_step(&mut self, seq: u64, entry: &AuditEntry, missing: Option<Missing>) {
        let is_call = missing.is_some() || entry.tool.is_some();
        let parent = self.parent(entry, is_call);
        let depth = parent.map_or(0, |parent| self.steps[parent].depth + 1);
        let kind = match (is_call, missing) {
            (true, Some(Missing::End)) => PlaceKind::Open,
            (true, _) => PlaceKind::Over,
            (false, _) => PlaceKind::Message,
        };
        let this = self.steps.len();
        self.joins.places.insert(entry.id.clone(), Place { step: this, kind });
        if missing == Some(Missing::End) {
            for id in names(entry) {
                self.joins.open.insert(id, this);
            }
        }
        self.steps.push(Step { parent, depth, ..step(seq, entry, is_call, missing) });
    }

    /// Joins the entry after an act with the one before it.
    fn add_end(&mut self, seq: u64, entry: &AuditEntry) {
        let cause = entry.cause_id.clone();
        let open = cause.into_iter().chain(names(entry)).find_map(|id| self.joins.open.get(&id).copied());
        let Some(index) = open.filter(|index| self.steps[*index].missing == Some(Missing::End)) else {
            return self.add_step(seq, entry, Some(Missing::Begin));
        };
        let step = &mut self.steps[index];
        step.end_seq = Some(seq);
        step.missing = None;
        step.outcome = entry.outcome;
        step.duration_ms = entry
            .duration_ms
            .or_else(|| u64::try_from(entry.timestamp.since(step.timestamp).as_millis()).ok());
        step.reason = entry.reason.as_deref().and_then(Reason::why).map(str::to_owned);
        let place = Place { step: index, kind: PlaceKind::Over };
        self.joins.places.insert(entry.id.clone(), place);
    }

    /// The step inside which an entry belongs: that of its cause, or one that the cause is in.
    fn parent(&self, entry: &AuditEntry, is_call: bool) -> Option<usize> {
        let Place { step, kind } = *entry.cause_id.as_ref().and_then(|id| self.joins.places.get(id))?;
        let above = |step: usize| self.steps[step].parent;
        match kind {
            PlaceKind::Open => Some(step),
            PlaceKind::Message if is_call => Some(step),
            PlaceKind::Message => above(step),
            PlaceKind::Over if is_call => above(step),
            PlaceKind::Over => above(step).and_then(above),
        }
    }
}

fn vantage(stored: &StoredEntry) -> &'static str {
    let source = stored.envelope().ok().and_then(|envelope| envelope.source);
    match source.and_then(|source| source.vantage) {
        None => "recorded",
        Some(Vantage::Observed) => "observed",
        Some(Vantage::Reported) => "reported",
        Some(Vantage::Imported) => "imported",
    }
}

/// Names under which the end of a call may look for its beginning.
fn names(entry: &AuditEntry) -> impl Iterator<Item = String> {
    let call_id = entry.tool.as_deref().and_then(|Tool { call_id, .. }| call_id.clone());
    // A call id and an entry id live in different spaces; an importer may use one for the other.
    [Some(entry.id.clone()), call_id.map(|id| format!("call:{id}"))].into_iter().flatten()
}

fn step(seq: u64, entry: &AuditEntry, is_call: bool, missing: Option<Missing>) -> Step {
    let tool = entry.tool.as_deref().and_then(|tool| tool.name.as_ref());
    let action = tool.map_or_else(|| entry.action.clone(), |name| format!("tool:{name}"));
    Step {
        seq,
        end_seq: None,
        parent: None,
        depth: 0,
        timestamp: entry.timestamp,
        category: entry.category,
        action,
        is_call,
        actor: entry
            .actor
            .as_deref()
            .map(|actor| StepActor { kind: actor.kind.clone(), id: actor.id.clone() }),
        what: is_call.then(|| what(entry)).flatten(),
        outcome: entry.outcome,
        reason: entry.reason.as_deref().and_then(Reason::why).map(str::to_owned),
        duration_ms: entry.duration_ms,
        missing,
    }
}

/// What a call was asked to do, in a few words.
fn what(entry: &AuditEntry) -> Option<String> {
    let detail = entry.detail.as_ref()?;
    let input = detail.get("input").or_else(|| detail.get("arguments")).unwrap_or(detail);
    let telling = TELLING.iter().find_map(|name| input.get(name)).filter(|value| !value.is_object());
    let text = match telling.unwrap_or(input) {
        Value::String(text) => text.clone(),
        Value::Null => return None,
        other => other.to_string(),
    };
    Some(text.chars().take(WHAT_CHARS_MAX).collect())
}
