//! Transcripts of coding agents.

use bulla_formats::import::ImportFormat::{ClaudeCode, Codex};

use crate::entry_of::{check, entries};

/// A Claude Code line: common fields, then `rest`.
fn claude(uuid: &str, parent: &str, second: u32, rest: &str) -> String {
    format!(
        r#"{{"uuid":"{uuid}","parentUuid":"{parent}","sessionId":"s","timestamp":"2026-11-23T12:00:{second:02}.000Z","cwd":"/w","gitBranch":"main","version":"2.1",{rest}}}
"#
    )
}

fn claude_call(uuid: &str, call: &str, name: &str, input: &str) -> String {
    let block = format!(r#"{{"type":"tool_use","id":"{call}","name":"{name}","input":{input}}}"#);
    let message = format!(
        r#""message":{{"id":"m","model":"claude","role":"assistant","content":[{block}],"usage":{{"input_tokens":3,"output_tokens":4}}}}"#
    );
    claude(uuid, "p", 1, &format!(r#""type":"assistant",{message}"#))
}

fn claude_result(uuid: &str, call: &str, result: &str, tool_use_result: &str) -> String {
    let block = format!(r#"{{"type":"tool_result","tool_use_id":"{call}",{result}}}"#);
    let message =
        format!(r#""message":{{"role":"user","content":[{block}]}},"toolUseResult":{tool_use_result}"#);
    claude(uuid, "a", 3, &format!(r#""type":"user",{message}"#))
}

#[test]
fn a_call_and_its_result_are_joined() {
    let file = claude_call("a", "c1", "Bash", r#"{"command":"ls"}"#)
        + &claude_result("b", "c1", r#""content":"ok","is_error":false"#, r#"{"stdout":"ok"}"#);
    check(
        ClaudeCode,
        &file,
        &[
            (0, "/id", r#""c1:pre""#),
            (0, "/category", r#""tool_execution""#),
            (0, "/action", r#""tool:Bash""#),
            (0, "/phase", r#""pre""#),
            (0, "/outcome", r#""unknown""#),
            (0, "/principal", r#""claude-code""#),
            (0, "/cause_id", r#""p""#),
            (0, "/session_id", r#""s""#),
            (0, "/tool", r#"{"name":"Bash","call_id":"c1","kind":"shell"}"#),
            (0, "/detail/input", r#"{"command":"ls"}"#),
            (0, "/detail/original/uuid", r#""a""#),
            (0, "/model/input_tokens", "3"),
            (0, "/labels", r#"{"cwd":"/w","git.branch":"main"}"#),
            (0, "/actor/agent", r#"{"name":"claude-code","version":"2.1"}"#),
            (1, "/id", r#""c1:post""#),
            (1, "/phase", r#""post""#),
            (1, "/cause_id", r#""c1:pre""#),
            (1, "/action", r#""tool:Bash""#),
            (1, "/outcome", r#""success""#),
            (1, "/duration_ms", "2000"),
            (1, "/tool/is_error", "false"),
        ],
    );
}

#[test]
fn the_real_outcome_of_a_claude_code_call_is_found() {
    for (result, about, outcome, code, exit_code) in [
        (r#""content":"x""#, "{}", "success", "null", "null"),
        (
            r#""content":"Exit code 2\nno such file","is_error":true"#,
            r#""Error""#,
            "failure",
            r#""exit_code_2""#,
            "2",
        ),
        (
            r#""content":"<tool_use_error>bad path</tool_use_error>","is_error":true"#,
            "{}",
            "failure",
            r#""tool_error""#,
            "null",
        ),
        (
            r#""content":[{"type":"text","text":"boom"}],"is_error":true"#,
            "{}",
            "failure",
            r#""tool_error""#,
            "null",
        ),
        (
            r#""content":"The user doesn't want to proceed with this tool use. No.","is_error":true"#,
            "{}",
            "denied",
            r#""refused""#,
            "null",
        ),
        (
            r#""content":"","is_error":false"#,
            r#"{"interrupted":true}"#,
            "failure",
            r#""interrupted""#,
            "null",
        ),
        (r#""content":"not found""#, r#"{"code":404}"#, "failure", r#""http_404""#, "null"),
        (r#""content":"fine""#, r#"{"code":200}"#, "success", "null", "null"),
        // What a process prints proves nothing unless the agent says that it failed.
        (r#""content":"Exit code 2""#, "{}", "success", "null", "null"),
    ] {
        let file = claude_call("a", "c", "Bash", "{}") + &claude_result("b", "c", result, about);
        let outcome = format!("{outcome:?}");
        check(
            ClaudeCode,
            &file,
            &[(1, "/outcome", &outcome), (1, "/reason/code", code), (1, "/detail/exit_code", exit_code)],
        );
    }
}

#[test]
fn every_block_of_a_line_has_its_own_entry() {
    let blocks = r#"[{"type":"thinking","thinking":"hm"},{"type":"text","text":"hi"},{"type":"tool_use","id":"c","name":"mcp__db__query","input":{}}]"#;
    let message = format!(
        r#""type":"assistant","message":{{"id":"m","content":{blocks},"usage":{{"input_tokens":9}}}}"#
    );
    let file =
        claude("a", "p", 1, &message) + &claude("b", "a", 2, r#""type":"user","message":{"content":"next"}"#);
    check(
        ClaudeCode,
        &file,
        &[
            (0, "/id", r#""a:0""#),
            (0, "/action", r#""thinking""#),
            (0, "/category", r#""cognition""#),
            (0, "/detail/original/uuid", r#""a""#),
            (0, "/model/input_tokens", "9"),
            (1, "/id", r#""a:1""#),
            (1, "/detail", r#"{"block":{"type":"text","text":"hi"}}"#),
            (1, "/model/input_tokens", "null"),
            (2, "/id", r#""c:pre""#),
            (2, "/tool/kind", r#""mcp""#),
            (2, "/tool/server", r#""db""#),
            (3, "/id", r#""b""#),
            (3, "/action", r#""prompt""#),
            (3, "/principal", r#""user""#),
            (3, "/actor", r#"{"type":"user"}"#),
            (3, "/cause_id", r#""c:pre""#),
        ],
    );
}

#[test]
fn tokens_of_a_message_are_counted_once() {
    let line = |uuid: &str, output: u32| {
        let usage =
            format!(r#""usage":{{"input_tokens":10,"output_tokens":{output},"cache_read_input_tokens":5}}"#);
        claude(
            uuid,
            "p",
            1,
            &format!(
                r#""type":"assistant","message":{{"id":"m","content":[{{"type":"text","text":"x"}}],{usage}}}"#
            ),
        )
    };
    check(
        ClaudeCode,
        &(line("a", 2) + &line("b", 2) + &line("c", 7)),
        &[
            (0, "/model/input_tokens", "10"),
            (0, "/model/output_tokens", "2"),
            (0, "/model/cache_read_input_tokens", "5"),
            (1, "/model/output_tokens", "null"),
            (2, "/model/input_tokens", "0"),
            (2, "/model/output_tokens", "5"),
        ],
    );
}

#[test]
fn a_subagent_acts_under_its_own_name_with_its_parent() {
    let line = r#""isSidechain":true,"agentId":"a6d8","type":"assistant","message":{"content":[{"type":"text","text":"x"}]}"#;
    let prompt = r#""isSidechain":true,"agentId":"a6d8","type":"user","message":{"content":"look"}"#;
    check(
        ClaudeCode,
        &(claude("a", "p", 1, line) + &claude("b", "p", 1, prompt)),
        &[
            (0, "/actor/type", r#""subagent""#),
            (0, "/actor/id", r#""a6d8""#),
            (0, "/actor/agent/parent", r#""s""#),
            // The main agent prompted it, no person did.
            (1, "/principal", r#""claude-code""#),
        ],
    );
}

#[test]
fn lines_of_unknown_kinds_are_kept() {
    let file = claude("a", "p", 1, r#""type":"system","subtype":"compact","level":"error""#)
        + &claude("b", "p", 1, r#""type":"hologram","x":1"#)
        + "{\"no\":\"type\"}\n"
        + "{\"type\":\"summary\",\"summary\":\"s\"}\n";
    check(
        ClaudeCode,
        &file,
        &[
            (0, "/action", r#""system:compact""#),
            (0, "/outcome", r#""failure""#),
            (1, "/action", r#""hologram""#),
            (1, "/event_name", r#""session.hologram""#),
            (1, "/detail/original/x", "1"),
            (2, "/category", r#""session""#),
            (3, "/event_name", r#""session.summary""#),
        ],
    );
    let codex = "{\"type\":\"event_msg\",\"payload\":{\"type\":\"new_kind\"}}\n{\"type\":\"new_line\"}\n{\"type\":\"response_item\",\"payload\":{\"type\":\"new_item\"}}\n7x7: {}";
    let codex = codex.rsplit_once('\n').unwrap().0;
    check(
        Codex,
        codex,
        &[
            (0, "/category", r#""session""#),
            (0, "/action", r#""new_kind""#),
            (1, "/event_name", r#""session.new_line""#),
            (2, "/category", r#""cognition""#),
            (2, "/action", r#""new_item""#),
        ],
    );
}

#[test]
fn a_call_id_that_is_used_twice_does_not_make_two_entries_with_one_id() {
    let file = claude_call("a", "c", "Bash", "{}").repeat(2);
    let entries = entries(ClaudeCode, file.as_bytes());
    assert_eq!(entries[0]["id"], "c:pre");
    assert_ne!(entries[1]["id"], "c:pre");
    assert_eq!(entries[1]["import_notes"][0], "id \"c:pre\" stands earlier in the file too");
}

#[test]
fn a_result_without_its_call_says_so() {
    let file = claude_result("b", "c", r#""content":"x""#, "{}");
    check(
        ClaudeCode,
        &file,
        &[
            (0, "/cause_id", r#""c:pre""#),
            (0, "/duration_ms", "null"),
            (0, "/import_notes", r#"["the call stands earlier than this file, or nowhere"]"#),
        ],
    );
}

/// A Codex line.
fn codex(second: u32, kind: &str, payload: &str) -> String {
    format!(
        r#"{{"timestamp":"2026-11-23T12:00:{second:02}.000Z","type":"{kind}","payload":{payload}}}
"#
    )
}

#[test]
fn a_codex_call_and_its_result_are_joined_and_know_their_session() {
    let file = codex(
        0,
        "session_meta",
        r#"{"id":"s","cwd":"/w","cli_version":"0.98","model_provider":"openai","git":{"branch":"main"}}"#,
    ) + &codex(1, "turn_context", r#"{"model":"gpt","cwd":"/v"}"#)
        + &codex(
            2,
            "response_item",
            r#"{"type":"function_call","name":"exec_command","arguments":"{\"cmd\":\"ls\"}","call_id":"c"}"#,
        )
        + &codex(
            5,
            "response_item",
            r#"{"type":"function_call_output","call_id":"c","output":"Chunk ID: 1\nProcess exited with code 2\nOutput:\nls: no"}"#,
        );
    check(
        Codex,
        &file,
        &[
            (0, "/event_name", r#""session.start""#),
            (2, "/id", r#""c:pre""#),
            (2, "/detail/input", r#"{"cmd":"ls"}"#),
            (2, "/session_id", r#""s""#),
            (2, "/labels", r#"{"cwd":"/v","git.branch":"main"}"#),
            (2, "/model", r#"{"provider":"openai","request":"gpt"}"#),
            (2, "/actor/agent", r#"{"name":"codex","version":"0.98"}"#),
            (3, "/id", r#""c:post""#),
            (3, "/cause_id", r#""c:pre""#),
            (3, "/outcome", r#""failure""#),
            (3, "/reason", r#"{"code":"exit_code_2","message":"ls: no"}"#),
            (3, "/detail/exit_code", "2"),
            (3, "/duration_ms", "3000"),
        ],
    );
}

#[test]
fn the_real_outcome_of_a_codex_call_is_found() {
    for (output, outcome, exit_code) in [
        (r#""Process exited with code 0\nOutput:\nok""#, "success", "0"),
        (r#""Exit code: 1\nWall time: 1 s\nOutput:\nno""#, "failure", "1"),
        (r#""Process running with session ID 7\nOutput:\n""#, "success", "null"),
        (r#""{\"output\":\"x\",\"metadata\":{\"exit_code\":3}}""#, "failure", "3"),
        (r#"{"content":"no","success":false}"#, "failure", "null"),
        (r#"{"content":"Process exited with code 0","success":true}"#, "success", "0"),
        (r#"[{"type":"input_text","text":"Process exited with code 4"}]"#, "failure", "4"),
        (r#""exec command rejected by user""#, "denied", "null"),
        (r#""failed to parse function arguments""#, "failure", "null"),
        (r#""Plan updated""#, "success", "null"),
        // What a process prints does not count as the agent's own words.
        (r#""Wall time: 1\nOutput:\nProcess exited with code 9""#, "success", "null"),
    ] {
        let file = codex(
            1,
            "response_item",
            &format!(r#"{{"type":"function_call_output","call_id":"c","output":{output}}}"#),
        );
        let outcome = format!("{outcome:?}");
        check(Codex, &file, &[(0, "/outcome", &outcome), (0, "/detail/exit_code", exit_code)]);
    }
}

#[test]
fn what_codex_shows_and_what_its_model_said_are_told_apart() {
    let message = |role: &str| {
        codex(1, "response_item", &format!(r#"{{"type":"message","role":"{role}","content":[]}}"#))
    };
    let event = |event: &str| codex(1, "event_msg", event);
    let file = message("assistant")
        + &message("user")
        + &message("developer")
        + &event(r#"{"type":"user_message","message":"do"}"#)
        + &event(r#"{"type":"agent_message","message":"did"}"#)
        + &event(r#"{"type":"turn_aborted","reason":"interrupted"}"#)
        + &codex(
            1,
            "response_item",
            r#"{"type":"web_search_call","status":"completed","action":{"query":"q"}}"#,
        );
    check(
        Codex,
        &file,
        &[
            (0, "/event_name", r#""model.message""#),
            (1, "/event_name", r#""session.message""#),
            (2, "/event_name", r#""session.instructions""#),
            (3, "/event_name", r#""session.prompt""#),
            (3, "/principal", r#""user""#),
            (4, "/event_name", r#""agent.message""#),
            (4, "/principal", r#""codex""#),
            (5, "/outcome", r#""failure""#),
            (5, "/reason", r#"{"code":"turn_aborted","message":"interrupted"}"#),
            (6, "/action", r#""tool:web_search""#),
            (6, "/phase", "null"),
            (6, "/outcome", r#""success""#),
            (6, "/detail/input", r#"{"query":"q"}"#),
        ],
    );
}

#[test]
fn codex_tokens_are_counted_once() {
    let count = |input: u32| {
        let usage = format!(
            r#"{{"total_token_usage":{{"input_tokens":{input},"output_tokens":1,"cached_input_tokens":0}}}}"#
        );
        codex(1, "event_msg", &format!(r#"{{"type":"token_count","info":{usage}}}"#))
    };
    let none = codex(1, "event_msg", r#"{"type":"token_count","info":null}"#);
    check(
        Codex,
        &(none + &count(10) + &count(10) + &count(25)),
        &[
            (0, "/model/input_tokens", "null"),
            (1, "/model/input_tokens", "10"),
            (2, "/model/input_tokens", "null"),
            (3, "/model/input_tokens", "15"),
        ],
    );
}
