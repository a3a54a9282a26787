//! Documents that have any of the facts in a range.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use tantivy::index::SegmentId;
use tantivy::postings::SegmentPostings;
use tantivy::query::{
    BitSetDocSet, ConstScorer, EmptyScorer, EnableScoring, Explanation, Query, Scorer, Weight,
};
use tantivy::schema::{Field, IndexRecordOption};
use tantivy::{DocId, DocSet, Score, SegmentReader, TERMINATED, TantivyError};
use tantivy_common::BitSet;

/// All documents with a term of `field` in a range of terms, by bytes.
#[derive(Debug, Clone)]
pub(crate) struct TermsQuery {
    field: Field,
    range: Range<Vec<u8>>,
    found: Arc<Mutex<FoundIn>>,
}

/// What was found in each part: one answer looks into a part more than once.
type FoundIn = HashMap<SegmentId, Arc<Found>>;

impl TermsQuery {
    pub(crate) fn new(field: Field, range: Range<Vec<u8>>) -> Self {
        Self { field, range, found: Arc::default() }
    }
}

impl Query for TermsQuery {
    fn weight(&self, _: EnableScoring<'_>) -> tantivy::Result<Box<dyn Weight>> {
        Ok(Box::new(TermsWeight { query: self.clone() }))
    }
}

struct TermsWeight {
    query: TermsQuery,
}

/// The documents of a range of terms.
#[derive(Debug)]
enum Found {
    None,
    /// One term; its postings are read again each time, which is cheap.
    One(tantivy::postings::TermInfo),
    Many(BitSet),
}

impl TermsWeight {
    fn found(&self, reader: &SegmentReader) -> tantivy::Result<Arc<Found>> {
        let id = reader.segment_id();
        let mut known = self.query.found.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = known.get(&id) {
            return Ok(found.clone());
        }
        let found = Arc::new(self.find(reader)?);
        known.insert(id, found.clone());
        Ok(found)
    }

    fn find(&self, reader: &SegmentReader) -> tantivy::Result<Found> {
        let index = reader.inverted_index(self.query.field)?;
        let Range { start, end } = &self.query.range;
        let mut terms = index.terms().range().ge(start).lt(end).into_stream()?;
        let Some(first) = terms.next().map(|(_, info)| info.clone()) else { return Ok(Found::None) };
        let mut next = terms.next().map(|(_, info)| info.clone());
        if next.is_none() {
            return Ok(Found::One(first));
        }
        let mut docs = BitSet::with_max_value(reader.max_doc());
        let mut block = index.read_block_postings_from_terminfo(&first, IndexRecordOption::Basic)?;
        loop {
            while !block.docs().is_empty() {
                for doc in block.docs() {
                    docs.insert(*doc);
                }
                block.advance();
            }
            let Some(info) = next else { return Ok(Found::Many(docs)) };
            index.reset_block_postings_from_terminfo(&info, &mut block)?;
            next = terms.next().map(|(_, info)| info.clone());
        }
    }

    fn postings(
        &self,
        reader: &SegmentReader,
        info: &tantivy::postings::TermInfo,
    ) -> tantivy::Result<SegmentPostings> {
        let index = reader.inverted_index(self.query.field)?;
        Ok(index.read_postings_from_terminfo(info, IndexRecordOption::Basic)?)
    }
}

impl Weight for TermsWeight {
    fn scorer(&self, reader: &SegmentReader, boost: Score) -> tantivy::Result<Box<dyn Scorer>> {
        Ok(match self.found(reader)?.as_ref() {
            Found::None => Box::new(EmptyScorer),
            Found::One(info) => Box::new(ConstScorer::new(self.postings(reader, info)?, boost)),
            Found::Many(docs) => Box::new(ConstScorer::new(BitSetDocSet::from(docs.clone()), boost)),
        })
    }

    fn explain(&self, reader: &SegmentReader, doc: DocId) -> tantivy::Result<Explanation> {
        let mut scorer = self.scorer(reader, 1.0)?;
        if scorer.doc() <= doc && scorer.doc() != TERMINATED && scorer.seek(doc) == doc {
            return Ok(Explanation::new("a fact in the range", 1.0));
        }
        Err(TantivyError::InvalidArgument(format!("document {doc} has no fact in the range")))
    }

    fn count(&self, reader: &SegmentReader) -> tantivy::Result<u32> {
        Ok(match self.found(reader)?.as_ref() {
            Found::None => 0,
            Found::One(info) => info.doc_freq,
            Found::Many(docs) => docs.len() as u32,
        })
    }
}
