//! All that a question finds in a part, as a set with one bit for each document.
//!
//! Going from match to match, an intersection leaps over what cannot match. Where much does match, it leaps nowhere and
//! pays for every leap all the same; then it is cheaper to write down what each of its parts finds and to put the sets
//! together, 64 documents at a time.

use std::ops::Range;

use tantivy::query::Weight;
use tantivy::schema::IndexRecordOption;
use tantivy::{DocId, SegmentReader, Term};

/// What a question is made of.
pub(crate) enum Sets {
    One(Box<dyn Weight>),
    /// Entries with one fact.
    Fact(Term),
    Any(Vec<Self>),
    /// What all of the first find and none of the second.
    All(Vec<Self>, Vec<Self>),
}

/// A leap costs as much as reading some 16 documents in order (measured: 40 to 80 ns against 2 to 5).
const LEAP: u64 = 16;

/// Estimates, in documents read in order.
struct Cost {
    /// So many are found, at most.
    found: u64,
    /// Going from match to match.
    walk: u64,
    /// Making the set.
    set: u64,
}

impl Sets {
    /// Whether all of a part costs less as a set than from match to match.
    pub(crate) fn pay(&self, reader: &SegmentReader) -> tantivy::Result<bool> {
        let Cost { walk, set, .. } = self.cost(reader)?;
        Ok(set < walk)
    }

    fn cost(&self, reader: &SegmentReader) -> tantivy::Result<Cost> {
        let words = u64::from(reader.max_doc()) / 64;
        let costs = |parts: &[Self]| -> tantivy::Result<Vec<Cost>> {
            parts.iter().map(|part| part.cost(reader)).collect()
        };
        Ok(match self {
            Self::One(weight) => {
                let scorer = weight.scorer(reader, 1.0)?;
                let cost = scorer.cost();
                Cost { found: scorer.size_hint().into(), walk: cost, set: cost }
            }
            Self::Fact(fact) => {
                let info = reader.inverted_index(fact.field())?.get_term_info(fact)?;
                let found = info.map_or(0, |info| u64::from(info.doc_freq));
                Cost { found, walk: found, set: found }
            }
            Self::Any(parts) => {
                let parts = costs(parts)?;
                Cost {
                    found: parts.iter().map(|part| part.found).sum(),
                    walk: parts.iter().map(|part| part.walk).sum(),
                    set: parts.iter().map(|part| part.set + words).sum(),
                }
            }
            Self::All(wanted, unwanted) => {
                let (wanted, unwanted) = (costs(wanted)?, costs(unwanted)?);
                let found = wanted.iter().map(|part| part.found).min().unwrap_or(0);
                let clauses = (wanted.len() + unwanted.len()) as u64;
                Cost {
                    found,
                    walk: found * clauses * LEAP,
                    set: wanted.iter().chain(&unwanted).map(|part| part.set + words).sum(),
                }
            }
        })
    }

    /// All that is found in a part.
    pub(crate) fn of(&self, reader: &SegmentReader) -> tantivy::Result<Set> {
        let mut set = Set::none(reader.max_doc());
        match self {
            Self::One(weight) => weight.for_each_no_score(reader, &mut |docs| set.insert(docs))?,
            Self::Fact(fact) => {
                let index = reader.inverted_index(fact.field())?;
                if let Some(mut block) = index.read_block_postings(fact, IndexRecordOption::Basic)? {
                    while !block.docs().is_empty() {
                        set.insert(block.docs());
                        block.advance();
                    }
                }
            }
            Self::Any(parts) => {
                for part in parts {
                    set.with(&part.of(reader)?, |words, more| words | more);
                }
            }
            Self::All(wanted, unwanted) => {
                let (first, more) = wanted.split_first().expect("something is wanted");
                set = first.of(reader)?;
                for part in more {
                    set.with(&part.of(reader)?, |words, wanted| words & wanted);
                }
                for part in unwanted {
                    set.with(&part.of(reader)?, |words, unwanted| words & !unwanted);
                }
            }
        }
        Ok(set)
    }
}

/// Documents of a part.
#[derive(Debug)]
pub(crate) struct Set {
    words: Vec<u64>,
}

