//! A small whole log on a simulated disk: made once, copied for each run, and the question whether a damaged copy still
//! tells the truth.

use std::num::NonZeroUsize;
use std::sync::{Arc, OnceLock};

use bulla::proof::VerifierKey;
use bulla::{LogReader, Verify};
use bulla_sim::{Driver, SimDisk};

/// A closed log, and what a careful owner keeps of it elsewhere.
pub(crate) struct SmallLog {
    disk: SimDisk,
    /// Its lines.
    pub(crate) lines: Vec<Vec<u8>>,
    key: VerifierKey,
    pin: Vec<u8>,
}

/// Two sealed segments and an open one, four checkpoints, a payload.
pub(crate) fn sealed() -> &'static SmallLog {
    static LOG: OnceLock<SmallLog> = OnceLock::new();
    LOG.get_or_init(|| {
        SmallLog::make(1, |driver| {
            for count in [40, 300, 200] {
                driver.record_batch(count, 20).expect("the disk is sound");
                driver.record_payload(100).expect("the disk is sound");
                driver.publish().expect("the disk is sound");
            }
        })
    })
}

/// A handful of entries in one open segment.
pub(crate) fn open() -> &'static SmallLog {
    static LOG: OnceLock<SmallLog> = OnceLock::new();
    LOG.get_or_init(|| {
        SmallLog::make(1 << 20, |driver| {
            driver.record(20).expect("the disk is sound");
            driver.publish().expect("the disk is sound");
            driver.record(20).expect("the disk is sound");
        })
    })
}

impl SmallLog {
    fn make(segment_bytes: u64, fill: impl FnOnce(&mut Driver)) -> Self {
        let mut driver = Driver::new(1, segment_bytes);
        driver.open().expect("the disk is sound");
        fill(&mut driver);
        driver.close().expect("the disk is sound");
        let disk = driver.disk.copy(1);
        let reader = LogReader::open_disk(Arc::new(disk.clone())).expect("the log is whole");
        let lines: Vec<_> =
            reader.read(0..u64::MAX).map(|entry| entry.expect("it is whole").into_line()).collect();
        let checkpoint = reader.checkpoint().expect("it is whole").expect("there is one");
        let key = reader.identity().vkey.parse().expect("it is a key");
        let log = Self { disk, lines, key, pin: checkpoint.note().to_string().into_bytes() };
        assert!(checkpoint.size().get() == log.lines.len() as u64, "closing signs for every entry");
        assert!(log.is_verified(&log.disk) && log.is_told(&log.disk), "a whole log is clean");
        log
    }

    /// A copy to be damaged.
    pub(crate) fn copy(&self) -> SimDisk {
        self.disk.copy(1)
    }

    /// Verification, with key and checkpoint from elsewhere, finds nothing.
    pub(crate) fn is_verified(&self, disk: &SimDisk) -> bool {
        let verify = Verify::on_disk(Arc::new(disk.clone())).threads(NonZeroUsize::MIN);
        let verdict = verify.key(self.key.clone()).pin(self.pin.clone()).run();
        verdict.is_ok_and(|verdict| verdict.is_clean())
    }

    /// Whether a reader gives every line as it was. It may fail, but not give an entry another number.
    pub(crate) fn is_told(&self, disk: &SimDisk) -> bool {
        let Ok(reader) = LogReader::open_disk(Arc::new(disk.clone())) else { return false };
        let first = reader.first_seq().get();
        let mut is_same = first == 0;
        let mut count = 0;
        for (seq, entry) in (first..).zip(reader.read(0..u64::MAX)) {
            let Ok(entry) = entry else { return false };
            assert_eq!(entry.seq().get(), seq, "entries are read out of order");
            let is_object =
                serde_json::from_slice::<serde_json::Value>(entry.line()).is_ok_and(|line| line.is_object());
            let expected = self.lines.get(seq as usize);
            is_same &= is_object;
            is_same &= expected.is_none_or(|line| line == entry.line());
            count += 1;
        }
        is_same && count >= self.lines.len()
    }

    /// The law of all damage: what is found clean is as it was.
    pub(crate) fn check(&self, disk: &SimDisk) {
        let is_told = self.is_told(disk);
        assert!(!self.is_verified(disk) || is_told, "a changed log is verified clean");
    }
}
