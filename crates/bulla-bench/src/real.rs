//! Many entries made from real ones: agent sessions, CloudTrail and Windows events where `../shared/data` is, each copied
//! again and again with other ids, times, hosts and sessions. Without those files, the entries of `workload.rs`.

use std::io::{BufReader, Read};
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::Context;
use bulla::{AuditEntry, AuditLog, Event, EventOptions, Timestamp};
use bulla_formats::import::{ImportFormat, ImportOptions, Imported, import, importer};

use crate::{fill, workload};

/// Threads that submit.
const SUBMITTERS: usize = 2;
/// 3,000 Windows events are copied: there are forty times as many of them as of all others.
const WINDOWS_EVENTS_MAX: usize = 3000;
/// 1,024 bytes: ten million of what is longer, tool results and the like, would fill a disk rather than measure a search.
const LINE_BYTES_MAX: usize = 1024;
/// 500 hosts.
const HOSTS: u64 = 500;
/// 200 microseconds between two entries: ten million are half an hour and more.
const STEP_NANOS: i128 = 200_000;

/// Writes `count` entries to a new log in `directory`, and waits until full segments are sealed.
pub(crate) fn write(directory: &Path, count: usize) -> anyhow::Result<()> {
    let templates = templates()?;
    let log = AuditLog::open(directory)?;
    let options = log.event_options();
    std::thread::scope(|scope| {
        for submitter in 0..SUBMITTERS {
            let (log, templates, options) = (&log, &templates, &options);
            scope.spawn(move || {
                let numbers = (submitter..count).step_by(SUBMITTERS);
                fill::record_all(log, numbers, |number| event(templates, number, options));
            });
        }
    });
    log.wait_sealed();
    Ok(log.close_blocking()?)
}

/// Entry `number`, made from a real one.
pub(crate) fn event(templates: &[AuditEntry], number: u64, options: &EventOptions) -> Event {
    let mut entry = match templates {
        [] => workload::entry(number),
        templates => {
            let bits = workload::scramble(number);
            templates[usize::try_from(bits % templates.len() as u64).expect("an index")].clone()
        }
    };
    let bits = workload::scramble(number ^ 0x5555);
    entry.id = AuditEntry::api("x").id;
    let start = 1_790_000_000_000_000_000; // 2026-09-21
    entry.timestamp =
        Timestamp::from_unix_nanos(start + i128::from(number) * STEP_NANOS).expect("near today");
    entry.session_id = entry.session_id.map(|session| format!("{session}-{:x}", bits % 4096));
    entry.cause_id = None;
    entry.correlation_id = Some(format!("flow-{:x}", number / 8));
    entry.duration_ms = entry.duration_ms.or(Some((bits >> 20) % 3000));
    entry.labels.insert("host".to_owned(), format!("host-{}", bits % HOSTS));
    entry.labels.insert("only".to_owned(), format!("only-{number:x}"));
    Event::from_entry(&entry, options).expect("what was stored once is taken again")
}

/// The real entries that there are.
pub(crate) fn templates() -> anyhow::Result<Vec<AuditEntry>> {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    let mut found = Vec::new();
    let files = [
        (ImportFormat::ClaudeCode, "agent-sessions/claude-opus-4-6.jsonl"),
        (ImportFormat::Codex, "agent-sessions/codex-gpt-5-2.jsonl"),
        (ImportFormat::Cloudtrail, "cloudtrail/ec2-proxy-s3-exfiltration.jsonl"),
    ];
    for (format, name) in files {
        let file = data.join(name);
        if file.exists() {
            let file = std::fs::File::open(&file).with_context(|| format!("open {}", file.display()))?;
            add(&mut found, format, name, file, usize::MAX)?;
        }
    }
    let zipped = data.join("windows-events/security-events.zip");
    if zipped.exists() {
        let mut unzip = Command::new("unzip")
            .arg("-p")
            .arg(&zipped)
            .stdout(Stdio::piped())
            .spawn()
            .context("run unzip, which this measurement needs")?;
        let out = unzip.stdout.take().context("unzip writes nowhere")?;
        add(&mut found, ImportFormat::Jsonl, "security-events.json", out, WINDOWS_EVENTS_MAX)?;
        // It is told that nobody reads on; how it ends says nothing.
        let _ = unzip.kill();
        unzip.wait()?;
    }
    Ok(found)
}

fn add(
    found: &mut Vec<AuditEntry>,
    format: ImportFormat,
    name: &str,
    file: impl Read,
    limit: usize,
) -> anyhow::Result<()> {
    struct Enough;
    impl From<std::io::Error> for Enough {
        fn from(_: std::io::Error) -> Self {
            Self
        }
    }
    let log = AuditLog::in_memory(limit.min(100_000));
    let mut importer = importer(format, name, ImportOptions::at(Timestamp::UNIX_EPOCH));
    let mut left = limit;
    // Enough, or the end of the file: both are fine.
    let _ = import(BufReader::new(file), importer.as_mut(), |imported| match imported {
        Imported::Event(event) if left > 0 => {
            left -= 1;
            let ticket = log.submit_event_blocking(event.event).expect("the log takes it");
            ticket.wait_durable().expect("it is in memory at once");
            Ok(())
        }
        Imported::Event(_) => Err(Enough),
        _ => Ok(()),
    });
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let entries = runtime.block_on(log.recent(usize::MAX));
    let is_taken = |entry: &AuditEntry| {
        // What names a payload is the recorder's to say, so such an entry cannot come again.
        let bytes = serde_json::to_vec(entry).map_or(usize::MAX, |line| line.len());
        entry.payloads.is_empty() && bytes <= LINE_BYTES_MAX
    };
    found.extend(entries.into_iter().filter(is_taken));
    Ok(())
}
