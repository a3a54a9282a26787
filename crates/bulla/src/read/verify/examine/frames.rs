//! Sealed segments that were packed anew: frame *k* holds the lines from 256·*k* on, 256 of them or what is left, and
//! reading by number goes straight to that frame. Where the frames are cut otherwise, no line is wrong, and none is found.

use std::ops::Range;

use bulla_proof::{Finding, FindingKind};

/// Frames of one segment that hold other lines than they should.
#[derive(Debug, Default)]
pub(in crate::read::verify) struct Misplaced {
    /// From the first to the last entry that lies in another frame than its own.
    seqs: Option<Range<u64>>,
    /// From the first to the last frame that holds one of them, or nothing.
    bytes: Option<Range<u64>>,
}

impl Misplaced {
    /// Entry `seq` lies in the frame with these bytes, which is not its own.
    pub(in crate::read::verify) fn entry(&mut self, seq: u64, frame: &Range<u64>) {
        let first = self.seqs.as_ref().map_or(seq, |seqs| seqs.start);
        self.seqs = Some(first..seq + 1);
        self.frame(frame);
    }

    /// The frame with these bytes is one too many, or holds nothing.
    pub(in crate::read::verify) fn frame(&mut self, frame: &Range<u64>) {
        let bytes = self.bytes.get_or_insert_with(|| frame.clone());
        *bytes = bytes.start.min(frame.start)..bytes.end.max(frame.end);
    }

    /// What there is to tell of `file`.
    pub(in crate::read::verify) fn finding(self, file: &str) -> Option<Finding> {
        let bytes = self.bytes?;
        let (first_seq, end_seq) = self.seqs.map(|seqs| (seqs.start, seqs.end)).unzip();
        let text = match first_seq {
            Some(_) => {
                "it was packed anew, with other numbers of lines in its frames: the lines are right, and reading them by \
                 number fails"
            }
            None => "it was packed anew, with frames that hold no line",
        };
        Some(Finding {
            first_seq,
            end_seq,
            file: Some(file.to_owned()),
            bytes: Some(bytes),
            repairable: true,
            ..Finding::new(FindingKind::SegmentUnreadable, text)
        })
    }
}
