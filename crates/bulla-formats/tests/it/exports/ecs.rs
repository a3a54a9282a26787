//! Documents of the Elastic Common Schema.

use bulla_formats::export::ExportFormat::Ecs;

use super::{check, json, line};

#[test]
fn each_field_has_its_place() {
    check(
        Ecs,
        r#""category":"api","action":"DELETE /v1/x","principal":"alice","outcome":"denied","detail":{"n":1.50},"duration_ms":1840,"session_id":"sess-9","event_name":"http.request","actor":{"type":"user","name":"Alice"},"request":{"id":"r","method":"DELETE","path":"/v1/x","status_code":403,"client_ip":"2001:db8::1","peer_ip":"10.0.0.1","user_agent":"curl/8","route":"/v1/{id}"},"trace":{"trace_id":"4bf9","span_id":"00f0"},"reason":{"code":"r1","message":"not yours"}"#,
        &[
            ("/@timestamp", r#""2026-11-23T12:00:00.122Z""#),
            ("/ecs", r#"{"version":"9.0.0"}"#),
            ("/message", r#""DELETE /v1/x""#),
            ("/event/kind", r#""event""#),
            ("/event/provider", r#""example.org/audit""#),
            ("/event/category", r#"["api"]"#),
            ("/event/type", r#"["denied","deletion"]"#),
            ("/event/id", r#""a-1""#),
            ("/event/action", r#""DELETE /v1/x""#),
            ("/event/code", r#""http.request""#),
            ("/event/outcome", r#""failure""#),
            ("/event/reason", r#""not yours""#),
            ("/event/sequence", "41"),
            ("/event/ingested", r#""2026-11-23T12:00:00.123456789Z""#),
            ("/event/duration", "1840000000"),
            ("/user", r#"{"id":"alice","name":"Alice"}"#),
            ("/source", r#"{"ip":"2001:db8::1"}"#),
            ("/http", r#"{"request":{"id":"r","method":"DELETE"},"response":{"status_code":403}}"#),
            ("/url/path", r#""/v1/x""#),
            ("/user_agent/original", r#""curl/8""#),
            ("/trace/id", r#""4bf9""#),
            ("/span/id", r#""00f0""#),
            ("/labels/session_id", r#""sess-9""#),
            (
                "/bulla",
                r#"{"category":"api","outcome":"denied","detail":{"n":1.50},"duration_ms":1840,"actor":{"type":"user"},"request":{"peer_ip":"10.0.0.1","route":"/v1/{id}"},"reason":{"code":"r1"}}"#,
            ),
        ],
    );
    let document = json(Ecs, &line(r#""category":"api","action":"x""#));
    assert_eq!(document["event"]["hash"].as_str().map(str::len), Some(64));
}

#[test]
fn categories_and_types_are_words_of_the_schema() {
    for (fields, category, kind) in [
        (r#""category":"api","request":{"method":"GET"}"#, r#"["api"]"#, r#"["access"]"#),
        (r#""category":"auth""#, r#"["authentication"]"#, r#"["info"]"#),
        (r#""category":"session""#, r#"["session"]"#, r#"["info"]"#),
        (r#""category":"sandbox","phase":"pre""#, r#"["process"]"#, r#"["start"]"#),
        (
            r#""category":"tool_execution","phase":"post","tool":{"kind":"shell"}"#,
            r#"["process"]"#,
            r#"["end"]"#,
        ),
        (r#""category":"config""#, r#"["configuration"]"#, r#"["change"]"#),
        (r#""category":"billing""#, "[]", r#"["info"]"#),
    ] {
        check(
            Ecs,
            &format!("{fields},\"action\":\"x\""),
            &[("/event/category", category), ("/event/type", kind)],
        );
    }
}

#[test]
fn fields_with_a_type_of_their_own_hold_only_that() {
    check(
        Ecs,
        r#""category":"api","action":"x","outcome":"unknown","duration_ms":9223372036855,"request":{"client_ip":"10.0.0.1:80","status_code":"200"}"#,
        &[
            ("/source", "null"),
            ("/http", "null"),
            ("/event/duration", "null"),
            ("/event/outcome", r#""unknown""#),
            ("/bulla/duration_ms", "9223372036855"),
            ("/bulla/request", r#"{"client_ip":"10.0.0.1:80","status_code":"200"}"#),
        ],
    );
}
