//! The stored lines themselves, the format of the replaced module, and CSV.

use bulla_formats::export::{ExportFormat, Exporter};
use bulla_formats::import::ImportFormat;
use proptest::prelude::*;

use super::text;
use crate::entry_of::{events, stored_line};

const STORED: &str = r#"{"seq":41,"recorded_at":"2026-11-23T12:00:00.123456789Z","source":{"id":"x","seq":3},"id":"a","timestamp":"2026-11-23T12:00:00.122Z","category":"tool_execution","action":"tool:bash","principal":"alice","outcome":"failure","detail":{"n":1.50,"s":"a,\"b\""},"duration_ms":1840,"session_id":"s","phase":"post","tool":{"name":"bash"},"reason":{"code":"e","message":"=1+1"}}"#;

fn export(format: ExportFormat, lines: &[&[u8]]) -> String {
    text(format, lines)
}

#[test]
fn jsonl_is_the_stored_bytes() {
    assert_eq!(export(ExportFormat::Jsonl, &[STORED.as_bytes(), b"{}"]), format!("{STORED}\n{{}}\n"));
}

#[test]
fn seed_has_exactly_the_keys_of_the_replaced_format() {
    assert_eq!(
        export(ExportFormat::Seed, &[STORED.as_bytes()]),
        r#"{"id":"a","timestamp":"2026-11-23T12:00:00.122Z","category":"tool_execution","action":"tool:bash","principal":"alice","outcome":"failure","detail":{"n":1.50,"s":"a,\"b\""},"duration_ms":1840,"session_id":"s"}
"#
    );
    let bare = br#"{"outcome":"success","id":"a","action":"x","category":"api","timestamp":"2026-11-23T12:00:00Z","detail":null}"#;
    assert_eq!(
        export(ExportFormat::Seed, &[bare]),
        r#"{"id":"a","timestamp":"2026-11-23T12:00:00Z","category":"api","action":"x","principal":null,"outcome":"success"}
"#
    );
}

