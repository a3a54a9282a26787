//! Large or personal content beside the log: one file each, salt first, named by the SHA-256 of the file.

use std::sync::Arc;

use bulla_proof::Hash;
use sha2::{Digest, Sha256};

use super::disk::{Access, Disk, DiskError, DiskFile, During, read_all, read_exact_at, read_up_to};
use super::layout::{self, PAYLOADS, UNFINISHED};
use crate::entry::PayloadFile;
use crate::entry::limits::PAYLOAD_BYTES_MAX;

/// Bytes of salt before the content.
pub(crate) const SALT_BYTES: usize = 32;

/// Stores payloads durably. After it returns, the entries that name them may be committed.
///
/// 1. Write each under a temporary name, sync, rename. 2. Sync the folders, and theirs if new.
pub(crate) fn store(disk: &Arc<dyn Disk>, payloads: &[PayloadFile]) -> Result<(), DiskError> {
    let mut folders: Vec<String> = Vec::new();
    for payload in payloads {
        let (folder, name) = layout::payload(&payload.digest.to_string());
        if !folders.contains(&folder) {
            disk.create_folder(&folder).during("create", disk.describe(&folder))?;
            folders.push(folder);
        }
        let temporary = format!("{name}{UNFINISHED}");
        let describe = || disk.describe(&temporary);
        let file = match disk.create(&temporary, Access::Private).during("create", describe()) {
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
                // Left by a crash; nothing refers to it.
                disk.remove(&temporary).during("remove", describe())?;
                disk.create(&temporary, Access::Private).during("create", describe())?
            }
            result => result?,
        };
        file.append(&payload.content).during("write", describe())?;
        file.sync().during("sync", describe())?;
        disk.rename(&temporary, &name).during("rename", describe())?;
    }
    for folder in &folders {
        disk.sync_folder(folder).during("sync folder", disk.describe(folder))?;
    }
    disk.sync_folder(PAYLOADS).during("sync folder", disk.describe(PAYLOADS))
}

/// The whole file of a payload, salt included; `None` when there is none.
pub(crate) fn read(disk: &dyn Disk, digest: &str) -> Result<Option<Vec<u8>>, DiskError> {
    if !layout::is_payload_digest(digest) {
        return Ok(None);
    }
    let (_, name) = layout::payload(digest);
    let limit = (PAYLOAD_BYTES_MAX + SALT_BYTES) as u64;
    match read_all(disk, &name, limit).during("read", disk.describe(&name)) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.is_missing() => Ok(None),
        Err(error) => Err(error),
    }
}

/// The digest in a reference: the digest itself, or the path of the file.
pub(crate) fn digest_of(reference: &str) -> Option<Hash> {
    let digits = reference.rsplit('/').next()?;
    if !layout::is_payload_digest(digits) {
        return None;
    }
    let nibble = |digit: u8| if digit <= b'9' { digit - b'0' } else { digit - b'a' + 10 };
    let mut bytes = [0; 32];
    for (byte, digits) in bytes.iter_mut().zip(digits.as_bytes().as_chunks::<2>().0) {
        *byte = nibble(digits[0]) << 4 | nibble(digits[1]);
    }
    Some(Hash::from(bytes))
}

/// A payload that is open for reading, a part at a time.
#[derive(Debug, Clone)]
pub struct StoredPayload {
    file: Arc<dyn DiskFile>,
    name: String,
    digest: Hash,
    /// Bytes of the file: salt and content.
    len: u64,
}

impl StoredPayload {
    /// Opens the file of that digest; `None` when there is none.
    pub(crate) fn open(disk: &dyn Disk, digest: Hash) -> Result<Option<Self>, DiskError> {
        let (_, name) = layout::payload(&digest.to_string());
        let name = (disk.describe(&name), name);
        let file = match disk.open(&name.1).during("open", &name.0) {
            Err(error) if error.is_missing() => return Ok(None),
            file => file?,
        };
        let len = file.len().during("measure", &name.0)?;
        Ok(Some(Self { file, name: name.0, digest, len }))
    }

    /// Bytes of content.
    pub fn size(&self) -> u64 {
        self.len.saturating_sub(SALT_BYTES as u64)
    }

    /// The random bytes before the content. The SHA-256 of both together is the payload's name.
    ///
    /// # Errors
    /// When the file cannot be read, or is shorter than that.
    pub fn salt(&self) -> Result<[u8; SALT_BYTES], DiskError> {
        let mut salt = [0; SALT_BYTES];
        read_exact_at(self.file.as_ref(), &mut salt, 0).during("read", &self.name)?;
        Ok(salt)
    }

