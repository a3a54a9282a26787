//! `bulla tail`: the newest entries, and with `-f` those that follow, whichever process writes them.

use crate::args::TailArgs;
use crate::commands::read::follow::Growth;
use crate::commands::read::search;
use crate::ended::Ended;
use crate::interrupt::channel_of_interrupts;
use crate::invocation::Invocation;
use crate::log_access;
use crate::output::talk;

pub(crate) fn run(this: &mut Invocation, args: &TailArgs) -> anyhow::Result<Ended> {
    let filter = this.filter(&args.query.text(), None, None)?;
    let reader = log_access::reader(&this.log)?;
    let mut shown = reader.size()?;
    let mut newest = Vec::new();
    let mut is_damaged = false;
    let mut entries = reader.filter_back(filter.clone(), 0..shown);
    while newest.len() < args.lines
        && let Some(entry) = entries.next()
    {
        match entry {
            Ok(entry) => newest.push(entry),
            Err(error) => {
                is_damaged = true;
                talk::warn(error);
            }
        }
    }
    newest.iter().rev().try_for_each(|entry| search::print(this, entry))?;
    this.out.flush()?;
    if !args.follow {
        return Ok(Ended::fine_if(!is_damaged));
    }
    let growth = Growth::new(reader.clone(), channel_of_interrupts()?);
    while let Some(size) = growth.beyond(shown)? {
        for entry in reader.filter(filter.clone(), shown..size) {
            search::print(this, &entry?)?;
        }
        this.out.flush()?;
        shown = size;
    }
    Ok(Ended::Fine)
}