#[test]
fn a_line_that_is_no_entry_is_refused_and_nothing_is_written() {
    for format in ExportFormat::ALL.iter().filter(|format| **format != ExportFormat::Jsonl) {
        let empty = Exporter::new(*format, "x", Vec::new()).unwrap().finish().unwrap().len();
        let mut exporter = Exporter::new(*format, "x", Vec::new()).unwrap();
        for line in [&b"7"[..], b"{", b"\xff", b""] {
            let error = exporter.write(line).unwrap_err();
            assert!(error.is_about_entry(), "{format} {line:?} {error}");
        }
        assert_eq!(exporter.finish().unwrap().len(), empty, "{format}");
    }
    for (format, line, expected) in [
        (ExportFormat::Seed, r#"{"id":"a"}"#, "field `timestamp` is missing"),
        (ExportFormat::Ocsf, r#"{"timestamp":"2026-11-23T12:00:00Z"}"#, "field `id` is missing"),
        (ExportFormat::Ecs, r#"{"id":"a"}"#, "field `timestamp` is missing"),
        (
            ExportFormat::Cef,
            r#"{"timestamp":"soon"}"#,
            "field `timestamp` has a value that cannot be read: soon",
        ),
    ] {
        let error = Exporter::new(format, "x", Vec::new()).unwrap().write(line.as_bytes()).unwrap_err();
        assert_eq!(error.to_string(), format!("export entry: {expected}"));
    }
}

#[test]
fn the_end_of_an_export_reaches_what_is_behind_a_buffer() {
    for format in ExportFormat::ALL {
        let line = super::line(r#""category":"api","action":"x","outcome":"success""#);
        let mut behind = Vec::new();
        let buffered = std::io::BufWriter::with_capacity(1 << 20, &mut behind);
        let mut exporter = Exporter::new(*format, super::ORIGIN, buffered).unwrap();
        exporter.write(line.as_bytes()).unwrap();
        let buffer = exporter.finish().unwrap();
        assert!(buffer.buffer().is_empty(), "{format}");
        drop(buffer);
        assert!(!behind.is_empty(), "{format}");
    }
}

#[test]
fn what_is_held_leaves_on_request_and_in_blocks() {
    let mut exporter = Exporter::new(ExportFormat::Jsonl, "x", Vec::new()).unwrap();
    exporter.write(b"{}").unwrap();
    exporter.flush().unwrap();
    for _ in 0..40 {
        exporter.write(&[b'x'; 4096]).unwrap();
    }
    let out = exporter.finish().unwrap();
    assert_eq!(out.len(), 3 + 40 * 4097);
}

#[test]
fn csv_has_one_row_per_entry_and_reads_back() {
    let text = export(ExportFormat::Csv, &[STORED.as_bytes(), br#"{"seq":42}"#]);
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let headers = reader.headers().unwrap().clone();
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    let cell = |row: usize, name: &str| {
        let column = headers.iter().position(|header| header == name).unwrap();
        rows[row][column].to_owned()
    };
    for (name, expected) in [
        ("seq", "41"),
        ("recorded_at", "2026-11-23T12:00:00.123456789Z"),
        ("action", "tool:bash"),
        ("detail", r#"{"n":1.50,"s":"a,\"b\""}"#),
        ("tool_name", "bash"),
        ("source_seq", "3"),
        ("reason_message", "'=1+1"),
        ("request_path", ""),
        ("entry", STORED),
    ] {
        assert_eq!(cell(0, name), expected, "{name}");
    }
    assert_eq!((cell(1, "seq"), cell(1, "action")), ("42".to_owned(), String::new()));
}

#[test]
fn no_cell_is_a_formula() {
    for start in ['=', '+', '-', '@', '\t', '\r'] {
        let action = serde_json::Value::from(format!("{start}cmd|x"));
        let text = export(ExportFormat::Csv, &[format!("{{\"action\":{action}}}").as_bytes()]);
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let row = reader.records().next().unwrap().unwrap();
        assert!(row.iter().all(|cell| !cell.starts_with(['=', '+', '-', '@', '\t', '\r'])), "{row:?}");
        assert!(row.iter().any(|cell| cell == format!("'{start}cmd|x")), "{row:?}");
    }
}

/// Lines as the replaced module writes them.
fn seed_line() -> impl Strategy<Value = String> {
    let text = || any::<String>().prop_map(|text| serde_json::Value::from(text).to_string());
    let optional = |key: &'static str, json: BoxedStrategy<String>| {
        prop::option::of(json)
            .prop_map(move |json| json.map_or(String::new(), |json| format!(",\"{key}\":{json}")))
    };
    let detail = prop_oneof![
        Just("{\"n\":1.50}".to_owned()),
        Just("[1e2,{\"k\":\"\\u00e9\"}]".to_owned()),
        text(),
        any::<i64>().prop_map(|number| number.to_string())
    ];
    let principal = prop_oneof![Just("null".to_owned()), text()];
    let tail = (
        optional("detail", detail.boxed()),
        optional("duration_ms", any::<u64>().prop_map(|n| n.to_string()).boxed()),
        optional("okr_id", text().boxed()),
        optional("session_id", text().boxed()),
    );
    (text(), principal, prop::sample::select(vec!["success", "failure", "denied"]), tail).prop_map(
        |(action, principal, outcome, (detail, duration, okr, session))| {
            format!(
                r#"{{"id":"i","timestamp":"2026-02-10T17:27:10.484Z","category":"swarm","action":{action},"principal":{principal},"outcome":"{outcome}"{detail}{duration}{okr}{session}}}"#
            )
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_seed_line_comes_back_byte_for_byte(line in seed_line()) {
        for format in [ImportFormat::Seed, ImportFormat::Jsonl] {
            let imported = events(format, line.as_bytes());
            let stored = stored_line(&imported[0].event);
            prop_assert_eq!(export(ExportFormat::Seed, &[&stored]), format!("{line}\n"));
        }
    }
}
