//! What later entries say of earlier times: that a payload was erased, and how far a checkpoint once covered.

use std::sync::Arc;

use bulla_proof::{Finding, FindingKind};
use memchr::memmem;
use serde::Deserialize;

use crate::read::verify::VerifyError;
use crate::read::verify::payloads::{LostPayloads, PayloadNews, Payloads};
use crate::store::disk::Disk;
use crate::store::layout::CHECKPOINTS;
use crate::store::segment::catalogue::Segments;

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
        while let Ok(Some((_, line))) = lines.next_line() {
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
    let mut next = signed;
    // What cannot be read is told elsewhere.
    while next < entries
        && let Ok(Some((seq, line))) = lines.next_line()
    {
        next = seq + 1;
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
