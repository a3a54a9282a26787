//! gzip, for those who say that they take it. Only for entries: hashes do not get smaller.

use std::io::Write;

use axum::http::{HeaderMap, header};
use flate2::Compression;
use flate2::write::GzEncoder;

/// Whether `Accept-Encoding` names a coding and allows it (RFC 9110 §12.5.3).
pub(crate) fn takes(headers: &HeaderMap, coding: &str) -> bool {
    let offers = headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    offers
        .flat_map(|offers| offers.split(','))
        .filter_map(|offer| quality(offer, coding))
        .any(|quality| quality > 0.0)
}

/// What one offer says of a coding, if it is about that.
fn quality(offer: &str, wanted: &str) -> Option<f32> {
    let mut parts = offer.split(';').map(str::trim);
    let coding = parts.next()?;
    if !coding.eq_ignore_ascii_case(wanted) {
        return None;
    }
    let quality = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
    Some(quality.map_or(1.0, |quality| quality.parse().unwrap_or(0.0)))
}

/// Compressed in little time rather than to little size.
pub(super) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(bytes.len() / 4), Compression::fast());
    encoder.write_all(bytes).and_then(|()| encoder.finish()).expect("writing to memory does not fail")
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn gzip_is_sent_only_to_those_who_take_it() {
        for (accepted, expected) in [
            (None, false),
            (Some(""), false),
            (Some("gzip"), true),
            (Some("GZIP"), true),
            (Some("br, gzip;q=0.5"), true),
            (Some("gzip;q=0"), false),
            (Some("gzip; q=0.0, br"), false),
            (Some("gzip;q=x"), false),
            (Some("br"), false),
            (Some("gzipped"), false),
            (Some("identity, deflate , gzip"), true),
        ] {
            let mut headers = HeaderMap::new();
            headers.extend(
                accepted.map(|accepted| (header::ACCEPT_ENCODING, HeaderValue::from_static(accepted))),
            );
            assert_eq!(takes(&headers, "gzip"), expected, "{accepted:?}");
        }
    }
}
