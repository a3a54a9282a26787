//! Bar 9: every change of one byte of a small log, many of a larger one, and every line removed, swapped and doubled:
//! each must be found, at the right place, as the right kind; the unchanged log must never be accused.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use anyhow::ensure;
use bulla::proof::{Finding, FindingKind};
use bulla::store::Disk;
use bulla::{AuditLog, Verify};

use super::Bench;
use crate::log_in_memory::LogInMemory;
use crate::report::{Figure, Part};
use crate::workload;

/// Entries of the log that is changed at every position.
const SMALL: usize = 500;
/// Entries of the larger one, and how many of its positions are changed.
const LARGE: (usize, usize) = (100_000, 20_000);
/// Cases that were not found which are told by name.
const TOLD_MAX: usize = 10;

/// Whether findings name the damage.
type Expected = Box<dyn Fn(&[Finding]) -> bool + Send>;

/// One damaged log and what must be said of it.
struct Case {
    disk: Arc<dyn Disk>,
    what: String,
    expected: Expected,
}

pub(crate) fn measure(bench: &Bench) -> anyhow::Result<Figure> {
    let small = log_of(bench, "small", bench.count(SMALL).max(20))?;
    let large = log_of(bench, "large", bench.count(LARGE.0))?;
    for log in [&small, &large] {
        ensure!(Verify::on_disk(log.unchanged()).run()?.is_clean(), "a log that nobody touched was accused");
    }
    let every = run(every_byte(&small));
    let some = run(some_bytes(&large, bench.count(LARGE.1)));
    let lines = run(every_line(&small));
    let all = [&every, &some, &lines];
    let (found, tried) =
        (all.iter().map(|tally| tally.found).sum(), all.iter().map(|tally| tally.tried).sum());
    let mut parts = Vec::new();
    for (name, tally) in [
        ("one byte changed, every position of the small log", &every),
        ("one byte changed, positions of the larger log", &some),
        ("lines removed, swapped, doubled in the small log", &lines),
    ] {
        parts.push(Part::seen(format!("{name}: tried"), number(tally.tried), ""));
        parts.push(Part::asked("  found and named", number(tally.found), "", tally.found == tally.tried));
        parts.extend(tally.missed.iter().map(|what| Part::seen(format!("  missed: {what}"), 1.0, "")));
    }
    Ok(Figure {
        bar: 9,
        value: number(found),
        reference: number(tried),
        ratio: number(found) / number(tried),
        holds: found == tried,
        unit: "changes found, place and kind named",
        what: "changes of one byte or line, against verification",
        bound: "all; the unchanged log never accused",
        parts,
    })
}

/// A closed log of about `count` entries with two publishes and more, in memory.
fn log_of(bench: &Bench, name: &str, count: usize) -> anyhow::Result<LogInMemory> {
    let directory = bench.folder.join(format!("tampering-{name}"));
    for half in 0..2 {
        let log = AuditLog::builder(&directory).seal(false).open()?;
        let tickets: Vec<_> = (half * count / 2..(half + 1) * count / 2)
            .map(|i| log.submit(workload::entry(i as u64)))
            .collect::<Result<_, _>>()?;
        tickets.iter().try_for_each(|ticket| ticket.wait_durable().map(|_| ()))?;
        log.close_blocking()?;
    }
    LogInMemory::read(&directory)
}

#[derive(Default)]
struct Tally {
    tried: usize,
    found: usize,
    missed: Vec<String>,
}

/// Verifies all cases, one per core at a time.
fn run(cases: impl Iterator<Item = Case> + Send) -> Tally {
    let cases = Mutex::new(cases);
    let (tried, found) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let missed = Mutex::new(Vec::new());
    let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    std::thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(|| {
                loop {
                    let case = cases.lock().expect("no panic while held").next();
                    let Some(case) = case else { return };
                    tried.fetch_add(1, Ordering::Relaxed);
                    match Verify::on_disk(case.disk).threads(NonZeroUsize::MIN).run() {
                        Ok(verdict) if !verdict.is_clean() && (case.expected)(&verdict.findings) => {
                            found.fetch_add(1, Ordering::Relaxed);
                        }
                        // What cannot be read at all, because log.json is no longer one, is found too.
                        Err(_) if case.what.starts_with("log.json") => {
                            found.fetch_add(1, Ordering::Relaxed);
                        }
                        other => {
                            let said =
                                other.map_or_else(|error| error.to_string(), |verdict| verdict.to_string());
                            let mut missed = missed.lock().expect("no panic while held");
                            if missed.len() < TOLD_MAX {
                                missed.push(format!("{}: {}", case.what, said.replace('\n', "; ")));
                            }
                        }
                    }
                }
            });
        }
    });
    let missed = missed.into_inner().expect("no panic while held");
    Tally { tried: tried.into_inner(), found: found.into_inner(), missed }
}

