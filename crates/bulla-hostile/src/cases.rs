//! What attackers, accidents and bit rot do to a log: one case for each row of the table of findings, and mixtures.

use bulla::Verify;
use bulla::proof::{Checkpoint, FindingKind, SignerKey, TreeSize, leaf_hash};

use crate::{Directory, Expected, Original};

/// A way to damage a log, what the auditor knows from elsewhere, and what must be found: this, and nothing else.
pub struct Case {
    /// What is done.
    pub name: &'static str,
    damage: Box<dyn Fn(&Directory)>,
    knows: Box<dyn Fn(Verify<'static>) -> Verify<'static>>,
    /// What must be found.
    pub expected: Vec<Expected>,
}

impl Case {
    fn new(name: &'static str, damage: impl Fn(&Directory) + 'static, expected: Vec<Expected>) -> Self {
        Self { name, damage: Box::new(damage), knows: Box::new(|verify| verify), expected }
    }

    fn knowing(mut self, knows: impl Fn(Verify<'static>) -> Verify<'static> + 'static) -> Self {
        self.knows = Box::new(knows);
        self
    }

    /// Damages a copy of the original.
    pub fn damage(&self, copy: &Directory) {
        (self.damage)(copy);
    }

    /// Verification of the copy, by one who knows what the case says.
    pub fn verify(&self, copy: &Directory) -> Verify<'static> {
        (self.knows)(Verify::of(copy.root()))
    }
}

use FindingKind::{
    CheckpointBadSignature, CheckpointHistoryInconsistent, CheckpointMalformed, EntriesAndTreeChanged,
    FileMissing, FileUnexpected, Fork, IdentityDamaged, KeyReplaced, LineChanged, LineDuplicated,
    LineInserted, LineMoved, LineRemoved, PayloadChanged, PayloadMissing, RecordedAtWrong, RolledBack,
    SegmentUnreadable, SeqWrong, TreeChanged, Truncated,
};

/// All cases for a log of [`Shape`](crate::Shape) with plain segments that begin at 0, 256 and 512, and checkpoints of
/// sizes 140, 280, 420, 560 and 700; with payloads.
pub fn cases(original: &Original) -> Vec<Case> {
    [lines(), ends(), tree(), checkpoints(original), histories(original), beside(original), mixtures()]
        .into_iter()
        .flatten()
        .collect()
}

const FIRST: &str = "entries/00000000000000000000.jsonl";
const FIRST_SEALED: &str = "entries/00000000000000000000.jsonl.zst";
const SECOND: &str = "entries/00000000000000000256.jsonl";
const THIRD: &str = "entries/00000000000000000512.jsonl";

fn finding(kind: FindingKind) -> Expected {
    Expected::new(kind)
}

fn change_line(directory: &Directory, seq: usize) {
    let place = &directory.lines()[seq];
    directory.change_byte(&place.file, place.bytes.start + place.bytes.len() / 2, 1);
}

fn copy_before(directory: &Directory, seq: usize, before: usize) {
    let lines = directory.lines();
    let mut line = directory.line(&lines[seq]);
    line.push(b'\n');
    directory.insert_before(&lines[before], &line);
}

fn remove_lines(directory: &Directory, seqs: std::ops::Range<usize>) {
    let lines = directory.lines();
    lines[seqs].iter().rev().for_each(|place| directory.remove_line(place));
}

fn move_lines(directory: &Directory, seqs: std::ops::Range<usize>, before: usize) {
    assert!(before >= seqs.end, "lines are moved towards the end");
    let lines = directory.lines();
    let moved: Vec<u8> = lines[seqs.clone()]
        .iter()
        .flat_map(|place| [directory.line(place), b"\n".to_vec()].concat())
        .collect();
    directory.insert_before(&lines[before], &moved);
    remove_lines(directory, seqs);
}

fn swap(directory: &Directory, first: usize, second: usize) {
    let lines = directory.lines();
    directory.swap(&lines[first], &lines[second]);
}

fn lines() -> Vec<Case> {
    vec![
        Case::new("nothing", |_| (), vec![]),
        Case::new(
            "change a line",
            |log| change_line(log, 300),
            vec![finding(LineChanged).at(300..301).in_file(SECOND)],
        ),
        Case::new(
            "change many lines in a row",
            |log| (300..500).for_each(|seq| change_line(log, seq)),
            vec![finding(LineChanged).at(300..500).in_file(SECOND)],
        ),
        Case::new(
            "put another entry in the place of one",
            |log| {
                let place = &log.lines()[300];
                let line = String::from_utf8(log.line(place)).expect("JSON is UTF-8");
                log.replace(place, format!("{}\n", line.replace("alice", "mallory")).as_bytes());
            },
            vec![finding(LineChanged).at(300..301).in_file(SECOND)],
        ),
        Case::new(
            "remove a line",
            |log| remove_lines(log, 300..301),
            vec![finding(LineRemoved).at(300..301).in_file(SECOND)],
        ),
        Case::new(
            "remove lines in a row",
            |log| remove_lines(log, 300..333),
            vec![finding(LineRemoved).at(300..333).in_file(SECOND)],
        ),
        Case::new(
            "double a line",
            |log| copy_before(log, 300, 301),
            vec![finding(LineDuplicated).at(300..301).in_file(SECOND)],
        ),
        Case::new(
            "add bytes without an end to a segment that is full",
            |log| log.edit(FIRST, |bytes| bytes.push(b'x')),
            vec![finding(LineInserted).at(256..256).in_file(FIRST)],
        ),
        Case::new(
            "copy a line into another segment",
            |log| copy_before(log, 300, 100),
            vec![finding(LineDuplicated).at(300..301).in_file(FIRST)],
        ),
        Case::new(
            "swap two lines",
            |log| swap(log, 300, 333),
            vec![
                finding(LineMoved).at(300..301).in_file(SECOND),
                finding(LineMoved).at(333..334).in_file(SECOND),
            ],
        ),
        Case::new(
            "swap two neighbours",
            |log| swap(log, 300, 301),
            vec![finding(LineMoved).within(300..302).in_file(SECOND)],
        ),
        Case::new(
            "swap lines of two segments",
            |log| swap(log, 100, 600),
            vec![
                finding(LineMoved).at(100..101).in_file(THIRD),
                finding(LineMoved).at(600..601).in_file(FIRST),
            ],
        ),
        Case::new(
            "move lines",
            |log| move_lines(log, 300..310, 330),
            vec![finding(LineMoved).at(300..310).in_file(SECOND)],
        ),
        Case::new(
            "insert a line",
            |log| {
                let place = &log.lines()[300];
                let line = String::from_utf8(log.line(place)).expect("JSON is UTF-8");
                log.insert_before(place, format!("{}\n", line.replace("alice", "mallory")).as_bytes());
            },
            vec![finding(LineInserted).at(300..300).in_file(SECOND)],
        ),
        Case::new(
            "insert bytes that are no line",
            |log| log.insert_before(&log.lines()[300], b"\0\0\0\0\n"),
            vec![finding(LineInserted).at(300..300).in_file(SECOND)],
        ),
        Case::new(
            "insert a newline into a line",
            |log| {
                let place = &log.lines()[300];
                log.edit(SECOND, |bytes| bytes.insert(place.bytes.start + 150, b'\n'));
            },
            vec![finding(LineChanged).at(300..301).in_file(SECOND)],
        ),
        Case::new(
            "take the newline after a line",
            |log| {
                let place = &log.lines()[300];
                log.edit(SECOND, |bytes| _ = bytes.remove(place.bytes.end));
            },
            vec![finding(LineChanged).at(300..301).in_file(SECOND)],
        ),
    ]
}

fn ends() -> Vec<Case> {
    vec![
        Case::new(
            "cut lines at the end",
            |log| remove_lines(log, 680..700),
            vec![finding(Truncated).at(680..700).in_file(THIRD)],
        ),
        Case::new(
            "cut inside a line",
            |log| {
                let place = &log.lines()[680];
                log.edit(THIRD, |bytes| bytes.truncate(place.bytes.start + 50));
            },
            vec![finding(Truncated).at(680..700).in_file(THIRD)],
        ),
        Case::new(
            "take the last newline",
            |log| log.edit(THIRD, |bytes| _ = bytes.pop()),
            vec![finding(LineChanged).at(699..700).in_file(THIRD)],
        ),
        Case::new("remove the last segment", |log| log.remove(THIRD), vec![finding(Truncated).at(512..700)]),
        Case::new(
            "remove a segment",
            |log| log.remove(SECOND),
            vec![finding(FileMissing).at(256..512).in_file(SECOND)],
        ),
        Case::new(
            "remove the first segment",
            |log| log.remove(FIRST),
            vec![finding(FileMissing).at(0..256).in_file(FIRST)],
        ),
        Case::new(
            "empty a segment",
            |log| log.write(SECOND, b""),
            vec![finding(FileMissing).at(256..512).in_file(SECOND)],
        ),
        Case::new(
            "cut the end of a full segment",
            |log| remove_lines(log, 500..512),
            vec![finding(LineRemoved).at(500..512).in_file(SECOND)],
        ),
        Case::new(
            "add bytes to a full segment",
            |log| log.edit(SECOND, |bytes| bytes.extend_from_slice(b"more")),
            vec![finding(LineInserted).at(512..512).in_file(SECOND)],
        ),
        Case::new(
            "remove all segments",
            |log| [FIRST, SECOND, THIRD].into_iter().for_each(|file| log.remove(file)),
            vec![finding(Truncated).at(0..700)],
        ),
    ]
}

fn tree() -> Vec<Case> {
    vec![
        Case::new(
            "change a leaf hash",
            |log| log.change_byte("tree/00", 32 * 300 + 7, 1),
            vec![finding(TreeChanged).at(300..301).in_file("tree/00").around(32 * 300 + 7)],
        ),
        Case::new(
            "put another hash in the place of one",
            |log| {
                log.edit("tree/00", |bytes| {
                    bytes[32 * 300..32 * 301].copy_from_slice(leaf_hash(b"x").as_bytes());
                });
            },
            vec![finding(TreeChanged).at(300..301).in_file("tree/00")],
        ),
        Case::new(
            "change the hash of a tile",
            |log| log.change_byte("tree/08", 33, 1),
            vec![finding(TreeChanged).at(256..512).in_file("tree/08").around(33)],
        ),
        Case::new(
            "cut tree/00",
            |log| log.edit("tree/00", |bytes| bytes.truncate(32 * 600)),
            vec![finding(TreeChanged).at(600..700).in_file("tree/00")],
        ),
        Case::new(
            "cut tree/08",
            |log| log.edit("tree/08", |bytes| bytes.truncate(32)),
            vec![finding(TreeChanged).at(256..512).in_file("tree/08")],
        ),
        Case::new(
            "make tree/00 longer",
            |log| log.edit("tree/00", |bytes| bytes.extend_from_slice(leaf_hash(b"x").as_bytes())),
            vec![finding(TreeChanged).at(700..701).in_file("tree/00")],
        ),
        Case::new(
            "add a part of a hash",
            |log| log.edit("tree/00", |bytes| bytes.extend_from_slice(b"part")),
            vec![finding(TreeChanged).in_file("tree/00").around(32 * 700)],
        ),
        Case::new(
            "make tree/08 longer",
            |log| log.edit("tree/08", |bytes| bytes.extend_from_slice(leaf_hash(b"x").as_bytes())),
            vec![finding(TreeChanged).in_file("tree/08").around(64)],
        ),
        Case::new(
            "add a row that there cannot be",
            |log| log.write("tree/16", leaf_hash(b"x").as_bytes()),
            vec![finding(TreeChanged).in_file("tree/16").around(0)],
        ),
        Case::new(
            "remove tree/",
            |log| {
                log.remove("tree/00");
                log.remove("tree/08");
            },
            vec![
                finding(TreeChanged).at(0..700).in_file("tree/00"),
                finding(TreeChanged).at(0..512).in_file("tree/08"),
            ],
        ),
        Case::new(
            "fill tree/00 with zeros",
            |log| log.edit("tree/00", |bytes| bytes.fill(0)),
            vec![finding(TreeChanged).at(0..700).in_file("tree/00")],
        ),
        Case::new(
            "take a hash out of tree/00",
            |log| log.edit("tree/00", |bytes| drop(bytes.drain(32 * 300..32 * 301))),
            vec![
                finding(TreeChanged).at(300..699).in_file("tree/00"),
                finding(TreeChanged).at(699..700).in_file("tree/00"),
            ],
        ),
    ]
}

fn checkpoints(original: &Original) -> Vec<Case> {
    let key = original.key.clone();
    let middle = |log: &Directory, start: usize| log.read("checkpoints")[..start].len() + 30;
    vec![
        Case::new(
            "change the text of the checkpoint",
            |log| log.change_byte("checkpoint", 22, 1),
            vec![finding(CheckpointBadSignature).in_file("checkpoint").around(22)],
        ),
        Case::new(
            "break the form of the checkpoint",
            |log| log.edit("checkpoint", |bytes| bytes.truncate(40)),
            vec![finding(CheckpointMalformed).in_file("checkpoint")],
        ),
        Case::new(
            "change a checkpoint of the history",
            move |log| {
                let at = middle(log, log.history()[0].len() + 1);
                // Still base64: not every byte that is changed is.
                log.edit("checkpoints", |bytes| bytes[at] = if bytes[at] == b'B' { b'C' } else { b'B' });
            },
            vec![finding(CheckpointBadSignature).in_file("checkpoints")],
        ),
        Case::new(
            "cut inside the last checkpoint of the history",
            |log| log.edit("checkpoints", |bytes| bytes.truncate(bytes.len() - 20)),
            vec![finding(CheckpointMalformed).in_file("checkpoints")],
        ),
        Case::new(
            "put an old checkpoint in the place of the newest",
            |log| log.write("checkpoint", &log.history()[0]),
            vec![finding(RolledBack).in_file("checkpoint")],
        ),
        Case::new(
            "cut the last checkpoint off the history",
            |log| {
                let mut notes = log.history();
                notes.pop();
                log.write_history(&notes);
            },
            vec![finding(CheckpointHistoryInconsistent).in_file("checkpoints")],
        ),
        Case::new(
            "swap checkpoints of the history",
            |log| {
                let mut notes = log.history();
                notes.swap(1, 2);
                log.write_history(&notes);
            },
            vec![finding(CheckpointHistoryInconsistent).in_file("checkpoints")],
        ),
        Case::new(
            "sign another root for an old size, with the log's key",
            move |log| {
                let mut notes = log.history();
                let size = notes[0].lines().nth(1).and_then(|size| size.parse().ok()).expect("a size");
                let forged = Checkpoint::new(key.name(), TreeSize(size), leaf_hash(b"other"));
                notes.insert(1, forged.expect("the name of a key is an origin").sign(&[&key]));
                log.write_history(&notes);
            },
            vec![
                finding(Fork).in_file("checkpoints"),
                finding(CheckpointHistoryInconsistent).in_file("checkpoints"),
            ],
        ),
        Case::new(
            "remove the checkpoint",
            |log| log.remove("checkpoint"),
            vec![finding(FileMissing).in_file("checkpoint")],
        ),
        Case::new(
            "remove the history",
            |log| log.remove("checkpoints"),
            vec![finding(FileMissing).in_file("checkpoints")],
        ),
        Case::new(
            "remove all checkpoints",
            |log| {
                log.remove("checkpoint");
                log.remove("checkpoints");
            },
            vec![finding(RolledBack).in_file("checkpoints"), finding(FileMissing).in_file("checkpoints")],
        ),
        Case::new(
            "roll the checkpoints back",
            |log| {
                let notes = log.history();
                log.write("checkpoint", &notes[1]);
                log.write_history(&notes[..2]);
            },
            vec![finding(RolledBack).in_file("checkpoints")],
        ),
    ]
}

/// Cuts the log back to what it was with `size` entries and so many checkpoints: an old copy of it.
fn restore_old_copy(log: &Directory, size: usize) {
    remove_lines(log, size..log.lines().len());
    log.files("entries").iter().filter(|file| log.read(file).is_empty()).for_each(|file| log.remove(file));
    log.rebuild_tree();
    let is_old = |note: &String| {
        note.lines().nth(1).and_then(|text| text.parse().ok()).is_some_and(|at: usize| at <= size)
    };
    let notes: Vec<String> = log.history().into_iter().filter(is_old).collect();
    log.write("checkpoint", notes.last().expect("there is an old checkpoint"));
    log.write_history(&notes);
}

fn histories(original: &Original) -> Vec<Case> {
    let newest = original.directory.read("checkpoint");
    let oldest = original.directory.history()[0].clone().into_bytes();
    let own = original.key.verifier_key();
    let key = original.key.clone();
    let other = SignerKey::from_seed(key.name(), [8; 32]).expect("the name of a key is one");
    let (newest_again, own_again, other_again) = (newest.clone(), own.clone(), other.clone());
    let replace_key = move |log: &Directory, key: &SignerKey| {
        change_line(log, 100);
        log.sign_anew(key);
        log.edit("log.json", |bytes| {
            let text = String::from_utf8(std::mem::take(bytes)).expect("JSON is UTF-8");
            *bytes = text.replace(&own_again.to_string(), &key.verifier_key().to_string()).into_bytes();
        });
    };
    let replace_key_again = replace_key.clone();
    vec![
        Case::new(
            "change a line and make the tree anew",
            |log| {
                change_line(log, 300);
                log.rebuild_tree();
            },
            vec![finding(EntriesAndTreeChanged).at(280..420)],
        ),
        Case::new(
            "remove a line and make the tree anew",
            |log| {
                remove_lines(log, 699..700);
                log.rebuild_tree();
            },
            vec![finding(Truncated).at(699..700), finding(TreeChanged).at(699..700).in_file("tree/00")],
        ),
        Case::new(
            "change a line and its hash, and not the hash of the tile",
            |log| {
                change_line(log, 300);
                let tiles = log.read("tree/08");
                log.rebuild_tree();
                log.write("tree/08", tiles);
            },
            vec![finding(EntriesAndTreeChanged).at(280..420)],
        ),
        Case::new(
            "restore an old copy, with a newer checkpoint pinned",
            |log| restore_old_copy(log, 280),
            vec![finding(RolledBack).at(280..700)],
        )
        .knowing(move |verify| verify.pin(newest.clone())),
        Case::new(
            "rewrite history with the log's key, with an older checkpoint pinned",
            move |log| {
                change_line(log, 100);
                log.sign_anew(&key);
            },
            vec![finding(Fork)],
        )
        .knowing(move |verify| verify.pin(oldest.clone())),
        Case::new(
            "rewrite history with another key, with the log's key known",
            move |log| replace_key(log, &other),
            vec![
                finding(KeyReplaced).in_file("log.json"),
                finding(CheckpointBadSignature).in_file("checkpoint"),
                finding(CheckpointBadSignature).in_file("checkpoints"),
            ],
        )
        .knowing(move |verify| verify.key(own.clone())),
        Case::new(
            "rewrite history with another key, with a checkpoint pinned",
            move |log| replace_key_again(log, &other_again),
            vec![finding(CheckpointBadSignature)],
        )
        .knowing(move |verify| verify.pin(newest_again.clone())),
    ]
}

fn beside(original: &Original) -> Vec<Case> {
    let folder = original.directory.clone();
    let line: serde_json::Value =
        serde_json::from_slice(&folder.line(&folder.lines()[303])).expect("an entry is JSON");
    let digest = line["payloads"][0]["ref"].as_str().expect("entry 303 has a payload").to_owned();
    let payload = format!("payloads/{}/{digest}", &digest[..2]);
    let (gone, changed) = (payload.clone(), payload.clone());
    let (key, key_again) = (original.key.clone(), original.key.clone());
    let rewrite = |log: &Directory, seq: usize, from: &str, to: &str| {
        let place = &log.lines()[seq];
        let line = String::from_utf8(log.line(place)).expect("JSON is UTF-8");
        log.replace(place, format!("{}\n", line.replacen(from, to, 1)).as_bytes());
    };
    vec![
        Case::new(
            "remove a payload",
            move |log| log.remove(&gone),
            vec![finding(PayloadMissing).at(303..304).in_file(&payload)],
        ),
        Case::new(
            "change a payload",
            move |log| log.change_byte(&changed, 35, 1),
            vec![finding(PayloadChanged).at(303..304).in_file(&payload)],
        ),
        Case::new(
            "add a file to the entries",
            |log| log.write("entries/notes.txt", b"x"),
            vec![finding(FileUnexpected).in_file("entries/notes.txt")],
        ),
        Case::new(
            "add a segment where none begins",
            |log| log.write("entries/00000000000000000100.jsonl", b""),
            vec![finding(FileUnexpected).in_file("entries/00000000000000000100.jsonl")],
        ),
        Case::new(
            "add a segment far behind the end",
            |log| log.write("entries/00000000000001000192.jsonl", b""),
            vec![finding(FileUnexpected).in_file("entries/00000000000001000192.jsonl")],
        ),
        Case::new(
            "seal a segment in frames of another length",
            |log| log.seal(FIRST, 128),
            vec![finding(SegmentUnreadable).at(128..256).in_file(FIRST_SEALED)],
        ),
        Case::new(
            "damage log.json",
            |log| log.change_byte("log.json", 0, 1),
            vec![finding(IdentityDamaged).in_file("log.json")],
        ),
        Case::new(
            "sign for a wrong number",
            move |log| {
                rewrite(log, 300, "\"seq\":300", "\"seq\":301");
                log.sign_anew(&key);
            },
            vec![finding(SeqWrong).at(300..301).in_file(SECOND)],
        ),
        Case::new(
            "sign for a clock that runs backwards",
            move |log| {
                rewrite(log, 300, "\"recorded_at\":\"2", "\"recorded_at\":\"1");
                log.sign_anew(&key_again);
            },
            vec![finding(RecordedAtWrong).at(300..301).in_file(SECOND)],
        ),
    ]
}

fn mixtures() -> Vec<Case> {
    vec![
        Case::new(
            "change a line and a hash elsewhere",
            |log| {
                change_line(log, 100);
                log.change_byte("tree/00", 32 * 600, 1);
            },
            vec![
                finding(LineChanged).at(100..101).in_file(FIRST),
                finding(TreeChanged).at(600..601).in_file("tree/00"),
            ],
        ),
        Case::new(
            "change a line and a hash in one tile",
            |log| {
                change_line(log, 300);
                log.change_byte("tree/00", 32 * 303, 1);
            },
            vec![
                finding(LineChanged).at(300..301).in_file(SECOND),
                finding(TreeChanged).at(303..304).in_file("tree/00"),
            ],
        ),
        Case::new(
            "a little of everything",
            |log| {
                remove_lines(log, 690..700);
                remove_lines(log, 640..641);
                swap(log, 300, 310);
                copy_before(log, 50, 90);
                change_line(log, 20);
                log.change_byte("tree/08", 3, 1);
            },
            vec![
                finding(Truncated).at(690..700).in_file(THIRD),
                finding(LineRemoved).at(640..641).in_file(THIRD),
                finding(LineMoved).at(300..301).in_file(SECOND),
                finding(LineMoved).at(310..311).in_file(SECOND),
                finding(LineDuplicated).at(50..51).in_file(FIRST),
                finding(LineChanged).at(20..21).in_file(FIRST),
                finding(TreeChanged).at(0..256).in_file("tree/08"),
            ],
        ),
        Case::new(
            "remove a line and change the one after it",
            |log| {
                change_line(log, 301);
                remove_lines(log, 300..301);
            },
            vec![
                finding(LineRemoved).at(300..301).in_file(SECOND),
                finding(LineChanged).at(301..302).in_file(SECOND),
            ],
        ),
    ]
}
