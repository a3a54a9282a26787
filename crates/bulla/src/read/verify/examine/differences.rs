//! What was found to differ, kept until it is known which side is right, then told as findings.

use std::ops::Range;
use std::sync::Arc;

use bulla_proof::{Finding, FindingKind, HASH_LEN, Hash};

use crate::read::verify::checkpoints::expected::{Expected, ExpectedBy};
use crate::read::verify::examine::lines::Line;
use crate::read::verify::examine::truth::{
    Broken, Contradiction, Right, Settled, is_likelier, is_unfinished,
};
use crate::read::verify::findings::Findings;
use crate::store::layout::{self, CHECKPOINT, CHECKPOINTS, SegmentKind, TILE_WIDTH};

/// 4,096 differences, each of any number of entries that follow one another, about half a megabyte.
const DIFFERENCES_MAX: usize = 4096;

/// Entries that follow one another, and where they are or should be.
#[derive(Debug, Clone)]
struct Run {
    seqs: Range<u64>,
    file: Arc<str>,
    bytes: Range<u64>,
}

#[derive(Debug, Clone)]
struct Changed {
    run: Run,
    /// Of the first.
    line: Hash,
    stored: Hash,
    is_unfinished: bool,
}

#[derive(Debug, Clone)]
struct Displaced {
    run: Run,
    /// Entry before which the first lies.
    before: u64,
}

/// All of them, as far as they fit.
#[derive(Debug, Default)]
pub(in crate::read::verify) struct Differences {
    changed: Vec<Changed>,
    missing: Vec<Run>,
    inserted: Vec<(Run, u64)>,
    displaced: Vec<Displaced>,
    lost_newlines: Vec<Run>,
    not_listed: u64,
}

impl Run {
    /// Whether `next` goes on where this ends; frames are the same for many lines.
    fn goes_on_with(&self, next: &Self) -> bool {
        let is_near =
            next.bytes == self.bytes || (self.bytes.end..=self.bytes.end + 1).contains(&next.bytes.start);
        self.seqs.end == next.seqs.start && self.file == next.file && is_near
    }

    fn add(&mut self, next: &Self) {
        self.seqs.end = next.seqs.end;
        self.bytes.end = next.bytes.end;
    }

    fn finding(&self, kind: FindingKind, message: impl Into<String>) -> Finding {
        Finding {
            first_seq: Some(self.seqs.start),
            end_seq: Some(self.seqs.end),
            file: Some(self.file.to_string()),
            bytes: Some(self.bytes.clone()),
            ..Finding::new(kind, message)
        }
    }
}

fn one(seq: u64, file: &Arc<str>, bytes: &Range<u64>) -> Run {
    Run { seqs: seq..seq + 1, file: file.clone(), bytes: bytes.clone() }
}

impl Differences {
    /// The line in the place of entry `seq` does not have the stored hash.
    pub(in crate::read::verify) fn changed(&mut self, seq: u64, file: &Arc<str>, line: &Line, stored: Hash) {
        let run = one(seq, file, &line.bytes);
        let is_unfinished = is_unfinished(stored, line.hash);
        if let Some(last) = self.changed.last_mut()
            && last.run.goes_on_with(&run)
            && !seq.is_multiple_of(TILE_WIDTH)
            && last.is_unfinished == is_unfinished
            && is_likelier(last.line, last.stored) == is_likelier(line.hash, stored)
        {
            return last.run.add(&run);
        }
        self.listed(|all| &mut all.changed, Changed { run, line: line.hash, stored, is_unfinished });
    }

    /// No line is in the place of these entries.
    pub(in crate::read::verify) fn missing(&mut self, seqs: Range<u64>, file: &Arc<str>, at: u64) {
        self.listed(|all| &mut all.missing, Run { seqs, file: file.clone(), bytes: at..at });
    }

