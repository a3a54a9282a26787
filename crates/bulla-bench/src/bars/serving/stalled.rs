//! Bar 14: followers that stall for good, beside the same without them: commit rate and memory.

use std::collections::VecDeque;
use std::path::Path;
use std::time::Instant;

use anyhow::{Context, ensure};
use bulla::{AuditLog, Event, Follow, Ticket};

use super::client::Client;
use super::{Served, batch};
use crate::bars::Bench;
use crate::measure::rate;
use crate::report::{Figure, Part};
use crate::workload;

/// Followers that stall at once, of each kind.
const FOLLOWERS: usize = 8;
/// Pairs of rounds, one without and one with them; medians count.
const PAIRS: usize = 9;
/// Entries that one submitter has under way.
const WINDOW: usize = 4096;
/// Lines of one batch.
const BATCH: usize = 2000;
/// The rate with them must be this much of the rate without: what is less is noise on a machine that does other things.
const RATIO_MIN: f64 = 0.95;
/// 8 MiB for eight of them: a connection has 400 KiB of buffers at most; the rest is noise of the allocator.
const GROWTH_MAX: f64 = 8.0;

pub(crate) fn measure(bench: &Bench) -> anyhow::Result<Figure> {
    let library = library(&bench.folder.join("stalled-library"), bench.count(200_000))?;
    let served = Served::start(bench.folder.join("stalled-server"))?;
    let batches = bench.count(100);
    let server = server(&served, batches)?;
    let size = served.stop()?;
    ensure!(size >= (2 * PAIRS * batches * BATCH) as u64, "the log has {size} entries only");
    let holds = [&library, &server].iter().all(|kind| kind.holds());
    Ok(Figure {
        bar: 14,
        value: server.with.rate,
        reference: server.without.rate,
        ratio: server.ratio,
        holds,
        unit: "entries/s",
        what: "recorded over HTTP while 8 tails never read, beside the same without them",
        bound: "rate at least 0.95 (noise), greatest memory at most 8 MiB more; the same for followers of the library",
        parts: [server.parts("tails over HTTP"), library.parts("followers of the library")].concat(),
    })
}

/// One round.
#[derive(Debug, Clone, Copy)]
struct Round {
    rate: f64,
    /// Greatest resident memory, in MiB.
    resident: f64,
}

/// Rounds without and with stalled followers.
struct Compared {
    without: Round,
    with: Round,
    /// Median of the ratios of rates, pair by pair: what else the machine does hits both of a pair.
    ratio: f64,
}

impl Compared {
    fn of(pairs: &[(Round, Round)]) -> Self {
        let median = |of: &dyn Fn(&(Round, Round)) -> f64| {
            let mut values: Vec<f64> = pairs.iter().map(of).collect();
            values.sort_by(f64::total_cmp);
            values[values.len() / 2]
        };
        Self {
            without: Round { rate: median(&|pair| pair.0.rate), resident: median(&|pair| pair.0.resident) },
            with: Round { rate: median(&|pair| pair.1.rate), resident: median(&|pair| pair.1.resident) },
            ratio: median(&|pair| pair.1.rate / pair.0.rate),
        }
    }

    fn growth(&self) -> f64 {
        self.with.resident - self.without.resident
    }

    fn holds(&self) -> bool {
        self.ratio >= RATIO_MIN && self.growth() <= GROWTH_MAX
    }

    fn parts(&self, name: &str) -> Vec<Part> {
        vec![
            Part::asked(
                format!("{name}: rate, of that without"),
                self.ratio,
                "times",
                self.ratio >= RATIO_MIN,
            ),
            Part::seen(format!("{name}: greatest memory without"), self.without.resident, "MiB"),
            Part::asked(
                format!("{name}: greatest memory, more than without"),
                self.growth(),
                "MiB",
                self.growth() <= GROWTH_MAX,
            ),
        ]
    }
}

/// Alternates rounds without and with what `stall` begins; the first pair warms up and does not count.
fn alternate<S>(
    mut round: impl FnMut() -> anyhow::Result<f64>,
    mut stall: impl FnMut() -> anyhow::Result<Vec<S>>,
) -> anyhow::Result<Compared> {
    let mut measured = |stalled: Vec<S>| -> anyhow::Result<Round> {
        forget_resident_max()?;
        let round = Round { rate: round()?, resident: resident_max()? };
        drop(stalled);
        Ok(round)
    };
    let mut pairs = Vec::new();
    for _ in 0..=PAIRS {
        let without = measured(Vec::new())?;
        pairs.push((without, measured(stall()?)?));
    }
    Ok(Compared::of(&pairs[1..]))
}

fn server(served: &Served, batches: usize) -> anyhow::Result<Compared> {
    let body = batch(0, BATCH, false);
    let mut client = served.connect()?;
    let record = || {
        let started = Instant::now();
        for _ in 0..batches {
            let status = client.post("application/x-ndjson", &body)?;
            ensure!(status == 200, "a batch was answered with {status}");
        }
        Ok(rate(batches * BATCH, started.elapsed()))
    };
    let stall = || (0..FOLLOWERS).map(|_| stalled_tail(served)).collect();
    alternate(record, stall)
}

/// A tail from the log's begin, of which nothing but the head is read.
fn stalled_tail(served: &Served) -> anyhow::Result<Client> {
    let mut client = served.connect()?;
    let status = client.begin("/v1/tail?from=0")?;
    ensure!(status == 200, "a tail was answered with {status}");
    Ok(client)
}

fn library(directory: &Path, count: usize) -> anyhow::Result<Compared> {
    let log = AuditLog::open(directory)?;
    let event = Event::from_entry(&workload::entry(0), &log.event_options())?;
    let record = || {
        let (started, mut under_way) = (Instant::now(), VecDeque::<Ticket>::with_capacity(WINDOW));
        for _ in 0..count {
            under_way.push_back(log.submit_event_blocking(event.clone())?);
            if under_way.len() == WINDOW {
                under_way.pop_front().context("the window is full")?.wait_durable()?;
            }
        }
        under_way.into_iter().try_for_each(|ticket| ticket.wait_durable().map(drop))?;
        Ok(rate(count, started.elapsed()))
    };
    let compared = alternate(record, || (0..FOLLOWERS).map(|_| stalled_follower(&log)).collect())?;
    log.close_blocking()?;
    Ok(compared)
}

/// A follower that took one entry and never asks again.
fn stalled_follower(log: &AuditLog) -> anyhow::Result<Follow> {
    let mut follow = log.follow(0)?;
    follow.wait_next()?.context("the log has an entry")?;
    Ok(follow)
}

/// Linux: 5 sets the greatest resident memory of the process to what it is now.
fn forget_resident_max() -> anyhow::Result<()> {
    std::fs::write("/proc/self/clear_refs", "5").context("write /proc/self/clear_refs")
}

#[expect(clippy::cast_precision_loss, reason = "memory of a process is far below 2^52")]
fn resident_max() -> anyhow::Result<f64> {
    Ok(crate::measure::resident_max()? as f64 / f64::from(1 << 20))
}
