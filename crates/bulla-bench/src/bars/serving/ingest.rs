//! Bar 10: recording over HTTP, client and server on the same cores: batches of lines, and one entry at a time.

use std::time::{Duration, Instant};

use anyhow::ensure;

use super::{Served, batch, line};
use crate::bars::Bench;
use crate::measure::{Samples, micros, processor_time, rate, raw_appends};
use crate::report::{Figure, Part};

/// Clients that send batches at once.
const CONNECTIONS: usize = 4;
/// 5,000 lines: 1.7 MB.
const BATCH: usize = 5000;
/// Rounds; the one with the median rate counts.
const ROUNDS: usize = 5;
/// What is asked of batches.
const RATE_MIN: f64 = 200_000.0;
/// Alternations of raw and ours for single entries, because disks drift.
const ALTERNATIONS: usize = 20;
/// What is asked of single entries: so many times the raw append.
const SINGLE_MAX: f64 = 2.0;

pub(crate) fn measure(bench: &Bench) -> anyhow::Result<Figure> {
    let served = Served::start(bench.folder.join("ingest"))?;
    let batches = bench.count(160).max(CONNECTIONS);
    let without_id = lines(&served, batches, false)?;
    let with_id = lines(&served, batches, true)?;
    let Singles { mut single, mut raw, mut nothing } = singles(&served, bench)?;
    let size = served.stop()?;
    let sent = (2 * ROUNDS * (batches / CONNECTIONS * CONNECTIONS) * BATCH + single.len()) as u64;
    ensure!(size >= sent, "the log has {size} entries of {sent}");
    let (p50, raw_p50) = (single.percentile(50.0), raw.percentile(50.0));
    let times = p50.as_secs_f64() / raw_p50.as_secs_f64();
    let holds = without_id.rate >= RATE_MIN && times <= SINGLE_MAX;
    Ok(Figure {
        bar: 10,
        value: without_id.rate,
        reference: RATE_MIN,
        ratio: without_id.rate / RATE_MIN,
        holds,
        unit: "entries/s",
        what: "recorded over HTTP in batches of lines, durable, client and server on the same cores",
        bound: "at least 200,000/s; one at a time: p50 at most 2 x raw append + fdatasync",
        parts: vec![
            Part::seen("processor time per entry, client and server", without_id.processor_nanos, "ns"),
            Part::seen("what that allows, if the cores did nothing else", without_id.allowed(), "entries/s"),
            Part::seen("lines that bring an id (known ones are looked up)", with_id.rate, "entries/s"),
            Part::seen("processor time per entry then", with_id.processor_nanos, "ns"),
            Part::seen("raw append + fdatasync, p50", micros(raw_p50), "us"),
            Part::seen("one at a time, p50", micros(p50), "us"),
            Part::asked("one at a time, p50, of raw", times, "times", times <= SINGLE_MAX),
            Part::seen("an answer that records nothing, p50", micros(nothing.percentile(50.0)), "us"),
            Part::seen("one at a time, p99", micros(single.percentile(99.0)), "us"),
        ],
    })
}

struct Round {
    rate: f64,
    /// Processor time per entry, client and server, in nanoseconds.
    processor_nanos: f64,
}

impl Round {
    fn allowed(&self) -> f64 {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        as_number(cores) * 1e9 / self.processor_nanos
    }
}

/// The round with the median rate.
fn lines(served: &Served, batches: usize, with_id: bool) -> anyhow::Result<Round> {
    let mut rounds = Vec::new();
    for _ in 0..ROUNDS {
        rounds.push(lines_once(served, batches, with_id)?);
    }
    rounds.sort_by(|a, b| a.rate.total_cmp(&b.rate));
    Ok(rounds.swap_remove(ROUNDS / 2))
}

fn lines_once(served: &Served, batches: usize, with_id: bool) -> anyhow::Result<Round> {
    let each = batches / CONNECTIONS;
    // Ready before: sending and answering them is measured, making them up is not. Only ids must differ.
    let made = if with_id { each } else { 1 };
    let bodies: Vec<Vec<_>> = (0..CONNECTIONS)
        .map(|client| {
            let first = |number: usize| ((client * made + number) * BATCH) as u64;
            (0..made).map(|number| batch(first(number), BATCH, with_id)).collect()
        })
        .collect();
    // Last: whoever connects and says nothing is cut.
    let mut clients = Vec::new();
    for bodies in bodies {
        clients.push((served.connect()?, bodies));
    }
    let (started, processor) = (Instant::now(), processor_time());
    std::thread::scope(|scope| {
        let threads: Vec<_> = clients
            .iter_mut()
            .map(|(client, bodies)| {
                scope.spawn(move || -> anyhow::Result<()> {
                    for body in bodies.iter().cycle().take(each) {
                        let status = client.post("application/x-ndjson", body)?;
                        ensure!(status == 200, "a batch was answered with {status}");
                    }
                    Ok(())
                })
            })
            .collect();
        threads.into_iter().try_for_each(|thread| thread.join().expect("a client does not panic"))
    })?;
    let (elapsed, processor) = (started.elapsed(), processor_time() - processor);
    let count = CONNECTIONS * each * BATCH;
    Ok(Round { rate: rate(count, elapsed), processor_nanos: nanos(processor) / as_number(count) })
}

/// One connection, one entry at a time, and in between raw appends of as many bytes, and requests of the same size
/// that are refused at the door.
#[derive(Default)]
struct Singles {
    single: Samples,
    raw: Samples,
    nothing: Samples,
}

fn singles(served: &Served, bench: &Bench) -> anyhow::Result<Singles> {
    let Singles { mut single, mut raw, mut nothing } = Singles::default();
    let mut client = served.connect()?;
    for alternation in 0..ALTERNATIONS {
        let count = bench.count(200);
        raw.extend(raw_appends(&bench.folder.join("ingest-raw"), &vec![STORED_BYTES; count])?.1);
        for number in 0..count {
            let body = line((alternation * count + number) as u64, true);
            let before = Instant::now();
            let status = client.post("application/json", body.as_bytes())?;
            single.push(before.elapsed());
            ensure!(status == 201, "one entry was answered with {status}");
            let before = Instant::now();
            let status = client.post("text/plain", body.as_bytes())?;
            nothing.push(before.elapsed());
            ensure!(status == 415, "another media type was answered with {status}");
        }
    }
    Ok(Singles { single, raw, nothing })
}

/// About what a stored line of the workload takes.
const STORED_BYTES: usize = 480;

fn nanos(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e9
}

#[expect(clippy::cast_precision_loss, reason = "counts of a benchmark are far below 2^52")]
fn as_number(count: usize) -> f64 {
    count as f64
}