    /// A line is in no entry's place; or it is the rest of the changed line before it, into which a newline came.
    pub(in crate::read::verify) fn inserted(&mut self, before: u64, file: &Arc<str>, line: &Line) {
        if let Some(last) = self.changed.last_mut()
            && line.seq.is_none()
            && last.run.seqs.end == before
            && last.run.file == *file
            && (last.run.bytes == line.bytes || last.run.bytes.end + 1 == line.bytes.start)
        {
            last.run.bytes.end = line.bytes.end;
            return;
        }
        let run = Run { seqs: before..before, file: file.clone(), bytes: line.bytes.clone() };
        match self.inserted.last_mut() {
            Some((last, count)) if last.goes_on_with(&run) => {
                last.bytes.end = run.bytes.end;
                *count += 1;
            }
            _ => self.listed(|all| &mut all.inserted, (run, 1)),
        }
    }

    /// The line of entry `seq` lies before entry `before`.
    pub(in crate::read::verify) fn displaced(&mut self, seq: u64, before: u64, file: &Arc<str>, line: &Line) {
        let run = one(seq, file, &line.bytes);
        match self.displaced.last_mut() {
            Some(last) if last.run.goes_on_with(&run) => last.run.add(&run),
            _ => self.listed(|all| &mut all.displaced, Displaced { run, before }),
        }
    }

    /// The line of entry `seq` is whole, and not the newline after it.
    pub(in crate::read::verify) fn lost_newline(&mut self, seq: u64, file: &Arc<str>, bytes: &Range<u64>) {
        self.listed(|all| &mut all.lost_newlines, one(seq, file, bytes));
    }

    fn listed<T>(&mut self, list: impl FnOnce(&mut Self) -> &mut Vec<T>, item: T) {
        let list = list(self);
        if list.len() < DIFFERENCES_MAX {
            list.push(item);
        } else {
            self.not_listed += 1;
        }
    }

    /// Tells what differs, now that it is known what is right. `early` says that the log ends before it should; of the
    /// entries that it names, those that lie elsewhere were not cut off.
    pub(in crate::read::verify) fn tell(
        mut self,
        settled: &Settled,
        early: Option<Finding>,
        findings: &mut Findings,
    ) {
        findings.not_listed += self.not_listed + settled.not_listed;
        let end = early.as_ref().and_then(|early| early.end_seq);
        if let Some((first, end)) = early.as_ref().and_then(|early| early.first_seq).zip(end)
            && self.missing.iter().all(|run| run.seqs.end != end)
        {
            self.missing.push(Run { seqs: first..end, file: "".into(), bytes: 0..0 });
        }
        let mut told = Vec::new();
        self.tell_displaced(&mut told);
        for run in &self.missing {
            match &early {
                Some(early) if end == Some(run.seqs.end) => {
                    told.push(Finding { first_seq: Some(run.seqs.start), ..early.clone() });
                }
                _ => told.push(gone(run)),
            }
        }
        for changed in &self.changed {
            tell_changed(changed, settled, &mut told);
        }
        for (run, count) in &self.inserted {
            let lines =
                if *count == 1 { "a line that is".to_owned() } else { format!("{count} lines that are") };
            told.push(run.finding(FindingKind::LineInserted, format!("{lines} no entry of the log")));
        }
        for run in &self.lost_newlines {
            told.push(
                run.finding(FindingKind::LineChanged, "the newline after the line was changed or removed"),
            );
        }
        tell_rows(settled, &mut told);
        told.sort_by_key(|finding| (finding.first_seq, finding.kind));
        merge_runs(&mut told);
        findings.extend(told);
    }

