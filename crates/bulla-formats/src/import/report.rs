//! Counts of an import, whose sums show that no line was lost.

use super::Imported;

/// 1,000: more reasons than anybody reads; the total keeps counting.
pub const UNMAPPED_LISTED_MAX: usize = 1_000;

/// What an import did. `lines == blank + lines_imported + lines_unmapped`, always.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct ImportReport {
    /// Lines read, with blank ones and a torn last one.
    pub lines: u64,
    /// Lines with nothing in them.
    pub blank: u64,
    /// Lines of which every record became an event.
    pub lines_imported: u64,
    /// Lines of which at least one record is unmapped.
    pub lines_unmapped: u64,
    /// Events made. A line can give several.
    pub events: u64,
    /// Records that could not be mapped.
    pub unmapped_total: u64,
    /// Line and reason of the first [`UNMAPPED_LISTED_MAX`] of them.
    pub unmapped: Vec<(u64, String)>,
}

impl ImportReport {
    /// Counts one line and what it became.
    pub fn count_line(&mut self, is_blank: bool, became: &[Imported]) {
        self.lines += 1;
        let before = self.unmapped_total;
        self.count_rest(became);
        if is_blank {
            self.blank += 1;
        } else if self.unmapped_total > before {
            self.lines_unmapped += 1;
        } else {
            self.lines_imported += 1;
        }
    }

    /// Counts what an importer gave after the last line.
    pub fn count_rest(&mut self, became: &[Imported]) {
        for imported in became {
            match imported {
                Imported::Event(_) => self.events += 1,
                Imported::Unmapped(unmapped) => {
                    self.unmapped_total += 1;
                    if self.unmapped.len() < UNMAPPED_LISTED_MAX {
                        self.unmapped.push((unmapped.line, unmapped.reason.clone()));
                    }
                }
            }
        }
    }
}
