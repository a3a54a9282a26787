//! Bulla's own numbers, each beside a reference in the same run.

fn main() {}