    /// A displaced line whose own place is empty was moved; else it is there twice.
    fn tell_displaced(&mut self, told: &mut Vec<Finding>) {
        for Displaced { run, before } in std::mem::take(&mut self.displaced) {
            let (seqs, file) = (run.seqs.clone(), run.file.clone());
            let mut rest = seqs.clone();
            while let Some(part) = self.take_missing(rest.clone()) {
                if rest.start < part.start {
                    told.push(doubled(&Run { seqs: rest.start..part.start, ..run.clone() }));
                }
                rest.start = part.end;
                let moved = Run { seqs: part, file: file.clone(), bytes: run.bytes.clone() };
                let text = format!("it lies before entry {before}");
                told.push(moved.finding(FindingKind::LineMoved, text));
            }
            if !rest.is_empty() {
                told.push(doubled(&Run { seqs: rest, ..run.clone() }));
            }
        }
    }

    /// Takes the first of `seqs` that are missing from what is missing.
    fn take_missing(&mut self, seqs: Range<u64>) -> Option<Range<u64>> {
        let at =
            self.missing.iter().position(|run| run.seqs.start < seqs.end && seqs.start < run.seqs.end)?;
        let run = self.missing.remove(at);
        let taken = seqs.start.max(run.seqs.start)..seqs.end.min(run.seqs.end);
        for rest in [taken.end..run.seqs.end, run.seqs.start..taken.start] {
            if !rest.is_empty() {
                self.missing.insert(at, Run { seqs: rest, ..run.clone() });
            }
        }
        Some(taken)
    }
}

fn doubled(run: &Run) -> Finding {
    run.finding(FindingKind::LineDuplicated, "it is there once more, and this one is too many")
}

/// Entries that nothing is left of: a whole segment when they begin and end where segments do.
fn gone(run: &Run) -> Finding {
    let count = run.seqs.end - run.seqs.start;
    run.finding(
        FindingKind::LineRemoved,
        format!("{count} {} gone", if count == 1 { "line is" } else { "lines are" }),
    )
}

fn tell_changed(changed: &Changed, settled: &Settled, told: &mut Vec<Finding>) {
    let Changed { run, line, stored, is_unfinished } = changed;
    let right = settled.right_for(run.seqs.start);
    if right == Right::NotCovered && *is_unfinished
        || right == Right::LikelyAndTiles
            && settled.changed_tiles.iter().any(|tile| tile.contains(&run.seqs.start))
    {
        return;
    }
    let finding = if settled.is_line_right(run.seqs.start, *line, *stored) {
        in_row(0, run.seqs.clone(), "it does not have the hash of the entry's line, which is right")
    } else {
        let text = match right {
            Right::NotCovered => "the line does not have its stored hash, and no checkpoint covers it yet",
            Right::None => "the line does not have its stored hash, and neither leads to a signed root",
            _ => "the line is not the one that was signed for",
        };
        run.finding(FindingKind::LineChanged, text)
    };
    told.push(finding);
}

fn tell_rows(settled: &Settled, told: &mut Vec<Finding>) {
    for (row, index) in &settled.rows {
        told.push(in_row(*row, *index..index + 1, "it does not have the hash of the entries under it"));
    }
    for tile in &settled.changed_tiles {
        told.push(Finding {
            first_seq: Some(tile.start),
            end_seq: Some(tile.end),
            ..Finding::new(
                FindingKind::EntriesAndTreeChanged,
                "entries among these were changed together with their hashes: tree/08 still has the signed ones",
            )
        });
    }
}

/// A finding about stored hashes.
fn in_row(row: u8, hashes: Range<u64>, message: &str) -> Finding {
    let span = 8 * u32::from(row);
    let width = HASH_LEN as u64;
    Finding {
        first_seq: Some(hashes.start << span),
        end_seq: Some(hashes.end << span),
        file: Some(layout::row(row)),
        bytes: Some(hashes.start * width..hashes.end * width),
        repairable: true,
        ..Finding::new(FindingKind::TreeChanged, message)
    }
}

