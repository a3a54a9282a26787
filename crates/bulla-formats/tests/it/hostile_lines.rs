//! Whatever the bytes are: nothing panics, every line is accounted for, and what cannot be mapped is kept.

use std::io;

use bulla::Event;
use bulla_formats::import::{
    ImportFormat, Imported, Line, Lines, Unmapped, import, importer, quarantine_entry,
};
use proptest::prelude::*;

use crate::entry_of::{self, entry, options, refusal};

#[test]
fn a_bad_line_is_unmapped_and_says_why() {
    let deep = format!("{{\"a\":{}{}}}", "[".repeat(100), "]".repeat(100));
    for (line, reason) in [
        (&b"not json\n"[..], "not JSON"),
        (b"{\"a\":1", "torn last line"),
        (b"\0\0\0\n", "3 NUL bytes"),
        (b"\0\0\0", "torn last line: 3 NUL bytes"),
        (b"{\"a\":\"\0\"}\n", "not JSON"),
        (b"{\"a\":\"\xff\"}\n", "not UTF-8"),
        (b"[1]\n", "not a JSON object"),
        (b"7\n", "not a JSON object"),
        (b"{\"a\":1}{\"b\":2}\n", "not JSON"),
        (b"{\"a\":1,\"a\":2}\n", "has the key \"a\""),
        (b"{\"a\":\"\\ud800\"}\n", "not a JSON object"),
        (deep.as_bytes(), "nested deeper"),
    ] {
        for format in ImportFormat::all() {
            let found = refusal(format, line);
            let is_right =
                found.contains(reason) || format == ImportFormat::Seed && found.contains("timestamp");
            let is_unpaired = reason == "not a JSON object" && found.contains("surrogate");
            assert!(is_right || is_unpaired, "{format} {}: {found}", String::from_utf8_lossy(line));
        }
    }
}

#[test]
fn a_line_beyond_the_limit_keeps_its_first_part_and_tells_its_size() {
    let line = Line { number: 2, offset: 10, bytes: b"{\"a\":1", size: 1 << 40, is_torn: false };
    let mut out = Vec::new();
    importer(ImportFormat::Jsonl, "f", options()).line(line, &mut out);
    let [Imported::Unmapped(unmapped)] = &out[..] else { panic!("{out:?}") };
    assert_eq!((unmapped.size, unmapped.original.as_slice()), (1 << 40, &b"{\"a\":1"[..]));
    assert_eq!(unmapped.reason, "line has 1099511627776 bytes, at most 67108864; its first part is kept");
}

#[test]
fn good_lines_around_a_bad_one_are_imported() {
    let file = b"\xef\xbb\xbf{\"a\":1}\r\n\r\n  \nbad\n{\"a\":2}\n\0\n{\"a\":3}";
    let mut importer = importer(ImportFormat::Jsonl, "f", options());
    let mut seen = Vec::new();
    let report = import(&file[..], &mut *importer, |imported| {
        seen.push(match imported {
            Imported::Event(event) => (event.line, true),
            Imported::Unmapped(unmapped) => (unmapped.line, false),
        });
        Ok::<_, io::Error>(())
    });
    let report = report.unwrap();
    assert_eq!(seen, [(1, true), (4, false), (5, true), (6, false), (7, true)]);
    assert_eq!((report.lines, report.blank, report.lines_imported, report.lines_unmapped), (7, 2, 3, 2));
    assert_eq!(report.unmapped.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [4, 6]);
}

