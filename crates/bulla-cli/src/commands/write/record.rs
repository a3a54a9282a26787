//! `bulla record`: one entry from arguments, or JSON Lines from stdin, each answered with a receipt.
//!
//! A bad line is never lost and never stops the others: it is kept whole in an entry that says so.

use std::io::IsTerminal;
use std::path::Path;
use std::sync::mpsc::{Receiver, TryRecvError, sync_channel};

use anyhow::{Context, bail};
use bulla::{AuditEntry, AuditLog, Event, Phase, Receipt, RecordError, Ticket, Timestamp};
use bulla_formats::import::{ImportFormat, ImportOptions, Line, Lines, Unmapped, quarantine_entry};

use crate::args::RecordArgs;
use crate::ended::Ended;
use crate::input::{Input, STDIN};
use crate::interrupt::Interrupt;
use crate::invocation::Invocation;
use crate::log_access;
use crate::output::amount::counted;
use crate::output::palette::painted;
use crate::output::stdout::is_reader_gone;
use crate::output::talk;

/// 8,192 receipts that wait to be printed: far more than one batch of the writer.
const IN_FLIGHT: usize = 8192;

/// 100: more complaints than anybody reads; every bad line has an entry that says the same.
const BAD_LINES_NAMED_MAX: u64 = 100;

pub(crate) fn run(this: &mut Invocation, args: RecordArgs) -> anyhow::Result<Ended> {
    match args.stdin {
        Some(_) => record_stdin(this),
        None => record_one(this, entry(args)?),
    }
}

fn record_one(this: &mut Invocation, entry: AuditEntry) -> anyhow::Result<Ended> {
    let log = log_access::writer(AuditLog::builder(&this.log))?;
    let receipt = match log.record_blocking(entry) {
        Ok(receipt) => receipt,
        Err(error) => {
            let _ = log.close_blocking();
            return Err(error.into());
        }
    };
    print(this, &receipt)?;
    this.out.flush()?;
    log_access::close(&log)?;
    Ok(Ended::Fine)
}

/// The entry that the arguments describe.
pub(crate) fn entry(args: RecordArgs) -> anyhow::Result<AuditEntry> {
    let args = args.entry;
    let (Some(action), Some(outcome)) = (args.action, args.outcome) else {
        bail!("record needs --action and --outcome, or `-` for JSON Lines from stdin");
    };
    let mut entry = match action.strip_prefix("tool:") {
        Some(tool) => AuditEntry::tool(tool),
        None => AuditEntry::api(action),
    };
    entry.category = args.category.unwrap_or(entry.category);
    entry = entry.outcome(outcome);
    entry.principal = args.principal;
    entry.session_id = args.session;
    entry.event_name = args.event_name.or(entry.event_name);
    entry.duration_ms = args.duration_ms;
    entry.cause_id = args.cause;
    entry.correlation_id = args.correlation;
    entry.phase = match args.phase.as_deref() {
        Some("pre") => Phase::Pre,
        Some("post") => Phase::Post,
        _ => Phase::Single,
    };
    if let Some(message) = args.reason {
        entry.reason = Some(Box::new(bulla::entry::Reason { message: Some(message), ..Default::default() }));
    }
    entry.timestamp = args.timestamp.unwrap_or(entry.timestamp);
    entry.id = args.id.unwrap_or(entry.id);
    entry.labels.extend(args.label);
    Ok(match args.detail {
        Some(json) => entry.detail_json(json),
        None => entry,
    })
}

/// What happened to the lines of stdin.
#[derive(Debug, Default)]
struct Counts {
    recorded: u64,
    bad: u64,
}

fn record_stdin(this: &mut Invocation) -> anyhow::Result<Ended> {
    let interrupt = Interrupt::listen()?;
    if std::io::stdin().is_terminal() {
        talk::note("reading JSON Lines from the terminal; Ctrl-D ends");
    }
    let log = log_access::writer(AuditLog::builder(&this.log))?;
    let (tickets, waiting) = sync_channel(IN_FLIGHT);
    // Receipts are printed as entries become durable, also while the next line is still awaited.
    let (submitted, printed) = std::thread::scope(|scope| {
        let reading = scope.spawn(|| submit_lines(&log, &interrupt, &tickets_of(tickets)));
        let printed = print_all(this, &waiting);
        drop(waiting);
        (reading.join(), printed)
    });
    let closed = log_access::close(&log);
    let counts = submitted.expect("the reading thread does not panic");
    printed?;
    let counts = counts?;
    closed?;
    this.out.flush().or_else(|error| if is_reader_gone(&error) { Ok(()) } else { Err(error) })?;
    if interrupt.is_asked() {
        bail!("interrupted after {}: all of them are on disk", counted(counts.recorded, "entry", "entries"));
    }
    if counts.bad > 0 {
        talk::warn(format!(
            "{} no entry and kept whole as the payload of one that says so: `bulla search action:import.unmapped` \
             lists them",
            counted(counts.bad, "line is", "lines are")
        ));
    }
    Ok(Ended::fine_if(counts.bad == 0))
}

