//! Events of the Open Cybersecurity Schema Framework.

use bulla_formats::export::ExportFormat::Ocsf;
use serde_json::{Value, json};

use super::ocsf_rules::problems;
use super::{check, json as event_of, line};

#[test]
fn a_denied_request_has_its_attributes() {
    check(
        Ocsf,
        r#""category":"api","action":"DELETE /v1/x","principal":"alice","outcome":"denied","detail":{"n":1.50},"duration_ms":1840,"session_id":"sess-9","event_name":"http.request","correlation_id":"f","actor":{"type":"user","id":"S-1","name":"Alice","credential":{"type":"bearer_token","id":"fp"}},"request":{"id":"r","method":"DELETE","path":"/v1/x","status_code":403,"client_ip":"203.0.113.9","user_agent":"curl/8","route":"/v1/{id}"},"trace":{"trace_id":"4bf9","span_id":"00f0"},"reason":{"code":"r1","message":"not yours","rule":"own"}"#,
        &[
            ("/class_uid", "6003"),
            ("/category_uid", "6"),
            ("/activity_id", "4"),
            ("/activity_name", r#""Delete""#),
            ("/type_uid", "600304"),
            ("/severity_id", "3"),
            ("/status_id", "2"),
            ("/status", r#""Failure""#),
            ("/action_id", "2"),
            ("/status_code", r#""r1""#),
            ("/status_detail", r#""not yours""#),
            ("/time", "1795435200122"),
            ("/message", r#""DELETE /v1/x""#),
            ("/metadata/version", r#""1.9.0""#),
            ("/metadata/profiles", r#"["record_integrity","security_control","trace"]"#),
            ("/metadata/uid", r#""a-1""#),
            ("/metadata/sequence", "41"),
            ("/metadata/event_code", r#""http.request""#),
            ("/metadata/correlation_uid", r#""f""#),
            ("/metadata/original_time", r#""2026-11-23T12:00:00.122Z""#),
            ("/metadata/logged_time", "1795435200123"),
            ("/src_endpoint", r#"{"ip":"203.0.113.9"}"#),
            (
                "/actor",
                r#"{"user":{"uid":"alice","uid_alt":"S-1","name":"Alice","type_id":1,"type":"user","credential_uid":"fp"},"session":{"uid":"sess-9"}}"#,
            ),
            ("/api", r#"{"operation":"DELETE /v1/x","request":{"uid":"r"}}"#),
            ("/http_request", r#"{"http_method":"DELETE","url":{"path":"/v1/x"},"user_agent":"curl/8"}"#),
            ("/http_response", r#"{"code":403}"#),
            ("/trace", r#"{"uid":"4bf9"}"#),
            ("/attestation_list/0/authority_uid", r#""example.org/audit""#),
            ("/attestation_list/0/fingerprint/algorithm_id", "3"),
            (
                "/unmapped",
                r#"{"recorded_at":"2026-11-23T12:00:00.123456789Z","category":"api","outcome":"denied","detail":{"n":1.50},"duration_ms":1840,"actor":{"credential":{"type":"bearer_token"}},"request":{"route":"/v1/{id}"},"trace":{"span_id":"00f0"},"reason":{"rule":"own"}}"#,
            ),
        ],
    );
}

#[test]
fn the_fingerprint_is_the_hash_of_the_leaf() {
    let line = line(r#""category":"api","action":"x""#);
    let event = event_of(Ocsf, &line);
    let expected = bulla_proof::leaf_hash(line.as_bytes()).to_string();
    assert_eq!(event["attestation_list"][0]["fingerprint"]["value"], expected);
}

#[test]
fn what_a_request_requires_is_always_there() {
    check(
        Ocsf,
        r#""category":"api","action":"x","source":{"id":"emitter","instance":"host-1"}"#,
        &[
            ("/api/request/uid", r#""a-1""#),
            ("/src_endpoint", r#"{"name":"host-1"}"#),
            ("/actor", r#"{"user":{"name":"unknown"}}"#),
        ],
    );
    check(Ocsf, r#""category":"api","action":"x""#, &[("/src_endpoint/name", r#""example.org/audit""#)]);
}

/// Fields of an entry, and the class and activity that they make.
const CLASSES: [(&str, u64, u64); 24] = [
    (r#""category":"api","action":"x","request":{"method":"POST"}"#, 6003, 1),
    (r#""category":"api","action":"x","request":{"method":"PATCH"}"#, 6003, 3),
    (r#""category":"api","action":"s3.amazonaws.com:GetObject""#, 6003, 2),
    (r#""category":"api","action":"ec2.amazonaws.com:RunInstances""#, 6003, 1),
    (r#""category":"api","action":"x""#, 6003, 99),
    (r#""category":"k8s","action":"deletecollection pods""#, 6003, 4),
    (r#""category":"k8s","action":"LIST pods""#, 6003, 2),
    (r#""category":"tool_execution","action":"tool:read_file""#, 6003, 2),
    (r#""category":"tool_execution","action":"tool:x","tool":{"kind":"function"}"#, 6003, 99),
    (r#""category":"tool_execution","action":"tool:bash","tool":{"kind":"shell"}"#, 1007, 1),
    (r#""category":"tool_execution","action":"x","phase":"post","tool":{"kind":"shell"}"#, 1007, 2),
    (
        r#""category":"tool_execution","action":"x","phase":"post","outcome":"denied","tool":{"kind":"shell"}"#,
        1007,
        1,
    ),
    (r#""category":"sandbox","action":"x""#, 1007, 1),
    (r#""category":"cognition","action":"x""#, 6003, 99),
    (r#""category":"auth","action":"x","event_name":"auth.login""#, 3002, 1),
    (r#""category":"auth","action":"Security 4634: Logoff""#, 3002, 2),
    (r#""category":"auth","action":"token check""#, 3002, 99),
    (r#""category":"session","action":"login""#, 3002, 1),
    (r#""category":"session","action":"x","event_name":"session.start""#, 6002, 3),
    (r#""category":"session","action":"prompt""#, 6002, 99),
    (r#""category":"config","action":"x""#, 3004, 3),
    (r#""category":"config","action":"delete rule""#, 3004, 4),
    (r#""category":"audit","action":"x","event_name":"export.created""#, 1008, 3),
    (r#""category":"billing","action":"x""#, 0, 99),
];

#[test]
fn each_category_has_its_class_and_the_class_its_activities() {
    for (fields, class, activity) in CLASSES {
        let event = event_of(Ocsf, &line(fields));
        let found = (&event["class_uid"], &event["activity_id"], &event["type_uid"]);
        assert_eq!(found, (&json!(class), &json!(activity), &json!(class * 100 + activity)), "{fields}");
        assert_eq!(problems(&event), Vec::<String>::new(), "{event}");
    }
}

#[test]
fn an_agents_work_names_tool_and_model() {
    check(
        Ocsf,
        r#""category":"tool_execution","action":"tool:search","actor":{"type":"agent","id":"ag-1","name":"coder"},"tool":{"name":"search","server":"docs","call_id":"c-1"}"#,
        &[
            ("/metadata/profiles", r#"["record_integrity","ai_operation"]"#),
            ("/api/service/name", r#""docs""#),
            ("/message_context", r#"{"ai_role_id":3,"service":{"name":"search"},"uid":"c-1"}"#),
            ("/ai_agent", r#"{"uid":"ag-1","name":"coder"}"#),
            ("/actor/user/uid_alt", r#""ag-1""#),
            ("/actor/user/type_id", "99"),
        ],
    );
    check(
        Ocsf,
        r#""category":"cognition","action":"x","model":{"provider":"anthropic","request":"m","response":"m-1","input_tokens":7,"output_tokens":8}"#,
        &[
            ("/ai_model", r#"{"name":"m-1","ai_provider":"anthropic"}"#),
            (
                "/message_context",
                r#"{"ai_role_id":2,"service":{"name":"anthropic"},"prompt_tokens":7,"completion_tokens":8}"#,
            ),
            ("/unmapped/model", r#"{"request":"m"}"#),
        ],
    );
}

#[test]
fn a_command_is_a_process() {
    check(
        Ocsf,
        r#""category":"tool_execution","action":"tool:bash","phase":"post","tool":{"kind":"shell","name":"bash","call_id":"c-1"},"detail":{"command":"ls","exit_code":2},"source":{"instance":"host-1"}"#,
        &[
            ("/process", r#"{"uid":"c-1","name":"bash","cmd_line":"ls"}"#),
            ("/exit_code", "2"),
            ("/device", r#"{"type_id":0,"name":"host-1"}"#),
            ("/unmapped/detail", r#"{"command":"ls","exit_code":2}"#),
        ],
    );
}

#[test]
fn a_wrong_event_is_found_out() {
    let good = event_of(Ocsf, &line(r#""category":"api","action":"x","outcome":"denied""#));
    assert!(problems(&good).is_empty());
    let break_at = |pointer: &str, value: Value| {
        let mut event = good.clone();
        *event.pointer_mut(pointer).unwrap() = value;
        problems(&event)
    };
    for (pointer, value) in [
        ("/type_uid", json!(600_301)),
        ("/class_uid", json!(6099)),
        ("/category_uid", json!(3)),
        ("/severity_id", json!(7)),
        ("/status_id", json!(1)),
        ("/time", json!("2026")),
        ("/actor", json!({})),
        ("/actor/user", json!({"name": ""})),
        ("/src_endpoint", json!({"port": 1})),
        ("/api/request", json!({})),
        ("/metadata/version", json!("1.0.0")),
        ("/metadata/profiles", json!([])),
        ("/activity_name", json!("")),
    ] {
        assert!(!break_at(pointer, value).is_empty(), "{pointer}");
    }
    for (name, value) in [("process", json!({"uid": "x"})), ("made_up", json!(1))] {
        let mut event = good.clone();
        event[name] = value;
        assert!(!problems(&event).is_empty(), "{name}");
    }
    for required in ["api", "actor", "src_endpoint", "metadata", "time"] {
        let mut event = good.clone();
        event.as_object_mut().unwrap().remove(required);
        assert!(!problems(&event).is_empty(), "{required}");
    }
}
