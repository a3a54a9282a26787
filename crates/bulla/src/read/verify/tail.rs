//! What later entries say of earlier times: that a payload was erased, and how far a checkpoint once covered. And what
//! behind the end of the log can be no entry on its way.

use std::sync::Arc;

use bulla_proof::{Finding, FindingKind};
use memchr::memmem;
use serde::Deserialize;

use crate::read::verify::VerifyError;
use crate::read::verify::payloads::{LostPayloads, PayloadNews, Payloads};
use crate::read::verify::snapshot::{Snapshot, open_segment};
use crate::store::disk::{Disk, DiskError, During, read_up_to};
use crate::store::layout::{CHECKPOINTS, SegmentKind};
use crate::store::segment::catalogue::Segments;
use crate::store::segment::line;

/// Name of the entry that an opening of the log records.
const OPENED: &str = "log.opened";

/// Looks for records of erasures, in entries that came since the others were read too.
pub(in crate::read::verify) fn look_for_erasures(
    disk: &Arc<dyn Disk>,
    payloads: &Payloads,
    lost: &mut LostPayloads,
) -> Result<(), VerifyError> {
    let segments = Segments::open(disk.clone())?;
    let mut from = 0;
    while lost.is_missing_some() {
        let mut lines = segments.lines_from(from);
        while let Some((_, line)) = readable(lines.next_line())? {
            let mut news = PayloadNews::default();
            payloads.erasures(line, &mut news);
            lost.add(news);
        }
        // Behind a damaged line it goes on with the next segment.
        let next = segments.list().into_iter().map(|segment| segment.base).find(|base| *base > from);
        let Some(next) = next else { break };
        from = next;
    }
    Ok(())
}

/// An opening records how far the newest checkpoint reached: one that reaches less far now was put back.
pub(in crate::read::verify) fn look_for_later_checkpoint(
    disk: &Arc<dyn Disk>,
    signed: u64,
    entries: u64,
) -> Result<Option<Finding>, VerifyError> {
    #[derive(Deserialize)]
    struct Opened {
        event_name: Option<String>,
        detail: Detail,
    }
    #[derive(Deserialize)]
    struct Detail {
        recovery: Recovery,
    }
    #[derive(Deserialize)]
    struct Recovery {
        covered: u64,
    }
    let segments = Segments::open(disk.clone())?;
    let mut lines = segments.lines_from(signed);
    // What came since the entries were counted may know of newer checkpoints.
    while let Some((seq, line)) = readable(lines.next_line())?.filter(|(seq, _)| *seq < entries) {
        if memmem::find(line, OPENED.as_bytes()).is_none() {
            continue;
        }
        let Ok(opened) = serde_json::from_slice::<Opened>(line) else { continue };
        let covered = opened.detail.recovery.covered;
        if opened.event_name.as_deref() == Some(OPENED) && covered > signed {
            let text = format!(
                "when the log was opened at entry {seq}, its newest checkpoint had size {covered}; now it has {signed}"
            );
            return Ok(Some(Finding {
                first_seq: Some(signed),
                end_seq: Some(covered),
                file: Some(CHECKPOINTS.to_owned()),
                ..Finding::new(FindingKind::RolledBack, text)
            }));
        }
    }
    Ok(None)
}

/// Lines end where the log is damaged, which is told elsewhere; a disk that fails says nothing of what it holds.
fn readable<T>(line: Result<Option<T>, DiskError>) -> Result<Option<T>, DiskError> {
    match line {
        Err(error) if error.is_damage() || error.is_missing() => Ok(None),
        line => line,
    }
}

/// 8 MiB: what is behind the end is at most a batch and a line, and what came while the log was looked at.
const TAIL_BYTES_MAX: u64 = 8 * 1024 * 1024;

/// A whole line behind the end of the log that bears the number of an entry before it and is not that entry: no crash
/// and no writer leaves that. (Where it is that entry, the second pass knows it.) The lines before the end are known to be in order, so it is the first that does not go on from the one before.
pub(in crate::read::verify) fn look_for_repeated_line(
    disk: &Arc<dyn Disk>,
    snapshot: &Snapshot,
) -> Result<Option<Finding>, VerifyError> {
    let hashes = snapshot.rows.len(0);
    let Some(span) = snapshot.segments.last() else { return Ok(None) };
    let Some((segment, file)) = open_segment(disk.as_ref(), span.segment)? else { return Ok(None) };
    if segment.kind != SegmentKind::Plain {
        return Ok(None);
    }
    let name = segment.name();
    let mut at = span.bytes.saturating_sub(TAIL_BYTES_MAX);
    let mut bytes = vec![0; usize::try_from(span.bytes - at).expect("a few MiB")];
    let count = read_up_to(file.as_ref(), &mut bytes, at).during("read", disk.describe(&name))?;
    let mut before = None;
    for line in bytes[..count].split_inclusive(|byte| *byte == b'\n') {
        let start = at;
        at += line.len() as u64;
        let Some(line) = line.strip_suffix(b"\n") else { break };
        let Some((seq, _)) = line::parse_prefix(line) else { continue };
        if before.is_some_and(|before| seq <= before) && seq < hashes && line::is_whole(line, seq) {
            let text = "another line bears its number, behind the end of the log";
            return Ok(Some(Finding {
                first_seq: Some(seq),
                end_seq: Some(seq + 1),
                file: Some(name),
                bytes: Some(start..start + line.len() as u64),
                ..Finding::new(FindingKind::LineInserted, text)
            }));
        }
        before = Some(seq);
    }
    Ok(None)
}
