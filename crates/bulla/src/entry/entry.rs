//! The event: what an emitter claims happened. The recorder's own part is in `envelope.rs`.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::context::{
    Actor, Change, Model, Payload, Reason, Redacted, Request, Target, Tool, Trace, Truncation,
};
use super::{AuditCategory, AuditOutcome, Phase};
use crate::clock::Timestamp;

/// One event, as its emitter tells it. What the log adds (`seq`, `recorded_at`, `source`) is the
/// [`Envelope`](crate::Envelope).
///
/// ```
/// use bulla::{AuditEntry, AuditOutcome};
/// let entry = AuditEntry::tool("bash")
///     .principal("alice@example.org")
///     .session("sess-9")
///     .outcome(AuditOutcome::Failure)
///     .detail(serde_json::json!({"exit_code": 2}));
/// assert_eq!(entry.action, "tool:bash");
/// ```
///
/// The first twelve fields are those of the module that Bulla replaces, in its order and serde form. A literal
/// needs `..AuditEntry::default()` for the rest.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AuditEntry {
    /// Unique id; a UUIDv7 unless set. At most 256 bytes.
    pub id: String,
    /// When it happened, by the emitter's clock.
    pub timestamp: Timestamp,
    /// Kind of action.
    pub category: AuditCategory,
    /// Label for people, such as `POST /v1/tasks` or `tool:bash`.
    pub action: String,
    /// Who is accountable.
    pub principal: Option<String>,
    /// How it ended.
    pub outcome: AuditOutcome,
    /// Anything else, free form.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<Value>,
    /// The free-form part as JSON text, stored as it stands instead of `detail`; set by
    /// [`AuditEntry::detail_json`], never by reading an entry.
    #[serde(rename = "detail", skip_serializing_if = "Option::is_none")]
    pub verbatim_detail: Option<VerbatimJson>,
    /// How long it took, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<u64>,
    /// Objective that the action belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub okr_id: Option<String>,
    /// Run of that objective.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub okr_run_id: Option<String>,
    /// Relay that carried the action.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub relay_id: Option<String>,
    /// Session; for an agent also its OpenTelemetry `gen_ai.conversation.id`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session_id: Option<String>,
    /// Name of low cardinality for rules and facets, such as `tool.call`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event_name: Option<String>,
    /// Which side of its act the entry stands on.
    #[serde(skip_serializing_if = "Phase::is_single")]
    pub phase: Phase,
    /// Id of the entry that caused this one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause_id: Option<String>,
    /// Id of the flow that this entry belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub correlation_id: Option<String>,
    /// Who did it, in more words than `principal`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actor: Option<Box<Actor>>,
    /// What was acted on.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub targets: Vec<Target>,
    /// Request that led to the act.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request: Option<Box<Request>>,
    /// W3C trace context.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trace: Option<Box<Trace>>,
    /// Tool call.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tool: Option<Box<Tool>>,
    /// Model turn.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<Box<Model>>,
    /// Why allowed, denied or failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Box<Reason>>,
    /// Values that the act changed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<Change>,
    /// Content beside the log.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub payloads: Vec<Payload>,
    /// What rules removed before storing.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub redactions: Vec<Redacted>,
    /// What was shortened before storing.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub truncated: Vec<Truncation>,
    /// The user's own keys.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// Fields that this version does not know, kept as they came.
    #[serde(flatten)]
    pub other: Map<String, Value>,
    /// Content to be stored beside the log when the entry is recorded.
    #[serde(skip)]
    pub attachments: Vec<Attachment>,
}

/// Content that is stored beside the log together with its entry, which then names it in `payloads`.
#[derive(Clone, PartialEq, Eq)]
pub struct Attachment {
    /// What it is.
    pub name: String,
    /// Media type, such as `application/octet-stream`.
    pub media_type: String,
    /// The content, at most 64 MiB.
    pub content: Vec<u8>,
}

impl fmt::Debug for Attachment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Attachment({:?}, {:?}, {} bytes)", self.name, self.media_type, self.content.len())
    }
}

/// JSON text that is stored as it stands.
#[derive(Debug, Clone, Serialize)]
#[serde(transparent)]
pub struct VerbatimJson(pub Box<RawValue>);

impl PartialEq for VerbatimJson {
    fn eq(&self, other: &Self) -> bool {
        self.0.get() == other.0.get()
    }
}

impl Default for AuditEntry {
    /// An entry with a new id and the time now, whose category, action and outcome are still to be set.
    fn default() -> Self {
        Self::new(AuditCategory::Api, String::new())
    }
}

