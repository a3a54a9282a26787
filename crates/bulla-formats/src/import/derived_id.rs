//! Ids for records that have none: the same file imported again gives the same ids.

use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::ImportFormat;

/// Where a record stands; what its id is made from, together with its bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) format: ImportFormat,
    pub(crate) instance: &'a str,
    pub(crate) line: u64,
    pub(crate) offset: u64,
}

impl Place<'_> {
    /// A UUIDv8 (RFC 9562 §5.8) of the first 122 bits of a SHA-256. `ordinal` counts the entries of one record.
    pub(crate) fn derived_id(&self, ordinal: u64, record: &[u8]) -> String {
        let mut hasher = Sha256::new();
        for text in [self.format.as_str(), self.instance] {
            hasher.update((text.len() as u64).to_be_bytes());
            hasher.update(text);
        }
        for number in [self.line, self.offset, ordinal] {
            hasher.update(number.to_be_bytes());
        }
        hasher.update(record);
        let digest = hasher.finalize();
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&digest[..16]);
        Uuid::new_v8(bytes).hyphenated().to_string()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn an_id_is_made_of_everything_that_tells_records_apart() {
        let place = Place { format: ImportFormat::Jsonl, instance: "a", line: 1, offset: 0 };
        let ids: HashSet<String> = [
            place.derived_id(0, b"x"),
            place.derived_id(1, b"x"),
            place.derived_id(0, b"y"),
            Place { line: 2, ..place }.derived_id(0, b"x"),
            Place { offset: 1, ..place }.derived_id(0, b"x"),
            Place { instance: "b", ..place }.derived_id(0, b"x"),
            Place { format: ImportFormat::Seed, ..place }.derived_id(0, b"x"),
        ]
        .into();
        assert_eq!(ids.len(), 7);
        assert!(ids.contains(&place.derived_id(0, b"x")), "the same again");
        assert!(ids.iter().all(|id| id.len() == 36 && &id[14..15] == "8"));
    }
}
