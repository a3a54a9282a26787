//! CloudEvents 1.0, structured mode.

use std::collections::HashSet;

use bulla_formats::export::ExportFormat::CloudEvents;
use serde_json::Value;

use super::samples::real_lines;
use super::{check, json, line, text};

#[test]
fn each_field_has_its_place() {
    check(
        CloudEvents,
        r#""category":"tool_execution","action":"tool:bash","principal":"alice","outcome":"failure","detail":{"n":1.50},"duration_ms":1840,"session_id":"sess-9","event_name":"tool.call","cause_id":"c-1","actor":{"type":"user","name":"Alice"},"targets":[{"type":"file","name":"/etc/passwd"}]"#,
        &[
            ("/specversion", r#""1.0""#),
            ("/id", r#""a-1""#),
            ("/source", r##""//example.org/audit#41""##),
            ("/type", r#""bulla.tool_execution.tool.call""#),
            ("/time", r#""2026-11-23T12:00:00.122Z""#),
            ("/subject", r#""/etc/passwd""#),
            ("/datacontenttype", r#""application/json""#),
            ("/recordedtime", r#""2026-11-23T12:00:00.123456789Z""#),
            ("/sequence", r#""00000000000000000041""#),
            ("/authtype", r#""user""#),
            ("/authid", r#""alice""#),
            ("/correlationid", r#""sess-9""#),
            ("/causationid", r#""c-1""#),
            (
                "/data",
                r#"{"seq":41,"category":"tool_execution","action":"tool:bash","outcome":"failure","detail":{"n":1.50},"duration_ms":1840,"event_name":"tool.call","actor":{"type":"user","name":"Alice"},"targets":[{"type":"file","name":"/etc/passwd"}]}"#,
            ),
        ],
    );
}

#[test]
fn attributes_hold_only_what_they_may_and_data_holds_the_rest() {
    check(
        CloudEvents,
        r#""category":"api","action":"x","outcome":"success","principal":"a\nb","session_id":"","event_name":"\u0000""#,
        &[
            ("/type", r#""bulla.api.�""#),
            ("/authid", "null"),
            ("/authtype", "null"),
            ("/correlationid", "null"),
            ("/data/principal", r#""a\nb""#),
            ("/data/session_id", r#""""#),
            ("/data/event_name", r#""\u0000""#),
        ],
    );
    let odd = line(r#""category":"api","action":"x","outcome":"success""#).replace("a-1", "a\\u0001");
    let odd = odd.replace("12:00:00.122Z", "13:00:00.122+01:00");
    let event = json(CloudEvents, &odd);
    assert_eq!((event["id"].as_str(), event["data"]["id"].as_str()), (Some("a\u{fffd}"), Some("a\u{1}")));
    assert_eq!(event["time"], "2026-11-23T12:00:00.122Z");
    assert_eq!(event["data"]["timestamp"], "2026-11-23T13:00:00.122+01:00");
}

#[test]
fn two_entries_with_one_id_are_two_events() {
    let first = line(r#""category":"api","action":"x","outcome":"success""#);
    let second = first.replace("\"seq\":41", "\"seq\":42");
    let [first, second] = [first, second].map(|line| json(CloudEvents, &line));
    assert_eq!(first["id"], second["id"]);
    assert_ne!(first["source"], second["source"]);
}

/// The rules of the specification for context attributes.
fn assert_valid(event: &Value) {
    for (name, value) in event.as_object().unwrap() {
        let is_name = name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
        assert!(is_name && name.len() <= 20, "{name}");
        if name == "data" {
            continue;
        }
        let text = value.as_str().unwrap();
        assert!(!text.is_empty() && !text.chars().any(char::is_control), "{name}: {text:?}");
    }
    for required in ["specversion", "id", "source", "type"] {
        assert!(event[required].is_string(), "{required}");
    }
    for time in ["time", "recordedtime"] {
        event[time].as_str().unwrap().parse::<bulla::Timestamp>().unwrap();
    }
}

#[test]
fn real_entries_are_valid_events_of_their_own() {
    let lines = real_lines();
    let all: Vec<&[u8]> = lines.iter().map(Vec::as_slice).collect();
    let mut seen = HashSet::new();
    for (line, event) in all.iter().zip(text(CloudEvents, &all).lines()) {
        let event: Value = serde_json::from_str(event).unwrap();
        assert_valid(&event);
        let line: Value = serde_json::from_slice(line).unwrap();
        assert_eq!(event["id"], line["id"]);
        seen.insert((event["source"].to_string(), event["id"].to_string()));
    }
    assert_eq!(seen.len(), lines.len());
}
