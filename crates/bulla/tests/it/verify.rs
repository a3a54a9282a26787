//! Verification of logs that nobody touched: never an accusation.

use std::path::Path;

use bulla::{AuditEntry, AuditLog, AuditOutcome, Verify, verify};
use serde_json::json;

fn entry(action: &str) -> AuditEntry {
    AuditEntry::api(action).principal("alice").outcome(AuditOutcome::Success)
}

/// A closed log with `entries` of the caller's, and one that says that it was opened and one that it was closed.
fn write(path: &Path, segment_bytes: u64, entries: u64) -> AuditLog {
    let log = AuditLog::builder(path).segment_bytes(segment_bytes).open().unwrap();
    let tickets: Vec<_> = (0..entries).map(|i| log.submit(entry(&i.to_string())).unwrap()).collect();
    for ticket in tickets {
        ticket.wait_durable().unwrap();
    }
    log
}

#[track_caller]
fn assert_clean(path: &Path, entries: u64) {
    for threads in [1, 3] {
        let verdict = Verify::of(path).threads(threads.try_into().unwrap()).run().unwrap();
        assert!(verdict.is_clean(), "{verdict}");
        assert_eq!((verdict.size.get(), verdict.not_covered), (entries, None));
    }
}

#[test]
fn untouched_logs_of_all_sizes_are_clean() {
    for entries in [0, 1, 253, 254, 255, 256, 600, 3000] {
        for segment_bytes in [1, 60_000, 64 << 20] {
            let folder = tempfile::tempdir().unwrap();
            let log = write(folder.path(), segment_bytes, entries);
            log.wait_sealed();
            log.close_blocking().unwrap();
            assert_clean(folder.path(), entries + 2);
        }
    }
}

#[test]
fn reopened_logs_are_clean() {
    let folder = tempfile::tempdir().unwrap();
    for round in 1..5 {
        write(folder.path(), 60_000, 200).close_blocking().unwrap();
        assert_clean(folder.path(), round * 202);
    }
}

#[test]
fn entries_after_the_newest_checkpoint_are_not_covered_yet() {
    let folder = tempfile::tempdir().unwrap();
    let interval = std::time::Duration::from_secs(3600);
    let log = AuditLog::builder(folder.path()).publish_interval(interval).open().unwrap();
    for i in 0..10 {
        log.record_blocking(entry(&i.to_string())).unwrap();
    }
    let verdict = verify(folder.path()).unwrap();
    assert!(verdict.is_clean(), "{verdict}");
    assert_eq!((verdict.size.get(), verdict.not_covered), (0, Some(0..11)));
}

#[test]
fn payloads_are_verified_with_the_entries_that_name_them() {
    let folder = tempfile::tempdir().unwrap();
    let log = AuditLog::open(folder.path()).unwrap();
    for i in 0..300 {
        let entry = entry("attach").detail(json!({"text": "payload".repeat(3000)}));
        log.submit(entry.attach("core", "application/octet-stream", vec![i as u8; 9])).unwrap();
    }
    log.close_blocking().unwrap();
    assert_clean(folder.path(), 302);
}

