//! Splits bytes into lines with bounded memory, keeping count of lines and bytes.
//!
//! The invariant: offsets and sizes add up to every byte that was read, whatever the bytes are.

use std::io::{self, BufRead, ErrorKind};

use bulla::entry::limits::PAYLOAD_BYTES_MAX;

/// 64 MiB, the size of the largest payload: a longer line could not be kept whole by any entry.
pub const IMPORT_LINE_BYTES_MAX: usize = PAYLOAD_BYTES_MAX;

/// 1 MiB: a buffer that one long line made larger than this is given back.
const BUFFER_BYTES_KEPT: usize = 1 << 20;

/// One line of a file, without its newline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line<'a> {
    /// From 1.
    pub number: u64,
    /// Byte of the file at which the line begins.
    pub offset: u64,
    /// Its bytes; only the first [`IMPORT_LINE_BYTES_MAX`] of a longer one.
    pub bytes: &'a [u8],
    /// Bytes of the whole line.
    pub size: u64,
    /// Whether the file ends before the line's newline.
    pub is_torn: bool,
}

impl<'a> Line<'a> {
    /// Whether there is nothing but white space in it.
    pub fn is_blank(&self) -> bool {
        !self.is_cut() && self.content().is_empty()
    }

    /// Its bytes without white space around them, and without the byte order mark of a first line.
    pub fn content(&self) -> &'a [u8] {
        let without_mark = match self.number {
            1 => self.bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(self.bytes),
            _ => self.bytes,
        };
        without_mark.trim_ascii()
    }

    /// Whether `bytes` is only the first part.
    pub fn is_cut(&self) -> bool {
        self.size > self.bytes.len() as u64
    }
}

/// The lines of a reader. Holds at most one line of at most [`IMPORT_LINE_BYTES_MAX`] bytes in memory.
#[derive(Debug)]
pub struct Lines<R> {
    reader: R,
    buffer: Vec<u8>,
    number: u64,
    offset: u64,
    line_bytes_max: usize,
}

impl<R: BufRead> Lines<R> {
    /// The lines of `reader`, whose first byte is the file's first.
    pub fn new(reader: R) -> Self {
        Self { reader, buffer: Vec::new(), number: 0, offset: 0, line_bytes_max: IMPORT_LINE_BYTES_MAX }
    }

    /// The next line; `None` at the end of the file. A last line without a newline is given as torn.
    ///
    /// # Errors
    /// Those of the reader.
    pub fn next_line(&mut self) -> io::Result<Option<Line<'_>>> {
        self.buffer.clear();
        self.buffer.shrink_to(BUFFER_BYTES_KEPT);
        let offset = self.offset;
        let (size, is_torn) = self.read_to_newline()?;
        if is_torn && size == 0 {
            return Ok(None);
        }
        self.number += 1;
        self.offset += size + u64::from(!is_torn);
        Ok(Some(Line { number: self.number, offset, bytes: &self.buffer, size, is_torn }))
    }

    /// Bytes up to the newline, and whether the file ended before one.
    fn read_to_newline(&mut self) -> io::Result<(u64, bool)> {
        let mut size = 0;
        loop {
            let chunk = match self.reader.fill_buf() {
                Ok(chunk) => chunk,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            let end = memchr::memchr(b'\n', chunk);
            let part = &chunk[..end.unwrap_or(chunk.len())];
            let room = self.line_bytes_max - self.buffer.len();
            self.buffer.extend_from_slice(&part[..part.len().min(room)]);
            size += part.len() as u64;
            let used = part.len() + usize::from(end.is_some());
            let is_end = chunk.is_empty();
            self.reader.consume(used);
            if end.is_some() || is_end {
                return Ok((size, end.is_none()));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(bytes: &[u8], chunk: usize, line_bytes_max: usize) -> Vec<(u64, Vec<u8>, u64, bool)> {
        let mut lines = Lines::new(io::BufReader::with_capacity(chunk, bytes));
        lines.line_bytes_max = line_bytes_max;
        let mut all = Vec::new();
        while let Some(line) = lines.next_line().unwrap() {
            assert_eq!(line.number, all.len() as u64 + 1);
            all.push((line.offset, line.bytes.to_vec(), line.size, line.is_torn));
        }
        all
    }

    #[test]
    fn lines_are_the_same_in_chunks_of_any_size() {
        type Expected<'a> = &'a [(u64, &'a [u8], u64, bool)];
        let table: [(&[u8], Expected<'_>); 7] = [
            (b"", &[]),
            (b"\n", &[(0, b"", 0, false)]),
            (b"a", &[(0, b"a", 1, true)]),
            (b"a\nb", &[(0, b"a", 1, false), (2, b"b", 1, true)]),
            (b"a\r\n\nb\n", &[(0, b"a\r", 2, false), (3, b"", 0, false), (4, b"b", 1, false)]),
            (b"\0\0\n\xff", &[(0, b"\0\0", 2, false), (3, b"\xff", 1, true)]),
            (b"1234567\n8\n", &[(0, b"1234", 7, false), (8, b"8", 1, false)]),
        ];
        for (bytes, expected) in table {
            for chunk in 1..9 {
                let found = split(bytes, chunk, 4);
                let found: Vec<_> = found.iter().map(|(o, b, s, t)| (*o, b.as_slice(), *s, *t)).collect();
                assert_eq!(found, expected, "{bytes:?} in chunks of {chunk}");
            }
        }
    }
}
