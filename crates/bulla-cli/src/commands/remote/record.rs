//! `bulla record` on a server: one entry from arguments, or JSON Lines from stdin, each answered with a receipt.
//!
//! The server redacts and judges. A line that it rejects is not in the log; it is named by its number.

use std::io::{BufRead, BufReader, Cursor, Read};
use std::sync::mpsc::{Receiver, sync_channel};

use anyhow::Context;
use bulla_client::{Client, ClientError, Receipt, RecordOptions};
use serde_json::json;

use crate::args::RecordArgs;
use crate::commands::write::record::entry;
use crate::ended::Ended;
use crate::invocation::Invocation;
use crate::output::amount::counted;
use crate::output::palette::painted;
use crate::output::talk;
use crate::output::text::shown;

/// 1,000 lines of one request, or 1 MiB: some milliseconds of work for the server.
const BATCH_LINES: usize = 1000;
const BATCH_BYTES: usize = 1 << 20;
/// 1 MiB: the longest line that a server reads.
const LINE_BYTES_MAX: u64 = 1 << 20;
/// 100: more complaints than anybody reads.
const BAD_LINES_NAMED_MAX: u64 = 100;

pub(super) fn run(this: &mut Invocation, client: &Client, args: RecordArgs) -> anyhow::Result<Ended> {
    if args.stdin.is_some() {
        return record_stdin(this, client);
    }
    let entry = serde_json::to_vec(&entry(args)?).context("write the entry as JSON")?;
    let receipt = client.record(&entry, &RecordOptions::default()).map_err(explained)?;
    print(this, &receipt)?;
    Ok(Ended::Fine)
}

/// A line of stdin and its number, from 1.
type Numbered = (u64, Vec<u8>);

fn record_stdin(this: &mut Invocation, client: &Client) -> anyhow::Result<Ended> {
    let (lines, waiting) = sync_channel(BATCH_LINES);
    // Lines that are there go together; a line that comes alone does not wait for others.
    let reading = std::thread::spawn(move || read_lines(std::io::stdin(), &|line| lines.send(line).is_ok()));
    let mut bad = 0_u64;
    while let Some(batch) = batch(&waiting) {
        let body: Vec<u8> = batch.iter().flat_map(|(_, line)| [line.as_slice(), b"\n"].concat()).collect();
        let recorded =
            client.record_lines(&mut Cursor::new(body), &RecordOptions::default()).map_err(explained)?;
        recorded.receipts.iter().try_for_each(|receipt| print(this, receipt))?;
        this.out.flush()?;
        for rejected in &recorded.rejected {
            bad += 1;
            if bad <= BAD_LINES_NAMED_MAX {
                let number = batch.get(rejected.index as usize).map_or(0, |(number, _)| *number);
                talk::warn(format!("line {number}: {}", rejected.detail));
            }
        }
    }
    reading.join().expect("the reading thread does not panic").context("read stdin")?;
    if bad > 0 {
        talk::warn(format!("{} rejected and not in the log", counted(bad, "line was", "lines were")));
    }
    Ok(Ended::fine_if(bad == 0))
}

/// What can go in one request now; `None` behind the last line.
fn batch(waiting: &Receiver<Numbered>) -> Option<Vec<Numbered>> {
    let first = waiting.recv().ok()?;
    let mut bytes = first.1.len();
    let mut batch = vec![first];
    while batch.len() < BATCH_LINES
        && bytes < BATCH_BYTES
        && let Ok(line) = waiting.try_recv()
    {
        bytes += line.1.len();
        batch.push(line);
    }
    Some(batch)
}

/// Reads lines until the end, or until nobody wants more. Blank ones are left out.
fn read_lines(input: impl Read, give: &dyn Fn(Numbered) -> bool) -> std::io::Result<()> {
    let mut input = BufReader::new(input);
    for number in 1.. {
        let mut line = Vec::new();
        if input.by_ref().take(LINE_BYTES_MAX).read_until(b'\n', &mut line)? == 0 {
            break;
        }
        if line.last() != Some(&b'\n') {
            // The rest of a line that is too long: the server says so of what it gets.
            input.skip_until(b'\n')?;
        }
        let content = line.trim_ascii();
        if !content.is_empty() && !give((number, content.to_vec())) {
            break;
        }
    }
    Ok(())
}

fn explained(error: ClientError) -> anyhow::Error {
    let is_unknown = matches!(error, ClientError::Unreachable { .. });
    let error = anyhow::Error::new(error);
    if is_unknown {
        return error.context("entries without a receipt may or may not be recorded");
    }
    error
}

fn print(this: &mut Invocation, receipt: &Receipt) -> anyhow::Result<()> {
    if this.json {
        return this.out.json(&json!({
            "seq": receipt.seq, "leaf_hash": receipt.leaf_hash, "recorded_at": receipt.recorded_at,
            "state": receipt.state,
        }));
    }
    let state = painted(this.palette.good, &shown(&receipt.state));
    let again = if receipt.duplicate { "  (it had come before)" } else { "" };
    let (at, leaf) = (shown(&receipt.recorded_at), shown(&receipt.leaf_hash));
    this.out.line(format!("#{}  {state}  {at}  leaf {leaf}{again}", receipt.seq))
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    #[test]
    fn lines_keep_their_numbers_and_blank_ones_are_left_out() {
        let given = RefCell::new(Vec::new());
        let give = |(number, line): Numbered| {
            given.borrow_mut().push((number, String::from_utf8(line).unwrap()));
            true
        };
        read_lines("{}\n\n  {\"a\":1} \r\nlast".as_bytes(), &give).unwrap();
        let expected =
            [(1, "{}"), (3, "{\"a\":1}"), (4, "last")].map(|(number, line)| (number, line.to_owned()));
        assert_eq!(given.into_inner(), expected);
    }

    #[test]
    fn a_line_that_is_too_long_is_one_line() {
        let given = RefCell::new(Vec::new());
        let long = [vec![b'x'; LINE_BYTES_MAX as usize + 100], b"\n{}\n".to_vec()].concat();
        let give = |(number, line): Numbered| {
            given.borrow_mut().push((number, line.len()));
            true
        };
        read_lines(long.as_slice(), &give).unwrap();
        assert_eq!(given.into_inner(), [(1, LINE_BYTES_MAX as usize), (2, 2)]);
    }
}
