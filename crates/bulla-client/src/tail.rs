//! Following: server-sent events, taken up again behind the last entry when the connection breaks, so without gaps.

use std::io::{BufRead, BufReader, Read};

use crate::answer::ClientError;
use crate::connection::{Client, Pauses};

/// 1 MiB: a line of an event holds an entry of at most 64 KiB.
const LINE_BYTES_MAX: u64 = 1 << 20;
/// Tries to come back, in a row: some 30 s.
const TRIES: u32 = 10;

/// An entry that came.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct TailEntry {
    /// Its number.
    pub seq: u64,
    /// The stored bytes.
    pub line: Vec<u8>,
}

/// Iterator of [`Client::tail`].
pub struct Tail<'a> {
    client: &'a Client,
    query: String,
    next_seq: u64,
    stream: Option<BufReader<ureq::BodyReader<'static>>>,
    pauses: Pauses,
}

/// One server-sent event.
#[derive(Debug, Default, PartialEq, Eq)]
struct Event {
    name: String,
    id: String,
    data: String,
}

impl std::fmt::Debug for Tail<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tail").field("next_seq", &self.next_seq).finish_non_exhaustive()
    }
}

impl Client {
    /// Entries from number `from` on that the query wants, and then new ones as they become durable; never ends by
    /// itself. When the connection breaks it is taken up again, without gaps and without repeating an entry.
    ///
    /// An error is given when the server refuses, or cannot be reached for half a minute; asking again goes on trying.
    pub fn tail(&self, query: impl Into<String>, from: u64) -> Tail<'_> {
        let query = query.into();
        Tail { client: self, query, next_seq: from, stream: None, pauses: Pauses::new(TRIES) }
    }
}

impl Tail<'_> {
    /// Number of the first entry that was not looked at yet, as far as is known.
    pub fn position(&self) -> u64 {
        self.next_seq
    }

    fn connect(&mut self) -> Result<(), ClientError> {
        let query = percent_encoding::utf8_percent_encode(&self.query, percent_encoding::NON_ALPHANUMERIC);
        let path = format!("/v1/tail?q={query}&from={}", self.next_seq);
        let answer = self.client.ask(&path, &[("accept", "text/event-stream")])?;
        self.stream = Some(BufReader::new(answer.body.into_with_config().limit(u64::MAX).reader()));
        Ok(())
    }

    /// The next entry of the stream; `None` when the stream is over.
    fn read(&mut self) -> Option<TailEntry> {
        let stream = self.stream.as_mut()?;
        while let Some(event) = read_event(stream) {
            match event.id.parse::<u64>() {
                // The server tells how far it is when it ends a stream by itself.
                _ if !event.name.is_empty() => return None,
                Ok(seq) if seq >= self.next_seq => {
                    self.next_seq = seq + 1;
                    return Some(TailEntry { seq, line: event.data.into_bytes() });
                }
                _ => {}
            }
        }
        None
    }
}

impl Iterator for Tail<'_> {
    type Item = Result<TailEntry, ClientError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if self.stream.is_none()
                && let Err(error) = self.connect()
            {
                if error.is_passing() && self.pauses.wait(&error) {
                    continue;
                }
                self.pauses = Pauses::new(TRIES);
                return Some(Err(error));
            }
            if let Some(entry) = self.read() {
                self.pauses = Pauses::new(TRIES);
                return Some(Ok(entry));
            }
            self.stream = None;
            if !self.pauses.wait_for_stream() {
                self.pauses = Pauses::new(TRIES);
                let url = format!("{}/v1/tail", self.client.url());
                let reason = "the stream ended again and again".to_owned();
                return Some(Err(ClientError::Unreachable { url, reason }));
            }
        }
    }
}

/// The next event (WHATWG HTML §9.2.6); `None` at the end, and at what is no stream of events.
fn read_event(stream: &mut impl BufRead) -> Option<Event> {
    let mut event = Event::default();
    let mut is_empty = true;
    loop {
        let mut line = Vec::new();
        stream.by_ref().take(LINE_BYTES_MAX).read_until(b'\n', &mut line).ok()?;
        let line = String::from_utf8(line.strip_suffix(b"\n")?.to_vec()).ok()?;
        let line = line.trim_end_matches('\r');
        if line.is_empty() {
            if is_empty {
                continue;
            }
            return Some(event);
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => value.clone_into(&mut event.name),
            "id" => value.clone_into(&mut event.id),
            "data" if event.data.is_empty() => value.clone_into(&mut event.data),
            "data" => event.data.extend(["\n", value]),
            // A comment keeps the connection alive.
            _ => continue,
        }
        is_empty = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn events(mut text: &[u8]) -> Vec<(String, String, String)> {
        let next = || read_event(&mut text).map(|event| (event.name, event.id, event.data));
        std::iter::from_fn(next).collect()
    }

    #[test]
    fn events_are_read_and_comments_are_not() {
        let event = |name: &str, id: &str, data: &str| (name.to_owned(), id.to_owned(), data.to_owned());
        for (text, expected) in [
            ("", vec![]),
            (":\n\n", vec![]),
            ("id: 7\ndata: {}\n\n", vec![event("", "7", "{}")]),
            ("data:{}\r\nid:7\r\n\r\n", vec![event("", "7", "{}")]),
            (":\n\nid: 7\n:x\ndata: a\ndata: b\n\n", vec![event("", "7", "a\nb")]),
            ("event: cut\ndata: {}\n\nid: 1\n\n", vec![event("cut", "", "{}"), event("", "1", "")]),
            ("id: 7\ndata: {\"torn\"", vec![]),
            ("id: 7\ndata: {}\n", vec![]),
        ] {
            assert_eq!(events(text.as_bytes()), expected, "{text:?}");
        }
    }

    #[test]
    fn a_line_without_end_is_no_event() {
        let endless = vec![b'x'; LINE_BYTES_MAX as usize + 10];
        assert_eq!(events(&endless), []);
    }
}