#[test]
fn an_unmapped_record_becomes_an_entry_that_keeps_its_bytes() {
    let unmapped = Unmapped {
        line: 3,
        offset: 40,
        size: 6,
        reason: "not JSON: x".to_owned(),
        original: b"\0\xffabcd".to_vec(),
    };
    let event = quarantine_entry(&unmapped, ImportFormat::Jsonl, "f.jsonl", &options());
    let found = entry(&event);
    for (pointer, expected) in [
        ("/category", r#""import""#),
        ("/action", r#""import.unmapped""#),
        ("/outcome", r#""failure""#),
        ("/reason", r#"{"code":"unmapped","message":"not JSON: x"}"#),
        ("/detail", r#"{"file":"f.jsonl","format":"jsonl","line":3,"offset":40,"size":6}"#),
        ("/payloads/0/name", r#""original""#),
        ("/payloads/0/size", "6"),
        ("/source/seq", "3"),
    ] {
        assert_eq!(found.pointer(pointer).unwrap().to_string(), expected, "{pointer}");
    }
    let again = quarantine_entry(&unmapped, ImportFormat::Jsonl, "f.jsonl", &options());
    assert_eq!(entry(&again)["id"], found["id"]);
    let cut = Unmapped { size: 1 << 40, ..unmapped };
    let cut = entry(&quarantine_entry(&cut, ImportFormat::Jsonl, &"n".repeat(1 << 20), &options()));
    assert_eq!(cut["truncated"][0]["size"], 1_u64 << 40);
}

#[test]
fn a_megabyte_in_one_string_moves_to_a_payload() {
    let line = format!("{{\"ts\":1795435200,\"blob\":\"{}\"}}", "x".repeat(1 << 20));
    let out = entry_of::entries(ImportFormat::Jsonl, line.as_bytes());
    assert_eq!(out[0]["payloads"][0]["name"], "/detail/blob");
    assert_eq!(out[0]["payloads"][0]["size"], 1 << 20);
}

#[test]
fn a_megabyte_of_small_values_lies_beside_its_entry_whole() {
    let list = vec!["1234567"; 130_000].join(",");
    let line = format!(
        "{{\"type\":\"assistant\",\"uuid\":\"u\",\"timestamp\":\"2026-11-23T12:00:00Z\",\"list\":[{list}]}}"
    );
    for format in
        [ImportFormat::Jsonl, ImportFormat::Cloudtrail, ImportFormat::ClaudeCode, ImportFormat::Codex]
    {
        let out = entry_of::entries(format, line.as_bytes());
        assert_eq!(out[0]["payloads"][0]["name"], "original", "{format}");
        assert_eq!(out[0]["payloads"][0]["size"], line.len(), "{format}");
    }
}

#[test]
fn a_line_full_of_small_parts_does_not_become_a_flood() {
    let blocks = vec![r#"{"type":"text"}"#; 1025].join(",");
    let line = format!(r#"{{"type":"assistant","message":{{"content":[{blocks}]}}}}"#);
    assert_eq!(entry_of::entries(ImportFormat::ClaudeCode, line.as_bytes()).len(), 1);
    let document = format!(r#"{{"Records":[{}]}}"#, vec!["{}"; 65_537].join(","));
    let found = refusal(ImportFormat::Cloudtrail, document.as_bytes());
    assert_eq!(found, "document has 65537 records, at most 65536");
}

#[test]
fn texts_full_of_escapes_do_not_outgrow_an_entry_unnoticed() {
    let noise = "\\u0001".repeat(2000);
    let fields =
        ["Channel", "EventID", "Hostname", "ProcessName", "ObjectName", "TargetObject", "SubjectUserName"];
    let fields: Vec<String> = fields.iter().map(|name| format!("\"{name}\":\"{noise}\"")).collect();
    let line = format!("{{{}}}", fields.join(","));
    assert_eq!(entry_of::import(ImportFormat::Jsonl, line.as_bytes()).len(), 1);
}

/// Bytes of an event that its log would store, and those of an unmapped record, are never none.
fn is_kept(imported: &Imported) -> bool {
    let size = |event: &Event| event.size();
    match imported {
        Imported::Event(event) => size(&event.event) > 0 && !event.id.is_empty() && event.id.len() <= 256,
        Imported::Unmapped(unmapped) => {
            !unmapped.original.is_empty() && unmapped.original.len() as u64 == unmapped.size
        }
    }
}

/// Imports `file` in every format and checks that no line is lost.
fn check_accounting(file: &[u8]) {
    for format in ImportFormat::all() {
        let mut importer = importer(format, "f", options());
        let mut lines = Lines::new(file);
        let mut ids = std::collections::HashSet::new();
        while let Some(line) = lines.next_line().unwrap() {
            let mut out = Vec::new();
            importer.line(line, &mut out);
            assert_eq!(out.is_empty(), line.is_blank(), "{format} {}", String::from_utf8_lossy(line.bytes));
            assert!(out.iter().all(is_kept), "{out:?}");
            for imported in out {
                match imported {
                    Imported::Event(event) => assert!(ids.insert(event.id)),
                    Imported::Unmapped(unmapped) => {
                        quarantine_entry(&unmapped, format, "f", &options());
                    }
                }
            }
        }
    }
}

/// JSON that looks like the records of these formats, with values of any type in any place.
fn record() -> impl Strategy<Value = String> {
    let names = prop::sample::select(vec![
        "id",
        "uuid",
        "type",
        "timestamp",
        "category",
        "action",
        "outcome",
        "principal",
        "detail",
        "seq",
        "source",
        "payloads",
        "ref",
        "message",
        "content",
        "tool_use_id",
        "name",
        "input",
        "is_error",
        "payload",
        "call_id",
        "output",
        "arguments",
        "Records",
        "eventID",
        "userIdentity",
        "resources",
        "Channel",
        "EventID",
        "usage",
        "toolUseResult",
        "info",
        "total_token_usage",
        "phase",
        "event",
        "user",
        "\\u0069d",
        "",
    ]);
    let words = prop::sample::select(vec![
        "null",
        "true",
        "-1",
        "1e400",
        "7",
        "1795435200",
        "\"\"",
        "\"tool_use\"",
        "\"tool_result\"",
        "\"user\"",
        "\"assistant\"",
        "\"event_msg\"",
        "\"response_item\"",
        "\"function_call\"",
        "\"function_call_output\"",
        "\"token_count\"",
        "\"c1\"",
        "\"api\"",
        "\"success\"",
        "\"unknown\"",
        "\"2026-11-23T12:00:00Z\"",
        "\"\\ud800\"",
        "\"a\\n\\u0000\"",
        "\"{\\\"metadata\\\":{\\\"exit_code\\\":1}}\"",
    ]);
    let leaf = words.prop_map(str::to_owned);
    let value = leaf.prop_recursive(4, 40, 6, move |inner| {
        let object = prop::collection::vec((names.clone(), inner.clone()), 0..8).prop_map(|fields| {
            let fields: Vec<String> =
                fields.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
            format!("{{{}}}", fields.join(","))
        });
        let list = prop::collection::vec(inner, 0..4).prop_map(|items| format!("[{}]", items.join(",")));
        prop_oneof![3 => object, 1 => list]
    });
    prop::collection::vec(value, 1..6).prop_map(|records| records.join("\n"))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_bytes_are_accounted_for(file in prop::collection::vec(any::<u8>(), 0..400)) {
        check_accounting(&file);
    }

    #[test]
    fn arbitrary_records_are_accounted_for(file in record()) {
        check_accounting(file.as_bytes());
    }
}
