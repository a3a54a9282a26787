//! The one oracle: what must be true of a log after anything at all. It reads the log as an outsider would and
//! recomputes everything; that `Verify` finds nothing either is one more of its claims, not the ground of the others.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::num::NonZeroUsize;

use bulla::proof::{Frontier, Hash, Policy, leaf_hash};
use bulla::{AuditCategory, LogReader, StoredEntry, Verify};
use sha2::{Digest, Sha256};

use crate::disk::SimDisk;
use crate::model::Model;

/// A broken promise, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken(pub String);

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

macro_rules! require {
    ($holds:expr, $($words:tt)*) => {
        if !$holds {
            return Err(Broken(format!($($words)*)));
        }
    };
}

/// A log as an outsider sees it.
struct Seen {
    entries: Vec<StoredEntry>,
    leaves: Vec<Hash>,
    /// Root of the first n entries, by n.
    roots: Vec<Hash>,
}

/// Checks an open or closed log on `disk` against all that was promised.
///
/// # Errors
/// The first broken promise.
pub fn check(disk: &SimDisk, model: &Model) -> Result<(), Broken> {
    let reader = read("open the log for reading", LogReader::open_disk(std::sync::Arc::new(disk.clone())))?;
    let seen = see(&reader)?;
    check_promises(&seen, model)?;
    check_tree(&reader, &seen)?;
    check_checkpoints(disk, &reader, &seen, model)?;
    check_payloads(&reader, &seen)?;
    let verdict = Verify::on_disk(std::sync::Arc::new(disk.clone())).threads(NonZeroUsize::MIN).run();
    let verdict = read("verify the log", verdict)?;
    require!(verdict.is_clean(), "verification is not clean: {verdict}: {:?}", verdict.findings);
    let left: Vec<String> = disk.files().into_keys().filter(|name| name.ends_with(".tmp")).collect();
    require!(left.is_empty(), "unfinished files are left: {left:?}");
    Ok(())
}

fn read<T, E: fmt::Display>(act: &str, result: Result<T, E>) -> Result<T, Broken> {
    result.map_err(|error| Broken(format!("{act}: {error}")))
}

/// Reads every entry and hashes it. Readers refuse a number out of order.
fn see(reader: &LogReader) -> Result<Seen, Broken> {
    let size = read("look at the size", reader.size())?;
    let mut seen = Seen { entries: Vec::new(), leaves: Vec::new(), roots: Vec::new() };
    let mut tree = Frontier::new();
    for entry in reader.read(0..u64::MAX) {
        let entry = read("read an entry", entry)?;
        let leaf = leaf_hash(entry.line());
        seen.roots.push(tree.root());
        tree.append(leaf);
        seen.leaves.push(leaf);
        seen.entries.push(entry);
    }
    seen.roots.push(tree.root());
    require!(
        seen.entries.len() as u64 == size,
        "{} entries are read, the size is {size}",
        seen.entries.len()
    );
    Ok(seen)
}

/// Acknowledged and shown entries are there, in order, unchanged, once; nothing came from nowhere.
fn check_promises(seen: &Seen, model: &Model) -> Result<(), Broken> {
    let mut numbers: BTreeMap<String, usize> = BTreeMap::new();
    for (number, entry) in seen.entries.iter().enumerate() {
        let event = read(&format!("parse entry {number}"), entry.entry())?;
        let is_own = event.category == AuditCategory::Audit;
        require!(
            is_own || model.offered.contains(&event.id),
            "entry {number} was never offered: {}",
            event.id
        );
        let before = numbers.insert(event.id.clone(), number);
        require!(before.is_none(), "entry {} is in the log twice: {before:?} and {number}", event.id);
    }
    for promised in &model.acknowledged {
        let at = usize::try_from(promised.seq).expect("simulated logs are small");
        let leaf = seen.leaves.get(at);
        require!(leaf.is_some(), "acknowledged entry {at} is lost, the log has {}", seen.leaves.len());
        require!(leaf == Some(&promised.leaf), "acknowledged entry {at} is not what its receipt says");
        let found = numbers.get(&promised.id);
        require!(found == Some(&at), "acknowledged entry {} is {found:?}, not {at}", promised.id);
    }
    let in_order = model.acknowledged.is_sorted_by(|one, next| one.seq < next.seq);
    require!(in_order, "receipts are out of order");
    for (number, leaf) in model.shown.iter().enumerate() {
        let is_there = seen.leaves.get(number) == Some(leaf);
        require!(
            is_there,
            "entry {number} was shown, and is lost or changed; the log has {}",
            seen.leaves.len()
        );
    }
    Ok(())
}

