//! What each term means, what is refused and where, and that what is written reads back.

use crate::clock::Timestamp;
use crate::query::*;

const LINE: &str = r#"{"seq":41,"recorded_at":"2026-11-23T12:00:00.123456789Z","id":"a1","timestamp":"2026-11-23T12:00:00.122Z","category":"tool_execution","action":"GET /health","principal":"alice@example.org","outcome":"denied","session_id":"sess-9","detail":{"exit_code":2,"ratio":0.5,"args":["-l","Übung"],"deep":[{"name":"x"},{"name":"y"}],"a.b":{"c":1},"note":null,"text":"say \"hi\"\nthere","big":9007199254740993,"at":"2026-11-20T08:00:00+02:00"},"duration_ms":1840,"tool":{"name":"bash","is_error":true},"targets":[{"type":"file","id":"t1"},{"id":"t2"}],"reason":{"code":"policy","message":"No such File"},"labels":{"app.io/name":"web"}}"#;

fn now() -> Timestamp {
    "2026-11-23T14:00:00Z".parse().unwrap()
}

fn read(query: &str) -> Filter {
    Filter::parse(query, now()).unwrap_or_else(|error| panic!("{query}: {error}"))
}

#[test]
fn terms_hold_or_do_not() {
    let check = |expected: bool, queries: &[&str]| {
        for query in queries {
            let filter = read(query);
            assert_eq!(filter.matches(LINE.as_bytes()), expected, "{query}");
            let written = filter.to_string();
            assert_eq!(read(&written), filter, "{query} was written as {written}");
        }
    };
    check(
        true,
        &[
            "",
            "  ",
            "*",
            "outcome:denied",
            "outcome:denied category:tool_execution",
            "outcome:denied AND category:tool_execution",
            "action:\"GET /health\"",
            "action:GET*",
            "action:\"GET /he\"*",
            "action:\"\"*",
            "action:*",
            "principal:alice*",
            "detail.exit_code:2",
            "detail.exit_code:2.0",
            "detail.exit_code:\"2\"",
            "seq:41",
            "seq:4*",
            "seq:>40",
            "seq:>=41",
            "seq:<=41",
            "seq:40..42",
            "seq:41..",
            "seq:..41",
            "seq:>40..<42",
            "seq:41..<42",
            "detail.ratio:0.5",
            "detail.ratio:>0.1",
            "detail.big:9007199254740993",
            "detail.big:>9007199254740992",
            "detail.args:-l",
            "detail.deep.name:y",
            "detail.a.b.c:1",
            "detail.note:null",
            "detail.at:2026-11-20",
            "detail.at:2026-11-20T06:00:00Z",
            "detail.at:2026-11-20T08*",
            "detail.at:<2026-11-21",
            "labels.app.io/name:web",
            "tool.name:bash",
            "tool.is_error:true",
            "targets.id:t2",
            "targets.type:file",
            "has:targets",
            "has:tool.name",
            "has:targets.id",
            "has:(changes OR targets)",
            "-has:changes",
            "NOT has:changes",
            "-outcome:success",
            "NOT -outcome:denied",
            "- - outcome:denied",
            "-\"no such thing\"",
            "health",
            "HEALTH",
            "heal*",
            "\"get heal\"*",
            "get-heal*",
            "\"no such file\"",
            "alice",
            "alice@example.org",
            "übung",
            "ÜBUNG",
            "\"say \\\"hi\\\"\"",
            "\"hi, there\"",
            "policy",
            "2",
            "9007199254740993",
            "duration_ms:>500",
            "timestamp:2026-11-23",
            "timestamp:2026-11-23T12:00:00.122Z",
            "timestamp:2026-11-23T12:00:00.1220Z",
            "timestamp:2026-11-01..2026-11-23",
            "timestamp:2026-11-01..<2026-11-24",
            "timestamp:>2026-11-22",
            "timestamp:>2026-11-22..",
            "timestamp:<=2026-11-23",
            "recorded_at:2026-11-23",
            "since:2h",
            "since:1w",
            "since:2026-11-23",
            "until:2026-11-24",
            "until:1h",
            "since:3h until:1h",
            "has:detail.text",
            "reason.code:pol*",
            "outcome:(denied OR failure)",
            "outcome:(failure OR denied)",
            "outcome:( NOT failure )",
            "outcome:(denied)",
            "targets.id:(t1 t2)",
            "targets.id:(t1 AND (t2 OR t3))",
            "seq:(<5 OR >40)",
            "detail.args:(-l OR -a)",
            "action:(deploy* OR \"GET /health\")",
            "outcome:failure OR tool.name:bash",
            "outcome:failure OR tool.name:bash outcome:denied",
            "outcome:denied zzz OR health",
            "(outcome:failure OR outcome:denied) (zzz OR health)",
            "((outcome:denied))",
            "-(outcome:failure OR zzz)",
            "NOT (outcome:denied zzz)",
            "zzz OR *",
            "\"outcome\":denied",
            "\tseq:41\n outcome:denied\u{3000}health ",
        ],
    );
    check(
        false,
        &[
            "-*",
            "outcome:success",
            "action:get*",
            "detail.exit_code:3",
            "detail.exit_code:22",
            "detail.big:9007199254740992",
            "detail.big:<9007199254740993",
            "seq:>41",
            "seq:<41",
            "seq:42..50",
            "seq:>41..50",
            "seq:40..<41",
            "detail.args:l",
            "detail.deep.name:z",
            "detail.at:2026-11-21",
            "has:detail.note",
            "has:changes",
            "-health",
            "ealth",
            "heal",
            "\"nothing here\"",
            "\"such no file\"",
            "\"get heal\"",
            "\"alice health\"",
            "sess-9",
            "web",
            "true",
            "timestamp:2026-11-22",
            "timestamp:>2026-11-23",
            "timestamp:<2026-11-23",
            "timestamp:2026-11-01..<2026-11-23",
            "\"timestamp\":2026-11*",
            "since:1h",
            "until:3h",
            "until:2026-11-23",
            "action:>5",
            "tool:bash",
            "tool.is_error:t*",
            "outcome:denied zzz",
            "outcome:(failure OR success)",
            "outcome:(denied success)",
            "targets.id:(t1 NOT t2)",
            "zzz OR (health outcome:failure)",
            "NOT (outcome:denied health)",
        ],
    );
}

