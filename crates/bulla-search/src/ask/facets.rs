//! Which values a field has among the matches, and how often.

use std::collections::{HashMap, HashSet};

use bulla::query::{Leaf, leaves, time_of};
use bulla::{Filter, Timestamp};
use tantivy::columnar::{Cardinality, Column, StrColumn};
use tantivy::schema::{Field, IndexRecordOption};
use tantivy::{DocId, SegmentReader};
use tantivy_common::BitSet;

use super::tally::Tally;
use super::{AskError, Counted, Total, View};
use crate::index::Part;
use crate::index::facts::{self, Kind};
use crate::index::schema::{COLUMNS, NumberColumn};
use crate::index::shapes::ShapeDigest;

/// 1,000,000 different values of one field are told apart; the entries of others count as `other`.
const VALUES_MAX: usize = 1_000_000;
/// 500,000 different values of one field are looked at in a part of the index, some half a second.
const TERMS_MAX: usize = 500_000;
/// 256 matches of a part are read one by one rather than looked for among all values of a field.
const READ_MAX: usize = 256;

/// The fields that people filter by most.
pub fn facets_default() -> [&'static str; 8] {
    ["outcome", "category", "event_name", "principal", "actor.type", "action", "source.id", "session_id"]
}

/// One value of a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FacetValue {
    /// As people read it.
    pub value: String,
    /// Entries that have it.
    pub count: u64,
}

/// The values of a field among the matches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facet {
    /// Dotted path of the field.
    pub field: String,
    /// The most frequent, and of equally frequent ones the first by their text.
    pub values: Vec<FacetValue>,
    /// Entries with values that are not in the list; an entry with several counts for each.
    pub other: u64,
    /// Entries without the field.
    pub missing: u64,
    /// Whether all values were counted.
    pub is_exact: bool,
}

/// Values of several fields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facets {
    /// In the order in which they were asked for.
    pub facets: Vec<Facet>,
    /// How many entries match, and how far was looked.
    pub counted: Counted,
}

impl View {
    /// The most frequent values of some fields among the entries that match.
    ///
    /// # Errors
    /// When the log or the index cannot be read.
    pub fn facets(&self, filter: &Filter, fields: &[String], limit: usize) -> Result<Facets, AskError> {
        let mut tally = Values {
            view: self,
            fields: fields.iter().map(|field| Counting::of(field)).collect(),
            all: 0,
            part: None,
        };
        let looked = self.tally(filter, &mut tally)?;
        let all = tally.all;
        Ok(Facets {
            facets: tally.fields.into_iter().map(|counting| counting.facet(limit, all)).collect(),
            counted: Counted {
                total: Total { value: all, is_exact: looked.is_whole() },
                complete_to_seq: looked.complete_to_seq,
            },
        })
    }
}

/// Counts the values of a field entry by entry, as [`View::facets`] counts them: for whoever reads the lines itself.
#[derive(Debug)]
pub struct ValueCounter {
    counting: Counting,
    all: u64,
}

impl ValueCounter {
    /// Of a field by its dotted path.
    pub fn of(field: &str) -> Self {
        Self { counting: Counting::of(field), all: 0 }
    }

    /// Counts the values in a stored line.
    pub fn add(&mut self, line: &[u8]) {
        self.all += 1;
        count_line(line, [&mut self.counting].into_iter());
    }

    /// All that was counted, the most frequent `limit` values by name.
    pub fn facet(self, limit: usize) -> Facet {
        self.counting.facet(limit, self.all)
    }
}

/// The values of one field so far.
#[derive(Debug)]
struct Counting {
    field: String,
    counts: HashMap<String, u64>,
    /// Entries that have the field.
    present: u64,
    /// Entries whose value is in no count.
    uncounted: u64,
    is_exact: bool,
}

impl Counting {
    fn of(field: &str) -> Self {
        Self { field: field.to_owned(), counts: HashMap::new(), present: 0, uncounted: 0, is_exact: true }
    }

