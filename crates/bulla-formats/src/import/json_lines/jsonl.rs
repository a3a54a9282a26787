//! Any JSON Lines: entries go in as they are, Windows events and other objects by the names of their fields.

use super::as_is;
use super::generic;
use super::windows;
use crate::import::found::Found;
use crate::import::seal::{Draft, Mapping};

/// Takes entries as they are and maps everything else by its field names.
pub(crate) struct Jsonl;

impl Mapping for Jsonl {
    fn map<'a>(&mut self, found: &Found<'a>, drafts: &mut Vec<Draft<'a>>) {
        drafts.push(if as_is::is_entry(&found.record) {
            as_is::draft(found, Some(foreign))
        } else {
            foreign(found)
        });
    }
}

fn foreign<'a>(found: &Found<'a>) -> Draft<'a> {
    windows::draft(found).unwrap_or_else(|| generic::draft(found))
}
