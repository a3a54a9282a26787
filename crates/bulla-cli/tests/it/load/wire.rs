//! HTTP/1.1 by hand, so that a client can also do what no client should. An answer that does not come in time is a
//! failure: nothing may hang.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::Value;

/// 60 s: longer than any time-out of the server, also on a machine that does other things.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);

/// One connection.
pub(super) struct Wire {
    stream: BufReader<TcpStream>,
}

/// An answer, read to its end.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    media: String,
    pub(super) body: Vec<u8>,
    /// Whether the server goes on with the connection.
    pub(super) is_kept: bool,
}

impl Wire {
    pub(super) fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect_timeout(&address, PATIENCE).expect("the server takes connections");
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        stream.set_nodelay(true).unwrap();
        Self { stream: BufReader::new(stream) }
    }

    pub(super) fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.get_mut().write_all(bytes)
    }

    /// Says that nothing more will be sent.
    pub(super) fn end(&mut self) {
        let _ = self.stream.get_mut().shutdown(Shutdown::Write);
    }

    /// The next answer; an error of kind `UnexpectedEof` when the connection ends before one begins.
    pub(super) fn answer(&mut self) -> io::Result<Answer> {
        let mut answer = self.head()?;
        match answer.length.take() {
            Some(length) => self.take(length, &mut answer.body)?,
            None => self.take_chunks(&mut answer.body)?,
        }
        let Head { status, media, body, is_kept, .. } = answer;
        Ok(Answer { status, media, body, is_kept })
    }

    /// The status of an answer whose body goes on for ever.
    pub(super) fn begin(&mut self) -> io::Result<u16> {
        Ok(self.head()?.status)
    }

    fn head(&mut self) -> io::Result<Head> {
        let first = self.line()?;
        let status = first.split(' ').nth(1).and_then(|code| code.parse().ok());
        let status = status.unwrap_or_else(|| panic!("no status in {first:?}"));
        let mut head = Head { status, media: String::new(), body: Vec::new(), is_kept: true, length: None };
        loop {
            let line = self.line()?;
            match line.split_once(": ") {
                None => return Ok(head),
                Some(("content-length", value)) => head.length = Some(value.parse().unwrap()),
                Some(("content-type", value)) => value.clone_into(&mut head.media),
                Some(("connection", value)) => head.is_kept = value != "close",
                Some(_) => {}
            }
        }
    }

    fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        if self.stream.read_line(&mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(line.trim_end().to_owned())
    }

    fn take(&mut self, length: u64, into: &mut Vec<u8>) -> io::Result<()> {
        let took = self.stream.by_ref().take(length).read_to_end(into)?;
        if took as u64 == length { Ok(()) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
    }

    fn chunk(&mut self, into: &mut Vec<u8>) -> io::Result<usize> {
        let line = self.line()?;
        let size =
            usize::from_str_radix(&line, 16).unwrap_or_else(|_| panic!("no size of a chunk: {line:?}"));
        self.take(size as u64, into)?;
        self.line()?;
        Ok(size)
    }

    fn take_chunks(&mut self, into: &mut Vec<u8>) -> io::Result<()> {
        while self.chunk(into)? > 0 {}
        Ok(())
    }

    /// The next chunk of a body that goes on for ever; empty at its end.
    pub(super) fn next_chunk(&mut self) -> io::Result<Vec<u8>> {
        let mut chunk = Vec::new();
        self.chunk(&mut chunk)?;
        Ok(chunk)
    }

    /// Reads until the server closes the connection, and gives how much came.
    pub(super) fn drain(&mut self) -> u64 {
        match io::copy(&mut self.stream, &mut io::sink()) {
            Ok(bytes) => bytes,
            Err(error) if is_late(&error) => panic!("the server left a connection open for {PATIENCE:?}"),
            // Reset: it is closed as well.
            Err(_) => 0,
        }
    }
}

/// Whether an error is a time-out of ours.
pub(super) fn is_late(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut)
}

struct Head {
    status: u16,
    media: String,
    body: Vec<u8>,
    is_kept: bool,
    length: Option<u64>,
}

impl Answer {
    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The law of every answer: a success, or a problem with its code, of which only those of an overloaded server
    /// are its fault.
    pub(super) fn check_lawful(&self) {
        if matches!(self.status, 200 | 201 | 207) {
            return;
        }
        assert!((400..500).contains(&self.status) || self.status == 503, "{}: {}", self.status, self.text());
        assert_eq!(self.media, "application/problem+json", "{}: {}", self.status, self.text());
        let problem = self.json();
        assert_eq!(problem["status"], self.status);
        assert!(problem["code"].is_string() && problem["detail"].is_string(), "{problem}");
    }

    pub(super) fn code(&self) -> String {
        self.json()["code"].as_str().unwrap_or_default().to_owned()
    }
}
