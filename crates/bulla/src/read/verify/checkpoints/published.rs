//! Judges the published checkpoints: every signature of the history, its order, the file `checkpoint` beside it, and
//! what the caller pinned. Whether their roots are those of the entries is found out while the entries are read.

use std::ops::Range;
use std::sync::Arc;

use bulla_proof::{Finding, FindingKind};

use crate::read::verify::VerifyError;
use crate::read::verify::checkpoints::history::Stretch;
use crate::read::verify::checkpoints::trust::{Believed, Disbelief, Trust};
use crate::read::verify::findings::Findings;
use crate::read::verify::in_order::in_order;
use crate::read::verify::snapshot::{Newest, Published};
use crate::store::disk::Disk;
use crate::store::layout::{CHECKPOINT, CHECKPOINTS};

/// 64 notes: about three milliseconds of signature checks.
const NOTES_PER_JOB: usize = 64;

/// What the checkpoints come to.
#[derive(Debug)]
pub(in crate::read::verify) struct Heads {
    /// The largest that is believed.
    pub(in crate::read::verify) newest: Option<Believed>,
    /// Believed, but not in the history: the file `checkpoint` and what was pinned, by size.
    pub(in crate::read::verify) beside: Vec<Beside>,
    /// Whether all of the history is believed, so that it need not be judged again when it is read again.
    pub(in crate::read::verify) is_history_believed: bool,
    /// Notes of the history that are believed.
    pub(in crate::read::verify) notes: u64,
}

/// A believed checkpoint that is not from the history.
#[derive(Debug, Clone)]
pub(in crate::read::verify) struct Beside {
    pub(in crate::read::verify) believed: Believed,
    pub(in crate::read::verify) is_pin: bool,
}

type Judged = (Stretch, Option<Result<Believed, Disbelief>>);

/// Judges all of them.
pub(in crate::read::verify) fn judge(
    disk: &Arc<dyn Disk>,
    published: &Published,
    trust: &Trust,
    pins: &[Vec<u8>],
    threads: usize,
    findings: &mut Findings,
) -> Result<Heads, VerifyError> {
    let pins = judge_pins(trust, pins, findings)?;
    let newest = judge_newest(published, trust, findings)?;
    let mut walk = Walk { newest: newest.as_ref(), pins: &pins, ..Walk::new(published.history_before) };
    let mut history = published.read_history(disk.as_ref(), trust);
    let take = || {
        let mut job = Vec::new();
        while job.len() < NOTES_PER_JOB
            && let Some(stretch) = history.next()?
        {
            job.push(stretch);
        }
        Ok((!job.is_empty()).then_some(job))
    };
    let work =
        |(): &mut (), job: Vec<Stretch>| Ok(job.into_iter().map(|stretch| judged(stretch, trust)).collect());
    let merge = |batch: Vec<Judged>| {
        batch.into_iter().for_each(|judged| walk.step(judged, findings));
        Ok::<_, VerifyError>(())
    };
    in_order(threads, take, || (), work, merge)?;
    walk.end_run(findings);
    walk.compare_places(published, findings);
    Ok(walk.into_heads(newest.clone(), pins.clone(), findings))
}

fn judged(stretch: Stretch, trust: &Trust) -> Judged {
    let judged = match &stretch {
        Stretch::Note { text, .. } => Some(trust.judge_history(text)),
        _ => None,
    };
    (stretch, judged)
}

fn judge_pins(
    trust: &Trust,
    pins: &[Vec<u8>],
    findings: &mut Findings,
) -> Result<Vec<Believed>, VerifyError> {
    let mut believed = Vec::new();
    for (index, pin) in pins.iter().enumerate() {
        match trust.judge(pin) {
            Ok(pin) => believed.push(pin),
            Err(Disbelief::Malformed(reason)) => return Err(VerifyError::Pin { number: index + 1, reason }),
            Err(Disbelief::Unsupported(reason)) => {
                return Err(VerifyError::Unsupported { file: format!("pinned checkpoint {}", index + 1), reason });
            }
            Err(Disbelief::BadSignature(reason)) => findings.push(Finding {
                evidence: vec![String::from_utf8_lossy(pin).into_owned()],
                ..Finding::new(
                    FindingKind::CheckpointBadSignature,
                    format!(
                        "a pinned checkpoint is not signed by the log's key: it is of another log, or the key was \
                         replaced ({reason})"
                    ),
                )
            }),
        }
    }
    believed.sort_by_key(|pin| pin.size);
    Ok(believed)
}

