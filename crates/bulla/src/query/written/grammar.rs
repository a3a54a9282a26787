//! The grammar: terms joined by nothing, `AND`, `OR`, `NOT` and parentheses (`spec/query.md` has it as EBNF).
//!
//! The values in `field:(…)` have the same grammar, except that `-` begins a value there.

use std::ops::Range;

use super::known;
use super::mistake::InvalidFilter;
use super::reader::{Reader, Word};
use crate::clock::Timestamp;
use crate::query::expression::{Condition, Expression};
use crate::query::words::{Words, has_words};

/// 32: parentheses in parentheses. Nobody reads more, and each takes a few hundred bytes of stack.
pub const NESTING_MAX: usize = 32;

/// 256 conditions: each is compared with each value of each entry that is parsed.
pub const TERMS_MAX: usize = 256;

/// Reads a query; without `now`, relative times are refused.
pub(in crate::query) fn parse(query: &str, now: Option<Timestamp>) -> Result<Expression, InvalidFilter> {
    let mut grammar = Grammar { reader: Reader::new(query, now)?, nesting: 0, terms: 0 };
    grammar.reader.skip_spaces();
    if grammar.reader.rest().is_empty() {
        return Ok(Expression::All(Vec::new()));
    }
    let expression = grammar.alternatives(Scope::Terms)?;
    match grammar.reader.take(")") {
        Some(range) => Err(grammar.reader.mistake(range, "this parenthesis was never opened")),
        None => Ok(expression),
    }
}

/// What the terms are.
#[derive(Clone, Copy)]
enum Scope<'f> {
    /// Terms of a query.
    Terms,
    /// Values of a field.
    Values(&'f Word),
}

struct Grammar<'a> {
    reader: Reader<'a>,
    /// Parentheses that are open.
    nesting: usize,
    /// Conditions so far.
    terms: usize,
}