fn every_byte(log: &LogInMemory) -> impl Iterator<Item = Case> + Send {
    log.files().flat_map(move |(name, bytes)| {
        // Each position gets one of the 255 other values, by its place.
        (0..bytes.len()).map(move |at| changed_byte(log, name, bytes, at))
    })
}

fn some_bytes(log: &LogInMemory, count: usize) -> impl Iterator<Item = Case> + Send {
    let total: usize = log.files().map(|(_, bytes)| bytes.len()).sum();
    (0..count).map(move |i| {
        let step = (i as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) % total as u64;
        let mut at = usize::try_from(step).expect("a position");
        let mut files = log.files();
        let (name, bytes) = loop {
            let (name, bytes) = files.next().expect("the position is in a file");
            if at < bytes.len() {
                break (name, bytes);
            }
            at -= bytes.len();
        };
        changed_byte(log, name, bytes, at)
    })
}

fn changed_byte(log: &LogInMemory, name: &str, bytes: &[u8], at: usize) -> Case {
    let mut changed = bytes.to_vec();
    changed[at] ^= u8::try_from(1 + at % 255).expect("1 to 255");
    let file = name.to_owned();
    let seq = name.starts_with("entries/").then(|| seq_at(name, bytes, at));
    // Losing or gaining a newline makes two lines one, or one two.
    let is_line = changed[at] != b'\n' && bytes[at] != b'\n';
    Case {
        disk: log.with(name, changed),
        what: format!("{name} byte {at}"),
        expected: Box::new(move |findings| {
            findings.iter().any(|finding| {
                let names_file = finding.file.as_deref().is_some_and(|found| found.ends_with(&file));
                let Some(seq) = seq else { return names_file };
                let names_seq = covers(finding, seq) || (!is_line && covers(finding, seq + 1));
                let names_kind = !is_line || finding.kind == FindingKind::LineChanged;
                names_file && names_seq && names_kind
            })
        }),
    }
}

fn covers(finding: &Finding, seq: u64) -> bool {
    finding.first_seq.is_some_and(|first| first <= seq && seq < finding.end_seq.unwrap_or(first + 1))
}

/// Number of the line that holds byte `at` of a segment.
fn seq_at(name: &str, bytes: &[u8], at: usize) -> u64 {
    let base: u64 = name["entries/".len()..][..20].parse().expect("a segment's name is its first number");
    base + bytes[..at].iter().filter(|byte| **byte == b'\n').count() as u64
}

/// Each line removed, doubled, and swapped with the next.
fn every_line(log: &LogInMemory) -> impl Iterator<Item = Case> + Send {
    let (name, bytes) =
        log.files().find(|(name, _)| name.starts_with("entries/")).expect("there is a segment");
    let base = seq_at(name, bytes, 0);
    let lines: Arc<Vec<Vec<u8>>> =
        Arc::new(bytes.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect());
    (0..lines.len()).flat_map(move |at| {
        let seq = base + at as u64;
        let lines = lines.clone();
        (0..3).filter_map(move |way| {
            let mut changed = lines.to_vec();
            let (word, kinds): (_, &[FindingKind]) = match way {
                0 => {
                    changed.remove(at);
                    ("removed", &[FindingKind::LineRemoved, FindingKind::Truncated])
                }
                1 => {
                    changed.insert(at, lines[at].clone());
                    ("doubled", &[FindingKind::LineDuplicated, FindingKind::LineInserted])
                }
                _ if at + 1 < lines.len() => {
                    changed.swap(at, at + 1);
                    ("swapped", &[FindingKind::LineMoved])
                }
                _ => return None,
            };
            let what = format!("line {seq} {word}");
            Some(Case {
                disk: log.with(name, changed.concat()),
                what,
                expected: Box::new(move |findings| {
                    let near = |finding: &Finding| covers(finding, seq) || covers(finding, seq + 1);
                    findings.iter().any(|finding| kinds.contains(&finding.kind) && near(finding))
                }),
            })
        })
    })
}

#[expect(clippy::cast_precision_loss, reason = "counts of a benchmark are far below 2^52")]
fn number(count: usize) -> f64 {
    count as f64
}
