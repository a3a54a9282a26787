//! What is on the disk and in the page cache: the fault model.
//!
//! | assumption of `docs/durability.md` | here |
//! |---|---|
//! | A1 a sync that succeeds is durable | [`Image::sync`] |
//! | A2 a failed sync may have written any part; the page cache shows all of it, and a second sync of it succeeds without writing | [`Image::fail_sync`] |
//! | A3 unsynced bytes survive in any subset, cut at any byte, with zeros between | [`Survival`] |
//! | A4 a rename is atomic, and certain only after the folder is synced | [`NameChange::Rename`] |
//! | A5 a new or removed name is certain only after its folder is synced | [`NameChange`] |
//! | A6 writing equal bytes changes nothing | follows: a lost piece leaves what was there |
//! | A7 synced bytes stay | follows; rot is [`Image::overwrite`] |
//! | A8 locks are the kernel's | [`SimDisk`](crate::SimDisk): free after a kill or a power failure |
//!
//! A killed process keeps the page cache: nothing is lost, and nothing becomes durable. A failed sync of a folder
//! leaves its changes unsynced; a later one may make them durable.

use std::collections::BTreeMap;
use std::io;

use fastrand::Rng;

use crate::pieces::Content;

/// Which unsynced changes a power failure keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Survival {
    /// None of them.
    Nothing,
    /// All of them.
    Everything,
    /// Those up to some byte of each file, and up to some change of a name.
    Beginning,
    /// Lengths and names, but from some byte of each file on zeros.
    Zeros,
    /// Any of them in any order: names come and go, and what is missing between bytes reads as zeros.
    AnyPieces,
}

impl Survival {
    /// Every kind.
    pub const ALL: [Self; 5] =
        [Self::Nothing, Self::Everything, Self::Beginning, Self::Zeros, Self::AnyPieces];
}

pub(crate) type FileId = usize;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Node {
    Folder,
    File(FileId),
}

type Names = BTreeMap<String, Node>;

/// An unsynced change of a name.
#[derive(Debug, Clone)]
enum NameChange {
    Make { name: String, node: Node },
    Rename { from: String, to: String, node: Node },
    Remove { name: String, node: Node },
}

impl NameChange {
    fn folder(&self) -> &str {
        match self {
            Self::Make { name, .. } | Self::Remove { name, .. } => folder_of(name),
            Self::Rename { to, .. } => folder_of(to),
        }
    }

    /// Applies to the durable names whatever of the earlier changes is among them.
    fn apply(&self, names: &mut Names) {
        match self {
            Self::Make { name, node } => {
                names.insert(name.clone(), *node);
            }
            Self::Rename { from, to, node } => {
                if names.get(from) == Some(node) {
                    names.remove(from);
                }
                names.insert(to.clone(), *node);
            }
            Self::Remove { name, node } => {
                if names.get(name) == Some(node) {
                    names.remove(name);
                }
            }
        }
    }
}

/// A whole directory.
#[derive(Debug, Clone, Default)]
pub(crate) struct Image {
    files: Vec<Content>,
    durable_names: Names,
    names: Names,
    unsynced: Vec<NameChange>,
}

fn folder_of(name: &str) -> &str {
    name.rsplit_once('/').map_or("", |(folder, _)| folder)
}

fn missing() -> io::Error {
    io::ErrorKind::NotFound.into()
}

impl Image {
    pub(crate) fn content(&self, id: FileId) -> &Content {
        &self.files[id]
    }

    pub(crate) fn content_mut(&mut self, id: FileId) -> &mut Content {
        &mut self.files[id]
    }

    pub(crate) fn find(&self, name: &str) -> io::Result<FileId> {
        match self.names.get(name) {
            Some(Node::File(id)) => Ok(*id),
            Some(Node::Folder) => Err(io::ErrorKind::IsADirectory.into()),
            None => Err(missing()),
        }
    }

    /// Names that lead to a file.
    pub(crate) fn links(&self, id: FileId) -> u64 {
        self.names.values().filter(|node| **node == Node::File(id)).count() as u64
    }

    /// Names in a folder, sorted.
    pub(crate) fn list(&self, folder: &str) -> io::Result<Vec<String>> {
        self.check_folder(folder)?;
        let inside = self.names.keys().filter(|name| folder_of(name) == folder && !name.is_empty());
        Ok(inside.map(|name| name.rsplit('/').next().unwrap_or(name).to_owned()).collect())
    }

    /// Every file and its content as reading gives it.
    pub(crate) fn files(&self) -> BTreeMap<String, Vec<u8>> {
        let files = self.names.iter().filter_map(|(name, node)| match node {
            Node::File(id) => Some((name.clone(), self.files[*id].cached().to_vec())),
            Node::Folder => None,
        });
        files.collect()
    }

    fn check_folder(&self, folder: &str) -> io::Result<()> {
        match self.names.get(folder) {
            _ if folder.is_empty() => Ok(()),
            Some(Node::Folder) => Ok(()),
            Some(Node::File(_)) => Err(io::ErrorKind::NotADirectory.into()),
            None => Err(missing()),
        }
    }

    fn change(&mut self, change: NameChange) {
        change.apply(&mut self.names);
        self.unsynced.push(change);
    }

    pub(crate) fn create_folder(&mut self, name: &str) -> io::Result<()> {
        if name.is_empty() || self.names.get(name) == Some(&Node::Folder) {
            return Ok(());
        }
        self.check_free(name)?;
        self.change(NameChange::Make { name: name.to_owned(), node: Node::Folder });
        Ok(())
    }