impl Grammar<'_> {
    fn alternatives(&mut self, scope: Scope<'_>) -> Result<Expression, InvalidFilter> {
        let mut parts = vec![self.conjunction(scope)?];
        while let Some(operator) = self.reader.take_operator("OR") {
            self.expect_term(operator, "OR")?;
            parts.push(self.conjunction(scope)?);
        }
        Ok(Expression::any(parts))
    }

    /// Terms up to an `OR`, a closing parenthesis or the end; white space behind them is taken as well.
    fn conjunction(&mut self, scope: Scope<'_>) -> Result<Expression, InvalidFilter> {
        let mut parts = vec![self.negation(scope)?];
        loop {
            self.reader.skip_spaces();
            if let Some(operator) = self.reader.take_operator("AND") {
                self.expect_term(operator, "AND")?;
            } else if self.is_end() || self.reader.is_operator("OR") {
                return Ok(Expression::all(parts));
            }
            parts.push(self.negation(scope)?);
        }
    }

    /// Whether no term can follow: the query ends, or the group does.
    fn is_end(&self) -> bool {
        self.reader.rest().is_empty() || self.reader.rest().starts_with(')')
    }

    fn negation(&mut self, scope: Scope<'_>) -> Result<Expression, InvalidFilter> {
        let mut is_negated = false;
        loop {
            self.reader.skip_spaces();
            let mut operator = self.reader.take_operator("NOT");
            if matches!(scope, Scope::Terms) {
                operator = operator.or_else(|| self.reader.take("-"));
            }
            let Some(operator) = operator else { break };
            self.expect_term(operator, "NOT")?;
            is_negated = !is_negated;
        }
        let term = self.term(scope)?;
        Ok(if is_negated { term.negated() } else { term })
    }

    fn term(&mut self, scope: Scope<'_>) -> Result<Expression, InvalidFilter> {
        if self.reader.rest().starts_with('(') {
            return self.group(scope);
        }
        self.refuse_operators()?;
        match scope {
            Scope::Terms => self.term_of_query(),
            Scope::Values(field) => self.value(field),
        }
    }

    /// A condition that was read from `start` to here.
    fn counted(&mut self, condition: Condition, start: usize) -> Result<Expression, InvalidFilter> {
        if !self.reader.is_at_end_of_term() {
            let problem = if self.reader.rest().starts_with('(') {
                "a group begins behind a space; quote the text to mean the parenthesis"
            } else {
                "a space belongs between two terms"
            };
            return Err(self.reader.mistake(self.reader.next_letter(), problem));
        }
        self.terms += 1;
        if self.terms > TERMS_MAX {
            let problem = format!("a query has at most {TERMS_MAX} terms");
            return Err(self.reader.mistake(self.reader.since(start), problem));
        }
        Ok(condition.into())
    }

    fn group(&mut self, scope: Scope<'_>) -> Result<Expression, InvalidFilter> {
        let open = self.reader.take("(").expect("a group begins so");
        self.nesting += 1;
        if self.nesting > NESTING_MAX {
            let problem = format!("parentheses are nested at most {NESTING_MAX} deep");
            return Err(self.reader.mistake(open, problem));
        }
        self.reader.skip_spaces();
        if self.reader.take(")").is_some() {
            let range = self.reader.since(open.start);
            return Err(self.reader.mistake(range, "there is nothing between the parentheses"));
        }
        if self.reader.rest().is_empty() {
            return Err(self.not_closed(open));
        }
        let inner = self.alternatives(scope)?;
        if self.reader.take(")").is_none() {
            return Err(self.not_closed(open));
        }
        self.nesting -= 1;
        if self.reader.is_at_end_of_term() {
            return Ok(inner);
        }
        Err(self.reader.mistake(self.reader.next_letter(), "a space belongs behind the parenthesis"))
    }

    fn not_closed(&self, open: Range<usize>) -> InvalidFilter {
        self.reader.mistake(open, "this parenthesis is not closed; quote it to mean the parenthesis itself")
    }

    fn term_of_query(&mut self) -> Result<Expression, InvalidFilter> {
        let start = self.reader.at();
        let word = self.reader.word(|c| c.is_whitespace() || matches!(c, ':' | '(' | ')'))?;
        if !word.has_star && self.reader.take(":").is_some() {
            return self.term_of_field(&word);
        }
        if !word.is_quoted && word.text == "*" {
            return Ok(Expression::All(Vec::new()));
        }
        let condition = self.text(&word)?;
        self.counted(condition, start)
    }

    /// What follows `field:`.
    fn term_of_field(&mut self, field: &Word) -> Result<Expression, InvalidFilter> {
        if field.text.is_empty() && !field.is_quoted {
            let range = self.reader.since(field.range.start);
            return Err(self.reader.mistake(range, "a field name belongs before the colon"));
        }
        self.reader.check_field(field)?;
        if self.reader.rest().starts_with('(') {
            return self.group(Scope::Values(field));
        }
        self.value(field)
    }

    fn value(&mut self, field: &Word) -> Result<Expression, InvalidFilter> {
        let start = self.reader.at();
        let condition = self.reader.value(field)?;
        self.counted(condition, start)
    }

    /// Words to be found anywhere.
    fn text(&mut self, word: &Word) -> Result<Condition, InvalidFilter> {
        if !word.is_quoted {
            self.refuse_assignment(word)?;
        }
        let (text, has_star) = self.reader.split_star(word)?;
        // A star behind a sign says nothing of the word before it.
        let last_is_prefix = has_star && text.ends_with(char::is_alphanumeric);
        let words = Words::new(text, last_is_prefix).filter(|_| has_words(text));
        words.map(Condition::Text).ok_or_else(|| {
            let problem = "free text is looked for by its words, and there is no letter or digit in this";
            self.reader.mistake(word.range.clone(), problem)
        })
    }

    /// Refuses that nothing, or nothing that a term can begin with, follows an operator.
    fn expect_term(&mut self, operator: Range<usize>, name: &str) -> Result<(), InvalidFilter> {
        self.reader.skip_spaces();
        if self.is_end() {
            let problem = format!("nothing follows the {name}; quote it to mean the word itself");
            return Err(self.reader.mistake(operator, problem));
        }
        Ok(())
    }

    /// Operators where a term belongs, and those of other languages.
    fn refuse_operators(&mut self) -> Result<(), InvalidFilter> {
        if let Some(range) = self.reader.take(")") {
            return Err(self.reader.mistake(range, "this parenthesis was never opened"));
        }
        for (operator, instead) in [("OR", None), ("AND", None), ("||", Some("OR")), ("|", Some("OR"))]
            .into_iter()
            .chain([("&&", Some("AND")), ("&", Some("AND")), ("!", Some("NOT"))])
        {
            let Some(range) = self.reader.take_operator(operator) else { continue };
            let problem = match instead {
                None => format!("a term belongs before the {operator}; quote it to mean the word itself"),
                Some(instead) => format!("write {instead} instead of `{operator}`, or quote it"),
            };
            return Err(self.reader.mistake(range, problem));
        }
        Ok(())
    }

    /// `outcome=denied`, where a colon was meant.
    fn refuse_assignment(&self, word: &Word) -> Result<(), InvalidFilter> {
        let Some((before, value)) = word.text.split_once('=') else { return Ok(()) };
        let field = before.trim_end_matches('!');
        if !known::is_field(field) {
            return Ok(());
        }
        let sign = word.range.start + field.len();
        let value = value.trim_start_matches('=');
        let minus = if before.ends_with('!') { "-" } else { "" };
        let problem = format!("write {minus}{field}:{value}, or quote it to look for the text");
        let length = word.text.len() - field.len() - value.len();
        Err(self.reader.mistake(sign..sign + length, problem))
    }
}
