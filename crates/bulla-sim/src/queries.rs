//! Entries and queries made up from choices, out of one small stock of keys and values, so that they often meet.
//!
//! A choice is a number below a limit: of a seed ([`choices`]), or a byte that a fuzzer tries.

use std::fmt::Write;

use bulla::query::{Condition, Edge, Expression, Literal, Number, Test, Words};
use bulla::{AuditOutcome, Timestamp};

/// Gives a number below the one it is asked with.
pub type Choose<'c> = dyn FnMut(usize) -> usize + 'c;

/// Makes up a value as JSON.
type Make<'m> = dyn Fn(&mut Choose<'_>) -> String + 'm;

/// Texts that mean something, are spelled in several ways, or are hard to write down.
const TEXTS: [&str; 30] = [
    "",
    "alice",
    "alice@example.org",
    "GET /health",
    "get Health!",
    "No such file",
    "no such",
    "such file such",
    "denied",
    "ab a ab a",
    "a a b",
    "Übung",
    "eine ÜBUNG",
    "ΟΔΟΣ",
    "οδος",
    "日本語",
    "本 a",
    "\u{212a}ind İx",
    "kind ix",
    "2",
    "100",
    "1e2",
    "true",
    "null",
    "2026-11-23",
    "2026-11-23T12:00:00Z",
    "2026-11-23T14:00:00.000+02:00",
    "0001-01-01T00:00:00Z",
    "say \"hi\" \\ (x)\n*",
    "OR NOT a..b -x:y >1 =2",
];

/// Numbers, some of them equal, some almost.
const NUMBERS: [&str; 18] = [
    "0",
    "-0.0",
    "2",
    "2.0",
    "0.2e1",
    "-5",
    "100",
    "1e2",
    "100.5",
    "0.1",
    "9007199254740992",
    "9007199254740993",
    "9007199254740993.0",
    "18446744073709551615",
    "18446744073709551616",
    "-9223372036854775808",
    "1e300",
    "0.30000000000000004",
];

/// Times of entries and in queries.
const TIMES: [&str; 8] = [
    "2026-11-22T23:59:59.999999999Z",
    "2026-11-23T00:00:00Z",
    "2026-11-23T12:00:00.5Z",
    "2026-11-23T23:30:00-01:00",
    "2026-11-24T00:00:00Z",
    "1970-01-01T00:00:00Z",
    "1600-01-01T00:00:00Z",
    "2300-01-01T00:00:00Z",
];

/// Keys below the fields that hold anything.
const KEYS: [&str; 7] = ["n", "a", "b", "a.b", "exit_code", "", "k \"q\" 日"];

/// Fields that hold anything.
const FREE: [&str; 3] = ["detail", "reason", "customer"];

/// Paths that queries ask for, beside those below [`FREE`].
const PATHS: [&str; 14] = [
    "seq",
    "recorded_at",
    "timestamp",
    "category",
    "action",
    "principal",
    "outcome",
    "phase",
    "session_id",
    "duration_ms",
    "tool",
    "tool.name",
    "targets.id",
    "outcom",
];

/// Choices that follow from a seed.
pub fn choices(seed: u64) -> impl FnMut(usize) -> usize {
    let mut random = fastrand::Rng::with_seed(seed);
    move |limit| random.usize(..limit)
}