    fn add(&mut self, value: &str, count: u64) {
        if let Some(known) = self.counts.get_mut(value) {
            *known += count;
        } else if self.counts.len() < VALUES_MAX {
            self.counts.insert(value.to_owned(), count);
        } else {
            self.uncounted += count;
            self.is_exact = false;
        }
    }

    fn facet(self, limit: usize, all: u64) -> Facet {
        let mut values: Vec<FacetValue> =
            self.counts.into_iter().map(|(value, count)| FacetValue { value, count }).collect();
        values.sort_unstable_by(|a, b| b.count.cmp(&a.count).then_with(|| a.value.cmp(&b.value)));
        let listed = values.len().min(limit);
        let other = values[listed..].iter().map(|value| value.count).sum::<u64>() + self.uncounted;
        values.truncate(listed);
        Facet {
            field: self.field,
            values,
            other,
            missing: all.saturating_sub(self.present),
            is_exact: self.is_exact,
        }
    }
}

struct Values<'a> {
    view: &'a View,
    fields: Vec<Counting>,
    /// Matches so far.
    all: u64,
    part: Option<PartValues>,
}

/// The part that is being counted.
struct PartValues {
    reader: SegmentReader,
    base: u64,
    /// One for each field; none for a field without a column.
    columns: Vec<Option<ColumnCounts>>,
    /// One for each field; none for a field that is no column of numbers.
    numbers: Vec<Option<NumberCounts>>,
    /// Matches, for the fields without a column.
    docs: Option<BitSet>,
    matches: usize,
    ords: Vec<Option<u64>>,
}

/// Counts by the place of a value in its column.
struct ColumnCounts {
    column: StrColumn,
    counts: Vec<u64>,
    present: u64,
}

impl PartValues {
    fn of(part: &Part, fields: &[Counting]) -> Result<Self, AskError> {
        let (mut columns, mut numbers) = (Vec::new(), Vec::new());
        for counting in fields {
            columns.push(ColumnCounts::of(&part.reader, &counting.field)?);
            numbers.push(NumberCounts::of(&part.reader, &counting.field)?);
        }
        let has_more = fields.iter().any(|counting| !has_column(&counting.field));
        Ok(Self {
            reader: part.reader.clone(),
            base: part.base,
            columns,
            numbers,
            docs: has_more.then(|| BitSet::with_max_value(part.reader.max_doc())),
            matches: 0,
            ords: Vec::new(),
        })
    }
}

impl ColumnCounts {
    fn of(reader: &SegmentReader, field: &str) -> Result<Option<Self>, AskError> {
        if !COLUMNS.contains(&field) {
            return Ok(None);
        }
        let Some(column) = reader.fast_fields().str(field)? else { return Ok(None) };
        let counts = vec![0; column.num_terms()];
        Ok(Some(Self { column, counts, present: 0 }))
    }

    fn add(&mut self, docs: &[DocId], ords: &mut Vec<Option<u64>>) {
        let column: &Column<u64> = self.column.ords();
        if column.get_cardinality() == Cardinality::Multivalued {
            for doc in docs {
                let mut values: Vec<u64> = column.values_for_doc(*doc).collect();
                values.sort_unstable();
                values.dedup();
                self.present += u64::from(!values.is_empty());
                values.iter().for_each(|ord| self.counts[*ord as usize] += 1);
            }
            return;
        }
        ords.clear();
        ords.resize(docs.len(), None);
        column.first_vals(docs, ords);
        for ord in ords.iter().flatten() {
            self.present += 1;
            self.counts[*ord as usize] += 1;
        }
    }

    /// Adds what was counted in this part to the whole.
    fn flow_into(self, whole: &mut Counting) -> Result<(), AskError> {
        whole.present += self.present;
        let (ords, counts): (Vec<u64>, Vec<u64>) =
            (0..).zip(self.counts).filter(|(_, count)| *count > 0).unzip();
        let mut counts = counts.into_iter();
        self.column.dictionary().sorted_ords_to_term_cb(&ords, |term| {
            let count = counts.next().expect("there is a count for each value");
            whole.add(&String::from_utf8_lossy(term), count);
        })?;
        Ok(())
    }
}

