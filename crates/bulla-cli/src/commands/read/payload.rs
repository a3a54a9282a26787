//! `bulla show --payload`: content that lies beside the log, as it was given.

use anyhow::bail;
use bulla::{LogReader, StoredEntry};

use crate::ended::Ended;
use crate::invocation::Invocation;
use crate::output::amount::counted;
use crate::output::talk;

/// 256 KiB.
const BLOCK: usize = 256 * 1024;

/// Prints the content of payload number `place` of an entry, if it is what was recorded.
pub(super) fn print(
    this: &mut Invocation,
    log: &LogReader,
    entry: &StoredEntry,
    place: usize,
) -> anyhow::Result<Ended> {
    let seq = entry.seq();
    let payloads = entry.entry()?.payloads;
    let Some(named) = payloads.get(place) else {
        let count = counted(payloads.len() as u64, "payload", "payloads");
        bail!("entry {seq} has {count}, numbered from 0: there is no {place}");
    };
    let Some(reference) = &named.reference else {
        bail!("entry {seq} names its payload {place}, and the content was never in this log");
    };
    let Some(content) = log.open_payload(reference)? else {
        bail!(
            "the file of payload {place} of entry {seq} is not there: it was erased or lost; `bulla verify` says which"
        );
    };
    if !content.is_whole()? {
        talk::warn(format_args!(
            "payload {place} of entry {seq} is not what was recorded; nothing of it is printed, and `bulla verify` says more"
        ));
        return Ok(Ended::FoundWrong);
    }
    let (mut block, mut at) = (vec![0; BLOCK], 0);
    while at < content.size() {
        let count = content.read_at(&mut block, at)?;
        if count == 0 {
            bail!("payload {place} of entry {seq} was cut while it was read");
        }
        this.out.bytes(&block[..count])?;
        at += count as u64;
    }
    this.out.flush()?;
    Ok(Ended::Fine)
}