#[test]
fn a_line_repeated_behind_the_end_is_no_entry_on_its_way() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit");
    write(&path, u64::MAX, 20).close_blocking().unwrap();
    let segment = path.join("entries/00000000000000000000.jsonl");
    let whole = std::fs::read(&segment).unwrap();
    let lines: Vec<&[u8]> = whole.split_inclusive(|byte| *byte == b'\n').collect();
    for (seq, line) in (0_u64..).zip(&lines) {
        std::fs::write(&segment, [whole.as_slice(), line].concat()).unwrap();
        let verdict = verify(&path).unwrap();
        let finding = verdict.findings.first().unwrap_or_else(|| panic!("line {seq}: {verdict}"));
        assert_eq!(finding.kind, bulla::proof::FindingKind::LineDuplicated, "{verdict}");
        assert_eq!((finding.first_seq, finding.end_seq), (Some(seq), Some(seq + 1)));
        let start = whole.len() as u64;
        assert_eq!(finding.bytes, Some(start..start + line.len() as u64 - 1));
    }
    for (seq, line) in (0_u64..).zip(&lines) {
        let other = String::from_utf8(line.to_vec()).unwrap().replacen("\"id\":\"", "\"id\":\"x", 1);
        std::fs::write(&segment, [&whole, other.as_bytes()].concat()).unwrap();
        let verdict = verify(&path).unwrap();
        let finding = verdict.findings.first().unwrap_or_else(|| panic!("line {seq}: {verdict}"));
        assert_eq!(finding.kind, bulla::proof::FindingKind::LineInserted, "{verdict}");
        assert_eq!((finding.first_seq, finding.end_seq), (Some(seq), Some(seq + 1)));
        assert_eq!(finding.file.as_deref(), Some("entries/00000000000000000000.jsonl"));
        let start = whole.len() as u64;
        assert_eq!(finding.bytes, Some(start..start + other.len() as u64 - 1));
    }
    // What is torn, or bears the next number, may be on its way.
    let next = String::from_utf8(lines[21].to_vec()).unwrap().replacen("21", "22", 1);
    for times in 1..3 {
        std::fs::write(&segment, [&whole, next.repeat(times).as_bytes()].concat()).unwrap();
        let verdict = verify(&path).unwrap();
        assert!(verdict.is_clean(), "{times}: {verdict}");
    }
    for tail in [b"{\"seq\":22,".as_slice(), b"\0\0\0\0", &lines[0][..50]] {
        std::fs::write(&segment, [whole.as_slice(), tail].concat()).unwrap();
        assert!(verify(&path).unwrap().is_clean());
    }
}

#[test]
fn a_line_repeated_before_much_that_goes_on_from_it_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit");
    write(&path, u64::MAX, 20).close_blocking().unwrap();
    let segment = path.join("entries/00000000000000000000.jsonl");
    let whole = std::fs::read_to_string(&segment).unwrap();
    let line = whole.split_inclusive('\n').nth(5).unwrap();
    let mut longer = whole.clone() + &line.replacen("\"id\":\"", "\"id\":\"x", 1);
    for seq in 6..106 {
        let time = "2026-11-23T12:00:00.123456789Z";
        longer +=
            &format!("{{\"seq\":{seq},\"recorded_at\":\"{time}\",\"id\":\"{}\"}}\n", "x".repeat(60_000));
    }
    std::fs::write(&segment, longer).unwrap();
    let verdict = verify(&path).unwrap();
    assert_eq!(verdict.findings.len(), 1, "{verdict}");
    let finding = &verdict.findings[0];
    assert_eq!(finding.kind, bulla::proof::FindingKind::LineInserted, "{verdict}");
    assert_eq!(finding.bytes, Some(whole.len() as u64..(whole.len() + line.len()) as u64));
}

/// Writes, rolls over and seals at full rate while it is verified.
fn verify_beside_a_writer(entries: u64) {
    let folder = tempfile::tempdir().unwrap();
    let interval = std::time::Duration::from_millis(1);
    let builder = AuditLog::builder(folder.path()).segment_bytes(1).publish_interval(interval);
    let log = builder.open().unwrap();
    let is_done = std::sync::atomic::AtomicBool::new(false);
    let mut rounds = 0;
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for i in 0..entries {
                while log.submit(entry(&i.to_string())).is_err() {
                    std::thread::yield_now();
                }
            }
            log.wait_sealed();
            is_done.store(true, std::sync::atomic::Ordering::Relaxed);
        });
        while !is_done.load(std::sync::atomic::Ordering::Relaxed) {
            let verdict = verify(folder.path()).unwrap();
            assert!(verdict.is_clean(), "{verdict}: {:#?}", verdict.findings);
            rounds += 1;
        }
    });
    assert!(rounds > 0);
    log.close_blocking().unwrap();
    let last = verify(folder.path()).unwrap();
    assert!(last.is_clean() && last.size.get() == entries + 2, "{last}");
}

#[test]
fn a_log_that_is_being_written_is_never_accused() {
    let is_slow_run = std::env::var_os("BULLA_SLOW_TESTS").is_some();
    verify_beside_a_writer(if is_slow_run { 2_000_000 } else { 20_000 });
}

