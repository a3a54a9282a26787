//! The flat files of hashes in `tree/`: row r holds the roots of complete subtrees of 256^r leaves, 32 bytes each.
//!
//! Row 0 is appended last, and only with hashes of durable lines: its length tells readers in other processes how
//! far the log is durable.

use std::sync::{Arc, RwLock};

use bulla_proof::{HASH_LEN, Hash, RowReader};

use super::disk::{Access, Disk, DiskError, DiskFile, During, read_exact_at};
use super::in_place::{Misplaced, change_of};
use super::layout;

/// 8 rows cover 256^8 leaves, more than `seq` can count.
pub(crate) const ROWS: u8 = 8;

/// The files of all rows.
#[derive(Debug)]
pub(crate) struct Rows {
    disk: Arc<dyn Disk>,
    /// Row r at index r; a row that is missing has no file yet.
    files: RwLock<Vec<Option<Arc<dyn DiskFile>>>>,
    may_write: bool,
}

/// Hashes to be appended: `of[r]` to row r.
#[derive(Debug, Clone, Default)]
pub(crate) struct RowHashes {
    pub(crate) of: [Vec<u8>; ROWS as usize],
}

impl RowHashes {
    pub(crate) fn push(&mut self, row: u8, hash: &Hash) {
        self.of[usize::from(row)].extend_from_slice(hash.as_bytes());
    }

    pub(crate) fn clear(&mut self) {
        self.of.iter_mut().for_each(Vec::clear);
    }
}

impl Rows {
    /// Opens the rows that are there.
    pub(crate) fn open(disk: Arc<dyn Disk>, may_write: bool) -> Result<Self, DiskError> {
        let rows = Self { disk, files: RwLock::new(vec![None; usize::from(ROWS)]), may_write };
        for row in 0..ROWS {
            rows.reopen(row)?;
        }
        Ok(rows)
    }

    fn reopen(&self, row: u8) -> Result<Option<Arc<dyn DiskFile>>, DiskError> {
        let name = layout::row(row);
        let opened = if self.may_write { self.disk.open_append(&name) } else { self.disk.open(&name) };
        let file = match opened.during("open", self.disk.describe(&name)) {
            Ok(file) => Some(file),
            Err(error) if error.is_missing() => None,
            Err(error) => return Err(error),
        };
        self.files.write().expect("no panic while held")[usize::from(row)].clone_from(&file);
        Ok(file)
    }

    fn file(&self, row: u8) -> Result<Option<Arc<dyn DiskFile>>, DiskError> {
        let known = self.files.read().expect("no panic while held")[usize::from(row)].clone();
        match known {
            Some(file) => Ok(Some(file)),
            None => self.reopen(row),
        }
    }

    fn file_to_write(&self, row: u8) -> Result<Arc<dyn DiskFile>, DiskError> {
        if let Some(file) = self.file(row)? {
            return Ok(file);
        }
        let name = layout::row(row);
        let file = self.disk.create(&name, Access::Shared).during("create", self.disk.describe(&name))?;
        self.files.write().expect("no panic while held")[usize::from(row)] = Some(file.clone());
        Ok(file)
    }

    /// Whole hashes in a row.
    pub(crate) fn len(&self, row: u8) -> Result<u64, DiskError> {
        match self.file(row)? {
            Some(file) => {
                let bytes = file.len().during("measure", self.disk.describe(&layout::row(row)))?;
                Ok(bytes / HASH_LEN as u64)
            }
            None => Ok(0),
        }
    }

    /// Appends hashes, highest row first, so that row 0 never promises what a higher row lacks. Not synced.
    pub(crate) fn append(&self, hashes: &RowHashes) -> Result<(), DiskError> {
        for row in (0..ROWS).rev() {
            let bytes = &hashes.of[usize::from(row)];
            if !bytes.is_empty() {
                let file = self.file_to_write(row)?;
                file.append(bytes).during("append to", self.disk.describe(&layout::row(row)))?;
            }
        }
        Ok(())
    }

    /// Makes all rows durable.
    pub(crate) fn sync(&self) -> Result<(), DiskError> {
        for row in 0..ROWS {
            if let Some(file) = self.file(row)? {
                file.sync().during("sync", self.disk.describe(&layout::row(row)))?;
            }
        }
        self.disk.sync_folder(layout::TREE).during("sync folder", self.disk.describe(layout::TREE))
    }

