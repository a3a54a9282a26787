//! Small files that others gave us: policies, checkpoints, proofs, entries. Read with a limit, never on trust.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use anyhow::Context;
use bulla::proof::Policy;

/// 2 MiB: a proof file is the longest of them.
const BYTES_MAX: u64 = 2 << 20;

/// The whole file; `-` is stdin.
pub(crate) fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let read = |from: &mut dyn Read, bytes: &mut Vec<u8>| from.take(BYTES_MAX + 1).read_to_end(bytes);
    if path.as_os_str() == "-" {
        read(&mut std::io::stdin(), &mut bytes).context("read stdin")?;
    } else {
        let mut file = File::open(path).with_context(|| format!("open {}", path.display()))?;
        read(&mut file, &mut bytes).with_context(|| format!("read {}", path.display()))?;
    }
    anyhow::ensure!(bytes.len() as u64 <= BYTES_MAX, "{} is longer than {BYTES_MAX} bytes", path.display());
    Ok(bytes)
}

/// A policy file.
pub(crate) fn policy(path: &Path) -> anyhow::Result<Policy> {
    let bytes = read(path)?;
    let text = std::str::from_utf8(&bytes).with_context(|| format!("read policy {}", path.display()))?;
    text.parse().with_context(|| format!("policy {}", path.display()))
}
