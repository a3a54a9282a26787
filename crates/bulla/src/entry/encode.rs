//! An entry's one serialisation: the bytes of its serde form, written without serde where that is what takes time.

use serde::Serialize;
use serde_json::Value;

use super::AuditEntry;
use super::outcome::Phase;

/// Appends the JSON object of `entry`: exactly what `serde_json::to_vec` gives.
pub(crate) fn encode(entry: &AuditEntry, out: &mut Vec<u8>) -> serde_json::Result<()> {
    out.extend_from_slice(b"{\"id\":");
    push_string(out, &entry.id)?;
    out.extend_from_slice(b",\"timestamp\":\"");
    entry.timestamp.push_rfc3339(out);
    out.extend_from_slice(b"\",\"category\":\"");
    out.extend_from_slice(entry.category.as_str().as_bytes()); // snake_case ASCII
    out.extend_from_slice(b"\",\"action\":");
    push_string(out, &entry.action)?;
    out.extend_from_slice(b",\"principal\":");
    match &entry.principal {
        Some(principal) => push_string(out, principal)?,
        None => out.extend_from_slice(b"null"),
    }
    out.extend_from_slice(b",\"outcome\":\"");
    out.extend_from_slice(entry.outcome.as_str().as_bytes());
    out.push(b'"');
    if let Some(detail) = &entry.detail {
        out.extend_from_slice(b",\"detail\":");
        push_value(out, detail)?;
    }
    push_field(out, "detail", entry.verbatim_detail.as_ref())?;
    push_field(out, "duration_ms", entry.duration_ms)?;
    push_text(out, "okr_id", entry.okr_id.as_ref())?;
    push_text(out, "okr_run_id", entry.okr_run_id.as_ref())?;
    push_text(out, "relay_id", entry.relay_id.as_ref())?;
    push_text(out, "session_id", entry.session_id.as_ref())?;
    push_text(out, "event_name", entry.event_name.as_ref())?;
    push_field(out, "phase", (entry.phase != Phase::Single).then_some(entry.phase))?;
    push_text(out, "cause_id", entry.cause_id.as_ref())?;
    push_text(out, "correlation_id", entry.correlation_id.as_ref())?;
    push_field(out, "actor", entry.actor.as_ref())?;
    push_list(out, "targets", &entry.targets)?;
    push_field(out, "request", entry.request.as_ref())?;
    push_field(out, "trace", entry.trace.as_ref())?;
    push_field(out, "tool", entry.tool.as_ref())?;
    push_field(out, "model", entry.model.as_ref())?;
    push_field(out, "reason", entry.reason.as_ref())?;
    push_list(out, "changes", &entry.changes)?;
    push_list(out, "payloads", &entry.payloads)?;
    push_list(out, "redactions", &entry.redactions)?;
    push_list(out, "truncated", &entry.truncated)?;
    push_field(out, "labels", (!entry.labels.is_empty()).then_some(&entry.labels))?;
    for (name, value) in &entry.other {
        out.push(b',');
        push_string(out, name)?;
        out.push(b':');
        push_value(out, value)?;
    }
    out.push(b'}');
    Ok(())
}

fn push_name(out: &mut Vec<u8>, name: &str) {
    out.extend_from_slice(b",\"");
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\":");
}

fn push_text(out: &mut Vec<u8>, name: &str, text: Option<&String>) -> serde_json::Result<()> {
    let Some(text) = text else { return Ok(()) };
    push_name(out, name);
    push_string(out, text)
}

fn push_field(out: &mut Vec<u8>, name: &str, value: Option<impl Serialize>) -> serde_json::Result<()> {
    let Some(value) = value else { return Ok(()) };
    push_name(out, name);
    serde_json::to_writer(out, &value)
}

fn push_list(out: &mut Vec<u8>, name: &str, items: &[impl Serialize]) -> serde_json::Result<()> {
    push_field(out, name, (!items.is_empty()).then_some(items))
}

/// A JSON string. Most need no escapes, which one pass over whole words of bytes finds out.
fn push_string(out: &mut Vec<u8>, text: &str) -> serde_json::Result<()> {
    let needs_escape = |byte: u8| byte < 0x20 || byte == b'"' || byte == b'\\';
    if text.bytes().fold(false, |found, byte| found | needs_escape(byte)) {
        return serde_json::to_writer(out, text);
    }
    out.reserve(text.len() + 2);
    out.push(b'"');
    out.extend_from_slice(text.as_bytes());
    out.push(b'"');
    Ok(())
}

fn push_value(out: &mut Vec<u8>, value: &Value) -> serde_json::Result<()> {
    match value {
        Value::String(text) => push_string(out, text),
        Value::Object(map) => {
            out.push(b'{');
            for (index, (key, value)) in map.iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                push_string(out, key)?;
                out.push(b':');
                push_value(out, value)?;
            }
            out.push(b'}');
            Ok(())
        }
        Value::Array(items) => {
            out.push(b'[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                push_value(out, item)?;
            }
            out.push(b']');
            Ok(())
        }
        plain => serde_json::to_writer(out, plain),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entry::{
        Actor, AuditCategory, AuditOutcome, Change, Model, Reason, Redacted, Request, Target, Tool, Trace,
        Truncation,
    };
    use serde_json::json;

    fn check(entry: &AuditEntry) {
        let mut out = Vec::new();
        encode(entry, &mut out).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), serde_json::to_string(entry).unwrap());
    }

    #[test]
    fn encoding_is_the_serde_form() {
        check(&AuditEntry::default());
        check(&AuditEntry::new(
            AuditCategory::named("billing").unwrap(),
            "quote \" slash \\ tab \t é \u{1} \u{7f}",
        ));
        let mut full = AuditEntry::tool("bash")
            .principal("alice")
            .session("s\n")
            .cause("c")
            .correlation("f")
            .phase(Phase::Post)
            .outcome(AuditOutcome::Denied)
            .duration(std::time::Duration::from_millis(1840))
            .detail(json!({"a": [1, -2, 1.5, 1e300, {"b": null, "\"": true}], "": {}, "e": []}))
            .actor(Actor { kind: Some("agent".into()), ..Actor::default() })
            .target(Target { id: Some("t".into()), ..Target::default() })
            .request(Request { status_code: Some(404), ..Request::default() })
            .model(Model { input_tokens: Some(3), ..Model::default() })
            .reason("denied_by_policy", "no")
            .change("/a", None, Some(json!(1)))
            .label("team", "red");
        full.okr_id = Some("o".into());
        full.okr_run_id = Some("r".into());
        full.relay_id = Some("y".into());
        full.trace = Some(Box::new(Trace::default()));
        full.tool = Some(Box::new(Tool { is_error: Some(true), ..Tool::default() }));
        full.reason = Some(Box::new(Reason::default()));
        full.changes.push(Change::default());
        full.redactions.push(Redacted::default());
        full.truncated.push(Truncation::default());
        full.payloads.push(crate::entry::Payload::default());
        full.other.insert("weather".into(), json!("rain \u{2028}"));
        check(&full);
        check(&full.detail_json(serde_json::value::RawValue::from_string("{\"n\": 1.50}".into()).unwrap()));
    }
}
