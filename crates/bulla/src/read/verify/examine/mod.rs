//! The second pass, when the first found that something differs: one thread, line by line where it does, to say what
//! is wrong and where.

mod align;
mod differences;
mod frames;
pub(in crate::read::verify) mod lines;
mod truth;

use std::ops::Range;
use std::sync::Arc;

use bulla_proof::{Finding, FindingKind, HASH_LEN};

use crate::read::verify::VerifyError;
use crate::read::verify::checkpoints::expected::ExpectedRoots;
use crate::read::verify::examine::align::{Aligner, Placed};
use crate::read::verify::examine::differences::{Differences, plain_name, tell_roots};
use crate::read::verify::examine::frames::Misplaced;
use crate::read::verify::examine::lines::{Body, Line, Next, SegmentLines};
use crate::read::verify::examine::truth::Truth;
use crate::read::verify::findings::Findings;
use crate::read::verify::lengths::check_lengths;
use crate::read::verify::payloads::{LostPayloads, Payloads};
use crate::read::verify::prefix::{Time, is_time};
use crate::read::verify::snapshot::{Snapshot, Span, open_segment};
use crate::read::verify::sweep::Swept;
use crate::store::disk::{Disk, During, is_damage};
use crate::store::layout::{self, SegmentKind, TILE_WIDTH};
use crate::store::segment::sealed::SealedReader;

/// Looks at everything that the first pass did not find to be right. Gives the number of entries.
pub(in crate::read::verify) fn examine(
    disk: &Arc<dyn Disk>,
    snapshot: &Snapshot,
    roots: ExpectedRoots<'_>,
    payloads: &Payloads,
    swept: &mut Swept,
    signed: u64,
    findings: &mut Findings,
) -> Result<u64, VerifyError> {
    let hashes = snapshot.rows.len(0);
    let mut examination = Examination {
        disk,
        payloads,
        truth: Truth::new(&snapshot.rows, roots),
        differences: Differences::default(),
        lost: std::mem::take(&mut swept.lost),
        direct: Vec::new(),
        hashes,
        end: hashes.max(signed),
        entries: 0,
        last_time: None,
        cut: None,
        is_closed: false,
    };
    for (index, span) in snapshot.segments.iter().enumerate() {
        examination.go_to(span)?;
        let has_all_hashes =
            examination.hashes == examination.end || span.end.is_some_and(|end| end <= hashes);
        if swept.is_segment_same[index] && has_all_hashes {
            examination.pass_same(span, swept.ends[index].entries, swept.ends[index].time)?;
        } else {
            examination.look_at(span)?;
        }
    }
    examination.tell(snapshot, signed, swept, findings)
}

struct Examination<'a> {
    disk: &'a Arc<dyn Disk>,
    payloads: &'a Payloads,
    truth: Truth<'a>,
    differences: Differences,
    lost: LostPayloads,
    /// What is wrong whichever hashes are right.
    direct: Vec<Finding>,
    /// Entries that have a hash.
    hashes: u64,
    /// Entries that have a hash or are signed for.
    end: u64,
    /// Number after the last whole line.
    entries: u64,
    last_time: Option<Time>,
    /// Where the log ends, when it should go on: the file and the bytes behind the last whole line.
    cut: Option<(Arc<str>, Range<u64>)>,
    /// Whether the last line records that the log was closed.
    is_closed: bool,
}

