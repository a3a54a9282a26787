//! Lines of the replaced format, and entries of other logs, go in as they are.

use bulla_formats::import::ImportFormat;

use crate::entry_of::{check, entries, events, import, refusal, stored_line};

const LINE: &str = r#"{"id":"7d0c9e0e-5c8f-4a8e-9d5e-2f2f8a3a4b11","timestamp":"2026-02-10T17:27:10.484Z","category":"api","action":"GET /health","principal":null,"outcome":"success"}"#;

#[test]
fn every_byte_of_a_seed_line_is_kept() {
    for line in [
        LINE,
        r#"{"id":"a","timestamp":"2026-02-10T17:27:10Z","category":"swarm","action":"x","principal":"p","outcome":"denied","detail":{"n":1.50,"big":123456789012345678901234567890,"e":"\u00e9"},"duration_ms":3,"okr_id":"o","session_id":"s"}"#,
        r#"{"id":"b","timestamp":"2026-02-10T17:27:10Z","category":"later_kind","action":"","outcome":"failure","unknown":[1,{}]}"#,
    ] {
        for format in [ImportFormat::Seed, ImportFormat::Jsonl] {
            let events = events(format, line.as_bytes());
            let stored = stored_line(&events[0].event);
            assert!(stored.ends_with(&line.as_bytes()[1..]), "{}", String::from_utf8_lossy(&stored));
        }
    }
}

#[test]
fn an_entry_says_which_file_and_line_it_came_from() {
    let file = format!("\n{LINE}\n");
    check(
        ImportFormat::Seed,
        &file,
        &[(
            0,
            "/source",
            r#"{"id":"import:seed","instance":"sample.jsonl","seq":2,"transport":"file","vantage":"imported"}"#,
        )],
    );
    let event = &events(ImportFormat::Seed, file.as_bytes())[0];
    assert_eq!((event.line, event.offset, event.id.as_str()), (2, 1, "7d0c9e0e-5c8f-4a8e-9d5e-2f2f8a3a4b11"));
}

#[test]
fn an_entry_of_another_log_keeps_its_envelope_under_another_name() {
    let line = r#"{"seq":41,"recorded_at":"2026-11-23T12:00:00.000000000Z","source":{"id":"x"},"id":"a","timestamp":"2026-11-23T12:00:00Z","category":"api","action":"x","outcome":"success","payloads":[{"name":"n","size":3,"sha256":"00","ref":"00"}]}"#;
    for format in [ImportFormat::Seed, ImportFormat::Jsonl] {
        check(
            format,
            line,
            &[
                (0, "/id", r#""a""#),
                (
                    0,
                    "/imported_envelope",
                    r#"{"seq":41,"recorded_at":"2026-11-23T12:00:00.000000000Z","source":{"id":"x"}}"#,
                ),
                (0, "/payloads", r#"[{"name":"n","size":3,"sha256":"00","imported_ref":"00"}]"#),
                (0, "/source/vantage", r#""imported""#),
            ],
        );
    }
    let again = line.replacen('{', r#"{"imported_envelope":{"seq":1},"#, 1);
    check(ImportFormat::Jsonl, &again, &[(0, "/imported_envelope/imported_envelope", r#"{"seq":1}"#)]);
}

#[test]
fn a_missing_id_is_made_from_the_line_and_is_the_same_each_time() {
    let line = LINE.replace(r#""id":"7d0c9e0e-5c8f-4a8e-9d5e-2f2f8a3a4b11","#, "");
    let file = format!("{line}\n{line}\n");
    let first = events(ImportFormat::Seed, file.as_bytes());
    let second = events(ImportFormat::Seed, file.as_bytes());
    assert_ne!(first[0].id, first[1].id);
    assert!(first.iter().zip(&second).all(|(first, second)| first.id == second.id));
    assert_eq!(entries(ImportFormat::Seed, file.as_bytes())[1]["id"], first[1].id.as_str());
}

#[test]
fn a_line_that_is_no_seed_entry_is_unmapped_and_says_why() {
    for (line, reason) in [
        (r#"{"id":"a"}"#, "no `timestamp`"),
        (r#"{"id":"a","timestamp":"2026-02-10T17:27:10Z","category":"api","action":"x"}"#, "outcome"),
        (&LINE.replace("success", "unknown"), "outcome is unknown"),
        (&LINE.replace("2026-02-10T", "noon "), "RFC 3339"),
        (&LINE.replace(r#""principal""#, r#""id":"x","principal""#), "has the key \"id\""),
    ] {
        let found = refusal(ImportFormat::Seed, line.as_bytes());
        assert!(found.contains(reason), "{line}: {found}");
    }
}

#[test]
fn a_second_entry_with_the_same_id_is_not_dropped_as_a_repeat() {
    let out = import(ImportFormat::Seed, format!("{LINE}\n{LINE}\n").as_bytes());
    assert_eq!(out.len(), 2);
    assert!(format!("{:?}", out[1]).contains("stands earlier in the file"), "{:?}", out[1]);
}

#[test]
fn an_entry_too_long_for_a_line_keeps_its_plain_fields_and_lies_beside_it_whole() {
    let list = vec!["\"0123456789\""; 10_000].join(",");
    let line = LINE.replace(r#""outcome""#, &format!(r#""session_id":"s","detail":[{list}],"outcome""#));
    let size = line.len().to_string();
    check(
        ImportFormat::Seed,
        &line,
        &[
            (0, "/id", r#""7d0c9e0e-5c8f-4a8e-9d5e-2f2f8a3a4b11""#),
            (0, "/session_id", r#""s""#),
            (0, "/detail/original/payload", r#""original""#),
            (0, "/payloads/0/name", r#""original""#),
            (0, "/payloads/0/size", &size),
        ],
    );
}