/// Where tickets go; false when nobody waits for them any more.
fn tickets_of(tickets: std::sync::mpsc::SyncSender<Ticket>) -> impl Fn(Ticket) -> bool {
    move |ticket| tickets.send(ticket).is_ok()
}

fn submit_lines(
    log: &AuditLog,
    interrupt: &Interrupt,
    answer: &dyn Fn(Ticket) -> bool,
) -> anyhow::Result<Counts> {
    // Each run is a source of its own: the same bad line in two runs is two entries.
    let instance = format!("record-{}", bulla::entry::new_id());
    let options = ImportOptions { event: log.event_options(), imported_at: Timestamp::now() };
    let mut counts = Counts::default();
    let mut lines = Lines::new(Input::open(Path::new(STDIN), interrupt)?);
    while let Some(line) = lines.next_line().context("read stdin")? {
        if line.is_blank() || (line.is_torn && interrupt.is_asked()) {
            continue;
        }
        let event = match event(&line, &options) {
            Ok(event) => {
                counts.recorded += 1;
                event
            }
            Err(unmapped) => {
                counts.bad += 1;
                if counts.bad <= BAD_LINES_NAMED_MAX {
                    talk::warn(format!("line {}: {}", unmapped.line, unmapped.reason));
                }
                quarantine_entry(&unmapped, ImportFormat::Jsonl, &instance, &options)
            }
        };
        if !answer(log.submit_event_blocking(event)?) {
            break;
        }
    }
    Ok(counts)
}

/// The line as an event, or why it is none.
fn event(line: &Line<'_>, options: &ImportOptions) -> Result<Event, Unmapped> {
    let reason = if line.is_cut() {
        format!("line is longer than {} bytes", line.bytes.len())
    } else {
        match Event::from_json(None, line.content(), Timestamp::now(), &options.event) {
            Ok(event) => return Ok(event),
            Err(rejected) if line.is_torn => {
                format!("{rejected} (the last line has no newline: was it cut?)")
            }
            Err(rejected) => rejected.to_string(),
        }
    };
    let original = line.bytes.to_vec();
    Err(Unmapped { line: line.number, offset: line.offset, size: line.size, reason, original })
}

/// Prints receipts until all are there. When nobody reads them any more, entries are still recorded.
fn print_all(this: &mut Invocation, waiting: &Receiver<Ticket>) -> anyhow::Result<()> {
    let mut is_read = true;
    loop {
        let ticket = match waiting.try_recv() {
            Ok(ticket) => ticket,
            Err(TryRecvError::Disconnected) => return Ok(()),
            Err(TryRecvError::Empty) => {
                is_read = is_read && still_read(this.out.flush())?;
                match waiting.recv() {
                    Ok(ticket) => ticket,
                    Err(_) => return Ok(()),
                }
            }
        };
        let receipt = ticket.wait_durable().map_err(explained)?;
        is_read = is_read && still_read(print(this, &receipt))?;
    }
}

fn still_read(printed: anyhow::Result<()>) -> anyhow::Result<bool> {
    match printed {
        Ok(()) => Ok(true),
        Err(error) if is_reader_gone(&error) => Ok(false),
        Err(error) => Err(error),
    }
}

fn explained(error: RecordError) -> anyhow::Error {
    anyhow::Error::new(error).context("entries without a receipt may not be recorded")
}

fn print(this: &mut Invocation, receipt: &Receipt) -> anyhow::Result<()> {
    if this.json {
        return this.out.json(receipt);
    }
    let state = painted(this.palette.good, state(receipt));
    let at = receipt.recorded_at().to_rfc3339_nanos();
    this.out.line(format!("#{}  {state}  {at}  leaf {}", receipt.seq(), receipt.leaf_hash().to_base64()))
}

fn state(receipt: &Receipt) -> &'static str {
    match receipt.state() {
        bulla::State::Submitted => "submitted",
        bulla::State::Durable => "durable",
        bulla::State::Published => "published",
        bulla::State::Witnessed => "witnessed",
        _ => "recorded",
    }
}

/// The category that an entry has when none was given is said in the help; this keeps both the same.
#[cfg(test)]
mod tests {
    use bulla::AuditCategory;
    use clap::Parser;

    use super::*;
    use crate::args::{Cli, Command};

    #[test]
    fn the_category_follows_the_action() {
        for (action, expected) in
            [("tool:bash", AuditCategory::ToolExecution), ("GET /health", AuditCategory::Api)]
        {
            let cli = Cli::parse_from(["bulla", "record", "--outcome", "success", "--action", action]);
            let Command::Record(args) = cli.command else { panic!("it is record") };
            let entry = entry(*args).unwrap();
            assert_eq!((entry.category, entry.action.as_str()), (expected, action));
        }
    }
}
