//! `traceparent` of the [W3C trace context](https://www.w3.org/TR/trace-context/#traceparent-header), read strictly:
//! what is not exactly in form is as if it were not there.

use http::HeaderMap;

/// 55: version 2, trace id 32, parent id 16, flags 2, and three dashes.
const LEN: usize = 2 + 1 + 32 + 1 + 16 + 1 + 2;

/// The caller's place in its trace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TraceParent {
    pub(super) trace_id: String,
    pub(super) span_id: String,
}

impl TraceParent {
    /// The trace context of a request; none when there are two, as then neither can be believed.
    pub(super) fn of(headers: &HeaderMap) -> Option<Self> {
        let mut values = headers.get_all("traceparent").iter();
        let (value, None) = (values.next()?, values.next()) else { return None };
        Self::parse(value.as_bytes())
    }

    fn parse(value: &[u8]) -> Option<Self> {
        let (known, rest) = value.split_at_checked(LEN)?;
        let text = std::str::from_utf8(known).ok()?;
        let mut parts = text.split('-');
        let (version, trace_id, span_id, flags) =
            (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let is_whole = parts.next().is_none()
            && is_hex(version, 2)
            && is_hex(trace_id, 32)
            && is_hex(span_id, 16)
            && is_hex(flags, 2);
        // A later version may append fields behind a dash; this one may not.
        let ends_well = match version {
            "ff" => false,
            "00" => rest.is_empty(),
            _ => rest.first().is_none_or(|byte| *byte == b'-'),
        };
        let is_zero = |id: &str| id.bytes().all(|byte| byte == b'0');
        (is_whole && ends_well && !is_zero(trace_id) && !is_zero(span_id))
            .then(|| Self { trace_id: trace_id.to_owned(), span_id: span_id.to_owned() })
    }
}

fn is_hex(text: &str, len: usize) -> bool {
    text.len() == len && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
    const SPAN: &str = "b7ad6b7169203331";

    #[test]
    fn only_what_is_exactly_in_form_is_read() {
        let good = |text: String| {
            let parsed = TraceParent::parse(text.as_bytes());
            let expected = TraceParent { trace_id: TRACE.to_owned(), span_id: SPAN.to_owned() };
            assert_eq!(parsed, Some(expected), "{text}");
        };
        good(format!("00-{TRACE}-{SPAN}-01"));
        good(format!("00-{TRACE}-{SPAN}-00"));
        good(format!("00-{TRACE}-{SPAN}-ff"));
        good(format!("01-{TRACE}-{SPAN}-01"));
        good(format!("cc-{TRACE}-{SPAN}-01-what-comes-later"));
        let bad = |text: String| assert_eq!(TraceParent::parse(text.as_bytes()), None, "{text}");
        bad(String::new());
        bad(format!("00-{TRACE}-{SPAN}"));
        bad(format!("00-{TRACE}-{SPAN}-0"));
        bad(format!("00-{TRACE}-{SPAN}-01-later"));
        bad(format!("00-{TRACE}-{SPAN}-01 "));
        bad(format!(" 00-{TRACE}-{SPAN}-01"));
        bad(format!("ff-{TRACE}-{SPAN}-01"));
        bad(format!("0-{TRACE}-{SPAN}-001"));
        bad(format!("cc-{TRACE}-{SPAN}-01.later"));
        bad(format!("00-{}-{SPAN}-01", TRACE.to_uppercase()));
        bad(format!("00-{TRACE}-{}-01", SPAN.to_uppercase()));
        bad(format!("00-{TRACE}-{SPAN}-0A"));
        bad(format!("00-{}-{SPAN}-01", "0".repeat(32)));
        bad(format!("00-{TRACE}-{}-01", "0".repeat(16)));
        bad(format!("00-{}-{SPAN}-01", "g".repeat(32)));
        bad(format!("00_{TRACE}_{SPAN}_01"));
        bad(format!("00-{SPAN}-{TRACE}-01"));
        bad("é".repeat(30));
    }

    #[test]
    fn two_headers_are_none() {
        let mut headers = HeaderMap::new();
        let value = format!("00-{TRACE}-{SPAN}-01");
        headers.append("traceparent", value.parse().unwrap());
        assert!(TraceParent::of(&headers).is_some());
        headers.append("traceparent", value.parse().unwrap());
        assert_eq!(TraceParent::of(&headers), None);
    }
}