#[test]
fn what_a_crash_tears_behind_the_newest_checkpoint_is_not_an_accusation() {
    let folder = tempfile::tempdir().unwrap();
    let interval = std::time::Duration::from_secs(3600);
    write(folder.path(), 64 << 20, 300).close_blocking().unwrap();
    let log = AuditLog::builder(folder.path()).publish_interval(interval).open().unwrap();
    for i in 0..300 {
        log.record_blocking(entry(&i.to_string())).unwrap();
    }
    let crashed =
        bulla_hostile::Directory::new(folder.path()).copy_to(folder.path().with_extension("crashed"));
    log.close_blocking().unwrap();
    let segment = "entries/00000000000000000000.jsonl";
    let (lines, tree) = (crashed.read(segment), crashed.read("tree/00"));
    let check = |what: &str, covered: std::ops::Range<u64>| {
        let verdict = verify(crashed.root()).unwrap();
        assert!(verdict.is_clean(), "{what}: {verdict}: {:#?}", verdict.findings);
        assert_eq!(verdict.not_covered, Some(covered), "{what}");
    };
    check("as it is", 302..603);
    for torn in [&b"{\"seq\":603,\"recorded_at\":\"2026"[..], &[0; 5000], b"\n\n\0\n"] {
        crashed.write(segment, [&lines[..], torn].concat());
        check("torn line", 302..603);
    }
    crashed.write(segment, &lines);
    for (what, keep, zeros, row) in [
        ("half a hash", 32 * 400 + 7, 0, true),
        ("hashes as zeros", 32 * 400, 32 * 203, true),
        ("zeros from inside a hash", 32 * 400 + 7, 32 * 203 - 7, true),
        ("no row of tiles behind the checkpoint", 32 * 603, 0, false),
    ] {
        crashed.write("tree/00", [&tree[..keep], &vec![0; zeros][..]].concat());
        let tiles = crashed.read("tree/08");
        if !row {
            crashed.write("tree/08", &tiles[..32]);
        }
        check(what, 302..603);
        crashed.write("tree/08", tiles);
    }
    crashed.write("tree/00", tree);
    crashed.edit("checkpoints", |bytes| bytes.extend_from_slice(b"log.example\n9\n"));
    check("torn checkpoint", 302..603);
    crashed.write("entries/00000000000000000256.jsonl.zst.tmp", b"half");
    check("unfinished sealed segment", 302..603);
    let reopened = AuditLog::open(crashed.root()).unwrap();
    reopened.close_blocking().unwrap();
    let verdict = verify(crashed.root()).unwrap();
    assert!(verdict.is_clean() && verdict.size.get() == 605, "{verdict}");
}

#[test]
fn a_checkpoint_that_was_pinned_is_compared() {
    let folder = tempfile::tempdir().unwrap();
    let mut pins = Vec::new();
    for _ in 0..3 {
        write(folder.path(), 20_000, 100).close_blocking().unwrap();
        pins.push(std::fs::read(folder.path().join("checkpoint")).unwrap());
    }
    let pinned = || pins.iter().fold(Verify::of(folder.path()), |verify, pin| verify.pin(pin.clone()));
    let verdict = pinned().run().unwrap();
    assert!(verdict.is_clean(), "{verdict}");
    let error = pinned().pin("no note").run().unwrap_err();
    assert!(matches!(error, bulla::VerifyError::Pin { number: 4, .. }), "{error}");
}

#[test]
fn a_payload_that_was_erased_is_told_apart_from_one_that_is_missing() {
    let folder = tempfile::tempdir().unwrap();
    let log = AuditLog::open(folder.path()).unwrap();
    let attached = entry("attach").attach("core", "application/octet-stream", vec![1, 2, 3]);
    let seq = log.record_blocking(attached).unwrap().seq();
    let digest = log.get(seq).unwrap().unwrap().entry().unwrap().payloads[0].reference.clone().unwrap();
    std::fs::remove_file(folder.path().join(format!("payloads/{}/{digest}", &digest[..2]))).unwrap();
    let missing = verify(folder.path()).unwrap();
    assert_eq!(missing.findings.len(), 1, "{missing}");
    assert_eq!(missing.findings[0].kind, bulla::proof::FindingKind::PayloadMissing);
    let erased = AuditEntry::new(bulla::AuditCategory::Audit, "erase").outcome(AuditOutcome::Success);
    log.record_blocking(erased.event_name("payload.erased").detail(json!({"ref": digest}))).unwrap();
    log.close_blocking().unwrap();
    let verdict = verify(folder.path()).unwrap();
    assert!(verdict.is_clean(), "{verdict}");
    assert!(verdict.not_proved.iter().any(|line| line.contains("1 payloads")), "{:?}", verdict.not_proved);
}

