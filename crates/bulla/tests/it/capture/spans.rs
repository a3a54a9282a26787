//! The layer for tracing-subscriber: what events and spans become.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;

use bulla::AuditOutcome::{Denied, Failure, Success, Unknown};
use bulla::capture::tracing::{AuditLayer, Counts};
use bulla::{AuditCategory, Phase, RecordError};
use serde_json::json;
use tracing::Level;
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::{EnvFilter, registry};

use super::{AuditEntry, AuditLog, code, entries, fill, on_disk, only};

/// What is said in `act`, as entries.
fn captured(act: impl FnOnce()) -> Vec<AuditEntry> {
    let log = AuditLog::in_memory(1000);
    let subscriber = registry().with(AuditLayer::new(log.clone()).filtered());
    tracing::subscriber::with_default(subscriber, act);
    entries(&log)
}

fn one(act: impl FnOnce()) -> AuditEntry {
    let mut entries = captured(act);
    assert_eq!(entries.len(), 1, "{entries:?}");
    entries.remove(0)
}

#[test]
fn named_fields_become_those_of_the_entry() {
    let entry = one(|| {
        tracing::info!(
            target: "audit",
            category = "auth",
            action = "login",
            outcome = "denied",
            principal = "alice",
            session_id = 9,
            event_name = "auth.login",
            correlation_id = %"flow-1",
            cause_id = "c",
            okr_id = "o",
            okr_run_id = "r",
            relay_id = "l",
            duration_ms = 12,
            id = "own id",
            request.status_code = 403,
            request.path = "/login",
            actor.r#type = "user",
            reason.code = "locked",
            tool.name = "bash",
            model.input_tokens = 3,
            trace.trace_id = "0af7651916cd43dd8448eb211c80319c",
            labels.team = "red",
            "a user logs in"
        );
    });
    assert_eq!(entry.category, AuditCategory::Auth);
    assert_eq!((entry.action.as_str(), entry.outcome), ("login", Denied));
    assert_eq!(entry.principal.as_deref(), Some("alice"));
    assert_eq!(entry.session_id.as_deref(), Some("9"));
    assert_eq!(entry.event_name.as_deref(), Some("auth.login"));
    assert_eq!(entry.correlation_id.as_deref(), Some("flow-1"));
    assert_eq!(entry.cause_id.as_deref(), Some("c"));
    let (okr, run, relay) = (entry.okr_id.as_deref(), entry.okr_run_id.as_deref(), entry.relay_id.as_deref());
    assert_eq!((okr, run, relay), (Some("o"), Some("r"), Some("l")));
    assert_eq!(entry.duration_ms, Some(12));
    assert_eq!(entry.id, "own id");
    assert_eq!(entry.request.as_ref().unwrap().status_code, Some(403));
    assert_eq!(entry.request.as_ref().unwrap().path.as_deref(), Some("/login"));
    assert_eq!(entry.actor.as_ref().unwrap().kind.as_deref(), Some("user"));
    assert_eq!(code(&entry), Some("locked"));
    assert_eq!(entry.tool.as_ref().unwrap().name.as_deref(), Some("bash"));
    assert_eq!(entry.model.as_ref().unwrap().input_tokens, Some(3));
    assert!(entry.trace.is_some());
    assert_eq!(entry.labels["team"], "red");
    assert_eq!(entry.detail, Some(json!({"message": "a user logs in"})));
}

#[test]
fn other_fields_stay_typed_in_a_nested_detail() {
    let error = std::io::Error::other("the disk is full");
    let entry = one(|| {
        tracing::info!(
            target: "audit",
            outcome = "success",
            a.b.text = "t",
            a.b.number = -3,
            a.yes = true,
            half = 0.5,
            nothing = f64::NAN,
            huge = u128::MAX,
            detail.given = 1,
            shown = ?[1, 2],
            error = &error as &dyn std::error::Error,
            db.password = "hunter2",
            "act"
        );
    });
    assert_eq!(entry.action, "act");
    assert_eq!(
        entry.detail,
        Some(json!({
            "a": {"b": {"text": "t", "number": -3}, "yes": true},
            "half": 0.5,
            "nothing": "NaN",
            "huge": u128::MAX.to_string(),
            "given": 1,
            "shown": "[1, 2]",
            "error": "the disk is full",
            "db": {"password": "[redacted]"},
        }))
    );
    assert_eq!(entry.redactions[0].path, "/detail/db/password");
}

