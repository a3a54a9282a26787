//! Random records and queries over a small vocabulary, so that they meet.

use bulla::Filter;
use bulla::query::{Condition, Edge, Expression, Literal, Number, Test, Words};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

const TEXTS: [&str; 16] = [
    "",
    "alice",
    "Alice",
    "bob smith",
    "deploy",
    "deploy web",
    "web deploy now",
    "GET /health",
    "a\0b",
    "404",
    "2026-11-23T12:00:00Z",
    "2026-11-23T13:00:00+01:00",
    "Übung macht",
    "東京都",
    "true",
    "null",
];
const NUMBERS: [&str; 12] =
    ["0", "-0.0", "1", "2", "404", "4.5", "-7", "1e2", "100", "9007199254740993", "9007199254740992", "1840"];
const PATHS: [&str; 22] = [
    "action",
    "principal",
    "outcome",
    "category",
    "session_id",
    "duration_ms",
    "timestamp",
    "recorded_at",
    "seq",
    "detail",
    "detail.a",
    "detail.b",
    "detail.a.b",
    "detail.list",
    "detail.list.a",
    "custom",
    "custom.a",
    "tool.name",
    "labels.env",
    "reason.message",
    "source.id",
    "event_name",
];

fn long() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("x".repeat(128)),
        Just(format!("{}y", "x".repeat(128))),
        Just("x".repeat(300)),
        Just(format!("{}y", "x".repeat(299))),
    ]
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        8 => proptest::sample::select(&TEXTS[..]).prop_map(str::to_owned),
        1 => long(),
        1 => "[ab ]{0,6}",
    ]
}

fn number() -> impl Strategy<Value = Value> {
    proptest::sample::select(&NUMBERS[..]).prop_map(|text| serde_json::from_str(text).unwrap())
}

fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        4 => text().prop_map(Value::from),
        3 => number(),
        1 => any::<bool>().prop_map(Value::from),
        1 => Just(Value::Null),
    ]
}

fn value() -> impl Strategy<Value = Value> {
    scalar().prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            proptest::collection::btree_map(
                proptest::sample::select(vec!["a", "b", "a.b", "list", "x\0y"]).prop_map(str::to_owned),
                inner,
                0..3
            )
            .prop_map(|map| map.into_iter().collect::<Map<_, _>>().into()),
        ]
    })
}

/// A record that the log takes.
pub(crate) fn record() -> impl Strategy<Value = Value> {
    let fixed = (
        proptest::sample::select(vec!["api", "auth", "tool_execution", "my_own"]),
        text(),
        proptest::sample::select(vec!["success", "failure", "denied"]),
        proptest::option::of(text()),
        proptest::option::of(proptest::sample::select(vec![0u64, 1, 404, 1840, 9_007_199_254_740_993])),
    );
    let more = (
        proptest::option::of(text()),
        proptest::option::of(value()),
        proptest::option::of(value()),
        proptest::option::of(text()),
        proptest::sample::select(vec![
            "2026-11-23T12:00:00Z",
            "2026-11-23T12:00:00.000000001Z",
            "2026-11-22T23:59:59.999Z",
            "1969-12-31T23:59:59Z",
            "9999-01-01T00:00:00Z",
        ]),
    );
    (fixed, more).prop_map(
        |((category, action, outcome, principal, duration), (session, detail, custom, tool, timestamp))| {
            let mut record = json!({
                "category": category, "action": action, "outcome": outcome, "timestamp": timestamp,
            });
            let members = record.as_object_mut().unwrap();
            let mut set = |name: &str, value: Option<Value>| {
                if let Some(value) = value {
                    members.insert(name.to_owned(), value);
                }
            };
            set("principal", principal.map(Value::from));
            set("duration_ms", duration.map(Value::from));
            set("session_id", session.map(Value::from));
            set("detail", detail);
            set("custom", custom);
            set("tool", tool.map(|name| json!({"name": name})));
            record
        },
    )
}

fn literal() -> impl Strategy<Value = Literal> {
    prop_oneof![
        text(),
        proptest::sample::select(&NUMBERS[..]).prop_map(str::to_owned),
        proptest::sample::select(vec![
            "2026-11-23",
            "2026-11-23T12:00:00.000Z",
            "100.0",
            "false",
            "api",
            "denied"
        ])
        .prop_map(str::to_owned),
    ]
    .prop_map(|text| Literal::new(&text))
}

fn end() -> impl Strategy<Value = Option<(Number, Edge)>> {
    let number = proptest::sample::select(&NUMBERS[..]).prop_map(|text| Number::parse(text).unwrap());
    let edge = any::<bool>().prop_map(|included| if included { Edge::Included } else { Edge::Excluded });
    proptest::option::of((number, edge))
}

fn nanos() -> impl Strategy<Value = Option<i64>> {
    let day = 1_795_392_000_000_000_000; // 2026-11-23
    proptest::option::of(proptest::sample::select(vec![
        i64::MIN,
        -1_000_000_000,
        day,
        day + 43_200_000_000_000,
        day + 43_200_000_000_001,
        i64::MAX,
    ]))
}

fn test() -> impl Strategy<Value = Test> {
    prop_oneof![
        4 => literal().prop_map(Test::Equals),
        2 => prop_oneof![
            proptest::sample::select(vec!["", "a", "al", "4", "1", "-", "2026", "GET /", "d"]).prop_map(str::to_owned),
            long(),
        ].prop_map(Test::Prefix),
        2 => (end(), end()).prop_map(|(from, to)| Test::Numbers { from, to }),
        2 => (nanos(), nanos()).prop_map(|(from, to)| Test::Times { from, to }),
        1 => Just(Test::IsThere),
    ]
}

fn condition() -> impl Strategy<Value = Condition> {
    prop_oneof![
        5 => (proptest::sample::select(&PATHS[..]), test()).prop_map(|(path, test)| Condition::field(path, test)),
        2 => (text(), any::<bool>()).prop_filter_map("it has a word", |(text, last_is_prefix)| {
            Words::new(&text, last_is_prefix).map(Condition::Text)
        }),
    ]
}

/// Any expression.
pub(crate) fn filter() -> impl Strategy<Value = Filter> {
    let expression = condition().prop_map(Expression::Is).prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..3).prop_map(Expression::All),
            proptest::collection::vec(inner.clone(), 0..3).prop_map(Expression::Any),
            inner.prop_map(|inner| Expression::Not(Box::new(inner))),
        ]
    });
    expression.prop_map(Filter::from)
}