fn one_of<'t>(choose: &mut Choose<'_>, all: &[&'t str]) -> &'t str {
    all[choose(all.len())]
}

/// An entry as its emitter sends it: JSON that every log takes, in any spelling.
pub fn event(choose: &mut Choose<'_>) -> String {
    let mut json = String::from("{");
    let outcome = [AuditOutcome::Success, AuditOutcome::Failure, AuditOutcome::Denied][choose(3)];
    let mut member = |choose: &mut Choose<'_>, name: &str, value: &Make<'_>| {
        let comma = if json.len() > 1 { "," } else { "" };
        let space = [" ", "", "", ""][choose(4)];
        write!(json, "{comma}{space}\"{name}\"{space}:{}", value(choose)).expect("a String takes it");
    };
    member(choose, "timestamp", &|choose| format!("\"{}\"", one_of(choose, &TIMES)));
    member(choose, "category", &|choose| {
        let category = one_of(choose, &["api", "tool_execution", "sandbox"]);
        string(choose, category)
    });
    member(choose, "action", &text);
    member(choose, "outcome", &|choose| string(choose, outcome.as_str()));
    let optional: [(&str, &Make<'_>); 8] = [
        ("principal", &|choose| if choose(4) == 0 { "null".to_owned() } else { text(choose) }),
        ("session_id", &text),
        ("duration_ms", &|choose| choose(200).to_string()),
        ("tool", &|choose| format!("{{\"name\":{},\"is_error\":{}}}", text(choose), choose(2) == 0)),
        ("targets", &|choose| format!("[{{\"id\":{}}},{{\"id\":{}}}]", text(choose), text(choose))),
        ("detail", &|choose| value(choose, 0)),
        ("reason", &|choose| format!("{{\"message\":{},\"a\":{}}}", text(choose), value(choose, 1))),
        ("customer", &|choose| value(choose, 0)),
    ];
    for (name, value) in optional {
        if choose(2) == 0 {
            member(choose, name, value);
        }
    }
    json.push('}');
    json
}

/// A line as a log stores it, of that number.
pub fn line(seq: u64, choose: &mut Choose<'_>) -> String {
    let second = seq % 60;
    let event = event(choose);
    format!(
        "{{\"seq\":{seq},\"recorded_at\":\"2026-11-23T12:00:{second:02}.000000000Z\",\"id\":\"id-{seq}\",{}",
        &event[1..]
    )
}

fn text(choose: &mut Choose<'_>) -> String {
    let text = one_of(choose, &TEXTS);
    string(choose, text)
}

/// A text as JSON, now and then with escapes that it does not need.
fn string(choose: &mut Choose<'_>, text: &str) -> String {
    if choose(6) > 0 {
        return serde_json::to_string(text).expect("a text is JSON");
    }
    let mut json = String::from("\"");
    for letter in text.chars() {
        match (letter, choose(4)) {
            ('/', 0 | 1) => json.push_str("\\/"),
            ('"' | '\\', _) => json.extend(['\\', letter]),
            (letter, 1..) if !letter.is_control() => json.push(letter),
            (letter, _) => letter.encode_utf16(&mut [0; 2]).iter().for_each(|unit| {
                write!(json, "\\u{unit:04x}").expect("a String takes it");
            }),
        }
    }
    json.push('"');
    json
}

/// Any JSON, `depth` levels inside a field.
fn value(choose: &mut Choose<'_>, depth: usize) -> String {
    match choose(if depth < 3 { 9 } else { 5 }) {
        0 => "null".to_owned(),
        1 => if choose(2) == 0 { "true" } else { "false" }.to_owned(),
        2 => one_of(choose, &NUMBERS).to_owned(),
        3 | 4 => text(choose),
        5 => {
            let items: Vec<_> = (0..choose(4)).map(|_| value(choose, depth + 1)).collect();
            format!("[{}]", items.join(","))
        }
        _ => {
            let mut members = Vec::new();
            for key in KEYS {
                if choose(3) == 0 {
                    members.push(format!("{}:{}", string(choose, key), value(choose, depth + 1)));
                }
            }
            format!("{{{}}}", members.join(","))
        }
    }
}

/// An expression in normal form that a query can say.
pub fn expression(choose: &mut Choose<'_>) -> Expression {
    nested(choose, 0)
}

fn nested(choose: &mut Choose<'_>, depth: usize) -> Expression {
    let parts = |choose: &mut Choose<'_>, count: usize| -> Vec<_> {
        (0..count).map(|_| nested(choose, depth + 1)).collect()
    };
    match choose(if depth < 4 { 8 } else { 3 }) {
        0..=2 => condition(choose).into(),
        3 | 4 => {
            let count = choose(4);
            Expression::all(parts(choose, count))
        }
        5 | 6 => {
            let count = choose(3) + 1;
            Expression::any(parts(choose, count))
        }
        _ => nested(choose, depth + 1).negated(),
    }
}

fn condition(choose: &mut Choose<'_>) -> Condition {
    if choose(4) == 0
        && let Some(words) = some_words(choose)
    {
        return Condition::Text(words);
    }
    let path = path(choose);
    Condition::Field { test: test(choose, &path), path }
}

/// Words of a text, from one of them on.
fn some_words(choose: &mut Choose<'_>) -> Option<Words> {
    let text = one_of(choose, &TEXTS);
    let parts: Vec<&str> = text.split(' ').collect();
    let mut wanted = parts[choose(parts.len())..].join(" ");
    let is_prefix = choose(2) == 0;
    if is_prefix && choose(2) == 0 {
        wanted.pop();
    }
    Words::new(&wanted, is_prefix)
}

fn path(choose: &mut Choose<'_>) -> String {
    if choose(3) == 0 {
        return one_of(choose, &PATHS).to_owned();
    }
    let mut path = one_of(choose, &FREE).to_owned();
    for _ in 0..choose(3) {
        path.push('.');
        path.push_str(one_of(choose, &KEYS));
    }
    path
}

fn test(choose: &mut Choose<'_>, path: &str) -> Test {
    match choose(6) {
        0 => Test::IsThere,
        1 => prefix(choose),
        2 => numbers(choose),
        3 => times(choose),
        _ => Test::Equals(Literal::new(likely_value(choose, path))),
    }
}

/// A value that entries have at a path, mostly.
fn likely_value(choose: &mut Choose<'_>, path: &str) -> &'static str {
    match (path, choose(4)) {
        ("outcome", 1..) => one_of(choose, &["success", "failure", "denied"]),
        ("category", 1..) => one_of(choose, &["api", "tool_execution"]),
        ("timestamp" | "recorded_at", 1..) => {
            if choose(2) == 0 {
                "2026-11-23"
            } else {
                one_of(choose, &TIMES)
            }
        }
        (_, 0) => one_of(choose, &NUMBERS),
        _ => one_of(choose, &TEXTS),
    }
}

fn prefix(choose: &mut Choose<'_>) -> Test {
    let text = if choose(3) == 0 { one_of(choose, &NUMBERS) } else { one_of(choose, &TEXTS) };
    let length = choose(text.chars().count() + 1);
    Test::Prefix(text.chars().take(length).collect())
}

fn numbers(choose: &mut Choose<'_>) -> Test {
    let (from, to) = two_ends(choose, |choose| {
        let number = Number::parse(one_of(choose, &NUMBERS)).expect("all of them are numbers");
        (number, if choose(2) == 0 { Edge::Included } else { Edge::Excluded })
    });
    Test::Numbers { from, to }
}

fn times(choose: &mut Choose<'_>) -> Test {
    let (from, to) = two_ends(choose, |choose| {
        let moment: Timestamp = one_of(choose, &TIMES).parse().expect("all of them are times");
        bulla::query::nanoseconds(moment)
    });
    Test::Times { from, to }
}

/// The ends of a range, at least one of them.
fn two_ends<T>(choose: &mut Choose<'_>, end: impl Fn(&mut Choose<'_>) -> T) -> (Option<T>, Option<T>) {
    match choose(3) {
        0 => (Some(end(choose)), None),
        1 => (None, Some(end(choose))),
        _ => (Some(end(choose)), Some(end(choose))),
    }
}

/// Signs and words of the grammar in any order: mostly no query.
pub fn tokens(choose: &mut Choose<'_>) -> String {
    const TOKENS: [&str; 34] = [
        "(",
        ")",
        "-",
        "NOT",
        "AND",
        "OR",
        "OR",
        " ",
        " ",
        " ",
        " ",
        ":",
        "\"",
        "\\",
        "*",
        "..",
        ">",
        "<",
        "=",
        ">=",
        "a",
        "é",
        "日",
        "outcome",
        "outcome:denied",
        "has:",
        "since:",
        "2026-11-23",
        "5",
        "seq:",
        "\"x y\"",
        "action:(",
        "detail.n:",
        "or",
    ];
    (0..choose(12)).map(|_| one_of(choose, &TOKENS)).collect()
}
