//! Damaged logs: everything that is wrong is found and located, and nothing else is accused.

use bulla::proof::{FindingKind, Verdict};
use bulla_hostile::{Case, Directory, Expected, Original, Shape, cases, unmet};
use tempfile::TempDir;

const SHAPE: Shape = Shape { entries: 700, sessions: 5, segment_bytes: 20_000, seal: false, payloads: true };

fn original(shape: Shape) -> (TempDir, Original) {
    let folder = tempfile::tempdir().unwrap();
    let original = Original::write(folder.path().join("original"), shape);
    (folder, original)
}

fn run(folder: &TempDir, original: &Original, case: &Case) -> Option<String> {
    let copy = original.directory.copy_to(folder.path().join("copy"));
    case.damage(&copy);
    let verdict = case.verify(&copy).run();
    std::fs::remove_dir_all(copy.root()).unwrap();
    match verdict {
        Ok(verdict) if verdict.is_clean() && case.expected.is_empty() => None,
        Ok(verdict) => unmet(&verdict, &case.expected),
        Err(error) => Some(error.to_string()),
    }
}

#[test]
fn every_case_of_the_corpus_is_found_and_located() {
    let (folder, original) = original(SHAPE);
    let cases = cases(&original);
    println!("covered: {} hostile cases", cases.len());
    let failed: Vec<String> = cases
        .iter()
        .filter_map(|case| run(&folder, &original, case).map(|wrong| format!("== {}\n{wrong}", case.name)))
        .collect();
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

/// What changing a byte of `file` may come to.
fn kinds_of_byte(file: &str) -> &'static [FindingKind] {
    use FindingKind::{CheckpointBadSignature, CheckpointMalformed, LineChanged, TreeChanged};
    match file.split('/').next().unwrap() {
        "entries" => &[LineChanged],
        "tree" => &[TreeChanged],
        _ => &[CheckpointBadSignature, CheckpointMalformed],
    }
}

/// The entry that a byte of a plain segment belongs to, its newline included.
fn entry_at(log: &Directory, file: &str, offset: usize) -> u64 {
    let place = |place: &bulla_hostile::Place| place.file == file && place.bytes.end >= offset;
    log.lines().iter().position(place).unwrap() as u64
}

/// Files in which every byte counts.
fn covered_files(log: &Directory) -> Vec<String> {
    let mut files = log.files("entries");
    files.extend(log.files("tree"));
    files.extend(["checkpoint".to_owned(), "checkpoints".to_owned()]);
    files
}

/// Changes one byte and tells what is wrong with the verdict, if anything is.
fn change_and_verify(log: &Directory, file: &str, offset: usize, mask: u8) -> Option<String> {
    log.change_byte(file, offset, mask);
    let verdict = bulla::verify(log.root()).unwrap();
    log.change_byte(file, offset, mask);
    let is_plain_entry = file.ends_with(".jsonl");
    let seq = is_plain_entry.then(|| entry_at(log, file, offset));
    let is_met = kinds_of_byte(file).iter().any(|kind| {
        let expected = Expected::new(*kind).in_file(file).around(offset);
        let expected = match seq {
            Some(seq) => expected.at(seq..seq + 1),
            None => expected,
        };
        unmet(&verdict, &[expected]).is_none()
    });
    (!is_met).then(|| format!("{file} byte {offset} ^ {mask:#x}: {}", all(&verdict)))
}

fn all(verdict: &Verdict) -> String {
    let findings: Vec<String> = verdict.findings.iter().map(ToString::to_string).collect();
    format!("{verdict}\n{}", findings.join("\n"))
}

fn is_slow_run() -> bool {
    std::env::var_os("BULLA_SLOW_TESTS").is_some()
}

/// Every `step`th byte of every file changed, the masks in turn; gives how many.
fn change_bytes(log: &Directory, step: usize) -> usize {
    const MASKS: [u8; 4] = [0x01, 0x80, 0x20, 0xff];
    let mut wrong = Vec::new();
    let mut count = 0;
    for file in covered_files(log) {
        for offset in (0..log.read(&file).len()).step_by(step) {
            wrong.extend(change_and_verify(log, &file, offset, MASKS[count % MASKS.len()]));
            count += 1;
        }
    }
    assert!(wrong.is_empty(), "{} of {count}:\n{}", wrong.len(), wrong[..wrong.len().min(20)].join("\n"));
    let verdict = bulla::verify(log.root()).unwrap();
    assert!(verdict.is_clean(), "{}", all(&verdict));
    count
}

#[test]
fn a_change_of_any_byte_of_a_small_log_is_found_and_located() {
    let shape = Shape { entries: 12, sessions: 2, segment_bytes: 1, seal: false, payloads: false };
    let (_folder, original) = original(shape);
    let count = change_bytes(&original.directory, 1);
    println!("covered: {count} hostile cases");
}

