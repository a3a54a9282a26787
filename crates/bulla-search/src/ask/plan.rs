//! From a query's syntax tree to a question that the index can answer.
//!
//! A plan finds every entry that the query wants, and perhaps more: where the index knows less than the line (a long
//! text, a beginning of a number's digits), the plan says that it is not exact, and each entry that it finds is held
//! against the query by its stored line. A negation never rests on what is not exact.

use std::ops::{Bound, Range};

use bulla::Filter;
use bulla::query::{Condition, Edge, Expression, Literal, Number, Test, Words};
use tantivy::Term;
use tantivy::query::{
    AllQuery, BooleanQuery, EmptyQuery, EnableScoring, ExistsQuery, Occur, PhraseQuery, Query, RangeQuery,
    TermQuery, Weight,
};
use tantivy::schema::IndexRecordOption;

use super::facts_query::TermsQuery;
use super::sets::Sets;
use super::steady::SteadyQuery;
use crate::index::facts::{self, Kind, TEXT_BYTES_MAX};
use crate::index::schema::{Fields, NumberColumn};
use crate::index::{Snapshot, shapes};

/// How the index is asked for what a filter wants.
pub(crate) struct Plan {
    pub(crate) weight: Box<dyn Weight>,
    /// Whether it finds nothing else.
    pub(crate) is_exact: bool,
    /// Whether it finds everything.
    pub(crate) is_all: bool,
    asked: Asked,
}

impl Plan {
    pub(crate) fn of(filter: &Filter, snapshot: &Snapshot) -> tantivy::Result<Self> {
        let asked = Planner { snapshot }.expression(filter.expression())?;
        Ok(Self {
            weight: asked.query().weight(EnableScoring::disabled_from_searcher(&snapshot.searcher))?,
            is_exact: asked.is_exact,
            is_all: filter.is_empty(),
            asked,
        })
    }

    /// The same question, to be asked for all of a part at once.
    pub(crate) fn sets(&self, snapshot: &Snapshot) -> tantivy::Result<Sets> {
        self.asked.sets(EnableScoring::disabled_from_searcher(&snapshot.searcher))
    }
}

/// A question, and whether its answer needs to be looked at again.
struct Asked {
    what: What,
    is_exact: bool,
}

enum What {
    One(Box<dyn Query>),
    /// Entries with one fact.
    Fact(Term),
    /// One that tantivy makes of others by itself.
    Compound(Box<dyn Query>),
    Any(Vec<Asked>),
    /// What all of the first find and none of the second.
    All(Vec<Asked>, Vec<Asked>),
}

impl Asked {
    fn exact(query: impl Query) -> Self {
        Self { what: What::One(Box::new(query)), is_exact: true }
    }

    fn compound(query: impl Query) -> Self {
        Self { what: What::Compound(Box::new(query)), is_exact: true }
    }

    fn more_than_wanted(self) -> Self {
        Self { is_exact: false, ..self }
    }

    /// What any of them finds.
    fn any(mut parts: Vec<Self>) -> Self {
        match parts.len() {
            0 => Self::exact(EmptyQuery),
            1 => parts.remove(0),
            _ => Self { is_exact: parts.iter().all(|part| part.is_exact), what: What::Any(parts) },
        }
    }

    fn query(&self) -> Box<dyn Query> {
        let clause = |occur| move |part: &Self| (occur, part.as_clause());
        match &self.what {
            What::One(query) | What::Compound(query) => query.box_clone(),
            What::Fact(fact) => Box::new(TermQuery::new(fact.clone(), IndexRecordOption::Basic)),
            What::Any(parts) => {
                Box::new(BooleanQuery::new(parts.iter().map(clause(Occur::Should)).collect()))
            }
            What::All(wanted, unwanted) => {
                let wanted = wanted.iter().map(clause(Occur::Must));
                let unwanted = unwanted.iter().map(clause(Occur::MustNot));
                Box::new(BooleanQuery::new(wanted.chain(unwanted).collect()))
            }
        }
    }