/// Findings of one kind that go on from one another are one.
fn merge_runs(told: &mut Vec<Finding>) {
    told.dedup_by(|next, last| {
        let goes_on = match (&last.bytes, &next.bytes) {
            (Some(last), Some(next)) => last == next || (last.end..=last.end + 1).contains(&next.start),
            _ => false,
        };
        let is_one = goes_on
            && last.kind == next.kind
            && last.file == next.file
            && last.message == next.message
            && last.end_seq == next.first_seq
            && last.first_seq != last.end_seq;
        if is_one {
            last.end_seq = next.end_seq;
            if let (Some(last), Some(next)) = (&mut last.bytes, &next.bytes) {
                last.end = next.end;
            }
        }
        is_one
    });
}

/// Tells of signed roots that the entries do not have.
pub(in crate::read::verify) fn tell_roots(settled: &mut Settled, findings: &mut Findings) {
    for Contradiction { bad, good } in settled.contradictions.drain(..) {
        let (kind, text) = match bad.by {
            ExpectedBy::History(_) => (
                FindingKind::CheckpointHistoryInconsistent,
                format!(
                    "its root of size {} is not that of the entries, on which a later checkpoint agrees",
                    bad.size
                ),
            ),
            ExpectedBy::Newest | ExpectedBy::Pin => (
                FindingKind::Fork,
                format!("two histories are signed: the entries have another root at size {}", bad.size),
            ),
        };
        let evidence = vec![bad.text.clone(), good.text];
        findings.push(Finding { evidence, ..at_note(&bad, kind, text) });
    }
    if let Some(Broken { good, bad, count }) = settled.broken.take() {
        let text = format!(
            "the entries have the root of the checkpoint of size {good}, and not that of size {}{}: between the two, \
             entries were changed together with their hashes",
            bad.size,
            if count > 1 { format!(" nor of {} later ones", count - 1) } else { String::new() },
        );
        findings.push(Finding {
            first_seq: Some(good),
            end_seq: Some(bad.size),
            evidence: vec![bad.text.clone()],
            ..Finding::new(FindingKind::EntriesAndTreeChanged, text)
        });
    }
}

fn at_note(note: &Expected, kind: FindingKind, message: String) -> Finding {
    let (file, bytes) = match &note.by {
        ExpectedBy::History(bytes) => (Some(CHECKPOINTS.to_owned()), Some(bytes.clone())),
        ExpectedBy::Newest => (Some(CHECKPOINT.to_owned()), Some(0..note.text.len() as u64)),
        ExpectedBy::Pin => (None, None),
    };
    Finding { file, bytes, ..Finding::new(kind, message) }
}