    /// Reads content from `offset` on until `into` is full or there is no more; gives the number of bytes.
    ///
    /// # Trust
    /// What is read is what is there now; [`is_whole`](Self::is_whole) says whether it is what was recorded.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn read_at(&self, into: &mut [u8], offset: u64) -> Result<usize, DiskError> {
        let offset = offset.saturating_add(SALT_BYTES as u64);
        read_up_to(self.file.as_ref(), into, offset).during("read", &self.name)
    }

    /// Whether salt and content have the digest that the entry names. Reads all of it, in blocks.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn is_whole(&self) -> Result<bool, DiskError> {
        /// 256 KiB.
        const BLOCK: usize = 256 * 1024;
        if self.len > (PAYLOAD_BYTES_MAX + SALT_BYTES) as u64 {
            return Ok(false);
        }
        let mut block = vec![0; BLOCK.min(usize::try_from(self.len).expect("a payload fits in memory"))];
        let mut hasher = Sha256::new();
        let mut done = 0;
        while done < self.len {
            let count = read_up_to(self.file.as_ref(), &mut block, done).during("read", &self.name)?;
            if count == 0 {
                break;
            }
            hasher.update(&block[..count]);
            done += count as u64;
        }
        Ok(Hash::from(<[u8; 32]>::from(hasher.finalize())) == self.digest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::OsDisk;

    fn disk(folder: &tempfile::TempDir) -> Arc<dyn Disk> {
        std::fs::create_dir(folder.path().join(PAYLOADS)).unwrap();
        Arc::new(OsDisk::new(folder.path()))
    }

    fn payload(content: Vec<u8>) -> PayloadFile {
        PayloadFile { digest: Hash::from(<[u8; 32]>::from(Sha256::digest(&content))), content }
    }

    #[test]
    fn salt_and_content_are_read_from_where_they_are() {
        let folder = tempfile::tempdir().unwrap();
        let disk = disk(&folder);
        let file = payload((0..SALT_BYTES as u8 + 5).collect());
        store(&disk, std::slice::from_ref(&file)).unwrap();
        let stored = StoredPayload::open(disk.as_ref(), file.digest).unwrap().unwrap();
        assert_eq!(stored.size(), 5);
        assert_eq!(stored.salt().unwrap()[..], file.content[..SALT_BYTES]);
        let mut into = [0; 3];
        for (offset, expected) in [(0, &[32, 33, 34][..]), (2, &[34, 35, 36]), (3, &[35, 36]), (5, &[])] {
            let count = stored.read_at(&mut into, offset).unwrap();
            assert_eq!(&into[..count], expected, "from {offset}");
        }
        assert!(stored.is_whole().unwrap());
    }

    #[test]
    fn a_file_shorter_than_a_salt_has_no_content() {
        let folder = tempfile::tempdir().unwrap();
        let disk = disk(&folder);
        let file = payload(vec![1; SALT_BYTES - 1]);
        store(&disk, std::slice::from_ref(&file)).unwrap();
        let stored = StoredPayload::open(disk.as_ref(), file.digest).unwrap().unwrap();
        assert_eq!(stored.size(), 0);
        assert!(stored.salt().is_err());
    }

    #[test]
    fn a_file_is_read_whole_up_to_the_largest_size_and_not_beyond() {
        let folder = tempfile::tempdir().unwrap();
        let disk = disk(&folder);
        let largest = PAYLOAD_BYTES_MAX + SALT_BYTES;
        let digest = Hash::from([0xab; 32]).to_string();
        let (parent, name) = layout::payload(&digest);
        std::fs::create_dir_all(folder.path().join(parent)).unwrap();
        let file = std::fs::File::create(folder.path().join(name)).unwrap();
        file.set_len(largest as u64).unwrap();
        assert_eq!(read(disk.as_ref(), &digest).unwrap().unwrap().len(), largest);
        file.set_len(largest as u64 + 1).unwrap();
        let refused = read(disk.as_ref(), &digest).map(|bytes| bytes.map(|bytes| bytes.len()));
        assert!(refused.unwrap_err().is_damage());
    }

    #[test]
    fn what_is_no_digest_is_never_made_a_path() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("secret"), "of somebody").unwrap();
        let disk = disk(&folder);
        for text in ["", "../secret", "../../secret", "../".repeat(20).as_str(), "ab".repeat(33).as_str()] {
            assert!(read(disk.as_ref(), text).unwrap().is_none(), "{text}");
            assert!(digest_of(text).is_none(), "{text}");
        }
    }

    #[test]
    fn an_unfinished_file_of_the_same_payload_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let disk = disk(&folder);
        let file = payload(vec![7; 100]);
        let (parent, name) = layout::payload(&file.digest.to_string());
        std::fs::create_dir_all(folder.path().join(parent)).unwrap();
        std::fs::write(folder.path().join(format!("{name}{UNFINISHED}")), "half").unwrap();
        store(&disk, std::slice::from_ref(&file)).unwrap();
        assert_eq!(read(disk.as_ref(), &file.digest.to_string()).unwrap(), Some(file.content));
        assert!(!folder.path().join(format!("{name}{UNFINISHED}")).exists());
    }
}