fn judge_newest(
    published: &Published,
    trust: &Trust,
    findings: &mut Findings,
) -> Result<Option<Believed>, VerifyError> {
    let in_file = |kind, len: u64, message: String| Finding {
        file: Some(CHECKPOINT.to_owned()),
        bytes: Some(0..len),
        repairable: published.history.is_some(),
        ..Finding::new(kind, message)
    };
    let note = match &published.newest {
        Newest::Missing => return Ok(None),
        Newest::TooLong(len) => {
            let text = format!("it has {len} bytes, which no checkpoint has");
            findings.push(in_file(FindingKind::CheckpointMalformed, *len, text));
            return Ok(None);
        }
        Newest::Note(note) => note,
    };
    let (kind, reason) = match trust.judge(note) {
        Ok(believed) => return Ok(Some(believed)),
        Err(Disbelief::Unsupported(reason)) => {
            return Err(VerifyError::Unsupported { file: CHECKPOINT.to_owned(), reason });
        }
        Err(Disbelief::Malformed(reason)) => (FindingKind::CheckpointMalformed, reason),
        Err(Disbelief::BadSignature(reason)) => (FindingKind::CheckpointBadSignature, reason),
    };
    findings.push(in_file(kind, note.len() as u64, reason));
    Ok(None)
}

/// The history as it goes by.
#[derive(Debug)]
struct Walk<'a> {
    newest: Option<&'a Believed>,
    pins: &'a [Believed],
    history_before: u64,
    /// The believed note before.
    last: Option<Believed>,
    /// Whole notes below `history_before`, and the sizes of the last two of them, or 0.
    notes_before: u64,
    sizes_before: [u64; 2],
    notes: u64,
    is_newest_in_history: bool,
    has_bad: bool,
    torn: Option<Range<u64>>,
    /// Bad notes that follow each other with one reason: one finding.
    run: Option<Run>,
}

#[derive(Debug)]
struct Run {
    kind: FindingKind,
    bytes: Range<u64>,
    notes: u64,
    reason: String,
}

impl<'a> Walk<'a> {
    fn new(history_before: u64) -> Self {
        Self {
            newest: None,
            pins: &[],
            history_before,
            last: None,
            notes_before: 0,
            sizes_before: [0; 2],
            notes: 0,
            is_newest_in_history: false,
            has_bad: false,
            torn: None,
            run: None,
        }
    }

    fn step(&mut self, (stretch, judged): Judged, findings: &mut Findings) {
        let (bytes, kind, reason) = match (stretch, judged) {
            (Stretch::Torn { bytes }, _) => {
                self.torn = Some(bytes);
                return;
            }
            (Stretch::Note { bytes, .. }, Some(Ok(believed))) => {
                self.end_run(findings);
                return self.believe(believed, &bytes, findings);
            }
            (Stretch::Note { bytes, .. }, Some(Err(Disbelief::Malformed(reason)))) => {
                (bytes, FindingKind::CheckpointMalformed, reason)
            }
            (
                Stretch::Note { bytes, .. },
                Some(Err(Disbelief::BadSignature(reason) | Disbelief::Unsupported(reason))),
            ) => (bytes, FindingKind::CheckpointBadSignature, reason),
            (Stretch::Malformed { bytes }, _) | (Stretch::Note { bytes, .. }, None) => {
                (bytes, FindingKind::CheckpointMalformed, "these bytes are no checkpoint".to_owned())
            }
        };
        self.has_bad = true;
        match &mut self.run {
            Some(run) if run.kind == kind && run.reason == reason => {
                run.bytes.end = bytes.end;
                run.notes += 1;
            }
            _ => {
                self.end_run(findings);
                self.run = Some(Run { kind, bytes, notes: 1, reason });
            }
        }
    }

    fn end_run(&mut self, findings: &mut Findings) {
        if let Some(Run { kind, bytes, notes, reason }) = self.run.take() {
            let many = if notes > 1 { format!("{notes} checkpoints: ") } else { String::new() };
            findings.push(in_history(kind, bytes, format!("{many}{reason}")));
        }
    }

    /// Sizes never decrease; one size has one root.
    fn believe(&mut self, note: Believed, bytes: &Range<u64>, findings: &mut Findings) {
        self.notes += 1;
        if let Some(last) = &self.last
            && note.size < last.size
        {
            let text = format!("a checkpoint of size {} follows one of size {}", note.size, last.size);
            let finding = in_history(FindingKind::CheckpointHistoryInconsistent, bytes.clone(), text);
            let evidence = vec![last.text.clone(), note.text.clone()];
            findings.push(Finding { evidence, ..finding });
        }
        self.compare_roots(&note, bytes, findings);
        if self.newest.is_some_and(|newest| newest.is_same_tree(&note)) {
            self.is_newest_in_history = true;
        }
        if bytes.end <= self.history_before {
            self.notes_before += 1;
            self.sizes_before = [self.sizes_before[1], note.size.get()];
        }
        if self.last.as_ref().is_none_or(|last| last.size <= note.size) {
            self.last = Some(note);
        }
    }