/// `tree/` holds the hashes of the lines, in every row.
fn check_tree(reader: &LogReader, seen: &Seen) -> Result<(), Broken> {
    let mut expected: BTreeMap<u8, Vec<Hash>> = BTreeMap::from([(0, seen.leaves.clone())]);
    let mut tree = Frontier::new();
    for leaf in &seen.leaves {
        tree.append_with(*leaf, |row, _, hash| expected.entry(row).or_default().push(hash));
    }
    for (row, hashes) in expected {
        let mut found = vec![Hash::from([0; 32]); hashes.len()];
        read(&format!("read row {row}"), reader.read_row(row, 0, &mut found))?;
        let differs = found.iter().zip(&hashes).position(|(found, expected)| found != expected);
        require!(differs.is_none(), "hash {differs:?} of row {row} is not that of the entries");
    }
    Ok(())
}

/// Every checkpoint of the history signs for the beginning of what is there, and none that was seen is gone.
fn check_checkpoints(disk: &SimDisk, reader: &LogReader, seen: &Seen, model: &Model) -> Result<(), Broken> {
    let vkey = read("parse the verifier key", reader.identity().vkey.parse())?;
    let policy = Policy::log_key(vkey);
    let mut history = Vec::new();
    for note in notes(&disk.bytes("checkpoints"))? {
        let checkpoint = read("verify a checkpoint of the history", policy.verify(note.as_bytes()))?;
        history.push((checkpoint.size().get(), checkpoint.root()));
    }
    require!(history.is_sorted_by(|one, next| one.0 < next.0), "the history does not grow: {history:?}");
    for (size, root) in history.iter().chain(&model.checkpoints) {
        let at = usize::try_from(*size).expect("simulated logs are small");
        let found = seen.roots.get(at);
        require!(found.is_some(), "a checkpoint signs for {size} entries, there are {}", seen.leaves.len());
        require!(found == Some(root), "the first {size} entries do not have the root that was signed");
    }
    let newest = read("read the checkpoint", reader.checkpoint())?.map(|newest| newest.size().get());
    require!(
        newest == history.last().map(|(size, _)| *size),
        "newest checkpoint {newest:?} is not the history's"
    );
    let known: BTreeSet<&(u64, Hash)> = history.iter().collect();
    let gone = model.checkpoints.iter().find(|checkpoint| !known.contains(checkpoint));
    require!(gone.is_none(), "a published checkpoint is gone from the history: {gone:?}");
    let current = disk.bytes("checkpoint");
    if newest.is_some() {
        let current = read("verify the file checkpoint", policy.verify(&current))?;
        require!(Some(current.size().get()) == newest, "the file checkpoint is behind the history");
    }
    Ok(())
}

/// Notes of a history: text, empty line, signatures, empty line.
fn notes(history: &[u8]) -> Result<Vec<String>, Broken> {
    let text = read("read the history", std::str::from_utf8(history))?;
    let mut parts: Vec<&str> = text.split("\n\n").collect();
    let rest = parts.pop();
    require!(rest == Some("") && parts.len().is_multiple_of(2), "the history ends inside a note");
    Ok(parts.chunks(2).map(|note| format!("{}\n\n{}\n", note[0], note[1])).collect())
}

/// Every payload that an entry names is there and has its digest.
fn check_payloads(reader: &LogReader, seen: &Seen) -> Result<(), Broken> {
    for (number, entry) in seen.entries.iter().enumerate() {
        let event = read(&format!("parse entry {number}"), entry.entry())?;
        for digest in event.payloads.iter().filter_map(|payload| payload.reference.as_deref()) {
            let content = read(&format!("read a payload of entry {number}"), reader.payload(digest))?;
            require!(content.is_some(), "entry {number} has lost its payload {digest}");
            let found =
                content.map(|content| Hash::from(<[u8; 32]>::from(Sha256::digest(content))).to_string());
            require!(
                found.as_deref() == Some(digest),
                "a payload of entry {number} is not what its name says"
            );
        }
    }
    Ok(())
}