#[test]
fn a_line_that_bears_the_next_free_number_is_a_changed_line() {
    let shape = Shape { entries: 8, sessions: 1, segment_bytes: 1, seal: false, payloads: false };
    let (_folder, original) = original(shape);
    let log = &original.directory;
    for (seq, place) in log.lines().iter().enumerate() {
        let mask = (b'0' + seq as u8) ^ b'8';
        let wrong = change_and_verify(log, &place.file, place.bytes.start + "{\"seq\":".len(), mask);
        assert_eq!(wrong, None);
    }
}

#[test]
fn a_change_of_any_byte_of_two_segments_is_found_and_located() {
    let (entries, step) = if is_slow_run() { (500, 1) } else { (300, 61) };
    let shape = Shape { entries, sessions: 2, segment_bytes: 1, seal: false, payloads: true };
    let (_folder, original) = original(shape);
    let count = change_bytes(&original.directory, step);
    println!("covered: {count} hostile cases");
}

#[test]
fn a_change_of_the_identity_is_found_unless_it_is_white_space_or_the_date() {
    let shape = Shape { entries: 4, sessions: 1, segment_bytes: 1, seal: false, payloads: false };
    let (_folder, original) = original(shape);
    let log = &original.directory;
    let text = String::from_utf8(log.read("log.json")).unwrap();
    let date = text.find("\"created_at\": \"").unwrap() + "\"created_at\": \"".len();
    let date = date..date + text[date..].find('"').unwrap();
    for offset in 0..text.len() {
        for mask in [0x01, 0x10, 0x80] {
            log.change_byte("log.json", offset, mask);
            let verdict = bulla::Verify::of(log.root()).run();
            log.change_byte("log.json", offset, mask);
            let is_free = text.as_bytes()[offset].is_ascii_whitespace() || date.contains(&offset);
            let is_found = match &verdict {
                Ok(verdict) => !verdict.is_clean() && verdict.findings[0].file.as_deref() == Some("log.json"),
                // A format that this version does not know is not verified at all.
                Err(error) => error.to_string().contains("has format"),
            };
            assert!(is_found || is_free, "byte {offset} ^ {mask:#x}: {verdict:?}");
        }
    }
}

#[test]
fn a_line_removed_swapped_or_doubled_anywhere_is_found_and_located() {
    let shape = Shape { entries: 300, sessions: 2, segment_bytes: 1, seal: false, payloads: false };
    let (folder, original) = original(shape);
    let lines = original.directory.lines();
    let copy = original.directory.copy_to(folder.path().join("copy"));
    let check = |seq: usize, damage: &dyn Fn(), expected: Expected| {
        damage();
        let verdict = bulla::verify(copy.root()).unwrap();
        for file in copy.files("entries") {
            copy.write(&file, original.directory.read(&file));
        }
        let wrong = unmet(&verdict, &[expected]);
        assert!(wrong.is_none(), "entry {seq}: {}", wrong.unwrap());
    };
    for (seq, place) in lines.iter().enumerate() {
        let seqs = seq as u64..seq as u64 + 1;
        let gone = if seq + 1 == lines.len() { FindingKind::Truncated } else { FindingKind::LineRemoved };
        check(seq, &|| copy.remove_line(place), Expected::new(gone).at(seqs.clone()).in_file(&place.file));
        let doubled = Expected::new(FindingKind::LineDuplicated).at(seqs.clone()).in_file(&place.file);
        let mut line = copy.line(place);
        line.push(b'\n');
        check(seq, &|| copy.insert_before(place, &line), doubled);
        if let Some(next) = lines.get(seq + 1) {
            let expected = Expected::new(FindingKind::LineMoved).within(seqs.start..seqs.end + 1);
            // Over the edge of a segment both are out of place.
            if next.file == place.file {
                check(seq, &|| copy.swap(place, next), expected);
            }
        }
    }
}

#[test]
fn a_change_of_any_byte_of_a_sealed_segment_is_found_or_changes_no_entry() {
    let shape = Shape { entries: 300, sessions: 3, segment_bytes: 1, seal: true, payloads: false };
    let (_folder, original) = original(shape);
    let log = &original.directory;
    let sealed = log.files("entries").into_iter().find(|file| file.ends_with(".zst")).unwrap();
    let lines = |log: &Directory| zstd::decode_all(log.read(&sealed).as_slice()).ok();
    let whole = lines(log);
    let len = log.read(&sealed).len();
    let step = if is_slow_run() { 1 } else { 7 };
    let mut harmless = 0;
    for offset in (0..len).filter(|offset| offset % step == 0 || *offset + 64 > len) {
        log.change_byte(&sealed, offset, 0x10);
        let verdict = bulla::verify(log.root()).unwrap();
        let is_same = lines(log) == whole;
        log.change_byte(&sealed, offset, 0x10);
        if verdict.is_clean() {
            assert!(is_same, "byte {offset}: entries changed and nothing was found");
            harmless += 1;
        }
        for finding in &verdict.findings {
            let is_known = matches!(finding.kind, FindingKind::SegmentUnreadable | FindingKind::LineChanged)
                || is_consequence(finding.kind);
            assert!(is_known && finding.file.as_ref() == Some(&sealed), "byte {offset}: {finding}");
        }
    }
    assert!(harmless < len / 20, "{harmless} of {len} changes decode to the same lines");
}

