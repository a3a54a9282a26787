//! Which entries are wanted, and whether one stored line is.
//!
//! Matching looks at the stored bytes first and parses only what may match; what it says is the same either way.

use std::fmt;
use std::sync::Arc;

use super::expression::{Condition, Expression, Test, nanoseconds};
use super::leaves::{holds_text, is_at_or_below, leaves_where};
use super::needles::Needles;
use super::words::Words;
use super::written::{self, InvalidFilter};
use crate::clock::Timestamp;
use crate::entry::{AuditCategory, AuditOutcome};

/// Conditions on an entry. Without any, every entry matches.
///
/// As a string: terms with spaces between them, which must all hold. `spec/query.md` has the whole grammar.
///
/// | term | holds when |
/// |---|---|
/// | `outcome:denied` `tool.name:bash` `detail.exit_code:2` | the field has that value; a path goes through objects and arrays |
/// | `action:"GET /health"` | as above; quotes keep spaces and stars |
/// | `outcome:(denied OR failure)` | the field has one of the values |
/// | `action:deploy*` `action:"GET /he"*` | the text begins so |
/// | `duration_ms:>500` `>=` `<` `<=`, `seq:10..20` | the number is in that range, both ends included |
/// | `timestamp:2026-10-01..2026-10-07` | the time is in that range, last day included |
/// | `since:2h` `until:2026-10-07` | `timestamp` is at or after, or before, that moment |
/// | `has:changes` | the field is there and not null |
/// | `denied "no such file" conn*` | a text in `action`, `principal`, `reason` or `detail` has these words, in any case |
/// | `-action:deploy*` `NOT has:tool` | the term does not hold |
/// | `a OR b` `(a OR b) c` | one of them holds; parentheses group |
///
/// ```
/// use bulla::{AuditOutcome, Filter};
/// let filter: Filter = "outcome:(denied OR failure) -principal:alice tool.name:ba*".parse()?;
/// assert!(filter.matches(br#"{"outcome":"denied","principal":"bob","tool":{"name":"bash"}}"#));
/// assert!(!filter.matches(br#"{"outcome":"denied","principal":"alice","tool":{"name":"bash"}}"#));
/// assert!(Filter::new().outcome(AuditOutcome::Denied).matches(br#"{"outcome":"denied"}"#));
/// # Ok::<(), bulla::InvalidFilter>(())
/// ```
#[derive(Debug, Clone)]
pub struct Filter {
    inner: Arc<Inner>,
}

/// An expression, and what is made of it once so that each line is judged quickly.
#[derive(Debug)]
struct Inner {
    expression: Expression,
    needles: Needles,
    /// The conditions of the expression, from left to right.
    conditions: Vec<Condition>,
}

impl Filter {
    /// The filter that every entry matches.
    pub fn new() -> Self {
        Expression::All(Vec::new()).into()
    }

    /// Reads a query; relative times in it, such as `since:2h`, are before `now`.
    ///
    /// # Errors
    /// Says at which character the query cannot be understood, and why.
    pub fn parse(query: &str, now: Timestamp) -> Result<Self, InvalidFilter> {
        written::parse(query, Some(now)).map(Self::from)
    }

    /// What must hold of an entry.
    pub fn expression(&self) -> &Expression {
        &self.inner.expression
    }

    /// Adds that an entry has this category.
    #[must_use]
    pub fn category(self, category: AuditCategory) -> Self {
        self.field("category", category.as_str())
    }

    /// Adds that an entry has this outcome.
    #[must_use]
    pub fn outcome(self, outcome: AuditOutcome) -> Self {
        self.field("outcome", outcome.as_str())
    }

    /// Adds that an entry has this principal.
    #[must_use]
    pub fn principal(self, principal: &str) -> Self {
        self.field("principal", principal)
    }

    /// Adds that an entry belongs to this session.
    #[must_use]
    pub fn session(self, session_id: &str) -> Self {
        self.field("session_id", session_id)
    }

    /// Adds that the field at a dotted path has this value.
    #[must_use]
    pub fn field(self, path: &str, value: &str) -> Self {
        self.with(Condition::equals(path, value))
    }

