//! A writer in a process of its own: what it is fed, what it acknowledged, and how it ended. Nothing waits for ever.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// One minute: whatever takes longer hangs.
pub(super) const BOUND: Duration = Duration::from_secs(60);

/// Two milliseconds between two looks at a condition.
const LOOK: Duration = Duration::from_millis(2);

/// Receipts that a process printed: leaf hash by sequence number.
pub(super) type Acknowledged = BTreeMap<u64, String>;

/// The command on this log.
pub(super) fn bulla(log: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bulla"));
    command.env_remove("BULLA_LOG").arg("--log").arg(log).args(args);
    command
}

/// A line of stdin.
pub(super) fn line(number: u64) -> String {
    let detail = "x".repeat(usize::try_from(number % 7).unwrap() * 40);
    format!(
        "{{\"category\":\"api\",\"action\":\"n{number}\",\"outcome\":\"success\",\"detail\":{{\"x\":\"{detail}\"}}}}\n"
    )
}

/// What comes through stdin.
pub(super) enum Feed {
    /// Lines until the process is gone.
    Endless,
    /// So many lines; stdin stays open until [`Writer::close_stdin`].
    Held(u64),
    /// Nothing.
    Empty,
}

/// How a writer ended.
pub(super) struct Ended {
    pub(super) status: ExitStatus,
    pub(super) acknowledged: Acknowledged,
    pub(super) err: String,
}

impl Ended {
    pub(super) fn code(&self) -> Option<i32> {
        self.status.code()
    }
}

/// A process that records.
pub(super) struct Writer {
    child: Child,
    held: Option<ChildStdin>,
    feeding: Option<JoinHandle<()>>,
    receipts: Receiver<(u64, String)>,
    acknowledged: Acknowledged,
    err: Option<JoinHandle<String>>,
}

impl Writer {
    pub(super) fn start(mut command: Command, feed: Feed) -> Self {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let (mut held, mut feeding) = (None, None);
        match feed {
            Feed::Endless => feeding = Some(std::thread::spawn(move || feed_endlessly(stdin))),
            Feed::Held(count) => {
                // A writer that was refused may have ended before it reads a line.
                let fed = (0..count).try_for_each(|number| stdin.write_all(line(number).as_bytes()));
                fed.or_else(|error| if error.kind() == ErrorKind::BrokenPipe { Ok(()) } else { Err(error) })
                    .unwrap();
                held = Some(stdin);
            }
            Feed::Empty => drop(stdin),
        }
        let (sender, receipts) = channel();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        std::thread::spawn(move || {
            receipts_in(stdout).for_each(|receipt| {
                let _ = sender.send(receipt);
            });
        });
        let mut stderr = child.stderr.take().unwrap();
        let err = std::thread::spawn(move || {
            let mut text = String::new();
            let _ = stderr.read_to_string(&mut text);
            text
        });
        Self { child, held, feeding, receipts, acknowledged: Acknowledged::new(), err: Some(err) }
    }

    pub(super) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits until so many receipts are there, or the process has printed its last, or the patience is over.
    pub(super) fn await_receipts(&mut self, count: usize, patience: Duration) -> usize {
        let end = Instant::now() + patience;
        while self.acknowledged.len() < count {
            let left = end.saturating_duration_since(Instant::now());
            let Ok((seq, leaf)) = self.receipts.recv_timeout(left) else { break };
            self.acknowledged.insert(seq, leaf);
        }
        self.acknowledged.len()
    }

    pub(super) fn close_stdin(&mut self) {
        self.held = None;
    }

    pub(super) fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    pub(super) fn signal(&self, signal: rustix::process::Signal) {
        rustix::process::kill_process(rustix::process::Pid::from_child(&self.child), signal).unwrap();
    }

    pub(super) fn kill(mut self) -> Ended {
        self.child.kill().unwrap();
        self.end()
    }

    /// Waits for the end of a process that has a reason to end.
    pub(super) fn end(self) -> Ended {
        self.end_within(BOUND)
    }

    /// Waits for the end of a process that has much to do.
    pub(super) fn end_within_the_hour(self) -> Ended {
        self.end_within(60 * BOUND)
    }

    fn end_within(mut self, bound: Duration) -> Ended {
        let status = wait(&mut self.child, bound).unwrap_or_else(|| panic!("the writer hangs"));
        self.acknowledged.extend(self.receipts.iter());
        if let Some(feeding) = self.feeding.take() {
            feeding.join().unwrap();
        }
        let err = self.err.take().unwrap().join().unwrap();
        Ended { status, acknowledged: std::mem::take(&mut self.acknowledged), err }
    }
}

impl Drop for Writer {
    /// A test that fails leaves no process behind.
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn feed_endlessly(mut stdin: ChildStdin) {
    let lines: String = (0..100).map(line).collect();
    while stdin.write_all(lines.as_bytes()).is_ok() {}
}

/// Whole receipts, as `bulla record` prints them: `#SEQ  STATE  TIME  leaf BASE64`.
pub(super) fn receipts_in(mut text: impl BufRead) -> impl Iterator<Item = (u64, String)> {
    let mut line = Vec::new();
    std::iter::from_fn(move || {
        line.clear();
        text.read_until(b'\n', &mut line).ok().filter(|bytes| *bytes > 0)?;
        Some(receipt(&String::from_utf8_lossy(&line)))
    })
    .flatten()
}

fn receipt(line: &str) -> Option<(u64, String)> {
    let words = line.strip_suffix('\n')?.strip_prefix('#')?;
    let (seq, rest) = words.split_once("  ")?;
    let (_, leaf) = rest.split_once("  leaf ")?;
    Some((seq.parse().ok()?, leaf.to_owned()))
}

/// Waits for a process, within the bound; kills it and gives nothing when that is over.
pub(super) fn wait(child: &mut Child, bound: Duration) -> Option<ExitStatus> {
    let mut status = None;
    let has_ended = until_within(bound, || {
        status = child.try_wait().unwrap();
        status.is_some()
    });
    if !has_ended {
        child.kill().unwrap();
        child.wait().unwrap();
    }
    status
}

/// Looks again and again whether something is true; false when it is not within the bound.
pub(super) fn until(is_true: impl FnMut() -> bool) -> bool {
    until_within(BOUND, is_true)
}

fn until_within(bound: Duration, mut is_true: impl FnMut() -> bool) -> bool {
    let end = Instant::now() + bound;
    while !is_true() {
        if Instant::now() > end {
            return false;
        }
        std::thread::park_timeout(LOOK);
    }
    true
}
