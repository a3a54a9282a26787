//! A real server under everything at once: clients that record and read, clients that stall, go away and send
//! garbage. Its memory stays under a bound, every answer is clear, nothing hangs, and afterwards the log holds exactly
//! what was acknowledged. 20 seconds; `BULLA_SLOW_TESTS=1` makes it 10 minutes, `BULLA_LOAD_SECONDS` any other time.

mod ledger;
mod process;
mod readers;
mod rude;
mod wire;
mod writers;

use std::net::SocketAddr;
use std::sync::{Condvar, Mutex};
use std::time::{Duration, Instant};

use ledger::Ledger;
use process::{Memory, Serving};
use readers::Offered;

/// 240 MiB: 40 for the program and its threads' arenas; 16 of queue; 2 x 8 for each of 4 searches; 15 of ids that are
/// recognised; 1 of body for each of 4 clients at once; 400 connections' buffers at 64 KiB, 25; the index's 48 of entries
/// that are not committed, and 20 of those on their way to it. The rest is what the allocator keeps.
const RESIDENT_MAX_KIB: u64 = 240 << 10;
/// 64 MiB: what the second half may have above the second quarter. The ids that are recognised take 15 of it, and an index
/// that comes late, because everything else comes first, its 48.
const GROWTH_MAX_KIB: u64 = 64 << 10;
/// How often memory is looked at.
const SAMPLE: Duration = Duration::from_millis(500);

type Client = (&'static str, fn(&Load, &mut Ledger));

const CLIENTS: [Client; 15] = [
    ("single-a", writers::one_by_one),
    ("single-b", writers::one_by_one),
    ("array", writers::arrays),
    ("lines-a", writers::lines),
    ("lines-b", writers::lines),
    ("tail", readers::tail),
    ("search", readers::search),
    ("page", readers::page),
    ("prove", readers::prove),
    ("stalls-sending-a", rude::stalls_sending),
    ("stalls-sending-b", rude::stalls_sending),
    ("stalls-reading", rude::stalls_reading),
    ("goes-away", rude::goes_away),
    ("garbage", rude::garbage),
    ("holds", rude::holds),
];

fn duration() -> Duration {
    let given =
        std::env::var("BULLA_LOAD_SECONDS").ok().map(|text| text.parse().expect("a number of seconds"));
    let default = if std::env::var_os("BULLA_SLOW_TESTS").is_some() { 600 } else { 20 };
    Duration::from_secs(given.unwrap_or(default))
}

/// What every client is given.
pub(super) struct Load {
    address: SocketAddr,
    token: String,
    until: Instant,
    is_over: Mutex<bool>,
    over: Condvar,
    proofs: Offered,
}

impl Load {
    fn goes_on(&self) -> bool {
        Instant::now() < self.until && !*self.is_over.lock().unwrap()
    }

    /// Rests, unless all is over; gives whether to go on.
    fn pause(&self, rest: Duration) -> bool {
        let rest = rest.min(self.until.saturating_duration_since(Instant::now()));
        let is_over = self.is_over.lock().unwrap();
        let (is_over, _) = self.over.wait_timeout_while(is_over, rest, |over| !*over).unwrap();
        !*is_over && Instant::now() < self.until
    }

    fn stop(&self) {
        *self.is_over.lock().unwrap() = true;
        self.over.notify_all();
    }

    fn get(&self, path: &str) -> String {
        self.get_with(path, "")
    }

    fn get_with(&self, path: &str, header: &str) -> String {
        format!("GET {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\n{header}\r\n", self.token)
    }

    /// A request as far as the value of its length.
    fn head_until_length(&self) -> String {
        let token = &self.token;
        format!(
            "POST /v1/entries HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\ncontent-type: application/json\r\ncontent-length: "
        )
    }

    /// The head of a request to record; without a length, its body comes in chunks.
    fn head(&self, media: &str, length: Option<usize>) -> String {
        let length = match length {
            Some(length) => format!("content-length: {length}"),
            None => "transfer-encoding: chunked".to_owned(),
        };
        let token = &self.token;
        format!(
            "POST /v1/entries HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\ncontent-type: {media}\r\n{length}\r\n\r\n"
        )
    }

    fn post(&self, media: &str, body: &[u8]) -> Vec<u8> {
        [self.head(media, Some(body.len())).as_bytes(), body].concat()
    }
}

/// Ends all clients when one panics, so that the test fails at once.
struct StopOnPanic<'a>(&'a Load);

impl Drop for StopOnPanic<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.stop();
        }
    }
}

#[test]
fn a_server_under_everything_at_once_stays_small_answers_clearly_and_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let serving = Serving::start(folder.path());
    let load = Load {
        address: serving.address,
        token: serving.token.clone(),
        until: Instant::now() + duration(),
        is_over: Mutex::new(false),
        over: Condvar::new(),
        proofs: Offered::default(),
    };
    let memory = serving.memory();
    let (ledgers, resident) = std::thread::scope(|scope| {
        let watching = scope.spawn(|| watch(&load, &memory));
        let clients = CLIENTS.map(|(name, act)| {
            let load = &load;
            scope.spawn(move || {
                let (_stop, mut ledger) = (StopOnPanic(load), Ledger::of(name));
                act(load, &mut ledger);
                ledger
            })
        });
        let ledgers = clients.map(|client| client.join().expect("a client does not panic"));
        (ledgers, watching.join().unwrap())
    });
    let log = serving.log.clone();
    let (code, said) = serving.terminate();
    let stderr = std::fs::read_to_string(folder.path().join("stderr")).unwrap();
    assert_eq!(code, Some(0), "{said}{stderr}");
    let verdict = bulla::verify(&log).unwrap();
    assert!(verdict.is_clean(), "{verdict}");
    let stored = ledger::check(&log, &ledgers);
    report(&ledgers, stored, &resident);
    check_flat(&resident);
}

fn watch(load: &Load, memory: &Memory) -> Vec<u64> {
    let mut samples = Vec::new();
    while load.pause(SAMPLE) {
        samples.extend(memory.resident());
    }
    samples
}

fn report(ledgers: &[Ledger], stored: u64, resident: &[u64]) {
    let acknowledged: u64 = ledgers.iter().map(Ledger::count).sum();
    println!(
        "covered: {} s of load; {acknowledged} records acknowledged, {stored} stored, each once; memory at most {} MiB in {} samples",
        duration().as_secs(),
        resident.iter().max().copied().unwrap_or(0) >> 10,
        resident.len(),
    );
    for ledger in ledgers {
        for (what, times) in &ledger.done {
            println!("covered: {:<18} {times:>9} x {what}", ledger.client);
        }
    }
}

fn check_flat(resident: &[u64]) {
    if resident.is_empty() {
        println!("SKIPPED: memory, because there is no /proc here");
        return;
    }
    let greatest = resident.iter().max().copied().unwrap_or(0);
    assert!(greatest <= RESIDENT_MAX_KIB, "{greatest} KiB are resident, at most {RESIDENT_MAX_KIB}");
    let median = |part: &[u64]| {
        let mut part = part.to_vec();
        part.sort_unstable();
        part.get(part.len() / 2).copied().unwrap_or(0)
    };
    // The first quarter warms up: threads, arenas and caches come to their size.
    let count = resident.len();
    let (early, late) = (median(&resident[count / 4..count / 2]), median(&resident[count / 2..]));
    println!(
        "covered: memory: median of the second quarter {} MiB, of the second half {} MiB",
        early >> 10,
        late >> 10
    );
    assert!(late <= early + GROWTH_MAX_KIB, "memory grew from {early} to {late} KiB");
}
