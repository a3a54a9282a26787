//! Takes over a JSON Lines file that the replaced module wrote: every line, whole or corrupt, and none twice.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use serde_json::json;

use crate::entry::{AuditCategory, AuditEntry, AuditOutcome, Event, EventOptions, Rejected, Source, Vantage};
use crate::log::{AuditLog, OpenError, RecordError, Ticket};
use crate::{ReadError, Redaction, Timestamp};

/// Name of the replaced format as a source.
const SOURCE: &str = "import:seed";

/// 16 MiB: the replaced module wrote no longer line; a longer one is no line of it and is kept in parts.
const LINE_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// Tickets that are awaited together: the queue stays full and memory stays bounded.
const IN_FLIGHT: usize = 4096;

/// Directory that takes over `file`.
pub(crate) fn directory_for(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".bulla");
    name.into()
}

/// Records the lines of `file` that `log` does not have yet. The file is not changed.
pub(crate) fn take_over(file: &Path, log: &AuditLog) -> Result<(), OpenError> {
    let instance = file.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let failed =
        |line: u64, reason: String| OpenError::TakeOver { file: file.display().to_string(), line, reason };
    let known = log.import_position(SOURCE, &instance).map_err(|error| failed(0, error.to_string()))?;
    let mut lines = BufReader::new(File::open(file).map_err(|error| failed(0, error.to_string()))?);
    // What the old file says is the evidence: nothing of it is redacted.
    let options = EventOptions { redaction: Redaction::none(), ..log.event_options() };
    let mut tickets: Vec<Ticket> = Vec::new();
    let mut number = 0;
    loop {
        let mut line = Vec::new();
        let count = (&mut lines).take(LINE_BYTES_MAX).read_until(b'\n', &mut line);
        if count.map_err(|error| failed(number, error.to_string()))? == 0 {
            break;
        }
        number += 1;
        if number <= known || line.trim_ascii().is_empty() {
            continue;
        }
        let source = Source {
            id: Some(SOURCE.to_owned()),
            instance: Some(instance.clone()),
            seq: Some(number),
            transport: Some("file".to_owned()),
            vantage: Some(Vantage::Imported),
            ..Source::default()
        };
        let event = event_of(&line, &source, &options).map_err(|error| failed(number, error.to_string()))?;
        tickets.push(log.submit_event_blocking(event).map_err(|error| failed(number, error.to_string()))?);
        if tickets.len() == IN_FLIGHT {
            await_all(&mut tickets).map_err(|error| failed(number, error.to_string()))?;
        }
    }
    await_all(&mut tickets).map_err(|error| failed(number, error.to_string()))?;
    if number > known {
        log.store_import_position(SOURCE, &instance, number)
            .map_err(|error: ReadError| failed(number, error.to_string()))?;
    }
    Ok(())
}

fn await_all(tickets: &mut Vec<Ticket>) -> Result<(), RecordError> {
    tickets.drain(..).try_for_each(|ticket| ticket.wait_durable().map(|_| ()))
}

/// The line as an entry; one that is not an entry is kept, byte for byte, as the payload of an entry that says so.
fn event_of(line: &[u8], source: &Source, options: &EventOptions) -> Result<Event, Rejected> {
    let line = line.trim_ascii();
    Event::from_json(Some(source), line, Timestamp::now(), options).or_else(|reason| {
        let category = AuditCategory::named("import").expect("a snake_case name");
        let kept = AuditEntry::new(category, "import.unmapped")
            .event_name("import.unmapped")
            .outcome(AuditOutcome::Failure)
            .reason("unmapped", reason.to_string())
            .detail(json!({"file": source.instance, "line": source.seq, "size": line.len()}))
            .attach("original", "application/octet-stream", line);
        Event::from_entry_of(Some(source), &kept, options)
    })
}

/// Opens the log that takes over `file`, and takes over what it does not have yet.
pub(crate) fn open(file: &Path, max_entries: usize) -> Result<AuditLog, OpenError> {
    let log = AuditLog::builder(directory_for(file)).recent_entries(max_entries).open()?;
    take_over(file, &log)?;
    Ok(log)
}
