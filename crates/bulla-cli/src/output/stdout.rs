//! The one way to stdout. A reader that went away (`| head`) is an error here and no complaint in `main`.

use std::io::{self, BufWriter, IsTerminal, StdoutLock, Write};

use anyhow::Context;
use serde::Serialize;

use super::text::shown_json;

/// Buffered stdout.
pub(crate) struct Out {
    to: BufWriter<StdoutLock<'static>>,
    is_terminal: bool,
}

impl Out {
    pub(crate) fn new() -> Self {
        let stdout = io::stdout();
        Self { is_terminal: stdout.is_terminal(), to: BufWriter::with_capacity(64 * 1024, stdout.lock()) }
    }

    /// A line that is safe to show.
    pub(crate) fn line(&mut self, text: impl AsRef<str>) -> anyhow::Result<()> {
        self.bytes(text.as_ref().as_bytes())?;
        self.bytes(b"\n")
    }

    /// One JSON document on one line.
    pub(crate) fn json(&mut self, value: &impl Serialize) -> anyhow::Result<()> {
        let text = serde_json::to_vec(value).context("write JSON")?;
        self.json_text(&text)?;
        self.bytes(b"\n")
    }

    /// JSON as it is; on a terminal with escapes for what would drive it.
    pub(crate) fn json_text(&mut self, text: &[u8]) -> anyhow::Result<()> {
        if self.is_terminal {
            return self.bytes(shown_json(text).as_bytes());
        }
        self.bytes(text)
    }

    /// Bytes as they are.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) -> anyhow::Result<()> {
        self.to.write_all(bytes).context("write to stdout")
    }

    pub(crate) fn flush(&mut self) -> anyhow::Result<()> {
        self.to.flush().context("write to stdout")
    }

    /// Columns of the terminal that stdout is; `None` when it is none.
    pub(crate) fn columns(&self) -> Option<usize> {
        let size = self.is_terminal.then(terminal_size::terminal_size).flatten()?;
        Some(usize::from(size.0.0))
    }
}

/// Whether it is only that nobody reads stdout any more.
pub(crate) fn is_reader_gone(error: &anyhow::Error) -> bool {
    let is_broken_pipe = |cause: &(dyn std::error::Error + 'static)| {
        cause.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
    };
    error.to_string() == "write to stdout" && error.chain().any(is_broken_pipe)
}