#[test]
fn a_mistake_names_its_characters_and_what_to_write() {
    let check = |query: &str, wrong: &str, says: &str| {
        let error = Filter::parse(query, now()).map(|filter| filter.to_string()).expect_err(query);
        let found: String = query.chars().skip(error.position() - 1).take(error.length()).collect();
        assert_eq!(found, wrong, "{query}: {error}");
        assert!(error.problem().contains(says), "{query}: {error}");
    };
    // The mistake, and what is marked of it.
    check("outcom:denied", "outcom", "did you mean `outcome`");
    check("é princpal:x", "princpal", "did you mean `principal`");
    check("tool.nmae:bash", "tool.nmae", "did you mean `tool.name`");
    check("session:x", "session", "did you mean `session_id`");
    check("duration:>5", "duration", "did you mean `duration_ms`");
    check("has:actoin", "actoin", "did you mean `action`");
    check("has:(tool OR actoin)", "actoin", "did you mean `action`");
    check("outcome:deny", "deny", "did you mean `denied`");
    check("outcome:Denied", "Denied", "did you mean `denied`");
    check("outcome:fail", "fail", "did you mean `failure`");
    check("outcome:(denied OR eror)", "eror", "one of success, failure, denied, unknown");
    check("phase:past", "past", "did you mean `post`");
    check("source.vantage:seen", "seen", "one of observed, reported, imported");
    check("outcome=denied", "=", "write outcome:denied");
    check("a outcome==denied", "==", "write outcome:denied");
    check("outcome!=denied", "!=", "write -outcome:denied");
    check("outcome:=denied", "=", "the colon is enough");
    check("outcome:==denied", "=", "the colon is enough");
    check("action:", "", "a value belongs right after");
    check("action: x", "", "a value belongs right after");
    check("duration_ms:> 500", ">", "a value belongs right after");
    check("has:", "", "a field name belongs right after");
    check("since:>2h", ">2h", "nothing but a moment");
    check("has:\"x\"*", "\"x\"*", "nothing but a field name");
    check(":x", ":", "a field name belongs");
    check("action:\"GET", "\"GET", "not closed");
    check("\"open", "\"open", "not closed");
    check("ab\"cd\"", "\"", "a quote begins a value");
    check("\"ab\"cd", "c", "a space belongs");
    check("action:a*b", "*", "at its end only");
    check("a*b", "*", "at its end only");
    check("seq:>x", "x", "neither a number nor a time");
    check("seq:1..x", "x", "neither a number nor a time");
    check("seq:1..<x", "x", "neither a number nor a time");
    check("seq:..", "..", "a range needs an end");
    check("seq:<1..2", "1..2", "a range is written a..b");
    check("seq:>\"1\"*", "\"1\"", "a star is not compared");
    check("seq:1..2026-11-01", "1..2026-11-01", "number to number");
    check("seq:abc", "abc", "`seq` is a number");
    check("duration_ms:>2026-11-01", ">2026-11-01", "`duration_ms` is a number");
    check("timestamp:2026-11*", "2026-11*", "timestamp:2026-11-01..2026-11-30");
    check("timestamp:2024-02*", "2024-02*", "timestamp:2024-02-01..2024-02-29");
    check("timestamp:2026-11", "2026-11", "timestamp:2026-11-01..2026-11-30");
    check("recorded_at:2026*", "2026*", "recorded_at:2026-01-01..2026-12-31");
    check("timestamp:2026-11-2*", "2026-11-2*", "such as timestamp:2026-11-01..2026-11-30");
    check("timestamp:yesterday", "yesterday", "not a time");
    check("timestamp:>5", ">5", "compare it with one");
    check("since:yesterday", "yesterday", "not a moment");
    check("a NOT", "NOT", "nothing follows");
    check("a -", "-", "nothing follows");
    check("a OR", "OR", "nothing follows");
    check("(a AND )", "AND", "nothing follows");
    check("OR a", "OR", "a term belongs before the OR");
    check("a OR OR b", "OR", "a term belongs before the OR");
    check("a AND OR b", "OR", "a term belongs before the OR");
    check("a || b", "||", "write OR");
    check("a && b", "&&", "write AND");
    check("(a", "(", "not closed");
    check("a (b (c)", "(", "not closed");
    check("outcome:(denied OR failure", "(", "not closed");
    check("outcome:(", "(", "not closed");
    check("a)", ")", "never opened");
    check(")", ")", "never opened");
    check("(a))", ")", "never opened");
    check("a ()", "()", "nothing between the parentheses");
    check("f(x)", "(", "a group begins behind a space");
    check("action:f(x)", "(", "a group begins behind a space");
    check("(a)b", "b", "a space belongs behind");
    check("--", "-", "nothing follows");
    check("\"--\"", "\"--\"", "no letter or digit");
    check("\"\"", "\"\"", "no letter or digit");
    check("=>", "=>", "no letter or digit");
    let error = "since:2h".parse::<Filter>().unwrap_err();
    assert!(error.problem().contains("relative"), "{error}");
}

