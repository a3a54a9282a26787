//! The format of the module that Bulla replaces: every line is an entry already, or it is not of that format.

use super::as_is;
use crate::import::found::Found;
use crate::import::seal::{Draft, Mapping};

/// Takes every record as it is.
pub(crate) struct Seed;

impl Mapping for Seed {
    fn map<'a>(&mut self, found: &Found<'a>, drafts: &mut Vec<Draft<'a>>) {
        drafts.push(as_is::draft(found, None));
    }
}
