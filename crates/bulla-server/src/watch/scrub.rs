//! Verifies the whole log again and again, slowly, with the lowest priority, on a reader of its own. Damage is said
//! once for the same findings, and so is that it is gone.

use std::collections::BTreeSet;
use std::io;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use bulla::proof::{Finding, Verdict};
use bulla::store::{Disk, OsDisk};
use bulla::{Progress, Timestamp, Verify};
use serde_json::{Value, json};

use super::health::Run;
use super::pace::{Pace, PacedDisk};
use crate::access::caller::cut;
use crate::settings::Scrub;
use crate::state::Shared;

/// 20 findings are named in an entry: with what follows, about 6 KiB.
const NAMED_MAX: usize = 20;
/// 256 bytes of a finding's words.
const WORDS_BYTES_MAX: usize = 256;

/// The thread that verifies; it ends with this value.
#[derive(Debug)]
pub(crate) struct Scrubber {
    pace: Arc<Pace>,
    thread: Option<JoinHandle<()>>,
}

impl Scrubber {
    pub(crate) fn start(shared: Arc<Shared>, scrub: Scrub) -> io::Result<Self> {
        let pace = Pace::new(scrub.bytes_per_second);
        let work = Work {
            disk: Arc::new(PacedDisk::new(Arc::new(OsDisk::new(&shared.settings.log)), pace.clone())),
            pace: pace.clone(),
            interval: scrub.interval,
            shared,
            known: BTreeSet::new(),
            pinned: None,
        };
        let thread = std::thread::Builder::new().name("bulla-scrub".to_owned()).spawn(move || work.run())?;
        Ok(Self { pace, thread: Some(thread) })
    }
}

impl Drop for Scrubber {
    /// Waits for the read under way, no longer.
    fn drop(&mut self) {
        self.pace.stop();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

struct Work {
    shared: Arc<Shared>,
    disk: Arc<PacedDisk>,
    pace: Arc<Pace>,
    interval: Duration,
    /// What the last run found.
    known: BTreeSet<Place>,
    /// The newest checkpoint that was there when a run began that ended clean: a log that is older than it was
    /// rolled back.
    pinned: Option<Vec<u8>>,
}

/// What makes two findings the same.
type Place = (&'static str, Option<u64>, Option<String>);

fn place(finding: &Finding) -> Place {
    (finding.kind.as_str(), finding.first_seq, finding.file.clone())
}

impl Work {
    fn run(mut self) {
        self.disk.yield_to_others();
        loop {
            self.scrub();
            if !self.pace.rest(self.interval) {
                return;
            }
        }
    }

    fn scrub(&mut self) {
        let (shared, began) = (self.shared.clone(), Instant::now());
        let newest = shared.reader.checkpoint().ok().flatten().map(|newest| newest.note().to_string());
        shared.health.set_scrubbing(Progress::default());
        let tell = |progress| shared.health.set_scrubbing(progress);
        let key = shared.reader.identity().vkey.parse().expect("the log was opened with this key");
        let mut verify = Verify::on_disk(self.disk.clone()).key(key).threads(std::num::NonZero::<usize>::MIN);
        if let Some(pinned) = &self.pinned {
            verify = verify.pin(pinned.clone());
        }
        match verify.progress(&tell).run() {
            Ok(verdict) => {
                let run = Run {
                    ended_at: Timestamp::now(),
                    took: began.elapsed(),
                    findings: verdict.findings_total(),
                };
                shared.health.set_scrubbed(Some(run));
                self.tell(&verdict);
                if verdict.findings.is_empty() {
                    self.pinned = newest.map(String::into_bytes).or(self.pinned.take());
                }
            }
            Err(_) if self.pace.is_stopped() => {}
            Err(error) => {
                shared.health.set_scrubbed(None);
                tracing::error!(%error, "whether the log is whole cannot be found out");
            }
        }
    }

    /// Says what is new: damage that was not there before, or that there is none any more.
    fn tell(&mut self, verdict: &Verdict) {
        let found: BTreeSet<_> = verdict.findings.iter().map(place).collect();
        let before = std::mem::replace(&mut self.known, found);
        if !self.known.is_subset(&before) {
            for finding in verdict.findings.iter().take(NAMED_MAX) {
                tracing::error!(%finding, "the log is damaged");
            }
            self.shared.alarms.raise("log.damaged", damage(verdict));
        } else if self.known.is_empty() && !before.is_empty() {
            tracing::info!("the log is whole again");
            let detail =
                json!({"found_by": "scrub", "size": verdict.size.get(), "findings_before": before.len()});
            self.shared.alarms.clear("log.restored", detail);
        }
    }
}

fn damage(verdict: &Verdict) -> Value {
    let findings = verdict.findings.iter().take(NAMED_MAX).map(|finding| {
        json!({
            "kind": finding.kind.as_str(),
            "first_seq": finding.first_seq,
            "end_seq": finding.end_seq,
            "file": finding.file.as_deref().map(|file| cut(file, WORDS_BYTES_MAX)),
            "repairable": finding.repairable,
            "message": cut(&finding.message, WORDS_BYTES_MAX),
        })
    });
    let findings: Vec<_> = findings.collect();
    json!({
        "found_by": "scrub",
        "size": verdict.size.get(),
        "findings_total": verdict.findings_total(),
        "findings": findings,
    })
}
