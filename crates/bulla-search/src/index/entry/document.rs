//! What the index is told of one entry.

use std::iter::Empty;
use std::ops::Range;

use bulla::query::{Leaf, holds_text, leaves, time_of};
use tantivy::schema::Field;
use tantivy::schema::document::{Document, ReferenceValue, ReferenceValueLeaf, Value};

use super::facts::{self, Kind};
use super::schema::{COLUMNS, Fields, NumberColumn};
use super::shapes::{Paths, Said, Shapes};

/// Makes documents of stored lines, one writer's after the other.
pub(crate) struct Documents {
    fields: Fields,
    shapes: Shapes,
    /// Paths of the entry that is being read.
    paths: Paths,
    /// The fact that is being made.
    key: Vec<u8>,
    draft: Draft,
}

/// One entry as the index wants it; all of it in three blocks of memory, none longer than it must be: thousands of them
/// wait for the index at a time.
#[derive(Debug)]
pub(crate) struct IndexedEntry {
    texts: Box<str>,
    facts: Box<[u8]>,
    members: Box<[(Field, Member)]>,
}

/// The entry that is being read.
#[derive(Default)]
struct Draft {
    texts: String,
    facts: Vec<u8>,
    members: Vec<(Field, Member)>,
}

#[derive(Debug, Clone)]
enum Member {
    Fact(Range<u32>),
    Text(Range<u32>),
    Unsigned(u64),
    Signed(i64),
}

impl Documents {
    pub(crate) fn new(fields: Fields) -> Self {
        Self {
            fields,
            shapes: Shapes::default(),
            paths: Paths::default(),
            key: Vec::with_capacity(64),
            draft: Draft::default(),
        }
    }

    /// The document of a stored line. A line that is no entry is known by its number alone.
    pub(crate) fn of(&mut self, seq: u64, line: &[u8]) -> IndexedEntry {
        let mut draft = std::mem::take(&mut self.draft);
        self.paths.clear();
        let is_entry = leaves(line, |path, leaf| self.add_leaf(&mut draft, path, leaf));
        match is_entry {
            Ok(()) => self.add_paths(&mut draft),
            Err(_) => draft.members.clear(),
        }
        draft.members.push((self.fields.seq, Member::Unsigned(seq)));
        // The index asks for the members of one field after the other.
        draft.members.sort_by_key(|(field, _)| *field);
        let entry = draft.take();
        self.draft = draft;
        entry
    }

    fn add_leaf(&mut self, entry: &mut Draft, path: &str, leaf: Leaf<'_>) {
        let fields = &self.fields;
        if let Some(column) = NumberColumn::of(path)
            && entry.add_number(column, leaf, fields)
        {
            return;
        }
        facts::path_key(path, &mut self.key);
        if leaf != Leaf::Null {
            self.paths.add(&self.key);
        }
        facts::of_leaf(leaf, &mut self.key, |fact| entry.add_fact(fact, fields));
        match leaf {
            Leaf::Text(text) => {
                let column = COLUMNS.iter().position(|name| *name == path);
                entry.add_text(text, column.map(|at| fields.columns[at]), words_of(path, fields));
            }
            Leaf::Number(_, text) => entry.add_text(text, None, words_of(path, fields)),
            _ => {}
        }
    }

    /// Says at which paths there is something.
    fn add_paths(&mut self, entry: &mut Draft) {
        self.paths.settle();
        let shape = self.paths.digest();
        let said = self.shapes.meet(shape);
        if said != Said::Each {
            entry.add_fact(&facts::shape(shape), &self.fields);
        }
        for path in self.paths.iter() {
            match said {
                Said::Named => return,
                Said::Naming => facts::with_kind(path, Kind::InShape, &shape, &mut self.key),
                Said::Each => facts::with_kind(path, Kind::There, b"", &mut self.key),
            }
            entry.add_fact(&self.key, &self.fields);
        }
    }
}

/// Where the words of a text at a path go.
fn words_of(path: &str, fields: &Fields) -> Option<Field> {
    holds_text(path).then_some(fields.words)
}

impl Draft {
    /// What was read; the next entry can be read then.
    fn take(&mut self) -> IndexedEntry {
        let entry = IndexedEntry {
            texts: self.texts.as_str().into(),
            facts: self.facts.as_slice().into(),
            members: self.members.as_slice().into(),
        };
        self.texts.clear();
        self.facts.clear();
        self.members.clear();
        entry
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

    fn add_fact(&mut self, fact: &[u8], fields: &Fields) {
        // A line has 64 KiB at most and each of its bytes is kept a few times: far from 4 GiB.
        let start = self.facts.len() as u32;
        self.facts.extend_from_slice(fact);
        self.members.push((fields.facts, Member::Fact(start..self.facts.len() as u32)));
    }

    /// Keeps a text for a column and for its words, if it is for any.
    fn add_text(&mut self, text: &str, column: Option<Field>, words: Option<Field>) {
        if column.is_none() && words.is_none() {
            return;
        }
        let start = self.texts.len() as u32;
        self.texts.push_str(text);
        let range = start..self.texts.len() as u32;
        let fields = column.into_iter().chain(words);
        self.members.extend(fields.map(|field| (field, Member::Text(range.clone()))));
    }
}

impl Document for IndexedEntry {
    type Value<'a> = MemberValue<'a>;
    type FieldsValuesIter<'a> = MemberIter<'a>;

    fn iter_fields_and_values(&self) -> MemberIter<'_> {
        MemberIter { entry: self, members: self.members.iter() }
    }
}

pub(crate) struct MemberIter<'a> {
    entry: &'a IndexedEntry,
    members: std::slice::Iter<'a, (Field, Member)>,
}

impl<'a> Iterator for MemberIter<'a> {
    type Item = (Field, MemberValue<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        let (field, member) = self.members.next()?;
        let value = match member {
            Member::Fact(range) => MemberValue::Bytes(&self.entry.facts[usize_range(range)]),
            Member::Text(range) => MemberValue::Text(&self.entry.texts[usize_range(range)]),
            Member::Unsigned(number) => MemberValue::Unsigned(*number),
            Member::Signed(number) => MemberValue::Signed(*number),
        };
        Some((*field, value))
    }
}

fn usize_range(range: &Range<u32>) -> Range<usize> {
    range.start as usize..range.end as usize
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
