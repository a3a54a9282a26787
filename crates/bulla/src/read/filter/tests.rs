//! What each term means, what is refused, and that looking at bytes first never changes an answer.

use super::condition::{Condition, Line};
use super::*;

const LINE: &str = r#"{"seq":41,"recorded_at":"2026-11-23T12:00:00.123456789Z","id":"a1","timestamp":"2026-11-23T12:00:00.122Z","category":"tool_execution","action":"GET /health","principal":"alice@example.org","outcome":"denied","session_id":"sess-9","detail":{"exit_code":2,"ratio":0.5,"args":["-l","Übung"],"deep":[{"name":"x"},{"name":"y"}],"a.b":{"c":1},"note":null,"text":"say \"hi\"\nthere"},"duration_ms":1840,"tool":{"name":"bash","is_error":true},"targets":[{"type":"file","id":"t1"},{"id":"t2"}],"reason":{"code":"policy","message":"No such File"},"labels":{"app.io/name":"web"}}"#;

fn now() -> Timestamp {
    "2026-11-23T14:00:00Z".parse().unwrap()
}

fn matches(query: &str) -> bool {
    Filter::parse(query, now()).unwrap_or_else(|error| panic!("{query}: {error}")).matches(LINE.as_bytes())
}

#[test]
fn terms_hold_or_do_not() {
    let check = |expected: bool, queries: &[&str]| {
        for query in queries {
            assert_eq!(matches(query), expected, "{query}");
        }
    };
    check(
        true,
        &[
            "",
            "  ",
            "outcome:denied",
            "outcome:denied category:tool_execution",
            "action:\"GET /health\"",
            "action:GET*",
            "action:*",
            "principal:alice*",
            "detail.exit_code:2",
            "detail.exit_code:2.0",
            "seq:41",
            "seq:>40",
            "seq:>=41",
            "seq:<=41",
            "seq:40..42",
            "seq:41..",
            "seq:..41",
            "detail.ratio:0.5",
            "detail.ratio:>0.1",
            "detail.args:-l",
            "detail.deep.name:y",
            "detail.a.b.c:1",
            "labels.app.io/name:web",
            "tool.name:bash",
            "tool.is_error:true",
            "targets.id:t2",
            "targets.type:file",
            "has:targets",
            "has:tool.name",
            "has:targets.id",
            "-has:changes",
            "NOT has:changes",
            "-outcome:success",
            "NOT -outcome:denied",
            "-\"no such thing\"",
            "health",
            "HEALTH",
            "\"no such file\"",
            "alice",
            "übung",
            "ÜBUNG",
            "\"say \\\"hi\\\"\"",
            "duration_ms:>500",
            "timestamp:2026-11-23",
            "timestamp:2026-11-23T12:00:00.122Z",
            "timestamp:2026-11-23T12:00:00.1220Z",
            "timestamp:2026-11-01..2026-11-23",
            "timestamp:>2026-11-22",
            "timestamp:<=2026-11-23",
            "since:2h",
            "since:1w",
            "since:2026-11-23",
            "until:2026-11-24",
            "until:1h",
            "since:3h until:1h",
            "has:detail.text",
            "reason.code:pol*",
        ],
    );
    check(
        false,
        &[
            "outcome:Denied",
            "outcome:success",
            "action:get*",
            "detail.exit_code:3",
            "detail.exit_code:22",
            "seq:>41",
            "seq:<41",
            "seq:42..50",
            "detail.args:l",
            "detail.deep.name:z",
            "has:detail.note",
            "has:changes",
            "-health",
            "\"nothing here\"",
            "sess-9",
            "timestamp:2026-11-22",
            "timestamp:>2026-11-23",
            "timestamp:<2026-11-23",
            "since:1h",
            "until:3h",
            "until:2026-11-23",
            "action:>5",
            "tool:bash",
            "tool.is_error:t*",
            "outcome:denied zzz",
        ],
    );
}

