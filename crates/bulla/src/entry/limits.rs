//! What an entry may be: every limit of a stored line, with its arithmetic.

/// 65,535: a tile entry's length is 16 bits ([C2SP tlog-tiles](https://c2sp.org/tlog-tiles)).
pub const LINE_BYTES_MAX: usize = 65_535;

/// The longest envelope prefix: `{"seq":` 7 + 16 digits (`seq` stays below 2^53) + `,"recorded_at":"` 16 +
/// 30 characters of time + `",` 2.
pub const PREFIX_BYTES_MAX: usize = 7 + 16 + 16 + 30 + 2;

/// What is left of a line for the event and, for entries from elsewhere, its `source`.
pub const BODY_BYTES_MAX: usize = LINE_BYTES_MAX - PREFIX_BYTES_MAX;

/// 64 levels of arrays and objects: more is never meant, and readers disagree on how much they take.
pub const DEPTH_MAX: usize = 64;

/// 2^53: above it, readers that hold numbers as doubles lose the last digits of `seq`.
pub const SEQ_END: u64 = 1 << 53;

/// 16 KiB: a longer string in `detail` moves to a payload unless another size is set.
pub const INLINE_STRING_BYTES_DEFAULT: usize = 16 * 1024;

/// 64 MiB: one payload; it is held in memory once while it is written.
pub const PAYLOAD_BYTES_MAX: usize = 64 * 1024 * 1024;

/// 256 bytes: an id longer than this is no id.
pub const ID_BYTES_MAX: usize = 256;
