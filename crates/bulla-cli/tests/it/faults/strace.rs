//! `strace` as a saboteur: which system calls a process makes on which file, and one of them made to fail.

use std::collections::BTreeMap;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};

use super::process::{Acknowledged, BOUND, receipts_in, wait};

/// Every kind of call that reaches a log.
const CALLS: &str =
    "openat,mkdir,read,write,pread64,pwrite64,fdatasync,fsync,rename,unlink,ftruncate,flock,statx,getdents64";

/// A call that can fail: the `number`th of its kind that a thread makes on this path, from 1.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Position {
    pub(super) call: String,
    pub(super) path: PathBuf,
    pub(super) number: usize,
}

/// A process that was traced.
pub(super) struct Traced {
    pub(super) status: ExitStatus,
    pub(super) acknowledged: Acknowledged,
    pub(super) err: String,
    /// One call a line.
    pub(super) calls: String,
}

impl Traced {
    pub(super) fn injected(&self) -> usize {
        self.calls.matches("(INJECTED)").count()
    }

    /// Where calls on one file were traced: how many of its bytes were written when the last sync that succeeded began.
    pub(super) fn durable_end(&self, before: u64) -> u64 {
        let (mut written, mut begun, mut durable) = (before, before, before);
        let mut unfinished = BTreeMap::new();
        for line in self.calls.lines() {
            let Some((thread, call)) = line.split_once(' ') else { continue };
            if call.trim_start().starts_with("fdatasync(") {
                begun = written;
            }
            // A call during which another thread made one is told in two parts.
            let call = match (call.split_once(" <unfinished"), call.split_once(" resumed>")) {
                (Some((start, _)), _) => {
                    unfinished.insert(thread, start);
                    continue;
                }
                (_, Some((_, end))) => format!("{}{end}", unfinished.remove(thread).unwrap_or_default()),
                _ => call.to_owned(),
            };
            let Some((call, result)) = call.rsplit_once(" = ") else { continue };
            let (name, args) = call.trim().split_once('(').unwrap_or_default();
            let count = result.split(' ').next().and_then(|count| count.parse::<u64>().ok());
            match (name, count) {
                ("pwrite64", Some(count)) => {
                    let offset = args.trim_end_matches([')', ' ']).rsplit(", ").next().unwrap();
                    written = written.max(offset.parse::<u64>().unwrap() + count);
                }
                ("fdatasync", Some(0)) => durable = begun,
                _ => {}
            }
        }
        durable
    }
}

/// Whether calls can be made to fail here; says why not.
pub(super) fn is_possible() -> bool {
    let ran = Command::new("strace").args(["-o", "/dev/null", "-e", "trace=none", "true"]).output();
    match ran {
        Ok(ran) if ran.status.success() => true,
        Ok(ran) => {
            println!("skipped: strace may not trace here: {}", String::from_utf8_lossy(&ran.stderr).trim());
            false
        }
        Err(error) => {
            println!("skipped: strace cannot be run: {error}");
            false
        }
    }
}

/// Runs a command in `folder` under strace with these arguments; kills both when they hang.
fn trace(folder: &Path, command: &Command, args: &[&str], stdin: &Path) -> Traced {
    let (calls, out, err) = (folder.join("calls"), folder.join("receipts"), folder.join("stderr"));
    let create = |path: &Path| Stdio::from(std::fs::File::create(path).unwrap());
    let mut strace = Command::new("strace");
    strace.args(["-f", "-y", "-o"]).arg(&calls).args(args);
    strace.arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => strace.env(name, value),
            None => strace.env_remove(name),
        };
    }
    strace.stdin(std::fs::File::open(stdin).unwrap()).stdout(create(&out)).stderr(create(&err));
    let mut child = strace.process_group(0).spawn().unwrap();
    let group = rustix::process::Pid::from_child(&child);
    let status = wait(&mut child, BOUND).unwrap_or_else(|| {
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        panic!("{args:?}: the process hangs:\n{}", text(&calls))
    });
    let acknowledged = receipts_in(&std::fs::read(&out).unwrap()[..]).collect();
    Traced { status, acknowledged, err: text(&err), calls: text(&calls) }
}