#[test]
fn values_that_do_not_fit_their_field_are_kept_in_detail() {
    let entry = one(|| {
        tracing::info!(
            target: "audit",
            category = "audit",
            outcome = "splendid",
            duration_ms = -1,
            id = "",
            phase = "middle",
            request.status_code = "teapot",
            seq = 7,
            "act"
        );
    });
    assert_eq!(entry.category.as_str(), "application");
    assert_eq!((entry.outcome, code(&entry)), (Success, Some("outcome_not_stated")));
    assert_eq!(entry.request, None);
    assert_eq!(
        entry.detail,
        Some(json!({
            "category": "audit", "outcome": "splendid", "duration_ms": -1, "id": "", "phase": "middle",
            "request": {"status_code": "teapot"}, "seq": 7,
        }))
    );
}

#[test]
fn an_outcome_that_nobody_stated_is_told_from_the_level() {
    let entries = captured(|| {
        tracing::error!(target: "audit", "a");
        tracing::warn!(target: "audit", "a");
        tracing::trace!(target: "audit", "a");
        tracing::info!(target: "audit", phase = "pre", "a");
    });
    let outcomes: Vec<_> = entries.iter().map(|entry| (entry.outcome, entry.phase)).collect();
    let single = Phase::Single;
    assert_eq!(outcomes, [(Failure, single), (Success, single), (Success, single), (Unknown, Phase::Pre)]);
}

#[test]
fn long_texts_are_cut_and_say_so() {
    let entry = one(|| {
        let long = "a".repeat(100_000);
        tracing::info!(
            target: "audit", outcome = "success", principal = long, action = long, tool.name = long, text = long, "act"
        );
    });
    assert_eq!((entry.action.len(), entry.principal.unwrap().len()), (512, 256));
    let cut: Vec<_> = entry.truncated.iter().map(|cut| cut.path.as_str()).collect();
    assert_eq!(cut, ["/principal", "/action", "/tool/name"]);
    assert_eq!(entry.payloads[0].size, Some(100_000), "the detail is kept whole, beside the log");
}

#[test]
fn a_span_is_an_entry_when_it_closes_and_gives_its_inside_who_and_why() {
    let entries = captured(|| {
        let outer = tracing::info_span!(target: "audit::context", "session", principal = "alice", session_id = "s", own = 1);
        let outer = outer.entered();
        let span = tracing::info_span!(
            target: "audit", "deploy", outcome = tracing::field::Empty, labels.team = "red", version = 3
        );
        span.in_scope(|| {
            tracing::info!(target: "audit", outcome = "success", principal = "bob", "step");
            tracing::info!("of another target");
        });
        span.record("outcome", "denied");
        drop((span, outer));
    });
    assert_eq!(entries.len(), 2, "{entries:?}");
    let (step, deploy) = (&entries[0], &entries[1]);
    assert_eq!((step.action.as_str(), deploy.action.as_str()), ("step", "deploy"));
    assert_eq!((step.principal.as_deref(), deploy.principal.as_deref()), (Some("bob"), Some("alice")));
    assert_eq!((step.session_id.as_deref(), deploy.session_id.as_deref()), (Some("s"), Some("s")));
    assert_eq!(step.labels["team"], "red");
    assert_eq!(step.cause_id.as_ref(), Some(&deploy.id));
    assert_eq!((step.detail.as_ref(), deploy.detail.as_ref()), (None, Some(&json!({"version": 3}))));
    assert_eq!(deploy.outcome, Denied);
    assert!(deploy.duration_ms.is_some() && step.duration_ms.is_none());
}

#[test]
fn a_panic_that_closes_a_span_is_a_failure() {
    let entries = captured(|| {
        let panics = || {
            let _span = tracing::info_span!(target: "audit", "deploy").entered();
            panic!("as told");
        };
        catch_unwind(AssertUnwindSafe(panics)).unwrap_err();
    });
    assert_eq!((entries[0].outcome, code(&entries[0])), (Failure, Some("panicked")));
}

