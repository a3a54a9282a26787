//! The query language: what a query says, what an entry contains, and whether one stored line matches.
//!
//! There is one syntax tree ([`Expression`]) and one definition of what an entry contains ([`leaves`], [`words`],
//! [`Number`], [`nanoseconds`]), so that every evaluator gives the same answer: [`Filter::matches`] for a single line, an
//! index for many. `spec/query.md` is the promise to those who write queries.
//!
//! ```
//! use bulla::Filter;
//! use bulla::query::{Condition, Expression};
//!
//! let filter: Filter = "outcome:denied OR \"no such file\"".parse()?;
//! let Expression::Any(parts) = filter.expression() else { panic!("an OR") };
//! assert!(matches!(&parts[0], Expression::Is(Condition::Field { path, .. }) if path == "outcome"));
//! assert_eq!(filter.to_string(), "outcome:denied OR \"no such file\"");
//! # Ok::<(), bulla::InvalidFilter>(())
//! ```

mod expression;
mod filter;
mod leaves;
mod needles;
mod number;
mod words;
mod written;

#[cfg(test)]
mod tests;

pub use expression::{Condition, Edge, Expression, Literal, TIME_FIELDS, Test, nanoseconds, time_of};
pub use filter::Filter;
pub use leaves::{Leaf, TEXT_FIELDS, holds_text, leaves};
pub use number::Number;
pub use words::{WORD_LETTERS_MAX, Words, words};
pub use written::{InvalidFilter, InvalidMoment, NESTING_MAX, QUERY_BYTES_MAX, TERMS_MAX, parse_moment};