#[test]
fn a_mistake_names_its_character_and_what_to_write() {
    let check = |query: &str, position: usize, says: &str| {
        let error = Filter::parse(query, now()).expect_err(query);
        assert_eq!(error.position(), position, "{query}: {error}");
        assert!(error.problem().contains(says), "{query}: {error}");
    };
    check("outcom:denied", 1, "did you mean `outcome`");
    check("é princpal:x", 3, "did you mean `principal`");
    check("tool.nmae:bash", 1, "did you mean `tool.name`");
    check("session:x", 1, "did you mean `session_id`");
    check("duration:>5", 1, "did you mean `duration_ms`");
    check("has:actoin", 5, "did you mean `action`");
    check("outcome:(denied OR failure)", 9, "OR are not understood yet");
    check("(a)", 1, "parentheses");
    check("a OR b", 3, "`OR` is not understood yet");
    check("a AND b", 3, "all terms must hold anyway");
    check("action:", 8, "a value belongs after");
    check(":x", 1, "a field name belongs");
    check("action:\"GET", 8, "not closed");
    check("\"open", 1, "not closed");
    check("ab\"cd\"", 3, "a quote begins a value");
    check("action:a*b", 9, "at its end only");
    check("seq:>x", 6, "neither a number nor a time");
    check("seq:1..x", 8, "neither a number nor a time");
    check("seq:..", 5, "a value belongs");
    check("seq:1..2026-11-01", 5, "number to number");
    check("since:yesterday", 7, "not a moment");
    check("a NOT", 6, "nothing follows");
    check("a -", 4, "nothing follows");
    let error = "since:2h".parse::<Filter>().unwrap_err();
    assert!(error.problem().contains("relative"), "{error}");
}

#[test]
fn fields_of_ones_own_are_allowed_and_quotes_allow_all() {
    for query in [
        "customer:7",
        "x:1",
        "detail.outcom:1",
        "labels.actoin:1",
        "\"outcom\":denied",
        "ids:3",
        "has:my_field",
    ] {
        assert!(!Filter::parse(query, now()).unwrap().matches(LINE.as_bytes()), "{query}");
    }
    assert!(Filter::new().field("outcom", "x").matches(br#"{"outcom":"x"}"#));
}

#[test]
fn looking_at_bytes_first_never_changes_the_answer() {
    let lines = [
        LINE,
        // The same texts with escapes that they do not need.
        r#"{"outcome":"\u0064enied","action":"GET \/health","principal":"\u0061lice@example.org"}"#,
        r#"{"outcome":"success","note":"denied","action":"denied"}"#,
        r#"{"principal":"Ünal","detail":{"n":1e2,"s":"100","t":"2026-11-23T12:00:00.000Z"}}"#,
        r#"{"detail":"denied"}"#,
    ];
    let conditions = [
        Condition::equals("outcome", "denied"),
        Condition::equals("action", "GET /health"),
        Condition::equals("principal", "Ünal"),
        Condition::equals("detail.n", "100"),
        Condition::equals("detail.s", "1e2"),
        Condition::equals("detail.t", "2026-11-23"),
        Condition::equals("tool.is_error", "true"),
        Condition::prefix("principal", "alice"),
        Condition::prefix("detail.n", "10"),
        Condition::text("DENIED"),
        Condition::text("ünal"),
        Condition::text("alice@"),
        Condition::text("100"),
        Condition::text("/health"),
    ];
    let mut ruled_out = 0;
    for line in lines {
        let parsed = Line::parse(line.as_bytes()).unwrap();
        for condition in &conditions {
            let is_ruled_out = condition.is_ruled_out(line.as_bytes());
            ruled_out += usize::from(is_ruled_out);
            assert!(!(is_ruled_out && condition.holds(&parsed)), "{condition:?} {line}");
        }
    }
    assert!(ruled_out > 15, "{ruled_out}");
}

#[test]
fn a_value_is_found_also_when_json_spells_it_with_escapes() {
    for value in
        ["\"", "say \"hi\"", "\"quoted\"", "back\\slash\\", "line\nbreak\n", "tab\t", "\u{7f}", "é\u{85}"]
    {
        let line = serde_json::json!({"principal": value}).to_string();
        assert!(Filter::new().principal(value).matches(line.as_bytes()), "{line}");
        assert!(Filter::new().field_prefix("principal", value).matches(line.as_bytes()), "{line}");
    }
}

#[test]
fn a_text_is_found_in_a_longer_one_in_any_script() {
    // Sigma has another small form at the end of a word; the sign for kelvin has an ASCII small letter.
    for (text, within) in [
        ("ΟΔΟΣ", "ΟΔΟΣΗΜΑ"),
        ("οδος", "ΟΔΟΣ"),
        ("οδοσ", "οδος"),
        ("5 \u{212a}", "5 \u{212a}."),
        ("İ", "xİx"),
        ("straße", "STRAßE"),
    ] {
        let line = serde_json::json!({"action": within}).to_string();
        assert!(Filter::new().text(text).matches(line.as_bytes()), "{text} in {within}");
    }
}

#[test]
fn a_line_that_is_no_entry_matches_only_everything() {
    for line in [&b"not json"[..], b"[1]", b"{\"outcome\":\"denied\"", b"\xff"] {
        assert!(Filter::new().matches(line));
        assert!(!Filter::new().outcome(AuditOutcome::Denied).matches(line));
        assert!(!Filter::parse("-has:x", now()).unwrap().matches(line));
    }
}