    /// As part of another question.
    fn as_clause(&self) -> Box<dyn Query> {
        match &self.what {
            What::One(_) | What::Fact(_) => self.query(),
            _ => Box::new(SteadyQuery(self.query().into())),
        }
    }

    fn sets(&self, scoring: EnableScoring<'_>) -> tantivy::Result<Sets> {
        let all = |parts: &[Self]| -> tantivy::Result<Vec<Sets>> {
            parts.iter().map(|part| part.sets(scoring)).collect()
        };
        Ok(match &self.what {
            What::One(query) | What::Compound(query) => Sets::One(query.weight(scoring)?),
            What::Fact(fact) => Sets::Fact(fact.clone()),
            What::Any(parts) => Sets::Any(all(parts)?),
            What::All(wanted, unwanted) => Sets::All(all(wanted)?, all(unwanted)?),
        })
    }
}

struct Planner<'a> {
    snapshot: &'a Snapshot,
}

impl Planner<'_> {
    fn fields(&self) -> &Fields {
        &self.snapshot.fields
    }

    fn expression(&self, expression: &Expression) -> tantivy::Result<Asked> {
        match expression {
            Expression::All(parts) => self.all(parts),
            Expression::Any(parts) => {
                let parts: tantivy::Result<_> = parts.iter().map(|part| self.expression(part)).collect();
                Ok(Asked::any(parts?))
            }
            Expression::Not(_) => self.all(std::slice::from_ref(expression)),
            Expression::Is(Condition::Field { path, test }) => self.field(path, test),
            Expression::Is(Condition::Text(words)) => Ok(self.words(words)),
        }
    }

    fn all(&self, parts: &[Expression]) -> tantivy::Result<Asked> {
        let (mut wanted, mut unwanted, mut is_exact) = (Vec::new(), Vec::new(), true);
        for part in parts {
            let (asked, list) = match part {
                Expression::Not(inner) => (self.expression(inner)?, &mut unwanted),
                part => (self.expression(part)?, &mut wanted),
            };
            is_exact &= asked.is_exact;
            // What finds too much leaves out too much; the lines are looked at instead.
            if asked.is_exact || !matches!(part, Expression::Not(_)) {
                list.push(asked);
            }
        }
        if wanted.is_empty() {
            wanted.push(Asked::exact(AllQuery));
        }
        if wanted.len() == 1 && unwanted.is_empty() {
            return Ok(Asked { is_exact, ..wanted.remove(0) });
        }
        Ok(Asked { what: What::All(wanted, unwanted), is_exact })
    }

    fn field(&self, path: &str, test: &Test) -> tantivy::Result<Asked> {
        let by_facts = self.facts(path, test)?;
        Ok(match NumberColumn::of(path) {
            None => by_facts,
            Some(column) => {
                let by_column = self.column(column, test);
                Asked::any(by_column.into_iter().chain([by_facts]).collect())
            }
        })
    }

    /// What the facts of a path say.
    fn facts(&self, path: &str, test: &Test) -> tantivy::Result<Asked> {
        Ok(match test {
            Test::IsThere => return self.is_there(path),
            Test::Equals(literal) => self.equals(path, literal),
            Test::Prefix(start) => self.prefix(path, start),
            Test::Numbers { from, to } => self.range(facts::numbers(path, *from, *to)),
            Test::Times { from, to } => {
                self.range(facts::times(path, from.unwrap_or(i64::MIN), to.unwrap_or(i64::MAX)))
            }
        })
    }

    /// Something other than null at a path: entries of every shape that has it, and those that say so themselves.
    fn is_there(&self, path: &str) -> tantivy::Result<Asked> {
        let shapes = shapes::with_path(&self.snapshot.searcher, self.fields().facts, path)?;
        let names = shapes.into_iter().map(|shape| facts::shape(shape).to_vec());
        Ok(Asked::any(names.chain([facts::there(path)]).map(|fact| self.fact(&fact)).collect()))
    }

    fn equals(&self, path: &str, literal: &Literal) -> Asked {
        let mut parts = vec![self.fact(&facts::text(path, literal.text()))];
        if let Some(number) = literal.number() {
            parts.push(self.fact(&facts::number(path, number)));
        }
        if let Some((from, to)) = literal.time() {
            parts.push(self.range(facts::times(path, from, to)));
        }
        match literal.text() {
            "true" => parts.push(self.fact(&facts::flag(path, true))),
            "false" => parts.push(self.fact(&facts::flag(path, false))),
            "null" => parts.push(self.fact(&facts::null(path))),
            _ => {}
        }
        Asked::any(parts)
    }

    fn prefix(&self, path: &str, start: &str) -> Asked {
        let mut parts = Vec::new();
        let texts = TermsQuery::new(self.fields().facts, facts::texts_from(path, start));
        let texts = Asked::exact(texts);
        parts.push(if start.len() <= TEXT_BYTES_MAX { texts } else { texts.more_than_wanted() });
        if start.bytes().all(|byte| byte.is_ascii_digit() || b".-+eE".contains(&byte)) {
            // Numbers are ordered by what they are worth, not by how they are written.
            let numbers = TermsQuery::new(self.fields().facts, facts::all(path, Kind::Number));
            parts.push(Asked::exact(numbers).more_than_wanted());
        }
        Asked::any(parts)
    }

    /// What a column of numbers says; nothing when the test is not about what it holds.
    fn column(&self, column: NumberColumn, test: &Test) -> Option<Asked> {
        let is_time = matches!(column, NumberColumn::Timestamp | NumberColumn::RecordedAt);
        match test {
            Test::IsThere => Some(Asked::exact(ExistsQuery::new(column.name().to_owned(), false))),
            Test::Equals(literal) if is_time => {
                literal.time().map(|(from, to)| self.moments(column, Some(from), Some(to)))
            }
            Test::Equals(literal) => {
                let number = literal.number()?;
                Some(self.numbers(column, Some((number, Edge::Included)), Some((number, Edge::Included))))
            }
            Test::Numbers { from, to } if !is_time => Some(self.numbers(column, *from, *to)),
            Test::Times { from, to } if is_time => Some(self.moments(column, *from, *to)),
            // A moment has no beginning; how a number is written is not in the column.
            Test::Prefix(_) if is_time => None,
            Test::Prefix(_) => {
                let there = ExistsQuery::new(column.name().to_owned(), false);
                Some(Asked::exact(there).more_than_wanted())
            }
            Test::Numbers { .. } | Test::Times { .. } => None,
        }
    }

    fn moments(&self, column: NumberColumn, from: Option<i64>, to: Option<i64>) -> Asked {
        let field = self.fields().number(column);
        let bound = |end: Option<i64>| {
            end.map_or(Bound::Unbounded, |nanos| Bound::Included(Term::from_field_i64(field, nanos)))
        };
        match (from, to) {
            (None, None) => Asked::exact(AllQuery),
            _ => Asked::exact(range_query(bound(from), bound(to))),
        }
    }

    fn numbers(
        &self,
        column: NumberColumn,
        from: Option<(Number, Edge)>,
        to: Option<(Number, Edge)>,
    ) -> Asked {
        let field = self.fields().number(column);
        let Some((first, last)) = whole_numbers(from, to) else { return Asked::exact(EmptyQuery) };
        let bound = |number| Bound::Included(Term::from_field_u64(field, number));
        Asked::exact(range_query(bound(first), bound(last)))
    }

    fn words(&self, words: &Words) -> Asked {
        let term = |word: &String| Term::from_field_text(self.fields().words, word);
        let [start @ .., last] = words.words() else { return Asked::exact(EmptyQuery) };
        if !words.last_is_prefix() {
            return match start {
                [] => Asked::exact(TermQuery::new(term(last), IndexRecordOption::Basic)),
                _ => Asked::compound(PhraseQuery::new(words.words().iter().map(term).collect())),
            };
        }
        let beginnings = last.as_bytes().to_vec()..facts::successor(last.as_bytes());
        let beginnings = TermsQuery::new(self.fields().words, beginnings);
        match start {
            [] => Asked::exact(beginnings),
            _ => {
                let start = start
                    .iter()
                    .map(|word| Asked::exact(TermQuery::new(term(word), IndexRecordOption::Basic)));
                let all = start.chain([Asked::exact(beginnings)]).collect();
                // That they stand one behind the other is seen in the line.
                Asked { what: What::All(all, Vec::new()), is_exact: false }
            }
        }
    }

    fn fact(&self, fact: &[u8]) -> Asked {
        Asked { what: What::Fact(Term::from_field_bytes(self.fields().facts, fact)), is_exact: true }
    }

    fn range(&self, range: Range<Vec<u8>>) -> Asked {
        match range.start < range.end {
            true => Asked::exact(TermsQuery::new(self.fields().facts, range)),
            false => Asked::exact(EmptyQuery),
        }
    }
}

