//! Lines of a body that arrives in pieces, in constant memory. A line longer than the limit is passed over to its end
//! and told as too long; the lines after it count.

use bytes::{Buf, Bytes, BytesMut};

/// One line of the body.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Line {
    /// Without its newline.
    Whole(Bytes),
    /// Longer than the limit; so many bytes.
    TooLong(u64),
}

/// Cuts pieces into lines.
#[derive(Debug)]
pub(crate) struct Lines {
    limit: usize,
    rest: BytesMut,
    /// Bytes of a line that is too long and not at its end yet.
    passed: u64,
}

impl Lines {
    pub(crate) fn new(limit: usize) -> Self {
        Self { limit, rest: BytesMut::new(), passed: 0 }
    }

    /// Adds a piece of the body.
    pub(crate) fn push(&mut self, piece: &[u8]) {
        self.rest.extend_from_slice(piece);
    }

    /// The next whole line that is there.
    pub(crate) fn next(&mut self) -> Option<Line> {
        let Some(end) = memchr::memchr(b'\n', &self.rest) else {
            if self.passed > 0 || self.rest.len() > self.limit {
                self.passed += self.rest.len() as u64;
                self.rest.clear();
            }
            return None;
        };
        let line = self.rest.split_to(end).freeze();
        self.rest.advance(1);
        Some(self.checked(line))
    }

    /// What stands after the last newline, once the body is over.
    pub(crate) fn last(&mut self) -> Option<Line> {
        if self.rest.is_empty() && self.passed == 0 {
            return None;
        }
        let line = self.rest.split().freeze();
        Some(self.checked(line))
    }

    fn checked(&mut self, line: Bytes) -> Line {
        let size = std::mem::take(&mut self.passed) + line.len() as u64;
        if size > self.limit as u64 { Line::TooLong(size) } else { Line::Whole(line) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The lines of `body`, given in pieces of `size` bytes.
    fn lines(body: &str, size: usize) -> Vec<Line> {
        let (mut lines, mut found) = (Lines::new(8), Vec::new());
        for piece in body.as_bytes().chunks(size) {
            lines.push(piece);
            found.extend(std::iter::from_fn(|| lines.next()));
            assert!(lines.rest.len() <= 8 + size, "memory is bounded");
        }
        found.extend(lines.last());
        found
    }

    #[test]
    fn lines_are_the_same_however_the_body_is_cut() {
        let whole = |text: &'static str| Line::Whole(Bytes::from_static(text.as_bytes()));
        for (body, expected) in [
            ("", vec![]),
            ("a", vec![whole("a")]),
            ("a\n", vec![whole("a")]),
            ("a\n\nb", vec![whole("a"), whole(""), whole("b")]),
            ("12345678\n123456789\nc", vec![whole("12345678"), Line::TooLong(9), whole("c")]),
            ("1234567890123456789012345", vec![Line::TooLong(25)]),
            (
                "x\n1234567890123456789012345\n\ny\n",
                vec![whole("x"), Line::TooLong(25), whole(""), whole("y")],
            ),
        ] {
            for size in 1..=body.len().max(1) {
                assert_eq!(lines(body, size), expected, "{body:?} in pieces of {size}");
            }
        }
    }
}
