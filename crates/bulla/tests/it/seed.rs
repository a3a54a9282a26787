//! The surface of the replaced module: a program written against it compiles, runs, and gains guarantees.

use std::collections::HashMap;
use std::fmt::Debug;
use std::process::Command;
use std::sync::{Arc, Mutex};

use bulla::{AuditCategory, AuditEntry, AuditLog, AuditOutcome, OpenError, RecordError};
use tracing::field::{Field, Visit};
use tracing::span;

/// A line as the replaced module wrote it.
fn seed_line(number: u32) -> String {
    format!(
        r#"{{"id":"id-{number}","timestamp":"2026-02-10T17:27:10.484Z","category":"tool_execution","action":"tool:bash","principal":"alice","outcome":"failure","detail":{{"exit_code":{number}}},"duration_ms":{number},"session_id":"s"}}"#
    )
}

/// The program: nothing but calls of the replaced module, as its callers wrote them.
async fn program() {
    let log = AuditLog::from_env();
    assert!(bulla::try_audit_log().is_none());
    bulla::init_audit_log(log.clone()).expect("the first log is taken");
    let _ = bulla::audit_log()
        .log(
            AuditCategory::Api,
            "POST /v1/tasks",
            AuditOutcome::Success,
            Some("alice".to_string()),
            Some(serde_json::json!({"n": 1})),
        )
        .await;
    let _ = bulla::audit_log()
        .log_with_correlation(
            AuditCategory::Swarm,
            format!("handoff {}", 2),
            AuditOutcome::Denied,
            None,
            None,
            Some("okr".into()),
            Some("run".into()),
            Some("relay".into()),
            Some("sess".into()),
        )
        .await;
    let entries = log.recent(2).await;
    assert_eq!(entries[0].action, "handoff 2");
    assert_eq!(entries[0].okr_id.as_deref(), Some("okr"));
    assert_eq!(entries[1].detail.as_ref().unwrap()["n"], 1);
    let api = log.by_category(AuditCategory::Api, 10).await;
    assert_eq!(api.len(), 1);
    assert!(bulla::init_audit_log(AuditLog::default()).is_err(), "a second log is given back");
    let count: usize = log.count().await;
    assert!(count >= 2);
}

/// Runs one test of this binary again in a process of its own, with these variables.
fn in_own_process(test: &str, variables: &[(&str, &str)]) -> (bool, String) {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", test, "--nocapture"]).env("SEED_CHILD", "1");
    for name in
        ["BULLA_LOG", "BULLA_MAX_ENTRIES", "CODETETHER_AUDIT_LOG_PATH", "CODETETHER_AUDIT_MAX_ENTRIES"]
    {
        command.env_remove(name);
    }
    let output = command.envs(variables.iter().copied()).output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&text).into_owned())
}

fn is_child() -> bool {
    std::env::var_os("SEED_CHILD").is_some()
}

#[tokio::test]
async fn a_program_of_the_replaced_module_runs() {
    if is_child() {
        return program().await;
    }
    let folder = tempfile::tempdir().unwrap();
    let [old, new] = ["old", "new"].map(|name| folder.path().join(name).to_str().unwrap().to_owned());
    let name = "seed::a_program_of_the_replaced_module_runs";
    for variables in [
        vec![],
        vec![("CODETETHER_AUDIT_LOG_PATH", old.as_str()), ("CODETETHER_AUDIT_MAX_ENTRIES", "500")],
        vec![("BULLA_LOG", new.as_str()), ("BULLA_MAX_ENTRIES", "1")],
    ] {
        let (success, text) = in_own_process(name, &variables);
        assert!(success, "{variables:?}: {text}");
    }
    for path in [old, new] {
        let reader = bulla::LogReader::open(path).unwrap();
        let actions: Vec<_> =
            reader.read(0..u64::MAX).map(|entry| entry.unwrap().entry().unwrap().action).collect();
        // The process ended while its global still held the log: nothing acknowledged is lost, nothing was closed.
        assert_eq!(actions, ["log.opened", "POST /v1/tasks", "handoff 2"]);
    }
}

#[tokio::test]
async fn a_variable_that_means_nothing_is_named() {
    if is_child() {
        let log = AuditLog::from_env();
        assert!(matches!(log.open_error(), Some(OpenError::Environment { .. })));
        let error = log
            .log(AuditCategory::Api, "x", AuditOutcome::Success, None, None)
            .await
            .expect_err("a log that is not open refuses");
        assert!(matches!(error, RecordError::NotOpen(_)));
        println!("told: {error}");
        return;
    }
    let name = "seed::a_variable_that_means_nothing_is_named";
    for (variable, value) in
        [("BULLA_MAX_ENTRIES", "many"), ("CODETETHER_AUDIT_MAX_ENTRIES", ""), ("BULLA_LOG", "")]
    {
        let (success, text) = in_own_process(name, &[(variable, value)]);
        assert!(success && text.contains("told: ") && text.contains(variable), "{variable}: {text}");
    }
}

#[tokio::test]
async fn without_a_sink_the_ring_is_all_there_is_and_the_count_is_the_total() {
    let log = AuditLog::new(1, None);
    for i in 0..200 {
        let receipt =
            log.log(AuditCategory::Api, format!("req-{i}"), AuditOutcome::Success, None, None).await.unwrap();
        assert_eq!(receipt.state(), bulla::State::Submitted, "memory promises no more");
    }
    assert_eq!(log.count().await, 200);
    assert_eq!(log.recent(1000).await.len(), 128, "the floor of the ring");
    assert_eq!(log.recent(1).await[0].action, "req-199");
}