#[test]
fn damaged_sealed_segments_are_located() {
    let shape = Shape { entries: 700, sessions: 5, segment_bytes: 20_000, seal: true, payloads: false };
    let (folder, original) = original(shape);
    let second = "entries/00000000000000000256.jsonl.zst";
    let frame_end = original.directory.read(second).len() - (8 + 8 + 9);
    let check = |what: &str, damage: &dyn Fn(&Directory), expected: Expected, repairable: bool| {
        let copy = original.directory.copy_to(folder.path().join(what));
        damage(&copy);
        let verdict = bulla::verify(copy.root()).unwrap();
        let wrong = unmet(&verdict, &[expected]);
        assert!(wrong.is_none(), "{what}: {}", wrong.unwrap());
        assert_eq!(verdict.findings[0].repairable, repairable, "{what}");
    };
    let unreadable = || Expected::new(FindingKind::SegmentUnreadable).in_file(second);
    let edit = |edit: fn(&mut Vec<u8>, usize)| {
        move |log: &Directory| log.edit(second, |bytes| edit(bytes, frame_end))
    };
    check("frame", &edit(|bytes, end| bytes[9..end].fill(0)), unreadable().at(256..512), false);
    check("table", &edit(|bytes, end| bytes[end + 9] ^= 1), unreadable().around(frame_end), true);
    check("no table", &edit(Vec::truncate), unreadable().around(frame_end), true);
    check("half", &edit(|bytes, end| bytes.truncate(end / 2)), unreadable().at(256..512), false);
    check("gone", &|log| log.remove(second), Expected::new(FindingKind::FileMissing).at(256..512), false);
    let rewrite = |log: &Directory| {
        let lines = zstd::decode_all(&log.read(second)[..frame_end]).unwrap();
        let lines = String::from_utf8(lines).unwrap().replacen("tasks/300", "tasks/3x0", 1);
        log.remove(second);
        log.write("entries/00000000000000000256.jsonl", lines);
    };
    check("plain again", &rewrite, Expected::new(FindingKind::LineChanged).at(300..301), false);
}

/// A frame that decodes to other bytes may have lost or gained newlines.
fn is_consequence(kind: FindingKind) -> bool {
    matches!(kind, FindingKind::LineRemoved | FindingKind::LineInserted | FindingKind::FileMissing)
}

#[test]
fn findings_that_are_too_many_are_counted() {
    let shape = Shape { entries: 3000, sessions: 1, segment_bytes: 1 << 20, seal: false, payloads: false };
    let (_folder, original) = original(shape);
    let log = &original.directory;
    let lines = log.lines();
    for file in log.files("entries") {
        log.edit(&file, |bytes| {
            let places = lines.iter().filter(|place| place.file == file).step_by(2);
            places.for_each(|place| bytes[place.bytes.start + 100] ^= 1);
        });
    }
    let verdict = bulla::verify(log.root()).unwrap();
    assert_eq!((verdict.findings.len(), verdict.findings_total()), (1000, 1500), "{verdict}");
}

/// Numbers that look random, from a seed.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % end.max(1)
    }
}

fn damage_at_random(bytes: &mut Vec<u8>, numbers: &mut Numbers) {
    let start = numbers.below(bytes.len());
    let end = (start + 1 + numbers.below(300)).min(bytes.len());
    match numbers.below(5) {
        0 => bytes[start..end].iter_mut().for_each(|byte| *byte = numbers.below(256) as u8),
        1 => drop(bytes.drain(start..end)),
        2 => bytes[start..end].fill(0),
        3 => {
            let part = bytes[start..end].to_vec();
            let at = numbers.below(bytes.len());
            bytes.splice(at..at, part);
        }
        _ => bytes.truncate(start),
    }
}

#[test]
fn damage_at_random_is_always_found_and_never_a_panic() {
    let shape = Shape { entries: 600, sessions: 4, segment_bytes: 20_000, seal: true, payloads: false };
    let (_folder, original) = original(shape);
    let log = &original.directory;
    let files = covered_files(log);
    let whole: Vec<Vec<u8>> = files.iter().map(|file| log.read(file)).collect();
    for seed in 0..if is_slow_run() { 20_000 } else { 300 } {
        let mut numbers = Numbers(seed);
        for _ in 0..1 + numbers.below(3) {
            let file = &files[numbers.below(files.len())];
            log.edit(file, |bytes| damage_at_random(bytes, &mut numbers));
        }
        let verdict = bulla::verify(log.root()).unwrap();
        let mut is_changed = false;
        for (file, whole) in files.iter().zip(&whole) {
            is_changed |= log.read(file) != *whole;
            log.write(file, whole);
        }
        assert_eq!(verdict.is_clean(), !is_changed, "seed {seed}: {}", all(&verdict));
    }
}