/// Whether the index keeps the values of a field in a column.
fn has_column(field: &str) -> bool {
    COLUMNS.contains(&field) || NumberColumn::of(field).is_some()
}

/// Counts by the value of a column of numbers.
struct NumberCounts {
    column: NumberColumn,
    values: Numbers,
    counts: HashMap<i128, u64>,
}

enum Numbers {
    Unsigned(Column<u64>),
    Signed(Column<i64>),
}

impl NumberCounts {
    fn of(reader: &SegmentReader, field: &str) -> Result<Option<Self>, AskError> {
        let Some(column) = NumberColumn::of(field) else { return Ok(None) };
        let fields = reader.fast_fields();
        let values = match column {
            NumberColumn::Seq | NumberColumn::Duration => Numbers::Unsigned(fields.u64(field)?),
            NumberColumn::Timestamp | NumberColumn::RecordedAt => Numbers::Signed(fields.i64(field)?),
        };
        Ok(Some(Self { column, values, counts: HashMap::new() }))
    }

    fn add(&mut self, docs: &[DocId]) {
        for doc in docs {
            let value = match &self.values {
                Numbers::Unsigned(column) => column.first(*doc).map(i128::from),
                Numbers::Signed(column) => column.first(*doc).map(i128::from),
            };
            if let Some(value) = value {
                *self.counts.entry(value).or_default() += 1;
            }
        }
    }

    fn flow_into(self, whole: &mut Counting) {
        whole.present += self.counts.values().sum::<u64>();
        for (value, count) in self.counts {
            whole.add(&number_text(self.column, value), count);
        }
    }
}

/// A number of a column as people read it.
fn number_text(column: NumberColumn, value: i128) -> String {
    match column {
        NumberColumn::Seq | NumberColumn::Duration => value.to_string(),
        NumberColumn::Timestamp | NumberColumn::RecordedAt => {
            Timestamp::from_unix_nanos(value).unwrap_or(Timestamp::UNIX_EPOCH).to_rfc3339_nanos()
        }
    }
}

impl Tally for Values<'_> {
    fn begin(&mut self, part: &Part) -> Result<(), AskError> {
        self.part = Some(PartValues::of(part, &self.fields)?);
        Ok(())
    }

    fn docs(&mut self, docs: &[DocId]) -> Result<(), AskError> {
        let Some(part) = &mut self.part else { return Ok(()) };
        self.all += docs.len() as u64;
        part.matches += docs.len();
        for column in part.columns.iter_mut().flatten() {
            column.add(docs, &mut part.ords);
        }
        for column in part.numbers.iter_mut().flatten() {
            column.add(docs);
        }
        if let Some(all) = &mut part.docs {
            docs.iter().for_each(|doc| {
                all.insert(*doc);
            });
        }
        Ok(())
    }

    fn end(&mut self) -> Result<(), AskError> {
        let Some(part) = self.part.take() else { return Ok(()) };
        let (mut by_lines, mut by_terms) = (Vec::new(), Vec::new());
        for ((counting, column), numbers) in self.fields.iter_mut().zip(part.columns).zip(part.numbers) {
            if let Some(numbers) = numbers {
                numbers.flow_into(counting);
            }
            match column {
                Some(column) => column.flow_into(counting)?,
                None if has_column(&counting.field) || part.matches == 0 => {}
                None if part.matches <= READ_MAX => by_lines.push(counting),
                None => by_terms.push(counting),
            }
        }
        let (Some(docs), Some(fields)) = (part.docs, self.view.fields()) else { return Ok(()) };
        for counting in by_terms {
            let shapes = self.view.shapes_with(&counting.field)?;
            count_terms(&part.reader, fields.facts, &shapes, &docs, counting)?;
        }
        if by_lines.is_empty() {
            return Ok(());
        }
        for doc in (0..part.reader.max_doc()).filter(|doc| docs.contains(*doc)) {
            if let Some(entry) = self.view.log.get(part.base + u64::from(doc))? {
                count_line(entry.line(), by_lines.iter_mut().map(|counting| &mut **counting));
            }
        }
        Ok(())
    }

    fn line(&mut self, line: &[u8]) {
        self.all += 1;
        count_line(line, self.fields.iter_mut());
    }
}

