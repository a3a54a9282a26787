//! Documents of the Elastic Common Schema. What has no field there is under `bulla`, at the path that it has in the
//! entry, and so is every value that ECS would say with less precision or in other words.

use std::net::IpAddr;

use serde_json::json;
use serde_json::value::RawValue;

use super::fields::{Fields, whole};
use super::object::Object;
use super::{ExportError, Line, moment, needed};
use crate::record::text_of;

/// Version of the schema whose fields these are.
const ECS_VERSION: &str = "9.0.0";

/// Writes a document.
pub(super) fn record(line: &Line<'_>, out: &mut Vec<u8>) -> Result<(), ExportError> {
    let mut fields = line.fields()?;
    let at = moment(&mut fields)?;
    let category = needed(&mut fields, "category")?;
    if fields.see_text("timestamp").is_some_and(|text| text == at.at.to_rfc3339()) {
        fields.take_text("timestamp");
    }
    Object::write(out, |document| {
        document.put("@timestamp", &at.at);
        document.put("ecs", &json!({"version": ECS_VERSION}));
        document.maybe("message", fields.see_text("action"));
        document.object("event", |event| write_event(event, &mut fields, line, &category));
        document.object("user", |user| {
            user.maybe("id", fields.take_word("principal"));
            user.maybe("name", fields.take_word("actor.name"));
        });
        document.object("source", |source| {
            let from = ["request.client_ip", "request.peer_ip"];
            source.maybe("ip", from.into_iter().find_map(|path| fields.take_as(path, address)));
        });
        document.object("http", |http| {
            http.object("request", |request| {
                request.maybe("id", fields.take_word("request.id"));
                request.maybe("method", fields.take_word("request.method"));
            });
            http.object("response", |response| {
                response.maybe("status_code", fields.take_number("request.status_code"));
            });
        });
        document.object("url", |url| url.maybe("path", fields.take_word("request.path")));
        document.object("user_agent", |agent| {
            agent.maybe("original", fields.take_word("request.user_agent"));
        });
        document.object("trace", |trace| trace.maybe("id", fields.take_word("trace.trace_id")));
        document.object("span", |span| span.maybe("id", fields.take_word("trace.span_id")));
        document.object("labels", |labels| labels.maybe("session_id", fields.take_word("session_id")));
        document.object("bulla", |rest| fields.rest(rest));
    });
    out.push(b'\n');
    Ok(())
}

fn write_event(event: &mut Object<'_>, fields: &mut Fields<'_>, line: &Line<'_>, category: &str) {
    let outcome = fields.see_text("outcome").unwrap_or_default();
    event.put("kind", "event");
    event.put("module", "bulla");
    event.put("provider", line.origin);
    event.put("category", categories(category, fields));
    event.put("type", &types(category, &outcome, fields));
    event.maybe("id", fields.take_word("id"));
    event.maybe("action", fields.take_text("action"));
    event.maybe("code", fields.take_word("event_name"));
    event.put("outcome", ecs_outcome(&outcome));
    event.maybe("reason", fields.take_word("reason.message"));
    event.maybe("sequence", fields.take_number("seq"));
    event.maybe("ingested", fields.take_as("recorded_at", date));
    event.maybe("duration", fields.see("duration_ms").and_then(nanoseconds));
    event.put("hash", &line.leaf_hash());
}

/// `event.category`: words that ECS allows; none where none fits.
fn categories(category: &str, fields: &mut Fields<'_>) -> &'static [&'static str] {
    match category {
        "tool_execution" if fields.see_text("tool.kind").is_some_and(|kind| kind == "shell") => &["process"],
        "api" | "k8s" | "tool_execution" | "cognition" | "swarm" => &["api"],
        "auth" => &["authentication"],
        "session" => &["session"],
        "sandbox" => &["process"],
        "config" => &["configuration"],
        _ => &[],
    }
}

/// `event.type`: what kind of event of its category it is.
fn types(category: &str, outcome: &str, fields: &mut Fields<'_>) -> Vec<&'static str> {
    let mut types = Vec::new();
    match fields.see_text("phase").as_deref() {
        Some("pre") => types.push("start"),
        Some("post") => types.push("end"),
        _ => {}
    }
    if outcome == "denied" {
        types.push("denied");
    }
    let is_api = matches!(category, "api" | "k8s");
    match fields.see_text("request.method").as_deref() {
        Some("GET" | "HEAD") if is_api => types.push("access"),
        Some("POST") if is_api => types.push("creation"),
        Some("PUT" | "PATCH") if is_api => types.push("change"),
        Some("DELETE") if is_api => types.push("deletion"),
        _ if category == "config" => types.push("change"),
        _ => {}
    }
    if types.is_empty() {
        types.push("info");
    }
    types
}

/// `event.outcome` knows no denial; `event.type` says it, and `bulla.outcome` the entry's own word.
fn ecs_outcome(outcome: &str) -> &'static str {
    match outcome {
        "success" => "success",
        "failure" | "denied" => "failure",
        _ => "unknown",
    }
}

/// An address as its type of field takes it, when it is written as such.
fn address(value: &RawValue) -> Option<String> {
    let text = text_of(value)?;
    let ip: IpAddr = text.parse().ok()?;
    (ip.to_string() == text).then(|| text.into_owned())
}

/// A moment that Elasticsearch reads as a date.
fn date(value: &RawValue) -> Option<String> {
    let text = text_of(value)?;
    text.parse::<bulla::Timestamp>().ok()?;
    Some(text.into_owned())
}

/// ECS counts nanoseconds in a signed 64-bit number.
fn nanoseconds(value: &RawValue) -> Option<i64> {
    whole(value)?.checked_mul(1_000_000).and_then(|nanos| i64::try_from(nanos).ok())
}