    fn check_free(&self, name: &str) -> io::Result<()> {
        self.check_folder(folder_of(name))?;
        if self.names.contains_key(name) { Err(io::ErrorKind::AlreadyExists.into()) } else { Ok(()) }
    }

    pub(crate) fn create(&mut self, name: &str, is_private: bool) -> io::Result<FileId> {
        self.check_free(name)?;
        let id = self.files.len();
        self.files.push(Content::empty(is_private));
        self.change(NameChange::Make { name: name.to_owned(), node: Node::File(id) });
        Ok(id)
    }

    pub(crate) fn rename(&mut self, from: &str, to: &str) -> io::Result<()> {
        let id = self.find(from)?;
        self.check_folder(folder_of(to))?;
        let node = Node::File(id);
        self.change(NameChange::Rename { from: from.to_owned(), to: to.to_owned(), node });
        Ok(())
    }

    pub(crate) fn remove(&mut self, name: &str) -> io::Result<()> {
        let id = self.find(name)?;
        self.change(NameChange::Remove { name: name.to_owned(), node: Node::File(id) });
        Ok(())
    }

    pub(crate) fn sync(&mut self, id: FileId) {
        self.files[id].sync();
    }

    pub(crate) fn fail_sync(&mut self, id: FileId, survival: Survival, rng: &mut Rng) {
        self.files[id].fail_sync(survival, rng);
    }

    pub(crate) fn sync_folder(&mut self, folder: &str) -> io::Result<()> {
        self.check_folder(folder)?;
        let (synced, unsynced) =
            std::mem::take(&mut self.unsynced).into_iter().partition(|change| change.folder() == folder);
        self.unsynced = unsynced;
        let synced: Vec<NameChange> = synced;
        synced.iter().for_each(|change| change.apply(&mut self.durable_names));
        Ok(())
    }

    /// Changes a file at once and durably: a hand that is not the log's. Makes it when it is missing.
    pub(crate) fn overwrite(&mut self, name: &str, bytes: &[u8]) {
        let id = self.find(name).unwrap_or_else(|_| {
            self.files.push(Content::empty(false));
            self.files.len() - 1
        });
        self.files[id].overwrite(bytes);
        for names in [&mut self.names, &mut self.durable_names] {
            names.insert(name.to_owned(), Node::File(id));
        }
    }

    /// Removes a file at once and durably.
    pub(crate) fn forget(&mut self, name: &str) {
        self.names.remove(name);
        self.durable_names.remove(name);
    }

    /// What the disk holds when the power comes back.
    pub(crate) fn after_power_failure(&self, survival: Survival, rng: &mut Rng) -> Self {
        let mut names = self.durable_names.clone();
        let count = match survival {
            Survival::Nothing => 0,
            Survival::Beginning => rng.usize(0..=self.unsynced.len()),
            _ => self.unsynced.len(),
        };
        for change in &self.unsynced[..count] {
            if survival != Survival::AnyPieces || rng.bool() {
                change.apply(&mut names);
            }
        }
        // What lies in a folder that is gone is gone.
        let is_reachable = |name: &str| {
            let mut folder = folder_of(name);
            while !folder.is_empty() {
                if names.get(folder) != Some(&Node::Folder) {
                    return false;
                }
                folder = folder_of(folder);
            }
            true
        };
        let names: Names = names
            .iter()
            .filter(|(name, _)| is_reachable(name))
            .map(|(name, node)| (name.clone(), *node))
            .collect();
        let files = self.files.iter().map(|file| file.after_power_failure(survival, rng)).collect();
        Self { files, durable_names: names.clone(), names, unsynced: Vec::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn replaced() -> Image {
        let mut image = Image::default();
        let old = image.create("a", false).unwrap();
        image.content_mut(old).write(0, b"old");
        image.sync(old);
        image.sync_folder("").unwrap();
        let new = image.create("a.tmp", false).unwrap();
        image.content_mut(new).write(0, b"new");
        image.sync(new);
        image.rename("a.tmp", "a").unwrap();
        image
    }

    #[test]
    fn an_unsynced_rename_leads_to_the_old_file_or_to_the_new_one() {
        let mut seen = std::collections::BTreeSet::new();
        for seed in 0..64 {
            for survival in Survival::ALL {
                let after = replaced().after_power_failure(survival, &mut Rng::with_seed(seed));
                seen.insert(after.files()["a"].clone());
            }
        }
        assert_eq!(seen, [b"new".to_vec(), b"old".to_vec()].into());
        let mut image = replaced();
        image.sync_folder("").unwrap();
        let after = image.after_power_failure(Survival::Nothing, &mut Rng::with_seed(0));
        assert_eq!(after.files(), [("a".to_owned(), b"new".to_vec())].into());
    }

    #[test]
    fn a_name_without_its_folder_is_gone() {
        let mut image = Image::default();
        image.create_folder("f").unwrap();
        image.create("f/a", false).unwrap();
        image.sync_folder("f").unwrap();
        let after = image.after_power_failure(Survival::Nothing, &mut Rng::with_seed(0));
        assert!(after.files().is_empty() && after.list("f").is_err());
        image.sync_folder("").unwrap();
        let after = image.after_power_failure(Survival::Nothing, &mut Rng::with_seed(0));
        assert_eq!(after.list("f").unwrap(), ["a"]);
    }
}
