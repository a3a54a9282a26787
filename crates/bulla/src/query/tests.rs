//! What a line is found by, however JSON spells it, and that looking at bytes first never changes an answer.

use super::*;
use crate::AuditOutcome;

const LINE: &str = r#"{"timestamp":"2026-11-23T12:00:00.122Z","category":"api","action":"GET /health","principal":"alice@example.org","outcome":"denied","detail":{"n":2,"s":"100"},"targets":[{"id":"t1"}]}"#;

#[test]
fn looking_at_bytes_first_never_changes_the_answer() {
    let lines = [
        LINE,
        // The same texts with escapes that they do not need.
        r#"{"outcome":"\u0064enied","action":"GET \/health","principal":"\u0061lice@example.org","\u0074ool":1}"#,
        r#"{"outcome":"success","note":"denied","action":"denied"}"#,
        r#"{"principal":"Ünal","detail":{"n":1e2,"s":"100","t":"2026-11-23T12:00:00.000Z"}}"#,
        r#"{"detail":"denied","reason":"日本語"}"#,
        // Letters whose small ones are ASCII.
        "{\"action\":\"\u{212a}ind\",\"principal\":\"alİce\"}",
        r#"{"tool" : {"name":null}, "detail":{"exit.code":[1.0]}}"#,
    ];
    let mut ruled_out = 0;
    for query in [
        "outcome:denied",
        "action:\"GET /health\"",
        "action:GET*",
        "principal:Ünal",
        "detail.n:100",
        "detail.n:10*",
        "detail.s:1e2",
        "detail.t:2026-11-23",
        "detail.exit.code:1",
        "detail.exit.code:>0",
        "has:tool",
        "has:tool.name",
        "tool.name:null",
        "targets.id:t1",
        "DENIED",
        "ünal",
        "alice",
        "al*",
        "100",
        "\"get health\"",
        "kind",
        "日本",
        "denied OR 日",
        "outcome:denied OR has:tool",
        "-denied",
        "(denied OR alice) -outcome:success",
    ] {
        let filter: Filter = query.parse().unwrap();
        let needles = super::needles::Needles::of(filter.expression());
        for line in lines {
            // A member that has an escape without need keeps every line from being ruled out.
            let spelled = line.replacen('{', r#"{"\u007a\u007a":0,"#, 1);
            let is_ruled_out = needles.rule_out(line.as_bytes());
            ruled_out += usize::from(is_ruled_out);
            assert!(!needles.rule_out(spelled.as_bytes()));
            assert_eq!(filter.matches(line.as_bytes()), filter.matches(spelled.as_bytes()), "{query} {line}");
        }
    }
    assert!(ruled_out > 60, "{ruled_out}");
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
fn words_are_found_in_any_case_and_script() {
    // Sigma has another small form at the end of a word; the sign for kelvin has an ASCII small letter.
    for (text, within) in [
        ("ΟΔΟΣ", "η οδος."),
        ("οδοσ", "ΟΔΟΣ"),
        ("5 \u{212a}", "5 k."),
        ("5 k", "5 \u{212a}."),
        ("İ", "x i x"),
        ("straße", "eine STRAßE"),
        ("本", "日本語"),
        ("--a--", "A"),
    ] {
        let line = serde_json::json!({"action": within}).to_string();
        assert!(Filter::new().text(text).matches(line.as_bytes()), "{text} in {within}");
    }
}

#[test]
fn words_are_looked_for_in_four_fields_at_any_depth_and_in_one_text_at_a_time() {
    let filter = Filter::new().text("no file");
    for (line, expected) in [
        (r#"{"action":"no file"}"#, true),
        (r#"{"principal":"no/file"}"#, true),
        (r#"{"reason":{"message":"No File"}}"#, true),
        (r#"{"detail":[[{"a":{"b":"no file"}}]]}"#, true),
        (r#"{"detail":{"no":"file"}}"#, false),
        (r#"{"detail":["no","file"]}"#, false),
        (r#"{"action":"no","principal":"file"}"#, false),
        (r#"{"id":"no file","tool":{"detail":"no file"}}"#, false),
    ] {
        assert_eq!(filter.matches(line.as_bytes()), expected, "{line}");
    }
}

#[test]
fn what_is_built_is_what_is_written() {
    let moment = "2026-11-23T12:00:00Z".parse().unwrap();
    for (built, written) in [
        (Filter::new(), "*"),
        (Filter::new().outcome(AuditOutcome::Denied).principal("alice"), "outcome:denied principal:alice"),
        (Filter::new().session("s 1").field("detail.n", "2"), "session_id:\"s 1\" detail.n:2"),
        (Filter::new().field_prefix("action", "GET ").has("tool"), "action:\"GET \"* has:tool"),
        (Filter::new().text("No such").text("--"), "\"no such\""),
        (Filter::new().since(moment), "timestamp:>=2026-11-23T12:00:00Z"),
        (Filter::new().field("outcome", "deny").field("seq", "x"), "\"outcome\":deny \"seq\":x"),
        (Filter::new().field_prefix("timestamp", "2026"), "\"timestamp\":2026*"),
    ] {
        assert_eq!(built.to_string(), written);
        assert_eq!(written.parse::<Filter>().unwrap(), built, "{written}");
    }
    let either: Filter = "outcome:denied OR outcome:failure".parse().unwrap();
    assert_eq!(
        either.clone().principal("alice").to_string(),
        "(outcome:denied OR outcome:failure) principal:alice"
    );
    assert!(!either.is_empty() && Filter::default().is_empty());
}

#[test]
fn times_outside_of_64_bits_are_the_first_and_the_last() {
    let line = |at: &str| format!("{{\"timestamp\":\"{at}\"}}");
    for (query, at, expected) in [
        ("timestamp:1000-01-01", "1000-01-01T00:00:00Z", true),
        ("timestamp:<=1677-09-20", "1000-01-01T00:00:00Z", true),
        ("timestamp:>=2300-01-01", "9999-01-01T00:00:00Z", true),
        ("timestamp:>=1677-09-22", "1000-01-01T00:00:00Z", false),
        ("timestamp:<=2262-04-10", "9999-01-01T00:00:00Z", false),
    ] {
        let filter: Filter = query.parse().unwrap();
        assert_eq!(filter.matches(line(at).as_bytes()), expected, "{query} {at}");
        assert_eq!(filter.to_string().parse::<Filter>().unwrap(), filter);
    }
}

#[test]
fn trees_that_no_query_gives_are_written_as_what_means_the_same() {
    let nothing = Filter::from(Expression::any([]));
    assert!(!nothing.is_empty() && !nothing.matches(LINE.as_bytes()));
    let number =
        Filter::from(Expression::from(Condition::field("detail.n", Test::Numbers { from: None, to: None })));
    let time =
        Filter::from(Expression::from(Condition::field("timestamp", Test::Times { from: None, to: None })));
    for filter in [nothing, number, time] {
        let read: Filter = filter.to_string().parse().unwrap();
        assert_eq!(read.matches(LINE.as_bytes()), filter.matches(LINE.as_bytes()), "{filter}");
        assert_eq!(read.to_string(), read.to_string().parse::<Filter>().unwrap().to_string());
    }
}

#[test]
fn a_line_that_is_no_entry_matches_only_everything() {
    for line in [&b"not json"[..], b"[1]", b"{\"outcome\":\"denied\"", b"{\"outcome\":\"denied\"}{}", b"\xff"]
    {
        assert!(Filter::new().matches(line));
        for query in ["outcome:denied", "-has:x", "denied OR -denied", "-*"] {
            assert!(!query.parse::<Filter>().unwrap().matches(line), "{query}");
        }
    }
}
