//! `bulla doctor`: what is wrong with the log and its surroundings, and what to do. Looks only; changes nothing.

use std::io::ErrorKind;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::time::Duration;

use bulla::proof::SignerKey;
use bulla::store::IdentityError;
use bulla::{LogReader, ReadError};
use serde::Serialize;

use crate::ended::Ended;
use crate::invocation::Invocation;
use crate::output::amount::{self, counted};
use crate::output::palette::painted;
use crate::output::text::shown;

/// 1 GiB: enough for days of a usual log.
const SPACE_LOW_BYTES: u64 = 1 << 30;

/// 128 MiB: a segment, its compressed copy and a little.
const SPACE_OUT_BYTES: u64 = 128 << 20;

/// One minute: sixty times the usual publish interval.
const PUBLISH_PATIENCE: Duration = Duration::from_secs(60);

/// Five seconds: clocks of one machine do not differ by more.
const CLOCK_PATIENCE: Duration = Duration::from_secs(5);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum State {
    Fine,
    /// Worth knowing.
    Note,
    /// To be mended.
    Wrong,
}

/// One thing looked at.
#[derive(Debug, Serialize)]
struct Check {
    about: &'static str,
    state: State,
    found: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    advice: Option<String>,
}

impl Check {
    fn fine(about: &'static str, found: impl Into<String>) -> Self {
        Self { about, state: State::Fine, found: found.into(), advice: None }
    }

    fn note(about: &'static str, found: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { about, state: State::Note, found: found.into(), advice: Some(advice.into()) }
    }

    fn wrong(about: &'static str, found: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { about, state: State::Wrong, found: found.into(), advice: Some(advice.into()) }
    }
}

pub(crate) fn run(this: &mut Invocation) -> anyhow::Result<Ended> {
    let checks = checks(this);
    for check in &checks {
        if this.json {
            this.out.json(check)?;
        } else {
            print(this, check)?;
        }
    }
    Ok(Ended::fine_if(checks.iter().all(|check| check.state != State::Wrong)))
}

fn print(this: &mut Invocation, check: &Check) -> anyhow::Result<()> {
    let (style, word) = match check.state {
        State::Fine => (this.palette.good, "fine "),
        State::Note => (this.palette.warning, "note "),
        State::Wrong => (this.palette.bad, "WRONG"),
    };
    this.out.line(format!("{}  {:<12} {}", painted(style, word), check.about, shown(&check.found)))?;
    match &check.advice {
        Some(advice) => this.out.line(format!("{:20} -> {}", "", shown(advice))),
        None => Ok(()),
    }
}

fn checks(this: &Invocation) -> Vec<Check> {
    let log = this.log.as_path();
    let mut checks = vec![directory(log)];
    if !log.is_dir() {
        return checks;
    }
    let reader = match LogReader::open(log) {
        Ok(reader) => reader,
        Err(error) => {
            checks.push(unreadable(log, &error));
            return checks;
        }
    };
    let origin = reader.identity().origin.clone();
    checks.push(Check::fine("format", format!("version {}, origin {origin}", reader.identity().format)));
    checks.push(key(log, &reader));
    let writer = writer_of(log);
    checks.push(lock(log, writer.as_ref()));
    checks.push(entries(&reader));
    checks.push(checkpoint(this, &reader, writer.is_some()));
    checks.push(clock(this, &reader));
    checks.push(space(log));
    checks.push(unfinished(log, writer.is_some()));
    checks.push(quarantine(log));
    checks
}

fn directory(log: &Path) -> Check {
    let about = "directory";
    let place = log.display();
    match std::fs::metadata(log) {
        Err(error) if error.kind() == ErrorKind::NotFound => Check::wrong(
            about,
            format!("{place} is not there"),
            "name the log with --log DIR or BULLA_LOG, or begin one with `bulla record`",
        ),
        Err(error) => {
            Check::wrong(about, format!("{place}: {error}"), "mend the permissions of the folders above it")
        }
        Ok(meta) if !meta.is_dir() => {
            Check::wrong(about, format!("{place} is a file"), "name the log directory")
        }
        Ok(meta) => {
            let mode = format!("{:o}", meta.permissions().mode() & 0o777);
            if rustix::fs::access(log, rustix::fs::Access::WRITE_OK | rustix::fs::Access::EXEC_OK).is_err() {
                return Check::note(
                    about,
                    format!("{place} (mode {mode}) cannot be written by this user"),
                    "reading and verifying work; to record, use the log's own user or mend the permissions",
                );
            }
            if meta.permissions().mode() & 0o002 != 0 {
                return Check::wrong(
                    about,
                    format!("{place} (mode {mode}) can be written by everyone"),
                    format!("chmod o-w {place}"),
                );
            }
            Check::fine(about, format!("{place} (mode {mode})"))
        }
    }
}

