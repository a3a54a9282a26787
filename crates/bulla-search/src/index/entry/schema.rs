//! The fields of the index: one for every fact about an entry, one for words, and columns for what is counted.

use tantivy::schema::{
    BytesOptions, FAST, Field, IndexRecordOption, NumericOptions, Schema, TextFieldIndexing, TextOptions,
};

/// Grows with every change of what is indexed or how; an index of another version is built anew.
pub(crate) const INDEX_VERSION: u32 = 2;

/// Name of the tokenizer that splits a text as [`bulla::query::words`] does.
pub(crate) const WORDS_TOKENIZER: &str = "bulla-words";

/// Fields whose values are also kept in columns, because people count by them.
pub(crate) const COLUMNS: [&str; 10] = [
    "category",
    "outcome",
    "event_name",
    "action",
    "principal",
    "session_id",
    "actor.type",
    "actor.id",
    "source.id",
    "tool.name",
];

/// The fields that have one number in each entry, in a column of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NumberColumn {
    Seq,
    Timestamp,
    RecordedAt,
    Duration,
}

impl NumberColumn {
    pub(crate) const ALL: [Self; 4] = [Self::Seq, Self::Timestamp, Self::RecordedAt, Self::Duration];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Seq => "seq",
            Self::Timestamp => "timestamp",
            Self::RecordedAt => "recorded_at",
            Self::Duration => "duration_ms",
        }
    }

    pub(crate) fn of(path: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|column| column.name() == path)
    }
}

/// Where each thing is in the index.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fields {
    /// Facts (see `facts.rs`); postings without frequencies.
    pub(crate) facts: Field,
    /// Words of the texts that free text looks in, with their positions.
    pub(crate) words: Field,
    pub(crate) seq: Field,
    /// Nanoseconds since 1970.
    pub(crate) timestamp: Field,
    pub(crate) recorded_at: Field,
    pub(crate) duration_ms: Field,
    /// One for each of [`COLUMNS`].
    pub(crate) columns: [Field; COLUMNS.len()],
}

impl Fields {
    pub(crate) fn number(&self, column: NumberColumn) -> Field {
        match column {
            NumberColumn::Seq => self.seq,
            NumberColumn::Timestamp => self.timestamp,
            NumberColumn::RecordedAt => self.recorded_at,
            NumberColumn::Duration => self.duration_ms,
        }
    }
}

pub(crate) fn schema() -> (Schema, Fields) {
    let mut builder = Schema::builder();
    let words = TextFieldIndexing::default()
        .set_tokenizer(WORDS_TOKENIZER)
        .set_fieldnorms(false)
        .set_index_option(IndexRecordOption::WithFreqsAndPositions);
    let column = TextOptions::default().set_fast("raw");
    let number = NumericOptions::default() | FAST;
    let fields = Fields {
        facts: builder.add_bytes_field("facts", BytesOptions::default().set_indexed()),
        words: builder.add_text_field("words", TextOptions::default().set_indexing_options(words)),
        seq: builder.add_u64_field("seq", number.clone()),
        timestamp: builder.add_i64_field("timestamp", number.clone()),
        recorded_at: builder.add_i64_field("recorded_at", number.clone()),
        duration_ms: builder.add_u64_field("duration_ms", number),
        columns: COLUMNS.map(|name| builder.add_text_field(name, column.clone())),
    };
    (builder.build(), fields)
}