#[tokio::test]
async fn an_old_file_is_taken_over_whole_and_once() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("audit.jsonl");
    // Two writers at once, as the replaced module let them: one line torn, two run together.
    let torn = &seed_line(2)[..40];
    let old = format!("{}\n{torn}\n\n{}{}\n{}", seed_line(1), seed_line(3), seed_line(4), seed_line(5));
    std::fs::write(&file, &old).unwrap();
    for round in 0..2 {
        let log = AuditLog::new(10_000, Some(file.clone()));
        assert!(log.open_error().is_none(), "{:?}", log.open_error());
        let entries: Vec<_> = log.read(0..u64::MAX).unwrap().map(|entry| entry.unwrap()).collect();
        let taken: Vec<_> = entries
            .iter()
            .filter(|entry| entry.envelope().unwrap().source.is_some())
            .map(|entry| entry.entry().unwrap())
            .collect();
        let ids: Vec<_> =
            taken.iter().filter(|entry| entry.id.starts_with("id-")).map(|entry| entry.id.as_str()).collect();
        assert_eq!(ids, ["id-1", "id-5"], "round {round}");
        let kept: Vec<_> = taken.iter().filter(|entry| entry.action == "import.unmapped").collect();
        assert_eq!(kept.len(), 2);
        let content = |entry: &AuditEntry| {
            let reference = entry.payloads[0].reference.clone().unwrap();
            log.reader().unwrap().payload(&reference).unwrap().unwrap().split_off(32)
        };
        assert_eq!(content(kept[0]), torn.as_bytes());
        assert_eq!(content(kept[1]), format!("{}{}", seed_line(3), seed_line(4)).as_bytes());
        let first = String::from_utf8(entries[1].line().to_vec()).unwrap();
        assert!(first.ends_with(&seed_line(1)[1..]), "stored as it stood: {first}");
        log.close().await.unwrap();
    }
    assert_eq!(std::fs::read_to_string(&file).unwrap(), old, "the old file stays as it was");
}

#[test]
fn a_log_that_cannot_be_opened_says_so_at_every_call() {
    let folder = tempfile::tempdir().unwrap();
    let log = AuditLog::new(10, Some(folder.path().join("missing/audit")));
    let error = log.record_blocking(AuditEntry::api("x").outcome(AuditOutcome::Success)).unwrap_err();
    assert!(matches!(error, RecordError::NotOpen(_)));
    assert!(error.to_string().contains("missing"), "{error}");
}

#[test]
fn types_keep_their_serde_forms_and_traits() {
    fn is_copy<T: Copy>(_: T) {}
    is_copy(AuditCategory::Api);
    is_copy(AuditCategory::named("custom").unwrap());
    for (category, word) in
        [(AuditCategory::K8s, "\"k8s\""), (AuditCategory::ToolExecution, "\"tool_execution\"")]
    {
        assert_eq!(serde_json::to_string(&category).unwrap(), word);
        assert_eq!(serde_json::from_str::<AuditCategory>(word).unwrap(), category);
    }
    let entry: AuditEntry = serde_json::from_str(&seed_line(7)).unwrap();
    assert_eq!(serde_json::to_string(&entry).unwrap(), seed_line(7));
    let log = AuditLog::default();
    log.record_blocking(AuditEntry::api("hidden").outcome(AuditOutcome::Success)).unwrap();
    assert!(!format!("{log:?}").contains("hidden"));
}

/// Remembers the events it sees, field by field.
#[derive(Clone, Default)]
struct Seen(Arc<Mutex<Vec<HashMap<String, String>>>>);

impl tracing::Subscriber for Seen {
    fn enabled(&self, metadata: &tracing::Metadata<'_>) -> bool {
        *metadata.level() == tracing::Level::INFO
    }
    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }
    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}
    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}
    fn event(&self, event: &tracing::Event<'_>) {
        struct Fields(HashMap<String, String>);
        impl Visit for Fields {
            fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
                self.0.insert(field.name().to_owned(), format!("{value:?}"));
            }
            fn record_str(&mut self, field: &Field, value: &str) {
                self.0.insert(field.name().to_owned(), value.to_owned());
            }
        }
        let mut fields = Fields(HashMap::new());
        event.record(&mut fields);
        self.0.lock().unwrap().push(fields.0);
    }
    fn enter(&self, _: &span::Id) {}
    fn exit(&self, _: &span::Id) {}
}

#[test]
fn each_entry_is_one_line_for_log_aggregators() {
    let seen = Seen::default();
    tracing::subscriber::with_default(seen.clone(), || {
        let log = AuditLog::default();
        let entry = AuditEntry::api("GET /health").id("e1").outcome(AuditOutcome::Success);
        log.record_blocking(entry).unwrap();
    });
    let events = seen.0.lock().unwrap();
    let [event] = events.as_slice() else { panic!("{events:?}") };
    let expected = [
        ("message", "audit"),
        ("audit_id", "e1"),
        ("category", "Api"),
        ("action", "GET /health"),
        ("outcome", "Success"),
        ("principal", "-"),
    ];
    for (field, value) in expected {
        assert_eq!(event.get(field).map(String::as_str), Some(value), "{field}");
    }
}
