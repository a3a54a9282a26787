//! Names in a log directory, both ways. `spec/log-directory.md` is the promise that this file keeps.

/// Identity of the log.
pub(crate) const IDENTITY: &str = "log.json";
/// Signer key, unless it is kept elsewhere.
pub(crate) const KEY: &str = "log.key";
/// Lock of the one writer.
pub(crate) const LOCK: &str = "lock";
/// Folder of segments.
pub(crate) const ENTRIES: &str = "entries";
/// Folder of hashes.
pub(crate) const TREE: &str = "tree";
/// Newest published checkpoint.
pub(crate) const CHECKPOINT: &str = "checkpoint";
/// Every published checkpoint.
pub(crate) const CHECKPOINTS: &str = "checkpoints";
/// Folder of payloads.
pub(crate) const PAYLOADS: &str = "payloads";
/// Folder of bytes that recovery cut off.
pub(crate) const QUARANTINE: &str = "quarantine";
/// Folder of import cursors.
pub(crate) const IMPORTS: &str = "imports";

/// Ending of a file that is being written and has no meaning yet.
pub(crate) const UNFINISHED: &str = ".tmp";

/// Lines of a compressed frame, leaves of a tile, entries of a bundle: one number, so that they coincide.
pub(crate) const TILE_WIDTH: u64 = 256;

/// How a segment is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum SegmentKind {
    /// JSON Lines.
    Plain,
    /// Compressed, with a seek table.
    Sealed,
}

/// File of the segment whose first line has the number `base`.
pub(crate) fn segment(base: u64, kind: SegmentKind) -> String {
    match kind {
        SegmentKind::Plain => format!("{ENTRIES}/{base:020}.jsonl"),
        SegmentKind::Sealed => format!("{ENTRIES}/{base:020}.jsonl.zst"),
    }
}

/// The segment that a name in `entries/` stands for.
pub(crate) fn parse_segment(name: &str) -> Option<(u64, SegmentKind)> {
    let (digits, kind) = match (name.strip_suffix(".jsonl"), name.strip_suffix(".jsonl.zst")) {
        (Some(digits), _) => (digits, SegmentKind::Plain),
        (_, Some(digits)) => (digits, SegmentKind::Sealed),
        _ => return None,
    };
    let is_canonical = digits.len() == 20 && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_canonical.then(|| digits.parse().ok()).flatten().map(|base| (base, kind))
}

/// File of the roots of complete subtrees of 256^row leaves.
pub(crate) fn row(row: u8) -> String {
    format!("{TREE}/{:02}", u16::from(row) * 8)
}

/// Folder and file of a payload, by the hexadecimal digest of that file.
pub(crate) fn payload(digest: &str) -> (String, String) {
    let folder = format!("{PAYLOADS}/{}", &digest[..2]);
    let file = format!("{folder}/{digest}");
    (folder, file)
}

/// Whether a text is a payload's digest: 64 lower-case hexadecimal digits. Anything else is never made a path.
pub(crate) fn is_payload_digest(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segment_names_read_back() {
        for base in [0, 256, 311_296, u64::MAX] {
            for kind in [SegmentKind::Plain, SegmentKind::Sealed] {
                let name = segment(base, kind);
                assert_eq!(parse_segment(name.strip_prefix("entries/").unwrap()), Some((base, kind)));
            }
        }
        for name in [
            "0.jsonl",
            "00000000000000000000.json",
            "0000000000000000000x.jsonl",
            "99999999999999999999.jsonl",
        ] {
            assert_eq!(parse_segment(name), None, "{name}");
        }
    }

    #[test]
    fn only_digests_become_payload_paths() {
        assert!(is_payload_digest(&"0a".repeat(32)));
        for text in ["", "../../etc/passwd", &"0A".repeat(32), &"0a".repeat(33)] {
            assert!(!is_payload_digest(text), "{text}");
        }
    }
}