/// Declares builder methods that set an optional text.
macro_rules! text_setters {
    ($( $(#[$doc:meta])* $method:ident => $field:ident ),* $(,)?) => {
        $(
            $(#[$doc])*
            #[must_use]
            pub fn $method(mut self, value: impl Into<String>) -> Self {
                self.$field = Some(value.into());
                self
            }
        )*
    };
}

impl AuditEntry {
    /// An entry of that category and action, with a new UUIDv7 and the system's time. Its outcome is
    /// [`AuditOutcome::Unknown`], which `record` refuses, until [`AuditEntry::outcome`] is called.
    pub fn new(category: AuditCategory, action: impl Into<String>) -> Self {
        Self {
            id: new_id(),
            timestamp: Timestamp::now(),
            category,
            action: action.into(),
            ..Self::unidentified()
        }
    }

    /// An entry with nothing in it, not even an id.
    fn unidentified() -> Self {
        Self {
            id: String::new(),
            timestamp: Timestamp::UNIX_EPOCH,
            category: AuditCategory::Api,
            action: String::new(),
            principal: None,
            outcome: AuditOutcome::Unknown,
            detail: None,
            verbatim_detail: None,
            duration_ms: None,
            okr_id: None,
            okr_run_id: None,
            relay_id: None,
            session_id: None,
            event_name: None,
            phase: Phase::Single,
            cause_id: None,
            correlation_id: None,
            actor: None,
            targets: Vec::new(),
            request: None,
            trace: None,
            tool: None,
            model: None,
            reason: None,
            changes: Vec::new(),
            payloads: Vec::new(),
            redactions: Vec::new(),
            truncated: Vec::new(),
            labels: BTreeMap::new(),
            other: Map::new(),
            attachments: Vec::new(),
        }
    }

    /// A tool call: category `tool_execution`, action `tool:NAME`, event name `tool.call`.
    pub fn tool(name: impl Into<String>) -> Self {
        let name = name.into();
        let mut entry = Self::new(AuditCategory::ToolExecution, format!("tool:{name}"));
        entry.event_name = Some("tool.call".to_owned());
        entry.tool = Some(Box::new(Tool { name: Some(name), ..Tool::default() }));
        entry
    }

    /// An API call, such as `POST /v1/tasks`: category `api`.
    pub fn api(action: impl Into<String>) -> Self {
        Self::new(AuditCategory::Api, action)
    }

    /// An authentication or authorisation act: category `auth`.
    pub fn auth(action: impl Into<String>) -> Self {
        Self::new(AuditCategory::Auth, action)
    }

    text_setters! {
        /// Sets who is accountable.
        principal => principal,
        /// Sets the session.
        session => session_id,
        /// Sets the name for rules and facets, such as `http.request`.
        event_name => event_name,
        /// Names the entry that caused this one.
        cause => cause_id,
        /// Names the flow that this entry belongs to.
        correlation => correlation_id,
    }

    /// Sets the id, which must be unique within its source.
    #[must_use]
    pub fn id(mut self, id: impl Into<String>) -> Self {
        self.id = id.into();
        self
    }

    /// Sets when it happened.
    #[must_use]
    pub fn at(mut self, timestamp: Timestamp) -> Self {
        self.timestamp = timestamp;
        self
    }

    /// Sets how it ended.
    #[must_use]
    pub fn outcome(mut self, outcome: AuditOutcome) -> Self {
        self.outcome = outcome;
        self
    }

    /// Sets the free-form part.
    #[must_use]
    pub fn detail(mut self, detail: Value) -> Self {
        self.detail = Some(detail);
        self.verbatim_detail = None;
        self
    }

    /// Sets the free-form part from JSON text, whose numbers, keys and order are stored as they stand.
    #[must_use]
    pub fn detail_json(mut self, json: Box<RawValue>) -> Self {
        self.detail = None;
        self.verbatim_detail = Some(VerbatimJson(json));
        self
    }

    /// Sets how long it took; stored in whole milliseconds.
    #[must_use]
    pub fn duration(mut self, duration: Duration) -> Self {
        self.duration_ms = Some(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX));
        self
    }

    /// Sets which side of its act the entry stands on.
    #[must_use]
    pub fn phase(mut self, phase: Phase) -> Self {
        self.phase = phase;
        self
    }

    /// Sets who did it.
    #[must_use]
    pub fn actor(mut self, actor: Actor) -> Self {
        self.actor = Some(Box::new(actor));
        self
    }

    /// Adds something that was acted on.
    #[must_use]
    pub fn target(mut self, target: Target) -> Self {
        self.targets.push(target);
        self
    }

    /// Sets the request that led to the act.
    #[must_use]
    pub fn request(mut self, request: Request) -> Self {
        self.request = Some(Box::new(request));
        self
    }

    /// Sets the W3C trace context.
    #[must_use]
    pub fn trace(mut self, trace_id: impl Into<String>, span_id: impl Into<String>) -> Self {
        self.trace = Some(Box::new(Trace {
            trace_id: Some(trace_id.into()),
            span_id: Some(span_id.into()),
            ..Trace::default()
        }));
        self
    }

    /// Sets the model turn.
    #[must_use]
    pub fn model(mut self, model: Model) -> Self {
        self.model = Some(Box::new(model));
        self
    }

    /// Sets why it was allowed, denied or failed.
    #[must_use]
    pub fn reason(mut self, code: impl Into<String>, message: impl Into<String>) -> Self {
        self.reason = Some(Box::new(Reason {
            code: Some(code.into()),
            message: Some(message.into()),
            ..Reason::default()
        }));
        self
    }

    /// Adds a value that the act changed, at a JSON Pointer.
    #[must_use]
    pub fn change(mut self, path: impl Into<String>, before: Option<Value>, after: Option<Value>) -> Self {
        let op = match (&before, &after) {
            (None, _) => "add",
            (Some(_), None) => "remove",
            (Some(_), Some(_)) => "replace",
        };
        self.changes.push(Change {
            path: path.into(),
            op: Some(op.to_owned()),
            before,
            after,
            ..Change::default()
        });
        self
    }

    /// Adds a label of the user's own.
    #[must_use]
    pub fn label(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.labels.insert(key.into(), value.into());
        self
    }

    /// Adds content that is stored beside the log, synced before the entry commits.
    #[must_use]
    pub fn attach(
        mut self,
        name: impl Into<String>,
        media_type: impl Into<String>,
        content: impl Into<Vec<u8>>,
    ) -> Self {
        self.attachments.push(Attachment {
            name: name.into(),
            media_type: media_type.into(),
            content: content.into(),
        });
        self
    }
}

/// A new UUIDv7 in its usual form: ordered by time, unique without coordination.
pub fn new_id() -> String {
    // Without uuid's shared counter there is no lock; two ids of one millisecond differ in 74 random bits.
    let now = Timestamp::now();
    let nanos = u32::try_from(now.unix_nanos().rem_euclid(1_000_000_000)).expect("under a second");
    let seconds = u64::try_from(now.unix_seconds()).unwrap_or(0);
    let time = uuid::Timestamp::from_unix(uuid::NoContext, seconds, nanos);
    uuid::Uuid::new_v7(time).hyphenated().to_string()
}

impl<'de> Deserialize<'de> for AuditEntry {
    /// Reads a stored line, a line of the replaced format, or an event of an emitter; envelope fields are
    /// passed over. `id`, `timestamp`, `category`, `action` and `outcome` are required.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(EntryVisitor)
    }
}

struct EntryVisitor;

impl<'de> Visitor<'de> for EntryVisitor {
    type Value = AuditEntry;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an audit entry (a JSON object)")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<AuditEntry, A::Error> {
        let (mut id, mut timestamp, mut category, mut action, mut outcome) = (None, None, None, None, None);
        let mut entry = AuditEntry::unidentified();
        while let Some(key) = map.next_key::<std::borrow::Cow<'de, str>>()? {
            match key.as_ref() {
                "id" => id = Some(map.next_value()?),
                "timestamp" => timestamp = Some(map.next_value()?),
                "category" => category = Some(map.next_value()?),
                "action" => action = Some(map.next_value()?),
                "outcome" => outcome = Some(map.next_value()?),
                "principal" => entry.principal = map.next_value()?,
                "detail" => entry.detail = map.next_value()?,
                "duration_ms" => entry.duration_ms = map.next_value()?,
                "okr_id" => entry.okr_id = map.next_value()?,
                "okr_run_id" => entry.okr_run_id = map.next_value()?,
                "relay_id" => entry.relay_id = map.next_value()?,
                "session_id" => entry.session_id = map.next_value()?,
                "event_name" => entry.event_name = map.next_value()?,
                "phase" => entry.phase = map.next_value()?,
                "cause_id" => entry.cause_id = map.next_value()?,
                "correlation_id" => entry.correlation_id = map.next_value()?,
                "actor" => entry.actor = map.next_value()?,
                "targets" => entry.targets = list(&mut map)?,
                "request" => entry.request = map.next_value()?,
                "trace" => entry.trace = map.next_value()?,
                "tool" => entry.tool = map.next_value()?,
                "model" => entry.model = map.next_value()?,
                "reason" => entry.reason = map.next_value()?,
                "changes" => entry.changes = list(&mut map)?,
                "payloads" => entry.payloads = list(&mut map)?,
                "redactions" => entry.redactions = list(&mut map)?,
                "truncated" => entry.truncated = list(&mut map)?,
                "labels" => entry.labels = map.next_value()?,
                name if ENVELOPE_FIELDS.contains(&name) => {
                    map.next_value::<serde::de::IgnoredAny>()?;
                }
                _ => {
                    entry.other.insert(key.into_owned(), map.next_value()?);
                }
            }
        }
        let missing = <A::Error as serde::de::Error>::missing_field;
        entry.id = id.ok_or_else(|| missing("id"))?;
        entry.timestamp = timestamp.ok_or_else(|| missing("timestamp"))?;
        entry.category = category.ok_or_else(|| missing("category"))?;
        entry.action = action.ok_or_else(|| missing("action"))?;
        entry.outcome = outcome.ok_or_else(|| missing("outcome"))?;
        Ok(entry)
    }
}

