//! How much of what a client sends is recorded. Together, even if every character had to be escaped, they are less
//! than half of the longest line: 2 × (512 + 32 + 512 + 2048 + 2048 + 512 + 128 + 256 + 512 + 16 × 512) = 29,504 of
//! 65,535 bytes.

/// 512: method and route template.
pub(super) const ACTION_BYTES_MAX: usize = 512;
/// 32: the longest registered method, `UPDATEREDIRECTREF`, has 17.
pub(super) const METHOD_BYTES_MAX: usize = 32;
/// 512: templates are written by programmers.
pub(super) const ROUTE_BYTES_MAX: usize = 512;
/// 2,048: many servers refuse addresses that are longer.
pub(super) const PATH_BYTES_MAX: usize = 2048;
/// 2,048, as the path.
pub(super) const QUERY_BYTES_MAX: usize = 2048;
/// 512: browsers send under 300.
pub(super) const USER_AGENT_BYTES_MAX: usize = 512;
/// 128: a UUID has 36, a trace id 32.
pub(super) const REQUEST_ID_BYTES_MAX: usize = 128;
/// 256: as an entry's id.
pub(super) const PRINCIPAL_BYTES_MAX: usize = 256;
/// 512: a sentence or two.
pub(super) const REASON_BYTES_MAX: usize = 512;
/// 512 of each recorded header.
pub(super) const HEADER_BYTES_MAX: usize = 512;
/// 16 recorded headers.
pub(super) const HEADERS_MAX: usize = 16;
/// 64 keys that a handler may add to `detail`, and as many labels and targets.
pub(super) const ADDED_MAX: usize = 64;