fn unreadable(log: &Path, error: &ReadError) -> Check {
    let advice = match error {
        ReadError::Identity(IdentityError::NotALog(_)) => {
            "name a log with --log DIR or BULLA_LOG, or begin one here with `bulla record` if the folder is empty".to_owned()
        }
        ReadError::Identity(IdentityError::NewerFormat(..)) => "use the bulla that wrote it, or a newer one".to_owned(),
        ReadError::Identity(_) => format!("restore {} from a copy", log.join("log.json").display()),
        _ => "mend what the message names; `bulla verify` says what else is there".to_owned(),
    };
    Check::wrong("format", error.to_string(), advice)
}

fn key(log: &Path, reader: &LogReader) -> Check {
    let about = "key";
    let path = log.join("log.key");
    let place = path.display();
    let meta = match std::fs::metadata(&path) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return Check::note(
                about,
                format!("{place} is not there"),
                "fine for a copy, or when the key is kept elsewhere; without it nothing can be recorded",
            );
        }
        Err(error) => {
            return Check::note(about, format!("{place}: {error}"), "only the log's own user needs it");
        }
        Ok(meta) => meta,
    };
    if meta.mode() & 0o077 != 0 {
        return Check::wrong(
            about,
            format!("{place} can be read by others (mode {:o})", meta.mode() & 0o777),
            format!(
                "chmod 600 {place}; if others may have read it, begin a new log: its signatures prove nothing any more"
            ),
        );
    }
    let text = match std::fs::read_to_string(&path) {
        Err(error) if error.kind() == ErrorKind::PermissionDenied => {
            return Check::note(
                about,
                format!("{place} cannot be read by this user"),
                "only the log's own user needs it",
            );
        }
        Err(error) => {
            return Check::wrong(about, format!("{place}: {error}"), "put the key back from a copy");
        }
        Ok(text) => text,
    };
    match text.trim_end().parse::<SignerKey>() {
        Ok(key) if key.verifier_key().to_string() == reader.identity().vkey => {
            Check::fine(about, format!("{place} signs for this log and is readable by its owner only"))
        }
        Ok(key) => Check::wrong(
            about,
            format!("{place} is of {}, not of this log", key.name()),
            "put the log's own key back; nothing can be recorded without it",
        ),
        Err(error) => Check::wrong(about, format!("{place}: {error}"), "put the key back from a copy"),
    }
}

/// The process that writes the log, if one does. Not tested by taking the lock: that could refuse a writer that
/// opens the log at this moment.
fn writer_of(log: &Path) -> Option<String> {
    let path = log.join("lock");
    let inode = std::fs::metadata(&path).ok()?.ino();
    let locks = std::fs::read_to_string("/proc/locks").ok()?;
    let holds = |line: &str| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let is_lock = fields.get(1) == Some(&"FLOCK") && fields.get(3) == Some(&"WRITE");
        is_lock && fields.get(5).and_then(|file| file.rsplit(':').next()?.parse().ok()) == Some(inode)
    };
    locks.lines().any(holds).then(|| {
        let holder = std::fs::read_to_string(&path).unwrap_or_default();
        if holder.trim().is_empty() { "another process".to_owned() } else { holder.trim().to_owned() }
    })
}

fn lock(log: &Path, writer: Option<&String>) -> Check {
    match writer {
        Some(writer) => Check::fine("writer", format!("{writer} writes {}", log.display())),
        None => Check::fine("writer", "no process writes the log"),
    }
}

fn entries(reader: &LogReader) -> Check {
    let about = "entries";
    let last = reader
        .size()
        .and_then(|size| Ok((size, size.checked_sub(1).map(|last| reader.get(last)).transpose()?)));
    match last {
        Err(error) => Check::wrong(about, error.to_string(), "run `bulla verify` to see what is damaged"),
        Ok((0, _)) => Check::note(about, "none yet", "record one with `bulla record`"),
        Ok((size, Some(Some(_)))) => {
            Check::fine(about, format!("{}, the newest can be read", counted(size, "entry", "entries")))
        }
        Ok((size, _)) => Check::wrong(about, format!("entry {} is missing", size - 1), "run `bulla verify`"),
    }
}

