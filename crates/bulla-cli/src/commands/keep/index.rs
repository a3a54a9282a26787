//! `bulla index`: builds the search index, or brings it up to date.

use std::time::Duration;

use anyhow::{Context, bail};
use bulla_search::{Damage, INDEX_DIRECTORY, Index, IndexOptions};
use serde_json::json;

use crate::args::IndexArgs;
use crate::ended::Ended;
use crate::invocation::Invocation;
use crate::log_access;
use crate::output::amount::counted;
use crate::output::progress;

/// Between two looks at how far it is.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

pub(crate) fn run(this: &mut Invocation, args: &IndexArgs) -> anyhow::Result<Ended> {
    let reader = log_access::reader(&this.log)?;
    let directory = this.log.join(INDEX_DIRECTORY);
    if args.rebuild {
        bulla_search::remove(&directory).with_context(|| format!("remove {}", directory.display()))?;
    }
    let size = reader.size()?;
    let index = Index::follow(&directory, reader, IndexOptions::default()).context("start indexing")?;
    let bar = progress::over_entries(size, "indexing");
    while !index.wait_complete_to(size, LOOK_AGAIN) {
        let status = index.status();
        bar.set_position(status.progress.indexed.min(size));
        match status.trouble {
            None => {}
            // It is being built anew.
            Some(Damage::Content(_) | Damage::Foreign(_)) => {}
            Some(Damage::Busy) => bail!(
                "another process keeps the index of {} already (`bulla serve`?): nothing is left to do",
                this.log.display()
            ),
            Some(trouble) => bail!("{trouble}"),
        }
    }
    index.close();
    bar.finish_and_clear();
    if this.json {
        this.out.json(&json!({"complete_to_seq": size, "directory": directory}))?;
    } else {
        let entries = counted(size, "entry is", "entries are");
        this.out.line(format!("{entries} in the index {}", directory.display()))?;
    }
    Ok(Ended::Fine)
}
