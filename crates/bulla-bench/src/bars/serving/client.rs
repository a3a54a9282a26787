//! An HTTP client that costs next to nothing, so that what is measured is the server: one kept connection, blocking,
//! bodies of answers thrown away.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};

use anyhow::{Context, ensure};

/// 64 KiB: answers to batches have a megabyte.
const BUFFER_BYTES: usize = 64 * 1024;

/// One kept connection.
pub(super) struct Client {
    connection: BufReader<TcpStream>,
    token: String,
}

impl Client {
    pub(super) fn connect(address: SocketAddr, token: &str) -> anyhow::Result<Self> {
        let connection = TcpStream::connect(address)?;
        connection.set_nodelay(true)?;
        Ok(Self { connection: BufReader::with_capacity(BUFFER_BYTES, connection), token: token.to_owned() })
    }

    /// Records a body of `media`, and reads the answer to its end.
    pub(super) fn post(&mut self, media: &str, body: &[u8]) -> anyhow::Result<u16> {
        let head = format!(
            "POST /v1/entries HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer {}\r\ncontent-type: {media}\r\n\
             content-length: {}\r\n\r\n",
            self.token,
            body.len()
        );
        // A small request goes out in one piece, as every client sends it.
        if body.len() <= BUFFER_BYTES {
            self.connection.get_mut().write_all(&[head.as_bytes(), body].concat())?;
        } else {
            self.connection.get_mut().write_all(head.as_bytes())?;
            self.connection.get_mut().write_all(body)?;
        }
        let (status, length) = self.read_head()?;
        match length {
            Some(length) => self.pass_over(length)?,
            None => self.pass_over_chunks()?,
        }
        Ok(status)
    }

    /// Asks for `path` and reads the head of the answer only.
    pub(super) fn begin(&mut self, path: &str) -> anyhow::Result<u16> {
        let head =
            format!("GET {path} HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer {}\r\n\r\n", self.token);
        self.connection.get_mut().write_all(head.as_bytes())?;
        Ok(self.read_head()?.0)
    }

    /// Status, and the length of the body; `None` when it comes in chunks.
    fn read_head(&mut self) -> anyhow::Result<(u16, Option<u64>)> {
        let first = self.read_line()?;
        let status = first.split(' ').nth(1).and_then(|code| code.parse().ok());
        let status = status.with_context(|| format!("no status in `{first}`"))?;
        let mut length = None;
        loop {
            let line = self.read_line()?;
            if line.is_empty() {
                return Ok((status, length));
            }
            if let Some(("content-length", value)) = line.split_once(": ") {
                length = Some(value.parse()?);
            }
        }
    }

    fn read_line(&mut self) -> anyhow::Result<String> {
        let mut line = String::new();
        ensure!(self.connection.read_line(&mut line)? > 0, "the server closed the connection");
        Ok(line.trim_end().to_owned())
    }

    fn pass_over(&mut self, length: u64) -> anyhow::Result<()> {
        let passed = std::io::copy(&mut self.connection.by_ref().take(length), &mut std::io::sink())?;
        ensure!(passed == length, "the answer was cut off");
        Ok(())
    }

    fn pass_over_chunks(&mut self) -> anyhow::Result<()> {
        loop {
            let size = u64::from_str_radix(&self.read_line()?, 16)?;
            // The line that ends a chunk.
            self.pass_over(size + 2)?;
            if size == 0 {
                return Ok(());
            }
        }
    }
}
