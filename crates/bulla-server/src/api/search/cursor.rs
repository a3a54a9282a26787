//! Where a page ended. A cursor names a position in the log, which never changes, so paging is stable while the log
//! grows: nothing is shown twice, and nothing is left out. Its form is public, so that a reader can begin anywhere.

use std::fmt;
use std::ops::Range;
use std::str::FromStr;

use serde::Deserialize;
use utoipa::ToSchema;

/// Which entries come first.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Order {
    /// The newest.
    #[default]
    Desc,
    /// The oldest.
    Asc,
}

/// The entries that were not looked at yet, and in which order they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cursor {
    pub(crate) order: Order,
    pub(crate) rest: Range<u64>,
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let order = match self.order {
            Order::Desc => "d",
            Order::Asc => "a",
        };
        write!(f, "{order}{}-{}", self.rest.start, self.rest.end)
    }
}

/// A text that is no cursor.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct InvalidCursor;

impl FromStr for Cursor {
    type Err = InvalidCursor;

    fn from_str(text: &str) -> Result<Self, InvalidCursor> {
        let order = match text.get(..1) {
            Some("d") => Order::Desc,
            Some("a") => Order::Asc,
            _ => return Err(InvalidCursor),
        };
        let (start, end) = text[1..].split_once('-').ok_or(InvalidCursor)?;
        let number = |digits: &str| digits.parse::<u64>().map_err(|_| InvalidCursor);
        let cursor = Self { order, rest: number(start)?..number(end)? };
        // One text for each cursor: a sign or a leading zero was not written here.
        if cursor.to_string() == text && cursor.rest.start <= cursor.rest.end {
            Ok(cursor)
        } else {
            Err(InvalidCursor)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursors_read_back_and_nothing_else_is_one() {
        for order in [Order::Asc, Order::Desc] {
            for rest in [0..0, 0..7, 7..u64::MAX] {
                let cursor = Cursor { order, rest };
                assert_eq!(cursor.to_string().parse(), Ok(cursor));
            }
        }
        for text in
            ["", "d", "x1-2", "d1", "d2-1", "d01-2", "d+1-2", "d1-2-3", "é1-2", "d1-99999999999999999999"]
        {
            assert_eq!(text.parse::<Cursor>(), Err(InvalidCursor), "{text}");
        }
    }
}