fn range_query(from: Bound<Term>, to: Bound<Term>) -> Box<dyn Query> {
    Box::new(RangeQuery::new(from, to))
}

/// The whole numbers of 64 bits without sign between two ends, both included; `None` when there is none.
fn whole_numbers(from: Option<(Number, Edge)>, to: Option<(Number, Edge)>) -> Option<(u64, u64)> {
    let above = |number: u64| {
        from.is_none_or(|(end, edge)| match edge {
            Edge::Included => Number::from(number) >= end,
            Edge::Excluded => Number::from(number) > end,
        })
    };
    let beyond = |number: u64| {
        to.is_some_and(|(end, edge)| match edge {
            Edge::Included => Number::from(number) > end,
            Edge::Excluded => Number::from(number) >= end,
        })
    };
    let first = first_that(above)?;
    let last = match first_that(beyond) {
        Some(behind) => behind.checked_sub(1)?,
        None => u64::MAX,
    };
    (first <= last).then_some((first, last))
}

/// The smallest number that holds, of a condition that holds for all numbers behind one for which it does.
fn first_that(holds: impl Fn(u64) -> bool) -> Option<u64> {
    if !holds(u64::MAX) {
        return None;
    }
    let (mut low, mut high) = (0, u64::MAX);
    while low < high {
        let middle = low + (high - low) / 2;
        if holds(middle) { high = middle } else { low = middle + 1 }
    }
    Some(low)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_between_two_ends_are_found() {
        let number = |text: &str| Number::parse(text).unwrap();
        let check = |from: Option<(&str, Edge)>, to: Option<(&str, Edge)>, expected: Option<(u64, u64)>| {
            let end = |end: Option<(&str, Edge)>| end.map(|(text, edge)| (number(text), edge));
            assert_eq!(whole_numbers(end(from), end(to)), expected, "{from:?} {to:?}");
        };
        use Edge::{Excluded, Included};
        check(None, None, Some((0, u64::MAX)));
        check(Some(("5", Excluded)), None, Some((6, u64::MAX)));
        check(Some(("4.5", Included)), Some(("6.5", Included)), Some((5, 6)));
        check(Some(("-7", Included)), Some(("0", Included)), Some((0, 0)));
        check(None, Some(("0", Excluded)), None);
        check(Some(("18446744073709551615", Excluded)), None, None);
        check(Some(("18446744073709551615", Included)), None, Some((u64::MAX, u64::MAX)));
        check(Some(("1e30", Included)), None, None);
        check(Some(("6", Included)), Some(("5", Included)), None);
        check(
            Some(("9007199254740993", Included)),
            Some(("9007199254740993", Included)),
            Some((9007199254740993, 9007199254740993)),
        );
    }
}