#[test]
fn progress_reaches_the_end() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), 20_000, 1000).close_blocking().unwrap();
    let last = std::sync::Mutex::new(bulla::Progress::default());
    let tell = |progress| *last.lock().unwrap() = progress;
    Verify::of(folder.path()).progress(&tell).run().unwrap();
    let last = last.into_inner().unwrap();
    assert_eq!((last.entries_done, last.bytes_done), (1002, last.bytes_total));
    assert_eq!(last.entries_total, 1002);
}

#[test]
fn a_log_whose_making_was_cut_short_is_clean_and_empty() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit");
    write(&path, u64::MAX, 0).close_blocking().unwrap();
    let mut files = bulla_hostile::Directory::new(&path).files("entries");
    files.extend(["tree/00", "checkpoint", "checkpoints"].map(str::to_owned));
    files.iter().for_each(|file| std::fs::remove_file(path.join(file)).unwrap());
    assert_clean(&path, 0);
    assert_eq!(verify(&path).unwrap().checked, ["the bytes of 0 entries, and every hash in tree/"]);
    std::fs::remove_dir(path.join("entries")).unwrap();
    let verdict = verify(&path).unwrap();
    assert_eq!(verdict.findings.len(), 1, "{verdict}");
    assert_eq!(verdict.findings[0].file.as_deref(), Some("entries"), "{verdict}");
    assert_eq!(verdict.findings[0].kind, bulla::proof::FindingKind::FileMissing);
}

#[test]
fn a_verification_shows_its_disk_and_how_much_is_pinned() {
    let text = format!("{:?}", Verify::of("audit").pin("a note"));
    assert!(text.starts_with("Verify { disk: ") && text.ends_with("pins: 1, .. }"), "{text}");
}

#[test]
fn payloads_are_told_by_the_entries_that_name_them_in_the_order_of_those() {
    use bulla::proof::FindingKind::{PayloadChanged, PayloadMissing};
    let folder = tempfile::tempdir().unwrap();
    let log = AuditLog::open(folder.path()).unwrap();
    let files: Vec<String> = [9, 300_000, 1, 262_144, 500_000]
        .iter()
        .map(|len| {
            let entry = entry("attach").attach("core", "application/octet-stream", vec![7; *len]);
            let seq = log.record_blocking(entry).unwrap().seq();
            let entry = log.get(seq).unwrap().unwrap().entry().unwrap();
            let digest = entry.payloads[0].reference.clone().unwrap();
            format!("payloads/{}/{digest}", &digest[..2])
        })
        .collect();
    log.close_blocking().unwrap();
    assert_clean(folder.path(), 7);
    let log = bulla_hostile::Directory::new(folder.path());
    log.remove(&files[2]);
    log.remove(&files[0]);
    log.edit(&files[1], |bytes| *bytes.last_mut().unwrap() ^= 1);
    log.edit(&files[3], |bytes| bytes.truncate(100));
    log.edit(&files[4], |bytes| bytes.resize(1 << 28, 0));
    let found = verify(folder.path()).unwrap().findings;
    let told: Vec<_> = found
        .iter()
        .map(|finding| (finding.kind, finding.first_seq.unwrap(), finding.end_seq.unwrap()))
        .collect();
    let (gone, changed) = (PayloadMissing, PayloadChanged);
    assert_eq!(told, [(gone, 1, 2), (gone, 3, 4), (changed, 2, 3), (changed, 4, 5), (changed, 5, 6)]);
    for (finding, file) in found.iter().zip([0, 2, 1, 3, 4]) {
        assert_eq!(finding.file.as_ref(), Some(&files[file]), "{finding}");
    }
}