/// Name of the plain segment that begins with `base`.
pub(in crate::read::verify) fn plain_name(base: u64) -> String {
    layout::segment(base, SegmentKind::Plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(seqs: Range<u64>) -> Run {
        Run { seqs, file: "file".into(), bytes: 5..9 }
    }

    fn kinds(found: &[Finding]) -> Vec<(FindingKind, u64, u64)> {
        found.iter().map(|found| (found.kind, found.first_seq.unwrap(), found.end_seq.unwrap())).collect()
    }

    #[test]
    fn displaced_lines_were_moved_where_their_places_are_empty_and_are_there_twice_elsewhere() {
        use FindingKind::{LineDuplicated, LineMoved};
        let check = |missing: &[(u64, u64)], expected: &[(FindingKind, u64, u64)], left: &[(u64, u64)]| {
            let missing = missing.iter().map(|(first, end)| run(*first..*end)).collect();
            let displaced = vec![Displaced { run: run(10..20), before: 3 }];
            let mut all = Differences { missing, displaced, ..Differences::default() };
            let mut told = Vec::new();
            all.tell_displaced(&mut told);
            assert_eq!(kinds(&told), expected);
            let mut rest: Vec<_> = all.missing.iter().map(|run| (run.seqs.start, run.seqs.end)).collect();
            rest.sort_unstable();
            assert_eq!(rest, left);
        };
        check(&[], &[(LineDuplicated, 10, 20)], &[]);
        check(&[(5, 10), (20, 25)], &[(LineDuplicated, 10, 20)], &[(5, 10), (20, 25)]);
        check(&[(10, 20)], &[(LineMoved, 10, 20)], &[]);
        check(&[(8, 30)], &[(LineMoved, 10, 20)], &[(8, 10), (20, 30)]);
        check(
            &[(8, 12), (18, 30)],
            &[(LineMoved, 10, 12), (LineDuplicated, 12, 18), (LineMoved, 18, 20)],
            &[(8, 10), (20, 30)],
        );
        check(
            &[(12, 14), (16, 18)],
            &[
                (LineDuplicated, 10, 12),
                (LineMoved, 12, 14),
                (LineDuplicated, 14, 16),
                (LineMoved, 16, 18),
                (LineDuplicated, 18, 20),
            ],
            &[],
        );
    }

    #[test]
    fn entries_that_lie_elsewhere_were_not_cut_off() {
        let early = Finding {
            first_seq: Some(30),
            end_seq: Some(40),
            ..Finding::new(FindingKind::Truncated, "cut off")
        };
        let displaced = vec![Displaced { run: run(30..33), before: 3 }];
        let all = Differences { missing: vec![run(30..40)], displaced, ..Differences::default() };
        let mut findings = Findings::default();
        all.tell(&Settled::default(), Some(early), &mut findings);
        let expected = [(FindingKind::LineMoved, 30, 33), (FindingKind::Truncated, 33, 40)];
        assert_eq!(kinds(&findings.list), expected);
    }

    #[test]
    fn findings_are_one_when_all_but_their_places_is_the_same_and_those_go_on() {
        let finding = |kind, seqs: Range<u64>, file: &str, bytes: Option<Range<u64>>, text: &str| Finding {
            first_seq: Some(seqs.start),
            end_seq: Some(seqs.end),
            file: Some(file.to_owned()),
            bytes,
            ..Finding::new(kind, text)
        };
        use FindingKind::{LineChanged, LineRemoved};
        let first = finding(LineChanged, 1..2, "a", Some(0..10), "text");
        let check = |next: Finding, merged: Option<(Range<u64>, Range<u64>)>| {
            let mut told = vec![first.clone(), next.clone()];
            merge_runs(&mut told);
            let expected = match merged {
                Some((seqs, bytes)) => vec![finding(LineChanged, seqs, "a", Some(bytes), "text")],
                None => vec![first.clone(), next],
            };
            assert_eq!(told, expected);
        };
        check(finding(LineChanged, 2..3, "a", Some(10..20), "text"), Some((1..3, 0..20)));
        check(finding(LineChanged, 2..3, "a", Some(11..20), "text"), Some((1..3, 0..20)));
        check(finding(LineChanged, 2..3, "a", Some(0..10), "text"), Some((1..3, 0..10)));
        check(finding(LineChanged, 2..3, "a", Some(12..20), "text"), None);
        check(finding(LineChanged, 2..3, "a", Some(9..20), "text"), None);
        check(finding(LineChanged, 2..3, "a", None, "text"), None);
        check(finding(LineChanged, 3..4, "a", Some(10..20), "text"), None);
        check(finding(LineChanged, 2..3, "b", Some(10..20), "text"), None);
        check(finding(LineChanged, 2..3, "a", Some(10..20), "other"), None);
        check(finding(LineRemoved, 2..3, "a", Some(10..20), "text"), None);
        // What is in no entry's place.
        let inserted = finding(LineChanged, 2..2, "a", Some(0..10), "text");
        let mut told = vec![inserted.clone(), inserted.clone()];
        merge_runs(&mut told);
        assert_eq!(told, [inserted.clone(), inserted]);
    }

    #[test]
    fn what_the_trees_left_out_is_counted_too() {
        let mut settled = Settled::default();
        settled.not_listed += 3;
        let differences = Differences { not_listed: 2, ..Differences::default() };
        let mut findings = Findings { list: Vec::new(), not_listed: 1 };
        differences.tell(&settled, None, &mut findings);
        assert_eq!((findings.list, findings.not_listed), (Vec::new(), 6));
    }
}
