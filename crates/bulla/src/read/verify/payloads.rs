//! Payloads that entries name: whether they are there and are what was recorded. A payload that is gone is told
//! apart from one that was erased by the entry that records the erasure.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use bulla_proof::{Finding, FindingKind, Hash};
use memchr::memmem::{FindIter, Finder};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::read::verify::findings::{FINDINGS_MAX, Findings};
use crate::store::StoredPayload;
use crate::store::disk::{Disk, DiskError};
use crate::store::layout::{self, PAYLOADS};
use crate::store::payloads::digest_of;

/// In every line that names a payload, or records an erasure.
const MENTION: &str = "payload";
/// Name of the entry that records the erasure of a payload.
const ERASED: &str = "payload.erased";

/// 262,144 payloads that are missing and whose erasure was not seen yet, about 16 MiB.
const MISSING_MAX: usize = 1 << 18;

/// Looks for payloads.
#[derive(Debug)]
pub(in crate::read::verify) struct Payloads {
    disk: Arc<dyn Disk>,
    mention: Finder<'static>,
}

/// Where lines mention payloads.
pub(in crate::read::verify) struct Mentions<'a> {
    places: FindIter<'a, 'a>,
    next: Option<usize>,
}

impl Mentions<'_> {
    /// Whether there is one in this range, which follows the last one asked for.
    pub(in crate::read::verify) fn are_in(&mut self, range: Range<usize>) -> bool {
        while self.next.is_some_and(|next| next < range.start) {
            self.next = self.places.next();
        }
        self.next.is_some_and(|next| next < range.end)
    }
}

/// What lines say of payloads, as far as it matters: what is not in order, and what was erased.
#[derive(Debug, Default)]
pub(in crate::read::verify) struct PayloadNews {
    lost: Vec<Lost>,
    erased: Vec<Hash>,
}

#[derive(Debug)]
struct Lost {
    seq: u64,
    digest: Hash,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Whole,
    Missing,
    Changed,
}

impl PayloadNews {
    /// Adds what later lines say.
    pub(in crate::read::verify) fn append(&mut self, mut later: Self) {
        self.lost.append(&mut later.lost);
        self.erased.append(&mut later.erased);
    }
}

impl Payloads {
    pub(in crate::read::verify) fn new(disk: Arc<dyn Disk>) -> Self {
        Self { disk, mention: Finder::new(MENTION) }
    }

    /// Where `lines` mention payloads.
    pub(in crate::read::verify) fn mentions<'a>(&'a self, lines: &'a [u8]) -> Mentions<'a> {
        let mut places = self.mention.find_iter(lines);
        let next = places.next();
        Mentions { places, next }
    }

    /// Checks what a line with a mention names.
    pub(in crate::read::verify) fn check_line(
        &self,
        line: &[u8],
        seq: u64,
        news: &mut PayloadNews,
    ) -> Result<(), DiskError> {
        let Ok(named) = serde_json::from_slice::<Named<'_>>(line) else { return Ok(()) };
        news.erased.extend(named.erased());
        for digest in named.payloads.iter().filter_map(|payload| digest_of(payload.reference.as_deref()?)) {
            match self.look_at(digest)? {
                State::Whole => {}
                state => news.lost.push(Lost { seq, digest, state }),
            }
        }
        Ok(())
    }

    /// Only the erasures that a line records.
    pub(in crate::read::verify) fn erasures(&self, line: &[u8], news: &mut PayloadNews) {
        if self.mention.find(line).is_some()
            && let Ok(named) = serde_json::from_slice::<Named<'_>>(line)
        {
            news.erased.extend(named.erased());
        }
    }

    fn look_at(&self, digest: Hash) -> Result<State, DiskError> {
        match StoredPayload::open(self.disk.as_ref(), digest)? {
            None => Ok(State::Missing),
            Some(payload) if payload.is_whole()? => Ok(State::Whole),
            Some(_) => Ok(State::Changed),
        }
    }
}

/// The part of an entry that names payloads.
#[derive(Deserialize)]
struct Named<'a> {
    #[serde(default)]
    payloads: Vec<NamedPayload>,
    #[serde(borrow, default)]
    event_name: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    detail: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct NamedPayload {
    #[serde(rename = "ref", default)]
    reference: Option<String>,
}

impl Named<'_> {
    fn erased(&self) -> Option<Hash> {
        if self.event_name.as_deref() != Some(ERASED) {
            return None;
        }
        let detail: NamedPayload = serde_json::from_str(self.detail?.get()).ok()?;
        digest_of(&detail.reference?)
    }
}

/// Payloads that are not in order.
#[derive(Debug, Default)]
pub(in crate::read::verify) struct LostPayloads {
    /// Missing, and the first entry that names each.
    missing: BTreeMap<Hash, u64>,
    /// The first of those that are not what was recorded, and how many more there are.
    changed: Vec<(u64, Hash)>,
    changed_more: u64,
    /// Missing ones that did not fit.
    untold: u64,
    /// Missing with a record of the erasure.
    pub(in crate::read::verify) erased: u64,
}

impl LostPayloads {
    /// Takes what lines say.
    pub(in crate::read::verify) fn add(&mut self, news: PayloadNews) {
        for Lost { seq, digest, state } in news.lost {
            match state {
                State::Changed if self.changed.len() < FINDINGS_MAX => self.changed.push((seq, digest)),
                State::Changed => self.changed_more += 1,
                _ if self.missing.len() < MISSING_MAX => {
                    let first = self.missing.entry(digest).or_insert(seq);
                    *first = seq.min(*first);
                }
                _ => self.untold += 1,
            }
        }
        for digest in news.erased {
            if self.missing.remove(&digest).is_some() {
                self.erased += 1;
            }
        }
    }

