//! What the index is told of one entry.

use std::iter::Empty;
use std::ops::Range;

use bulla::query::{Leaf, holds_text, leaves, time_of};
use tantivy::schema::Field;
use tantivy::schema::document::{Document, ReferenceValue, ReferenceValueLeaf, Value};

use super::facts;
use super::schema::{COLUMNS, Fields, NumberColumn};

/// One entry as the index wants it; everything of it in one block of memory.
#[derive(Debug, Default)]
pub(crate) struct IndexedEntry {
    bytes: Vec<u8>,
    members: Vec<(Field, Member)>,
}

#[derive(Debug, Clone)]
enum Member {
    Bytes(Range<u32>),
    Text(Range<u32>),
    Unsigned(u64),
    Signed(i64),
}

impl IndexedEntry {
    /// Of a stored line. A line that is no entry is known by its number alone.
    pub(crate) fn of(seq: u64, line: &[u8], fields: &Fields) -> Self {
        let mut this = Self { bytes: Vec::with_capacity(line.len() * 3), members: Vec::with_capacity(64) };
        let mut key = Vec::with_capacity(64);
        let is_entry = leaves(line, |path, leaf| {
            this.add_leaf(path, leaf, fields, &mut key);
        });
        if is_entry.is_err() {
            this.members.clear();
        }
        this.members.push((fields.seq, Member::Unsigned(seq)));
        // The index asks for the members of one field after the other.
        this.members.sort_by_key(|(field, _)| *field);
        this
    }

    fn add_leaf(&mut self, path: &str, leaf: Leaf<'_>, fields: &Fields, key: &mut Vec<u8>) {
        if let Some(column) = NumberColumn::of(path)
            && self.add_number(column, leaf, fields)
        {
            return;
        }
        facts::path_key(path, key);
        facts::of_leaf(leaf, key, |fact| {
            let range = self.keep(fact);
            self.members.push((fields.facts, Member::Bytes(range)));
        });
        match leaf {
            Leaf::Text(text) => {
                if let Some(at) = COLUMNS.iter().position(|name| *name == path) {
                    let range = self.keep(text.as_bytes());
                    self.members.push((fields.columns[at], Member::Text(range)));
                }
                self.add_words(path, text, fields);
            }
            Leaf::Number(_, text) => self.add_words(path, text, fields),
            _ => {}
        }
    }

    /// Whether the value is what the column holds; then nothing else is needed to find it.
    fn add_number(&mut self, column: NumberColumn, leaf: Leaf<'_>, fields: &Fields) -> bool {
        let member = match (column, leaf) {
            // The number is the entry's place; it is given apart.
            (NumberColumn::Seq, _) => return true,
            (NumberColumn::Timestamp | NumberColumn::RecordedAt, Leaf::Text(text)) => {
                time_of(text).map(Member::Signed)
            }
            (NumberColumn::Duration, Leaf::Number(_, text)) => text.parse().ok().map(Member::Unsigned),
            _ => None,
        };
        let is_kept = member.is_some();
        self.members.extend(member.map(|member| (fields.number(column), member)));
        is_kept
    }

    fn add_words(&mut self, path: &str, text: &str, fields: &Fields) {
        if holds_text(path) {
            let range = self.keep(text.as_bytes());
            self.members.push((fields.words, Member::Text(range)));
        }
    }

    fn keep(&mut self, bytes: &[u8]) -> Range<u32> {
        // A line has 64 KiB at most and each of its bytes is kept a few times: far from 4 GiB.
        let start = self.bytes.len() as u32;
        self.bytes.extend_from_slice(bytes);
        start..self.bytes.len() as u32
    }
}

impl Document for IndexedEntry {
    type Value<'a> = MemberValue<'a>;
    type FieldsValuesIter<'a> = MemberIter<'a>;

    fn iter_fields_and_values(&self) -> MemberIter<'_> {
        MemberIter { bytes: &self.bytes, members: self.members.iter() }
    }
}

pub(crate) struct MemberIter<'a> {
    bytes: &'a [u8],
    members: std::slice::Iter<'a, (Field, Member)>,
}

impl<'a> Iterator for MemberIter<'a> {
    type Item = (Field, MemberValue<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        let (field, member) = self.members.next()?;
        let slice = |range: &Range<u32>| &self.bytes[range.start as usize..range.end as usize];
        let value = match member {
            Member::Bytes(range) => MemberValue::Bytes(slice(range)),
            Member::Text(range) => {
                MemberValue::Text(std::str::from_utf8(slice(range)).expect("it was kept from a text"))
            }
            Member::Unsigned(number) => MemberValue::Unsigned(*number),
            Member::Signed(number) => MemberValue::Signed(*number),
        };
        Some((*field, value))
    }
}

/// A member as the index reads it.
#[derive(Debug, Clone, Copy)]
pub(crate) enum MemberValue<'a> {
    Bytes(&'a [u8]),
    Text(&'a str),
    Unsigned(u64),
    Signed(i64),
}

impl<'a> Value<'a> for MemberValue<'a> {
    type ArrayIter = Empty<Self>;
    type ObjectIter = Empty<(&'a str, Self)>;

    fn as_value(&self) -> ReferenceValue<'a, Self> {
        ReferenceValue::Leaf(match *self {
            Self::Bytes(bytes) => ReferenceValueLeaf::Bytes(bytes),
            Self::Text(text) => ReferenceValueLeaf::Str(text),
            Self::Unsigned(number) => ReferenceValueLeaf::U64(number),
            Self::Signed(number) => ReferenceValueLeaf::I64(number),
        })
    }
}