#[test]
fn the_first_of_several_open_parentheses_that_is_not_closed_is_named() {
    for (query, position) in [("a (b (c)", 3), ("((a) (b)", 1), ("(a", 1), ("é OR (", 6)] {
        assert_eq!(Filter::parse(query, now()).unwrap_err().position(), position, "{query}");
    }
}

#[test]
fn queries_as_large_as_they_may_be_are_read_and_larger_ones_are_refused() {
    let check = |query: String, is_read: bool, says: &str| match Filter::parse(&query, now()) {
        Ok(filter) => assert!(is_read && filter.to_string().len() < 2 * query.len(), "{query}"),
        Err(error) => assert!(!is_read && error.problem().contains(says), "{query}: {error}"),
    };
    let nested = |depth: usize| format!("{}a{}", "(".repeat(depth), ")".repeat(depth));
    check(nested(NESTING_MAX), true, "");
    check(nested(NESTING_MAX + 1), false, "at most 32 deep");
    check(nested(4000), false, "at most 32 deep");
    check("(a) ".repeat(100), true, "");
    check("a ".repeat(TERMS_MAX), true, "");
    check("a ".repeat(TERMS_MAX + 1), false, "at most 256 terms");
    check(format!("outcome:({}denied)", "denied OR ".repeat(TERMS_MAX - 1)), true, "");
    check(format!("outcome:({}denied)", "denied OR ".repeat(TERMS_MAX)), false, "at most 256 terms");
    check("-".repeat(8000) + "a", true, "");
    check("a".repeat(QUERY_BYTES_MAX), true, "");
    check("a".repeat(QUERY_BYTES_MAX + 1), false, "at most 8192 bytes");
    check("é".repeat(QUERY_BYTES_MAX), false, "at most 8192 bytes");
}

