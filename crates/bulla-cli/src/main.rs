//! The bulla command: record, import, read, verify and prove.

fn main() {}