/// A list that may also be null.
fn list<'de, T: Deserialize<'de>, A: MapAccess<'de>>(map: &mut A) -> Result<Vec<T>, A::Error> {
    Ok(map.next_value::<Option<Vec<T>>>()?.unwrap_or_default())
}

/// Fields that only the log writes.
pub(crate) const ENVELOPE_FIELDS: [&str; 3] = ["seq", "recorded_at", "source"];

/// Names of all fields that [`AuditEntry`] has of its own, so that `other` cannot name one twice.
pub(crate) const EVENT_FIELDS: [&str; 28] = [
    "id",
    "timestamp",
    "category",
    "action",
    "principal",
    "outcome",
    "detail",
    "duration_ms",
    "okr_id",
    "okr_run_id",
    "relay_id",
    "session_id",
    "event_name",
    "phase",
    "cause_id",
    "correlation_id",
    "actor",
    "targets",
    "request",
    "trace",
    "tool",
    "model",
    "reason",
    "changes",
    "payloads",
    "redactions",
    "truncated",
    "labels",
];

#[cfg(test)]
mod tests {
    use super::*;

    const SEED_LINE: &str = r#"{"id":"7d0c9e0e-5c8f-4a8e-9d5e-2f2f8a3a4b11","timestamp":"2026-02-10T17:27:10.484Z","category":"api","action":"GET /health","principal":null,"outcome":"success"}"#;

