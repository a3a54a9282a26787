//! The steps of a session: each tool call's two entries joined into one, with its real outcome, at its depth in the
//! tree of causes.
//!
//! A chain of causes is a timeline, not a staircase: only what happens inside an act, or a call that a message asks
//! for, goes one level deeper.

use std::collections::{BTreeMap, HashMap};

use bulla::entry::Tool;
use bulla::{AuditCategory, AuditEntry, AuditOutcome, Phase, Timestamp};
use serde::Serialize;
use serde_json::Value;

use crate::output::entry_row::why;

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
pub(crate) struct Step {
    /// Entry before the act, or the only one.
    pub(crate) seq: u64,
    /// Entry after it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) end_seq: Option<u64>,
    pub(crate) depth: usize,
    pub(crate) timestamp: Timestamp,
    pub(crate) category: AuditCategory,
    pub(crate) action: String,
    pub(crate) is_call: bool,
    /// What the call was asked to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) what: Option<String>,
    /// `unknown` for a call that has no end.
    pub(crate) outcome: AuditOutcome,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) duration_ms: Option<u64>,
    /// Whether it should have two entries and has only the first, or only the second.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) missing: Option<Missing>,
}

/// Which entry of a call is not in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Missing {
    Begin,
    End,
}

/// What a session is made of.
#[derive(Debug, Serialize)]
pub(crate) struct Session {
    pub(crate) session_id: String,
    pub(crate) entries: u64,
    pub(crate) first_seq: u64,
    pub(crate) last_seq: u64,
    pub(crate) began: Timestamp,
    pub(crate) ended: Timestamp,
    pub(crate) principals: BTreeMap<String, u64>,
    pub(crate) models: BTreeMap<String, u64>,
    /// How the log knows of it: `imported`, `observed`, `reported`, or `recorded` by this log itself.
    pub(crate) vantages: BTreeMap<String, u64>,
    pub(crate) tools: BTreeMap<String, u64>,
    /// Outcomes of calls.
    pub(crate) call_outcomes: BTreeMap<&'static str, u64>,
    pub(crate) input_tokens: u64,
    pub(crate) output_tokens: u64,
    pub(crate) steps: Vec<Step>,
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

/// Where an entry stands in the tree.
#[derive(Debug, Clone, Copy)]
struct Place {
    depth: usize,
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
    pub(crate) fn new(session_id: &str, seq: u64, first: &AuditEntry) -> Self {
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
    pub(crate) fn add(&mut self, seq: u64, entry: &AuditEntry) {
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
    pub(crate) fn finish(&mut self) {
        for step in self.steps.iter().filter(|step| step.is_call) {
            let tool = step.action.strip_prefix("tool:").unwrap_or(&step.action);
            *self.tools.entry(tool.to_owned()).or_default() += 1;
            *self.call_outcomes.entry(step.outcome.as_str()).or_default() += 1;
        }
    }

    /// Steps of which one entry is missing.
    pub(crate) fn missing(&self, which: Missing) -> Vec<u64> {
        self.steps.iter().filter(|step| step.missing == Some(which)).map(|step| step.seq).collect()
    }

    fn add_step(&mut self, seq: u64, entry: &AuditEntry, missing: Option<Missing>) {
        let is_call = missing.is_some() || entry.tool.is_some();
        let depth = self.depth(entry, is_call);
        let kind = match (is_call, missing) {
            (true, Some(Missing::End)) => PlaceKind::Open,
            (true, _) => PlaceKind::Over,
            (false, _) => PlaceKind::Message,
        };
        self.joins.places.insert(entry.id.clone(), Place { depth, kind });
        if missing == Some(Missing::End) {
            for id in names(entry) {
                self.joins.open.insert(id, self.steps.len());
            }
        }
        self.steps.push(step(seq, entry, depth, is_call, missing));
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
        step.reason = entry.reason.as_deref().and_then(why).map(str::to_owned);
        let place = Place { depth: step.depth, kind: PlaceKind::Over };
        self.joins.places.insert(entry.id.clone(), place);
    }

    fn depth(&self, entry: &AuditEntry, is_call: bool) -> usize {
        let cause = entry.cause_id.as_ref().and_then(|id| self.joins.places.get(id));
        match cause {
            None => 0,
            Some(Place { depth, kind: PlaceKind::Open }) => depth + 1,
            Some(Place { depth, kind: PlaceKind::Over }) => depth.saturating_sub(usize::from(!is_call)),
            Some(Place { depth, kind: PlaceKind::Message }) => depth + usize::from(is_call),
        }
    }
}

/// Names under which the end of a call may look for its beginning.
fn names(entry: &AuditEntry) -> impl Iterator<Item = String> {
    let call_id = entry.tool.as_deref().and_then(|Tool { call_id, .. }| call_id.clone());
    // A call id and an entry id live in different spaces; an importer may use one for the other.
    [Some(entry.id.clone()), call_id.map(|id| format!("call:{id}"))].into_iter().flatten()
}

fn step(seq: u64, entry: &AuditEntry, depth: usize, is_call: bool, missing: Option<Missing>) -> Step {
    let tool = entry.tool.as_deref().and_then(|tool| tool.name.as_ref());
    let action = tool.map_or_else(|| entry.action.clone(), |name| format!("tool:{name}"));
    Step {
        seq,
        end_seq: None,
        depth,
        timestamp: entry.timestamp,
        category: entry.category,
        action,
        is_call,
        what: is_call.then(|| what(entry)).flatten(),
        outcome: entry.outcome,
        reason: entry.reason.as_deref().and_then(why).map(str::to_owned),
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
