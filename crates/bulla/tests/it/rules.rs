//! What an entry may be: limits, redaction, payloads, strictness.

use bulla::{AuditEntry, AuditLog, AuditOutcome, Event, EventOptions, Rejected, Timestamp};
use serde_json::json;

fn event(json: &str) -> Result<Event, Rejected> {
    Event::from_json(None, json.as_bytes(), Timestamp::now(), &EventOptions::default())
}

const MINIMAL: &str = r#""category":"api","action":"x","outcome":"success""#;

#[test]
fn foreign_json_is_stored_as_it_stands() {
    let folder = tempfile::tempdir().unwrap();
    let log = AuditLog::open(folder.path().join("a")).unwrap();
    let text = format!(
        r#"{{"id":"i1","timestamp":"2026-01-01T00:00:00Z",{MINIMAL}, "n" : 1.50e+2,"big":123456789012345678901234567890,"z":"\u0041","detail":{{"b":1,"a":-0}}}}"#
    );
    let receipt = log.submit_event(event(&text).unwrap()).unwrap().wait_durable().unwrap();
    let stored = log.get(receipt.seq()).unwrap().unwrap();
    let line = std::str::from_utf8(stored.line()).unwrap();
    assert!(line.ends_with(&text[1..]), "{line}");
    assert_eq!(stored.entry().unwrap().other["z"], "A");
}

#[test]
fn missing_id_and_timestamp_are_added_and_newlines_dropped() {
    let folder = tempfile::tempdir().unwrap();
    let log = AuditLog::open(folder.path().join("a")).unwrap();
    let text = format!("{{\n  {}\r\n}}", MINIMAL.replace(',', ",\n"));
    let receipt = log.submit_event(event(&text).unwrap()).unwrap().wait_durable().unwrap();
    let entry = log.get(receipt.seq()).unwrap().unwrap().entry().unwrap();
    assert_eq!(entry.id.len(), 36);
    assert_eq!(entry.action, "x");
}

#[test]
fn an_id_is_told_unless_the_log_made_it_up() {
    let named = |json: &str, default_id| {
        let options = EventOptions::default();
        Event::from_json_with_id(None, json.as_bytes(), default_id, Timestamp::now(), &options)
            .map(|(_, id)| id)
    };
    let without = format!("{{{MINIMAL}}}");
    let with = format!("{{\"id\":\"own\",{MINIMAL}}}");
    assert_eq!(named(&without, None), Ok(None));
    assert_eq!(named(&without, Some("given")), Ok(Some("given".to_owned())));
    assert_eq!(named(&with, None), Ok(Some("own".to_owned())));
    assert_eq!(named(&with, Some("given")), Ok(Some("own".to_owned())));
    for wrong in ["", "a\"b", "a\\", "a\nb"] {
        assert!(matches!(named(&without, Some(wrong)), Err(Rejected::InvalidField(_))), "{wrong:?}");
    }
}

#[test]
fn entries_that_break_a_rule_are_refused_with_its_name() {
    let long = "y".repeat(70_000);
    let cases = [
        (format!(r#"{{{MINIMAL},"seq":1}}"#), "`seq`"),
        (format!(r#"{{{MINIMAL},"source":{{}}}}"#), "`source`"),
        (format!(r#"{{{MINIMAL},"action":"y"}}"#), "twice"),
        (format!(r#"{{{MINIMAL},"detail":{{"a":1,"a":2}}}}"#), "twice"),
        (format!(r#"{{{MINIMAL},"detail":{}{}}}"#, "[".repeat(64), "]".repeat(64)), "deeper"),
        (format!(r#"{{{MINIMAL},"x":"{long}"}}"#), "too long"),
        (format!(r#"{{{MINIMAL},"duration_ms":-1}}"#), "invalid field"),
        (format!(r#"{{{MINIMAL},"id":""}}"#), "id has 0 bytes"),
        (format!(r#"{{{MINIMAL},"payloads":[{{"name":"a","ref":"b"}}]}}"#), "payloads[].ref"),
        (r#"{"category":"api","action":"x"}"#.to_owned(), "outcome"),
        (r#"{"category":"api","action":"x","outcome":"unknown"}"#.to_owned(), "outcome is unknown"),
        (r#"{"category":"Not Snake","action":"x","outcome":"success"}"#.to_owned(), "snake_case"),
        ("[]".to_owned(), "not a JSON object"),
        ("{".to_owned(), "not a JSON object"),
    ];
    for (text, named) in cases {
        let error = event(&text).unwrap_err().to_string();
        assert!(error.contains(named), "{error} should name {named}");
    }
    let too_long = event(&format!(r#"{{{MINIMAL},"x":"{long}"}}"#)).unwrap_err();
    assert!(
        matches!(&too_long, Rejected::TooLong { limit: 65_535, largest_field, .. } if largest_field == "x"),
        "{too_long:?}"
    );
}

#[test]
fn long_strings_and_attachments_become_payloads_and_come_back() {
    let folder = tempfile::tempdir().unwrap();
    let log = AuditLog::open(folder.path().join("a")).unwrap();
    let long = "schöner Text ".repeat(10_000);
    let entry = AuditEntry::tool("cat")
        .outcome(AuditOutcome::Success)
        .detail(json!({"out": {"stdout": long, "n": 1}, "small": "s"}))
        .attach("core", "application/octet-stream", vec![0, 1, 2]);
    let receipt = log.record_blocking(entry).unwrap();
    let stored = log.get(receipt.seq()).unwrap().unwrap().entry().unwrap();
    let [text, core] = stored.payloads.as_slice() else { panic!("{:?}", stored.payloads) };
    assert_eq!((text.name.as_str(), text.size), ("/detail/out/stdout", Some(long.len() as u64)));
    let reader = log.reader().unwrap();
    let content = |payload: &bulla::entry::Payload| {
        reader.payload(payload.reference.as_deref().unwrap()).unwrap().unwrap()
    };
    assert_eq!(content(text)[32..], *long.as_bytes());
    assert_eq!(content(core)[32..], [0, 1, 2]);
    let detail = stored.detail.unwrap();
    assert_eq!(detail["small"], "s");
    assert_eq!(detail["out"]["n"], 1);
    assert_eq!(detail["out"]["stdout"]["$payload"], json!(text.reference));
}

#[test]
fn secrets_are_removed_on_every_path_and_said_so() {
    let folder = tempfile::tempdir().unwrap();
    let log = AuditLog::open(folder.path().join("a")).unwrap();
    let built = AuditEntry::api("login")
        .outcome(AuditOutcome::Success)
        .detail(json!({"user": "a", "Password": "hunter2", "list": [{"api-key": "k"}]}));
    let built = log.record_blocking(built).unwrap().seq();
    let raw = format!(r#"{{{MINIMAL},"detail":{{"authorization":"Bearer x","n":1.50}}}}"#);
    let raw = log.submit_event(event(&raw).unwrap()).unwrap().wait_durable().unwrap().seq();
    let line = |seq| String::from_utf8(log.get(seq).unwrap().unwrap().into_line()).unwrap();
    assert!(!line(built).contains("hunter2") && !line(raw).contains("Bearer"));
    assert!(line(built).contains(r#""path":"/detail/Password""#), "{}", line(built));
    assert!(line(built).contains(r#""path":"/detail/list/0/api-key""#));
    assert!(line(raw).contains(r#""n":1.50"#), "the rest keeps its text");
}
