//! Documents that have something at a path: those of every shape that has it, and those that say so themselves.

use tantivy::Term;
use tantivy::query::{BooleanQuery, EnableScoring, Occur, Query, TermQuery, Weight};
use tantivy::schema::{Field, IndexRecordOption};

use crate::index::{facts, shapes};

/// All documents with something other than null at a path.
#[derive(Debug, Clone)]
pub(crate) struct ThereQuery {
    pub(crate) facts: Field,
    pub(crate) path: String,
}

impl Query for ThereQuery {
    fn weight(&self, scoring: EnableScoring<'_>) -> tantivy::Result<Box<dyn Weight>> {
        let shapes = match scoring.searcher() {
            Some(searcher) => shapes::with_path(searcher, self.facts, &self.path)?,
            None => Vec::new(),
        };
        let names = shapes.into_iter().map(|shape| facts::shape(shape).to_vec());
        let clauses = names.chain([facts::there(&self.path)]).map(|fact| {
            let term = Term::from_field_bytes(self.facts, &fact);
            (Occur::Should, Box::new(TermQuery::new(term, IndexRecordOption::Basic)) as Box<dyn Query>)
        });
        BooleanQuery::new(clauses.collect()).weight(scoring)
    }
}
