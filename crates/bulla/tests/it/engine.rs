//! Recording, reading back, following, proving, closing.

use bulla::proof::{Policy, VerifierKey};
use bulla::{AuditCategory, AuditEntry, AuditLog, AuditOutcome, LogReader, OpenError, RecordError, State};
use serde_json::json;
use tempfile::TempDir;

fn folder() -> (TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit");
    (folder, path)
}

fn entry(action: &str) -> AuditEntry {
    AuditEntry::api(action).principal("alice").outcome(AuditOutcome::Success)
}

fn actions(entries: &[AuditEntry]) -> Vec<&str> {
    entries.iter().map(|entry| entry.action.as_str()).collect()
}

#[tokio::test]
async fn recorded_entries_are_read_back_byte_for_byte_after_reopening() {
    let (_folder, path) = folder();
    let mut leaves = Vec::new();
    for round in 0..3 {
        let log = AuditLog::open(&path).unwrap();
        for i in 0..300 {
            let receipt = log.record(entry(&format!("act {round} {i}"))).await.unwrap();
            assert_eq!(receipt.state(), State::Durable);
            leaves.push((receipt.seq(), receipt.leaf_hash()));
        }
        log.close().await.unwrap();
    }
    let reader = LogReader::open(&path).unwrap();
    assert_eq!(reader.size().unwrap(), 3 * 302, "each opening adds log.opened and log.closed");
    for (seq, leaf) in leaves {
        assert_eq!(reader.get(seq).unwrap().unwrap().leaf_hash(), leaf);
    }
    let names: Vec<_> = reader
        .read(0..u64::MAX)
        .map(|entry| entry.unwrap().entry().unwrap())
        .filter(|entry| entry.category == AuditCategory::Audit)
        .map(|entry| entry.action)
        .collect();
    assert_eq!(names, ["log.opened", "log.closed"].repeat(3));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_tasks_get_distinct_contiguous_numbers_in_their_own_order() {
    let (_folder, path) = folder();
    let log = AuditLog::open(&path).unwrap();
    let mut tasks = Vec::new();
    for task in 0..32 {
        let log = log.clone();
        tasks.push(tokio::spawn(async move {
            let mut seqs = Vec::new();
            for i in 0..200 {
                seqs.push(log.record(entry(&format!("{task}/{i}"))).await.unwrap().seq().get());
            }
            seqs
        }));
    }
    let mut all = Vec::new();
    for task in tasks {
        let seqs = task.await.unwrap();
        assert!(seqs.is_sorted(), "one caller's entries keep their order");
        all.extend(seqs);
    }
    all.sort_unstable();
    assert_eq!(all, (1..=6400).collect::<Vec<_>>());
    let times: Vec<_> =
        log.read(0..u64::MAX).unwrap().map(|entry| entry.unwrap().envelope().unwrap().recorded_at).collect();
    assert!(times.is_sorted(), "recorded_at never decreases");
}

#[tokio::test]
async fn a_proof_checks_with_nothing_but_the_entry_and_the_key() {
    let (_folder, path) = folder();
    let log = AuditLog::open(&path).unwrap();
    let receipt = log.record(entry("prove me")).await.unwrap();
    let proof = log.prove(receipt.seq()).await.unwrap().to_string();
    let stored = log.get(receipt.seq()).unwrap().unwrap();
    let vkey: VerifierKey = log.reader().unwrap().identity().vkey.parse().unwrap();
    let policy = Policy::log_key(vkey);
    let proof = bulla::proof::ProofFile::parse(proof.as_bytes()).unwrap();
    assert!(proof.check(stored.line(), &policy).unwrap().is_clean());
    let mut changed = stored.line().to_vec();
    *changed.last_mut().unwrap() ^= 1;
    assert!(!proof.check(&changed, &policy).unwrap().is_clean());
}

#[tokio::test]
async fn a_ticket_reaches_durable_then_published() {
    let (_folder, path) = folder();
    let log = AuditLog::open(&path).unwrap();
    let ticket = log.submit(entry("x")).unwrap();
    assert_eq!(ticket.durable().await.unwrap().state(), State::Durable);
    let receipt = ticket.published().await.unwrap();
    assert_eq!(receipt.state(), State::Published);
    assert!(log.watermarks().published > receipt.seq().get());
}

#[tokio::test]
async fn a_follower_gets_every_entry_once_and_in_order() {
    let (_folder, path) = folder();
    let log = AuditLog::open(&path).unwrap();
    let mut follower = log.follow(0).unwrap();
    let writer = tokio::spawn({
        let log = log.clone();
        async move {
            for i in 0..1000 {
                log.record(entry(&i.to_string())).await.unwrap();
            }
            log.close().await.unwrap();
        }
    });
    let mut seqs = Vec::new();
    while let Some(entry) = follower.next().await.unwrap() {
        seqs.push(entry.seq().get());
    }
    writer.await.unwrap();
    assert_eq!(seqs, (0..1002).collect::<Vec<_>>());
}

#[tokio::test]
async fn an_act_leaves_evidence_before_and_after() {
    let (_folder, path) = folder();
    let log = AuditLog::open(&path).unwrap();
    log.begin(AuditEntry::tool("deploy")).await.unwrap().success().await.unwrap();
    log.begin(AuditEntry::tool("explode")).await.unwrap().failure("boom", "it blew up").await.unwrap();
    drop(log.begin(AuditEntry::tool("forget")).await.unwrap());
    log.close().await.unwrap();
    let lines: Vec<_> = LogReader::open(&path)
        .unwrap()
        .read(1..7)
        .map(|entry| serde_json::from_slice::<serde_json::Value>(entry.unwrap().line()).unwrap())
        .collect();
    let outcomes: Vec<_> = lines.iter().map(|line| line["outcome"].as_str().unwrap()).collect();
    assert_eq!(outcomes, ["unknown", "success", "unknown", "failure", "unknown", "failure"]);
    for pair in lines.chunks(2) {
        assert_eq!((&pair[0]["phase"], &pair[1]["phase"]), (&json!("pre"), &json!("post")));
        assert_eq!(pair[1]["cause_id"], pair[0]["id"]);
        assert!(pair[1]["duration_ms"].is_u64());
    }
    assert_eq!(lines[5]["reason"]["code"], "abandoned");
}

#[tokio::test]
async fn record_many_records_all_or_none() {
    let (_folder, path) = folder();
    let log = AuditLog::open(&path).unwrap();
    let receipts = log.record_many((0..10).map(|i| entry(&i.to_string()))).await.unwrap();
    assert_eq!(
        receipts.iter().map(|receipt| receipt.seq().get()).collect::<Vec<_>>(),
        (1..11).collect::<Vec<_>>()
    );
    let bad = AuditEntry::api("no outcome");
    assert!(matches!(log.record_many([entry("good"), bad]).await, Err(RecordError::Rejected(_))));
    assert_eq!(log.size(), 11);
}

#[test]
fn code_without_async_records_too() {
    let (_folder, path) = folder();
    let log = AuditLog::open(&path).unwrap();
    let receipt = log.record_blocking(entry("x")).unwrap();
    assert_eq!(log.get(receipt.seq()).unwrap().unwrap().entry().unwrap().action, "x");
    assert_eq!(
        log.find(&log.get(receipt.seq()).unwrap().unwrap().entry().unwrap().id).unwrap().unwrap().seq(),
        receipt.seq()
    );
    log.close_blocking().unwrap();
    assert!(matches!(log.record_blocking(entry("y")), Err(RecordError::Closed)));
}

#[test]
fn a_full_queue_refuses_submit_and_loses_nothing() {
    let (_folder, path) = folder();
    let log = AuditLog::builder(&path).queue_bytes(4096).open().unwrap();
    let (mut tickets, mut refused) = (Vec::new(), 0);
    for i in 0..20_000 {
        match log.submit(entry(&i.to_string())) {
            Ok(ticket) => tickets.push(ticket),
            Err(RecordError::QueueFull { limit: 4096, .. }) => refused += 1,
            Err(error) => panic!("{error}"),
        }
    }
    assert!(refused > 0, "20,000 entries come faster than a disk syncs");
    for ticket in &tickets {
        ticket.wait_durable().unwrap();
    }
    assert_eq!(log.size(), 1 + tickets.len() as u64);
}

#[test]
fn segments_roll_over_at_a_tile_and_are_sealed() {
    let (_folder, path) = folder();
    let log = AuditLog::builder(&path).segment_bytes(100_000).open().unwrap();
    // A segment ends at most once in a batch: many batches, many segments.
    for first in (0..5000).step_by(100) {
        let tickets: Vec<_> =
            (first..first + 100).map(|i| log.submit(entry(&i.to_string())).unwrap()).collect();
        for ticket in tickets {
            ticket.wait_durable().unwrap();
        }
    }
    log.wait_sealed();
    let all: Vec<_> = log.read(0..u64::MAX).unwrap().map(|entry| entry.unwrap()).collect();
    assert_eq!(all.len(), 5001);
    log.close_blocking().unwrap();
    let mut names: Vec<_> = std::fs::read_dir(path.join("entries"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert!(names.len() > 3, "{names:?}");
    for name in &names {
        assert_eq!(name[..20].parse::<u64>().unwrap() % 256, 0, "{name}");
    }
    let (last, sealed) = names.split_last().unwrap();
    assert!(last.ends_with(".jsonl") && sealed.iter().all(|name| name.ends_with(".jsonl.zst")), "{names:?}");
    let reader = LogReader::open(&path).unwrap();
    for seq in (0..5002).step_by(97) {
        assert_eq!(reader.get(seq).unwrap().unwrap().seq(), seq);
    }
    let again: Vec<_> = reader.read(0..5001).map(|entry| entry.unwrap()).collect();
    assert_eq!(again, all);
}

#[tokio::test]
async fn the_ring_is_refilled_on_open() {
    let (_folder, path) = folder();
    let log = AuditLog::open(&path).unwrap();
    for i in 0..200 {
        log.record(entry(&i.to_string())).await.unwrap();
    }
    log.close().await.unwrap();
    let log = AuditLog::builder(&path).recent_entries(1).open().unwrap();
    let recent = log.recent(1000).await;
    assert_eq!(recent.len(), 128, "the floor of the ring");
    assert_eq!(actions(&recent[..3]), ["log.opened", "log.closed", "199"]);
    assert_eq!(actions(&log.by_category(AuditCategory::Api, 2).await), ["199", "198"]);
    assert_eq!(log.count().await, 203);
}

#[test]
fn a_second_writer_is_refused_and_told_who_writes() {
    let (_folder, path) = folder();
    let log = AuditLog::open(&path).unwrap();
    let error = AuditLog::open(&path).unwrap_err();
    assert!(matches!(error, OpenError::Locked { .. }));
    assert!(error.to_string().contains(&std::process::id().to_string()), "{error}");
    log.record_blocking(entry("still here")).unwrap();
}