    /// Adds that the text of the field at a dotted path begins so. A time (`timestamp`, `recorded_at`) has no beginning:
    /// no entry matches then; [`since`](Self::since) and [`until`](Self::until) make ranges of it.
    #[must_use]
    pub fn field_prefix(self, path: &str, start: &str) -> Self {
        self.with(Condition::field(path, Test::Prefix(start.to_owned())))
    }

    /// Adds that the field at a dotted path is there and not null.
    #[must_use]
    pub fn has(self, path: &str) -> Self {
        self.with(Condition::field(path, Test::IsThere))
    }

    /// Adds that the words of this text stand, one after the other and in any case, in a text of `action`, `principal`,
    /// `reason` or `detail`. A text without a letter or digit adds nothing.
    #[must_use]
    pub fn text(self, text: &str) -> Self {
        match Words::new(text, false) {
            Some(words) => self.with(Condition::Text(words)),
            None => self,
        }
    }

    /// Adds that it happened at or after this moment.
    #[must_use]
    pub fn since(self, moment: Timestamp) -> Self {
        self.with(since(moment))
    }

    /// Adds that it happened before this moment.
    #[must_use]
    pub fn until(self, moment: Timestamp) -> Self {
        self.with(until(moment))
    }

    /// Whether every entry matches.
    pub fn is_empty(&self) -> bool {
        self.inner.conditions.is_empty() && self.inner.expression.holds(&mut std::iter::empty())
    }

    /// Whether a stored line matches. A line that is not an entry matches only the empty filter.
    pub fn matches(&self, line: &[u8]) -> bool {
        self.is_empty() || (!self.inner.needles.rule_out(line) && self.inner.judge(line))
    }

    fn with(self, condition: Condition) -> Self {
        let known = match Arc::try_unwrap(self.inner) {
            Ok(inner) => inner.expression,
            Err(shared) => shared.expression.clone(),
        };
        Expression::all([known, condition.into()]).into()
    }
}

impl Inner {
    /// Whether a line matches, by all that is in it.
    fn judge(&self, line: &[u8]) -> bool {
        let mut holds = vec![false; self.conditions.len()];
        let judged = leaves_where(
            line,
            |path| self.conditions.iter().any(|condition| concerns(condition, path)),
            |path, leaf| {
                for (condition, holds) in self.conditions.iter().zip(&mut holds) {
                    *holds = *holds || (is_about(condition, path) && condition.passes(leaf));
                }
            },
        );
        judged.is_ok() && self.expression.holds(&mut holds.into_iter())
    }
}

/// Whether a condition looks at the values at a path.
fn is_about(condition: &Condition, path: &str) -> bool {
    match condition {
        Condition::Field { path: own, .. } => own == path,
        Condition::Text(_) => holds_text(path),
    }
}

/// Whether a condition looks at the values at a path or below it.
fn concerns(condition: &Condition, path: &str) -> bool {
    match condition {
        Condition::Field { path: own, .. } => is_at_or_below(own, path),
        Condition::Text(_) => holds_text(path),
    }
}

/// That it happened at or after a moment.
pub(super) fn since(moment: Timestamp) -> Condition {
    Condition::field("timestamp", Test::Times { from: Some(nanoseconds(moment)), to: None })
}

/// That it happened before a moment.
pub(super) fn until(moment: Timestamp) -> Condition {
    let last = nanoseconds(moment).saturating_sub(1);
    Condition::field("timestamp", Test::Times { from: None, to: Some(last) })
}

impl Default for Filter {
    fn default() -> Self {
        Self::new()
    }
}

impl PartialEq for Filter {
    fn eq(&self, other: &Self) -> bool {
        self.inner.expression == other.inner.expression
    }
}

impl From<Expression> for Filter {
    fn from(expression: Expression) -> Self {
        let needles = Needles::of(&expression);
        let conditions = expression.conditions().into_iter().cloned().collect();
        Self { inner: Arc::new(Inner { expression, needles, conditions }) }
    }
}

impl std::str::FromStr for Filter {
    type Err = InvalidFilter;

    /// As [`Filter::parse`], but relative times are refused: a string alone does not say what time it is.
    fn from_str(query: &str) -> Result<Self, InvalidFilter> {
        written::parse(query, None).map(Self::from)
    }
}

/// Writes it as a query that reads back as the same filter. Times are absolute, and a field is named beside each of its
/// values; so a large one may be longer than a query may be.
impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.expression.fmt(f)
    }
}