impl Examination<'_> {
    /// Entries between the segment before and this one are in no file.
    fn go_to(&mut self, span: &Span) -> Result<(), VerifyError> {
        let from = self.truth.position();
        let base = span.segment.base;
        if from < base.min(self.end) {
            self.pass_missing(base.min(self.end))?;
            self.direct.push(Finding {
                first_seq: Some(from),
                end_seq: Some(base),
                file: Some(plain_name(from)),
                ..Finding::new(FindingKind::FileMissing, "the segment is gone, with its entries")
            });
        } else if self.entries < base && base > self.end {
            let text = format!("it should begin with entry {}", self.entries);
            self.direct.push(Finding {
                file: Some(span.segment.name()),
                ..Finding::new(FindingKind::FileUnexpected, text)
            });
        }
        Ok(())
    }

    /// The lines are those of the hashes.
    fn pass_same(&mut self, span: &Span, entries: u64, time: Option<Time>) -> Result<(), VerifyError> {
        self.pass_missing(span.hashed_end(self.hashes))?;
        self.entries = entries;
        self.last_time = time.or(self.last_time);
        Ok(())
    }

    /// Lines of these entries are not there, or are known to be right.
    fn pass_missing(&mut self, end: u64) -> Result<(), VerifyError> {
        while self.truth.position() < end {
            self.truth.push(None)?;
        }
        Ok(())
    }

    /// Reads a segment line by line.
    fn look_at(&mut self, span: &Span) -> Result<(), VerifyError> {
        let base = span.segment.base;
        let last = span.end.is_none();
        let end = span.end.unwrap_or(self.end).max(base);
        let Some((file, body, readable)) = self.open(span)? else {
            return self.pass_missing(end.min(self.end));
        };
        let mut lines = SegmentLines::new(body, self.disk.describe(&file), self.payloads);
        let mut aligner = Aligner::new(base, span.end.unwrap_or(u64::MAX), self.hashes);
        let mut place = Place {
            base,
            at: 0,
            file: file.clone(),
            is_last: last,
            end,
            readable,
            misplaced: Misplaced::default(),
        };
        while let Some(next) = lines.next(|seq| self.truth.stored(seq))? {
            match next {
                Next::Line(line) => {
                    if last && line.is_torn && line.no_newline.is_none() {
                        place.at = line.bytes.start;
                        self.cut = Some((file.clone(), line.bytes));
                        continue;
                    }
                    let is_known = self.is_known(&line)?;
                    aligner.add(line, is_known, &mut |placed| self.place(placed, &mut place))?;
                }
                Next::Unreadable { bytes, lines, reason } => {
                    let lost = (base + lines.start).min(end)..(base + lines.end).min(end);
                    aligner.settle_to(lost.start, &mut |placed| self.place(placed, &mut place))?;
                    self.pass_missing(lost.end.min(self.end))?;
                    self.unreadable(&file, bytes, lost.clone(), reason, false);
                    aligner.skip_to(lost.end);
                }
                Next::Empty(frame) => place.misplaced.frame(&frame),
            }
        }
        aligner.settle_to(end, &mut |placed| self.place(placed, &mut place))?;
        self.direct.extend(place.misplaced.finding(&file));
        if last && self.entries < self.end && self.cut.is_none() {
            self.cut = Some((file, place.at..place.at));
        }
        Ok(())
    }

    /// Opens a segment as well as it can be; gives its name, and the number up to which it can be read.
    fn open(&mut self, span: &Span) -> Result<Option<(Arc<str>, Body, u64)>, VerifyError> {
        let base = span.segment.base;
        let end = span.end.unwrap_or(self.end).min(self.end).max(base);
        let Some((segment, file)) = open_segment(self.disk.as_ref(), span.segment)? else {
            self.direct.push(Finding {
                first_seq: Some(base),
                end_seq: Some(end),
                file: Some(span.segment.name()),
                ..Finding::new(FindingKind::FileMissing, "the segment is gone, with its entries")
            });
            return Ok(None);
        };
        let name: Arc<str> = segment.name().into();
        if segment.kind == SegmentKind::Plain {
            return Ok(Some((name, Body::Plain { file, len: span.bytes }, end)));
        }
        let described = self.disk.describe(&name);
        match SealedReader::open(file.clone()) {
            Ok(reader) => Ok(Some((name, Body::Sealed(reader), end))),
            Err(error) if is_damage(&error) => {
                let len = file.len().during("measure", &described)?;
                let (reader, frames_end) = SealedReader::walk(file).during("read", &described)?;
                let held = (base + reader.frames().len() as u64 * TILE_WIDTH).min(end);
                self.unreadable(&name, frames_end..len, held..end, error.to_string(), held == end);
                Ok(Some((name, Body::Sealed(reader), held)))
            }
            Err(error) => Err(error).during("open", &described).map_err(VerifyError::from),
        }
    }

    fn unreadable(
        &mut self,
        file: &Arc<str>,
        bytes: Range<u64>,
        seqs: Range<u64>,
        reason: String,
        repairable: bool,
    ) {
        self.direct.push(Finding {
            first_seq: Some(seqs.start),
            end_seq: Some(seqs.end),
            file: Some(file.to_string()),
            bytes: Some(bytes),
            repairable,
            ..Finding::new(FindingKind::SegmentUnreadable, reason)
        });
    }

    /// Whether the line is the entry that it says it is.
    fn is_known(&mut self, line: &Line) -> Result<bool, VerifyError> {
        let Some(seq) = line.seq else { return Ok(false) };
        Ok(self.truth.stored(seq)? == Some(line.hash))
    }

    fn place(&mut self, placed: Placed, place: &mut Place) -> Result<(), VerifyError> {
        match placed {
            Placed::At(seq, line) => {
                place.at = place.at.max(line.bytes.end + 1);
                if seq < self.end || line.seq == Some(seq) {
                    self.entries = self.entries.max(seq + 1);
                    self.is_closed = line.closes;
                }
                if seq < self.end {
                    self.pass_missing(seq)?;
                    self.compare(seq, line, place)?;
                }
            }
            Placed::Missing(from, to) => {
                let to = to.min(self.end);
                self.pass_missing(to)?;
                let is_told = from >= place.readable && place.readable < place.end;
                if !is_told && from < to {
                    self.tell_missing(from..to, place);
                }
            }
            Placed::Inserted(before, line) if before < self.end || !place.is_last => {
                self.differences.inserted(before, &place.file, &line);
            }
            // Behind the hashes anything may be on its way.
            Placed::Inserted(..) => {}
            Placed::Displaced(seq, before, line) => {
                self.differences.displaced(seq, before, &place.file, &line);
            }
        }
        Ok(())
    }

    /// Whole tiles up to the next segment are most likely a segment that is gone.
    fn tell_missing(&mut self, seqs: Range<u64>, place: &Place) {
        if seqs.end == place.end && seqs.start.is_multiple_of(TILE_WIDTH) && !place.is_last {
            let text = format!(
                "the segment is gone, with its entries; or they were cut from the end of {}",
                place.file
            );
            self.direct.push(Finding {
                first_seq: Some(seqs.start),
                end_seq: Some(seqs.end),
                file: Some(plain_name(seqs.start)),
                ..Finding::new(FindingKind::FileMissing, text)
            });
        } else {
            self.differences.missing(seqs, &place.file, place.at);
        }
    }

    /// Compares the line in the place of an entry with the stored hash.
    fn compare(&mut self, seq: u64, line: Line, place: &mut Place) -> Result<(), VerifyError> {
        let stored = self.truth.stored(seq)?;
        self.truth.push(Some(line.hash))?;
        if let Some(stored) = stored.filter(|stored| *stored != line.hash) {
            self.differences.changed(seq, &place.file, &line, stored);
            return Ok(());
        }
        if line.frame.is_some_and(|frame| frame != (seq - place.base) / TILE_WIDTH) {
            place.misplaced.entry(seq, &line.bytes);
        }
        if let Some(gap) = &line.no_newline {
            self.differences.lost_newline(seq, &place.file, gap);
        }
        self.check_prefix(seq, &line, place);
        self.last_time = line.time.or(self.last_time);
        if let Some(news) = line.news {
            self.lost.add(*news);
        }
        Ok(())
    }

    /// The recorder's own fields of a line that is as it was written: wrong only if they were written so.
    fn check_prefix(&mut self, seq: u64, line: &Line, place: &Place) {
        let at = |kind, message| Finding {
            first_seq: Some(seq),
            end_seq: Some(seq + 1),
            file: Some(place.file.to_string()),
            bytes: Some(line.bytes.clone()),
            ..Finding::new(kind, message)
        };
        if line.seq != Some(seq) {
            let borne = line.seq.map_or_else(|| "no number".to_owned(), |seq| format!("number {seq}"));
            self.push_direct(at(FindingKind::SeqWrong, format!("the line bears {borne}, and was signed so")));
        }
        let is_late = match (&line.time, &self.last_time) {
            (Some(time), last) => is_time(time) && last.is_none_or(|last| last <= *time),
            (None, _) => line.seq.is_none(),
        };
        if !is_late {
            let text = "recorded_at is no time, or before that of an earlier entry, and was signed so";
            self.push_direct(at(FindingKind::RecordedAtWrong, text.to_owned()));
        }
    }

    fn push_direct(&mut self, finding: Finding) {
        if self.direct.len() <= crate::read::verify::findings::FINDINGS_MAX {
            self.direct.push(finding);
        }
    }

    /// Brings together what was found.
    fn tell(
        mut self,
        snapshot: &Snapshot,
        signed: u64,
        swept: &mut Swept,
        findings: &mut Findings,
    ) -> Result<u64, VerifyError> {
        self.pass_missing(self.end)?;
        swept.lost = std::mem::take(&mut self.lost);
        let is_told = self
            .direct
            .iter()
            .any(|finding| finding.first_seq <= Some(self.entries) && finding.end_seq >= Some(self.end));
        let early = (self.entries < self.end && !is_told).then(|| ends_early(&self, signed));
        let mut settled = self.truth.finish()?;
        swept.roots = settled.compared;
        self.direct.sort_by_key(|finding| finding.first_seq);
        findings.extend(self.direct);
        tell_roots(&mut settled, findings);
        self.differences.tell(&settled, early, findings);
        let entries = self.entries.max(self.end);
        findings.extend(check_lengths(&snapshot.rows, 0, signed, entries));
        Ok(self.entries)
    }
}

