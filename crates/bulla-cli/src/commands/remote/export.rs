//! `bulla export` of a server's log: the server writes the format and records the export.

use std::io::Read;

use anyhow::Context;
use bulla_client::{Client, Search};

use crate::args::ExportArgs;
use crate::commands::read::export::write_to;
use crate::ended::Ended;
use crate::output::{progress, talk};

/// 64 KiB are read and written at once.
const BLOCK: usize = 64 << 10;

pub(super) fn run(client: &Client, args: &ExportArgs) -> anyhow::Result<Ended> {
    let mut search = Search::of(args.query.text());
    search.from.clone_from(&args.period.since);
    search.to.clone_from(&args.period.until);
    write_to(args, |sink| {
        let mut export = client.export(&search, args.format.as_str())?;
        let bar = progress::over_bytes(None, "exporting");
        let mut block = vec![0; BLOCK];
        loop {
            let read = export.read(&mut block);
            let read = read.context("read the export, which is not whole: it broke off")?;
            if read == 0 {
                break;
            }
            sink.write_all(&block[..read]).with_context(|| match &args.output {
                Some(path) => format!("write {}", path.display()),
                None => "write to stdout".to_owned(),
            })?;
            bar.inc(read as u64);
        }
        bar.finish_and_clear();
        Ok(())
    })?;
    if let Some(path) = &args.output {
        talk::note(format!("written to {}", path.display()));
    }
    Ok(Ended::Fine)
}