    fn compare_roots(&self, note: &Believed, bytes: &Range<u64>, findings: &mut Findings) {
        let others = self.last.iter().chain(self.newest).chain(self.pins);
        let mut told: Vec<&str> = Vec::new();
        for other in others.filter(|other| other.size == note.size && other.root != note.root) {
            if !told.contains(&other.text.as_str()) {
                told.push(&other.text);
                let text = format!("two roots are signed for size {}", note.size);
                let evidence = vec![other.text.clone(), note.text.clone()];
                findings.push(Finding { evidence, ..in_history(FindingKind::Fork, bytes.clone(), text) });
            }
        }
    }

    /// A crash or a writer at work leaves the history one note ahead of `checkpoint`, never more, never behind.
    fn compare_places(&self, published: &Published, findings: &mut Findings) {
        let Some(newest) = self.newest else {
            if matches!(published.newest, Newest::Missing) && self.notes_before > 1 {
                let text = format!("it is gone, the history has {} checkpoints", self.notes);
                findings.push(in_file(FindingKind::FileMissing, CHECKPOINT, true, text));
            }
            return;
        };
        if self.is_newest_in_history {
            if newest.size.get() < self.sizes_before[0] {
                let text = format!(
                    "it has size {}, the history goes on to {}: an older one was put in its place",
                    newest.size,
                    self.last.as_ref().map_or(newest.size, |last| last.size),
                );
                findings.push(in_file(FindingKind::RolledBack, CHECKPOINT, true, text));
            }
            return;
        }
        if published.history_end == 0 {
            let text = "the history of checkpoints is gone, and there was one".to_owned();
            findings.push(in_file(FindingKind::FileMissing, CHECKPOINTS, false, text));
        } else if let Some(torn) = &self.torn {
            let text = "the newest checkpoint should be here and is not whole".to_owned();
            findings.push(in_history(FindingKind::CheckpointMalformed, torn.clone(), text));
        } else if !self.has_bad {
            let text = format!("the history ends without the checkpoint of size {}", newest.size);
            let finding = in_file(FindingKind::CheckpointHistoryInconsistent, CHECKPOINTS, false, text);
            let evidence = vec![newest.text.clone()];
            findings.push(Finding {
                evidence,
                bytes: Some(published.history_end..published.history_end),
                ..finding
            });
        }
    }

    fn into_heads(self, newest: Option<Believed>, pins: Vec<Believed>, findings: &mut Findings) -> Heads {
        let is_history_believed = !self.has_bad;
        let (is_in_history, notes) = (self.is_newest_in_history, self.notes);
        let is_checkpoint_larger =
            newest.as_ref().map(|newest| newest.size) > self.last.as_ref().map(|last| last.size);
        let largest = if is_checkpoint_larger { newest.clone() } else { self.last };
        for pin in &pins {
            let size = largest.as_ref().map_or(0, |largest| largest.size.get());
            if pin.size.get() > size {
                let text = format!(
                    "a checkpoint of size {} was pinned, the newest of the log has size {size}: an older copy of the \
                     log, or of its checkpoints, was put in its place",
                    pin.size
                );
                let newest = largest.as_ref().map(|largest| largest.text.clone());
                findings.push(Finding {
                    first_seq: Some(size),
                    end_seq: Some(pin.size.get()),
                    evidence: std::iter::once(pin.text.clone()).chain(newest).collect(),
                    ..Finding::new(FindingKind::RolledBack, text)
                });
            }
        }
        let newest = newest.filter(|_| !is_in_history).map(|believed| Beside { believed, is_pin: false });
        let pins = pins.into_iter().map(|believed| Beside { believed, is_pin: true });
        let mut beside: Vec<Beside> = newest.into_iter().chain(pins).collect();
        beside.sort_by_key(|beside| beside.believed.size);
        Heads { newest: largest, beside, is_history_believed, notes }
    }
}

fn in_history(kind: FindingKind, bytes: Range<u64>, message: String) -> Finding {
    Finding { file: Some(CHECKPOINTS.to_owned()), bytes: Some(bytes), ..Finding::new(kind, message) }
}

fn in_file(kind: FindingKind, file: &str, repairable: bool, message: String) -> Finding {
    Finding { file: Some(file.to_owned()), repairable, ..Finding::new(kind, message) }
}