/// Where lines of a segment are placed.
struct Place {
    /// Number of the segment's first entry.
    base: u64,
    /// Offset behind the last line in its place.
    at: u64,
    file: Arc<str>,
    is_last: bool,
    /// Number after the segment's last entry.
    end: u64,
    /// From this number on it is told already that entries are not there.
    readable: u64,
    misplaced: Misplaced,
}

/// Fewer lines than are signed for, or than there are hashes.
fn ends_early(found: &Examination<'_>, signed: u64) -> Finding {
    let Examination { entries, hashes, end, .. } = found;
    if *entries >= signed && found.is_closed {
        let text = format!("it has {hashes} hashes, and the log was closed with {entries} entries");
        return Finding {
            first_seq: Some(*entries),
            end_seq: Some(*end),
            file: Some(layout::row(0)),
            bytes: Some(entries * HASH_LEN as u64..end * HASH_LEN as u64),
            repairable: true,
            ..Finding::new(FindingKind::TreeChanged, text)
        };
    }
    let text = if *entries < signed {
        format!("a checkpoint of size {signed} is signed, and only {entries} entries are there")
    } else {
        format!(
            "tree/00 has the hashes of {hashes} entries, and only {entries} are there: the others, which no checkpoint \
             covers yet, were cut off, or the file was extended"
        )
    };
    let (file, bytes) = found.cut.clone().unzip();
    Finding {
        first_seq: Some(*entries),
        end_seq: Some(*end),
        file: file.map(|file| file.to_string()),
        bytes,
        ..Finding::new(FindingKind::Truncated, text)
    }
}