impl Set {
    fn none(max_doc: DocId) -> Self {
        Self { words: vec![0; (max_doc as usize).div_ceil(64)] }
    }

    /// These documents, of so many.
    #[cfg(test)]
    pub(super) fn of(max_doc: DocId, docs: &[DocId]) -> Self {
        let mut set = Self::none(max_doc);
        set.insert(docs);
        set
    }

    /// Adds documents; those that lie beside each other are written at once.
    fn insert(&mut self, docs: &[DocId]) {
        let Some(first) = docs.first() else { return };
        let (mut at, mut word) = (first / 64, 0);
        for doc in docs {
            if doc / 64 != at {
                self.words[at as usize] |= word;
                (at, word) = (doc / 64, 0);
            }
            word |= 1 << (doc % 64);
        }
        self.words[at as usize] |= word;
    }

    fn with(&mut self, other: &Self, put: impl Fn(u64, u64) -> u64) {
        for (word, other) in self.words.iter_mut().zip(&other.words) {
            *word = put(*word, *other);
        }
    }

    /// Memory that it takes.
    pub(crate) fn bytes(&self) -> usize {
        self.words.len() * size_of::<u64>()
    }

    /// How many they are.
    pub(crate) fn len(&self) -> u64 {
        self.words.iter().map(|word| u64::from(word.count_ones())).sum()
    }

    /// Those in a range, in order, in slices of so many.
    pub(crate) fn slices<E>(
        &self,
        range: Range<DocId>,
        len: usize,
        mut visit: impl FnMut(&[DocId]) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut slice = Vec::with_capacity(len + 64);
        let words = (range.start / 64) as usize..(range.end as usize).div_ceil(64);
        for at in words {
            let first = at as DocId * 64;
            let mut word = self.words[at] & from(range.start.saturating_sub(first));
            word &= !from(range.end - first);
            while word != 0 {
                slice.push(first + word.trailing_zeros());
                word &= word - 1;
            }
            if slice.len() >= len {
                visit(&slice)?;
                slice.clear();
            }
        }
        if slice.is_empty() { Ok(()) } else { visit(&slice) }
    }
}

/// The bits from a place on.
fn from(bit: u32) -> u64 {
    u64::MAX.checked_shl(bit).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;

    fn docs(set: &Set, range: Range<DocId>, len: usize) -> Vec<Vec<DocId>> {
        let mut slices = Vec::new();
        let visited = set.slices(range, len, |slice| {
            slices.push(slice.to_vec());
            Ok::<(), Infallible>(())
        });
        visited.unwrap();
        slices
    }

    fn set(docs: &[DocId]) -> Set {
        Set::of(200, docs)
    }

    #[test]
    fn a_set_gives_back_what_is_in_a_range_in_order() {
        let set = set(&[199, 0, 63, 64, 127, 128]);
        assert_eq!(set.len(), 6);
        let all = [0, 63, 64, 127, 128, 199];
        assert_eq!(docs(&set, 0..200, 1000), [all]);
        for start in 0..200 {
            for end in start..=200 {
                let expected: Vec<DocId> = all.into_iter().filter(|doc| (start..end).contains(doc)).collect();
                assert_eq!(docs(&set, start..end, 1).concat(), expected, "{start}..{end}");
            }
        }
    }

    #[test]
    fn slices_are_about_as_long_as_asked_for_and_never_empty() {
        let all: Vec<DocId> = (0..200).collect();
        let slices = docs(&set(&all), 0..200, 100);
        assert_eq!(slices.concat(), all);
        assert_eq!(slices.iter().map(Vec::len).collect::<Vec<_>>(), [128, 72]);
        assert!(docs(&set(&[]), 0..200, 1).is_empty());
    }

    #[test]
    fn sets_are_put_together_by_their_words() {
        let put = |how: fn(u64, u64) -> u64| {
            let mut all = set(&[1, 2, 70]);
            all.with(&set(&[2, 70, 199]), how);
            docs(&all, 0..200, 1000).concat()
        };
        assert_eq!(put(|a, b| a | b), [1, 2, 70, 199]);
        assert_eq!(put(|a, b| a & b), [2, 70]);
        assert_eq!(put(|a, b| a & !b), [1]);
    }
}
