//! Bar 12: how fast the index follows, and what commits of the log notice of it.

use std::process::Command;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use anyhow::ensure;
use bulla::{AuditLog, Event, LogReader, Ticket};
use bulla_search::{INDEX_DIRECTORY, Index, IndexOptions};

use super::Bench;
use crate::measure::{Samples, micros, rate};
use crate::real;
use crate::report::{Figure, Part};

/// 50 entries each millisecond.
const PACE: usize = 50;
/// 20 seconds of each.
const SECONDS: usize = 20;

pub(crate) fn measure(bench: &Bench) -> anyhow::Result<Figure> {
    let (rate_of_real, count) = follow(bench)?;
    let mut without = steady(bench, "without", false)?;
    let mut with = steady(bench, "with", true)?;
    let (p99_without, p99_with) =
        (micros(without.latencies.percentile(99.0)), micros(with.latencies.percentile(99.0)));
    let growth = p99_with / p99_without;
    let lag_holds = with.lag <= 2 * 50_000 * 4;
    Ok(Figure {
        bar: 12,
        value: rate_of_real,
        reference: 60_000.0,
        ratio: rate_of_real / 60_000.0,
        holds: rate_of_real >= 60_000.0 && growth <= 1.25,
        unit: "entries/s",
        what: "indexing in the background; p99 of commits at 50,000/s with the index beside without",
        bound: "at least 60,000; p99 grows by at most 25 %",
        parts: vec![
            Part::seen("entries made from real ones", number(count), ""),
            Part::seen("p99 of commits without the index", p99_without, "us"),
            Part::asked("p99 of commits with the index, beside it", growth, "x", growth <= 1.25),
            Part::asked("entries behind at the end of the steady load", number(with.lag), "", lag_holds),
        ],
    })
}

/// Indexes a whole log from nothing.
fn follow(bench: &Bench) -> anyhow::Result<(f64, u64)> {
    let directory = bench.real_log()?;
    let log = LogReader::open(directory)?;
    let size = log.size()?;
    let place = directory.join(INDEX_DIRECTORY);
    bulla_search::remove(&place)?;
    let before = Instant::now();
    let index = Index::follow(place, log, IndexOptions::default())?;
    ensure!(index.wait_complete_to(size, Duration::from_secs(7200)), "the index ends: {:?}", index.status());
    Ok((rate(usize::try_from(size)?, before.elapsed()), size))
}

struct Steady {
    latencies: Samples,
    /// Entries that the index was behind at the end.
    lag: u64,
}

/// Records at a steady pace and measures from submitting to durable.
fn steady(bench: &Bench, name: &str, is_indexed: bool) -> anyhow::Result<Steady> {
    let directory = bench.folder.join(format!("steady-{name}"));
    // What was written before must not be on its way to the disk while this is measured.
    ensure!(
        Command::new("sync").status()?.success(),
        "`sync` failed; what is measured after it would be wrong"
    );
    let log = AuditLog::open(&directory)?;
    let index = is_indexed
        .then(|| {
            Index::follow(directory.join(INDEX_DIRECTORY), log.reader()?.clone(), IndexOptions::default())
                .map_err(anyhow::Error::from)
        })
        .transpose()?;
    let options = log.event_options();
    let ticks = bench.count(SECONDS * 1000);
    // Made before, so that the pace is one of the log and not of this.
    let events: Vec<Event> =
        (0..PACE * 100).map(|number| real::event(&[], number as u64, &options)).collect();
    let (submitted, tickets) = mpsc::channel::<(Instant, Ticket)>();
    let waiting = std::thread::spawn(move || {
        let mut latencies = Samples::default();
        for (since, ticket) in tickets {
            ticket.wait_durable().expect("it becomes durable");
            latencies.push(since.elapsed());
        }
        latencies
    });
    let began = Instant::now();
    for tick in 0..ticks {
        let due = began + Duration::from_millis(tick as u64);
        while Instant::now() < due {
            std::thread::park_timeout(due.saturating_duration_since(Instant::now()));
        }
        for number in 0..PACE {
            let event = events[(tick * PACE + number) % events.len()].clone();
            submitted.send((Instant::now(), log.submit_event_blocking(event)?)).expect("somebody waits");
        }
    }
    drop(submitted);
    let latencies = waiting.join().expect("it waits without panic");
    let lag = index.as_ref().map_or(0, |index| log.size() - index.status().complete_to_seq.unwrap_or(0));
    drop(index);
    log.close_blocking()?;
    Ok(Steady { latencies, lag })
}

#[expect(clippy::cast_precision_loss, reason = "counts of a benchmark are far below 2^52")]
fn number(count: u64) -> f64 {
    count as f64
}