#[test]
fn what_the_library_says_of_its_own_entries_is_not_captured_again() {
    let log = AuditLog::in_memory(1000);
    let other = AuditLog::in_memory(1000);
    // Without its own filter the layer hears everything, and still takes only its target.
    let subscriber = registry().with(AuditLayer::new(log.clone()));
    tracing::subscriber::with_default(subscriber, || {
        other.record_blocking(super::filler()).unwrap();
        log.record_blocking(super::filler()).unwrap();
        tracing::info!(target: "audit", outcome = "success", "one");
    });
    let actions: Vec<_> = entries(&log).into_iter().map(|entry| entry.action).collect();
    assert_eq!(actions, ["fill", "one"]);
}

#[test]
fn what_a_full_queue_refuses_is_counted_told_and_said_in_the_log() {
    let (disk, log) = on_disk();
    fill(&disk, &log);
    let errors = std::sync::Arc::new(Mutex::new(Vec::new()));
    let told = errors.clone();
    let layer = AuditLayer::new(log.clone()).on_error(move |error: &RecordError| {
        told.lock().unwrap().push(error.to_string());
    });
    let counts = layer.counts();
    tracing::subscriber::with_default(registry().with(layer.filtered()), || {
        for _ in 0..3 {
            tracing::info!(target: "audit", outcome = "success", "act");
        }
    });
    assert_eq!((counts.recorded(), counts.lost()), (0, 3));
    assert!(errors.lock().unwrap().iter().all(|error| error.contains("queue is full")));
    assert_eq!(errors.lock().unwrap().len(), 3);
    disk.release();
    log.close_blocking().unwrap();
    let dropped: Vec<_> = super::block_on(log.recent(1000))
        .into_iter()
        .filter(|entry| entry.action == "entries.dropped")
        .collect();
    assert_eq!(dropped[0].detail.as_ref().unwrap()["count"], 3);
}

/// Whether the layer hears, and how many of three levels it records, beside another layer with such a filter.
fn heard(build: impl FnOnce(AuditLayer) -> Box<dyn tracing::Subscriber + Send + Sync>) -> (bool, usize) {
    let log = AuditLog::in_memory(1000);
    let layer = AuditLayer::new(log.clone());
    let counts: Counts = layer.counts();
    let is_heard = tracing::subscriber::with_default(build(layer), || {
        tracing::event!(target: "audit", Level::ERROR, "a");
        tracing::event!(target: "audit", Level::INFO, "a");
        tracing::event!(target: "audit", Level::TRACE, "a");
        counts.is_heard()
    });
    (is_heard, entries(&log).len())
}

struct Deaf;

impl<S: tracing::Subscriber> Layer<S> for Deaf {}

#[test]
fn a_filter_of_another_layer_cannot_switch_it_off_and_one_before_all_is_found_out() {
    let beside = |directives: &'static str| {
        heard(move |layer| {
            Box::new(registry().with(layer.filtered()).with(Deaf.with_filter(EnvFilter::new(directives))))
        })
    };
    assert_eq!(beside("off"), (true, 3));
    assert_eq!(beside("error,audit=off"), (true, 3));
    let before = |directives: &'static str| {
        heard(move |layer| Box::new(registry().with(layer.filtered()).with(EnvFilter::new(directives))))
    };
    assert_eq!(before("off"), (false, 0));
    assert_eq!(before("error"), (false, 1));
    assert!(!AuditLayer::new(AuditLog::in_memory(1000)).counts().is_heard(), "it is in no subscriber");
}

#[test]
fn asking_leaves_no_entry() {
    let log = AuditLog::in_memory(1000);
    let layer = AuditLayer::new(log.clone());
    let counts = layer.counts();
    tracing::subscriber::with_default(registry().with(layer.filtered()), || {
        assert!(counts.is_heard());
        tracing::info!(target: "audit", outcome = "success", "act");
    });
    assert_eq!(only(&log).action, "act");
}