    #[test]
    fn a_line_of_the_replaced_format_reads_and_writes_back_unchanged() {
        let entry: AuditEntry = serde_json::from_str(SEED_LINE).unwrap();
        assert_eq!(serde_json::to_string(&entry).unwrap(), SEED_LINE);
    }

    #[test]
    fn every_field_survives_a_round_trip() {
        let entry = AuditEntry::tool("bash")
            .principal("alice")
            .session("s")
            .cause("c")
            .correlation("f")
            .phase(Phase::Post)
            .outcome(AuditOutcome::Denied)
            .duration(Duration::from_millis(1840))
            .detail(serde_json::json!({"a": [1, {"b": null}]}))
            .actor(Actor { kind: Some("agent".into()), ..Actor::default() })
            .target(Target { id: Some("t".into()), ..Target::default() })
            .request(Request { status_code: Some(404), ..Request::default() })
            .trace("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331")
            .model(Model { input_tokens: Some(3), ..Model::default() })
            .reason("denied_by_policy", "no")
            .change("/a", None, Some(serde_json::json!(1)))
            .label("team", "red");
        let mut entry = entry;
        entry.other.insert("weather".into(), serde_json::json!("rain"));
        let text = serde_json::to_string(&entry).unwrap();
        assert_eq!(serde_json::from_str::<AuditEntry>(&text).unwrap(), entry, "{text}");
    }

    #[test]
    fn the_list_of_event_fields_is_complete() {
        let text = serde_json::to_value(
            AuditEntry::tool("x").principal("p").label("a", "b").phase(Phase::Pre).session("s"),
        )
        .unwrap();
        for key in text.as_object().unwrap().keys() {
            assert!(EVENT_FIELDS.contains(&key.as_str()), "{key} is written but not listed");
        }
    }

    #[test]
    fn a_missing_required_field_is_named() {
        for field in ["id", "timestamp", "category", "action", "outcome"] {
            let mut value: Value = serde_json::from_str(SEED_LINE).unwrap();
            value.as_object_mut().unwrap().remove(field);
            let error = serde_json::from_value::<AuditEntry>(value).unwrap_err();
            assert!(error.to_string().contains(field), "{error}");
        }
    }
}
