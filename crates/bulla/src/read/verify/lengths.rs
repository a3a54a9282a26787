//! Lengths of the files in `tree/`: what is signed for must be in them, and nothing may be that no entry stands for.

use bulla_proof::{Finding, FindingKind, HASH_LEN};

use crate::read::verify::snapshot::StoredRows;
use crate::store::layout;
use crate::store::rows::{ROWS, row_len};

/// Compares the length of each row, from `first_row` on, with the size that is signed for and with the entries.
pub(in crate::read::verify) fn check_lengths(
    rows: &StoredRows,
    first_row: u8,
    signed: u64,
    entries: u64,
) -> Vec<Finding> {
    (first_row..ROWS).filter_map(|row| check_length(rows, row, signed, entries)).collect()
}

fn check_length(rows: &StoredRows, row: u8, signed: u64, entries: u64) -> Option<Finding> {
    const WIDTH: u64 = HASH_LEN as u64;
    let (bytes, have) = (rows.bytes(row), rows.len(row));
    let (least, most) = (row_len(row, signed), row_len(row, entries));
    let (range, hashes, text) = if have < least {
        let text = format!("it has {have} hashes, and {least} are signed for");
        (bytes..least * WIDTH, have..least, text)
    } else if have > most {
        let text = format!("it has {have} hashes, and {most} follow from the entries");
        (most * WIDTH..bytes, most..have, text)
    } else if !bytes.is_multiple_of(WIDTH) && have == most {
        // The hash of an entry may be on its way; here there is no entry for it.
        (have * WIDTH..bytes, have..have, "it ends with a part of a hash".to_owned())
    } else {
        return None;
    };
    let span = 8 * u32::from(row);
    Some(Finding {
        first_seq: Some(hashes.start << span),
        end_seq: Some((hashes.end << span).min(entries)),
        file: Some(layout::row(row)),
        bytes: Some(range),
        repairable: true,
        ..Finding::new(FindingKind::TreeChanged, text)
    })
}
