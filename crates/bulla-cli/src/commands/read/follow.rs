//! Follows a log that any process writes: looks now and then how far it is durable.

use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use bulla::LogReader;

/// A fifth of a second: soon for people, cheap for the machine (one look at a file's length).
const INTERVAL: Duration = Duration::from_millis(200);

/// Waits for new entries of a log.
pub(crate) struct Growth {
    reader: LogReader,
    stop: Receiver<()>,
}

impl Growth {
    pub(crate) fn new(reader: LogReader, stop: Receiver<()>) -> Self {
        Self { reader, stop }
    }

    /// The log's size once it is more than `known`; `None` when the user asked to stop.
    pub(crate) fn beyond(&self, known: u64) -> anyhow::Result<Option<u64>> {
        loop {
            let size = self.reader.size()?;
            if size > known {
                return Ok(Some(size));
            }
            match self.stop.recv_timeout(INTERVAL) {
                Err(RecvTimeoutError::Timeout) => {}
                Ok(()) | Err(RecvTimeoutError::Disconnected) => return Ok(None),
            }
        }
    }
}
