//! What must be true after anything at all: every acknowledged entry is there as it was, every line is an entry, and
//! verification is clean, also against all earlier checkpoints.

use std::path::{Path, PathBuf};

use bulla::{AuditEntry, LogReader};

use super::process::{Acknowledged, bulla};

/// A log, with what was promised of it so far.
pub(super) struct Promised {
    pub(super) log: PathBuf,
    pub(super) acknowledged: Acknowledged,
    /// Copies of checkpoints, beside the log.
    pins: Vec<PathBuf>,
}

impl Promised {
    /// Nothing is promised yet.
    pub(super) fn nothing(log: &Path) -> Self {
        Self { log: log.to_owned(), acknowledged: Acknowledged::new(), pins: Vec::new() }
    }

    pub(super) fn acknowledge(&mut self, receipts: Acknowledged) {
        for (seq, leaf) in receipts {
            let before = self.acknowledged.insert(seq, leaf);
            assert_eq!(before, None, "#{seq} was given twice");
        }
    }

    /// Whether the log was made at all.
    pub(super) fn is_made(&self) -> bool {
        self.log.join("log.json").exists()
    }

    /// The log as it was left: clean, or not there yet.
    pub(super) fn verify(&self) -> Result<(), String> {
        if !self.is_made() {
            return if self.acknowledged.is_empty() { Ok(()) } else { Err("the log is gone".to_owned()) };
        }
        let mut command = bulla(&self.log, &["verify"]);
        self.pins.iter().for_each(|pin| {
            command.arg("--pin").arg(pin);
        });
        let ran = command.output().unwrap();
        if ran.status.code() == Some(0) { Ok(()) } else { Err(told("verify", &ran)) }
    }

    /// Opens the log again and records one entry: it goes on.
    pub(super) fn go_on(&mut self) -> Result<(), String> {
        let args = ["record", "--action", "after", "--outcome", "success"];
        let ran = bulla(&self.log, &args).output().unwrap();
        if ran.status.code() != Some(0) {
            return Err(told("record after the fault", &ran));
        }
        self.acknowledge(super::process::receipts_in(&ran.stdout[..]).collect());
        Ok(())
    }

    /// Every acknowledged entry from `first` on, and every line.
    pub(super) fn read_from(&self, first: u64) -> Result<(), String> {
        let reader = LogReader::open(&self.log).map_err(|error| error.to_string())?;
        let size = reader.size().map_err(|error| error.to_string())?;
        let mut promised = self.acknowledged.range(first..).peekable();
        for (next, entry) in (first..).zip(reader.read(first..size)) {
            let entry = entry.map_err(|error| format!("read #{next}: {error}"))?;
            let seq = entry.seq().get();
            if seq != next {
                return Err(format!("#{next} is missing, #{seq} is there"));
            }
            serde_json::from_slice::<AuditEntry>(entry.line())
                .map_err(|error| format!("#{seq} is not an entry: {error}"))?;
            if let Some((_, leaf)) = promised.next_if(|(promised, _)| **promised == seq)
                && *leaf != entry.leaf_hash().to_base64()
            {
                return Err(format!("#{seq} is not what was acknowledged"));
            }
        }
        match promised.next() {
            Some((seq, _)) => Err(format!("#{seq} was acknowledged, the log has {size} entries")),
            None => Ok(()),
        }
    }

    /// The whole law: clean as it was left, goes on, all there, clean again.
    pub(super) fn hold(&mut self, receipts: Acknowledged) -> Result<(), String> {
        let first = receipts.keys().next().copied();
        self.acknowledge(receipts);
        self.verify()?;
        self.hold_from(first.unwrap_or(0))
    }

    /// What the law says of a log that was found clean: it goes on, has every entry from `first` on, and is clean again.
    pub(super) fn hold_from(&mut self, first: u64) -> Result<(), String> {
        self.go_on()?;
        self.read_from(first)?;
        self.verify()
    }

    /// From now on the log must continue the checkpoint that it has.
    pub(super) fn pin(&mut self) {
        let pin = self.log.with_extension(format!("checkpoint-{}", self.pins.len()));
        std::fs::copy(self.log.join("checkpoint"), &pin).unwrap();
        self.pins.push(pin);
    }
}

fn told(what: &str, ran: &std::process::Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    format!("{what} ended with {}: {}{}", ran.status, text(&ran.stdout), text(&ran.stderr))
}
