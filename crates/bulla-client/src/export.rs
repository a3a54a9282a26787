//! An export as it comes from a server: bytes of a file, of which nothing is kept here.

use std::fmt;
use std::io::{self, Read};

use crate::answer::ClientError;
use crate::connection::Client;
use crate::read::{Search, encoded};

/// A file that is being exported. An error while reading means that the file is not whole.
pub struct Export {
    body: ureq::BodyReader<'static>,
}

impl fmt::Debug for Export {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Export").finish_non_exhaustive()
    }
}

impl Client {
    /// What a search wants, the oldest first whatever its order, in a format of the server's: `jsonl`, `ocsf`,
    /// `parquet`… The server records the export.
    ///
    /// # Errors
    /// When the server did not answer that, as when it has no such format.
    pub fn export(&self, search: &Search, format: &str) -> Result<Export, ClientError> {
        let mut path = format!("/v1/export?q={}&format={}", encoded(&search.query), encoded(format));
        for (name, moment) in [("from", &search.from), ("to", &search.to)] {
            if let Some(moment) = moment {
                path.push_str(&format!("&{name}={}", encoded(moment)));
            }
        }
        let answer = self.ask(&path, &[])?;
        Ok(Export { body: answer.body.into_with_config().limit(u64::MAX).reader() })
    }
}

impl Read for Export {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        self.body.read(bytes)
    }
}