/// Counts the values of a field without a column, by the facts that the index has of it.
fn count_terms(
    reader: &SegmentReader,
    facts_field: Field,
    shapes: &[ShapeDigest],
    docs: &BitSet,
    counting: &mut Counting,
) -> Result<(), AskError> {
    let shapes = shapes.iter().map(|shape| facts::shape(*shape).to_vec());
    for fact in shapes.chain([facts::there(&counting.field)]) {
        let only = fact.clone()..facts::successor(&fact);
        counting.present += among(reader, facts_field, &only, docs, |_, _| true)?;
    }
    for kind in [Kind::Flag, Kind::Number, Kind::Text] {
        let range = facts::all(&counting.field, kind);
        let value_at = range.start.len();
        let mut terms = 0;
        among(reader, facts_field, &range, docs, |term, count| {
            terms += 1;
            if count > 0
                && let Some(value) = facts::value_text(kind as u8, &term[value_at..])
            {
                counting.add(&value, count);
            }
            terms < TERMS_MAX
        })?;
        counting.is_exact &= terms < TERMS_MAX;
    }
    Ok(())
}

/// Tells for each term of a range how many of `docs` have it, until it is enough; the sum.
fn among(
    reader: &SegmentReader,
    field: Field,
    range: &std::ops::Range<Vec<u8>>,
    docs: &BitSet,
    mut tell: impl FnMut(&[u8], u64) -> bool,
) -> Result<u64, AskError> {
    let index = reader.inverted_index(field)?;
    let mut terms = index.terms().range().ge(&range.start).lt(&range.end).into_stream()?;
    let mut sum = 0;
    while let Some((term, info)) = terms.next() {
        let mut block = index.read_block_postings_from_terminfo(info, IndexRecordOption::Basic)?;
        let mut count = 0;
        while !block.docs().is_empty() {
            count += block.docs().iter().filter(|doc| docs.contains(**doc)).count() as u64;
            block.advance();
        }
        sum += count;
        if !tell(term, count) {
            break;
        }
    }
    Ok(sum)
}

/// Counts each different value of a line once.
fn count_line<'c>(line: &[u8], countings: impl Iterator<Item = &'c mut Counting>) {
    let mut countings: Vec<(&mut Counting, HashSet<String>, bool)> =
        countings.map(|counting| (counting, HashSet::new(), false)).collect();
    // A line that is no entry has no values.
    drop(leaves(line, |path, leaf| {
        for (counting, values, is_there) in &mut countings {
            if counting.field != path {
                continue;
            }
            *is_there |= !matches!(leaf, Leaf::Null);
            match leaf {
                Leaf::Text(text) => drop(values.insert(shown(&counting.field, text))),
                Leaf::Number(number, _) => drop(values.insert(number.to_string())),
                Leaf::Bool(flag) => drop(values.insert(flag.to_string())),
                Leaf::Null | Leaf::Inner => {}
            }
        }
    }));
    for (counting, values, is_there) in countings {
        counting.present += u64::from(is_there);
        values.iter().for_each(|value| counting.add(value, 1));
    }
}

/// A text as the index shows it: a column has it whole.
fn shown(field: &str, text: &str) -> String {
    let moment = NumberColumn::of(field).zip(time_of(text));
    if let Some((column, nanos)) = moment {
        return number_text(column, nanos.into());
    }
    if text.len() <= facts::TEXT_BYTES_MAX || COLUMNS.contains(&field) {
        return text.to_owned();
    }
    let cut = text.floor_char_boundary(facts::TEXT_BYTES_MAX);
    format!("{}…", &text[..cut])
}
