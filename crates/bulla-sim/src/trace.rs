//! The acts on a disk, numbered, to be read by people.

use std::fmt;

use crate::fault::Fault;

/// What an act does. Reading is no act: it changes nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the methods of `Disk` and `DiskFile` that change something")]
pub enum ActKind {
    CreateFolder,
    Create,
    Append,
    Rewrite,
    Cut,
    Sync,
    SyncFolder,
    Rename,
    Remove,
    Lock,
}

/// One act.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Act {
    /// Number since the disk was made.
    pub number: u64,
    /// What it does.
    pub kind: ActKind,
    /// To which file or folder; the log directory itself is `.`.
    pub name: String,
    /// Bytes that it writes, or the length to which it cuts.
    pub bytes: usize,
    /// What went wrong.
    pub fault: Option<Fault>,
}

impl fmt::Display for Act {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verb = match self.kind {
            ActKind::CreateFolder => "create folder",
            ActKind::Create => "create",
            ActKind::Append => "append to",
            ActKind::Rewrite => "rewrite",
            ActKind::Cut => "cut",
            ActKind::Sync => "sync",
            ActKind::SyncFolder => "sync folder",
            ActKind::Rename => "rename",
            ActKind::Remove => "remove",
            ActKind::Lock => "lock",
        };
        write!(f, "{:5}  {verb:13} {}", self.number, self.name)?;
        if matches!(self.kind, ActKind::Append | ActKind::Rewrite | ActKind::Cut) {
            write!(f, " ({} bytes)", self.bytes)?;
        }
        match self.fault {
            Some(fault) => write!(f, "  <- {fault:?}"),
            None => Ok(()),
        }
    }
}