#[test]
fn fields_of_ones_own_are_allowed_and_quotes_allow_all() {
    for query in [
        "customer:7",
        "x:1",
        "detail.outcom:1",
        "labels.actoin:1",
        "\"outcom\":denied",
        "\"outcome\":deny",
        "\"seq\":abc",
        "\"timestamp\":yesterday",
        "\"\":x",
        "\"has\":x",
        "\"since\":x",
        "ids:3",
        "has:my_field",
        "has:\"actoin\"",
        "FOO=bar",
        "category:toolx",
    ] {
        assert!(!read(query).matches(LINE.as_bytes()), "{query}");
        assert_eq!(read(&read(query).to_string()), read(query));
    }
    assert!(Filter::new().field("outcom", "x").matches(br#"{"outcom":"x"}"#));
    assert!(read("\"\":x").matches(br#"{"":"x"}"#));
}

#[test]
fn what_is_written_is_what_a_person_would_write() {
    for (query, written) in [
        ("", "*"),
        ("a  AND b", "a b"),
        ("(a b) c", "a b c"),
        ("a OR (b OR c)", "a OR b OR c"),
        ("(a OR b) c", "(a OR b) c"),
        ("a OR (b c)", "a OR b c"),
        ("NOT (a b) OR c", "-(a b) OR c"),
        ("NOT (a OR b)", "-(a OR b)"),
        ("- NOT a", "a"),
        ("outcome:(denied OR failure)", "outcome:denied OR outcome:failure"),
        ("\"Get health\"", "\"get health\""),
        ("get-heal*", "\"get heal\"*"),
        ("FOO*", "foo*"),
        ("principal:\"alice\"", "principal:alice"),
        ("action:\"GET /\"*", "action:\"GET /\"*"),
        ("action:\"a\\\\b \\\"c\\\"\"", "action:\"a\\\\b \\\"c\\\"\""),
        ("duration_ms:>5.50", "duration_ms:>5.5"),
        ("seq:1e2..", "seq:>=100"),
        ("seq:>1..<3", "seq:>1..<3"),
        ("since:2h", "timestamp:>=2026-11-23T12:00:00Z"),
        ("until:2026-11-23", "timestamp:<=2026-11-22T23:59:59.999999999Z"),
        ("has:\"a b\"", "has:\"a b\""),
        ("\"outcom\":x", "\"outcom\":x"),
        ("action:*", "has:action"),
    ] {
        assert_eq!(read(query).to_string(), written, "{query}");
    }
}