    /// Whether some are missing and no record of an erasure was seen.
    pub(in crate::read::verify) fn is_missing_some(&self) -> bool {
        !self.missing.is_empty()
    }

    /// Names all of them; gives how many could not be told apart from erased ones.
    pub(in crate::read::verify) fn report(mut self, findings: &mut Findings) -> u64 {
        let place = |kind, seq: u64, digest: Hash, message: &str| Finding {
            first_seq: Some(seq),
            end_seq: Some(seq + 1),
            file: Some(layout::payload(&digest.to_string()).1),
            ..Finding::new(kind, message)
        };
        debug_assert!(
            layout::payload(&Hash::default().to_string()).1.starts_with(PAYLOADS),
            "payloads have a folder"
        );
        let mut missing: Vec<_> = self.missing.into_iter().map(|(digest, seq)| (seq, digest)).collect();
        missing.sort_unstable();
        for (seq, digest) in missing {
            let text = "the payload is gone, and no entry records that it was erased";
            findings.push(place(FindingKind::PayloadMissing, seq, digest, text));
        }
        // Segments that were looked at again come last.
        self.changed.sort_unstable();
        findings.not_listed += self.changed_more;
        for (seq, digest) in self.changed {
            let text = "the payload does not have the digest that the entry names";
            findings.push(place(FindingKind::PayloadChanged, seq, digest, text));
        }
        self.untold
    }
}

#[cfg(test)]
mod tests {
    use sha2::{Digest, Sha256};

    use super::*;
    use crate::entry::limits::PAYLOAD_BYTES_MAX;
    use crate::store::OsDisk;
    use crate::store::payloads::SALT_BYTES;

    #[test]
    fn mentions_are_in_the_lines_that_have_them() {
        let text = b"payload, payload\nnone\n\na payload\nnone\n";
        let payloads = Payloads::new(Arc::new(OsDisk::new("nowhere")));
        let mut mentions = payloads.mentions(text);
        let mut start = 0;
        for expected in [true, false, false, true, false] {
            let end = start + memchr::memchr(b'\n', &text[start..]).unwrap();
            assert_eq!(mentions.are_in(start..end), expected, "{start}..{end}");
            start = end + 1;
        }
    }

    #[test]
    fn a_payload_is_read_up_to_the_largest_size_and_not_beyond() {
        let largest = PAYLOAD_BYTES_MAX + SALT_BYTES;
        for (len, state) in [(largest, State::Whole), (largest + 1, State::Changed)] {
            let folder = tempfile::tempdir().unwrap();
            let digest = Hash::from(<[u8; 32]>::from(Sha256::digest(vec![0; len])));
            let (directory, name) = layout::payload(&digest.to_string());
            std::fs::create_dir_all(folder.path().join(directory)).unwrap();
            std::fs::File::create(folder.path().join(name)).unwrap().set_len(len as u64).unwrap();
            let payloads = Payloads::new(Arc::new(OsDisk::new(folder.path())));
            assert_eq!(payloads.look_at(digest).unwrap(), state, "{len}");
        }
    }

    #[test]
    fn payloads_changed_that_are_too_many_are_counted() {
        let count = FINDINGS_MAX as u64 + 3;
        let lost = (0..count).map(|seq| Lost { seq, digest: Hash::default(), state: State::Changed });
        let mut all = LostPayloads::default();
        all.add(PayloadNews { lost: lost.collect(), erased: Vec::new() });
        assert_eq!(all.changed.len(), FINDINGS_MAX, "no more are held");
        let mut findings = Findings::default();
        assert_eq!(all.report(&mut findings), 0);
        assert_eq!((findings.list.len(), findings.not_listed), (FINDINGS_MAX, 3));
        assert_eq!(findings.list[FINDINGS_MAX - 1].first_seq, Some(FINDINGS_MAX as u64 - 1));
    }

    #[test]
    fn a_payload_is_missed_where_it_is_named_first_whichever_segment_was_read_first() {
        let named = |seq| {
            let digest = Hash::default();
            PayloadNews { lost: vec![Lost { seq, digest, state: State::Missing }], erased: Vec::new() }
        };
        let mut lost = LostPayloads::default();
        [8, 3, 5].into_iter().for_each(|seq| lost.add(named(seq)));
        let mut findings = Findings::default();
        lost.report(&mut findings);
        assert_eq!((findings.list.len(), findings.list[0].first_seq), (1, Some(3)));
    }

    #[test]
    fn payloads_missing_that_are_too_many_are_counted() {
        let digest = |number: usize| {
            let mut bytes = [0; 32];
            bytes[..8].copy_from_slice(&(number as u64).to_be_bytes());
            Hash::from(bytes)
        };
        let news = |numbers: Range<usize>| PayloadNews {
            lost: numbers.map(|n| Lost { seq: n as u64, digest: digest(n), state: State::Missing }).collect(),
            erased: Vec::new(),
        };
        let mut lost = LostPayloads::default();
        lost.add(news(0..MISSING_MAX));
        lost.add(news(MISSING_MAX..MISSING_MAX + 3));
        let erased = [digest(1), digest(MISSING_MAX)];
        lost.add(PayloadNews { lost: Vec::new(), erased: erased.to_vec() });
        assert_eq!(lost.erased, 1);
        let mut findings = Findings::default();
        assert_eq!(lost.report(&mut findings), 3);
        assert_eq!(findings.list.len() as u64 + findings.not_listed, MISSING_MAX as u64 - 1);
        assert_eq!(findings.list[1].first_seq, Some(2));
    }
}