    /// Rows that do not have the hashes of the first `size` leaves under their names any more.
    pub(crate) fn misplaced(&self, size: u64) -> Result<Vec<Misplaced>, DiskError> {
        let mut misplaced = Vec::new();
        for row in 0..ROWS {
            let Some(file) = self.file(row)? else { continue };
            let (name, len) = (layout::row(row), row_len(row, size) * HASH_LEN as u64);
            let change = change_of(self.disk.as_ref(), &name, file.as_ref(), len)?;
            misplaced.extend(change.map(|change| Misplaced { file: name, change }));
        }
        Ok(misplaced)
    }

    /// Cuts every row to what a tree of `size` leaves has. A row that is shorter stays as it is.
    pub(crate) fn truncate_to(&self, size: u64) -> Result<(), DiskError> {
        for row in 0..ROWS {
            let Some(file) = self.file(row)? else { continue };
            let describe = || self.disk.describe(&layout::row(row));
            let end = row_len(row, size) * HASH_LEN as u64;
            if file.len().during("measure", describe())? > end {
                file.truncate(end).during("cut", describe())?;
            }
        }
        Ok(())
    }
}

/// Complete subtrees of 256^row leaves in a tree of `size` leaves.
pub(crate) fn row_len(row: u8, size: u64) -> u64 {
    size.checked_shr(u32::from(row) * 8).unwrap_or(0)
}

impl RowReader for Rows {
    type Error = DiskError;

    fn read_row(&self, row: u8, first: u64, out: &mut [Hash]) -> Result<(), DiskError> {
        let describe = || self.disk.describe(&layout::row(row));
        let missing = || std::io::Error::from(std::io::ErrorKind::NotFound);
        let file = self.file(row)?.ok_or_else(missing).during("open", describe())?;
        let mut bytes = [0; 256 * HASH_LEN];
        for (index, out) in out.chunks_mut(256).enumerate() {
            let bytes = &mut bytes[..out.len() * HASH_LEN];
            let offset = (first + index as u64 * 256) * HASH_LEN as u64;
            read_exact_at(file.as_ref(), bytes, offset).during("read", describe())?;
            for (hash, bytes) in out.iter_mut().zip(bytes.as_chunks::<HASH_LEN>().0) {
                *hash = Hash::from(*bytes);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::os_disk::OsDisk;

    fn hash(number: usize) -> Hash {
        let mut bytes = [0; HASH_LEN];
        bytes[..8].copy_from_slice(&(number as u64).to_be_bytes());
        Hash::from(bytes)
    }

    /// Rows with 700 hashes in row 0 and two in row 1.
    fn rows(folder: &tempfile::TempDir) -> Rows {
        let disk = Arc::new(OsDisk::new(folder.path()));
        disk.create_folder(layout::TREE).unwrap();
        let rows = Rows::open(disk, true).unwrap();
        let mut hashes = RowHashes::default();
        (0..700).for_each(|number| hashes.push(0, &hash(number)));
        (0..2).for_each(|number| hashes.push(1, &hash(number)));
        rows.append(&hashes).unwrap();
        rows
    }

    #[test]
    fn hashes_are_read_from_any_place_on_and_in_any_number() {
        let folder = tempfile::tempdir().unwrap();
        let rows = rows(&folder);
        for (first, count) in [(0, 700), (1, 256), (3, 257), (255, 2), (256, 444), (699, 1), (700, 0)] {
            let mut read = vec![hash(9999); count];
            rows.read_row(0, first as u64, &mut read).unwrap();
            assert!(read.into_iter().eq((first..first + count).map(hash)), "{count} from {first}");
        }
        assert!(rows.read_row(0, 699, &mut [hash(0); 2]).is_err(), "behind the end");
        assert!(rows.read_row(2, 0, &mut [hash(0)]).unwrap_err().is_missing());
    }

    #[test]
    fn rows_are_cut_to_what_a_tree_has_and_never_grow() {
        for (size, lens) in
            [(700, [700, 2]), (701, [700, 2]), (699, [699, 2]), (512, [512, 2]), (511, [511, 1])]
        {
            let folder = tempfile::tempdir().unwrap();
            let rows = rows(&folder);
            rows.truncate_to(size).unwrap();
            assert_eq!([0, 1].map(|row| rows.len(row).unwrap()), lens, "a tree of {size}");
            assert_eq!(rows.len(2).unwrap(), 0, "a row without a file");
        }
    }

    #[test]
    fn a_row_has_the_complete_subtrees_of_its_tree() {
        for (row, size, len) in
            [(0, 7, 7), (1, 255, 0), (1, 256, 1), (2, 65_535, 0), (2, 131_072, 2), (7, u64::MAX, 255)]
        {
            assert_eq!(row_len(row, size), len, "row {row} of {size}");
        }
        assert_eq!(row_len(ROWS, u64::MAX), 0);
    }
}
