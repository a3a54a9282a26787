//! Common Event Format, read back by a parser that knows nothing of the writer.

use bulla_formats::export::ExportFormat::Cef;
use serde_json::Value;

use super::kept::Leaves;
use super::{ORIGIN, line, text};

/// An event as a reader sees it.
#[derive(Debug)]
struct Event {
    header: Vec<String>,
    extension: Vec<(String, String)>,
}

impl Event {
    /// Reads one line: seven header fields that end at `|`, then pairs whose keys end at `=` and begin behind a space.
    fn parse(line: &str) -> Self {
        let mut header = vec![String::new()];
        let mut characters = line.chars();
        while header.len() < 8 {
            match characters.next().expect("eight parts") {
                '\\' => header.last_mut().unwrap().push(characters.next().unwrap()),
                '|' => header.push(String::new()),
                other => header.last_mut().unwrap().push(other),
            }
        }
        header.pop();
        let extension = characters.as_str();
        let mut ends = Vec::new();
        let mut is_escaped = false;
        for (at, character) in extension.char_indices() {
            if character == '=' && !is_escaped {
                ends.push(at);
            }
            is_escaped = character == '\\' && !is_escaped;
        }
        let begin_of = |end: usize| extension[..end].rfind(' ').map_or(0, |space| space + 1);
        let pairs = ends.iter().enumerate().map(|(index, &end)| {
            let value_end = ends.get(index + 1).map_or(extension.len(), |&next| begin_of(next) - 1);
            (extension[begin_of(end)..end].to_owned(), unescaped(&extension[end + 1..value_end]))
        });
        Self { header, extension: pairs.collect() }
    }

    fn value(&self, key: &str) -> Option<&str> {
        self.extension.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_str())
    }
}

fn unescaped(value: &str) -> String {
    let mut out = String::new();
    let mut characters = value.chars();
    while let Some(character) = characters.next() {
        out.push(match character {
            '\\' => match characters.next().unwrap() {
                'n' => '\n',
                'r' => '\r',
                other => other,
            },
            other => other,
        });
    }
    out
}

/// The values of an event. Its name and its class are the beginning of others, and not counted.
pub(super) fn leaves(text: &str) -> Leaves {
    let line = text.strip_suffix('\n').unwrap();
    assert!(!line.contains(['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}']), "one line: {line:?}");
    let event = Event::parse(line);
    let mut leaves = Leaves::default();
    if event.value("msg").is_some_and(|msg| !msg.contains("\"event_name\"")) {
        leaves.add(event.header[4].clone());
    }
    for (key, value) in &event.extension {
        match key.as_str() {
            "msg" => leaves.add_json(&serde_json::from_str(value).unwrap()),
            label if label.ends_with("Label") => {}
            _ => leaves.add(value.clone()),
        }
    }
    leaves
}

fn event(fields: &str) -> (String, Event) {
    let text = text(Cef, &[line(fields).as_bytes()]);
    let event = Event::parse(text.strip_suffix('\n').unwrap());
    (text, event)
}

#[test]
fn each_field_has_its_place() {
    let (text, event) = event(
        r#""category":"api","action":"DELETE /v1/x","principal":"alice","outcome":"denied","duration_ms":1840,"session_id":"s 9","event_name":"http.request","request":{"method":"DELETE","path":"/v1/x","client_ip":"203.0.113.9","user_agent":"curl/8","route":"/v1/{id}"},"detail":{"n":1.50}"#,
    );
    assert!(text.starts_with("CEF:0|Bulla|Bulla|"), "{text}");
    assert_eq!(event.header[4..], ["http.request", "DELETE /v1/x", "7"]);
    for (key, expected) in [
        ("rt", "1795435200122"),
        ("externalId", "a-1"),
        ("cat", "api"),
        ("act", "DELETE /v1/x"),
        ("outcome", "denied"),
        ("suser", "alice"),
        ("requestMethod", "DELETE"),
        ("request", "/v1/x"),
        ("requestClientApplication", "curl/8"),
        ("src", "203.0.113.9"),
        ("cn1", "41"),
        ("cn1Label", "seq"),
        ("cn2", "1840"),
        ("cn2Label", "durationMs"),
        ("cs1", "s 9"),
        ("cs1Label", "sessionId"),
        ("cs2", ORIGIN),
        ("cs3Label", "leafHash"),
        (
            "msg",
            r#"{"recorded_at":"2026-11-23T12:00:00.123456789Z","timestamp":"2026-11-23T12:00:00.122Z","request":{"route":"/v1/{id}"},"detail":{"n":1.50}}"#,
        ),
    ] {
        assert_eq!(event.value(key), Some(expected), "{key} of {text}");
    }
    assert_eq!(event.value("cs3").map(str::len), Some(64));
}

#[test]
fn header_and_extension_escape_each_in_their_own_way() {
    // Not an address of version 4, and a method with a line break in it.
    let (text, event) = event(
        r#""category":"api","action":"a|b\\c=d\r\ne","event_name":"x|y","outcome":"success","principal":"p|q\\r=s\nt","request":{"client_ip":"2001:db8::1"}"#,
    );
    assert!(text.contains(r"|x\|y|a\|b\\c=d  e|2|"), "{text}");
    assert!(text.contains(r" act=a|b\\c\=d\r\ne "), "{text}");
    assert!(text.contains(r" suser=p|q\\r\=s\nt "), "{text}");
    assert_eq!(event.value("act"), Some("a|b\\c=d\r\ne"));
    assert_eq!(event.value("src"), None);
    let rest: Value = serde_json::from_str(event.value("msg").unwrap()).unwrap();
    assert_eq!(rest["request"]["client_ip"], "2001:db8::1");
}

#[test]
fn nothing_in_an_entry_can_end_its_line_or_look_like_another_field() {
    let (text, event) = event(
        r#""category":"auth","action":"x\u2028CEF:0|a","outcome":"success","principal":"eve suser=root","detail":"\u0085\u007f","session_id":" s ""#,
    );
    assert_eq!(text.lines().count(), 1);
    assert!(!text.contains(['\u{2028}', '\u{85}', '\u{7f}']), "{text:?}");
    assert_eq!(event.value("suser"), Some("eve suser=root"));
    let rest: Value = serde_json::from_str(event.value("msg").unwrap()).unwrap();
    assert_eq!(rest["action"], "x\u{2028}CEF:0|a");
    assert_eq!(rest["detail"], "\u{85}\u{7f}");
    assert_eq!((rest["session_id"].as_str(), event.value("cs1")), (Some(" s "), None), "readers trim");
}

#[test]
fn outcomes_have_severities() {
    for (outcome, severity) in [("success", "2"), ("unknown", "3"), ("failure", "5"), ("denied", "7")] {
        let (_, event) = event(&format!(r#""category":"auth","action":"x","outcome":"{outcome}""#));
        assert_eq!(event.header[6], severity, "{outcome}");
    }
}
