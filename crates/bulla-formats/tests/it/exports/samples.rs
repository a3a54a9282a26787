//! Lines to export: of real inputs where they are at hand, and random ones.

use std::fs;

use bulla_formats::import::ImportFormat;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use crate::entry_of::{events, stored_line};
use crate::real_inputs::real_input;

/// The stored lines of every shared input.
pub(crate) fn real_lines() -> Vec<Vec<u8>> {
    let inputs = [
        ("agent-sessions/claude-opus-4-6.jsonl", ImportFormat::ClaudeCode),
        ("agent-sessions/codex-gpt-5-2.jsonl", ImportFormat::Codex),
        ("cloudtrail/ec2-proxy-s3-exfiltration.jsonl", ImportFormat::Cloudtrail),
    ];
    let mut lines = Vec::new();
    for (name, format) in inputs {
        let Some(path) = real_input(name) else { continue };
        let file = fs::read(path).unwrap();
        let imported = events(format, &file);
        // Each event is stored in a log of its own, as number 0.
        lines.extend(imported.iter().enumerate().map(|(seq, event)| {
            let line = String::from_utf8(stored_line(&event.event)).unwrap();
            line.replacen("{\"seq\":0,", &format!("{{\"seq\":{seq},"), 1).into_bytes()
        }));
    }
    lines
}

/// Any string, and those that formats have trouble with.
fn nasty() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[a-z]{1,8}",
        prop::sample::select(vec![
            "",
            " ",
            "a|b\\c=d",
            "\n",
            "x\r\ny",
            "\u{2028}",
            "\u{85}",
            "\u{0}",
            "=1+1",
            " padded ",
            "\u{fdd0}",
            "null",
            "203.0.113.9",
            "2001:db8::1",
            "GET",
            "shell",
            "unknown",
            "2026-11-23T12:00:00Z",
            "2026-11-23T13:00:00+01:00",
        ])
        .prop_map(str::to_owned),
    ]
}

fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        (0_u64..1000).prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        nasty().prop_map(Value::from),
        nasty().prop_map(Value::from),
    ]
}

fn tree() -> impl Strategy<Value = Value> {
    scalar().prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(nasty(), inner, 0..4)
                .prop_map(|members| Value::from(Map::from_iter(members))),
        ]
    })
}

const PATHS: [&str; 42] = [
    "event_name",
    "phase",
    "duration_ms",
    "session_id",
    "correlation_id",
    "cause_id",
    "actor.type",
    "actor.id",
    "actor.name",
    "actor.credential",
    "request.id",
    "request.method",
    "request.route",
    "request.path",
    "request.status_code",
    "request.peer_ip",
    "request.client_ip",
    "request.user_agent",
    "tool.name",
    "tool.call_id",
    "tool.kind",
    "tool.server",
    "tool.is_error",
    "model.provider",
    "model.request",
    "model.response",
    "model.input_tokens",
    "model.output_tokens",
    "reason.code",
    "reason.message",
    "source.id",
    "source.instance",
    "source.seq",
    "trace.trace_id",
    "trace.span_id",
    "detail",
    "detail.exit_code",
    "detail.command",
    "targets",
    "labels",
    "made_up",
    "actor.made_up",
];

const CATEGORIES: [&str; 11] = [
    "api",
    "tool_execution",
    "session",
    "cognition",
    "swarm",
    "auth",
    "k8s",
    "sandbox",
    "config",
    "audit",
    "billing",
];

/// A stored line whose known fields may have any value of any type.
pub(crate) fn random_line() -> impl Strategy<Value = String> {
    let word = || nasty().prop_filter("needed fields say something", |text| !text.is_empty());
    let needed = (
        0_u64..1 << 53,
        word(),
        prop::sample::select(CATEGORIES.to_vec()),
        word(),
        prop::option::of(nasty()),
        prop::sample::select(vec!["success", "failure", "denied", "unknown"]),
        prop::sample::select(vec![
            "2026-11-23T12:00:00.122Z",
            "2026-11-23T12:00:00.123456789Z",
            "1969-12-31T23:59:59.999999999Z",
            "1500-01-01T00:00:00Z",
            "2026-11-23T13:00:00+01:00",
        ]),
    );
    let fields = prop::collection::vec((prop::sample::select(PATHS.to_vec()), tree()), 0..12);
    (needed, fields).prop_map(|((seq, id, category, action, principal, outcome, timestamp), fields)| {
        let mut line = json!({
            "seq": seq, "recorded_at": "2026-11-23T12:00:00.123456789Z", "id": id, "timestamp": timestamp,
            "category": category, "action": action, "principal": principal, "outcome": outcome,
        });
        for (path, value) in fields {
            set(&mut line, path, value);
        }
        line.to_string()
    })
}

/// Puts the value at that path, unless something that is no object is in the way.
fn set(line: &mut Value, path: &str, value: Value) {
    match path.split_once('.') {
        None => line[path] = value,
        Some((part, inner)) => {
            if line.get(part).is_none() {
                line[part] = json!({});
            }
            if line[part].is_object() {
                line[part][inner] = value;
            }
        }
    }
}