fn checkpoint(this: &Invocation, reader: &LogReader, is_written: bool) -> Check {
    let about = "checkpoint";
    let (newest, size) = match (reader.checkpoint(), reader.size()) {
        (Ok(newest), Ok(size)) => (newest.map_or(0, |newest| newest.size().get()), size),
        (Err(error), _) | (_, Err(error)) => {
            return Check::wrong(
                about,
                error.to_string(),
                "run `bulla verify`; compare with checkpoints kept elsewhere",
            );
        }
    };
    if newest > size {
        return Check::wrong(
            about,
            format!("the newest covers {newest} entries, and only {size} are there"),
            "entries are missing at the end: run `bulla verify`, and restore the log from a copy",
        );
    }
    let age = file_age(this, &this.log.join("checkpoint"));
    let when = age.map_or(String::new(), |age| {
        format!(", published {} ago", amount::duration(u64::try_from(age.as_millis()).unwrap_or(u64::MAX)))
    });
    let found = format!("covers {newest} of {}{when}", counted(size, "entry", "entries"));
    match (newest == size, is_written) {
        (true, _) => Check::fine(about, found),
        (false, true) if age.is_some_and(|age| age > PUBLISH_PATIENCE) => {
            Check::wrong(about, found, "the writer publishes no more: look at its own log, and restart it")
        }
        (false, true) => Check::fine(about, found),
        (false, false) => Check::note(
            about,
            found,
            "the rest has no proof yet: the writer ended without closing; the next one to open the log publishes",
        ),
    }
}

/// How long ago a file was written, by the file system's clock.
fn file_age(this: &Invocation, path: &Path) -> Option<Duration> {
    let meta = std::fs::metadata(path).ok()?;
    let written = i128::from(meta.mtime()) * 1_000_000_000 + i128::from(meta.mtime_nsec());
    Some(this.now.since(bulla::Timestamp::from_unix_nanos(written).ok()?))
}

fn clock(this: &Invocation, reader: &LogReader) -> Check {
    let about = "clock";
    let last = reader.size().ok().and_then(|size| reader.get(size.checked_sub(1)?).ok().flatten());
    let Some(last) = last.and_then(|entry| entry.envelope().ok()).map(|envelope| envelope.recorded_at) else {
        return Check::fine(about, this.now.to_string());
    };
    let ahead = last.since(this.now);
    if ahead > CLOCK_PATIENCE {
        let ahead = amount::duration(amount::elapsed(this.now, last));
        return Check::wrong(
            about,
            format!("the newest entry was recorded {ahead} in the future: {last}, and it is {}", this.now),
            "set the machine's clock (NTP); recorded times never go back, so they stand still until then",
        );
    }
    Check::fine(
        about,
        format!("the newest entry is {} old", amount::duration(amount::elapsed(last, this.now))),
    )
}

fn space(log: &Path) -> Check {
    let about = "space";
    match rustix::fs::statvfs(log) {
        Err(error) => Check::note(about, format!("cannot be found out: {error}"), "look with `df`"),
        Ok(disk) => {
            let free = disk.f_bavail.saturating_mul(disk.f_frsize);
            let found = format!("{} free", amount::bytes(free));
            let advice = "make room, or move the log: when the disk is full, recording is refused";
            match free {
                0..SPACE_OUT_BYTES => Check::wrong(about, found, advice),
                SPACE_OUT_BYTES..SPACE_LOW_BYTES => Check::note(about, found, advice),
                _ => Check::fine(about, found),
            }
        }
    }
}

fn unfinished(log: &Path, is_written: bool) -> Check {
    let about = "unfinished";
    let mut names = Vec::new();
    for folder in ["", "entries", "tree", "imports"] {
        names.extend(names_in(&log.join(folder)).into_iter().filter(|name| name.ends_with(".tmp")));
    }
    match (names.is_empty(), is_written) {
        (true, _) => Check::fine(about, "no unfinished files"),
        (false, true) => {
            Check::fine(about, format!("{} in the making", counted(names.len() as u64, "file", "files")))
        }
        (false, false) => Check::note(
            about,
            format!("left by a crash: {}", names.join(", ")),
            "they are not part of the log; the next writer deals with them, or remove them while none runs",
        ),
    }
}

fn quarantine(log: &Path) -> Check {
    let about = "quarantine";
    let folder = log.join("quarantine");
    let kept: Vec<String> = names_in(&folder).into_iter().filter(|name| name.ends_with(".bin")).collect();
    if kept.is_empty() {
        return Check::fine(about, "empty");
    }
    Check::note(
        about,
        format!(
            "{} that recovery cut off: {}",
            counted(kept.len() as u64, "piece", "pieces"),
            kept.join(", ")
        ),
        format!(
            "nothing acknowledged is in them; the .json beside each says why, in {}; `bulla search log.opened` shows when",
            folder.display()
        ),
    )
}

/// Names in a folder, sorted; none when it cannot be read.
fn names_in(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .map(|entries| {
            entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
        })
        .unwrap_or_default();
    names.sort();
    names
}
