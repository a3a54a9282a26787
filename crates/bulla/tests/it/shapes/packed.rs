//! Sealed segments that were packed anew, cut, or packed with other lines.

use super::*;

/// Packs lines into a sealed segment as the format says, a frame for each.
fn pack(log: &Directory, file: &str, frames: &[Vec<u8>]) -> Vec<std::ops::Range<u64>> {
    let (mut bytes, mut table, mut places) = (Vec::new(), Vec::new(), Vec::new());
    for frame in frames {
        let packed = zstd::bulk::compress(frame, 3).unwrap();
        table.extend_from_slice(&(packed.len() as u32).to_le_bytes());
        table.extend_from_slice(&(frame.len() as u32).to_le_bytes());
        places.push(bytes.len() as u64..(bytes.len() + packed.len()) as u64);
        bytes.extend_from_slice(&packed);
    }
    bytes.extend_from_slice(&0x184D_2A5E_u32.to_le_bytes());
    bytes.extend_from_slice(&(table.len() as u32 + 9).to_le_bytes());
    bytes.extend_from_slice(&table);
    bytes.extend_from_slice(&(frames.len() as u32).to_le_bytes());
    bytes.push(0);
    bytes.extend_from_slice(&0x8F92_EAB1_u32.to_le_bytes());
    log.write(file, bytes);
    places
}

/// A log with a sealed segment of two or more frames and one that is not full.
fn sealed_log() -> (TempDir, Directory, String, Vec<Vec<u8>>) {
    let folder = tempfile::tempdir().unwrap();
    let shape = Shape { entries: 900, sessions: 3, segment_bytes: 100_000, seal: true, payloads: false };
    let log = Original::write(folder.path().join("audit"), shape).directory;
    let file = log.files("entries").remove(0);
    assert!(file.ends_with("00000000000000000000.jsonl.zst"), "{file}");
    let lines = zstd_lines(&log, &file);
    let frames: Vec<_> = lines.chunks(256).map(<[_]>::concat).collect();
    assert!(frames.len() > 1 && lines.len().is_multiple_of(256), "{} lines", lines.len());
    (folder, log, file, frames)
}

fn zstd_lines(log: &Directory, file: &str) -> Vec<Vec<u8>> {
    let bytes = log.read(file);
    let table = bytes.len() - 9;
    let count = u32::from_le_bytes(bytes[table..table + 4].try_into().unwrap()) as usize;
    let frames_end = table - 8 * count - 8;
    let plain = zstd::decode_all(&bytes[..frames_end]).unwrap();
    plain.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect()
}

#[test]
fn a_sealed_segment_packed_anew_is_the_same_entries() {
    let (_folder, log, file, frames) = sealed_log();
    pack(&log, &file, &frames);
    assert!(verify(&log).is_clean(), "{:#?}", findings(&log));
}

#[test]
fn a_sealed_segment_cut_into_other_frames_is_told_with_the_entries_that_lie_in_other_frames() {
    let folder = tempfile::tempdir().unwrap();
    let shape = Shape { entries: 900, sessions: 3, segment_bytes: 1, seal: false, payloads: false };
    let log = Original::write(folder.path().join("audit"), shape).directory;
    // The first three segments become one.
    let segments = &log.files("entries")[..3];
    let lines = segments.iter().map(|file| log.read(file)).collect::<Vec<_>>().concat();
    segments.iter().for_each(|file| log.remove(file));
    let lines: Vec<_> = lines.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
    let file = format!("{SEGMENT}.zst");
    for counts in [
        &[768][..],
        &[256, 512],
        &[512, 256],
        &[256, 255, 257],
        &[256, 257, 255],
        &[256, 256, 255, 1],
        &[256, 256, 1, 255],
        &[128; 6],
        &[96; 8],
        &[0, 256, 256, 256],
        &[256, 0, 256, 256],
        &[256, 256, 256, 0],
        &[256, 256, 256, 0, 0],
    ] {
        let mut rest = lines.iter();
        let frame_of =
            counts.iter().enumerate().flat_map(|(frame, count)| std::iter::repeat_n(frame, *count));
        let astray: Vec<(u64, usize)> =
            (0..).zip(frame_of).filter(|(seq, frame)| seq / 256 != *frame as u64).collect();
        let empty = counts.iter().enumerate().filter(|(_, count)| **count == 0).map(|(frame, _)| frame);
        let bad: Vec<usize> = astray.iter().map(|(_, frame)| *frame).chain(empty).collect();
        let frames: Vec<Vec<u8>> =
            counts.iter().map(|count| rest.by_ref().take(*count).flatten().copied().collect()).collect();
        let places = pack(&log, &file, &frames);

        let found = findings(&log);
        let finding = only(&found);
        assert_eq!((finding.kind, finding.file.as_ref()), (SegmentUnreadable, Some(&file)), "{finding}");
        assert!(finding.repairable && finding.message.starts_with("it was packed anew, "), "{finding}");
        let seqs = astray.first().zip(astray.last()).map(|(first, last)| (first.0, last.0 + 1));
        assert_eq!(finding.first_seq.zip(finding.end_seq), seqs, "{counts:?}: {finding}");
        let bytes = places[*bad.iter().min().unwrap()].start..places[*bad.iter().max().unwrap()].end;
        assert_eq!(finding.bytes, Some(bytes), "{counts:?}: {finding}");

        // Reading it gives the entry that is asked for, or an error.
        let reader = LogReader::open(log.root()).unwrap();
        for (seq, line) in (0..).zip(&lines) {
            match reader.read(seq..seq + 1).next().unwrap() {
                Ok(entry) => assert_eq!(entry.line(), line.strip_suffix(b"\n").unwrap()),
                Err(error) => assert!(error.to_string().contains("bulla verify"), "{error}"),
            }
        }
        assert!(reader.read(0..900).count() <= 900);
    }
    log.remove(&file);
    log.write(SEGMENT, lines.concat());
    assert!(verify(&log).is_clean(), "unpacked, it is a segment like others");
}

