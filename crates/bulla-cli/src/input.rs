//! What is read from: files and stdin. Every byte that passes is counted and hashed.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use anyhow::Context;
use bulla::proof::Hash;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use sha2::{Digest, Sha256};

use crate::interrupt::Interrupt;

/// 1 MiB: few system calls, little memory.
const BUFFER_BYTES: usize = 1 << 20;

/// What stands for stdin among file names.
pub(crate) const STDIN: &str = "-";

/// A fifth of a second: how long Ctrl-C may wait for input that does not come.
const PATIENCE: Timespec = Timespec { tv_sec: 0, tv_nsec: 200_000_000 };

/// A file or stdin.
pub(crate) struct Input {
    from: Box<dyn Read>,
    /// Bytes of the file, where it says.
    pub(crate) len: Option<u64>,
    count: u64,
    digest: Sha256,
}

impl Input {
    /// Opens a file, or stdin for `-`; an interrupt ends stdin.
    pub(crate) fn open(path: &Path, interrupt: &Interrupt) -> anyhow::Result<BufReader<Self>> {
        let (from, len): (Box<dyn Read>, _) = if path.as_os_str() == STDIN {
            (Box::new(Stdin { interrupt: interrupt.clone() }), None)
        } else {
            let file = File::open(path).with_context(|| format!("open {}", path.display()))?;
            let about = file.metadata().with_context(|| format!("look at {}", path.display()))?;
            anyhow::ensure!(!about.is_dir(), "{} is a folder: name the files in it", path.display());
            (Box::new(file), about.is_file().then_some(about.len()))
        };
        Ok(BufReader::with_capacity(BUFFER_BYTES, Self { from, len, count: 0, digest: Sha256::new() }))
    }

    /// Bytes read so far.
    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    /// SHA-256 of the bytes read so far.
    pub(crate) fn sha256(&self) -> Hash {
        Hash::from(<[u8; 32]>::from(self.digest.clone().finalize()))
    }
}

impl Read for Input {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.from.read(into)?;
        self.digest.update(&into[..count]);
        self.count += count as u64;
        Ok(count)
    }
}

/// Stdin that ends when the user asks to stop.
struct Stdin {
    interrupt: Interrupt,
}

impl Read for Stdin {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let stdin = io::stdin();
        while !self.interrupt.is_asked() {
            let mut waiting = [PollFd::new(&stdin, PollFlags::IN)];
            match poll(&mut waiting, Some(&PATIENCE)) {
                Ok(0) | Err(rustix::io::Errno::INTR) => {}
                Ok(_) => return Ok(rustix::io::read(&stdin, into)?),
                Err(error) => return Err(error.into()),
            }
        }
        Ok(0)
    }
}
