//! Foreign audit records to Bulla entries, and entries to foreign records.