#[test]
fn a_frame_that_ends_in_bytes_without_an_end_takes_nothing_from_the_next_one() {
    let (_folder, log, file, mut frames) = sealed_log();
    for len in [90, 300_000] {
        let whole = frames[0].clone();
        frames[0].extend(std::iter::repeat_n(b'x', len));
        let places = pack(&log, &file, &frames);
        let found = findings(&log);
        check(only(&found), LineInserted, (256, 256), "a line that is");
        assert_eq!(found[0].bytes.as_ref(), Some(&places[0]));
        frames[0] = whole;
    }
}

#[test]
fn frames_behind_the_end_of_a_segment_that_cannot_be_read_accuse_no_entry() {
    let (_folder, log, file, mut frames) = sealed_log();
    frames.extend([b"x".to_vec(), b"y".to_vec(), b"z".to_vec()]);
    let places = pack(&log, &file, &frames);
    let count = frames.len();
    log.edit(&file, |bytes| {
        places[count - 3..].iter().for_each(|place| bytes[place.start as usize..][..4].fill(0));
    });
    let found = findings(&log);
    assert_eq!(found.len(), 3, "{found:#?}");
    let end = 256 * (count as u64 - 3);
    for (finding, place) in found.iter().zip(&places[count - 3..]) {
        check(finding, SegmentUnreadable, (end, end), "");
        assert_eq!(finding.bytes.as_ref(), Some(place));
    }
}

#[test]
fn a_frame_that_cannot_be_read_is_told_with_its_own_entries_in_every_segment() {
    let folder = tempfile::tempdir().unwrap();
    let shape = Shape { entries: 2000, sessions: 8, segment_bytes: 100_000, seal: true, payloads: false };
    let log = Original::write(folder.path().join("audit"), shape).directory;
    let mut sealed = log.files("entries");
    sealed.retain(|file| file.ends_with(".zst"));
    assert!(sealed.len() > 1, "{sealed:?}");
    for file in sealed {
        let base: u64 = file["entries/".len()..][..20].parse().unwrap();
        let frames: Vec<_> = zstd_lines(&log, &file).chunks(256).map(<[_]>::concat).collect();
        let places = pack(&log, &file, &frames);
        for (index, place) in (0..).zip(&places) {
            log.edit(&file, |bytes| bytes[place.start as usize..][..4].fill(0));
            let found = findings(&log);
            let finding = only(&found);
            let first = base + 256 * index;
            check(finding, SegmentUnreadable, (first, first + 256), "");
            assert_eq!((finding.file.as_ref(), finding.bytes.as_ref()), (Some(&file), Some(place)));
            pack(&log, &file, &frames);
        }
    }
}

#[test]
fn a_line_missing_before_frames_that_are_cut_off_is_told_beside_them() {
    let (_folder, log, file, mut frames) = sealed_log();
    let line = frames[0].iter().position(|byte| *byte == b'\n').unwrap() + 1;
    frames[0].drain(..line);
    let places = pack(&log, &file, &frames);
    let last = places.len() as u64 - 1;
    log.edit(&file, |bytes| bytes.truncate(places[last as usize].start as usize + 9));
    let found = findings(&log);
    assert_eq!(found.len(), 2, "{found:#?}");
    check(&found[0], SegmentUnreadable, (256 * last, 256 * last + 256), "");
    check(&found[1], LineRemoved, (0, 1), "1 line is gone");
}

#[test]
fn lines_of_a_frame_packed_anew_are_placed_in_that_frame() {
    let (_folder, log, file, frames) = sealed_log();
    let check_frame = |what: &str, edit: &dyn Fn(&mut Vec<Vec<u8>>), kind, seqs, words: &str| {
        let mut second: Vec<_> =
            frames[1].split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
        edit(&mut second);
        let mut packed = frames.clone();
        packed[1] = second.concat();
        let places = pack(&log, &file, &packed);
        let found = findings(&log);
        assert_eq!(found.len(), 1, "{what}: {found:#?}");
        check(&found[0], kind, seqs, words);
        assert_eq!(found[0].file.as_ref(), Some(&file), "{what}");
        let bytes = found[0].bytes.clone().unwrap();
        assert!(bytes == places[1] || kind == LineRemoved, "{what}: {bytes:?} are not {:?}", places[1]);
    };
    let garbage = |len: usize| [vec![b'x'; len], b"\n".to_vec()].concat();
    check_frame("change", &|lines| lines[44][100] ^= 1, LineChanged, (300, 301), "not the one");
    check_frame(
        "change two",
        &|lines| lines[44..46].iter_mut().for_each(|line| line[100] ^= 1),
        LineChanged,
        (300, 302),
        "",
    );
    check_frame("insert", &|lines| lines.insert(44, garbage(90)), LineInserted, (300, 300), "a line that is");
    check_frame(
        "insert much",
        &|lines| lines.insert(44, garbage(300_000)),
        LineInserted,
        (300, 300),
        "a line that is",
    );
    check_frame("remove", &|lines| drop(lines.remove(44)), LineRemoved, (300, 301), "1 line is gone");
    check_frame("join", &|lines| _ = lines[44].pop(), LineChanged, (300, 301), "the newline after the line");
    check_frame(
        "join the last",
        &|lines| _ = lines[255].pop(),
        LineChanged,
        (511, 512),
        "the newline after the line",
    );
    check_frame("split", &|lines| lines[44].insert(150, b'\n'), LineChanged, (300, 301), "not the one");
}
