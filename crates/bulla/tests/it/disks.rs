//! Verification on a disk that fails, and of files that go while it runs: what could not be read is no verdict.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use bulla::proof::{FindingKind, Verdict};
use bulla::store::{Access, Disk, DiskFile, FileStatus, LockGuard, OsDisk};
use bulla::{AuditCategory, AuditEntry, AuditLog, AuditOutcome, LogReader, Verify, VerifyError};
use bulla_hostile::{Directory, Original, Shape};
use tempfile::TempDir;

/// Which acts fail, counted from 0, and how.
#[derive(Debug, Clone)]
enum Trouble {
    Never,
    /// Every act from this one on.
    From(u64),
    /// This act alone.
    At(u64),
    /// Opening a file of this name, from this time on.
    Gone(&'static str, u64),
    /// Opening a file of this name that is there, from this time on.
    Closed(&'static str, u64),
    /// None, but before the first payload is opened this happens to the log at the path.
    Meanwhile(fn(&Path)),
}

#[derive(Debug, Clone)]
struct Troubled {
    root: PathBuf,
    disk: Arc<OsDisk>,
    trouble: Trouble,
    acts: Arc<AtomicU64>,
    /// Bytes read of each file.
    read: Arc<Mutex<BTreeMap<String, u64>>>,
}

#[derive(Debug)]
struct TroubledFile(Arc<dyn DiskFile>, Troubled, String);

impl Troubled {
    fn new(root: &Path, trouble: Trouble) -> Self {
        Self {
            root: root.to_owned(),
            disk: Arc::new(OsDisk::new(root)),
            trouble,
            acts: Arc::default(),
            read: Arc::default(),
        }
    }

    fn act(&self) -> io::Result<()> {
        let act = match self.trouble {
            Trouble::Gone(..) | Trouble::Closed(..) | Trouble::Meanwhile(_) => return Ok(()),
            _ => self.acts.fetch_add(1, Ordering::Relaxed),
        };
        match self.trouble {
            Trouble::From(first) if act >= first => Err(io::Error::other("the disk fails")),
            Trouble::At(only) if act == only => Err(io::Error::other("the disk fails")),
            _ => Ok(()),
        }
    }

    fn verify(&self) -> Result<Verdict, VerifyError> {
        Verify::on_disk(Arc::new(self.clone())).threads(1.try_into().unwrap()).run()
    }
}

impl Disk for Troubled {
    fn create_folder(&self, _: &str) -> io::Result<()> {
        unreachable!("verification writes nothing")
    }
    fn list(&self, folder: &str) -> io::Result<Vec<String>> {
        self.act()?;
        self.disk.list(folder)
    }
    fn create(&self, _: &str, _: Access) -> io::Result<Arc<dyn DiskFile>> {
        unreachable!("verification writes nothing")
    }
    fn open(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        self.act()?;
        match self.trouble {
            Trouble::Meanwhile(happens)
                if name.starts_with("payloads/") && self.acts.fetch_add(1, Ordering::Relaxed) == 0 =>
            {
                happens(&self.root);
                Ok(self.disk.open(name)?)
            }
            Trouble::Gone(gone, from)
                if gone == name && self.acts.fetch_add(1, Ordering::Relaxed) >= from =>
            {
                Err(io::ErrorKind::NotFound.into())
            }
            Trouble::Closed(gone, from)
                if gone == name && self.acts.fetch_add(1, Ordering::Relaxed) >= from =>
            {
                Err(io::ErrorKind::PermissionDenied.into())
            }
            _ => Ok(Arc::new(TroubledFile(self.disk.open(name)?, self.clone(), name.to_owned()))),
        }
    }
    fn open_append(&self, _: &str) -> io::Result<Arc<dyn DiskFile>> {
        unreachable!("verification writes nothing")
    }
    fn rename(&self, _: &str, _: &str) -> io::Result<()> {
        unreachable!("verification writes nothing")
    }
    fn remove(&self, _: &str) -> io::Result<()> {
        unreachable!("verification writes nothing")
    }
    fn sync_folder(&self, _: &str) -> io::Result<()> {
        unreachable!("verification writes nothing")
    }
    fn lock(&self, _: &str, _: &str) -> io::Result<Box<dyn LockGuard>> {
        unreachable!("verification takes no lock")
    }
    fn is_exposed(&self, name: &str) -> io::Result<bool> {
        self.disk.is_exposed(name)
    }
}

impl DiskFile for TroubledFile {
    fn append(&self, _: &[u8]) -> io::Result<()> {
        unreachable!("verification writes nothing")
    }
    fn read_at(&self, into: &mut [u8], offset: u64) -> io::Result<usize> {
        self.1.act()?;
        let count = self.0.read_at(into, offset)?;
        *self.1.read.lock().unwrap().entry(self.2.clone()).or_default() += count as u64;
        Ok(count)
    }
    fn len(&self) -> io::Result<u64> {
        self.1.act()?;
        self.0.len()
    }
    fn status(&self) -> io::Result<FileStatus> {
        self.1.act()?;
        self.0.status()
    }
    fn sync(&self) -> io::Result<()> {
        unreachable!("verification writes nothing")
    }
    fn rewrite(&self, _: &[u8], _: u64) -> io::Result<()> {
        unreachable!("verification writes nothing")
    }
    fn truncate(&self, _: u64) -> io::Result<()> {
        unreachable!("verification writes nothing")
    }
}

const FIRST: &str = "entries/00000000000000000000.jsonl";
const SECOND: &str = "entries/00000000000000000256.jsonl";
const THIRD: &str = "entries/00000000000000000512.jsonl";
const SECOND_SEALED: &str = "entries/00000000000000000256.jsonl.zst";

/// With segments that begin at 0, 256 and 512.
fn log_of(seal: bool, payloads: bool) -> (TempDir, Directory) {
    let folder = tempfile::tempdir().unwrap();
    let shape = Shape { entries: 530, sessions: 2, segment_bytes: 1, seal, payloads };
    let log = Original::write(folder.path().join("audit"), shape).directory;
    (folder, log)
}

fn change_second(log: &Directory) {
    log.edit(SECOND, |bytes| bytes[1000] ^= 1);
}

fn break_frame(log: &Directory) {
    log.edit(SECOND_SEALED, |bytes| bytes[200..300].fill(0));
}

fn break_table(log: &Directory) {
    log.edit(SECOND_SEALED, |bytes| _ = bytes.pop());
}

fn erase_payload(log: &Directory) {
    let folder = std::fs::read_dir(log.root().join("payloads")).unwrap().next().unwrap().unwrap().path();
    std::fs::remove_dir_all(folder).unwrap();
}

fn roll_back(log: &Directory) {
    let notes = log.history();
    log.write("checkpoint", &notes[0]);
    log.write_history(&notes[..1]);
}

/// What is done to a log, and whether it is sealed.
type Damage = (&'static str, bool, fn(&Directory));

const DAMAGES: [Damage; 7] = [
    ("nothing", false, |_| ()),
    ("nothing", true, |_| ()),
    ("a line", false, change_second),
    ("a frame", true, break_frame),
    ("a seek table", true, break_table),
    ("a payload", false, erase_payload),
    ("the newest checkpoints", false, roll_back),
];

#[test]
fn a_disk_that_fails_from_anywhere_on_is_never_a_verdict() {
    for (what, seal, damage) in DAMAGES {
        let (_folder, log) = log_of(seal, what == "a payload");
        damage(&log);
        let whole = Troubled::new(log.root(), Trouble::Never);
        whole.verify().unwrap();
        let acts = whole.acts.load(Ordering::Relaxed);
        for first in 0..acts {
            let verdict = Troubled::new(log.root(), Trouble::From(first)).verify();
            assert!(verdict.is_err(), "{what}, {seal}: act {first} of {acts}: {}", verdict.unwrap());
        }
    }
}

#[test]
fn a_disk_that_fails_once_changes_no_verdict() {
    for (what, seal, damage) in DAMAGES {
        let (_folder, log) = log_of(seal, what == "a payload");
        damage(&log);
        let whole = Troubled::new(log.root(), Trouble::Never);
        let expected = whole.verify().unwrap();
        let acts = whole.acts.load(Ordering::Relaxed);
        for act in 0..acts {
            if let Ok(verdict) = Troubled::new(log.root(), Trouble::At(act)).verify() {
                assert_eq!(verdict.findings, expected.findings, "{what}, {seal}: act {act} of {acts}");
            }
        }
    }
}

#[test]
fn a_segment_that_goes_while_the_log_is_verified_is_missing() {
    let (_folder, log) = log_of(false, false);
    // Looked at first, then opened by the first pass, then by the second.
    for from in 0..3 {
        for (file, first, end) in [(SECOND, 256, 512), (THIRD, 512, 530)] {
            let verdict = Troubled::new(log.root(), Trouble::Gone(file, from)).verify().unwrap();
            let [finding] = verdict.findings.as_slice() else {
                // The second pass finds what the first did not see, or nothing is read twice.
                assert!(from == 2 && verdict.is_clean(), "{from}: {verdict}");
                continue;
            };
            assert_eq!(finding.kind, FindingKind::FileMissing, "{from}: {finding}");
            assert_eq!((finding.first_seq, finding.end_seq), (Some(first), Some(end)), "{from}");
            assert!(finding.file.as_deref() == Some(file) && !finding.repairable, "{from}: {finding}");
        }
    }
    change_second(&log);
    let verdict = Troubled::new(log.root(), Trouble::Gone(SECOND, 2)).verify().unwrap();
    assert_eq!(verdict.findings.len(), 1, "{verdict}");
    assert_eq!(verdict.findings[0].kind, FindingKind::FileMissing, "{verdict}");
}

#[test]
fn a_segment_that_is_listed_and_gone_is_an_error_to_a_reader() {
    let (_folder, log) = log_of(false, false);
    for (trouble, kind) in [
        (Trouble::Gone(SECOND, 0), io::ErrorKind::NotFound),
        (Trouble::Closed(SECOND, 0), io::ErrorKind::PermissionDenied),
    ] {
        let reader = LogReader::open_disk(Arc::new(Troubled::new(log.root(), trouble))).unwrap();
        let mut entries = reader.read(0..u64::MAX);
        assert_eq!(entries.by_ref().take(256).filter(Result::is_ok).count(), 256);
        let error = entries.next().unwrap().unwrap_err().to_string();
        let reason = io::Error::from(kind).to_string();
        assert!(error.contains(SECOND) && error.contains(&reason), "{error}");
    }
}

#[test]
fn a_sealed_segment_that_cannot_be_opened_again_is_an_error_and_no_damage() {
    let (_folder, log) = log_of(true, false);
    break_table(&log);
    for from in 0..3 {
        let error = Troubled::new(log.root(), Trouble::Closed(SECOND_SEALED, from)).verify().unwrap_err();
        assert!(error.to_string().starts_with("open "), "{error}");
    }
}

/// Bytes of a segment that may be read twice: what is around the edges of pieces, and the seek table.
const EDGES: u64 = 16 * 1024;

#[test]
fn a_log_that_nobody_touched_is_read_once() {
    let shape = |entries, sessions, segment_bytes, seal| Shape {
        entries,
        sessions,
        segment_bytes,
        seal,
        payloads: false,
    };
    for shape in [
        shape(600, 3, 1, false),
        shape(600, 3, 1, true),
        shape(2100, 2, 200_000, false),
        shape(2100, 2, 200_000, true),
        shape(16_000, 2, 5_000_000, false),
        shape(16_000, 2, 5_000_000, true),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let log = Original::write(folder.path().join("audit"), shape).directory;
        let segments = log.files("entries");
        let disk = Troubled::new(log.root(), Trouble::Never);
        let verdict = disk.verify().unwrap();
        assert!(verdict.is_clean(), "{verdict}");
        let read = disk.read.lock().unwrap();
        // The last one is looked at again, for lines that are repeated.
        for segment in &segments[..segments.len() - 1] {
            let (len, read) = (log.read(segment).len() as u64, read[segment]);
            assert!(len <= read && read <= len + EDGES, "{shape:?}: {read} of {len} bytes of {segment}");
        }
    }
}

/// Erases the only payload of a log as one should: the record first.
fn erase_the_payload(root: &Path) {
    let only = |folder: &Path| std::fs::read_dir(folder).unwrap().next().unwrap().unwrap().path();
    let payload = only(&only(&root.join("payloads")));
    let key = bulla::proof::SignerKey::from_seed("log.example/hostile", [7; 32]).unwrap();
    let open = |root| AuditLog::builder(root).signer(key.clone()).open().unwrap();
    let log = open(root);
    let entry = AuditEntry::new(AuditCategory::Audit, "erase").outcome(AuditOutcome::Success);
    let detail = serde_json::json!({"ref": payload.file_name().unwrap().to_str().unwrap()});
    log.record_blocking(entry.event_name("payload.erased").detail(detail)).unwrap();
    std::fs::remove_file(payload).unwrap();
    log.close_blocking().unwrap();
    // This opening records a checkpoint that is newer than those that verification saw.
    open(root).close_blocking().unwrap();
}

#[test]
fn a_payload_that_is_erased_while_the_log_is_verified_is_not_missing() {
    for damaged in [None, Some(FIRST), Some(SECOND)] {
        let (_folder, log) = log_of(false, false);
        let key = bulla::proof::SignerKey::from_seed("log.example/hostile", [7; 32]).unwrap();
        let open = AuditLog::builder(log.root()).signer(key).seal(false).open().unwrap();
        let entry = AuditEntry::api("attach").principal("alice").outcome(AuditOutcome::Success);
        open.record_blocking(entry.attach("core", "application/octet-stream", vec![1, 2, 3])).unwrap();
        open.close_blocking().unwrap();
        if let Some(file) = damaged {
            log.edit(file, |bytes| bytes[1000] ^= 1);
        }
        let verdict = Troubled::new(log.root(), Trouble::Meanwhile(erase_the_payload)).verify().unwrap();
        let kinds: Vec<_> = verdict.findings.iter().map(|finding| finding.kind).collect();
        assert_eq!(kinds, vec![FindingKind::LineChanged; usize::from(damaged.is_some())], "{verdict}");
        assert!(verdict.not_proved.iter().any(|line| line.contains("1 payloads")), "{verdict:?}");
    }
}

/// Puts the newest checkpoints in their places, and opens the log.
fn publish_and_open(root: &Path) {
    let (log, later) = (Directory::new(root), Directory::new(root.with_extension("later")));
    ["checkpoints", "checkpoint"].into_iter().for_each(|file| log.write(file, later.read(file)));
    let key = bulla::proof::SignerKey::from_seed("log.example/hostile", [7; 32]).unwrap();
    AuditLog::builder(root).signer(key).open().unwrap().close_blocking().unwrap();
}

#[test]
fn an_opening_that_comes_while_the_log_is_verified_may_know_of_newer_checkpoints() {
    let (_folder, log) = log_of(false, true);
    log.copy_to(log.root().with_extension("later"));
    roll_back(&log);
    let verdict = Troubled::new(log.root(), Trouble::Meanwhile(publish_and_open)).verify().unwrap();
    assert!(verdict.is_clean(), "{verdict}: {:?}", verdict.findings);
    assert_eq!(verdict.not_covered, Some(265..530));
    assert!(log.lines().len() > 530, "it was opened");
}

/// Appends an entry, as another process that writes the log.
fn append_a_line(root: &Path) {
    let line = b"{\"seq\":530,\"recorded_at\":\"2036-11-23T12:00:00.123456789Z\",\"id\":\"x\"}\n";
    Directory::new(root).edit(THIRD, |bytes| bytes.extend_from_slice(line));
}

#[test]
fn what_is_appended_to_a_damaged_segment_while_it_is_verified_is_left_for_the_next_time() {
    let (_folder, log) = log_of(false, true);
    log.edit(THIRD, |bytes| bytes[1000] ^= 1);
    let verdict = Troubled::new(log.root(), Trouble::Meanwhile(append_a_line)).verify().unwrap();
    assert_eq!(verdict.findings.len(), 1, "{verdict}");
    assert_eq!(verdict.findings[0].kind, FindingKind::LineChanged, "{verdict}");
    assert_eq!(verdict.not_covered, None);
    assert_eq!(log.lines().len(), 531, "it was appended");
}