fn text(path: &Path) -> String {
    String::from_utf8_lossy(&std::fs::read(path).unwrap()).into_owned()
}

/// Every call that the command makes on files in `folder`, when nothing fails.
pub(super) fn positions(folder: &Path, command: &Command, stdin: &Path) -> (Traced, Vec<Position>) {
    let traced = trace(folder, command, &["-e", &format!("trace={CALLS}")], stdin);
    let mut counts: BTreeMap<(&str, &str), BTreeMap<&str, usize>> = BTreeMap::new();
    for line in traced.calls.lines() {
        if let Some((thread, call, path)) = call_on(folder, line) {
            *counts.entry((call, path)).or_default().entry(thread).or_default() += 1;
        }
    }
    let positions = counts.into_iter().flat_map(|((call, path), by_thread)| {
        let most = by_thread.into_values().max().unwrap_or(0);
        (1..=most).map(move |number| Position { call: call.to_owned(), path: path.into(), number })
    });
    let positions = positions.collect();
    (traced, positions)
}

/// Thread, name and first path below `folder` of a call: `123 pwrite64(4</a/b>, …` or `123 openat(…, "/a/b", …`.
fn call_on<'a>(folder: &Path, line: &'a str) -> Option<(&'a str, &'a str, &'a str)> {
    let (thread, rest) = line.split_once(' ')?;
    let (call, args) = rest.trim_start().split_once('(')?;
    let folder = folder.to_str().unwrap();
    let start = args.match_indices(folder).map(|(at, _)| at).find(|at| args[..*at].ends_with(['"', '<']))?;
    let path = args[start..].split(['"', '>']).next()?;
    // The folder itself is where relative names begin, for every call with one.
    let is_meant = path.len() > folder.len() || call != "openat" || args[..start].ends_with('"');
    (call.bytes().all(|byte| byte.is_ascii_alphanumeric()) && is_meant).then_some((thread, call, path))
}

/// Runs the command with this one call failing. Lines, syncs and receipts of the same path are traced beside it.
pub(super) fn fail(
    folder: &Path,
    command: &Command,
    stdin: &Path,
    position: &Position,
    error: &str,
) -> Traced {
    let Position { call, path, number } = position;
    let traced = format!("trace=pwrite64,fdatasync,{call}");
    let inject = format!("inject={call}:error={error}:when={number}");
    trace(folder, command, &["-P", path.to_str().unwrap(), "-e", &traced, "-e", &inject], stdin)
}

#[test]
fn bytes_are_durable_when_a_sync_that_began_after_them_has_succeeded() {
    let check = |calls: &str, expected: u64| {
        let traced = Traced {
            status: ExitStatus::default(),
            acknowledged: Acknowledged::new(),
            err: String::new(),
            calls: calls.to_owned(),
        };
        assert_eq!(traced.durable_end(5), expected, "{calls}");
    };
    check("", 5);
    check("7 pwrite64(4</a>, \"{}\", 10, 5) = 10", 5);
    check("7 pwrite64(4</a>, \"{}\", 10, 5) = 10\n7 fdatasync(4</a>)  = 0", 15);
    check("7 pwrite64(4</a>, \"{}\", 10, 5) = 10\n7 fdatasync(4</a>)  = -1 EIO (…) (INJECTED)", 5);
    check("7 pwrite64(4</a>, \"{}\", 10, 5) = -1 EIO (…)\n7 fdatasync(4</a>)  = 0", 5);
    check(
        "7 pwrite64(4</a>, \"{}\", 10, 5 <unfinished ...>\n8 +++ exited with 0 +++\n7 <... pwrite64 resumed>)   = 10\n\
         9 fdatasync(4</a> <unfinished ...>\n7 pwrite64(4</a>, \"{}\", 10, 15) = 10\n9 <... fdatasync resumed>)  = 0",
        15,
    );
    check(
        "7 pwrite64(4</a>, \"{}\", 10, 5) = 10\n9 fdatasync(4</a> <unfinished ...>\n7 fsync(3</b>) = 0\n\
           9 <... fdatasync resumed>)  = -1 EIO (…) (INJECTED)",
        5,
    );
}
