//! A log directory as an attacker sees it: files, and lines in them.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::ops::Range;
use std::path::{Path, PathBuf};

use bulla::proof::{Checkpoint, MemoryRows, SignerKey, leaf_hash};

/// A log directory that may be damaged.
#[derive(Debug, Clone)]
pub struct Directory {
    root: PathBuf,
}

/// Where a line of a plain segment lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The file, from the log directory.
    pub file: String,
    /// Its bytes, without the newline.
    pub bytes: Range<usize>,
}

impl Directory {
    /// The one at `root`.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// Where it is.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// A copy of it at `root`, which must not exist yet.
    pub fn copy_to(&self, root: impl Into<PathBuf>) -> Self {
        let copy = Self::new(root);
        copy_folder(&self.root, &copy.root);
        copy
    }

    /// Bytes of a file.
    pub fn read(&self, file: &str) -> Vec<u8> {
        fs::read(self.root.join(file)).unwrap_or_else(|error| panic!("read {file}: {error}"))
    }

    /// Replaces what is in a file.
    pub fn write(&self, file: &str, bytes: impl AsRef<[u8]>) {
        let bytes = bytes.as_ref();
        let write = || {
            // Cut afterwards: file systems hurry to write out a file that is emptied and written again.
            let mut target =
                OpenOptions::new().write(true).create(true).truncate(false).open(self.root.join(file))?;
            target.write_all(bytes)?;
            target.set_len(bytes.len() as u64)
        };
        write().unwrap_or_else(|error: std::io::Error| panic!("write {file}: {error}"));
    }

    /// Removes a file.
    pub fn remove(&self, file: &str) {
        fs::remove_file(self.root.join(file)).unwrap_or_else(|error| panic!("remove {file}: {error}"));
    }

    /// Whether a file is there.
    pub fn has(&self, file: &str) -> bool {
        self.root.join(file).exists()
    }

    /// Edits a file.
    pub fn edit(&self, file: &str, edit: impl FnOnce(&mut Vec<u8>)) {
        let mut bytes = self.read(file);
        edit(&mut bytes);
        self.write(file, bytes);
    }

    /// Changes one byte into another.
    pub fn change_byte(&self, file: &str, offset: usize, mask: u8) {
        assert_ne!(mask, 0, "a byte that stays the same is not changed");
        self.edit(file, |bytes| bytes[offset] ^= mask);
    }

    /// Files of a folder, from the log directory, in order.
    pub fn files(&self, folder: &str) -> Vec<String> {
        let names =
            fs::read_dir(self.root.join(folder)).unwrap_or_else(|error| panic!("list {folder}: {error}"));
        let mut names: Vec<String> = names
            .map(|entry| entry.expect("a folder can be listed"))
            .filter(|entry| entry.path().is_file())
            .map(|entry| format!("{folder}/{}", entry.file_name().to_string_lossy()))
            .collect();
        names.sort();
        names
    }

    /// Where the lines of all plain segments lie, in order.
    pub fn lines(&self) -> Vec<Place> {
        let mut places = Vec::new();
        for file in self.files("entries") {
            let mut start = 0;
            for line in self.read(&file).split_inclusive(|byte| *byte == b'\n') {
                let end = start + line.len();
                places.push(Place { file: file.clone(), bytes: start..end - 1 });
                start = end;
            }
        }
        places
    }

    /// The line at a place.
    pub fn line(&self, place: &Place) -> Vec<u8> {
        self.read(&place.file)[place.bytes.clone()].to_vec()
    }

    /// Puts other bytes in the place of a line and its newline.
    pub fn replace(&self, place: &Place, with: &[u8]) {
        self.edit(&place.file, |bytes| {
            drop(bytes.splice(place.bytes.start..place.bytes.end + 1, with.iter().copied()));
        });
    }

    /// Removes a line.
    pub fn remove_line(&self, place: &Place) {
        self.replace(place, b"");
    }

    /// Puts lines before a line.
    pub fn insert_before(&self, place: &Place, lines: &[u8]) {
        self.edit(&place.file, |bytes| {
            drop(bytes.splice(place.bytes.start..place.bytes.start, lines.iter().copied()));
        });
    }

    /// Changes places of two lines, of which the first comes first.
    pub fn swap(&self, first: &Place, second: &Place) {
        let (mut one, mut other) = (self.line(first), self.line(second));
        one.push(b'\n');
        other.push(b'\n');
        self.replace(second, &one);
        self.replace(first, &other);
    }

    /// Puts a sealed segment with so many lines in each frame in the place of a plain one.
    pub fn seal(&self, file: &str, lines_per_frame: usize) {
        let bytes = self.read(file);
        let lines: Vec<&[u8]> = bytes.split_inclusive(|byte| *byte == b'\n').collect();
        let word = |number: usize| u32::try_from(number).expect("a segment is under 4 GiB").to_le_bytes();
        let (mut sealed, mut table) = (Vec::new(), Vec::new());
        for lines in lines.chunks(lines_per_frame).map(<[_]>::concat) {
            let frame = zstd::bulk::compress(&lines, 0).expect("memory is enough");
            table.extend([word(frame.len()), word(lines.len())].concat());
            sealed.extend(frame);
        }
        let count = table.len() / 8;
        sealed.extend([word(0x184D_2A5E), word(table.len() + 9)].concat());
        sealed.extend(table);
        sealed.extend([&word(count)[..], &[0], &word(0x8F92_EAB1)].concat());
        self.remove(file);
        self.write(&format!("{file}.zst"), sealed);
    }

    /// Makes `tree/` anew from plain segments, as one would who has no key.
    pub fn rebuild_tree(&self) -> MemoryRows {
        let rows: MemoryRows = self.lines().iter().map(|place| leaf_hash(&self.line(place))).collect();
        for row in 0..2_u8 {
            let bytes: Vec<u8> = rows.row(row).iter().flat_map(|hash| *hash.as_bytes()).collect();
            if row == 0 || !bytes.is_empty() {
                self.write(&format!("tree/{:02}", row * 8), bytes);
            }
        }
        rows
    }

    /// Makes the tree anew, and signs one checkpoint over all of it in place of all that there were.
    pub fn sign_anew(&self, key: &SignerKey) -> String {
        let rows = self.rebuild_tree();
        let checkpoint =
            Checkpoint::new(key.name(), rows.size(), rows.root()).expect("the name of a key is an origin");
        let note = checkpoint.sign(&[key]);
        self.write("checkpoint", &note);
        self.write("checkpoints", format!("{note}\n"));
        note
    }

    /// The notes of the history, in order.
    pub fn history(&self) -> Vec<String> {
        let text = String::from_utf8(self.read("checkpoints")).expect("a history is text");
        let blocks: Vec<&str> = text.split_terminator("\n\n").collect();
        blocks.chunks(2).map(|note| format!("{}\n\n{}\n", note[0], note[1])).collect()
    }

    /// Replaces the history.
    pub fn write_history(&self, notes: &[String]) {
        self.write("checkpoints", notes.iter().map(|note| format!("{note}\n")).collect::<String>());
    }
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap_or_else(|error| panic!("make {}: {error}", to.display()));
    for entry in fs::read_dir(from).unwrap_or_else(|error| panic!("list {}: {error}", from.display())) {
        let entry = entry.expect("a folder can be listed");
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        if source.is_dir() {
            copy_folder(&source, &target);
        } else {
            fs::copy(&source, &target).unwrap_or_else(|error| panic!("copy {}: {error}", source.display()));
        }
    }
}
