//! Any JSON object, by the usual names of its fields.

use bulla_formats::import::ImportFormat::Jsonl;

use crate::entry_of::{check, events};

#[test]
fn usual_names_find_their_fields() {
    for (line, expected) in [
        (
            r#"{"ts":1795435200.5,"level":"info","msg":"user logged in","user":"alice","sessionId":"s1"}"#,
            &[
                ("/timestamp", r#""2026-11-23T12:00:00.5Z""#),
                ("/category", r#""event""#),
                ("/action", r#""user logged in""#),
                ("/principal", r#""alice""#),
                ("/session_id", r#""s1""#),
                ("/outcome", r#""success""#),
                ("/import_notes", "null"),
                ("/detail/msg", r#""user logged in""#),
            ][..],
        ),
        (
            r#"{"time":"2026-11-23T12:00:00Z","method":"POST","path":"/v1/x","status":403,"remote_addr":"10.0.0.1","userAgent":"curl"}"#,
            &[
                ("/category", r#""api""#),
                ("/action", r#""POST /v1/x""#),
                ("/outcome", r#""denied""#),
                ("/request/status_code", "403"),
                ("/request/client_ip", r#""10.0.0.1""#),
                ("/request/user_agent", r#""curl""#),
            ],
        ),
        (
            r#"{"@timestamp":"2026-11-23T12:00:00Z","event":{"action":"delete","outcome":"failure","category":"Web Server"},"user":{"name":"bob"},"host":{"name":"h"},"http":{"request":{"method":"GET"}},"trace":{"id":"t"}}"#,
            &[
                ("/category", r#""web_server""#),
                ("/action", r#""delete""#),
                ("/outcome", r#""failure""#),
                ("/principal", r#""bob""#),
                ("/targets/0/name", r#""h""#),
                ("/request/method", r#""GET""#),
                ("/trace/trace_id", r#""t""#),
            ],
        ),
        (
            r#"{"timestamp":"2026-11-23T12:00:00Z","event_name":"job.done","error":"disk full","duration_ms":12}"#,
            &[
                ("/action", r#""job.done""#),
                ("/event_name", r#""job.done""#),
                ("/outcome", r#""failure""#),
                ("/reason", r#"{"code":"error","message":"disk full"}"#),
                ("/duration_ms", "12"),
            ],
        ),
        (
            r#"{"timestamp":"2026-11-23T12:00:00Z","action":"x","result":"Permission Denied","severity":"ERROR"}"#,
            &[("/outcome", r#""denied""#)],
        ),
        (
            r#"{"timestamp":"2026-11-23T12:00:00Z","action":"x","level":"fatal"}"#,
            &[("/outcome", r#""failure""#)],
        ),
        ("{}", &[("/action", r#""event""#), ("/detail", "{}")]),
    ] {
        let expected: Vec<_> = expected.iter().map(|(pointer, json)| (0, *pointer, *json)).collect();
        check(Jsonl, line, &expected);
    }
}

#[test]
fn what_had_to_be_assumed_is_said() {
    for (line, timestamp, note) in [
        (
            r#"{"ts":"soon","a":1}"#,
            r#""2026-11-24T00:00:00Z""#,
            r#"["ts \"soon\" is not a readable time; timestamp is the import's"]"#,
        ),
        (
            r#"{"a":1}"#,
            r#""2026-11-24T00:00:00Z""#,
            r#"["no time in the record; timestamp is the import's"]"#,
        ),
        (
            r#"{"time":"2026-11-23 12:00:00"}"#,
            r#""2026-11-23T12:00:00Z""#,
            r#"["time has no zone; read as UTC"]"#,
        ),
        (
            r#"{"time":"2026-11-23T12:00:00Z","outcome":"pending"}"#,
            r#""2026-11-23T12:00:00Z""#,
            r#"["outcome \"pending\" is not a known word"]"#,
        ),
    ] {
        check(Jsonl, line, &[(0, "/timestamp", timestamp), (0, "/import_notes", note)]);
    }
}

#[test]
fn windows_events_are_read_by_their_own_names() {
    let logon = r#"{"EventType":"AUDIT_FAILURE","Hostname":"DC1","EventID":4625,"Category":"Logon","Channel":"Security","@timestamp":"2026-11-23T12:00:00Z","EventTime":"2026-11-23 07:00:00","SubjectUserName":"-","SubjectDomainName":"-","SubjectUserSid":"S-1-0-0","TargetUserName":"eve","TargetDomainName":"CORP","IpAddress":"10.0.0.9","ProcessName":"-"}"#;
    let registry = r#"{"EventID":13,"Channel":"Microsoft-Windows-Sysmon/Operational","EventType":"SetValue","Severity":"INFO","UtcTime":"2026-11-23 12:00:00.5","@timestamp":"2026-11-23T12:00:09Z","Domain":"NT AUTHORITY","AccountName":"SYSTEM","UserID":"S-1-5-18","Image":"C:\\lsass.exe","TargetObject":"HKLM\\X","Hostname":"W5","Category":"Registry value set"}"#;
    check(
        Jsonl,
        &format!("{logon}\n{registry}\n"),
        &[
            (0, "/timestamp", r#""2026-11-23T12:00:00Z""#),
            (0, "/category", r#""auth""#),
            (0, "/action", r#""Security 4625: Logon""#),
            (0, "/event_name", r#""windows.security.4625""#),
            (0, "/outcome", r#""failure""#),
            (0, "/principal", r#""CORP\\eve""#),
            (0, "/actor", r#"{"id":"S-1-0-0","name":"CORP\\eve"}"#),
            (0, "/request/client_ip", r#""10.0.0.9""#),
            (0, "/targets", r#"[{"type":"host","name":"DC1"}]"#),
            (1, "/timestamp", r#""2026-11-23T12:00:00.5Z""#),
            (1, "/category", r#""event""#),
            (1, "/outcome", r#""success""#),
            (1, "/principal", r#""NT AUTHORITY\\SYSTEM""#),
            (1, "/actor/process/name", r#""C:\\lsass.exe""#),
            (1, "/targets", r#"[{"type":"registry","name":"HKLM\\X"},{"type":"host","name":"W5"}]"#),
            (1, "/import_notes", "null"),
        ],
    );
}

#[test]
fn who_changes_an_account_is_not_the_account() {
    let created = r#"{"EventType":"AUDIT_SUCCESS","Hostname":"DC1","EventID":4720,"Channel":"Security","@timestamp":"2026-11-23T12:00:00Z","SubjectUserName":"admin","SubjectDomainName":"CORP","TargetUserName":"eve","TargetDomainName":"CORP"}"#;
    check(
        Jsonl,
        created,
        &[
            (0, "/category", r#""auth""#),
            (0, "/action", r#""Security 4720""#),
            (0, "/principal", r#""CORP\\admin""#),
            (0, "/targets", r#"[{"type":"user","name":"CORP\\eve"},{"type":"host","name":"DC1"}]"#),
        ],
    );
}

#[test]
fn an_almost_entry_is_mapped_like_any_other_object() {
    let line = r#"{"id":"a","timestamp":"2026-11-23T12:00:00Z","category":"api","action":"x","outcome":"success","tool":"hammer"}"#;
    check(Jsonl, line, &[(0, "/detail/tool", r#""hammer""#), (0, "/tool", "null"), (0, "/action", r#""x""#)]);
    // Its id may be anybody's: the entry has one of its own.
    assert_ne!(events(Jsonl, line.as_bytes())[0].id, "a");
}

#[test]
fn the_text_of_numbers_and_the_order_of_keys_are_kept() {
    let line = r#"{"z":1.10,"a":1e2,"big":123456789012345678901234567890,"s":"\u0041"}"#;
    let stored = crate::entry_of::stored_line(&events(Jsonl, line.as_bytes())[0].event);
    let stored = String::from_utf8(stored).unwrap();
    assert!(stored.contains(&format!("\"detail\":{line}")), "{stored}");
}
